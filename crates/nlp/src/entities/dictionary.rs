//! Dictionaries of names: brands, products, shops; one per tenant, handed in with the call.

use super::scan::{Folded, Found};
use crate::text::fold;
use mercato_core::{Error, Result};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Longest name, in folded characters.
const LONGEST: usize = 64;

/// Kind of entity -> value -> the names it goes by. The value itself is a name as well.
pub type Names = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Compiled names, found whatever their width, case or spacing. Longest match first.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    entries: FxHashMap<String, (String, String)>,
    /// Lengths that occur, for each first character; longest first.
    lengths: FxHashMap<char, Vec<usize>>,
}

impl Dictionary {
    /// Compiles names.
    ///
    /// # Errors
    /// `invalid_input` for a name that is empty or longer than 64 characters after folding.
    pub fn new(names: &Names) -> Result<Self> {
        let mut out = Self::default();
        for (kind, values) in names {
            for (value, aliases) in values {
                for name in std::iter::once(value).chain(aliases) {
                    let folded = fold(name).trim().to_owned();
                    let n = folded.chars().count();
                    let Some(first) = folded.chars().next().filter(|_| n <= LONGEST) else {
                        return Err(Error::invalid_input(format!(
                            "the name {name:?} of {kind} must have 1 to {LONGEST} characters"
                        )));
                    };
                    out.entries.entry(folded).or_insert_with(|| (kind.clone(), value.clone()));
                    let lengths = out.lengths.entry(first).or_default();
                    if let Err(at) = lengths.binary_search_by(|l| n.cmp(l)) {
                        lengths.insert(at, n);
                    }
                }
            }
        }
        Ok(out)
    }

    pub(crate) fn find(&self, t: &Folded) -> Vec<Found> {
        let mut out = Vec::new();
        let mut name = String::new();
        let mut i = 0;
        while i < t.chars.len() {
            let lengths = self.lengths.get(&t.chars[i]).map_or(&[][..], Vec::as_slice);
            let hit = lengths.iter().find_map(|&n| {
                let end = i + n;
                name.clear();
                name.extend(t.chars.get(i..end)?);
                let (kind, value) = self.entries.get(&name)?;
                let latin = |c: char| c.is_ascii_alphanumeric();
                let cuts = latin(t.chars[i]) && i > 0 && latin(t.chars[i - 1])
                    || latin(t.chars[end - 1]) && t.chars.get(end).is_some_and(|&c| latin(c));
                (!cuts).then(|| Found::new(i..end, kind, value.clone(), 1.0))
            });
            i = hit.as_ref().map_or(i + 1, |h| h.end);
            out.extend(hit);
        }
        out
    }
}

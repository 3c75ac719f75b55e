//! The names that the training texts hold: which stretches of a text are one of them.

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::hash::Hasher;

/// Characters of a name at most; longer ones are not looked up.
const LONGEST: usize = 12;
/// Lengths that are told apart.
const LENGTHS: usize = 5;

/// A name and its kind.
pub(super) type Name = (u64, u8);

fn hash(chars: &[char]) -> u64 {
    let mut h = FxHasher::default();
    chars.iter().for_each(|&c| h.write_u32(c as u32));
    h.finish()
}

/// The names of one text, as (start, end, kind) over its folded characters.
pub(super) fn names(chars: &[char], spans: &[(usize, usize, u8)]) -> FxHashSet<Name> {
    let fits = |(start, end): (usize, usize)| (2..=LONGEST).contains(&(end - start));
    let of = spans.iter().filter(|s| fits((s.0, s.1)));
    of.map(|&(start, end, kind)| (hash(&chars[start..end]), kind)).collect()
}

/// In how many different texts each name stands.
#[derive(Default)]
pub(super) struct Counts(FxHashMap<Name, u32>);

impl Counts {
    pub(super) fn add(&mut self, names: &FxHashSet<Name>) {
        names.iter().for_each(|n| *self.0.entry(*n).or_default() += 1);
    }

    /// All names, ascending.
    pub(super) fn sorted(&self) -> Vec<Name> {
        let mut all: Vec<Name> = self.0.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// Whether a text other than the one with the names `own` holds the name.
    pub(super) fn elsewhere(&self, name: Name, own: &FxHashSet<Name>) -> bool {
        self.0.get(&name).is_some_and(|&n| n > u32::from(own.contains(&name)))
    }
}

/// Every stretch that may be a name: start, end, hash.
fn stretches(chars: &[char], mut tell: impl FnMut(usize, usize, u64)) {
    for start in 0..chars.len() {
        let mut h = FxHasher::default();
        h.write_u32(chars[start] as u32);
        for end in start + 2..=(start + LONGEST).min(chars.len()) {
            h.write_u32(chars[end - 1] as u32);
            tell(start, end, h.finish());
        }
    }
}

/// Calls `tell(position, feature)` for every character of every stretch that is one of the names
/// and counts: a feature says the kind, the place in the name and its length.
pub(super) fn features(
    chars: &[char],
    hashes: &[u64],
    kinds: &[u8],
    counts: impl Fn(usize) -> bool,
    mut tell: impl FnMut(usize, u64),
) {
    stretches(chars, |start, end, key| {
        let first = hashes.partition_point(|&k| k < key);
        let same = hashes[first..].iter().take_while(|k| **k == key).count();
        for name in first..first + same {
            let Some(&kind) = kinds.get(name).filter(|_| counts(name)) else { continue };
            for at in start..end {
                let place = match at {
                    _ if at == start => 0,
                    _ if at + 1 == end => 2,
                    _ => 1,
                };
                let mut f = FxHasher::default();
                f.write_u32(200 + place);
                f.write_u32(u32::from(kind));
                f.write_u32((end - start).min(LENGTHS) as u32);
                tell(at, f.finish());
            }
        }
    });
}

//! Entities: what a message names, with where it stands and a value that programs can use.
//!
//! Recognisers for what retail messages carry check what they find (calendar dates, check digits of
//! tracking numbers, shapes of telephone numbers); dictionaries find a shop's own names. Time is
//! linear in the length of the message.

mod dictionary;
mod lexicon;
mod retail;
mod scan;
mod tagger;

pub use dictionary::{Dictionary, Names};
pub use tagger::{EntityTagger, Tagged, TaggerModel};

use mercato_core::Result;
use scan::{Folded, Found};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which built-in recognisers are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Patterns {
    /// `order`, `phone`, `tracking`, `amount`, `date`, `sku`, `email`.
    #[default]
    Retail,
    /// None.
    None,
}

/// Something that a message names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// First character in the message.
    pub start: usize,
    /// One past its last character.
    pub end: usize,
    /// First byte in the message (UTF-8).
    pub byte_start: usize,
    /// One past its last byte.
    pub byte_end: usize,
    /// What it is: `order`, `phone`, `tracking`, `amount`, `date`, `sku`, `email`, or a kind of the dictionary.
    #[serde(rename = "type")]
    pub kind: String,
    /// As it stands in the message.
    pub text: String,
    /// Normalised: ISO 8601 date, `12.50 USD`, digits of a telephone number, the dictionary's value.
    pub value: String,
    /// How sure, 0..=1.
    pub confidence: f32,
}

/// Finds entities. Names of the shop's own are compiled once; more may come with each call.
///
/// ```
/// use mercato_nlp::{EntityExtractor, Patterns};
/// let extractor = EntityExtractor::new(Patterns::Retail, &Default::default())?;
/// let found = extractor.extract("订单 A1234567 退款 ￥99.5，电话13812345678", None);
/// let seen: Vec<_> = found.iter().map(|e| (e.kind.as_str(), e.value.as_str())).collect();
/// assert_eq!(seen, [("order", "A1234567"), ("amount", "99.50 CNY"), ("phone", "13812345678")]);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct EntityExtractor {
    patterns: Patterns,
    dictionary: Dictionary,
    tagger: Option<Arc<TaggerModel>>,
}

impl EntityExtractor {
    /// An extractor with these recognisers and names.
    ///
    /// # Errors
    /// `invalid_input` for an unusable name.
    pub fn new(patterns: Patterns, names: &Names) -> Result<Self> {
        Ok(Self { patterns, dictionary: Dictionary::new(names)?, tagger: None })
    }

    /// Also finds what a trained tagger finds, where nothing more certain stands.
    #[must_use]
    pub fn with_tagger(mut self, tagger: Arc<TaggerModel>) -> Self {
        self.tagger = Some(tagger);
        self
    }

    /// The entities of `text` in their order, without overlaps: dictionary names first, then the
    /// more certain, then the longer. `tenant` adds names for this call only; they win over all.
    #[must_use]
    pub fn extract(&self, text: &str, tenant: Option<&Dictionary>) -> Vec<Entity> {
        let t = Folded::read(text);
        let mut all: Vec<(u8, Found)> = Vec::new();
        all.extend(tenant.map(|d| d.find(&t)).unwrap_or_default().into_iter().map(|f| (0, f)));
        all.extend(self.dictionary.find(&t).into_iter().map(|f| (1, f)));
        if self.patterns == Patterns::Retail {
            all.extend(retail::find(&t).into_iter().map(|f| (2, f)));
        }
        let tagged = self.tagger.as_ref().map(|m| m.find(&t)).unwrap_or_default();
        all.extend(tagged.into_iter().map(|f| (2, f)));
        all.sort_by(|(pa, a), (pb, b)| {
            pa.cmp(pb)
                .then(b.confidence.total_cmp(&a.confidence))
                .then((b.end - b.start).cmp(&(a.end - a.start)))
                .then(a.start.cmp(&b.start))
        });
        let mut taken = vec![false; t.chars.len()];
        let mut chosen: Vec<Found> = Vec::new();
        for (_, f) in all {
            if taken[f.start..f.end].iter().any(|&x| x) {
                continue;
            }
            taken[f.start..f.end].fill(true);
            chosen.push(f);
        }
        chosen.sort_by_key(|f| f.start);
        // Characters are counted once, moving along with the entities.
        let (mut byte, mut chars) = (0, 0);
        chosen
            .into_iter()
            .map(|f| {
                let (a, b) = (t.bytes[f.start].0, t.bytes[f.end - 1].1);
                chars += text[byte..a].chars().count();
                byte = a;
                let piece = &text[a..b];
                Entity {
                    start: chars,
                    end: chars + piece.chars().count(),
                    byte_start: a,
                    byte_end: b,
                    kind: f.kind,
                    text: piece.to_owned(),
                    value: f.value,
                    confidence: f.confidence,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;

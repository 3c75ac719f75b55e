//! The text front end: folding, script runs, hashed n-grams, search terms, sentences.

mod fold;
pub(crate) mod ngrams;
mod sentences;
pub(crate) mod terms;

pub use fold::{fold, fold_with};
pub use ngrams::Features;
pub use sentences::sentences;

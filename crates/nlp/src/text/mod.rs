//! The text front end: folding, script runs, hashed n-grams.

mod fold;
pub(crate) mod ngrams;

pub use fold::{fold, fold_with};
pub use ngrams::Features;

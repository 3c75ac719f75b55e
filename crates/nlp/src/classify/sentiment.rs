//! Sentiment: the text engine with settings for reviews and complaints.

use super::text::{TextClassifier, TextModel, in_range};
use crate::text::Features;
use mercato_core::{Result, Run};
use serde::{Deserialize, Serialize};

/// Learns how customers feel from labelled texts; labels are the caller's own.
///
/// ```
/// use mercato_nlp::{Run, SentimentClassifier};
/// let texts = ["质量很好，喜欢", "很好，物流快", "太差了，要退货", "质量差，失望"];
/// let labels = ["positive", "positive", "negative", "negative"];
/// let model = SentimentClassifier::default().min_count(1).fit(&texts, &labels, &Run::seed(0))?;
/// assert_eq!(model.classify("质量太差", 1)[0].id.to_string(), "negative");
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SentimentClassifier {
    /// Weight of the loss against the regulariser, as `C` in LIBLINEAR; 1e-4..=1e4, default 0.5.
    pub c: f32,
    /// An n-gram must occur in this many texts; 1..=1000, default 2.
    pub min_count: u32,
    /// Longest character n-gram of a Chinese or Japanese run; 1..=6, default 3.
    pub cjk_max: usize,
    /// Parts of the data held out in turn to calibrate probabilities; 0 (none) or 2..=20, default 3.
    pub folds: usize,
    /// Size of the model in bytes, at most; 10,000..=1,000,000,000, default 5,000,000.
    pub max_bytes: usize,
}

impl Default for SentimentClassifier {
    fn default() -> Self {
        Self { c: 0.5, min_count: 2, cjk_max: 3, folds: 3, max_bytes: 5_000_000 }
    }
}

impl SentimentClassifier {
    /// Sets [`c`](Self::c).
    #[must_use]
    pub fn c(mut self, c: f32) -> Self {
        self.c = c;
        self
    }

    /// Sets [`min_count`](Self::min_count).
    #[must_use]
    pub fn min_count(mut self, min_count: u32) -> Self {
        self.min_count = min_count;
        self
    }

    fn engine(&self) -> TextClassifier {
        TextClassifier {
            features: Features {
                cjk_max: self.cjk_max,
                unknown_weight: 0.0,
                ..Features::default()
            },
            c: self.c,
            min_count: self.min_count,
            folds: self.folds,
            max_bytes: self.max_bytes,
            ..TextClassifier::default()
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        in_range("cjk_max", self.cjk_max, 1, 6)?;
        self.engine().check()
    }

    /// Trains on one label per text.
    ///
    /// # Errors
    /// As [`TextClassifier::fit`].
    pub fn fit<T: AsRef<str>, L: AsRef<str>>(
        &self,
        texts: &[T],
        labels: &[L],
        run: &Run,
    ) -> Result<TextModel> {
        self.check()?;
        self.engine().fit(texts, labels, run)
    }
}

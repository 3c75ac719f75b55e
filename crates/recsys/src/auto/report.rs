//! What a search tried.

use crate::Method;
use serde::{Deserialize, Serialize};

/// What [`AutoRecommender`](crate::AutoRecommender) tried, and what it chose.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SearchReport {
    /// What was maximised.
    pub metric: String,
    /// What was held out: `last`, `random`, or `none` where nothing could be: then nothing was tried.
    pub validation: String,
    /// How many users were judged.
    pub users: usize,
    /// How many pairs the models of the search were fitted to.
    pub pairs: usize,
    /// Every fit, in order.
    pub trials: Vec<Trial>,
    /// The score on the held-out part of the best single model.
    pub best_single: f64,
    /// The score on the held-out part of what was chosen.
    pub score: f64,
    /// Seconds of the search, without the final fit; none in a model from a file.
    pub seconds: Option<f64>,
}

/// One fit of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The method and its hyperparameters.
    pub method: Method,
    /// The score on the held-out part; none when the fit failed.
    pub score: Option<f64>,
    /// Seconds of the fit; none in a model from a file.
    pub fit_seconds: Option<f64>,
    /// Why the fit failed, when it did.
    pub error: Option<String>,
}

impl SearchReport {
    /// Without what differs from run to run, so that files do not.
    pub(crate) fn timeless(&self) -> Self {
        let trials = self.trials.iter().map(|t| Trial { fit_seconds: None, ..t.clone() });
        Self { seconds: None, trials: trials.collect(), ..self.clone() }
    }
}

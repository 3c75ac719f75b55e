//! What comes next: a linear model over recent items.
//!
//! **What it is.** Two ridge regressions per item, added up: one explains an item by the others
//! that the same users have ([`Ease`](crate::Ease)), one explains that it comes next by what came just
//! before. Somebody's score for an item is the sum of the weights of their items, each damped by
//! how many came after it.
//!
//! **When to choose it.** Whenever events have times and the next purchase, click or song is asked
//! for: on sparse retail sequences it ranks better than published transformers, fits in seconds, answers for
//! any history at once, and the part of each item in a score is exact.
//!
//! **Cost.** Fit solves two regressions of up to `neighbors` items for each item, in
//! `items * neighbors^3 / 3` operations, and holds 8 bytes per pair of items that occur together or
//! shortly after each other. The model holds at most 16 bytes per item and neighbour, and a user's
//! damped history.
//!
//! **Papers.** Choi, Kim, Lee, Shim & Lee, *Session-aware linear item-item models for session-based
//! recommendation* (SLIST), WWW 2021; Steck, *Embarrassingly shallow autoencoders*, WWW 2019.
//!
//! **Where we differ.** SLIST stacks both problems into one regression with one penalty; here each
//! has its own and they are weighed against each other. Regressions are sparse, over the items that
//! explain most, so that catalogues of any size fit. Pasts and futures are cut where their damped
//! weight falls below 1 %.

mod fit;
mod model;
#[cfg(test)]
mod tests;

pub use model::SequenceLinearModel;

use crate::params;
use mercato_core::{Error, Interactions, Result, Run};
use serde::{Deserialize, Serialize};

/// Hyperparameters of the sequence model; see the [module](self).
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{History, Query, Recommender, SequenceLinear};
/// let data = Interactions::builder(
///     ["ann", "ann", "bob", "bob", "cid", "cid"],
///     ["tent", "stove", "tent", "stove", "mug", "tea"],
/// )
/// .times(&[1, 2, 1, 2, 1, 2])
/// .build()?;
/// let model = SequenceLinear::default().fit(&data, &Run::default())?;
/// let visitor = Query::default().history(History::of(["mug", "tent"]));
/// let next = model.recommend("a visitor", 1, &visitor)?;
/// assert_eq!(next[0].id, "stove".into());
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SequenceLinear {
    /// What is left of an item's weight with each item that came after it (default 0.7, 0 to 1).
    pub decay: f32,
    /// The same for the past that explains the next items in training (default 0.2, 0 to 1).
    pub past_decay: f32,
    /// What is left of an item's weight as a next item with each step into the future (default
    /// 0.7, 0 to 1; 0 learns the very next one only).
    pub future_decay: f32,
    /// Weight of what comes next against what goes together (default 1, 0 to 1000).
    pub transitions: f32,
    /// Penalty of the weights between items that go together (default 100, above 0 to 1e9).
    pub regularization: f32,
    /// Penalty of the weights from past to next items (default 30, above 0 to 1e9).
    pub transition_regularization: f32,
    /// Items that each regression may use (default 100, 1 to 4096).
    pub neighbors: usize,
    /// Bytes that fit may hold beside the data and the model (default 1 GiB, 1 MiB or more).
    pub memory: u64,
}

impl Default for SequenceLinear {
    fn default() -> Self {
        Self {
            decay: 0.7,
            past_decay: 0.2,
            future_decay: 0.7,
            transitions: 1.0,
            regularization: 100.0,
            transition_regularization: 30.0,
            neighbors: 100,
            memory: 1 << 30,
        }
    }
}

impl SequenceLinear {
    /// Sets [`decay`](Self#structfield.decay).
    #[must_use]
    pub fn decay(mut self, decay: f32) -> Self {
        self.decay = decay;
        self
    }

    /// Sets [`past_decay`](Self#structfield.past_decay).
    #[must_use]
    pub fn past_decay(mut self, past_decay: f32) -> Self {
        self.past_decay = past_decay;
        self
    }

    /// Sets [`future_decay`](Self#structfield.future_decay).
    #[must_use]
    pub fn future_decay(mut self, future_decay: f32) -> Self {
        self.future_decay = future_decay;
        self
    }

    /// Sets [`transitions`](Self#structfield.transitions).
    #[must_use]
    pub fn transitions(mut self, transitions: f32) -> Self {
        self.transitions = transitions;
        self
    }

    /// Sets [`regularization`](Self#structfield.regularization).
    #[must_use]
    pub fn regularization(mut self, regularization: f32) -> Self {
        self.regularization = regularization;
        self
    }

    /// Sets [`transition_regularization`](Self#structfield.transition_regularization).
    #[must_use]
    pub fn transition_regularization(mut self, transition_regularization: f32) -> Self {
        self.transition_regularization = transition_regularization;
        self
    }

    /// Sets [`neighbors`](Self#structfield.neighbors).
    #[must_use]
    pub fn neighbors(mut self, neighbors: usize) -> Self {
        self.neighbors = neighbors;
        self
    }

    /// Sets [`memory`](Self#structfield.memory).
    #[must_use]
    pub fn memory(mut self, memory: u64) -> Self {
        self.memory = memory;
        self
    }

    /// Checks every hyperparameter against its range.
    ///
    /// # Errors
    /// `invalid_params`, naming the value and the range.
    pub fn check(&self) -> Result<()> {
        params::number("decay", self.decay, 0.0..=1.0)?;
        params::number("past_decay", self.past_decay, 0.0..=1.0)?;
        params::number("future_decay", self.future_decay, 0.0..=1.0)?;
        params::number("transitions", self.transitions, 0.0..=1000.0)?;
        params::number("regularization", self.regularization, f32::MIN_POSITIVE..=1e9)?;
        params::number(
            "transition_regularization",
            self.transition_regularization,
            f32::MIN_POSITIVE..=1e9,
        )?;
        params::count("neighbors", self.neighbors, 1..=4096)?;
        params::memory(self.memory)
    }

    /// Finds the weights. The same bytes for any number of threads. Data without times has no
    /// order: there is then nothing to learn about what comes next, and the events of a user count
    /// alike.
    ///
    /// # Errors
    /// `invalid_params`, also when `memory` does not suffice; `not_enough_data` when there are no
    /// interactions; `did_not_converge` when a penalty is too small for the data; `cancelled`,
    /// `deadline_exceeded`.
    pub fn fit(&self, data: &Interactions, run: &Run) -> Result<SequenceLinearModel> {
        self.check()?;
        SequenceLinearModel::fit(self, data, run)
    }
}

/// The same hyperparameters from named values, for callers of other languages.
impl TryFrom<&serde_json::Value> for SequenceLinear {
    type Error = Error;

    fn try_from(value: &serde_json::Value) -> Result<Self> {
        params::from_json(value)
    }
}

//! The next basket: what somebody buys again, and what goes with it.
//!
//! **What it is.** Three parts, added up: how often and how recently somebody bought the item
//! (`personal`), what their earlier baskets say about their next one by a ridge regression per item, the
//! item itself included (`transitions`), and what everybody buys now (`popularity`). Events of a user
//! with the same time are one basket.
//!
//! **When to choose it.** Groceries, pharmacy, supplies: wherever people come back and buy the same
//! things again. Ask it with `exclude_seen=False` ([`Query::include_seen`](crate::Query::include_seen)):
//! what somebody has bought is what they will buy, and leaving it out, the default of every model,
//! leaves out the point.
//!
//! **Cost.** Fit solves one regression of up to `neighbors` items per item, in
//! `items * neighbors^3 / 6` operations, and holds 8 bytes per pair of items that somebody bought one
//! after the other. The model holds 8 bytes per item and neighbour, and each user's damped history.
//!
//! **Papers.** Hu, He, Gao & Zhang, *Modeling personalized item frequency information for
//! next-basket recommendation* (TIFU-kNN), SIGIR 2020; Faggioli, Polato & Aiolli, *Recency aware
//! collaborative filtering for next basket recommendation* (UP-CF), UMAP 2020; Li et al., *A next
//! basket recommendation reality check*, TOIS 2023.
//!
//! **Where we differ.** Instead of neighbouring users a regression over items learns how much each
//! past item, the same one included, speaks for an item in the next basket; it needs no search at
//! request time, and the part of each item in a score is exact.

mod fit;
mod model;
#[cfg(test)]
mod tests;

pub use model::RepeatBasketModel;

use crate::params;
use mercato_core::{Error, Interactions, Result, Run};
use serde::{Deserialize, Serialize};

/// Hyperparameters of the next-basket model; see the [module](self).
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{Query, Recommender, RepeatBasket};
/// let data = Interactions::builder(
///     ["ann", "ann", "ann", "bob", "bob"],
///     ["milk", "bread", "milk", "tea", "milk"],
/// )
/// .times(&[1, 1, 2, 1, 2])
/// .build()?;
/// let model = RepeatBasket::default().fit(&data, &Run::default())?;
/// let next = model.recommend("ann", 1, &Query::default().include_seen())?;
/// assert_eq!(next[0].id, "milk".into());
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RepeatBasket {
    /// What is left of a basket's weight with each basket that came after it (default 0.8, 0 to
    /// 1).
    pub decay: f32,
    /// Weight of having bought the item itself, per damped purchase (default 0.03, 0 to 1000).
    pub personal: f32,
    /// Weight of what earlier baskets say about the next one (default 1, 0 to 1000).
    pub transitions: f32,
    /// Weight of what everybody buys now: the item's share in the last baskets of all users, times
    /// this (default 1, 0 to 1000).
    pub popularity: f32,
    /// Penalty of the regressions (default 100, above 0 to 1e9).
    pub regularization: f32,
    /// Items that each regression may use (default 100, 1 to 4096).
    pub neighbors: usize,
    /// Bytes that fit may hold beside the data and the model (default 1 GiB, 1 MiB or more).
    pub memory: u64,
}

impl Default for RepeatBasket {
    fn default() -> Self {
        Self {
            decay: 0.8,
            personal: 0.03,
            transitions: 1.0,
            popularity: 1.0,
            regularization: 100.0,
            neighbors: 100,
            memory: 1 << 30,
        }
    }
}

impl RepeatBasket {
    /// Sets [`decay`](Self#structfield.decay).
    #[must_use]
    pub fn decay(mut self, decay: f32) -> Self {
        self.decay = decay;
        self
    }

    /// Sets [`personal`](Self#structfield.personal).
    #[must_use]
    pub fn personal(mut self, personal: f32) -> Self {
        self.personal = personal;
        self
    }

    /// Sets [`transitions`](Self#structfield.transitions).
    #[must_use]
    pub fn transitions(mut self, transitions: f32) -> Self {
        self.transitions = transitions;
        self
    }

    /// Sets [`popularity`](Self#structfield.popularity).
    #[must_use]
    pub fn popularity(mut self, popularity: f32) -> Self {
        self.popularity = popularity;
        self
    }

    /// Sets [`regularization`](Self#structfield.regularization).
    #[must_use]
    pub fn regularization(mut self, regularization: f32) -> Self {
        self.regularization = regularization;
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
        params::number("personal", self.personal, 0.0..=1000.0)?;
        params::number("transitions", self.transitions, 0.0..=1000.0)?;
        params::number("popularity", self.popularity, 0.0..=1000.0)?;
        params::number("regularization", self.regularization, f32::MIN_POSITIVE..=1e9)?;
        params::count("neighbors", self.neighbors, 1..=4096)?;
        params::memory(self.memory)
    }

    /// Counts and solves. The same bytes for any number of threads. Data without times has one
    /// basket per user: the regressions then learn what goes together in it.
    ///
    /// # Errors
    /// `invalid_params`, also when `memory` does not suffice; `not_enough_data` when there are no
    /// interactions; `did_not_converge` when the penalty is too small for the data; `cancelled`,
    /// `deadline_exceeded`.
    pub fn fit(&self, data: &Interactions, run: &Run) -> Result<RepeatBasketModel> {
        self.check()?;
        RepeatBasketModel::fit(self, data, run)
    }
}

/// The same hyperparameters from named values, for callers of other languages.
impl TryFrom<&serde_json::Value> for RepeatBasket {
    type Error = Error;

    fn try_from(value: &serde_json::Value) -> Result<Self> {
        params::from_json(value)
    }
}

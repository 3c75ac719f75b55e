//! EASE: a linear autoencoder over items, solved exactly.
//!
//! **What it is.** For every item a ridge regression that explains it by the others; a user's score
//! for an item is the sum of the weights of what the user has. Weights may be negative: having one
//! item can speak against another, which no neighbourhood model says.
//!
//! **When to choose it.** First, wherever the catalogue has up to some ten thousand items: few
//! models of any kind rank better on implicit feedback, there is one hyperparameter that matters, and
//! the part of each item in a score is exact. Any history can be scored at once.
//!
//! **Cost.** Two forms. *Dense* inverts items x items: `items^3` multiplications and additions and
//! `2 * items^2` bytes, half of the matrix. *Sparse* solves one regression per item over the `neighbors`
//! items that explain it best: `items * neighbors^3 / 6` operations and 8 bytes per pair of items that
//! occur together. Both need the sum over users of the square of their number of items. The model
//! holds 8 bytes per item and neighbour. `memory` bounds what fit holds beside the data: it chooses
//! the form, and a fit that needs more is refused before it takes it. An update counts co-occurrences
//! again and solves, in the sparse way and with every user counting 1, for the items with new events and what occurs with them.
//!
//! **Papers.** Steck, *Embarrassingly shallow autoencoders for sparse data*, WWW 2019; Steck, *Markov
//! random fields for collaborative filtering*, NeurIPS 2019 (the sparse form); Ning & Karypis, *SLIM*,
//! ICDM 2011.
//!
//! **Where we differ.** The sparse form solves its own regression for each item instead of sharing
//! blocks, so no order of items matters. Both forms keep `neighbors` weights per item. Users may be
//! damped by how much they have and popular items held back (`user_exponent`, `item_exponent`); with
//! 0 they are Steck's.

mod fit;
mod model;
#[cfg(test)]
mod tests;

pub use model::EaseModel;

use crate::params;
use mercato_core::{Error, Interactions, Result, Run};
use serde::{Deserialize, Serialize};

/// How the weights are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Dense for up to 4,096 items when that fits into `memory`, sparse otherwise.
    #[default]
    Auto,
    /// One inverse of items x items.
    Dense,
    /// One small regression per item.
    Sparse,
}

impl Form {
    /// The name, as in parameters of other languages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Form::Auto => "auto",
            Form::Dense => "dense",
            Form::Sparse => "sparse",
        }
    }
}

/// Hyperparameters of EASE; see the [module](self).
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{Ease, Query, Recommender, ease::Form};
/// let data = Interactions::builder(
///     ["ann", "ann", "bob", "bob", "cid"],
///     ["tea", "cup", "tea", "cup", "tea"],
/// )
/// .build()?;
/// let model = Ease::default().regularization(1.0).fit(&data, &Run::default())?;
/// assert_eq!(model.form(), Form::Dense);
/// let top = model.recommend("cid", 1, &Query::default())?;
/// assert_eq!(top[0].id, "cup".into());
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ease {
    /// Penalty of the squared weights (default 100, above 0 to 1e9): more for denser data.
    pub regularization: f32,
    /// Weights kept per item; in the sparse form also the size of a regression (default 100,
    /// 1 to 4096).
    pub neighbors: usize,
    /// Damping of users with many items: they count `items^-user_exponent` (default 0, 0 to 2).
    pub user_exponent: f32,
    /// Holding back popular items: an item's penalty grows with its squared weights over their
    /// mean, to this power (default 0, 0 to 2).
    pub item_exponent: f32,
    /// How the weights are found (default auto).
    pub form: Form,
    /// Bytes that fit may hold beside the data and the model (default 1 GiB, 1 MiB or more).
    pub memory: u64,
}

impl Default for Ease {
    fn default() -> Self {
        Self {
            regularization: 100.0,
            neighbors: 100,
            user_exponent: 0.0,
            item_exponent: 0.0,
            form: Form::Auto,
            memory: 1 << 30,
        }
    }
}

impl Ease {
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

    /// Sets [`user_exponent`](Self#structfield.user_exponent).
    #[must_use]
    pub fn user_exponent(mut self, user_exponent: f32) -> Self {
        self.user_exponent = user_exponent;
        self
    }

    /// Sets [`item_exponent`](Self#structfield.item_exponent).
    #[must_use]
    pub fn item_exponent(mut self, item_exponent: f32) -> Self {
        self.item_exponent = item_exponent;
        self
    }

    /// Sets [`form`](Self#structfield.form).
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = form;
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
        params::number("regularization", self.regularization, f32::MIN_POSITIVE..=1e9)?;
        params::count("neighbors", self.neighbors, 1..=4096)?;
        params::number("user_exponent", self.user_exponent, 0.0..=2.0)?;
        params::number("item_exponent", self.item_exponent, 0.0..=2.0)?;
        params::memory(self.memory)
    }

    /// Finds the weights. The same bytes for any number of threads.
    ///
    /// # Errors
    /// `invalid_params`, also when `memory` does not suffice, with `needed` in the context where it
    /// is known; `not_enough_data` when there are no interactions; `did_not_converge` when
    /// `regularization` is too small for the data; `cancelled`, `deadline_exceeded`.
    pub fn fit(&self, data: &Interactions, run: &Run) -> Result<EaseModel> {
        self.check()?;
        EaseModel::fit(self, data, run)
    }
}

/// The same hyperparameters from named values, for callers of other languages.
impl TryFrom<&serde_json::Value> for Ease {
    type Error = Error;

    fn try_from(value: &serde_json::Value) -> Result<Self> {
        params::from_json(value)
    }
}

//! Graph filtering: collaborative filtering without training.
//!
//! **What it is.** The interactions are a graph of users and items. Walking it from a user's items
//! to users and back, with popular nodes damped, is a linear filter; projecting onto the graph's
//! smoothest directions is an ideal low-pass filter. The score is the first plus `alpha` times the
//! second.
//!
//! **When to choose it.** Sparse positive feedback with many users and items, where it ranks
//! like graph neural networks at a small part of their cost. Weights and times are not used: only
//! who has what.
//!
//! **Cost.** Fit takes time in `iterations * (2 * pairs * rank + items * rank^2)`. Memory: `rank`
//! bytes per item beside the pairs; in fit 4 * `rank` bytes more per item and user. A request
//! walks to the users who share an item with the user, and scores all items by their codes. An
//! update walks the new graph, and places items with new events among the smooth directions in time
//! `pairs * rank + rank^3`, a small part of a fit.
//!
//! **Papers.** Shen et al., *How powerful is graph convolution for recommendation?* (GF-CF), CIKM
//! 2021; Halko, Martinsson & Tropp, *Finding structure with randomness*, SIAM Review 2011.
//!
//! **Where we differ.** The exponents of the damping are free (GF-CF has 0.5 for both; smaller ones
//! rank better on both data sets of the record). The matrix is scaled to norm 1, so `alpha` means the
//! same for any exponents. The smooth directions come from block subspace iteration; only the space
//! they span matters, so no singular values are computed. They are kept in 8 bits.

mod explain;
mod fit;
mod model;
mod update;

pub use model::SpectralModel;
pub(crate) use model::Walk;

use crate::params;
use mercato_core::{Error, Interactions, Result, Run};
use serde::{Deserialize, Serialize};

/// Hyperparameters of the graph filter; see the [module](self).
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{Query, Recommender, Spectral};
/// let data = Interactions::builder(
///     ["ann", "ann", "bob", "bob", "cid"],
///     ["tea", "cup", "tea", "cup", "tea"],
/// )
/// .build()?;
/// let model = Spectral::default().rank(2).fit(&data, &Run::seed(7))?;
/// let top = model.recommend("cid", 1, &Query::default())?;
/// assert_eq!(top[0].id, "cup".into());
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spectral {
    /// Smooth directions kept (default 256, 1 to 2048; never more than there are items or users).
    pub rank: usize,
    /// Weight of the low-pass filter against the walk (default 0.2, 0 to 1000).
    pub alpha: f32,
    /// Damping of users with many items (default 0.3, 0 to 1).
    pub user_exponent: f32,
    /// Damping of items with many users (default 0.45, 0 to 1).
    pub item_exponent: f32,
    /// Passes of the subspace iteration (default 6, 1 to 100).
    pub iterations: usize,
}

impl Default for Spectral {
    fn default() -> Self {
        Self { rank: 256, alpha: 0.2, user_exponent: 0.3, item_exponent: 0.45, iterations: 6 }
    }
}

impl Spectral {
    /// Sets [`rank`](Self#structfield.rank).
    #[must_use]
    pub fn rank(mut self, rank: usize) -> Self {
        self.rank = rank;
        self
    }

    /// Sets [`alpha`](Self#structfield.alpha).
    #[must_use]
    pub fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = alpha;
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

    /// Sets [`iterations`](Self#structfield.iterations).
    #[must_use]
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    /// Checks every hyperparameter against its range.
    ///
    /// # Errors
    /// `invalid_params`, naming the value and the range.
    pub fn check(&self) -> Result<()> {
        params::count("rank", self.rank, 1..=2048)?;
        params::number("alpha", self.alpha, 0.0..=1000.0)?;
        params::number("user_exponent", self.user_exponent, 0.0..=1.0)?;
        params::number("item_exponent", self.item_exponent, 0.0..=1.0)?;
        params::count("iterations", self.iterations, 1..=100)
    }

    /// Finds the smooth directions. The same bytes for any number of threads.
    ///
    /// # Errors
    /// `invalid_params`; `not_enough_data` when there are no interactions; `cancelled`,
    /// `deadline_exceeded`.
    pub fn fit(&self, data: &Interactions, run: &Run) -> Result<SpectralModel> {
        self.check()?;
        SpectralModel::fit(self, data, run)
    }
}

/// The same hyperparameters from named values, for callers of other languages.
impl TryFrom<&serde_json::Value> for Spectral {
    type Error = Error;

    fn try_from(value: &serde_json::Value) -> Result<Self> {
        params::from_json(value)
    }
}

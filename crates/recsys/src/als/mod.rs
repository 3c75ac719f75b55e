//! Alternating least squares for implicit feedback.
//!
//! **What it is.** Users and items become vectors whose inner product predicts preference. Every
//! observed pair pulls towards 1 with confidence `alpha * weight`; every pair that was not observed
//! pulls towards 0 with confidence `unobserved_weight`. Users and items are solved for in turn.
//!
//! **When to choose it.** The sturdy default for purchases, views and other positive events: small
//! models, any catalogue size, vectors for other uses, fold-in of new users in microseconds.
//!
//! **Cost.** An iteration with conjugate gradients takes time in `events * factors * cg_steps +
//! (users + items) * factors^2 * cg_steps`, with Cholesky in `events * factors^2 + (users + items) *
//! factors^3`. Memory: the model, `4 * factors` bytes per user and item, plus 8 bits per number for
//! serving, plus the interactions. An update solves again for the users and items with new events,
//! in time of a few iterations over those alone, beside one pass over the vectors.
//!
//! **Papers.** Hu, Koren & Volinsky, *Collaborative filtering for implicit feedback datasets*, ICDM
//! 2008; Takács, Pilászy & Tikk, *Applications of the conjugate gradient method for implicit
//! feedback collaborative filtering*, RecSys 2011.
//!
//! **Where we differ.** Sums have a fixed order, so the bytes of a model do not depend on threads or
//! on the machine's vector width. Serving is an exact 8-bit scan. A new user is folded in exactly,
//! by Cholesky, whatever solver trained the model.

mod explain;
mod fit;
mod model;
#[cfg(test)]
mod tests;
mod update;

pub use model::AlsModel;

use mercato_core::{Error, Interactions, Result, Run};
use serde::{Deserialize, Serialize};

/// How each row's least-squares problem is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Solver {
    /// A few conjugate-gradient steps from the previous iteration's answer: fast, and as good in
    /// the end.
    #[default]
    Cg,
    /// An exact Cholesky solve: slower, fewer iterations.
    Cholesky,
}

/// Hyperparameters of alternating least squares; see the [module](self).
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{Als, Query, Recommender};
/// let data = Interactions::builder(
///     ["ann", "ann", "bob", "bob", "cid"],
///     ["tea", "cup", "tea", "mug", "tea"],
/// )
/// .build()?;
/// let model = Als::default().factors(8).fit(&data, &Run::seed(7))?;
/// let top = model.recommend("cid", 2, &Query::default())?;
/// assert_eq!(top.len(), 2);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Als {
    /// Length of the vectors (default 64, 1 to 4096).
    pub factors: usize,
    /// L2 penalty on the vectors (default 0.01, 0 to 1e6).
    pub regularization: f32,
    /// Confidence that an unobserved pair is a zero (default 1, 0 to 1e6).
    pub unobserved_weight: f32,
    /// Confidence in an observed pair per unit of its weight (default 10, above 0 to 1e6).
    pub alpha: f32,
    /// Passes over users and items (default 15, 0 to 10000); 0 leaves the random start, from which
    /// other programs can be compared.
    pub iterations: usize,
    /// How rows are solved (default conjugate gradients).
    pub solver: Solver,
    /// Conjugate-gradient steps per row and pass (default 3, 1 to 100); not used by Cholesky.
    pub cg_steps: usize,
}

impl Default for Als {
    fn default() -> Self {
        Self {
            factors: 64,
            regularization: 0.01,
            unobserved_weight: 1.0,
            alpha: 10.0,
            iterations: 15,
            solver: Solver::Cg,
            cg_steps: 3,
        }
    }
}

impl Als {
    /// Sets [`factors`](Self#structfield.factors).
    #[must_use]
    pub fn factors(mut self, factors: usize) -> Self {
        self.factors = factors;
        self
    }

    /// Sets [`regularization`](Self#structfield.regularization).
    #[must_use]
    pub fn regularization(mut self, regularization: f32) -> Self {
        self.regularization = regularization;
        self
    }

    /// Sets [`unobserved_weight`](Self#structfield.unobserved_weight).
    #[must_use]
    pub fn unobserved_weight(mut self, unobserved_weight: f32) -> Self {
        self.unobserved_weight = unobserved_weight;
        self
    }

    /// Sets [`alpha`](Self#structfield.alpha).
    #[must_use]
    pub fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = alpha;
        self
    }

    /// Sets [`iterations`](Self#structfield.iterations).
    #[must_use]
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    /// Sets [`solver`](Self#structfield.solver).
    #[must_use]
    pub fn solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }

    /// Sets [`cg_steps`](Self#structfield.cg_steps).
    #[must_use]
    pub fn cg_steps(mut self, cg_steps: usize) -> Self {
        self.cg_steps = cg_steps;
        self
    }

    /// Checks every hyperparameter against its range.
    ///
    /// # Errors
    /// `invalid_params`, naming the value and the range.
    pub fn check(&self) -> Result<()> {
        use crate::params::{count, number};
        count("factors", self.factors, 1..=4096)?;
        number("regularization", self.regularization, 0.0..=1e6)?;
        number("unobserved_weight", self.unobserved_weight, 0.0..=1e6)?;
        number("alpha", self.alpha, f32::MIN_POSITIVE..=1e6)?;
        count("iterations", self.iterations, 0..=10_000)?;
        count("cg_steps", self.cg_steps, 1..=100)
    }

    /// Learns the vectors. The same data, parameters and seed give the same bytes for any number of
    /// threads.
    ///
    /// # Errors
    /// `invalid_params`; `not_enough_data` when there are no interactions; `did_not_converge` when
    /// the numbers leave the range of `f32` or an exact solve fails; `cancelled`,
    /// `deadline_exceeded`.
    pub fn fit(&self, data: &Interactions, run: &Run) -> Result<AlsModel> {
        self.check()?;
        AlsModel::fit(self, data, run)
    }
}

/// The same hyperparameters from named values, for callers of other languages.
impl TryFrom<&serde_json::Value> for Als {
    type Error = Error;

    fn try_from(params: &serde_json::Value) -> Result<Self> {
        crate::params::from_json(params)
    }
}

//! Item nearest neighbours: people who have this also have that.
//!
//! **What it is.** For every item the `neighbors` most similar ones by who has them. A user's score
//! for an item is the sum of its similarities to what the user has, times the weights.
//!
//! **When to choose it.** Small or fast-changing catalogues, strong co-purchase patterns, and
//! whenever a recommendation must be explained by the very items that led to it. A user needs no
//! training: any history can be scored at once.
//!
//! **Cost.** Fit takes time in the sum over users of the square of their number of items, memory
//! for `neighbors` entries of 8 bytes per item and one row of scores per thread. An update finds the
//! rows of items with new events again and passes the new values on to their neighbours: for the
//! cosine the answer is that of a fresh fit. The other similarities depend on sums over all users;
//! there, all items of users with new events are found again, and values between others stay.
//!
//! **Papers.** Deshpande & Karypis, *Item-based top-N recommendation algorithms*, TOIS 2004;
//! Robertson & Zaragoza, *The probabilistic relevance framework: BM25 and beyond*, 2009; Paudel,
//! Christoffel, Newell & Bernstein, *Updatable, accurate, diverse, and scalable recommendations for
//! interactive applications* (RP3beta), TiiS 2017.
//!
//! **Where we differ.** An item is never its own neighbour. Neighbours are chosen by the similarity
//! that scores use, ties to the lower item, so the model is the same for any number of threads.

mod fit;
mod model;
mod update;

pub use model::ItemKnnModel;

use crate::params;
use mercato_core::{Error, Interactions, Result, Run};
use serde::{Deserialize, Serialize};

/// How alike two items are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Similarity {
    /// The cosine of their users' weights.
    #[default]
    Cosine,
    /// The cosine after damping weights by their square root and users by how much they have.
    TfIdf,
    /// The inner product of BM25 weights: saturating in the weight, damped for popular items and
    /// for users who have much.
    Bm25,
    /// A three-step random walk from item to users to items, damped for popular targets.
    Rp3Beta,
}

/// Hyperparameters of item nearest neighbours; see the [module](self).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ItemKnn {
    /// Neighbours kept per item (default 100, 1 to 100000).
    pub neighbors: usize,
    /// How alike two items are (default cosine).
    pub similarity: Similarity,
    /// Added to the product of the norms of a cosine, so that pairs with few users in common count
    /// less (default 0, 0 to 1e6); for cosine and tf-idf.
    pub shrink: f32,
    /// Saturation of weights for BM25 (default 1.2, 0 to 1e6).
    pub k1: f32,
    /// Damping of popular items for BM25 (default 0.75, 0 to 1).
    pub b: f32,
    /// Exponent of the transition probabilities of RP3beta (default 1, 0 to 10).
    pub alpha: f32,
    /// Exponent of the damping of popular targets of RP3beta (default 0.6, 0 to 10).
    pub beta: f32,
}

impl Default for ItemKnn {
    fn default() -> Self {
        Self {
            neighbors: 100,
            similarity: Similarity::Cosine,
            shrink: 0.0,
            k1: 1.2,
            b: 0.75,
            alpha: 1.0,
            beta: 0.6,
        }
    }
}

impl ItemKnn {
    /// Sets [`neighbors`](Self#structfield.neighbors).
    #[must_use]
    pub fn neighbors(mut self, neighbors: usize) -> Self {
        self.neighbors = neighbors;
        self
    }

    /// Sets [`similarity`](Self#structfield.similarity).
    #[must_use]
    pub fn similarity(mut self, similarity: Similarity) -> Self {
        self.similarity = similarity;
        self
    }

    /// Sets [`shrink`](Self#structfield.shrink).
    #[must_use]
    pub fn shrink(mut self, shrink: f32) -> Self {
        self.shrink = shrink;
        self
    }

    /// Sets [`k1`](Self#structfield.k1).
    #[must_use]
    pub fn k1(mut self, k1: f32) -> Self {
        self.k1 = k1;
        self
    }

    /// Sets [`b`](Self#structfield.b).
    #[must_use]
    pub fn b(mut self, b: f32) -> Self {
        self.b = b;
        self
    }

    /// Sets [`alpha`](Self#structfield.alpha).
    #[must_use]
    pub fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = alpha;
        self
    }

    /// Sets [`beta`](Self#structfield.beta).
    #[must_use]
    pub fn beta(mut self, beta: f32) -> Self {
        self.beta = beta;
        self
    }

    /// Checks every hyperparameter against its range.
    ///
    /// # Errors
    /// `invalid_params`, naming the value and the range.
    pub fn check(&self) -> Result<()> {
        params::count("neighbors", self.neighbors, 1..=100_000)?;
        params::number("shrink", self.shrink, 0.0..=1e6)?;
        params::number("k1", self.k1, 0.0..=1e6)?;
        params::number("b", self.b, 0.0..=1.0)?;
        params::number("alpha", self.alpha, 0.0..=10.0)?;
        params::number("beta", self.beta, 0.0..=10.0)
    }

    /// Finds every item's neighbours. The same bytes for any number of threads.
    ///
    /// # Errors
    /// `invalid_params`; `not_enough_data` when there are no interactions; `cancelled`,
    /// `deadline_exceeded`.
    pub fn fit(&self, data: &Interactions, run: &Run) -> Result<ItemKnnModel> {
        self.check()?;
        ItemKnnModel::fit(self, data, run)
    }
}

/// The same hyperparameters from named values, for callers of other languages.
impl TryFrom<&serde_json::Value> for ItemKnn {
    type Error = Error;

    fn try_from(value: &serde_json::Value) -> Result<Self> {
        params::from_json(value)
    }
}

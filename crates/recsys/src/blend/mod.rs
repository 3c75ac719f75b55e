//! Blends: the weighted sum of several models.
//!
//! **What it is.** Every part scores all items for the user; each part's scores are counted from the
//! lowest and divided by their standard deviation over the catalogue, and added up with the weights
//! of the parts.
//!
//! **When to choose it.** When models err differently: neighbours beside factors, order beside
//! taste, content beside behaviour. [`AutoRecommender`](crate::AutoRecommender) finds parts and
//! weights; choose them by hand on held-out data, never on the test part.
//!
//! **Cost.** The sum of its parts, in fit, in memory and in a request. Ids, interactions and
//! attributes are kept once.
//!
//! **Where we differ.** Standard scores per user instead of one scale per model: a model that is
//! surer of one user than of another would otherwise drown the rest. What a part would not recommend
//! at all counts as its lowest score, or as zero where that is lower; only what no part would
//! recommend stays out.

mod model;

pub use model::BlendModel;
pub(crate) use model::{add, standardize};

use crate::{ItemKnn, Method, Spectral, params};
use mercato_core::{Error, Interactions, Result, Run};
use serde::{Deserialize, Serialize};

/// One part of a [`Blend`]; in JSON a pair, `[{"als": {"factors": 32}}, 0.8]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "(Method, f32)", into = "(Method, f32)")]
pub struct Part {
    /// The method with its hyperparameters; not a blend itself.
    pub method: Method,
    /// Its weight (above 0, to 1e6); only the ratios of weights matter.
    pub weight: f32,
}

impl From<(Method, f32)> for Part {
    fn from((method, weight): (Method, f32)) -> Self {
        Self { method, weight }
    }
}

impl From<Part> for (Method, f32) {
    fn from(part: Part) -> Self {
        (part.method, part.weight)
    }
}

/// A blend of methods; see the [module](self).
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{Blend, ItemKnn, Query, Recommender, Spectral};
/// let data = Interactions::builder(
///     ["ann", "ann", "bob", "bob", "cid"],
///     ["tea", "cup", "tea", "cup", "tea"],
/// )
/// .build()?;
/// let blend = Blend::of([(Spectral::default().rank(2).into(), 0.8), (ItemKnn::default().into(), 0.2)]);
/// let model = blend.fit(&data, &Run::seed(7))?;
/// assert_eq!(model.recommend("cid", 1, &Query::default())?[0].id, "cup".into());
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Blend {
    /// The parts, 1 to 64 (default: a graph filter of weight 0.8 and item neighbours of 0.2).
    pub parts: Vec<Part>,
}

impl Default for Blend {
    fn default() -> Self {
        Self::of([(Spectral::default().into(), 0.8), (ItemKnn::default().into(), 0.2)])
    }
}

impl Blend {
    /// A blend of these methods with their weights.
    #[must_use]
    pub fn of(parts: impl IntoIterator<Item = (Method, f32)>) -> Self {
        Self { parts: parts.into_iter().map(Part::from).collect() }
    }

    /// Checks the weights and the hyperparameters of every part.
    ///
    /// # Errors
    /// `invalid_params`, naming the value and the range.
    pub fn check(&self) -> Result<()> {
        params::count("parts", self.parts.len(), 1..=64)?;
        for Part { method, weight } in &self.parts {
            if matches!(method, Method::Blend(_)) {
                return Err(Error::invalid_params(
                    "a blend has no blends as parts: name their parts instead",
                ));
            }
            params::number("weight", *weight, f32::MIN_POSITIVE..=1e6)?;
            method.check()?;
        }
        Ok(())
    }

    /// Fits every part. The same bytes for any number of threads.
    ///
    /// # Errors
    /// `invalid_params`; `not_enough_data` when there are no interactions; those of the parts;
    /// `cancelled`, `deadline_exceeded`.
    pub fn fit(&self, data: &Interactions, run: &Run) -> Result<BlendModel> {
        self.check()?;
        let fit = |part: &Part| part.method.fit(data, run);
        let models = self.parts.iter().map(fit).collect::<Result<_>>()?;
        BlendModel::of(self.clone(), models)
    }
}

/// The same hyperparameters from named values, for callers of other languages.
impl TryFrom<&serde_json::Value> for Blend {
    type Error = Error;

    fn try_from(value: &serde_json::Value) -> Result<Self> {
        params::from_json(value)
    }
}

//! Recommendation on a phone: the item side of a factor model in a few bytes per item.
//!
//! **What it is.** A file of its own, opened by memory-mapping, that ranks for people who come with
//! their history: codes of the item vectors, what folding in a history needs, and the item ids,
//! counts and attributes. The users and interactions of training are left out; everything else
//! that a recommender answers is answered here too (filters, rules, seen items, similar items,
//! fold-in). [`Form::Int8`] keeps each number of a vector in a byte and loses next to
//! nothing; [`Form::Pq`] keeps a whole vector in `bytes` bytes.
//!
//! **When to choose it.** On devices, in browsers, and wherever models travel: 41,000 items of 64
//! factors take 2.8 MB as int8 and 0.6 MB as product codes.
//!
//! **Cost.** A request scores all items: with int8 `items * factors` multiplications, with product
//! codes `items * bytes` table look-ups. Making product codes takes some seconds of k-means.
//!
//! **Papers.** Jégou, Douze & Schmid, *Product quantization for nearest neighbor search*, PAMI 2011;
//! Ge, He, Ke & Sun, *Optimized product quantization*, CVPR 2013; Guo et al., *Accelerating
//! large-scale inference with anisotropic vector quantization*, ICML 2020.
//!
//! **Where we differ.** What counts is the error of a score, not of a vector: the vectors are first
//! brought into a space where the users of training have the same spread in every direction, so
//! that the distance that k-means makes small is the mean squared error of their scores, and items
//! count by how many users have them. The rotation disappears into the matrices of the fold-in: a
//! file holds none. Ids are stored as differences (front-coded when they are strings).

mod algebra;
mod compact;
mod model;
mod pq;
#[cfg(test)]
mod tests;

pub(crate) use algebra::product;
pub use model::QuantizedModel;

use crate::params;
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// How item vectors are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A byte per number.
    #[default]
    Int8,
    /// Product quantisation: each byte stands for a part of the vector.
    Pq,
}

/// The form of a [`QuantizedModel`].
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{Als, History, Quantization, Query, Recommender};
/// let data = Interactions::builder(
///     ["ann", "ann", "bob", "bob"],
///     ["tea", "cup", "tea", "mug"],
/// )
/// .build()?;
/// let model = Als::default().factors(8).fit(&data, &Run::seed(7))?;
/// let phone = model.quantize(&Quantization::default(), &Run::default())?;
/// let query = Query::default().history(History::of(["cup"]));
/// assert_eq!(phone.recommend("a visitor", 1, &query)?.len(), 1);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quantization {
    /// How vectors are kept (default int8).
    pub form: Form,
    /// Bytes per item for product quantisation (default 14, 1 to 256; never more than factors).
    pub bytes: usize,
}

impl Default for Quantization {
    fn default() -> Self {
        Self { form: Form::Int8, bytes: 14 }
    }
}

impl Quantization {
    /// Sets [`form`](Self#structfield.form).
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Sets [`bytes`](Self#structfield.bytes).
    #[must_use]
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Checks every parameter against its range.
    ///
    /// # Errors
    /// `invalid_params`, naming the value and the range.
    pub fn check(&self) -> Result<()> {
        params::count("bytes", self.bytes, 1..=256)
    }
}

/// The form by its name, `int8` or `pq`, and the bytes per item.
impl TryFrom<(&str, usize)> for Quantization {
    type Error = Error;

    fn try_from((form, bytes): (&str, usize)) -> Result<Self> {
        let value = serde_json::json!({"form": form, "bytes": bytes});
        Self::try_from(&value)
    }
}

/// The same parameters from named values, for callers of other languages.
impl TryFrom<&serde_json::Value> for Quantization {
    type Error = Error;

    fn try_from(value: &serde_json::Value) -> Result<Self> {
        params::from_json(value)
    }
}

/// What a factor model hands over to be quantised: scores are sums over the `folds` of
/// `count(item)^exponent * item vector . user vector`.
#[derive(Debug, Clone)]
pub struct ServingFactors {
    /// Length of the vectors.
    pub factors: usize,
    /// One vector per item, row after row.
    pub rows: Vec<f32>,
    /// The second moments of the user vectors that are to be expected, `factors` x `factors`; any
    /// multiple of them serves.
    pub moments: Vec<f64>,
    /// How a history becomes user vectors.
    pub fold: Fold,
}

/// How a history becomes the user vectors of [`ServingFactors`].
#[derive(Debug, Clone)]
pub enum Fold {
    /// One vector: the solution `x` of `(gram + sum (alpha w - unobserved) y y^T) x = sum alpha w y`
    /// over the events `(y, w)`.
    LeastSquares {
        /// Symmetric, `factors` x `factors`.
        gram: Vec<f64>,
        /// Confidence per unit of weight.
        alpha: f32,
        /// Confidence that what was not observed is a zero.
        unobserved: f32,
    },
    /// A vector for each term: `matrix * sum of count^inner * y` over the items of the history,
    /// each once; the score of an item has the factor `count^outer`.
    Linear(Vec<Term>),
}

/// One linear part of a score; see [`Fold::Linear`].
#[derive(Debug, Clone)]
pub struct Term {
    /// Symmetric, `factors` x `factors`.
    pub matrix: Vec<f64>,
    /// Exponent of the count of a history's item.
    pub inner: f32,
    /// Exponent of the count of the scored item.
    pub outer: f32,
}

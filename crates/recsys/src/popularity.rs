//! The most popular items, the same for everybody.
//!
//! **What it is.** Items ranked by how many users have them, or by their total weight.
//!
//! **When to choose it.** As the baseline that every other model must beat, and as the last model
//! of a fallback chain.
//!
//! **Cost.** One pass over the interactions; four bytes per item. An update counts: it equals a
//! fresh fit.

use crate::explain::{ExplanationKind, Reasons};
use crate::model::{Model, Taste};
use crate::update::Growth;
use crate::{Catalog, params};
use mercato_core::{Artifact, ArtifactWriter, Column, Error, Interactions, Persist, Result, Run};
use serde::{Deserialize, Serialize};

/// What counts as popular.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// How many users have the item.
    #[default]
    Users,
    /// The sum of the weights of its interactions.
    Weight,
}

/// Hyperparameters of the popularity baseline; see the [module](self).
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{Popularity, Query, Recommender};
/// let data = Interactions::builder([1, 2, 2], ["tea", "tea", "cup"]).build()?;
/// let model = Popularity::default().fit(&data, &Run::default())?;
/// let top = model.recommend(1, 5, &Query::default())?;
/// assert_eq!((&top[0].id, top[0].score), (&"cup".into(), 1.0));
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Popularity {
    /// What counts (default users).
    pub measure: Measure,
}

impl Popularity {
    /// Sets [`measure`](Self#structfield.measure).
    #[must_use]
    pub fn measure(mut self, measure: Measure) -> Self {
        self.measure = measure;
        self
    }

    /// Checks the hyperparameters; there is nothing that can be wrong.
    ///
    /// # Errors
    /// None.
    pub fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Counts.
    ///
    /// # Errors
    /// `not_enough_data` when there are no interactions; `cancelled`, `deadline_exceeded`.
    pub fn fit(&self, data: &Interactions, run: &Run) -> Result<PopularityModel> {
        let catalog = Catalog::of(data)?;
        run.check()?;
        Ok(PopularityModel {
            params: self.clone(),
            scores: self.scores(&catalog).into(),
            catalog,
            fingerprint: data.fingerprint(),
        })
    }
}

impl Popularity {
    fn scores(&self, catalog: &Catalog) -> Vec<f32> {
        match self.measure {
            Measure::Users => catalog.counts().iter().map(|&c| c as f32).collect(),
            Measure::Weight => {
                let mut sums = vec![0.0f64; catalog.items().len()];
                let matrix = catalog.seen();
                for (&item, &weight) in matrix.indices().iter().zip(matrix.values()) {
                    sums[item as usize] += f64::from(weight);
                }
                sums.into_iter().map(|s| s as f32).collect()
            }
        }
    }
}

/// The same hyperparameters from named values, for callers of other languages.
impl TryFrom<&serde_json::Value> for Popularity {
    type Error = Error;

    fn try_from(value: &serde_json::Value) -> Result<Self> {
        params::from_json(value)
    }
}

/// A fitted [`Popularity`] model. Scores are the counts.
#[derive(Debug, Clone)]
pub struct PopularityModel {
    params: Popularity,
    catalog: Catalog,
    scores: Column<f32>,
    fingerprint: String,
}

impl PopularityModel {
    /// The hyperparameters.
    #[must_use]
    pub fn params(&self) -> &Popularity {
        &self.params
    }
}

impl Model for PopularityModel {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn catalog_mut(&mut self) -> &mut Catalog {
        &mut self.catalog
    }

    fn score(&self, _: Taste<'_>, out: &mut [f32]) -> Result<()> {
        out.copy_from_slice(&self.scores);
        Ok(())
    }

    fn score_similar(&self, _: u32, _: &mut [f32]) -> Result<()> {
        Err(Error::unsupported("popularity knows no similar items; use als or item_knn"))
    }

    fn reasons(&self, _: Taste<'_>, item: u32) -> Result<Reasons> {
        let score = self.scores.as_slice().get(item as usize).copied().unwrap_or(0.0);
        Ok(Reasons { kind: ExplanationKind::Popularity, score, parts: Vec::new() })
    }

    /// The counts of all events: what a fresh fit gives.
    fn updated(&self, growth: &Growth, _: &Run) -> Result<Self> {
        Ok(Self {
            params: self.params.clone(),
            catalog: growth.catalog().clone(),
            scores: self.params.scores(growth.catalog()).into(),
            fingerprint: growth.fingerprint(&self.fingerprint),
        })
    }
}

impl Persist for PopularityModel {
    const KIND: &'static str = "popularity";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.params)?;
        w.meta("data", &self.fingerprint)?;
        self.catalog.write(w)?;
        w.column("scores", &self.scores)
    }

    fn read(a: &Artifact) -> Result<Self> {
        let catalog = Catalog::read(a)?;
        Ok(Self {
            params: a.meta_field("params")?,
            scores: a.column_of_len("scores", catalog.items().len())?,
            fingerprint: a.meta_field("data")?,
            catalog,
        })
    }
}

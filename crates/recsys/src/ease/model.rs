//! The fitted model: weights, scores, file.

use super::fit::{penalties, weights};
use super::{Ease, Form};
use crate::explain::{Reasons, events_of};
use crate::linear::{Itself, Ridge};
use crate::model::{Model, Taste};
use crate::update::Growth;
use crate::{Catalog, linear};
use mercato_core::{Artifact, ArtifactWriter, Csr, Error, Interactions, Persist, Result, Run};

/// A fitted [`Ease`] model. Scores may be negative: what somebody has can speak against an item.
#[derive(Debug, Clone)]
pub struct EaseModel {
    params: Ease,
    catalog: Catalog,
    weights: Csr,
    form: Form,
    fingerprint: String,
}

impl EaseModel {
    pub(super) fn fit(params: &Ease, data: &Interactions, run: &Run) -> Result<Self> {
        let catalog = Catalog::of(data)?;
        let (weights, form) = weights(params, data.matrix(), run)?;
        let fingerprint = data.fingerprint();
        Ok(Self { params: params.clone(), catalog, weights, form, fingerprint })
    }

    /// The hyperparameters.
    #[must_use]
    pub fn params(&self) -> &Ease {
        &self.params
    }

    /// How the weights were found: dense or sparse.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// Items x items: what having the item of a row is worth for the item of a column.
    #[must_use]
    pub fn weights(&self) -> &Csr {
        &self.weights
    }
}

impl Model for EaseModel {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn catalog_mut(&mut self) -> &mut Catalog {
        &mut self.catalog
    }

    fn score(&self, taste: Taste<'_>, out: &mut [f32]) -> Result<()> {
        out.fill(0.0);
        match taste {
            Taste::User(user) => {
                let (items, weights) = self.catalog.seen().row(user as usize);
                items
                    .iter()
                    .zip(weights)
                    .for_each(|(&i, &w)| linear::add(&self.weights, i, w, out));
            }
            Taste::History(events) => {
                events.iter().for_each(|&(i, w)| linear::add(&self.weights, i, w, out));
            }
        }
        Ok(())
    }

    /// Likeness is the weight: what having `item` is worth for the others.
    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
        out.fill(0.0);
        linear::add(&self.weights, item, 1.0, out);
        Ok(())
    }

    fn reasons(&self, taste: Taste<'_>, item: u32) -> Result<Reasons> {
        Ok(linear::reasons(&self.weights, events_of(&self.catalog, taste), item))
    }

    /// The weight relative to the largest of its row, so that it ends at 1.
    fn likeness(&self, a: u32, b: u32) -> Option<f32> {
        Some(linear::likeness(&self.weights, a, b))
    }

    fn updated(&self, growth: &Growth, run: &Run) -> Result<Self> {
        let seen = growth.catalog().seen();
        let (_, penalty) = penalties(&self.params, seen, &seen.transpose());
        let neighbors = self.params.neighbors;
        let ridge = Ridge { neighbors, penalty: &penalty, itself: Itself::Excluded };
        let (fresh, memory) = (growth.items_to_learn(), self.params.memory);
        Ok(Self {
            params: self.params.clone(),
            catalog: growth.catalog().clone(),
            weights: linear::grown(&self.weights, growth, fresh, ridge, memory, run)?,
            form: self.form,
            fingerprint: growth.fingerprint(&self.fingerprint),
        })
    }
}

impl Persist for EaseModel {
    const KIND: &'static str = "ease";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.params)?;
        w.meta("form", &self.form)?;
        w.meta("data", &self.fingerprint)?;
        self.catalog.write(w)?;
        self.weights.write(w, "weights")
    }

    fn read(a: &Artifact) -> Result<Self> {
        let catalog = Catalog::read(a)?;
        let n = catalog.items().len();
        let params: Ease = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt(e.message()).caused_by(e))?;
        Ok(Self {
            params,
            form: a.meta_field("form")?,
            weights: Csr::read(a, "weights", n, n)?,
            fingerprint: a.meta_field("data")?,
            catalog,
        })
    }
}

//! The fitted model: neighbours, scores, file.

use super::ItemKnn;
use super::fit::neighbours;
use crate::explain::{Reasons, events_of};
use crate::model::{Model, Taste};
use crate::update::Growth;
use crate::{Catalog, linear};
use mercato_core::{Artifact, ArtifactWriter, Csr, Error, Interactions, Persist, Result, Run};

/// A fitted [`ItemKnn`] model. Items that are no neighbour of anything the user has are not
/// recommended, so lists may be shorter than asked for.
#[derive(Debug, Clone)]
pub struct ItemKnnModel {
    params: ItemKnn,
    catalog: Catalog,
    neighbours: Csr,
    fingerprint: String,
}

impl ItemKnnModel {
    pub(super) fn fit(params: &ItemKnn, data: &Interactions, run: &Run) -> Result<Self> {
        Ok(Self {
            params: params.clone(),
            catalog: Catalog::of(data)?,
            neighbours: neighbours(params, data.matrix(), run)?,
            fingerprint: data.fingerprint(),
        })
    }

    /// The hyperparameters.
    #[must_use]
    pub fn params(&self) -> &ItemKnn {
        &self.params
    }

    /// Items x items: the neighbours of each item and how alike they are.
    #[must_use]
    pub fn neighbors(&self) -> &Csr {
        &self.neighbours
    }
}

impl Model for ItemKnnModel {
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
                    .for_each(|(&i, &w)| linear::add(&self.neighbours, i, w, out));
            }
            Taste::History(events) => {
                events.iter().for_each(|&(i, w)| linear::add(&self.neighbours, i, w, out));
            }
        }
        linear::leave_out_zeros(out);
        Ok(())
    }

    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
        out.fill(0.0);
        linear::add(&self.neighbours, item, 1.0, out);
        linear::leave_out_zeros(out);
        Ok(())
    }

    fn reasons(&self, taste: Taste<'_>, item: u32) -> Result<Reasons> {
        Ok(linear::reasons(&self.neighbours, events_of(&self.catalog, taste), item))
    }

    /// Relative to the nearest neighbour, so that all similarities end at 1.
    fn likeness(&self, a: u32, b: u32) -> Option<f32> {
        Some(linear::likeness(&self.neighbours, a, b))
    }

    fn updated(&self, growth: &Growth, run: &Run) -> Result<Self> {
        Ok(Self {
            params: self.params.clone(),
            catalog: growth.catalog().clone(),
            neighbours: super::update::neighbours(&self.params, &self.neighbours, growth, run)?,
            fingerprint: growth.fingerprint(&self.fingerprint),
        })
    }
}

impl Persist for ItemKnnModel {
    const KIND: &'static str = "item_knn";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.params)?;
        w.meta("data", &self.fingerprint)?;
        self.catalog.write(w)?;
        self.neighbours.write(w, "neighbors")
    }

    fn read(a: &Artifact) -> Result<Self> {
        let catalog = Catalog::read(a)?;
        let n = catalog.items().len();
        let params: ItemKnn = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt(e.message()).caused_by(e))?;
        Ok(Self {
            params,
            neighbours: Csr::read(a, "neighbors", n, n)?,
            fingerprint: a.meta_field("data")?,
            catalog,
        })
    }
}

//! The fitted model: neighbours, scores, file.

use super::ItemKnn;
use super::fit::neighbours;
use crate::Catalog;
use crate::explain::{ExplanationKind, Reasons, events_of};
use crate::model::{Model, Taste};
use crate::update::Growth;
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

    /// How alike `to` is to `from`; 0 when it is no neighbour.
    fn similarity(&self, from: u32, to: u32) -> f32 {
        let (items, similarities) = self.neighbours.row(from as usize);
        let at = items.binary_search(&to).ok();
        at.and_then(|k| similarities.get(k)).copied().unwrap_or(0.0)
    }

    /// Adds `weight` times the neighbours of `item` to `out`.
    fn add(&self, item: u32, weight: f32, out: &mut [f32]) {
        let (items, similarities) = self.neighbours.row(item as usize);
        for (&j, &s) in items.iter().zip(similarities) {
            // A damaged file may name items that do not exist.
            if let Some(score) = out.get_mut(j as usize) {
                *score += weight * s;
            }
        }
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
                items.iter().zip(weights).for_each(|(&i, &w)| self.add(i, w, out));
            }
            Taste::History(events) => events.iter().for_each(|&(i, w)| self.add(i, w, out)),
        }
        leave_out_zeros(out);
        Ok(())
    }

    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
        out.fill(0.0);
        self.add(item, 1.0, out);
        leave_out_zeros(out);
        Ok(())
    }

    fn reasons(&self, taste: Taste<'_>, item: u32) -> Result<Reasons> {
        let part = |(event, weight)| (event, weight, weight * self.similarity(event, item));
        let parts: Vec<_> = events_of(&self.catalog, taste).into_iter().map(part).collect();
        let score = parts.iter().map(|p| p.2).sum();
        Ok(Reasons { kind: ExplanationKind::Exact, score, parts })
    }

    /// Relative to the nearest neighbour, so that all similarities end at 1.
    fn likeness(&self, a: u32, b: u32) -> Option<f32> {
        let relative = |from: u32, to: u32| {
            let largest =
                self.neighbours.row(from as usize).1.iter().fold(0.0f32, |m, &s| m.max(s));
            if largest > 0.0 { self.similarity(from, to) / largest } else { 0.0 }
        };
        Some(if a == b { 1.0 } else { relative(a, b).max(relative(b, a)) })
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

fn leave_out_zeros(scores: &mut [f32]) {
    for s in scores {
        *s = if *s > 0.0 { *s } else { f32::NEG_INFINITY };
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

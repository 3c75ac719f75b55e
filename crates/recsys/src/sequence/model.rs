//! The fitted model: weights, histories, file.

use super::SequenceLinear;
use super::fit::{histories, weights};
use crate::explain::Reasons;
use crate::linear::{Itself, Ridge};
use crate::model::{Model, Taste};
use crate::update::Growth;
use crate::{Catalog, linear};
use mercato_core::{Artifact, ArtifactWriter, Csr, Error, Interactions, Persist, Result, Run};

/// A fitted [`SequenceLinear`] model. Scores may be negative: what somebody has can speak against an
/// item.
#[derive(Debug, Clone)]
pub struct SequenceLinearModel {
    params: SequenceLinear,
    catalog: Catalog,
    weights: Csr,
    /// Users x items: what recency leaves of their events.
    histories: Csr,
    fingerprint: String,
}

impl SequenceLinearModel {
    pub(super) fn fit(params: &SequenceLinear, data: &Interactions, run: &Run) -> Result<Self> {
        Ok(Self {
            params: params.clone(),
            catalog: Catalog::of(data)?,
            weights: weights(params, data, run)?,
            histories: histories(params.decay, data)?,
            fingerprint: data.fingerprint(),
        })
    }

    /// The hyperparameters.
    #[must_use]
    pub fn params(&self) -> &SequenceLinear {
        &self.params
    }

    /// Items x items: what having just had the item of a row is worth for the item of a column.
    #[must_use]
    pub fn weights(&self) -> &Csr {
        &self.weights
    }

    /// Gives `take` every event of a taste with what recency leaves of its weight.
    fn damped(&self, taste: Taste<'_>, mut take: impl FnMut(u32, f32)) {
        match taste {
            Taste::User(user) => {
                let (items, weights) = self.histories.row(user as usize);
                items.iter().zip(weights).for_each(|(&i, &w)| take(i, w));
            }
            Taste::History(events) => {
                let mut left = 1.0f32;
                for &(i, w) in events.iter().rev() {
                    take(i, left * w);
                    left *= self.params.decay;
                }
            }
        }
    }
}

impl Model for SequenceLinearModel {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn catalog_mut(&mut self) -> &mut Catalog {
        &mut self.catalog
    }

    fn score(&self, taste: Taste<'_>, out: &mut [f32]) -> Result<()> {
        out.fill(0.0);
        self.damped(taste, |i, w| linear::add(&self.weights, i, w, out));
        Ok(())
    }

    /// Likeness is the weight: what having had `item` last is worth for the others.
    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
        out.fill(0.0);
        linear::add(&self.weights, item, 1.0, out);
        Ok(())
    }

    fn reasons(&self, taste: Taste<'_>, item: u32) -> Result<Reasons> {
        let mut events = Vec::new();
        self.damped(taste, |i, w| events.push((i, w)));
        Ok(linear::reasons(&self.weights, events, item))
    }

    /// The weight relative to the largest of its row, so that it ends at 1.
    fn likeness(&self, a: u32, b: u32) -> Option<f32> {
        Some(linear::likeness(&self.weights, a, b))
    }

    /// New events follow the old ones of their users. Weights between known items stay; new items
    /// get those of what goes together.
    fn updated(&self, growth: &Growth, run: &Run) -> Result<Self> {
        let p = &self.params;
        let added = growth.added();
        let penalty = vec![p.regularization; added.n_items()];
        let ridge = Ridge { neighbors: p.neighbors, penalty: &penalty, itself: Itself::Excluded };
        let new = growth.new_items();
        let left = |user| p.decay.powi(added.events(user).map_or(0, |e| e.items.len()) as i32);
        let histories = histories(p.decay, added)?;
        Ok(Self {
            params: p.clone(),
            catalog: growth.catalog().clone(),
            weights: linear::grown(&self.weights, growth, &new, ridge, p.memory, run)?,
            histories: linear::continued(&self.histories, &histories, left)?,
            fingerprint: growth.fingerprint(&self.fingerprint),
        })
    }
}

impl Persist for SequenceLinearModel {
    const KIND: &'static str = "sequence_linear";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.params)?;
        w.meta("data", &self.fingerprint)?;
        self.catalog.write(w)?;
        self.weights.write(w, "weights")?;
        self.histories.write(w, "histories")
    }

    fn read(a: &Artifact) -> Result<Self> {
        let catalog = Catalog::read(a)?;
        let (users, items) = (catalog.users().len(), catalog.items().len());
        let params: SequenceLinear = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt(e.message()).caused_by(e))?;
        Ok(Self {
            params,
            weights: Csr::read(a, "weights", items, items)?,
            histories: Csr::read(a, "histories", users, items)?,
            fingerprint: a.meta_field("data")?,
            catalog,
        })
    }
}

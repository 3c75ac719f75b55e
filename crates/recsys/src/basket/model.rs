//! The fitted model: the three parts, scores, file.

use super::RepeatBasket;
use super::fit::{Parts, baskets, histories, parts};
use crate::explain::{ExplanationKind, Reasons};
use crate::linear::{Itself, Ridge};
use crate::model::{Model, Taste};
use crate::update::Growth;
use crate::{Catalog, linear};
use mercato_core::{
    Artifact, ArtifactWriter, Column, Csr, Error, Interactions, Persist, Result, Run,
};

/// A fitted [`RepeatBasket`] model. Ask it with
/// [`Query::include_seen`](crate::Query::include_seen), or it leaves out what people buy again.
#[derive(Debug, Clone)]
pub struct RepeatBasketModel {
    params: RepeatBasket,
    catalog: Catalog,
    weights: Csr,
    histories: Csr,
    recent: Column<f32>,
    fingerprint: String,
}

impl RepeatBasketModel {
    pub(super) fn fit(params: &RepeatBasket, data: &Interactions, run: &Run) -> Result<Self> {
        let catalog = Catalog::of(data)?;
        let Parts { weights, histories, recent } = parts(params, data, run)?;
        Ok(Self {
            params: params.clone(),
            catalog,
            weights,
            histories,
            recent: recent.into(),
            fingerprint: data.fingerprint(),
        })
    }

    /// The hyperparameters.
    #[must_use]
    pub fn params(&self) -> &RepeatBasket {
        &self.params
    }

    /// Items x items: what a purchase of the item of a row is worth for the item of a column in the
    /// next basket.
    #[must_use]
    pub fn weights(&self) -> &Csr {
        &self.weights
    }

    /// Gives `take` every item of a taste with its damped weight; a history of a request has no
    /// baskets, and its weights count as they are.
    fn damped(&self, taste: Taste<'_>, mut take: impl FnMut(u32, f32)) {
        match taste {
            Taste::User(user) => {
                let (items, weights) = self.histories.row(user as usize);
                items.iter().zip(weights).for_each(|(&i, &w)| take(i, w));
            }
            Taste::History(events) => events.iter().for_each(|&(i, w)| take(i, w)),
        }
    }
}

impl Model for RepeatBasketModel {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn catalog_mut(&mut self) -> &mut Catalog {
        &mut self.catalog
    }

    fn score(&self, taste: Taste<'_>, out: &mut [f32]) -> Result<()> {
        let RepeatBasket { personal, transitions, popularity, .. } = self.params;
        for (o, r) in out.iter_mut().zip(self.recent.as_slice()) {
            *o = popularity * r;
        }
        self.damped(taste, |i, w| {
            linear::add(&self.weights, i, transitions * w, out);
            if let Some(own) = out.get_mut(i as usize) {
                *own += personal * w;
            }
        });
        linear::leave_out_zeros(out);
        Ok(())
    }

    /// Likeness is the weight: what a purchase of `item` is worth for the others.
    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
        out.fill(0.0);
        linear::add(&self.weights, item, 1.0, out);
        linear::leave_out_zeros(out);
        Ok(())
    }

    fn reasons(&self, taste: Taste<'_>, item: u32) -> Result<Reasons> {
        let RepeatBasket { personal, transitions, popularity, .. } = self.params;
        let mut parts = Vec::new();
        self.damped(taste, |i, w| {
            let again = if i == item { personal * w } else { 0.0 };
            parts.push((i, w, transitions * w * linear::weight(&self.weights, i, item) + again));
        });
        let recent = self.recent.get(item as usize).copied().unwrap_or(0.0);
        let score = popularity * recent + parts.iter().map(|p| p.2).sum::<f32>();
        Ok(Reasons { kind: ExplanationKind::Exact, score, parts })
    }

    /// The weight relative to the largest of its row, so that it ends at 1.
    fn likeness(&self, a: u32, b: u32) -> Option<f32> {
        Some(linear::likeness(&self.weights, a, b))
    }

    /// New baskets follow the old ones of their users. Weights between known items stay; new items
    /// get those of what goes together.
    fn updated(&self, growth: &Growth, run: &Run) -> Result<Self> {
        let p = &self.params;
        let added = growth.added();
        let penalty = vec![p.regularization; added.n_items()];
        let ridge = Ridge { neighbors: p.neighbors, penalty: &penalty, itself: Itself::Excluded };
        let new = growth.new_items();
        let left = |user| p.decay.powi(added.events(user).map_or(0, |e| baskets(&e).len()) as i32);
        let (histories, mut recent) = histories(p, added)?;
        let (before, now) = (growth.known_users() as f32, added.n_users().max(1) as f32);
        recent.iter_mut().for_each(|r| *r /= now);
        for (r, old) in recent.iter_mut().zip(self.recent.as_slice()) {
            *r += old * (before / now);
        }
        Ok(Self {
            params: p.clone(),
            catalog: growth.catalog().clone(),
            weights: linear::grown(&self.weights, growth, &new, ridge, p.memory, run)?,
            histories: linear::continued(&self.histories, &histories, left)?,
            recent: recent.into(),
            fingerprint: growth.fingerprint(&self.fingerprint),
        })
    }
}

impl Persist for RepeatBasketModel {
    const KIND: &'static str = "repeat_basket";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.params)?;
        w.meta("data", &self.fingerprint)?;
        self.catalog.write(w)?;
        self.weights.write(w, "weights")?;
        self.histories.write(w, "histories")?;
        w.column("recent", &self.recent)
    }

    fn read(a: &Artifact) -> Result<Self> {
        let catalog = Catalog::read(a)?;
        let (users, items) = (catalog.users().len(), catalog.items().len());
        let params: RepeatBasket = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt(e.message()).caused_by(e))?;
        Ok(Self {
            params,
            weights: Csr::read(a, "weights", items, items)?,
            histories: Csr::read(a, "histories", users, items)?,
            recent: a.column_of_len("recent", items)?,
            fingerprint: a.meta_field("data")?,
            catalog,
        })
    }
}

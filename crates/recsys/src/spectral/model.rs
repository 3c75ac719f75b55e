//! The fitted filter: serving and file.

use super::Spectral;
use super::fit::{Filter, filter};
use crate::Catalog;
use crate::explain::Reasons;
use crate::kernels::{self, LANE, Lane, Level};
use crate::model::{Candidates, Model, Scratch, Taste, select};
use crate::quantized::ServingFactors;
use crate::update::Growth;
use mercato_core::{Artifact, ArtifactWriter, Column, Error, Interactions, Persist, Result, Run};

/// A fitted [`Spectral`] model.
#[derive(Debug, Clone)]
pub struct SpectralModel {
    pub(super) params: Spectral,
    pub(super) catalog: Catalog,
    /// Users of every item: `users[starts[i]..starts[i + 1]]`.
    pub(super) starts: Column<u64>,
    pub(super) users: Column<u32>,
    pub(super) user_scale: Column<f32>,
    pub(super) item_scale: Column<f32>,
    /// The smooth directions: `width` codes per item, each times the item's `code_scale`.
    pub(super) codes: Column<i8>,
    pub(super) code_scale: Column<f32>,
    pub(super) width: usize,
    pub(super) seed: u64,
    pub(super) fingerprint: String,
}

impl SpectralModel {
    pub(super) fn fit(params: &Spectral, data: &Interactions, run: &Run) -> Result<Self> {
        let catalog = Catalog::of(data)?;
        let by_item = data.matrix().transpose();
        let Filter { user_scale, item_scale, basis, width } =
            filter(params, data.matrix(), &by_item, run)?;
        let mut codes = vec![0; data.n_items() * width];
        let mut code_scale = vec![0.0; data.n_items()];
        let rows = kernels::flat(&basis).chunks_exact(width).zip(codes.chunks_exact_mut(width));
        for ((row, codes), scale) in rows.zip(&mut code_scale) {
            *scale = quantise(row, codes);
        }
        Ok(Self {
            params: params.clone(),
            catalog,
            starts: by_item.indptr().to_vec().into(),
            users: by_item.indices().to_vec().into(),
            user_scale: user_scale.into(),
            item_scale: item_scale.into(),
            codes: codes.into(),
            code_scale: code_scale.into(),
            width,
            seed: run.seed_value(),
            fingerprint: data.fingerprint(),
        })
    }

    /// The hyperparameters.
    #[must_use]
    pub fn params(&self) -> &Spectral {
        &self.params
    }

    /// Both filters, and between them a look at the clock.
    fn filtered(
        &self,
        walk: &mut Walk,
        out: &mut [f32],
        check: impl Fn() -> Result<()>,
    ) -> Result<()> {
        out.fill(0.0);
        self.low_pass(walk, out);
        check()?;
        self.walk(walk, out, check)
    }

    /// Puts the items of a taste into `walk`, ascending, each once.
    fn items_of(&self, taste: Taste<'_>, walk: &mut Walk) {
        walk.items.clear();
        match taste {
            Taste::User(user) => {
                walk.items.extend_from_slice(self.catalog.seen().row(user as usize).0);
            }
            Taste::History(events) => {
                walk.items.extend(events.iter().map(|e| e.0));
                walk.items.sort_unstable();
                walk.items.dedup();
            }
        }
    }

    /// `out = alpha * E^-1 Q Q^T E` applied to the items, `E` the scale of items.
    fn low_pass(&self, walk: &mut Walk, out: &mut [f32]) {
        let Walk { items, smooth: v, .. } = walk;
        let (codes, scales) = (self.codes.as_slice(), self.code_scale.as_slice());
        let item_scale = self.item_scale.as_slice();
        v.clear();
        v.resize(self.width / LANE, Lane::ZERO);
        for &item in items.iter() {
            let i = item as usize;
            let Some(row) = codes.get(i * self.width..(i + 1) * self.width) else { continue };
            let weight = self.params.alpha * scales[i] * item_scale[i];
            kernels::flat_mut(v).iter_mut().zip(row).for_each(|(v, &c)| {
                *v += weight * f32::from(c);
            });
        }
        kernels::add_scores(Level::detect(), codes, scales, v, out);
        out.iter_mut().zip(item_scale).for_each(|(o, s)| *o /= s);
    }

    /// Adds the walk from the items to their users and back.
    fn walk(&self, walk: &mut Walk, out: &mut [f32], check: impl Fn() -> Result<()>) -> Result<()> {
        let Walk { items, reached, touched, .. } = walk;
        let (starts, users) = (self.starts.as_slice(), self.users.as_slice());
        let (user_scale, item_scale) = (self.user_scale.as_slice(), self.item_scale.as_slice());
        let seen = self.catalog.seen();
        reached.clear();
        reached.resize(user_scale.len(), 0.0);
        touched.clear();
        for &item in items.iter() {
            let i = item as usize;
            let (Some(&from), Some(&to)) = (starts.get(i), starts.get(i + 1)) else { continue };
            let weight = item_scale.get(i).copied().unwrap_or(0.0);
            // An opened file may be damaged: every number is checked.
            for &user in users.get(from as usize..to as usize).unwrap_or(&[]) {
                if let Some(sum) = reached.get_mut(user as usize) {
                    if *sum == 0.0 {
                        touched.push(user);
                    }
                    *sum += weight;
                }
            }
        }
        for part in touched.chunks(LOOK_EVERY) {
            check()?;
            for &user in part {
                let u = user as usize;
                let weight = reached[u] * user_scale[u] * user_scale[u];
                for &j in seen.row(u).0 {
                    let (o, s) = (out.get_mut(j as usize), item_scale.get(j as usize));
                    if let (Some(o), Some(s)) = (o, s) {
                        *o += weight * s;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Users of the walk between two looks at the clock.
const LOOK_EVERY: usize = 256;

/// Working memory of a request.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    items: Vec<u32>,
    smooth: Vec<Lane>,
    /// How much of the walk reached each user.
    reached: Vec<f32>,
    touched: Vec<u32>,
}

/// The codes of a row, 8 bits each; gives what one step of a code is worth.
pub(super) fn quantise(row: &[f32], codes: &mut [i8]) -> f32 {
    let largest = row.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    let scale = largest / 127.0;
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    codes.iter_mut().zip(row).for_each(|(c, v)| *c = (v * inverse).round() as i8);
    scale
}

impl Model for SpectralModel {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn catalog_mut(&mut self) -> &mut Catalog {
        &mut self.catalog
    }

    fn score(&self, taste: Taste<'_>, out: &mut [f32]) -> Result<()> {
        let mut walk = Walk::default();
        self.items_of(taste, &mut walk);
        self.filtered(&mut walk, out, || Ok(()))
    }

    /// Likeness is the score for somebody who has only that item.
    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
        self.score(Taste::History(&[(item, 1.0)]), out)
    }

    fn top(
        &self,
        taste: Taste<'_>,
        n: usize,
        among: Candidates<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        scratch.check()?;
        let mut walk = std::mem::take(&mut scratch.walk);
        let mut scores = std::mem::take(&mut scratch.scores);
        scores.clear();
        scores.resize(self.catalog.items().len(), 0.0);
        self.items_of(taste, &mut walk);
        let done = self.filtered(&mut walk, &mut scores, || scratch.check());
        select(&scores, n, among, &mut scratch.top, out);
        (scratch.walk, scratch.scores) = (walk, scores);
        done
    }

    fn reasons(&self, taste: Taste<'_>, item: u32) -> Result<Reasons> {
        Ok(self.contributions(taste, item))
    }

    fn likeness(&self, a: u32, b: u32) -> Option<f32> {
        Some(self.cosine(a, b))
    }

    fn serving_factors(&self, run: &Run) -> Result<ServingFactors> {
        super::update::serving_factors(self, run)
    }

    fn updated(&self, growth: &Growth, run: &Run) -> Result<Self> {
        super::update::update(self, growth, run)
    }
}

impl Persist for SpectralModel {
    const KIND: &'static str = "spectral";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.params)?;
        w.meta("width", &self.width)?;
        w.meta("seed", &self.seed)?;
        w.meta("data", &self.fingerprint)?;
        self.catalog.write(w)?;
        w.column("item_users.indptr", &self.starts)?;
        w.column("item_users.indices", &self.users)?;
        w.column("user_scale", &self.user_scale)?;
        w.column("item_scale", &self.item_scale)?;
        w.column("codes", &self.codes)?;
        w.column("code_scale", &self.code_scale)
    }

    fn read(a: &Artifact) -> Result<Self> {
        let catalog = Catalog::read(a)?;
        let params: Spectral = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt(e.message()).caused_by(e))?;
        let (users, items) = (catalog.users().len(), catalog.items().len());
        let width: usize = a.meta_field("width")?;
        let codes = items
            .checked_mul(width)
            .filter(|_| width > 0 && width.is_multiple_of(LANE))
            .ok_or_else(|| Error::corrupt(format!("the width of the codes is {width}")))?;
        Ok(Self {
            starts: a.column_of_len("item_users.indptr", items + 1)?,
            users: a.column("item_users.indices")?,
            user_scale: a.column_of_len("user_scale", users)?,
            item_scale: a.column_of_len("item_scale", items)?,
            codes: a.column_of_len("codes", codes)?,
            code_scale: a.column_of_len("code_scale", items)?,
            width,
            seed: a.meta_field("seed")?,
            fingerprint: a.meta_field("data")?,
            params,
            catalog,
        })
    }
}

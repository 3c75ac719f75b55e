//! The fitted model: vectors, serving, fold-in, file.

use super::Als;
use super::fit::{Factors, factorize, not_positive_definite, regularized_gram};
use crate::Catalog;
use crate::explain::Reasons;
use crate::kernels::{self, Events, LANE, Lane, Level};
use crate::model::{Candidates, Model, Scratch, Taste};
use crate::quantized::{Fold, ServingFactors};
use crate::update::Growth;
use mercato_core::{
    Artifact, ArtifactWriter, Bitmap, Error, Interactions, Persist, Result, Run, Vectors,
};
use mercato_index::Scan;
use mercato_index::kernels::{Isa, dot};
use std::cell::RefCell;

/// A fitted [`Als`] model: a vector per user and item. Immutable; share it between threads.
///
/// Scores are inner products, near 1 for items much like what the user has, near 0 for others.
#[derive(Debug, Clone)]
pub struct AlsModel {
    pub(super) params: Als,
    pub(super) catalog: Catalog,
    pub(super) users: Vectors,
    pub(super) items: Vectors,
    scan: Scan,
    /// `unobserved_weight * Y^T Y + regularization * I`, padded to whole lanes.
    pub(super) gram: Vec<Lane>,
    /// Seed and data of the fit, for the file.
    pub(super) seed: u64,
    pub(super) fingerprint: String,
}

impl AlsModel {
    pub(super) fn fit(params: &Als, data: &Interactions, run: &Run) -> Result<Self> {
        let catalog = Catalog::of(data)?;
        let by_item = data.matrix().transpose();
        let factors = factorize(params, data.matrix(), &by_item, run)?;
        drop(by_item);
        Self::of(params, catalog, factors, run.seed_value(), data.fingerprint(), run)
    }

    /// The model of learned factors.
    pub(super) fn of(
        params: &Als,
        catalog: Catalog,
        factors: Factors,
        seed: u64,
        fingerprint: String,
        run: &Run,
    ) -> Result<Self> {
        let Factors { users, items } = factors;
        let n = kernels::lanes(params.factors);
        let mut gram = vec![Lane::ZERO; n * n * LANE];
        run.install(|| regularized_gram(Level::detect(), params, &items, n, &mut gram))?;
        let users = compact(users, params.factors)?;
        let items = compact(items, params.factors)?;
        let scan = Scan::build(items.as_slice(), params.factors, run)?;
        Ok(Self { params: params.clone(), catalog, users, items, scan, gram, seed, fingerprint })
    }

    /// The hyperparameters.
    #[must_use]
    pub fn params(&self) -> &Als {
        &self.params
    }

    /// One vector per user, in the dense order of the catalog's users.
    #[must_use]
    pub fn user_factors(&self) -> &Vectors {
        &self.users
    }

    /// One vector per item, in the dense order of the catalog's items.
    #[must_use]
    pub fn item_factors(&self) -> &Vectors {
        &self.items
    }

    /// Solves for the vector of a history, which may name an item more than once.
    fn solve(&self, events: &[(u32, f32)], out: &mut Vec<f32>) -> Result<()> {
        let f = self.params.factors;
        let n = kernels::lanes(f);
        FOLDING.with_borrow_mut(|Folding { merged, rows, weight, a, x }| {
            merged.clear();
            // An opened file may be damaged: items beyond the last one are dropped.
            merged.extend(events.iter().filter(|e| (e.0 as usize) < self.items.len()));
            merged.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            merged.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                if same {
                    kept.1 += next.1;
                }
                same
            });
            rows.clear();
            rows.resize(n * merged.len(), Lane::ZERO);
            let targets = kernels::flat_mut(rows).chunks_exact_mut(n * LANE);
            for (row, &(item, _)) in targets.zip(merged.iter()) {
                row[..f].copy_from_slice(self.items.row(item as usize));
            }
            weight.clear();
            weight.extend(merged.iter().map(|e| e.1));
            let events = Events {
                index: &[],
                weight,
                alpha: self.params.alpha,
                unobserved: self.params.unobserved_weight,
            };
            a.resize(self.gram.len(), Lane::ZERO);
            x.clear();
            x.resize(n, Lane::ZERO);
            if !kernels::cholesky(Level::detect(), &self.gram, rows, n, events, a, x) {
                return Err(not_positive_definite());
            }
            out.clear();
            out.extend_from_slice(&kernels::flat(x)[..f]);
            Ok(())
        })
    }

    /// The vector of a taste: learned, or folded in into `folded`.
    pub(super) fn vector<'a>(
        &'a self,
        taste: Taste<'_>,
        folded: &'a mut Vec<f32>,
    ) -> Result<&'a [f32]> {
        match taste {
            Taste::User(user) if (user as usize) < self.users.len() => {
                Ok(self.users.row(user as usize))
            }
            Taste::User(user) => Err(Error::unknown_id(format!("unknown user number {user}"))),
            Taste::History(events) => {
                self.solve(events, folded)?;
                Ok(folded)
            }
        }
    }
}

thread_local! {
    static FOLDING: RefCell<Folding> = RefCell::default();
}

/// Working memory of a fold-in, used again by every one of a thread.
#[derive(Default)]
struct Folding {
    merged: Vec<(u32, f32)>,
    rows: Vec<Lane>,
    weight: Vec<f32>,
    a: Vec<Lane>,
    x: Vec<Lane>,
}

/// Drops the padding of rows.
fn compact(lanes: Vec<Lane>, factors: usize) -> Result<Vectors> {
    let stride = kernels::lanes(factors) * LANE;
    let rows = kernels::flat(&lanes).chunks_exact(stride);
    let mut data = Vec::with_capacity(rows.len() * factors);
    rows.for_each(|row| data.extend_from_slice(&row[..factors]));
    drop(lanes);
    Vectors::new(data, factors)
}

impl Model for AlsModel {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The exact solution for the learned items.
    fn fold(&self, events: &[(u32, f32)]) -> Result<Vec<f32>> {
        let mut values = Vec::new();
        self.solve(events, &mut values)?;
        Ok(values)
    }

    fn top_vector(
        &self,
        vector: &[f32],
        n: usize,
        among: Candidates<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        let Candidates { allow, exclude } = among;
        self.scan.top_k(self.items.as_slice(), vector, n, allow, exclude, &mut scratch.scan, out)
    }

    fn serving_factors(&self, run: &Run) -> Result<ServingFactors> {
        let f = self.params.factors;
        let mut moments = vec![0.0; f * f];
        for row in self.users.as_slice().chunks_exact(f) {
            for (i, &x) in row.iter().enumerate() {
                let out = &mut moments[i * f..(i + 1) * f];
                out.iter_mut().zip(row).for_each(|(m, &y)| *m += f64::from(x) * f64::from(y));
            }
        }
        run.check()?;
        let stride = kernels::lanes(f) * LANE;
        let gram = kernels::flat(&self.gram).chunks_exact(stride).take(f);
        let gram = gram.flat_map(|row| row[..f].iter().map(|&v| f64::from(v))).collect();
        let fold = Fold::LeastSquares {
            gram,
            alpha: self.params.alpha,
            unobserved: self.params.unobserved_weight,
        };
        Ok(ServingFactors { factors: f, rows: self.items.as_slice().to_vec(), moments, fold })
    }

    fn updated(&self, growth: &Growth, run: &Run) -> Result<Self> {
        super::update::update(self, growth, run)
    }

    fn catalog_mut(&mut self) -> &mut Catalog {
        &mut self.catalog
    }

    fn score(&self, taste: Taste<'_>, out: &mut [f32]) -> Result<()> {
        let mut folded = Vec::new();
        let x = self.vector(taste, &mut folded)?;
        let isa = Isa::best();
        for (s, row) in out.iter_mut().zip(self.items.as_slice().chunks_exact(self.items.dim())) {
            *s = dot(isa, x, row);
        }
        Ok(())
    }

    /// Likeness is the cosine of the vectors.
    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
        let isa = Isa::best();
        let x = self.items.row(item as usize);
        let norm = dot(isa, x, x).sqrt();
        for (s, row) in out.iter_mut().zip(self.items.as_slice().chunks_exact(self.items.dim())) {
            let product = norm * dot(isa, row, row).sqrt();
            *s = if product > 0.0 { dot(isa, x, row) / product } else { 0.0 };
        }
        Ok(())
    }

    fn reasons(&self, taste: Taste<'_>, item: u32) -> Result<Reasons> {
        self.contributions(taste, item)
    }

    fn likeness(&self, a: u32, b: u32) -> Option<f32> {
        let isa = Isa::best();
        let (a, b) = (self.items.row(a as usize), self.items.row(b as usize));
        let product = dot(isa, a, a).sqrt() * dot(isa, b, b).sqrt();
        Some(if product > 0.0 { dot(isa, a, b) / product } else { 0.0 })
    }

    fn top(
        &self,
        taste: Taste<'_>,
        n: usize,
        among: Candidates<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        let Scratch { scan, vector, .. } = scratch;
        let x = self.vector(taste, vector)?;
        self.scan.top_k(self.items.as_slice(), x, n, among.allow, among.exclude, scan, out)
    }

    fn top_batch<'a>(
        &self,
        users: &[u32],
        n: usize,
        allow: Option<&Bitmap>,
        exclude: &(dyn Fn(usize) -> &'a [u32] + Sync),
        run: &Run,
        items: &mut [u32],
        scores: &mut [f32],
    ) -> Result<()> {
        let everybody = users.len() == self.users.len()
            && users.iter().enumerate().all(|(i, &u)| i == u as usize);
        let gathered: Vec<f32>;
        let queries = if everybody {
            self.users.as_slice()
        } else {
            let mut rows = Vec::with_capacity(users.len() * self.params.factors);
            for &u in users {
                rows.extend_from_slice(self.vector(Taste::User(u), &mut Vec::new())?);
            }
            gathered = rows;
            &gathered
        };
        let rows = self.items.as_slice();
        self.scan.top_k_batch(rows, queries, n, allow, exclude, run, items, scores)
    }
}

impl Persist for AlsModel {
    const KIND: &'static str = "als";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.params)?;
        w.meta("seed", &self.seed)?;
        w.meta("data", &self.fingerprint)?;
        self.catalog.write(w)?;
        w.column("user_factors", self.users.as_slice())?;
        w.column("item_factors", self.items.as_slice())?;
        w.column("gram", kernels::flat(&self.gram))?;
        self.scan.write(w, "item_codes")
    }

    fn read(a: &Artifact) -> Result<Self> {
        let params: Als = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt(e.message()).caused_by(e))?;
        let catalog = Catalog::read(a)?;
        let f = params.factors;
        let factors = |name: &str, rows: usize| {
            let len = rows
                .checked_mul(f)
                .ok_or_else(|| Error::corrupt(format!("{rows} rows are too many")))?;
            Vectors::from_column(a.column_of_len(name, len)?, f)
        };
        let n = kernels::lanes(f);
        let stored = a.column_of_len::<f32>("gram", n * n * LANE * LANE)?;
        let mut gram = vec![Lane::ZERO; n * n * LANE];
        kernels::flat_mut(&mut gram).copy_from_slice(&stored);
        Ok(Self {
            users: factors("user_factors", catalog.users().len())?,
            items: factors("item_factors", catalog.items().len())?,
            scan: Scan::read(a, "item_codes", catalog.items().len(), f)?,
            gram,
            seed: a.meta_field("seed")?,
            fingerprint: a.meta_field("data")?,
            params,
            catalog,
        })
    }
}

//! The compact model: making it, serving, file.

use super::compact::{half_up, read_counts, read_ids, whole, write_counts, write_ids};
use super::pq::{self, Space, WORDS};
use super::{Fold, Form, Quantization, ServingFactors};
use crate::Catalog;
use crate::kernels::{self, Events, LANE, Lane, Level};
use crate::model::{Candidates, Model, Scratch, Taste, select, top_by_scores};
use mercato_core::{
    Artifact, ArtifactWriter, Column, Error, ErrorCode, IdColumn, IdMap, IdRef, ItemAttributes,
    Persist, Result, Run,
};
use std::borrow::Cow;
use std::sync::Arc;

/// A factor model in a few bytes per item, which ranks for histories; see
/// [`quantized`](super). Made by [`Recommender::quantize`](crate::Recommender::quantize). It knows
/// no users: whoever asks comes with a history, and an empty one is answered with what is popular.
#[derive(Debug, Clone)]
pub struct QuantizedModel {
    params: Quantization,
    factors: usize,
    catalog: Catalog,
    rows: Rows,
    fold: Folding,
    /// For each user vector, what scores of items are multiplied with.
    multipliers: Vec<Vec<f32>>,
}

/// The item vectors.
#[derive(Debug, Clone)]
enum Rows {
    /// Whole lanes of codes per item, and what a step is worth, in 16 bits.
    Int8 { codes: Column<i8>, steps: Column<u16> },
    /// A byte per item and part, and the words of each part.
    Pq { codes: Column<u8>, book: Column<u16>, words: Vec<f32>, starts: Vec<usize> },
}

/// [`Fold`] for the stored space, matrices with rows of whole lanes.
#[derive(Debug, Clone)]
enum Folding {
    LeastSquares { gram: Vec<Lane>, alpha: f32, unobserved: f32 },
    Linear(Vec<LinearTerm>),
}

#[derive(Debug, Clone)]
struct LinearTerm {
    matrix: Vec<Lane>,
    inner: f32,
    outer: f32,
}

impl QuantizedModel {
    pub(crate) fn of(
        catalog: &Catalog,
        mut parts: ServingFactors,
        params: &Quantization,
        run: &Run,
    ) -> Result<Self> {
        params.check()?;
        let f = parts.factors;
        let (catalog, order) = items_of(catalog)?;
        let mut rows = Vec::with_capacity(parts.rows.len());
        order.iter().for_each(|&i| rows.extend_from_slice(&parts.rows[i as usize * f..][..f]));
        parts.rows = rows;
        let (rows, fold) = match params.form {
            Form::Int8 => {
                let rows = int8(&parts.rows, f);
                (rows, folding(&parts.fold, f, <[f64]>::to_vec, <[f64]>::to_vec))
            }
            Form::Pq => {
                // What many have is asked for often.
                let weights: Vec<f32> =
                    catalog.counts().iter().map(|&c| (c.max(1) as f32).sqrt()).collect();
                let space = Space::new(&parts, &weights, params.bytes.min(f));
                let rows = run.install(|| space.rows(&parts.rows))?;
                let quantised = pq::quantise(&rows, &space.starts, &weights, run)?;
                let words = quantised.book.iter().map(|&h| whole(h)).collect();
                let (codes, book) = (quantised.codes.into(), quantised.book.into());
                let rows = Rows::Pq { codes, book, words, starts: space.starts.clone() };
                let fold = folding(&parts.fold, f, |m| space.of_items(m), |m| space.of_users(m));
                (rows, fold)
            }
        };
        Ok(Self::ready(params.clone(), f, catalog, rows, fold))
    }

    fn ready(
        params: Quantization,
        factors: usize,
        catalog: Catalog,
        rows: Rows,
        fold: Folding,
    ) -> Self {
        let step = |i: usize| match &rows {
            Rows::Int8 { steps, .. } => whole(steps[i]),
            Rows::Pq { .. } => 1.0,
        };
        let of = |outer: f32| -> Vec<f32> {
            let counts = catalog.counts().iter().enumerate();
            counts.map(|(i, &c)| step(i) * power(c, outer)).collect()
        };
        let multipliers = match &fold {
            Folding::LeastSquares { .. } => vec![of(0.0)],
            Folding::Linear(terms) => terms.iter().map(|t| of(t.outer)).collect(),
        };
        Self { params, factors, catalog, rows, fold, multipliers }
    }

    /// The form it has.
    #[must_use]
    pub fn params(&self) -> &Quantization {
        &self.params
    }

    /// Length of the item vectors.
    #[must_use]
    pub fn factors(&self) -> usize {
        self.factors
    }

    /// Adds `weight` times the vector of an item to `out`. Items beyond the last add nothing.
    fn add_row(&self, item: u32, weight: f32, out: &mut [f32]) {
        let i = item as usize;
        match &self.rows {
            Rows::Int8 { codes, steps } => {
                let width = kernels::lanes(self.factors) * LANE;
                let row = codes.get(i * width..(i + 1) * width).unwrap_or(&[]);
                let weight = weight * steps.get(i).map_or(0.0, |&s| whole(s));
                out.iter_mut().zip(row).for_each(|(o, &c)| *o += weight * f32::from(c));
            }
            Rows::Pq { codes, words, starts, .. } => {
                let parts = starts.len() - 1;
                for (p, &c) in
                    codes.get(i * parts..(i + 1) * parts).unwrap_or(&[]).iter().enumerate()
                {
                    let (from, to) = (starts[p], starts[p + 1]);
                    let word = &words[from * WORDS + usize::from(c) * (to - from)..][..to - from];
                    out[from..to].iter_mut().zip(word).for_each(|(o, w)| *o += weight * w);
                }
            }
        }
    }

    /// Adds to every score the product with a vector, times the multiplier of the item.
    fn add_products(&self, vector: &[f32], multipliers: &[f32], out: &mut [f32]) {
        match &self.rows {
            Rows::Int8 { codes, .. } => {
                let v = lanes_of(vector);
                kernels::add_scores(Level::detect(), codes, multipliers, &v, out);
            }
            Rows::Pq { codes, words, starts, .. } => {
                let parts = starts.len() - 1;
                let mut table = vec![0.0f32; parts * WORDS];
                for (p, table) in table.chunks_exact_mut(WORDS).enumerate() {
                    let part = &vector[starts[p]..starts[p + 1]];
                    let words = words[starts[p] * WORDS..].chunks_exact(part.len());
                    for (t, word) in table.iter_mut().zip(words) {
                        *t = word.iter().zip(part).map(|(a, b)| a * b).sum();
                    }
                }
                let rows = codes.chunks_exact(parts).zip(multipliers);
                for ((row, multiplier), score) in rows.zip(out) {
                    let tables = table.chunks_exact(WORDS);
                    let sum: f32 = row.iter().zip(tables).map(|(&c, t)| t[usize::from(c)]).sum();
                    *score += multiplier * sum;
                }
            }
        }
    }

    fn scores(&self, values: &[f32], out: &mut [f32]) -> Result<()> {
        if values.len() != self.factors * self.multipliers.len()
            || values.iter().any(|v| !v.is_finite())
        {
            return Err(Error::invalid_input(format!(
                "a user vector of {} numbers is not one of {}, or not finite",
                values.len(),
                self.factors * self.multipliers.len()
            )));
        }
        out.fill(0.0);
        for (vector, multipliers) in values.chunks_exact(self.factors).zip(&self.multipliers) {
            self.add_products(vector, multipliers, out);
        }
        Ok(())
    }

    fn cosine_to(&self, x: &[f32], norm: f32, item: u32, y: &mut [f32]) -> f32 {
        y.fill(0.0);
        self.add_row(item, 1.0, y);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let product = norm * dot(y, y).sqrt();
        if product > 0.0 { dot(x, y) / product } else { 0.0 }
    }
}

/// The catalog of the items alone, in ascending order of their ids, and which number each had.
fn items_of(catalog: &Catalog) -> Result<(Catalog, Vec<u32>)> {
    let ids = catalog.items();
    let mut order: Vec<u32> = (0..ids.len() as u32).collect();
    order.sort_by(|&a, &b| ids.id(a).cmp(&ids.id(b)));
    let column = if ids.is_integer() {
        let int = |&i: &u32| if let IdRef::Int(v) = ids.id(i) { v } else { 0 };
        IdColumn::Ints(order.iter().map(int).collect())
    } else {
        IdColumn::Strs(order.iter().map(|&i| Cow::Owned(ids.id(i).to_string())).collect())
    };
    let items = Arc::new(IdMap::from_ids(&column)?);
    let counts: Vec<u32> = order.iter().map(|&i| catalog.counts()[i as usize]).collect();
    let mut small = Catalog::of_counts(items, counts, catalog.population());
    if let Some(attributes) = catalog.attributes() {
        small.set_attributes(attributes);
    }
    Ok((small, order))
}

fn int8(rows: &[f32], f: usize) -> Rows {
    let width = kernels::lanes(f) * LANE;
    let n = rows.len() / f;
    let (mut codes, mut steps) = (vec![0i8; n * width], vec![0u16; n]);
    for (i, row) in rows.chunks_exact(f).enumerate() {
        let largest = row.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        // Rounded up, so that no code leaves its range.
        steps[i] = half_up(largest / 127.0);
        let step = whole(steps[i]);
        let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
        let codes = &mut codes[i * width..][..f];
        codes.iter_mut().zip(row).for_each(|(c, v)| *c = (v * inverse).round() as i8);
    }
    Rows::Int8 { codes: codes.into(), steps: steps.into() }
}

fn folding(
    fold: &Fold,
    f: usize,
    of_items: impl Fn(&[f64]) -> Vec<f64>,
    of_users: impl Fn(&[f64]) -> Vec<f64>,
) -> Folding {
    let small = |m: Vec<f64>| m.into_iter().map(|v| v as f32).collect::<Vec<f32>>();
    match fold {
        Fold::LeastSquares { gram, alpha, unobserved } => Folding::LeastSquares {
            gram: square(&small(of_items(gram)), f, 1.0),
            alpha: *alpha,
            unobserved: *unobserved,
        },
        Fold::Linear(terms) => Folding::Linear(
            terms
                .iter()
                .map(|t| LinearTerm {
                    matrix: square(&small(of_users(&t.matrix)), f, 0.0),
                    inner: t.inner,
                    outer: t.outer,
                })
                .collect(),
        ),
    }
}

fn power(count: u32, exponent: f32) -> f32 {
    if exponent == 0.0 { 1.0 } else { (count.max(1) as f32).powf(exponent) }
}

/// A vector in whole lanes.
fn lanes_of(vector: &[f32]) -> Vec<Lane> {
    let mut v = vec![Lane::ZERO; kernels::lanes(vector.len())];
    kernels::flat_mut(&mut v)[..vector.len()].copy_from_slice(vector);
    v
}

/// An `f` x `f` matrix with rows of whole lanes; `diagonal` in the padding.
fn square(m: &[f32], f: usize, diagonal: f32) -> Vec<Lane> {
    let n = kernels::lanes(f);
    let size = n * LANE;
    let mut out = vec![Lane::ZERO; n * size];
    let flat = kernels::flat_mut(&mut out);
    for (row, out) in m.chunks_exact(f).zip(flat.chunks_exact_mut(size)) {
        out[..f].copy_from_slice(row);
    }
    (f..size).for_each(|i| flat[i * size + i] = diagonal);
    out
}

/// The upper triangle, row after row.
fn triangle(m: &[Lane], f: usize) -> Vec<f32> {
    let size = kernels::lanes(f) * LANE;
    let rows = kernels::flat(m).chunks_exact(size).take(f).enumerate();
    rows.flat_map(|(i, row)| row[i..f].iter().copied()).collect()
}

/// The symmetric matrix of an upper triangle.
fn from_triangle(t: &[f32], f: usize, diagonal: f32) -> Vec<Lane> {
    let mut m = vec![0.0; f * f];
    let mut at = 0;
    for i in 0..f {
        for j in i..f {
            (m[i * f + j], m[j * f + i]) = (t[at], t[at]);
            at += 1;
        }
    }
    square(&m, f, diagonal)
}

impl Model for QuantizedModel {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn catalog_mut(&mut self) -> &mut Catalog {
        &mut self.catalog
    }

    fn fold(&self, events: &[(u32, f32)]) -> Result<Vec<f32>> {
        let f = self.factors;
        let n = kernels::lanes(f);
        match &self.fold {
            Folding::LeastSquares { gram, alpha, unobserved } => {
                let mut merged = events.to_vec();
                merged.sort_by_key(|e| e.0);
                merged.dedup_by(|next, kept| {
                    let same = next.0 == kept.0;
                    if same {
                        kept.1 += next.1;
                    }
                    same
                });
                let mut rows = vec![Lane::ZERO; n * merged.len()];
                for (row, e) in kernels::flat_mut(&mut rows).chunks_exact_mut(n * LANE).zip(&merged)
                {
                    self.add_row(e.0, 1.0, row);
                }
                let weight: Vec<f32> = merged.iter().map(|e| e.1).collect();
                let events =
                    Events { index: &[], weight: &weight, alpha: *alpha, unobserved: *unobserved };
                let mut a = vec![Lane::ZERO; gram.len()];
                let mut x = vec![Lane::ZERO; n];
                if !kernels::cholesky(Level::detect(), gram, &rows, n, events, &mut a, &mut x) {
                    return Err(Error::new(
                        ErrorCode::DidNotConverge,
                        "the normal equations are not positive definite",
                    ));
                }
                Ok(kernels::flat(&x)[..f].to_vec())
            }
            Folding::Linear(terms) => {
                let mut items: Vec<u32> = events.iter().map(|e| e.0).collect();
                items.sort_unstable();
                items.dedup();
                let mut values = Vec::with_capacity(f * terms.len());
                for t in terms {
                    let mut sum = vec![0.0; n * LANE];
                    for &item in &items {
                        let count = self.catalog.counts().get(item as usize).copied();
                        self.add_row(item, power(count.unwrap_or(0), t.inner), &mut sum);
                    }
                    let mut x = vec![Lane::ZERO; n];
                    for (&v, row) in sum[..f].iter().zip(t.matrix.chunks_exact(n)) {
                        kernels::axpy(Level::detect(), v, row, &mut x);
                    }
                    values.extend_from_slice(&kernels::flat(&x)[..f]);
                }
                Ok(values)
            }
        }
    }

    fn score(&self, taste: Taste<'_>, out: &mut [f32]) -> Result<()> {
        match taste {
            Taste::User(user) => Err(Error::unknown_id(format!(
                "a quantized model knows no users, not number {user} either; give it a history"
            ))),
            Taste::History(events) => self.scores(&self.fold(events)?, out),
        }
    }

    /// Likeness is the cosine of the vectors.
    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
        let width = kernels::lanes(self.factors) * LANE;
        let (mut x, mut y) = (vec![0.0; width], vec![0.0; width]);
        self.add_row(item, 1.0, &mut x);
        let norm = x.iter().map(|v| v * v).sum::<f32>().sqrt();
        for (other, score) in out.iter_mut().enumerate() {
            *score = self.cosine_to(&x, norm, other as u32, &mut y);
        }
        Ok(())
    }

    fn likeness(&self, a: u32, b: u32) -> Option<f32> {
        let width = kernels::lanes(self.factors) * LANE;
        let (mut x, mut y) = (vec![0.0; width], vec![0.0; width]);
        self.add_row(a, 1.0, &mut x);
        let norm = x.iter().map(|v| v * v).sum::<f32>().sqrt();
        Some(self.cosine_to(&x, norm, b, &mut y))
    }

    fn top(
        &self,
        taste: Taste<'_>,
        n: usize,
        among: Candidates<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        top_by_scores(self, taste, n, among, scratch, out)
    }

    fn top_vector(
        &self,
        vector: &[f32],
        n: usize,
        among: Candidates<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        let mut scores = std::mem::take(&mut scratch.scores);
        scores.clear();
        scores.resize(self.catalog.items().len(), 0.0);
        let done = self.scores(vector, &mut scores);
        if done.is_ok() {
            select(&scores, n, among, &mut scratch.top, out);
        }
        scratch.scores = scores;
        done
    }
}

impl Persist for QuantizedModel {
    const KIND: &'static str = "quantized";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        let items = self.catalog.items();
        w.meta("params", &self.params)?;
        w.meta("factors", &self.factors)?;
        w.meta("items", &items.len())?;
        w.meta("integer_ids", &items.is_integer())?;
        w.meta("population", &self.catalog.population())?;
        w.owned_column("item_ids", &write_ids(items))?;
        w.owned_column("item_counts", &write_counts(self.catalog.counts()))?;
        match &self.rows {
            Rows::Int8 { codes, steps } => {
                w.column("codes", codes)?;
                w.column("steps", steps)?;
            }
            Rows::Pq { codes, book, starts, .. } => {
                w.column("codes", codes)?;
                w.column("book", book)?;
                w.meta("starts", starts)?;
            }
        }
        let mut matrices = Vec::new();
        match &self.fold {
            Folding::LeastSquares { gram, alpha, unobserved } => {
                matrices.extend(triangle(gram, self.factors));
                w.meta("least_squares", &(alpha, unobserved))?;
            }
            Folding::Linear(terms) => {
                terms.iter().for_each(|t| matrices.extend(triangle(&t.matrix, self.factors)));
                let exponents: Vec<(f32, f32)> = terms.iter().map(|t| (t.inner, t.outer)).collect();
                w.meta("linear", &exponents)?;
            }
        }
        w.owned_column("matrices", &matrices)?;
        match self.catalog.attributes() {
            Some(a) => a.write(w, "attributes"),
            None => Ok(()),
        }
    }

    fn read(a: &Artifact) -> Result<Self> {
        let params: Quantization = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt(e.message()).caused_by(e))?;
        let (f, n): (usize, usize) = (a.meta_field("factors")?, a.meta_field("items")?);
        if !(1..=4096).contains(&f) {
            return Err(Error::corrupt(format!("vectors of {f} factors")));
        }
        let times = |width: usize| {
            n.checked_mul(width).ok_or_else(|| Error::corrupt(format!("{n} items are too many")))
        };
        let rows = match params.form {
            Form::Int8 => Rows::Int8 {
                codes: a.column_of_len("codes", times(kernels::lanes(f) * LANE)?)?,
                steps: a.column_of_len("steps", n)?,
            },
            Form::Pq => {
                let starts: Vec<usize> = a.meta_field("starts")?;
                let ends = (starts.first(), starts.last());
                if ends != (Some(&0), Some(&f)) || !starts.is_sorted_by(|a, b| a < b) {
                    return Err(Error::corrupt("the parts of the vectors do not fit them"));
                }
                let book: Column<u16> = a.column_of_len("book", WORDS * f)?;
                let codes = a.column_of_len("codes", times(starts.len() - 1)?)?;
                let words = book.iter().map(|&h| whole(h)).collect();
                Rows::Pq { codes, book, words, starts }
            }
        };
        // The codes were as many as the items: no length in what follows is beyond the file.
        let ids = read_ids(&a.column::<u8>("item_ids")?, n, a.meta_field("integer_ids")?)?;
        let items = Arc::new(ids);
        let counts = read_counts(&a.column::<u8>("item_counts")?, n)?;
        let mut catalog = Catalog::of_counts(items.clone(), counts, a.meta_field("population")?);
        if a.meta().get("attributes").is_some() {
            catalog.set_attributes(&ItemAttributes::read(a, "attributes", items)?);
        }
        let matrices: Column<f32> = a.column("matrices")?;
        let size = f * (f + 1) / 2;
        let matrix = |k: usize, diagonal: f32| {
            let part = matrices.get(k * size..(k + 1) * size);
            let part = part.ok_or_else(|| Error::corrupt("a matrix is missing"))?;
            Ok::<_, Error>(from_triangle(part, f, diagonal))
        };
        let fold = if a.meta().get("linear").is_some() {
            let exponents: Vec<(f32, f32)> = a.meta_field("linear")?;
            let terms = exponents.into_iter().enumerate().map(|(k, (inner, outer))| {
                Ok(LinearTerm { matrix: matrix(k, 0.0)?, inner, outer })
            });
            Folding::Linear(terms.collect::<Result<_>>()?)
        } else {
            let (alpha, unobserved) = a.meta_field("least_squares")?;
            Folding::LeastSquares { gram: matrix(0, 1.0)?, alpha, unobserved }
        };
        Ok(Self::ready(params, f, catalog, rows, fold))
    }
}

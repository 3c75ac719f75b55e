//! New events: the walk takes the new graph as it is; items find their place among the smooth
//! directions.
//!
//! With `M` the damped matrix, `m` its column of an item and `Q` the smooth directions of the known
//! items, the item's row of `Q` is `m^T M Q B^-1` with `B = Q^T M^T M Q`: where one more step of the
//! subspace iteration would put it (Nyström's extension). Items without new events keep their rows.

use super::SpectralModel;
use super::fit::{CHUNK, gram};
use super::model::quantise;
use crate::kernels::{self, LANE, Lane, Level};
use crate::quantized::{Fold, ServingFactors, Term, product};
use crate::update::{Growth, Refresh};
use mercato_core::{Csr, Result, Run};
use rayon::prelude::*;

pub(super) fn update(model: &SpectralModel, growth: &Growth, run: &Run) -> Result<SpectralModel> {
    let (p, catalog) = (&model.params, growth.catalog());
    let by_item = catalog.seen().transpose();
    let unit = {
        let of_item = |&count: &u32| (count.max(1) as f32).powf(-p.item_exponent);
        let first = model.catalog.counts().first().zip(model.item_scale.first());
        let root = first.map_or(1.0, |(count, scale)| of_item(count) / scale);
        if root.is_normal() { root } else { 1.0 }
    };
    let kept = growth.refresh() == Refresh::New;
    let rescaled = |known: &[f32], before: &dyn Fn(usize) -> usize, now: &Csr, exponent: f32| {
        let size = |n: usize| n.max(1) as f32;
        let of = |k: usize| {
            let now = size(now.row(k).0.len());
            match known.get(k) {
                None => now.powf(-exponent) / unit,
                Some(&scale) if kept => scale,
                Some(&scale) => scale * (now / size(before(k))).powf(-exponent),
            }
        };
        (0..now.n_rows()).map(of).collect::<Vec<f32>>()
    };
    let items_before = |u: usize| model.catalog.seen().row(u).0.len();
    let users_before = |i: usize| model.catalog.counts()[i] as usize;
    let mut next = SpectralModel {
        params: p.clone(),
        user_scale: rescaled(&model.user_scale, &items_before, catalog.seen(), p.user_exponent)
            .into(),
        item_scale: rescaled(&model.item_scale, &users_before, &by_item, p.item_exponent).into(),
        starts: by_item.indptr().to_vec().into(),
        users: by_item.indices().to_vec().into(),
        catalog: catalog.clone(),
        codes: model.codes.clone(),
        code_scale: model.code_scale.clone(),
        width: model.width,
        seed: model.seed,
        fingerprint: growth.fingerprint(&model.fingerprint),
    };
    let learn = growth.items_to_learn();
    if !learn.is_empty() || growth.known_items() < catalog.items().len() {
        let rows = run.install(|| next.place(learn, &by_item, run))??;
        let mut codes = model.codes.to_vec();
        let mut code_scale = model.code_scale.to_vec();
        codes.resize(catalog.items().len() * model.width, 0);
        code_scale.resize(catalog.items().len(), 0.0);
        for (&item, row) in learn.iter().zip(kernels::flat(&rows).chunks_exact(model.width)) {
            let i = item as usize;
            let codes = &mut codes[i * model.width..][..model.width];
            code_scale[i] = quantise(row, codes);
        }
        (next.codes, next.code_scale) = (codes.into(), code_scale.into());
    }
    Ok(next)
}

impl SpectralModel {
    /// `M Q`: a row for each user.
    fn walked(&self, run: &Run) -> Result<Vec<Lane>> {
        let level = Level::detect();
        let n = self.width / LANE;
        let seen = self.catalog.seen();
        let known = self.code_scale.len();
        let task = run.stage("walk", seen.n_rows() as u64);
        let mut walked = vec![Lane::ZERO; seen.n_rows() * n];
        walked.par_chunks_mut(n * CHUNK).enumerate().try_for_each(|(block, chunk)| {
            for (k, row) in chunk.chunks_exact_mut(n).enumerate() {
                let u = block * CHUNK + k;
                for &i in seen.row(u).0 {
                    let i = i as usize;
                    if i < known {
                        let weight = self.user_scale[u] * self.item_scale[i] * self.code_scale[i];
                        let codes = &self.codes[i * self.width..][..self.width];
                        kernels::axpy_codes(level, weight, codes, row);
                    }
                }
            }
            task.tick((chunk.len() / n) as u64)
        })?;
        Ok(walked)
    }

    /// The rows of `items` among the smooth directions.
    fn place(&self, items: &[u32], by_item: &Csr, run: &Run) -> Result<Vec<Lane>> {
        let level = Level::detect();
        let n = self.width / LANE;
        let walked = self.walked(run)?;
        let task = run.stage("update", items.len() as u64);
        let inverse = inverse(gram(level, &walked, n), n);
        run.check()?;
        let mut rows = vec![Lane::ZERO; items.len() * n];
        rows.par_chunks_mut(n * CHUNK).zip(items.par_chunks(CHUNK)).try_for_each(
            |(rows, items)| {
                for (row, &item) in rows.chunks_exact_mut(n).zip(items) {
                    let mut y = vec![Lane::ZERO; n];
                    for &u in by_item.row(item as usize).0 {
                        let u = u as usize;
                        let weight = self.user_scale[u] * self.item_scale[item as usize];
                        kernels::axpy(level, weight, &walked[u * n..][..n], &mut y);
                    }
                    for (k, &v) in kernels::flat(&y).iter().enumerate() {
                        kernels::axpy(level, v, &inverse[k * n..][..n], row);
                    }
                }
                task.tick(items.len() as u64)
            },
        )?;
        Ok(rows)
    }
}

/// The filter as item vectors: `q / e` with `q` the item's row of `Q` and `e` its scale. The smooth
/// directions give `alpha (1/e) q . sum of e q`; of the walk, `M^T M`, what lies in their space is
/// kept: `q . B sum of q`.
pub(super) fn serving_factors(model: &SpectralModel, run: &Run) -> Result<ServingFactors> {
    let (p, f) = (&model.params, model.width);
    let walked = run.install(|| model.walked(run))??;
    let mut b = run.install(|| gram(Level::detect(), &walked, f / LANE))?;
    drop(walked);
    for i in 0..f {
        (0..i).for_each(|j| b[i * f + j] = b[j * f + i]);
    }
    let scale = |i: usize| model.item_scale.get(i).copied().filter(|s| *s > 0.0).unwrap_or(1.0);
    let rows = (0..model.code_scale.len()).flat_map(|i| {
        let step = model.code_scale[i] / scale(i);
        model.codes[i * f..(i + 1) * f].iter().map(move |&c| step * f32::from(c))
    });
    let rows = rows.collect();
    // e = count^-exponent / root
    let first = model.catalog.counts().first().map_or(1, |&c| c.max(1));
    let root = f64::from((first as f32).powf(-p.item_exponent) / scale(0));
    let diagonal = |m: &[f64], by: f64, plus: f64| -> Vec<f64> {
        let entry = |(k, v): (usize, &f64)| if k / f == k % f { v * by + plus } else { v * by };
        m.iter().enumerate().map(entry).collect()
    };
    let alpha = f64::from(p.alpha);
    let smooth = diagonal(&vec![0.0; f * f], 0.0, alpha / (root * root));
    let filter = diagonal(&b, 1.0, alpha);
    let fold = Fold::Linear(vec![
        Term { matrix: smooth, inner: -2.0 * p.item_exponent, outer: 0.0 },
        Term {
            matrix: diagonal(&b, 1.0 / (root * root), 0.0),
            inner: -p.item_exponent,
            outer: -p.item_exponent,
        },
    ]);
    let moments = product(&product(&filter, &b, f), &filter, f);
    Ok(ServingFactors { factors: f, rows, moments, fold })
}

/// The inverse of a matrix given by its upper triangle, by Gauss and Jordan; directions that vanish
/// stay zero.
fn inverse(mut a: Vec<f64>, n: usize) -> Vec<Lane> {
    let size = n * LANE;
    let largest = (0..size).map(|i| a[i * size + i]).fold(0.0, f64::max);
    for i in 0..size {
        for j in 0..i {
            a[i * size + j] = a[j * size + i];
        }
    }
    let mut pivot = vec![0.0; size];
    for k in 0..size {
        let d = a[k * size + k];
        if d <= 1e-7 * largest {
            (0..size).for_each(|i| (a[k * size + i], a[i * size + k]) = (0.0, 0.0));
            continue;
        }
        a[k * size + k] = 1.0;
        a[k * size..][..size].iter_mut().for_each(|v| *v /= d);
        pivot.copy_from_slice(&a[k * size..][..size]);
        a.par_chunks_exact_mut(size).enumerate().for_each(|(i, row)| {
            let f = row[k];
            if i != k && f != 0.0 {
                row[k] = 0.0;
                row.iter_mut().zip(&pivot).for_each(|(r, p)| *r -= f * p);
            }
        });
    }
    let mut out = vec![Lane::ZERO; n * size];
    kernels::flat_mut(&mut out).iter_mut().zip(&a).for_each(|(o, v)| *o = *v as f32);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_leaves_out_directions_that_vanish() {
        let size = LANE;
        let mut a = vec![0.0; size * size];
        // [[2, 1], [1, 2]] and a column of zeros beside them.
        (a[0], a[1], a[size + 1]) = (2.0, 1.0, 2.0);
        let inverse = inverse(a, 1);
        let at = |i: usize, j: usize| inverse[i].0[j];
        assert!((at(0, 0) - 2.0 / 3.0).abs() < 1e-6 && (at(0, 1) + 1.0 / 3.0).abs() < 1e-6);
        assert_eq!((at(2, 2), at(5, 0)), (0.0, 0.0));
    }
}

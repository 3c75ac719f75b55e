//! The damped matrix, its norm, and the space of its largest singular vectors.

use super::Spectral;
use crate::kernels::{self, LANE, Lane, Level};
use mercato_core::{Csr, Result, Run, Task};
use rayon::prelude::*;
use std::ops::Range;

/// Rows per partial Gram matrix. Part of the result: partial sums are added in block order.
const GRAM_BLOCK: usize = 2048;
/// Partial Gram matrices that stand in memory together.
const GRAM_TOGETHER: usize = 4;
/// Lanes of columns that are multiplied together.
const STRIP: usize = 4;
/// Rows of work between two looks at the cancel token.
pub(super) const CHUNK: usize = 128;

/// The damped matrix `scale(u) * r(u, i) * scale(i)`, of norm 1, and its smooth directions.
pub(super) struct Filter {
    pub(super) user_scale: Vec<f32>,
    pub(super) item_scale: Vec<f32>,
    /// Orthonormal columns, `width` numbers per item.
    pub(super) basis: Vec<Lane>,
    pub(super) width: usize,
}

pub(super) fn filter(p: &Spectral, by_user: &Csr, by_item: &Csr, run: &Run) -> Result<Filter> {
    let damp = |m: &Csr, exponent: f32| -> Vec<f32> {
        let size = |w: &[u64]| ((w[1] - w[0]) as f32).max(1.0).powf(-exponent);
        m.indptr().windows(2).map(size).collect()
    };
    let mut graph = Graph {
        by_user,
        by_item,
        user_scale: damp(by_user, p.user_exponent),
        item_scale: damp(by_item, p.item_exponent),
    };
    let root = graph.norm().sqrt() as f32;
    if root > 0.0 {
        graph.user_scale.iter_mut().chain(&mut graph.item_scale).for_each(|s| *s /= root);
    }
    let rank = p.rank.min(by_user.n_rows()).min(by_item.n_rows());
    let n = kernels::lanes(rank);
    let steps = p.iterations * n.div_ceil(STRIP) * (by_user.n_rows() + by_item.n_rows());
    let task = run.stage("spectral", steps as u64);
    let basis = run.install(|| graph.basis(rank, n, p.iterations, run, &task))??;
    Ok(Filter {
        user_scale: graph.user_scale,
        item_scale: graph.item_scale,
        basis,
        width: n * LANE,
    })
}

struct Graph<'a> {
    by_user: &'a Csr,
    by_item: &'a Csr,
    user_scale: Vec<f32>,
    item_scale: Vec<f32>,
}

impl Graph<'_> {
    /// The largest singular value, by power iteration from the all-ones vector; the matrix is not
    /// negative, so that vector is never orthogonal to the first one.
    fn norm(&self) -> f64 {
        let apply = |rows: &Csr, outer: &[f32], inner: &[f32], v: &[f64]| -> Vec<f64> {
            let row = |r: usize| {
                let sum: f64 = rows
                    .row(r)
                    .0
                    .iter()
                    .map(|&c| f64::from(inner[c as usize]) * v[c as usize])
                    .sum();
                f64::from(outer[r]) * sum
            };
            (0..rows.n_rows()).map(row).collect()
        };
        let mut v = vec![1.0f64; self.by_item.n_rows()];
        let mut norm = 0.0;
        for _ in 0..30 {
            let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length == 0.0 {
                return 0.0;
            }
            v.iter_mut().for_each(|x| *x /= length);
            let u = apply(self.by_user, &self.user_scale, &self.item_scale, &v);
            norm = u.iter().map(|x| x * x).sum::<f64>().sqrt();
            v = apply(self.by_item, &self.item_scale, &self.user_scale, &u);
        }
        norm
    }

    /// Block subspace iteration.
    fn basis(
        &self,
        rank: usize,
        n: usize,
        iterations: usize,
        run: &Run,
        task: &Task<'_>,
    ) -> Result<Vec<Lane>> {
        let level = Level::detect();
        let mut q = vec![Lane::ZERO; self.by_item.n_rows() * n];
        let mut rng = run.rng(1);
        for row in kernels::flat_mut(&mut q).chunks_exact_mut(n * LANE) {
            row[..rank].iter_mut().for_each(|v| *v = rng.normal() as f32);
        }
        // Strip after strip of columns, so that the users' side never stands whole in memory.
        let strips: Vec<Range<usize>> =
            (0..n).step_by(STRIP).map(|from| from..(from + STRIP).min(n)).collect();
        let mut t = vec![Lane::ZERO; self.by_user.n_rows() * STRIP.min(n)];
        for _ in 0..iterations {
            for strip in &strips {
                let t = Strip { rows: &mut t, n: strip.len(), columns: 0..strip.len() };
                let q = Strip { rows: &mut q, n, columns: strip.clone() };
                let (users, items) = (&self.user_scale, &self.item_scale);
                let t = multiply(level, self.by_user, users, items, &q, t, task)?;
                multiply(level, self.by_item, items, users, &t, q, task)?;
            }
            orthonormalize(level, &mut q, rank, n);
            run.check()?;
        }
        Ok(q)
    }
}

/// Some columns, in lanes, of rows of `n` lanes.
struct Strip<'a> {
    rows: &'a mut [Lane],
    n: usize,
    columns: Range<usize>,
}

/// `out = D M E rows` for the pattern `M` and the diagonals `outer`, `inner`, in the columns of the
/// strips.
fn multiply<'a>(
    level: Level,
    m: &Csr,
    outer: &[f32],
    inner: &[f32],
    rows: &Strip<'_>,
    out: Strip<'a>,
    task: &Task<'_>,
) -> Result<Strip<'a>> {
    let Strip { rows: to, n, columns } = out;
    to[..m.n_rows() * n].par_chunks_mut(n * CHUNK).enumerate().try_for_each(|(block, chunk)| {
        for (k, row) in chunk.chunks_exact_mut(n).enumerate() {
            let r = block * CHUNK + k;
            let row = &mut row[columns.clone()];
            row.fill(Lane::ZERO);
            for &c in m.row(r).0 {
                let c = c as usize;
                let other = &rows.rows[c * rows.n..][rows.columns.clone()];
                kernels::axpy(level, outer[r] * inner[c], other, row);
            }
        }
        task.tick((chunk.len() / n) as u64)
    })?;
    Ok(Strip { rows: to, n, columns })
}

/// `rows^T rows`, on and above the diagonal; the same bits for any number of threads.
pub(super) fn gram(level: Level, rows: &[Lane], n: usize) -> Vec<f64> {
    let mut gram = vec![0.0f64; n * LANE * n * LANE];
    // A few parts at a time: they are as large as the sum.
    for some in rows.chunks(GRAM_BLOCK * n * GRAM_TOGETHER) {
        let parts: Vec<Vec<Lane>> = some
            .par_chunks(GRAM_BLOCK * n)
            .map(|block| {
                let mut part = vec![Lane::ZERO; n * n * LANE];
                kernels::add_gram(level, block, n, &mut part);
                part
            })
            .collect();
        for part in &parts {
            gram.iter_mut().zip(kernels::flat(part)).for_each(|(g, v)| *g += f64::from(*v));
        }
    }
    gram
}

/// Makes the first `rank` columns orthonormal, by Cholesky factorisation of their Gram matrix. A
/// direction that the others span already becomes zero.
fn orthonormalize(level: Level, q: &mut [Lane], rank: usize, n: usize) {
    let size = n * LANE;
    let mut gram = gram(level, q, n);
    // U^T U = Q^T Q, in place; rows that vanish are dropped from the basis.
    let mut u = vec![Lane::ZERO; n * size];
    let largest = (0..rank).map(|i| gram[i * size + i]).fold(0.0, f64::max);
    for k in 0..size {
        let pivot = gram[k * size + k];
        let keep = k < rank && pivot > 1e-10 * largest;
        let root = if keep { pivot.sqrt() } else { f64::INFINITY };
        for j in k..size {
            gram[k * size + j] = if keep { gram[k * size + j] / root } else { 0.0 };
        }
        for i in k + 1..size {
            let c = gram[k * size + i];
            if c != 0.0 {
                let (above, below) = gram.split_at_mut(i * size);
                let row = &above[k * size + i..(k + 1) * size];
                below[i..size].iter_mut().zip(row).for_each(|(b, a)| *b -= c * a);
            }
        }
        let row = &mut kernels::flat_mut(&mut u)[k * size..(k + 1) * size];
        row.iter_mut().zip(&gram[k * size..]).for_each(|(r, g)| *r = *g as f32);
        row[..k].fill(0.0);
        row[k] = if keep { root as f32 } else { f32::INFINITY };
    }
    q.par_chunks_mut(CHUNK * n).for_each(|rows| kernels::divide_by_triangle(level, rows, n, &u));
}

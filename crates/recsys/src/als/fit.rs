//! Alternating the two sides.

use super::{Als, Solver};
use crate::kernels::{self, CgScratch, Events, LANE, Lane, Level};
use mercato_core::{Csr, Error, Result, Rng, Run, Task};
use rayon::prelude::*;

/// Rows per partial Gram matrix. Part of the result: partial sums are added in block order.
const GRAM_BLOCK: usize = 2048;

/// The factors of both sides, rows padded to whole lanes.
pub(super) struct Factors {
    pub(super) users: Vec<Lane>,
    pub(super) items: Vec<Lane>,
}

/// Learns the factors of `users` (one row per user) and its transpose `items`.
pub(super) fn factorize(p: &Als, users: &Csr, items: &Csr, run: &Run) -> Result<Factors> {
    let n = kernels::lanes(p.factors);
    let mut factors = Factors {
        users: random(users.n_rows(), p.factors, &mut run.rng(1)),
        items: random(items.n_rows(), p.factors, &mut run.rng(2)),
    };
    let level = Level::detect();
    let steps = p.iterations as u64 * (users.n_rows() + items.n_rows()) as u64;
    let task = run.stage("als", steps);
    run.install(|| {
        let mut gram = vec![Lane::ZERO; n * n * LANE];
        for _ in 0..p.iterations {
            regularized_gram(level, p, &factors.items, n, &mut gram);
            solve_side(level, p, users, &gram, &factors.items, &mut factors.users, n, &task)?;
            regularized_gram(level, p, &factors.users, n, &mut gram);
            solve_side(level, p, items, &gram, &factors.users, &mut factors.items, n, &task)?;
        }
        Ok(())
    })??;
    factors.checked(p)
}

impl Factors {
    /// Themselves, when all are numbers.
    pub(super) fn checked(self, p: &Als) -> Result<Self> {
        let wild = |lanes: &[Lane]| kernels::flat(lanes).iter().any(|v| !v.is_finite());
        if !wild(&self.items) && !wild(&self.users) {
            return Ok(self);
        }
        Err(Error::new(
            mercato_core::ErrorCode::DidNotConverge,
            format!(
                "factors grew beyond the range of f32; raise regularization ({}) or lower alpha ({})",
                p.regularization, p.alpha
            ),
        ))
    }
}

/// Small positive numbers in the first `factors` columns, zeros in the padding.
fn random(rows: usize, factors: usize, rng: &mut Rng) -> Vec<Lane> {
    let n = kernels::lanes(factors);
    let mut out = vec![Lane::ZERO; rows * n];
    for row in kernels::flat_mut(&mut out).chunks_exact_mut(n * LANE) {
        for v in &mut row[..factors] {
            *v = rng.unit() as f32 * 0.01;
        }
    }
    out
}

/// `unobserved_weight * Y^T Y + regularization * I`, the same bits for any number of threads.
pub(super) fn regularized_gram(level: Level, p: &Als, rows: &[Lane], n: usize, gram: &mut [Lane]) {
    let parts: Vec<Vec<Lane>> = rows
        .par_chunks(GRAM_BLOCK * n)
        .map(|block| {
            let mut part = vec![Lane::ZERO; n * n * LANE];
            kernels::add_gram(level, block, n, &mut part);
            part
        })
        .collect();
    gram.fill(Lane::ZERO);
    let sum = kernels::flat_mut(gram);
    for part in &parts {
        for (s, v) in sum.iter_mut().zip(kernels::flat(part)) {
            *s += v;
        }
    }
    for s in sum.iter_mut() {
        *s *= p.unobserved_weight;
    }
    let size = n * LANE;
    for i in 0..size {
        // Padding columns get a unit diagonal, so that the matrix stays invertible.
        sum[i * size + i] += if i < p.factors { p.regularization } else { 1.0 };
    }
    kernels::mirror(n, gram);
}

/// Solves every row of one side given the other.
#[allow(clippy::too_many_arguments)]
pub(super) fn solve_side(
    level: Level,
    p: &Als,
    rows: &Csr,
    gram: &[Lane],
    other: &[Lane],
    out: &mut [Lane],
    n: usize,
    task: &Task<'_>,
) -> Result<()> {
    // Some milliseconds of work between two looks at the cancel token.
    let mean_events = rows.nnz() / rows.n_rows().max(1) + n * LANE;
    let chunk = (20_000_000 / (mean_events * n * LANE * (p.cg_steps + 1))).clamp(1, 256);
    out.par_chunks_mut(chunk * n).enumerate().try_for_each_init(
        || (CgScratch::new(n), Exact::default()),
        |(cg, exact), (block, xs)| {
            for (k, x) in xs.chunks_exact_mut(n).enumerate() {
                let row = block * chunk + k;
                let (index, weight) = rows.row(row);
                if row + 1 < rows.n_rows() {
                    kernels::prefetch(other, n, rows.row(row + 1).0);
                }
                let events =
                    Events { index, weight, alpha: p.alpha, unobserved: p.unobserved_weight };
                match p.solver {
                    Solver::Cg => kernels::conjugate_gradient(
                        level, gram, other, n, events, p.cg_steps, x, cg,
                    ),
                    Solver::Cholesky => exact.solve(level, gram, other, n, events, x)?,
                }
            }
            task.tick((xs.len() / n) as u64)
        },
    )
}

/// Scratch of the exact solver.
#[derive(Default)]
struct Exact {
    rows: Vec<Lane>,
    a: Vec<Lane>,
}

impl Exact {
    fn solve(
        &mut self,
        level: Level,
        gram: &[Lane],
        other: &[Lane],
        n: usize,
        events: Events<'_>,
        x: &mut [Lane],
    ) -> Result<()> {
        self.rows.clear();
        for &i in events.index {
            self.rows.extend_from_slice(&other[i as usize * n..][..n]);
        }
        self.a.resize(gram.len(), Lane::ZERO);
        if kernels::cholesky(level, gram, &self.rows, n, events, &mut self.a, x) {
            Ok(())
        } else {
            Err(not_positive_definite())
        }
    }
}

/// The error of an exact solve that failed.
pub(super) fn not_positive_definite() -> Error {
    Error::new(
        mercato_core::ErrorCode::DidNotConverge,
        "the normal equations are not positive definite; raise regularization",
    )
}

//! Nonlinear least squares in a box: Levenberg-Marquardt with an active set.
//!
//! The likelihoods of exponential smoothing and its kin are (up to a logarithm) sums of squares of
//! residuals whose derivatives follow from the same recursion as the residuals. With them, ten to
//! twenty steps reach the optimum that a simplex search needs hundreds to thousands of evaluations
//! for. Marquardt (1963); bounds by fixing the variables that the gradient pushes outward and
//! projecting the step.

use super::solve_spd;

/// A function to minimise.
pub(crate) trait Problem {
    /// The objective; infinite or NaN outside its domain.
    fn value(&mut self, x: &[f64]) -> f64;

    /// The objective, its gradient `g` up to a positive factor, and `h`, the Gauss-Newton matrix
    /// up to the same factor (row-major, lower triangle).
    fn linearise(&mut self, x: &[f64], g: &mut [f64], h: &mut [f64]) -> f64;
}

/// Reusable memory.
#[derive(Default)]
pub(crate) struct Workspace {
    g: Vec<f64>,
    h: Vec<f64>,
    a: Vec<f64>,
    b: Vec<f64>,
    trial: Vec<f64>,
    free: Vec<usize>,
}

/// When to stop.
#[derive(Clone, Copy)]
pub(crate) struct Tolerance {
    /// Relative decrease of the objective that counts as none.
    pub decrease: f64,
    /// Linearisations.
    pub steps: usize,
}

/// Moves `x` to a local minimum within `[lo, hi]` and returns the objective there.
pub(crate) fn minimise(
    problem: &mut impl Problem,
    x: &mut [f64],
    lo: &[f64],
    hi: &[f64],
    tolerance: Tolerance,
    w: &mut Workspace,
) -> f64 {
    let n = x.len();
    w.g.resize(n, 0.0);
    w.h.resize(n * n, 0.0);
    w.trial.resize(n, 0.0);
    for i in 0..n {
        x[i] = x[i].clamp(lo[i], hi[i]);
    }
    let mut lambda = 1e-3;
    let mut small = 0;
    let mut best = f64::INFINITY;
    for _ in 0..tolerance.steps {
        best = problem.linearise(x, &mut w.g[..n], &mut w.h[..n * n]);
        if !best.is_finite() {
            return f64::INFINITY;
        }
        w.free.clear();
        w.free.extend((0..n).filter(|&i| {
            w.h[i * n + i] > 0.0
                && !(x[i] <= lo[i] && w.g[i] > 0.0)
                && !(x[i] >= hi[i] && w.g[i] < 0.0)
        }));
        let k = w.free.len();
        if k == 0 {
            return best;
        }
        let mut accepted = false;
        while lambda < 1e9 {
            w.a.clear();
            w.a.resize(k * k, 0.0);
            w.b.clear();
            for (r, &i) in w.free.iter().enumerate() {
                for (c, &j) in w.free[..=r].iter().enumerate() {
                    w.a[r * k + c] = w.h[i * n + j];
                }
                w.a[r * k + r] *= 1.0 + lambda;
                w.b.push(-w.g[i]);
            }
            if !solve_spd(&mut w.a, &mut w.b) {
                lambda = (lambda * 10.0).max(1e-6);
                continue;
            }
            w.trial[..n].copy_from_slice(x);
            for (&i, step) in w.free.iter().zip(&w.b) {
                w.trial[i] = (x[i] + step).clamp(lo[i], hi[i]);
            }
            let value = problem.value(&w.trial[..n]);
            if value < best {
                let gain = best - value;
                x.copy_from_slice(&w.trial[..n]);
                best = value;
                lambda = (lambda * 0.1).max(1e-10);
                accepted = true;
                small = if gain < tolerance.decrease * (1.0 + value.abs()) { small + 1 } else { 0 };
                break;
            }
            // Gone flat: no step however short decreases by more than the tolerance.
            if value - best < 1e-3 * tolerance.decrease * (1.0 + best.abs()) {
                return best;
            }
            lambda *= 8.0;
        }
        if !accepted || small >= 2 {
            return best;
        }
    }
    best
}

//! The Theta family.
//!
//! What: a straight line through the data and a smoothed level, weighted by `theta`.
//! [`Theta`] is the method that won the M3 competition (theta = 2); the optimised form estimates
//! theta, the dynamic form re-estimates the line at every step, and
//! [`DynamicOptimizedTheta`] does both. [`AutoTheta`] keeps the form of least squared error.
//! Seasonal series are adjusted first, after the competition's autocorrelation test.
//!
//! When: short, trended business series; one of the best single methods for its cost.
//!
//! Cost: `O(n)` with about 25 passes; some 5 us for 30 observations.
//!
//! Papers: Assimakopoulos & Nikolopoulos (2000); Fiorucci, Pellegrini, Louzada, Petropoulos,
//! Koehler (2016), *Models for optimising the theta method and their relationship to state space
//! models*.
//!
//! Where we differ: for a given smoothing rate the residuals are linear in the initial level and
//! in `1 - 1/theta`, so those two are solved for exactly and only the rate is searched: the
//! optimum is global, where a simplex search is local and a hundred times dearer.

use crate::ets::check_season;
use crate::numeric::{mean, scale_of};
use crate::season::{self, Kind};
use crate::state::{Fitted, Reader, Reason, State, write_vector};
use mercato_core::Result;
use serde::{Deserialize, Serialize};

/// Which members of the family to estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    /// The line follows the data.
    dynamic: bool,
    /// Theta is estimated, not 2.
    optimized: bool,
}

macro_rules! estimator {
    ($(#[$doc:meta])+ $name:ident, [$(($dynamic:literal, $optimized:literal)),+]) => {
        $(#[$doc])+
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Observations per season, 1..=1000 (default 1: no seasons).
            pub season_length: usize,
        }

        impl Default for $name {
            fn default() -> Self { Self { season_length: 1 } }
        }

        impl $name {
            /// Sets the season length.
            #[must_use]
            pub fn season_length(mut self, season_length: usize) -> Self {
                self.season_length = season_length;
                self
            }

            /// Checks the parameters.
            ///
            /// # Errors
            /// `invalid_params`.
            pub fn check(&self) -> Result<()> { check_season(self.season_length) }

            pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
                let forms = [$(Form { dynamic: $dynamic, optimized: $optimized }),+];
                fit(y, self.season_length, &forms).map(Fitted::Theta)
            }
        }
    };
}

estimator! {
    /// The classical Theta method: theta = 2, a fixed line.
    Theta, [(false, false)]
}
estimator! {
    /// Theta estimated, a fixed line.
    OptimizedTheta, [(false, true)]
}
estimator! {
    /// Theta = 2, a line that follows the data.
    DynamicTheta, [(true, false)]
}
estimator! {
    /// Theta estimated and a line that follows the data: the strongest member on most panels.
    DynamicOptimizedTheta, [(true, true)]
}
estimator! {
    /// The member of the family with the least squared error.
    AutoTheta, [(false, false), (false, true), (true, false), (true, true)]
}

/// Bounds of the smoothing rate and of `1 - 1/theta`, those of the reference implementation.
const ALPHA: (f64, f64) = (0.1, 0.99);
const OMEGA: (f64, f64) = (0.0, 1.0 - 1e-10);
/// Errors before this step are not counted: the line is not yet determined.
const BURN_IN: usize = 3;

/// A fitted Theta model.
#[derive(Debug, Clone)]
pub(crate) struct ThetaState {
    form: Form,
    alpha: f64,
    /// `1 - 1/theta`.
    omega: f64,
    level: f64,
    mean: f64,
    /// Observations so far.
    n: f64,
    /// Intercept and slope of the line.
    a: f64,
    b: f64,
    sigma2: f64,
    multiplicative: bool,
    /// Seasonal figures; empty when not adjusted.
    figures: Vec<f64>,
    phase: usize,
}

/// The least-squares line over 1..=n, as intercept and slope.
fn whole_line(y: &[f64]) -> (f64, f64) {
    let (a, b) = crate::numeric::line(y.iter().copied()).unwrap_or((0.0, 0.0));
    (a - b, b)
}

/// One solution of the linear part at a smoothing rate.
#[derive(Clone, Copy)]
struct Solved {
    sum_squares: f64,
    alpha: f64,
    initial: f64,
    omega: f64,
}

/// Solves for the initial level and (when free) omega at one smoothing rate.
fn solve(y: &[f64], line: &[(f64, f64)], form: Form, alpha: f64) -> Solved {
    let q = 1.0 - alpha;
    // Residual = z - initial * u - omega * c.
    let (mut zz, mut uu, mut cc, mut zu, mut zc, mut uc) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    let mut level = alpha * y[0];
    let mut power = q;
    let inverse = 1.0 / alpha;
    for t in 1..y.len() {
        let (a, b) = if form.dynamic { line[t - 1] } else { line[0] };
        let z = y[t] - level;
        let u = power;
        let c = a * power + b * (1.0 - power * q) * inverse;
        if t >= BURN_IN {
            zz += z * z;
            uu += u * u;
            cc += c * c;
            zu += z * u;
            zc += z * c;
            uc += u * c;
        }
        level = alpha * y[t] + q * level;
        power *= q;
    }
    // A faint pull of the initial level to half the first value keeps it finite once `u` vanishes.
    let prior = y[0] * 0.5;
    let ridge = 1e-6;
    uu += ridge;
    zu += ridge * prior;
    zz += ridge * prior * prior;
    let at = |omega: f64| {
        let initial = (zu - omega * uc) / uu;
        let s = zz + uu * initial * initial + cc * omega * omega
            - 2.0 * initial * zu
            - 2.0 * omega * zc
            + 2.0 * initial * omega * uc;
        Solved { sum_squares: s.max(0.0), alpha, initial, omega }
    };
    if !form.optimized {
        return at(0.5);
    }
    let d = cc * uu - uc * uc;
    let omega = if d > 1e-12 * cc * uu { (zc * uu - zu * uc) / d } else { 0.5 };
    at(if omega.is_finite() { omega.clamp(OMEGA.0, OMEGA.1) } else { 0.5 })
}

/// The running intercept and slope, as of each observation.
fn running_lines(y: &[f64]) -> Vec<(f64, f64)> {
    let mut out = Vec::with_capacity(y.len());
    let (mut mean, mut b) = (y[0], 0.0);
    out.push((y[0], 0.0));
    for (t, &v) in y.iter().enumerate().skip(1) {
        let a = advance_line(t as f64, v, &mut mean, &mut b);
        out.push((a, b));
    }
    out
}

/// Adds observation number `t + 1` to the running line; returns the intercept.
fn advance_line(t: f64, v: f64, mean: &mut f64, b: &mut f64) -> f64 {
    *mean = (t * *mean + v) / (t + 1.0);
    *b = ((t - 1.0) * *b + 6.0 * (v - *mean) / (t + 1.0)) / (t + 2.0);
    *mean - *b * (t + 2.0) / 2.0
}

fn estimate(y: &[f64], form: Form) -> Option<Solved> {
    let lines = if form.dynamic { running_lines(y) } else { vec![whole_line(y)] };
    let better = |a: Option<Solved>, b: Solved| match a {
        Some(a) if a.sum_squares <= b.sum_squares => Some(a),
        _ if b.sum_squares.is_finite() => Some(b),
        other => other,
    };
    const GRID: usize = 10;
    let step = (ALPHA.1 - ALPHA.0) / (GRID - 1) as f64;
    let mut best = None;
    for i in 0..GRID {
        best = better(best, solve(y, &lines, form, ALPHA.0 + step * i as f64));
    }
    // Golden section around the best grid point.
    let centre = best?.alpha;
    let (mut lo, mut hi) = ((centre - step).max(ALPHA.0), (centre + step).min(ALPHA.1));
    const RATIO: f64 = 0.618_033_988_749_894_8;
    let (mut p, mut q) = (hi - RATIO * (hi - lo), lo + RATIO * (hi - lo));
    let (mut sp, mut sq) = (solve(y, &lines, form, p), solve(y, &lines, form, q));
    for _ in 0..16 {
        best = better(better(best, sp), sq);
        if sp.sum_squares < sq.sum_squares {
            (hi, q, sq) = (q, p, sp);
            p = hi - RATIO * (hi - lo);
            sp = solve(y, &lines, form, p);
        } else {
            (lo, p, sp) = (p, q, sq);
            q = lo + RATIO * (hi - lo);
            sq = solve(y, &lines, form, q);
        }
    }
    best
}

fn fit(y: &[f64], m: usize, forms: &[Form]) -> Result<ThetaState, Reason> {
    let filled = season::fill_missing(y).ok_or(Reason::NoObservations)?;
    if y.iter().filter(|v| !v.is_nan()).count() < 4 {
        return Err(Reason::TooShort);
    }
    let scale = scale_of(&filled);
    let mut x: Vec<f64> = filled.iter().map(|v| v / scale).collect();
    let mut figures = Vec::new();
    let mut multiplicative = false;
    if season::is_seasonal(&x, m) {
        let positive = x.iter().all(|v| *v > 0.0);
        let by = |kind| season::figures(&x, m, kind);
        let product = by(Kind::Multiplicative).filter(|f| positive && f.iter().all(|v| *v >= 0.01));
        multiplicative = product.is_some();
        figures = product.or_else(|| by(Kind::Additive)).unwrap_or_default();
        for (t, v) in x.iter_mut().enumerate().filter(|_| !figures.is_empty()) {
            let f = figures[t % m];
            *v = if multiplicative { *v / f } else { *v - f };
        }
    }
    let constant = x.iter().all(|v| *v == x[0]);
    let mut best: Option<(Form, Solved)> = None;
    for &form in forms {
        let solved = if constant {
            Some(Solved { sum_squares: 0.0, alpha: 0.5, initial: x[0] / 2.0, omega: 0.5 })
        } else {
            estimate(&x, form)
        };
        let better = |s: &Solved| best.is_none_or(|(_, b)| s.sum_squares < b.sum_squares);
        if let Some(s) = solved.filter(better) {
            best = Some((form, s));
        }
    }
    let (form, s) = best.ok_or(Reason::NoOptimum)?;

    // Run over the series once more for the final state.
    let phase = if figures.is_empty() { 0 } else { x.len() % m };
    let (a, b) = if form.dynamic { (x[0], 0.0) } else { whole_line(&x) };
    let mean = if form.dynamic { x[0] } else { mean(&x) };
    let mut state = ThetaState {
        form,
        alpha: s.alpha,
        omega: s.omega,
        level: s.alpha * x[0] + (1.0 - s.alpha) * s.initial,
        mean,
        n: 1.0,
        a,
        b,
        sigma2: 0.0,
        multiplicative,
        figures: Vec::new(),
        phase,
    };
    if constant {
        state.level = x[0] - s.omega * (state.a + state.b / s.alpha);
    }
    let (mut sum, mut count) = (0.0, 0.0);
    for (t, &v) in x.iter().enumerate().skip(1) {
        let e = v - state.one_step();
        if t >= BURN_IN && !y[t].is_nan() {
            sum += e * e;
            count += 1.0;
        }
        state.absorb(v);
    }
    if constant {
        // The line carries part of the level; start so that the forecast is the constant itself.
        state.level += x[0] - state.one_step();
    }
    let rescale = if multiplicative { 1.0 } else { scale };
    state.sigma2 = sum / f64::max(count - 1.0, 1.0) * scale * scale;
    state.level *= scale;
    state.mean *= scale;
    state.a *= scale;
    state.b *= scale;
    state.figures = figures.iter().map(|f| f * rescale).collect();
    Ok(state)
}

impl ThetaState {
    /// The adjusted forecast of the next step.
    fn one_step(&self) -> f64 {
        let q = 1.0 - self.alpha;
        let power = q.powf(self.n);
        self.level + self.omega * (self.a * power + self.b * (1.0 - power * q) / self.alpha)
    }

    /// Takes the next adjusted value.
    fn absorb(&mut self, v: f64) {
        self.level = self.alpha * v + (1.0 - self.alpha) * self.level;
        if self.form.dynamic {
            self.a = advance_line(self.n, v, &mut self.mean, &mut self.b);
        }
        self.n += 1.0;
    }

    fn figure(&self, step: usize) -> f64 {
        self.figures[(self.phase + step) % self.figures.len()]
    }
}

impl State for ThetaState {
    fn mean(&self, out: &mut [f64]) {
        let mut s = Self { figures: Vec::new(), ..self.clone() };
        for (h, v) in out.iter_mut().enumerate() {
            let f = s.one_step();
            s.absorb(f);
            *v = match (self.figures.is_empty(), self.multiplicative) {
                (true, _) => f,
                (_, true) => f * self.figure(h),
                _ => f + self.figure(h),
            };
        }
    }

    /// An error moves the level by alpha, and the dynamic line by its share.
    fn deviations(&self, mean: &[f64]) -> Vec<f64> {
        let h = mean.len();
        let share = if self.form.dynamic { self.omega * 6.0 / (self.n * self.n) } else { 0.0 };
        let mut var = self.sigma2;
        (0..h)
            .map(|i| {
                if i > 0 {
                    let w = (self.alpha + share * i as f64).min(1.0 + share * i as f64);
                    var += self.sigma2 * w * w;
                }
                let s = if self.multiplicative && !self.figures.is_empty() {
                    self.figure(i)
                } else {
                    1.0
                };
                s.abs() * var.sqrt()
            })
            .collect()
    }

    fn update(&mut self, y: f64) {
        let seasonal = !self.figures.is_empty();
        let v = if y.is_nan() {
            self.one_step()
        } else {
            match (seasonal, self.multiplicative) {
                (false, _) => y,
                (_, true) => y / self.figure(0),
                _ => y - self.figure(0),
            }
        };
        self.absorb(v);
        if seasonal {
            self.phase = (self.phase + 1) % self.figures.len();
        }
    }

    fn write(&self, out: &mut Vec<f64>) {
        let flag = |b: bool| f64::from(u8::from(b));
        out.extend([flag(self.form.dynamic), flag(self.form.optimized), flag(self.multiplicative)]);
        out.push(self.phase as f64);
        out.extend([self.alpha, self.omega, self.level, self.mean, self.n, self.a, self.b]);
        out.push(self.sigma2);
        write_vector(&self.figures, out);
    }

    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let form = Form { dynamic: r.count(2)? == 1, optimized: r.count(2)? == 1 };
        let multiplicative = r.count(2)? == 1;
        let phase = r.count(crate::ets::MAX_SEASON)?;
        let &[alpha, omega, level, mean, n, a, b, sigma2] = r.slice(8)? else { return None };
        let figures = r.vector()?;
        let sound = phase < figures.len().max(1) && alpha > 0.0 && n >= 1.0;
        sound.then_some(Self {
            form,
            alpha,
            omega,
            level,
            mean,
            n,
            a,
            b,
            sigma2,
            multiplicative,
            figures,
            phase,
        })
    }

    fn label(&self) -> String {
        match (self.form.dynamic, self.form.optimized) {
            (false, false) => "Theta",
            (false, true) => "OptimizedTheta",
            (true, false) => "DynamicTheta",
            (true, true) => "DynamicOptimizedTheta",
        }
        .to_owned()
    }
}

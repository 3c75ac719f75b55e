//! Estimation: starting values, optimisation, selection by AICc.

use super::kernel::Objective;
use super::spec::{DAMPING, Errors, Params, SMOOTHING, Season, Spec, Trend, initial_seasons};
use crate::numeric::lm::{Problem, Tolerance, Workspace, minimise};
use crate::numeric::{line, mean, scale_of};
use crate::season::{self, Kind};

/// An estimated model of one series, on the scale of the series divided by `scale`.
#[derive(Debug, Clone)]
pub(crate) struct Estimate {
    pub spec: Spec,
    /// In the order of [`Spec::len`].
    pub x: Vec<f64>,
    /// Minus twice the log-likelihood up to the constant of the family, on the scaled series.
    pub objective: f64,
    pub aicc: f64,
}

/// Corrected Akaike criterion of `k` parameters (the variance included) and `n` observations.
pub(crate) fn aicc(objective: f64, k: usize, n: f64) -> f64 {
    let k = k as f64;
    if n - k - 1.0 <= 0.0 {
        return f64::INFINITY;
    }
    objective + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0)
}

/// Shared by the models of one series: data on a scale near 1, starting values by season kind.
pub(crate) struct Fitter<'a> {
    y: &'a [f64],
    n: usize,
    m: usize,
    /// Seasonal figures, by kind; `None` when they cannot be had.
    additive: Option<Vec<f64>>,
    multiplicative: Option<Vec<f64>>,
    pub work: Workspace,
    tolerance: Tolerance,
}

impl<'a> Fitter<'a> {
    pub fn new(y: &'a [f64], m: usize) -> Self {
        let n = y.iter().filter(|v| !v.is_nan()).count();
        Self {
            y,
            n,
            m,
            additive: None,
            multiplicative: None,
            work: Workspace::default(),
            tolerance: Tolerance { decrease: 1e-8, steps: 60 },
        }
    }

    fn figures(&mut self, season: Season) -> Option<&[f64]> {
        let (slot, kind) = match season {
            Season::None => return None,
            Season::Additive => (&mut self.additive, Kind::Additive),
            Season::Multiplicative => (&mut self.multiplicative, Kind::Multiplicative),
        };
        if slot.is_none() {
            *slot = season::figures(self.y, self.m, kind)
                .or_else(|| harmonic_figures(self.y, self.m, kind));
        }
        slot.as_deref()
    }

    /// Level, slope and seasons to start from.
    fn start(&mut self, spec: Spec) -> Option<Vec<f64>> {
        let y = self.y;
        let m = if spec.has_season() { self.m } else { 1 };
        let figures = self.figures(spec.season);
        if spec.has_season() && figures.is_none() {
            return None;
        }
        let head = y.len().min((2 * m).max(10));
        let adjusted = y[..head].iter().enumerate().map(|(t, v)| match (spec.season, figures) {
            (Season::Additive, Some(f)) => v - f[t % m],
            (Season::Multiplicative, Some(f)) => v / f[t % m].max(0.01),
            _ => *v,
        });
        let mut x = vec![0.3];
        if spec.has_trend() {
            let (a, b) = line(adjusted)?;
            x.extend([a - b, 0.05, b]);
        } else {
            let (n, s) =
                adjusted.filter(|v| !v.is_nan()).fold((0.0, 0.0), |(n, s), v| (n + 1.0, s + v));
            if n == 0.0 {
                return None;
            }
            x.push(s / n);
        }
        if spec.is_damped() {
            x.push(0.95);
        }
        if let Some(f) = figures {
            x.push(0.05);
            if spec.season == Season::Multiplicative {
                let mut f: Vec<f64> = f.iter().map(|v| v.max(0.01)).collect();
                let total: f64 = f.iter().sum();
                f.iter_mut().for_each(|v| *v *= m as f64 / total);
                x.extend_from_slice(&f[..m - 1]);
            } else {
                x.extend_from_slice(&f[..m - 1]);
            }
        }
        Some(x)
    }

    /// The maximum-likelihood estimate of one model. `warm`: further points to start from, such as
    /// the optimum of a smaller model. `None` when there is too little data, or no start lies in
    /// the model's domain.
    pub fn fit(&mut self, spec: Spec, warm: &[&Estimate]) -> Option<Estimate> {
        let k = spec.len();
        if k + 1 >= self.n {
            return None;
        }
        let mut objective = Objective::new(spec, self.y);
        let (lo, hi) = bounds(spec);
        let mut starts: Vec<Vec<f64>> = Vec::with_capacity(6);
        if let Some(x) = self.start(spec) {
            for (alpha, beta, gamma) in STARTS {
                let mut x = x.clone();
                x[0] = alpha;
                if spec.has_trend() {
                    x[2] = beta;
                }
                if spec.has_season() {
                    x[spec.gamma()] = gamma;
                }
                starts.push(x);
            }
        }
        starts.extend(warm.iter().filter_map(|e| adapt(e, spec)));
        // A few steps from everywhere, then all the way from the two best.
        let mut tried: Vec<(f64, Vec<f64>)> = Vec::with_capacity(starts.len());
        for mut x in starts {
            for i in 0..k {
                x[i] = x[i].clamp(lo[i], hi[i]);
            }
            if !objective.value(&x).is_finite() {
                continue;
            }
            let v = minimise(&mut objective, &mut x, &lo, &hi, SCOUT, &mut self.work);
            if v.is_finite() {
                tried.push((v, x));
            }
        }
        tried.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut best: Option<Estimate> = None;
        for (_, mut x) in tried.into_iter().take(2) {
            let v = minimise(&mut objective, &mut x, &lo, &hi, self.tolerance, &mut self.work);
            if v.is_finite() && best.as_ref().is_none_or(|b| v < b.objective) {
                let aicc = aicc(v, k + 1, self.n as f64);
                best = Some(Estimate { spec, x, objective: v, aicc });
            }
        }
        best
    }
}

/// Rates of level, trend and season to start from.
const STARTS: [(f64, f64, f64); 3] = [(0.3, 0.05, 0.05), (0.9, 0.02, 0.02), (0.05, 0.01, 0.2)];
/// The first look from each start.
const SCOUT: Tolerance = Tolerance { decrease: 1e-5, steps: 5 };

/// The trend's rate is at most this, divided by the season length. The likelihood alone would let a
/// short series' trend follow its last step (worse by 6 % on the M4 yearly series); the reference
/// implementation has the same limit.
const TREND_SHARE: f64 = 0.2;

fn bounds(spec: Spec) -> (Vec<f64>, Vec<f64>) {
    let mut lo = vec![f64::NEG_INFINITY; spec.len()];
    let mut hi = vec![f64::INFINITY; spec.len()];
    let mut set = |i: usize, b: (f64, f64)| (lo[i], hi[i]) = b;
    set(0, SMOOTHING);
    if spec.has_trend() {
        set(
            2,
            (SMOOTHING.0, SMOOTHING.0 + (SMOOTHING.1 - SMOOTHING.0) * TREND_SHARE / spec.m as f64),
        );
    }
    if spec.is_damped() {
        set(4, DAMPING);
    }
    if spec.has_season() {
        set(spec.gamma(), SMOOTHING);
    }
    (lo, hi)
}

/// The optimum of another model as a point of this one: components that it lacks start at rest.
fn adapt(e: &Estimate, spec: Spec) -> Option<Vec<f64>> {
    if e.spec.season != spec.season || e.spec.m != spec.m {
        return None;
    }
    let from = Params::of(e.spec, &e.x);
    let mut x = vec![from.alpha, from.level];
    if spec.has_trend() {
        let (beta, slope) = if e.spec.has_trend() { (from.beta, from.slope) } else { (0.02, 0.0) };
        x.extend([beta, slope]);
    }
    if spec.is_damped() {
        x.push(if e.spec.is_damped() { from.phi } else { DAMPING.1 });
    }
    if spec.has_season() {
        x.extend_from_slice(&e.x[e.spec.gamma()..]);
    }
    Some(x)
}

/// Seasonal figures of a series too short for a decomposition: one harmonic and a line by least
/// squares.
fn harmonic_figures(y: &[f64], m: usize, kind: Kind) -> Option<Vec<f64>> {
    let wave = |t: usize| {
        let a = std::f64::consts::TAU * t as f64 / m as f64;
        [1.0, t as f64, a.sin(), a.cos()]
    };
    let (mut a, mut b) = ([0.0; 16], [0.0; 4]);
    for (t, &v) in y.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
        let x = wave(t);
        for i in 0..4 {
            b[i] += x[i] * v;
            for j in 0..=i {
                a[i * 4 + j] += x[i] * x[j];
            }
        }
    }
    for i in 0..4 {
        a[i * 5] *= 1.0 + 1e-9;
    }
    if !crate::numeric::solve_spd(&mut a, &mut b) {
        return None;
    }
    let centre = mean(y);
    let f: Vec<f64> = (0..m)
        .map(|t| {
            let x = wave(t);
            b[2] * x[2] + b[3] * x[3]
        })
        .map(|s| if kind == Kind::Additive { s } else { (1.0 + s / centre).max(0.05) })
        .collect();
    f.iter().all(|v| v.is_finite()).then_some(f)
}

/// Scales the series to near 1; returns it with the scale.
pub(crate) fn scaled(y: &[f64]) -> (Vec<f64>, f64) {
    let scale = scale_of(y);
    (y.iter().map(|v| v / scale).collect(), scale)
}

/// Which components a search may use; `None` = choose.
#[derive(Debug, Clone)]
pub(crate) struct Candidates {
    pub errors: Option<Errors>,
    pub trends: Vec<Trend>,
    pub season: Option<Season>,
}

/// The model of least AICc among the candidates, on the scaled series `y`. `None` when none can be
/// estimated.
pub(crate) fn select(y: &[f64], m: usize, candidates: &Candidates) -> Option<Estimate> {
    let positive = y.iter().all(|v| v.is_nan() || *v > 0.0);
    let seasons_possible = m > 1 && y.len() > m;
    let mut fitter = Fitter::new(y, m);
    let mut best: Option<Estimate> = None;
    // Smaller models first: their optima start the larger ones.
    for season in [Season::None, Season::Additive, Season::Multiplicative] {
        let wanted = candidates.season.unwrap_or(season);
        if wanted != season || (season != Season::None && !seasons_possible) {
            continue;
        }
        let mut found: Vec<Estimate> = Vec::with_capacity(6);
        for trend in [Trend::None, Trend::Additive, Trend::Damped] {
            if !candidates.trends.contains(&trend) {
                continue;
            }
            for errors in [Errors::Additive, Errors::Multiplicative] {
                let m = if season == Season::None { 1 } else { m };
                let spec = Spec { errors, trend, season, m };
                let excluded = candidates.errors.is_some_and(|e| e != errors);
                if excluded || !spec.is_admissible() || (spec.needs_positive() && !positive) {
                    continue;
                }
                let same_trend = found.iter().rfind(|e| e.spec.trend == trend);
                let smaller =
                    found.iter().rfind(|e| e.spec.trend != trend && e.spec.errors == errors);
                let warm: Vec<&Estimate> = same_trend.into_iter().chain(smaller).collect();
                if let Some(e) = fitter.fit(spec, &warm) {
                    if best.as_ref().is_none_or(|b| e.aicc < b.aicc) {
                        best = Some(e.clone());
                    }
                    found.push(e);
                }
            }
        }
    }
    best
}

/// The states after the last observation: level, slope, and seasons from the next phase on; with
/// the sum of squared (relative) errors and the number of observations.
pub(crate) struct Final {
    pub level: f64,
    pub slope: f64,
    /// By phase `t % m`, `t` counted from the first observation.
    pub seasons: Vec<f64>,
    pub sum_squares: f64,
    pub n: usize,
}

/// Runs an estimate over the series.
pub(crate) fn run(e: &Estimate, y: &[f64], mut fitted: Option<&mut Vec<f64>>) -> Final {
    let p = Params::of(e.spec, &e.x);
    let mut seasons = Vec::new();
    initial_seasons(e.spec, &e.x, &mut seasons);
    let mut state = Final { level: p.level, slope: p.slope, seasons, sum_squares: 0.0, n: 0 };
    for (t, &v) in y.iter().enumerate() {
        let phase = t % e.spec.m;
        let f = forecast_one(e.spec, &state, p.phi, phase);
        if let Some(out) = fitted.as_deref_mut() {
            out.push(f);
        }
        let r =
            advance(e.spec, p, &mut state.level, &mut state.slope, &mut state.seasons, phase, v);
        if let Some(r) = r {
            state.sum_squares += r * r;
            state.n += 1;
        }
    }
    state
}

fn forecast_one(spec: Spec, s: &Final, phi: f64, phase: usize) -> f64 {
    let base = s.level + phi * s.slope;
    match spec.season {
        Season::None => base,
        Season::Additive => base + s.seasons[phase],
        Season::Multiplicative => base * s.seasons[phase],
    }
}

/// One step of the recursion; the (relative) error, or `None` for a missing observation.
pub(crate) fn advance(
    spec: Spec,
    p: Params,
    level: &mut f64,
    slope: &mut f64,
    seasons: &mut [f64],
    phase: usize,
    v: f64,
) -> Option<f64> {
    let trend = p.phi * *slope;
    let base = *level + trend;
    let s = if spec.has_season() { seasons[phase] } else { 0.0 };
    let f = match spec.season {
        Season::None => base,
        Season::Additive => base + s,
        Season::Multiplicative => base * s,
    };
    let e = if v.is_nan() { 0.0 } else { v - f };
    let safe = |d: f64| if d.is_finite() { d } else { 0.0 };
    let (d, q) = match spec.season {
        Season::Multiplicative => (safe(e / s), safe(e / base)),
        _ => (e, e),
    };
    *level = base + p.alpha * d;
    *slope = trend + p.beta * d;
    if spec.has_season() {
        seasons[phase] = s + p.gamma * q;
    }
    (!v.is_nan()).then(|| if spec.errors == Errors::Multiplicative { safe(e / f) } else { e })
}

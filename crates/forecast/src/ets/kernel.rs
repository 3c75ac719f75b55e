//! The likelihood of an exponential smoothing model, and its linearisation.
//!
//! Both walk the series once. The objective is minus twice the log-likelihood with the variance
//! concentrated out: `n log(sum e^2) + 2 sum log|f|`, the last term for multiplicative errors
//! only. Written as `n log(sum (e G)^2)` with `G` the geometric mean of the forecasts it is a sum
//! of squares, so Gauss-Newton applies to every model of the family. Missing values advance the
//! states by the forecast and add nothing to the sum.
//!
//! Invariant: no allocation per step; all buffers are sized in [`Objective::new`].

use super::spec::{Errors, Params, Season, Spec, initial_seasons};
use crate::numeric::lm::Problem;

/// The objective of one series under one model.
pub(crate) struct Objective<'a> {
    pub spec: Spec,
    pub y: &'a [f64],
    /// Present values.
    pub n: f64,
    season: Vec<f64>,
    /// Derivatives: level, slope, then each season, by parameter.
    d: Vec<f64>,
    df: Vec<f64>,
    sum_df: Vec<f64>,
}

impl<'a> Objective<'a> {
    pub fn new(spec: Spec, y: &'a [f64]) -> Self {
        let n = y.iter().filter(|v| !v.is_nan()).count() as f64;
        let (mut d, mut df, mut sum_df) = (vec![], vec![], vec![]);
        if spec.has_season() {
            let p = spec.len();
            d = vec![0.0; (2 + spec.m) * p];
            df = vec![0.0; 3 * p];
            sum_df = vec![0.0; p];
        }
        Self { spec, y, n, season: Vec::new(), d, df, sum_df }
    }
}

/// Sums logarithms eight at a time: one `ln` per product. Forecasts are near 1 after scaling.
struct LogSum {
    product: f64,
    held: u32,
    sum: f64,
}

impl LogSum {
    fn new() -> Self {
        Self { product: 1.0, held: 0, sum: 0.0 }
    }
    #[inline]
    fn add(&mut self, f: f64) {
        self.product *= f;
        self.held += 1;
        if self.held == 8 {
            self.sum += self.product.ln();
            self.product = 1.0;
            self.held = 0;
        }
    }
    fn total(self) -> f64 {
        self.sum + self.product.ln()
    }
}

/// What is beyond any sensible forecast of a series scaled to 1; keeps products of eight finite.
const F_RANGE: (f64, f64) = (1e-30, 1e30);

fn finish(n: f64, sum: f64, logs: f64) -> f64 {
    // A perfect fit has no finite likelihood; the floor stands for rounding.
    n * sum.max(n * 1e-32).ln() + 2.0 * logs
}

impl Problem for Objective<'_> {
    fn value(&mut self, x: &[f64]) -> f64 {
        initial_seasons(self.spec, x, &mut self.season);
        let p = Params::of(self.spec, x);
        match (self.spec.errors, self.spec.season) {
            (Errors::Additive, Season::None) => value::<false, 0>(self.y, self.n, p, &mut []),
            (Errors::Additive, _) => value::<false, 1>(self.y, self.n, p, &mut self.season),
            (Errors::Multiplicative, Season::None) => value::<true, 0>(self.y, self.n, p, &mut []),
            (Errors::Multiplicative, Season::Additive) => {
                value::<true, 1>(self.y, self.n, p, &mut self.season)
            }
            (Errors::Multiplicative, Season::Multiplicative) => {
                value::<true, 2>(self.y, self.n, p, &mut self.season)
            }
        }
    }

    fn linearise(&mut self, x: &[f64], g: &mut [f64], h: &mut [f64]) -> f64 {
        let p = Params::of(self.spec, x);
        match (self.spec.errors, self.spec.season) {
            (Errors::Additive, Season::None) => match x.len() {
                2 => plain::<false, 2>(self.y, self.n, p, g, h),
                4 => plain::<false, 4>(self.y, self.n, p, g, h),
                _ => plain::<false, 5>(self.y, self.n, p, g, h),
            },
            (Errors::Multiplicative, Season::None) => match x.len() {
                2 => plain::<true, 2>(self.y, self.n, p, g, h),
                4 => plain::<true, 4>(self.y, self.n, p, g, h),
                _ => plain::<true, 5>(self.y, self.n, p, g, h),
            },
            (Errors::Additive, _) => {
                initial_seasons(self.spec, x, &mut self.season);
                seasonal::<false, false>(self, p, g, h)
            }
            (Errors::Multiplicative, Season::Additive) => {
                initial_seasons(self.spec, x, &mut self.season);
                seasonal::<true, false>(self, p, g, h)
            }
            (Errors::Multiplicative, Season::Multiplicative) => {
                initial_seasons(self.spec, x, &mut self.season);
                seasonal::<true, true>(self, p, g, h)
            }
        }
    }
}

/// The objective. `S`: 0 no seasons, 1 additive, 2 multiplicative.
fn value<const M: bool, const S: u8>(y: &[f64], n: f64, p: Params, season: &mut [f64]) -> f64 {
    let (mut l, mut b) = (p.level, p.slope);
    let (mut sum, mut logs) = (0.0, LogSum::new());
    let mut phase = 0;
    for &v in y {
        let trend = p.phi * b;
        let base = l + trend;
        let s = if S > 0 { season[phase] } else { 0.0 };
        let f = match S {
            0 => base,
            1 => base + s,
            _ => base * s,
        };
        let mut e = v - f;
        if e.is_nan() {
            if f.is_nan() {
                return f64::INFINITY;
            }
            e = 0.0;
        } else if M {
            if !(f > F_RANGE.0 && f < F_RANGE.1) {
                return f64::INFINITY;
            }
            let r = e / f;
            sum += r * r;
            logs.add(f);
        } else {
            sum += e * e;
        }
        let d = if S == 2 { e / s } else { e };
        l = base + p.alpha * d;
        b = trend + p.beta * d;
        if S > 0 {
            let q = if S == 2 { e / base } else { e };
            season[phase] = s + p.gamma * q;
            phase += 1;
            if phase == season.len() {
                phase = 0;
            }
        }
    }
    finish(n, sum, if M { logs.total() } else { 0.0 })
}

/// Adds one residual `r` with derivatives `dr` to `h = sum dr dr'` and `g = sum r dr`.
#[inline]
fn accumulate(r: f64, dr: &[f64], g: &mut [f64], h: &mut [f64]) {
    let p = dr.len();
    for i in 0..p {
        g[i] += r * dr[i];
        let row = &mut h[i * p..i * p + i + 1];
        for (slot, v) in row.iter_mut().zip(&dr[..=i]) {
            *slot += dr[i] * v;
        }
    }
}

/// Turns sums over relative errors into those over `e G`: adds what the derivative of the
/// geometric mean contributes. `mean_df` holds the mean of `df / f`.
fn with_geometric_mean(sum: f64, mean_df: &[f64], g: &mut [f64], h: &mut [f64]) {
    let p = g.len();
    for i in 0..p {
        for j in 0..=i {
            h[i * p + j] += mean_df[i] * g[j] + g[i] * mean_df[j] + mean_df[i] * mean_df[j] * sum;
        }
    }
    for i in 0..p {
        g[i] += mean_df[i] * sum;
    }
}

/// Linearisation without seasons: `P` is 2 (level), 4 (trend) or 5 (damped).
fn plain<const M: bool, const P: usize>(
    y: &[f64],
    n: f64,
    p: Params,
    g: &mut [f64],
    h: &mut [f64],
) -> f64 {
    let (mut l, mut b) = (p.level, p.slope);
    let mut dl = [0.0; P];
    let mut db = [0.0; P];
    dl[1] = 1.0;
    if P > 2 {
        db[3] = 1.0;
    }
    let mut hh = [[0.0; P]; P];
    let mut gg = [0.0; P];
    let mut mean_df = [0.0; P];
    let (mut sum, mut logs) = (0.0, LogSum::new());
    for &v in y {
        let trend = p.phi * b;
        let f = l + trend;
        let mut df = [0.0; P];
        for j in 0..P {
            df[j] = if P > 2 { dl[j] + p.phi * db[j] } else { dl[j] };
        }
        if P == 5 {
            df[4] += b;
        }
        let mut e = v - f;
        let mut de = [0.0; P];
        if e.is_nan() {
            if f.is_nan() {
                return f64::INFINITY;
            }
            e = 0.0;
        } else {
            for j in 0..P {
                de[j] = -df[j];
            }
            let mut dr = de;
            let mut r = e;
            if M {
                if !(f > F_RANGE.0 && f < F_RANGE.1) {
                    return f64::INFINITY;
                }
                let inverse = 1.0 / f;
                r = e * inverse;
                // d(v/f - 1) = -v/f^2 df
                let c = v * inverse * inverse;
                for j in 0..P {
                    dr[j] = -c * df[j];
                    mean_df[j] += inverse * df[j];
                }
                logs.add(f);
            }
            sum += r * r;
            for i in 0..P {
                gg[i] += r * dr[i];
                for j in 0..=i {
                    hh[i][j] += dr[i] * dr[j];
                }
            }
        }
        for j in 0..P {
            dl[j] = df[j] + p.alpha * de[j];
            if P > 2 {
                db[j] = p.phi * db[j] + p.beta * de[j];
            }
        }
        dl[0] += e;
        if P > 2 {
            db[2] += e;
        }
        if P == 5 {
            db[4] += b;
        }
        l = f + p.alpha * e;
        b = trend + p.beta * e;
    }
    for i in 0..P {
        g[i] = gg[i];
        for j in 0..=i {
            h[i * P + j] = hh[i][j];
        }
        mean_df[i] /= n;
    }
    if M {
        with_geometric_mean(sum, &mean_df, g, h);
    }
    finish(n, sum, if M { logs.total() } else { 0.0 })
}

/// Linearisation with seasons.
fn seasonal<const M: bool, const MULTIPLY: bool>(
    o: &mut Objective<'_>,
    p: Params,
    g: &mut [f64],
    h: &mut [f64],
) -> f64 {
    let k = g.len();
    let gamma = o.spec.gamma();
    let m = o.season.len();
    let damped = o.spec.is_damped();
    let has_trend = o.spec.has_trend();
    o.d.fill(0.0);
    let (level, rest) = o.d.split_at_mut(k);
    let (slope, seasons) = rest.split_at_mut(k);
    level[1] = 1.0;
    if has_trend {
        slope[3] = 1.0;
    }
    for i in 0..m - 1 {
        seasons[i * k + gamma + 1 + i] = 1.0;
        seasons[(m - 1) * k + gamma + 1 + i] = -1.0;
    }
    g.fill(0.0);
    h.fill(0.0);
    o.sum_df.fill(0.0);
    let (df, rest) = o.df.split_at_mut(k);
    let (dbase, dr) = rest.split_at_mut(k);
    let (mut l, mut b) = (p.level, p.slope);
    let (mut sum, mut logs) = (0.0, LogSum::new());
    let mut phase = 0;
    for &v in o.y {
        let trend = p.phi * b;
        let base = l + trend;
        let s = o.season[phase];
        let ds = &mut seasons[phase * k..(phase + 1) * k];
        let f = if MULTIPLY { base * s } else { base + s };
        if has_trend {
            for j in 0..k {
                dbase[j] = level[j] + p.phi * slope[j];
            }
            if damped {
                dbase[4] += b;
            }
        } else {
            dbase.copy_from_slice(level);
        }
        for j in 0..k {
            df[j] = if MULTIPLY { dbase[j] * s + base * ds[j] } else { dbase[j] + ds[j] };
        }
        let mut e = v - f;
        let mut seen = -1.0;
        if e.is_nan() {
            if f.is_nan() {
                return f64::INFINITY;
            }
            e = 0.0;
            seen = 0.0;
        } else if M {
            if !(f > F_RANGE.0 && f < F_RANGE.1) {
                return f64::INFINITY;
            }
            let inverse = 1.0 / f;
            let r = e * inverse;
            let c = v * inverse * inverse;
            for j in 0..k {
                dr[j] = -c * df[j];
                o.sum_df[j] += inverse * df[j];
            }
            logs.add(f);
            sum += r * r;
            accumulate(r, dr, g, h);
        } else {
            sum += e * e;
            for j in 0..k {
                dr[j] = -df[j];
            }
            accumulate(e, dr, g, h);
        }
        // `seen * df` is the derivative of e: minus df, or nothing for a missing value.
        let (d, q);
        if MULTIPLY {
            d = e / s;
            q = e / base;
            let (by_s, by_base) = (seen / s, seen / base);
            let (cs, cb) = (e / (s * s), e / (base * base));
            for j in 0..k {
                let dd = by_s * df[j] - cs * ds[j];
                let dq = by_base * df[j] - cb * dbase[j];
                level[j] = dbase[j] + p.alpha * dd;
                if has_trend {
                    slope[j] = p.phi * slope[j] + p.beta * dd;
                }
                ds[j] += p.gamma * dq;
            }
        } else {
            d = e;
            q = e;
            for j in 0..k {
                let de = seen * df[j];
                level[j] = dbase[j] + p.alpha * de;
                if has_trend {
                    slope[j] = p.phi * slope[j] + p.beta * de;
                }
                ds[j] += p.gamma * de;
            }
        }
        level[0] += d;
        if has_trend {
            slope[2] += d;
        }
        if damped {
            slope[4] += b;
        }
        ds[gamma] += q;
        l = base + p.alpha * d;
        b = trend + p.beta * d;
        o.season[phase] = s + p.gamma * q;
        phase += 1;
        if phase == m {
            phase = 0;
        }
    }
    if M {
        o.sum_df.iter_mut().for_each(|v| *v /= o.n);
        with_geometric_mean(sum, &o.sum_df, g, h);
    }
    finish(o.n, sum, if M { logs.total() } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::super::spec::Trend;
    use super::*;

    fn all() -> Vec<Spec> {
        let mut out = vec![];
        for errors in [Errors::Additive, Errors::Multiplicative] {
            for trend in [Trend::None, Trend::Additive, Trend::Damped] {
                for season in [Season::None, Season::Additive, Season::Multiplicative] {
                    let spec = Spec { errors, trend, season, m: 4 };
                    if spec.is_admissible() {
                        out.push(spec);
                    }
                }
            }
        }
        out
    }

    fn series() -> Vec<f64> {
        let mut y: Vec<f64> = (0..40)
            .map(|t| {
                let t = f64::from(t);
                1.0 + 0.01 * t
                    + 0.2 * (t * std::f64::consts::FRAC_PI_2).sin()
                    + 0.1 * (t * 1.7).cos()
            })
            .collect();
        y[7] = f64::NAN;
        y
    }

    fn point(spec: Spec) -> Vec<f64> {
        let mut x = vec![0.3, 0.9];
        if spec.has_trend() {
            x.extend([0.1, 0.02]);
        }
        if spec.is_damped() {
            x.push(0.9);
        }
        if spec.has_season() {
            let c = if spec.season == Season::Multiplicative { 1.0 } else { 0.0 };
            x.extend([0.2, c + 0.05, c + 0.15, c - 0.05]);
        }
        x
    }

    #[test]
    fn analytic_gradients_equal_finite_differences_in_every_model() {
        let y = series();
        for spec in all() {
            let x = point(spec);
            let mut o = Objective::new(spec, &y);
            let k = x.len();
            let (mut g, mut h) = (vec![0.0; k], vec![0.0; k * k]);
            let v = o.linearise(&x, &mut g, &mut h);
            assert!((v - o.value(&x)).abs() < 1e-9, "{}", spec.name());
            // g is the gradient up to one factor: recover it from the first component.
            let numeric: Vec<f64> = (0..k)
                .map(|i| {
                    let step = 1e-6;
                    let (mut a, mut b) = (x.clone(), x.clone());
                    a[i] -= step;
                    b[i] += step;
                    (o.value(&b) - o.value(&a)) / (2.0 * step)
                })
                .collect();
            let factor = numeric[0] / g[0];
            assert!(factor > 0.0, "{}", spec.name());
            for i in 0..k {
                let gap = (numeric[i] - factor * g[i]).abs();
                assert!(gap < 1e-4 * (1.0 + numeric[i].abs()), "{} {i}: {gap}", spec.name());
            }
        }
    }
}

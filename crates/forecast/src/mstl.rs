//! Several or long seasons, taken off by local regression.
//!
//! What: [`Mstl`] splits a series into one component per season length, a trend and a remainder;
//! the seasons repeat their last cycle, and another method forecasts the rest. When: hourly data
//! with days and weeks, daily data with weeks and years, weekly data with years; any season too
//! long for exponential smoothing. Cost: `O(n (s + m))` per pass and season for a smoothing span
//! `s`; about 10 ms for 900 hourly observations with two seasons. Papers: Cleveland et al. (1990),
//! *STL*; Bandara, Hyndman, Bergmeir (2021), *MSTL*. Where we differ: missing values are
//! interpolated before the decomposition, and there are no robustness weights.

use crate::ets::{AutoEts, MAX_SEASON, check_season};
use crate::method::Method;
use crate::numeric::scale_of;
use crate::season::fill_missing;
use crate::state::{Fitted, Reader, Reason, State, write_vector};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// Seasonal-trend decomposition by local regression, and another method for what is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mstl {
    /// Observations per season, 1 to 8 different numbers in 2..=1000 (default 12). Lengths that a
    /// series does not hold twice are left out.
    pub season_lengths: Vec<usize>,
    /// The method for trend and remainder (default `AutoEts` without seasons).
    pub method: Box<Method>,
}

impl Default for Mstl {
    fn default() -> Self {
        let rest = AutoEts::default().model("ZZN");
        Self { season_lengths: vec![12], method: Box::new(rest.into()) }
    }
}

const MAX_SEASONS: usize = 8;

impl Mstl {
    /// Sets the season lengths.
    #[must_use]
    pub fn season_lengths(mut self, season_lengths: impl Into<Vec<usize>>) -> Self {
        self.season_lengths = season_lengths.into();
        self
    }

    /// Sets the method for trend and remainder.
    #[must_use]
    pub fn method(mut self, method: impl Into<Method>) -> Self {
        self.method = Box::new(method.into());
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// `invalid_params`, also of the method.
    pub fn check(&self) -> Result<()> {
        let lengths = &self.season_lengths;
        let repeated = (1..lengths.len()).any(|i| lengths[..i].contains(&lengths[i]));
        if lengths.is_empty() || lengths.len() > MAX_SEASONS || repeated || lengths.contains(&1) {
            return Err(Error::invalid_params(format!(
                "season_lengths must be 1 to {MAX_SEASONS} different numbers of at least 2, got \
                 {lengths:?}"
            ))
            .with("parameter", "season_lengths"));
        }
        lengths.iter().try_for_each(|&m| check_season(m))?;
        if self.method.is_composed() {
            return Err(Error::invalid_params("the method of a decomposition is a single one")
                .with("parameter", "method"));
        }
        self.method.check()
    }

    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let mut lengths: Vec<usize> =
            self.season_lengths.iter().copied().filter(|&m| y.len() > 2 * m).collect();
        lengths.sort_unstable();
        let filled = fill_missing(y).ok_or(Reason::NoObservations)?;
        if lengths.is_empty() {
            return Err(Reason::TooShort);
        }
        let scale = scale_of(&filled);
        let x: Vec<f64> = filled.iter().map(|v| v / scale).collect();
        let seasons = decompose(&x, &lengths);
        let rest: Vec<f64> = (0..x.len())
            .map(|t| {
                let v = x[t] - seasons.iter().map(|s| s[t]).sum::<f64>();
                if y[t].is_nan() { f64::NAN } else { v * scale }
            })
            .collect();
        let inner = Box::new(self.method.fit_series(&rest)?);
        let last = |s: &Vec<f64>, m: usize| s[x.len() - m..].iter().map(|v| v * scale).collect();
        let cycles: Vec<Vec<f64>> =
            seasons.iter().zip(&lengths).map(|(s, &m)| last(s, m)).collect();
        let at = vec![0; cycles.len()];
        Ok(MstlState { inner, cycles, at }.into())
    }
}

/// One component per season length, shortest first.
fn decompose(y: &[f64], lengths: &[usize]) -> Vec<Vec<f64>> {
    let mut seasons = vec![vec![0.0; y.len()]; lengths.len()];
    let mut rest = y.to_vec();
    let rounds = if lengths.len() == 1 { 1 } else { 2 };
    for _ in 0..rounds {
        for (i, &m) in lengths.iter().enumerate() {
            for (r, s) in rest.iter_mut().zip(&seasons[i]) {
                *r += s;
            }
            seasons[i] = stl(&rest, m, 11 + 4 * i);
            for (r, s) in rest.iter_mut().zip(&seasons[i]) {
                *r -= s;
            }
        }
    }
    seasons
}

fn odd(v: usize) -> usize {
    v + usize::from(v.is_multiple_of(2))
}

/// The seasonal component of Cleveland's inner loop; `y` longer than two seasons.
fn stl(y: &[f64], m: usize, span: usize) -> Vec<f64> {
    let n = y.len();
    let trend_span = odd((1.5 * m as f64 / (1.0 - 1.5 / span as f64)).ceil() as usize);
    let mut trend = vec![0.0; n];
    let mut season = vec![0.0; n];
    for _ in 0..2 {
        // Smoothed sub-series by phase, one cycle longer at both ends.
        let mut cycle = vec![0.0; n + 2 * m];
        for phase in 0..m {
            let sub: Vec<f64> = (phase..n).step_by(m).map(|t| y[t] - trend[t]).collect();
            for k in 0..sub.len() + 2 {
                cycle[phase + k * m] = loess(&sub, k as f64 - 1.0, span);
            }
        }
        let low = running_mean(&running_mean(&running_mean(&cycle, m), m), 3);
        let low_span = odd(m);
        for t in 0..n {
            season[t] = cycle[m + t] - loess(&low, t as f64, low_span);
        }
        let adjusted: Vec<f64> = y.iter().zip(&season).map(|(a, b)| a - b).collect();
        for (t, v) in trend.iter_mut().enumerate() {
            *v = loess(&adjusted, t as f64, trend_span);
        }
    }
    season
}

fn running_mean(y: &[f64], m: usize) -> Vec<f64> {
    y.windows(m).map(|w| w.iter().sum::<f64>() / m as f64).collect()
}

/// Local linear regression at `x` on the `span` nearest points, tricube weights.
fn loess(y: &[f64], x: f64, span: usize) -> f64 {
    let n = y.len();
    let q = span.min(n);
    let first = (x - (q as f64 - 1.0) / 2.0).round().clamp(0.0, (n - q) as f64) as usize;
    let reach = (x - first as f64).abs().max(((first + q - 1) as f64 - x).abs());
    let reach = reach + (span.saturating_sub(n) / 2) as f64;
    let (mut sw, mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (i, v) in y[first..first + q].iter().enumerate() {
        let d = (first + i) as f64 - x;
        let u = d.abs() / (reach + 1e-9);
        if u >= 0.999 {
            continue;
        }
        let c = 1.0 - u * u * u;
        let w = if u <= 0.001 { 1.0 } else { c * c * c };
        sw += w;
        sx += w * d;
        sy += w * v;
        sxx += w * d * d;
        sxy += w * d * v;
    }
    if sw <= 0.0 {
        return y[first];
    }
    let det = sw * sxx - sx * sx;
    if det > 1e-9 * sw * sxx { (sxx * sy - sx * sxy) / det } else { sy / sw }
}

/// Last cycles of the seasons, and the state of the rest.
#[derive(Debug, Clone)]
pub(crate) struct MstlState {
    inner: Box<Fitted>,
    cycles: Vec<Vec<f64>>,
    /// Next phase of each.
    at: Vec<usize>,
}

impl MstlState {
    fn season(&self, step: usize) -> f64 {
        self.cycles.iter().zip(&self.at).map(|(c, at)| c[(at + step) % c.len()]).sum()
    }
}

impl State for MstlState {
    fn mean(&self, out: &mut [f64]) {
        self.inner.mean(out);
        for (h, v) in out.iter_mut().enumerate() {
            *v += self.season(h);
        }
    }
    fn deviations(&self, mean: &[f64]) -> Vec<f64> {
        let mut own = mean.to_vec();
        self.inner.mean(&mut own);
        self.inner.deviations(&own)
    }
    fn update(&mut self, y: f64) {
        self.inner.update(y - self.season(0));
        for (at, c) in self.at.iter_mut().zip(&self.cycles) {
            *at = (*at + 1) % c.len();
        }
    }
    fn write(&self, out: &mut Vec<f64>) {
        out.push(self.cycles.len() as f64);
        for (c, at) in self.cycles.iter().zip(&self.at) {
            out.push(*at as f64);
            write_vector(c, out);
        }
        self.inner.write(out);
    }
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let n = r.count(MAX_SEASONS + 1)?;
        let (mut cycles, mut at) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for _ in 0..n {
            let phase = r.count(MAX_SEASON)?;
            let cycle = r.vector()?;
            if phase >= cycle.len() {
                return None;
            }
            cycles.push(cycle);
            at.push(phase);
        }
        let inner = Box::new(r.inner(Fitted::read)?);
        Some(Self { inner, cycles, at })
    }
    fn label(&self) -> String {
        let lengths: Vec<String> = self.cycles.iter().map(|c| c.len().to_string()).collect();
        format!("MSTL({}; {})", lengths.join(", "), self.inner.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_planted_seasons_are_found() {
        let season = |t: usize, m: usize| (std::f64::consts::TAU * t as f64 / m as f64).sin();
        let y: Vec<f64> = (0..700)
            .map(|t| 50.0 + 0.01 * t as f64 + 5.0 * season(t, 24) + 3.0 * season(t, 168))
            .collect();
        let f = Mstl::default().season_lengths([24, 168]).fit_series(&y[..600]).unwrap();
        let mut out = vec![0.0; 100];
        f.mean(&mut out);
        for (got, want) in out.iter().zip(&y[600..]) {
            assert!((got - want).abs() < 0.5, "{got} {want}");
        }
    }
}

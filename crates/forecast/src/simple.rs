//! Benchmarks that every other method must beat.
//!
//! What: the last value ([`Naive`]), the value one season ago ([`SeasonalNaive`]), the mean of all
//! or of the last values ([`HistoricAverage`], [`WindowAverage`]), the last value plus the average
//! change ([`Drift`]).
//!
//! When: as the yardstick of a backtest, as the fallback of other methods, and for series too
//! short or too plain for anything else. Cost: one pass.
//!
//! Intervals: those of the random walk (naive and drift), of the seasonal random walk, and of
//! independent noise around a mean (averages); Hyndman & Athanasopoulos (2021), section 5.5.

use crate::ets::{MAX_SEASON, check_season};
use crate::numeric::{mean, present};
use crate::state::{Fitted, Reader, Reason, State, write_vector};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// The last observed value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Naive {}

/// The value of one season ago.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeasonalNaive {
    /// Observations per season, 1..=1000 (default 7).
    pub season_length: usize,
}

impl Default for SeasonalNaive {
    fn default() -> Self {
        Self { season_length: 7 }
    }
}

/// The mean of all observations.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistoricAverage {}

/// The mean of the last observations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowAverage {
    /// How many observations, 1..=100000 (default 7).
    pub window: usize,
}

impl Default for WindowAverage {
    fn default() -> Self {
        Self { window: 7 }
    }
}

/// The last value, moved on by the average change so far (random walk with drift).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Drift {}

impl Naive {
    /// Checks the parameters; there are none.
    ///
    /// # Errors
    /// None.
    pub fn check(&self) -> Result<()> {
        Ok(())
    }
    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let last = present(y).next_back().ok_or(Reason::NoObservations)?;
        let steps: Vec<f64> = present(y).zip(present(y).skip(1)).map(|(a, b)| b - a).collect();
        let kind = LevelKind::Naive;
        Ok(LevelState { kind, level: last, sigma2: mean_square(&steps), ring: vec![] }.into())
    }
}

impl SeasonalNaive {
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
    pub fn check(&self) -> Result<()> {
        check_season(self.season_length)
    }
    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let m = self.season_length;
        let last = present(y).next_back().ok_or(Reason::NoObservations)?;
        if y.len() < m {
            return Err(Reason::TooShort);
        }
        // The latest value of each phase; where a phase was never seen, the last value of all.
        let season: Vec<f64> = (0..m)
            .map(|k| {
                let of_phase = y[..=y.len() - m + k].iter().rev().step_by(m);
                of_phase.copied().find(|v| !v.is_nan()).unwrap_or(last)
            })
            .collect();
        let steps: Vec<f64> = y[m..].iter().zip(y).map(|(b, a)| b - a).collect();
        Ok(SeasonalState { season, at: 0, sigma2: mean_square(&steps) }.into())
    }
}

impl HistoricAverage {
    /// Checks the parameters; there are none.
    ///
    /// # Errors
    /// None.
    pub fn check(&self) -> Result<()> {
        Ok(())
    }
    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let n = present(y).count();
        if n == 0 {
            return Err(Reason::NoObservations);
        }
        // Halves first: the sum of values near the top of the range must not overflow.
        let level = stable_mean(y, n);
        let e: Vec<f64> = present(y).map(|v| v - level).collect();
        let sigma2 = mean_square(&e) * n as f64 / (n as f64 - 1.0).max(1.0);
        let kind = LevelKind::Average { n: n as f64 };
        Ok(LevelState { kind, level, sigma2, ring: vec![] }.into())
    }
}

impl WindowAverage {
    /// Sets the window.
    #[must_use]
    pub fn window(mut self, window: usize) -> Self {
        self.window = window;
        self
    }
    /// Checks the parameters.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        if (1..=100_000).contains(&self.window) {
            return Ok(());
        }
        Err(Error::invalid_params(format!("window must be in 1..=100000, got {}", self.window))
            .with("parameter", "window"))
    }
    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let mut ring: Vec<f64> = present(y).rev().take(self.window).collect();
        if ring.is_empty() {
            return Err(Reason::NoObservations);
        }
        ring.reverse();
        let level = stable_mean(&ring, ring.len());
        let e: Vec<f64> = ring.iter().map(|v| v - level).collect();
        let n = ring.len() as f64;
        let sigma2 = mean_square(&e) * n / (n - 1.0).max(1.0);
        Ok(LevelState { kind: LevelKind::Window { at: 0 }, level, sigma2, ring }.into())
    }
}

impl Drift {
    /// Checks the parameters; there are none.
    ///
    /// # Errors
    /// None.
    pub fn check(&self) -> Result<()> {
        Ok(())
    }
    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let mut seen = y.iter().enumerate().filter(|(_, v)| !v.is_nan());
        let (i, &first) = seen.next().ok_or(Reason::NoObservations)?;
        let (j, &last) = seen.next_back().ok_or(Reason::TooShort)?;
        let n = (j - i) as f64;
        let slope = last / n - first / n;
        let steps: Vec<f64> = y.windows(2).map(|w| w[1] - w[0] - slope).collect();
        let sigma2 = mean_square(&steps) * n / (n - 1.0).max(1.0);
        // A gap at the end is walked over.
        let level = last + slope * (y.len() - 1 - j) as f64;
        Ok(DriftState { level, slope, n, sigma2 }.into())
    }
}

fn stable_mean(y: &[f64], n: usize) -> f64 {
    let m = mean(y);
    if m.is_finite() { m } else { present(y).map(|v| v / n as f64).sum() }
}

/// Mean of squares of the present values; 0 for none. Squares that overflow give the largest
/// number, so that deviations stay finite.
pub(crate) fn mean_square(e: &[f64]) -> f64 {
    let n = present(e).count();
    if n == 0 {
        return 0.0;
    }
    (present(e).map(|v| v * v).sum::<f64>() / n as f64).min(f64::MAX)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum LevelKind {
    Naive,
    Average { n: f64 },
    Window { at: usize },
}

/// A flat forecast.
#[derive(Debug, Clone)]
pub(crate) struct LevelState {
    kind: LevelKind,
    level: f64,
    sigma2: f64,
    ring: Vec<f64>,
}

impl State for LevelState {
    fn mean(&self, out: &mut [f64]) {
        out.fill(self.level);
    }
    fn deviations(&self, mean: &[f64]) -> Vec<f64> {
        (1..=mean.len())
            .map(|h| {
                let times = match self.kind {
                    LevelKind::Naive => h as f64,
                    LevelKind::Average { n } => 1.0 + 1.0 / n,
                    LevelKind::Window { .. } => 1.0 + 1.0 / self.ring.len() as f64,
                };
                (self.sigma2 * times).sqrt()
            })
            .collect()
    }
    fn update(&mut self, y: f64) {
        if y.is_nan() {
            return;
        }
        match &mut self.kind {
            LevelKind::Naive => self.level = y,
            LevelKind::Average { n } => {
                *n += 1.0;
                self.level += (y - self.level) / *n;
            }
            LevelKind::Window { at } => {
                let w = self.ring.len();
                self.level += (y - self.ring[*at]) / w as f64;
                self.ring[*at] = y;
                *at = (*at + 1) % w;
            }
        }
    }
    fn write(&self, out: &mut Vec<f64>) {
        let (code, extra) = match self.kind {
            LevelKind::Naive => (0.0, 0.0),
            LevelKind::Average { n } => (1.0, n),
            LevelKind::Window { at } => (2.0, at as f64),
        };
        out.extend([code, extra, self.level, self.sigma2]);
        write_vector(&self.ring, out);
    }
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let code = r.count(3)?;
        let &[extra, level, sigma2] = r.slice(3)? else { return None };
        let ring = r.vector()?;
        let kind = match code {
            0 => LevelKind::Naive,
            1 => LevelKind::Average { n: extra },
            _ => {
                let ok = extra >= 0.0 && extra.fract() == 0.0 && extra < ring.len() as f64;
                LevelKind::Window { at: ok.then_some(extra as usize)? }
            }
        };
        Some(Self { kind, level, sigma2, ring })
    }
    fn label(&self) -> String {
        match self.kind {
            LevelKind::Naive => "Naive",
            LevelKind::Average { .. } => "HistoricAverage",
            LevelKind::Window { .. } => "WindowAverage",
        }
        .to_owned()
    }
}

/// The last season, repeated.
#[derive(Debug, Clone)]
pub(crate) struct SeasonalState {
    season: Vec<f64>,
    /// Next phase.
    at: usize,
    sigma2: f64,
}

impl State for SeasonalState {
    fn mean(&self, out: &mut [f64]) {
        let m = self.season.len();
        for (h, v) in out.iter_mut().enumerate() {
            *v = self.season[(self.at + h) % m];
        }
    }
    fn deviations(&self, mean: &[f64]) -> Vec<f64> {
        let m = self.season.len();
        (0..mean.len()).map(|h| (self.sigma2 * (h / m + 1) as f64).sqrt()).collect()
    }
    fn update(&mut self, y: f64) {
        if !y.is_nan() {
            self.season[self.at] = y;
        }
        self.at = (self.at + 1) % self.season.len();
    }
    fn write(&self, out: &mut Vec<f64>) {
        out.extend([self.at as f64, self.sigma2]);
        write_vector(&self.season, out);
    }
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let at = r.count(MAX_SEASON)?;
        let sigma2 = r.number()?;
        let season = r.vector()?;
        (at < season.len()).then_some(Self { season, at, sigma2 })
    }
    fn label(&self) -> String {
        "SeasonalNaive".to_owned()
    }
}

/// A level and a constant change.
#[derive(Debug, Clone)]
pub(crate) struct DriftState {
    level: f64,
    slope: f64,
    n: f64,
    sigma2: f64,
}

impl State for DriftState {
    fn mean(&self, out: &mut [f64]) {
        for (h, v) in out.iter_mut().enumerate() {
            *v = self.level + self.slope * (h + 1) as f64;
        }
    }
    fn deviations(&self, mean: &[f64]) -> Vec<f64> {
        (1..=mean.len())
            .map(|h| (self.sigma2 * h as f64 * (1.0 + h as f64 / self.n)).sqrt())
            .collect()
    }
    fn update(&mut self, y: f64) {
        let next = if y.is_nan() { self.level + self.slope } else { y };
        self.n += 1.0;
        self.slope += (next - self.level - self.slope) / self.n;
        self.level = next;
    }
    fn write(&self, out: &mut Vec<f64>) {
        out.extend([self.level, self.slope, self.n, self.sigma2]);
    }
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let &[level, slope, n, sigma2] = r.slice(4)? else { return None };
        (n >= 1.0).then_some(Self { level, slope, n, sigma2 })
    }
    fn label(&self) -> String {
        "Drift".to_owned()
    }
}

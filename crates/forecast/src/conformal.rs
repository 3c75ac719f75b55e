//! Intervals from a method's own past errors.
//!
//! What: [`Conformal`] forecasts the last `windows` stretches of every series as if they were the
//! future, and takes the quantiles of the errors at each step as the width of its intervals.
//! When: the model's assumptions about errors are doubtful (most real sales), and there is history
//! to spare: at least `horizon + windows` observations. Cost: `windows + 1` fits. Paper: Stankeviciute,
//! Alaa, van der Schaar (2021), *Conformal time-series forecasting*, per series as in the split
//! form of Vovk et al. (2005). Where we differ: with few windows, the errors of neighbouring steps
//! are pooled until there are at least twenty.

use crate::method::Method;
use crate::model::{check_horizon, forecast_into};
use crate::numeric::quantile_sorted;
use crate::state::{Fitted, Reader, Reason, State, write_vector};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// A method with intervals from its own backtest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conformal {
    /// The method (default `Auto`).
    pub method: Box<Method>,
    /// Steps ahead that errors are measured for, 1..=1000 (default 1); later steps use the last.
    pub horizon: usize,
    /// Backtest windows per series, 2..=1000 (default 10); each moves by one observation.
    pub windows: usize,
}

impl Default for Conformal {
    fn default() -> Self {
        Self { method: Box::new(Method::Auto(Default::default())), horizon: 1, windows: 10 }
    }
}

const MAX: usize = 1000;
/// Errors that a quantile is taken from, where steps may be pooled.
const POOL: usize = 20;

impl Conformal {
    /// Intervals for this method.
    #[must_use]
    pub fn of(method: impl Into<Method>) -> Self {
        Self { method: Box::new(method.into()), ..Self::default() }
    }

    /// Sets the horizon.
    #[must_use]
    pub fn horizon(mut self, horizon: usize) -> Self {
        self.horizon = horizon;
        self
    }

    /// Sets the number of windows.
    #[must_use]
    pub fn windows(mut self, windows: usize) -> Self {
        self.windows = windows;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// `invalid_params`, also of the method.
    pub fn check(&self) -> Result<()> {
        check_horizon(self.horizon)?;
        if self.horizon > MAX || !(2..=MAX).contains(&self.windows) {
            return Err(Error::invalid_params(format!(
                "horizon must be in 1..={MAX} and windows in 2..={MAX}, got {} and {}",
                self.horizon, self.windows
            ))
            .with("parameter", "windows"));
        }
        if matches!(*self.method, Method::Conformal(_)) {
            return Err(Error::invalid_params("conformal intervals of conformal intervals")
                .with("parameter", "method"));
        }
        self.method.check()
    }

    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let inner = self.method.fit_series(y)?;
        let mut errors: Vec<Vec<f64>> = vec![Vec::new(); self.horizon];
        let mut mean = Vec::new();
        for w in 0..self.windows {
            let Some(cut) = y.len().checked_sub(1 + w).filter(|c| *c > 0) else { break };
            let Ok(f) = self.method.fit_series(&y[..cut]) else { break };
            mean.clear();
            forecast_into(&f, self.horizon, &mut mean, &mut []);
            for ((e, f), v) in errors.iter_mut().zip(&mean).zip(&y[cut..]) {
                if !v.is_nan() {
                    e.push((v - f).abs().min(f64::MAX));
                }
            }
        }
        if errors[0].is_empty() {
            return Err(Reason::TooShort);
        }
        let mut scores = Vec::with_capacity(self.horizon);
        for h in 0..self.horizon {
            let mut pool = errors[h].clone();
            for d in 1..self.horizon {
                if pool.len() >= POOL {
                    break;
                }
                pool.extend(h.checked_sub(d).into_iter().flat_map(|k| errors[k].iter()));
                pool.extend(errors.get(h + d).into_iter().flatten());
            }
            pool.sort_unstable_by(f64::total_cmp);
            scores.push(pool);
        }
        Ok(ConformalState { inner: Box::new(inner), scores }.into())
    }
}

/// A fitted method and the sorted absolute errors of its backtest, by step.
#[derive(Debug, Clone)]
pub(crate) struct ConformalState {
    inner: Box<Fitted>,
    scores: Vec<Vec<f64>>,
}

impl State for ConformalState {
    fn mean(&self, out: &mut [f64]) {
        self.inner.mean(out);
    }
    fn deviations(&self, mean: &[f64]) -> Vec<f64> {
        self.inner.deviations(mean)
    }
    /// The quantile with the finite-sample correction `(n + 1) / n`.
    fn limits(&self, step: usize, mean: f64, _deviation: f64, level: f64) -> (f64, f64) {
        let scores = &self.scores[step.min(self.scores.len() - 1)];
        let n = scores.len() as f64;
        let width = quantile_sorted(scores, (level / 100.0 * (n + 1.0) / n).min(1.0));
        (mean - width, mean + width)
    }
    fn update(&mut self, y: f64) {
        self.inner.update(y);
    }
    fn write(&self, out: &mut Vec<f64>) {
        out.push(self.scores.len() as f64);
        self.scores.iter().for_each(|s| write_vector(s, out));
        self.inner.write(out);
    }
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let n = r.count(MAX + 1)?;
        let mut scores = Vec::with_capacity(n);
        for _ in 0..n {
            scores.push(r.vector().filter(|v| !v.is_empty())?);
        }
        let inner = Box::new(r.inner(Fitted::read)?);
        (n > 0).then_some(Self { inner, scores })
    }
    fn label(&self) -> String {
        format!("conformal {}", self.inner.label())
    }
}

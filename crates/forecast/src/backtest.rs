//! Rolling-origin backtests.
//!
//! Every method is refitted at every cutoff on what was known then, and forecasts what came after.

use crate::method::Method;
use crate::model::{check_horizon, check_levels, fit_one, forecast_into};
use crate::numeric::present;
use crate::table::Interval;
use mercato_core::panel::Frequency;
use mercato_core::{Error, Panel, Result, Run};
use rayon::prelude::*;

/// How to backtest.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    /// Steps ahead, 1..=100000.
    pub horizon: usize,
    /// Cutoffs per series, 1..=10000 (default 1).
    pub windows: usize,
    /// Observations between cutoffs; `None` = the horizon.
    pub step: Option<usize>,
    /// Interval levels in percent.
    pub levels: Vec<f64>,
    /// Season length of the scaled metrics; `None` = the calendar's usual one.
    pub season_length: Option<usize>,
}

impl CrossValidation {
    /// One window at the end of every series.
    #[must_use]
    pub fn new(horizon: usize) -> Self {
        Self { horizon, windows: 1, step: None, levels: Vec::new(), season_length: None }
    }

    /// Sets the number of windows.
    #[must_use]
    pub fn windows(mut self, windows: usize) -> Self {
        self.windows = windows;
        self
    }

    /// Sets the distance between cutoffs.
    #[must_use]
    pub fn step(mut self, step: Option<usize>) -> Self {
        self.step = step;
        self
    }

    /// Sets the interval levels.
    #[must_use]
    pub fn levels(mut self, levels: impl Into<Vec<f64>>) -> Self {
        self.levels = levels.into();
        self
    }

    /// Sets the season length of the scaled metrics.
    #[must_use]
    pub fn season_length(mut self, season_length: Option<usize>) -> Self {
        self.season_length = season_length;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        check_horizon(self.horizon)?;
        check_levels(&self.levels)?;
        let fine = (1..=10_000).contains(&self.windows)
            && self.step.is_none_or(|s| s > 0)
            && self.season_length.is_none_or(|s| s > 0);
        if fine {
            return Ok(());
        }
        Err(Error::invalid_params(format!(
            "windows must be in 1..=10000, step and season_length at least 1, got {}, {:?}, {:?}",
            self.windows, self.step, self.season_length
        ))
        .with("parameter", "windows"))
    }
}

/// What one method predicted, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// The name it was given.
    pub model: String,
    /// Point forecasts.
    pub mean: Vec<f64>,
    /// Limits, one entry per level.
    pub intervals: Vec<Interval>,
}

/// The result of a backtest: rows of (series, cutoff, step), with the truth and what every method
/// said.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    pub(crate) horizon: usize,
    pub(crate) ids: Vec<String>,
    pub(crate) integer_ids: bool,
    pub(crate) frequency: Frequency,
    /// Per block of `horizon` rows: which series.
    pub(crate) series: Vec<u32>,
    /// Per block: scales of the errors, of MASE and of RMSSE.
    pub(crate) scales: Vec<(f64, f64)>,
    pub(crate) cutoffs: Vec<i64>,
    pub(crate) timestamps: Vec<i64>,
    pub(crate) y: Vec<f64>,
    pub(crate) models: Vec<Predictions>,
}

impl Backtest {
    /// Steps per block of rows.
    #[must_use]
    pub fn horizon(&self) -> usize {
        self.horizon
    }
    /// One id per row.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.y.len()).map(|r| self.ids[self.series[r / self.horizon] as usize].as_str())
    }
    /// Whether the caller's ids are integers, which [`ids`](Self::ids) spells in decimal.
    #[must_use]
    pub fn has_integer_ids(&self) -> bool {
        self.integer_ids
    }
    /// The panel's frequency.
    #[must_use]
    pub fn frequency(&self) -> Frequency {
        self.frequency
    }
    /// Timestamp of the last observation known, per row.
    #[must_use]
    pub fn cutoffs(&self) -> &[i64] {
        &self.cutoffs
    }
    /// Timestamp forecast, per row.
    #[must_use]
    pub fn timestamps(&self) -> &[i64] {
        &self.timestamps
    }
    /// What happened, per row; NaN = missing.
    #[must_use]
    pub fn y(&self) -> &[f64] {
        &self.y
    }
    /// What the methods said.
    #[must_use]
    pub fn models(&self) -> &[Predictions] {
        &self.models
    }
}

/// Mean absolute seasonal change, and mean squared change since the first non-zero value.
fn scales(y: &[f64], m: usize) -> (f64, f64) {
    let lag = if y.len() > m { m } else { 1 };
    let seasonal: Vec<f64> =
        y.iter().skip(lag).zip(y).map(|(b, a)| (b - a).abs()).filter(|d| !d.is_nan()).collect();
    let from = y.iter().position(|v| *v != 0.0 && !v.is_nan()).unwrap_or(0);
    let squares: Vec<f64> = present(&y[from..])
        .zip(present(&y[from..]).skip(1))
        .map(|(a, b)| (b - a) * (b - a))
        .collect();
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    (mean(&seasonal), mean(&squares))
}

struct Rows {
    series: u32,
    scales: (f64, f64),
    cutoff: i64,
    first: i64,
    y: Vec<f64>,
    models: Vec<(Vec<f64>, Vec<Interval>)>,
}

/// Backtests methods, each under a name, on a panel. A method that cannot serve a series at some
/// cutoff is replaced there as in `fit`; cutoffs before the first observation are left out.
///
/// ```
/// use mercato_core::{Panel, Run};
/// use mercato_forecast::{CrossValidation, Metric, Naive, Ses, cross_validate, evaluate};
/// let y = (0..40).map(|t| 10.0 + f64::from(t % 3)).collect();
/// let panel = Panel::from_series("D".parse()?, [("tea", 0, y)])?;
/// let methods = [("naive".to_owned(), Naive::default().into()), ("ses".to_owned(), Ses::default().into())];
/// let cv = cross_validate(&methods, &panel, &CrossValidation::new(3).windows(4), &Run::seed(0))?;
/// assert_eq!(cv.y().len(), 12);
/// let scores = evaluate(&cv, &[Metric::Smape])?;
/// assert!(scores.iter().any(|s| s.model == "ses" && s.metric == "smape" && s.value < 10.0));
/// # Ok::<(), mercato_core::Error>(())
/// ```
///
/// # Errors
/// `invalid_params`, `cancelled`, `deadline_exceeded`; `not_enough_data` when no series reaches a
/// cutoff.
pub fn cross_validate(
    methods: &[(String, Method)],
    panel: &Panel,
    how: &CrossValidation,
    run: &Run,
) -> Result<Backtest> {
    how.check()?;
    if methods.is_empty() {
        return Err(Error::invalid_params("no method to backtest").with("parameter", "estimators"));
    }
    for (i, (name, method)) in methods.iter().enumerate() {
        method.check()?;
        if methods[..i].iter().any(|(n, _)| n == name) {
            return Err(Error::invalid_params(format!("two methods are named {name:?}"))
                .with("parameter", "estimators"));
        }
    }
    let step = how.step.unwrap_or(how.horizon);
    let calendar = panel.calendar();
    let m = how.season_length.unwrap_or_else(|| calendar.frequency().season_length());
    let task = run.stage("backtest", panel.len() as u64);
    let blocks: Vec<Vec<Rows>> = run.install(|| {
        (0..panel.len())
            .into_par_iter()
            .map(|i| {
                let s = panel.series(i);
                let mut rows = Vec::new();
                for w in (0..how.windows).rev() {
                    let back = how.horizon.saturating_add(step.saturating_mul(w));
                    let Some(cut) = s.values.len().checked_sub(back) else { continue };
                    let known = &s.values[..cut];
                    if present(known).next().is_none() {
                        continue;
                    }
                    let mut models = Vec::with_capacity(methods.len());
                    for (_, method) in methods {
                        run.check()?;
                        let (fitted, _) = fit_one(method, known, false);
                        let mut mean = Vec::with_capacity(how.horizon);
                        let mut intervals: Vec<Interval> = how
                            .levels
                            .iter()
                            .map(|&level| Interval { level, lo: vec![], hi: vec![] })
                            .collect();
                        if let Some(f) = fitted {
                            forecast_into(&f, how.horizon, &mut mean, &mut intervals);
                        }
                        models.push((mean, intervals));
                    }
                    rows.push(Rows {
                        series: i as u32,
                        scales: scales(known, m),
                        cutoff: calendar.timestamp(s.start + cut as i64 - 1),
                        first: s.start + cut as i64,
                        y: s.values[cut..cut + how.horizon].to_vec(),
                        models,
                    });
                }
                task.tick(1)?;
                Ok(rows)
            })
            .collect::<Result<Vec<_>>>()
    })??;
    let mut out = Backtest {
        horizon: how.horizon,
        ids: panel.ids().to_vec(),
        integer_ids: panel.has_integer_ids(),
        frequency: calendar.frequency(),
        series: vec![],
        scales: vec![],
        cutoffs: vec![],
        timestamps: vec![],
        y: vec![],
        models: methods
            .iter()
            .map(|(name, _)| Predictions {
                model: name.clone(),
                mean: vec![],
                intervals: how
                    .levels
                    .iter()
                    .map(|&level| Interval { level, lo: vec![], hi: vec![] })
                    .collect(),
            })
            .collect(),
    };
    for block in blocks.into_iter().flatten() {
        out.series.push(block.series);
        out.scales.push(block.scales);
        out.cutoffs.extend(std::iter::repeat_n(block.cutoff, how.horizon));
        out.timestamps.extend((0..how.horizon as i64).map(|h| calendar.timestamp(block.first + h)));
        out.y.extend(block.y);
        for (p, (mean, intervals)) in out.models.iter_mut().zip(block.models) {
            p.mean.extend(mean);
            for (all, own) in p.intervals.iter_mut().zip(intervals) {
                all.lo.extend(own.lo);
                all.hi.extend(own.hi);
            }
        }
    }
    if out.y.is_empty() {
        return Err(Error::not_enough_data(format!(
            "no series has more than {} observations, as many as a horizon of {} needs",
            how.horizon, how.horizon
        )));
    }
    Ok(out)
}

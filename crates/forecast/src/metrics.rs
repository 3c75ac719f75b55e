//! Accuracy of a backtest.

use crate::backtest::Backtest;
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// A measure of accuracy. Missing truths are left out of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Metric {
    /// Mean absolute error, over all rows.
    Mae,
    /// Root mean squared error, over all rows.
    Rmse,
    /// Absolute error over the mean absolute seasonal change known at the cutoff; mean over
    /// series and windows whose scale is positive.
    Mase,
    /// Root of squared error over the mean squared change since the first demand; mean over series
    /// and windows whose scale is positive.
    Rmsse,
    /// `200 |y - f| / (|y| + |f|)`, 0 where both are 0; mean over series and windows.
    Smape,
    /// Sum of absolute errors over sum of absolute truths.
    Wape,
    /// Sum of errors (forecast less truth) over sum of absolute truths.
    Bias,
    /// Pinball loss, mean over the limits of every level and all rows.
    Pinball,
    /// Share of truths within the limits, one score per level.
    Coverage,
}

impl Metric {
    /// All of them.
    pub const ALL: &'static [Metric] = &[
        Metric::Mae,
        Metric::Rmse,
        Metric::Mase,
        Metric::Rmsse,
        Metric::Smape,
        Metric::Wape,
        Metric::Bias,
        Metric::Pinball,
        Metric::Coverage,
    ];

    /// The name, as in `"mase"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Metric::Mae => "mae",
            Metric::Rmse => "rmse",
            Metric::Mase => "mase",
            Metric::Rmsse => "rmsse",
            Metric::Smape => "smape",
            Metric::Wape => "wape",
            Metric::Bias => "bias",
            Metric::Pinball => "pinball",
            Metric::Coverage => "coverage",
        }
    }
}

impl std::str::FromStr for Metric {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|m| m.as_str() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|m| m.as_str()).collect();
            Error::invalid_params(format!("unknown metric {name:?}; known: {}", known.join(", ")))
                .with("parameter", "metrics")
        })
    }
}

/// One number about one method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The method's name.
    pub model: String,
    /// The metric, for coverage with its level: `coverage-80`.
    pub metric: String,
    /// The value.
    pub value: f64,
}

/// The value of a metric on truths and forecasts of one block of rows, with the scales of the block.
type Block<'a> = dyn Fn(&[f64], &[f64], (f64, f64)) -> f64 + 'a;

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (n, s) = values.filter(|v| !v.is_nan()).fold((0.0, 0.0), |(n, s), v| (n + 1.0, s + v));
    s / n
}

/// Scores every method of a backtest.
///
/// # Errors
/// `invalid_params` when limits are asked about that were not predicted; `not_enough_data` when a
/// metric is defined nowhere (no truth, or no positive scale).
pub fn evaluate(backtest: &Backtest, metrics: &[Metric]) -> Result<Vec<Score>> {
    let y = &backtest.y;
    let h = backtest.horizon;
    let mut out = Vec::new();
    for p in &backtest.models {
        let f = &p.mean;
        let rows = || y.iter().zip(f).map(|(y, f)| f - y);
        // One value per block of rows: a series at a cutoff.
        let blocks = |of: &Block<'_>| {
            mean(
                y.chunks(h)
                    .zip(f.chunks(h))
                    .zip(&backtest.scales)
                    .map(|((y, f), &scale)| of(y, f, scale)),
            )
        };
        let positive = |v: f64, scale: f64| if scale > 0.0 { v / scale } else { f64::NAN };
        let error = |y: &[f64], f: &[f64], of: fn(f64) -> f64| {
            mean(y.iter().zip(f).map(|(y, f)| of(f - y)))
        };
        for &metric in metrics {
            let total: f64 = y.iter().filter(|v| !v.is_nan()).map(|v| v.abs()).sum();
            let value = match metric {
                Metric::Mae => mean(rows().map(f64::abs)),
                Metric::Rmse => mean(rows().map(|e| e * e)).sqrt(),
                Metric::Mase => blocks(&|y, f, s| positive(error(y, f, f64::abs), s.0)),
                Metric::Rmsse => blocks(&|y, f, s| positive(error(y, f, |e| e * e), s.1).sqrt()),
                Metric::Smape => blocks(&|y, f, _| {
                    mean(y.iter().zip(f).map(|(y, f)| {
                        let sum = y.abs() + f.abs();
                        if sum == 0.0 { 0.0 } else { 200.0 * (y - f).abs() / sum }
                    }))
                }),
                Metric::Wape => rows().filter(|e| !e.is_nan()).map(f64::abs).sum::<f64>() / total,
                Metric::Bias => rows().filter(|e| !e.is_nan()).sum::<f64>() / total,
                Metric::Pinball | Metric::Coverage => {
                    if p.intervals.is_empty() {
                        return Err(Error::invalid_params(format!(
                            "{} needs levels in the backtest",
                            metric.as_str()
                        ))
                        .with("parameter", "levels"));
                    }
                    if metric == Metric::Coverage {
                        for i in &p.intervals {
                            let inside =
                                y.iter().zip(i.lo.iter().zip(&i.hi)).map(|(y, (lo, hi))| {
                                    if y.is_nan() {
                                        f64::NAN
                                    } else {
                                        f64::from(u8::from(lo <= y && y <= hi))
                                    }
                                });
                            let value = mean(inside);
                            push(&mut out, &p.model, &format!("coverage-{}", i.level), value)?;
                        }
                        continue;
                    }
                    mean(p.intervals.iter().flat_map(|i| {
                        let tail = 0.5 - i.level / 200.0;
                        let loss = |y: f64, q: f64, p: f64| ((y - q) * p).max((q - y) * (1.0 - p));
                        y.iter().zip(i.lo.iter().zip(&i.hi)).map(move |(&y, (&lo, &hi))| {
                            if y.is_nan() {
                                return f64::NAN;
                            }
                            0.5 * (loss(y, lo, tail) + loss(y, hi, 1.0 - tail))
                        })
                    }))
                }
            };
            push(&mut out, &p.model, metric.as_str(), value)?;
        }
    }
    Ok(out)
}

fn push(out: &mut Vec<Score>, model: &str, metric: &str, value: f64) -> Result<()> {
    if !value.is_finite() {
        return Err(Error::not_enough_data(format!("{metric} is defined for no row of {model}"))
            .with("metric", metric));
    }
    out.push(Score { model: model.to_owned(), metric: metric.to_owned(), value });
    Ok(())
}

//! Quantiles of demand over a whole protection interval, learned across items.
//!
//! An order must last until the next one can arrive, so what counts is the distribution of the *sum*
//! of demand over that span. Adding up daily forecasts needs the dependence between days; mean + k
//! sigma needs a shape. This asks the data directly: for every item and every past day, what was
//! known then and how much sold in the span that followed; one linear quantile regression per level
//! explains the second by the first, for all items together (Ban & Rudin, "The big data newsvendor",
//! Operations Research 2019). Mean + k sigma is one of the rules it can learn. The regressors are in
//! units of demand, so that one set of weights serves fast and slow items: smoothed levels at four
//! speeds, the mean, the spread of single periods and of whole spans, the greatest span, the second
//! greatest period, the root of the mean, and the level of items that have just gone quiet; and, per
//! covariate known in advance (promotions, opening days), the level times the covariate's sum over
//! the coming and the past span. Errors are weighed by the value of a unit, as costs are.
//!
//! Choose it to order many items with erratic demand, or with promotions that are planned; it needs
//! some twenty items or a long history. Where we differ from the paper: items are pooled, and the
//! loss is minimised by iterated weighted least squares (Hunter & Lange, JCGS 2000); a ridge pulls the
//! weights not to zero but to those of a simple rule that is fitted first: level, mean and spread,
//! as in mean + k sigma. Cost: items x origins rows of about 11 + 3 per covariate numbers, some 220 passes
//! over them; a second or two for 2,000 items and 150 days.

use super::check::{non_negative, probability};
use super::classify::unit_values;
use super::special::norm_ppf;
use mercato_core::{Error, Panel, Result, Run};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What is known of one item.
#[derive(Debug, Clone, Copy)]
pub struct SpanSeries<'a> {
    /// Demand per period up to now; NaN where it is unknown, for example out of stock.
    pub demand: &'a [f64],
    /// Per covariate: its value in every period of `demand` and of the span that follows.
    pub known: &'a [&'a [f64]],
    /// Value of a unit (> 0): errors on dear items weigh more.
    pub unit_value: f64,
}

/// How to learn the quantiles of demand over the next `span` periods.
///
/// ```
/// use mercato_core::Run;
/// use mercato_forecast::replenish::{SpanQuantiles, SpanSeries};
/// let sales: Vec<Vec<f64>> =
///     (0..30).map(|i| (0..90).map(|t| f64::from((t * 7 + i * 3) % (3 + i))).collect()).collect();
/// let items: Vec<SpanSeries<'_>> =
///     sales.iter().map(|s| SpanSeries { demand: s, known: &[], unit_value: 1.0 }).collect();
/// let demand = SpanQuantiles { span: 14, ..SpanQuantiles::default() }.fit(&items, &Run::seed(0))?;
/// assert!(demand.quantile(20, 0.5) < demand.quantile(20, 0.95));
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpanQuantiles {
    /// Periods of the span: review period + lead time; default 14.
    pub span: usize,
    /// Probability levels, rising inside (0, 1); between them quantiles are linear in the normal
    /// score. Default 0.05 to 0.998.
    pub levels: Vec<f64>,
    /// Periods of an item before its first training origin; default 28.
    pub warm_up: usize,
    /// Periods between training origins; default 3.
    pub stride: usize,
    /// Oldest training origin, in periods before now; 0 = all. Default 364.
    pub history: usize,
    /// Pull of the weights towards the simple rule (>= 0), as a part of the mean squared regressor;
    /// default 0.01. Less where the past is long.
    pub ridge: f64,
}

impl Default for SpanQuantiles {
    fn default() -> Self {
        Self {
            span: 14,
            levels: vec![
                0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998,
            ],
            warm_up: 28,
            stride: 3,
            history: 364,
            ridge: 0.01,
        }
    }
}

/// Quantiles of every item's demand over the span.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanDemand {
    span: usize,
    /// Periods of demand each item was learned from.
    periods: Vec<usize>,
    levels: Vec<f64>,
    scores: Vec<f64>,
    /// Row-major items x levels, rising along a row.
    values: Vec<f64>,
}

impl SpanDemand {
    /// Periods of the span.
    #[must_use]
    pub fn span(&self) -> usize {
        self.span
    }

    /// The levels of [`values`](Self::values).
    #[must_use]
    pub fn levels(&self) -> &[f64] {
        &self.levels
    }

    /// Periods of demand that were known of an item: its span begins with the next one.
    #[must_use]
    pub fn periods(&self, item: usize) -> usize {
        self.periods.get(item).copied().unwrap_or(0)
    }

    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.levels.len()
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The quantiles of one item, by position; rising with the level. Empty for an unknown position.
    #[must_use]
    pub fn values(&self, item: usize) -> &[f64] {
        let n = self.levels.len();
        self.values.get(item * n..(item + 1) * n).unwrap_or(&[])
    }

    /// The quantile of one item at any level in (0, 1): linear in the normal score between the
    /// levels and beyond the outer ones, never below 0.
    #[must_use]
    pub fn quantile(&self, item: usize, level: f64) -> f64 {
        self.at_score(item, norm_ppf(level))
    }

    /// [`quantile`](Self::quantile) with the level given as its normal score, which also tells
    /// levels beyond 1 - 1e-16 apart.
    #[must_use]
    pub fn at_score(&self, item: usize, score: f64) -> f64 {
        along(&self.scores, self.values(item), score).max(0.0)
    }
}

/// The line through the two points around `z`, or through the outer two.
pub(super) fn along(scores: &[f64], values: &[f64], z: f64) -> f64 {
    match values.len() {
        0 => 0.0,
        1 => values[0],
        n => {
            let i = scores.partition_point(|s| *s < z).clamp(1, n - 1) - 1;
            let share = (z - scores[i]) / (scores[i + 1] - scores[i]);
            values[i] + share * (values[i + 1] - values[i])
        }
    }
}

/// Speeds of the four smoothed levels.
const SPEEDS: [f64; 4] = [0.02, 0.05, 0.1, 0.2];
/// Regressors that do not come from covariates.
const OWN: usize = 11;
/// Regressors per covariate.
const PER_COVARIATE: usize = 3;

/// One item's past, read from left to right.
struct Past {
    span: usize,
    level: [f64; 4],
    n: f64,
    sum: f64,
    square: f64,
    /// Sum and sales of the last `span` periods.
    window: f64,
    sold: usize,
    spans: f64,
    span_mean: f64,
    span_m2: f64,
    span_max: f64,
    top: [f64; 2],
}

impl Past {
    fn new(series: &SpanSeries<'_>, span: usize, warm_up: usize) -> Self {
        let first = &series.demand[..warm_up.min(series.demand.len())];
        let known = first.iter().filter(|v| !v.is_nan());
        let (sum, n) = known.fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
        let start = sum / f64::max(n, 1.0);
        Self {
            span,
            level: [start; 4],
            n: 0.0,
            sum: 0.0,
            square: 0.0,
            window: 0.0,
            sold: 0,
            spans: 0.0,
            span_mean: 0.0,
            span_m2: 0.0,
            span_max: 0.0,
            top: [0.0; 2],
        }
    }

    /// Takes in the demand of period `t`.
    fn see(&mut self, demand: &[f64], t: usize, warm_up: usize) {
        let present = |v: f64| if v.is_nan() { 0.0 } else { v };
        let x = demand[t];
        if !x.is_nan() {
            if t >= warm_up {
                for (level, speed) in self.level.iter_mut().zip(SPEEDS) {
                    *level += speed * (x - *level);
                }
            }
            self.n += 1.0;
            self.sum += x;
            self.square += x * x;
            if x > self.top[0] {
                self.top = [x, self.top[0]];
            } else if x > self.top[1] {
                self.top[1] = x;
            }
        }
        self.sold += usize::from(x > 0.0);
        if t >= self.span {
            self.sold -= usize::from(demand[t - self.span] > 0.0);
        }
        if t + 1 >= self.span {
            // Summed anew: a running difference would gather rounding errors.
            self.window = demand[t + 1 - self.span..=t].iter().map(|v| present(*v)).sum();
            self.spans += 1.0;
            let d = self.window - self.span_mean;
            self.span_mean += d / self.spans;
            self.span_m2 += d * (self.window - self.span_mean);
            self.span_max = self.span_max.max(self.window);
        }
    }

    /// Writes the regressors at origin `t`, after periods 0..t were seen.
    fn write(&self, series: &SpanSeries<'_>, t: usize, out: &mut Vec<f64>) {
        let span = self.span as f64;
        let mean = self.sum / self.n.max(1.0);
        let variance = ((self.square - self.sum * mean) / (self.n - 1.0).max(1.0)).max(0.0);
        out.extend(self.level.iter().map(|l| span * l));
        out.push(span * mean);
        out.push((span * variance).sqrt());
        out.push((self.span_m2 / self.spans.max(1.0)).max(0.0).sqrt());
        out.push(self.span_max);
        out.push(self.top[1]);
        out.push((span * mean).max(0.0).sqrt());
        out.push(if self.sold == 0 { span * self.level[2] } else { 0.0 });
        for covariate in series.known {
            let sum = |from: usize, to: usize| -> f64 {
                let part = covariate.get(from..to.min(covariate.len())).unwrap_or(&[]);
                part.iter().filter(|v| !v.is_nan()).sum()
            };
            let level = self.level[0];
            out.push(level * sum(t, t + self.span));
            out.push(level * sum(t.saturating_sub(self.span), t));
            out.push(level * 0.5 * sum(t.saturating_sub(2 * self.span), t));
        }
    }
}

/// Regressors, targets and weights of the training rows.
struct Rows {
    width: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    weight: Vec<f64>,
}

/// Rows whose sums one task adds up; fixed, so that any number of threads gives the same bits.
const BLOCK: usize = 4096;

impl Rows {
    /// Weighted least squares sums around `b`: the upper triangle of X'WX, then the right-hand side.
    fn sums(&self, b: &[f64], tau: f64, near: f64) -> Vec<f64> {
        let p = self.width;
        let blocks: Vec<Vec<f64>> = (0..self.y.len().div_ceil(BLOCK))
            .into_par_iter()
            .map(|k| {
                let mut sum = vec![0.0; p * p + p];
                for i in k * BLOCK..((k + 1) * BLOCK).min(self.y.len()) {
                    let x = &self.x[i * p..(i + 1) * p];
                    let fit: f64 = x.iter().zip(b).map(|(a, b)| a * b).sum();
                    let w = self.weight[i] / (near + (self.y[i] - fit).abs());
                    let pull = w * self.y[i] + (2.0 * tau - 1.0) * self.weight[i];
                    for (r, xr) in x.iter().enumerate() {
                        let wx = w * xr;
                        for (g, xc) in sum[r * p + r..(r + 1) * p].iter_mut().zip(&x[r..]) {
                            *g += wx * xc;
                        }
                        sum[p * p + r] += pull * xr;
                    }
                }
                sum
            })
            .collect();
        let mut total = vec![0.0; p * p + p];
        for block in &blocks {
            for (t, v) in total.iter_mut().zip(block) {
                *t += v;
            }
        }
        total
    }
}

/// Solves the symmetric system whose upper triangle is in `g`, in place; `None` when it is singular.
fn solve(g: &mut [f64], mut rhs: Vec<f64>) -> Option<Vec<f64>> {
    let p = rhs.len();
    for i in 0..p {
        for j in i..p {
            let mut v = g[i * p + j];
            for k in 0..i {
                v -= g[k * p + i] * g[k * p + j];
            }
            if j == i {
                if v.is_nan() || v <= 0.0 {
                    return None;
                }
                g[i * p + i] = v.sqrt();
            } else {
                g[i * p + j] = v / g[i * p + i];
            }
        }
    }
    for i in 0..p {
        for k in 0..i {
            rhs[i] -= g[k * p + i] * rhs[k];
        }
        rhs[i] /= g[i * p + i];
    }
    for i in (0..p).rev() {
        for k in i + 1..p {
            rhs[i] -= g[i * p + k] * rhs[k];
        }
        rhs[i] /= g[i * p + i];
    }
    Some(rhs)
}

impl SpanQuantiles {
    /// Validates the parameters.
    ///
    /// # Errors
    /// `invalid_params`, naming the parameter.
    pub fn check(&self) -> Result<()> {
        for (name, value) in
            [("span", self.span), ("stride", self.stride), ("warm_up", self.warm_up)]
        {
            if !(1..=10_000).contains(&value) {
                return Err(Error::invalid_params(format!(
                    "{name} must be in 1..=10000 periods, got {value}"
                ))
                .with("parameter", name));
            }
        }
        self.levels.iter().try_for_each(|&l| probability("levels", l))?;
        if self.levels.len() < 2 || self.levels.windows(2).any(|w| w[0] >= w[1]) {
            return Err(Error::invalid_params(format!(
                "levels must be at least two and rise, got {:?}",
                self.levels
            ))
            .with("parameter", "levels"));
        }
        non_negative("ridge", self.ridge)
    }

    /// Learns from all items' past and gives each item's quantiles for the span that begins now.
    ///
    /// # Errors
    /// `invalid_params`; `invalid_input` naming the item: negative or infinite demand, a unit value
    /// that is not positive, covariates of different number or too short; `not_enough_data` without
    /// demand or with fewer training rows than ten per regressor; `cancelled`; `deadline_exceeded`.
    pub fn fit(&self, items: &[SpanSeries<'_>], run: &Run) -> Result<SpanDemand> {
        self.check()?;
        let covariates = items.first().map_or(0, |s| s.known.len());
        for (i, s) in items.iter().enumerate() {
            check_item(s, covariates, self.span).map_err(|e| e.with("item", i))?;
        }
        let width = OWN + PER_COVARIATE * covariates;
        let (rows, now) = run.install(|| self.rows(items, width))?;
        if rows.y.len() < 10 * width || rows.y.iter().all(|y| *y == 0.0) {
            return Err(Error::not_enough_data(format!(
                "learning {width} weights needs at least {} past spans with demand, got {}",
                10 * width,
                rows.y.len()
            )));
        }
        let task = run.stage("quantiles", self.levels.len() as u64);
        let weights = run.install(|| self.weights(rows, &task))??;
        let mut values = Vec::with_capacity(items.len() * self.levels.len());
        for x in now.chunks(width) {
            let mut last = 0.0f64;
            for b in &weights {
                let q: f64 = x.iter().zip(b).map(|(x, b)| x * b).sum();
                last = last.max(q);
                values.push(last);
            }
        }
        Ok(SpanDemand {
            span: self.span,
            periods: items.iter().map(|s| s.demand.len()).collect(),
            levels: self.levels.clone(),
            scores: self.levels.iter().map(|&l| norm_ppf(l)).collect(),
            values,
        })
    }

    /// [`fit`](Self::fit) for the series of a panel, in its order. Covariates known in advance are
    /// used; rows of coming periods, with covariates and a missing value, are not yet demand.
    /// `unit_value` names a static number of the panel; `None` weighs all units the same.
    ///
    /// # Errors
    /// As `fit`, naming the series.
    pub fn fit_panel(
        &self,
        panel: &Panel,
        unit_value: Option<&str>,
        run: &Run,
    ) -> Result<SpanDemand> {
        let values = unit_values(panel, unit_value)?;
        let covariates = panel.known_names().len();
        let known: Vec<Vec<&[f64]>> = (0..panel.len())
            .map(|i| (0..covariates).map(|c| panel.known(c, i)).collect())
            .collect();
        let items: Vec<SpanSeries<'_>> = (0..panel.len())
            .map(|i| SpanSeries {
                demand: seen(panel.series(i).values, covariates),
                known: &known[i],
                unit_value: values[i],
            })
            .collect();
        self.fit(&items, run).map_err(|e| {
            let at = e.context().find(|c| c.0 == "item").and_then(|c| c.1.parse::<usize>().ok());
            match at {
                Some(i) => e.with("id", panel.series(i).id),
                None => e,
            }
        })
    }

    /// Training rows of all items, and every item's regressors now.
    fn rows(&self, items: &[SpanSeries<'_>], width: usize) -> (Rows, Vec<f64>) {
        let each: Vec<(Rows, Vec<f64>)> = items
            .par_iter()
            .map(|s| {
                let mut rows = Rows { width, x: Vec::new(), y: Vec::new(), weight: Vec::new() };
                let now = s.demand.len();
                let mut past = Past::new(s, self.span, self.warm_up);
                let oldest = if self.history == 0 { 0 } else { now.saturating_sub(self.history) };
                for t in 0..now {
                    let ahead = t + self.span;
                    // Counted back from the last full span, so that the newest is always used.
                    let due = ahead <= now && (now - ahead).is_multiple_of(self.stride);
                    if due && t >= self.warm_up && t >= oldest {
                        let sum: f64 = s.demand[t..ahead].iter().sum();
                        if !sum.is_nan() {
                            past.write(s, t, &mut rows.x);
                            rows.y.push(sum);
                            rows.weight.push(s.unit_value);
                        }
                    }
                    past.see(s.demand, t, self.warm_up);
                }
                let mut last = Vec::with_capacity(width);
                past.write(s, now, &mut last);
                (rows, last)
            })
            .collect();
        let mut all = Rows { width, x: Vec::new(), y: Vec::new(), weight: Vec::new() };
        let mut now = Vec::with_capacity(items.len() * width);
        for (rows, last) in each {
            all.x.extend(rows.x);
            all.y.extend(rows.y);
            all.weight.extend(rows.weight);
            now.extend(last);
        }
        (all, now)
    }

    /// One vector of weights per level, each starting from the one before.
    fn weights(&self, mut rows: Rows, task: &mercato_core::Task<'_>) -> Result<Vec<Vec<f64>>> {
        let p = rows.width;
        let total: f64 = rows.weight.iter().sum();
        let mut scale = vec![0.0; p];
        for (x, w) in rows.x.chunks(p).zip(&rows.weight) {
            for (s, x) in scale.iter_mut().zip(x) {
                *s += w * x * x;
            }
        }
        for s in &mut scale {
            *s = (*s / total).sqrt() + 1e-12;
        }
        for x in rows.x.chunks_mut(p) {
            for (x, s) in x.iter_mut().zip(&scale) {
                *x /= s;
            }
        }
        let typical = rows.y.iter().zip(&rows.weight).map(|(y, w)| y * w).sum::<f64>() / total;
        let fit = Fit { rows: &rows, ridge: self.ridge, typical, task };
        let mut simple = vec![0.0; p];
        simple[0] = scale[0];
        let mut b = Vec::new();
        let mut out = Vec::with_capacity(self.levels.len());
        for (k, &tau) in self.levels.iter().enumerate() {
            let steps = if k == 0 { 40 } else { 15 };
            simple = fit.simple(&simple, tau, steps)?;
            if k == 0 {
                b.clone_from(&simple);
            }
            b = fit.towards(&simple, b, tau, steps)?;
            task.tick(1)?;
            out.push(b.iter().zip(&scale).map(|(b, s)| b / s).collect());
        }
        Ok(out)
    }
}

/// The regressors of the simple rule: one smoothed level, the mean, the spread of single periods.
const SIMPLE: [usize; 3] = [2, 4, 5];

/// Minimises the weighted quantile loss by iterated least squares.
struct Fit<'a> {
    rows: &'a Rows,
    ridge: f64,
    /// A typical target: the scale of "near".
    typical: f64,
    task: &'a mercato_core::Task<'a>,
}

impl Fit<'_> {
    /// Weights of the simple rule, zero elsewhere.
    fn simple(&self, start: &[f64], tau: f64, steps: usize) -> Result<Vec<f64>> {
        let p = self.rows.width;
        let mut small = Rows { width: 3, x: Vec::new(), y: Vec::new(), weight: Vec::new() };
        small.x = self.rows.x.chunks(p).flat_map(|x| SIMPLE.map(|j| x[j])).collect();
        small.y.clone_from(&self.rows.y);
        small.weight.clone_from(&self.rows.weight);
        let fit = Fit { rows: &small, ridge: 1e-4, ..*self };
        let found = fit.towards(&[0.0; 3], SIMPLE.map(|j| start[j]).to_vec(), tau, steps)?;
        let mut out = vec![0.0; p];
        for (j, b) in SIMPLE.into_iter().zip(found) {
            out[j] = b;
        }
        Ok(out)
    }

    /// The best weights, with a ridge that pulls them towards `center`.
    fn towards(&self, center: &[f64], mut b: Vec<f64>, tau: f64, steps: usize) -> Result<Vec<f64>> {
        let p = self.rows.width;
        // Far residuals first, then ever closer to the corner of the loss.
        let mut near = 0.1 * self.typical;
        for _ in 0..steps {
            let mut sums = self.rows.sums(&b, tau, near.max(1e-3 * self.typical));
            let mut rhs = sums.split_off(p * p);
            let trace: f64 = (0..p).map(|i| sums[i * p + i]).sum();
            let pull = (self.ridge + 1e-12) * trace / p as f64;
            for i in 0..p {
                sums[i * p + i] += pull;
                rhs[i] += pull * center[i];
            }
            let Some(next) = solve(&mut sums, rhs) else { break };
            b = next;
            near *= 0.8;
            self.task.tick(0)?;
        }
        Ok(b)
    }
}

/// A series without the rows of coming periods.
pub(super) fn seen(values: &[f64], covariates: usize) -> &[f64] {
    if covariates == 0 {
        return values;
    }
    &values[..values.iter().rposition(|v| !v.is_nan()).map_or(0, |last| last + 1)]
}

fn check_item(s: &SpanSeries<'_>, covariates: usize, span: usize) -> Result<()> {
    let refuse =
        |field: &str, message: String| Err(Error::invalid_input(message).with("field", field));
    if let Some(bad) = s.demand.iter().find(|v| **v < 0.0 || v.is_infinite()) {
        return refuse("demand", format!("demand must be non-negative and finite, got {bad}"));
    }
    if !(s.unit_value > 0.0 && s.unit_value.is_finite()) {
        return refuse("unit_value", format!("unit_value must be positive, got {}", s.unit_value));
    }
    if s.known.len() != covariates {
        return refuse(
            "known",
            format!("every item needs the same {covariates} covariates, got {}", s.known.len()),
        );
    }
    let least = s.demand.len() + span;
    if let Some(short) = s.known.iter().find(|k| k.len() < least) {
        return refuse(
            "known",
            format!(
                "a covariate must reach to the span's end, {least} values, got {}",
                short.len()
            ),
        );
    }
    if s.known.iter().any(|k| k.iter().any(|v| v.is_infinite())) {
        return refuse("known", "covariates must be finite or NaN".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Items with rates from 1 to 40, Poisson-like counts, doubled on promotion days.
    fn shop(days: usize) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let run = Run::seed(5);
        let mut sales = Vec::new();
        let mut promo = Vec::new();
        for i in 0..40u64 {
            let mut rng = run.rng(i);
            let planned: Vec<f64> =
                (0..days + 14).map(|_| f64::from(u8::from(rng.unit() < 0.3))).collect();
            let rate = 1.0 + i as f64;
            let demand = |t: usize| {
                let mean = rate * (1.0 + planned[t]);
                crate::replenish::Demand::Poisson { mean }
            };
            sales.push((0..days).map(|t| demand(t).quantile(rng.unit())).collect());
            promo.push(planned);
        }
        (sales, promo)
    }

    #[test]
    fn quantiles_cover_what_they_promise_and_know_of_promotions() {
        let (sales, promo) = shop(200);
        let past = 150;
        let known: Vec<[&[f64]; 1]> = promo.iter().map(|p| [p.as_slice()]).collect();
        let fit = |threads: usize, with: usize| {
            let items: Vec<SpanSeries<'_>> = sales
                .iter()
                .zip(&known)
                .map(|(s, k)| SpanSeries { demand: &s[..past], known: &k[..with], unit_value: 1.0 })
                .collect();
            SpanQuantiles::default().fit(&items, &Run::seed(0).with_threads(threads)).unwrap()
        };
        let demand = fit(1, 1);
        assert_eq!(demand, fit(3, 1));
        let actual: Vec<f64> = sales.iter().map(|s| s[past..past + 14].iter().sum()).collect();
        let covered = |level: f64| {
            (0..40).filter(|&i| actual[i] <= demand.quantile(i, level)).count() as f64 / 40.0
        };
        assert!((covered(0.5) - 0.5).abs() < 0.25, "{}", covered(0.5));
        assert!(covered(0.95) > 0.85 && covered(0.05) < 0.2);
        let blind = fit(1, 0);
        let error = |d: &SpanDemand| -> f64 {
            (0..40).map(|i| (actual[i] - d.quantile(i, 0.5)).abs()).sum()
        };
        assert!(error(&demand) < 0.7 * error(&blind), "{} {}", error(&demand), error(&blind));
    }

    #[test]
    fn faults_are_named() {
        let sales = vec![1.0; 60];
        let bad = |s: SpanSeries<'_>| {
            let good = SpanSeries { demand: &sales, known: &[], unit_value: 1.0 };
            let e = SpanQuantiles::default().fit(&[good, s], &Run::seed(0)).unwrap_err();
            (e.code().as_str(), e.context().find(|c| c.0 == "field").map(|c| c.1.to_owned()))
        };
        let good = SpanSeries { demand: &sales, known: &[], unit_value: 1.0 };
        let negative = [1.0, -1.0];
        assert_eq!(bad(SpanSeries { demand: &negative, ..good }).1.unwrap(), "demand");
        assert_eq!(bad(SpanSeries { unit_value: 0.0, ..good }).1.unwrap(), "unit_value");
        assert_eq!(bad(SpanSeries { known: &[&sales], ..good }).1.unwrap(), "known");
        assert_eq!(bad(good).0, "not_enough_data");
        let zero = SpanQuantiles { span: 0, ..SpanQuantiles::default() };
        assert_eq!(zero.fit(&[], &Run::seed(0)).unwrap_err().code().as_str(), "invalid_params");
    }
}

//! Demand from today to any later day, from a forecast per period.
//!
//! Quantiles become a mean and variance per period by integrating the quantile function, taken as
//! linear in the normal score between levels and beyond the last one (exact for normal forecasts).
//! Sums over days follow by adding means and, with the planner's correlation, variances; the sum's
//! law is negative binomial or Poisson for small counts and gamma for the rest. Joint samples are
//! summed path by path instead, and quantiles of a total are taken as they are. Beyond the horizon, demand continues at the horizon's mean rate.

use super::input::{Outlook, PlanInput};
use crate::replenish::special::{gamma_ppf, gamma_pq, norm_cdf, norm_pdf, norm_ppf};
use mercato_core::{Error, Result};

/// Normal scores of the quantile levels, computed once per plan.
pub(super) struct Levels {
    /// z, density and cumulative probability of each level.
    z: Vec<(f64, f64, f64)>,
}

impl Levels {
    pub(super) fn new(levels: &[f64]) -> Result<Self> {
        let inside = levels.iter().all(|p| *p > 0.0 && *p < 1.0);
        if !inside || levels.windows(2).any(|w| w[0] >= w[1]) {
            return Err(Error::invalid_input(format!(
                "levels must rise strictly inside (0, 1), got {levels:?}"
            ))
            .with("field", "levels"));
        }
        let score = |&p: &f64| {
            let z = norm_ppf(p);
            (z, norm_pdf(z), p)
        };
        Ok(Self { z: levels.iter().map(score).collect() })
    }

    /// Mean and variance of the distribution with these quantiles.
    fn moments(&self, q: &[f64]) -> (f64, f64) {
        let n = q.len();
        if n == 1 {
            return (q[0], 0.0);
        }
        // One linear piece a + b z with its mass, first and second normal moments.
        let (mut m1, mut m2) = (0.0, 0.0);
        let mut piece = |a: f64, b: f64, mass: f64, first: f64, second: f64| {
            m1 += a * mass + b * first;
            m2 += a * a * mass + 2.0 * a * b * first + b * b * second;
        };
        let line = |i: usize| {
            let (z0, z1) = (self.z[i].0, self.z[i + 1].0);
            let b = (q[i + 1] - q[i]) / (z1 - z0);
            (q[i] - b * z0, b)
        };
        for i in 0..n - 1 {
            let ((z0, f0, p0), (z1, f1, p1)) = (self.z[i], self.z[i + 1]);
            let (a, b) = line(i);
            piece(a, b, p1 - p0, f0 - f1, p1 - p0 + z0 * f0 - z1 * f1);
        }
        // Below the first level demand stays at it, or falls on, but not under zero.
        let (z0, f0, p0) = self.z[0];
        let (a, b) = line(0);
        if b > 0.0 && a + b * (z0 - 1.0) > 0.0 {
            piece(a, b, p0, -f0, p0 - z0 * f0);
        } else {
            piece(q[0], 0.0, p0, 0.0, 0.0);
        }
        let (zn, fn_, pn) = self.z[n - 1];
        let (a, b) = line(n - 2);
        piece(a, b, 1.0 - pn, fn_, 1.0 - pn + zn * fn_);
        (m1, (m2 - m1 * m1).max(0.0))
    }
}

/// Cumulative demand of one item by period.
pub(super) struct Future<'a> {
    period: f64,
    periods: usize,
    /// Prefix sums over periods: mean, variance, standard deviation.
    mean: Vec<f64>,
    variance: Vec<f64>,
    sd: Vec<f64>,
    correlation: f64,
    samples: Option<(usize, &'a [f64])>,
    /// Quantiles of the total and their normal scores.
    total: Option<(&'a [f64], Vec<f64>)>,
}

impl<'a> Future<'a> {
    pub(super) fn new(
        input: &PlanInput,
        levels: &Levels,
        outlook: &'a Outlook,
        correlation: f64,
    ) -> Result<Self> {
        let refuse = |message: String| Err(Error::invalid_input(message).with("field", "forecast"));
        let width = match outlook {
            Outlook::Quantiles { .. } | Outlook::Total { .. } => levels.z.len(),
            Outlook::Samples { paths, .. } => *paths,
            Outlook::Moments { .. } => 1,
        };
        let values: &[f64] = match outlook {
            Outlook::Quantiles { values }
            | Outlook::Samples { values, .. }
            | Outlook::Total { values, .. } => values,
            Outlook::Moments { mean, .. } => mean,
        };
        if width == 0 || values.is_empty() || !values.len().is_multiple_of(width) {
            return refuse(format!(
                "a forecast needs whole rows of {width} values and at least one row, got {} values",
                values.len()
            ));
        }
        if let Some(bad) = values.iter().find(|v| !(**v >= 0.0 && **v <= 1e12)) {
            return refuse(format!("forecast demand must be between 0 and 10^12, got {bad}"));
        }
        let periods = values.len() / width;
        let mut period = f64::from(input.period_days.max(1));
        if let Outlook::Total { days, .. } = outlook {
            if *days == 0 || periods != 1 {
                return refuse(format!(
                    "a total needs at least 1 day and one row of {width} quantiles, got {days} days \
                     and {periods} rows"
                ));
            }
            period = f64::from(*days);
        }
        let mut f = Self {
            period,
            periods,
            mean: Vec::with_capacity(periods + 1),
            variance: Vec::with_capacity(periods + 1),
            sd: Vec::with_capacity(periods + 1),
            correlation,
            samples: None,
            total: None,
        };
        f.mean.push(0.0);
        f.variance.push(0.0);
        f.sd.push(0.0);
        let mut last: (&[f64], (f64, f64)) = (&[], (0.0, 0.0));
        for t in 0..periods {
            let row = &values[t * width..(t + 1) * width];
            let (m, v) = match outlook {
                Outlook::Quantiles { .. } | Outlook::Total { .. } => {
                    if row != last.0 {
                        if row.windows(2).any(|w| w[0] > w[1]) {
                            return refuse(format!("quantiles must not fall, got {row:?}"));
                        }
                        last = (row, levels.moments(row));
                    }
                    last.1
                }
                Outlook::Samples { paths, .. } => {
                    let n = *paths as f64;
                    let m = row.iter().sum::<f64>() / n;
                    (m, row.iter().map(|x| (x - m).powi(2)).sum::<f64>() / n)
                }
                Outlook::Moments { mean, sd } => {
                    let s = sd.get(t).copied().unwrap_or(f64::NAN);
                    if !(s >= 0.0 && s.is_finite()) || sd.len() != mean.len() {
                        return refuse(format!("sd must be non-negative, one per mean, got {s}"));
                    }
                    (row[0], s * s)
                }
            };
            f.mean.push(f.mean[t] + m);
            f.variance.push(f.variance[t] + v);
            f.sd.push(f.sd[t] + v.sqrt());
        }
        if let Outlook::Samples { paths, values } = outlook {
            f.samples = Some((*paths, values));
        }
        if let Outlook::Total { values, .. } = outlook {
            f.total = Some((values, levels.z.iter().map(|z| z.0).collect()));
        }
        if f.mean[periods] <= 0.0 {
            return Err(Error::not_enough_data("forecast demand is zero in every period")
                .with("field", "forecast"));
        }
        Ok(f)
    }

    /// A prefix sum at `days`, linear inside a period, at the mean rate beyond the horizon.
    fn at(&self, prefix: &[f64], days: f64) -> f64 {
        let t = (days / self.period).max(0.0);
        let whole = t.floor() as usize;
        if whole >= self.periods {
            let total = prefix[self.periods];
            return total * t / self.periods as f64;
        }
        prefix[whole] + (t - whole as f64) * (prefix[whole + 1] - prefix[whole])
    }

    /// Whether the forecast ends before `days`.
    pub(super) fn ends_before(&self, days: f64) -> bool {
        days > self.period * self.periods as f64
    }

    /// Expected demand of the next `days` days.
    pub(super) fn mean(&self, days: f64) -> f64 {
        self.at(&self.mean, days)
    }

    /// Expected demand per day over the horizon.
    pub(super) fn rate(&self) -> f64 {
        self.mean[self.periods] / (self.periods as f64 * self.period)
    }

    /// The day by which expected demand reaches `units`.
    pub(super) fn days_to_use(&self, units: f64) -> f64 {
        if units <= 0.0 {
            return 0.0;
        }
        let total = self.mean[self.periods];
        if units >= total {
            return units / self.rate();
        }
        let t = self.mean.partition_point(|m| *m < units).max(1) - 1;
        let step = self.mean[t + 1] - self.mean[t];
        (t as f64 + (units - self.mean[t]) / step) * self.period
    }

    /// The law of demand over `days` days, whose end is uncertain with `day_variance`.
    pub(super) fn over(&self, days: f64, day_variance: f64) -> Span {
        let mean = self.mean(days);
        if let Some((paths, values)) = self.samples
            && !self.ends_before(days)
        {
            return Span { mean, law: self.sample_sums(paths, values, days, day_variance) };
        }
        if let Some((values, scores)) = &self.total
            && self.variance[1] > 0.0
            && mean > 0.0
        {
            // The same shape around the mean; the deviation grows with the root of time.
            let share = days / self.period;
            let rate = self.mean[1] / self.period;
            let variance = self.variance[1] * share + rate * rate * day_variance;
            let stretch = (variance / self.variance[1]).sqrt();
            return Span {
                mean,
                law: Law::Quantiles(Curve::new(values, scores, self.mean[1], mean, stretch)),
            };
        }
        let (variance, sd) = (self.at(&self.variance, days), self.at(&self.sd, days));
        let rate = if days > 0.0 { mean / days } else { 0.0 };
        let total = (1.0 - self.correlation) * variance
            + self.correlation * sd * sd
            + rate * rate * day_variance;
        Span::new(mean, total)
    }

    fn sample_sums(&self, paths: usize, values: &[f64], days: f64, day_variance: f64) -> Law {
        // Paths see evenly spread ends of the span, in a scrambled order.
        let spread = day_variance.sqrt();
        let longest = self.periods as f64;
        let mut sums: Vec<f64> = (0..paths)
            .map(|j| {
                let u = ((j + 1) as f64 * 0.618_033_988_749_894_9).fract();
                let shift =
                    if spread > 0.0 { spread * norm_ppf(u.clamp(1e-6, 1.0 - 1e-6)) } else { 0.0 };
                let t = ((days + shift) / self.period).clamp(0.0, longest);
                let whole = t.floor() as usize;
                let mut sum: f64 = (0..whole).map(|k| values[k * paths + j]).sum();
                if whole < self.periods {
                    sum += (t - whole as f64) * values[whole * paths + j];
                }
                sum
            })
            .collect();
        sums.sort_by(f64::total_cmp);
        Law::Samples(sums)
    }
}

/// Demand over a span of days.
pub(super) struct Span {
    pub mean: f64,
    law: Law,
}

enum Law {
    /// No uncertainty.
    Point,
    /// Probabilities of 0, 1, 2 ..., until the rest is negligible.
    Counts(Vec<f64>),
    Gamma {
        shape: f64,
        scale: f64,
    },
    /// Ascending.
    Samples(Vec<f64>),
    Quantiles(Curve),
}

/// A distribution by its quantile function: linear in the normal score, never below 0.
struct Curve {
    /// Score and quantile, both rising.
    points: Vec<(f64, f64)>,
}

impl Curve {
    fn new(values: &[f64], scores: &[f64], from: f64, to: f64, stretch: f64) -> Self {
        let mut last = 0.0f64;
        let move_point = |(&q, &z): (&f64, &f64)| {
            last = last.max(to + (q - from) * stretch);
            (z, last)
        };
        Self { points: values.iter().zip(scores).map(move_point).collect() }
    }

    /// The line of the piece that holds `z`; the outer pieces go on for ever, the lowest flat.
    fn quantile(&self, z: f64) -> f64 {
        let p = &self.points;
        if p.len() == 1 || z <= p[0].0 {
            return p[0].1;
        }
        let i = p.partition_point(|p| p.0 < z).clamp(1, p.len() - 1) - 1;
        let ((z0, q0), (z1, q1)) = (p[i], p[i + 1]);
        q0 + (q1 - q0) * (z - z0) / (z1 - z0)
    }

    /// The score at which demand reaches `stock`; -infinity below all demand.
    fn score(&self, stock: f64) -> f64 {
        let p = &self.points;
        if stock < p[0].1 {
            return f64::NEG_INFINITY;
        }
        let above = p.partition_point(|p| p.1 <= stock);
        if above == p.len() {
            let n = p.len();
            if n == 1 || p[n - 1].1 <= p[n - 2].1 {
                return f64::INFINITY;
            }
            let slope = (p[n - 1].1 - p[n - 2].1) / (p[n - 1].0 - p[n - 2].0);
            return p[n - 1].0 + (stock - p[n - 1].1) / slope;
        }
        let ((z0, q0), (z1, q1)) = (p[above - 1], p[above]);
        z0 + (z1 - z0) * (stock - q0) / (q1 - q0)
    }

    /// Expected demand beyond `stock`: the integral of the quantile function above it.
    fn shortage(&self, stock: f64) -> f64 {
        let p = &self.points;
        let from = self.score(stock);
        if from == f64::INFINITY {
            return 0.0;
        }
        // One linear piece of the quantile function between two scores.
        let piece = |z0: f64, z1: f64, a: f64, b: f64| {
            let mass = norm_cdf(-z0) - norm_cdf(-z1);
            (a - stock) * mass + b * (density(z0) - density(z1))
        };
        let mut sum = 0.0;
        if from < p[0].0 {
            sum += piece(from, p[0].0, p[0].1, 0.0);
        }
        for (i, w) in p.windows(2).enumerate() {
            let ((z0, q0), (z1, q1)) = (w[0], w[1]);
            let last = i + 2 == p.len();
            let (low, high) = (z0.max(from), if last { f64::INFINITY } else { z1 });
            if high > low {
                let b = (q1 - q0) / (z1 - z0);
                sum += piece(low, high, q0 - b * z0, b);
            }
        }
        sum.max(0.0)
    }
}

fn density(z: f64) -> f64 {
    if z.is_finite() { norm_pdf(z) } else { 0.0 }
}

impl Span {
    pub(super) fn new(mean: f64, variance: f64) -> Self {
        let law = if mean <= 0.0 || variance <= 1e-9 * mean * mean {
            Law::Point
        } else if mean + 8.0 * variance.sqrt() < 250.0 && variance > 0.5 * mean {
            Law::Counts(counts(mean, variance))
        } else {
            Law::Gamma { shape: mean * mean / variance, scale: variance / mean }
        };
        Self { mean, law }
    }

    /// The smallest amount that covers demand with probability `p`.
    pub(super) fn quantile(&self, p: f64) -> f64 {
        match &self.law {
            Law::Point => self.mean,
            Law::Counts(pmf) => {
                let mut sum = 0.0;
                for (k, q) in pmf.iter().enumerate() {
                    sum += q;
                    if sum >= p - 1e-12 {
                        return k as f64;
                    }
                }
                pmf.len() as f64
            }
            Law::Gamma { shape, scale } => scale * gamma_ppf(p, *shape),
            Law::Quantiles(curve) => curve.quantile(norm_ppf(p)),
            Law::Samples(v) => {
                let rank = (p * v.len() as f64 - 1e-9).ceil().max(1.0) as usize;
                v[rank.min(v.len()) - 1]
            }
        }
    }

    /// The probability that demand exceeds `stock`.
    pub(super) fn exceeds(&self, stock: f64) -> f64 {
        if stock < 0.0 {
            return 1.0;
        }
        match &self.law {
            Law::Point => f64::from(u8::from(self.mean > stock)),
            Law::Counts(pmf) => {
                let n = (stock.floor() as usize).min(pmf.len() - 1);
                (1.0 - pmf[..=n].iter().sum::<f64>()).max(0.0)
            }
            Law::Gamma { shape, scale } => gamma_pq(*shape, stock / scale).1,
            Law::Quantiles(curve) => norm_cdf(-curve.score(stock)),
            Law::Samples(v) => {
                (v.len() - v.partition_point(|x| *x <= stock)) as f64 / v.len() as f64
            }
        }
    }

    /// Expected demand beyond `stock`.
    pub(super) fn shortage(&self, stock: f64) -> f64 {
        if stock <= 0.0 {
            return self.mean - stock;
        }
        match &self.law {
            Law::Point => (self.mean - stock).max(0.0),
            Law::Counts(pmf) => {
                let top = (stock.ceil() as usize).min(pmf.len());
                let left: f64 =
                    pmf[..top].iter().enumerate().map(|(k, q)| (stock - k as f64) * q).sum();
                (self.mean - stock + left).max(0.0)
            }
            Law::Gamma { shape, scale } => {
                let x = stock / scale;
                let above = gamma_pq(*shape, x).1;
                // Q(a + 1, x) = Q(a, x) + x^a e^-x / Gamma(a + 1)
                let next = gamma_pq(shape + 1.0, x).1;
                (self.mean * next - stock * above).max(0.0)
            }
            Law::Quantiles(curve) => curve.shortage(stock),
            Law::Samples(v) => {
                let from = v.partition_point(|x| *x <= stock);
                v[from..].iter().map(|x| x - stock).sum::<f64>() / v.len() as f64
            }
        }
    }

    /// The least stock whose expected shortage is at most `short`.
    pub(super) fn stock_for_shortage(&self, short: f64) -> f64 {
        let (mut low, mut high) = (0.0, self.quantile(1.0 - 1e-9).max(1.0));
        if self.shortage(low) <= short {
            return low;
        }
        for _ in 0..60 {
            let mid = 0.5 * (low + high);
            if self.shortage(mid) <= short {
                high = mid;
            } else {
                low = mid;
            }
            if high - low < 1e-6 * (1.0 + high) {
                break;
            }
        }
        high
    }
}

/// Negative binomial (or Poisson) probabilities by the ratio of neighbours.
fn counts(mean: f64, variance: f64) -> Vec<f64> {
    let mut pmf = Vec::with_capacity(64);
    let top = (mean + 12.0 * variance.sqrt() + 20.0) as usize;
    let (start, clumped) = if variance > mean * (1.0 + 1e-6) {
        let (r, p) = (mean * mean / (variance - mean), mean / variance);
        ((r * p.ln()).exp(), Some((r, 1.0 - p)))
    } else {
        ((-mean).exp(), None)
    };
    let (mut q, mut sum) = (start, start);
    pmf.push(q);
    for k in 1..=top {
        let k = k as f64;
        q *= match clumped {
            Some((r, fail)) => (k - 1.0 + r) * fail / k,
            None => mean / k,
        };
        pmf.push(q);
        sum += q;
        if sum > 1.0 - 1e-12 {
            break;
        }
    }
    pmf
}

/// The probability that |Z| stays below `z`.
pub(super) fn two_sided(z: f64) -> f64 {
    1.0 - 2.0 * norm_cdf(-z.abs())
}

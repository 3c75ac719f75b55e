//! Demand in one span of time as a probability distribution: mean, variance, distribution function,
//! quantile and loss functions, which is all that inventory policies ask of it.
//!
//! Choose the family by the data: `Poisson` or `NegativeBinomial` for counts (the latter when the
//! variance exceeds the mean), `Gamma` for positive amounts, `Normal` for fast movers and the
//! textbooks, `Discrete` and `Samples` for anything else, for example forecast paths.
//! Cost: closed forms; the two tables cost a binary search per call and O(n) per loss.

use super::check::{finite, non_negative, positive};
use super::special::{
    beta_inc, gamma_ppf, gamma_pq, ln_gamma, norm_cdf, norm_loss, norm_loss2, norm_ppf, norm_sf,
};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// Probabilities that differ by less than this are the same: the quantile of a table whose steps
/// sum to 0.6 by rounding still answers the step 0.6.
const TIE: f64 = 1e-12;

/// A distribution of demand.
///
/// ```
/// use mercato_forecast::replenish::Demand;
/// let demand = Demand::Poisson { mean: 6.0 };
/// assert_eq!(demand.quantile(0.8), 8.0);
/// let (short, left) = demand.loss(8.0);
/// assert!((left - short - 2.0).abs() < 1e-12);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Demand {
    /// Normal with this mean and standard deviation (> 0).
    Normal {
        /// Expected demand.
        mean: f64,
        /// Standard deviation, > 0.
        sd: f64,
    },
    /// Poisson counts.
    Poisson {
        /// Expected demand, > 0.
        mean: f64,
    },
    /// Negative binomial counts, the usual law of clumped demand; the variance exceeds the mean.
    NegativeBinomial {
        /// Expected demand, > 0.
        mean: f64,
        /// Variance, > mean.
        variance: f64,
    },
    /// Gamma with mean `shape * scale`.
    Gamma {
        /// Shape, > 0.
        shape: f64,
        /// Scale, > 0.
        scale: f64,
    },
    /// Lognormal: `ln D` is normal with mean `mu` and standard deviation `sigma`.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm, > 0.
        sigma: f64,
    },
    /// Exponential with mean `1 / rate`.
    Exponential {
        /// Rate, > 0.
        rate: f64,
    },
    /// Continuous uniform on `low..high`.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end, > low.
        high: f64,
    },
    /// Any distribution on finitely many values.
    Discrete {
        /// Values, strictly increasing.
        values: Vec<f64>,
        /// Their probabilities: non-negative, summing to 1.
        probabilities: Vec<f64>,
    },
    /// Equally likely samples, for example the paths of a forecast; sorted ascending.
    Samples {
        /// The samples, ascending.
        values: Vec<f64>,
    },
}

impl Demand {
    /// A checked table of values and probabilities; values may come in any order.
    ///
    /// # Errors
    /// `invalid_params`: lengths differ, a value repeats or is not finite, a probability is
    /// negative, or the sum is not 1 within 1e-6.
    pub fn discrete(values: &[f64], probabilities: &[f64]) -> Result<Self> {
        if values.len() != probabilities.len() {
            return Err(Error::invalid_params(format!(
                "values and probabilities must have the same length, got {} and {}",
                values.len(),
                probabilities.len()
            ))
            .with("parameter", "probabilities"));
        }
        let mut pairs: Vec<(f64, f64)> =
            values.iter().copied().zip(probabilities.iter().copied()).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (values, probabilities) = pairs.into_iter().unzip();
        let table = Self::Discrete { values, probabilities };
        table.check()?;
        Ok(table)
    }

    /// Equally likely samples in any order.
    ///
    /// # Errors
    /// `invalid_params`: no sample, or one that is not finite.
    pub fn samples(mut values: Vec<f64>) -> Result<Self> {
        values.sort_by(f64::total_cmp);
        let table = Self::Samples { values };
        table.check()?;
        Ok(table)
    }

    /// The count distribution with these two moments: Poisson when the variance does not exceed the
    /// mean, negative binomial otherwise.
    #[must_use]
    pub fn count(mean: f64, variance: f64) -> Self {
        if variance > mean * (1.0 + 1e-9) {
            Self::NegativeBinomial { mean, variance }
        } else {
            Self::Poisson { mean }
        }
    }

    /// Validates the parameters.
    ///
    /// # Errors
    /// `invalid_params`, naming the parameter.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Normal { mean, sd } => finite("mean", *mean).and(positive("sd", *sd)),
            Self::Poisson { mean } => positive("mean", *mean),
            Self::NegativeBinomial { mean, variance } => {
                positive("mean", *mean)?;
                positive("variance", *variance)?;
                if variance <= mean {
                    return Err(Error::invalid_params(format!(
                        "variance must exceed the mean {mean}, got {variance}"
                    ))
                    .with("parameter", "variance"));
                }
                Ok(())
            }
            Self::Gamma { shape, scale } => {
                positive("shape", *shape).and(positive("scale", *scale))
            }
            Self::LogNormal { mu, sigma } => finite("mu", *mu).and(positive("sigma", *sigma)),
            Self::Exponential { rate } => positive("rate", *rate),
            Self::Uniform { low, high } => {
                finite("low", *low)?;
                finite("high", *high)?;
                positive("high - low", high - low)
            }
            Self::Discrete { values, probabilities } => {
                if values.is_empty() || values.len() != probabilities.len() {
                    return Err(Error::invalid_params(format!(
                        "a discrete distribution needs as many probabilities as values and at \
                         least one, got {} and {}",
                        probabilities.len(),
                        values.len()
                    ))
                    .with("parameter", "values"));
                }
                values.iter().try_for_each(|&v| finite("values", v))?;
                probabilities.iter().try_for_each(|&p| non_negative("probabilities", p))?;
                if values.windows(2).any(|w| w[0] >= w[1]) {
                    return Err(Error::invalid_params("values must be strictly increasing")
                        .with("parameter", "values"));
                }
                let sum: f64 = probabilities.iter().sum();
                if (sum - 1.0).abs() > 1e-6 {
                    return Err(Error::invalid_params(format!(
                        "probabilities must sum to 1, got {sum}"
                    ))
                    .with("parameter", "probabilities"));
                }
                Ok(())
            }
            Self::Samples { values } => {
                if values.is_empty() {
                    return Err(Error::invalid_params("at least one sample is needed")
                        .with("parameter", "values"));
                }
                values.iter().try_for_each(|&v| finite("values", v))?;
                if values.windows(2).any(|w| w[0] > w[1]) {
                    return Err(Error::invalid_params("samples must be sorted ascending")
                        .with("parameter", "values"));
                }
                Ok(())
            }
        }
    }

    /// Expected demand.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Normal { mean, .. }
            | Self::Poisson { mean }
            | Self::NegativeBinomial { mean, .. } => *mean,
            Self::Gamma { shape, scale } => shape * scale,
            Self::LogNormal { mu, sigma } => (mu + 0.5 * sigma * sigma).exp(),
            Self::Exponential { rate } => 1.0 / rate,
            Self::Uniform { low, high } => 0.5 * (low + high),
            Self::Discrete { values, probabilities } => dot(values, probabilities),
            Self::Samples { values } => values.iter().sum::<f64>() / values.len() as f64,
        }
    }

    /// Variance of demand.
    #[must_use]
    pub fn variance(&self) -> f64 {
        match self {
            Self::Normal { sd, .. } => sd * sd,
            Self::Poisson { mean } => *mean,
            Self::NegativeBinomial { variance, .. } => *variance,
            Self::Gamma { shape, scale } => shape * scale * scale,
            Self::LogNormal { mu, sigma } => {
                let s = sigma * sigma;
                s.exp_m1() * (2.0 * mu + s).exp()
            }
            Self::Exponential { rate } => 1.0 / (rate * rate),
            Self::Uniform { low, high } => (high - low).powi(2) / 12.0,
            Self::Discrete { values, probabilities } => {
                let m = dot(values, probabilities);
                values.iter().zip(probabilities).map(|(v, p)| (v - m).powi(2) * p).sum()
            }
            Self::Samples { values } => {
                let m = self.mean();
                values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / values.len() as f64
            }
        }
    }

    /// Whether demand takes whole numbers only, so that stock levels should too.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        match self {
            Self::Poisson { .. } | Self::NegativeBinomial { .. } => true,
            Self::Discrete { values, .. } => values.iter().all(|v| v.fract() == 0.0),
            _ => false,
        }
    }

    /// P(D <= x).
    #[must_use]
    pub fn cdf(&self, x: f64) -> f64 {
        match self {
            Self::Normal { mean, sd } => norm_cdf((x - mean) / sd),
            Self::Poisson { mean } => {
                if x < 0.0 {
                    0.0
                } else {
                    gamma_pq(x.floor() + 1.0, *mean).1
                }
            }
            Self::NegativeBinomial { mean, variance } => {
                if x < 0.0 {
                    return 0.0;
                }
                let (r, p) = negative_binomial(*mean, *variance);
                beta_inc(r, x.floor() + 1.0, p)
            }
            Self::Gamma { shape, scale } => gamma_pq(*shape, x / scale).0,
            Self::LogNormal { mu, sigma } => {
                if x <= 0.0 {
                    0.0
                } else {
                    norm_cdf((x.ln() - mu) / sigma)
                }
            }
            Self::Exponential { rate } => -(-rate * x.max(0.0)).exp_m1(),
            Self::Uniform { low, high } => ((x - low) / (high - low)).clamp(0.0, 1.0),
            Self::Discrete { values, probabilities } => {
                let n = values.partition_point(|&v| v <= x);
                probabilities[..n].iter().sum::<f64>().min(1.0)
            }
            Self::Samples { values } => {
                values.partition_point(|&v| v <= x) as f64 / values.len() as f64
            }
        }
    }

    /// P(D > x), accurate in the upper tail.
    #[must_use]
    pub fn survival(&self, x: f64) -> f64 {
        match self {
            Self::Normal { mean, sd } => norm_sf((x - mean) / sd),
            Self::Poisson { mean } if x >= 0.0 => gamma_pq(x.floor() + 1.0, *mean).0,
            Self::Gamma { shape, scale } => gamma_pq(*shape, x / scale).1,
            Self::LogNormal { mu, sigma } if x > 0.0 => norm_sf((x.ln() - mu) / sigma),
            Self::Exponential { rate } => (-rate * x.max(0.0)).exp(),
            _ => 1.0 - self.cdf(x),
        }
    }

    /// P(D = x); 0 for continuous families.
    #[must_use]
    pub fn pmf(&self, x: f64) -> f64 {
        match self {
            Self::Poisson { mean } => {
                if x < 0.0 || x.fract() != 0.0 {
                    return 0.0;
                }
                (x * mean.ln() - mean - ln_gamma(x + 1.0)).exp()
            }
            Self::NegativeBinomial { mean, variance } => {
                if x < 0.0 || x.fract() != 0.0 {
                    return 0.0;
                }
                let (r, p) = negative_binomial(*mean, *variance);
                (ln_gamma(x + r) - ln_gamma(x + 1.0) - ln_gamma(r) + r * p.ln() + x * (-p).ln_1p())
                    .exp()
            }
            Self::Discrete { values, probabilities } => {
                values.binary_search_by(|v| v.total_cmp(&x)).map_or(0.0, |i| probabilities[i])
            }
            Self::Samples { values } => {
                let low = values.partition_point(|&v| v < x);
                let high = values.partition_point(|&v| v <= x);
                (high - low) as f64 / values.len() as f64
            }
            _ => 0.0,
        }
    }

    /// The smallest x with P(D <= x) >= p. `p` outside 0..=1 gives NaN; the ends give the ends of
    /// the support.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        if !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        match self {
            Self::Normal { mean, sd } => mean + sd * norm_ppf(p),
            Self::Poisson { .. } | Self::NegativeBinomial { .. } => self.count_quantile(p),
            Self::Gamma { shape, scale } => scale * gamma_ppf(p, *shape),
            Self::LogNormal { mu, sigma } => (mu + sigma * norm_ppf(p)).exp(),
            Self::Exponential { rate } => -(-p).ln_1p() / rate,
            Self::Uniform { low, high } => low + p * (high - low),
            Self::Discrete { values, probabilities } => {
                let mut cumulative = 0.0;
                for (v, q) in values.iter().zip(probabilities) {
                    cumulative += q;
                    if cumulative >= p - TIE && *q > 0.0 {
                        return *v;
                    }
                }
                values[values.len() - 1]
            }
            Self::Samples { values } => {
                let rank = (p * values.len() as f64 - TIE).ceil().max(1.0) as usize;
                values[rank.min(values.len()) - 1]
            }
        }
    }

    /// Smallest integer with cdf >= p: a normal (Cornish-Fisher) guess, then galloping bisection.
    fn count_quantile(&self, p: f64) -> f64 {
        if p >= 1.0 {
            return f64::INFINITY;
        }
        let (mean, sd) = (self.mean(), self.variance().sqrt());
        let z = norm_ppf(p.max(1e-300));
        let guess = (mean + sd * (z + (z * z - 1.0) * sd / mean.max(sd) / 6.0)).floor().max(0.0);
        let enough = |x: f64| self.cdf(x) >= p;
        let (mut low, mut high); // cdf(low) < p <= cdf(high)
        let mut step = 1.0;
        if enough(guess) {
            high = guess;
            low = guess - step;
            while low >= 0.0 && enough(low) {
                high = low;
                step *= 2.0;
                low -= step;
            }
            low = low.max(-1.0);
        } else {
            low = guess;
            high = guess + step;
            while !enough(high) && step < 1e15 {
                low = high;
                step *= 2.0;
                high += step;
            }
        }
        while high - low > 1.0 {
            let mid = ((low + high) * 0.5).floor();
            if enough(mid) {
                high = mid;
            } else {
                low = mid;
            }
        }
        high
    }

    /// The loss functions `(E[(D - x)+], E[(x - D)+])`: expected shortage and expected surplus of a
    /// stock of `x`.
    #[must_use]
    pub fn loss(&self, x: f64) -> (f64, f64) {
        let mean = self.mean();
        let short = match self {
            Self::Normal { mean, sd } => {
                let z = (x - mean) / sd;
                return (sd * norm_loss(z), sd * norm_loss(-z));
            }
            Self::Poisson { mean } => {
                if x <= 0.0 {
                    mean - x
                } else {
                    // E[D 1(D > k)] = mean P(D >= k) with k = floor(x).
                    let k = x.floor();
                    let at_least = if k >= 1.0 { gamma_pq(k, *mean).0 } else { 1.0 };
                    mean * at_least - x * gamma_pq(k + 1.0, *mean).0
                }
            }
            Self::NegativeBinomial { mean, variance } => {
                if x <= 0.0 {
                    mean - x
                } else {
                    let (r, p) = negative_binomial(*mean, *variance);
                    let k = x.floor();
                    let beta = (1.0 - p) / p;
                    let above = 1.0 - self.cdf(k);
                    (r * beta - x) * above + (k + r) * beta * self.pmf(k)
                }
            }
            Self::Gamma { shape, scale } => {
                if x <= 0.0 {
                    mean - x
                } else {
                    mean * gamma_pq(shape + 1.0, x / scale).1 - x * gamma_pq(*shape, x / scale).1
                }
            }
            Self::LogNormal { mu, sigma } => {
                if x <= 0.0 {
                    mean - x
                } else {
                    let z = (x.ln() - mu) / sigma;
                    mean * norm_sf(z - sigma) - x * norm_sf(z)
                }
            }
            Self::Exponential { rate } => {
                if x <= 0.0 {
                    mean - x
                } else {
                    (-rate * x).exp() / rate
                }
            }
            Self::Uniform { low, high } => {
                if x <= *low {
                    mean - x
                } else if x >= *high {
                    0.0
                } else {
                    (high - x).powi(2) / (2.0 * (high - low))
                }
            }
            Self::Discrete { values, probabilities } => {
                let pairs = || values.iter().zip(probabilities);
                return (
                    pairs().filter(|(v, _)| **v > x).map(|(v, p)| (v - x) * p).sum(),
                    pairs().filter(|(v, _)| **v < x).map(|(v, p)| (x - v) * p).sum(),
                );
            }
            Self::Samples { values } => {
                let split = values.partition_point(|&v| v <= x);
                let n = values.len() as f64;
                return (
                    values[split..].iter().map(|v| v - x).sum::<f64>() / n,
                    values[..split].iter().map(|v| x - v).sum::<f64>() / n,
                );
            }
        };
        let short = short.max(0.0);
        (short, (x - mean + short).max(0.0))
    }

    /// Demand over `periods` independent spans like this one.
    ///
    /// # Errors
    /// `unsupported` for families without a closed form (lognormal, uniform, samples) unless
    /// `periods` is 1, and for tables with a fractional `periods` or non-integer values;
    /// `invalid_params` for a negative or NaN `periods`.
    pub fn over(&self, periods: f64) -> Result<Self> {
        positive("periods", periods)?;
        if periods == 1.0 {
            return Ok(self.clone());
        }
        Ok(match self {
            Self::Normal { mean, sd } => {
                Self::Normal { mean: mean * periods, sd: sd * periods.sqrt() }
            }
            Self::Poisson { mean } => Self::Poisson { mean: mean * periods },
            Self::NegativeBinomial { mean, variance } => {
                Self::NegativeBinomial { mean: mean * periods, variance: variance * periods }
            }
            Self::Gamma { shape, scale } => Self::Gamma { shape: shape * periods, scale: *scale },
            Self::Exponential { rate } => Self::Gamma { shape: periods, scale: 1.0 / rate },
            Self::Discrete { .. } if self.is_integer() && periods.fract() == 0.0 => {
                let (start, pmf) = self.lattice(0.0).ok_or_else(|| {
                    Error::unsupported("the table spans too many whole numbers to be added up")
                })?;
                let n = periods as usize;
                let mut sum = pmf.clone();
                for _ in 1..n {
                    sum = convolve(&sum, &pmf);
                }
                let values = (0..sum.len()).map(|i| start * periods + i as f64).collect();
                Self::Discrete { values, probabilities: sum }
            }
            _ => {
                return Err(Error::unsupported(format!(
                    "demand over {periods} periods has no closed form for this distribution; give \
                     the distribution of the whole span instead"
                )));
            }
        })
    }

    /// Probabilities of consecutive whole numbers, `(first, pmf)`, cut where a tail holds less than
    /// `tail`; `None` unless demand is whole numbers over a span below 10 million.
    pub(crate) fn lattice(&self, tail: f64) -> Option<(f64, Vec<f64>)> {
        match self {
            Self::Poisson { .. } | Self::NegativeBinomial { .. } => {
                let tail = tail.max(1e-16);
                let high = self.count_quantile(1.0 - tail) + 1.0;
                if high > 1e7 {
                    return None;
                }
                // Outwards from the mode by the ratio of neighbours: no logarithms, no underflow.
                let n = high as usize + 1;
                let mut pmf = vec![0.0; n];
                let mode = (self.mean().floor() as usize).min(n - 1);
                pmf[mode] = self.pmf(mode as f64);
                let ratio = |k: usize| match self {
                    Self::NegativeBinomial { mean, variance } => {
                        let (r, p) = negative_binomial(*mean, *variance);
                        (k as f64 - 1.0 + r) * (1.0 - p) / k as f64
                    }
                    _ => self.mean() / k as f64,
                };
                for k in mode + 1..n {
                    pmf[k] = pmf[k - 1] * ratio(k);
                }
                for k in (1..=mode).rev() {
                    pmf[k - 1] = pmf[k] / ratio(k);
                }
                Some((0.0, pmf))
            }
            Self::Discrete { values, probabilities } => {
                if !self.is_integer() {
                    return None;
                }
                let (first, last) = (*values.first()?, *values.last()?);
                if last - first > 1e7 {
                    return None;
                }
                let mut pmf = vec![0.0; (last - first) as usize + 1];
                for (v, p) in values.iter().zip(probabilities) {
                    pmf[(v - first) as usize] += p;
                }
                Some((first, pmf))
            }
            _ => None,
        }
    }

    /// `E[((D - x)+)^2] / 2` of normal demand; the (r, Q) model integrates losses.
    pub(crate) fn normal_second_loss(x: f64, mean: f64, sd: f64) -> f64 {
        sd * sd * norm_loss2((x - mean) / sd)
    }
}

/// `(r, p)` of the negative binomial that counts failures before the r-th success.
fn negative_binomial(mean: f64, variance: f64) -> (f64, f64) {
    (mean * mean / (variance - mean), mean / variance)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The distribution of the sum of two independent lattice variables.
pub(crate) fn convolve(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len() + b.len() - 1];
    for (i, &x) in a.iter().enumerate() {
        if x != 0.0 {
            for (o, &y) in out[i..].iter_mut().zip(b) {
                *o += x * y;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families() -> Vec<Demand> {
        vec![
            Demand::Normal { mean: 50.0, sd: 8.0 },
            Demand::Poisson { mean: 6.0 },
            Demand::Poisson { mean: 0.2 },
            Demand::Poisson { mean: 900.0 },
            Demand::NegativeBinomial { mean: 3.0, variance: 11.0 },
            Demand::NegativeBinomial { mean: 0.1, variance: 0.6 },
            Demand::Gamma { shape: 2.5, scale: 4.0 },
            Demand::LogNormal { mu: 1.0, sigma: 0.5 },
            Demand::Exponential { rate: 0.3 },
            Demand::Uniform { low: 2.0, high: 9.0 },
            Demand::discrete(&[4.0, 1.0, 2.0], &[0.5, 0.25, 0.25]).unwrap(),
            Demand::samples(vec![3.0, 1.0, 8.0, 2.0]).unwrap(),
        ]
    }

    #[test]
    fn quantiles_invert_the_distribution_function() {
        for d in families() {
            d.check().unwrap();
            for p in [0.001, 0.05, 0.31, 0.5, 0.77, 0.95, 0.999] {
                let x = d.quantile(p);
                assert!(d.cdf(x) >= p - 1e-9, "{d:?} {p} {x}");
                let below = if d.pmf(x) > 0.0 { x - 1e-9 } else { x - 1e-6 * (1.0 + x.abs()) };
                assert!(d.cdf(below) <= p + 1e-9, "{d:?} {p} {x}");
            }
        }
    }

    #[test]
    fn losses_are_the_integral_of_the_tails() {
        for d in families() {
            for x in [0.5, 3.0, 7.25, 52.0] {
                let (short, left) = d.loss(x);
                // Both sides differ by x - mean, whatever the family.
                assert!((left - short - (x - d.mean())).abs() < 1e-9 * (1.0 + x), "{d:?} {x}");
                let top = d.quantile(1.0 - 1e-12).min(1e6);
                let n = 200_000;
                let step = (top - x).max(0.0) / f64::from(n);
                let area: f64 =
                    (0..n).map(|i| d.survival(x + (f64::from(i) + 0.5) * step) * step).sum();
                assert!((area - short).abs() < 2e-4 * (1.0 + short), "{d:?} {x} {area} {short}");
            }
        }
    }

    #[test]
    fn lattices_sum_to_one_and_carry_the_mean() {
        for d in families() {
            let Some((first, pmf)) = d.lattice(1e-15) else { continue };
            let total: f64 = pmf.iter().sum();
            let mean: f64 = pmf.iter().enumerate().map(|(i, p)| (first + i as f64) * p).sum();
            assert!((total - 1.0).abs() < 1e-9, "{d:?} {total}");
            assert!((mean - d.mean()).abs() < 1e-8 * d.mean().max(1.0), "{d:?} {mean}");
        }
    }

    #[test]
    fn a_bad_table_is_a_typed_error() {
        for bad in [
            Demand::discrete(&[1.0, 1.0], &[0.5, 0.5]),
            Demand::discrete(&[1.0, 2.0], &[0.5, 0.6]),
            Demand::discrete(&[1.0, f64::NAN], &[0.5, 0.5]),
            Demand::discrete(&[], &[]),
            Demand::samples(vec![]),
        ] {
            assert_eq!(bad.unwrap_err().code().as_str(), "invalid_params");
        }
        assert!(Demand::NegativeBinomial { mean: 3.0, variance: 3.0 }.check().is_err());
        assert!(Demand::LogNormal { mu: 0.0, sigma: 1.0 }.over(2.0).is_err());
    }

    #[test]
    fn two_dice_add_up() {
        let die = Demand::discrete(&[1., 2., 3., 4., 5., 6.], &[1.0 / 6.0; 6]).unwrap();
        let two = die.over(2.0).unwrap();
        assert!((two.pmf(7.0) - 6.0 / 36.0).abs() < 1e-12);
        assert_eq!(two.quantile(0.5), 7.0);
    }
}

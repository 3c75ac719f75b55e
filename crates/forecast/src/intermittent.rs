//! Demand with many zeros.
//!
//! What: [`Croston`] smooths demand sizes and the intervals between them (classic; SBA, which
//! removes its bias; optimised rates); [`Tsb`] smooths the probability of demand at every step and
//! so lets dead items fade; [`Adida`] smooths totals over blocks as long as the mean interval;
//! [`Imapa`] averages that over all block lengths up to it. [`classify`] says which kind of demand
//! a series is.
//!
//! When: spare parts, slow movers, single stores. Their mean is a rate, not a plan for one day:
//! use quantiles for stock.
//!
//! Cost: one pass, or about 25 with optimised rates; 1 to 5 us for 100 observations.
//!
//! Papers: Croston (1972); Syntetos & Boylan (2005); Teunter, Syntetos & Babai (2011);
//! Nikolopoulos et al. (2011); Petropoulos & Kourentzes (2015); classes: Syntetos, Boylan & Croston
//! (2005).
//!
//! Where we differ: missing values are left out instead of counting as zero, and quantiles come
//! from the series' own recent distribution of demand, not from a normal one.

use crate::numeric::{present, quantile_sorted};
use crate::state::{Fitted, Reader, Reason, State, write_vector};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// Kinds of demand by mean interval between demands and by variation of their sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DemandClass {
    /// No demand at all.
    None,
    /// Frequent and even: interval below 1.32, squared variation below 0.49.
    Smooth,
    /// Frequent, uneven sizes.
    Erratic,
    /// Infrequent, even sizes.
    Intermittent,
    /// Infrequent, uneven sizes.
    Lumpy,
}

/// The demand class of a series; missing values are left out.
///
/// ```
/// use mercato_forecast::{DemandClass, classify};
/// assert_eq!(classify(&[0.0, 2.0, 0.0, 0.0, 2.0, 0.0]), DemandClass::Intermittent);
/// assert_eq!(classify(&[5.0, 6.0, 5.0, 4.0]), DemandClass::Smooth);
/// ```
#[must_use]
pub fn classify(y: &[f64]) -> DemandClass {
    let n = present(y).count() as f64;
    let (mut k, mut mean, mut m2) = (0.0, 0.0, 0.0);
    for v in present(y).filter(|v| *v != 0.0) {
        k += 1.0;
        let d = v - mean;
        mean += d / k;
        m2 += d * (v - mean);
    }
    if k == 0.0 {
        return DemandClass::None;
    }
    let frequent = n / k < 1.32;
    let even = m2 / k / (mean * mean) < 0.49;
    match (frequent, even) {
        (true, true) => DemandClass::Smooth,
        (true, false) => DemandClass::Erratic,
        (false, true) => DemandClass::Intermittent,
        (false, false) => DemandClass::Lumpy,
    }
}

/// Which of Croston's variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrostonVariant {
    /// Both rates 0.1.
    #[default]
    Classic,
    /// Classic, times 0.95: the Syntetos-Boylan approximation.
    Sba,
    /// Both rates chosen in 0.1..=0.3 by squared error.
    Optimized,
}

/// Croston's method.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Croston {
    /// The variant (default classic).
    pub variant: CrostonVariant,
}

/// Teunter-Syntetos-Babai.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tsb {
    /// Smoothing rate of demand sizes, in 0..=1 (default 0.1).
    pub alpha_d: f64,
    /// Smoothing rate of the probability of demand, in 0..=1 (default 0.1).
    pub alpha_p: f64,
}

impl Default for Tsb {
    fn default() -> Self {
        Self { alpha_d: 0.1, alpha_p: 0.1 }
    }
}

/// Aggregate-disaggregate: totals over blocks of the mean interval, smoothed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adida {}

/// The mean of aggregate-disaggregate forecasts over all block lengths up to the mean interval.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Imapa {}

/// Rates that the optimised methods may choose, those of the reference implementations.
const RATES: (f64, f64) = (0.1, 0.3);

/// Smooths values at a rate; returns the next forecast and the sum of squared one-step errors.
fn smooth(x: &[f64], alpha: f64) -> (f64, f64) {
    let Some((&first, rest)) = x.split_first() else { return (0.0, 0.0) };
    let (mut level, mut sum) = (first, 0.0);
    for v in rest {
        let e = v - level;
        sum += e * e;
        level += alpha * e;
    }
    (level, sum)
}

/// The rate of least squared error, by golden section, and the next forecast.
fn smooth_best(x: &[f64]) -> (f64, f64) {
    const RATIO: f64 = 0.618_033_988_749_894_8;
    let (mut lo, mut hi) = RATES;
    let (mut p, mut q) = (hi - RATIO * (hi - lo), lo + RATIO * (hi - lo));
    let (mut sp, mut sq) = (smooth(x, p).1, smooth(x, q).1);
    while hi - lo > 1e-4 {
        if sp < sq {
            (hi, q, sq) = (q, p, sp);
            p = hi - RATIO * (hi - lo);
            sp = smooth(x, p).1;
        } else {
            (lo, p, sp) = (p, q, sq);
            q = lo + RATIO * (hi - lo);
            sq = smooth(x, q).1;
        }
    }
    let alpha = 0.5 * (lo + hi);
    (smooth(x, alpha).0, alpha)
}

/// Present values, demand sizes and the intervals between demands (the first counted from the
/// start).
struct Demand {
    y: Vec<f64>,
    sizes: Vec<f64>,
    intervals: Vec<f64>,
    since: f64,
}

impl Demand {
    fn of(y: &[f64]) -> Result<Self, Reason> {
        let y: Vec<f64> = present(y).collect();
        if y.is_empty() {
            return Err(Reason::NoObservations);
        }
        let (mut sizes, mut intervals, mut since) = (vec![], vec![], 0.0);
        for &v in &y {
            since += 1.0;
            if v != 0.0 {
                sizes.push(v);
                intervals.push(since);
                since = 0.0;
            }
        }
        Ok(Self { y, sizes, intervals, since })
    }

    fn mean_interval(&self) -> usize {
        let k = self.intervals.len() as f64;
        ((self.intervals.iter().sum::<f64>() / k).round_ties_even() as usize).max(1)
    }

    fn state(&self, rule: Rule) -> Fitted {
        IntermittentState::new(rule, &self.y).into()
    }
}

/// Totals over blocks of `k`, without the remainder at the start; next forecast per step.
fn block_rate(y: &[f64], k: usize) -> (f64, f64) {
    let blocks: Vec<f64> = y[y.len() % k..].chunks_exact(k).map(|c| c.iter().sum()).collect();
    let (level, alpha) = smooth_best(&blocks);
    (level / k as f64, alpha)
}

impl Croston {
    /// Sets the variant.
    #[must_use]
    pub fn variant(mut self, variant: CrostonVariant) -> Self {
        self.variant = variant;
        self
    }
    /// Checks the parameters; every variant is valid.
    ///
    /// # Errors
    /// None.
    pub fn check(&self) -> Result<()> {
        Ok(())
    }
    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let d = Demand::of(y)?;
        let factor = if self.variant == CrostonVariant::Sba { 0.95 } else { 1.0 };
        let (size, interval, rate_size, rate_interval) = if d.sizes.is_empty() {
            (0.0, 1.0, 0.1, 0.1)
        } else if self.variant == CrostonVariant::Optimized {
            let (size, a) = smooth_best(&d.sizes);
            let (interval, b) = smooth_best(&d.intervals);
            (size, interval, a, b)
        } else {
            (smooth(&d.sizes, 0.1).0, smooth(&d.intervals, 0.1).0, 0.1, 0.1)
        };
        let since = d.since;
        Ok(d.state(Rule::Croston { factor, size, interval, rate_size, rate_interval, since }))
    }
}

impl Tsb {
    /// Sets the smoothing rate of demand sizes.
    #[must_use]
    pub fn alpha_d(mut self, alpha_d: f64) -> Self {
        self.alpha_d = alpha_d;
        self
    }
    /// Sets the smoothing rate of the probability.
    #[must_use]
    pub fn alpha_p(mut self, alpha_p: f64) -> Self {
        self.alpha_p = alpha_p;
        self
    }
    /// Checks the parameters.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        for (name, v) in [("alpha_d", self.alpha_d), ("alpha_p", self.alpha_p)] {
            if !(0.0..=1.0).contains(&v) {
                let e = Error::invalid_params(format!("{name} must be in 0..=1, got {v}"));
                return Err(e.with("parameter", name));
            }
        }
        Ok(())
    }
    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let d = Demand::of(y)?;
        let occurs: Vec<f64> = d.y.iter().map(|v| f64::from(u8::from(*v != 0.0))).collect();
        let probability = smooth(&occurs, self.alpha_p).0;
        let size = smooth(&d.sizes, self.alpha_d).0;
        let (rate_size, rate_probability) = (self.alpha_d, self.alpha_p);
        Ok(d.state(Rule::Tsb { size, probability, rate_size, rate_probability }))
    }
}

impl Adida {
    /// Checks the parameters; there are none.
    ///
    /// # Errors
    /// None.
    pub fn check(&self) -> Result<()> {
        Ok(())
    }
    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let d = Demand::of(y)?;
        let blocks = if d.sizes.is_empty() {
            vec![Block { length: 1.0, rate: 0.0, alpha: 0.1, total: 0.0, filled: 0.0 }]
        } else {
            vec![Block::of(&d.y, d.mean_interval())]
        };
        Ok(d.state(Rule::Blocks(blocks)))
    }
}

impl Imapa {
    /// Checks the parameters; there are none.
    ///
    /// # Errors
    /// None.
    pub fn check(&self) -> Result<()> {
        Ok(())
    }
    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let d = Demand::of(y)?;
        let blocks = if d.sizes.is_empty() {
            vec![Block { length: 1.0, rate: 0.0, alpha: 0.1, total: 0.0, filled: 0.0 }]
        } else {
            (1..=d.mean_interval()).map(|k| Block::of(&d.y, k)).collect()
        };
        Ok(d.state(Rule::Blocks(blocks)))
    }
}

/// A smoothed rate over blocks of one length, with the block that is being filled.
#[derive(Debug, Clone, Copy)]
struct Block {
    length: f64,
    rate: f64,
    alpha: f64,
    total: f64,
    filled: f64,
}

impl Block {
    fn of(y: &[f64], k: usize) -> Self {
        let (rate, alpha) = block_rate(y, k);
        Self { length: k as f64, rate, alpha, total: 0.0, filled: 0.0 }
    }
    fn update(&mut self, v: f64) {
        self.total += v;
        self.filled += 1.0;
        if self.filled >= self.length {
            self.rate += self.alpha * (self.total / self.length - self.rate);
            (self.total, self.filled) = (0.0, 0.0);
        }
    }
}

#[derive(Debug, Clone)]
enum Rule {
    Croston {
        factor: f64,
        size: f64,
        interval: f64,
        rate_size: f64,
        rate_interval: f64,
        since: f64,
    },
    Tsb {
        size: f64,
        probability: f64,
        rate_size: f64,
        rate_probability: f64,
    },
    Blocks(Vec<Block>),
}

/// A fitted intermittent method: a flat rate and the distribution of demand.
#[derive(Debug, Clone)]
pub(crate) struct IntermittentState {
    rule: Rule,
    variance: f64,
    /// Quantiles of recent demand at equal steps of probability.
    distribution: Vec<f64>,
}

/// How many recent observations make the distribution, and how many points describe it.
const RECENT: usize = 365;
const POINTS: usize = 101;

impl IntermittentState {
    fn new(rule: Rule, y: &[f64]) -> Self {
        let mut recent: Vec<f64> = y[y.len().saturating_sub(RECENT)..].to_vec();
        recent.sort_unstable_by(f64::total_cmp);
        let n = recent.len() as f64;
        let mean = recent.iter().map(|v| v / n).sum::<f64>();
        let variance = recent.iter().map(|v| (v - mean).powi(2) / n).sum::<f64>().min(f64::MAX);
        let distribution = if recent.len() <= POINTS {
            recent
        } else {
            let last = (POINTS - 1) as f64;
            (0..POINTS).map(|i| quantile_sorted(&recent, i as f64 / last)).collect()
        };
        Self { rule, variance, distribution }
    }

    fn rate(&self) -> f64 {
        match &self.rule {
            Rule::Croston { factor, size, interval, .. } => factor * size / interval,
            Rule::Tsb { size, probability, .. } => size * probability,
            Rule::Blocks(b) => b.iter().map(|b| b.rate).sum::<f64>() / b.len() as f64,
        }
    }
}

impl State for IntermittentState {
    fn mean(&self, out: &mut [f64]) {
        out.fill(self.rate());
    }
    fn deviations(&self, mean: &[f64]) -> Vec<f64> {
        vec![self.variance.sqrt(); mean.len()]
    }
    /// Quantiles of recent demand.
    fn limits(&self, _step: usize, _mean: f64, _deviation: f64, level: f64) -> (f64, f64) {
        let half = level / 200.0;
        let at = |p| quantile_sorted(&self.distribution, p);
        (at(0.5 - half), at(0.5 + half))
    }
    fn update(&mut self, y: f64) {
        if y.is_nan() {
            return;
        }
        let demand = y != 0.0;
        match &mut self.rule {
            Rule::Croston { size, interval, rate_size, rate_interval, since, .. } => {
                *since += 1.0;
                if demand {
                    *size += *rate_size * (y - *size);
                    *interval += *rate_interval * (*since - *interval);
                    *since = 0.0;
                }
            }
            Rule::Tsb { size, probability, rate_size, rate_probability } => {
                *probability += *rate_probability * (f64::from(u8::from(demand)) - *probability);
                if demand {
                    *size += *rate_size * (y - *size);
                }
            }
            Rule::Blocks(blocks) => blocks.iter_mut().for_each(|b| b.update(y)),
        }
    }
    fn write(&self, out: &mut Vec<f64>) {
        match &self.rule {
            Rule::Croston { factor, size, interval, rate_size, rate_interval, since } => {
                out.extend([0.0, *factor, *size, *interval, *rate_size, *rate_interval, *since]);
            }
            Rule::Tsb { size, probability, rate_size, rate_probability } => {
                out.extend([1.0, *size, *probability, *rate_size, *rate_probability]);
            }
            Rule::Blocks(blocks) => {
                out.extend([2.0, blocks.len() as f64]);
                for b in blocks {
                    out.extend([b.length, b.rate, b.alpha, b.total, b.filled]);
                }
            }
        }
        out.push(self.variance);
        write_vector(&self.distribution, out);
    }
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let rule = match r.count(3)? {
            0 => {
                let &[factor, size, interval, rate_size, rate_interval, since] = r.slice(6)? else {
                    return None;
                };
                Rule::Croston { factor, size, interval, rate_size, rate_interval, since }
            }
            1 => {
                let &[size, probability, rate_size, rate_probability] = r.slice(4)? else {
                    return None;
                };
                Rule::Tsb { size, probability, rate_size, rate_probability }
            }
            _ => {
                let k = r.count(1 << 32)?;
                let numbers = r.slice(k.checked_mul(5)?)?;
                if k == 0 {
                    return None;
                }
                let block = |c: &[f64]| Block {
                    length: c[0],
                    rate: c[1],
                    alpha: c[2],
                    total: c[3],
                    filled: c[4],
                };
                Rule::Blocks(numbers.chunks_exact(5).map(block).collect())
            }
        };
        let variance = r.number()?;
        Some(Self { rule, variance, distribution: r.vector()? })
    }
    fn label(&self) -> String {
        match &self.rule {
            Rule::Croston { factor, .. } if *factor < 1.0 => "CrostonSBA",
            Rule::Croston { .. } => "Croston",
            Rule::Tsb { .. } => "TSB",
            Rule::Blocks(b) if b.len() == 1 => "ADIDA",
            Rule::Blocks(_) => "IMAPA",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast(f: &Fitted) -> f64 {
        let mut out = [0.0];
        f.mean(&mut out);
        out[0]
    }

    #[test]
    fn croston_by_hand() {
        // Sizes 3, 1; intervals 2, 3; both smoothed at 0.1.
        let y = [0.0, 3.0, 0.0, 0.0, 1.0, 0.0];
        let f = Croston::default().fit_series(&y).unwrap();
        let (size, interval) = (3.0 + 0.1 * (1.0 - 3.0), 2.0 + 0.1 * (3.0 - 2.0));
        assert!((forecast(&f) - size / interval).abs() < 1e-12);
        let sba = Croston::default().variant(CrostonVariant::Sba).fit_series(&y).unwrap();
        assert!((forecast(&sba) - 0.95 * size / interval).abs() < 1e-12);
    }

    #[test]
    fn updating_equals_refitting_where_rates_are_fixed() {
        let y = [0.0, 3.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 5.0, 0.0];
        let croston = |y: &[f64]| Croston::default().fit_series(y).unwrap();
        let tsb = |y: &[f64]| Tsb::default().fit_series(y).unwrap();
        for (mut f, whole) in [(croston(&y[..5]), croston(&y)), (tsb(&y[..5]), tsb(&y))] {
            y[5..].iter().for_each(|v| f.update(*v));
            assert!((forecast(&f) - forecast(&whole)).abs() < 1e-12);
        }
    }

    #[test]
    fn no_demand_forecasts_zero() {
        let y = [0.0; 6];
        for f in [
            Croston::default().fit_series(&y),
            Tsb::default().fit_series(&y),
            Adida::default().fit_series(&y),
            Imapa::default().fit_series(&y),
        ] {
            assert_eq!(forecast(&f.unwrap()), 0.0);
        }
    }
}

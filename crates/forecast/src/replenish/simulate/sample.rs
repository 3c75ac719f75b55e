//! Draws from demand distributions, prepared once and then a few nanoseconds each.

use crate::replenish::Demand;
use crate::replenish::special::norm_ppf;
use mercato_core::Rng;

/// A prepared distribution. Tables use Walker's alias method in Vose's form (1991): one 64-bit draw
/// picks a column with its high half and decides between column and alias with its low half.
pub(super) enum Sampler {
    Constant(f64),
    Table { columns: Vec<Column> },
    Values(Vec<f64>),
    Normal { mean: f64, sd: f64 },
    LogNormal { mu: f64, sigma: f64 },
    Gamma { shape: f64, scale: f64 },
    Uniform { low: f64, width: f64 },
}

/// One column of an alias table.
pub(super) struct Column {
    own: f64,
    alias: f64,
    /// The column answers `own` when 32 random bits are below this.
    threshold: u64,
}

impl Sampler {
    pub(super) fn new(demand: &Demand) -> Self {
        match demand {
            Demand::Normal { mean, sd } => Self::Normal { mean: *mean, sd: *sd },
            Demand::LogNormal { mu, sigma } => Self::LogNormal { mu: *mu, sigma: *sigma },
            Demand::Gamma { shape, scale } => Self::Gamma { shape: *shape, scale: *scale },
            Demand::Exponential { rate } => Self::Gamma { shape: 1.0, scale: 1.0 / rate },
            Demand::Uniform { low, high } => Self::Uniform { low: *low, width: high - low },
            Demand::Samples { values } => Self::Values(values.clone()),
            Demand::Discrete { values, probabilities } => Self::table(values, probabilities),
            Demand::Poisson { mean } | Demand::NegativeBinomial { mean, .. } => {
                match demand.lattice(1e-14) {
                    Some((first, pmf)) => {
                        let values: Vec<f64> = (0..pmf.len()).map(|i| first + i as f64).collect();
                        Self::table(&values, &pmf)
                    }
                    // Counts in the millions: the normal law is closer than 1e-3 standard deviations.
                    None => Self::Normal { mean: *mean, sd: demand.variance().sqrt() },
                }
            }
        }
    }

    pub(super) fn table(values: &[f64], probabilities: &[f64]) -> Self {
        let n = values.len();
        let total: f64 = probabilities.iter().sum();
        if n == 1 || total <= 0.0 {
            return Self::Constant(values[0]);
        }
        let mut share: Vec<f64> = probabilities.iter().map(|p| p / total * n as f64).collect();
        let mut alias: Vec<usize> = (0..n).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..n).partition(|&i| share[i] < 1.0);
        while let (Some(&s), Some(&l)) = (small.last(), large.last()) {
            small.pop();
            alias[s] = l;
            share[l] -= 1.0 - share[s];
            if share[l] < 1.0 {
                large.pop();
                small.push(l);
            }
        }
        for i in small.into_iter().chain(large) {
            share[i] = 1.0;
        }
        let columns = (0..n)
            .map(|i| Column {
                own: values[i],
                alias: values[alias[i]],
                threshold: (share[i].clamp(0.0, 1.0) * 4_294_967_296.0) as u64,
            })
            .collect();
        Self::Table { columns }
    }

    #[inline]
    pub(super) fn draw(&self, rng: &mut Rng) -> f64 {
        match self {
            Self::Constant(v) => *v,
            Self::Table { columns } => {
                let bits = rng.next_u64();
                let i = ((bits >> 32) * columns.len() as u64) >> 32;
                let c = &columns[i as usize];
                if bits & 0xFFFF_FFFF < c.threshold { c.own } else { c.alias }
            }
            Self::Values(v) => v[rng.below(v.len() as u64) as usize],
            Self::Normal { mean, sd } => (mean + sd * norm_ppf(open(rng))).max(0.0),
            Self::LogNormal { mu, sigma } => (mu + sigma * norm_ppf(open(rng))).exp(),
            Self::Gamma { shape, scale } => scale * gamma(*shape, rng),
            Self::Uniform { low, width } => (low + width * rng.unit()).max(0.0),
        }
    }
}

/// A number in (0, 1).
#[inline]
fn open(rng: &mut Rng) -> f64 {
    ((rng.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
}

/// Marsaglia & Tsang (2000).
fn gamma(shape: f64, rng: &mut Rng) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, rng) * open(rng).powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = norm_ppf(open(rng));
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && open(rng).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        for d in [
            Demand::Poisson { mean: 3.3 },
            Demand::NegativeBinomial { mean: 2.0, variance: 7.0 },
            Demand::Normal { mean: 50.0, sd: 8.0 },
            Demand::Gamma { shape: 0.7, scale: 3.0 },
            Demand::Gamma { shape: 4.0, scale: 3.0 },
            Demand::LogNormal { mu: 1.0, sigma: 0.4 },
            Demand::Exponential { rate: 0.2 },
            Demand::Uniform { low: 1.0, high: 5.0 },
            Demand::discrete(&[0.0, 2.0, 9.0], &[0.6, 0.3, 0.1]).unwrap(),
            Demand::samples(vec![1.0, 1.0, 6.0]).unwrap(),
        ] {
            let s = Sampler::new(&d);
            let mut rng = Rng::new(3);
            let n = 200_000;
            let x: Vec<f64> = (0..n).map(|_| s.draw(&mut rng)).collect();
            let mean = x.iter().sum::<f64>() / f64::from(n);
            let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / f64::from(n);
            assert!((mean - d.mean()).abs() < 0.02 * d.mean(), "{d:?} {mean}");
            assert!((variance - d.variance()).abs() < 0.04 * d.variance(), "{d:?} {variance}");
        }
    }
}

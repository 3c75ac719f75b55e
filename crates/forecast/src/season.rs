//! Classical seasonal decomposition and the test whether to use it.

use crate::numeric::{mean, present};

/// Whether seasons add to the level or multiply it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Additive,
    Multiplicative,
}

/// The centred moving average of order `m` (weights 1/2m at both ends when `m` is even); NaN where
/// it does not fit or a value is missing.
pub(crate) fn moving_average(y: &[f64], m: usize) -> Vec<f64> {
    let n = y.len();
    let half = m / 2;
    let mut out = vec![f64::NAN; n];
    if m == 0 || n < 2 * half + 1 {
        return out;
    }
    for t in half..n - half {
        let inner: f64 = if m.is_multiple_of(2) {
            y[t - half + 1..t + half].iter().sum::<f64>() + 0.5 * (y[t - half] + y[t + half])
        } else {
            y[t - half..=t + half].iter().sum()
        };
        out[t] = inner / m as f64;
    }
    out
}

/// One seasonal figure per phase (`t % m`), centred on 0 or 1: means of the series over its moving
/// average, by phase. `None` when some phase has none, or a multiplicative figure is not positive.
pub(crate) fn figures(y: &[f64], m: usize, kind: Kind) -> Option<Vec<f64>> {
    let trend = moving_average(y, m);
    let mut sum = vec![0.0; m];
    let mut count = vec![0u32; m];
    for (t, (&v, &c)) in y.iter().zip(&trend).enumerate() {
        let d = if kind == Kind::Additive { v - c } else { v / c };
        if d.is_finite() {
            sum[t % m] += d;
            count[t % m] += 1;
        }
    }
    if count.contains(&0) {
        return None;
    }
    let mut f: Vec<f64> = sum.iter().zip(&count).map(|(s, &c)| s / f64::from(c)).collect();
    let centre = f.iter().sum::<f64>() / m as f64;
    if kind == Kind::Additive {
        f.iter_mut().for_each(|v| *v -= centre);
    } else {
        f.iter_mut().for_each(|v| *v /= centre);
        if f.iter().any(|v| !(*v > 0.0 && v.is_finite())) {
            return None;
        }
    }
    Some(f)
}

/// The autocorrelation test of the M competitions: is lag `m` beyond 90 % of what is expected of
/// a series without seasons? Needs two full seasons and `m >= 4`, as the field's libraries do.
pub(crate) fn is_seasonal(y: &[f64], m: usize) -> bool {
    let n = present(y).count();
    if m < 4 || y.len() < 2 * m || n < 2 * m {
        return false;
    }
    let centre = mean(y);
    let x: Vec<f64> = y.iter().map(|v| if v.is_nan() { 0.0 } else { v - centre }).collect();
    let var: f64 = x.iter().map(|v| v * v).sum();
    if !(var > 0.0 && var.is_finite()) {
        return false;
    }
    let acf = |lag: usize| x[lag..].iter().zip(&x).map(|(a, b)| a * b).sum::<f64>() / var;
    let noise: f64 = (1..m).map(|k| acf(k).powi(2)).sum();
    let limit = 1.644_853_626_951_472_2 * ((1.0 + 2.0 * noise) / y.len() as f64).sqrt();
    acf(m).abs() > limit
}

/// The series with missing values replaced by straight lines between their neighbours, and by the
/// nearest value at the ends; `None` when nothing is present.
pub(crate) fn fill_missing(y: &[f64]) -> Option<Vec<f64>> {
    let mut out = y.to_vec();
    let mut last: Option<usize> = None;
    for t in 0..y.len() {
        if y[t].is_nan() {
            continue;
        }
        match last {
            None => out[..t].fill(y[t]),
            Some(s) => {
                for k in s + 1..t {
                    let w = (k - s) as f64 / (t - s) as f64;
                    out[k] = y[s] * (1.0 - w) + y[t] * w;
                }
            }
        }
        last = Some(t);
    }
    let last = last?;
    let value = y[last];
    out[last + 1..].fill(value);
    Some(out)
}

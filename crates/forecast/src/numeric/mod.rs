//! The small numerical tools that the models share.

pub(crate) mod lm;
pub(crate) mod normal;

/// Solves `a x = b` for a symmetric positive definite `a` (row-major, order `n`, lower triangle
/// used and overwritten by its Cholesky factor); `b` becomes `x`. `false` when `a` is not positive
/// definite.
pub(crate) fn solve_spd(a: &mut [f64], b: &mut [f64]) -> bool {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let (head, row_i) = a.split_at_mut(i * n);
            let row_j = if j < i { &head[j * n..j * n + j] } else { &row_i[..0] };
            if j < i {
                let dot: f64 = row_i[..j].iter().zip(row_j).map(|(x, y)| x * y).sum();
                row_i[j] = (row_i[j] - dot) / head[j * n + j];
            } else {
                let d = row_i[i] - row_i[..i].iter().map(|x| x * x).sum::<f64>();
                if !(d > 0.0 && d.is_finite()) {
                    return false;
                }
                row_i[i] = d.sqrt();
            }
        }
    }
    for i in 0..n {
        let dot: f64 = a[i * n..i * n + i].iter().zip(&b[..i]).map(|(x, y)| x * y).sum();
        b[i] = (b[i] - dot) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let mut v = b[i];
        for k in i + 1..n {
            v -= a[k * n + i] * b[k];
        }
        b[i] = v / a[i * n + i];
    }
    b.iter().all(|v| v.is_finite())
}

/// Intercept and slope of the least-squares line through the present values at 0, 1, 2 ...;
/// `None` without any value, slope 0 for one.
pub(crate) fn line(y: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (mut n, mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (i, v) in y.enumerate().filter(|(_, v)| !v.is_nan()) {
        let x = i as f64;
        n += 1.0;
        sx += x;
        sy += v;
        sxx += x * x;
        sxy += x * v;
    }
    if n == 0.0 {
        return None;
    }
    let d = n * sxx - sx * sx;
    let slope = if d > 0.0 { (n * sxy - sx * sy) / d } else { 0.0 };
    Some(((sy - slope * sx) / n, slope))
}

/// The present values.
pub(crate) fn present(y: &[f64]) -> impl DoubleEndedIterator<Item = f64> + Clone + '_ {
    y.iter().copied().filter(|v| !v.is_nan())
}

/// Mean of the present values; NaN when there is none.
pub(crate) fn mean(y: &[f64]) -> f64 {
    let (n, s) = present(y).fold((0u32, 0.0), |(n, s), v| (n + 1, s + v));
    s / f64::from(n)
}

/// A power of two near the largest magnitude, by which a series is divided before a fit, so that
/// squares neither overflow nor vanish. Exact: dividing and multiplying by it loses no bit in the
/// normal range. 1 for an all-zero series.
pub(crate) fn scale_of(y: &[f64]) -> f64 {
    let top = present(y).fold(0.0f64, |m, v| m.max(v.abs()));
    if top == 0.0 || !top.is_finite() {
        return 1.0;
    }
    top.log2().floor().clamp(-1021.0, 1022.0).exp2()
}

/// The middle of the values, which are reordered; NaN for none.
pub(crate) fn median(v: &mut [f64]) -> f64 {
    if v.is_empty() {
        return f64::NAN;
    }
    v.sort_unstable_by(f64::total_cmp);
    let h = v.len() / 2;
    if v.len() % 2 == 1 { v[h] } else { 0.5 * v[h - 1] + 0.5 * v[h] }
}

/// The `p` quantile of sorted values, linear between order statistics; NaN for none.
pub(crate) fn quantile_sorted(v: &[f64], p: f64) -> f64 {
    let Some(last) = v.len().checked_sub(1) else { return f64::NAN };
    let at = p.clamp(0.0, 1.0) * last as f64;
    let i = (at.floor() as usize).min(last);
    let next = v[(i + 1).min(last)];
    let w = at - i as f64;
    v[i] * (1.0 - w) + next * w
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_positive_definite_system_is_solved_and_others_are_refused() {
        let mut a = [4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 3.0, 6.0];
        let mut b = [13.0, 25.0, 32.0 - 7.0];
        // Full matrix: 4 2 1 / 2 5 3 / 1 3 6 times (1, 4, 2) = (14, 28, 25).
        b[0] = 14.0;
        b[1] = 28.0;
        assert!(solve_spd(&mut a, &mut b));
        for (x, want) in b.iter().zip([1.0, 4.0, 2.0]) {
            assert!((x - want).abs() < 1e-12, "{b:?}");
        }
        assert!(!solve_spd(&mut [1.0, 0.0, 2.0, 1.0], &mut [1.0, 1.0]));
    }

    #[test]
    fn scale_survives_the_ends_of_the_range() {
        for top in [1e-308, 5e-324, 1e-300, 1.0, 1e300, f64::MAX] {
            let s = scale_of(&[0.0, -top]);
            assert!(s > 0.0 && s.is_finite() && (top / s).is_finite() && top / s < 4.1, "{top}");
        }
    }

    #[test]
    fn a_line_ignores_missing_values() {
        let (a, b) = line([1.0, f64::NAN, 5.0, 7.0].into_iter()).unwrap();
        assert!((a - 1.0).abs() < 1e-12 && (b - 2.0).abs() < 1e-12);
    }
}

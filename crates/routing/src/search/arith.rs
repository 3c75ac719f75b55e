//! Logarithm and power from plain arithmetic, so that a seed gives the same plan on every
//! processor: the system's `ln` and `exp` differ in the last bit between platforms.

/// Base-2 logarithm of a positive normal number, to about 1e-6.
#[inline]
pub(super) fn log2(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    // atanh series around the middle of 1..2.
    let t = (m - std::f64::consts::SQRT_2) / (m + std::f64::consts::SQRT_2);
    let t2 = t * t;
    let series = t * (1.0 + t2 * (1.0 / 3.0 + t2 * (1.0 / 5.0 + t2 * (1.0 / 7.0 + t2 / 9.0))));
    exponent as f64 + 0.5 + series * (2.0 * std::f64::consts::LOG2_E)
}

/// Natural logarithm of a positive normal number.
#[inline]
pub(super) fn ln(x: f64) -> f64 {
    log2(x) * std::f64::consts::LN_2
}

/// 2 to the power of `x`, for |x| below 1000.
pub(super) fn exp2(x: f64) -> f64 {
    let whole = x.floor();
    let r = (x - whole) * std::f64::consts::LN_2;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..=14 {
        term *= r / f64::from(k);
        sum += term;
    }
    sum * f64::from_bits(((whole as i64 + 1023) as u64) << 52)
}

/// `from * (to / from)^at`: a geometric passage between two positive numbers.
pub(super) fn between(from: f64, to: f64, at: f64) -> f64 {
    from * exp2(at * log2(to / from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_agree_with_the_standard_library() {
        for k in 1..2000 {
            let x = f64::from(k) * 0.037;
            assert!((ln(x) - x.ln()).abs() < 1e-6 * (1.0 + x.ln().abs()), "ln {x}");
            let y = f64::from(k) * 0.01 - 10.0;
            assert!((exp2(y) / y.exp2() - 1.0).abs() < 1e-10, "exp2 {y}");
        }
        assert!((between(100.0, 1.0, 0.5) - 10.0).abs() < 1e-3);
    }
}

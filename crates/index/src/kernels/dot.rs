//! `f32` sums in one fixed order.
//!
//! Element `i` belongs to lane `i % 32`; each lane adds its products in order, and the lanes are
//! added as a tree (16 apart, then 8, 4, 2, 1). One source is compiled for several instruction
//! sets, and Rust never fuses a multiplication with an addition by itself, so all give the same
//! bits. Fused multiply-add would be no faster where it matters (re-ranking waits for memory) and
//! would be emulated, slowly, where the processor has none.

use super::{Isa, Level};

const LANES: usize = 32;

#[inline(always)]
fn lanes(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            sums[l] += term(a[l], b[l]);
        }
    }
    if !a_rest.is_empty() {
        // Adding a term of zero changes no lane: none is ever minus zero.
        let (mut pa, mut pb) = ([0.0f32; LANES], [0.0f32; LANES]);
        pa[..a_rest.len()].copy_from_slice(a_rest);
        pb[..b_rest.len()].copy_from_slice(b_rest);
        for l in 0..LANES {
            sums[l] += term(pa[l], pb[l]);
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            sums[l] += sums[l + width];
        }
        width /= 2;
    }
    sums[0]
}

#[inline(always)]
fn product(a: f32, b: f32) -> f32 {
    a * b
}

#[inline(always)]
fn squared_difference(a: f32, b: f32) -> f32 {
    (a - b) * (a - b)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[f32], b: &[f32]) -> f32 {
    lanes(a, b, product)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2")]
fn dot_avx512(a: &[f32], b: &[f32]) -> f32 {
    lanes(a, b, product)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn squared_distance_avx2(a: &[f32], b: &[f32]) -> f32 {
    lanes(a, b, squared_difference)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2")]
fn squared_distance_avx512(a: &[f32], b: &[f32]) -> f32 {
    lanes(a, b, squared_difference)
}

/// The inner product of two vectors of equal length; the same bits with every `isa`.
#[inline]
#[must_use]
pub fn dot(isa: Isa, a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "vectors of different lengths");
    match isa.level() {
        Level::Portable => lanes(a, b, product),
        // SAFETY: an `Isa` exists only for instructions that were detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { dot_avx2(a, b) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { dot_avx512(a, b) },
    }
}

/// The squared Euclidean distance of two vectors of equal length; the same bits with every `isa`.
#[inline]
#[must_use]
pub fn squared_distance(isa: Isa, a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "vectors of different lengths");
    match isa.level() {
        Level::Portable => lanes(a, b, squared_difference),
        // SAFETY: an `Isa` exists only for instructions that were detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { squared_distance_avx2(a, b) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { squared_distance_avx512(a, b) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mercato_core::Rng;

    #[test]
    fn every_instruction_set_gives_the_same_bits_and_the_right_sum() {
        let mut rng = Rng::new(3);
        for len in 0..300 {
            let a: Vec<f32> = (0..len).map(|_| rng.normal() as f32).collect();
            let b: Vec<f32> = (0..len).map(|_| rng.normal() as f32).collect();
            let exact: f64 = a.iter().zip(&b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
            let far: f64 = a.iter().zip(&b).map(|(&x, &y)| f64::from(x - y).powi(2)).sum();
            let want = (dot(Isa::PORTABLE, &a, &b), squared_distance(Isa::PORTABLE, &a, &b));
            assert!((f64::from(want.0) - exact).abs() < 1e-4);
            assert!((f64::from(want.1) - far).abs() < 1e-5 * (1.0 + far));
            for isa in Isa::all() {
                let got = (dot(isa, &a, &b), squared_distance(isa, &a, &b));
                assert_eq!(got.0.to_bits(), want.0.to_bits());
                assert_eq!(got.1.to_bits(), want.1.to_bits());
            }
        }
    }
}

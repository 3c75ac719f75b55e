//! Conjugate gradients with everything but the data in registers, for up to 128 factors. Four rows
//! of the other side are loaded once, multiplied with the direction, and added to the result while
//! they are still there.

use super::{Events, LANE, Lane};
use std::arch::x86_64::*;

/// Rows of more lanes take the portable path.
pub(super) const MAX_LANES: usize = 8;

/// The sums of four vectors, each in the order of `portable::sum`.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn sum4(v: [__m512; 4]) -> [f32; 4] {
    let quarter = |v: __m512| {
        let half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps::<1>(v));
        _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps::<1>(half))
    };
    let [a, b, c, d] = v.map(quarter);
    let ab = _mm_add_ps(_mm_movelh_ps(a, b), _mm_movehl_ps(b, a));
    let cd = _mm_add_ps(_mm_movelh_ps(c, d), _mm_movehl_ps(d, c));
    let out = _mm_add_ps(
        _mm_shuffle_ps::<0b10_00_10_00>(ab, cd),
        _mm_shuffle_ps::<0b11_01_11_01>(ab, cd),
    );
    let mut sums = [0.0; 4];
    // SAFETY: 16 bytes into an array of four f32.
    unsafe { _mm_storeu_ps(sums.as_mut_ptr(), out) };
    sums
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn dot<const N: usize>(a: &[__m512; N], b: &[__m512; N]) -> f32 {
    let mut acc = _mm512_setzero_ps();
    for c in 0..N {
        acc = _mm512_fmadd_ps(a[c], b[c], acc);
    }
    let zero = _mm512_setzero_ps();
    sum4([acc, zero, zero, zero])[0]
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn load<const N: usize>(row: &[Lane]) -> [__m512; N] {
    assert!(row.len() >= N);
    // SAFETY: at least N lanes, each 64 bytes and aligned to 64.
    std::array::from_fn(|c| unsafe { _mm512_load_ps(row.as_ptr().add(c).cast()) })
}

/// `gram v` in the order of `portable::multiply`. `v` comes from memory for the broadcasts.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn multiply<const N: usize>(gram: &[Lane], v: &[__m512; N]) -> [__m512; N] {
    assert!(gram.len() >= N * N * LANE);
    let mut spilled = [Lane::ZERO; N];
    for c in 0..N {
        // SAFETY: each lane is 64 bytes, aligned to 64.
        unsafe { _mm512_store_ps(spilled.as_mut_ptr().add(c).cast(), v[c]) };
    }
    let (mut even, mut odd) = ([_mm512_setzero_ps(); N], [_mm512_setzero_ps(); N]);
    let values: *const f32 = spilled.as_ptr().cast();
    let g = gram.as_ptr();
    for k in (0..N * LANE).step_by(2) {
        // SAFETY: `values` holds N * 16 numbers; `gram` holds N * 16 rows of N lanes.
        unsafe {
            let (a, b) = (_mm512_set1_ps(*values.add(k)), _mm512_set1_ps(*values.add(k + 1)));
            for c in 0..N {
                even[c] = _mm512_fmadd_ps(a, _mm512_load_ps(g.add(k * N + c).cast()), even[c]);
                odd[c] = _mm512_fmadd_ps(b, _mm512_load_ps(g.add((k + 1) * N + c).cast()), odd[c]);
            }
        }
    }
    std::array::from_fn(|c| _mm512_add_ps(even[c], odd[c]))
}

/// Adds `sum pull(j, y_j . v) y_j` to `acc`, row after row.
///
/// # Safety
/// Every index times N plus N is at most `other.len()`, and there are as many weights as indices.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn add_events<const N: usize, const RESIDUAL: bool>(
    other: &[Lane],
    events: Events<'_>,
    v: &[__m512; N],
    acc: &mut [__m512; N],
) {
    let Events { index, weight, alpha, unobserved } = events;
    let pull = |w: f32, dot: f32| {
        let c = alpha * w;
        if RESIDUAL { (unobserved - c).mul_add(dot, c) } else { (c - unobserved) * dot }
    };
    let row = |j: usize| {
        // SAFETY: `j` is below the number of events; the caller promises valid rows.
        unsafe { other.as_ptr().add(*index.get_unchecked(j) as usize * N) }
    };
    // SAFETY: (of every load below) `row(j)` points to N valid lanes.
    let at = |p: *const Lane, c: usize| unsafe { _mm512_load_ps(p.add(c).cast()) };
    let count = index.len();
    let mut j = 0;
    while j + 4 <= count {
        let rows = [row(j), row(j + 1), row(j + 2), row(j + 3)];
        let mut dots = [_mm512_setzero_ps(); 4];
        for c in 0..N {
            for k in 0..4 {
                dots[k] = _mm512_fmadd_ps(at(rows[k], c), v[c], dots[k]);
            }
        }
        let sums = sum4(dots);
        for k in 0..4 {
            let p = _mm512_set1_ps(pull(weight[j + k], sums[k]));
            for c in 0..N {
                acc[c] = _mm512_fmadd_ps(p, at(rows[k], c), acc[c]);
            }
        }
        j += 4;
    }
    while j < count {
        let p = row(j);
        let mut d = _mm512_setzero_ps();
        for c in 0..N {
            d = _mm512_fmadd_ps(at(p, c), v[c], d);
        }
        let zero = _mm512_setzero_ps();
        let w = _mm512_set1_ps(pull(weight[j], sum4([d, zero, zero, zero])[0]));
        for c in 0..N {
            acc[c] = _mm512_fmadd_ps(w, at(p, c), acc[c]);
        }
        j += 1;
    }
}

/// # Safety
/// As [`add_events`].
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn solve<const N: usize>(
    gram: &[Lane],
    other: &[Lane],
    events: Events<'_>,
    steps: usize,
    out: &mut [Lane],
) {
    let mut x = load::<N>(out);
    let minus = _mm512_set1_ps(-0.0);
    let mut r = multiply(gram, &x).map(|v| _mm512_xor_ps(v, minus));
    // SAFETY: promised by the caller.
    unsafe { add_events::<N, true>(other, events, &x, &mut r) };
    let mut p = r;
    let mut rs = dot(&r, &r);
    for _ in 0..steps {
        if rs < 1e-20 {
            break;
        }
        let mut ap = multiply(gram, &p);
        // SAFETY: promised by the caller.
        unsafe { add_events::<N, false>(other, events, &p, &mut ap) };
        let step = rs / dot(&p, &ap);
        let (plus, less) = (_mm512_set1_ps(step), _mm512_set1_ps(-step));
        for c in 0..N {
            x[c] = _mm512_fmadd_ps(plus, p[c], x[c]);
            r[c] = _mm512_fmadd_ps(less, ap[c], r[c]);
        }
        let next = dot(&r, &r);
        let turn = _mm512_set1_ps(next / rs);
        for c in 0..N {
            p[c] = _mm512_fmadd_ps(turn, p[c], r[c]);
        }
        rs = next;
    }
    for c in 0..N {
        // SAFETY: `load` checked that `out` has N lanes.
        unsafe { _mm512_store_ps(out.as_mut_ptr().add(c).cast(), x[c]) };
    }
}

/// # Safety
/// AVX-512 F and DQ are present, `n <= MAX_LANES`, and every index is below `other.len() / n`.
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) unsafe fn conjugate_gradient(
    gram: &[Lane],
    other: &[Lane],
    n: usize,
    events: Events<'_>,
    steps: usize,
    x: &mut [Lane],
) {
    // SAFETY: handed on from the caller.
    unsafe {
        match n {
            1 => solve::<1>(gram, other, events, steps, x),
            2 => solve::<2>(gram, other, events, steps, x),
            3 => solve::<3>(gram, other, events, steps, x),
            4 => solve::<4>(gram, other, events, steps, x),
            5 => solve::<5>(gram, other, events, steps, x),
            6 => solve::<6>(gram, other, events, steps, x),
            7 => solve::<7>(gram, other, events, steps, x),
            8 => solve::<8>(gram, other, events, steps, x),
            _ => unreachable!("rows of more than MAX_LANES lanes take the portable path"),
        }
    }
}

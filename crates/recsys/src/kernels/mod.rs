//! The inner loops of the factor models: Gram matrices, conjugate gradients, Cholesky, 8-bit scores.
//!
//! Everything is built on [`Lane`], sixteen aligned `f32`. Each operation fixes the order in which
//! its lanes are combined, so that the portable code, the same code compiled for AVX2 or AVX-512,
//! and the hand-written AVX-512 code return the same bits: a model does not depend on the machine
//! it was trained on. Kernels take slices and do not allocate.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use bytemuck::{Pod, Zeroable};

/// Numbers per [`Lane`].
pub(crate) const LANE: usize = 16;

/// Sixteen `f32` on a cache line of their own. Rows of factors are padded with zeros to whole lanes.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Lane(pub(crate) [f32; LANE]);

impl Lane {
    pub(crate) const ZERO: Self = Self([0.0; LANE]);
}

/// Lanes that hold a row of `factors` numbers.
pub(crate) fn lanes(factors: usize) -> usize {
    factors.div_ceil(LANE)
}

/// The numbers in `lanes`, padding included.
pub(crate) fn flat(lanes: &[Lane]) -> &[f32] {
    bytemuck::cast_slice(lanes)
}

/// As [`flat`], to write.
pub(crate) fn flat_mut(lanes: &mut [Lane]) -> &mut [f32] {
    bytemuck::cast_slice_mut(lanes)
}

/// The right-hand side of one row's least-squares problem: which rows of the other side it touches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Events<'a> {
    /// Rows of the other side.
    pub(crate) index: &'a [u32],
    /// Confidence of each, before `alpha`.
    pub(crate) weight: &'a [f32],
    /// Confidence per unit of weight.
    pub(crate) alpha: f32,
    /// Confidence of what was not observed.
    pub(crate) unobserved: f32,
}

/// Which instructions to use; decided once per fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best level of this machine.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        let mut all = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            match Self::detect() {
                Self::Avx512 => all.extend([Self::Avx2, Self::Avx512]),
                Self::Avx2 => all.push(Self::Avx2),
                Self::Portable => {}
            }
        }
        all
    }
}

/// Runs the portable body compiled for the level's instructions.
macro_rules! dispatch {
    ($level:expr, $name:ident ( $($arg:ident : $ty:ty),* )) => {{
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $ty),*) { portable::$name($($arg),*) }
            #[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
            fn avx512($($arg: $ty),*) { portable::$name($($arg),*) }
            match $level {
                // SAFETY: `Level::detect` saw these features on this machine.
                Level::Avx512 => unsafe { avx512($($arg),*) },
                // SAFETY: as above.
                Level::Avx2 => unsafe { avx2($($arg),*) },
                Level::Portable => portable::$name($($arg),*),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = $level;
            portable::$name($($arg),*)
        }
    }};
}

/// Adds `rows^T rows` to `gram` (`n * 16` rows of `n` lanes, where a row of `rows` has `n` lanes).
/// Only lanes on and above the diagonal are written.
pub(crate) fn add_gram(level: Level, rows: &[Lane], n: usize, gram: &mut [Lane]) {
    dispatch!(level, add_gram(rows: &[Lane], n: usize, gram: &mut [Lane]));
}

/// `out[r] += scales[r] * (codes of row r . v)` for rows of `v.len() * 16` codes.
pub(crate) fn add_scores(level: Level, codes: &[i8], scales: &[f32], v: &[Lane], out: &mut [f32]) {
    dispatch!(level, add_scores(codes: &[i8], scales: &[f32], v: &[Lane], out: &mut [f32]));
}

/// `out += a * row`.
pub(crate) fn axpy(level: Level, a: f32, row: &[Lane], out: &mut [Lane]) {
    dispatch!(level, axpy(a: f32, row: &[Lane], out: &mut [Lane]));
}

/// `out += a * codes`.
pub(crate) fn axpy_codes(level: Level, a: f32, codes: &[i8], out: &mut [Lane]) {
    dispatch!(level, axpy_codes(a: f32, codes: &[i8], out: &mut [Lane]));
}

/// Replaces every row `x` by the solution `y` of `y U = x`; `triangle` holds `U`, upper triangular,
/// as `n * 16` rows of `n` lanes.
pub(crate) fn divide_by_triangle(level: Level, rows: &mut [Lane], n: usize, triangle: &[Lane]) {
    dispatch!(level, divide_by_triangle(rows: &mut [Lane], n: usize, triangle: &[Lane]));
}

/// Copies the upper triangle of a matrix of `n * 16` rows of `n` lanes to the lower one.
pub(crate) fn mirror(n: usize, gram: &mut [Lane]) {
    let size = n * LANE;
    let g = flat_mut(gram);
    for i in 1..size {
        for j in 0..i {
            g[i * size + j] = g[j * size + i];
        }
    }
}

/// Scratch for [`conjugate_gradient`].
#[derive(Debug, Clone)]
pub(crate) struct CgScratch {
    r: Vec<Lane>,
    p: Vec<Lane>,
    ap: Vec<Lane>,
}

impl CgScratch {
    pub(crate) fn new(n: usize) -> Self {
        Self { r: vec![Lane::ZERO; n], p: vec![Lane::ZERO; n], ap: vec![Lane::ZERO; n] }
    }
}

/// Takes `steps` conjugate-gradient steps from `x` towards the solution of
/// `(gram + sum (c - w0) y y^T) x = sum c y` (Takács, Pilászy & Tikk 2011).
/// `gram` is symmetric, includes the regularization and has `n * 16` rows of `n` lanes.
#[allow(clippy::too_many_arguments)]
pub(crate) fn conjugate_gradient(
    level: Level,
    gram: &[Lane],
    other: &[Lane],
    n: usize,
    events: Events<'_>,
    steps: usize,
    x: &mut [Lane],
    scratch: &mut CgScratch,
) {
    assert!(x.len() == n && gram.len() == n * n * LANE);
    #[cfg(target_arch = "x86_64")]
    if level == Level::Avx512 && n <= avx512::MAX_LANES {
        let rows = other.len() / n;
        assert!(events.index.iter().all(|&i| (i as usize) < rows));
        assert_eq!(events.index.len(), events.weight.len());
        // SAFETY: the level was detected; every index is below the number of rows, as asserted.
        unsafe { avx512::conjugate_gradient(gram, other, n, events, steps, x) };
        return;
    }
    dispatch!(
        level,
        conjugate_gradient(
            gram: &[Lane],
            other: &[Lane],
            n: usize,
            events: Events<'_>,
            steps: usize,
            x: &mut [Lane],
            scratch: &mut CgScratch
        )
    );
}

/// Asks the cache for the rows that the next call will read.
#[inline]
pub(crate) fn prefetch(other: &[Lane], n: usize, index: &[u32]) {
    #[cfg(target_arch = "x86_64")]
    for &i in index.iter().take(256) {
        let at = i as usize * n;
        if let Some(row) = other.get(at..at + n) {
            for lane in row {
                // SAFETY: a prefetch of a valid reference has no effect but on the cache.
                unsafe {
                    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
                    _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(lane).cast());
                }
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (other, n, index);
}

/// Solves `(gram + sum (c - w0) y y^T) x = sum c y` exactly by Cholesky factorisation; `y` is the
/// `k`-th row of `rows` for the `k`-th event (its `index` is not used). `a` is scratch as large as
/// `gram`. Returns whether the matrix was positive definite; `x` is zero when it was not.
pub(crate) fn cholesky(
    level: Level,
    gram: &[Lane],
    rows: &[Lane],
    n: usize,
    events: Events<'_>,
    a: &mut [Lane],
    x: &mut [Lane],
) -> bool {
    let mut ok = false;
    let done = &mut ok;
    assert!(x.len() == n && gram.len() == n * n * LANE && a.len() == gram.len());
    assert_eq!(rows.len(), n * events.weight.len());
    dispatch!(
        level,
        cholesky(
            gram: &[Lane],
            rows: &[Lane],
            n: usize,
            events: Events<'_>,
            a: &mut [Lane],
            x: &mut [Lane],
            done: &mut bool
        )
    );
    ok
}

/// Rows `depth x w` lanes in the order in which [`subtract_product`] reads its left side: eight
/// columns together.
pub(crate) fn pack_left(rows: &[Lane], w: usize, out: &mut [f32]) {
    let depth = rows.len() / w;
    for (p, row) in rows.chunks_exact(w).enumerate() {
        for (eight, part) in flat(row).chunks_exact(8).enumerate() {
            out[(eight * depth + p) * 8..][..8].copy_from_slice(part);
        }
    }
}

/// Rows `depth x w` lanes in the order in which [`subtract_product`] reads its right side: two
/// lanes together.
pub(crate) fn pack_right(rows: &[Lane], w: usize, out: &mut [Lane]) {
    let depth = rows.len() / w;
    for (p, row) in rows.chunks_exact(w).enumerate() {
        for (pair, part) in row.chunks_exact(2).enumerate() {
            out[(pair * depth + p) * 2..][..2].copy_from_slice(part);
        }
    }
}

/// Subtracts `left^T right` from `tile`, `w * 16` rows of `w` lanes, `w` even; the sides are packed
/// by [`pack_left`] and [`pack_right`].
pub(crate) fn subtract_product(
    level: Level,
    left: &[f32],
    right: &[Lane],
    w: usize,
    tile: &mut [Lane],
) {
    assert!(w.is_multiple_of(2) && left.len() == right.len() * LANE && tile.len() == w * w * LANE);
    dispatch!(
        level,
        subtract_product(left: &[f32], right: &[Lane], w: usize, tile: &mut [Lane])
    );
}

/// Solves `A x = b` in place for a symmetric positive definite `A` of `n * 16` rows of `n` lanes,
/// of which only what is on and above the diagonal is read; `a` is overwritten. Returns whether
/// the matrix was positive definite; `b` is of no use when it was not.
pub(crate) fn solve(level: Level, a: &mut [Lane], n: usize, b: &mut [Lane]) -> bool {
    let mut ok = false;
    let done = &mut ok;
    assert!(b.len() == n && a.len() == n * n * LANE);
    dispatch!(level, solve(a: &mut [Lane], n: usize, b: &mut [Lane], done: &mut bool));
    ok
}

#[cfg(test)]
mod tests {
    use super::*;
    use mercato_core::Rng;

    struct Case {
        n: usize,
        gram: Vec<Lane>,
        other: Vec<Lane>,
        index: Vec<u32>,
        weight: Vec<f32>,
    }

    fn case(n: usize, rows: usize, events: usize, seed: u64) -> Case {
        let mut rng = Rng::new(seed);
        let mut other = vec![Lane::ZERO; rows * n];
        for v in flat_mut(&mut other) {
            *v = rng.normal() as f32 * 0.3;
        }
        let mut gram = vec![Lane::ZERO; n * n * LANE];
        add_gram(Level::Portable, &other, n, &mut gram);
        mirror(n, &mut gram);
        for i in 0..n * LANE {
            flat_mut(&mut gram)[i * n * LANE + i] += 0.1;
        }
        let index = (0..events).map(|_| rng.below(rows as u64) as u32).collect();
        let weight = (0..events).map(|_| 1.0 + rng.unit() as f32 * 5.0).collect();
        Case { n, gram, other, index, weight }
    }

    impl Case {
        fn events(&self) -> Events<'_> {
            Events { index: &self.index, weight: &self.weight, alpha: 2.0, unobserved: 1.0 }
        }
        fn cg(&self, level: Level, steps: usize) -> Vec<Lane> {
            let mut x = vec![Lane([0.01; LANE]); self.n];
            let s = &mut CgScratch::new(self.n);
            let e = self.events();
            conjugate_gradient(level, &self.gram, &self.other, self.n, e, steps, &mut x, s);
            x
        }
        fn exact(&self, level: Level) -> Vec<Lane> {
            let mut x = vec![Lane::ZERO; self.n];
            let mut a = vec![Lane::ZERO; self.gram.len()];
            let n = self.n;
            let rows: Vec<Lane> = self
                .index
                .iter()
                .flat_map(|&i| self.other[i as usize * n..][..n].iter().copied())
                .collect();
            assert!(cholesky(level, &self.gram, &rows, n, self.events(), &mut a, &mut x));
            x
        }
    }

    #[test]
    fn every_level_returns_the_same_bits() {
        for (n, events) in [(1, 0), (1, 3), (2, 5), (3, 16), (4, 27), (5, 4), (8, 50), (9, 33)] {
            let c = case(n, 60, events, n as u64);
            let cg = c.cg(Level::Portable, 3);
            let exact = c.exact(Level::Portable);
            for level in Level::available() {
                assert_eq!(c.cg(level, 3), cg, "{level:?} n={n} events={events}");
                assert_eq!(c.exact(level), exact, "{level:?} n={n} events={events}");
                let mut gram = vec![Lane::ZERO; n * n * LANE];
                add_gram(level, &c.other, n, &mut gram);
                mirror(n, &mut gram);
                for i in 0..n * LANE {
                    flat_mut(&mut gram)[i * n * LANE + i] += 0.1;
                }
                assert_eq!(gram, c.gram, "{level:?} n={n}");
            }
        }
    }

    #[test]
    fn conjugate_gradients_reach_the_exact_solution() {
        let c = case(2, 100, 20, 3);
        let (cg, exact) = (c.cg(Level::detect(), 60), c.exact(Level::detect()));
        for (a, b) in flat(&cg).iter().zip(flat(&exact)) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }

    #[test]
    fn the_solution_satisfies_the_normal_equations() {
        let c = case(2, 40, 15, 5);
        let x = c.exact(Level::detect());
        let size = 2 * LANE;
        let (g, y, x) = (flat(&c.gram), flat(&c.other), flat(&x));
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let mut left: Vec<f64> = (0..size).map(|i| dot(&g[i * size..][..size], x)).collect();
        for (&i, &w) in c.index.iter().zip(&c.weight) {
            let row = &y[i as usize * size..][..size];
            let conf = 2.0 * f64::from(w);
            let pull = (conf - 1.0) * dot(row, x) - conf;
            for (l, &r) in left.iter_mut().zip(row) {
                *l += pull * f64::from(r);
            }
        }
        assert!(left.iter().all(|v| v.abs() < 1e-3), "{left:?}");
    }

    #[test]
    fn blocked_solutions_satisfy_the_equations_at_every_level() {
        for n in [1, 2, 3, 6] {
            let c = case(n, 40 * n, 0, 7);
            let size = n * LANE;
            let b: Vec<Lane> = (0..n)
                .map(|i| Lane(std::array::from_fn(|l| (i * LANE + l) as f32 * 0.1)))
                .collect();
            let solved = |level| {
                let (mut a, mut x) = (c.gram.clone(), b.clone());
                assert!(solve(level, &mut a, n, &mut x));
                x
            };
            let x = solved(Level::Portable);
            for level in Level::available() {
                assert_eq!(solved(level), x, "{level:?} n={n}");
            }
            for (i, &want) in flat(&b).iter().enumerate() {
                let row = &flat(&c.gram)[i * size..][..size];
                let got: f64 =
                    row.iter().zip(flat(&x)).map(|(a, x)| f64::from(*a) * f64::from(*x)).sum();
                assert!((got - f64::from(want)).abs() < 1e-3, "n={n} {got} {want}");
            }
            let mut broken = c.gram.clone();
            flat_mut(&mut broken)[0] = -1.0;
            assert!(!solve(Level::detect(), &mut broken, n, &mut b.clone()));
        }
    }

    #[test]
    fn products_of_tiles_are_exact_at_every_level() {
        let (w, depth) = (4, 7);
        let rows = |seed| case(w, depth, 0, seed).other;
        let (a, b) = (rows(1), rows(2));
        let (mut left, mut right) = (vec![0.0; depth * w * LANE], b.clone());
        pack_left(&a, w, &mut left);
        pack_right(&b, w, &mut right);
        for level in Level::available() {
            let mut tile = vec![Lane::ZERO; w * w * LANE];
            subtract_product(level, &left, &right, w, &mut tile);
            let size = w * LANE;
            for (r, c) in [(0, 0), (5, 63), (63, 0), (17, 40)] {
                let want = (0..depth)
                    .fold(0.0f32, |s, p| flat(&a)[p * size + r].mul_add(flat(&b)[p * size + c], s));
                assert_eq!(flat(&tile)[r * size + c], -want, "{level:?} {r} {c}");
            }
        }
    }
}

//! 8-bit inner products of one query with rows picked from anywhere.
//!
//! Rows are `stride` bytes of codes, stored as `code + 128` and padded with 128; the query holds
//! signed codes padded with zeros. A stride is a multiple of a cache line.
//!
//! A walk over a graph alternates between these products and a little bookkeeping, so the whole
//! walk is compiled for each instruction set: it is a [`Work`], generic over the [`Simd`] that
//! [`dispatch`] hands it.

use super::{Isa, Level};

/// An instruction set that was detected, and its inner products.
pub(crate) trait Simd: Copy {
    /// Sets `sums[i]` to the inner product of `query` with row `rows[i]` of `codes`. Rows must
    /// exist; `sums` is as long as `rows`.
    fn dots(self, codes: &[u8], query: &[i8], start: i32, rows: &[u32], sums: &mut [i32]);
}

/// Something to be compiled for every instruction set. `run` must be `#[inline(always)]`.
pub(crate) trait Work {
    /// Does the work.
    fn run<S: Simd>(self, simd: S);
}

/// Does some work with these instructions.
#[inline]
pub(crate) fn dispatch(isa: Isa, work: impl Work) {
    match isa.level() {
        Level::Portable => work.run(Portable),
        // SAFETY: an `Isa` exists only for instructions that were detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::run_avx2(work) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::run_avx512(work) },
    }
}

/// Minus 128 times the sum of the query's codes: what undoes the offset of the rows' codes.
#[inline(always)]
pub(crate) fn start(query: &[i8]) -> i32 {
    -128 * query.iter().map(|&c| i32::from(c)).sum::<i32>()
}

#[inline(always)]
fn row(codes: &[u8], stride: usize, row: u32) -> &[u8] {
    &codes[row as usize * stride..][..stride]
}

/// Plain Rust.
#[derive(Clone, Copy)]
struct Portable;

impl Simd for Portable {
    #[inline(always)]
    fn dots(self, codes: &[u8], query: &[i8], start: i32, rows: &[u32], sums: &mut [i32]) {
        for (&r, sum) in rows.iter().zip(sums) {
            let codes = row(codes, query.len(), r);
            let products = codes.iter().zip(query).map(|(&c, &q)| i32::from(c) * i32::from(q));
            *sum = products.fold(start, i32::wrapping_add);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Simd, Work, row};
    use std::arch::x86_64::*;

    const WIDE: usize = 64;
    const HALF: usize = 32;

    /// Only made by [`run_avx512`].
    #[derive(Clone, Copy)]
    struct Avx512;
    /// Only made by [`run_avx2`].
    #[derive(Clone, Copy)]
    struct Avx2;

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn run_avx512<W: Work>(work: W) {
        work.run(Avx512);
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn run_avx2<W: Work>(work: W) {
        work.run(Avx2);
    }

    impl Simd for Avx512 {
        #[inline(always)]
        fn dots(self, codes: &[u8], query: &[i8], start: i32, rows: &[u32], sums: &mut [i32]) {
            // SAFETY: an `Avx512` exists only inside `run_avx512`.
            unsafe { dots_avx512(codes, query, start, rows, sums) }
        }
    }

    impl Simd for Avx2 {
        #[inline(always)]
        fn dots(self, codes: &[u8], query: &[i8], _: i32, rows: &[u32], sums: &mut [i32]) {
            // SAFETY: an `Avx2` exists only inside `run_avx2`.
            unsafe { dots_avx2(codes, query, rows, sums) }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2")]
    fn dots_avx512(codes: &[u8], query: &[i8], start: i32, rows: &[u32], sums: &mut [i32]) {
        let (fours, rest) = rows.as_chunks::<4>();
        let (four_sums, rest_sums) = sums.as_chunks_mut::<4>();
        for (four, out) in fours.iter().zip(four_sums) {
            let sum = some_avx512(codes, query, *four);
            let sum = _mm_add_epi32(quarters(sum), _mm_set1_epi32(start));
            // SAFETY: `out` holds the four sums.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), sum) };
        }
        for (&r, out) in rest.iter().zip(rest_sums) {
            let [sum] = some_avx512(codes, query, [r]);
            *out = _mm512_reduce_add_epi32(sum).wrapping_add(start);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2")]
    fn some_avx512<const R: usize>(codes: &[u8], query: &[i8], rows: [u32; R]) -> [__m512i; R] {
        let mut sums = [_mm512_setzero_si512(); R];
        let mut starts = [codes.as_ptr(); R];
        for i in 0..R {
            starts[i] = row(codes, query.len(), rows[i]).as_ptr();
        }
        for at in (0..query.len() / WIDE * WIDE).step_by(WIDE) {
            // SAFETY: at + 64 <= query.len(), which is the length of every row.
            let q = unsafe { _mm512_loadu_si512(query.as_ptr().add(at).cast()) };
            for r in 0..R {
                // SAFETY: as above.
                let c = unsafe { _mm512_loadu_si512(starts[r].add(at).cast()) };
                sums[r] = _mm512_dpbusd_epi32(sums[r], c, q);
            }
        }
        sums
    }

    /// The total of each of four registers.
    #[inline]
    #[target_feature(enable = "avx512f,avx2")]
    fn quarters(sums: [__m512i; 4]) -> __m128i {
        let mut narrow = [_mm_setzero_si128(); 4];
        for (narrow, s) in narrow.iter_mut().zip(sums) {
            let half =
                _mm256_add_epi32(_mm512_castsi512_si256(s), _mm512_extracti64x4_epi64::<1>(s));
            *narrow =
                _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256::<1>(half));
        }
        _mm_hadd_epi32(_mm_hadd_epi32(narrow[0], narrow[1]), _mm_hadd_epi32(narrow[2], narrow[3]))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn dots_avx2(codes: &[u8], query: &[i8], rows: &[u32], sums: &mut [i32]) {
        let offset = _mm256_set1_epi8(-128);
        let ones = _mm256_set1_epi16(1);
        for (&r, out) in rows.iter().zip(sums) {
            let codes = row(codes, query.len(), r);
            let mut sum = _mm256_setzero_si256();
            for at in (0..query.len() / HALF * HALF).step_by(HALF) {
                // SAFETY: at + 32 <= query.len(), which is the length of every row.
                let (q, c) = unsafe {
                    (
                        _mm256_loadu_si256(query.as_ptr().add(at).cast()),
                        _mm256_loadu_si256(codes.as_ptr().add(at).cast()),
                    )
                };
                // Signed by signed; see `block`.
                let c = _mm256_xor_si256(c, offset);
                let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(c), _mm256_sign_epi8(q, c));
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
            }
            let four =
                _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
            let two = _mm_hadd_epi32(four, four);
            *out = _mm_cvtsi128_si32(_mm_hadd_epi32(two, two));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mercato_core::Rng;

    struct Dots<'a>(&'a [u8], &'a [i8], &'a [u32], &'a mut [i32]);

    impl Work for Dots<'_> {
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            simd.dots(self.0, self.1, start(self.1), self.2, self.3);
        }
    }

    #[test]
    fn every_instruction_set_gives_the_exact_sums() {
        let mut rng = Rng::new(4);
        for lines in 1..5 {
            let stride = lines * 64;
            let code = |rng: &mut Rng| rng.below(255) as i32 - 127;
            let codes: Vec<i32> = (0..11 * stride).map(|_| code(&mut rng)).collect();
            let query: Vec<i8> = (0..stride).map(|_| code(&mut rng) as i8).collect();
            let stored: Vec<u8> = codes.iter().map(|c| (c + 128) as u8).collect();
            let rows = [3, 0, 10, 7, 7, 1, 9, 2, 4, 5, 6];
            let want: Vec<i32> = rows
                .iter()
                .map(|&r| {
                    let row = &codes[r as usize * stride..][..stride];
                    row.iter().zip(&query).map(|(c, &q)| c * i32::from(q)).sum()
                })
                .collect();
            for isa in Isa::all() {
                let mut sums = vec![0; rows.len()];
                dispatch(isa, Dots(&stored, &query, &rows, &mut sums));
                assert_eq!(sums, want, "{isa:?}");
            }
        }
    }
}

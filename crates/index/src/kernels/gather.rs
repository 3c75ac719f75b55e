//! 8-bit inner products of one query with rows picked from anywhere.
//!
//! Rows are `stride` bytes of codes, stored as `code + 128` and padded with 128; the query holds
//! signed codes padded with zeros. A stride is a multiple of a cache line.

use super::{Isa, Level};

/// Sets `sums[i]` to the inner product of `query` with row `rows[i]` of `codes`. Rows must exist.
#[inline]
pub(crate) fn dots(
    isa: Isa,
    codes: &[u8],
    query: &[i8],
    start: i32,
    rows: &[u32],
    sums: &mut Vec<i32>,
) {
    sums.clear();
    match isa.level() {
        Level::Portable => portable(codes, query, start, rows, sums),
        // SAFETY: an `Isa` exists only for instructions that were detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::dots_avx2(codes, query, rows, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::dots_avx512(codes, query, start, rows, sums) },
    }
}

/// Minus 128 times the sum of the query's codes: what undoes the offset of the rows' codes.
pub(crate) fn start(query: &[i8]) -> i32 {
    -128 * query.iter().map(|&c| i32::from(c)).sum::<i32>()
}

#[inline]
fn row(codes: &[u8], stride: usize, row: u32) -> &[u8] {
    &codes[row as usize * stride..][..stride]
}

fn portable(codes: &[u8], query: &[i8], start: i32, rows: &[u32], sums: &mut Vec<i32>) {
    for &r in rows {
        let codes = row(codes, query.len(), r);
        let products = codes.iter().zip(query).map(|(&c, &q)| i32::from(c) * i32::from(q));
        sums.push(products.fold(start, i32::wrapping_add));
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::row;
    use std::arch::x86_64::*;

    const WIDE: usize = 64;
    const HALF: usize = 32;

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2")]
    pub(super) fn dots_avx512(
        codes: &[u8],
        query: &[i8],
        start: i32,
        rows: &[u32],
        sums: &mut Vec<i32>,
    ) {
        let (fours, rest) = rows.as_chunks::<4>();
        for four in fours {
            let sum = some_avx512(codes, query, *four);
            let sum = _mm_add_epi32(quarters(sum), _mm_set1_epi32(start));
            let mut out = [0i32; 4];
            // SAFETY: `out` holds the four sums.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), sum) };
            sums.extend_from_slice(&out);
        }
        for &r in rest {
            let [sum] = some_avx512(codes, query, [r]);
            sums.push(_mm512_reduce_add_epi32(sum).wrapping_add(start));
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2")]
    fn some_avx512<const R: usize>(codes: &[u8], query: &[i8], rows: [u32; R]) -> [__m512i; R] {
        let mut sums = [_mm512_setzero_si512(); R];
        let rows = rows.map(|r| row(codes, query.len(), r));
        for at in (0..query.len() / WIDE * WIDE).step_by(WIDE) {
            // SAFETY: at + 64 <= query.len(), which is the length of every row.
            let q = unsafe { _mm512_loadu_si512(query.as_ptr().add(at).cast()) };
            for r in 0..R {
                // SAFETY: as above.
                let c = unsafe { _mm512_loadu_si512(rows[r].as_ptr().add(at).cast()) };
                sums[r] = _mm512_dpbusd_epi32(sums[r], c, q);
            }
        }
        sums
    }

    /// The total of each of four registers.
    #[inline]
    #[target_feature(enable = "avx512f,avx2")]
    fn quarters(sums: [__m512i; 4]) -> __m128i {
        let narrow = sums.map(|s| {
            let half =
                _mm256_add_epi32(_mm512_castsi512_si256(s), _mm512_extracti64x4_epi64::<1>(s));
            _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256::<1>(half))
        });
        _mm_hadd_epi32(_mm_hadd_epi32(narrow[0], narrow[1]), _mm_hadd_epi32(narrow[2], narrow[3]))
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn dots_avx2(codes: &[u8], query: &[i8], rows: &[u32], sums: &mut Vec<i32>) {
        let offset = _mm256_set1_epi8(-128);
        let ones = _mm256_set1_epi16(1);
        for &r in rows {
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
            sums.push(_mm_cvtsi128_si32(_mm_hadd_epi32(two, two)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mercato_core::Rng;

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
                let mut sums = Vec::new();
                dots(isa, &stored, &query, start(&query), &rows, &mut sums);
                assert_eq!(sums, want, "{isa:?}");
            }
        }
    }
}

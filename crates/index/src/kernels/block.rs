//! The 8-bit scan over blocks of 16 rows.
//!
//! A block is `groups` lines of codes and 3 lines of bounds. Line `g` holds, for each of the 16
//! rows, the four codes of dimensions `4g..4g+4`, so that one 32-bit accumulator per row takes
//! them up without any horizontal sum. Codes are stored as `code + 128`: the processors' widest
//! instruction multiplies unsigned by signed bytes. The lines of bounds are, per row, the scale of
//! its codes, the norm of what quantising lost, and the norm of the row.

use super::{Isa, Level};

/// Rows in a block.
pub(crate) const ROWS: usize = 16;
/// Bytes in a line.
const LINE: usize = 64;
/// Lines of bounds in a block.
pub(crate) const BOUND_LINES: usize = 3;

/// A run of blocks.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'a> {
    /// Whole blocks, aligned to a line.
    pub bytes: &'a [u8],
    /// Lines of codes in a block.
    pub groups: usize,
    /// The place of the first row of the first block, a multiple of [`ROWS`].
    pub first_row: u32,
}

/// `Q` queries, quantised.
pub(crate) struct Queries<'a, const Q: usize> {
    /// Each query's codes, four signed ones in a word.
    pub words: [&'a [i32]; Q],
    /// Minus 128 times the sum of the codes: what undoes the offset of the rows' codes.
    pub start: [i32; Q],
    /// The scale of the codes.
    pub scale: [f32; Q],
    /// What a unit of the row's loss adds to the upper bound.
    pub per_loss: [f32; Q],
    /// What a unit of the row's norm adds to the upper bound.
    pub per_norm: [f32; Q],
    /// Rows whose upper bound is below this are not reported.
    pub threshold: [f32; Q],
}

/// The place of a row whose upper bound reaches the threshold, and that bound.
pub(crate) type Hit = (u32, f32);

/// Appends to `hits[q]`, in ascending order, the places of the rows that query `q` cannot rule out.
#[inline]
pub(crate) fn scan<const Q: usize>(
    isa: Isa,
    blocks: Blocks<'_>,
    queries: &Queries<'_, Q>,
    hits: &mut [Vec<Hit>; Q],
) {
    let stride = (blocks.groups + BOUND_LINES) * LINE;
    assert_eq!(blocks.bytes.len() % stride, 0, "blocks are whole");
    for words in queries.words {
        assert_eq!(words.len(), blocks.groups, "queries have the blocks' dimension");
    }
    match isa.level() {
        Level::Portable => portable(blocks, queries, hits),
        // SAFETY: an `Isa` exists only for instructions that were detected.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::scan_avx2(blocks, queries, hits) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::scan_avx512(blocks, queries, hits) },
    }
}

impl Blocks<'_> {
    fn stride(&self) -> usize {
        (self.groups + BOUND_LINES) * LINE
    }
}

/// The upper bound of a score; not fused, so that every path gives the same bits.
#[inline(always)]
fn upper<const Q: usize>(queries: &Queries<'_, Q>, q: usize, sum: i32, bounds: [f32; 3]) -> f32 {
    let [scale, loss, norm] = bounds;
    scale * (sum as f32 * queries.scale[q])
        + (queries.per_loss[q] * loss + queries.per_norm[q] * norm)
}

#[inline(always)]
fn push_hits(mut mask: u32, first_row: u32, uppers: &[f32; ROWS], hits: &mut Vec<Hit>) {
    while mask != 0 {
        let lane = mask.trailing_zeros();
        hits.push((first_row + lane, uppers[lane as usize]));
        mask &= mask - 1;
    }
}

fn portable<const Q: usize>(
    blocks: Blocks<'_>,
    queries: &Queries<'_, Q>,
    hits: &mut [Vec<Hit>; Q],
) {
    for (b, block) in blocks.bytes.chunks_exact(blocks.stride()).enumerate() {
        let (codes, bounds) = block.split_at(blocks.groups * LINE);
        let bounds: &[f32] = bytemuck::cast_slice(bounds);
        for q in 0..Q {
            let mut sums = [queries.start[q]; ROWS];
            for (g, line) in codes.chunks_exact(LINE).enumerate() {
                let word = queries.words[q][g].to_le_bytes().map(|c| i32::from(c as i8));
                for (sum, four) in sums.iter_mut().zip(line.as_chunks::<4>().0) {
                    for i in 0..4 {
                        *sum = sum.wrapping_add(i32::from(four[i]) * word[i]);
                    }
                }
            }
            let uppers: [f32; ROWS] = std::array::from_fn(|r| {
                upper(queries, q, sums[r], [bounds[r], bounds[ROWS + r], bounds[2 * ROWS + r]])
            });
            let mut mask = 0;
            for (r, u) in uppers.iter().enumerate() {
                // A bound that is NaN (from a damaged file) rules nothing out.
                mask |= u32::from(*u >= queries.threshold[q] || u.is_nan()) << r;
            }
            push_hits(mask, blocks.first_row + (b * ROWS) as u32, &uppers, &mut hits[q]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use std::arch::x86_64::*;

    /// Four blocks at a time: enough sums in flight to hide the latency of each, and each code
    /// loaded once serves all queries.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2")]
    pub(super) fn scan_avx512<const Q: usize>(
        blocks: Blocks<'_>,
        queries: &Queries<'_, Q>,
        hits: &mut [Vec<Hit>; Q],
    ) {
        let count = blocks.bytes.len() / blocks.stride();
        let whole = count / 4 * 4;
        for b in (0..whole).step_by(4) {
            some_avx512::<Q, 4>(blocks, b, queries, hits);
        }
        for b in whole..count {
            some_avx512::<Q, 1>(blocks, b, queries, hits);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2")]
    fn some_avx512<const Q: usize, const B: usize>(
        blocks: Blocks<'_>,
        first: usize,
        queries: &Queries<'_, Q>,
        hits: &mut [Vec<Hit>; Q],
    ) {
        let stride = blocks.stride();
        let bytes = &blocks.bytes[first * stride..(first + B) * stride];
        let words = queries.words.map(|w| &w[..blocks.groups]);
        let load = |b: usize, line: usize| {
            // SAFETY: b < B and line < groups + BOUND_LINES, so the line lies inside `bytes`,
            // whose length is B * stride.
            unsafe { _mm512_loadu_si512(bytes.as_ptr().add(b * stride + line * LINE).cast()) }
        };
        let mut sums = [[_mm512_setzero_si512(); B]; Q];
        for q in 0..Q {
            sums[q] = [_mm512_set1_epi32(queries.start[q]); B];
        }
        for g in 0..blocks.groups {
            let mut codes = [_mm512_setzero_si512(); B];
            for b in 0..B {
                codes[b] = load(b, g);
            }
            for q in 0..Q {
                let word = _mm512_set1_epi32(words[q][g]);
                for b in 0..B {
                    sums[q][b] = _mm512_dpbusd_epi32(sums[q][b], codes[b], word);
                }
            }
        }
        for b in 0..B {
            let bound = |line| _mm512_castsi512_ps(load(b, blocks.groups + line));
            let (scale, loss, norm) = (bound(0), bound(1), bound(2));
            for q in 0..Q {
                let score = _mm512_mul_ps(
                    scale,
                    _mm512_mul_ps(_mm512_cvtepi32_ps(sums[q][b]), _mm512_set1_ps(queries.scale[q])),
                );
                let slack = _mm512_add_ps(
                    _mm512_mul_ps(_mm512_set1_ps(queries.per_loss[q]), loss),
                    _mm512_mul_ps(_mm512_set1_ps(queries.per_norm[q]), norm),
                );
                let upper = _mm512_add_ps(score, slack);
                let threshold = _mm512_set1_ps(queries.threshold[q]);
                let mask = u32::from(_mm512_cmp_ps_mask::<_CMP_NLT_UQ>(upper, threshold));
                if mask != 0 {
                    let mut uppers = [0.0; ROWS];
                    // SAFETY: `uppers` holds 16 floats.
                    unsafe { _mm512_storeu_ps(uppers.as_mut_ptr(), upper) };
                    let row = blocks.first_row + ((first + b) * ROWS) as u32;
                    push_hits(mask, row, &uppers, &mut hits[q]);
                }
            }
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn scan_avx2<const Q: usize>(
        blocks: Blocks<'_>,
        queries: &Queries<'_, Q>,
        hits: &mut [Vec<Hit>; Q],
    ) {
        let words = queries.words.map(|w| &w[..blocks.groups]);
        let offset = _mm256_set1_epi8(-128);
        let ones = _mm256_set1_epi16(1);
        for (b, block) in blocks.bytes.chunks_exact(blocks.stride()).enumerate() {
            let load = |half: usize| {
                debug_assert!(half * 32 + 32 <= block.len());
                // SAFETY: callers stay below the 2 * (groups + BOUND_LINES) halves of the block.
                unsafe { _mm256_loadu_si256(block.as_ptr().add(half * 32).cast()) }
            };
            // Signed by signed: |code| times the query's code with the sign of `code`. Both are at
            // most 127 in size, so a pair of products fits 16 bits. (A code of -128, which only a
            // damaged file holds, saturates: a wrong score, as promised for damaged files.)
            let mut sums = [[_mm256_setzero_si256(); 2]; Q];
            for g in 0..blocks.groups {
                for half in 0..2 {
                    let codes = _mm256_xor_si256(load(2 * g + half), offset);
                    let size = _mm256_abs_epi8(codes);
                    for q in 0..Q {
                        let word = _mm256_set1_epi32(words[q][g]);
                        let pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(word, codes));
                        sums[q][half] =
                            _mm256_add_epi32(sums[q][half], _mm256_madd_epi16(pairs, ones));
                    }
                }
            }
            for q in 0..Q {
                let mut uppers = [0.0f32; ROWS];
                let mut mask = 0;
                for half in 0..2 {
                    let bound = |line| _mm256_castsi256_ps(load(2 * (blocks.groups + line) + half));
                    let (scale, loss, norm) = (bound(0), bound(1), bound(2));
                    let score = _mm256_mul_ps(
                        scale,
                        _mm256_mul_ps(
                            _mm256_cvtepi32_ps(sums[q][half]),
                            _mm256_set1_ps(queries.scale[q]),
                        ),
                    );
                    let slack = _mm256_add_ps(
                        _mm256_mul_ps(_mm256_set1_ps(queries.per_loss[q]), loss),
                        _mm256_mul_ps(_mm256_set1_ps(queries.per_norm[q]), norm),
                    );
                    let upper = _mm256_add_ps(score, slack);
                    let threshold = _mm256_set1_ps(queries.threshold[q]);
                    let reach = _mm256_cmp_ps::<_CMP_NLT_UQ>(upper, threshold);
                    mask |= (_mm256_movemask_ps(reach) as u32) << (8 * half);
                    // SAFETY: `uppers` holds 16 floats, this half is 8 of them.
                    unsafe { _mm256_storeu_ps(uppers.as_mut_ptr().add(8 * half), upper) };
                }
                let row = blocks.first_row + (b * ROWS) as u32;
                push_hits(mask, row, &uppers, &mut hits[q]);
            }
        }
    }
}

//! Rows and queries as 8-bit codes with measured losses.

use super::{Space, groups, stride};
use crate::aligned::Line;
use crate::kernels::block::ROWS;
use mercato_core::{Error, Result, Run};
use rayon::prelude::*;

/// Sums of this many products of codes fit 32 bits.
const MAX_DIM: usize = 65_536;
/// Norms up to this keep every product of two vectors, and every bound on it, finite.
const MAX_NORM: f64 = 1e18;
/// More than the relative rounding of a norm taken in `f64` and kept in `f32`.
const ROUND_UP: f64 = 1.0 + 1e-6;
/// Half the distance between 1 and the next `f32`.
const UNIT: f64 = 1.0 / (1u64 << 24) as f64;

pub(super) fn dim_range(dim: usize) -> Result<()> {
    if (1..=MAX_DIM).contains(&dim) {
        return Ok(());
    }
    Err(Error::invalid_input(format!("the dimension must be in 1..={MAX_DIM}, got {dim}")))
}

/// Fails for a vector that cannot be scored.
pub(crate) fn check_vector(v: &[f32], dim: usize) -> Result<()> {
    if v.len() != dim {
        return Err(Error::invalid_input(format!(
            "a vector of {dim} values expected, got {}",
            v.len()
        )));
    }
    check_norm(norm(v.iter().map(|&x| f64::from(x))))
}

fn check_norm(norm: f64) -> Result<()> {
    if norm <= MAX_NORM {
        return Ok(());
    }
    let what = if norm.is_finite() { "a norm above 1e18" } else { "a value that is not finite" };
    Err(Error::invalid_input(format!("a vector has {what}")))
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|x| x * x).sum::<f64>().sqrt()
}

/// The scale of the codes of `v`: its largest value becomes 127.
pub(crate) fn scale_of(v: &[f32]) -> f32 {
    v.iter().fold(0.0f32, |m, x| m.max(x.abs())) / 127.0
}

/// The code of `x`. Any code would do: what it loses is measured.
#[inline]
pub(crate) fn code(x: f32, scale: f32) -> i8 {
    // A zero or subnormal scale gives NaN or more than 127; the cast maps NaN to 0. Adding a number
    // whose last bit is worth one rounds to even, without a call.
    const SHIFT: f32 = 12_582_912.0;
    ((x / scale).clamp(-127.0, 127.0) + SHIFT - SHIFT) as i8
}

/// What the kernels need of a query beside its codes, and what scores ask of upper bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prepared {
    pub start: i32,
    pub scale: f32,
    pub per_loss: f32,
    pub per_norm: f32,
    /// Scores to bounds: what a bound must reach is `slope * score + offset`, roughly.
    need: Need,
}

#[derive(Debug, Clone, Copy)]
enum Need {
    Dot {
        /// An upper bound of the query's norm.
        norm: f32,
        /// Absolute error of scores and bounds from products below the smallest `f32`.
        underflow: f32,
    },
    L2 {
        /// The squared norm of the query.
        square: f64,
        /// What bounds may lack: the query's loss times the largest norm, and all rounding.
        lacking: f64,
    },
}

impl Default for Prepared {
    fn default() -> Self {
        let need = Need::Dot { norm: 0.0, underflow: 0.0 };
        Self { start: 0, scale: 0.0, per_loss: 0.0, per_norm: 0.0, need }
    }
}

impl Prepared {
    /// Quantises a query into words of four codes.
    pub(super) fn new(space: Space, longest: f32, query: &[f32], words: &mut [i32]) -> Self {
        let scale = scale_of(query);
        let (mut sum, mut kept, mut lost, mut all) = (0i32, 0.0f64, 0.0f64, 0.0f64);
        for (word, four) in words.iter_mut().zip(query.chunks(4)) {
            let mut codes = [0u8; 4];
            for (c, &x) in codes.iter_mut().zip(four) {
                let q = code(x, scale);
                *c = q as u8;
                sum += i32::from(q);
                let back = f64::from(scale) * f64::from(q);
                kept += back * back;
                lost += (f64::from(x) - back).powi(2);
                all += f64::from(x).powi(2);
            }
            *word = i32::from_le_bytes(codes);
        }
        // Rounding in `f32`: of the exact score (one product, dim / 32 additions in a lane, five
        // between lanes) and of the bound (fewer than 16 operations), doubled for good measure.
        let rounding = 2.0 * (query.len() as f64 / 32.0 + 32.0) * UNIT;
        let (kept, lost, all) = (kept.sqrt(), lost.sqrt(), all.sqrt());
        let underflow = (query.len() + 64) as f32 * f32::from_bits(1 << 9);
        let (per_norm, need) = match space {
            Space::Dot => {
                let norm = (all * (1.0 + rounding) * ROUND_UP) as f32;
                ((lost + all * rounding) * ROUND_UP, Need::Dot { norm, underflow })
            }
            Space::L2 => {
                // In the place of the norm lies half its square, to be taken off.
                let longest = f64::from(longest);
                let rounded = (all * longest + longest * longest + all * all) * rounding;
                let lacking = lost * longest * ROUND_UP + rounded + f64::from(underflow);
                (-1.0, Need::L2 { square: all * all, lacking })
            }
        };
        Self {
            start: -128 * sum,
            scale,
            per_loss: (kept * (1.0 + rounding) * ROUND_UP) as f32,
            per_norm: per_norm as f32,
            need,
        }
    }

    /// What an upper bound must reach for its row to be worth scoring.
    #[inline]
    pub(super) fn reachable(&self, threshold: f32) -> f32 {
        match self.need {
            Need::Dot { underflow, .. } => threshold - underflow,
            Need::L2 { square, lacking } => {
                // A distance is a sum of squares, computed to within a relative error that is
                // far below one in ten thousand for any dimension up to the largest.
                let score = f64::from(threshold) * (1.0 + 1e-4);
                let need = 0.5 * (score + square) - lacking;
                (need - need.abs() * 1e-6) as f32
            }
        }
    }

    /// Whether no row of at most this norm reaches the threshold.
    pub(super) fn ends(&self, norm: f32, threshold: f32) -> bool {
        match self.need {
            Need::Dot { norm: own, .. } => own * norm < self.reachable(threshold),
            Need::L2 { .. } => false,
        }
    }
}

/// The rows in descending norm, their blocks, and the largest norm; or the error of the first bad row.
pub(super) fn quantise_rows(
    space: Space,
    rows: &[f32],
    dim: usize,
    run: &Run,
) -> Result<(Vec<u32>, Vec<Line>, f32)> {
    let norms: Vec<f64> =
        rows.par_chunks_exact(dim).map(|row| norm(row.iter().map(|&x| f64::from(x)))).collect();
    for (row, &norm) in norms.iter().enumerate() {
        check_norm(norm).map_err(|e| e.with("row", row))?;
    }
    let mut order: Vec<u32> = (0..norms.len() as u32).collect();
    order.par_sort_unstable_by(|&a, &b| {
        norms[b as usize].total_cmp(&norms[a as usize]).then(a.cmp(&b))
    });
    let lines = stride(dim) / Line::LEN;
    let mut blocks = vec![Line::ZERO; order.len().div_ceil(ROWS) * lines];
    let task = run.stage("quantise", order.len() as u64);
    blocks.par_chunks_mut(lines).zip(order.par_chunks(ROWS)).try_for_each(|(block, order)| {
        let row = |r: u32| &rows[r as usize * dim..(r as usize + 1) * dim];
        quantise_block(space, block, order.iter().map(|&r| (row(r), norms[r as usize])), dim);
        task.tick(order.len() as u64)
    })?;
    let longest = order.first().map_or(0.0, |&r| norms[r as usize] * ROUND_UP);
    Ok((order, blocks, longest as f32))
}

/// Fills a block from up to 16 rows and their norms.
fn quantise_block<'a>(
    space: Space,
    block: &mut [Line],
    rows: impl Iterator<Item = (&'a [f32], f64)>,
    dim: usize,
) {
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(block);
    let (codes, bounds) = bytes.split_at_mut(groups(dim) * Line::LEN);
    codes.fill(128);
    let bounds: &mut [f32] = bytemuck::cast_slice_mut(bounds);
    for (r, (row, norm)) in rows.enumerate() {
        let scale = scale_of(row);
        let mut lost = 0.0f64;
        for (d, &x) in row.iter().enumerate() {
            let c = code(x, scale);
            codes[d / 4 * Line::LEN + r * 4 + d % 4] = (i16::from(c) + 128) as u8;
            lost += (f64::from(x) - f64::from(scale) * f64::from(c)).powi(2);
        }
        bounds[r] = scale;
        bounds[ROWS + r] = (lost.sqrt() * ROUND_UP) as f32;
        bounds[2 * ROWS + r] = match space {
            Space::Dot => (norm * ROUND_UP) as f32,
            Space::L2 => (0.5 * norm * norm / ROUND_UP) as f32,
        };
    }
}

//! Exact top-k by inner product or Euclidean distance.
//!
//! **What it is.** Rows are quantised to 8 bits. A query is quantised too and scanned over all
//! rows, 16 at a time; only rows whose *upper bound* reaches the k-th best score so far are scored
//! exactly in `f32`. The answer is certified: ids and scores are those of ranking every row by
//! [`kernels::dot`](crate::kernels::dot), ties to the lower row, always.
//!
//! **The bound.** Let `q = q' + e` and `r = r' + f` with `q'`, `r'` the quantised vectors. Then
//! `q.r - q'.r' = q'.f + e.r`, so `q.r <= q'.r' + |q'||f| + |e||r|` (Cauchy-Schwarz). `|f|` and `|r|`
//! are kept per row, measured and not estimated; rounding of both sides in `f32` is added to
//! the query's factors.
//!
//! **The order.** Rows lie in descending norm. As `q.r <= |q||r|`, a request ends at the first tile
//! whose largest norm cannot reach the k-th best score: after some 12 % of the rows for matrix
//! factors, whose norms follow popularity, and never for vectors of equal length.
//!
//! **Euclidean distance** ranks as `q.r - |r|^2 / 2` does. The same scan runs with half the squared
//! norm in the place of the norm, and the loss of the query times the largest norm in the threshold.
//!
//! **When to choose it.** Whenever all scores of a request are to be ranked exactly: recommendation
//! from factors, similar products, up to about 50,000 rows per request at well below a millisecond.
//!
//! **Cost.** About `1 + 16 / dim` bytes of memory per element beside the `f32` rows; a request reads
//! them at most once. A batch shares each load between four queries. Selective filters skip the scan and
//! score the allowed rows alone.

mod batch;
mod quantise;
#[cfg(test)]
mod tests;

use crate::aligned::{Aligned, Line};
use crate::kernels::block::{self, BOUND_LINES, Blocks, Hit, Queries, ROWS};
use crate::kernels::{Isa, dot, prefetch, squared_distance};
use mercato_core::{Artifact, ArtifactWriter, Bitmap, Column, Error, Result, Run, TopK};
pub(crate) use quantise::check_vector;
use quantise::{Prepared, dim_range, quantise_rows};
use std::time::Instant;

/// What a [`Scan`] ranks by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// Inner product.
    Dot,
    /// Negative squared Euclidean distance.
    L2,
}

impl Space {
    /// The exact score of a row.
    #[inline]
    pub(crate) fn score(self, isa: Isa, query: &[f32], row: &[f32]) -> f32 {
        match self {
            Space::Dot => dot(isa, query, row),
            Space::L2 => -squared_distance(isa, query, row),
        }
    }
}
pub(crate) use quantise::{code, scale_of};

/// Queries that share one pass over the rows.
const TOGETHER: usize = 4;
/// Bytes of codes that stay in the second-level cache while several queries pass over them.
const TILE_BYTES: usize = 1 << 18;
/// Rows of the first tile; tiles double, so that each begins with a threshold worth having.
const FIRST_TILE_ROWS: usize = 64;
/// Rows of the largest tile.
const LAST_TILE_ROWS: usize = 2048;
/// With fewer than one row in this many allowed, scoring those rows alone is cheaper.
const SCAN_WORTHWHILE: usize = 10;

/// The 8-bit codes and error bounds of a matrix of rows.
///
/// The rows themselves stay with the caller, who hands them to each search.
///
/// ```
/// use mercato_core::Run;
/// use mercato_index::{Scan, ScanScratch};
/// let rows = [1.0f32, 0.0, 0.6, 0.8, 0.0, 1.0]; // three rows of two
/// let scan = Scan::build(&rows, 2, &Run::default())?;
/// let (mut scratch, mut out) = (ScanScratch::default(), Vec::new());
/// scan.top_k(&rows, &[1.0, 0.0], 2, None, &[], &mut scratch, &mut out)?;
/// assert_eq!(out, [(0, 1.0), (1, 0.6)]);
/// scan.top_k(&rows, &[1.0, 0.0], 2, None, &[0], &mut scratch, &mut out)?; // row 0 excluded
/// assert_eq!(out, [(1, 0.6), (2, 0.0)]);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Scan {
    n: usize,
    dim: usize,
    space: Space,
    /// The largest norm of a row; only set under L2.
    longest: f32,
    /// The row at each place of the blocks: rows in descending norm.
    order: Column<u32>,
    blocks: Aligned,
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scan({} x {})", self.n, self.dim)
    }
}

/// Working memory of requests, to be reused so that they allocate nothing; one per thread.
#[derive(Debug, Clone, Default)]
pub struct ScanScratch {
    /// The codes of each query, and what else the kernels need of it.
    words: Vec<i32>,
    prepared: Vec<Prepared>,
    best: Vec<TopK>,
    /// Queries that still scan.
    active: Vec<usize>,
    hits: [Vec<Hit>; TOGETHER],
    deadline: Option<Instant>,
    /// The deadline ended the scan.
    late: bool,
}

/// One query's side of a request.
#[derive(Clone, Copy)]
struct Ask<'a> {
    query: &'a [f32],
    exclude: &'a [u32],
}

impl Scan {
    /// Quantises `rows`, which holds rows of `dim` values one after the other.
    ///
    /// # Errors
    /// `invalid_input` when `dim` is not in 1..=65536, the length is no multiple of it, there are
    /// more than 2^32 - 1 rows, or a row is not finite or has a norm above 1e18; `cancelled`,
    /// `deadline_exceeded`.
    pub fn build(rows: &[f32], dim: usize, run: &Run) -> Result<Self> {
        Self::build_in(Space::Dot, rows, dim, run)
    }

    /// As [`build`](Self::build), to rank by either measure.
    pub(crate) fn build_in(space: Space, rows: &[f32], dim: usize, run: &Run) -> Result<Self> {
        dim_range(dim)?;
        if !rows.len().is_multiple_of(dim) || rows.len() / dim >= u32::MAX as usize {
            return Err(Error::invalid_input(format!(
                "{} values are not a whole number of rows of {dim}, or more than 2^32 - 1 rows",
                rows.len()
            )));
        }
        let (order, blocks, longest) = run.install(|| quantise_rows(space, rows, dim, run))??;
        let blocks = Aligned::Owned(blocks);
        Ok(Self { n: rows.len() / dim, dim, space, longest, order: order.into(), blocks })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Values in a row.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Bytes of memory, or of the opened file.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.blocks.as_slice().len() + 4 * self.order.len()
    }

    /// Puts into `out`, which is cleared first, the `k` best rows by inner product with `query`,
    /// best first, ties to the lower row; fewer when fewer are left.
    ///
    /// - `rows`: the very rows that were given to [`build`](Self::build).
    /// - `allow`: when given, only the rows in this set, whose universe is all rows.
    /// - `exclude`: rows to leave out, ascending.
    ///
    /// # Errors
    /// `invalid_input` for a query of another dimension, not finite or with a norm above 1e18, for
    /// rows of another size, or for a set over another number of rows; `deadline_exceeded` when the
    /// scratch has a deadline.
    #[allow(clippy::too_many_arguments, reason = "one flat door for the hottest call")]
    pub fn top_k(
        &self,
        rows: &[f32],
        query: &[f32],
        k: usize,
        allow: Option<&Bitmap>,
        exclude: &[u32],
        scratch: &mut ScanScratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        self.check(rows, allow)?;
        check_vector(query, self.dim)?;
        let ask = Ask { query, exclude };
        scratch.resize(1, k);
        if self.few_allowed(allow) || self.constant(query) {
            self.score_allowed(rows, ask, allow, scratch, 0, k);
        } else {
            scratch.active.push(0);
            self.scan_all(rows, allow, scratch, &|_| ask);
        }
        out.clear();
        if scratch.late {
            return Err(Error::deadline_exceeded("the deadline passed during a scan"));
        }
        out.extend_from_slice(scratch.best[0].sorted());
        Ok(())
    }

    /// Adds the sections `{name}` and `{name}.order` to an artifact.
    ///
    /// # Errors
    /// `internal` for an invalid section name.
    pub fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>, name: &str) -> Result<()> {
        w.column(name, self.blocks.as_slice())?;
        if self.space == Space::L2 {
            w.owned_column(&format!("{name}.longest"), &[self.longest])?;
        }
        w.column(&format!("{name}.order"), &self.order)
    }

    /// Opens what [`write`](Self::write) wrote, in constant time; the codes are not copied.
    ///
    /// # Errors
    /// `corrupt_artifact` when the sections do not fit `n` rows of `dim` values.
    pub fn read(a: &Artifact, name: &str, n: usize, dim: usize) -> Result<Self> {
        Self::read_in(Space::Dot, a, name, n, dim)
    }

    /// As [`read`](Self::read), for either measure.
    pub(crate) fn read_in(
        space: Space,
        a: &Artifact,
        name: &str,
        n: usize,
        dim: usize,
    ) -> Result<Self> {
        dim_range(dim).map_err(|e| Error::corrupt(e.message()))?;
        let len = n
            .div_ceil(ROWS)
            .checked_mul(stride(dim))
            .filter(|_| n < u32::MAX as usize)
            .ok_or_else(|| Error::corrupt(format!("{n} rows are too many")))?;
        let order = a.column_of_len(&format!("{name}.order"), n)?;
        let longest = match space {
            Space::Dot => 0.0,
            Space::L2 => a.column_of_len::<f32>(&format!("{name}.longest"), 1)?[0],
        };
        let blocks = Aligned::from(a.column_of_len::<u8>(name, len)?);
        Ok(Self { n, dim, space, longest, order, blocks })
    }

    fn check(&self, rows: &[f32], allow: Option<&Bitmap>) -> Result<()> {
        if rows.len() != self.n * self.dim {
            return Err(Error::invalid_input(format!(
                "the scan was built from {} rows of {}, not from these {} values",
                self.n,
                self.dim,
                rows.len()
            )));
        }
        if let Some(set) = allow
            && set.len() != self.n
        {
            return Err(Error::invalid_input(format!(
                "the filter is over {} rows, the scan over {}",
                set.len(),
                self.n
            )));
        }
        Ok(())
    }

    /// Whether so few rows are allowed that scoring those alone is cheaper than a scan.
    fn few_allowed(&self, allow: Option<&Bitmap>) -> bool {
        allow.is_some_and(|set| set.count() * SCAN_WORTHWHILE < self.n)
    }

    /// Scores every allowed row exactly: for selective filters, and for the zero query, all of
    /// whose inner products are zero.
    fn score_allowed(
        &self,
        rows: &[f32],
        ask: Ask<'_>,
        allow: Option<&Bitmap>,
        scratch: &mut ScanScratch,
        slot: usize,
        k: usize,
    ) {
        let isa = Isa::best();
        let zero = self.constant(ask.query);
        let best = &mut scratch.best[slot];
        let mut kept = 0;
        for first in (0..self.n).step_by(64) {
            let mut word = allow.map_or(!0, |set| set.words()[first / 64]);
            while word != 0 {
                let row = first + word.trailing_zeros() as usize;
                word &= word - 1;
                if row >= self.n || (zero && kept == k) {
                    return;
                }
                if excluded(ask.exclude, row as u32) {
                    continue;
                }
                let score =
                    if zero { 0.0 } else { self.space.score(isa, ask.query, self.row(rows, row)) };
                best.push(row as u32, score);
                kept += 1;
            }
        }
    }

    /// Whether all rows score zero.
    fn constant(&self, query: &[f32]) -> bool {
        self.space == Space::Dot && query.iter().all(|&x| x == 0.0)
    }

    #[inline]
    fn row<'a>(&self, rows: &'a [f32], row: usize) -> &'a [f32] {
        &rows[row * self.dim..(row + 1) * self.dim]
    }

    /// Scans for the queries in `scratch.active`, tile by tile, so that the codes of a tile come
    /// from memory once for all of them.
    fn scan_all<'q>(
        &self,
        rows: &[f32],
        allow: Option<&Bitmap>,
        scratch: &mut ScanScratch,
        ask: &dyn Fn(usize) -> Ask<'q>,
    ) {
        scratch.prepare(self, ask);
        let stride = stride(self.dim);
        let codes = groups(self.dim) * Line::LEN;
        let bytes = self.blocks.as_slice();
        let order = self.order.as_slice();
        let count = bytes.len() / stride;
        let largest = (TILE_BYTES / stride).clamp(FIRST_TILE_ROWS / ROWS, LAST_TILE_ROWS / ROWS);
        let (mut first, mut size) = (0, FIRST_TILE_ROWS / ROWS);
        while first < count {
            let end = (first + size).min(count);
            let bytes = &bytes[first * stride..end * stride];
            // The first row of a tile has the largest norm of all that are left.
            let norm = bytemuck::cast_slice::<u8, f32>(&bytes[codes..stride])[2 * ROWS];
            let ScanScratch { active, prepared, best, .. } = scratch;
            active.retain(|&q| !prepared[q].ends(norm, best[q].threshold()));
            let queries = active.len();
            if queries == 0 {
                break;
            }
            if scratch.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                scratch.late = true;
                break;
            }
            let first_place = (first * ROWS) as u32;
            let tile = Tile { scan: self, rows, order, allow, bytes, first: first_place };
            let together = queries / TOGETHER * TOGETHER;
            for at in (0..together).step_by(TOGETHER) {
                tile.pass::<TOGETHER>(at, scratch, ask);
            }
            for at in together..queries {
                tile.pass::<1>(at, scratch, ask);
            }
            first = end;
            size = (size * 2).min(largest);
        }
    }
}

/// A run of blocks that stays in the cache while the active queries pass over it.
struct Tile<'a> {
    scan: &'a Scan,
    rows: &'a [f32],
    order: &'a [u32],
    allow: Option<&'a Bitmap>,
    bytes: &'a [u8],
    /// The place of its first row.
    first: u32,
}

impl<'a> Tile<'a> {
    /// The row at a place and its values; `None` for the padding of the last block, and for what
    /// only a damaged file names.
    #[inline]
    fn row(&self, place: u32) -> Option<(u32, &'a [f32])> {
        let row = *self.order.get(place as usize)?;
        let start = row as usize * self.scan.dim;
        Some((row, self.rows.get(start..start + self.scan.dim)?))
    }

    /// Scans the tile for `Q` queries, from place `at` of the active ones, and scores the hits.
    fn pass<'q, const Q: usize>(
        &self,
        at: usize,
        scratch: &mut ScanScratch,
        ask: &dyn Fn(usize) -> Ask<'q>,
    ) {
        let isa = Isa::best();
        let ScanScratch { words, prepared, active, best, hits, .. } = scratch;
        let slots: [usize; Q] = std::array::from_fn(|q| active[at + q]);
        let of = slots.map(|slot| &prepared[slot]);
        let groups = groups(self.scan.dim);
        let queries = Queries::<Q> {
            words: slots.map(|slot| &words[slot * groups..(slot + 1) * groups]),
            start: of.map(|p| p.start),
            scale: of.map(|p| p.scale),
            per_loss: of.map(|p| p.per_loss),
            per_norm: of.map(|p| p.per_norm),
            threshold: std::array::from_fn(|q| of[q].reachable(best[slots[q]].threshold())),
        };
        let hits = hits.first_chunk_mut::<Q>().expect("at most TOGETHER queries share a pass");
        hits.iter_mut().for_each(Vec::clear);
        let blocks = Blocks { bytes: self.bytes, groups, first_row: self.first };
        block::scan::<Q>(isa, blocks, &queries, hits);
        for (q, hits) in hits.iter().enumerate() {
            let Ask { query, exclude } = ask(slots[q]);
            let best = &mut best[slots[q]];
            for (i, &(place, upper)) in hits.iter().enumerate() {
                if let Some((_, ahead)) = hits.get(i + 4).and_then(|&(p, _)| self.row(p)) {
                    prefetch(ahead);
                }
                let Some((row, values)) = self.row(place) else { continue };
                let filtered = self.allow.is_some_and(|set| !set.contains(row));
                if upper < of[q].reachable(best.threshold()) || filtered || excluded(exclude, row) {
                    continue;
                }
                best.push(row, self.scan.space.score(isa, query, values));
            }
        }
    }
}

/// Lines of codes in a block.
fn groups(dim: usize) -> usize {
    dim.div_ceil(4)
}

/// Bytes in a block.
fn stride(dim: usize) -> usize {
    (groups(dim) + BOUND_LINES) * Line::LEN
}

/// Whether `row` is in the ascending list.
#[inline]
fn excluded(exclude: &[u32], row: u32) -> bool {
    exclude.binary_search(&row).is_ok()
}

impl ScanScratch {
    /// Says when a request of its own (`top_k`) is given up; `None` is never, the default. The clock
    /// is looked at between tiles of at most 2,048 rows.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    fn resize(&mut self, queries: usize, k: usize) {
        self.active.clear();
        self.late = false;
        self.best.resize_with(queries.max(self.best.len()), TopK::default);
        self.best[..queries].iter_mut().for_each(|b| b.reset(k));
    }

    /// Quantises the active queries.
    fn prepare<'q>(&mut self, scan: &Scan, ask: &dyn Fn(usize) -> Ask<'q>) {
        let groups = groups(scan.dim);
        let slots = self.active.last().map_or(0, |last| last + 1);
        self.words.resize(slots * groups, 0);
        self.prepared.resize(slots, Prepared::default());
        for &slot in &self.active {
            let words = &mut self.words[slot * groups..(slot + 1) * groups];
            self.prepared[slot] = Prepared::new(scan.space, scan.longest, ask(slot).query, words);
        }
    }
}

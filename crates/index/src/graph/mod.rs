//! A navigable small-world graph over 8-bit codes.
//!
//! **What it is.** Each row is a node with up to `2 m` links to near rows, chosen so that none
//! hides behind another; upper layers of `m` links over a sixteenth (`1 / m`), and a sixteenth of that, lead
//! quickly to the neighbourhood. A search walks best first and keeps the `ef` best nodes it saw.
//!
//! **When to choose it.** Above some 50,000 rows; below, the exact scan is about as fast.
//!
//! **Cost.** `dim + 8 m + 8` bytes per row in memory that searches touch. A search scores a few
//! hundred rows whatever their number; building scores a few thousand per row.
//!
//! **Papers.** Malkov & Yashunin 2016 (layers), Subramanya et al. 2019 (pruning), Singh et al. 2021
//! (repair), Dobson et al. 2023 (deterministic batches).
//!
//! **Where we differ.** Walks read 8-bit codes alone, a quarter of the bytes; exact scores come in
//! after the walk. Rows lie in random order and the first of them *are* the upper layers, so that
//! no level is stored and every layer is one array of `u32` with a fixed stride, usable as it lies in a file.

mod build;
mod codes;
mod persist;
mod search;
mod update;

pub(crate) use codes::{CodedQuery, Codes};
pub(crate) use search::Walker;

use mercato_core::{Bitmap, Column};
use search::{Ground, Layer};

/// A layer with fewer nodes than this is not worth having.
const SMALLEST_LAYER: usize = 8;

/// How a graph is built.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GraphParams {
    /// Links per node in upper layers; twice as many in the lowest.
    pub m: usize,
    /// Nodes kept by the walks that look for neighbours.
    pub ef_construction: usize,
    /// How much nearer a neighbour must be to hide a row: 1 prunes most.
    pub alpha: f32,
}

/// The graph and its codes.
#[derive(Clone)]
pub(crate) struct Graph {
    codes: Codes,
    params: GraphParams,
    /// Links, lowest layer first; layer `l` holds the first `layers[l].len() / width(l)` rows.
    layers: Vec<Column<u32>>,
    /// Where walks begin: the first live row.
    entry: u32,
    /// Nodes added since all were last known to be reachable.
    unchecked: usize,
}

/// Which walk a request takes.
pub(crate) enum Among<'a> {
    /// All nodes.
    All,
    /// All nodes but this one, as if it had never been inserted.
    Without(u32),
    /// Only these; the second number is how many they are.
    These(&'a Bitmap, usize),
}

/// Rows kept beyond what was asked for: approximate scores put some of the best behind others.
const SPARE: usize = 6;
/// Matches that are scored in the time that a walk needs to begin, and to expand one node
/// (measured: 10 ns, 3 us and .17 us at 64 dimensions).
const SCAN_FREE: usize = 300;
const SCANNED_PER_EXPANDED: usize = 17;

impl Graph {
    pub(crate) fn codes(&self) -> &Codes {
        &self.codes
    }

    pub(crate) fn codes_mut(&mut self) -> &mut Codes {
        &mut self.codes
    }

    /// Bytes that searches touch.
    pub(crate) fn bytes(&self) -> usize {
        self.codes.bytes() + self.layers.iter().map(|l| 4 * l.len()).sum::<usize>()
    }

    /// Links per node of layer `l`.
    fn width(&self, l: usize) -> usize {
        if l == 0 { 2 * self.params.m } else { self.params.m }
    }

    fn layer(&self, l: usize) -> Layer<'_> {
        Layer { links: &self.layers[l], width: self.width(l) }
    }

    /// Fills the walker's pool with the best rows it finds, by approximate score: at least `keep`
    /// where there are so many, from expanding the `ef` best.
    pub(crate) fn search(
        &self,
        walker: &mut Walker,
        q: &CodedQuery,
        [ef, keep]: [usize; 2],
        among: &Among<'_>,
    ) {
        let codes = self.codes.view();
        walker.pool.clear();
        if self.codes.len() == 0 {
            return;
        }
        match *among {
            Among::All | Among::Without(_) => {
                let without = if let Among::Without(node) = *among { Some(node) } else { None };
                let from = self.enter_around(walker, q, without);
                let ground = Ground { codes, layer: self.layer(0), q };
                walker.walk(ground, &[from, self.entry], ef, keep.max(ef) + SPARE, without);
            }
            Among::These(set, count) => {
                // So many of the nearest hold what was asked for, when matches are spread evenly.
                let through = (keep + keep / 2 + 4) * self.codes.len() / count.max(1);
                let through = through.max(ef);
                if count > SCAN_FREE + SCANNED_PER_EXPANDED * through {
                    let from = self.enter(walker, q, 0, usize::MAX);
                    let ground = Ground { codes, layer: self.layer(0), q };
                    walker.walk(ground, &[from, self.entry], through, through, None);
                    walker.pool.retain(|e| set.contains(e.node()));
                    if walker.pool.len() >= keep {
                        return;
                    }
                }
                walker.scan(codes, q, ef.max(keep) + SPARE, set.iter());
            }
        }
    }

    /// The entry to the lowest layer; not `without`, whose first neighbour must do instead.
    fn enter_around(&self, walker: &mut Walker, q: &CodedQuery, without: Option<u32>) -> u32 {
        let at = self.enter(walker, q, 0, usize::MAX);
        if Some(at) != without {
            return at;
        }
        self.layer(0).neighbours(at).next().unwrap_or(at)
    }
}

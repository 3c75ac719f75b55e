//! The walk: best first over one layer of the graph.

use super::codes::{CodedQuery, View};
use crate::kernels::prefetch;
use mercato_core::Bitmap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// No node.
pub(crate) const NONE: u32 = u32::MAX;

/// One layer: `width` neighbours per node, [`NONE`] after the last.
#[derive(Clone, Copy)]
pub(crate) struct Layer<'a> {
    pub links: &'a [u32],
    pub width: usize,
}

impl<'a> Layer<'a> {
    #[inline]
    pub(crate) fn of(&self, node: u32) -> &'a [u32] {
        &self.links[node as usize * self.width..][..self.width]
    }

    /// The links of a node; whatever a damaged file may hold, only nodes of this layer.
    pub(crate) fn neighbours(&self, node: u32) -> impl Iterator<Item = u32> + 'a {
        let nodes = self.len() as u32;
        self.of(node).iter().copied().filter(move |&n| n < nodes)
    }

    pub(crate) fn len(&self) -> usize {
        self.links.len() / self.width
    }
}

/// A node of the pool in one number: ascending numbers are descending scores, then ascending
/// nodes; the lowest bit says whether the node was expanded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry(u64);

impl Entry {
    const EXPANDED: u64 = 1;

    #[inline]
    fn new(node: u32, score: f32) -> Self {
        let bits = score.to_bits();
        // Ascending in the score, as an unsigned number.
        let ascending = bits ^ (((bits as i32 >> 31) as u32) | 0x8000_0000);
        Self(u64::from(!ascending) << 32 | u64::from(node) << 1)
    }

    #[inline]
    pub(crate) fn node(self) -> u32 {
        (self.0 as u32) >> 1
    }

    #[inline]
    pub(crate) fn score(self) -> f32 {
        let ascending = !((self.0 >> 32) as u32);
        f32::from_bits(ascending ^ ((!(ascending as i32 >> 31)) as u32 | 0x8000_0000))
    }
}

/// Working memory of a walk, reused between requests.
#[derive(Clone, Default)]
pub(crate) struct Walker {
    /// Best first, at most `ef`.
    pub pool: Vec<Entry>,
    visited: Vec<u64>,
    /// Words of `visited` that are not zero.
    touched: Vec<u32>,
    fresh: Vec<u32>,
    sums: Vec<i32>,
    scores: Vec<f32>,
    /// Rows scored since the last reset.
    pub scored: usize,
    /// Nodes to expand in a filtered walk, best first.
    frontier: BinaryHeap<Reverse<Entry>>,
}

impl Walker {
    fn begin(&mut self, nodes: usize) {
        for &w in &self.touched {
            self.visited[w as usize] = 0;
        }
        self.touched.clear();
        if self.visited.len() < nodes.div_ceil(64) {
            self.visited.resize(nodes.div_ceil(64), 0);
        }
        self.pool.clear();
    }

    /// Marks a node; false when it was marked before, or does not exist.
    #[inline]
    fn visit(&mut self, node: u32, nodes: usize) -> bool {
        if node as usize >= nodes {
            return false;
        }
        let word = &mut self.visited[node as usize / 64];
        let bit = 1 << (node % 64);
        if *word == 0 {
            self.touched.push(node / 64);
        }
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Walks greedily to the best node of a layer that it can see from `from`.
    pub(crate) fn descend(
        &mut self,
        codes: View<'_>,
        layer: Layer<'_>,
        q: &CodedQuery,
        from: u32,
    ) -> u32 {
        codes.scores(q, &[from], &mut self.sums, &mut self.scores);
        let (mut best, mut score) = (from, self.scores[0]);
        let nodes = layer.len() as u32;
        loop {
            self.fresh.clear();
            self.fresh.extend(layer.of(best).iter().copied().take_while(|&n| n < nodes));
            self.fresh.iter().for_each(|&n| codes.prefetch(n));
            codes.scores(q, &self.fresh, &mut self.sums, &mut self.scores);
            self.scored += self.fresh.len();
            let before = best;
            for (&n, &s) in self.fresh.iter().zip(&self.scores) {
                if s > score {
                    (best, score) = (n, s);
                }
            }
            if best == before {
                return best;
            }
        }
    }

    /// Fills the pool with the `ef` best nodes found from the nodes `from`, as if `without` were not there.
    pub(crate) fn walk(
        &mut self,
        codes: View<'_>,
        layer: Layer<'_>,
        q: &CodedQuery,
        from: &[u32],
        ef: usize,
        without: Option<u32>,
    ) {
        let nodes = layer.len();
        self.begin(nodes);
        if let Some(node) = without {
            self.visit(node, nodes);
        }
        self.fresh.clear();
        for &node in from {
            if self.visit(node, nodes) {
                self.fresh.push(node);
            }
        }
        let mut cursor = self.take_in(codes, q, ef);
        while let Some(entry) = self.pool.get_mut(cursor) {
            if entry.0 & Entry::EXPANDED != 0 {
                cursor += 1;
                continue;
            }
            entry.0 |= Entry::EXPANDED;
            let node = entry.node();
            self.fresh.clear();
            for &n in layer.of(node) {
                if n == NONE {
                    break;
                }
                if self.visit(n, nodes) {
                    codes.prefetch(n);
                    self.fresh.push(n);
                }
            }
            let first = self.take_in(codes, q, ef);
            cursor = (cursor + 1).min(first);
            if let Some(next) = self.pool.get(cursor) {
                prefetch(layer.of(next.node()));
            }
        }
    }

    /// As [`walk`](Self::walk), with only nodes of `accept` in the pool. Where a node has matching
    /// neighbours, or neighbours of neighbours, only those are scored (a bridge over what does not
    /// match); where it has next to none, the walk goes through. Gives up, with false, when more than `budget`
    /// nodes were scored.
    #[allow(clippy::too_many_arguments, reason = "one internal door")]
    pub(crate) fn walk_filtered(
        &mut self,
        codes: View<'_>,
        layer: Layer<'_>,
        q: &CodedQuery,
        from: &[u32],
        ef: usize,
        accept: &Bitmap,
        budget: usize,
    ) -> bool {
        let nodes = layer.len();
        self.begin(nodes);
        self.frontier.clear();
        self.fresh.clear();
        for &node in from {
            if self.visit(node, nodes) {
                self.fresh.push(node);
            }
        }
        let limit = self.scored + budget;
        self.take_matches(codes, q, ef, accept);
        while let Some(Reverse(entry)) = self.frontier.pop() {
            if self.pool.len() == ef && self.pool.last().is_some_and(|&worst| entry > worst) {
                return true;
            }
            if self.scored > limit {
                return false;
            }
            self.fresh.clear();
            let links = layer.of(entry.node());
            // Matching neighbours, then those behind neighbours that do not match.
            for &n in links {
                if n != NONE && accept.contains(n) && self.visit(n, nodes) {
                    codes.prefetch(n);
                    self.fresh.push(n);
                }
            }
            for &n in links {
                if (n as usize) >= nodes || accept.contains(n) {
                    continue;
                }
                for &behind in layer.of(n) {
                    if self.fresh.len() >= layer.width {
                        break;
                    }
                    if accept.contains(behind) && self.visit(behind, nodes) {
                        codes.prefetch(behind);
                        self.fresh.push(behind);
                    }
                }
            }
            if self.fresh.len() < ENOUGH {
                for &n in links {
                    if n != NONE && self.visit(n, nodes) {
                        codes.prefetch(n);
                        self.fresh.push(n);
                    }
                }
            }
            self.take_matches(codes, q, ef, accept);
        }
        true
    }

    /// Scores the fresh nodes; all join the frontier unless they are hopeless, matches the pool.
    fn take_matches(&mut self, codes: View<'_>, q: &CodedQuery, ef: usize, accept: &Bitmap) {
        codes.scores(q, &self.fresh, &mut self.sums, &mut self.scores);
        self.scored += self.fresh.len();
        for (&n, &score) in self.fresh.iter().zip(&self.scores) {
            let entry = Entry::new(n, score);
            if self.pool.len() >= ef && self.pool.last().is_none_or(|&worst| entry > worst) {
                continue;
            }
            self.frontier.push(Reverse(entry));
            if accept.contains(n) {
                if self.pool.len() >= ef {
                    self.pool.pop();
                }
                let at = self.pool.partition_point(|&e| e < entry);
                self.pool.insert(at, entry);
            }
        }
    }

    /// Fills the pool with the `ef` best of `rows`, by scoring every one.
    pub(crate) fn scan(
        &mut self,
        codes: View<'_>,
        q: &CodedQuery,
        ef: usize,
        rows: impl Iterator<Item = u32>,
    ) {
        self.pool.clear();
        let mut rows = rows.fuse();
        loop {
            self.fresh.clear();
            for row in rows.by_ref().take(CHUNK) {
                codes.prefetch(row);
                self.fresh.push(row);
            }
            if self.fresh.is_empty() {
                return;
            }
            self.take_in(codes, q, ef);
        }
    }

    /// Scores the fresh nodes and puts them in the pool; the first place that changed.
    #[inline]
    fn take_in(&mut self, codes: View<'_>, q: &CodedQuery, ef: usize) -> usize {
        codes.scores(q, &self.fresh, &mut self.sums, &mut self.scores);
        self.scored += self.fresh.len();
        let mut first = usize::MAX;
        for (&n, &score) in self.fresh.iter().zip(&self.scores) {
            let entry = Entry::new(n, score);
            if self.pool.len() >= ef {
                if self.pool.last().is_none_or(|&worst| entry > worst) {
                    continue;
                }
                self.pool.pop();
            }
            let at = self.pool.partition_point(|&e| e < entry);
            self.pool.insert(at, entry);
            first = first.min(at);
        }
        first
    }
}

/// Rows scored at a time in a scan: few enough that all that was asked for is still near.
const CHUNK: usize = 32;
/// With fewer matching nodes than this in sight, a filtered walk goes through the others.
const ENOUGH: usize = 2;

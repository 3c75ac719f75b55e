//! The walk: best first over one layer of the graph.

use super::codes::{CodedQuery, View};
use crate::kernels::gather::{Simd, Work, dispatch};
use crate::kernels::prefetch;

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

    /// Asks for the links of a node to be brought near.
    #[inline]
    fn prefetch(&self, node: u32) {
        if let Some(links) = self.links.get(node as usize * self.width..) {
            prefetch(&links[..self.width.min(links.len())]);
        }
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
    /// Best first, at most what was asked to be kept.
    pub pool: Vec<Entry>,
    /// A bit for each node, and one that is always set for what is no node.
    visited: Vec<u64>,
    /// The nodes marked in `visited`.
    seen: Vec<u32>,
    /// Nodes to score: the first `count`.
    fresh: Vec<u32>,
    count: usize,
    sums: Vec<i32>,
    scores: Vec<f32>,
}

/// Room for fresh nodes: the neighbours, at most 128, of those expanded at a time.
const ROOM: usize = 512;

/// What a walk goes over and what it looks for.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub codes: View<'a>,
    pub layer: Layer<'a>,
    pub q: &'a CodedQuery,
}

impl Walker {
    fn begin(&mut self, nodes: usize) {
        for &n in &self.seen {
            self.visited[n as usize / 64] = 0;
        }
        self.seen.clear();
        if self.visited.len() < nodes / 64 + 1 {
            self.visited.resize(nodes / 64 + 1, 0);
        }
        if self.fresh.is_empty() {
            self.fresh = vec![0; ROOM];
            self.sums = vec![0; ROOM];
            self.scores = vec![0.0; ROOM];
        }
        self.visited[nodes / 64] |= 1 << (nodes % 64);
        self.seen.push(nodes as u32);
        self.pool.clear();
        self.count = 0;
    }

    /// Puts a node among the fresh ones unless it was visited before or does not exist.
    #[inline(always)]
    fn open(&mut self, node: u32, nodes: usize) {
        let node = node.min(nodes as u32);
        let word = &mut self.visited[node as usize / 64];
        let bit = 1 << (node % 64);
        self.fresh[self.count] = node;
        // No branch: whether a neighbour is new cannot be foretold.
        self.count += usize::from(*word & bit == 0);
        *word |= bit;
    }

    /// Forgets the fresh nodes, which were scored.
    #[inline(always)]
    fn close(&mut self) {
        self.seen.extend_from_slice(&self.fresh[..self.count]);
        self.count = 0;
    }

    /// Walks greedily to the best node of a layer that it can see from `from`.
    pub(crate) fn descend(&mut self, ground: Ground<'_>, from: u32) -> u32 {
        struct Descend<'a>(&'a mut Walker, Ground<'a>, u32, &'a mut u32);
        impl Work for Descend<'_> {
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                *self.3 = self.0.descend_with(simd, self.1, self.2);
            }
        }
        let mut at = from;
        dispatch(ground.codes.isa, Descend(self, ground, from, &mut at));
        at
    }

    #[inline(always)]
    fn descend_with<S: Simd>(&mut self, simd: S, ground: Ground<'_>, from: u32) -> u32 {
        let Ground { codes, layer, q } = ground;
        let nodes = layer.len();
        self.begin(nodes);
        self.open(from, nodes);
        codes.scores(simd, q, &self.fresh[..self.count], &mut self.sums, &mut self.scores);
        let (mut best, mut score) = (from, self.scores[0]);
        loop {
            self.close();
            for &n in layer.of(best) {
                if n == NONE {
                    break;
                }
                self.open(n, nodes);
            }
            let fresh = &self.fresh[..self.count];
            fresh.iter().for_each(|&n| codes.prefetch(n));
            codes.scores(simd, q, fresh, &mut self.sums, &mut self.scores);
            let before = best;
            for (&n, &s) in fresh.iter().zip(&self.scores) {
                if s > score {
                    (best, score) = (n, s);
                }
            }
            if best == before {
                self.close();
                return best;
            }
        }
    }

    /// Fills the pool with the `keep` best nodes seen while expanding the `ef` best found from the
    /// nodes `from`, as if `without` were not there.
    pub(crate) fn walk(
        &mut self,
        ground: Ground<'_>,
        from: &[u32],
        ef: usize,
        keep: usize,
        without: Option<u32>,
    ) {
        struct Walk<'a>(&'a mut Walker, Ground<'a>, &'a [u32], [usize; 2], Option<u32>);
        impl Work for Walk<'_> {
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                self.0.walk_with(simd, self.1, self.2, self.3, self.4);
            }
        }
        dispatch(ground.codes.isa, Walk(self, ground, from, [ef, keep.max(ef)], without));
    }

    #[inline(always)]
    fn walk_with<S: Simd>(
        &mut self,
        simd: S,
        ground: Ground<'_>,
        from: &[u32],
        [ef, keep]: [usize; 2],
        without: Option<u32>,
    ) {
        let layer = ground.layer;
        let nodes = layer.len();
        self.begin(nodes);
        if let Some(node) = without {
            self.open(node, nodes);
            self.close();
        }
        for &node in from {
            self.open(node, nodes);
        }
        let mut cursor = self.take_in(simd, ground, keep);
        loop {
            // Several at a time: the memory that one waits for arrives while another is opened.
            let mut expanded = 0;
            while expanded < BEAM
                && cursor < ef
                && let Some(entry) = self.pool.get_mut(cursor)
            {
                cursor += 1;
                if entry.0 & Entry::EXPANDED != 0 {
                    continue;
                }
                entry.0 |= Entry::EXPANDED;
                expanded += 1;
                let node = entry.node();
                for &n in layer.of(node) {
                    if n == NONE {
                        break;
                    }
                    self.open(n, nodes);
                }
            }
            if expanded == 0 {
                return;
            }
            cursor = cursor.min(self.take_in(simd, ground, keep));
        }
    }

    /// Fills the pool with the `keep` best of `rows`, by scoring every one.
    pub(crate) fn scan(
        &mut self,
        codes: View<'_>,
        q: &CodedQuery,
        keep: usize,
        rows: impl Iterator<Item = u32>,
    ) {
        struct Chunk<'a>(&'a mut Walker, Ground<'a>, usize);
        impl Work for Chunk<'_> {
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                self.0.take_in(simd, self.1, self.2);
            }
        }
        self.begin(0);
        let ground = Ground { codes, layer: Layer { links: &[], width: 1 }, q };
        let mut rows = rows.fuse();
        loop {
            for (place, row) in self.fresh.iter_mut().zip(rows.by_ref().take(CHUNK)) {
                *place = row;
                self.count += 1;
            }
            if self.count == 0 {
                return;
            }
            dispatch(codes.isa, Chunk(self, ground, keep));
            self.seen.truncate(1);
        }
    }

    /// Scores the fresh nodes and puts the best in the pool; the first place that changed.
    #[inline(always)]
    fn take_in<S: Simd>(&mut self, simd: S, ground: Ground<'_>, keep: usize) -> usize {
        let Ground { codes, q, .. } = ground;
        let fresh = &self.fresh[..self.count];
        fresh.iter().for_each(|&n| codes.prefetch(n));
        codes.scores(simd, q, fresh, &mut self.sums, &mut self.scores);
        let worst = match self.pool.last() {
            Some(worst) if self.pool.len() >= keep => worst.score(),
            _ => f32::NEG_INFINITY,
        };
        let mut first = usize::MAX;
        // Most are too far: those that are not are sought out without a branch for each.
        let mut near = 0;
        for i in 0..self.count {
            self.sums[near] = i as i32;
            near += usize::from(self.scores[i] >= worst);
        }
        for &i in &self.sums[..near] {
            ground.layer.prefetch(fresh[i as usize]);
            let entry = Entry::new(fresh[i as usize], self.scores[i as usize]);
            first = first.min(insert(&mut self.pool, keep, entry));
        }
        self.close();
        first
    }
}

/// Puts an entry in its place among at most `keep`; the place, or `usize::MAX` when there is none.
#[inline(always)]
fn insert(pool: &mut Vec<Entry>, keep: usize, entry: Entry) -> usize {
    if pool.len() < keep {
        pool.push(entry);
    } else if pool.last().is_none_or(|&worst| entry > worst) {
        return usize::MAX;
    }
    let last = pool.len() - 1;
    if last > SHORT {
        let at = pool[..last].partition_point(|&e| e < entry);
        pool.copy_within(at..last, at + 1);
        pool[at] = entry;
        return at;
    }
    let mut at = last;
    while at > 0 && pool[at - 1] > entry {
        pool[at] = pool[at - 1];
        at -= 1;
    }
    pool[at] = entry;
    at
}

/// Nodes expanded at a time.
const BEAM: usize = 2;
/// In a pool of up to this many, places are sought one by one.
const SHORT: usize = 32;
/// Rows scored at a time in a scan: few enough that all that was asked for is still near.
const CHUNK: usize = 32;

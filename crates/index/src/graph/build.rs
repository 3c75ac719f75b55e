//! Building: batches of nodes search the graph as it stands, then are linked all at once.
//!
//! What a node sees depends on the batches before it alone, so that the graph is the same for any
//! number of threads.

use super::codes::{CodedQuery, Codes, View};
use super::search::{Ground, NONE, Walker};
use super::{Graph, GraphParams, SMALLEST_LAYER};
use crate::kernels::gather::{Simd, Work, dispatch};
use crate::scan::Space;
use mercato_core::{Bitmap, Result, Run, Task};
use rayon::prelude::*;

/// Nodes inserted at once at most: few enough that those of a batch, which cannot see each other,
/// hardly miss anything.
const MAX_BATCH: usize = 1024;

/// Working memory of one thread.
#[derive(Default)]
pub(super) struct Hand {
    pub walker: Walker,
    pub query: CodedQuery,
    other: CodedQuery,
    /// Distance and node.
    candidates: Vec<(f32, u32)>,
    chosen: Vec<u32>,
    occluded: Vec<u32>,
    sums: Vec<i32>,
    distances: Vec<f32>,
}

/// How many neighbours to choose: up to `width`, and at least `fill` while there are any.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub width: usize,
    pub fill: usize,
}

impl Hand {
    /// Neighbours for row `of` among `nodes`: nearest first, those that no nearer neighbour
    /// occludes, up to a width; then the nearest of the occluded until there are enough.
    pub(super) fn neighbours(
        &mut self,
        codes: View<'_>,
        params: &GraphParams,
        of: u32,
        nodes: &[u32],
        wanted: Wanted,
    ) -> Vec<u32> {
        struct Measure<'a, 'b>(&'a mut Hand, View<'b>, &'a [u32]);
        impl Work for Measure<'_, '_> {
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                let Measure(hand, codes, nodes) = self;
                hand.sums.resize(nodes.len(), 0);
                hand.distances.resize(nodes.len(), 0.0);
                codes.distances(simd, &hand.query, nodes, &mut hand.sums, &mut hand.distances);
            }
        }
        self.query.set_row_of(codes, of);
        dispatch(codes.isa, Measure(self, codes, nodes));
        self.candidates.clear();
        self.candidates.extend(self.distances.iter().copied().zip(nodes.iter().copied()));
        self.candidates.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.candidates.dedup_by_key(|c| c.1);
        self.choose(codes, params, wanted)
    }

    /// Neighbours for the row that was the query of the last walk, among what it found.
    fn neighbours_found(
        &mut self,
        codes: View<'_>,
        params: &GraphParams,
        wanted: Wanted,
    ) -> Vec<u32> {
        self.candidates.clear();
        let Hand { candidates, walker, query, .. } = self;
        candidates.extend(walker.pool.iter().map(|e| (codes.distance_of(query, *e), e.node())));
        if codes.space == Space::Dot {
            // Found by inner product.
            candidates.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        self.choose(codes, params, wanted)
    }

    /// Chooses among the candidates, which are in order.
    fn choose(&mut self, codes: View<'_>, params: &GraphParams, wanted: Wanted) -> Vec<u32> {
        struct Choose<'a, 'b>(&'a mut Hand, View<'b>, &'a GraphParams, Wanted);
        impl Work for Choose<'_, '_> {
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                self.0.choose_with(simd, self.1, self.2, self.3);
            }
        }
        dispatch(codes.isa, Choose(self, codes, params, wanted));
        self.chosen.clone()
    }

    #[inline(always)]
    fn choose_with<S: Simd>(
        &mut self,
        simd: S,
        codes: View<'_>,
        params: &GraphParams,
        Wanted { width, fill }: Wanted,
    ) {
        self.chosen.clear();
        self.occluded.clear();
        let stretch = params.alpha * params.alpha;
        let (mut sums, mut distances) = ([0; TOGETHER], [0.0; TOGETHER]);
        for &(distance, node) in &self.candidates {
            if self.chosen.len() == width {
                break;
            }
            self.other.set_row_of(codes, node);
            let occluded = self.chosen.chunks(TOGETHER).any(|some| {
                codes.distances(simd, &self.other, some, &mut sums, &mut distances);
                distances[..some.len()].iter().any(|&d| d * stretch < distance)
            });
            if !occluded {
                self.chosen.push(node);
            } else if self.occluded.len() < fill {
                self.occluded.push(node);
            }
        }
        let more = fill.saturating_sub(self.chosen.len());
        self.chosen.extend(self.occluded.iter().take(more));
    }
}

/// Chosen neighbours that are compared with a candidate at a time.
const TOGETHER: usize = 8;

impl Graph {
    /// Links the rows of `codes`, layer by layer from the top. Rows must be in random order: the
    /// first of them make up the upper layers.
    pub(crate) fn build(codes: Codes, params: GraphParams, run: &Run) -> Result<Self> {
        let n = codes.len();
        let mut counts = vec![n];
        while counts[counts.len() - 1] / params.m >= SMALLEST_LAYER {
            counts.push(counts[counts.len() - 1] / params.m);
        }
        let mut graph = Graph { codes, params, layers: Vec::new(), entry: 0, unchecked: 0 };
        graph.layers =
            (0..counts.len()).map(|l| vec![NONE; counts[l] * graph.width(l)].into()).collect();
        let task = run.stage("graph", counts.iter().sum::<usize>() as u64);
        for l in (0..counts.len()).rev() {
            let mut done = 1.min(counts[l]);
            task.tick(done as u64)?;
            while done < counts[l] {
                let size = (done / 4 + 1).min(MAX_BATCH).min(counts[l] - done);
                let batch: Vec<u32> = (done as u32..(done + size) as u32).collect();
                graph.insert(l, done, &batch, &task)?;
                done += size;
            }
        }
        // Among many equal vectors, pruning may leave some without a link to them.
        graph.reconnect(&Bitmap::full(n), run)?;
        Ok(graph)
    }

    /// Links nodes that have no links yet, in every layer that they belong to; `live` are all that
    /// are then linked.
    pub(super) fn insert_all(&mut self, nodes: &[u32], live: &Bitmap, run: &Run) -> Result<()> {
        let task = run.stage("graph", nodes.len() as u64);
        for l in (0..self.layers.len()).rev() {
            let count = self.layer(l).len() as u32;
            let members: Vec<u32> = nodes.iter().copied().filter(|&n| n < count).collect();
            let linked = live.iter().take_while(|&n| n < count).count();
            let (mut linked, mut rest) = (linked - members.len().min(linked), members.as_slice());
            while !rest.is_empty() {
                let (batch, later) = rest.split_at((linked / 4 + 1).min(MAX_BATCH).min(rest.len()));
                self.insert(l, usize::MAX, batch, &task)?;
                linked += batch.len();
                rest = later;
            }
        }
        Ok(())
    }

    /// Links `batch` into layer `l`, of which nodes `0..done` are linked already.
    fn insert(&mut self, l: usize, done: usize, batch: &[u32], task: &Task<'_>) -> Result<()> {
        let codes = self.codes.view();
        let (width, params) = (self.width(l), &self.params);
        let layer = self.layer(l);
        let links: Vec<Vec<u32>> = batch
            .par_iter()
            .map_init(Hand::default, |hand, &node| {
                task.tick(u64::from(l == 0))?;
                hand.query.set_row_of(codes, node);
                let from = self.enter(&mut hand.walker, &hand.query, l, done);
                let Hand { walker, query, .. } = hand;
                let ground = Ground { codes, layer, q: query };
                let ef = params.ef_construction;
                walker.walk(ground, &[from, self.entry], ef, ef, Some(node));
                Ok(hand.neighbours_found(codes, params, Wanted { width, fill: width / 2 }))
            })
            .collect::<Result<_>>()?;
        self.link_both_ways(l, batch, links);
        Ok(())
    }

    /// Gives nodes their links, and every node that they link to a link back while there is room,
    /// or when it is better than others.
    fn link_both_ways(&mut self, l: usize, batch: &[u32], links: Vec<Vec<u32>>) {
        let mut back: Vec<(u32, u32)> = Vec::new();
        for (&node, links) in batch.iter().zip(&links) {
            back.extend(links.iter().map(|&target| (target, node)));
        }
        back.par_sort_unstable();
        self.set_links(l, batch.iter().copied().zip(links));
        let codes = self.codes.view();
        let (width, params, layer) = (self.width(l), &self.params, self.layer(l));
        let targets: Vec<&[(u32, u32)]> = back.chunk_by(|a, b| a.0 == b.0).collect();
        let merged: Vec<(u32, Vec<u32>)> = targets
            .par_iter()
            .map_init(Hand::default, |hand, pairs| {
                let target = pairs[0].0;
                let mut all: Vec<u32> = layer.neighbours(target).collect();
                let old = all.len();
                for &(_, node) in *pairs {
                    if !all[..old].contains(&node) {
                        all.push(node);
                    }
                }
                if all.len() <= width {
                    return (target, all);
                }
                let wanted = Wanted { width, fill: 0 };
                (target, hand.neighbours(codes, params, target, &all, wanted))
            })
            .collect();
        self.set_links(l, merged.into_iter());
    }

    /// Where to enter layer `l` for a query, through the layers above that are complete when the
    /// nodes `0..done` of layer `l` are linked.
    pub(super) fn enter(&self, walker: &mut Walker, q: &CodedQuery, l: usize, done: usize) -> u32 {
        let codes = self.codes.view();
        let mut at = self.entry;
        for upper in (l + 1..self.layers.len()).rev() {
            let layer = self.layer(upper);
            if layer.len() <= done && (at as usize) < layer.len() {
                at = walker.descend(Ground { codes, layer, q }, at);
            }
        }
        at
    }

    pub(super) fn set_links(&mut self, l: usize, all: impl Iterator<Item = (u32, Vec<u32>)>) {
        let width = self.width(l);
        let mut links = std::mem::take(&mut self.layers[l]).into_vec();
        for (node, neighbours) in all {
            let place = &mut links[node as usize * width..][..width];
            place.fill(NONE);
            place[..neighbours.len()].copy_from_slice(&neighbours);
        }
        self.layers[l] = links.into();
    }
}

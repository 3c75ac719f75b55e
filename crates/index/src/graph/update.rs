//! Removing and adding nodes in place.
//!
//! A removed node's neighbours are joined to each other: every node that linked to it chooses anew
//! among what it had left and what the removed node linked to (as FreshDiskANN does). Nothing links
//! to a removed node afterwards, and whatever cannot be reached any more is inserted again.

use super::Graph;
use super::build::{Hand, Wanted};
use super::search::{Ground, NONE};
use mercato_core::{Bitmap, Result, Run};
use rayon::prelude::*;

/// How often unreachable nodes are inserted again before the rest is left to the next update.
const ROUNDS: usize = 8;
/// Up to this many nodes, every update ends by looking for unreachable ones.
const ALWAYS_CHECKED: usize = 20_000;

impl Graph {
    /// Unlinks the nodes of `dead`; `live` are those that stay.
    pub(crate) fn remove(&mut self, dead: &Bitmap, live: &Bitmap, run: &Run) -> Result<()> {
        let task = run.stage("repair", self.codes.len() as u64);
        for l in 0..self.layers.len() {
            let codes = self.codes.view();
            let (width, params, layer) = (self.width(l), &self.params, self.layer(l));
            let repaired: Vec<(u32, Vec<u32>)> = (0..layer.len() as u32)
                .into_par_iter()
                .map_init(Hand::default, |hand, node| {
                    task.tick(u64::from(l == 0))?;
                    if dead.contains(node) {
                        return Ok(Some((node, Vec::new())));
                    }
                    if !live.contains(node) || !layer.neighbours(node).any(|n| dead.contains(n)) {
                        return Ok(None);
                    }
                    let mut all: Vec<u32> = Vec::new();
                    for n in layer.neighbours(node) {
                        if dead.contains(n) {
                            all.extend(
                                layer.neighbours(n).filter(|&b| live.contains(b) && b != node),
                            );
                        } else {
                            all.push(n);
                        }
                    }
                    all.sort_unstable();
                    all.dedup();
                    let fill = layer.neighbours(node).count();
                    let wanted = Wanted { width, fill };
                    Ok(Some((node, hand.neighbours(codes, params, node, &all, wanted))))
                })
                .filter_map(Result::transpose)
                .collect::<Result<_>>()?;
            self.set_links(l, repaired.into_iter());
        }
        self.entry = live.iter().next().unwrap_or(0);
        self.reconnect(live, run)
    }

    /// Links nodes whose codes were just set; `live` are all nodes that are then in the graph.
    pub(crate) fn add(&mut self, nodes: &[u32], live: &Bitmap, run: &Run) -> Result<()> {
        let missing = self.codes.len() * self.width(0) - self.layers[0].len();
        if missing > 0 {
            let mut links = std::mem::take(&mut self.layers[0]).into_vec();
            links.resize(links.len() + missing, NONE);
            self.layers[0] = links.into();
        }
        if nodes.len() == live.count() {
            // Nothing to find yet: the first node is where the others enter.
            self.entry = nodes.first().copied().unwrap_or(0);
        }
        self.insert_all(nodes, live, run)?;
        self.entry = live.iter().next().unwrap_or(0);
        // Looking at every link of a large graph is more than a few nodes are worth.
        self.unchecked += nodes.len();
        let count = live.count();
        if count > ALWAYS_CHECKED && self.unchecked * 100 < count {
            return Ok(());
        }
        self.reconnect(live, run)
    }

    /// The live nodes that no walk can reach.
    pub(crate) fn unreachable(&self, live: &Bitmap) -> Vec<u32> {
        let layer = self.layer(0);
        if layer.len() == 0 {
            return Vec::new();
        }
        let mut seen = Bitmap::empty(layer.len());
        // A walk may begin at any live node of the upper layers that the descent ends at; the
        // entry alone is asked for here, which is stricter.
        let mut queue = vec![self.entry];
        seen.insert(self.entry);
        while let Some(node) = queue.pop() {
            for n in layer.neighbours(node) {
                if !seen.contains(n) {
                    seen.insert(n);
                    queue.push(n);
                }
            }
        }
        live.iter().filter(|&n| !seen.contains(n)).collect()
    }

    /// Inserts unreachable nodes again, then forces a link to those that pruning drops each time.
    pub(super) fn reconnect(&mut self, live: &Bitmap, run: &Run) -> Result<()> {
        self.unchecked = 0;
        for round in 0..ROUNDS {
            let lost = self.unreachable(live);
            if lost.is_empty() {
                return Ok(());
            }
            if round == 0 {
                self.insert_all(&lost, live, run)?;
            } else {
                self.force(&lost);
            }
        }
        Ok(())
    }

    /// Gives each node a link from the nearest node with room, or in the place of the last link
    /// of the nearest that has not given up one yet, or of the node linked before it: many equal
    /// vectors would otherwise push each other out.
    fn force(&mut self, lost: &[u32]) {
        let mut hand = Hand::default();
        let mut gave = Bitmap::empty(self.codes.len());
        let mut last = None;
        let mut links_to = vec![0u32; self.codes.len()];
        for &n in self.layers[0].iter() {
            if let Some(count) = links_to.get_mut(n as usize) {
                *count += 1;
            }
        }
        for &node in lost {
            let codes = self.codes.view();
            hand.query.set_row_of(codes, node);
            // From the entry itself: only what it reaches helps.
            let (layer, width) = (self.layer(0), self.width(0));
            let Hand { walker, query, .. } = &mut hand;
            let ef = self.params.ef_construction;
            walker.walk(Ground { codes, layer, q: query }, &[self.entry], ef, ef, Some(node));
            let near = || hand.walker.pool.iter().map(|e| e.node());
            let roomy = near().find(|&n| layer.neighbours(n).count() < width);
            let unused = || near().find(|&n| !gave.contains(n));
            let Some(target) = roomy.or_else(unused).or(last) else { continue };
            gave.insert(target);
            last = Some(node);
            let mut links: Vec<u32> = layer.neighbours(target).collect();
            if links.len() == width {
                // Not the only link to something, if there is a choice.
                let spare = links.iter().rposition(|&n| links_to[n as usize] > 1);
                let out = links.remove(spare.unwrap_or(width - 1));
                links_to[out as usize] -= 1;
            }
            links.push(node);
            links_to[node as usize] += 1;
            self.set_links(0, std::iter::once((target, links)));
        }
    }
}

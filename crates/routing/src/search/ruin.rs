//! Ruin: strings of clients are taken off routes that lie side by side.

use super::neighbours::Neighbours;
use super::state::State;
use crate::problem::instance::NONE;
use mercato_core::Rng;

/// How much is ruined, in the words of the paper.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ruin {
    /// Clients removed per iteration, on average.
    pub average_removed: f64,
    /// Longest string.
    pub longest_string: f64,
    /// Chance that a string keeps a part in its middle.
    pub split_rate: f64,
    /// Chance that the kept part grows by one more.
    pub split_growth: f64,
}

/// Memory that is reused.
#[derive(Default)]
pub(super) struct Work {
    mark: Vec<bool>,
    /// Clients that this ruin removed.
    pub removed: Vec<u32>,
    done: Vec<u32>,
    clock: u32,
}

impl Ruin {
    pub fn run(&self, s: &mut State<'_>, near: &Neighbours, w: &mut Work, rng: &mut Rng) {
        let it = s.it;
        w.mark.resize(it.clients, false);
        w.done.resize(s.routes.len(), 0);
        w.clock += 1;
        w.removed.clear();
        let open: usize = s.used.iter().sum();
        if open == 0 {
            return;
        }
        let served = it.clients - s.absent.len();
        let average = served as f64 / open as f64;
        let longest = self.longest_string.min(average);
        let most = 4.0 * self.average_removed / (1.0 + longest) - 1.0;
        let strings = (rng.unit() * most.max(0.0) + 1.0) as usize;
        let seed = rng.below(it.clients as u64) as u32;
        let mut cut = 0;
        let mut k = 0;
        let list = &near.near[seed as usize];
        while cut < strings && k <= list.len() {
            let c = if k == 0 { seed } else { list[k - 1] };
            k += 1;
            let at = s.at[c as usize];
            if at.route == NONE || w.done[at.route as usize] == w.clock {
                continue;
            }
            let r = at.route as usize;
            if at.pos as usize <= s.routes[r].frozen {
                continue;
            }
            w.done[r] = w.clock;
            cut += 1;
            self.string(s, r, at.pos as usize, longest, w, rng);
        }
    }

    /// Removes a string of route `r` that contains position `pos`.
    fn string(
        &self,
        s: &mut State<'_>,
        r: usize,
        pos: usize,
        longest: f64,
        w: &mut Work,
        rng: &mut Rng,
    ) {
        let it = s.it;
        // What is frozen is out of sight; positions below count from there.
        let frozen = s.routes[r].frozen;
        let seq = &s.routes[r].seq[frozen..];
        let pos = pos - frozen;
        let n = seq.len() - 2;
        let limit = (n as f64).min(longest);
        let length = ((rng.unit() * limit + 1.0) as usize).min(n);
        let mut kept = 0;
        if length > 1 && length < n && rng.unit() < self.split_rate {
            kept = 1;
            while length + kept < n && rng.unit() < self.split_growth {
                kept += 1;
            }
        }
        let span = length + kept;
        // Positions 1..=n; the span starts so that it covers `pos`.
        let low = pos.saturating_sub(span - 1).max(1);
        let high = pos.min(n + 1 - span);
        let first = low + rng.below((high - low + 1) as u64) as usize;
        let hole = if kept > 0 { 1 + rng.below((length - 1) as u64) as usize } else { length };
        let from = w.removed.len();
        for k in 0..span {
            if k >= hole && k < hole + kept {
                continue;
            }
            let u = seq[first + k];
            if it.is_client(u) && !w.mark[u as usize] {
                w.mark[u as usize] = true;
                w.removed.push(u);
            }
        }
        // What cannot stay without the removed goes too: the other end of a shipment, collections
        // whose trip has lost its last delivery.
        let mut settled = from;
        loop {
            if it.has.shipments {
                while settled < w.removed.len() {
                    let partner = it.partner[w.removed[settled] as usize];
                    settled += 1;
                    if partner != NONE
                        && !w.mark[partner as usize]
                        && s.at[partner as usize].pos as usize > frozen
                    {
                        w.mark[partner as usize] = true;
                        w.removed.push(partner);
                    }
                }
            }
            let before = w.removed.len();
            if it.has.backhaul {
                let seq = &s.routes[r].seq;
                for trip in seq[1..seq.len() - 1].split(|&v| !it.is_client(v)) {
                    let stays = |u: &u32| !w.mark[*u as usize];
                    if trip.iter().find(|u| stays(u)).is_some_and(|&u| it.backhaul[u as usize]) {
                        for &u in trip {
                            if !w.mark[u as usize] && s.at[u as usize].pos as usize > frozen {
                                w.mark[u as usize] = true;
                                w.removed.push(u);
                            }
                        }
                    }
                }
            }
            if w.removed.len() == before {
                break;
            }
        }
        if it.has.shipments && frozen > 0 {
            // A delivery whose pickup is behind it stays with its vehicle.
            let mark = &mut w.mark;
            let mut k = from;
            while k < w.removed.len() {
                let u = w.removed[k];
                let partner = it.partner[u as usize];
                if partner != NONE && !mark[partner as usize] {
                    mark[u as usize] = false;
                    w.removed.swap_remove(k);
                } else {
                    k += 1;
                }
            }
        }
        let mark = &w.mark;
        s.remove(r, |u| mark[u as usize]);
        for &u in &w.removed[from..] {
            w.mark[u as usize] = false;
        }
    }
}

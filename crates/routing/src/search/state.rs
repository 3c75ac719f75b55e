//! The current routes, how they change, and how a change is taken back.

use crate::aspects::{self, Cursor, Tracks};
use crate::problem::instance::{Instance, NONE};

/// One route: start node, clients and reloads, end node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Route {
    pub seq: Vec<u32>,
    pub tracks: Tracks,
    pub fleet: usize,
    pub cost: f64,
    /// Clients on it.
    pub clients: usize,
    /// The last position that may not change any more; 0 when everything may.
    pub frozen: usize,
}

impl Route {
    pub fn copy_from(&mut self, o: &Route) {
        self.seq.clone_from(&o.seq);
        let (t, s) = (&mut self.tracks, &o.tracks);
        t.distance.clone_from(&s.distance);
        t.delivered.clone_from(&s.delivered);
        t.load_before.clone_from(&s.load_before);
        t.load_after.clone_from(&s.load_after);
        t.begin.clone_from(&s.begin);
        t.latest.clone_from(&s.latest);
        t.time_before.clone_from(&s.time_before);
        t.time_after.clone_from(&s.time_after);
        t.stops.clone_from(&s.stops);
        self.fleet = o.fleet;
        self.cost = o.cost;
        self.clients = o.clients;
        self.frozen = o.frozen;
    }
}

/// Where a client is, and its neighbours there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub route: u32,
    pub pos: u32,
    pub prev: u32,
    pub next: u32,
    pub to_prev: i64,
    pub to_next: i64,
}

const NOWHERE: At = At { route: NONE, pos: 0, prev: 0, next: 0, to_prev: 0, to_next: 0 };

/// The whole working state of one trajectory.
pub(crate) struct State<'a> {
    pub it: &'a Instance,
    pub routes: Vec<Route>,
    /// Per route: what still fits (plain loads), cost per distance.
    pub room: Vec<i64>,
    pub unit: Vec<f64>,
    pub at: Vec<At>,
    pub absent: Vec<u32>,
    /// Vehicles in use per type.
    pub used: Vec<usize>,
    /// Sum of route costs and of the penalties of absent clients.
    pub cost: f64,
    /// Cost of each client's absence; 0 for members of groups.
    pub penalty: Vec<f64>,
    /// Cost of each group's absence.
    pub group_penalty: Vec<f64>,
    free: Vec<u32>,
    /// An empty route per vehicle type.
    pub empty: Vec<Route>,
    /// Visited members per group.
    pub group_on: Vec<u32>,
    // Undo.
    stamp: Vec<u32>,
    clock: u32,
    saved: Vec<(u32, Route)>,
    spare: Vec<Route>,
    saved_absent: Vec<u32>,
    saved_cost: f64,
    /// Routes changed since the last [`State::sync`].
    pub changed: Vec<u32>,
    is_changed: Vec<bool>,
}

impl<'a> State<'a> {
    pub fn new(it: &'a Instance, penalty: Vec<f64>, group_penalty: Vec<f64>) -> Self {
        let empty = it
            .fleet
            .iter()
            .enumerate()
            .map(|(k, f)| {
                let mut r =
                    Route { seq: vec![f.start as u32, f.end as u32], fleet: k, ..Route::default() };
                let Route { seq, tracks, .. } = &mut r;
                aspects::rebuild(it, f, seq, tracks, 0, 2);
                r
            })
            .collect();
        let absent: Vec<u32> = (0..it.clients as u32).collect();
        let cost = absent.iter().map(|&u| penalty[u as usize]).sum::<f64>()
            + group_penalty.iter().sum::<f64>();
        Self {
            it,
            routes: Vec::new(),
            room: Vec::new(),
            unit: Vec::new(),
            at: vec![NOWHERE; it.clients],
            absent,
            used: vec![0; it.fleet.len()],
            cost,
            penalty,
            group_penalty,
            free: Vec::new(),
            empty,
            group_on: vec![0; it.groups.len()],
            stamp: Vec::new(),
            clock: 0,
            saved: Vec::new(),
            spare: Vec::new(),
            saved_absent: Vec::new(),
            saved_cost: 0.0,
            changed: Vec::new(),
            is_changed: Vec::new(),
        }
    }

    /// Begins a change that [`rollback`](Self::rollback) can take back.
    pub fn begin(&mut self) {
        self.clock += 1;
        while let Some((_, r)) = self.saved.pop() {
            self.spare.push(r);
        }
        self.saved_absent.clone_from(&self.absent);
        self.saved_cost = self.cost;
    }

    /// Takes back everything since [`begin`](Self::begin).
    pub fn rollback(&mut self) {
        for k in 0..self.absent.len() {
            let u = self.absent[k];
            self.at[u as usize] = NOWHERE;
        }
        while let Some((r, mut old)) = self.saved.pop() {
            let k = r as usize;
            let was_open = self.routes[k].clients > 0;
            if was_open {
                self.used[self.routes[k].fleet] -= 1;
                for i in 1..self.routes[k].seq.len() - 1 {
                    let u = self.routes[k].seq[i];
                    self.leave_group(u);
                }
            }
            std::mem::swap(&mut self.routes[k], &mut old);
            self.spare.push(old);
            if self.routes[k].clients > 0 {
                self.used[self.routes[k].fleet] += 1;
            } else {
                self.free.push(r);
            }
            self.settle(k, 1);
            if self.it.has.groups {
                for i in 1..self.routes[k].seq.len() - 1 {
                    let u = self.routes[k].seq[i];
                    self.join_group(u);
                }
            }
        }
        std::mem::swap(&mut self.absent, &mut self.saved_absent);
        for k in 0..self.absent.len() {
            let u = self.absent[k];
            self.at[u as usize] = NOWHERE;
        }
        self.cost = self.saved_cost;
    }

    /// Forgets which routes changed; the caller has copied them.
    pub fn sync(&mut self) {
        for r in self.changed.drain(..) {
            self.is_changed[r as usize] = false;
        }
    }

    /// Saves a route before its first change.
    fn touch(&mut self, r: usize) {
        if self.stamp[r] != self.clock {
            self.stamp[r] = self.clock;
            let mut copy = self.spare.pop().unwrap_or_default();
            copy.copy_from(&self.routes[r]);
            self.saved.push((r as u32, copy));
            if !self.is_changed[r] {
                self.is_changed[r] = true;
                self.changed.push(r as u32);
            }
        }
    }

    fn join_group(&mut self, u: u32) {
        if self.it.has.groups && self.it.is_client(u) && self.it.group[u as usize] != NONE {
            let g = self.it.group[u as usize] as usize;
            self.group_on[g] += 1;
            if self.group_on[g] == 1 {
                self.cost -= self.group_penalty[g];
            }
        }
    }

    fn leave_group(&mut self, u: u32) {
        if self.it.has.groups && self.it.is_client(u) && self.it.group[u as usize] != NONE {
            let g = self.it.group[u as usize] as usize;
            self.group_on[g] -= 1;
            if self.group_on[g] == 0 {
                self.cost += self.group_penalty[g];
            }
        }
    }

    /// Refreshes what is derived from a route whose tracks are right.
    fn settle(&mut self, r: usize, from: usize) {
        let it = self.it;
        let route = &self.routes[r];
        let (seq, t) = (&route.seq, &route.tracks);
        let f = &it.fleet[route.fleet];
        if it.has.capacity && !it.has.rich_load {
            self.room[r] = f.capacity[0] - t.delivered[seq.len() - 1];
        }
        self.unit[r] = f.unit_distance_cost;
        for i in from.saturating_sub(1).max(1)..seq.len() - 1 {
            let u = seq[i];
            if it.is_client(u) {
                self.at[u as usize] = At {
                    route: r as u32,
                    pos: i as u32,
                    prev: seq[i - 1],
                    next: seq[i + 1],
                    to_prev: t.distance[i] - t.distance[i - 1],
                    to_next: t.distance[i + 1] - t.distance[i],
                };
            }
        }
    }

    /// Recomputes a route after positions `from..suffix_to` changed.
    fn refresh(&mut self, r: usize, from: usize, suffix_to: usize) {
        let it = self.it;
        let route = &mut self.routes[r];
        let f = &it.fleet[route.fleet];
        self.cost -= route.cost;
        if route.clients == 0 {
            route.cost = 0.0;
            return;
        }
        let Route { seq, tracks, .. } = route;
        if !aspects::rebuild(it, f, seq, tracks, from, suffix_to) {
            self.dismantle(r);
            return;
        }
        let cost = self.price(r);
        self.routes[r].cost = cost;
        self.cost += self.routes[r].cost;
        self.settle(r, from);
    }

    /// Takes everything off a route that a removal has made break a rule. Its cost is already
    /// out of the sum.
    fn dismantle(&mut self, r: usize) {
        let it = self.it;
        for i in 1..self.routes[r].seq.len() - 1 {
            let u = self.routes[r].seq[i];
            if it.is_client(u) {
                self.leave_group(u);
                self.at[u as usize] = NOWHERE;
                self.absent.push(u);
                self.cost += self.penalty[u as usize];
            }
        }
        let fleet = self.routes[r].fleet;
        self.routes[r].copy_from(&self.empty[fleet]);
        self.used[fleet] -= 1;
        self.free.push(r as u32);
    }

    /// Cost of a route from its tracks.
    fn price(&self, r: usize) -> f64 {
        let it = self.it;
        let route = &self.routes[r];
        let f = &it.fleet[route.fleet];
        let last = route.seq.len() - 1;
        let mut cost = f.fixed_cost + f.unit_distance_cost * route.tracks.distance[last] as f64;
        if f.unit_duration_cost > 0.0 {
            let c = Cursor::at(it, &route.seq, &route.tracks, last - 1);
            cost = c
                .join(it, f, &route.seq, &route.tracks, last)
                .expect("routes in the search keep the rules");
        }
        cost
    }

    /// Opens a route of vehicle type `fleet` with these nodes.
    pub fn open(&mut self, fleet: usize, nodes: &[u32]) -> usize {
        let r = loop {
            match self.free.pop() {
                Some(r) if self.routes[r as usize].clients == 0 => break r as usize,
                Some(_) => {}
                None => {
                    self.routes.push(Route::default());
                    self.room.push(0);
                    self.unit.push(0.0);
                    self.stamp.push(0);
                    self.is_changed.push(false);
                    let r = self.routes.len() - 1;
                    self.routes[r].copy_from(&self.empty[0]);
                    break r;
                }
            }
        };
        self.touch(r);
        let route = &mut self.routes[r];
        route.copy_from(&self.empty[fleet]);
        route.seq.splice(1..1, nodes.iter().copied());
        route.clients = nodes.iter().filter(|&&u| self.it.is_client(u)).count();
        route.cost = 0.0;
        self.used[fleet] += 1;
        let n = route.seq.len();
        for &u in nodes {
            self.join_group(u);
        }
        self.refresh(r, 1, n);
        r
    }

    /// Puts nodes before position `pos` of a route.
    pub fn insert(&mut self, r: usize, pos: usize, nodes: &[u32]) {
        self.touch(r);
        let route = &mut self.routes[r];
        if nodes.len() == 1 {
            route.seq.insert(pos, nodes[0]);
        } else {
            route.seq.splice(pos..pos, nodes.iter().copied());
        }
        route.clients += nodes.iter().filter(|&&u| self.it.is_client(u)).count();
        for &u in nodes {
            self.join_group(u);
        }
        self.refresh(r, pos, pos + nodes.len());
    }

    /// Puts a shipment's ends before positions `p <= d` of a route as it is now.
    pub fn insert_pair(&mut self, r: usize, p: usize, d: usize, pickup: u32, delivery: u32) {
        self.touch(r);
        let route = &mut self.routes[r];
        route.seq.insert(d, delivery);
        route.seq.insert(p, pickup);
        route.clients += 2;
        self.refresh(r, p, d + 2);
    }

    /// Takes every client for which `gone` holds off a route; they become absent.
    pub fn remove(&mut self, r: usize, gone: impl Fn(u32) -> bool) {
        self.touch(r);
        let it = self.it;
        let route = &mut self.routes[r];
        let (mut first, mut last) = (usize::MAX, 0);
        let mut kept = 1;
        let n = route.seq.len();
        for i in 1..n - 1 {
            let u = route.seq[i];
            let out = if it.is_client(u) {
                gone(u)
            } else {
                // A reload right after a depot starts an empty trip.
                !it.is_client(route.seq[kept - 1])
            };
            if out {
                first = first.min(kept);
                last = kept;
                if it.is_client(u) {
                    self.at[u as usize] = NOWHERE;
                    self.absent.push(u);
                    self.cost += self.penalty[u as usize];
                    if it.has.groups && it.group[u as usize] != NONE {
                        let g = it.group[u as usize] as usize;
                        self.group_on[g] -= 1;
                        if self.group_on[g] == 0 {
                            self.cost += self.group_penalty[g];
                        }
                    }
                }
            } else {
                route.seq[kept] = u;
                kept += 1;
            }
        }
        // So does a reload right before the end.
        while kept > 1 && !it.is_client(route.seq[kept - 1]) {
            kept -= 1;
            first = first.min(kept);
            last = kept;
        }
        if first == usize::MAX {
            return;
        }
        route.seq[kept] = route.seq[n - 1];
        route.seq.truncate(kept + 1);
        route.clients = route.seq.iter().filter(|&&u| it.is_client(u)).count();
        if route.clients == 0 {
            self.used[route.fleet] -= 1;
            self.free.push(r as u32);
        }
        self.refresh(r, first, last.max(first));
    }

    /// Takes a client off the list of absent ones; it is about to be inserted.
    pub fn recall(&mut self, u: u32) {
        if let Some(k) = self.absent.iter().rposition(|&a| a == u) {
            self.absent.swap_remove(k);
            self.cost -= self.penalty[u as usize];
        }
    }

    /// Makes the list of absent clients and the cost agree with the routes.
    pub fn reconcile(&mut self) {
        let Self { absent, at, .. } = self;
        absent.retain(|&u| at[u as usize].route == NONE);
        self.cost = self.total();
    }

    /// The cost, summed anew.
    pub fn total(&self) -> f64 {
        let routes: f64 = self.routes.iter().map(|r| r.cost).sum();
        let groups: f64 = (0..self.group_on.len())
            .filter(|&g| self.group_on[g] == 0)
            .map(|g| self.group_penalty[g])
            .sum();
        let absent: f64 = self.absent.iter().map(|&u| self.penalty[u as usize]).sum();
        routes + absent + groups
    }

    /// Replaces a route's clients and type.
    pub fn replace(&mut self, r: usize, fleet: usize, seq: &[u32]) {
        self.touch(r);
        let it = self.it;
        self.used[self.routes[r].fleet] -= 1;
        self.used[fleet] += 1;
        if it.has.groups {
            for i in 1..self.routes[r].seq.len() - 1 {
                self.leave_group(self.routes[r].seq[i]);
            }
            for &u in seq {
                self.join_group(u);
            }
        }
        let route = &mut self.routes[r];
        route.fleet = fleet;
        route.seq.clear();
        route.seq.push(it.fleet[fleet].start as u32);
        route.seq.extend_from_slice(seq);
        route.seq.push(it.fleet[fleet].end as u32);
        route.clients = seq.iter().filter(|&&u| it.is_client(u)).count();
        if route.clients == 0 {
            self.used[fleet] -= 1;
            self.free.push(r as u32);
        }
        let n = self.routes[r].seq.len();
        self.refresh(r, 1, n);
    }

    /// Whether a whole route keeps the rules on vehicle type `fleet`, and its cost.
    pub fn try_route(&self, fleet: usize, seq: &[u32]) -> Option<f64> {
        let it = self.it;
        let f = &it.fleet[fleet];
        let mut c = Cursor::start(it, f);
        for &u in seq {
            if !c.push(it, f, u) {
                return None;
            }
        }
        let e = &self.empty[fleet];
        c.join(it, f, &e.seq, &e.tracks, 1)
    }
}

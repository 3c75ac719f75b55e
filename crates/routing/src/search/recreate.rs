//! Recreate: absent clients go back in, each at the cheapest place that is not blinked away.

use super::neighbours::Neighbours;
use super::state::State;
use crate::aspects::{Cursor, duration, stops, windows};
use crate::problem::instance::NONE;
use mercato_core::Rng;

/// Where a client would go.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// Before a position of a route.
    Before { route: u32, pos: u32 },
    /// Before a position, as a trip of its own that ends (`after`) or begins at a reload depot.
    Trip { route: u32, pos: u32, depot: u32, after: bool },
    /// A shipment before two positions.
    Pair { route: u32, pickup: u32, delivery: u32 },
    /// A new route.
    Open { fleet: u32 },
    /// A route that changes its vehicle for one that can take it.
    Swap { route: u32, pos: u32, fleet: u32 },
}

/// Skips positions at random so that greedy insertion varies: with chance `rate` each, drawn as
/// the gap to the next one.
struct Blink {
    rate: f64,
    left: u32,
}

impl Blink {
    fn new(rate: f64, rng: &mut Rng) -> Self {
        let mut b = Self { rate, left: 0 };
        b.draw(rng);
        b
    }

    fn draw(&mut self, rng: &mut Rng) {
        self.left = if self.rate <= 0.0 {
            u32::MAX
        } else {
            // Geometric, from the logarithm of a uniform number.
            let u = 1.0 - rng.unit();
            (super::arith::ln(u) / super::arith::ln(1.0 - self.rate)).min(4e9) as u32
        };
    }

    #[inline]
    fn skip(&mut self, rng: &mut Rng) -> bool {
        if self.left == 0 {
            self.draw(rng);
            return true;
        }
        self.left -= 1;
        false
    }
}

/// How greedy insertion looks for places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recreate {
    /// Chance of skipping one position.
    pub blink_rate: f64,
    /// Open a route only for clients that fit nowhere else.
    pub last_resort: bool,
    /// Serve optional clients whatever that costs: a start has to have routes before it can tell
    /// which clients are worth their detour.
    pub serve_all: bool,
}

/// What the instance lets the insertion skip, and memory that is reused.
pub(super) struct Work {
    seen: Vec<u32>,
    clock: u32,
    order: Vec<(i64, u32)>,
    depot_distance: Vec<i64>,
    largest_first: Vec<i64>,
    /// Neither more than plain loads and windows: the fast check suffices.
    plain: bool,
    several_types: bool,
}

impl Work {
    pub fn new(state: &State<'_>) -> Self {
        let it = state.it;
        let depot = it.fleet[0].start as u32;
        let has = &it.has;
        Self {
            seen: Vec::new(),
            clock: 0,
            order: Vec::new(),
            depot_distance: (0..it.clients as u32).map(|u| it.distance(0, depot, u)).collect(),
            largest_first: (0..it.clients)
                .map(|u| {
                    (0..it.dims)
                        .map(|k| it.delivery[u][k] + it.change[u][k].abs())
                        .max()
                        .unwrap_or(0)
                })
                .collect(),
            plain: !(has.rich_load
                || duration::active(it)
                || stops::active(it)
                || has.max_distance
                || has.backhaul),
            several_types: it.fleet.len() > 1,
        }
    }

    pub fn is_plain(&self) -> bool {
        self.plain
    }
}

impl Recreate {
    /// Inserts the absent clients `who` in a random one of several orders.
    pub fn run(
        &self,
        s: &mut State<'_>,
        near: &Neighbours,
        w: &mut Work,
        who: &[u32],
        rng: &mut Rng,
    ) {
        let it = s.it;
        let mut order = std::mem::take(&mut w.order);
        order.clear();
        // Weights of the orders: random, largest, farthest, nearest; with time windows also
        // narrowest, opening first, closing last.
        let draws = if it.has.time { 17 } else { 11 };
        let pick = rng.below(draws);
        for &u in who {
            let i = u as usize;
            if it.partner[i] != NONE && !it.is_pickup_end[i] {
                continue; // goes in with its pickup
            }
            let key = match pick {
                0..4 => (rng.next_u64() >> 2) as i64,
                4..8 => -w.largest_first[i],
                8..10 => -w.depot_distance[i],
                10 => w.depot_distance[i],
                11..13 => it.late[i] - it.early[i],
                13..15 => it.early[i],
                _ => -it.late[i],
            };
            order.push((key, u));
        }
        order.sort_unstable();
        let mut blink = Blink::new(self.blink_rate, rng);
        for &(_, u) in &order {
            self.put(s, near, w, u, &mut blink, rng);
        }
        w.order = order;
    }

    fn put(
        &self,
        s: &mut State<'_>,
        near: &Neighbours,
        w: &mut Work,
        u: u32,
        blink: &mut Blink,
        rng: &mut Rng,
    ) {
        let it = s.it;
        let i = u as usize;
        if it.has.groups && it.group[i] != NONE && s.group_on[it.group[i] as usize] > 0 {
            return;
        }
        let partner = it.partner[i];
        let found = if partner == NONE {
            let mut best = (f64::INFINITY, None);
            self.beside_neighbours(s, near, w, u, blink, rng, &mut best);
            if !self.last_resort {
                self.new_route(s, u, None, &mut best);
            }
            if best.1.is_none() {
                self.anywhere(s, w, u, &mut best);
            }
            if best.1.is_none() && self.last_resort {
                self.new_route(s, u, None, &mut best);
            }
            best
        } else {
            self.pair(s, near, w, u, partner, blink, rng)
        };
        let (delta, Some(place)) = found else { return };
        let mut gain = s.penalty[i];
        if partner != NONE {
            gain += s.penalty[partner as usize];
        } else if it.has.groups && it.group[i] != NONE {
            gain = s.group_penalty[it.group[i] as usize];
        }
        if delta >= gain && !self.serve_all {
            return;
        }
        s.recall(u);
        match place {
            Place::Before { route, pos } => s.insert(route as usize, pos as usize, &[u]),
            Place::Trip { route, pos, depot, after } => {
                let nodes = if after { [u, depot] } else { [depot, u] };
                s.insert(route as usize, pos as usize, &nodes);
            }
            Place::Pair { route, pickup, delivery } => {
                s.recall(partner);
                s.insert_pair(route as usize, pickup as usize, delivery as usize, u, partner);
            }
            Place::Open { fleet } => {
                if partner == NONE {
                    s.open(fleet as usize, &[u]);
                } else {
                    s.recall(partner);
                    s.open(fleet as usize, &[u, partner]);
                }
            }
            Place::Swap { route, pos, fleet } => {
                let r = route as usize;
                let mut seq = s.routes[r].seq[1..s.routes[r].seq.len() - 1].to_vec();
                seq.insert(pos as usize - 1, u);
                s.replace(r, fleet as usize, &seq);
            }
        }
    }

    /// Positions right after and right before each of `u`'s neighbours.
    #[allow(clippy::too_many_arguments)]
    fn beside_neighbours(
        &self,
        s: &State<'_>,
        near: &Neighbours,
        w: &mut Work,
        u: u32,
        blink: &mut Blink,
        rng: &mut Rng,
        best: &mut (f64, Option<Place>),
    ) {
        let it = s.it;
        let q = if it.has.capacity { it.delivery[u as usize][0] } else { 0 };
        let check_room = it.has.capacity && !it.has.rich_load;
        w.clock += 1;
        w.seen.resize(s.routes.len(), 0);
        for &v in near.fit(u) {
            let at = s.at[v as usize];
            if at.route == NONE {
                continue;
            }
            let r = at.route as usize;
            if (it.has.reload || w.several_types) && w.seen[r] != w.clock {
                w.seen[r] = w.clock;
                if it.has.reload {
                    self.new_trip(s, u, r, best);
                }
            }
            if check_room && s.room[r] < q {
                if w.several_types {
                    self.larger_vehicle(s, u, r, at.pos as usize, best);
                }
                continue;
            }
            if blink.skip(rng) {
                continue;
            }
            let unit = s.unit[r];
            let profile = it.fleet[s.routes[r].fleet].profile;
            let there = it.distance(profile, u, v);
            // One row of the table serves all of `u`'s positions where both ways are as long.
            let (back, from_prev) = if it.has.symmetric {
                (there, it.distance(profile, u, at.prev))
            } else {
                (it.distance(profile, v, u), it.distance(profile, at.prev, u))
            };
            let after = back + it.distance(profile, u, at.next) - at.to_next;
            let before = there + from_prev - at.to_prev;
            let pos = at.pos as usize;
            if unit * (after as f64) < best.0 {
                self.consider(s, w, u, r, pos + 1, unit * after as f64, best);
            }
            if unit * (before as f64) < best.0 {
                self.consider(s, w, u, r, pos, unit * before as f64, best);
            }
        }
    }

    /// Takes the place before `pos` of route `r` when the rules hold and it is the cheapest yet.
    #[inline]
    #[allow(clippy::too_many_arguments)]
    fn consider(
        &self,
        s: &State<'_>,
        w: &Work,
        u: u32,
        r: usize,
        pos: usize,
        delta: f64,
        best: &mut (f64, Option<Place>),
    ) {
        let it = s.it;
        let route = &s.routes[r];
        if pos <= route.frozen {
            return;
        }
        let f = &it.fleet[route.fleet];
        let (seq, t) = (&route.seq, &route.tracks);
        let place = Some(Place::Before { route: r as u32, pos: pos as u32 });
        if w.plain {
            if it.has.time {
                let Some(begin) = windows::push(it, f, t.begin[pos - 1], seq[pos - 1], u) else {
                    return;
                };
                if !windows::join(it, f, begin, u, seq[pos], t.latest[pos]) {
                    return;
                }
            }
            *best = (delta, place);
            return;
        }
        let mut c = Cursor::at(it, seq, t, pos - 1);
        if !c.push(it, f, u) {
            return;
        }
        if let Some(cost) = c.join(it, f, seq, t, pos) {
            let delta = cost - route.cost;
            if delta < best.0 {
                *best = (delta, place);
            }
        }
    }

    /// A route of its own, on the cheapest vehicle that is left.
    fn new_route(
        &self,
        s: &State<'_>,
        u: u32,
        partner: Option<u32>,
        best: &mut (f64, Option<Place>),
    ) {
        let it = s.it;
        for (k, f) in it.fleet.iter().enumerate() {
            if s.used[k] >= f.count {
                continue;
            }
            let d = it.distance(f.profile, f.start as u32, u);
            if f.fixed_cost + f.unit_distance_cost * (d as f64) >= best.0 {
                continue;
            }
            let cost = match partner {
                None => s.try_route(k, &[u]),
                Some(p) => s.try_route(k, &[u, p]),
            };
            if let Some(cost) = cost
                && cost < best.0
            {
                *best = (cost, Some(Place::Open { fleet: k as u32 }));
            }
        }
    }

    /// A trip of its own on route `r`: beside each of its depots.
    fn new_trip(&self, s: &State<'_>, u: u32, r: usize, best: &mut (f64, Option<Place>)) {
        let it = s.it;
        let route = &s.routes[r];
        let f = &it.fleet[route.fleet];
        let (seq, t) = (&route.seq, &route.tracks);
        let n = seq.len();
        for &depot in &f.reloads {
            let depot = depot as u32;
            for pos in route.frozen + 1..n {
                // [u, depot] right after a depot, [depot, u] right before one.
                let starts = !it.is_client(seq[pos - 1]);
                let ends = !it.is_client(seq[pos]);
                for after in [true, false] {
                    if !(if after { starts } else { ends }) {
                        continue;
                    }
                    let nodes = if after { [u, depot] } else { [depot, u] };
                    let mut c = Cursor::at(it, seq, t, pos - 1);
                    if !(c.push(it, f, nodes[0]) && c.push(it, f, nodes[1])) {
                        continue;
                    }
                    if let Some(cost) = c.join(it, f, seq, t, pos)
                        && cost - route.cost < best.0
                    {
                        let place = Place::Trip { route: r as u32, pos: pos as u32, depot, after };
                        *best = (cost - route.cost, Some(place));
                    }
                }
            }
        }
    }

    /// Route `r` on a larger free vehicle, with `u` beside position `pos`.
    fn larger_vehicle(
        &self,
        s: &State<'_>,
        u: u32,
        r: usize,
        pos: usize,
        best: &mut (f64, Option<Place>),
    ) {
        let it = s.it;
        let route = &s.routes[r];
        if route.frozen > 0 {
            return;
        }
        let old = &it.fleet[route.fleet];
        let last = route.seq.len() - 1;
        let need = route.tracks.delivered[last] + it.delivery[u as usize][0];
        let length = route.tracks.distance[last];
        for at in [pos, pos + 1] {
            let (a, b) = (route.seq[at - 1], route.seq[at]);
            let longer = it.distance(old.profile, a, u) + it.distance(old.profile, u, b)
                - (route.tracks.distance[at] - route.tracks.distance[at - 1]);
            for (k, f) in it.fleet.iter().enumerate() {
                if f.capacity[0] < need
                    || s.used[k] >= f.count
                    || f.start != old.start
                    || f.end != old.end
                    || f.profile != old.profile
                {
                    continue;
                }
                let cost = f.fixed_cost + f.unit_distance_cost * (length + longer) as f64;
                if cost - route.cost >= best.0 {
                    continue;
                }
                let mut seq = route.seq[1..last].to_vec();
                seq.insert(at - 1, u);
                if let Some(cost) = s.try_route(k, &seq)
                    && cost - route.cost < best.0
                {
                    let place = Place::Swap { route: r as u32, pos: at as u32, fleet: k as u32 };
                    *best = (cost - route.cost, Some(place));
                }
            }
        }
    }

    /// Every position of every route: when nothing beside a neighbour fits.
    fn anywhere(&self, s: &State<'_>, w: &Work, u: u32, best: &mut (f64, Option<Place>)) {
        let it = s.it;
        let check_room = it.has.capacity && !it.has.rich_load;
        for r in 0..s.routes.len() {
            let route = &s.routes[r];
            if route.clients == 0 || (check_room && s.room[r] < it.delivery[u as usize][0]) {
                continue;
            }
            let f = &it.fleet[route.fleet];
            for pos in 1..route.seq.len() {
                let (a, b) = (route.seq[pos - 1], route.seq[pos]);
                let longer = it.distance(f.profile, a, u) + it.distance(f.profile, u, b)
                    - (route.tracks.distance[pos] - route.tracks.distance[pos - 1]);
                let delta = f.unit_distance_cost * longer as f64;
                if delta < best.0 {
                    self.consider(s, w, u, r, pos, delta, best);
                }
            }
        }
    }

    /// The best two places for the ends of a shipment on one route.
    #[allow(clippy::too_many_arguments)]
    fn pair(
        &self,
        s: &State<'_>,
        near: &Neighbours,
        w: &mut Work,
        pickup: u32,
        delivery: u32,
        blink: &mut Blink,
        rng: &mut Rng,
    ) -> (f64, Option<Place>) {
        let mut best = (f64::INFINITY, None);
        w.clock += 1;
        w.seen.resize(s.routes.len(), 0);
        for end in [pickup, delivery] {
            for &v in near.fit(end) {
                let r = s.at[v as usize].route;
                if r != NONE && w.seen[r as usize] != w.clock {
                    w.seen[r as usize] = w.clock;
                    self.pair_on(s, pickup, delivery, r as usize, blink, rng, &mut best);
                }
            }
        }
        self.new_route(s, pickup, Some(delivery), &mut best);
        if best.1.is_none() {
            for r in 0..s.routes.len() {
                if w.seen[r] != w.clock && s.routes[r].clients > 0 {
                    self.pair_on(s, pickup, delivery, r, blink, rng, &mut best);
                }
            }
        }
        best
    }

    #[allow(clippy::too_many_arguments)]
    fn pair_on(
        &self,
        s: &State<'_>,
        pickup: u32,
        delivery: u32,
        r: usize,
        blink: &mut Blink,
        rng: &mut Rng,
        best: &mut (f64, Option<Place>),
    ) {
        let it = s.it;
        let route = &s.routes[r];
        let f = &it.fleet[route.fleet];
        let (seq, t) = (&route.seq, &route.tracks);
        let n = seq.len();
        for p in route.frozen + 1..n {
            if blink.skip(rng) {
                continue;
            }
            let (a, b) = (seq[p - 1], seq[p]);
            let gap = t.distance[p] - t.distance[p - 1];
            let first = it.distance(f.profile, a, pickup);
            let longer = first + it.distance(f.profile, pickup, b) - gap;
            // With the triangle inequality the delivery only adds; without it this merely
            // skips some places.
            let least = longer.min(
                first
                    + it.distance(f.profile, pickup, delivery)
                    + it.distance(f.profile, delivery, b)
                    - gap,
            );
            if f.unit_distance_cost * least as f64 >= best.0 {
                continue;
            }
            let mut c = Cursor::at(it, seq, t, p - 1);
            if !c.push(it, f, pickup) {
                continue;
            }
            for d in p..n {
                let mut end = c;
                if end.push(it, f, delivery)
                    && let Some(cost) = end.join(it, f, seq, t, d)
                    && cost - route.cost < best.0
                    && !blink.skip(rng)
                {
                    let place =
                        Place::Pair { route: r as u32, pickup: p as u32, delivery: d as u32 };
                    *best = (cost - route.cost, Some(place));
                }
                // A shipment stays within one trip.
                if d + 1 >= n || !it.is_client(seq[d]) || !c.push(it, f, seq[d]) {
                    break;
                }
            }
        }
    }
}

//! The rules of the problem as the search checks them: one file per rule.
//!
//! Every rule summarises a stretch of a route in a label of constant size, so that a changed route
//! made of a *prefix* of one route, a few nodes in the *middle* and a *suffix* of a route is
//! checked in time proportional to the middle alone, however long the routes are.
//!
//! A rule is added by writing one file with
//! - a `Label` (what must be known about a stretch) and, in [`Tracks`], one label per position for
//!   the prefix that ends there and one for the suffix that begins there;
//! - `push`, which extends a prefix by one node and says whether the rule still holds;
//! - `join`, which says whether a prefix and a suffix fit together;
//!
//! and by calling the two from [`Cursor::push`] and [`Cursor::join`] under its flag in
//! [`Has`](crate::problem::instance::Aspects). Every move goes through these two functions, so every move
//! picks the rule up. The property tests compare what they say with the slow evaluator.
//!
//! Invariant: routes in the search never break a rule, so labels need not carry violations.

pub(crate) mod backhaul;
pub(crate) mod duration;
pub(crate) mod load;
pub(crate) mod stops;
pub(crate) mod windows;

use crate::problem::instance::{Fleet, Instance};

/// Labels per position of one route; a rule that the problem does not have keeps its arrays empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tracks {
    /// Distance from the start to each position.
    pub distance: Vec<i64>,
    /// Deliveries before and at each position; kept for problems with plain loads.
    pub delivered: Vec<i64>,
    pub load_before: Vec<load::Label>,
    pub load_after: Vec<load::Label>,
    /// Earliest begin of service, latest begin of service.
    pub begin: Vec<i64>,
    pub latest: Vec<i64>,
    pub time_before: Vec<duration::Before>,
    pub time_after: Vec<duration::After>,
    pub stops: Vec<stops::Label>,
}

/// The end of a partial route: everything the rules know about the nodes so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    pub node: u32,
    pub distance: i64,
    delivered: i64,
    load: load::Label,
    begin: i64,
    time: duration::Before,
    stops: stops::Label,
}

/// Recomputes the labels of a route after a change: positions before `from` have kept their prefix,
/// positions from `suffix_to` on have kept their suffix. False when a rule is broken, which only
/// taking clients off can do: where distances are not a metric, less may be longer.
pub(crate) fn rebuild(
    it: &Instance,
    f: &Fleet,
    seq: &[u32],
    t: &mut Tracks,
    from: usize,
    suffix_to: usize,
) -> bool {
    let n = seq.len();
    t.distance.resize(n, 0);
    let start = from.max(1);
    t.distance[0] = 0;
    for i in start..n {
        t.distance[i] = t.distance[i - 1] + it.distance(f.profile, seq[i - 1], seq[i]);
    }
    let has = &it.has;
    if has.rich_load {
        load::rebuild(it, seq, t);
    } else if has.capacity {
        t.delivered.resize(n, 0);
        t.delivered[0] = 0;
        for i in start..n {
            let q = if it.is_client(seq[i]) { it.delivery[seq[i] as usize][0] } else { 0 };
            t.delivered[i] = t.delivered[i - 1] + q;
        }
    }
    if stops::active(it) {
        stops::rebuild(it, seq, t);
    }
    if has.max_distance && t.distance[n - 1] > f.max_distance {
        return false;
    }
    if duration::active(it) {
        duration::rebuild(it, f, seq, t)
    } else if has.time {
        windows::rebuild(it, f, seq, t, start, suffix_to)
    } else {
        true
    }
}

impl Cursor {
    /// The prefix of a route up to and with position `i`.
    #[inline]
    pub fn at(it: &Instance, seq: &[u32], t: &Tracks, i: usize) -> Self {
        let has = &it.has;
        Self {
            node: seq[i],
            distance: t.distance[i],
            delivered: if has.capacity && !has.rich_load { t.delivered[i] } else { 0 },
            load: if has.rich_load { t.load_before[i] } else { load::Label::EMPTY },
            begin: if has.time && !duration::active(it) { t.begin[i] } else { 0 },
            time: if duration::active(it) { t.time_before[i] } else { duration::Before::EMPTY },
            stops: if stops::active(it) { t.stops[i] } else { stops::Label::EMPTY },
        }
    }

    /// A route that has only its start.
    pub fn start(it: &Instance, f: &Fleet) -> Self {
        Self {
            node: f.start as u32,
            distance: 0,
            delivered: 0,
            load: load::Label::EMPTY,
            begin: windows::depart(it, f),
            time: duration::Before::start(it, f),
            stops: stops::Label::EMPTY,
        }
    }

    /// Goes on to `node`, a client or a reload depot; false when a rule breaks for good.
    #[inline]
    pub fn push(&mut self, it: &Instance, f: &Fleet, node: u32) -> bool {
        let has = &it.has;
        self.distance += it.distance(f.profile, self.node, node);
        if has.max_distance && self.distance > f.max_distance {
            return false;
        }
        if has.rich_load {
            if !self.load.push(it, f, node) {
                return false;
            }
        } else if has.capacity {
            self.delivered += it.delivery[node as usize][0];
            if self.delivered > f.capacity[0] {
                return false;
            }
        }
        if duration::active(it) {
            if !self.time.push(it, f, self.node, node) {
                return false;
            }
        } else if has.time {
            match windows::push(it, f, self.begin, self.node, node) {
                Some(begin) => self.begin = begin,
                None => return false,
            }
        }
        if stops::active(it) && !self.stops.push(it, f, node) {
            return false;
        }
        if has.backhaul && !backhaul::follows(it, self.node, node) {
            return false;
        }
        self.node = node;
        true
    }

    /// The cost of this prefix followed by the suffix of `seq` from position `j` on, on a vehicle of
    /// type `f`; `None` when a rule breaks. Both routes must share start, end and profile.
    #[inline]
    pub fn join(&self, it: &Instance, f: &Fleet, seq: &[u32], t: &Tracks, j: usize) -> Option<f64> {
        let has = &it.has;
        let last = seq.len() - 1;
        let to = seq[j];
        let distance = self.distance
            + it.distance(f.profile, self.node, to)
            + (t.distance[last] - t.distance[j]);
        if has.max_distance && distance > f.max_distance {
            return None;
        }
        if has.rich_load {
            if !self.load.join(it, f, &t.load_after[j]) {
                return None;
            }
        } else if has.capacity {
            let before = if j == 0 { 0 } else { t.delivered[j - 1] };
            if self.delivered + t.delivered[last] - before > f.capacity[0] {
                return None;
            }
        }
        if has.backhaul && !backhaul::follows(it, self.node, to) {
            return None;
        }
        if stops::active(it) && !self.stops.join(f, &t.stops[last], &t.stops[j - 1]) {
            return None;
        }
        let mut cost = f.fixed_cost + f.unit_distance_cost * distance as f64;
        if duration::active(it) {
            let duration = self.time.join(it, f, self.node, to, &t.time_after[j])?;
            cost += f.unit_duration_cost * duration as f64;
        } else if has.time && !windows::join(it, f, self.begin, self.node, to, t.latest[j]) {
            return None;
        }
        Some(cost)
    }
}

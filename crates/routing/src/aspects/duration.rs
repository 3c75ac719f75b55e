//! Time windows when the length of the day or release times matter.
//!
//! Label of a stretch that is driven without a break: its shortest duration, and the earliest and
//! latest start at which it takes no longer than that (Vidal, Crainic, Gendreau & Prins 2013; here without
//! time warp, because the search keeps to feasible routes). Starting later than the latest start
//! is too late; starting earlier means waiting.
//!
//! Releases hold a whole trip back: it leaves its depot no earlier than the release of everything
//! it carries. A prefix label therefore keeps finished trips and the open trip apart, and a suffix
//! label the trip under way and those after its next reload.

use super::{Tracks, windows};
use crate::problem::instance::{FOREVER, Fleet, Instance};

/// A stretch driven without a break.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    duration: i64,
    early: i64,
    late: i64,
}

impl Stretch {
    const NOTHING: Self = Self { duration: 0, early: -FOREVER, late: FOREVER };

    #[inline]
    fn node(it: &Instance, node: u32) -> Self {
        let v = node as usize;
        Self { duration: it.service[v], early: it.early[v], late: it.late[v] }
    }

    /// This stretch, `leg` of driving, then `next`; `None` when that is too late.
    #[inline]
    fn then(self, leg: i64, next: Stretch) -> Option<Self> {
        let delta = self.duration + leg;
        if self.early + delta > next.late {
            return None;
        }
        let wait = (next.early - delta - self.late).max(0);
        Some(Self {
            duration: delta + next.duration + wait,
            early: (next.early - delta).max(self.early) - wait,
            late: (next.late - delta).min(self.late),
        })
    }

    /// The same, started no earlier than `release`.
    #[inline]
    fn from(self, release: i64) -> Option<Self> {
        if release > self.late {
            return None;
        }
        Some(Self { early: self.early.max(release), ..self })
    }
}

#[inline]
pub(crate) fn active(it: &Instance) -> bool {
    it.has.duration || it.has.release
}

/// A prefix: trips that are over, and the trip under way with what it carries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before {
    over: Stretch,
    trip: Stretch,
    release: i64,
}

/// A suffix: the rest of the trip under way, and what comes after its next reload (with the
/// reload's own release applied).
#[derive(Debug, Clone, Copy)]
pub(crate) struct After {
    trip: Stretch,
    release: i64,
    rest: Stretch,
}

impl Before {
    pub const EMPTY: Self =
        Self { over: Stretch::NOTHING, trip: Stretch::NOTHING, release: -FOREVER };

    pub fn start(it: &Instance, f: &Fleet) -> Self {
        let early = windows::depart(it, f);
        let late = it.late[f.start].min(f.shift.1);
        let trip = Stretch { duration: 0, early, late };
        Self { over: Stretch { duration: 0, early, late }, trip, release: -FOREVER }
    }

    #[inline]
    fn all(&self) -> Option<Stretch> {
        self.over.then(0, self.trip.from(self.release)?)
    }

    /// Extends by a client, or ends the trip at a reload depot and begins the next one there.
    #[inline]
    pub fn push(&mut self, it: &Instance, f: &Fleet, from: u32, to: u32) -> bool {
        let leg = it.duration(f.profile, from, to);
        if it.is_client(to) {
            self.release = self.release.max(it.release[to as usize]);
        }
        let Some(trip) = self.trip.then(leg, Stretch::node(it, to)) else { return false };
        self.trip = trip;
        let Some(all) = self.all() else { return false };
        if all.duration > f.max_duration {
            return false;
        }
        if !it.is_client(to) {
            self.over = all;
            self.trip = Stretch { duration: 0, ..Stretch::node(it, to) };
            self.release = -FOREVER;
        }
        true
    }

    /// The duration of the whole route.
    #[inline]
    pub fn join(&self, it: &Instance, f: &Fleet, from: u32, to: u32, after: &After) -> Option<i64> {
        let leg = it.duration(f.profile, from, to);
        let trip = self.trip.then(leg, after.trip)?.from(self.release.max(after.release))?;
        let whole = self.over.then(0, trip)?.then(0, after.rest)?;
        (whole.duration <= f.max_duration).then_some(whole.duration)
    }
}

pub(crate) fn rebuild(it: &Instance, f: &Fleet, seq: &[u32], t: &mut Tracks) -> bool {
    let n = seq.len();
    t.time_before.clear();
    let mut before = Before::start(it, f);
    t.time_before.push(before);
    for i in 1..n - 1 {
        if !before.push(it, f, seq[i - 1], seq[i]) {
            return false;
        }
        t.time_before.push(before);
    }
    t.time_before.push(before);

    let late = windows::back(it, f);
    let mut after = After {
        trip: Stretch { duration: 0, early: it.early[f.end], late },
        release: -FOREVER,
        rest: Stretch::NOTHING,
    };
    t.time_after.resize(n, after);
    t.time_after[n - 1] = after;
    // Position 0 is never where a suffix begins.
    for i in (1..n - 1).rev() {
        let leg = it.duration(f.profile, seq[i], seq[i + 1]);
        let node = Stretch::node(it, seq[i]);
        let Some(trip) = node.then(leg, after.trip) else { return false };
        if it.is_client(seq[i]) {
            after.release = after.release.max(it.release[seq[i] as usize]);
            after.trip = trip;
        } else {
            // The trip that leaves this depot is complete: fold it into the rest.
            let whole = trip.from(after.release).and_then(|s| s.then(0, after.rest));
            let Some(rest) = whole else { return false };
            after = After { trip: node, release: -FOREVER, rest };
        }
        t.time_after[i] = after;
    }
    before.join(it, f, seq[n - 2], seq[n - 1], &t.time_after[n - 1]).is_some()
}

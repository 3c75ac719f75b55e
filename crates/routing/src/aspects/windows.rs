//! Time windows, when neither the length of the day nor release times matter.
//!
//! Prefix label: the earliest begin of service at its last node. Suffix label: the latest begin of
//! service at its first node with everything after it still on time. Both are exact for several
//! windows per client too. Checking a joint is one addition and one comparison.

use super::Tracks;
use crate::problem::instance::{FOREVER, Fleet, Instance};

/// When a vehicle leaves its start depot at the earliest.
#[inline]
pub(crate) fn depart(it: &Instance, f: &Fleet) -> i64 {
    let t = it.early[f.start].max(f.shift.0);
    if t <= -FOREVER { 0 } else { t }
}

/// When a vehicle must be back at the latest.
#[inline]
pub(crate) fn back(it: &Instance, f: &Fleet) -> i64 {
    it.late[f.end].min(f.shift.1)
}

#[inline]
pub(crate) fn push(it: &Instance, f: &Fleet, begin: i64, from: u32, to: u32) -> Option<i64> {
    let at = begin + it.service[from as usize] + it.duration(f.profile, from, to);
    if it.has.several_windows {
        it.opens(to, at)
    } else if at > it.late[to as usize] {
        None
    } else {
        Some(at.max(it.early[to as usize]))
    }
}

#[inline]
pub(crate) fn join(it: &Instance, f: &Fleet, begin: i64, from: u32, to: u32, latest: i64) -> bool {
    begin + it.service[from as usize] + it.duration(f.profile, from, to) <= latest
}

pub(crate) fn rebuild(
    it: &Instance,
    f: &Fleet,
    seq: &[u32],
    t: &mut Tracks,
    from: usize,
    suffix_to: usize,
) -> bool {
    let n = seq.len();
    t.begin.resize(n, 0);
    t.begin[0] = depart(it, f);
    for i in from..n - 1 {
        let Some(begin) = push(it, f, t.begin[i - 1], seq[i - 1], seq[i]) else { return false };
        t.begin[i] = begin;
    }
    let last = n - 1;
    t.begin[last] = t.begin[last - 1]
        + it.service[seq[last - 1] as usize]
        + it.duration(f.profile, seq[last - 1], seq[last]);
    if t.begin[last] > back(it, f) {
        return false;
    }
    // Suffix labels sit at the same distance from the end as before the change.
    let grown = n as isize - t.latest.len() as isize;
    if grown >= 0 {
        t.latest.resize(n, 0);
        t.latest.copy_within(0..n - grown as usize, grown as usize);
    } else {
        t.latest.copy_within((-grown) as usize.., 0);
        t.latest.truncate(n);
    }
    t.latest[last] = back(it, f);
    for i in (0..suffix_to.min(last)).rev() {
        let by = t.latest[i + 1]
            - it.service[seq[i] as usize]
            - it.duration(f.profile, seq[i], seq[i + 1]);
        t.latest[i] = if it.has.several_windows {
            it.closes(seq[i], by).unwrap_or(by)
        } else {
            by.min(it.late[seq[i] as usize])
        };
    }
    true
}

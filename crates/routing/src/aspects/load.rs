//! Loads: several dimensions, deliveries, collections, shipments and reloads.
//!
//! Label of a stretch of one trip: what was loaded at the depot for it, the net change of what is
//! on board over it, and the peak of that change. A trip fits when its deliveries plus its peak fit. A prefix
//! label describes the open trip only (earlier trips are known to fit), a suffix label the trip
//! that is under way where the suffix begins.

use super::Tracks;
use crate::problem::instance::{Fleet, Instance, Load, MAX_DIMS};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Label {
    delivery: Load,
    sum: Load,
    peak: Load,
}

impl Label {
    pub const EMPTY: Self =
        Self { delivery: [0; MAX_DIMS], sum: [0; MAX_DIMS], peak: [0; MAX_DIMS] };

    #[inline]
    fn append(&mut self, it: &Instance, client: u32) {
        let (delivery, change) = (&it.delivery[client as usize], &it.change[client as usize]);
        for k in 0..it.dims {
            self.delivery[k] += delivery[k];
            self.sum[k] += change[k];
            self.peak[k] = self.peak[k].max(self.sum[k]);
        }
    }

    #[inline]
    fn prepend(&mut self, it: &Instance, client: u32) {
        let (delivery, change) = (&it.delivery[client as usize], &it.change[client as usize]);
        for k in 0..it.dims {
            self.delivery[k] += delivery[k];
            self.sum[k] += change[k];
            self.peak[k] = (change[k] + self.peak[k]).max(0);
        }
    }

    /// Extends by a client, or begins a new trip at a reload depot.
    #[inline]
    pub fn push(&mut self, it: &Instance, f: &Fleet, node: u32) -> bool {
        if !it.is_client(node) {
            *self = Self::EMPTY;
            return true;
        }
        self.append(it, node);
        (0..it.dims).all(|k| self.delivery[k] + self.peak[k] <= f.capacity[k])
    }

    #[inline]
    pub fn join(&self, it: &Instance, f: &Fleet, after: &Label) -> bool {
        (0..it.dims).all(|k| {
            let peak = self.peak[k].max(self.sum[k] + after.peak[k]);
            self.delivery[k] + after.delivery[k] + peak <= f.capacity[k]
        })
    }
}

pub(crate) fn rebuild(it: &Instance, seq: &[u32], t: &mut Tracks) {
    let n = seq.len();
    t.load_before.resize(n, Label::EMPTY);
    t.load_after.resize(n, Label::EMPTY);
    let mut label = Label::EMPTY;
    for i in 0..n {
        if it.is_client(seq[i]) {
            label.append(it, seq[i]);
        } else {
            label = Label::EMPTY;
        }
        t.load_before[i] = label;
    }
    label = Label::EMPTY;
    for i in (0..n).rev() {
        if it.is_client(seq[i]) {
            label.prepend(it, seq[i]);
        } else {
            label = Label::EMPTY;
        }
        t.load_after[i] = label;
    }
}

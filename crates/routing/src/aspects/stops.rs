//! Counts and skills: most clients per route, most reloads per route, what the vehicle can do.
//!
//! Label of a prefix: its clients and its reloads. Skills need no label: a client that the vehicle
//! cannot serve is never put on it, and suffixes only move between vehicles of one type.

use super::Tracks;
use crate::problem::instance::{Fleet, Instance};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Label {
    clients: u32,
    reloads: u32,
}

#[inline]
pub(crate) fn active(it: &Instance) -> bool {
    it.has.max_stops || it.has.reload || it.has.skills
}

impl Label {
    pub const EMPTY: Self = Self { clients: 0, reloads: 0 };

    #[inline]
    pub fn push(&mut self, it: &Instance, f: &Fleet, node: u32) -> bool {
        if it.is_client(node) {
            self.clients += 1;
            self.clients as usize <= f.max_stops && it.skills[node as usize] & !f.skills == 0
        } else {
            self.reloads += 1;
            self.reloads as usize <= f.max_reloads
        }
    }

    /// `whole` and `skipped` are the prefix labels at the suffix route's end and just before the
    /// suffix.
    #[inline]
    pub fn join(&self, f: &Fleet, whole: &Label, skipped: &Label) -> bool {
        let clients = self.clients + whole.clients - skipped.clients;
        let reloads = self.reloads + whole.reloads - skipped.reloads;
        clients as usize <= f.max_stops && reloads as usize <= f.max_reloads
    }
}

pub(crate) fn rebuild(it: &Instance, seq: &[u32], t: &mut Tracks) {
    t.stops.clear();
    let mut label = Label::EMPTY;
    for (i, &node) in seq.iter().enumerate() {
        if it.is_client(node) {
            label.clients += 1;
        } else if i > 0 && i + 1 < seq.len() {
            label.reloads += 1;
        }
        t.stops.push(label);
    }
}

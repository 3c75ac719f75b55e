//! Deliveries before collections, and no trip of collections alone.
//!
//! The rule is about neighbours only: a collection never comes right after a depot, and a delivery
//! never right after a collection. So no label is needed.

use crate::problem::instance::Instance;

/// Whether `to` may come right after `from`.
#[inline]
pub(crate) fn follows(it: &Instance, from: u32, to: u32) -> bool {
    if !it.is_client(to) {
        return true;
    }
    let collects = it.backhaul[to as usize];
    if it.is_client(from) { collects || !it.backhaul[from as usize] } else { !collects }
}

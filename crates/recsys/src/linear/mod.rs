//! What models from items to items share: a sparse matrix of weights, and the regressions that
//! find one.
//!
//! A weight says what having the item of its row is worth for the item of its column. A score is
//! the sum of the weights of what somebody has, so each item's part in it is exact.

mod cooccurrence;
mod dense;
mod local;
mod sparse;
mod update;

pub(crate) use cooccurrence::{Memory, Rows, product};
pub(crate) use dense::Symmetric;
pub(crate) use local::{Itself, Ridge, regressions};

pub(crate) use sparse::{SparseBuilder, add_up};
pub(crate) use update::{continued, grown};

use crate::explain::{ExplanationKind, Reasons};
use mercato_core::{Csr, Error, Result};

/// Adds `weight` times the row of `item` to `out`.
pub(crate) fn add(weights: &Csr, item: u32, weight: f32, out: &mut [f32]) {
    let (items, values) = weights.row(item as usize);
    for (&j, &w) in items.iter().zip(values) {
        // A damaged file may name items that do not exist.
        if let Some(score) = out.get_mut(j as usize) {
            *score += weight * w;
        }
    }
}

/// Items that nothing speaks for are not recommended.
pub(crate) fn leave_out_zeros(scores: &mut [f32]) {
    for s in scores {
        *s = if *s > 0.0 { *s } else { f32::NEG_INFINITY };
    }
}

/// The weight from one item to another; 0 where there is none.
pub(crate) fn weight(weights: &Csr, from: u32, to: u32) -> f32 {
    let (items, values) = weights.row(from as usize);
    let at = items.binary_search(&to).ok();
    at.and_then(|k| values.get(k)).copied().unwrap_or(0.0)
}

/// The exact parts of (item, weight) events in the score of `item`.
pub(crate) fn reasons(weights: &Csr, events: Vec<(u32, f32)>, item: u32) -> Reasons {
    let part = |(event, w)| (event, w, w * weight(weights, event, item));
    let parts: Vec<_> = events.into_iter().map(part).collect();
    let score = parts.iter().map(|p| p.2).sum();
    Reasons { kind: ExplanationKind::Exact, score, parts }
}

/// The weight between two items relative to the largest of its row, the larger of both ways.
pub(crate) fn likeness(weights: &Csr, a: u32, b: u32) -> f32 {
    let relative = |from: u32, to: u32| {
        let largest = weights.row(from as usize).1.iter().fold(0.0f32, |m, &s| m.max(s));
        if largest > 0.0 { weight(weights, from, to) / largest } else { 0.0 }
    };
    if a == b { 1.0 } else { relative(a, b).max(relative(b, a)) }
}

/// Items x items from a list of (source, weight) for every target, sources ascending.
pub(crate) fn by_source(targets: Vec<Vec<(u32, f32)>>) -> Result<Csr> {
    let n = targets.len();
    let mut indptr = vec![0u64; n + 1];
    for &(source, _) in targets.iter().flatten() {
        indptr[source as usize + 1] += 1;
    }
    for i in 0..n {
        indptr[i + 1] += indptr[i];
    }
    let total = indptr[n] as usize;
    let mut next: Vec<u64> = indptr.clone();
    let (mut indices, mut values) = (vec![0u32; total], vec![0f32; total]);
    for (target, sources) in targets.into_iter().enumerate() {
        for (source, weight) in sources {
            let at = &mut next[source as usize];
            (indices[*at as usize], values[*at as usize]) = (target as u32, weight);
            *at += 1;
        }
    }
    if values.iter().any(|v| !v.is_finite()) {
        return Err(Error::invalid_input("weights are too large to multiply in f32"));
    }
    Csr::new(indptr, indices, values, n)
}

//! Ranked results, and the one rule for ties.

use crate::Id;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// An id and its score, as every ranking method returns them: best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The id in the caller's own type.
    pub id: Id,
    /// Higher is better.
    pub score: f32,
}

/// The order of results everywhere: higher score first, then the lower dense id.
/// Scores must not be NaN.
#[inline]
#[must_use]
pub fn best_first(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal).then(a.0.cmp(&b.0))
}

/// The `k` best of a stream of (dense id, score) pairs. Reusable without allocating.
///
/// ```
/// use mercato_core::TopK;
/// let mut top = TopK::new(2);
/// for (id, score) in [(3, 1.0), (1, 5.0), (2, 5.0), (0, f32::NAN)] {
///     top.push(id, score);
/// }
/// assert_eq!(top.sorted(), &[(1, 5.0), (2, 5.0)]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct TopK {
    k: usize,
    /// A binary heap with the worst kept pair at the root, once it holds `k` pairs.
    heap: Vec<(u32, f32)>,
}

impl TopK {
    /// Keeps the best `k`.
    #[must_use]
    pub fn new(k: usize) -> Self {
        Self { k, heap: Vec::with_capacity(k.min(1 << 16)) }
    }

    /// Empties the collection and sets a new `k`, keeping the memory.
    pub fn reset(&mut self, k: usize) {
        self.k = k;
        self.heap.clear();
    }

    /// The score that a pair must reach to enter: minus infinity until `k` pairs are held.
    /// A pair with exactly this score enters only with a lower id than the worst kept.
    #[inline]
    #[must_use]
    pub fn threshold(&self) -> f32 {
        if self.heap.len() < self.k {
            f32::NEG_INFINITY
        } else {
            self.heap.first().map_or(f32::INFINITY, |w| w.1)
        }
    }

    /// Offers a pair; NaN never enters.
    #[inline]
    pub fn push(&mut self, id: u32, score: f32) {
        if score.is_nan() {
            return;
        }
        let pair = (id, score);
        if self.heap.len() < self.k {
            self.heap.push(pair);
            if self.heap.len() == self.k {
                for i in (0..self.k / 2).rev() {
                    self.sift_down(i);
                }
            }
        } else if self.k > 0 && best_first(&pair, &self.heap[0]) == Ordering::Less {
            self.heap[0] = pair;
            self.sift_down(0);
        }
    }

    fn sift_down(&mut self, mut i: usize) {
        let heap = &mut self.heap;
        loop {
            let mut worst = i;
            for child in [2 * i + 1, 2 * i + 2] {
                if child < heap.len() && best_first(&heap[child], &heap[worst]) == Ordering::Greater
                {
                    worst = child;
                }
            }
            if worst == i {
                return;
            }
            heap.swap(i, worst);
            i = worst;
        }
    }

    /// Sorts what was kept, best first. Call [`reset`](Self::reset) before pushing again.
    pub fn sorted(&mut self) -> &[(u32, f32)] {
        self.heap.sort_unstable_by(best_first);
        &self.heap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn top_k_equals_a_full_sort(scores in prop::collection::vec(-3i8..3, 0..80), k in 0usize..20) {
            let mut all: Vec<(u32, f32)> =
                scores.iter().enumerate().map(|(i, &s)| (i as u32, f32::from(s))).collect();
            let mut top = TopK::new(k);
            for &(id, s) in all.iter().rev() {
                top.push(id, s);
            }
            all.sort_by(best_first);
            all.truncate(k);
            prop_assert_eq!(top.sorted(), &all[..]);
        }
    }
}

//! The best k of a stream of scored rows.

use std::cmp::Ordering;

/// Keeps the `k` best of the rows offered to it: higher scores first, equal scores by lower id.
/// Memory is kept between uses, so that a request allocates nothing.
///
/// ```
/// use mercato_index::Best;
/// let mut best = Best::default();
/// best.reset(2);
/// for (id, score) in [(4, 1.0), (1, 3.0), (0, 1.0)] {
///     best.offer(id, score);
/// }
/// let mut out = Vec::new();
/// best.drain_sorted(&mut out);
/// assert_eq!(out, [(1, 3.0), (0, 1.0)]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Best {
    k: usize,
    /// A binary heap with the worst kept row at the root.
    heap: Vec<(u32, f32)>,
}

/// Whether `a` ranks before `b`.
#[inline]
fn before(a: (u32, f32), b: (u32, f32)) -> bool {
    a.1 > b.1 || (a.1 == b.1 && a.0 < b.0)
}

/// The order of a ranking, for sorting: scores descending, then ids ascending.
#[inline]
pub(crate) fn ranking(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

impl Best {
    /// Forgets everything and keeps `k` rows from now on.
    pub fn reset(&mut self, k: usize) {
        self.k = k;
        self.heap.clear();
    }

    /// The score that a row must reach to be kept, or minus infinity while there is room.
    #[inline]
    #[must_use]
    pub fn threshold(&self) -> f32 {
        match self.heap.first() {
            Some(worst) if self.heap.len() == self.k => worst.1,
            _ if self.k == 0 => f32::INFINITY,
            _ => f32::NEG_INFINITY,
        }
    }

    /// How many rows are kept at most.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.k
    }

    /// How many rows are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Offers a row. Scores must not be NaN; each id is offered once.
    #[inline]
    pub fn offer(&mut self, id: u32, score: f32) {
        // Minus zero ranks with zero.
        let new = (id, score + 0.0);
        if self.heap.len() < self.k {
            self.heap.push(new);
            let mut at = self.heap.len() - 1;
            while at > 0 && before(self.heap[(at - 1) / 2], self.heap[at]) {
                self.heap.swap(at, (at - 1) / 2);
                at = (at - 1) / 2;
            }
        } else if self.k > 0 && before(new, self.heap[0]) {
            self.heap[0] = new;
            let mut at = 0;
            loop {
                let mut worst = at;
                for child in [2 * at + 1, 2 * at + 2] {
                    if child < self.heap.len() && before(self.heap[worst], self.heap[child]) {
                        worst = child;
                    }
                }
                if worst == at {
                    break;
                }
                self.heap.swap(at, worst);
                at = worst;
            }
        }
    }

    /// Moves the kept rows to `out`, which is cleared first, best first.
    pub fn drain_sorted(&mut self, out: &mut Vec<(u32, f32)>) {
        out.clear();
        out.append(&mut self.heap);
        out.sort_unstable_by(ranking);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn best_equals_sorting_everything(
            scores in prop::collection::vec((-4i8..4).prop_map(f32::from), 0..200), k in 0usize..30
        ) {
            let mut all: Vec<(u32, f32)> = (0..).zip(scores).collect();
            let (mut best, mut out) = (Best::default(), Vec::new());
            best.reset(k);
            for &(id, score) in all.iter().rev() {
                best.offer(id, score);
            }
            best.drain_sorted(&mut out);
            all.sort_by(ranking);
            all.truncate(k);
            prop_assert_eq!(out, all);
        }
    }
}

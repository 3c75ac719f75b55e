//! What is measured on one user's list.

use crate::Catalog;
use crate::recommendations::NO_ITEM;

/// Names of the per-user metrics, in the order in which they are computed.
pub(crate) const PER_USER: [&str; 9] =
    ["recall", "precision", "hit", "ndcg", "mrr", "map", "novelty", "popularity", "long_tail"];

/// The part of the catalogue, most popular first, that is not long tail.
const HEAD: f64 = 0.2;

/// What the training data say about every item.
pub(crate) struct Items {
    /// The share of users who have it.
    share: Vec<f64>,
    /// Bits of surprise in being shown it.
    information: Vec<f64>,
    long_tail: Vec<bool>,
}

impl Items {
    pub(super) fn of(catalog: &Catalog) -> Self {
        let users = catalog.population().max(1) as f64;
        let counts = catalog.counts();
        let mut order: Vec<u32> = (0..counts.len() as u32).collect();
        order.sort_unstable_by_key(|&i| (std::cmp::Reverse(counts[i as usize]), i));
        let head = (counts.len() as f64 * HEAD).ceil() as usize;
        let mut long_tail = vec![true; counts.len()];
        order.iter().take(head).for_each(|&i| long_tail[i as usize] = false);
        Self {
            share: counts.iter().map(|&c| f64::from(c) / users).collect(),
            information: counts.iter().map(|&c| (users / f64::from(c.max(1))).log2()).collect(),
            long_tail,
        }
    }
}

/// The values of [`PER_USER`] for a ranking, given the ascending hits of a user. Without what is
/// known about items, the measures that need it are 0.
pub(crate) fn metrics(
    list: &[u32],
    truth: &[u32],
    k: usize,
    about: Option<&Items>,
) -> [f64; PER_USER.len()] {
    let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let (mut hits, mut dcg, mut first, mut precisions) = (0.0f64, 0.0, 0.0, 0.0);
    let (mut novelty, mut popularity, mut tail, mut count) = (0.0, 0.0, 0.0, 0.0);
    for (rank, &item) in list.iter().take(k).enumerate() {
        if item == NO_ITEM {
            continue;
        }
        let at = item as usize;
        if let Some((about, &bits)) = about.and_then(|a| Some((a, a.information.get(at)?))) {
            novelty += bits;
            popularity += about.share[at];
            tail += f64::from(u8::from(about.long_tail[at]));
            count += 1.0;
        }
        if truth.binary_search(&item).is_ok() {
            hits += 1.0;
            dcg += gain(rank);
            precisions += hits / (rank as f64 + 1.0);
            if first == 0.0 {
                first = 1.0 / (rank as f64 + 1.0);
            }
        }
    }
    let possible = k.min(truth.len());
    let ideal: f64 = (0..possible).map(gain).sum();
    let mean = |sum: f64| if count > 0.0 { sum / count } else { 0.0 };
    [
        hits / truth.len() as f64,
        hits / k as f64,
        f64::from(u8::from(hits > 0.0)),
        dcg / ideal,
        first,
        precisions / possible as f64,
        mean(novelty),
        mean(popularity),
        mean(tail),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_match_a_hand_count() {
        // Test items 1, 4, 7; the ranking 4, 9, 7, 2 hits at ranks 1 and 3.
        let about = Items {
            share: (0..10).map(|i| f64::from(i) / 10.0).collect(),
            information: vec![1.0; 10],
            long_tail: (0..10).map(|i| i < 8).collect(),
        };
        let m = metrics(&[4, 9, 7, 2], &[1, 4, 7], 4, Some(&about));
        let ideal = 1.0 + 1.0 / 3f64.log2() + 0.5;
        let expected = [
            2.0 / 3.0,
            0.5,
            1.0,
            (1.0 + 0.5) / ideal,
            1.0,
            (1.0 + 2.0 / 3.0) / 3.0,
            1.0,
            (0.4 + 0.9 + 0.7 + 0.2) / 4.0,
            0.75,
        ];
        for ((name, a), b) in PER_USER.iter().zip(m).zip(expected) {
            assert!((a - b).abs() < 1e-12, "{name}: {a} {b}");
        }
        assert_eq!(metrics(&[NO_ITEM; 4], &[1], 4, Some(&about)), [0.0; 9]);
    }
}

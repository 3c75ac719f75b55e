//! Offline evaluation: how well a model ranks what users did next.
//!
//! Every user with test items gets a full ranking over all items, training items removed. The
//! definitions, for a user with the set `T` of test items and a ranking cut at `k`:
//!
//! | name | meaning |
//! |---|---|
//! | `recall@k` | hits / \|T\| |
//! | `precision@k` | hits / k |
//! | `hit@k` | 1 if there is any hit |
//! | `ndcg@k` | sum of 1 / log2(rank + 1) over hits, divided by its largest possible value for min(k, \|T\|) hits |
//! | `mrr@k` | 1 / rank of the first hit |
//! | `map@k` | mean over min(k, \|T\|) of the precision at each hit |
//! | `novelty@k` | mean of -log2(share of users who have the item) over the items shown |
//! | `coverage@k` | share of all items shown to anybody (not a mean over users) |
//!
//! Values are means over users with test items. Test items that the ranking may not show, because
//! the user has them in the training data, are not counted as test items.

use crate::model::{Model, rank_users};
use crate::recommendations::NO_ITEM;
use crate::{Catalog, Query};
use mercato_core::{Error, Interactions, Result, Run};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names of the per-user metrics, in the order in which they are computed.
pub(crate) const PER_USER: [&str; 7] =
    ["recall", "precision", "hit", "ndcg", "mrr", "map", "novelty"];
/// Users ranked at once: bounds the memory of an evaluation.
const BLOCK: usize = 4096;

/// The result of [`evaluate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Metric name, such as `recall@20`, to value.
    pub metrics: BTreeMap<String, f64>,
    /// How many users had test items and were ranked.
    pub users: usize,
    /// How many users had test items but are unknown to the model; they are not ranked.
    pub unknown_users: usize,
}

impl Evaluation {
    /// The value of a metric, such as `"ndcg@10"`.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).copied()
    }
}

/// Ranks for every user of `test` and scores the rankings at each cut-off of `ks`.
///
/// `query` may filter items or keep seen ones; a history in it is an error. Users and items are
/// matched by id, so `test` need not come from a split of the training data.
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{ItemKnn, Query, evaluate};
/// let data = Interactions::builder([1, 1, 2, 2, 3], ["tea", "cup", "tea", "cup", "tea"]).build()?;
/// let next = Interactions::builder([3], ["cup"]).build()?;
/// let model = ItemKnn::default().fit(&data, &Run::default())?;
/// let result = evaluate(&model, &next, &[1], &Query::default(), &Run::default())?;
/// assert_eq!(result.metric("recall@1"), Some(1.0));
/// # Ok::<(), mercato_core::Error>(())
/// ```
///
/// # Errors
/// `invalid_params` when `ks` is empty or holds 0; `not_enough_data` when no user has a test item
/// that could be recommended; those of `recommend_batch`.
pub fn evaluate(
    model: &dyn Model,
    test: &Interactions,
    ks: &[usize],
    query: &Query,
    run: &Run,
) -> Result<Evaluation> {
    let k_max = ks.iter().copied().max().unwrap_or(0);
    if ks.is_empty() || ks.contains(&0) {
        return Err(Error::invalid_params(format!(
            "k must be a list of at least 1 each, got {ks:?}"
        )));
    }
    if query.history.is_some() {
        return Err(Error::invalid_params("evaluate takes no history"));
    }
    let catalog = model.catalog();
    let Relevant { users, items, unknown_users } = relevant(catalog, test, query.exclude_seen);
    if users.is_empty() {
        return Err(Error::not_enough_data(
            "no user has a test item that the model knows and has not seen in training",
        ));
    }
    let information = information(catalog);
    let mut shown = vec![usize::MAX; catalog.items().len()];
    let mut sums = vec![[0.0f64; PER_USER.len()]; ks.len()];
    let task = run.stage("evaluate", users.len() as u64);
    for (block, truth) in users.chunks(BLOCK).zip(items.chunks(BLOCK)) {
        let quiet = run.clone().with_progress(|_| {});
        let ranked = rank_users(model, block.to_vec(), k_max, query, &quiet)?;
        let n = ranked.n();
        let of_user = |row: usize| -> Vec<[f64; PER_USER.len()]> {
            let list = &ranked.items()[row * n..(row + 1) * n];
            ks.iter().map(|&k| metrics(list, &truth[row], k, &information)).collect()
        };
        let per_user: Vec<_> =
            run.install(|| (0..block.len()).into_par_iter().map(of_user).collect())?;
        let per_user: Vec<Vec<[f64; PER_USER.len()]>> = per_user;
        for user in &per_user {
            for (sum, values) in sums.iter_mut().zip(user) {
                sum.iter_mut().zip(values).for_each(|(s, v)| *s += v);
            }
        }
        for list in ranked.items().chunks_exact(n.max(1)) {
            for (rank, &item) in list.iter().enumerate().filter(|(_, i)| **i != NO_ITEM) {
                let first = &mut shown[item as usize];
                *first = (*first).min(rank);
            }
        }
        task.tick(block.len() as u64)?;
    }
    let mut out = BTreeMap::new();
    for (k, sum) in ks.iter().zip(&sums) {
        for (name, value) in PER_USER.iter().zip(sum) {
            out.insert(format!("{name}@{k}"), value / users.len() as f64);
        }
        let covered = shown.iter().filter(|&&rank| rank < *k).count();
        out.insert(format!("coverage@{k}"), covered as f64 / shown.len() as f64);
    }
    Ok(Evaluation { metrics: out, users: users.len(), unknown_users })
}

/// The users to rank, and the items that are hits for each, ascending.
pub(crate) struct Relevant {
    pub(crate) users: Vec<u32>,
    pub(crate) items: Vec<Vec<u32>>,
    unknown_users: usize,
}

pub(crate) fn relevant(catalog: &Catalog, test: &Interactions, exclude_seen: bool) -> Relevant {
    let item_of: Vec<Option<u32>> =
        test.items().iter().map(|id| catalog.items().dense(id)).collect();
    let mut out = Relevant { users: Vec::new(), items: Vec::new(), unknown_users: 0 };
    for (row, id) in test.users().iter().enumerate() {
        let wanted = test.matrix().row(row).0;
        if wanted.is_empty() {
            continue;
        }
        let Some(user) = catalog.users().dense(id) else {
            out.unknown_users += 1;
            continue;
        };
        let seen = catalog.seen().row(user as usize).0;
        let mut hits: Vec<u32> = wanted
            .iter()
            .filter_map(|&i| item_of[i as usize])
            .filter(|i| !exclude_seen || seen.binary_search(i).is_err())
            .collect();
        hits.sort_unstable();
        // Items that the model never met stay in the count: it could not have shown them.
        let unknown = wanted.iter().filter(|&&i| item_of[i as usize].is_none()).count();
        hits.extend(std::iter::repeat_n(NO_ITEM, unknown));
        if !hits.is_empty() {
            out.users.push(user);
            out.items.push(hits);
        }
    }
    out
}

/// Bits of surprise in being shown each item.
fn information(catalog: &Catalog) -> Vec<f64> {
    let users = catalog.users().len().max(1) as f64;
    catalog.counts().iter().map(|&c| (users / f64::from(c.max(1))).log2()).collect()
}

pub(crate) fn metrics(
    list: &[u32],
    truth: &[u32],
    k: usize,
    information: &[f64],
) -> [f64; PER_USER.len()] {
    let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let (mut hits, mut dcg, mut first, mut precisions) = (0.0f64, 0.0, 0.0, 0.0);
    let (mut novelty, mut count) = (0.0, 0.0);
    for (rank, &item) in list.iter().take(k).enumerate() {
        if item == NO_ITEM {
            continue;
        }
        novelty += information.get(item as usize).unwrap_or(&0.0);
        count += 1.0;
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
    [
        hits / truth.len() as f64,
        hits / k as f64,
        f64::from(u8::from(hits > 0.0)),
        dcg / ideal,
        first,
        precisions / possible as f64,
        if count > 0.0 { novelty / count } else { 0.0 },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_match_a_hand_count() {
        // Test items 1, 4, 7; the ranking 4, 9, 7, 2 hits at ranks 1 and 3.
        let bits = vec![1.0; 10];
        let m = metrics(&[4, 9, 7, 2], &[1, 4, 7], 4, &bits);
        let ideal = 1.0 + 1.0 / 3f64.log2() + 0.5;
        let expected =
            [2.0 / 3.0, 0.5, 1.0, (1.0 + 0.5) / ideal, 1.0, (1.0 + 2.0 / 3.0) / 3.0, 1.0];
        for ((name, a), b) in PER_USER.iter().zip(m).zip(expected) {
            assert!((a - b).abs() < 1e-12, "{name}: {a} {b}");
        }
        let none = metrics(&[NO_ITEM; 4], &[1], 4, &bits);
        assert_eq!(none, [0.0; 7]);
    }
}

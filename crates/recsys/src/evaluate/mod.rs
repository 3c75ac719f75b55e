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
//! | `popularity@k` | mean share of the users who have them over the items shown: the average recommendation popularity |
//! | `long_tail@k` | share of the items shown that are not among the fifth of the catalogue that most users have |
//! | `coverage@k` | share of all items shown to anybody |
//! | `gini@k` | inequality of how often items are shown, over all items: 0 all alike, near 1 a few only |
//! | `diversity@k` | 1 minus the mean likeness of two items of a list, likeness being the cosine of the sets of users who have them |
//!
//! The last three belong to all lists together, the others are means over users with test items.
//! `diversity` is measured on at most 1,000 users, evenly spaced; its likeness comes from the training data
//! and not from the model, so that models can be compared by it. Test items that the ranking may not show, because
//! the user has them in the training data, are not counted as test items.

mod beyond;
mod compare;
mod metrics;
mod users;

pub use compare::{Comparison, compare};
pub(crate) use metrics::{PER_USER, metrics};
pub use users::{Interval, Segment, UserMetrics, evaluate_users};

use crate::model::{Model, rank_users};
use crate::recommendations::NO_ITEM;
use crate::{Catalog, Query};
use beyond::Shown;
use mercato_core::{Error, Interactions, Result, Run};
use metrics::Items;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    judge(model, test, ks, query, Scope::Everything, run, |_, _| {})
}

/// As [`evaluate`], without what belongs to all lists together except coverage: for searches that
/// judge many models.
pub(crate) fn evaluate_accuracy(
    model: &dyn Model,
    test: &Interactions,
    ks: &[usize],
    query: &Query,
    run: &Run,
) -> Result<Evaluation> {
    judge(model, test, ks, query, Scope::Accuracy, run, |_, _| {})
}

/// How much to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Accuracy,
    Everything,
}

/// The values of one user: for each cut-off those of [`PER_USER`].
type OfUser = Vec<[f64; PER_USER.len()]>;

/// Ranks in blocks, and hands every user's values to `each` in the order of the users.
fn judge(
    model: &dyn Model,
    test: &Interactions,
    ks: &[usize],
    query: &Query,
    scope: Scope,
    run: &Run,
    mut each: impl FnMut(u32, &OfUser),
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
    let about = Items::of(catalog);
    let mut shown = Shown::new(catalog, ks, users.len(), scope);
    let mut sums = vec![[0.0f64; PER_USER.len()]; ks.len()];
    let task = run.stage("evaluate", users.len() as u64);
    for (block, truth) in users.chunks(BLOCK).zip(items.chunks(BLOCK)) {
        let quiet = run.clone().with_progress(|_| {});
        let ranked = rank_users(model, block.to_vec(), k_max, query, &quiet)?;
        let n = ranked.n();
        let of_user = |row: usize| -> OfUser {
            let list = &ranked.items()[row * n..(row + 1) * n];
            ks.iter().map(|&k| metrics(list, &truth[row], k, Some(&about))).collect()
        };
        let per_user: Vec<OfUser> =
            run.install(|| (0..block.len()).into_par_iter().map(of_user).collect())?;
        for (&user, values) in block.iter().zip(&per_user) {
            for (sum, values) in sums.iter_mut().zip(values) {
                sum.iter_mut().zip(values).for_each(|(s, v)| *s += v);
            }
            each(user, values);
        }
        ranked.items().chunks_exact(n.max(1)).for_each(|list| shown.add(list));
        task.tick(block.len() as u64)?;
    }
    let mut out = BTreeMap::new();
    for (k, sum) in ks.iter().zip(&sums) {
        for (name, value) in PER_USER.iter().zip(sum) {
            out.insert(format!("{name}@{k}"), value / users.len() as f64);
        }
    }
    shown.finish(&mut out, run)?;
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

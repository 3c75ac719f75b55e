//! Two models on the same users.
//!
//! Means of two models over the same users are compared by their differences user by user, which
//! vary far less than the means. The interval is a paired bootstrap; the p-value a paired
//! randomisation test: if the models were alike, the sign of each user's difference would be a coin's.
//!
//! **Paper.** Smucker, Allan & Carterette, *A comparison of statistical significance tests for
//! information retrieval evaluation*, CIKM 2007.

use super::users::{check, evaluate_users, percentiles, resampled};
use crate::Query;
use crate::model::Model;
use mercato_core::{Error, Id, Interactions, Result, Run};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Draws of the randomisation test: the least p-value is one in as many and one.
const FLIPS: usize = 10_000;
/// Resamples of the interval.
const RESAMPLES: usize = 2_000;

/// The result of [`compare`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What was compared.
    pub metric: String,
    /// Users that both models ranked for.
    pub users: usize,
    /// The mean of the first model over these users.
    pub a: f64,
    /// The mean of the second.
    pub b: f64,
    /// The first minus the second.
    pub difference: f64,
    /// The lower end of the 95 % interval of the difference.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How often chance alone gives a difference as large in size, if the models are alike.
    pub p_value: f64,
    /// Users for whom the first model is better.
    pub better: usize,
    /// Users for whom it is worse; for the others both are the same.
    pub worse: usize,
}

/// Compares two models by a per-user metric such as `"ndcg@10"`, on the users that both know. The
/// seed of `run` decides the draws of the interval and the test.
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{ItemKnn, Popularity, Query, compare};
/// let data = Interactions::builder([1, 1, 2, 2, 3, 4], ["tea", "cup", "tea", "cup", "tea", "jam"])
///     .build()?;
/// let next = Interactions::builder([3, 4], ["cup", "tea"]).build()?;
/// let knn = ItemKnn::default().fit(&data, &Run::default())?;
/// let popular = Popularity::default().fit(&data, &Run::default())?;
/// let result = compare(&knn, &popular, &next, "recall@1", &Query::default(), &Run::default())?;
/// assert_eq!((result.users, result.b), (2, 1.0));
/// # Ok::<(), mercato_core::Error>(())
/// ```
///
/// # Errors
/// `invalid_params` for an unknown metric; `not_enough_data` when no user was ranked by both; those of
/// [`evaluate`](super::evaluate).
pub fn compare(
    a: &dyn Model,
    b: &dyn Model,
    test: &Interactions,
    metric: &str,
    query: &Query,
    run: &Run,
) -> Result<Comparison> {
    check(0.95, RESAMPLES)?;
    let k = metric.split_once('@').and_then(|(_, k)| k.parse::<usize>().ok()).ok_or_else(|| {
        Error::invalid_params(format!("a metric is a name and a cut-off, ndcg@10, got {metric:?}"))
    })?;
    let of = |model: &dyn Model| -> Result<BTreeMap<Id, f64>> {
        let result = evaluate_users(model, test, &[k], query, run)?;
        let values = result.values(metric)?;
        Ok(result.users().map(mercato_core::IdRef::to_id).zip(values).collect())
    };
    let (of_a, of_b) = (of(a)?, of(b)?);
    let pairs: Vec<(f64, f64)> =
        of_a.iter().filter_map(|(id, &x)| of_b.get(id).map(|&y| (x, y))).collect();
    if pairs.is_empty() {
        return Err(Error::not_enough_data("no user was ranked by both models"));
    }
    let differences: Vec<f64> = pairs.iter().map(|(x, y)| x - y).collect();
    let n = pairs.len() as f64;
    let difference = differences.iter().sum::<f64>() / n;
    let task = run.stage("compare", (FLIPS + RESAMPLES) as u64);
    let draw = |at: usize| -> Result<f64> {
        task.tick(1)?;
        Ok(resampled(&differences, &mut run.rng(at as u64)))
    };
    // Users without a difference have no sign to flip.
    let signed: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    let observed = signed.iter().sum::<f64>().abs() * (1.0 - 1e-12);
    let flip = |at: usize| -> Result<bool> {
        task.tick(1)?;
        let mut rng = run.rng((RESAMPLES + at) as u64);
        let sum: f64 = signed
            .chunks(64)
            .map(|part| {
                let coins = rng.next_u64();
                let one = |(bit, d): (usize, &f64)| if coins >> bit & 1 == 1 { *d } else { -d };
                part.iter().enumerate().map(one).sum::<f64>()
            })
            .sum();
        Ok(sum.abs() >= observed)
    };
    let (mut means, extreme) = run.install(|| -> Result<(Vec<f64>, usize)> {
        let means = (0..RESAMPLES).into_par_iter().map(draw).collect::<Result<_>>()?;
        let hits = (0..FLIPS).into_par_iter().map(flip).collect::<Result<Vec<bool>>>()?;
        Ok((means, hits.into_iter().filter(|hit| *hit).count()))
    })??;
    let (low, high) = percentiles(&mut means, 0.95);
    Ok(Comparison {
        metric: metric.to_owned(),
        users: pairs.len(),
        a: pairs.iter().map(|p| p.0).sum::<f64>() / n,
        b: pairs.iter().map(|p| p.1).sum::<f64>() / n,
        difference,
        low,
        high,
        p_value: (extreme + 1) as f64 / (FLIPS + 1) as f64,
        better: differences.iter().filter(|d| **d > 0.0).count(),
        worse: differences.iter().filter(|d| **d < 0.0).count(),
    })
}

//! Every user's values: for intervals and breakdowns.

use super::metrics::PER_USER;
use super::{Evaluation, OfUser, Scope, judge};
use crate::Query;
use crate::model::Model;
use mercato_core::{Error, IdMap, IdRef, Interactions, Result, Rng, Run};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The metrics of every user that was ranked, and of all of them.
#[derive(Debug, Clone)]
pub struct UserMetrics {
    evaluation: Evaluation,
    /// Dense users, and the ids that they stand for.
    users: Vec<u32>,
    ids: Arc<IdMap>,
    /// Training interactions of each user.
    events: Vec<u32>,
    /// Names such as `recall@10`; a row of `values` for each user.
    names: Vec<String>,
    values: Vec<f64>,
}

/// Where a mean lies, by the bootstrap over users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean over the users.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The metrics of a part of the users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// How many users it has.
    pub users: usize,
    /// Metric name to mean over these users; those of all lists together are left out.
    pub metrics: BTreeMap<String, f64>,
}

/// As [`evaluate`](super::evaluate), keeping the values of every user: 8 bytes for each of nine
/// metrics, cut-off and user.
///
/// # Errors
/// As `evaluate`.
pub fn evaluate_users(
    model: &dyn Model,
    test: &Interactions,
    ks: &[usize],
    query: &Query,
    run: &Run,
) -> Result<UserMetrics> {
    let (mut users, mut values) = (Vec::new(), Vec::new());
    let each = |user: u32, of: &OfUser| {
        users.push(user);
        of.iter().for_each(|k| values.extend_from_slice(k));
    };
    let evaluation = judge(model, test, ks, query, Scope::Everything, run, each)?;
    let names = ks.iter().flat_map(|k| PER_USER.iter().map(move |name| format!("{name}@{k}")));
    let catalog = model.catalog();
    let events = |&u: &u32| catalog.seen().row(u as usize).0.len() as u32;
    Ok(UserMetrics {
        evaluation,
        events: users.iter().map(events).collect(),
        users,
        ids: catalog.users().clone(),
        names: names.collect(),
        values,
    })
}

impl UserMetrics {
    /// The means over all users, and what belongs to all lists together.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// The ids of the users, in the order of the values.
    pub fn users(&self) -> impl ExactSizeIterator<Item = IdRef<'_>> {
        self.users.iter().map(|&u| self.ids.id(u))
    }

    /// The values of a metric such as `"ndcg@10"`, one for each user.
    ///
    /// # Errors
    /// `invalid_params` for a name that was not measured for each user.
    pub fn values(&self, metric: &str) -> Result<impl ExactSizeIterator<Item = f64>> {
        let column = self.names.iter().position(|n| n == metric).ok_or_else(|| {
            Error::invalid_params(format!("unknown metric {metric:?}, known are {:?}", self.names))
        })?;
        Ok(self.values.chunks_exact(self.names.len()).map(move |row| row[column]))
    }

    /// An interval for every metric: percentiles of the means of `resamples` draws of as many users
    /// with replacement. The seed of `run` decides the draws; threads have no influence.
    ///
    /// - `level`: the share of the means inside, such as 0.95; above 0, below 1.
    /// - `resamples`: 100 to 100,000; 1,000 are enough for two digits.
    ///
    /// # Errors
    /// `invalid_params`; `cancelled`, `deadline_exceeded`.
    pub fn intervals(
        &self,
        level: f64,
        resamples: usize,
        run: &Run,
    ) -> Result<BTreeMap<String, Interval>> {
        check(level, resamples)?;
        let width = self.names.len();
        let n = self.users.len();
        let task = run.stage("bootstrap", resamples as u64);
        let draw = |resample: usize| -> Result<Vec<f64>> {
            let mut rng = run.rng(resample as u64);
            let mut sums = vec![0.0; width];
            for _ in 0..n {
                let row = &self.values[rng.below(n as u64) as usize * width..][..width];
                sums.iter_mut().zip(row).for_each(|(s, v)| *s += v);
            }
            sums.iter_mut().for_each(|s| *s /= n as f64);
            task.tick(1)?;
            Ok(sums)
        };
        let draws: Vec<Vec<f64>> =
            run.install(|| (0..resamples).into_par_iter().map(draw).collect::<Result<_>>())??;
        let interval = |(at, name): (usize, &String)| {
            let mut means: Vec<f64> = draws.iter().map(|d| d[at]).collect();
            let (low, high) = percentiles(&mut means, level);
            let mean = self.evaluation.metrics.get(name).copied().unwrap_or(f64::NAN);
            (name.clone(), Interval { mean, low, high })
        };
        Ok(self.names.iter().enumerate().map(interval).collect())
    }

    /// The metrics of each segment, by name; `segment` gives a user's, or none.
    pub fn by_segment<S: AsRef<str>>(
        &self,
        segment: impl Fn(IdRef<'_>) -> Option<S>,
    ) -> Vec<Segment> {
        let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (row, id) in self.users().enumerate() {
            if let Some(name) = segment(id) {
                parts.entry(name.as_ref().to_owned()).or_default().push(row);
            }
        }
        parts.into_iter().map(|(name, rows)| self.part(name, &rows)).collect()
    }

    /// The metrics by how much a user did in training: as many parts of (nearly) the same size,
    /// the least active first. Names say the numbers of events, such as `"3 to 7 events"`.
    #[must_use]
    pub fn by_activity(&self, parts: usize) -> Vec<Segment> {
        let mut order: Vec<usize> = (0..self.users.len()).collect();
        order.sort_by_key(|&row| self.events[row]);
        let size = order.len().div_ceil(parts.max(1)).max(1);
        let part = |rows: &[usize]| {
            let (first, last) = (self.events[rows[0]], self.events[rows[rows.len() - 1]]);
            self.part(format!("{first} to {last} events"), rows)
        };
        order.chunks(size).map(part).collect()
    }

    fn part(&self, name: String, rows: &[usize]) -> Segment {
        let width = self.names.len();
        let mean = |column: usize| {
            rows.iter().map(|row| self.values[row * width + column]).sum::<f64>()
                / rows.len().max(1) as f64
        };
        let metrics = self.names.iter().enumerate().map(|(at, name)| (name.clone(), mean(at)));
        Segment { name, users: rows.len(), metrics: metrics.collect() }
    }
}

/// Checks what every bootstrap takes.
pub(super) fn check(level: f64, resamples: usize) -> Result<()> {
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::invalid_params(format!("level must be above 0, below 1, got {level}")));
    }
    crate::params::count("resamples", resamples, 100..=100_000)
}

/// The two ends of the middle `level` of some numbers.
pub(super) fn percentiles(values: &mut [f64], level: f64) -> (f64, f64) {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    let at = |share: f64| {
        let (place, rest) = ((share * last).floor(), (share * last).fract());
        let low = values.get(place as usize).copied().unwrap_or(f64::NAN);
        let high = values.get(place as usize + 1).copied().unwrap_or(low);
        low + rest * (high - low)
    };
    (at((1.0 - level) / 2.0), at((1.0 + level) / 2.0))
}

/// The mean of a draw of as many numbers with replacement.
pub(super) fn resampled(values: &[f64], rng: &mut Rng) -> f64 {
    let n = values.len();
    (0..n).map(|_| values[rng.below(n as u64) as usize]).sum::<f64>() / n as f64
}

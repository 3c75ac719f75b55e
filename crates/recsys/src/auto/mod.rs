//! Choosing, tuning and blending by itself.
//!
//! **What it is.** Some of the data are held out. Every family of models that suits the data is tried
//! with its defaults; the best families are then tuned, one hyperparameter at a time, the better the
//! family the more of the time; the best models of different families are blended where that helps;
//! and what won is fitted again to all data.
//!
//! **When to choose it.** To begin with. Its result is an ordinary [`BlendModel`] and its
//! [`report`](BlendModel::report) tells what was tried, so that the winner can be fitted by
//! hand later in a fraction of the time.
//!
//! **Cost.** `time_budget` seconds, nearly all of it spent on fits; less when nothing is left to
//! try. Memory for the best model of each family at the same time.
//!
//! **How it judges.** With times, the events of each user's last moment are held out (the next item,
//! or the next basket); without, a fifth of each user's pairs. Only a sample of users is judged, the
//! same ones for every trial. Data of more than about a million pairs a minute of budget are searched
//! on a sample of users. A blend must beat its best part by more than chance (a paired test over
//! users) to be chosen.
//!
//! **Paper.** Caruana, Niculescu-Mizil, Crew & Ksikes, *Ensemble selection from libraries of models*,
//! ICML 2004, for the greedy weights.
//!
//! **Same result twice?** The order of trials depends on the data and the seed alone, but how many
//! fit into the budget depends on the machine. Set `max_trials` and a generous budget for the
//! same bytes everywhere.

mod blending;
mod report;
mod search;
mod space;

pub use report::{SearchReport, Trial};

use crate::{BlendModel, Method, params};
use mercato_core::{Error, Interactions, Result, Run};
use serde::{Deserialize, Serialize};

/// What is held out to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validation {
    /// `Last` when there are times, else `Random`.
    #[default]
    Auto,
    /// A fifth of each judged user's pairs.
    Random,
    /// Every event of each judged user's last moment; needs times.
    Last,
}

/// Hyperparameters of the search; see the [module](self).
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{AutoRecommender, Query, Recommender};
/// let users: Vec<i64> = (0..200).map(|e| e / 5).collect();
/// let items: Vec<i64> = (0..200).map(|e| (e / 5 % 2) * 20 + (e * 7 + e / 11) % 20).collect();
/// let data = Interactions::builder(&users, &items).build()?;
/// let auto = AutoRecommender::default().time_budget(2.0).max_trials(8);
/// let model = auto.fit(&data, &Run::seed(7))?;
/// assert_eq!(model.recommend(0, 5, &Query::default())?.len(), 5);
/// assert!(model.report().is_some_and(|r| r.trials.len() <= 8));
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AutoRecommender {
    /// Seconds for the search and the final fit together (default 60, 0.1 to 1e6). The final fit
    /// is planned for but never cut off, so the whole may take a little longer.
    pub time_budget: f64,
    /// What to maximise: `recall`, `precision`, `hit`, `ndcg`, `mrr` or `map`, at a cut-off
    /// (default `"ndcg@20"`).
    pub metric: String,
    /// What is held out to judge by (default auto).
    pub validation: Validation,
    /// Whether lists leave out what a user has seen (default true). Set it to false for goods that
    /// are bought again and again, and ask the model with `exclude_seen` false as well.
    pub exclude_seen: bool,
    /// Models fitted during the search at most (default 1000, 1 to 1000000).
    pub max_trials: usize,
    /// The methods to begin from instead of the built-in families (default none: built-in).
    pub candidates: Vec<Method>,
}

impl Default for AutoRecommender {
    fn default() -> Self {
        Self {
            time_budget: 60.0,
            metric: "ndcg@20".into(),
            validation: Validation::Auto,
            exclude_seen: true,
            max_trials: 1000,
            candidates: Vec::new(),
        }
    }
}

impl AutoRecommender {
    /// Sets [`time_budget`](Self#structfield.time_budget).
    #[must_use]
    pub fn time_budget(mut self, seconds: f64) -> Self {
        self.time_budget = seconds;
        self
    }

    /// Sets [`metric`](Self#structfield.metric).
    #[must_use]
    pub fn metric(mut self, metric: impl Into<String>) -> Self {
        self.metric = metric.into();
        self
    }

    /// Sets [`validation`](Self#structfield.validation).
    #[must_use]
    pub fn validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// Sets [`exclude_seen`](Self#structfield.exclude_seen).
    #[must_use]
    pub fn exclude_seen(mut self, exclude_seen: bool) -> Self {
        self.exclude_seen = exclude_seen;
        self
    }

    /// Sets [`max_trials`](Self#structfield.max_trials).
    #[must_use]
    pub fn max_trials(mut self, max_trials: usize) -> Self {
        self.max_trials = max_trials;
        self
    }

    /// Adds one of the [`candidates`](Self#structfield.candidates).
    #[must_use]
    pub fn candidate(mut self, method: impl Into<Method>) -> Self {
        self.candidates.push(method.into());
        self
    }

    /// Checks every hyperparameter against its range.
    ///
    /// # Errors
    /// `invalid_params`, naming the value and the range.
    pub fn check(&self) -> Result<()> {
        if !(0.1..=1e6).contains(&self.time_budget) {
            return Err(Error::invalid_params(format!(
                "time_budget must be in 0.1..=1000000 seconds, got {}",
                self.time_budget
            ))
            .with("parameter", "time_budget"));
        }
        search::Goal::parse(&self.metric)?;
        params::count("max_trials", self.max_trials, 1..=1_000_000)?;
        self.candidates.iter().try_for_each(|method| match method {
            Method::Blend(_) => Err(Error::invalid_params(
                "a blend cannot be a candidate: name its parts, they are blended anyway",
            )),
            method => method.check(),
        })
    }

    /// Searches, and fits the winner to all data. With a deadline that ends before the budget, the
    /// search ends in time for the final fit.
    ///
    /// # Errors
    /// `invalid_params`; `not_enough_data` when there are no interactions; `cancelled`; `deadline_exceeded` when the deadline leaves no time for the final fit.
    pub fn fit(&self, data: &Interactions, run: &Run) -> Result<BlendModel> {
        self.check()?;
        search::search(self, data, run)
    }
}

/// The same hyperparameters from named values, for callers of other languages.
impl TryFrom<&serde_json::Value> for AutoRecommender {
    type Error = Error;

    fn try_from(value: &serde_json::Value) -> Result<Self> {
        params::from_json(value)
    }
}

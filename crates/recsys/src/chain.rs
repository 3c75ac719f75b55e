//! A service that always answers: a declared chain of fallbacks with a deadline.
//!
//! **What it is.** Steps in order of preference, each with a source of its own: a model, items similar
//! to the context, what is popular in a segment, what is popular, a list of ids. The first step that
//! gives enough items answers, and the answer says which one it was and why the earlier ones did not.
//!
//! **When to choose it.** Wherever a page must not fail: a model file may be missing or damaged, a user
//! unknown, a filter may leave too little, a request may be late. None of that is an error here;
//! errors come at construction alone, for mistakes in the chain itself.
//!
//! **Cost.** Beyond the step that answers, some comparisons. Requests into an [`Answer`] that is used
//! again allocate nothing.
//!
//! **The deadline.** A library has no thread to interrupt a computation with. The deadline is
//! looked at before each step, and inside by the models that can take long: between tiles of at most 2,048 items
//! in `Als`, between both filters and every 256 users in `Spectral`, before the one pass over the scores in
//! others. Once it has passed, steps that rank by a model are skipped; what is popular and
//! lists are ready-made and answer in microseconds. A model that never looks at the clock ([`Scratch::check`]) is
//! not interrupted; its answer is used, as it is in hand, and marked late.
//!
//! [`Scratch::check`]: crate::Scratch::check

mod build;
mod steps;

pub use build::{ChainBuilder, Source};

use crate::request::{Ranking, with_space};
use crate::{Query, Rules};
use mercato_core::{Error, ErrorCode, Id, IdRef, Scored};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use steps::Step;

/// A chain of fallbacks; see the [module](self).
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{Chain, ItemKnn, Popularity, Request};
/// use std::sync::Arc;
/// let data = Interactions::builder([1, 1, 2, 3], ["tea", "cup", "tea", "mug"]).build()?;
/// let chain = Chain::builder()
///     .model("personal", "no/such/file.mercato")
///     .similar("alike", Arc::new(ItemKnn::default().fit(&data, &Run::default())?))
///     .popular("popular", Arc::new(Popularity::default().fit(&data, &Run::default())?))
///     .list("editors", ["tea", "cup"])
///     .build()?;
/// let answer = chain.recommend(2, 1, &Request::default());
/// assert_eq!(answer.step(), Some("alike"));
/// assert_eq!(answer.passed()[0].1.as_str(), "unavailable");
/// assert_eq!(answer.to_vec()[0].id, "cup".into());
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Chain {
    steps: Vec<Step>,
    names: Arc<[String]>,
    deadline: Option<Duration>,
    at_least: usize,
    rules: Option<Arc<Rules>>,
}

/// What is asked of a chain beside the user and the number of items.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// Filters, history, rules. Rules here take the place of the chain's.
    pub query: Query,
    /// The item that is looked at now, for similar items and its segment (default: none).
    pub item: Option<Id>,
    /// The segment for what is popular in one: a value of the step's attribute (default: that of
    /// `item`, else the most frequent one in the user's history).
    pub segment: Option<String>,
}

impl From<Query> for Request {
    fn from(query: Query) -> Self {
        Self { query, ..Self::default() }
    }
}

impl Request {
    /// Sets [`item`](Self#structfield.item).
    #[must_use]
    pub fn item(mut self, item: impl Into<Id>) -> Self {
        self.item = Some(item.into());
        self
    }

    /// Sets [`segment`](Self#structfield.segment).
    #[must_use]
    pub fn segment(mut self, segment: impl Into<String>) -> Self {
        self.segment = Some(segment.into());
        self
    }
}

/// Why a step did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Its source could not be opened; [`Chain::problems`] says why.
    Unavailable,
    /// It does not know the user, who brought no history.
    UnknownUser,
    /// The user has no event that it knows.
    NoHistory,
    /// No item of the request or of the history that it knows, or no segment.
    NoContext,
    /// The deadline passed before or during the step.
    Late,
    /// It gave fewer items than were wanted.
    TooFew,
    /// It failed, with this code; `internal` is a bug in the model.
    Failed(ErrorCode),
}

impl Reason {
    /// The reason as a word: for a failure its error code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Unavailable => "unavailable",
            Reason::UnknownUser => "unknown_user",
            Reason::NoHistory => "no_history",
            Reason::NoContext => "no_context",
            Reason::Late => "late",
            Reason::TooFew => "too_few",
            Reason::Failed(code) => code.as_str(),
        }
    }
}

/// What a chain answered, in memory that can be used again.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    ranking: Ranking,
    /// A list that was too short, while better ones are looked for.
    spare: Ranking,
    step: Option<usize>,
    passed: Vec<(usize, Reason)>,
    names: Option<Arc<[String]>>,
    late: bool,
}

impl Answer {
    /// The items, best first; empty when no step had any.
    #[must_use]
    pub fn ranking(&self) -> &Ranking {
        &self.ranking
    }

    /// The items with ids of their own.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Scored> {
        self.ranking.to_vec()
    }

    /// The name of the step that answered; none when the list is empty.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        self.name(self.step?)
    }

    fn name(&self, step: usize) -> Option<&str> {
        self.names.as_ref()?.get(step).map(String::as_str)
    }

    /// The steps that were passed over, in order, and why.
    #[must_use]
    pub fn passed(&self) -> Vec<(&str, Reason)> {
        self.passed.iter().map(|&(at, why)| (self.name(at).unwrap_or(""), why)).collect()
    }

    /// Whether the answer came after the deadline.
    #[must_use]
    pub fn late(&self) -> bool {
        self.late
    }
}

impl Chain {
    /// Begins a chain without steps.
    #[must_use]
    pub fn builder() -> ChainBuilder {
        ChainBuilder::default()
    }

    /// The names of the steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[String] {
        &self.names
    }

    /// The steps whose source cannot be used, and what is wrong with it.
    pub fn problems(&self) -> impl Iterator<Item = (&str, &Error)> {
        let steps = self.names.iter().zip(&self.steps);
        steps.filter_map(|(name, step)| step.problem().map(|e| (name.as_str(), e)))
    }

    /// The `n` best items of the first step that has enough. Never fails: an empty answer has the
    /// reasons of every step.
    pub fn recommend<'a>(&self, user: impl Into<IdRef<'a>>, n: usize, request: &Request) -> Answer {
        let mut answer = Answer::default();
        self.recommend_into(user, n, request, &mut answer);
        answer
    }

    /// As [`recommend`](Self::recommend), into an answer that is used again.
    pub fn recommend_into<'a>(
        &self,
        user: impl Into<IdRef<'a>>,
        n: usize,
        request: &Request,
        answer: &mut Answer,
    ) {
        let user = user.into();
        let deadline = self.deadline.and_then(|d| Instant::now().checked_add(d));
        let Answer { ranking, spare, step: answered, passed, names, late } = answer;
        if !names.as_ref().is_some_and(|n| Arc::ptr_eq(n, &self.names)) {
            *names = Some(self.names.clone());
        }
        (*answered, *late) = (None, false);
        passed.clear();
        ranking.clear();
        let is_late = || deadline.is_some_and(|d| Instant::now() >= d);
        let enough = self.at_least.min(n);
        for (at, step) in self.steps.iter().enumerate() {
            if !step.is_ready_made() && is_late() {
                passed.push((at, Reason::Late));
                continue;
            }
            let limit = deadline.filter(|_| !step.is_ready_made());
            let rules = request.query.rules.as_deref().or(self.rules.as_deref());
            // A panic is a bug in a model; here it costs that model's answer and nothing else.
            let tried = catch_unwind(AssertUnwindSafe(|| {
                with_space(|space| {
                    space.scratch.set_deadline(limit);
                    step.answer(user, n, request, rules, space, spare)
                })
            }));
            let found = match tried.unwrap_or(Err(Reason::Failed(ErrorCode::Internal))) {
                Ok(()) => spare.len(),
                Err(why) => {
                    passed.push((at, why));
                    continue;
                }
            };
            if found >= enough || found > ranking.len() {
                std::mem::swap(ranking, spare);
                // A shorter list of an earlier step gives way to a longer one.
                *answered = (found > 0).then_some(at);
            }
            if found >= enough {
                break;
            }
            passed.push((at, Reason::TooFew));
        }
        // The step that answered with too few, for want of a better one, was not passed over.
        passed.retain(|&(at, _)| Some(at) != *answered);
        *late = is_late();
    }
}

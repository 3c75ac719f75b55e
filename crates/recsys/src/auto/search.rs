//! The search: held-out data, trials, the winner.

use super::blending::{self, Blended};
use super::space::{Family, Step, families};
use super::{AutoRecommender, SearchReport, Trial, Validation};
use crate::blend::Part;
use crate::evaluate::evaluate_accuracy;
use crate::{AnyModel, Blend, BlendModel, ItemKnn, Method, Query};
use mercato_core::{Error, ErrorCode, Interactions, Result, Run};
use std::time::{Duration, Instant};

/// Users judged at most: with one held-out moment each, and with a share of their pairs.
const JUDGED: (usize, usize) = (8000, 2000);
/// The share of pairs held out where there are no times.
const SHARE: f64 = 0.2;
/// Pairs searched on at most, per second of budget.
const PAIRS_PER_SECOND: f64 = 20_000.0;
/// Families blended at most.
const BLENDED: usize = 4;
/// The share of the budget after which the best model grows.
const GROW_AT: f64 = 0.35;
/// Whose turn it is, by rank of the family: the best one tunes more often than the next.
const TURNS: [usize; 6] = [0, 0, 1, 0, 1, 2];

/// A metric and its cut-off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    /// Its place among the metrics of a user.
    pub(super) metric: usize,
    pub(super) k: usize,
}

impl Goal {
    pub(super) fn parse(name: &str) -> Result<Self> {
        let known = &crate::evaluate::PER_USER[..6];
        let parsed = name.split_once('@').and_then(|(metric, k)| {
            let k = k.parse().ok().filter(|k| (1..=1000).contains(k))?;
            Some(Self { metric: known.iter().position(|m| *m == metric)?, k })
        });
        parsed.ok_or_else(|| {
            Error::invalid_params(format!(
                "metric must be one of {} at a cut-off in 1..=1000, such as ndcg@20; got {name:?}",
                known.join(", ")
            ))
            .with("parameter", "metric")
        })
    }
}

pub(super) fn search(p: &AutoRecommender, data: &Interactions, run: &Run) -> Result<BlendModel> {
    let began = Instant::now();
    let allowed = run.remaining().map_or(p.time_budget, |r| r.as_secs_f64().min(p.time_budget));
    let (train, held, last) = carve(p, data, allowed, run)?;
    let families = families(p, data);
    if held.is_empty() || train.is_empty() {
        return unjudged(p, data, run);
    }
    let query = Query { exclude_seen: p.exclude_seen, ..Query::default() };
    // What a second of fitting here takes on all data, with something to spare.
    let grow = 1.2 * data.n_events() as f64 / train.n_events().max(1) as f64;
    let clock = Clock { began, budget: Duration::from_secs_f64(allowed), grow };

    let mut arms: Vec<Arm<'_>> = families.iter().map(Arm::new).collect();
    let mut judge =
        Judge { p, train: &train, held: &held, query, clock, run, trials: Vec::new(), users: 0 };
    for arm in &mut arms {
        judge.start(arm)?;
    }
    let task = run.stage("search", 100);
    let (mut shown, mut grown) = (0, false);
    for turn in 0.. {
        let share = (100.0 * began.elapsed().as_secs_f64() / allowed).min(99.0) as u64;
        task.tick(share.saturating_sub(shown))?;
        shown = shown.max(share);
        arms.sort_by(|a, b| b.score().total_cmp(&a.score()));
        let promising = arms.iter().filter(|a| a.score() >= 0.5 * arms[0].score()).count();
        let wanted = TURNS[turn % TURNS.len()];
        let order = std::iter::once(wanted).chain(0..promising).filter(|a| *a < promising);
        let mut moved = false;
        for at in order.collect::<Vec<_>>() {
            if judge.tune(&mut arms[at])? {
                moved = true;
                break;
            }
        }
        // Sizes come last, tried at once with what time is left: a large model costs as much to
        // judge as many small ones to tune.
        if !grown && (!moved || began.elapsed().as_secs_f64() > GROW_AT * allowed) {
            grown = true;
            arms.sort_by(|a, b| b.score().total_cmp(&a.score()));
            moved |= judge.grow(&mut arms[0])?;
        }
        if !moved {
            break;
        }
    }
    arms.sort_by(|a, b| b.score().total_cmp(&a.score()));
    choose(p, data, &judge, &arms, last, run)
}

/// Where nothing can be held out, because hardly any user has two items, there is nothing to
/// choose by: neighbours, or the caller's first candidate.
fn unjudged(p: &AutoRecommender, data: &Interactions, run: &Run) -> Result<BlendModel> {
    let method = p.candidates.first().cloned().unwrap_or_else(|| ItemKnn::default().into());
    let report = SearchReport {
        metric: p.metric.clone(),
        validation: "none".into(),
        ..SearchReport::default()
    };
    Ok(Blend::of([(method, 1.0)]).fit(data, run)?.with_report(report))
}

/// Blends the best, fits what won to all data, and reports.
fn choose(
    p: &AutoRecommender,
    data: &Interactions,
    judge: &Judge<'_>,
    arms: &[Arm<'_>],
    last: bool,
    run: &Run,
) -> Result<BlendModel> {
    let bests: Vec<&Best> = arms.iter().filter_map(|a| a.best.as_ref()).take(BLENDED).collect();
    let first = *bests.first().ok_or_else(|| {
        let why = judge.trials.iter().rev().find_map(|t| t.error.clone()).unwrap_or_default();
        let message = format!("no model could be fitted within {} seconds: {why}", p.time_budget);
        if run.remaining().is_some_and(|r| r.is_zero()) {
            Error::deadline_exceeded(message)
        } else {
            Error::not_enough_data(message)
        }
    })?;
    let goal = Goal::parse(&p.metric)?;
    // As many parts as the final fit has time for.
    let mut affordable = 1;
    while affordable < bests.len()
        && judge.clock.spare(bests[..=affordable].iter().map(|b| b.fit_seconds).sum()) > 0.0
    {
        affordable += 1;
    }
    let models: Vec<&AnyModel> = bests[..affordable].iter().map(|b| &b.model).collect();
    let blended = if models.len() > 1 {
        blending::blend(&models, judge.held, goal, p.exclude_seen, run)?
    } else {
        None
    };
    let Blended { weights, score } =
        blended.unwrap_or_else(|| Blended { weights: vec![1.0], score: first.score });
    let parts = bests.iter().zip(weights).filter(|(_, weight)| *weight > 0.0);
    let parts =
        parts.map(|(b, weight)| Part { method: b.method.clone(), weight }).collect::<Vec<_>>();
    let report = SearchReport {
        metric: p.metric.clone(),
        validation: if last { "last" } else { "random" }.into(),
        users: judge.users,
        pairs: judge.train.len(),
        trials: judge.trials.clone(),
        best_single: first.score,
        score,
        seconds: Some(judge.clock.began.elapsed().as_secs_f64()),
    };
    Ok(Blend { parts }.fit(data, run)?.with_report(report))
}

/// The part to fit to, the part to judge by, and whether it holds last moments.
fn carve(
    p: &AutoRecommender,
    data: &Interactions,
    seconds: f64,
    run: &Run,
) -> Result<(Interactions, Interactions, bool)> {
    if data.is_empty() {
        return Err(Error::not_enough_data(
            "there are no interactions to learn from, at least 1 is needed",
        ));
    }
    let last = match p.validation {
        Validation::Last if !data.has_times() => {
            return Err(Error::invalid_input(
                "validation by the last moment needs interactions with times",
            ));
        }
        Validation::Last => true,
        Validation::Random => false,
        Validation::Auto => data.has_times(),
    };
    let mut users: Vec<u32> = (0..data.n_users() as u32).collect();
    run.rng(11).shuffle(&mut users);
    // Large data are searched on some of the users.
    let limit = (PAIRS_PER_SECOND * seconds).max(1000.0);
    let (mut kept, mut pairs) = (vec![false; data.n_users()], 0.0);
    for &user in &users {
        let size = data.matrix().row(user as usize).0.len();
        if size > 0 && pairs < limit {
            kept[user as usize] = true;
            pairs += size as f64;
        }
    }
    let can = |user: u32| {
        let row = data.matrix().row(user as usize).0.len();
        let moments = data.events(user as usize).is_none_or(|e| e.times.first() < e.times.last());
        kept[user as usize] && row > 1 && (moments || !last)
    };
    let mut judged = vec![false; data.n_users()];
    let limit = if last { JUDGED.0 } else { JUDGED.1 };
    users.iter().filter(|u| can(**u)).take(limit).for_each(|&u| judged[u as usize] = true);
    let (_, sample) = data.split_by(|user| {
        let keep = kept[user];
        move |_, _| keep
    })?;
    let (train, held) = sample.split_by(|user| {
        let times = sample.events(user).map_or(&[][..], |e| e.times);
        let (judged, mut rng) = (judged[user], run.rng(12 + user as u64));
        let row = sample.matrix().row(user).0;
        let drawn: Vec<bool> = row.iter().map(|_| rng.unit() < SHARE).collect();
        move |event, item| {
            let drawn = || row.binary_search(&item).is_ok_and(|at| drawn[at]);
            judged && if last { times[event] == times[times.len() - 1] } else { drawn() }
        }
    })?;
    Ok((train, held, last))
}

struct Clock {
    began: Instant,
    budget: Duration,
    grow: f64,
}

impl Clock {
    /// Seconds left when a model that took `fit_seconds` here is still to be fitted to all data.
    fn spare(&self, fit_seconds: f64) -> f64 {
        // A little for the blend.
        let all = self.budget.as_secs_f64();
        0.95 * all - self.began.elapsed().as_secs_f64() - fit_seconds * self.grow
    }
}

/// The best model of a family so far.
struct Best {
    method: Method,
    model: AnyModel,
    score: f64,
    fit_seconds: f64,
    /// Of the fit and the judgement.
    seconds: f64,
    step: Option<Step>,
}

struct Arm<'a> {
    family: &'a Family,
    best: Option<Best>,
}

impl<'a> Arm<'a> {
    fn new(family: &'a Family) -> Self {
        Self { family, best: None }
    }

    fn score(&self) -> f64 {
        self.best.as_ref().map_or(-1.0, |b| b.score)
    }
}

struct Judge<'a> {
    p: &'a AutoRecommender,
    train: &'a Interactions,
    held: &'a Interactions,
    query: Query,
    clock: Clock,
    run: &'a Run,
    trials: Vec<Trial>,
    users: usize,
}

impl Judge<'_> {
    fn start(&mut self, arm: &mut Arm<'_>) -> Result<()> {
        let spare = self.clock.spare(0.0);
        if self.trials.len() < self.p.max_trials && spare > 0.0 {
            // No family may eat the time of the others.
            arm.best = self.fit(&arm.family.start, None, spare / 2.0)?;
        }
        Ok(())
    }

    /// Tries one step from the family's best; false when there is none left, or no time.
    fn tune(&mut self, arm: &mut Arm<'_>) -> Result<bool> {
        let Some(best) = &arm.best else { return Ok(false) };
        let tried = |m: &Method| self.trials.iter().any(|t| t.method == *m);
        let steps = arm.family.neighbours(&best.method, best.step)?;
        let Some((step, method)) = steps.into_iter().find(|(_, m)| !tried(m)) else {
            return Ok(false);
        };
        // Once here and, if it wins, once more on all data.
        let spare = self.clock.spare(0.0) / (1.0 + self.clock.grow);
        if self.trials.len() >= self.p.max_trials || spare < best.seconds * arm.family.cost(step) {
            return Ok(false);
        }
        let before = best.score;
        if let Some(found) = self.fit(&method, Some(step), spare)?.filter(|b| b.score > before) {
            arm.best = Some(found);
        }
        Ok(true)
    }

    /// Tries the largest model of the family's best settings that there is time for.
    fn grow(&mut self, arm: &mut Arm<'_>) -> Result<bool> {
        let Some(best) = &arm.best else { return Ok(false) };
        let spare = self.clock.spare(0.0) / (1.0 + self.clock.grow);
        let judging = best.seconds - best.fit_seconds;
        let times = (spare - judging) / best.fit_seconds.max(1e-3);
        let Some(method) = arm.family.grown(&best.method, times)? else {
            return Ok(false);
        };
        if self.trials.len() >= self.p.max_trials || self.trials.iter().any(|t| t.method == method)
        {
            return Ok(false);
        }
        let before = best.score;
        if let Some(found) = self.fit(&method, None, spare)?.filter(|b| b.score > before) {
            arm.best = Some(found);
        }
        Ok(true)
    }

    /// Fits and judges one model within `seconds`; `None` when that fails.
    fn fit(&mut self, method: &Method, step: Option<Step>, seconds: f64) -> Result<Option<Best>> {
        let began = Instant::now();
        let run = self.run.within(Duration::from_secs_f64(seconds.max(0.0)));
        let fitted = method.fit(self.train, &run);
        let fit_seconds = began.elapsed().as_secs_f64();
        let goal = Goal::parse(&self.p.metric)?;
        let judged = fitted.and_then(|model| {
            let found = evaluate_accuracy(&*model, self.held, &[goal.k], &self.query, &run)?;
            let score = found.metric(&self.p.metric).unwrap_or(0.0);
            self.users = found.users;
            let seconds = began.elapsed().as_secs_f64();
            Ok(Best { method: method.clone(), model, score, fit_seconds, seconds, step })
        });
        let (best, error) = match judged {
            Ok(best) => (Some(best), None),
            // Only the caller's own wish ends the search; a late fit is a trial that failed.
            Err(e) if e.code() == ErrorCode::Cancelled => return Err(e),
            Err(e) => (None, Some(e.message().to_owned())),
        };
        let score = best.as_ref().map(|b| b.score);
        let fit_seconds = Some(fit_seconds);
        self.trials.push(Trial { method: method.clone(), score, fit_seconds, error });
        Ok(best)
    }
}

//! What each rule did to each item.

use super::Rule;
use super::apply::Entry;
use crate::Catalog;
use mercato_core::{Bitmap, Id, best_first};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The list of a request and how its rules made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The list, as `recommend` gives it.
    pub items: Vec<ItemTrace>,
    /// Items that a rule took out of the list that would have been shown without rules.
    pub removed: Vec<ItemTrace>,
    /// What became of every rule, in the order of the rules.
    pub rules: Vec<RuleTrace>,
}

/// The way of one item to its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemTrace {
    /// The item.
    pub item: Id,
    /// Its place, from 1; none when it was removed.
    pub position: Option<usize>,
    /// Its score after the rules.
    pub score: f32,
    /// Its place before the rules among the candidates looked at, from 1; none for an item that
    /// only a pin brought in.
    pub model_rank: Option<usize>,
    /// The model's score; none as above.
    pub model_score: Option<f32>,
    /// What the rules did, in the order of application.
    pub steps: Vec<TraceStep>,
}

/// What one rule did to one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceStep {
    /// The number of the rule, from 0.
    pub rule: usize,
    /// Its action: `pin`, `boost`, `bury`, `exclude`, `cap` or `diversify`.
    pub action: String,
    /// The place before, from 1; none when there was none.
    pub rank_before: Option<usize>,
    /// The place after; none when the rule took the item out.
    pub rank_after: Option<usize>,
    /// The score before.
    pub score_before: f32,
    /// The score after.
    pub score_after: f32,
}

/// What became of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleTrace {
    /// The number of the rule, from 0.
    pub rule: usize,
    /// Its name, or else its action.
    pub name: String,
    /// Its action.
    pub action: String,
    /// Whether it could be applied.
    pub status: RuleStatus,
    /// How many items of `items` and `removed` it touched.
    pub touched: usize,
}

/// Whether a rule could be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RuleStatus {
    /// It was.
    Applied,
    /// The time is outside its window.
    NotNow,
    /// The model does not know the pinned item.
    UnknownItem,
    /// A filter or an exclusion holds against the pinned item.
    FilteredOut,
    /// The position of the pin lies beyond the list.
    BeyondTheList,
    /// In a fallback chain: what it reads is not known to the step that answered.
    Unusable,
}

/// Collects a trace; rankings are compared only when somebody asks.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    rules: Vec<RuleTrace>,
    /// What would be shown without rules.
    plain: Vec<(u32, f32)>,
    excluded: BTreeMap<u32, TraceStep>,
    notes: BTreeMap<u32, Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    model: Option<(usize, f32)>,
    steps: Vec<TraceStep>,
}

/// Item, place from 1, score, the model's place and score, and what rules did.
type Way = (u32, Option<usize>, f32, Option<(usize, f32)>, Vec<TraceStep>);

/// Places from 1 of the entries by score.
fn ranks(pool: &[Entry]) -> BTreeMap<u32, (usize, f32)> {
    let mut order: Vec<(u32, f32)> = pool.iter().map(|e| (e.item, e.score)).collect();
    order.sort_unstable_by(best_first);
    order.into_iter().enumerate().map(|(at, (item, score))| (item, (at + 1, score))).collect()
}

impl Tracer {
    pub(super) fn begin(&mut self, plain: &[(u32, f32)]) {
        self.plain = plain.to_vec();
    }

    pub(super) fn rule(&mut self, at: usize, rule: &Rule, status: RuleStatus) {
        let action = rule.verb().to_owned();
        let name = rule.name.clone().unwrap_or_else(|| action.clone());
        self.rules.push(RuleTrace { rule: at, name, action, status, touched: 0 });
    }

    /// Notes what of the plain list is no longer allowed.
    pub(super) fn excluded(&mut self, rule: usize, allow: &Bitmap) {
        for (at, &(item, score)) in self.plain.iter().enumerate() {
            if !allow.contains(item) {
                self.excluded.entry(item).or_insert_with(|| TraceStep {
                    rule,
                    action: "exclude".to_owned(),
                    rank_before: Some(at + 1),
                    rank_after: None,
                    score_before: score,
                    score_after: score,
                });
            }
        }
    }

    /// A new pool of candidates: what was noted of an earlier, smaller one is forgotten.
    pub(super) fn model(&mut self, pool: &[Entry]) {
        self.notes.clear();
        for (item, model) in ranks(pool) {
            self.notes.insert(item, Notes { model: Some(model), steps: Vec::new() });
        }
    }

    fn step(
        &mut self,
        rule: usize,
        item: u32,
        before: Option<(usize, f32)>,
        after: Option<usize>,
        score: f32,
    ) {
        let action = self.rules.get(rule).map_or_else(String::new, |r| r.action.clone());
        self.notes.entry(item).or_default().steps.push(TraceStep {
            rule,
            action,
            rank_before: before.map(|b| b.0),
            rank_after: after,
            score_before: before.map_or(score, |b| b.1),
            score_after: score,
        });
    }

    pub(super) fn shifted(&mut self, rule: usize, before: &[Entry], after: &[Entry]) {
        let (old, new) = (ranks(before), ranks(after));
        for (a, b) in before.iter().zip(after).filter(|(a, b)| a.score != b.score) {
            let rank = new.get(&b.item).map(|r| r.0);
            self.step(rule, a.item, old.get(&a.item).copied(), rank, b.score);
        }
    }

    pub(super) fn capped(&mut self, rule: usize, item: u32, at: usize, score: f32) {
        self.step(rule, item, Some((at + 1, score)), None, score);
    }

    pub(super) fn diversified(
        &mut self,
        rule: usize,
        item: u32,
        from: usize,
        to: usize,
        score: f32,
    ) {
        if from != to {
            self.step(rule, item, Some((from + 1, score)), Some(to + 1), score);
        }
    }

    pub(super) fn pinned(&mut self, rule: usize, item: u32, at: usize, score: f32) {
        let before = self.plain.iter().position(|p| p.0 == item).map(|at| (at + 1, score));
        let note = self.notes.entry(item).or_default();
        note.model = before;
        self.step(rule, item, before, Some(at + 1), score);
    }

    /// The trace of a finished list.
    pub(crate) fn finish(mut self, list: &[(u32, f32)], catalog: &Catalog) -> Trace {
        let items = list.iter().enumerate();
        let items = items.map(|(at, &(item, score))| {
            let Notes { model, steps } = self.notes.remove(&item).unwrap_or_default();
            let plain = self.plain.iter().position(|p| p.0 == item);
            let model = model.or(plain.map(|at| (at + 1, score)));
            (item, Some(at + 1), score, model, steps)
        });
        let items: Vec<_> = items.collect();
        let mut removed = Vec::new();
        for (at, &(item, score)) in self.plain.iter().enumerate() {
            if list.iter().any(|l| l.0 == item) {
                continue;
            }
            let mut steps: Vec<TraceStep> = self.excluded.remove(&item).into_iter().collect();
            steps.extend(self.notes.remove(&item).map_or_else(Vec::new, |n| n.steps));
            // An item that others merely overtook was not taken out by a rule of its own.
            if !steps.is_empty() {
                let last = steps.last().map_or(score, |s| s.score_after);
                removed.push((item, None, last, Some((at + 1, score)), steps));
            }
        }
        let mut rules = self.rules;
        let mut named = |(item, position, score, model, steps): Way| {
            let mut seen = Vec::new();
            for step in &steps {
                if let Some(rule) = rules.get_mut(step.rule)
                    && !seen.contains(&step.rule)
                {
                    rule.touched += 1;
                    seen.push(step.rule);
                }
            }
            ItemTrace {
                item: catalog.items().id(item).to_id(),
                position,
                score,
                model_rank: model.map(|m| m.0),
                model_score: model.map(|m| m.1),
                steps,
            }
        };
        let items = items.into_iter().map(&mut named).collect();
        let removed = removed.into_iter().map(&mut named).collect();
        Trace { items, removed, rules }
    }
}

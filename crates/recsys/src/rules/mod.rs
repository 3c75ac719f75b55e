//! Merchandising rules, as data.
//!
//! **What it is.** A list of rules that steer what a model ranks: pin, boost, bury, exclude, cap and
//! diversify. In every language a rule is the same JSON-like data, and it works over any model.
//!
//! | data | meaning |
//! |---|---|
//! | `{"pin": {"item": "A7", "position": 1}}` | the item stands at this position, 1 is the first |
//! | `{"boost": {"where": {"brand": "own"}, "factor": 1.5}}` | scores of matching items times 1.5 |
//! | `{"boost": {"where": {"new": true}, "offset": 0.2}}` | plus 0.2, in units of the model's score |
//! | `{"bury": {"where": {"margin": {"lt": 0}}, "factor": 0.5}}` | times 0.5; or minus an `offset` |
//! | `{"exclude": {"where": {"stock": 0}}}`, `{"exclude": {"items": ["A9"]}}` | never shown |
//! | `{"cap": {"attribute": "brand", "at_most": 2}}` | at most 2 items of each brand in the list |
//! | `{"diversify": {"lambda": 0.7, "by": ["category"]}}` | relevance against variety, by MMR |
//!
//! Each may have a `name`, and `from` and `until` in Unix seconds between which it holds.
//!
//! **Order of application**, whatever the order in the list:
//! 1. `exclude` takes candidates away before the model ranks.
//! 2. The model ranks. Items that a boost or bury matches are ranked apart, so that an item far down
//!    the list is lifted when its boosted score deserves it.
//! 3. `boost` and `bury` change scores, in the order in which they are written. A factor moves a
//!    negative score the same way as a positive one: it is divided.
//! 4. `diversify` and `cap` choose the list from the top down, one item at a time. Without
//!    `diversify` the best score is next; an item whose attribute value is used up is passed over, and
//!    as many candidates are ranked as are needed to fill the list. Items without a value are not capped.
//! 5. `pin` places items, also seen ones and those that the model does not rank. Filters of the
//!    request and `exclude` hold for pins too, so that nothing out of stock appears, unless the pin says
//!    `"anyway": true`. Pinned items use up caps and are not removed by them. Items that the model
//!    does not know are passed over. A pinned item keeps its own score, 0 if it has none: with pins,
//!    scores of a list do not descend.
//!
//! **Cost.** One more ranking for each boost or bury rule, with its filter as candidates; `diversify`
//! compares every chosen item with `depth` candidates.
//!
//! **Paper.** Carbonell & Goldstein, *The use of MMR, diversity-based reranking*, SIGIR 1998. **Where
//! we differ:** relevance is scaled to 0..1 over the candidates, so that `lambda` means the same
//! for every model.

mod apply;
mod data;
mod trace;

pub(crate) use apply::{RuleSpace, Target, apply, texts};
pub(crate) use trace::Tracer;
pub use trace::{ItemTrace, RuleStatus, RuleTrace, Trace, TraceStep};

use data::RuleData;
use mercato_core::{Error, Filter, Id, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

/// One rule; see the [module](self).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RuleData", into = "RuleData")]
pub struct Rule {
    /// What the trace calls it (default: its action).
    pub name: Option<String>,
    /// Holds from this second on (Unix time; default always).
    pub from: Option<i64>,
    /// Holds until before this second (Unix time; default for ever).
    pub until: Option<i64>,
    /// What it does.
    pub action: Action,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Puts an item at a position.
    Pin {
        /// The item.
        item: Id,
        /// Its place, from 1. Beyond the end of a list it is not shown; a shorter list ends with it.
        position: usize,
        /// Also against filters and exclusions.
        anyway: bool,
    },
    /// Raises the scores of items that pass.
    Boost(Filter, Change),
    /// Lowers the scores of items that pass.
    Bury(Filter, Change),
    /// Leaves out items that pass, and these.
    Exclude {
        /// Those that pass are left out.
        filter: Option<Filter>,
        /// These are left out.
        items: Vec<Id>,
    },
    /// Shows at most so many items with the same value of an attribute of texts or tags.
    Cap {
        /// The attribute.
        attribute: String,
        /// How many, from 1.
        at_most: usize,
    },
    /// Prefers items unlike those that stand above (maximal marginal relevance).
    Diversify {
        /// 1 ranks by relevance alone, 0 by variety alone (default 0.7).
        lambda: f32,
        /// Attributes by whose texts items are alike (default: none, the model's own likeness).
        by: Vec<String>,
        /// Candidates looked at (default 10 for each place, at least 100).
        depth: Option<usize>,
    },
}

/// How a score changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// By a factor: at least 1 in a boost, above 0 and at most 1 in a bury.
    Factor(f32),
    /// By a distance, not negative, in units of the model's scores.
    Offset(f32),
}

impl Rule {
    /// A rule that always holds.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self { name: None, from: None, until: None, action }
    }

    /// Sets [`name`](Self#structfield.name).
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Holds from one second of Unix time until before another.
    #[must_use]
    pub fn between(mut self, from: i64, until: i64) -> Self {
        (self.from, self.until) = (Some(from), Some(until));
        self
    }

    /// Whether the rule holds at a second of Unix time.
    #[must_use]
    pub fn holds(&self, now: i64) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    fn check(&self) -> Result<()> {
        let number = |name: &str, value: f32, low: f32, high: f32| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::invalid_params(format!("{name} must be in {low}..={high}, got {value}")))
        };
        if let (Some(from), Some(until)) = (self.from, self.until)
            && from >= until
        {
            return Err(Error::invalid_params(format!(
                "from must be before until, got {from} and {until}"
            )));
        }
        match &self.action {
            Action::Pin { position: 0, .. } => {
                Err(Error::invalid_params("the position of a pin must be at least 1, got 0"))
            }
            Action::Pin { .. } => Ok(()),
            Action::Boost(_, Change::Factor(f)) => number("the factor of a boost", *f, 1.0, 1e6),
            Action::Bury(_, Change::Factor(f)) => number("the factor of a bury", *f, 1e-6, 1.0),
            Action::Boost(_, Change::Offset(o)) | Action::Bury(_, Change::Offset(o)) => {
                number("an offset", *o, 0.0, 1e9)
            }
            Action::Exclude { filter: None, items } if items.is_empty() => Err(
                Error::invalid_params("exclude takes a filter as where, a list of items, or both"),
            ),
            Action::Exclude { .. } => Ok(()),
            Action::Cap { at_most: 0, .. } => {
                Err(Error::invalid_params("at_most of a cap must be at least 1, got 0"))
            }
            Action::Cap { .. } => Ok(()),
            Action::Diversify { depth: Some(0), .. } => {
                Err(Error::invalid_params("depth must be at least 1, got 0"))
            }
            Action::Diversify { lambda, .. } => number("lambda", *lambda, 0.0, 1.0),
        }
    }

    /// The action's name in data.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self.action {
            Action::Pin { .. } => "pin",
            Action::Boost(..) => "boost",
            Action::Bury(..) => "bury",
            Action::Exclude { .. } => "exclude",
            Action::Cap { .. } => "cap",
            Action::Diversify { .. } => "diversify",
        }
    }
}

/// Rules that were checked together; see the [module](self).
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{Popularity, Query, Recommender, Rules};
/// let data = Interactions::builder([1, 2, 2, 3], ["tea", "tea", "cup", "mug"]).build()?;
/// let model = Popularity::default().fit(&data, &Run::default())?;
/// let rules = Rules::from_json(&serde_json::json!([
///     {"pin": {"item": "mug", "position": 1}},
///     {"exclude": {"items": ["tea"]}},
/// ]))?;
/// let top = model.recommend(2, 5, &Query::default().include_seen().rules(rules))?;
/// assert_eq!(top[0].id, "mug".into());
/// assert_eq!(top.len(), 2);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Rule>", into = "Vec<Rule>")]
pub struct Rules {
    list: Vec<Rule>,
    /// Whether any rule has a window of time.
    timed: bool,
}

impl Rules {
    /// Checks every rule, and that they agree.
    ///
    /// # Errors
    /// `invalid_params`, with the number of the rule from 0 in the context: a value outside its
    /// range, two pins for one position or one item whose times overlap, two `diversify`.
    pub fn new(list: Vec<Rule>) -> Result<Self> {
        for (at, rule) in list.iter().enumerate() {
            let number = |e: Error| e.with("rule", at);
            rule.check().map_err(number)?;
            let together = |other: &&Rule| {
                let before =
                    |a: Option<i64>, b: Option<i64>| matches!((a, b), (Some(a), Some(b)) if a <= b);
                !before(rule.until, other.from) && !before(other.until, rule.from)
            };
            for other in list[..at].iter().filter(together) {
                let clash = match (&rule.action, &other.action) {
                    (Action::Pin { position: a, .. }, Action::Pin { position: b, .. })
                        if a == b =>
                    {
                        format!("two pins at position {a}")
                    }
                    (Action::Pin { item: a, .. }, Action::Pin { item: b, .. }) if a == b => {
                        format!("the item {a} is pinned twice")
                    }
                    (Action::Diversify { .. }, Action::Diversify { .. }) => {
                        "there can be one diversify".to_owned()
                    }
                    _ => continue,
                };
                return Err(number(Error::invalid_params(clash)));
            }
        }
        let timed = list.iter().any(|r| r.from.is_some() || r.until.is_some());
        Ok(Self { list, timed })
    }

    /// Reads a list of rules from JSON-like data.
    ///
    /// # Errors
    /// `invalid_params`, as [`new`](Self::new), and for anything outside the grammar.
    pub fn from_json(value: &Value) -> Result<Self> {
        let Value::Array(rules) = value else {
            return Err(Error::invalid_params(format!("rules must be a list, got {value}")));
        };
        let read = |(at, rule): (usize, &Value)| {
            Rule::deserialize(rule)
                .map_err(|e| Error::invalid_params(format!("rule {at}: {e}")).with("rule", at))
        };
        Self::new(rules.iter().enumerate().map(read).collect::<Result<_>>()?)
    }

    /// The rules.
    #[must_use]
    pub fn list(&self) -> &[Rule] {
        &self.list
    }

    /// The present second of Unix time, when any rule asks for it.
    pub(crate) fn clock(&self) -> i64 {
        if !self.timed {
            return 0;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
    }
}

impl TryFrom<Vec<Rule>> for Rules {
    type Error = Error;

    fn try_from(list: Vec<Rule>) -> Result<Self> {
        Self::new(list)
    }
}

impl From<Rules> for Vec<Rule> {
    fn from(rules: Rules) -> Self {
        rules.list
    }
}

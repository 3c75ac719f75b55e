//! What may be asked of a model beside the user and the number of items.

use crate::Rules;
use mercato_core::{Error, Filter, Id, IdMap, Result};
use serde_json::Value;
use std::sync::Arc;

/// How to recommend. The default leaves out what the user has seen and nothing else.
///
/// ```
/// use mercato_recsys::{History, Query};
/// let query = Query::default()
///     .where_json(&serde_json::json!({"category": "toys"}))?
///     .history(History::of(["cup", "tea"]));
/// assert!(query.exclude_seen);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Leave out the items of the user's training interactions and of `history` (default true).
    pub exclude_seen: bool,
    /// Only items whose attributes pass (default: all). Called `where` in other languages.
    pub filter: Option<Filter>,
    /// Only these items (default: all). Ids that the model does not know are ignored.
    pub items: Option<Vec<Id>>,
    /// Recommend to somebody with this history instead of the one learned in training (default:
    /// none). The user may then be unknown.
    pub history: Option<History>,
    /// Merchandising rules (default: none); see [`rules`](crate::rules).
    pub rules: Option<Arc<Rules>>,
    /// The second of Unix time at which rules with a window are judged (default: the present).
    pub now: Option<i64>,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            exclude_seen: true,
            filter: None,
            items: None,
            history: None,
            rules: None,
            now: None,
        }
    }
}

impl Query {
    /// Also recommends what the user has seen.
    #[must_use]
    pub fn include_seen(mut self) -> Self {
        self.exclude_seen = false;
        self
    }

    /// Only items whose attributes pass.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// As [`filter`](Self::filter), from data such as `{"category": "toys"}`; see
    /// [`Filter::from_json`].
    ///
    /// # Errors
    /// `invalid_params` for anything outside the grammar of filters.
    pub fn where_json(self, filter: &Value) -> Result<Self> {
        Ok(self.filter(Filter::from_json(filter)?))
    }

    /// Only these items.
    #[must_use]
    pub fn items<I: Into<Id>>(mut self, items: impl IntoIterator<Item = I>) -> Self {
        self.items = Some(items.into_iter().map(Into::into).collect());
        self
    }

    /// Under these rules.
    #[must_use]
    pub fn rules(mut self, rules: impl Into<Arc<Rules>>) -> Self {
        self.rules = Some(rules.into());
        self
    }

    /// At this second of Unix time, for rules that hold for some time.
    #[must_use]
    pub fn at(mut self, second: i64) -> Self {
        self.now = Some(second);
        self
    }

    /// For somebody with this history.
    #[must_use]
    pub fn history(mut self, history: History) -> Self {
        self.history = Some(history);
        self
    }
}

/// What somebody did, oldest first: items and weights. Items that a model does not know are
/// ignored; a history without any known item is answered with what is popular.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Items and their weights (finite, not negative), oldest first.
    pub events: Vec<(Id, f32)>,
}

impl History {
    /// A history of items of weight 1, oldest first.
    ///
    /// ```
    /// use mercato_recsys::History;
    /// assert_eq!(History::of(["tea", "cup"]).events.len(), 2);
    /// ```
    pub fn of<I: Into<Id>>(items: impl IntoIterator<Item = I>) -> Self {
        Self::weighted(items.into_iter().map(|i| (i, 1.0)))
    }

    /// A history of items with weights, oldest first.
    pub fn weighted<I: Into<Id>>(events: impl IntoIterator<Item = (I, f32)>) -> Self {
        Self { events: events.into_iter().map(|(i, w)| (i.into(), w)).collect() }
    }

    /// The known items as dense numbers, in the same order.
    ///
    /// # Errors
    /// `invalid_input` for a weight that is not finite or is negative.
    pub fn resolve(&self, items: &IdMap) -> Result<Vec<(u32, f32)>> {
        let mut known = Vec::with_capacity(self.events.len());
        self.resolve_into(items, &mut known)?;
        Ok(known)
    }

    /// As [`resolve`](Self::resolve), added to memory of the caller's.
    pub(crate) fn resolve_into(&self, items: &IdMap, known: &mut Vec<(u32, f32)>) -> Result<()> {
        for (at, (id, weight)) in self.events.iter().enumerate() {
            if !weight.is_finite() || *weight < 0.0 {
                return Err(Error::invalid_input(format!(
                    "the weight of event {at} of the history is {weight}, it must be finite and \
                     not negative"
                ))
                .with("item", id));
            }
            if let Some(item) = items.dense(id).filter(|_| *weight > 0.0) {
                known.push((item, *weight));
            }
        }
        Ok(())
    }
}

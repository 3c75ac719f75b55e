//! Why an item is recommended to somebody.
//!
//! A model that is linear in the history says exactly what each event adds to the score; others
//! show which events are most like the item. Models give [`Reasons`] in dense numbers; callers ask
//! [`Recommender::explain`](crate::Recommender::explain) and get an [`Explanation`] in their own ids.

use crate::model::{Model, Taste};
use crate::{Catalog, Query};
use mercato_core::{Id, IdRef, Result};
use serde::{Deserialize, Serialize};

/// What an explanation rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExplanationKind {
    /// The parts of the events and the `rest` add up to the score.
    Exact,
    /// The parts are likenesses of the events to the item; they do not add up to the score.
    Neighbors,
    /// The item is ranked by how many users have it, whoever asks.
    Popularity,
}

/// Why an item has its score.
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{ItemKnn, Query, Recommender};
/// let data = Interactions::builder(
///     ["ann", "ann", "bob", "bob", "cid"],
///     ["tea", "cup", "tea", "cup", "tea"],
/// )
/// .build()?;
/// let model = ItemKnn::default().fit(&data, &Run::default())?;
/// let why = model.explain("cid", "cup", &Query::default())?;
/// assert_eq!(why.contributions[0].item, "tea".into());
/// assert_eq!(why.contributions[0].part, why.score);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The item that is explained.
    pub item: Id,
    /// Its score, the one that `recommend` gives; 0 when nothing speaks for the item.
    pub score: f32,
    /// What the contributions mean.
    pub kind: ExplanationKind,
    /// What each item of the history gives, the largest part first; ties in the catalog's order.
    pub contributions: Vec<Contribution>,
    /// The part of the score that belongs to no event: a model's constant, or what training
    /// knows of a user beyond the sum of the events. Zero where `kind` is `neighbors`.
    pub rest: f32,
    /// The share of the users who have the item, 0 to 1.
    pub share_of_users: f32,
}

/// What one item of a history gives to the score of another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The item of the history.
    pub item: Id,
    /// Its weight in the history.
    pub weight: f32,
    /// Its part of the score, or its likeness; see [`ExplanationKind`].
    pub part: f32,
}

/// What a model knows about one score, in dense numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Reasons {
    /// What the parts mean.
    pub kind: ExplanationKind,
    /// The score of the item; 0 when nothing speaks for it.
    pub score: f32,
    /// (item, weight, part) of every event, in any order; an item may stand there more than once.
    pub parts: Vec<(u32, f32, f32)>,
}

/// The (item, weight) events of a taste.
pub(crate) fn events_of(catalog: &Catalog, taste: Taste<'_>) -> Vec<(u32, f32)> {
    match taste {
        Taste::User(user) => {
            let (items, weights) = catalog.seen().row(user as usize);
            items.iter().copied().zip(weights.iter().copied()).collect()
        }
        Taste::History(events) => events.to_vec(),
    }
}

/// The reasons of a model that is not linear: how like each event is to the item.
pub(crate) fn neighbors<M: Model + ?Sized>(
    model: &M,
    taste: Taste<'_>,
    item: u32,
) -> Result<Reasons> {
    let at = item as usize;
    let mut scores = vec![f32::NEG_INFINITY; model.catalog().items().len()];
    model.score(taste, &mut scores)?;
    let score = scores.get(at).copied().filter(|s| s.is_finite()).unwrap_or(0.0);
    scores.fill(f32::NEG_INFINITY);
    let known = model.score_similar(item, &mut scores).is_ok();
    let part = |event: u32| {
        scores.get(event as usize).copied().filter(|s| known && s.is_finite()).unwrap_or(0.0)
    };
    let events = events_of(model.catalog(), taste);
    let parts = events.into_iter().map(|(event, weight)| (event, weight, part(event))).collect();
    Ok(Reasons { kind: ExplanationKind::Neighbors, score, parts })
}

/// The explanation of a request.
pub(crate) fn explain<M: Model + ?Sized>(
    model: &M,
    user: IdRef<'_>,
    item: IdRef<'_>,
    query: &Query,
) -> Result<Explanation> {
    let catalog = model.catalog();
    let item = catalog.items().require("item", item)?;
    let history = query.history.as_ref().map(|h| h.resolve(catalog.items())).transpose()?;
    let taste = match &history {
        Some(h) => (!h.is_empty()).then_some(Taste::History(h)),
        None => {
            let user = catalog.users().require("user", user)?;
            (!catalog.seen().row(user as usize).0.is_empty()).then_some(Taste::User(user))
        }
    };
    let count = catalog.counts().get(item as usize).copied().unwrap_or(0);
    let share_of_users = count as f32 / catalog.population().max(1) as f32;
    let Reasons { kind, score, mut parts } = match taste {
        Some(taste) => model.reasons(taste, item)?,
        None => {
            Reasons { kind: ExplanationKind::Popularity, score: share_of_users, parts: Vec::new() }
        }
    };
    // An opened file may be damaged: events of items that are not there cannot be named.
    parts.retain(|p| (p.0 as usize) < catalog.items().len());
    parts.sort_by_key(|p| p.0);
    parts.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
            // Likenesses are the same for each time; parts of a sum are added.
            if kind != ExplanationKind::Neighbors {
                kept.2 += next.2;
            }
        }
        same
    });
    parts.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    let sum: f64 = parts.iter().map(|p| f64::from(p.2)).sum();
    let rest = match kind {
        ExplanationKind::Neighbors => 0.0,
        _ => (f64::from(score) - sum) as f32,
    };
    let named = |(item, weight, part): (u32, f32, f32)| Contribution {
        item: catalog.items().id(item).to_id(),
        weight,
        part,
    };
    let contributions = parts.into_iter().map(named).collect();
    let item = catalog.items().id(item).to_id();
    Ok(Explanation { item, score, kind, contributions, rest, share_of_users })
}

//! One request: whose taste, which candidates, which rules; and its working memory.
//!
//! Invariant: once a thread has answered requests of some size, further ones of that size allocate
//! nothing, from the query to the [`Ranking`].

use crate::model::{Candidates, Model, Scratch, Taste, popular, select};
use crate::rules::{self, RuleSpace, Target, Tracer};
use crate::{Catalog, Query, Rules, UserVector};
use mercato_core::{Bitmap, Id, IdMap, IdRef, Result, Scored};
use std::cell::Cell;
use std::sync::Arc;

/// A ranked list in memory that is used again: what
/// [`recommend_into`](crate::Recommender::recommend_into) fills.
///
/// ```
/// use mercato_core::{Interactions, Run};
/// use mercato_recsys::{Popularity, Query, Ranking, Recommender};
/// let data = Interactions::builder([1, 2, 2], ["tea", "tea", "cup"]).build()?;
/// let model = Popularity::default().fit(&data, &Run::default())?;
/// let mut ranking = Ranking::default();
/// for user in [1, 2] {
///     model.recommend_into(user, 5, &Query::default(), &mut ranking)?;
///     for (id, score) in ranking.iter() {
///         println!("{user} {id} {score}");
///     }
/// }
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Ranking {
    pub(crate) pairs: Vec<(u32, f32)>,
    ids: Option<Arc<IdMap>>,
}

impl Ranking {
    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The ids, borrowed, and the scores, best first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (IdRef<'_>, f32)> {
        let ids = self.ids.as_deref();
        self.pairs.iter().map(move |&(item, score)| {
            (ids.expect("whoever fills the pairs sets the ids").id(item), score)
        })
    }

    /// The same in the dense numbers of the catalog that answered.
    #[must_use]
    pub fn dense(&self) -> &[(u32, f32)] {
        &self.pairs
    }

    /// The list with ids of its own.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Scored> {
        self.iter().map(|(id, score)| Scored { id: id.to_id(), score }).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.pairs.clear();
    }

    /// Empties the list and says whose numbers the next pairs will be.
    pub(crate) fn of(&mut self, ids: &Arc<IdMap>) -> &mut Vec<(u32, f32)> {
        if !self.ids.as_ref().is_some_and(|known| Arc::ptr_eq(known, ids)) {
            self.ids = Some(ids.clone());
        }
        self.pairs.clear();
        &mut self.pairs
    }
}

/// The working memory of requests of one thread.
#[derive(Debug, Default)]
pub(crate) struct Space {
    pub(crate) scratch: Scratch,
    pub(crate) history: Vec<(u32, f32)>,
    /// For counting the values of attributes.
    pub(crate) codes: Vec<u32>,
    exclude: Vec<u32>,
    allow: Bitmap,
    rules: RuleSpace,
}

/// Which rules hold for a request, and what happens to those that cannot be applied.
#[derive(Clone, Copy)]
pub(crate) struct Steering<'a> {
    pub(crate) rules: Option<&'a Rules>,
    /// Pass over rules that read what is not there, as long as nothing excluded can be shown.
    pub(crate) lenient: bool,
}

impl<'a> Steering<'a> {
    /// The rules of a query, all of which must be applicable.
    pub(crate) fn of(query: &'a Query) -> Self {
        Self { rules: query.rules.as_deref(), lenient: false }
    }
}

thread_local! {
    static SPACE: Cell<Option<Box<Space>>> = const { Cell::new(None) };
}

/// Lends this thread's working memory. A request inside a request gets memory of its own.
pub(crate) fn with_space<R>(work: impl FnOnce(&mut Space) -> R) -> R {
    let mut space = SPACE.take().unwrap_or_default();
    space.scratch.set_deadline(None);
    let answer = work(&mut space);
    SPACE.set(Some(space));
    answer
}

/// Which items a request may show, before rules.
enum Allowed<'a> {
    All,
    Remembered(Arc<Bitmap>),
    Listed(&'a Bitmap),
}

impl Allowed<'_> {
    fn set(&self) -> Option<&Bitmap> {
        match self {
            Allowed::All => None,
            Allowed::Remembered(set) => Some(set),
            Allowed::Listed(set) => Some(set),
        }
    }
}

/// As [`Catalog::allowed`], into memory that is used again.
fn allowed<'a>(catalog: &Catalog, query: &Query, listed: &'a mut Bitmap) -> Result<Allowed<'a>> {
    let filtered = query.filter.as_ref().map(|f| catalog.matching(f)).transpose()?;
    let Some(items) = &query.items else {
        return Ok(filtered.map_or(Allowed::All, Allowed::Remembered));
    };
    listed.reset(catalog.items().len());
    let known = |id: &Id| catalog.items().dense(id);
    items.iter().filter_map(known).for_each(|item| listed.insert(item));
    if let Some(set) = filtered {
        listed.intersect(&set);
    }
    Ok(Allowed::Listed(listed))
}

/// Ranks for a user of the training data (`known`) or for the history in `space`, under rules.
#[allow(clippy::too_many_arguments, reason = "one request with everything that belongs to it")]
pub(crate) fn answer<M: Model + ?Sized>(
    model: &M,
    known: Option<u32>,
    n: usize,
    query: &Query,
    steering: Steering<'_>,
    space: &mut Space,
    out: &mut Vec<(u32, f32)>,
    tracer: Option<&mut Tracer>,
) -> Result<()> {
    let catalog = model.catalog();
    let Space { scratch, history, exclude, allow, rules, .. } = space;
    let seen = known.map_or(&[][..], |u| catalog.seen().row(u as usize).0);
    let taste = match (&query.history, known) {
        (Some(_), _) if history.is_empty() => None,
        (Some(_), _) => Some(Taste::History(history)),
        (None, Some(u)) if !seen.is_empty() => Some(Taste::User(u)),
        _ => None,
    };
    let leave_out = seen_items(seen, history, query, exclude);
    let rank = |n: usize, among: Candidates<'_>, out: &mut Vec<(u32, f32)>| match taste {
        Some(taste) => model.top(taste, n, among, scratch, out),
        None => {
            popular(catalog, n, among, scratch, out);
            Ok(())
        }
    };
    let likeness = |a: u32, b: u32| model.likeness(a, b);
    let target = Target { catalog, likeness: &likeness, lenient: steering.lenient };
    steered(&target, rank, n, query, steering.rules, leave_out, allow, rules, out, tracer)
}

/// What a request leaves out as seen: ascending dense items.
fn seen_items<'a>(
    seen: &'a [u32],
    history: &[(u32, f32)],
    query: &Query,
    space: &'a mut Vec<u32>,
) -> &'a [u32] {
    match (query.exclude_seen, &query.history) {
        (false, _) => &[],
        (true, None) => seen,
        (true, Some(_)) => {
            space.clear();
            space.extend_from_slice(seen);
            space.extend(history.iter().map(|e| e.0));
            space.sort_unstable();
            space.dedup();
            space
        }
    }
}

/// Ranks for somebody who was folded in, under the rules of the query.
pub(crate) fn answer_folded<M: Model + ?Sized>(
    model: &M,
    user: &UserVector,
    n: usize,
    query: &Query,
    space: &mut Space,
    out: &mut Vec<(u32, f32)>,
) -> Result<()> {
    let catalog = model.catalog();
    let Space { scratch, history, allow, rules, .. } = space;
    // Folded in by another model, or by a newer one: items beyond the last are not known here.
    history.clear();
    history.extend(user.events().iter().filter(|e| (e.0 as usize) < catalog.items().len()));
    let rank = |n: usize, among: Candidates<'_>, out: &mut Vec<(u32, f32)>| {
        if !user.values.is_empty() {
            model.top_vector(&user.values, n, among, scratch, out)
        } else if !history.is_empty() {
            model.top(Taste::History(history), n, among, scratch, out)
        } else {
            popular(catalog, n, among, scratch, out);
            Ok(())
        }
    };
    let likeness = |a: u32, b: u32| model.likeness(a, b);
    let target = Target { catalog, likeness: &likeness, lenient: false };
    let leave_out = if query.exclude_seen { user.seen() } else { &[] };
    let own = query.rules.as_deref();
    steered(&target, rank, n, query, own, leave_out, allow, rules, out, None)
}

/// Ranks by `rank` among what the query allows, then applies its rules.
#[allow(clippy::too_many_arguments, reason = "parts of one working memory, lent one by one")]
pub(crate) fn steered(
    target: &Target<'_>,
    mut rank: impl FnMut(usize, Candidates<'_>, &mut Vec<(u32, f32)>) -> Result<()>,
    n: usize,
    query: &Query,
    rules: Option<&Rules>,
    exclude: &[u32],
    allow: &mut Bitmap,
    space: &mut RuleSpace,
    out: &mut Vec<(u32, f32)>,
    tracer: Option<&mut Tracer>,
) -> Result<()> {
    let n = n.min(target.catalog.items().len());
    let allowed = allowed(target.catalog, query, allow)?;
    let among = Candidates { allow: allowed.set(), exclude };
    match rules {
        Some(rules) if !rules.list().is_empty() => {
            let now = query.now.unwrap_or_else(|| rules.clock());
            rules::apply(rules, now, target, &mut rank, n, among, space, out, tracer)
        }
        _ => rank(n, among, out),
    }
}

/// Ranks by likeness to an item, under the rules of the query.
pub(crate) fn similar<M: Model + ?Sized>(
    model: &M,
    item: u32,
    n: usize,
    query: &Query,
    space: &mut Space,
    out: &mut Vec<(u32, f32)>,
) -> Result<()> {
    let Space { scratch, allow, rules, .. } = space;
    let Scratch { scores, top, .. } = scratch;
    scores.clear();
    scores.resize(model.catalog().items().len(), f32::NEG_INFINITY);
    model.score_similar(item, scores)?;
    let rank = |n: usize, among: Candidates<'_>, out: &mut Vec<(u32, f32)>| {
        select(scores, n, among, top, out);
        Ok(())
    };
    let likeness = |a: u32, b: u32| model.likeness(a, b);
    let target = Target { catalog: model.catalog(), likeness: &likeness, lenient: false };
    let own = query.rules.as_deref();
    steered(&target, rank, n, query, own, &[item], allow, rules, out, None)
}

/// Ranks by the sum of the likenesses to some items, which are left out as the seen ones are.
#[allow(clippy::too_many_arguments, reason = "one request with everything that belongs to it")]
pub(crate) fn similar_to<M: Model + ?Sized>(
    model: &M,
    items: impl Iterator<Item = u32> + Clone,
    known: Option<u32>,
    n: usize,
    query: &Query,
    steering: Steering<'_>,
    space: &mut Space,
    out: &mut Vec<(u32, f32)>,
) -> Result<()> {
    let catalog = model.catalog();
    let Space { scratch, history, exclude, allow, rules, codes } = space;
    let mut scores = std::mem::take(&mut scratch.scores);
    let mut one = std::mem::take(&mut scratch.vector);
    scores.clear();
    scores.resize(catalog.items().len(), f32::NEG_INFINITY);
    let mut done = Ok(());
    for item in items.clone() {
        one.clear();
        one.resize(scores.len(), f32::NEG_INFINITY);
        done = scratch.check().and_then(|()| model.score_similar(item, &mut one));
        if done.is_err() {
            break;
        }
        for (sum, &s) in scores.iter_mut().zip(&one).filter(|(_, s)| **s > f32::NEG_INFINITY) {
            *sum = if *sum > f32::NEG_INFINITY { *sum + s } else { s };
        }
    }
    let top = &mut scratch.top;
    if done.is_ok() {
        let seen = known.map_or(&[][..], |u| catalog.seen().row(u as usize).0);
        codes.clear();
        codes.extend_from_slice(seen_items(seen, history, query, exclude));
        codes.extend(items);
        codes.sort_unstable();
        codes.dedup();
        let rank = |n: usize, among: Candidates<'_>, out: &mut Vec<(u32, f32)>| {
            select(&scores, n, among, top, out);
            Ok(())
        };
        let likeness = |a: u32, b: u32| model.likeness(a, b);
        let target = Target { catalog, likeness: &likeness, lenient: steering.lenient };
        done = steered(&target, rank, n, query, steering.rules, codes, allow, rules, out, None);
    }
    (scratch.scores, scratch.vector) = (scores, one);
    done
}

/// Ranks by a ready-made order over the items of a model, without what the user has seen.
#[allow(clippy::too_many_arguments, reason = "one request with everything that belongs to it")]
pub(crate) fn ready_made<M: Model + ?Sized>(
    model: &M,
    known: Option<u32>,
    rank: impl FnMut(usize, Candidates<'_>, &mut Vec<(u32, f32)>) -> Result<()>,
    n: usize,
    query: &Query,
    steering: Steering<'_>,
    space: &mut Space,
    out: &mut Vec<(u32, f32)>,
) -> Result<()> {
    let catalog = model.catalog();
    let Space { history, exclude, allow, rules, .. } = space;
    let seen = known.map_or(&[][..], |u| catalog.seen().row(u as usize).0);
    let leave_out = seen_items(seen, history, query, exclude);
    let likeness = |a: u32, b: u32| model.likeness(a, b);
    let target = Target { catalog, likeness: &likeness, lenient: steering.lenient };
    steered(&target, rank, n, query, steering.rules, leave_out, allow, rules, out, None)
}

/// As [`ready_made`], over a list of items.
pub(crate) fn listed(
    catalog: &Catalog,
    rank: impl FnMut(usize, Candidates<'_>, &mut Vec<(u32, f32)>) -> Result<()>,
    n: usize,
    query: &Query,
    steering: Steering<'_>,
    space: &mut Space,
    out: &mut Vec<(u32, f32)>,
) -> Result<()> {
    let Space { history, exclude, allow, rules, .. } = space;
    let leave_out = seen_items(&[], history, query, exclude);
    let target = Target { catalog, likeness: &|_, _| None, lenient: steering.lenient };
    steered(&target, rank, n, query, steering.rules, leave_out, allow, rules, out, None)
}

/// Puts the dense events of the query's history into `space`.
pub(crate) fn resolve(query: &Query, items: &IdMap, space: &mut Space) -> Result<()> {
    space.history.clear();
    query.history.as_ref().map_or(Ok(()), |h| h.resolve_into(items, &mut space.history))
}

/// The dense user that a request is for; `None` for a stranger who comes with a history.
pub(crate) fn known(catalog: &Catalog, user: IdRef<'_>, query: &Query) -> Result<Option<u32>> {
    match query.history {
        None => catalog.users().require("user", user).map(Some),
        Some(_) => Ok(catalog.users().dense(user)),
    }
}

//! What a model gives, and what everybody gets from it.

use crate::explain::{self, Explanation, Reasons};
use crate::quantized::{Quantization, QuantizedModel, ServingFactors};
use crate::recommendations::{NO_ITEM, Recommendations};
use crate::request::{self, Ranking, Steering, with_space};
use crate::rules::{Trace, Tracer};
use crate::update::{Growth, Refresh};
use crate::{Catalog, History, Query, UserVector};
use mercato_core::{
    Bitmap, Error, IdColumn, IdRef, Interactions, ItemAttributes, Result, Run, Scored, TopK,
};
use mercato_index::ScanScratch;
use rayon::prelude::*;
use std::time::Instant;

/// Whose taste to rank for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Taste<'a> {
    /// A user of the training data, by dense number.
    User(u32),
    /// Somebody with these (dense item, weight) events, oldest first; never empty.
    History(&'a [(u32, f32)]),
}

/// Which items may be ranked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Candidates<'a> {
    /// Only these; `None` is all.
    pub allow: Option<&'a Bitmap>,
    /// Never these: dense items, ascending.
    pub exclude: &'a [u32],
}

/// Working memory of a request, reused so that requests do not allocate.
#[derive(Debug, Default)]
pub struct Scratch {
    /// One score per item.
    pub scores: Vec<f32>,
    /// For models that scan factors.
    pub scan: ScanScratch,
    /// For models that compute a vector first.
    pub vector: Vec<f32>,
    pub(crate) top: TopK,
    pub(crate) walk: crate::spectral::Walk,
    deadline: Option<Instant>,
}

impl Scratch {
    /// Says when the request is no longer worth answering; `None` is never, the default.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
        self.scan.set_deadline(deadline);
    }

    /// Fails when the deadline of the request has passed. Models that may take longer than a
    /// fraction of a millisecond ask now and then, so that a fallback can answer in their place.
    ///
    /// # Errors
    /// `deadline_exceeded`.
    pub fn check(&self) -> Result<()> {
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => {
                Err(Error::deadline_exceeded("the deadline passed while items were ranked"))
            }
            _ => Ok(()),
        }
    }
}

/// What a recommendation model must give. Evaluation, blends and fallbacks take any `Model`;
/// callers use the methods of [`Recommender`], which every model has.
pub trait Model: Send + Sync {
    /// Ids, training interactions, attributes.
    fn catalog(&self) -> &Catalog;

    /// The same, to give it attributes.
    fn catalog_mut(&mut self) -> &mut Catalog;

    /// Scores every item, higher is better; minus infinity is "do not recommend".
    /// `out` has one place per item of the catalog.
    ///
    /// # Errors
    /// Those of the model.
    fn score(&self, taste: Taste<'_>, out: &mut [f32]) -> Result<()>;

    /// Scores every item by its likeness to `item`, as [`score`](Self::score).
    ///
    /// # Errors
    /// `unsupported` when the model knows no likeness.
    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()>;

    /// Why `item` has its score, in dense numbers. Models that are linear in the history override
    /// it with exact parts; the default shows how like each event is to the item.
    ///
    /// # Errors
    /// Those of the model.
    fn reasons(&self, taste: Taste<'_>, item: u32) -> Result<Reasons> {
        explain::neighbors(self, taste, item)
    }

    /// How like two items are: 1 for the same, 0 or less for items that have nothing in common;
    /// `None` when the model cannot tell. Must be cheap: diversifying a list asks for many pairs.
    fn likeness(&self, a: u32, b: u32) -> Option<f32> {
        let _ = (a, b);
        None
    }

    /// The `n` best candidates, best first, ties to the lower dense item. Models that need not
    /// score every item override it.
    ///
    /// # Errors
    /// Those of the model.
    fn top(
        &self,
        taste: Taste<'_>,
        n: usize,
        among: Candidates<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        top_by_scores(self, taste, n, among, scratch, out)
    }

    /// The vector of somebody with these (dense item, weight) events, which are not empty. Models
    /// without user vectors leave it empty, and answer the events.
    ///
    /// # Errors
    /// Those of the model.
    fn fold(&self, events: &[(u32, f32)]) -> Result<Vec<f32>> {
        let _ = events;
        Ok(Vec::new())
    }

    /// As [`top`](Self::top), for a vector of [`fold`](Self::fold). Models that have vectors
    /// override it.
    ///
    /// # Errors
    /// `invalid_input` for a vector of another length or not finite.
    fn top_vector(
        &self,
        vector: &[f32],
        n: usize,
        among: Candidates<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        let _ = (n, among, scratch, out);
        let length = vector.len();
        Err(Error::invalid_input(format!("a vector of {length} numbers is of another model")))
    }

    /// The item vectors and what makes user vectors of histories, for
    /// [`Recommender::quantize`]. Factor models override it.
    ///
    /// # Errors
    /// `unsupported` for models without item vectors; `cancelled`, `deadline_exceeded`.
    fn serving_factors(&self, run: &Run) -> Result<ServingFactors> {
        let _ = run;
        Err(Error::unsupported("this model has no item vectors to quantize; use als or spectral"))
    }

    /// The model after the events of `growth`: the catalog is `growth.catalog()`, and what is to
    /// be learned (again) is in `growth.users_to_learn()` and `growth.items_to_learn()`. Called
    /// with events or ids that are new; [`Recommender::update`] is what callers use.
    ///
    /// # Errors
    /// `unsupported` unless the model overrides it; `cancelled`, `deadline_exceeded`.
    fn updated(&self, growth: &Growth, run: &Run) -> Result<Self>
    where
        Self: Sized,
    {
        let _ = (growth, run);
        Err(Error::unsupported("this model cannot learn new events; fit it again with all of them"))
    }

    /// The `n` best for each of many users, into `n` places each; `exclude(row)` are the items that
    /// row leaves out. Models that gain from ranking many users together override it.
    ///
    /// # Errors
    /// Those of the model; `cancelled`, `deadline_exceeded`.
    #[allow(clippy::too_many_arguments, reason = "one flat door for the hottest call")]
    fn top_batch<'a>(
        &self,
        users: &[u32],
        n: usize,
        allow: Option<&Bitmap>,
        exclude: &(dyn Fn(usize) -> &'a [u32] + Sync),
        run: &Run,
        items: &mut [u32],
        scores: &mut [f32],
    ) -> Result<()> {
        let task = run.stage("recommend", users.len() as u64);
        run.install(|| {
            users
                .par_iter()
                .zip(items.par_chunks_mut(n.max(1)))
                .zip(scores.par_chunks_mut(n.max(1)))
                .enumerate()
                .try_for_each_init(
                    <(Scratch, Vec<(u32, f32)>)>::default,
                    |(scratch, out), (row, ((&user, items), scores))| {
                        let among = Candidates { allow, exclude: exclude(row) };
                        self.top(Taste::User(user), n, among, scratch, out)?;
                        fill(out, items, scores);
                        task.tick(1)
                    },
                )
        })?
    }
}

/// The `n` best candidates by scoring every item.
pub(crate) fn top_by_scores<M: Model + ?Sized>(
    model: &M,
    taste: Taste<'_>,
    n: usize,
    among: Candidates<'_>,
    scratch: &mut Scratch,
    out: &mut Vec<(u32, f32)>,
) -> Result<()> {
    scratch.check()?;
    let mut scores = std::mem::take(&mut scratch.scores);
    scores.clear();
    scores.resize(model.catalog().items().len(), f32::NEG_INFINITY);
    let done = model.score(taste, &mut scores);
    select(&scores, n, among, &mut scratch.top, out);
    scratch.scores = scores;
    done
}

/// Writes pairs into the places of one user; places left over hold [`NO_ITEM`].
fn fill(pairs: &[(u32, f32)], items: &mut [u32], scores: &mut [f32]) {
    items.fill(NO_ITEM);
    scores.fill(f32::NEG_INFINITY);
    for (place, &(item, score)) in pairs.iter().enumerate() {
        (items[place], scores[place]) = (item, score);
    }
}

/// The `n` best of `scores` among the candidates.
pub(crate) fn select(
    scores: &[f32],
    n: usize,
    among: Candidates<'_>,
    top: &mut TopK,
    out: &mut Vec<(u32, f32)>,
) {
    out.clear();
    top.reset(n.min(scores.len()));
    if n == 0 {
        return;
    }
    let mut excluded = among.exclude.iter().copied().peekable();
    let mut offer = |item: u32, score: f32| {
        // The threshold is minus infinity until there are n, so it also drops what is unscored.
        if score >= top.threshold() && score > f32::NEG_INFINITY {
            while excluded.next_if(|&e| e < item).is_some() {}
            if excluded.peek() != Some(&item) {
                top.push(item, score);
            }
        }
    };
    match among.allow {
        None => scores.iter().enumerate().for_each(|(i, &s)| offer(i as u32, s)),
        Some(allow) => {
            for item in allow.iter() {
                if let Some(&s) = scores.get(item as usize) {
                    offer(item, s);
                }
            }
        }
    }
    out.extend_from_slice(top.sorted());
}

/// The questions that every model answers.
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
/// let top = model.recommend("cid", 5, &Query::default())?;
/// assert_eq!(top[0].id, "cup".into());
/// # Ok::<(), mercato_core::Error>(())
/// ```
///
/// What is returned at the edges: `n = 0` or a filter that matches nothing gives an empty list;
/// `n` above the number of items gives all that may be recommended; a user whom the model knows
/// only by name, or a history without a known item, gets what is popular, scored by the share of
/// users who have it.
pub trait Recommender: Model {
    /// The `n` best items for a user, best first.
    ///
    /// # Errors
    /// `unknown_id` for a user that the model does not know, unless the query has a history;
    /// `invalid_params` for a filter on attributes that are not there; `invalid_input` for a bad
    /// weight in the history.
    fn recommend<'a>(
        &self,
        user: impl Into<IdRef<'a>>,
        n: usize,
        query: &Query,
    ) -> Result<Vec<Scored>> {
        let mut ranking = Ranking::default();
        self.recommend_into(user, n, query, &mut ranking)?;
        Ok(ranking.to_vec())
    }

    /// As [`recommend`](Self::recommend), into a list that is used again: after the first requests
    /// of a thread nothing is allocated, and the ids are borrowed.
    ///
    /// # Errors
    /// As `recommend`; the list is then empty.
    fn recommend_into<'a>(
        &self,
        user: impl Into<IdRef<'a>>,
        n: usize,
        query: &Query,
        out: &mut Ranking,
    ) -> Result<()> {
        let catalog = self.catalog();
        let out = out.of(catalog.items());
        let known = request::known(catalog, user.into(), query)?;
        with_space(|space| {
            request::resolve(query, catalog.items(), space)?;
            let done =
                request::answer(self, known, n, query, Steering::of(query), space, out, None);
            if done.is_err() {
                out.clear();
            }
            done
        })
    }

    /// The list of [`recommend`](Self::recommend) with what each rule of the query did to each item.
    ///
    /// # Errors
    /// As `recommend`.
    fn trace<'a>(&self, user: impl Into<IdRef<'a>>, n: usize, query: &Query) -> Result<Trace> {
        let catalog = self.catalog();
        let known = request::known(catalog, user.into(), query)?;
        with_space(|space| {
            request::resolve(query, catalog.items(), space)?;
            let (mut out, mut tracer) = (Vec::new(), Tracer::default());
            request::answer(
                self,
                known,
                n,
                query,
                Steering::of(query),
                space,
                &mut out,
                Some(&mut tracer),
            )?;
            Ok(tracer.finish(&out, catalog))
        })
    }

    /// The `n` best items for each of many users, or for all of them when `users` is `None`.
    /// Rows are equal to those of [`recommend`](Self::recommend).
    ///
    /// # Errors
    /// As `recommend`; `invalid_params` for a query with a history; `cancelled`,
    /// `deadline_exceeded`.
    fn recommend_batch(
        &self,
        users: Option<&IdColumn<'_>>,
        n: usize,
        query: &Query,
        run: &Run,
    ) -> Result<Recommendations> {
        let catalog = self.catalog();
        if query.history.is_some() {
            return Err(Error::invalid_params(
                "recommend_batch takes no history: it is for users of the training data",
            ));
        }
        let require = |id: IdRef<'_>| catalog.users().require("user", id);
        let users: Vec<u32> = match users {
            None => (0..catalog.users().len() as u32).collect(),
            Some(IdColumn::Ints(ids)) => {
                ids.iter().map(|&i| require(i.into())).collect::<Result<_>>()?
            }
            Some(IdColumn::Strs(ids)) => {
                ids.iter().map(|i| require(i.as_ref().into())).collect::<Result<_>>()?
            }
        };
        rank_users(self, users, n, query, run)
    }

    /// The `n` items most like `item`, best first, itself left out. Of the query, `filter`, `items`
    /// and `rules` matter.
    ///
    /// # Errors
    /// `unknown_id`; `unsupported` for models that know no likeness; as `recommend` for filters.
    fn similar_items<'a>(
        &self,
        item: impl Into<IdRef<'a>>,
        n: usize,
        query: &Query,
    ) -> Result<Vec<Scored>> {
        let mut ranking = Ranking::default();
        self.similar_items_into(item, n, query, &mut ranking)?;
        Ok(ranking.to_vec())
    }

    /// As [`similar_items`](Self::similar_items), into a list that is used again.
    ///
    /// # Errors
    /// As `similar_items`; the list is then empty.
    fn similar_items_into<'a>(
        &self,
        item: impl Into<IdRef<'a>>,
        n: usize,
        query: &Query,
        out: &mut Ranking,
    ) -> Result<()> {
        let catalog = self.catalog();
        let out = out.of(catalog.items());
        let item = catalog.items().require("item", item)?;
        with_space(|space| {
            let done = request::similar(self, item, n, query, space, out);
            if done.is_err() {
                out.clear();
            }
            done
        })
    }

    /// Why `item` is recommended to `user`: what each event of the user's history, or of that in
    /// the query, gives to its score. `item` need not be in any list; of the query only `history` matters.
    ///
    /// Where the model is linear in the history (`kind` is `exact`), the parts and the `rest` add up
    /// to the score that [`recommend`](Self::recommend) gives.
    ///
    /// # Errors
    /// `unknown_id`; `invalid_input` for a bad weight in the history; those of the model.
    fn explain<'a, 'b>(
        &self,
        user: impl Into<IdRef<'a>>,
        item: impl Into<IdRef<'b>>,
        query: &Query,
    ) -> Result<Explanation> {
        explain::explain(self, user.into(), item.into(), query)
    }

    /// Makes somebody with a history ready for many requests: factor models solve for the vector
    /// once, other models keep the history. The model is not changed. Items that it does not know
    /// are ignored.
    ///
    /// ```
    /// use mercato_core::{Interactions, Run};
    /// use mercato_recsys::{Als, History, Query, Recommender};
    /// let data = Interactions::builder(
    ///     ["ann", "ann", "bob", "bob"],
    ///     ["tea", "cup", "tea", "mug"],
    /// )
    /// .build()?;
    /// let model = Als::default().factors(4).fit(&data, &Run::seed(7))?;
    /// let visitor = model.fold_in(&History::of(["cup"]))?;
    /// let top = model.recommend_vector(&visitor, 5, &Query::default())?;
    /// assert!(top.iter().all(|s| s.id != "cup".into()));
    /// # Ok::<(), mercato_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_input` for a bad weight; those of the model, such as `did_not_converge` from `Als`
    /// with a regularization of 0.
    fn fold_in(&self, history: &History) -> Result<UserVector> {
        let events = history.resolve(self.catalog().items())?;
        UserVector::new(events, |events| self.fold(events))
    }

    /// The `n` best items for somebody who was folded in, as [`recommend`](Self::recommend) gives
    /// them for the same history. `exclude_seen` leaves out the history.
    ///
    /// # Errors
    /// `invalid_input` for a vector of another model; `invalid_params` for a query with a history
    /// or a filter on attributes that are not there.
    fn recommend_vector(&self, user: &UserVector, n: usize, query: &Query) -> Result<Vec<Scored>> {
        if query.history.is_some() {
            return Err(Error::invalid_params("a folded-in user has a history already"));
        }
        let mut ranking = Ranking::default();
        let out = ranking.of(self.catalog().items());
        with_space(|space| request::answer_folded(self, user, n, query, space, out))?;
        Ok(ranking.to_vec())
    }

    /// The model after more events: new interactions of known users and items, new users, new
    /// items. Nothing is fitted again: users and items with new events are learned (again) from
    /// what is known of them, the rest stays. Weights of pairs that the model knows are added up.
    ///
    /// Known ids keep their dense numbers and new ones follow, so vectors from
    /// [`fold_in`](Self::fold_in) stay good. Item attributes are kept, with missing values for new
    /// items until [`with_attributes`](Self::with_attributes) gives them. After many updates, or
    /// when much has changed, a fresh fit is better; each model's page says by how much.
    ///
    /// ```
    /// use mercato_core::{Interactions, Run};
    /// use mercato_recsys::{ItemKnn, Query, Recommender};
    /// let data = Interactions::builder(["ann", "ann", "bob"], ["tea", "cup", "tea"]).build()?;
    /// let model = ItemKnn::default().fit(&data, &Run::default())?;
    /// let today = Interactions::builder(["ann", "cid"], ["mug", "mug"]).build()?;
    /// let model = model.update(&today, &Run::default())?;
    /// assert_eq!(model.recommend("cid", 5, &Query::default())?[0].id, "cup".into());
    /// # Ok::<(), mercato_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `unsupported` for models that must be fitted again; `invalid_input` when integer ids meet
    /// strings; `cancelled`, `deadline_exceeded`.
    fn update(&self, more: &Interactions, run: &Run) -> Result<Self>
    where
        Self: Sized + Clone,
    {
        learn(self, more, Refresh::Touched, run)
    }

    /// As [`update`](Self::update), but nothing that was learned changes: only items and users
    /// that the model did not know get a place. A new item is learned from the users who have it,
    /// and those whom the model does not know from their other events in `more`.
    ///
    /// # Errors
    /// As `update`.
    fn fold_in_items(&self, more: &Interactions, run: &Run) -> Result<Self>
    where
        Self: Sized + Clone,
    {
        learn(self, more, Refresh::New, run)
    }

    /// A compact form of a factor model that ranks for histories: for phones and wherever a small
    /// file counts. It leaves out users and their interactions; attributes are kept.
    ///
    /// # Errors
    /// `invalid_params`; `unsupported` for models without item vectors; `cancelled`,
    /// `deadline_exceeded`.
    fn quantize(&self, form: &Quantization, run: &Run) -> Result<QuantizedModel> {
        form.check()?;
        QuantizedModel::of(self.catalog(), self.serving_factors(run)?, form, run)
    }

    /// The same model with item attributes, which filters and content models read. Items are
    /// matched by id; those that `attributes` does not know have missing values.
    #[must_use]
    fn with_attributes(mut self, attributes: &ItemAttributes) -> Self
    where
        Self: Sized,
    {
        self.catalog_mut().set_attributes(attributes);
        self
    }
}

impl<M: Model + ?Sized> Recommender for M {}

fn learn<M: Model + Clone>(
    model: &M,
    more: &Interactions,
    refresh: Refresh,
    run: &Run,
) -> Result<M> {
    run.check()?;
    let growth = Growth::new(model.catalog(), more, refresh)?;
    if growth.is_empty() { Ok(model.clone()) } else { model.updated(&growth, run) }
}

/// Ranks known users in one batch; those without interactions get what is popular.
pub(crate) fn rank_users<M: Model + ?Sized>(
    model: &M,
    users: Vec<u32>,
    n: usize,
    query: &Query,
    run: &Run,
) -> Result<Recommendations> {
    let catalog = model.catalog();
    let n = n.min(catalog.items().len());
    let places = users.len().checked_mul(n).ok_or_else(|| {
        Error::invalid_params(format!("{} users x {n} items are too many", users.len()))
    })?;
    let mut items = vec![NO_ITEM; places];
    let mut scores = vec![f32::NEG_INFINITY; places];
    let seen = |u: u32| catalog.seen().row(u as usize).0;
    let ruled = query.rules.as_ref().is_some_and(|r| !r.list().is_empty());
    if n > 0 && ruled {
        one_by_one(model, &users, n, query, run, &mut items, &mut scores)?;
    } else if n > 0 {
        let allow = catalog.allowed(query.filter.as_ref(), query.items.as_deref())?;
        let allow = allow.as_ref();
        let exclude = |row: usize| if query.exclude_seen { seen(users[row]) } else { &[] };
        model.top_batch(&users, n, allow, &exclude, run, &mut items, &mut scores)?;
        let cold: Vec<usize> = (0..users.len()).filter(|&r| seen(users[r]).is_empty()).collect();
        if !cold.is_empty() {
            let (mut scratch, mut out) = (Scratch::default(), Vec::new());
            popular(catalog, n, Candidates { allow, exclude: &[] }, &mut scratch, &mut out);
            for row in cold {
                let range = row * n..(row + 1) * n;
                fill(&out, &mut items[range.clone()], &mut scores[range]);
            }
        }
    }
    Ok(Recommendations {
        users,
        items,
        scores,
        n,
        user_ids: catalog.users().clone(),
        item_ids: catalog.items().clone(),
    })
}

/// Ranks each user as a request of its own, under the rules of the query.
fn one_by_one<M: Model + ?Sized>(
    model: &M,
    users: &[u32],
    n: usize,
    query: &Query,
    run: &Run,
    items: &mut [u32],
    scores: &mut [f32],
) -> Result<()> {
    let task = run.stage("recommend", users.len() as u64);
    run.install(|| {
        users
            .par_iter()
            .zip(items.par_chunks_mut(n))
            .zip(scores.par_chunks_mut(n))
            .try_for_each_init(Vec::new, |out, ((&user, items), scores)| {
                with_space(|space| {
                    request::answer(
                        model,
                        Some(user),
                        n,
                        query,
                        Steering::of(query),
                        space,
                        out,
                        None,
                    )
                })?;
                fill(out, items, scores);
                task.tick(1)
            })
    })?
}

/// Every item by the share of users who have it, best first.
pub(crate) fn popular_order(catalog: &Catalog) -> Vec<(u32, f32)> {
    let share = 1.0 / catalog.users().len().max(1) as f32;
    let shares = catalog.counts().iter().enumerate().map(|(i, &c)| (i as u32, c as f32 * share));
    let mut order: Vec<(u32, f32)> = shares.collect();
    order.sort_unstable_by(mercato_core::best_first);
    order
}

/// The most popular candidates, scored by the share of users who have them.
pub(crate) fn popular(
    catalog: &Catalog,
    n: usize,
    among: Candidates<'_>,
    scratch: &mut Scratch,
    out: &mut Vec<(u32, f32)>,
) {
    let share = 1.0 / catalog.population().max(1) as f32;
    let Scratch { scores, top, .. } = scratch;
    scores.clear();
    scores.extend(catalog.counts().iter().map(|&c| c as f32 * share));
    select(scores, n, among, top, out);
}

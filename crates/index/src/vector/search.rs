//! Searching.

use super::{Flat, Scratch, State, Structure, VectorIndex};
use crate::graph::{Among, Graph};
use crate::kernels::{Isa, prefetch};
use mercato_core::{Bitmap, Error, Filter, IdRef, Result, Run, Scored};
use rayon::prelude::*;

/// What a search asks for.
///
/// ```
/// use mercato_index::SearchOptions;
/// let options = SearchOptions::default().k(20).target_recall(0.99);
/// assert_eq!(options.k, 20);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOptions {
    /// How many neighbours. Default 10.
    pub k: usize,
    /// How many of the nearest candidates a graph looks around, at least half of `k`: more find
    /// more and take longer. Default: what `target_recall` needs. A flat index needs none.
    pub ef: Option<usize>,
    /// The share of true neighbours to find on average, in 0..=1, when `ef` is not given.
    /// Default 0.95.
    pub target_recall: Option<f64>,
    /// Only vectors whose attributes pass.
    pub filter: Option<Filter>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { k: 10, ef: None, target_recall: None, filter: None }
    }
}

impl SearchOptions {
    /// Sets how many neighbours.
    #[must_use]
    pub fn k(self, k: usize) -> Self {
        Self { k, ..self }
    }

    /// Sets how many candidates a graph looks around.
    #[must_use]
    pub fn ef(self, ef: usize) -> Self {
        Self { ef: Some(ef), ..self }
    }

    /// Sets the recall to reach.
    #[must_use]
    pub fn target_recall(self, target_recall: f64) -> Self {
        Self { target_recall: Some(target_recall), ..self }
    }

    /// Sets the filter.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter: Some(filter), ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        if let Some(r) = self.target_recall
            && !(0.0..=1.0).contains(&r)
        {
            return Err(Error::invalid_params(format!("target_recall must be in 0..=1, got {r}"))
                .with("parameter", "target_recall"));
        }
        if self.ef == Some(0) {
            return Err(
                Error::invalid_params("ef must be at least 1, got 0").with("parameter", "ef")
            );
        }
        Ok(())
    }
}

/// The neighbours of many queries.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    k: usize,
    dense: Vec<u32>,
    scores: Vec<f32>,
}

impl Neighbours {
    /// What a place holds that no neighbour was left for.
    pub const MISSING: u32 = u32::MAX;

    /// Places per query.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    /// Dense numbers into [`VectorIndex::id_map`], `k` for each query, best first.
    #[must_use]
    pub fn dense(&self) -> &[u32] {
        &self.dense
    }

    /// The scores in the same places; minus infinity where nothing was left.
    #[must_use]
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }
}

/// A search with its defaults filled in.
pub(super) struct Plan {
    pub k: usize,
    pub ef: usize,
    /// The slots that may be found, and how many they are; absent when all live ones may.
    pub allow: Option<(Bitmap, usize)>,
}

impl VectorIndex {
    /// The nearest vectors to `query`, best first, ties to the lower dense number.
    /// Fewer than `k` when fewer are left; none for `k` = 0.
    ///
    /// # Errors
    /// `invalid_params` for options out of range; `invalid_input` for a query of another dimension,
    /// not finite, with a norm above 1e18, or zero under the cosine; and what the filter gives.
    pub fn search(&self, query: &[f32], options: &SearchOptions) -> Result<Vec<Scored>> {
        let state = &*self.state;
        let plan = state.plan(options)?;
        state.scratch.with(|scratch| {
            state.find(query, &plan, scratch)?;
            let scored = |&(slot, score): &(u32, f32)| Scored {
                id: IdRef::to_id(state.ids.id(slot)),
                score,
            };
            Ok(scratch.found.iter().map(scored).collect())
        })
    }

    /// The nearest vectors to each of many queries, `dim` numbers each, in parallel. All see the
    /// same snapshot.
    ///
    /// # Errors
    /// As [`search`](Self::search); `cancelled`, `deadline_exceeded`.
    pub fn search_batch(
        &self,
        queries: &[f32],
        options: &SearchOptions,
        run: &Run,
    ) -> Result<Neighbours> {
        let state = &*self.state;
        if !queries.len().is_multiple_of(state.dim) {
            return Err(Error::invalid_input(format!(
                "{} numbers are not whole queries of {}",
                queries.len(),
                state.dim
            )));
        }
        let (count, k) = (queries.len() / state.dim, options.k);
        let plan = state.plan(options)?;
        let places = count.checked_mul(k).filter(|&p| p <= isize::MAX as usize / 8);
        let places = places.ok_or_else(|| {
            Error::invalid_params(format!("k = {k} for {count} queries is too much"))
        })?;
        let mut dense = vec![Neighbours::MISSING; places];
        let mut scores = vec![f32::NEG_INFINITY; places];
        let task = run.stage("search", count as u64);
        let one = |scratch: &mut Scratch, q: usize, dense: &mut [u32], scores: &mut [f32]| {
            let query = &queries[q * state.dim..(q + 1) * state.dim];
            state.find(query, &plan, scratch).map_err(|e| e.with("query", q))?;
            for (place, &(slot, score)) in scratch.found.iter().enumerate() {
                (dense[place], scores[place]) = (slot, score);
            }
            task.tick(1)
        };
        if k > 0 {
            run.install(|| match &state.search {
                Structure::Flat(flat) if flat.changed.is_empty() && count > 1 => {
                    let (rows, allow) = (&state.rows, state.allowed_in_scan(flat, &plan));
                    let mut room = Vec::new();
                    let mut prepared = Vec::with_capacity(queries.len());
                    for query in queries.chunks_exact(state.dim) {
                        prepared.extend_from_slice(state.prepared(query, &mut room)?);
                    }
                    let none = |_: usize| -> &[u32] { &[] };
                    flat.scan.top_k_batch(
                        rows,
                        &prepared,
                        k,
                        allow.as_deref(),
                        none,
                        run,
                        &mut dense,
                        &mut scores,
                    )
                }
                _ => dense
                    .par_chunks_mut(k)
                    .zip(scores.par_chunks_mut(k))
                    .enumerate()
                    .try_for_each_init(Scratch::default, |scratch, (q, (dense, scores))| {
                        one(scratch, q, dense, scores)
                    }),
            })??;
        }
        Ok(Neighbours { k, dense, scores })
    }
}

/// Rows on their way from memory while others are scored.
const AHEAD: usize = 8;

impl State {
    pub(super) fn plan(&self, options: &SearchOptions) -> Result<Plan> {
        options.check()?;
        let allow = match &options.filter {
            None => None,
            Some(filter) => {
                let attributes = self.attributes.as_ref().ok_or_else(|| {
                    Error::invalid_params("the index has no attributes to filter by")
                })?;
                let mut set = filter.compile(attributes)?;
                set.intersect(&self.live);
                let count = set.count();
                Some((set, count))
            }
        };
        let k = options.k.min(self.live_count);
        let ef =
            options.ef.unwrap_or_else(|| self.ef_for(options.target_recall.unwrap_or(0.95), k));
        Ok(Plan { k, ef: ef.max(k.div_ceil(2)).min(self.live_count.max(1)), allow })
    }

    /// The `ef` that reached this recall of the ten nearest when the index was built, scaled to
    /// other `k`.
    fn ef_for(&self, recall: f64, k: usize) -> usize {
        let Structure::Graph { curve, .. } = &self.search else { return k };
        let mut before: Option<(usize, f64)> = None;
        let mut ef = curve.last().map_or(100, |last| 2 * last.0) as f64;
        for &(e, r) in curve {
            if r >= recall {
                ef = match before {
                    Some((e0, r0)) if r > r0 => {
                        e0 as f64 + (e - e0) as f64 * ((recall - r0) / (r - r0)).clamp(0.0, 1.0)
                    }
                    _ => e as f64,
                };
                break;
            }
            before = Some((e, r));
        }
        // Beyond the tenth neighbour, candidates are needed in proportion.
        (ef * (k as f64 / 10.0).max(1.0)).ceil() as usize
    }

    /// Puts what the plan asks for into `scratch.found`.
    pub(super) fn find(&self, query: &[f32], plan: &Plan, scratch: &mut Scratch) -> Result<()> {
        let mut room = std::mem::take(&mut scratch.query);
        let result = self.prepared(query, &mut room).and_then(|query| {
            scratch.found.clear();
            if plan.k == 0 {
                return Ok(());
            }
            match &self.search {
                Structure::Flat(flat) => self.find_flat(flat, query, plan, scratch),
                Structure::Graph { graph, .. } => {
                    let among = match &plan.allow {
                        None => Among::All,
                        Some((set, count)) => Among::These(set, *count),
                    };
                    self.find_graph(graph, query, plan.k, plan.ef, &among, scratch);
                    Ok(())
                }
            }
        });
        scratch.query = room;
        result
    }

    /// The slots of the scan that a plan allows.
    fn allowed_in_scan<'a>(
        &self,
        flat: &'a Flat,
        plan: &'a Plan,
    ) -> Option<std::borrow::Cow<'a, Bitmap>> {
        use std::borrow::Cow;
        match (&plan.allow, &flat.fresh) {
            (None, None) => None,
            (None, Some(fresh)) => Some(Cow::Borrowed(fresh)),
            (Some((set, _)), None) => Some(Cow::Borrowed(set)),
            (Some((set, _)), Some(fresh)) => {
                let both = |i: usize| fresh.contains(i as u32) && set.contains(i as u32);
                Some(Cow::Owned(Bitmap::from_fn(flat.scan.len(), both)))
            }
        }
    }

    fn find_flat(
        &self,
        flat: &Flat,
        query: &[f32],
        plan: &Plan,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let Scratch { scan, found, best, .. } = scratch;
        let allow = self.allowed_in_scan(flat, plan);
        let rows = &self.rows[..flat.scan.len() * self.dim];
        flat.scan.top_k(rows, query, plan.k, allow.as_deref(), &[], scan, found)?;
        if flat.changed.is_empty() {
            return Ok(());
        }
        best.reset(plan.k);
        found.iter().for_each(|&(slot, score)| best.push(slot, score));
        for &slot in &flat.changed {
            if plan.allow.as_ref().is_none_or(|(set, _)| set.contains(slot)) {
                best.push(slot, self.space().score(Isa::best(), query, self.row(slot)));
            }
        }
        found.clear();
        found.extend_from_slice(best.sorted());
        Ok(())
    }

    /// Walks, then scores exactly whatever may be among the `k` best of what was found.
    pub(super) fn find_graph(
        &self,
        graph: &Graph,
        query: &[f32],
        k: usize,
        ef: usize,
        among: &Among<'_>,
        scratch: &mut Scratch,
    ) {
        let Scratch { walker, coded, best, found, .. } = scratch;
        coded.set(query);
        graph.search(walker, coded, [ef, k], among);
        let codes = graph.codes().view();
        let pool = &walker.pool;
        let isa = Isa::best();
        best.reset(k);
        let floor = pool
            .get(k - 1)
            .map_or(f32::NEG_INFINITY, |kth| kth.score() - 2.0 * coded.doubt(codes, kth.node()));
        // What is nearly certain to be scored is asked for at once.
        pool.iter().take(AHEAD).for_each(|e| prefetch(self.row(e.node())));
        for (i, entry) in pool.iter().enumerate() {
            if let Some(ahead) = pool.get(i + AHEAD) {
                prefetch(self.row(ahead.node()));
            }
            if entry.score() < floor {
                break;
            }
            let slot = entry.node();
            if self.live.contains(slot) {
                best.push(slot, self.space().score(isa, query, self.row(slot)));
            }
        }
        found.clear();
        found.extend_from_slice(best.sorted());
    }
}

//! Building an index.

use super::{Flat, Pool, State, Structure, VectorIndex, check, prepared_rows};
use crate::graph::{Codes, Graph, GraphParams};
use crate::scan::{Scan, Space};
use mercato_core::{Bitmap, Error, IdColumn, IdMap, Result, Run, Vectors};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// What "similar" means. Higher scores are better under all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The cosine of the angle, in -1..=1. Vectors are scaled to length one when they come in.
    Cosine,
    /// The inner product, of vectors as they are.
    Dot,
    /// Euclidean distance; scores are negative squared distances.
    L2,
}

impl Metric {
    pub(super) fn space(self) -> Space {
        match self {
            Metric::Cosine | Metric::Dot => Space::Dot,
            Metric::L2 => Space::L2,
        }
    }
}

/// How an index finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexKind {
    /// Flat up to 50,000 vectors, a graph above.
    Auto,
    /// An exact scan of 8-bit codes: always the true neighbours.
    Flat,
    /// A navigable small-world graph: nearly always, at a cost that hardly grows with the number.
    Hnsw,
}

/// How vectors are kept for exact scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// As they came: scores are exact.
    F32,
    /// Half as wide; not served yet.
    F16,
    /// As 8-bit codes alone; not served yet.
    I8,
}

/// How an index is built.
///
/// ```
/// use mercato_index::{IndexKind, IndexParams, Metric};
/// let params = IndexParams { metric: Metric::L2, kind: IndexKind::Hnsw, ..IndexParams::default() };
/// assert_eq!(params.m, 16);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndexParams {
    /// What "similar" means. Default: cosine.
    pub metric: Metric,
    /// How to find. Default: chosen by the number of vectors.
    pub kind: IndexKind,
    /// How vectors are kept for exact scores. Default and only choice: `f32`; searches read 8-bit
    /// codes anyway and touch the vectors of a few candidates.
    pub storage: Storage,
    /// Links per node of a graph, 4..=64: more for many dimensions and high recall. Default 16.
    pub m: usize,
    /// How many candidates a graph weighs for each node's links, 8..=4096: more builds a better
    /// graph more slowly. Default 200.
    pub ef_construction: usize,
}

impl Default for IndexParams {
    fn default() -> Self {
        Self {
            metric: Metric::Cosine,
            kind: IndexKind::Auto,
            storage: Storage::F32,
            m: 16,
            ef_construction: 200,
        }
    }
}

/// Up to this many vectors, a scan is about as fast as a graph, and exact.
const AUTO_FLAT: usize = 50_000;
/// How strictly neighbours hide each other in a graph.
const ALPHA: f32 = 1.0;

impl IndexParams {
    /// Sets the metric.
    #[must_use]
    pub fn metric(self, metric: Metric) -> Self {
        Self { metric, ..self }
    }

    /// Sets the kind.
    #[must_use]
    pub fn kind(self, kind: IndexKind) -> Self {
        Self { kind, ..self }
    }

    /// Sets the links per node.
    #[must_use]
    pub fn m(self, m: usize) -> Self {
        Self { m, ..self }
    }

    /// Sets the candidates weighed per node.
    #[must_use]
    pub fn ef_construction(self, ef_construction: usize) -> Self {
        Self { ef_construction, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// `invalid_params`; `unsupported` for a storage other than `f32`.
    pub fn check(&self) -> Result<()> {
        if self.storage != Storage::F32 {
            return Err(Error::unsupported("storage must be f32, others are not served yet")
                .with("parameter", "storage"));
        }
        let range = |name: &str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::invalid_params(format!("{name} must be in {low}..={high}, got {value}"))
                .with("parameter", name))
        };
        range("m", self.m, 4, 64)?;
        range("ef_construction", self.ef_construction, 8, 4096)
    }
}

impl VectorIndex {
    /// Builds an index over `vectors`. `ids` names them, row by row; without, they are `0..n`.
    /// The same vectors, ids and parameters under the same seed give the same bytes for any number
    /// of threads.
    ///
    /// # Errors
    /// `invalid_params`; `invalid_input` for repeated ids, another number of ids than vectors, a
    /// norm above 1e18, or zeros under the cosine; `cancelled`, `deadline_exceeded`.
    pub fn build(
        vectors: &Vectors,
        ids: Option<&IdColumn<'_>>,
        params: &IndexParams,
        run: &Run,
    ) -> Result<Self> {
        params.check()?;
        let (n, dim) = (vectors.len(), vectors.dim());
        if let Some(ids) = ids
            && ids.len() != n
        {
            return Err(Error::invalid_input(format!("{} ids for {n} vectors", ids.len())));
        }
        if n > u32::MAX as usize / 2 {
            return Err(Error::invalid_input(format!("{n} vectors, at most 2^31 are supported")));
        }
        let mut params = params.clone();
        if params.kind == IndexKind::Auto {
            params.kind = if n <= AUTO_FLAT { IndexKind::Flat } else { IndexKind::Hnsw };
        }
        let rows = prepared_rows(vectors.as_slice(), dim, params.metric)?;
        let numbers: Vec<i64>;
        let ids = match ids {
            Some(ids) => ids,
            None => {
                numbers = (0..n as i64).collect();
                &IdColumn::from(&numbers)
            }
        };
        let mut state = State {
            dim,
            ids: Arc::default(),
            rows: Vec::new().into(),
            live: Bitmap::full(n),
            live_count: n,
            attributes: None,
            search: Structure::Flat(Flat::empty(dim, params.metric, run)?),
            scratch: Pool::default(),
            params,
        };
        if state.params.kind == IndexKind::Flat {
            state.ids = Arc::new(IdMap::from_ids(ids)?);
            state.rows = rows.into_owned().into();
        } else {
            // A graph's upper layers are its first rows, so these must be a random choice.
            let mut order: Vec<u32> = (0..n as u32).collect();
            run.rng(0).shuffle(&mut order);
            state.ids = Arc::new(IdMap::from_ids(&permuted(ids, &order))?);
            let row = |&r: &u32| &rows[r as usize * dim..][..dim];
            state.rows = order.iter().flat_map(row).copied().collect::<Vec<f32>>().into();
        }
        state.make_structure(run)?;
        Ok(Self { state: Arc::new(state) })
    }
}

fn permuted<'a>(ids: &'a IdColumn<'_>, order: &[u32]) -> IdColumn<'a> {
    let at = |&r: &u32| r as usize;
    match ids {
        IdColumn::Ints(v) => IdColumn::Ints(order.iter().map(|r| v[at(r)]).collect()),
        IdColumn::Strs(v) => {
            IdColumn::Strs(order.iter().map(|r| Cow::Borrowed(v[at(r)].as_ref())).collect())
        }
    }
}

impl Flat {
    fn empty(dim: usize, metric: Metric, run: &Run) -> Result<Self> {
        let scan = Scan::build_in(metric.space(), &[], dim, run)?;
        Ok(Self { scan, fresh: None, changed: Vec::new() })
    }
}

impl State {
    /// Makes the scan or the graph from the rows, all of which are live.
    pub(super) fn make_structure(&mut self, run: &Run) -> Result<()> {
        let (space, dim) = (self.space(), self.dim);
        self.search = match self.params.kind {
            IndexKind::Flat | IndexKind::Auto => Structure::Flat(Flat {
                scan: Scan::build_in(space, &self.rows, dim, run)?,
                fresh: None,
                changed: Vec::new(),
            }),
            IndexKind::Hnsw => {
                let IndexParams { m, ef_construction, .. } = self.params;
                let params = GraphParams { m, ef_construction, alpha: ALPHA };
                let graph = run.install(|| {
                    Graph::build(Codes::build(space, &self.rows, dim), params, run)
                })??;
                Structure::Graph { graph, curve: Vec::new(), built: self.live_count }
            }
        };
        check::measure_curve(self, run)
    }
}

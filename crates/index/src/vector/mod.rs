//! The index that applications use: ids, metrics, filters, updates, one file.

mod attributes;
mod build;
mod check;
mod logged;
mod persist;
mod search;
mod shared;
#[cfg(test)]
mod tests;
mod update;

pub use build::{IndexKind, IndexParams, Metric, Storage};
pub use check::RecallReport;
pub use logged::LoggedIndex;
pub use search::{Neighbours, SearchOptions};
pub use shared::SharedIndex;

use crate::graph::{Graph, Walker};
use crate::scan::{Scan, ScanScratch, Space, check_vector};
use mercato_core::{Bitmap, Column, Error, IdMap, IdRef, ItemAttributes, Result};
use std::borrow::Cow;
use std::sync::{Arc, Mutex};

/// Vectors under the caller's ids, searched by cosine, inner product or Euclidean distance.
///
/// Cloning is free: a clone is a snapshot that later updates of the original do not touch, so a
/// service hands each request a clone, and replaces the index when an update is done. An update
/// copies the arrays that it changes only when a snapshot still holds them.
///
/// ```
/// use mercato_core::{IdRef, Run, Vectors};
/// use mercato_index::{IndexParams, SearchOptions, VectorIndex};
/// let vectors = Vectors::new(vec![1.0, 0.0, 0.8, 0.6, 0.0, 1.0], 2)?;
/// let ids = ["cup", "mug", "tea"].into();
/// let mut index = VectorIndex::build(&vectors, Some(&ids), &IndexParams::default(), &Run::seed(7))?;
/// let near = index.search(&[1.0, 0.1], &SearchOptions::default().k(2))?;
/// assert_eq!(near[0].id.as_ref(), IdRef::Str("cup"));
/// index.remove(&["cup"].into(), &Run::default())?;
/// let near = index.search(&[1.0, 0.1], &SearchOptions::default().k(2))?;
/// assert_eq!(near[0].id.as_ref(), IdRef::Str("mug"));
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Clone)]
pub struct VectorIndex {
    state: Arc<State>,
}

/// What a snapshot shares. A slot is a row of every array; a removed id leaves its slot empty
/// until another id takes it.
#[derive(Clone)]
struct State {
    params: IndexParams,
    dim: usize,
    ids: Arc<IdMap>,
    /// Vectors in slots; of length one under the cosine.
    rows: Column<f32>,
    /// Slots that hold a vector.
    live: Bitmap,
    live_count: usize,
    attributes: Option<ItemAttributes>,
    search: Structure,
    scratch: Pool,
}

/// What makes searches fast.
#[derive(Clone)]
enum Structure {
    Flat(Flat),
    Graph {
        graph: Graph,
        /// What `ef` reaches which recall of the ten nearest, measured when it was built.
        curve: Vec<(usize, f64)>,
        /// Vectors when the upper layers were made.
        built: usize,
    },
}

/// The exact scan, and what changed since it was made.
#[derive(Clone)]
struct Flat {
    scan: Scan,
    /// Slots of the scan whose codes are still true; absent when all are.
    fresh: Option<Bitmap>,
    /// Slots to score one by one, ascending.
    changed: Vec<u32>,
}

/// Working memory of searches, handed from one to the next.
#[derive(Default)]
struct Pool(Mutex<Vec<Scratch>>);

#[derive(Default)]
struct Scratch {
    scan: ScanScratch,
    walker: Walker,
    coded: crate::graph::CodedQuery,
    best: mercato_core::TopK,
    found: Vec<(u32, f32)>,
    query: Vec<f32>,
}

impl Clone for Pool {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Pool {
    fn with<R>(&self, work: impl FnOnce(&mut Scratch) -> R) -> R {
        let taken = self.0.lock().map(|mut free| free.pop()).ok().flatten();
        let mut scratch = taken.unwrap_or_default();
        let result = work(&mut scratch);
        if let Ok(mut free) = self.0.lock() {
            free.push(scratch);
        }
        result
    }
}

impl VectorIndex {
    /// How many vectors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.live_count
    }

    /// Whether there are no vectors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in a vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.state.dim
    }

    /// How the index was built; `kind` is the one chosen when it was asked for as
    /// [`IndexKind::Auto`].
    #[must_use]
    pub fn params(&self) -> &IndexParams {
        &self.state.params
    }

    /// Whether the index holds this id.
    pub fn contains<'a>(&self, id: impl Into<IdRef<'a>>) -> bool {
        self.slot(id.into()).is_some()
    }

    /// The vector of an id; of length one under the cosine.
    pub fn vector<'a>(&self, id: impl Into<IdRef<'a>>) -> Option<&[f32]> {
        self.slot(id.into()).map(|slot| self.state.row(slot))
    }

    /// The ids of the vectors, in the order of their dense numbers.
    pub fn ids(&self) -> impl Iterator<Item = IdRef<'_>> {
        self.state.live.iter().map(|slot| self.state.ids.id(slot))
    }

    /// The map of ids that [`Neighbours::dense`] numbers into; it may hold removed ids.
    #[must_use]
    pub fn id_map(&self) -> &IdMap {
        &self.state.ids
    }

    /// The attributes that filters read.
    #[must_use]
    pub fn attributes(&self) -> Option<&ItemAttributes> {
        self.state.attributes.as_ref()
    }

    /// Sets the attributes that filters read; ids that they do not know have no values.
    #[must_use]
    pub fn with_attributes(mut self, attributes: &ItemAttributes) -> Self {
        let state = Arc::make_mut(&mut self.state);
        state.attributes = Some(attributes.aligned_to(&state.ids));
        self
    }

    /// Bytes that searches touch, the vectors themselves aside.
    #[must_use]
    pub fn hot_bytes(&self) -> usize {
        match &self.state.search {
            Structure::Flat(flat) => flat.scan.bytes(),
            Structure::Graph { graph, .. } => graph.bytes(),
        }
    }

    fn slot(&self, id: IdRef<'_>) -> Option<u32> {
        self.state.ids.dense(id).filter(|&slot| self.state.live.contains(slot))
    }
}

impl std::fmt::Debug for VectorIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let IndexParams { metric, kind, .. } = self.state.params;
        write!(f, "VectorIndex({} x {}, {metric:?}, {kind:?})", self.len(), self.dim())
    }
}

impl State {
    fn space(&self) -> Space {
        self.params.metric.space()
    }

    #[inline]
    fn row(&self, slot: u32) -> &[f32] {
        &self.rows[slot as usize * self.dim..][..self.dim]
    }

    /// A vector as it is stored and searched.
    fn prepared<'a>(&self, v: &'a [f32], room: &'a mut Vec<f32>) -> Result<&'a [f32]> {
        check_vector(v, self.dim)?;
        if self.params.metric != Metric::Cosine {
            return Ok(v);
        }
        room.clear();
        room.extend_from_slice(v);
        normalise(room)?;
        Ok(room)
    }
}

/// Scales a vector to length one.
fn normalise(v: &mut [f32]) -> Result<()> {
    let norm = v.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    if norm == 0.0 {
        return Err(Error::invalid_input("a vector of zeros has no direction, and so no cosine"));
    }
    v.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
    Ok(())
}

/// Row-major data, checked and as it is stored.
fn prepared_rows<'a>(data: &'a [f32], dim: usize, metric: Metric) -> Result<Cow<'a, [f32]>> {
    for (row, v) in data.chunks_exact(dim).enumerate() {
        check_vector(v, dim).map_err(|e| e.with("row", row))?;
    }
    if metric != Metric::Cosine {
        return Ok(Cow::Borrowed(data));
    }
    let mut data = data.to_vec();
    for (row, v) in data.chunks_exact_mut(dim).enumerate() {
        normalise(v).map_err(|e| e.with("row", row))?;
    }
    Ok(Cow::Owned(data))
}

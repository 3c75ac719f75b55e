//! One file for the whole index.

use super::{Flat, IndexKind, IndexParams, Pool, State, Structure, VectorIndex};
use crate::graph::Graph;
use crate::scan::Scan;
use mercato_core::{
    Artifact, ArtifactWriter, Bitmap, Column, Error, IdMap, ItemAttributes, Persist, Result,
};
use std::sync::Arc;

impl Persist for VectorIndex {
    const KIND: &'static str = "vector_index";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        let state = &*self.state;
        w.meta("params", &state.params)?;
        w.meta("shape", &(state.live.len(), state.dim))?;
        state.ids.write(w, "ids")?;
        w.column("rows", &state.rows)?;
        if state.live_count < state.live.len() {
            w.column("live", state.live.words())?;
        }
        if let Some(attributes) = &state.attributes {
            attributes.write(w, "attributes")?;
        }
        match &state.search {
            Structure::Flat(flat) => {
                w.meta("scanned", &flat.scan.len())?;
                flat.scan.write(w, "scan")?;
                if let Some(fresh) = &flat.fresh {
                    w.column("fresh", fresh.words())?;
                }
                w.column("changed", &flat.changed)
            }
            Structure::Graph { graph, curve, built } => {
                w.meta("curve", curve)?;
                w.meta("built", built)?;
                graph.write(w)
            }
        }
    }

    fn read(a: &Artifact) -> Result<Self> {
        let params: IndexParams = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt(e.message()))?;
        let (n, dim): (usize, usize) = a.meta_field("shape")?;
        let ids = Arc::new(IdMap::read(a, "ids")?);
        if ids.len() != n || dim == 0 || n > u32::MAX as usize / 2 {
            return Err(Error::corrupt(format!("{} ids for {n} vectors of {dim}", ids.len())));
        }
        let rows: Column<f32> = a.column_of_len("rows", n.saturating_mul(dim))?;
        let live = read_set(a, "live", n)?.unwrap_or_else(|| Bitmap::full(n));
        let attributes = a
            .meta()
            .get("attributes")
            .map(|_| ItemAttributes::read(a, "attributes", ids.clone()))
            .transpose()?;
        let space = params.metric.space();
        let search = match params.kind {
            IndexKind::Flat => {
                let scanned: usize = a.meta_field("scanned")?;
                let changed: Vec<u32> = a.column::<u32>("changed")?.into_vec();
                if scanned > n || changed.iter().any(|&slot| slot as usize >= n) {
                    return Err(Error::corrupt("the scan does not fit the vectors"));
                }
                Structure::Flat(Flat {
                    scan: Scan::read_in(space, a, "scan", scanned, dim)?,
                    fresh: read_set(a, "fresh", scanned)?,
                    changed,
                })
            }
            IndexKind::Hnsw => Structure::Graph {
                graph: Graph::read(a, space, n, dim, params.m, params.ef_construction)?,
                curve: a.meta_field("curve")?,
                built: a.meta_field("built")?,
            },
            IndexKind::Auto => return Err(Error::corrupt("the kind of the index is not decided")),
        };
        let live_count = live.count();
        let scratch = Pool::default();
        let state = State { params, dim, ids, rows, live, live_count, attributes, search, scratch };
        Ok(Self { state: Arc::new(state) })
    }
}

/// A set of `n` slots, when the artifact has it.
fn read_set(a: &Artifact, name: &str, n: usize) -> Result<Option<Bitmap>> {
    if !a.has(name) {
        return Ok(None);
    }
    let words = a.column_of_len::<u64>(name, n.div_ceil(64))?;
    Ok(Some(Bitmap::from_fn(n, |i| words[i / 64] >> (i % 64) & 1 == 1)))
}

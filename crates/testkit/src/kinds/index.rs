//! Vector indexes.

use super::{Kind, kind};
use crate::generate;
use mercato::index::{IndexKind, IndexParams, Metric, SearchOptions, VectorIndex};
use mercato::{Artifact, Filter, IdColumn, Persist, Result, Rng, Run, Vectors};
use serde_json::json;

pub(super) fn kinds() -> Vec<Kind> {
    vec![
        Kind {
            shape: "flat",
            ..kind::<VectorIndex>(|| index(IndexKind::Flat, Metric::Cosine), ask_index)
        },
        Kind {
            shape: "graph",
            ..kind::<VectorIndex>(|| index(IndexKind::Hnsw, Metric::L2), ask_index)
        },
    ]
}

/// Thirty vectors of which three were removed, with attributes of every type.
fn index(kind: IndexKind, metric: Metric) -> Result<Vec<u8>> {
    let mut rng = Rng::new(7);
    let numbers = (0..30 * 6).map(|_| rng.normal() as f32).collect();
    let params = IndexParams::default().kind(kind).metric(metric).m(4).ef_construction(16);
    let run = Run::seed(7).with_threads(1);
    let mut index = VectorIndex::build(&Vectors::new(numbers, 6)?, None, &params, &run)?;
    index.remove(&IdColumn::from([3i64, 11, 29]), &run)?;
    let attributes = generate::attributes(&index.id_map().clone().into())?;
    index.with_attributes(&attributes).to_bytes()
}

fn ask_index(a: &Artifact) -> Result<()> {
    let mut index = VectorIndex::from_artifact(a)?;
    let query = vec![0.5; index.dim()];
    let filter = Filter::from_json(&json!({"category": ["toys", "tea"], "price": {"lt": 20}}))?;
    let run = Run::default().with_threads(1);
    let mut answers = Vec::new();
    for options in [
        SearchOptions::default().k(5),
        SearchOptions::default().k(100).ef(40),
        SearchOptions::default().k(5).filter(filter),
    ] {
        answers.push(index.search(&query, &options).map(drop));
    }
    let ids: Vec<_> = index.ids().map(mercato::IdRef::to_id).collect();
    for id in &ids {
        let _ = index.vector(id).map(<[f32]>::len);
    }
    answers.push(index.upsert(&IdColumn::from([3i64, 1000]), &query.repeat(2), &run));
    answers.push(index.remove(&IdColumn::from([0i64, 1000]), &run).map(drop));
    answers.push(index.search(&query, &SearchOptions::default().k(5)).map(drop));
    answers.into_iter().collect()
}

//! The bodies of the fuzz targets in `fuzz/`. A body takes any bytes and must return; what it finds
//! is a panic, a hang or an allocation without bound.
//!
//! The same bodies run in `tests/fuzz_bodies.rs` over mutated golden files, on every machine.

use crate::{damage, generate, kinds};
use mercato::index::kernels::{Isa, dot, squared_distance};
use mercato::index::{IndexKind, IndexParams, Metric, SearchOptions, VectorIndex};
use mercato::{Artifact, ErrorCode, Filter, IdMap, IdRef, Persist, Run, Scored, Vectors};
use std::collections::BTreeSet;

/// The container: any bytes, as they are.
pub fn artifact(bytes: &[u8]) {
    match Artifact::from_bytes(bytes) {
        Ok(a) => {
            a.verify().expect("an artifact that was verified on opening is sound");
            let _ = a.inspect();
        }
        Err(e) => assert!(
            matches!(e.code(), ErrorCode::CorruptArtifact | ErrorCode::UnsupportedVersion),
            "{e:?}"
        ),
    }
}

/// The models: the bytes with their checksums made good, opened as whatever kind they claim and
/// then used. An error is right; a panic is not.
pub fn model(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    damage::reseal(&mut bytes);
    let Ok(artifact) = Artifact::from_bytes(&bytes) else { return };
    for kind in kinds::all() {
        if kind.name == artifact.kind() {
            let _ = (kind.exercise)(&artifact);
        }
    }
}

/// Filters: the bytes as JSON, read and compiled.
pub fn filter(bytes: &[u8]) {
    let Ok(json) = serde_json::from_slice(bytes) else { return };
    if let Ok(filter) = Filter::from_json(&json) {
        let items = IdMap::range(12).expect("few ids");
        let attributes = generate::attributes(&items.into()).expect("sound attributes");
        if let Ok(set) = filter.compile(&attributes) {
            assert_eq!(set.len(), attributes.items().len());
        }
    }
}

/// An index under updates: the bytes are a sequence of upserts, removals, searches, snapshots and
/// trips through a file image, checked against a plain map and a ranking of every vector.
pub fn index(bytes: &[u8]) {
    let mut bytes = bytes.iter().copied();
    let mut next = || bytes.next();
    let Some(shape) = next() else { return };
    let dim = 1 + usize::from(shape % 4);
    let metric = [Metric::Cosine, Metric::Dot, Metric::L2][usize::from(shape / 4 % 3)];
    let kind = [IndexKind::Flat, IndexKind::Hnsw][usize::from(shape / 12 % 2)];
    let params = IndexParams::default().kind(kind).metric(metric).m(4).ef_construction(16);
    let run = Run::seed(u64::from(shape)).with_threads(1);
    let empty = Vectors::new(Vec::new(), dim).expect("a small dimension");
    let mut index = VectorIndex::build(&empty, None, &params, &run).expect("sound parameters");
    let mut ids = BTreeSet::new();
    let mut before: Option<(VectorIndex, usize)> = None;
    for _ in 0..64 {
        let Some(op) = next() else { return };
        let count = 1 + usize::from(op / 8);
        match op % 8 {
            0..=2 => {
                let mut batch = BTreeSet::new();
                batch.extend((0..count).map_while(|_| next()).map(i64::from));
                let batch: Vec<i64> = batch.into_iter().collect();
                let rows: Vec<f32> = (0..batch.len() * dim).map(|_| value(next())).collect();
                match index.upsert(&(&batch).into(), &rows, &run) {
                    Ok(()) => ids.extend(batch),
                    // A vector of zeros has no direction.
                    Err(e) => assert_eq!(e.code(), ErrorCode::InvalidInput, "{e:?}"),
                }
            }
            3 | 4 => {
                let batch: Vec<i64> = (0..count).map_while(|_| next()).map(i64::from).collect();
                let there = index.remove(&(&batch).into(), &run).expect("removing never fails");
                let gone: BTreeSet<i64> = batch.into_iter().filter(|id| ids.remove(id)).collect();
                assert_eq!(there, gone.len());
            }
            5 => {
                let image = index.to_bytes().expect("any index can be saved");
                index = VectorIndex::from_bytes(&image).expect("what was saved opens");
                assert!(index.to_bytes().expect("as before") == image, "opening changed the bytes");
            }
            6 => before = Some((index.clone(), ids.len())),
            _ => {
                let query: Vec<f32> = (0..dim).map(|_| value(next())).collect();
                let (k, ef) = (1 + usize::from(op / 8), 4096);
                let options = SearchOptions::default().k(k).ef(ef);
                match index.search(&query, &options) {
                    Ok(found) => check_found(&index, &query, k, &found),
                    Err(e) => assert_eq!(e.code(), ErrorCode::InvalidInput, "{e:?}"),
                }
            }
        }
        assert_eq!(index.len(), ids.len());
        assert!(ids.iter().all(|&id| index.contains(id)));
        if let Some((snapshot, len)) = &before {
            assert_eq!(snapshot.len(), *len, "a snapshot changed");
        }
    }
}

/// A number from a byte: few different ones, so that vectors are often equal, parallel or zero.
fn value(byte: Option<u8>) -> f32 {
    byte.map_or(1.0, |b| f32::from(b as i8) / 16.0)
}

/// Whether these are the `k` best, by ranking every vector with the kernels that the index uses.
fn check_found(index: &VectorIndex, query: &[f32], k: usize, found: &[Scored]) {
    let isa = Isa::best();
    let norm = query.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let unit: Vec<f32> = query.iter().map(|&x| (f64::from(x) / norm) as f32).collect();
    let score = |id: IdRef<'_>| {
        let vector = index.vector(id).expect("the index holds what it lists");
        match index.params().metric {
            Metric::Cosine => dot(isa, &unit, vector),
            Metric::Dot => dot(isa, query, vector),
            Metric::L2 => -squared_distance(isa, query, vector),
        }
    };
    let mut all: Vec<f32> = index.ids().map(score).collect();
    all.sort_by(|a, b| b.total_cmp(a));
    all.truncate(k);
    assert!(found.iter().all(|f| f.score == score(f.id.as_ref())));
    // Zero and minus zero rank alike.
    assert!(
        found.len() == all.len() && found.iter().zip(&all).all(|(f, s)| f.score == *s),
        "{found:?} instead of {all:?}"
    );
    let distinct: BTreeSet<String> = found.iter().map(|f| f.id.as_ref().to_string()).collect();
    assert_eq!(distinct.len(), found.len(), "an id is found twice");
}

//! The bodies of the fuzz targets in `fuzz/`. A body takes any bytes and must return; what it finds
//! is a panic, a hang or an allocation without bound.
//!
//! The same bodies run in `tests/fuzz_bodies.rs` over mutated golden files, on every machine.

use crate::{damage, generate, kinds};
use mercato::{Artifact, ErrorCode, Filter, IdMap};

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

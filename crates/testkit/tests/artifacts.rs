//! What every artifact kind promises.

use mercato::{Artifact, ErrorCode};
use mercato_testkit::{damage, kinds, testdata};

#[test]
fn every_single_byte_flip_and_every_cut_is_an_error() {
    for kind in kinds::all() {
        let good = (kind.golden)().unwrap();
        damage::every_flip_is_an_error(&good, Artifact::from_bytes);
        damage::every_cut_is_an_error(&good, Artifact::from_bytes);
    }
}

#[test]
fn a_file_with_damage_behind_its_header_opens_or_fails_but_never_panics() {
    let dir = tempfile::tempdir().unwrap();
    for kind in kinds::all() {
        let good = (kind.golden)().unwrap();
        let path = dir.path().join(kind.name);
        // Some 200 flips: opened by mapping, without walking the checksums, and used.
        let step = (good.len() / 200).max(1);
        for (i, at) in (0..good.len()).step_by(step).enumerate() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (i % 8);
            std::fs::write(&path, &bad).unwrap();
            if let Ok(a) = Artifact::open(&path) {
                let _ = (kind.exercise)(&a);
                assert_eq!(a.verify().unwrap_err().code(), ErrorCode::CorruptArtifact);
            }
        }
    }
}

#[test]
fn every_kind_gives_the_same_golden_bytes_each_time() {
    for kind in kinds::all() {
        assert_eq!((kind.golden)().unwrap(), (kind.golden)().unwrap(), "{}", kind.name);
    }
}

#[test]
fn every_golden_file_of_every_version_opens_and_works() {
    for kind in kinds::all() {
        for version in 1..=kind.version {
            let path = testdata::golden(kind.name, version, kind.shape);
            let artifact = Artifact::load(&path).unwrap_or_else(|e| panic!("{e:?}"));
            assert_eq!((artifact.kind(), artifact.kind_version()), (kind.name, version));
            (kind.exercise)(&artifact).unwrap_or_else(|e| panic!("{} {e:?}", path.display()));
        }
    }
}

#[test]
fn another_kind_of_file_is_named() {
    for kind in kinds::all() {
        let w = mercato::ArtifactWriter::new("something_else", 1);
        let other = Artifact::from_bytes(&w.to_bytes().unwrap()).unwrap();
        assert_eq!((kind.exercise)(&other).unwrap_err().code(), ErrorCode::WrongKind);
    }
}

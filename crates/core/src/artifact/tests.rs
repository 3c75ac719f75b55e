use super::*;
use crate::ErrorCode;
use proptest::prelude::*;

struct Example {
    factors: Column<f32>,
    ids: Column<i64>,
}

impl Persist for Example {
    const KIND: &'static str = "example";
    const KIND_VERSION: u16 = 1;
    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("n", &self.ids.len())?;
        w.column("factors", &self.factors)?;
        w.column("ids", &self.ids)
    }
    fn read(a: &Artifact) -> Result<Self> {
        let n = a.meta_field("n")?;
        Ok(Self { factors: a.column("factors")?, ids: a.column_of_len("ids", n)? })
    }
}

fn example() -> Example {
    Example { factors: vec![0.5f32, -1.0, 3.0].into(), ids: vec![7i64, -9].into() }
}

#[test]
fn saved_and_opened_are_equal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.mercato");
    example().save(&path).unwrap();
    for back in [Example::open(&path).unwrap(), Example::load(&path).unwrap()] {
        assert!(back.factors.is_shared());
        assert_eq!(back.factors, example().factors);
        assert_eq!(back.ids, example().ids);
    }
    assert_eq!(std::fs::read(&path).unwrap(), example().to_bytes().unwrap());
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary file stays behind");
}

#[test]
fn every_single_byte_flip_is_an_error() {
    let good = example().to_bytes().unwrap();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let e =
                Example::from_bytes(&bad).err().unwrap_or_else(|| panic!("byte {at} bit {bit}"));
            assert_eq!(e.code(), ErrorCode::CorruptArtifact, "byte {at} bit {bit}: {e}");
        }
    }
}

#[test]
fn every_truncation_is_an_error() {
    let good = example().to_bytes().unwrap();
    for len in 0..good.len() {
        let e = Example::from_bytes(&good[..len]).err().unwrap();
        assert_eq!(e.code(), ErrorCode::CorruptArtifact, "{len} bytes: {e}");
    }
    let mut longer = good;
    longer.push(0);
    assert!(Example::from_bytes(&longer).is_err());
}

#[test]
fn a_directory_and_a_missing_file_are_io_errors() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("absent")] {
        assert_eq!(Example::open(&path).err().unwrap().code(), ErrorCode::Io);
        assert_eq!(Example::load(&path).err().unwrap().code(), ErrorCode::Io);
    }
    assert_eq!(example().save(dir.path()).unwrap_err().code(), ErrorCode::Io);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn another_kind_and_a_later_version_are_named() {
    let mut w = ArtifactWriter::new("other", 1);
    w.meta("n", &0).unwrap();
    let e = Example::from_bytes(&w.to_bytes().unwrap()).err().unwrap();
    assert_eq!(e.code(), ErrorCode::WrongKind);
    let w = ArtifactWriter::new(Example::KIND, 2);
    let e = Example::from_bytes(&w.to_bytes().unwrap()).err().unwrap();
    assert_eq!(e.code(), ErrorCode::UnsupportedVersion);
}

#[test]
fn an_artifact_nests_in_another() {
    let inner = example();
    let mut w = ArtifactWriter::new("outer", 1);
    w.column("pad", &[1u8]).unwrap();
    w.nested("inner", &inner).unwrap();
    let outer = Artifact::from_bytes(&w.to_bytes().unwrap()).unwrap();
    let back = Example::from_artifact(&outer.nested("inner").unwrap()).unwrap();
    assert_eq!(back.factors, inner.factors);
}

#[test]
fn a_nested_artifact_shares_the_sections_of_the_outer_one() {
    let inner = example();
    let alone = inner.to_bytes().unwrap().len();
    let mut w = ArtifactWriter::new("outer", 1);
    inner.write(&mut w).unwrap();
    let before = w.to_bytes().unwrap().len();
    w.nested("inner", &inner).unwrap();
    let bytes = w.to_bytes().unwrap();
    assert!(bytes.len() < before + alone, "{} {before} {alone}", bytes.len());
    let nested = Artifact::from_bytes(&bytes).unwrap().nested("inner").unwrap();
    nested.verify().unwrap();
    assert_eq!(Example::from_artifact(&nested).unwrap().factors, inner.factors);
    assert!(!nested.has("inner"), "an artifact does not hold itself");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Artifact::from_bytes(&bytes).is_err());
    }

    /// Damage that repairs the header's checksum reaches the deeper checks.
    #[test]
    fn a_resealed_header_never_panics(at in 8usize..60, value: u8) {
        let mut bytes = example().to_bytes().unwrap();
        bytes[at] = value;
        let crc = crc32fast::hash(&bytes[..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
        let _ = Example::from_bytes(&bytes);
    }
}

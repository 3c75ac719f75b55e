//! The files of `testdata/`.

use std::path::{Path, PathBuf};

/// A file or folder of `testdata/`, by its path from there.
#[must_use]
pub fn path(inner: &str) -> PathBuf {
    root().join("testdata").join(inner)
}

/// The root of the checkout.
#[must_use]
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the crate lies two folders below the root")
}

/// The golden artifact of a kind, version and shape.
#[must_use]
pub fn golden(kind: &str, version: u16, shape: &str) -> PathBuf {
    path(&format!("artifacts/{kind}/v{version}/{shape}.mercato"))
}

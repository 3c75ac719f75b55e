//! Every artifact kind of the library.
//!
//! A new kind gets an entry in the file of its domain; then its flips, its golden file and its
//! fuzzing follow. The golden files themselves are never rewritten: they are what older versions of
//! the library left.

mod data;
mod forecast;
mod index;
mod nlp;
mod recsys;

use mercato::{Artifact, Persist, Result};

/// One artifact kind, in one of the shapes that its files have.
pub struct Kind {
    /// The name in the file.
    pub name: &'static str,
    /// Which shape: `golden`, or a name of its own for a kind with several.
    pub shape: &'static str,
    /// The newest version.
    pub version: u16,
    /// A small file of the newest version, always the same bytes.
    pub golden: fn() -> Result<Vec<u8>>,
    /// Opens a file of this kind, of any version, and asks it everything once.
    pub exercise: fn(&Artifact) -> Result<()>,
}

/// All kinds.
#[must_use]
pub fn all() -> Vec<Kind> {
    [data::kinds(), index::kinds(), recsys::kinds(), forecast::kinds(), nlp::kinds()]
        .into_iter()
        .flatten()
        .collect()
}

fn kind<T: Persist>(
    golden: fn() -> Result<Vec<u8>>,
    exercise: fn(&Artifact) -> Result<()>,
) -> Kind {
    Kind { name: T::KIND, shape: "golden", version: T::KIND_VERSION, golden, exercise }
}

//! What a type must give to be saved, and what it gets for it.

use super::{Artifact, ArtifactWriter};
use crate::{Error, Result};
use std::path::Path;

/// A model that lives in an artifact. Two methods are written by hand; saving, opening, loading
/// and byte strings follow from them.
pub trait Persist: Sized {
    /// The artifact kind: short, `snake_case`, unique in the library, never changed.
    const KIND: &'static str;
    /// The newest layout of this kind. `read` accepts every version from 1 to this one.
    const KIND_VERSION: u16;

    /// Adds the model's sections and metadata.
    ///
    /// # Errors
    /// `internal` for an invalid section name.
    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()>;

    /// Builds the model from an artifact whose kind has been checked. Must validate whatever later
    /// code relies on (lengths, sizes) without walking the sections.
    ///
    /// # Errors
    /// `corrupt_artifact`.
    fn read(a: &Artifact) -> Result<Self>;

    /// Saves atomically: a crash leaves the old file or the new one.
    ///
    /// # Errors
    /// `io`.
    fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.to_artifact()?.save(path)
    }

    /// Opens by memory-mapping, in constant time; see [`Artifact::open`].
    ///
    /// # Errors
    /// `io`, `corrupt_artifact`, `unsupported_version`, `wrong_kind`.
    fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_artifact(&Artifact::open(path)?)
    }

    /// Reads into memory and verifies every checksum.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_artifact(&Artifact::load(path)?)
    }

    /// The artifact as a byte string, equal to the bytes that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// `internal` for an invalid section name.
    fn to_bytes(&self) -> Result<Vec<u8>> {
        self.to_artifact()?.to_bytes()
    }

    /// The model in a byte string; every checksum is verified.
    ///
    /// # Errors
    /// `corrupt_artifact`, `unsupported_version`, `wrong_kind`.
    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_artifact(&Artifact::from_bytes(bytes)?)
    }

    /// The artifact, ready to be written.
    ///
    /// # Errors
    /// `internal` for an invalid section name.
    fn to_artifact(&self) -> Result<ArtifactWriter<'_>> {
        let mut w = ArtifactWriter::new(Self::KIND, Self::KIND_VERSION);
        self.write(&mut w)?;
        Ok(w)
    }

    /// The model in an opened artifact, after checking its kind and version.
    ///
    /// # Errors
    /// `corrupt_artifact`, `unsupported_version`, `wrong_kind`.
    fn from_artifact(a: &Artifact) -> Result<Self> {
        if a.kind() != Self::KIND {
            return Err(Error::wrong_kind(format!(
                "the artifact holds {}, not {}",
                a.kind(),
                Self::KIND
            ))
            .with("kind", a.kind())
            .with("expected", Self::KIND));
        }
        if a.kind_version() == 0 || a.kind_version() > Self::KIND_VERSION {
            return Err(Error::unsupported_version(format!(
                "{} version {}, this library reads 1 to {}",
                Self::KIND,
                a.kind_version(),
                Self::KIND_VERSION
            )));
        }
        Self::read(a)
    }
}

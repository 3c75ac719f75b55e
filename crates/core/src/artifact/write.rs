//! Writing an artifact: to memory, or atomically to a file.

use super::{
    CONTAINER_VERSION, ENTRY_LEN, Entry, HEADER_LEN, Header, MAGIC, META, Persist, name_bytes,
};
use crate::column::Element;
use crate::{Error, Result};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Collects sections, borrowed where possible, then writes them in one pass.
///
/// ```
/// use mercato_core::{Artifact, ArtifactWriter};
/// let factors = vec![1.0f32, 2.0];
/// let mut w = ArtifactWriter::new("example", 1);
/// w.meta("params", &serde_json::json!({"factors": 2}))?;
/// w.column("factors", &factors)?;
/// let a = Artifact::from_bytes(&w.to_bytes()?)?;
/// assert_eq!(a.column::<f32>("factors")?.as_slice(), &[1.0, 2.0]);
/// # Ok::<(), mercato_core::Error>(())
/// ```
pub struct ArtifactWriter<'a> {
    kind: &'static str,
    kind_version: u16,
    meta: Map<String, Value>,
    sections: Vec<(String, u8, Cow<'a, [u8]>)>,
}

impl<'a> ArtifactWriter<'a> {
    /// An artifact of this kind without sections. The library's version is noted in its metadata.
    #[must_use]
    pub fn new(kind: &'static str, kind_version: u16) -> Self {
        let mut meta = Map::new();
        meta.insert("library".into(), concat!("mercato ", env!("CARGO_PKG_VERSION")).into());
        Self { kind, kind_version, meta, sections: Vec::new() }
    }

    /// Sets a metadata field.
    ///
    /// # Errors
    /// `internal` when the value has no JSON form.
    pub fn meta(&mut self, key: &str, value: &impl Serialize) -> Result<()> {
        let value = serde_json::to_value(value)
            .map_err(|e| Error::internal(format!("metadata {key} has no JSON form: {e}")))?;
        self.meta.insert(key.to_owned(), value);
        Ok(())
    }

    /// Adds a section of numbers, borrowed until the artifact is written. Names are at most 32
    /// printable ASCII characters.
    ///
    /// # Errors
    /// `internal` for an invalid or repeated name.
    pub fn column<T: Element>(&mut self, name: &str, values: &'a [T]) -> Result<()> {
        self.push(name, T::DTYPE, Cow::Borrowed(bytemuck::cast_slice(values)))
    }

    /// As [`column`](Self::column), for numbers made on the spot.
    ///
    /// # Errors
    /// `internal` for an invalid or repeated name.
    pub fn owned_column<T: Element>(&mut self, name: &str, values: &[T]) -> Result<()> {
        self.push(name, T::DTYPE, Cow::Owned(bytemuck::cast_slice(values).to_vec()))
    }

    /// Adds another model as a section, to be read with [`Artifact::nested`](super::Artifact::nested).
    /// Its sections that this artifact already has under the same name, byte for byte, are left
    /// out: reading finds them here. So add what parts have in common first.
    ///
    /// # Errors
    /// `internal` for an invalid or repeated name.
    pub fn nested(&mut self, name: &str, model: &impl Persist) -> Result<()> {
        self.nested_artifact(name, model.to_artifact()?)
    }

    /// As [`nested`](Self::nested), for an artifact that is ready to be written.
    ///
    /// # Errors
    /// `internal` for an invalid or repeated name.
    pub fn nested_artifact(&mut self, name: &str, mut inner: ArtifactWriter<'_>) -> Result<()> {
        inner.sections.retain(|s| !self.sections.contains(s));
        let bytes = inner.to_bytes()?;
        self.push(name, u8::DTYPE, Cow::Owned(bytes))
    }

    fn push(&mut self, name: &str, dtype: u8, bytes: Cow<'a, [u8]>) -> Result<()> {
        let taken = name == META || self.sections.iter().any(|(n, ..)| n == name);
        if taken || name_bytes(name).is_none() {
            return Err(Error::internal(format!("invalid or repeated section name {name:?}")));
        }
        self.sections.push((name.to_owned(), dtype, bytes));
        Ok(())
    }

    /// Writes the artifact to any sink.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write_to(&self, sink: &mut impl Write) -> std::io::Result<()> {
        let meta = serde_json::to_vec(&self.meta)?;
        let sections: Vec<(&str, u8, &[u8])> = std::iter::once((META, u8::DTYPE, meta.as_slice()))
            .chain(self.sections.iter().map(|(n, d, b)| (n.as_str(), *d, b.as_ref())))
            .collect();

        let invalid = || std::io::Error::other("invalid name in an artifact");
        let mut at = HEADER_LEN + sections.len() * ENTRY_LEN;
        let mut table = Vec::with_capacity(sections.len() * ENTRY_LEN);
        for (name, dtype, bytes) in &sections {
            let entry = Entry {
                name: name_bytes(name).ok_or_else(invalid)?,
                offset: at as u64,
                len: bytes.len() as u64,
                crc: crc32fast::hash(bytes),
                dtype: *dtype,
                reserved: [0; 11],
            };
            table.extend_from_slice(bytemuck::bytes_of(&entry));
            at += bytes.len().next_multiple_of(super::ALIGN);
        }
        let mut header = Header {
            magic: MAGIC,
            container_version: CONTAINER_VERSION,
            kind_version: self.kind_version,
            sections: sections.len() as u32,
            kind: name_bytes(self.kind).ok_or_else(invalid)?,
            file_len: at as u64,
            table_crc: crc32fast::hash(&table),
            header_crc: 0,
        };
        header.header_crc = crc32fast::hash(&bytemuck::bytes_of(&header)[..HEADER_LEN - 4]);

        sink.write_all(bytemuck::bytes_of(&header))?;
        sink.write_all(&table)?;
        for (_, _, bytes) in &sections {
            sink.write_all(bytes)?;
            let padding = bytes.len().next_multiple_of(super::ALIGN) - bytes.len();
            sink.write_all(&[0; super::ALIGN][..padding])?;
        }
        Ok(())
    }

    /// The artifact as a byte string.
    ///
    /// # Errors
    /// `internal` for an invalid kind name.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        self.write_to(&mut out)
            .map_err(|e| Error::internal(format!("cannot serialise: {e}")).caused_by(e))?;
        Ok(out)
    }

    /// Saves atomically: writes a hidden temporary file in the same directory, syncs it to disk
    /// and renames it over `path`. Whenever the process dies, `path` is the old file or the new.
    ///
    /// # Errors
    /// `io`; the old file, if any, is untouched and the temporary file is removed.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let temporary = temporary_beside(path)?;
        let written = (|| {
            let file = File::create_new(&temporary)?;
            let mut sink = BufWriter::with_capacity(1 << 16, file);
            self.write_to(&mut sink)?;
            sink.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&temporary, path)
        })();
        if let Err(e) = written {
            // The error that matters is the first one; a temporary file left behind is harmless.
            let _ = fs::remove_file(&temporary);
            return Err(Error::io("save", path, e));
        }
        sync_directory(path);
        Ok(())
    }
}

fn temporary_beside(path: &Path) -> Result<PathBuf> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        let e = std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path names no file");
        return Err(Error::io("save", path, e));
    };
    let unique = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{unique}.tmp", std::process::id()));
    Ok(path.with_file_name(hidden))
}

/// Makes the rename itself durable where the platform can; the file's content already is.
fn sync_directory(path: &Path) {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    if let Ok(directory) = File::open(parent.unwrap_or(Path::new("."))) {
        let _ = directory.sync_all();
    }
}

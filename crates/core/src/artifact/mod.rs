//! The `.mercato` file: one container for every model in every language.
//!
//! ```text
//! 0    header      64 bytes: magic, versions, kind, section count, length, two CRCs
//! 64   table       64 bytes a section: name, offset, length, CRC, number type
//! ..   sections    each from a multiple of 64, little-endian, padded with zeros
//! ```
//!
//! The first section, `meta`, is JSON: hyperparameters, library version, seed, data fingerprint,
//! metrics. `docs/formats/artifact.md` gives every byte.
//!
//! - [`Artifact::open`] maps the file and checks header, table and `meta`: constant time in the
//!   size of the model. [`Artifact::load`] reads all of it and verifies every checksum.
//! - Saving writes a temporary file beside the target, syncs it and renames it: a crash leaves the
//!   old file or the new one.
//! - Bytes are untrusted. A damaged header is `corrupt_artifact` on open; a damaged section is
//!   `corrupt_artifact` on load or [`verify`](Artifact::verify). No length is believed before it is
//!   compared with the bytes at hand.

pub(crate) mod bytes;
mod log;
mod persist;
mod write;

pub use log::Log;
pub use persist::Persist;
pub use write::ArtifactWriter;

use crate::column::{Element, dtype_name};
use crate::{Column, Error, Result};
use bytes::{ALIGN, Bytes};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"MERCATO\x1a";
/// The version of the container itself, apart from the versions of the kinds inside it.
const CONTAINER_VERSION: u16 = 1;
const META: &str = "meta";
const NAME_LEN: usize = 32;

/// The first 64 bytes of the file.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    container_version: u16,
    kind_version: u16,
    sections: u32,
    kind: [u8; NAME_LEN],
    file_len: u64,
    table_crc: u32,
    /// Over all bytes of the header before it.
    header_crc: u32,
}

/// One row of the section table.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct Entry {
    name: [u8; NAME_LEN],
    offset: u64,
    len: u64,
    crc: u32,
    dtype: u8,
    reserved: [u8; 11],
}

const HEADER_LEN: usize = size_of::<Header>();
const ENTRY_LEN: usize = size_of::<Entry>();

fn padded(len: usize) -> Option<usize> {
    len.checked_next_multiple_of(ALIGN)
}

fn name_bytes(name: &str) -> Option<[u8; NAME_LEN]> {
    let mut out = [0; NAME_LEN];
    out.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
    let printable = name.bytes().all(|b| b.is_ascii_graphic());
    (!name.is_empty() && printable).then_some(out)
}

fn name_str(bytes: &[u8; NAME_LEN]) -> Result<&str> {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(NAME_LEN);
    let (text, rest) = bytes.split_at(end);
    let printable = !text.is_empty() && text.iter().all(u8::is_ascii_graphic);
    if !printable || rest.iter().any(|&b| b != 0) {
        return Err(Error::corrupt("a name in the artifact is not printable ASCII"));
    }
    std::str::from_utf8(text).map_err(|_| Error::corrupt("a name in the artifact is not ASCII"))
}

/// An opened artifact: metadata, and typed views of its sections without copying.
#[derive(Clone)]
pub struct Artifact {
    bytes: Arc<Bytes>,
    /// Where this artifact begins in `bytes`: not 0 for one nested in another.
    base: usize,
    kind: String,
    kind_version: u16,
    sections: Vec<Section>,
    /// Sections of the artifacts around this one, which it may share.
    inherited: Vec<Section>,
    meta: Value,
}

#[derive(Clone)]
struct Section {
    name: String,
    /// From the start of `Artifact::bytes`.
    offset: usize,
    len: usize,
    crc: u32,
    dtype: u8,
}

impl Artifact {
    /// Maps the file and checks header, section table and metadata; the cost does not grow with
    /// the model. The file must not be changed in place while it is open: replace it by renaming,
    /// as [`ArtifactWriter::save`] does.
    ///
    /// # Errors
    /// `io`, `corrupt_artifact`, `unsupported_version`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::parse(Bytes::map(path)?).map_err(|e| e.with("path", path.display()))
    }

    /// Reads the file into memory and verifies every checksum.
    ///
    /// # Errors
    /// As [`open`](Self::open), and `corrupt_artifact` for any damaged byte.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let load = || {
            let artifact = Self::parse(Bytes::read(path)?)?;
            artifact.verify()?;
            Ok(artifact)
        };
        load().map_err(|e: Error| e.with("path", path.display()))
    }

    /// Copies an artifact out of a byte string and verifies every checksum.
    ///
    /// # Errors
    /// `corrupt_artifact`, `unsupported_version`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let artifact = Self::parse(Bytes::copy_of(bytes))?;
        artifact.verify()?;
        Ok(artifact)
    }

    fn parse(bytes: Bytes) -> Result<Self> {
        let len = bytes.as_slice().len();
        Self::parse_at(Arc::new(bytes), 0, len)
    }

    fn parse_at(bytes: Arc<Bytes>, base: usize, len: usize) -> Result<Self> {
        let corrupt = |message: &str| Error::corrupt(message);
        let all = bytes.as_slice().get(base..base + len).ok_or_else(|| corrupt("cut short"))?;
        let header: Header =
            all.get(..HEADER_LEN).map(bytemuck::pod_read_unaligned).ok_or_else(|| {
                Error::corrupt(format!("{len} bytes are too few for a mercato artifact"))
            })?;
        if header.magic != MAGIC {
            return Err(corrupt("not a mercato artifact: the first bytes are wrong"));
        }
        if crc32fast::hash(&all[..HEADER_LEN - 4]) != header.header_crc {
            return Err(corrupt("the header does not match its checksum"));
        }
        if header.container_version != CONTAINER_VERSION {
            return Err(Error::unsupported_version(format!(
                "artifact container version {}, this library reads {CONTAINER_VERSION}",
                header.container_version
            )));
        }
        if header.file_len != len as u64 {
            return Err(Error::corrupt(format!(
                "the artifact should be {} bytes long and is {len}",
                header.file_len
            )));
        }
        let table_len = (header.sections as usize)
            .checked_mul(ENTRY_LEN)
            .filter(|&t| t <= len - HEADER_LEN)
            .ok_or_else(|| corrupt("the section table is longer than the artifact"))?;
        let table = &all[HEADER_LEN..HEADER_LEN + table_len];
        if crc32fast::hash(table) != header.table_crc {
            return Err(corrupt("the section table does not match its checksum"));
        }

        let mut sections: Vec<Section> = Vec::with_capacity(table_len / ENTRY_LEN);
        let mut at = HEADER_LEN + table_len;
        for row in table.chunks_exact(ENTRY_LEN) {
            let entry: Entry = bytemuck::pod_read_unaligned(row);
            let name = name_str(&entry.name)?;
            let section_len = usize::try_from(entry.len).ok();
            let end = section_len.and_then(|l| at.checked_add(padded(l)?)).filter(|&e| e <= len);
            let (Some(section_len), Some(end)) = (section_len, end) else {
                return Err(Error::corrupt(format!("section {name} reaches beyond the artifact")));
            };
            if entry.offset != at as u64 || dtype_name(entry.dtype).is_none() {
                return Err(Error::corrupt(format!(
                    "section {name} is misplaced or of an unknown type"
                )));
            }
            if sections.iter().any(|s| s.name == name) {
                return Err(Error::corrupt(format!("two sections are named {name}")));
            }
            sections.push(Section {
                name: name.to_owned(),
                offset: base + at,
                len: section_len,
                crc: entry.crc,
                dtype: entry.dtype,
            });
            at = end;
        }
        if at != len {
            return Err(corrupt("bytes follow the last section"));
        }

        let kind = name_str(&header.kind)?.to_owned();
        let mut artifact = Self {
            bytes,
            base,
            kind,
            kind_version: header.kind_version,
            sections,
            inherited: Vec::new(),
            meta: Value::Null,
        };
        let meta = artifact.section(META)?;
        artifact.verify_section(meta)?;
        artifact.meta = serde_json::from_slice(artifact.section_bytes(meta))
            .map_err(|e| corrupt("the metadata is not valid JSON").caused_by(e))?;
        Ok(artifact)
    }

    /// The kind of model inside, for example `als`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The version of that kind's layout.
    #[must_use]
    pub fn kind_version(&self) -> u16 {
        self.kind_version
    }

    /// The metadata: `params`, `library`, and what the model adds.
    #[must_use]
    pub fn meta(&self) -> &Value {
        &self.meta
    }

    /// One field of the metadata, as a Rust value.
    ///
    /// # Errors
    /// `corrupt_artifact` when it is absent or of another shape.
    pub fn meta_field<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let value = self.meta.get(key).unwrap_or(&Value::Null);
        T::deserialize(value).map_err(|e| {
            Error::corrupt(format!("the metadata field {key} is unusable: {e}")).with("field", key)
        })
    }

    /// Whether there is a section of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.section(name).is_ok()
    }

    /// A section as numbers, without copying.
    ///
    /// # Errors
    /// `corrupt_artifact` when there is no such section or it holds another type.
    pub fn column<T: Element>(&self, name: &str) -> Result<Column<T>> {
        let section = self.section(name)?;
        let column = (section.dtype == T::DTYPE)
            .then(|| Column::shared(&self.bytes, section.offset, section.len))
            .flatten();
        column.ok_or_else(|| {
            Error::corrupt(format!("section {name} does not hold {}", std::any::type_name::<T>()))
        })
    }

    /// As [`column`](Self::column), and checks the number of elements.
    ///
    /// # Errors
    /// `corrupt_artifact`.
    pub fn column_of_len<T: Element>(&self, name: &str, len: usize) -> Result<Column<T>> {
        let column = self.column::<T>(name)?;
        if column.len() == len {
            Ok(column)
        } else {
            Err(Error::corrupt(format!("section {name} has {} elements, not {len}", column.len())))
        }
    }

    /// A section that is an artifact itself, as [`ArtifactWriter::nested`] wrote it. Sections that
    /// it lacks are found in this one.
    ///
    /// # Errors
    /// `corrupt_artifact`, `unsupported_version`.
    pub fn nested(&self, name: &str) -> Result<Self> {
        let section = self.section(name)?;
        let mut inner = Self::parse_at(self.bytes.clone(), section.offset, section.len)?;
        let around = self.sections.iter().chain(&self.inherited);
        inner.inherited = around.filter(|s| s.name != name).cloned().collect();
        Ok(inner)
    }

    /// Walks the whole artifact and compares every checksum.
    ///
    /// # Errors
    /// `corrupt_artifact` for any damaged byte.
    pub fn verify(&self) -> Result<()> {
        self.sections.iter().chain(&self.inherited).try_for_each(|s| self.verify_section(s))
    }

    /// What the file is, without opening the model: kind, versions, sizes, sections, metadata.
    #[must_use]
    pub fn inspect(&self) -> Value {
        let sections: Vec<Value> = self
            .sections
            .iter()
            .map(|s| json!({"name": s.name, "bytes": s.len, "type": dtype_name(s.dtype)}))
            .collect();
        let len = self.sections.last().map_or(0, |s| s.offset + s.len - self.base);
        json!({
            "kind": self.kind,
            "kind_version": self.kind_version,
            "container_version": CONTAINER_VERSION,
            "bytes": len.next_multiple_of(ALIGN),
            "sections": sections,
            "meta": self.meta,
        })
    }

    fn section(&self, name: &str) -> Result<&Section> {
        let mut all = self.sections.iter().chain(&self.inherited);
        all.find(|s| s.name == name)
            .ok_or_else(|| Error::corrupt(format!("the artifact has no section {name}")))
    }

    fn section_bytes(&self, s: &Section) -> &[u8] {
        &self.bytes.as_slice()[s.offset..s.offset + s.len]
    }

    /// Checks one section's checksum and that its padding is zero.
    fn verify_section(&self, s: &Section) -> Result<()> {
        let end = s.offset + s.len;
        let padding = &self.bytes.as_slice()[end..end.next_multiple_of(ALIGN)];
        if crc32fast::hash(self.section_bytes(s)) != s.crc || padding.iter().any(|&b| b != 0) {
            return Err(Error::corrupt(format!("section {} does not match its checksum", s.name)));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Artifact({} v{}, {} sections)",
            self.kind,
            self.kind_version,
            self.sections.len()
        )
    }
}

#[cfg(test)]
mod tests;

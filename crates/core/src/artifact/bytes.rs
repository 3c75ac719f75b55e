//! The bytes of an artifact, mapped or owned, always aligned to 64.

use crate::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Alignment of every section, in memory and in the file.
pub(crate) const ALIGN: usize = 64;

#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Block([u8; ALIGN]);

pub(crate) enum Bytes {
    Mapped(memmap2::Mmap),
    Owned { blocks: Vec<Block>, len: usize },
}

impl Bytes {
    /// Maps a file. Nothing is read until it is touched.
    pub(crate) fn map(path: &Path) -> Result<Self> {
        let file = open_file(path)?;
        // SAFETY: the map is private and read-only. Mercato itself never writes into or truncates
        // an existing artifact: `save` writes a new file and renames it over the old name, which
        // leaves the mapped one intact. Other programs must do the same; this is documented on
        // `Artifact::open`.
        let map = unsafe { memmap2::MmapOptions::new().map_copy_read_only(&file) }
            .map_err(|e| Error::io("map", path, e))?;
        Ok(Bytes::Mapped(map))
    }

    /// Reads a whole file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut file = open_file(path)?;
        let io = |e| Error::io("read", path, e);
        let len = usize::try_from(file.metadata().map_err(io)?.len())
            .map_err(|_| Error::unsupported(format!("{} is too large", path.display())))?;
        let mut blocks = vec![Block([0; ALIGN]); len.div_ceil(ALIGN)];
        file.read_exact(&mut bytemuck::cast_slice_mut(&mut blocks)[..len]).map_err(io)?;
        Ok(Bytes::Owned { blocks, len })
    }

    /// Copies a byte string.
    pub(crate) fn copy_of(bytes: &[u8]) -> Self {
        let mut blocks = vec![Block([0; ALIGN]); bytes.len().div_ceil(ALIGN)];
        bytemuck::cast_slice_mut::<_, u8>(&mut blocks)[..bytes.len()].copy_from_slice(bytes);
        Bytes::Owned { blocks, len: bytes.len() }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Mapped(m) => m,
            Bytes::Owned { blocks, len } => &bytemuck::cast_slice(blocks)[..*len],
        }
    }
}

fn open_file(path: &Path) -> Result<File> {
    let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
    let meta = file.metadata().map_err(|e| Error::io("open", path, e))?;
    if !meta.is_file() {
        let e = std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a regular file");
        return Err(Error::io("open", path, e));
    }
    if meta.len() == 0 {
        return Err(Error::corrupt(format!("{} is empty", path.display())));
    }
    Ok(file)
}

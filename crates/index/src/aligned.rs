//! Bytes that begin on a cache line, owned or inside an opened artifact.

use mercato_core::Column;

/// A cache line.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; Line::LEN]);

impl Line {
    pub(crate) const LEN: usize = 64;
    pub(crate) const ZERO: Self = Self([0; Self::LEN]);
}

/// What the kernels stream over. A load that straddles two lines costs twice as much, so owned
/// bytes are kept as lines; sections of an artifact are aligned to 64 by the format.
#[derive(Clone)]
pub(crate) enum Aligned {
    Owned(Vec<Line>),
    Shared(Column<u8>),
}

impl Aligned {
    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Aligned::Owned(lines) => bytemuck::cast_slice(lines),
            Aligned::Shared(column) => column.as_slice(),
        }
    }

    /// The bytes, for change; shared ones are copied first.
    pub(crate) fn to_mut(&mut self) -> &mut [u8] {
        if let Aligned::Shared(column) = self {
            *self = Aligned::copy_of(column);
        }
        match self {
            Aligned::Owned(lines) => bytemuck::cast_slice_mut(lines),
            Aligned::Shared(_) => &mut [],
        }
    }

    /// Lengthens to `len` bytes, a multiple of a line, with zeros.
    pub(crate) fn grow(&mut self, len: usize) {
        self.to_mut();
        if let Aligned::Owned(lines) = self {
            lines.resize(len / Line::LEN, Line::ZERO);
        }
    }

    fn copy_of(bytes: &[u8]) -> Self {
        let mut lines = vec![Line::ZERO; bytes.len().div_ceil(Line::LEN)];
        bytemuck::cast_slice_mut::<_, u8>(&mut lines)[..bytes.len()].copy_from_slice(bytes);
        Aligned::Owned(lines)
    }
}

impl From<Column<u8>> for Aligned {
    /// Keeps a column that is aligned, as every section of an artifact is, and copies any other.
    fn from(column: Column<u8>) -> Self {
        if column.as_slice().as_ptr().align_offset(Line::LEN) == 0 {
            return Aligned::Shared(column);
        }
        Aligned::copy_of(&column)
    }
}

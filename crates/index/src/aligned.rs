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
}

impl From<Column<u8>> for Aligned {
    /// Keeps a column that is aligned, as every section of an artifact is, and copies any other.
    fn from(column: Column<u8>) -> Self {
        if column.as_slice().as_ptr().align_offset(Line::LEN) == 0 {
            return Aligned::Shared(column);
        }
        let mut lines = vec![Line::ZERO; column.len().div_ceil(Line::LEN)];
        bytemuck::cast_slice_mut::<_, u8>(&mut lines)[..column.len()].copy_from_slice(&column);
        Aligned::Owned(lines)
    }
}

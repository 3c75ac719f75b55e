//! A typed array that is either owned or lies inside an opened artifact.

use crate::artifact::bytes::Bytes;
use bytemuck::Pod;
use std::ops::Deref;
use std::sync::Arc;

/// A number type that an artifact section can hold.
pub trait Element: Pod + Send + Sync + 'static {
    /// The code of the type in the section table; part of the file format.
    const DTYPE: u8;
}

macro_rules! elements {
    ($($t:ty = $code:literal),+ $(,)?) => {
        $(impl Element for $t { const DTYPE: u8 = $code; })+
        /// The name of a section's number type, for `inspect`.
        pub(crate) fn dtype_name(code: u8) -> Option<&'static str> {
            match code { $($code => Some(stringify!($t)),)+ _ => None }
        }
    };
}
elements! {
    u8 = 1, i8 = 2, u16 = 3, i16 = 4, u32 = 5, i32 = 6, u64 = 7, i64 = 8, f32 = 9, f64 = 10,
}

/// An array of numbers that derefs to a slice: owned after `fit`, or borrowed from a memory-mapped
/// file after `open`. Models hold columns, so that one type serves both without copying.
///
/// ```
/// use mercato_core::Column;
/// let c: Column<f32> = vec![1.0, 2.0].into();
/// assert_eq!(c[1], 2.0);
/// ```
pub struct Column<T: Element>(Store<T>);

enum Store<T> {
    /// Counted, so that models made from one another share what they have in common.
    Owned(Arc<Vec<T>>),
    /// `len` elements from byte `offset`; alignment and bounds were checked on construction.
    Shared { bytes: Arc<Bytes>, offset: usize, len: usize },
}

impl<T: Element> Column<T> {
    /// A view of `byte_len` bytes from `offset`; `None` when out of bounds, misaligned or not a
    /// whole number of elements.
    pub(crate) fn shared(bytes: &Arc<Bytes>, offset: usize, byte_len: usize) -> Option<Self> {
        let end = offset.checked_add(byte_len)?;
        let slice = bytes.as_slice().get(offset..end)?;
        let len = bytemuck::try_cast_slice::<u8, T>(slice).ok()?.len();
        Some(Self(Store::Shared { bytes: bytes.clone(), offset, len }))
    }

    /// The elements.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        match &self.0 {
            Store::Owned(v) => v,
            Store::Shared { bytes, offset, len } => {
                bytemuck::cast_slice(&bytes.as_slice()[*offset..*offset + *len * size_of::<T>()])
            }
        }
    }

    /// Whether the elements lie in an opened artifact.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Store::Shared { .. })
    }

    /// The elements as an owned vector; copies only when somebody else holds them too.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        match self.0 {
            Store::Owned(v) => Arc::unwrap_or_clone(v),
            Store::Shared { .. } => self.as_slice().to_vec(),
        }
    }
}

impl<T: Element> Deref for Column<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T: Element> From<Vec<T>> for Column<T> {
    fn from(v: Vec<T>) -> Self {
        Self(Store::Owned(Arc::new(v)))
    }
}

impl<T: Element> Default for Column<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: Element> Clone for Column<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Store::Owned(v) => Store::Owned(v.clone()),
            Store::Shared { bytes, offset, len } => {
                Store::Shared { bytes: bytes.clone(), offset: *offset, len: *len }
            }
        })
    }
}

impl<T: Element + PartialEq> PartialEq for Column<T> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<T: Element> std::fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.is_shared() { "shared" } else { "owned" };
        write!(f, "Column<{}>({} {place})", std::any::type_name::<T>(), self.len())
    }
}

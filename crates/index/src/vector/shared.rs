//! One index for many threads.

use super::VectorIndex;
use super::update::is_small;
use mercato_core::{IdColumn, ItemAttributes, Result, Run};
use std::sync::{Mutex, PoisonError, RwLock};

/// An index that some threads search while others update it.
///
/// Searches run on a [`snapshot`](Self::snapshot), so each sees one state from beginning to end.
/// Small updates hold new snapshots up for as long as they take; large ones work on a copy, and
/// snapshots are taken of the old state until the copy is done.
///
/// ```
/// use mercato_core::{Run, Vectors};
/// use mercato_index::{IndexParams, SearchOptions, SharedIndex, VectorIndex};
/// let vectors = Vectors::new(vec![1.0, 0.0, 0.0, 1.0], 2)?;
/// let index = VectorIndex::build(&vectors, None, &IndexParams::default(), &Run::default())?;
/// let shared = SharedIndex::new(index);
/// let before = shared.snapshot();
/// shared.remove(&[0].into(), &Run::default())?;
/// assert_eq!((before.len(), shared.snapshot().len()), (2, 1));
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SharedIndex {
    current: RwLock<VectorIndex>,
    /// Held by the one update that runs.
    writer: Mutex<()>,
}

impl SharedIndex {
    /// Shares an index.
    #[must_use]
    pub fn new(index: VectorIndex) -> Self {
        Self { current: RwLock::new(index), writer: Mutex::new(()) }
    }

    /// The index as it is now; later updates do not touch it.
    #[must_use]
    pub fn snapshot(&self) -> VectorIndex {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// As [`VectorIndex::upsert_with`].
    ///
    /// # Errors
    /// The same.
    pub fn upsert(
        &self,
        ids: &IdColumn<'_>,
        vectors: &[f32],
        attributes: Option<&ItemAttributes>,
        run: &Run,
    ) -> Result<()> {
        self.update(ids.len(), |index| index.upsert_with(ids, vectors, attributes, run))
    }

    /// As [`VectorIndex::remove`].
    ///
    /// # Errors
    /// The same.
    pub fn remove(&self, ids: &IdColumn<'_>, run: &Run) -> Result<usize> {
        self.update(ids.len(), |index| index.remove(ids, run))
    }

    fn update<R>(
        &self,
        size: usize,
        work: impl FnOnce(&mut VectorIndex) -> Result<R>,
    ) -> Result<R> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let write = || self.current.write().unwrap_or_else(PoisonError::into_inner);
        let mut copy = self.snapshot();
        if is_small(size, copy.len()) {
            drop(copy);
            return work(&mut write());
        }
        let result = work(&mut copy)?;
        *write() = copy;
        Ok(result)
    }
}

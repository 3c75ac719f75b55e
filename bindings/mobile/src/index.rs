//! Vector similarity.

use crate::convert::{self, Id, Scored};
use crate::error::{Result, guarded};
use mercato::index::{SearchOptions, SharedIndex};
use mercato::{Error, IdColumn, Persist as _, Run};
use std::borrow::Cow;
use std::sync::Arc;

/// An index of vectors: searches run on a snapshot while other threads change it.
#[derive(uniffi::Object)]
pub struct VectorIndex(SharedIndex);

/// All integers or all strings.
fn column(ids: Vec<Id>) -> mercato::Result<IdColumn<'static>> {
    let (mut ints, mut texts) = (Vec::new(), Vec::new());
    for id in ids {
        match id {
            Id::Int { value } => ints.push(value),
            Id::Str { value } => texts.push(Cow::Owned(value)),
        }
    }
    match (ints.is_empty(), texts.is_empty()) {
        (false, false) => Err(Error::invalid_input("ids must be all integers or all strings")),
        (_, true) => Ok(IdColumn::Ints(ints.into())),
        (true, false) => Ok(IdColumn::Strs(texts)),
    }
}

#[uniffi::export]
impl VectorIndex {
    /// Opens by memory-mapping, in constant time.
    #[uniffi::constructor]
    pub fn open(path: String) -> Result<Arc<Self>> {
        guarded(|| Ok(Arc::new(Self(SharedIndex::new(mercato::index::VectorIndex::open(path)?)))))
    }

    /// Saves atomically what the index holds now.
    pub fn save(&self, path: String) -> Result<()> {
        guarded(|| self.0.snapshot().save(path))
    }

    /// The `k` nearest vectors, best first; `filter` is JSON over the attributes.
    #[uniffi::method(default(k = 10, ef = None, target_recall = None, filter = None))]
    pub fn search(
        &self,
        query: Vec<f32>,
        k: u32,
        ef: Option<u32>,
        target_recall: Option<f64>,
        filter: Option<String>,
    ) -> Result<Vec<Scored>> {
        guarded(|| {
            let mut options = SearchOptions::default().k(k as usize);
            if let Some(ef) = ef {
                options = options.ef(ef as usize);
            }
            if let Some(recall) = target_recall {
                options = options.target_recall(recall);
            }
            if let Some(filter) = convert::filter(filter.as_deref())? {
                options = options.filter(filter);
            }
            Ok(convert::scored(self.0.snapshot().search(&query, &options)?))
        })
    }

    /// Adds or replaces vectors, one after another in `vectors`.
    pub fn upsert(&self, ids: Vec<Id>, vectors: Vec<f32>) -> Result<()> {
        guarded(|| self.0.upsert(&column(ids)?, &vectors, None, &Run::default()))
    }

    /// Removes vectors; unknown ids are ignored. Gives how many there were.
    pub fn remove(&self, ids: Vec<Id>) -> Result<u64> {
        guarded(|| Ok(self.0.remove(&column(ids)?, &Run::default())? as u64))
    }

    /// How many vectors there are.
    pub fn size(&self) -> u64 {
        self.0.snapshot().len() as u64
    }

    /// The length of the vectors.
    pub fn dim(&self) -> u32 {
        self.0.snapshot().dim() as u32
    }
}

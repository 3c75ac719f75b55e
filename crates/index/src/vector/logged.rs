//! An index in a file, with a log of small updates beside it.

use super::VectorIndex;
use mercato_core::artifact::Log;
use mercato_core::{
    Artifact, ArtifactWriter, Error, IdColumn, IdMap, IdRef, ItemAttributes, Persist, Result, Run,
};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The kind of a record, which is an artifact itself.
const KIND: &str = "vector_index_update";
/// A log shorter than this is never worth saving the index for.
const SHORTEST: u64 = 1 << 20;
/// A log longer than one part in this many of the index is.
const SHARE: u64 = 4;

/// An index in a file, whose updates are on disk when they return: each is appended to a log
/// beside the file (`shop.mercato.log`) and made again when the index is opened. When the log has
/// grown to a quarter of the file, the file is saved anew with all updates in it and the log begins again.
///
/// A process that dies at any moment leaves every update that had returned. One process may have
/// the file open for updates at a time.
///
/// ```
/// use mercato_core::{Run, Vectors};
/// use mercato_index::{IndexParams, LoggedIndex, VectorIndex};
/// # let dir = tempfile::tempdir().expect("a temporary folder");
/// # let path = dir.path().join("shop.mercato");
/// let vectors = Vectors::new(vec![1.0, 0.0, 0.0, 1.0], 2)?;
/// let index = VectorIndex::build(&vectors, None, &IndexParams::default(), &Run::default())?;
/// let mut logged = LoggedIndex::create(index, &path)?;
/// logged.upsert(&[7].into(), &[0.6, 0.8], None, &Run::default())?;
/// drop(logged);
/// let logged = LoggedIndex::open(&path, &Run::default())?;
/// assert!(logged.index().contains(7));
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug)]
pub struct LoggedIndex {
    index: VectorIndex,
    path: PathBuf,
    log: Log,
    file_bytes: u64,
}

fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".log");
    name.into()
}

impl LoggedIndex {
    /// Saves an index and begins its log.
    ///
    /// # Errors
    /// `io`.
    pub fn create(index: VectorIndex, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        index.save(&path)?;
        let artifact = Artifact::open(&path)?;
        let log = Log::begin(log_path(&path), artifact.fingerprint())?;
        let file_bytes = artifact.bytes();
        Ok(Self { index, path, log, file_bytes })
    }

    /// Opens an index and makes the updates in its log again.
    ///
    /// # Errors
    /// `io`; `corrupt_artifact`, `unsupported_version`, `wrong_kind`; `cancelled`,
    /// `deadline_exceeded`.
    pub fn open(path: impl AsRef<Path>, run: &Run) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let artifact = Artifact::open(&path)?;
        let mut index = VectorIndex::from_artifact(&artifact)?;
        let (log, records) = Log::open(log_path(&path), artifact.fingerprint())?;
        let task = run.stage("log", records.len() as u64);
        for record in records {
            task.tick(1)?;
            redo(&mut index, &record, run)?;
        }
        let file_bytes = artifact.bytes();
        Ok(Self { index, path, log, file_bytes })
    }

    /// The index as it is; a clone is a snapshot.
    #[must_use]
    pub fn index(&self) -> &VectorIndex {
        &self.index
    }

    /// Updates in the log.
    #[must_use]
    pub fn logged(&self) -> usize {
        self.log.len()
    }

    /// As [`VectorIndex::upsert_with`].
    ///
    /// # Errors
    /// The same, and `io`; the index and its file are then as they were.
    pub fn upsert(
        &mut self,
        ids: &IdColumn<'_>,
        vectors: &[f32],
        attributes: Option<&ItemAttributes>,
        run: &Run,
    ) -> Result<()> {
        self.index.upsert_with(ids, vectors, attributes, run)?;
        if ids.is_empty() {
            return Ok(());
        }
        let ids = IdMap::from_ids(ids)?;
        let mut w = ArtifactWriter::new(KIND, 1);
        ids.write(&mut w, "ids")?;
        w.column("rows", vectors)?;
        if let Some(attributes) = attributes {
            attributes.items().write(&mut w, "items")?;
            attributes.write(&mut w, "attributes")?;
        }
        let record = w.to_bytes()?;
        self.keep(&record, run)
    }

    /// As [`VectorIndex::remove`].
    ///
    /// # Errors
    /// The same, and `io`; the index and its file are then as they were.
    pub fn remove(&mut self, ids: &IdColumn<'_>, run: &Run) -> Result<usize> {
        let count = self.index.remove(ids, run)?;
        if count > 0 {
            let distinct = match ids {
                IdColumn::Ints(v) => {
                    let set: BTreeSet<i64> = v.iter().copied().collect();
                    IdColumn::Ints(set.into_iter().collect())
                }
                IdColumn::Strs(v) => {
                    let set: BTreeSet<&str> = v.iter().map(AsRef::as_ref).collect();
                    IdColumn::Strs(set.into_iter().map(Cow::Borrowed).collect())
                }
            };
            let ids = IdMap::from_ids(&distinct)?;
            let mut w = ArtifactWriter::new(KIND, 1);
            ids.write(&mut w, "ids")?;
            let record = w.to_bytes()?;
            self.keep(&record, run)?;
        }
        Ok(count)
    }

    /// Saves the index with all updates in it and begins the log again. Updates do this by
    /// themselves when the log has grown long.
    ///
    /// # Errors
    /// `io`; the old file and its log are then untouched.
    pub fn compact(&mut self) -> Result<()> {
        self.index.save(&self.path)?;
        // Should the process die here, the log is another artifact's, and not read again.
        let artifact = Artifact::open(&self.path)?;
        self.file_bytes = artifact.bytes();
        self.log.restart(artifact.fingerprint())
    }

    /// Puts on disk what the index has done already.
    fn keep(&mut self, record: &[u8], run: &Run) -> Result<()> {
        if let Err(e) = self.log.append(record) {
            // What is not on disk must not be in the index either.
            self.index = Self::open(&self.path, run)?.index;
            return Err(e);
        }
        if self.log.bytes() > SHORTEST.max(self.file_bytes / SHARE) {
            self.compact()?;
        }
        Ok(())
    }
}

fn redo(index: &mut VectorIndex, record: &[u8], run: &Run) -> Result<()> {
    let a = Artifact::from_bytes(record)?;
    if a.kind() != KIND || a.kind_version() != 1 {
        return Err(Error::corrupt(format!("the log holds a {}", a.kind())));
    }
    let ids = IdMap::read(&a, "ids")?;
    let column = column_of(&ids);
    let done = if a.has("rows") {
        let rows = a.column_of_len::<f32>("rows", ids.len().saturating_mul(index.dim()))?;
        let attributes = match a.meta().get("attributes") {
            Some(_) => {
                let items = Arc::new(IdMap::read(&a, "items")?);
                Some(ItemAttributes::read(&a, "attributes", items)?)
            }
            None => None,
        };
        index.upsert_with(&column, &rows, attributes.as_ref(), run)
    } else {
        index.remove(&column, run).map(drop)
    };
    done.map_err(|e| match e.code() {
        mercato_core::ErrorCode::InvalidInput => Error::corrupt(e.message()),
        _ => e,
    })
}

fn column_of(ids: &IdMap) -> IdColumn<'_> {
    if ids.is_integer() {
        let number = |id| if let IdRef::Int(i) = id { i } else { 0 };
        return IdColumn::Ints(ids.iter().map(number).collect());
    }
    let text = |id| if let IdRef::Str(s) = id { Cow::Borrowed(s) } else { Cow::Borrowed("") };
    IdColumn::Strs(ids.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IndexKind, IndexParams, Metric, SearchOptions};
    use mercato_core::{Rng, Vectors};

    fn run() -> Run {
        Run::seed(3).with_threads(1)
    }

    fn rows(rng: &mut Rng, n: usize) -> Vec<f32> {
        (0..n * 4).map(|_| rng.normal() as f32).collect()
    }

    /// Every id with its vector.
    fn content(index: &VectorIndex) -> Vec<(String, Vec<f32>)> {
        let mut all: Vec<_> = index
            .ids()
            .map(|id| (id.to_string(), index.vector(id).unwrap_or_default().to_vec()))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    #[test]
    fn a_log_cut_at_any_byte_opens_with_every_update_that_returned() {
        for kind in [IndexKind::Flat, IndexKind::Hnsw] {
            let mut rng = Rng::new(9);
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("shop.mercato");
            let params = IndexParams::default().kind(kind).metric(Metric::L2).m(4);
            let vectors = Vectors::new(rows(&mut rng, 40), 4).unwrap();
            let index = VectorIndex::build(&vectors, None, &params, &run()).unwrap();
            let mut logged = LoggedIndex::create(index, &path).unwrap();
            let mut states = vec![(logged.log.bytes(), content(logged.index()))];
            for step in 0..6i64 {
                if step % 3 == 2 {
                    logged.remove(&[step, step, 900].into(), &run()).unwrap();
                } else {
                    let new = rows(&mut rng, 2);
                    logged.upsert(&[step, 100 + step].into(), &new, None, &run()).unwrap();
                }
                states.push((logged.log.bytes(), content(logged.index())));
            }
            let log = std::fs::read(log_path(&path)).unwrap();
            let ends = states.iter().map(|s| s.0 as usize);
            let near = ends.flat_map(|end| [end.saturating_sub(1), end, end + 1]);
            for cut in (0..log.len()).step_by(31).chain(near.filter(|&cut| cut <= log.len())) {
                std::fs::write(log_path(&path), &log[..cut]).unwrap();
                let opened = LoggedIndex::open(&path, &run()).unwrap();
                let whole = states.iter().rposition(|s| s.0 <= cut as u64).unwrap_or(0);
                assert!(content(opened.index()) == states[whole].1, "{kind:?} cut at {cut}");
            }
            for at in (0..log.len()).step_by(41) {
                let mut damaged = log.clone();
                damaged[at] ^= 1;
                std::fs::write(log_path(&path), &damaged).unwrap();
                assert!(LoggedIndex::open(&path, &run()).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn dying_between_saving_and_the_new_log_loses_and_repeats_nothing() {
        let mut rng = Rng::new(10);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.mercato");
        let vectors = Vectors::new(rows(&mut rng, 40), 4).unwrap();
        let params = IndexParams::default();
        let index = VectorIndex::build(&vectors, None, &params, &run()).unwrap();
        let mut logged = LoggedIndex::create(index, &path).unwrap();
        logged.upsert(&[500].into(), &rows(&mut rng, 1), None, &run()).unwrap();
        logged.remove(&[1].into(), &run()).unwrap();
        let want = content(logged.index());
        let log = std::fs::read(log_path(&path)).unwrap();
        logged.compact().unwrap();
        assert_eq!(logged.logged(), 0);
        std::fs::write(log_path(&path), &log).unwrap();
        let opened = LoggedIndex::open(&path, &run()).unwrap();
        assert!(content(opened.index()) == want && opened.logged() == 0);
        let query = rows(&mut rng, 1);
        let k = SearchOptions::default().k(5);
        assert_eq!(
            opened.index().search(&query, &k).unwrap(),
            logged.index().search(&query, &k).unwrap()
        );
    }

    #[test]
    fn an_update_that_fails_is_not_logged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.mercato");
        let vectors = Vectors::new(vec![1.0, 0.0, 0.0, 1.0], 2).unwrap();
        let index = VectorIndex::build(&vectors, None, &IndexParams::default(), &run()).unwrap();
        let mut logged = LoggedIndex::create(index, &path).unwrap();
        assert!(logged.upsert(&[3].into(), &[0.0, 0.0], None, &run()).is_err());
        assert!(logged.upsert(&[3, 3].into(), &[1.0; 4], None, &run()).is_err());
        assert_eq!(logged.remove(&[77].into(), &run()).unwrap(), 0);
        assert_eq!((logged.logged(), logged.index().len()), (0, 2));
    }
}

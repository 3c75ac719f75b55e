//! Upserts and removals.

use super::attributes::merged;
use super::{State, Structure, VectorIndex, prepared_rows};
use mercato_core::{Bitmap, Error, Id, IdColumn, IdMap, IdRef, ItemAttributes, Result, Run};
use std::borrow::Cow;
use std::sync::Arc;

/// A flat index makes its scan anew when more than one slot in this many has changed.
const CHANGED_SHARE: usize = 16;
/// Changed slots that are scored one by one whatever the size of the index.
const CHANGED_FREE: usize = 512;
/// Fewer vectors than one in this many are a small change.
const SMALL_SHARE: usize = 10;
/// Fewer vectors than this are not worth a second thread.
const PARALLEL: usize = 64;

/// Whether an update of `size` vectors is made in place.
pub(super) fn is_small(size: usize, len: usize) -> bool {
    size < len / SMALL_SHARE
}

fn id_at<'a>(ids: &'a IdColumn<'_>, i: usize) -> IdRef<'a> {
    match ids {
        IdColumn::Ints(v) => IdRef::Int(v[i]),
        IdColumn::Strs(v) => IdRef::Str(&v[i]),
    }
}

impl VectorIndex {
    /// Adds vectors, and replaces those whose ids the index holds already. On an error the index
    /// is as it was.
    ///
    /// # Errors
    /// `invalid_input` for an id that appears twice, another number of ids than vectors, integers
    /// among string ids, and as [`build`](Self::build); `cancelled`, `deadline_exceeded`.
    pub fn upsert(&mut self, ids: &IdColumn<'_>, vectors: &[f32], run: &Run) -> Result<()> {
        self.upsert_with(ids, vectors, None, run)
    }

    /// As [`upsert`](Self::upsert), and sets the attributes of those ids that `attributes` knows;
    /// the others keep theirs, new ones have none.
    ///
    /// # Errors
    /// As `upsert`; `invalid_input` for an attribute of another kind than the index has under this
    /// name.
    pub fn upsert_with(
        &mut self,
        ids: &IdColumn<'_>,
        vectors: &[f32],
        attributes: Option<&ItemAttributes>,
        run: &Run,
    ) -> Result<()> {
        let dim = self.state.dim;
        if Some(vectors.len()) != ids.len().checked_mul(dim) {
            return Err(Error::invalid_input(format!(
                "{} numbers are not {} vectors of {dim}",
                vectors.len(),
                ids.len()
            )));
        }
        // Repeated ids are found here.
        IdMap::from_ids(ids)?;
        let rows = prepared_rows(vectors, dim, self.state.params.metric)?;
        if ids.is_empty() {
            return Ok(());
        }
        // Attributes that do not fit are found before anything changes.
        let check = |new| merged(self.state.attributes.as_ref(), new, &Arc::default());
        attributes.map(check).transpose()?;
        self.update(ids.len(), run, |state, run| {
            state.upsert(ids, &rows, run)?;
            if let Some(new) = attributes {
                state.attributes = Some(merged(state.attributes.as_ref(), new, &state.ids)?);
            }
            Ok(())
        })
    }

    /// Removes vectors by id; gives how many there were. Ids that the index does not hold are
    /// passed over, so that removing twice is no error.
    ///
    /// # Errors
    /// `cancelled`, `deadline_exceeded`; the index is then as it was.
    pub fn remove(&mut self, ids: &IdColumn<'_>, run: &Run) -> Result<usize> {
        let mut dead = Bitmap::empty(self.state.live.len());
        for i in 0..ids.len() {
            if let Some(slot) = self.slot(id_at(ids, i)) {
                dead.insert(slot);
            }
        }
        let count = dead.count();
        if count > 0 {
            self.update(count, run, |state, run| state.remove(&dead, run))?;
        }
        Ok(count)
    }

    /// Changes the state: a copy of it when the change is large, so that it can be given up, else
    /// in place (and not to be cancelled) unless a snapshot holds it.
    fn update(
        &mut self,
        size: usize,
        run: &Run,
        work: impl FnOnce(&mut State, &Run) -> Result<()>,
    ) -> Result<()> {
        run.check()?;
        if is_small(size, self.len()) {
            let threads = if size < PARALLEL { 1 } else { run.threads() };
            let quiet = Run::seed(run.seed_value()).with_threads(threads);
            return work(Arc::make_mut(&mut self.state), &quiet);
        }
        let mut state = State::clone(&self.state);
        work(&mut state, run)?;
        self.state = Arc::new(state);
        Ok(())
    }
}

impl State {
    fn remove(&mut self, dead: &Bitmap, run: &Run) -> Result<()> {
        let mut keep = dead.clone();
        keep.complement();
        self.live.intersect(&keep);
        self.live_count = self.live.count();
        match &mut self.search {
            Structure::Flat(flat) => {
                flat.changed.retain(|&slot| !dead.contains(slot));
                let n = flat.scan.len();
                let fresh = flat.fresh.get_or_insert_with(|| Bitmap::full(n));
                dead.iter().for_each(|slot| fresh.remove(slot));
                Ok(())
            }
            Structure::Graph { graph, .. } => {
                let live = &self.live;
                run.install(|| graph.remove(dead, live, run))?
            }
        }
    }

    fn upsert(&mut self, ids: &IdColumn<'_>, rows: &[f32], run: &Run) -> Result<()> {
        let old = self.ids.len();
        let mut free = {
            let mut empty = self.live.clone();
            empty.complement();
            empty.iter().collect::<Vec<u32>>().into_iter()
        };
        // An id takes its own slot, live or not; then an empty one; then a new one.
        let mut slots: Vec<Option<u32>> =
            (0..ids.len()).map(|i| self.ids.dense(id_at(ids, i))).collect();
        let own: std::collections::BTreeSet<u32> = slots.iter().flatten().copied().collect();
        let mut n = old as u32;
        let mut renamed: Vec<(u32, usize)> = Vec::new();
        for (i, slot) in slots.iter_mut().enumerate() {
            if slot.is_none() {
                let place = free.find(|f| !own.contains(f)).unwrap_or_else(|| {
                    n += 1;
                    n - 1
                });
                renamed.push((place, i));
                *slot = Some(place);
            }
        }
        let slots: Vec<u32> = slots.into_iter().flatten().collect();
        let n = n as usize;
        if n > u32::MAX as usize / 2 {
            return Err(Error::invalid_input(format!("{n} vectors, at most 2^31 are supported")));
        }
        if !renamed.is_empty() {
            self.rename(ids, &renamed, n)?;
        }

        // Vectors that are replaced leave first.
        let mut replaced = Bitmap::empty(self.live.len());
        slots.iter().filter(|&&s| self.live.contains(s)).for_each(|&s| replaced.insert(s));
        if replaced.count() > 0 {
            self.remove(&replaced, run)?;
        }
        let mut all = std::mem::take(&mut self.rows).into_vec();
        all.resize(n * self.dim, 0.0);
        let mut live = Bitmap::empty(n);
        self.live.iter().for_each(|slot| live.insert(slot));
        for (&slot, row) in slots.iter().zip(rows.chunks_exact(self.dim)) {
            all[slot as usize * self.dim..][..self.dim].copy_from_slice(row);
            live.insert(slot);
        }
        self.rows = all.into();
        self.live = live;
        self.live_count = self.live.count();
        self.add(&slots, old, run)
    }

    /// Gives slots new ids; `n` slots in all.
    fn rename(&mut self, ids: &IdColumn<'_>, renamed: &[(u32, usize)], n: usize) -> Result<()> {
        let first = id_at(ids, 0);
        let integers = matches!(first, IdRef::Int(_));
        if self.live_count > 0 && self.ids.is_integer() != integers {
            return Err(Error::invalid_input("ids must be all integers or all strings"));
        }
        let mut names: Vec<Id> = self.ids.iter().map(IdRef::to_id).collect();
        names.resize(n, Id::Int(0));
        for &(slot, i) in renamed {
            names[slot as usize] = id_at(ids, i).to_id();
        }
        let column = if integers {
            let number = |id: &Id| if let Id::Int(i) = id { *i } else { 0 };
            IdColumn::Ints(names.iter().map(number).collect())
        } else {
            let text = |id: &Id| Cow::Owned(id.as_ref().to_string());
            IdColumn::Strs(names.iter().map(text).collect())
        };
        self.ids = Arc::new(IdMap::from_ids(&column)?);
        self.attributes = self.attributes.as_ref().map(|a| a.aligned_to(&self.ids));
        Ok(())
    }

    /// Lets searches find the rows in `slots`, which were just set; `old` slots were there before.
    fn add(&mut self, slots: &[u32], old: usize, run: &Run) -> Result<()> {
        let (space, dim) = (self.space(), self.dim);
        let outgrown = match &self.search {
            Structure::Flat(flat) => {
                flat.changed.len() + slots.len() > CHANGED_FREE + self.live_count / CHANGED_SHARE
            }
            // The upper layers hold only what was there when they were made.
            Structure::Graph { built, .. } => self.live_count > 2 * (*built).max(8),
        };
        if outgrown && self.live_count == self.live.len() {
            return self.make_structure(run);
        }
        match &mut self.search {
            Structure::Flat(flat) => {
                if outgrown {
                    flat.scan = crate::scan::Scan::build_in(space, &self.rows, dim, run)?;
                    flat.fresh = Some(self.live.clone());
                    flat.changed.clear();
                    return Ok(());
                }
                let scanned = flat.scan.len();
                let fresh = flat.fresh.get_or_insert_with(|| Bitmap::full(scanned));
                slots.iter().for_each(|&slot| fresh.remove(slot));
                flat.changed.extend_from_slice(slots);
                flat.changed.sort_unstable();
                flat.changed.dedup();
                Ok(())
            }
            Structure::Graph { graph, .. } => {
                let rows = &self.rows;
                for &slot in slots.iter().filter(|&&s| (s as usize) < old) {
                    graph.codes_mut().replace(slot, &rows[slot as usize * dim..][..dim]);
                }
                let live = &self.live;
                run.install(|| {
                    graph.codes_mut().extend(&rows[old * dim..]);
                    graph.add(slots, live, run)
                })?
            }
        }
    }
}

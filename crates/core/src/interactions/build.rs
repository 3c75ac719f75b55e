//! From rows of a table to [`Interactions`].

use super::{Events, Interactions};
use crate::{Csr, Error, IdColumn, IdMap, Result};
use std::sync::Arc;

/// Collects the columns of a table, one row per event.
pub struct InteractionsBuilder<'a> {
    users: IdColumn<'a>,
    items: IdColumn<'a>,
    weights: Option<&'a [f32]>,
    times: Option<&'a [i64]>,
}

impl<'a> InteractionsBuilder<'a> {
    pub(super) fn new(users: IdColumn<'a>, items: IdColumn<'a>) -> Self {
        Self { users, items, weights: None, times: None }
    }

    /// How much each event counts: finite and not negative; 1 when not given. Rows of weight 0 are
    /// left out, but their user and item stay known.
    #[must_use]
    pub fn weights(mut self, weights: &'a [f32]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// When each event happened, in any unit that grows with time.
    #[must_use]
    pub fn times(mut self, times: &'a [i64]) -> Self {
        self.times = Some(times);
        self
    }

    /// Checks and sorts.
    ///
    /// # Errors
    /// `invalid_input` for columns of different length, weights that are NaN, infinite or
    /// negative, and more than 2^32 - 2 distinct ids.
    pub fn build(self) -> Result<Interactions> {
        let n = self.users.len();
        check_column("item", self.items.len(), n)?;
        let (users, rows) = IdMap::encode(&self.users)?;
        let (items, columns) = IdMap::encode(&self.items)?;
        Interactions::from_dense(
            Arc::new(users),
            Arc::new(items),
            &rows,
            &columns,
            self.weights,
            self.times,
        )
    }
}

fn check_column(name: &str, len: usize, n: usize) -> Result<()> {
    if len != n {
        return Err(Error::invalid_input(format!(
            "the {name} column has {len} rows and the user column {n}"
        )));
    }
    Ok(())
}

/// One event of one user while rows are being grouped.
#[derive(Clone, Copy, Default)]
struct Event {
    item: u32,
    weight: f32,
    time: i64,
}

impl Interactions {
    /// Takes the three arrays of a compressed sparse row matrix, users x items, as other libraries
    /// hold it: rows need not be sorted, repeated entries are added up.
    ///
    /// # Errors
    /// `invalid_input` for arrays that do not fit together or the ids, and as
    /// [`InteractionsBuilder::build`].
    pub fn from_csr(
        users: Arc<IdMap>,
        items: Arc<IdMap>,
        indptr: &[i64],
        indices: &[i64],
        weights: &[f32],
    ) -> Result<Self> {
        let ascending = indptr.windows(2).all(|w| w[0] <= w[1]);
        let ends = (indptr.first().copied(), indptr.last().copied());
        if indptr.len() != users.len() + 1
            || !ascending
            || ends != (Some(0), Some(indices.len() as i64))
        {
            return Err(Error::invalid_input(format!(
                "indptr must rise from 0 to {} over {} users, it has {} values from {:?} to {:?}",
                indices.len(),
                users.len(),
                indptr.len(),
                ends.0.unwrap_or(0),
                ends.1.unwrap_or(0)
            )));
        }
        let counts = indptr.windows(2).enumerate();
        let rows: Vec<u32> = counts
            .flat_map(|(u, w)| std::iter::repeat_n(u as u32, (w[1] - w[0]) as usize))
            .collect();
        // What does not fit u32 is outside every map, and refused as such.
        let columns: Vec<u32> =
            indices.iter().map(|&i| u32::try_from(i).unwrap_or(u32::MAX)).collect();
        Self::from_dense(users, items, &rows, &columns, Some(weights), None)
    }

    /// Takes dense numbers of ids that are already mapped: the door for sparse matrices and splits.
    ///
    /// # Errors
    /// As [`InteractionsBuilder::build`], and `invalid_input` for a number outside its map.
    pub fn from_dense(
        users: Arc<IdMap>,
        items: Arc<IdMap>,
        rows: &[u32],
        columns: &[u32],
        weights: Option<&[f32]>,
        times: Option<&[i64]>,
    ) -> Result<Self> {
        let n = rows.len();
        check_column("item", columns.len(), n)?;
        if let Some(w) = weights {
            check_column("weight", w.len(), n)?;
            if let Some(at) = w.iter().position(|x| !x.is_finite() || *x < 0.0) {
                return Err(Error::invalid_input(format!(
                    "weight {} in row {at}, weights must be finite and not negative",
                    w[at]
                ))
                .with("row", at));
            }
        }
        if let Some(t) = times {
            check_column("time", t.len(), n)?;
        }
        for (what, numbers, ids) in [("user", rows, &users), ("item", columns, &items)] {
            if let Some(at) = numbers.iter().position(|&d| d as usize >= ids.len()) {
                return Err(Error::invalid_input(format!(
                    "{what} number {} in row {at}, there are {} {what}s",
                    numbers[at],
                    ids.len()
                ))
                .with("row", at));
            }
        }

        // Counting sort by user, stable in row order.
        let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
        let mut indptr = vec![0u64; users.len() + 1];
        for (row, &u) in rows.iter().enumerate() {
            indptr[u as usize + 1] += u64::from(weight(row) > 0.0);
        }
        for u in 0..users.len() {
            indptr[u + 1] += indptr[u];
        }
        let mut next = indptr.clone();
        let mut grouped = vec![Event::default(); indptr[users.len()] as usize];
        for row in 0..n {
            if weight(row) > 0.0 {
                let at = &mut next[rows[row] as usize];
                grouped[*at as usize] = Event {
                    item: columns[row],
                    weight: weight(row),
                    time: times.map_or(0, |t| t[row]),
                };
                *at += 1;
            }
        }

        let mut events = times.map(|_| Events::default());
        let mut out_indptr = vec![0u64];
        let mut indices = Vec::with_capacity(grouped.len());
        let mut values: Vec<f32> = Vec::with_capacity(grouped.len());
        for u in 0..users.len() {
            let of_user = &mut grouped[indptr[u] as usize..indptr[u + 1] as usize];
            // Weights of equal events are put in order too: sums must not depend on row order.
            of_user.sort_unstable_by(|a, b| {
                (a.time, a.item).cmp(&(b.time, b.item)).then(a.weight.total_cmp(&b.weight))
            });
            if let Some(e) = &mut events {
                e.items.extend(of_user.iter().map(|x| x.item));
                e.weights.extend(of_user.iter().map(|x| x.weight));
                e.times.extend(of_user.iter().map(|x| x.time));
            }
            of_user.sort_by_key(|x| x.item);
            for same in of_user.chunk_by(|a, b| a.item == b.item) {
                let sum: f64 = same.iter().map(|x| f64::from(x.weight)).sum();
                if sum > f64::from(f32::MAX) {
                    return Err(Error::invalid_input(format!(
                        "the weights of user {} and item {} add up to {sum:e}, beyond f32",
                        users.id(u as u32),
                        items.id(same[0].item)
                    )));
                }
                indices.push(same[0].item);
                values.push(sum as f32);
            }
            out_indptr.push(indices.len() as u64);
        }
        if let Some(e) = &mut events {
            e.indptr = indptr;
        }
        let matrix = Csr::new(out_indptr, indices, values, items.len())?;
        Ok(Self { users, items, matrix, events })
    }
}

//! A sparse matrix in compressed rows.

use crate::{Artifact, ArtifactWriter, Column, Error, Result};

/// A sparse `f32` matrix: the entries of row `r` are `indptr[r]..indptr[r + 1]`, columns ascending.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Csr {
    indptr: Column<u64>,
    indices: Column<u32>,
    values: Column<f32>,
    n_cols: usize,
}

impl Csr {
    /// Takes the three arrays.
    ///
    /// # Errors
    /// `invalid_input` when they do not fit each other: `indptr` must rise from 0 to the number of
    /// entries, and every index be below `n_cols` and ascending within its row.
    pub fn new(
        indptr: Vec<u64>,
        indices: Vec<u32>,
        values: Vec<f32>,
        n_cols: usize,
    ) -> Result<Self> {
        let bad = |what: &str| Err(Error::invalid_input(format!("sparse matrix: {what}")));
        let ends = (indptr.first().copied(), indptr.last().copied());
        if ends != (Some(0), Some(indices.len() as u64)) || !indptr.is_sorted() {
            return bad("indptr must rise from 0 to the number of entries");
        }
        if indices.len() != values.len() {
            return bad("indices and values differ in length");
        }
        for w in indptr.windows(2) {
            let row = &indices[w[0] as usize..w[1] as usize];
            if !row.is_sorted_by(|a, b| a < b) || row.last().is_some_and(|&c| c as usize >= n_cols)
            {
                return bad("indices must ascend within a row and stay below the column count");
            }
        }
        Ok(Self { indptr: indptr.into(), indices: indices.into(), values: values.into(), n_cols })
    }

    /// How many rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.indptr.len().saturating_sub(1)
    }

    /// How many columns.
    #[must_use]
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// How many stored entries.
    #[must_use]
    pub fn nnz(&self) -> usize {
        self.indices.len()
    }

    /// Columns and values of a row. Empty for a row out of range, and where an opened artifact's
    /// numbers are damaged.
    #[inline]
    #[must_use]
    pub fn row(&self, r: usize) -> (&[u32], &[f32]) {
        let range = match (self.indptr.get(r), self.indptr.get(r + 1)) {
            (Some(&a), Some(&b)) => a as usize..b as usize,
            _ => 0..0,
        };
        match (self.indices.get(range.clone()), self.values.get(range)) {
            (Some(columns), Some(values)) => (columns, values),
            _ => (&[], &[]),
        }
    }

    /// Where each row begins, and the number of entries last.
    #[must_use]
    pub fn indptr(&self) -> &[u64] {
        &self.indptr
    }

    /// The column of every entry.
    #[must_use]
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The value of every entry.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Rows and columns swapped.
    #[must_use]
    pub fn transpose(&self) -> Self {
        let mut indptr = vec![0u64; self.n_cols + 1];
        for &c in self.indices.iter() {
            indptr[c as usize + 1] += 1;
        }
        for i in 0..self.n_cols {
            indptr[i + 1] += indptr[i];
        }
        let mut next = indptr.clone();
        let mut indices = vec![0u32; self.nnz()];
        let mut values = vec![0f32; self.nnz()];
        for r in 0..self.n_rows() {
            let (columns, row_values) = self.row(r);
            for (&c, &v) in columns.iter().zip(row_values) {
                let at = next[c as usize] as usize;
                next[c as usize] += 1;
                indices[at] = r as u32;
                values[at] = v;
            }
        }
        Self {
            indptr: indptr.into(),
            indices: indices.into(),
            values: values.into(),
            n_cols: self.n_rows(),
        }
    }

    /// The sum with a matrix that may have more rows and columns.
    ///
    /// # Errors
    /// `invalid_input` when a sum is not finite, or where the numbers of an opened artifact are
    /// damaged.
    pub fn plus(&self, more: &Self) -> Result<Self> {
        let rows = self.n_rows().max(more.n_rows());
        let mut indptr = Vec::with_capacity(rows + 1);
        indptr.push(0);
        let mut indices = Vec::with_capacity(self.nnz() + more.nnz());
        let mut values = Vec::with_capacity(self.nnz() + more.nnz());
        for r in 0..rows {
            let ((a, av), (b, bv)) = (self.row(r), more.row(r));
            let (mut i, mut j) = (0, 0);
            while i < a.len() || j < b.len() {
                // A row that has ended is beyond every column.
                let (x, y) = (a.get(i).map(|&c| c.into()), b.get(j).map(|&c| c.into()));
                let (x, y): (u64, u64) = (x.unwrap_or(u64::MAX), y.unwrap_or(u64::MAX));
                let (mut value, column) = (0.0, x.min(y));
                if x == column {
                    value += av[i];
                    i += 1;
                }
                if y == column {
                    value += bv[j];
                    j += 1;
                }
                if !value.is_finite() {
                    return Err(Error::invalid_input("weights add up beyond f32").with("row", r));
                }
                indices.push(column as u32);
                values.push(value);
            }
            indptr.push(indices.len() as u64);
        }
        Self::new(indptr, indices, values, self.n_cols.max(more.n_cols))
    }

    /// The columns `wanted` (ascending) as rows, in that order: a part of
    /// [`transpose`](Self::transpose).
    #[must_use]
    pub fn columns(&self, wanted: &[u32]) -> Self {
        const NOT_WANTED: u32 = u32::MAX;
        let mut place = vec![NOT_WANTED; self.n_cols];
        for (k, &c) in wanted.iter().enumerate() {
            if let Some(p) = place.get_mut(c as usize) {
                *p = k as u32;
            }
        }
        let mut entries = Vec::new();
        for r in 0..self.n_rows() {
            let (columns, values) = self.row(r);
            for (&c, &v) in columns.iter().zip(values) {
                match place.get(c as usize) {
                    Some(&k) if k != NOT_WANTED => entries.push((k, r as u32, v)),
                    _ => {}
                }
            }
        }
        let mut indptr = vec![0u64; wanted.len() + 1];
        entries.iter().for_each(|e| indptr[e.0 as usize + 1] += 1);
        (0..wanted.len()).for_each(|k| indptr[k + 1] += indptr[k]);
        let mut next = indptr.clone();
        let (mut indices, mut values) = (vec![0u32; entries.len()], vec![0f32; entries.len()]);
        for (k, r, v) in entries {
            let at = next[k as usize] as usize;
            next[k as usize] += 1;
            (indices[at], values[at]) = (r, v);
        }
        Self {
            indptr: indptr.into(),
            indices: indices.into(),
            values: values.into(),
            n_cols: self.n_rows(),
        }
    }

    /// The rows `wanted`, in that order. Rows out of range are empty.
    #[must_use]
    pub fn rows(&self, wanted: &[u32]) -> Self {
        let mut indptr = vec![0u64];
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        for &r in wanted {
            let (columns, of_row) = self.row(r as usize);
            indices.extend_from_slice(columns);
            values.extend_from_slice(of_row);
            indptr.push(indices.len() as u64);
        }
        Self {
            indptr: indptr.into(),
            indices: indices.into(),
            values: values.into(),
            n_cols: self.n_cols,
        }
    }

    /// Adds the matrix to an artifact under the name `prefix`.
    ///
    /// # Errors
    /// `internal` for an invalid section name.
    pub fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>, prefix: &str) -> Result<()> {
        w.column(&format!("{prefix}.indptr"), &self.indptr)?;
        w.column(&format!("{prefix}.indices"), &self.indices)?;
        w.column(&format!("{prefix}.values"), &self.values)
    }

    /// Reads a matrix that [`write`](Self::write) added. The entries are not walked: use
    /// [`row`](Self::row), which cannot fail, and check its columns before indexing with them.
    ///
    /// # Errors
    /// `corrupt_artifact`.
    pub fn read(a: &Artifact, prefix: &str, n_rows: usize, n_cols: usize) -> Result<Self> {
        let indices: Column<u32> = a.column(&format!("{prefix}.indices"))?;
        Ok(Self {
            indptr: a.column_of_len(&format!("{prefix}.indptr"), n_rows + 1)?,
            values: a.column_of_len(&format!("{prefix}.values"), indices.len())?,
            indices,
            n_cols,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matrix(entries: &[(u8, u8)], rows: usize, columns: usize) -> Csr {
        let mut sorted: Vec<_> = entries.to_vec();
        sorted.retain(|e| usize::from(e.0) < rows && usize::from(e.1) < columns);
        sorted.sort_unstable();
        sorted.dedup();
        let mut indptr = vec![0u64];
        for r in 0..rows {
            indptr.push(sorted.iter().filter(|e| usize::from(e.0) <= r).count() as u64);
        }
        let indices = sorted.iter().map(|e| e.1.into()).collect();
        Csr::new(indptr, indices, sorted.iter().map(|e| f32::from(e.0 + 1)).collect(), columns)
            .unwrap()
    }

    fn at(m: &Csr, r: usize, c: u32) -> f32 {
        let (columns, values) = m.row(r);
        columns.binary_search(&c).map_or(0.0, |i| values[i])
    }

    proptest! {
        #[test]
        fn sums_and_selections_agree_entry_by_entry(
            a in prop::collection::vec((0u8..6, 0u8..5), 0..30),
            b in prop::collection::vec((0u8..8, 0u8..9), 0..30),
            wanted in prop::collection::btree_set(0u32..9, 0..9),
        ) {
            let (a, b) = (matrix(&a, 6, 5), matrix(&b, 8, 9));
            let sum = a.plus(&b).unwrap();
            prop_assert_eq!((sum.n_rows(), sum.n_cols()), (8, 9));
            for r in 0..8 {
                for c in 0..9 {
                    prop_assert_eq!(at(&sum, r, c), at(&a, r, c) + at(&b, r, c));
                }
            }
            let wanted: Vec<u32> = wanted.into_iter().collect();
            let columns = sum.columns(&wanted);
            prop_assert_eq!(&columns, &sum.transpose().rows(&wanted));
        }
    }

    #[test]
    fn a_sum_beyond_f32_is_an_error() {
        let m = Csr::new(vec![0, 1], vec![0], vec![f32::MAX], 1).unwrap();
        assert_eq!(m.plus(&m).unwrap_err().code().as_str(), "invalid_input");
    }
}

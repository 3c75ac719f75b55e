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

//! A sparse matrix made row by row from entries in any order.

use mercato_core::{Csr, Result};

/// Collects the entries of one row after the other.
pub(crate) struct SparseBuilder {
    indptr: Vec<u64>,
    indices: Vec<u32>,
    values: Vec<f32>,
    row: Vec<(u32, f32)>,
}

impl Default for SparseBuilder {
    fn default() -> Self {
        Self { indptr: vec![0], indices: Vec::new(), values: Vec::new(), row: Vec::new() }
    }
}

impl SparseBuilder {
    /// Adds an entry to the present row; those of the same column add up.
    pub(crate) fn push(&mut self, column: u32, value: f32) {
        self.row.push((column, value));
    }

    /// Ends the present row. Entries that are not above zero are left out.
    pub(crate) fn end(&mut self) {
        self.row.sort_by_key(|e| e.0);
        add_up(&mut self.row);
        let kept = || self.row.iter().filter(|e| e.1 > 0.0);
        self.indices.extend(kept().map(|e| e.0));
        self.values.extend(kept().map(|e| e.1));
        self.indptr.push(self.indices.len() as u64);
        self.row.clear();
    }

    /// The matrix of the rows that were ended.
    pub(crate) fn build(self, n_cols: usize) -> Result<Csr> {
        Csr::new(self.indptr, self.indices, self.values, n_cols)
    }
}

/// Makes one entry of neighbouring ones with the same column.
pub(crate) fn add_up(row: &mut Vec<(u32, f32)>) {
    row.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}

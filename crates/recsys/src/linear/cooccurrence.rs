//! How often items occur together: the products of sparse matrices that regressions read.

use mercato_core::{Csr, Error, Result, Task};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// The rows of a sparse matrix, columns ascending.
pub(crate) type Rows = Vec<Box<[(u32, f32)]>>;

/// How many bytes a step may hold, and what to say when they do not suffice.
#[derive(Debug)]
pub(crate) struct Memory {
    limit: u64,
    used: AtomicU64,
}

impl Memory {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, used: AtomicU64::new(0) }
    }

    /// Takes `bytes`.
    ///
    /// # Errors
    /// `not_enough_memory` in words: `invalid_params`, naming `memory`.
    pub(crate) fn take(&self, bytes: u64, what: &str) -> Result<()> {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if used <= self.limit {
            return Ok(());
        }
        Err(Error::invalid_params(format!(
            "{what} needs more than the {} bytes of memory; raise memory, or leave out items and \
             users with few or very many events",
            self.limit
        ))
        .with("parameter", "memory")
        .with("memory", self.limit))
    }
}

/// `left^T diag(scale) right` for two matrices with the same rows, given `left` transposed: row `i`
/// tells what occurs with item `i`. Sums run over the rows in ascending order, whatever the threads.
pub(crate) fn product(
    left: &Csr,
    right: &Csr,
    scale: &[f32],
    memory: &Memory,
    task: &Task<'_>,
) -> Result<Rows> {
    let n = right.n_cols();
    (0..left.n_rows())
        .into_par_iter()
        .map_init(
            || (vec![0f32; n], Vec::<u32>::new()),
            |(sums, touched), item| {
                let (rows, weights) = left.row(item);
                for (&row, &w) in rows.iter().zip(weights) {
                    let w = w * scale[row as usize];
                    let (columns, values) = right.row(row as usize);
                    for (&c, &v) in columns.iter().zip(values) {
                        let sum = &mut sums[c as usize];
                        if *sum == 0.0 {
                            touched.push(c);
                        }
                        *sum += w * v;
                    }
                }
                touched.sort_unstable();
                // A sum that underflowed was noted more than once.
                touched.dedup();
                memory.take(8 * touched.len() as u64, "counting what occurs together")?;
                let row = touched.drain(..).map(|c| (c, std::mem::take(&mut sums[c as usize])));
                let row = row.collect();
                task.tick(1)?;
                Ok(row)
            },
        )
        .collect()
}

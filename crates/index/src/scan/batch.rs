//! Many queries at once.

use super::{Ask, Scan, ScanScratch};
use crate::scan::check_vector;
use mercato_core::{Bitmap, Error, Result, Run};
use rayon::prelude::*;

/// Queries of one task: enough that a tile of rows, once near, is used many times.
const TASK: usize = 64;

impl Scan {
    /// The `k` best rows for each of many queries, as [`top_k`](Self::top_k) gives them one by one.
    ///
    /// - `queries`: one after the other, [`dim`](Self::dim) values each.
    /// - `exclude(q)`: rows that query `q` leaves out, ascending.
    /// - `ids`, `scores`: `k` places for each query. Places left over, when fewer than `k` rows
    ///   remain, hold `u32::MAX` and minus infinity.
    ///
    /// # Errors
    /// As `top_k`; `invalid_input` for outputs of another size; `cancelled`, `deadline_exceeded`.
    #[allow(clippy::too_many_arguments, reason = "one flat door for the hottest call")]
    pub fn top_k_batch<'a>(
        &self,
        rows: &[f32],
        queries: &[f32],
        k: usize,
        allow: Option<&Bitmap>,
        exclude: impl Fn(usize) -> &'a [u32] + Sync,
        run: &Run,
        ids: &mut [u32],
        scores: &mut [f32],
    ) -> Result<()> {
        self.check(rows, allow)?;
        let count = queries.len() / self.dim;
        let places = count.checked_mul(k);
        if !queries.len().is_multiple_of(self.dim)
            || places != Some(ids.len())
            || places != Some(scores.len())
        {
            return Err(Error::invalid_input(format!(
                "{} values are not whole queries of {}, or {} ids and {} scores are not {k} for each",
                queries.len(),
                self.dim,
                ids.len(),
                scores.len()
            )));
        }
        if k == 0 {
            return Ok(());
        }
        let direct = self.few_allowed(allow);
        let task = run.stage("top_k", count as u64);
        run.install(|| {
            queries
                .par_chunks(TASK * self.dim)
                .zip(ids.par_chunks_mut(TASK * k))
                .zip(scores.par_chunks_mut(TASK * k))
                .enumerate()
                .try_for_each_init(
                    ScanScratch::default,
                    |scratch, (t, ((queries, ids), scores))| {
                        let count = queries.len() / self.dim;
                        let ask = |slot: usize| Ask {
                            query: &queries[slot * self.dim..(slot + 1) * self.dim],
                            exclude: exclude(t * TASK + slot),
                        };
                        scratch.resize(count, k);
                        for slot in 0..count {
                            let one = ask(slot);
                            check_vector(one.query, self.dim)
                                .map_err(|e| e.with("query", t * TASK + slot))?;
                            if direct || self.constant(one.query) {
                                self.score_allowed(rows, one, allow, scratch, slot, k);
                            } else {
                                scratch.active.push(slot);
                            }
                        }
                        self.scan_all(rows, allow, scratch, &ask);
                        for (slot, (ids, scores)) in
                            ids.chunks_exact_mut(k).zip(scores.chunks_exact_mut(k)).enumerate()
                        {
                            ids.fill(u32::MAX);
                            scores.fill(f32::NEG_INFINITY);
                            for (place, &(id, score)) in
                                scratch.best[slot].sorted().iter().enumerate()
                            {
                                (ids[place], scores[place]) = (id, score);
                            }
                        }
                        task.tick(count as u64)
                    },
                )
        })?
    }
}

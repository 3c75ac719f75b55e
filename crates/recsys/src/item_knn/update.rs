//! New events: which rows of the neighbourhood they change, and those rows.
//!
//! A cosine changes only where one of its two items has new events. So the rows of those items are
//! found again, and every similarity in them is passed on to the row of the other item, where it
//! replaces the old value or enters. One thing cannot be known from the rows that are kept: whether
//! an item that was just below the last neighbour should move up when a similarity falls. A row
//! where that is possible is found again too.

use super::fit::{Pairs, matrix};
use super::{ItemKnn, Similarity};
use crate::update::{Growth, Refresh};
use mercato_core::{Csr, Result, Run, TopK};
use rayon::prelude::*;

pub(super) fn neighbours(p: &ItemKnn, old: &Csr, growth: &Growth, run: &Run) -> Result<Csr> {
    let seen = growth.catalog().seen();
    let pairs = Pairs::new(p, seen);
    let n = pairs.n_items();
    let exact = p.similarity == Similarity::Cosine && growth.refresh() == Refresh::Touched;
    // What an item is to its neighbour, the neighbour is to it.
    let symmetric = p.similarity != Similarity::Rp3Beta;
    let again = if exact || (symmetric && growth.refresh() == Refresh::New) {
        growth.items_to_learn().to_vec()
    } else {
        let mut items: Vec<u32> = seen.rows(growth.users()).indices().to_vec();
        items.sort_unstable();
        items.dedup();
        items
    };
    let mut is_again = vec![false; n];
    again.iter().for_each(|&i| is_again[i as usize] = true);
    let rows = Old::new(p, old, n);

    let task = run.stage("update", again.len() as u64);
    run.install(|| {
        type Found = (Vec<(u32, f32)>, Vec<(u32, f32)>);
        let found: Vec<Found> = again
            .par_iter()
            .map_init(
                || pairs.workspace(),
                |work, &item| {
                    let mut passed_on = Vec::new();
                    let best = pairs.best(item, work, |j, score| {
                        if symmetric && !is_again[j as usize] && rows.matters(j, item, score) {
                            passed_on.push((j, score));
                        }
                    });
                    task.tick(1)?;
                    Ok((best, passed_on))
                },
            )
            .collect::<Result<_>>()?;
        let mut news: Vec<Vec<(u32, f32)>> = vec![Vec::new(); n];
        let mut out: Vec<Vec<(u32, f32)>> = vec![Vec::new(); n];
        for (&item, (best, passed_on)) in again.iter().zip(found) {
            passed_on.into_iter().for_each(|(j, score)| news[j as usize].push((item, score)));
            out[item as usize] = best;
        }
        let unsure: Vec<u32> = out
            .par_iter_mut()
            .enumerate()
            .filter(|(j, _)| !is_again[*j])
            .filter_map(|(j, row)| {
                let stale = |i: u32| symmetric && is_again[i as usize];
                let sure = rows.replaced(j, stale, &news[j], row);
                (exact && !sure).then_some(j as u32)
            })
            .collect();
        let task = run.stage("update", unsure.len() as u64);
        for (j, row) in unsure.iter().zip(pairs.best_of(unsure.par_iter().copied(), &task)?) {
            out[*j as usize] = row;
        }
        matrix(out, n)
    })?
}

/// The rows before the update.
struct Old<'a> {
    rows: &'a Csr,
    /// Neighbours of a full row.
    full: usize,
    /// The smallest similarity of full rows; 0 for others, into which anything may enter.
    least: Vec<f32>,
}

impl<'a> Old<'a> {
    fn new(p: &ItemKnn, rows: &'a Csr, n: usize) -> Self {
        let full = p.neighbors.min(rows.n_rows());
        let least = (0..n)
            .map(|j| match rows.row(j).1 {
                values if values.len() >= full => {
                    values.iter().copied().fold(f32::INFINITY, f32::min)
                }
                _ => 0.0,
            })
            .collect();
        Self { rows, full: p.neighbors.min(n), least }
    }

    /// Whether a new similarity of `j` to `item` may be in the row of `j`.
    fn matters(&self, j: u32, item: u32, score: f32) -> bool {
        score >= self.least[j as usize] || self.rows.row(j as usize).0.binary_search(&item).is_ok()
    }

    /// Puts into `out` the row of `j` with `news` (ascending) in the place of what it had for
    /// items found again; whether no item outside the row can be missing.
    fn replaced(
        &self,
        j: usize,
        stale: impl Fn(u32) -> bool,
        news: &[(u32, f32)],
        out: &mut Vec<(u32, f32)>,
    ) -> bool {
        let (items, values) = self.rows.row(j);
        let before = items.iter().copied().zip(values.iter().copied());
        // A damaged file may name items that do not exist.
        let kept = before.filter(|&(i, _)| (i as usize) < self.least.len() && !stale(i));
        let mut top = TopK::default();
        top.reset(self.full);
        kept.chain(news.iter().copied()).for_each(|(i, score)| top.push(i, score));
        out.extend_from_slice(top.sorted());
        let least = self.least[j];
        // A row that was not full had every similar item.
        let sure = least == 0.0
            || (out.len() == self.full
                && out
                    .last()
                    .is_none_or(|&(i, score)| score > least || (score == least && !stale(i))));
        out.sort_unstable_by_key(|e| e.0);
        sure
    }
}

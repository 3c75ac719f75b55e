//! New events: the weights of the items that they touch, and of what occurs with these.

use super::{Memory, Ridge, SparseBuilder, by_source, product, regressions};
use crate::update::Growth;
use mercato_core::{Csr, Result, Run};

/// The weights after `growth`: those from and to the items `fresh` (ascending) are found anew from
/// all that users have, the others stay. Counts all co-occurrences once.
pub(crate) fn grown(
    old: &Csr,
    growth: &Growth,
    fresh: &[u32],
    ridge: Ridge<'_>,
    memory: u64,
    run: &Run,
) -> Result<Csr> {
    let seen = growth.catalog().seen();
    let n = seen.n_cols();
    let mut is_fresh = vec![false; n];
    fresh.iter().for_each(|&i| is_fresh[i as usize] = true);
    let task = run.stage("update", 2 * n as u64);
    let found = run.install(|| {
        let ones = vec![1.0; seen.n_rows()];
        let gram = product(&seen.transpose(), seen, &ones, &Memory::new(memory), &task)?;
        // A target is solved for when it is fresh or occurs with something fresh.
        let concerned = |j: usize| is_fresh[j] || gram[j].iter().any(|e| is_fresh[e.0 as usize]);
        let right =
            (0..n).map(|j| if concerned(j) { gram[j].clone() } else { Box::default() }).collect();
        regressions(&gram, &right, ridge, &task)
    })??;
    let mut columns: Vec<Vec<(u32, f32)>> = vec![Vec::new(); n];
    for source in 0..old.n_rows().min(n) {
        let (targets, weights) = old.row(source);
        for (&j, &w) in targets.iter().zip(weights) {
            // A damaged file may name items that do not exist.
            if !is_fresh[source] && is_fresh.get(j as usize) == Some(&false) {
                columns[j as usize].push((source as u32, w));
            }
        }
    }
    for (j, (column, new)) in columns.iter_mut().zip(found).enumerate() {
        column.extend(new.into_iter().filter(|e| is_fresh[j] || is_fresh[e.0 as usize]));
        column.sort_by_key(|e| e.0);
    }
    by_source(columns)
}

/// Histories after more of them: a user's old one times `left(user)`, and the new one.
pub(crate) fn continued(old: &Csr, new: &Csr, left: impl Fn(usize) -> f32) -> Result<Csr> {
    let mut out = SparseBuilder::default();
    for user in 0..new.n_rows() {
        let factor = left(user);
        for (matrix, factor) in [(old, factor), (new, 1.0)] {
            let (items, weights) = matrix.row(user);
            for (&i, &w) in items.iter().zip(weights).filter(|e| (*e.0 as usize) < new.n_cols()) {
                out.push(i, factor * w);
            }
        }
        out.end();
    }
    out.build(new.n_cols())
}

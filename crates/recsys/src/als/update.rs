//! New events: users and items that they touch are solved for again, the others stay.

use super::fit::{Factors, regularized_gram, solve_side};
use super::{Als, AlsModel};
use crate::kernels::{self, LANE, Lane, Level};
use crate::update::{Growth, Refresh};
use mercato_core::{Result, Run, Vectors};

/// Times that both sides are solved for. The second lets known users meet the new items.
const PASSES: usize = 2;

pub(super) fn update(model: &AlsModel, growth: &Growth, run: &Run) -> Result<AlsModel> {
    let p = &model.params;
    let n = kernels::lanes(p.factors);
    let catalog = growth.catalog();
    let mut factors = Factors {
        users: padded(&model.users, catalog.users().len(), n),
        items: padded(&model.items, catalog.items().len(), n),
    };
    let (users, items) = (growth.users_to_learn(), growth.items_to_learn());
    let by_user = catalog.seen().rows(users);
    let by_item = catalog.seen().columns(items);
    let passes = if growth.refresh() == Refresh::New { 1 } else { PASSES };
    let task = run.stage("update", (passes * (users.len() + items.len())) as u64);
    let level = Level::detect();
    // New rows begin at zero, where a step of conjugate gradients is a step of gradient descent.
    let p = &Als { cg_steps: p.cg_steps.max(5), ..p.clone() };
    run.install(|| {
        let mut gram = model.gram.clone();
        for pass in 0..passes {
            if pass > 0 {
                regularized_gram(level, p, &factors.items, n, &mut gram);
            }
            let mut rows = gather(&factors.users, users, n);
            solve_side(level, p, &by_user, &gram, &factors.items, &mut rows, n, &task)?;
            scatter(&rows, users, n, &mut factors.users);
            regularized_gram(level, p, &factors.users, n, &mut gram);
            let mut rows = gather(&factors.items, items, n);
            solve_side(level, p, &by_item, &gram, &factors.users, &mut rows, n, &task)?;
            scatter(&rows, items, n, &mut factors.items);
        }
        Ok::<_, mercato_core::Error>(())
    })??;
    let factors = factors.checked(p)?;
    let fingerprint = growth.fingerprint(&model.fingerprint);
    AlsModel::of(&model.params, catalog.clone(), factors, model.seed, fingerprint, run)
}

/// The vectors with rows of whole lanes, and rows of zeros after them.
fn padded(vectors: &Vectors, rows: usize, n: usize) -> Vec<Lane> {
    let mut out = vec![Lane::ZERO; rows * n];
    let to = kernels::flat_mut(&mut out).chunks_exact_mut(n * LANE);
    for (to, row) in to.zip(vectors.as_slice().chunks_exact(vectors.dim())) {
        to[..row.len()].copy_from_slice(row);
    }
    out
}

fn gather(all: &[Lane], rows: &[u32], n: usize) -> Vec<Lane> {
    rows.iter().flat_map(|&r| all[r as usize * n..][..n].iter().copied()).collect()
}

fn scatter(some: &[Lane], rows: &[u32], n: usize, all: &mut [Lane]) {
    for (&r, row) in rows.iter().zip(some.chunks_exact(n)) {
        all[r as usize * n..][..n].copy_from_slice(row);
    }
}

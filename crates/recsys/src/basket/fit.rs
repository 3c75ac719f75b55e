//! From baskets to the three parts of a score.

use super::RepeatBasket;
use crate::linear::{self, Itself, Memory, Ridge, SparseBuilder};
use mercato_core::{Csr, Interactions, Result, Run, UserEvents};

/// What fit finds.
pub(super) struct Parts {
    /// Items x items: what a purchase is worth for the next basket, the item itself included.
    pub(super) weights: Csr,
    /// Users x items: purchases damped by the baskets that followed.
    pub(super) histories: Csr,
    /// Per item: its share in the users' last baskets.
    pub(super) recent: Vec<f32>,
}

/// The baskets of a user, oldest first, as ranges of their events.
pub(super) fn baskets(events: &UserEvents<'_>) -> Vec<std::ops::Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    for same in events.times.chunk_by(|a, b| a == b) {
        out.push(start..start + same.len());
        start += same.len();
    }
    out
}

/// One row of a user's damped purchases: those of `baskets`, the last with its full weight.
fn damped(
    decay: f32,
    events: &UserEvents<'_>,
    baskets: &[std::ops::Range<usize>],
    row: &mut SparseBuilder,
) {
    let mut left = 1.0f32;
    for basket in baskets.iter().rev() {
        for at in basket.clone() {
            row.push(events.items[at], left * events.weights[at]);
        }
        left *= decay;
    }
    row.end();
}

/// The damped histories of some data, and how many users have each item in their last basket.
pub(super) fn histories(p: &RepeatBasket, data: &Interactions) -> Result<(Csr, Vec<f32>)> {
    let mut recent = vec![0.0f32; data.n_items()];
    let mut histories = SparseBuilder::default();
    for user in 0..data.n_users() {
        if let Some(events) = data.events(user) {
            let baskets = baskets(&events);
            damped(p.decay, &events, &baskets, &mut histories);
            for at in baskets.last().into_iter().flat_map(Clone::clone) {
                recent[events.items[at] as usize] += 1.0;
            }
        } else {
            let (items, weights) = data.matrix().row(user);
            for (&i, &w) in items.iter().zip(weights) {
                histories.push(i, w);
                recent[i as usize] += 1.0;
            }
            histories.end();
        }
    }
    Ok((histories.build(data.n_items())?, recent))
}

pub(super) fn parts(p: &RepeatBasket, data: &Interactions, run: &Run) -> Result<Parts> {
    let n = data.n_items();
    let (histories, mut recent) = histories(p, data)?;
    let (mut past, mut future) = (SparseBuilder::default(), SparseBuilder::default());
    for user in 0..data.n_users() {
        let Some(events) = data.events(user) else { continue };
        let baskets = baskets(&events);
        for next in 1..baskets.len() {
            damped(p.decay, &events, &baskets[..next], &mut past);
            for at in baskets[next].clone() {
                let item = events.items[at];
                if at == baskets[next].start || events.items[at - 1] != item {
                    future.push(item, 1.0);
                }
            }
            future.end();
        }
    }
    let share = 1.0 / data.n_users().max(1) as f32;
    recent.iter_mut().for_each(|r| *r *= share);
    let (past, future) = (past.build(n)?, future.build(n)?);
    let memory = Memory::new(p.memory);
    let penalty = vec![p.regularization; n];
    let task = run.stage("repeat_basket", 3 * n as u64);
    let targets = run.install(|| {
        let ones = vec![1.0; past.n_rows().max(data.n_users())];
        if past.n_rows() == 0 {
            let x = data.matrix();
            let gram = linear::product(&x.transpose(), x, &ones, &memory, &task)?;
            let ridge =
                Ridge { neighbors: p.neighbors, penalty: &penalty, itself: Itself::Excluded };
            return linear::regressions(&gram, &gram, ridge, &task);
        }
        let gram = linear::product(&past.transpose(), &past, &ones, &memory, &task)?;
        let right = linear::product(&future.transpose(), &past, &ones, &memory, &task)?;
        let ridge = Ridge { neighbors: p.neighbors, penalty: &penalty, itself: Itself::Included };
        linear::regressions(&gram, &right, ridge, &task)
    })??;
    Ok(Parts { weights: linear::by_source(targets)?, histories, recent })
}

//! From sequences to the two regressions.

use super::SequenceLinear;
use crate::linear::{self, Itself, Memory, Ridge, Rows, SparseBuilder};
use mercato_core::{Csr, Interactions, Result, Run, Task};

/// Damped weights below this are left out of pasts and futures.
const LEAST: f32 = 0.01;

/// The weights, items x items.
pub(super) fn weights(p: &SequenceLinear, data: &Interactions, run: &Run) -> Result<Csr> {
    let n = data.n_items();
    let by_user = data.matrix();
    let timed = data.has_times() && p.transitions > 0.0;
    let task = run.stage("sequence_linear", if timed { 5 } else { 2 } * n as u64);
    let memory = Memory::new(p.memory);
    let together = run.install(|| {
        let ones = vec![1.0; by_user.n_rows()];
        let gram = linear::product(&by_user.transpose(), by_user, &ones, &memory, &task)?;
        solve(p, &gram, &gram, p.regularization, &task)
    })??;
    if !timed {
        return linear::by_source(together);
    }
    let next = run.install(|| {
        let (past, future) = steps(p, data)?;
        let by_item = past.transpose();
        let ones = vec![1.0; past.n_rows()];
        let memory = Memory::new(p.memory);
        let gram = linear::product(&by_item, &past, &ones, &memory, &task)?;
        drop(by_item);
        let right = linear::product(&future.transpose(), &past, &ones, &memory, &task)?;
        solve(p, &gram, &right, p.transition_regularization, &task)
    })??;
    let both = together.into_iter().zip(next).map(|(a, b)| sum(&a, &b, p.transitions)).collect();
    linear::by_source(both)
}

fn solve(
    p: &SequenceLinear,
    gram: &Rows,
    right: &Rows,
    regularization: f32,
    task: &Task<'_>,
) -> Result<Vec<Vec<(u32, f32)>>> {
    let penalty = vec![regularization; gram.len()];
    let ridge = Ridge { neighbors: p.neighbors, penalty: &penalty, itself: Itself::Excluded };
    linear::regressions(gram, right, ridge, task)
}

/// `a + weight * b`, columns ascending.
fn sum(a: &[(u32, f32)], b: &[(u32, f32)], weight: f32) -> Vec<(u32, f32)> {
    let mut all: Vec<(u32, f32)> = a.to_vec();
    all.extend(b.iter().map(|&(i, w)| (i, weight * w)));
    all.sort_by_key(|e| e.0);
    linear::add_up(&mut all);
    all
}

/// One row per event but the first of each user: the damped past before it, and the damped future
/// from it on.
fn steps(p: &SequenceLinear, data: &Interactions) -> Result<(Csr, Csr)> {
    let (mut past, mut future) = (SparseBuilder::default(), SparseBuilder::default());
    let damped =
        |decay: f32, events: &mut dyn Iterator<Item = (&u32, &f32)>, row: &mut SparseBuilder| {
            let mut left = 1.0f32;
            for (&item, &w) in events {
                row.push(item, left * w);
                left *= decay;
                if left < LEAST {
                    break;
                }
            }
            row.end();
        };
    for user in 0..data.n_users() {
        let Some(e) = data.events(user) else { continue };
        for at in 1..e.items.len() {
            let before = e.items[..at].iter().zip(&e.weights[..at]);
            damped(p.past_decay, &mut before.rev(), &mut past);
            damped(p.future_decay, &mut e.items[at..].iter().zip(&e.weights[at..]), &mut future);
        }
    }
    Ok((past.build(data.n_items())?, future.build(data.n_items())?))
}

/// Users x items: what is left of each user's events after those that followed.
pub(super) fn histories(decay: f32, data: &Interactions) -> Result<Csr> {
    let mut out = SparseBuilder::default();
    for user in 0..data.n_users() {
        if let Some(e) = data.events(user) {
            let mut left = 1.0f32;
            for (&item, &w) in e.items.iter().zip(e.weights).rev() {
                out.push(item, left * w);
                left *= decay;
            }
        } else {
            let (items, weights) = data.matrix().row(user);
            items.iter().zip(weights).for_each(|(&i, &w)| out.push(i, w));
        }
        out.end();
    }
    out.build(data.n_items())
}

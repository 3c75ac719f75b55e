//! The two forms.

use super::{Ease, Form};
use crate::linear::{self, Itself, Memory, Ridge, Symmetric};
use mercato_core::{Csr, Error, Result, Run};

/// From this many items on, the sparse form takes less time and ranks as well.
const DENSE_ITEMS: usize = 4096;

/// The weights, items x items, and the form that found them.
pub(super) fn weights(p: &Ease, by_user: &Csr, run: &Run) -> Result<(Csr, Form)> {
    let n = by_user.n_cols();
    let needed = Symmetric::bytes(n);
    let form = match p.form {
        Form::Auto if n <= DENSE_ITEMS && needed <= p.memory => Form::Dense,
        Form::Auto => Form::Sparse,
        Form::Dense if needed > p.memory => {
            return Err(Error::invalid_params(format!(
                "the dense form of {n} items needs {needed} bytes and memory is {}; raise memory \
                 or choose the sparse form",
                p.memory
            ))
            .with("parameter", "memory")
            .with("needed", needed)
            .with("memory", p.memory));
        }
        form => form,
    };
    let by_item = by_user.transpose();
    let (scale, penalty) = penalties(p, by_user, &by_item);
    let targets = match form {
        Form::Dense => {
            let tiles = Symmetric::steps(n);
            let task = run.stage("ease", 3 * tiles);
            run.install(|| {
                let mut matrix = Symmetric::gram(by_user, &by_item, &scale, &penalty, &task)?;
                matrix.invert(&task)?;
                let columns = matrix.columns(p.neighbors, &task)?;
                Ok::<_, Error>(negated(columns))
            })??
        }
        _ => {
            let task = run.stage("ease", 2 * n as u64);
            let memory = Memory::new(p.memory);
            run.install(|| {
                let gram = linear::product(&by_item, by_user, &scale, &memory, &task)?;
                let ridge =
                    Ridge { neighbors: p.neighbors, penalty: &penalty, itself: Itself::Excluded };
                linear::regressions(&gram, &gram, ridge, &task)
            })??
        }
    };
    Ok((linear::by_source(targets)?, form))
}

/// `invert` leaves minus the inverse, and signs cancel in its quotients: the weight is minus them.
fn negated(mut columns: Vec<Vec<(u32, f32)>>) -> Vec<Vec<(u32, f32)>> {
    columns.iter_mut().flatten().for_each(|entry| entry.1 = -entry.1);
    columns
}

/// What every user counts, and the penalty of every item.
pub(super) fn penalties(p: &Ease, by_user: &Csr, by_item: &Csr) -> (Vec<f32>, Vec<f32>) {
    let n = by_item.n_rows();
    let scale: Vec<f32> = (0..by_user.n_rows())
        .map(|u| (by_user.row(u).0.len().max(1) as f32).powf(-p.user_exponent))
        .collect();
    let mass: Vec<f32> = (0..n)
        .map(|i| {
            let (users, weights) = by_item.row(i);
            users.iter().zip(weights).map(|(&u, &w)| scale[u as usize] * w * w).sum()
        })
        .collect();
    let total: f64 = mass.iter().map(|m| f64::from(*m)).sum();
    let mean = (total / n.max(1) as f64) as f32;
    // Far below the mean an item keeps some of the penalty, or a rare one would explain at will.
    let penalty: Vec<f32> = mass
        .iter()
        .map(|m| p.regularization * (m / mean).powf(p.item_exponent).max(1e-3))
        .collect();
    (scale, penalty)
}

//! One small ridge regression per item, over the items that occur with it.

use super::Rows;
use crate::kernels::{self, LANE, Lane, Level};
use mercato_core::{Error, ErrorCode, Result, Task, TopK};
use rayon::prelude::*;

/// What a regression may use and how it is held back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ridge<'a> {
    /// Most items that may explain one.
    pub(crate) neighbors: usize,
    /// The penalty of each item's weight.
    pub(crate) penalty: &'a [f32],
    /// Whether an item may explain itself.
    pub(crate) itself: Itself,
}

/// Whether an item is among those that explain it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Itself {
    /// As in an autoencoder, where it would explain everything.
    Excluded,
    /// As in baskets, where it comes again.
    Included,
}

/// For every target the weights of its explaining items, ascending: the least squares
/// `(G_NN + penalty) w = R_N` over the `neighbors` items `N` that alone would explain most of it.
/// `gram` holds the sources among themselves, `right` per target what it occurs with.
pub(crate) fn regressions(
    gram: &Rows,
    right: &Rows,
    ridge: Ridge<'_>,
    task: &Task<'_>,
) -> Result<Vec<Vec<(u32, f32)>>> {
    let level = Level::detect();
    let diagonal: Vec<f32> = gram.iter().enumerate().map(|(i, row)| at(row, i as u32)).collect();
    right
        .par_iter()
        .enumerate()
        .map_init(
            || Scratch { place: vec![ABSENT; gram.len()], ..Scratch::default() },
            |scratch, (target, row)| {
                let top = &mut scratch.top;
                top.reset(ridge.neighbors.min(row.len()));
                for &(i, r) in row {
                    let own = i as usize == target && ridge.itself == Itself::Excluded;
                    let size = diagonal[i as usize] + ridge.penalty[i as usize];
                    if !own && size > 0.0 {
                        top.push(i, r * r / size);
                    }
                }
                let chosen = &mut scratch.chosen;
                chosen.clear();
                chosen.extend(top.sorted().iter().map(|t| t.0));
                chosen.sort_unstable();
                let solved = scratch.solve(level, gram, row, ridge.penalty)?;
                task.tick(1)?;
                Ok(solved)
            },
        )
        .collect()
}

const ABSENT: u32 = u32::MAX;

#[derive(Default)]
struct Scratch {
    top: TopK,
    chosen: Vec<u32>,
    /// Where an item stands in `chosen`.
    place: Vec<u32>,
    a: Vec<Lane>,
    b: Vec<Lane>,
}

impl Scratch {
    fn solve(
        &mut self,
        level: Level,
        gram: &Rows,
        right: &[(u32, f32)],
        penalty: &[f32],
    ) -> Result<Vec<(u32, f32)>> {
        let Self { chosen, place, a, b, .. } = self;
        let n = kernels::lanes(chosen.len());
        if n == 0 {
            return Ok(Vec::new());
        }
        a.clear();
        a.resize(n * n * LANE, Lane::ZERO);
        b.clear();
        b.resize(n, Lane::ZERO);
        let size = n * LANE;
        let matrix = kernels::flat_mut(a);
        for (k, &i) in chosen.iter().enumerate() {
            place[i as usize] = k as u32;
        }
        for (k, &i) in chosen.iter().enumerate() {
            let out = &mut matrix[k * size..(k + 1) * size];
            let row = &gram[i as usize];
            let mut rest = &row[row.partition_point(|e| e.0 < i)..];
            if rest.len() > 12 * (chosen.len() - k) {
                for (to, &j) in chosen.iter().enumerate().skip(k) {
                    rest = &rest[rest.partition_point(|e| e.0 < j)..];
                    if let Some(&(_, v)) = rest.first().filter(|e| e.0 == j) {
                        out[to] = v;
                    }
                }
            } else {
                for &(j, v) in rest {
                    if let Some(to) = out.get_mut(place[j as usize] as usize) {
                        *to = v;
                    }
                }
            }
            out[k] += penalty[i as usize];
        }
        // Padding gets a unit diagonal, so that the matrix stays invertible.
        for k in chosen.len()..size {
            matrix[k * size + k] = 1.0;
        }
        for &i in chosen.iter() {
            place[i as usize] = ABSENT;
        }
        let wanted = kernels::flat_mut(b);
        for (w, &i) in wanted.iter_mut().zip(chosen.iter()) {
            *w = at(right, i);
        }
        if !kernels::solve(level, a, n, b) {
            return Err(not_positive_definite());
        }
        Ok(chosen.iter().copied().zip(kernels::flat(b).iter().copied()).collect())
    }
}

fn at(row: &[(u32, f32)], column: u32) -> f32 {
    row.binary_search_by_key(&column, |e| e.0).map_or(0.0, |k| row[k].1)
}

/// The error of a regression that failed.
pub(super) fn not_positive_definite() -> Error {
    Error::new(
        ErrorCode::DidNotConverge,
        "the equations between items are not positive definite; raise regularization",
    )
}

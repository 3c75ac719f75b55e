//! One-vs-rest linear support vector machines by dual coordinate descent.
//!
//! **What.** For every class the L2-regularised squared hinge loss, `1/2 |w|^2 + sum_i C_i max(0, 1 - y_i w.x_i)^2`.
//! **Cost.** A pass costs `non-zeros x classes` multiply-adds; 5-15 passes are enough.
//! **Paper.** Hsieh, Chang, Lin, Keerthi, Sundararajan, "A dual coordinate descent method for
//! large-scale linear SVM", ICML 2008.
//! **Where we differ.** All classes walk the examples in the same order, a block of classes abreast,
//! so a step is a handful of vector instructions over weights that lie side by side; blocks are the
//! unit of parallel work, so the result does not depend on the number of threads. Vector width does
//! not change it either: every operation is per class, nothing is summed across lanes.

use mercato_core::{Result, Run};
use rayon::prelude::*;

/// Sparse rows.
#[derive(Debug, Default, Clone)]
pub(crate) struct Rows {
    pub start: Vec<usize>,
    pub ids: Vec<u32>,
    pub values: Vec<f32>,
}

impl Rows {
    pub fn new() -> Self {
        Self { start: vec![0], ..Self::default() }
    }

    pub fn push(&mut self, ids: &[u32], values: &[f32]) {
        self.ids.extend_from_slice(ids);
        self.values.extend_from_slice(values);
        self.start.push(self.ids.len());
    }

    pub fn len(&self) -> usize {
        self.start.len() - 1
    }

    #[inline]
    pub fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let r = self.start[i]..self.start[i + 1];
        (&self.ids[r.clone()], &self.values[r])
    }
}

/// What to solve.
#[derive(Debug, Clone)]
pub(crate) struct Problem<'a> {
    pub rows: &'a Rows,
    /// Which rows take part.
    pub active: &'a [u32],
    /// Class of every row; `NONE` is an example of no class.
    pub labels: &'a [u32],
    pub classes: usize,
    pub features: usize,
    /// Loss weight.
    pub c: f32,
    /// Loss weight of a class's own examples, as a multiple of `c`.
    pub positive: f32,
    pub bias: f32,
    pub passes: usize,
    /// Largest projected gradient at which a class counts as solved.
    pub tolerance: f32,
    /// Which weights may differ from zero, a bit per class of each block's features; empty for all.
    pub mask: &'a [Vec<u16>],
    /// Weights to stay close to instead of zero, block by block; empty for none.
    pub near: &'a [Block<LANES>],
}

/// Label of an example that belongs to no class.
pub(crate) const NONE: u32 = u32::MAX;

/// Classes abreast in one block.
pub(crate) const LANES: usize = 16;

/// Weights of a block of classes, feature by feature; the bias is last.
pub(crate) type Block<const L: usize> = Vec<[f32; L]>;

/// Solves all classes; block `b` holds classes `16 b ..`.
pub(crate) fn solve(p: &Problem<'_>, run: &Run) -> Result<Vec<Block<LANES>>> {
    let blocks = p.classes.div_ceil(LANES);
    let task = run.stage("linear", (blocks * p.passes) as u64);
    run.install(|| {
        (0..blocks)
            .into_par_iter()
            .map(|b| {
                let mut state = State::<LANES>::new(p, b * LANES);
                if let Some(near) = p.near.get(b) {
                    state.w.clone_from(near);
                }
                for pass in 0..p.passes {
                    let violation = state.pass(p, &order(p, run, pass));
                    task.tick(1)?;
                    if violation < p.tolerance {
                        break;
                    }
                }
                Ok(state.w)
            })
            .collect()
    })?
}

fn order(p: &Problem<'_>, run: &Run, pass: usize) -> Vec<u32> {
    let mut order = p.active.to_vec();
    run.rng(pass as u64).shuffle(&mut order);
    order
}

struct State<const L: usize> {
    first: usize,
    w: Block<L>,
    alpha: Vec<[f32; L]>,
    /// Squared length of every row, bias included.
    length: Vec<f32>,
}

impl<const L: usize> State<L> {
    fn new(p: &Problem<'_>, first: usize) -> Self {
        let length = (0..p.rows.len())
            .map(|i| p.rows.row(i).1.iter().map(|v| v * v).sum::<f32>() + p.bias * p.bias)
            .collect();
        Self {
            first,
            w: vec![[0.0; L]; p.features + 1],
            alpha: vec![[0.0; L]; p.rows.len()],
            length,
        }
    }

    fn pass(&mut self, p: &Problem<'_>, order: &[u32]) -> f32 {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the feature was detected.
                return unsafe { self.pass_avx512(p, order) };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the feature was detected.
                return unsafe { self.pass_avx2(p, order) };
            }
        }
        self.pass_any(p, order)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn pass_avx512(&mut self, p: &Problem<'_>, order: &[u32]) -> f32 {
        self.pass_any(p, order)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn pass_avx2(&mut self, p: &Problem<'_>, order: &[u32]) -> f32 {
        self.pass_any(p, order)
    }

    /// One walk over the examples; gives the largest projected gradient seen.
    #[inline(always)]
    fn pass_any(&mut self, p: &Problem<'_>, order: &[u32]) -> f32 {
        let bias = p.features;
        let mask = p.mask.get(self.first / L).map_or(&[][..], Vec::as_slice);
        let mut worst = [0f32; L];
        for &i in order {
            let i = i as usize;
            let (ids, values) = p.rows.row(i);
            let mut score = [0f32; L];
            for l in 0..L {
                score[l] = self.w[bias][l] * p.bias;
            }
            for (&id, &v) in ids.iter().zip(values) {
                let w = &self.w[id as usize];
                for l in 0..L {
                    score[l] += w[l] * v;
                }
            }
            let alpha = &mut self.alpha[i];
            let label = (p.labels[i] as usize).wrapping_sub(self.first);
            let mut y = [-1f32; L];
            let mut d = [0.5 / p.c; L];
            if label < L {
                y[label] = 1.0;
                d[label] = 0.5 / (p.c * p.positive);
            }
            let mut delta = [0f32; L];
            let mut any = 0f32;
            for l in 0..L {
                let g = y[l] * score[l] - 1.0 + d[l] * alpha[l];
                let projected = if alpha[l] == 0.0 { g.min(0.0) } else { g };
                worst[l] = worst[l].max(projected.abs());
                let next = (alpha[l] - g / (self.length[i] + d[l])).max(0.0);
                delta[l] = (next - alpha[l]) * y[l];
                any = any.max(delta[l].abs());
                alpha[l] = next;
            }
            if any > 0.0 {
                for (&id, &v) in ids.iter().zip(values) {
                    let w = &mut self.w[id as usize];
                    if mask.is_empty() {
                        for l in 0..L {
                            w[l] += delta[l] * v;
                        }
                    } else {
                        let open = mask[id as usize];
                        for l in 0..L {
                            w[l] += delta[l] * v * f32::from(open >> l & 1);
                        }
                    }
                }
                for l in 0..L {
                    self.w[bias][l] += delta[l] * p.bias;
                }
            }
        }
        worst.iter().fold(0.0, |a, &b| a.max(b))
    }
}

//! New examples for a trained engine, without the data it was trained on.
//!
//! Each named class gets a column of weights of its own, trained on its new examples against a
//! memory of examples of the other classes. A column that exists is moved as little as the new
//! examples need (the regulariser pulls towards the old weights instead of zero); every other
//! column stays as it is, bit by bit.

use super::engine::{BIAS, Engine, block_margins};
use super::vocabulary::Scratch;
use crate::classify::Remembered;
use crate::kernels::descent::{Block, LANES, Problem, Rows, solve};
use mercato_core::{Result, Run};

/// Passes over the handful of examples; cheap.
const PASSES: usize = 25;
/// Parts of the examples that are held out in turn to set the bias of a new class.
const FOLDS: usize = 3;
/// Share of the other classes' remembered examples that a new class may take. Half of those are
/// the hardest of their class, so of all messages it takes some twentieth of this.
const MAX_TAKEN: f32 = 0.05;
/// Weight of an example of a new class: a handful stands against hundreds.
const FEW: f32 = 10.0;

impl Engine {
    /// The engine with the columns of `taught` classes trained on the examples of `memory`. Needs one column per
    /// class, that is, not exactly two classes.
    pub fn learn(
        &self,
        memory: &[Remembered],
        taught: &[u32],
        classes: usize,
        c: f32,
        run: &Run,
    ) -> Result<Self> {
        let fresh = memory.iter().filter(|m| taught.contains(&m.label)).map(|m| m.text.as_str());
        let (vocabulary, moved) = self.vocabulary.extended(fresh, &self.features);
        let mut rows = Rows::new();
        let mut scratch = Scratch::default();
        for example in memory {
            vocabulary.vectorize(&example.text, &self.features, &mut scratch);
            rows.push(&scratch.ids, &scratch.values);
        }
        let targets: Vec<u32> = memory
            .iter()
            .map(|m| taught.iter().position(|t| *t == m.label).map_or(u32::MAX, |i| i as u32))
            .collect();
        let features = vocabulary.len();
        let mut near: Vec<Block<LANES>> =
            vec![vec![[0.0; LANES]; features + 1]; taught.len().div_ceil(LANES)];
        for (i, &class) in taught.iter().enumerate() {
            let (block, lane) = (&mut near[i / LANES], i % LANES);
            let old = self.weights.column(class as usize, features, &moved);
            for (row, w) in block.iter_mut().zip(old) {
                row[lane] = w;
            }
            let bias = self.weights.bias.get(class as usize).copied().unwrap_or(0.0);
            block[features][lane] = bias / BIAS;
        }
        let active: Vec<u32> = (0..rows.len() as u32).collect();
        let problem = Problem {
            rows: &rows,
            active: &active,
            labels: &targets,
            classes: taught.len(),
            features,
            c,
            positive: if taught.iter().any(|&t| t as usize >= self.classes) { FEW } else { 1.0 },
            bias: BIAS,
            passes: PASSES,
            tolerance: 0.01,
            mask: &[],
            near: &near,
        };
        let blocks = solve(&problem, run)?;
        let shifts = self.shifts(memory, taught, &problem, run)?;
        let solved: Vec<(usize, Vec<f32>, f32)> = taught
            .iter()
            .enumerate()
            .map(|(i, &class)| {
                let (block, lane) = (&blocks[i / LANES], i % LANES);
                let w = block[..features].iter().map(|r| r[lane]).collect();
                (class as usize, w, block[features][lane] * BIAS + shifts[i])
            })
            .collect();
        Ok(Self {
            weights: self.weights.with_columns(features, &moved, &solved),
            calibration: self.calibration.for_more_classes(self.classes, classes),
            features: self.features.clone(),
            vocabulary,
            classes,
        })
    }

    /// How much the bias of each taught class is raised; 0 for classes that were there before.
    fn shifts(
        &self,
        memory: &[Remembered],
        taught: &[u32],
        problem: &Problem<'_>,
        run: &Run,
    ) -> Result<Vec<f32>> {
        if taught.iter().all(|&t| (t as usize) < self.classes) {
            return Ok(vec![0.0; taught.len()]);
        }
        // Margins of examples that the old classes were trained on would flatter them.
        let largest = |m: &mut [f32]| m.iter().copied().fold(f32::MIN, f32::max);
        let best = |m: &Remembered| {
            if m.best.is_finite() { m.best } else { self.margins(&m.text, largest) }
        };
        let best: Vec<f32> = memory.iter().map(best).collect();
        // By how much the best old class beats the new one on held-out examples.
        let mut own: Vec<Vec<f32>> = vec![Vec::new(); taught.len()];
        let mut others: Vec<Vec<f32>> = vec![Vec::new(); taught.len()];
        for fold in 0..FOLDS {
            let active: Vec<u32> =
                (0..memory.len() as u32).filter(|&i| i as usize % FOLDS != fold).collect();
            let part = Problem { active: &active, passes: PASSES / 2, ..problem.clone() };
            let blocks = solve(&part, run)?;
            for i in (fold..memory.len()).step_by(FOLDS) {
                let margins = block_margins(&blocks, problem.rows, i, taught.len());
                for (j, &class) in taught.iter().enumerate() {
                    let gaps = if memory[i].label == class { &mut own[j] } else { &mut others[j] };
                    gaps.push(best[i] - margins[j]);
                }
            }
        }
        let mut shift = |j: usize| {
            if (taught[j] as usize) < self.classes {
                return 0.0;
            }
            let gaps = &mut others[j];
            gaps.sort_unstable_by(f32::total_cmp);
            let taken = (gaps.len() as f32 * MAX_TAKEN) as usize;
            let most = gaps.get(taken).copied().unwrap_or(0.0);
            let wanted = own[j].iter().copied().fold(0.0, f32::max) + 0.1;
            wanted.min(most).max(0.0)
        };
        Ok((0..taught.len()).map(&mut shift).collect())
    }
}

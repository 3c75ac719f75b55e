//! What an index knows of its own recall.

use super::{Scratch, State, Structure, VectorIndex};
use crate::graph::Among;
use crate::kernels::Isa;
use crate::vector::search::SearchOptions;
use mercato_core::{Error, Result, Run, TopK};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// An estimate of the share of true neighbours that searches find.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecallReport {
    /// The estimate, in 0..=1.
    pub recall: f64,
    /// The lower end of its 95 % interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Neighbours asked for.
    pub k: usize,
    /// Candidates that walks looked around; 0 for a flat index.
    pub ef: usize,
    /// Vectors that were asked about.
    pub sample: usize,
    /// Vectors that no walk can reach.
    pub unreachable: usize,
}

/// Vectors that the curve is measured with.
const CURVE_SAMPLE: usize = 256;
/// Where it is measured.
const CURVE_EF: [usize; 16] =
    [5, 7, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 1000];
/// Rows scored exactly for the truth, for each that is asked for: quantising moves a row by a few
/// places, not by this many times `k`.
const TRUTH_SPARE: usize = 8;
/// The `k` of the curve.
const CURVE_K: usize = 10;
/// Enough of the curve is known once this recall is reached.
const CURVE_END: f64 = 0.9995;

impl VectorIndex {
    /// Estimates the recall of searches with these options: takes `sample` vectors out of the
    /// index, one at a time, and compares what a search finds for each with the exact answer.
    /// Filters are left aside.
    ///
    /// # Errors
    /// `invalid_params` for options out of range or a sample of 0; `cancelled`,
    /// `deadline_exceeded`.
    pub fn self_check(
        &self,
        sample: usize,
        options: &SearchOptions,
        run: &Run,
    ) -> Result<RecallReport> {
        if sample == 0 {
            return Err(Error::invalid_params("sample must be at least 1, got 0")
                .with("parameter", "sample"));
        }
        let state = &*self.state;
        let plan = state.plan(&SearchOptions { filter: None, ..options.clone() })?;
        let Structure::Graph { graph, .. } = &state.search else {
            let sample = sample.min(self.len());
            let (recall, unreachable) = (1.0, 0);
            let report = RecallReport {
                recall,
                low: recall,
                high: recall,
                k: plan.k,
                ef: 0,
                sample,
                unreachable,
            };
            return Ok(report);
        };
        let slots = state.sample(sample, run);
        let k = plan.k.min(self.len().saturating_sub(1));
        let shares = run.install(|| state.recalls(&slots, k, &[plan.ef], run))??;
        let shares: Vec<f64> = shares.into_iter().map(|s| s[0]).collect();
        let (recall, half) = mean_and_half_interval(&shares);
        Ok(RecallReport {
            recall,
            low: (recall - half).max(0.0),
            high: (recall + half).min(1.0),
            k,
            ef: plan.ef,
            sample: slots.len(),
            unreachable: graph.unreachable(&state.live).len(),
        })
    }
}

/// Measures which `ef` reaches which recall.
pub(super) fn measure_curve(state: &mut State, run: &Run) -> Result<()> {
    let slots = state.sample(CURVE_SAMPLE, run);
    let k = CURVE_K.min(state.live_count.saturating_sub(1));
    if k == 0 || !matches!(state.search, Structure::Graph { .. }) {
        return Ok(());
    }
    let shares = run.install(|| state.recalls(&slots, k, &CURVE_EF, run))??;
    let mut measured: Vec<(usize, f64)> = Vec::new();
    for (i, ef) in CURVE_EF.into_iter().enumerate() {
        let all: Vec<f64> = shares.iter().map(|s| s[i]).collect();
        let recall = mean_and_half_interval(&all).0;
        measured.push((ef, recall));
        if recall >= CURVE_END {
            break;
        }
    }
    if let Structure::Graph { curve, .. } = &mut state.search {
        *curve = measured;
    }
    Ok(())
}

impl State {
    fn sample(&self, sample: usize, run: &Run) -> Vec<u32> {
        let mut slots: Vec<u32> = self.live.iter().collect();
        run.rng(1).shuffle(&mut slots);
        slots.truncate(sample);
        slots
    }

    /// For each slot, the share of its `k` nearest others that walks with each `ef` find while
    /// the slot itself is out of the graph.
    fn recalls(&self, slots: &[u32], k: usize, efs: &[usize], run: &Run) -> Result<Vec<Vec<f64>>> {
        let Structure::Graph { graph, .. } = &self.search else { return Ok(Vec::new()) };
        let task = run.stage("self_check", slots.len() as u64);
        let (space, isa) = (self.space(), Isa::best());
        slots
            .par_iter()
            .map_init(Scratch::default, |scratch, &slot| {
                task.tick(1)?;
                let query = self.row(slot);
                // The codes rule out all but a few; those are scored exactly.
                let Scratch { walker, coded, .. } = scratch;
                coded.set(query);
                let codes = graph.codes().view();
                let keep = TRUTH_SPARE * k + TRUTH_SPARE;
                walker.scan(codes, coded, keep, self.live.iter().filter(|&o| o != slot));
                let mut truth = TopK::new(k);
                for other in walker.pool.iter().map(|e| e.node()) {
                    truth.push(other, space.score(isa, query, self.row(other)));
                }
                // A tie with the last is as good as the last.
                let worst = truth.sorted().last().map_or(0.0, |t| t.1);
                let share = |ef: usize| {
                    self.find_graph(graph, query, k, ef, &Among::Without(slot), scratch);
                    let hits = scratch.found.iter().filter(|f| f.1 >= worst && f.0 != slot).count();
                    hits as f64 / k.max(1) as f64
                };
                Ok(efs.iter().map(|&ef| ef.max(k.div_ceil(2))).map(share).collect())
            })
            .collect()
    }
}

/// The mean, and half the width of its 95 % interval.
fn mean_and_half_interval(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, 1.96 * (variance / n).sqrt())
}

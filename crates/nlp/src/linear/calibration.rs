//! From margins to probabilities, and from margins to "this is none of mine".
//!
//! Both are learnt from margins of examples that the weights had not seen (cross-validation).
//! Probabilities are a softmax of the margins under one temperature (Guo, Pleiss, Sun, Weinberger,
//! "On calibration of modern neural networks", ICML 2017). The out-of-scope score is conformal: the
//! share of held-out in-scope examples whose best margin was higher, so that rejecting above
//! `1 - e` turns away a share `e` of in-scope messages (Vovk, Gammerman, Shafer 2005).

use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// Points of the stored distribution of best margins.
const POINTS: usize = 257;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    /// Margins are multiplied by this before the softmax.
    pub sharpness: f32,
    /// Quantiles of the best margin of held-out in-scope examples, ascending; empty when there
    /// were too few examples to hold any out.
    pub margins: Vec<f32>,
}

impl Default for Calibration {
    /// What is assumed when nothing could be held out.
    fn default() -> Self {
        Self { sharpness: 4.0, margins: Vec::new() }
    }
}

/// Softmax of `margins * sharpness`, in place.
pub(crate) fn softmax(margins: &mut [f32], sharpness: f32) {
    let top = margins.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for m in margins.iter_mut() {
        *m = ((*m - top) * sharpness).exp();
        sum += *m;
    }
    margins.iter_mut().for_each(|m| *m /= sum);
}

impl Calibration {
    /// Fits to held-out margins and their true classes.
    pub fn fit(margins: &[Vec<f32>], labels: &[u32]) -> Self {
        if margins.is_empty() {
            return Self::default();
        }
        let loss = |sharpness: f32| -> f64 {
            margins
                .iter()
                .zip(labels)
                .map(|(m, &y)| {
                    let top = m.iter().copied().fold(f32::MIN, f32::max);
                    let sum: f32 = m.iter().map(|x| ((x - top) * sharpness).exp()).sum();
                    f64::from(sum.ln() - (m[y as usize] - top) * sharpness)
                })
                .sum()
        };
        // Golden-section search over the logarithm; the loss is convex in the sharpness.
        let (mut low, mut high) = (0.2f32.ln(), 40f32.ln());
        let ratio = 0.618_034;
        let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
        let (mut fa, mut fb) = (loss(a.exp()), loss(b.exp()));
        for _ in 0..24 {
            if fa < fb {
                (high, b, fb) = (b, a, fa);
                a = high - ratio * (high - low);
                fa = loss(a.exp());
            } else {
                (low, a, fa) = (a, b, fb);
                b = low + ratio * (high - low);
                fb = loss(b.exp());
            }
        }
        let mut best: Vec<f32> =
            margins.iter().map(|m| m.iter().copied().fold(f32::MIN, f32::max)).collect();
        best.sort_unstable_by(f32::total_cmp);
        let points = (0..POINTS).map(|i| best[i * (best.len() - 1) / (POINTS - 1)]).collect();
        Self { sharpness: ((low + high) / 2.0).exp(), margins: points }
    }

    /// How far out of scope a message with this best margin is: 0 = as sure as the surest
    /// in-scope example, 1 = less sure than all of them; 0.5 when nothing could be held out.
    pub fn out_of_scope(&self, margin: f32) -> f32 {
        let q = &self.margins;
        if q.len() < 2 {
            return 0.5;
        }
        let above = q.partition_point(|&x| x < margin);
        let below = if above == 0 {
            0.0
        } else if above == q.len() {
            (q.len() - 1) as f32
        } else {
            let (x0, x1) = (q[above - 1], q[above]);
            let part = if x1 > x0 { (margin - x0) / (x1 - x0) } else { 0.0 };
            (above - 1) as f32 + part
        };
        1.0 - below / (q.len() - 1) as f32
    }

    /// The same calibration after classes were added: the sharpness grows just enough that a
    /// message with one margin of 1 and all others at -1 keeps its probability, so that confidence
    /// does not sink because intents were added.
    pub fn for_more_classes(&self, before: usize, after: usize) -> Self {
        let mut out = self.clone();
        if before > 1 {
            out.sharpness += ((after - 1) as f32 / (before - 1) as f32).ln() / 2.0;
        }
        out
    }

    pub fn check(&self) -> Result<()> {
        let ordered = self.margins.windows(2).all(|w| w[0] <= w[1]);
        let finite = self.margins.iter().all(|m| m.is_finite());
        if ordered && finite && self.sharpness.is_finite() && self.sharpness > 0.0 {
            return Ok(());
        }
        Err(Error::corrupt("the calibration is not a temperature and ascending quantiles"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sharpness_of_simulated_margins_is_recovered() {
        let mut rng = mercato_core::Rng::new(3);
        let (mut margins, mut labels) = (vec![], vec![]);
        for _ in 0..20_000 {
            let m: Vec<f32> = (0..4).map(|_| rng.normal() as f32).collect();
            let mut p = m.clone();
            softmax(&mut p, 2.5);
            let (mut u, mut y) = (rng.unit() as f32, 0);
            while y < 3 && u > p[y] {
                u -= p[y];
                y += 1;
            }
            margins.push(m);
            labels.push(y as u32);
        }
        let c = Calibration::fit(&margins, &labels);
        assert!((c.sharpness - 2.5).abs() < 0.1, "{}", c.sharpness);
    }

    #[test]
    fn the_out_of_scope_score_is_the_share_of_surer_examples() {
        let margins: Vec<Vec<f32>> = (0..1000).map(|i| vec![i as f32 / 1000.0, -1.0]).collect();
        let c = Calibration::fit(&margins, &vec![0; 1000]);
        assert!((c.out_of_scope(0.05) - 0.95).abs() < 0.01);
        assert_eq!(c.out_of_scope(-1.0), 1.0);
        assert_eq!(c.out_of_scope(2.0), 0.0);
    }
}

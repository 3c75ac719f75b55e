//! How good a classifier is: accuracy, calibration, and telling in scope from out of scope.

use super::intent::IntentModel;
use super::text::TextModel;
use mercato_core::{Error, Result, Run};
use serde::{Deserialize, Serialize};

/// Figures of [`evaluate`]. Those about out-of-scope messages are `None` when none were given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Share of messages whose most probable label is theirs.
    pub accuracy: f64,
    /// Mean over labels of the harmonic mean of precision and recall.
    pub macro_f1: f64,
    /// Expected calibration error over 15 bins of equal width.
    pub ece: f64,
    /// Mean negative logarithm of the probability of the true label.
    pub log_loss: f64,
    /// Share of in-scope messages that are not rejected.
    pub in_scope_accepted: f64,
    /// Share of in-scope messages that are not rejected and rightly labelled.
    pub in_scope_accuracy: f64,
    /// Probability that an out-of-scope message scores as further out than an in-scope one.
    pub oos_auroc: Option<f64>,
    /// Share of out-of-scope messages that are rejected.
    pub oos_recall: Option<f64>,
}

/// Evaluates an intent model on labelled messages and, possibly, out-of-scope ones.
///
/// # Errors
/// `invalid_input` for lengths that differ; `not_enough_data` for no messages; `cancelled`,
/// `deadline_exceeded`.
pub fn evaluate<T: AsRef<str> + Sync, L: AsRef<str>, O: AsRef<str> + Sync>(
    model: &IntentModel,
    texts: &[T],
    labels: &[L],
    oos: &[O],
    run: &Run,
) -> Result<Evaluation> {
    let mut e = evaluate_text(model.text_model(), texts, labels, run)?;
    let best = model.text_model().classify_batch(texts, run)?;
    let inside: Vec<_> = texts.iter().map(|t| model.is_out_of_scope(t.as_ref())).collect();
    let n = texts.len() as f64;
    e.in_scope_accepted = inside.iter().filter(|o| !o.rejected).count() as f64 / n;
    let right = |(i, o): (usize, &super::intent::OutOfScope)| {
        !o.rejected && model.labels()[best[i].0 as usize] == labels[i].as_ref()
    };
    e.in_scope_accuracy = inside.iter().enumerate().filter(|&x| right(x)).count() as f64 / n;
    if !oos.is_empty() {
        let outside: Vec<_> = oos.iter().map(|t| model.is_out_of_scope(t.as_ref())).collect();
        let rejected = outside.iter().filter(|o| o.rejected).count();
        e.oos_recall = Some(rejected as f64 / oos.len() as f64);
        e.oos_auroc = Some(auroc(
            &outside.iter().map(|o| o.score).collect::<Vec<_>>(),
            &inside.iter().map(|o| o.score).collect::<Vec<_>>(),
        ));
    }
    Ok(e)
}

/// Evaluates any text model; every message counts as accepted.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_text<T: AsRef<str> + Sync, L: AsRef<str>>(
    model: &TextModel,
    texts: &[T],
    labels: &[L],
    run: &Run,
) -> Result<Evaluation> {
    if texts.len() != labels.len() {
        return Err(Error::invalid_input(format!(
            "{} texts and {} labels: there must be one label per text",
            texts.len(),
            labels.len()
        )));
    }
    if texts.is_empty() {
        return Err(Error::not_enough_data("no texts to evaluate on"));
    }
    let k = model.labels().len();
    let p = model.predict_proba(texts, run)?;
    // Per label: true positives, predicted, actual. A label the model does not know comes last.
    let mut counts = vec![[0usize; 3]; k + 1];
    let mut bins = [(0usize, 0f64, 0f64); 15];
    let (mut right, mut loss) = (0, 0.0);
    for (row, label) in p.chunks_exact(k).zip(labels) {
        let best = (1..k).fold(0, |b, i| if row[i] > row[b] { i } else { b });
        let truth = model.labels().iter().position(|l| l == label.as_ref()).unwrap_or(k);
        let hit = best == truth;
        right += usize::from(hit);
        counts[best][0] += usize::from(hit);
        counts[best][1] += 1;
        counts[truth][2] += 1;
        loss -= f64::from(row.get(truth).copied().unwrap_or(0.0).max(1e-12)).ln();
        let bin = &mut bins[((row[best] * 15.0) as usize).min(14)];
        *bin = (bin.0 + 1, bin.1 + f64::from(row[best]), bin.2 + f64::from(u8::from(hit)));
    }
    let n = texts.len() as f64;
    let seen: Vec<f64> = counts
        .iter()
        .filter(|c| c[2] > 0)
        .map(|c| 2.0 * c[0] as f64 / (c[1] + c[2]) as f64)
        .collect();
    Ok(Evaluation {
        accuracy: right as f64 / n,
        macro_f1: seen.iter().sum::<f64>() / seen.len() as f64,
        ece: bins.iter().map(|b| (b.1 - b.2).abs()).sum::<f64>() / n,
        log_loss: loss / n,
        in_scope_accepted: 1.0,
        in_scope_accuracy: right as f64 / n,
        oos_auroc: None,
        oos_recall: None,
    })
}

/// Probability that a random member of `high` exceeds one of `low`; ties count half.
fn auroc(high: &[f32], low: &[f32]) -> f64 {
    let mut all: Vec<(f32, bool)> =
        high.iter().map(|&s| (s, true)).chain(low.iter().map(|&s| (s, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum) = (0usize, 0.0);
    for tie in all.chunk_by(|a, b| a.0 == b.0) {
        let ups = tie.iter().filter(|t| t.1).count();
        let downs = tie.len() - ups;
        sum += ups as f64 * (below as f64 + downs as f64 / 2.0);
        below += downs;
    }
    sum / (high.len() as f64 * low.len() as f64)
}

#[cfg(test)]
mod tests {
    #[test]
    fn auroc_counts_ties_half() {
        assert_eq!(super::auroc(&[1.0, 2.0], &[1.0, 0.0]), 3.5 / 4.0);
    }
}

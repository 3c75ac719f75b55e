//! Texts and classes in, calibrated margins out: what every classifier of this crate is made of.

use super::calibration::Calibration;
use super::vocabulary::{Scratch, Vocabulary};
use super::weights::{Weights, prune};
use crate::kernels::descent::{Block, LANES, NONE, Problem, Rows, solve};
use crate::text::Features;
use mercato_core::{Artifact, ArtifactWriter, Error, Result, Run};
use std::cell::RefCell;

/// How the engine is trained.
#[derive(Debug, Clone)]
pub(crate) struct Training {
    pub features: Features,
    pub min_count: u32,
    pub c: f32,
    pub passes: usize,
    pub folds: usize,
    pub max_bytes: usize,
}

/// Margins of a training text while it was held out; NaN where it never was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// By how much its own class beat the others.
    pub lead: f32,
    /// The largest of all classes.
    pub best: f32,
}

/// Value of the constant feature.
pub(crate) const BIAS: f32 = 0.5;
const TOLERANCE: f32 = 0.1;
/// Bytes that a feature costs beside its weights: fingerprint, idf, row length, share of buckets.
const FEATURE_BYTES: f32 = 5.5;

/// A trained linear classifier over texts. With two classes there is one column of weights.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub features: Features,
    pub vocabulary: Vocabulary,
    pub weights: Weights,
    pub calibration: Calibration,
    pub classes: usize,
}

thread_local! {
    // Buffers only: no result depends on what is in them.
    static SCRATCH: RefCell<(Scratch, Vec<f32>)> = RefCell::default();
}

/// Columns needed for a number of classes.
fn columns(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

impl Engine {
    /// Trains on `texts` whose class is `labels[i]`, or no class for [`NONE`]. Also gives what each
    /// text got while it was held out.
    pub fn fit(
        texts: &[&str],
        labels: &[u32],
        classes: usize,
        t: &Training,
        run: &Run,
    ) -> Result<(Self, Vec<Held>)> {
        // Room for about ten weights a feature, or as many as there are columns.
        let with_weights = FEATURE_BYTES + 2.0 * columns(classes).min(10) as f32;
        let max_features = (t.max_bytes as f32 / with_weights) as usize;
        let vocabulary =
            Vocabulary::build(texts.iter().copied(), &t.features, t.min_count, max_features);
        run.check()?;
        let mut rows = Rows::new();
        let mut scratch = Scratch::default();
        for text in texts {
            vocabulary.vectorize(text, &t.features, &mut scratch);
            rows.push(&scratch.ids, &scratch.values);
        }
        run.check()?;
        // With two classes, class 1 is the one against the rest.
        let of_two = classes == 2;
        let targets: Vec<u32> = labels
            .iter()
            .map(|&y| match y {
                1 if of_two => 0,
                0 if of_two => NONE,
                y => y,
            })
            .collect();
        let problem = Problem {
            rows: &rows,
            active: &[],
            labels: &targets,
            classes: columns(classes),
            features: vocabulary.len(),
            c: t.c,
            positive: 1.0,
            bias: BIAS,
            passes: t.passes,
            tolerance: TOLERANCE,
            mask: &[],
            near: &[],
        };

        let (fold_of, folds) = folds(labels, classes, t.folds);
        let mut held = Vec::new();
        let mut held_labels = Vec::new();
        let mut of_texts = vec![Held { lead: f32::NAN, best: f32::NAN }; texts.len()];
        for fold in 0..folds {
            let active: Vec<u32> =
                (0..texts.len() as u32).filter(|&i| fold_of[i as usize] != fold).collect();
            let blocks = solve(&Problem { active: &active, ..problem.clone() }, run)?;
            for i in (0..texts.len()).filter(|&i| fold_of[i] == fold) {
                let margins = both(&block_margins(&blocks, &rows, i, columns(classes)), of_two);
                of_texts[i].best = margins.iter().copied().fold(f32::MIN, f32::max);
                if labels[i] == NONE {
                    continue;
                }
                let y = labels[i] as usize;
                let other =
                    (0..margins.len()).filter(|&c| c != y).fold(f32::MIN, |a, c| a.max(margins[c]));
                of_texts[i].lead = margins[y] - other;
                held.push(margins);
                held_labels.push(labels[i]);
            }
        }
        let calibration = Calibration::fit(&held, &held_labels);

        let active: Vec<u32> = (0..texts.len() as u32).collect();
        let blocks = solve(&Problem { active: &active, ..problem.clone() }, run)?;
        let cell_bytes = if columns(classes) > 256 { 3 } else { 2 };
        let left = t.max_bytes as f32 - vocabulary.len() as f32 * FEATURE_BYTES;
        let max_cells = (left * 0.98) as usize / cell_bytes;
        let importance = vocabulary.importance();
        // Pruned, then solved again with the weights that are left: they make up for the others.
        let mask = prune(&blocks, columns(classes), max_cells, &importance);
        let blocks = match &mask {
            Some(mask) => solve(&Problem { active: &active, mask, ..problem.clone() }, run)?,
            None => blocks,
        };
        let weights = Weights::quantise(&blocks, columns(classes), BIAS);
        let features = t.features.clone();
        Ok((Self { features, vocabulary, weights, calibration, classes }, of_texts))
    }

    /// Calls `with` on the margins of all classes.
    pub fn margins<R>(&self, text: &str, with: impl FnOnce(&mut [f32]) -> R) -> R {
        SCRATCH.with_borrow_mut(|(scratch, out)| {
            self.vocabulary.vectorize(text, &self.features, scratch);
            self.weights.margins(&scratch.ids, &scratch.values, out);
            if self.classes == 2 {
                out.insert(0, -out[0]);
            }
            with(out)
        })
    }

    /// What each known n-gram of `text` adds to the margin of `class`, largest magnitude first.
    pub fn explain(&self, text: &str, class: usize, n: usize) -> Vec<(String, f32)> {
        let (column, sign) = match (self.classes, class) {
            (2, 0) => (0, -1.0),
            (2, _) => (0, 1.0),
            _ => (class, 1.0),
        };
        let mut scratch = Scratch::default();
        self.vocabulary.vectorize(text, &self.features, &mut scratch);
        let value: std::collections::BTreeMap<u32, f32> =
            scratch.ids.iter().copied().zip(scratch.values.iter().copied()).collect();
        let mut seen = std::collections::BTreeSet::new();
        let mut out = Vec::new();
        self.vocabulary.explain(text, &self.features, |id, gram| {
            if !seen.insert(id) {
                return;
            }
            let weight = self.weights.cells(id).find(|c| c.0 == column).map_or(0.0, |c| c.1);
            let share = sign * weight * value.get(&id).copied().unwrap_or(0.0);
            if share != 0.0 {
                out.push((gram, share));
            }
        });
        out.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        out.truncate(n);
        out
    }

    pub fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("features", &self.features)?;
        w.meta("classes", &self.classes)?;
        w.meta("calibration", &self.calibration)?;
        self.vocabulary.write(w)?;
        self.weights.write(w)
    }

    pub fn read(a: &Artifact) -> Result<Self> {
        let features: Features = a.meta_field("features")?;
        features.check().map_err(|e| Error::corrupt("unusable features").caused_by(e))?;
        let classes: usize = a.meta_field("classes")?;
        let calibration: Calibration = a.meta_field("calibration")?;
        calibration.check()?;
        let vocabulary = Vocabulary::read(a)?;
        let weights = Weights::read(a, vocabulary.len())?;
        if classes == 0 || weights.columns() != columns(classes) {
            return Err(Error::corrupt(format!(
                "{classes} classes do not fit {} columns of weights",
                weights.columns()
            )));
        }
        Ok(Self { features, vocabulary, weights, calibration, classes })
    }
}

fn both(margins: &[f32], of_two: bool) -> Vec<f32> {
    if of_two { vec![-margins[0], margins[0]] } else { margins.to_vec() }
}

pub(crate) fn block_margins(
    blocks: &[Block<LANES>],
    rows: &Rows,
    i: usize,
    columns: usize,
) -> Vec<f32> {
    let (ids, values) = rows.row(i);
    let mut out = Vec::with_capacity(blocks.len() * LANES);
    for w in blocks {
        let mut sum = [0f32; LANES];
        for (&id, &v) in ids.iter().zip(values) {
            for (s, w) in sum.iter_mut().zip(&w[id as usize]) {
                *s += w * v;
            }
        }
        let bias = &w[w.len() - 1];
        out.extend(sum.iter().zip(bias).map(|(s, b)| s + b * BIAS));
    }
    out.truncate(columns);
    out
}

/// A fold for every text, classes spread evenly; texts of a class too small to be held out get
/// a fold that never is. Gives how many folds there are: 0 when no class is large enough.
fn folds(labels: &[u32], classes: usize, folds: usize) -> (Vec<usize>, usize) {
    let mut total = vec![0usize; classes + 1];
    let slot = |y: u32| (y as usize).min(classes);
    labels.iter().for_each(|&y| total[slot(y)] += 1);
    let mut seen = vec![0usize; classes + 1];
    let of = labels
        .iter()
        .map(|&y| {
            let s = slot(y);
            seen[s] += 1;
            // The class's number shifts the first fold, so that small classes do not all begin in one.
            if total[s] < 2 || folds < 2 { usize::MAX } else { (seen[s] - 1 + s) % folds }
        })
        .collect();
    let any = folds >= 2 && total.iter().take(classes).any(|&t| t >= 2);
    (of, if any { folds } else { 0 })
}

//! Weights of a blend, found on held-out data.

use super::search::Goal;
use crate::blend::standardize;
use crate::evaluate::{metrics, relevant};
use crate::model::{Candidates, Taste, select};
use crate::recommendations::NO_ITEM;
use crate::{AnyModel, Catalog};
use mercato_core::{Interactions, Result, Run, TopK};
use rayon::prelude::*;

/// The best of each part are kept; what a blend ranks first is hardly ever below.
const KEPT: usize = 200;
/// Weights that are tried, where the best single model has 1.
const WEIGHTS: [f32; 11] = [0.0, 0.03, 0.06, 0.1, 0.15, 0.25, 0.4, 0.6, 1.0, 1.6, 2.5];
/// The advantage over the best part must be this many standard errors.
const MARGIN: f64 = 2.0;

/// What a blend gains.
pub(super) struct Blended {
    /// One per model; some are 0.
    pub(super) weights: Vec<f32>,
    pub(super) score: f64,
}

/// One judged user: the items that any part ranks high, their standard scores, and the truth.
struct Judged {
    items: Vec<u32>,
    /// `items` per part, part after part.
    scores: Vec<f32>,
    truth: Vec<u32>,
}

/// Finds weights for the models, the best single one first; `None` when no blend beats it by more
/// than chance.
pub(super) fn blend(
    models: &[&AnyModel],
    held: &Interactions,
    goal: Goal,
    exclude_seen: bool,
    run: &Run,
) -> Result<Option<Blended>> {
    let catalog = models[0].catalog();
    let found = relevant(catalog, held, exclude_seen);
    let task = run.stage("blend", found.users.len() as u64);
    let judge = |at: usize| {
        let seen: &[u32] =
            if exclude_seen { catalog.seen().row(found.users[at] as usize).0 } else { &[] };
        let judged = judge(models, catalog, found.users[at], seen, found.items[at].clone());
        task.tick(1)?;
        judged
    };
    let judged: Vec<Judged> =
        run.install(|| (0..found.users.len()).into_par_iter().map(judge).collect::<Result<_>>())??;
    let values = |weights: &[f32]| -> Result<Vec<f64>> {
        run.check()?;
        run.install(|| judged.par_iter().map(|j| j.value(weights, goal)).collect())
    };
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len().max(1) as f64;

    let mut weights = vec![0.0; models.len()];
    weights[0] = 1.0;
    let single = values(&weights)?;
    let (mut best, mut improved) = (mean(&single), true);
    while improved {
        improved = false;
        for part in 1..models.len() {
            let before = weights[part];
            let mut kept = before;
            for weight in WEIGHTS {
                weights[part] = weight;
                let score = mean(&values(&weights)?);
                if score > best * (1.0 + 1e-6) {
                    (best, kept, improved) = (score, weight, true);
                }
            }
            weights[part] = kept;
        }
    }
    let blended = values(&weights)?;
    let gains: Vec<f64> = blended.iter().zip(&single).map(|(a, b)| a - b).collect();
    let gain = mean(&gains);
    let spread = gains.iter().map(|g| (g - gain).powi(2)).sum::<f64>();
    let error = (spread / (gains.len().max(2) - 1) as f64 / gains.len().max(1) as f64).sqrt();
    let won = gain > 0.0 && gain > MARGIN * error;
    Ok(won.then_some(Blended { weights, score: best }))
}

fn judge(
    models: &[&AnyModel],
    catalog: &Catalog,
    user: u32,
    seen: &[u32],
    truth: Vec<u32>,
) -> Result<Judged> {
    let n = catalog.items().len();
    let (mut scratch, mut out) = (TopK::default(), Vec::new());
    let mut items = Vec::new();
    let mut all = Vec::with_capacity(models.len());
    for model in models {
        let mut scores = vec![f32::NEG_INFINITY; n];
        model.score(Taste::User(user), &mut scores)?;
        let among = Candidates { allow: None, exclude: seen };
        select(&scores, KEPT, among, &mut scratch, &mut out);
        items.extend(out.iter().map(|&(item, _)| item));
        standardize(&mut scores);
        all.push(scores);
    }
    items.sort_unstable();
    items.dedup();
    let of = |scores: &Vec<f32>| items.iter().map(|&i| scores[i as usize]).collect::<Vec<_>>();
    Ok(Judged { scores: all.iter().flat_map(of).collect(), items, truth })
}

impl Judged {
    /// The metric of the blend with these weights.
    fn value(&self, weights: &[f32], goal: Goal) -> f64 {
        let mut sums = vec![f32::NEG_INFINITY; self.items.len()];
        let parts = self.scores.chunks_exact(self.items.len().max(1));
        for (part, &weight) in parts.zip(weights).filter(|(_, w)| **w > 0.0) {
            crate::blend::add(part, weight, &mut sums);
        }
        let (mut top, mut out) = (TopK::default(), Vec::new());
        select(&sums, goal.k, Candidates::default(), &mut top, &mut out);
        let mut list: Vec<u32> = out.iter().map(|&(at, _)| self.items[at as usize]).collect();
        list.resize(goal.k, NO_ITEM);
        metrics(&list, &self.truth, goal.k, None)[goal.metric]
    }
}

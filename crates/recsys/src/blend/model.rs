//! The fitted blend: scores and file.

use super::Blend;
use crate::auto::SearchReport;
use crate::explain::{self, ExplanationKind, Reasons};
use crate::model::{Candidates, Model, Scratch, Taste, top_by_scores};
use crate::quantized::ServingFactors;
use crate::update::Growth;
use crate::{AnyModel, Catalog};
use mercato_core::{Artifact, ArtifactWriter, Error, ErrorCode, Persist, Result, Run};
use std::cell::RefCell;

/// A fitted [`Blend`], and what [`AutoRecommender`](crate::AutoRecommender) returns. A blend of one
/// part answers exactly as that part.
#[derive(Debug, Clone)]
pub struct BlendModel {
    params: Blend,
    catalog: Catalog,
    models: Vec<AnyModel>,
    /// What a search for this blend tried.
    report: Option<SearchReport>,
}

thread_local! {
    /// The scores of one part.
    static PART: RefCell<Vec<f32>> = RefCell::default();
}

impl BlendModel {
    /// A blend of models that were fitted to the same data, one for each part of `params`.
    pub(crate) fn of(params: Blend, models: Vec<AnyModel>) -> Result<Self> {
        let first = models.first().ok_or_else(|| Error::internal("a blend without parts"))?;
        Ok(Self { params, catalog: first.catalog().clone(), models, report: None })
    }

    pub(crate) fn with_report(mut self, report: SearchReport) -> Self {
        self.report = Some(report);
        self
    }

    /// The parts with their weights.
    #[must_use]
    pub fn params(&self) -> &Blend {
        &self.params
    }

    /// The models, in the order of the parts.
    #[must_use]
    pub fn models(&self) -> &[AnyModel] {
        &self.models
    }

    /// What the search of an [`AutoRecommender`](crate::AutoRecommender) tried; none for a blend
    /// made by hand.
    #[must_use]
    pub fn report(&self) -> Option<&SearchReport> {
        self.report.as_ref()
    }

    fn sum(
        &self,
        out: &mut [f32],
        mut score: impl FnMut(&AnyModel, &mut [f32]) -> Result<()>,
    ) -> Result<()> {
        if let [only] = self.models.as_slice() {
            return score(only, out);
        }
        out.fill(f32::NEG_INFINITY);
        PART.with_borrow_mut(|part| {
            part.clear();
            part.resize(out.len(), f32::NEG_INFINITY);
            let (mut able, mut unable) = (false, None);
            for (model, p) in self.models.iter().zip(&self.params.parts) {
                match score(model, part) {
                    Ok(()) => {
                        standardize(part);
                        add(part, p.weight, out);
                        able = true;
                    }
                    // A part that knows no likeness leaves the question to the others.
                    Err(e) if e.code() == ErrorCode::Unsupported => unable = Some(e),
                    Err(e) => return Err(e),
                }
            }
            match unable {
                Some(e) if !able => Err(e),
                _ => Ok(()),
            }
        })
    }
}

/// Brings scores to deviation 1 above their floor, in place: the lowest score, or zero where that
/// is lower. The floor also counts for minus infinity, which stays: not recommended. Gives the
/// factor that brought the deviation to 1.
pub(crate) fn standardize(scores: &mut [f32]) -> f32 {
    let (mut n, mut floor) = (0usize, f32::INFINITY);
    for &s in scores.iter().filter(|s| **s > f32::NEG_INFINITY) {
        n += 1;
        floor = floor.min(s);
    }
    if n < scores.len() {
        floor = floor.min(0.0);
    }
    let (mut sum, mut squares) = (0.0f64, 0.0f64);
    for s in scores.iter_mut().filter(|s| **s > f32::NEG_INFINITY) {
        *s -= floor;
        sum += f64::from(*s);
        squares += f64::from(*s) * f64::from(*s);
    }
    let mean = sum / scores.len().max(1) as f64;
    let variance = squares / scores.len().max(1) as f64 - mean * mean;
    let inverse = if variance > 0.0 { (1.0 / variance.sqrt()) as f32 } else { 0.0 };
    scores.iter_mut().filter(|s| **s > f32::NEG_INFINITY).for_each(|s| *s *= inverse);
    inverse
}

/// Adds `weight` times standard scores; only what no part recommends stays at minus infinity.
pub(crate) fn add(part: &[f32], weight: f32, out: &mut [f32]) {
    for (o, &s) in out.iter_mut().zip(part).filter(|(_, s)| **s > f32::NEG_INFINITY) {
        *o = if *o > f32::NEG_INFINITY { *o + weight * s } else { weight * s };
    }
}

impl Model for BlendModel {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn catalog_mut(&mut self) -> &mut Catalog {
        &mut self.catalog
    }

    fn score(&self, taste: Taste<'_>, out: &mut [f32]) -> Result<()> {
        self.sum(out, |model, part| model.score(taste, part))
    }

    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
        self.sum(out, |model, part| model.score_similar(item, part))
    }

    fn reasons(&self, taste: Taste<'_>, item: u32) -> Result<Reasons> {
        if let [only] = self.models.as_slice() {
            return only.reasons(taste, item);
        }
        let events = explain::events_of(&self.catalog, taste);
        let parts = events.into_iter().map(|(event, weight)| (event, weight, 0.0)).collect();
        let mut all = Reasons { kind: ExplanationKind::Exact, score: 0.0, parts };
        let mut scores = vec![f32::NEG_INFINITY; self.catalog.items().len()];
        for (model, p) in self.models.iter().zip(&self.params.parts) {
            let own = model.reasons(taste, item)?;
            if own.kind != ExplanationKind::Exact {
                return explain::neighbors(self, taste, item);
            }
            model.score(taste, &mut scores)?;
            let scale = p.weight * standardize(&mut scores);
            let standard = scores.get(item as usize).filter(|s| s.is_finite()).unwrap_or(&0.0);
            all.score += p.weight * standard;
            all.parts.extend(own.parts.iter().map(|&(event, _, part)| (event, 0.0, scale * part)));
        }
        Ok(all)
    }

    fn likeness(&self, a: u32, b: u32) -> Option<f32> {
        self.models.iter().find_map(|model| model.likeness(a, b))
    }

    /// The vector of the only part; a blend of several answers the history.
    fn fold(&self, events: &[(u32, f32)]) -> Result<Vec<f32>> {
        match self.models.as_slice() {
            [only] => only.fold(events),
            _ => Ok(Vec::new()),
        }
    }

    fn top_vector(
        &self,
        vector: &[f32],
        n: usize,
        among: Candidates<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        match self.models.as_slice() {
            [only] => only.top_vector(vector, n, among, scratch, out),
            _ => Err(Error::invalid_input("a blend of several parts has no user vectors")),
        }
    }

    fn serving_factors(&self, run: &Run) -> Result<ServingFactors> {
        match self.models.as_slice() {
            [only] => only.serving_factors(run),
            _ => Err(Error::unsupported("a blend of several parts has no item vectors")),
        }
    }

    /// Every part learns the same events; the weights stay.
    fn updated(&self, growth: &Growth, run: &Run) -> Result<Self> {
        let models = self.models.iter().map(|m| m.updated(growth, run)).collect::<Result<_>>()?;
        let (params, report) = (self.params.clone(), self.report.clone());
        Ok(Self { params, catalog: growth.catalog().clone(), models, report })
    }

    fn top(
        &self,
        taste: Taste<'_>,
        n: usize,
        among: Candidates<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        match self.models.as_slice() {
            [only] => only.top(taste, n, among, scratch, out),
            _ => top_by_scores(self, taste, n, among, scratch, out),
        }
    }
}

impl Persist for BlendModel {
    const KIND: &'static str = "blend";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.params)?;
        w.meta("report", &self.report.as_ref().map(SearchReport::timeless))?;
        self.catalog.write(w)?;
        for (k, model) in self.models.iter().enumerate() {
            w.nested_artifact(&format!("part.{k}"), model.to_artifact()?)?;
        }
        Ok(())
    }

    fn read(a: &Artifact) -> Result<Self> {
        let catalog = Catalog::read(a)?;
        let params: Blend = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt(e.message()).caused_by(e))?;
        let sizes = |c: &Catalog| (c.users().len(), c.items().len());
        let read = |k: usize| {
            let nested = a.nested(&format!("part.{k}"))?;
            if nested.kind() == Self::KIND {
                return Err(Error::corrupt("a blend inside a blend"));
            }
            let model = AnyModel::from_artifact(&nested)?;
            if sizes(model.catalog()) != sizes(&catalog) {
                return Err(Error::corrupt("a part of the blend knows other users or items"));
            }
            Ok(model)
        };
        let models = (0..params.parts.len()).map(read).collect::<Result<_>>()?;
        Ok(Self { params, models, report: a.meta_field("report")?, catalog })
    }
}

//! Any classification of texts: topics, sentiment, urgency, language of a review.

use crate::linear::calibration::softmax;
use crate::linear::engine::{Engine, Training};
use crate::text::Features;
use mercato_core::{Artifact, ArtifactWriter, Error, Id, Persist, Result, Run, Scored, TopK};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A linear classifier of texts over hashed n-grams.
///
/// **When.** Hundreds of labelled texts or more, answers in microseconds, a model of a megabyte or
/// a few. **Cost.** See [`IntentClassifier`](crate::IntentClassifier), whose engine this is.
///
/// ```
/// use mercato_nlp::{Run, TextClassifier};
/// let texts = ["great fit", "love the colour", "great shoes", "fell apart", "awful fit", "fell apart fast"];
/// let labels = ["good", "good", "good", "bad", "bad", "bad"];
/// let model = TextClassifier::default().min_count(1).fit(&texts, &labels, &Run::seed(0))?;
/// assert_eq!(model.classify("great colour", 1)[0].id.to_string(), "good");
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextClassifier {
    /// Which n-grams are read.
    pub features: Features,
    /// Weight of the loss against the regulariser, as `C` in LIBLINEAR; 1e-4..=1e4, default 0.5.
    pub c: f32,
    /// An n-gram must occur in this many texts; 1..=1000, default 2.
    pub min_count: u32,
    /// Passes over the data at most; 1..=1000, default 15.
    pub passes: usize,
    /// Parts of the data held out in turn to calibrate probabilities; 0 (none) or 2..=20, default 3.
    /// Training costs `folds` times as much again.
    pub folds: usize,
    /// Size of the model in bytes, at most, reached by pruning; 10,000..=1,000,000,000, default 5,000,000.
    pub max_bytes: usize,
}

impl Default for TextClassifier {
    fn default() -> Self {
        Self {
            features: Features::default(),
            c: 0.5,
            min_count: 2,
            passes: 15,
            folds: 3,
            max_bytes: 5_000_000,
        }
    }
}

/// Fails unless `value` lies in `low..=high`.
pub(crate) fn in_range<T: PartialOrd + std::fmt::Display + Copy>(
    name: &str,
    value: T,
    low: T,
    high: T,
) -> Result<()> {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(Error::invalid_params(format!("{name} must be in {low}..={high}, got {value}"))
        .with("parameter", name))
}

impl TextClassifier {
    /// Sets [`features`](Self::features).
    #[must_use]
    pub fn features(mut self, features: Features) -> Self {
        self.features = features;
        self
    }

    /// Sets [`c`](Self::c).
    #[must_use]
    pub fn c(mut self, c: f32) -> Self {
        self.c = c;
        self
    }

    /// Sets [`min_count`](Self::min_count).
    #[must_use]
    pub fn min_count(mut self, min_count: u32) -> Self {
        self.min_count = min_count;
        self
    }

    /// Sets [`max_bytes`](Self::max_bytes).
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Checks every field.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        self.features.check()?;
        in_range("c", self.c, 1e-4, 1e4)?;
        in_range("min_count", self.min_count, 1, 1000)?;
        in_range("passes", self.passes, 1, 1000)?;
        in_range("folds", self.folds, 0, 20)?;
        in_range("max_bytes", self.max_bytes, 10_000, 1_000_000_000)
    }

    /// Trains on one label per text.
    ///
    /// # Errors
    /// `invalid_params`; `invalid_input` for lengths that differ or an empty label;
    /// `not_enough_data` for no texts at all; `cancelled`, `deadline_exceeded`.
    pub fn fit<T: AsRef<str>, L: AsRef<str>>(
        &self,
        texts: &[T],
        labels: &[L],
        run: &Run,
    ) -> Result<TextModel> {
        self.check()?;
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let (names, dense) = encode(&texts, labels)?;
        let (engine, _) = Engine::fit(&texts, &dense, names.len(), &self.training(), run)?;
        Ok(TextModel { engine, labels: names })
    }

    pub(crate) fn training(&self) -> Training {
        Training {
            features: self.features.clone(),
            min_count: self.min_count,
            c: self.c,
            passes: self.passes,
            folds: self.folds,
            max_bytes: self.max_bytes,
        }
    }
}

/// Sorted distinct labels, and each text's number among them.
pub(crate) fn encode<L: AsRef<str>>(
    texts: &[&str],
    labels: &[L],
) -> Result<(Vec<String>, Vec<u32>)> {
    if texts.len() != labels.len() {
        return Err(Error::invalid_input(format!(
            "{} texts and {} labels: there must be one label per text",
            texts.len(),
            labels.len()
        )));
    }
    if texts.is_empty() {
        return Err(Error::not_enough_data("no texts to learn from"));
    }
    let mut names: Vec<String> = labels.iter().map(|l| l.as_ref().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    if names[0].is_empty() {
        return Err(Error::invalid_input("a label is empty"));
    }
    if names.len() > usize::from(u16::MAX) {
        return Err(Error::invalid_input(format!("{} labels, at most 65535", names.len())));
    }
    let dense =
        labels.iter().map(|l| names.partition_point(|n| n.as_str() < l.as_ref()) as u32).collect();
    Ok((names, dense))
}

/// A trained [`TextClassifier`].
#[derive(Debug, Clone)]
pub struct TextModel {
    pub(crate) engine: Engine,
    pub(crate) labels: Vec<String>,
}

impl TextModel {
    /// The labels, in the order of the columns of [`predict_proba`](Self::predict_proba).
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The `n` most probable labels with calibrated probabilities, best first.
    #[must_use]
    pub fn classify(&self, text: &str, n: usize) -> Vec<Scored> {
        self.engine.margins(text, |margins| {
            softmax(margins, self.engine.calibration.sharpness);
            self.top(margins, n)
        })
    }

    pub(crate) fn top(&self, probabilities: &[f32], n: usize) -> Vec<Scored> {
        let mut top = TopK::new(n.min(self.labels.len()));
        for (i, &p) in probabilities.iter().enumerate() {
            top.push(i as u32, p);
        }
        let scored = |&(i, score): &(u32, f32)| Scored {
            id: Id::Str(self.labels[i as usize].clone()),
            score,
        };
        top.sorted().iter().map(scored).collect()
    }

    /// Number of the most probable label and its probability, for each text.
    ///
    /// # Errors
    /// `cancelled`, `deadline_exceeded`.
    pub fn classify_batch<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        run: &Run,
    ) -> Result<Vec<(u32, f32)>> {
        self.map(texts, run, |margins| {
            softmax(margins, self.engine.calibration.sharpness);
            let mut best = (0, f32::MIN);
            for (i, &p) in margins.iter().enumerate() {
                if p > best.1 {
                    best = (i as u32, p);
                }
            }
            best
        })
    }

    /// Probabilities, one row of `labels().len()` per text.
    ///
    /// # Errors
    /// `cancelled`, `deadline_exceeded`.
    pub fn predict_proba<T: AsRef<str> + Sync>(&self, texts: &[T], run: &Run) -> Result<Vec<f32>> {
        let rows = self.map(texts, run, |margins| {
            softmax(margins, self.engine.calibration.sharpness);
            margins.to_vec()
        })?;
        Ok(rows.concat())
    }

    pub(crate) fn map<T: AsRef<str> + Sync, R: Send>(
        &self,
        texts: &[T],
        run: &Run,
        with: impl Fn(&mut [f32]) -> R + Sync,
    ) -> Result<Vec<R>> {
        let task = run.stage("classify", texts.len() as u64);
        run.install(|| {
            texts
                .par_iter()
                .map(|t| {
                    task.tick(1)?;
                    Ok(self.engine.margins(t.as_ref(), &with))
                })
                .collect()
        })?
    }

    /// The `n` n-grams that speak most for (positive) or against the most probable label.
    #[must_use]
    pub fn explain(&self, text: &str, n: usize) -> Explanation {
        let best = self.engine.margins(text, |m| {
            (1..m.len()).fold(0, |best, i| if m[i] > m[best] { i } else { best })
        });
        Explanation { label: self.labels[best].clone(), grams: self.engine.explain(text, best, n) }
    }
}

/// Why a label was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The most probable label.
    pub label: String,
    /// N-grams and what each adds to the label's margin, largest magnitude first. A space stands
    /// for the border of a word, ` .. ` joins a pair of words that do not touch.
    pub grams: Vec<(String, f32)>,
}

pub(crate) fn read_labels(a: &Artifact, engine: &Engine) -> Result<Vec<String>> {
    let labels: Vec<String> = a.meta_field("labels")?;
    if labels.len() != engine.classes {
        return Err(Error::corrupt("the labels do not fit the classes"));
    }
    Ok(labels)
}

impl Persist for TextModel {
    const KIND: &'static str = "text_classifier";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("labels", &self.labels)?;
        self.engine.write(w)
    }

    fn read(a: &Artifact) -> Result<Self> {
        let engine = Engine::read(a)?;
        let labels = read_labels(a, &engine)?;
        Ok(Self { engine, labels })
    }
}

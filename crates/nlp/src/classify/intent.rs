//! Intents: what a customer wants, how sure that is, and when it is nothing the shop knows.
//!
//! **What.** Hashed word and character n-grams, one linear machine per intent, 8-bit weights,
//! calibrated probabilities, conformal out-of-scope detection, learning from single examples.
//! **When.** The first tier of every help desk: microseconds per message, about a megabyte, no
//! pretrained weights. **Cost.** Training `messages x n-grams x intents x passes x (folds + 1)`
//! multiply-adds (BANKING77, 10,003 messages and 77 intents: about two CPU-seconds); a message costs
//! its number of n-grams.
//! **Papers.** Hsieh et al. 2008 (solver), Guo et al. 2017 (temperature), Vovk et al. 2005
//! (conformal rejection). **Where we differ.** Pairs of words that do not touch are features: they
//! give a linear model the interactions that a kernel would. Unknown n-grams take their share of a
//! message's length, which alone lifts out-of-scope detection.

use super::text::{Explanation, TextClassifier, TextModel, encode, in_range, read_labels};
use crate::kernels::descent::NONE;
use crate::linear::calibration::softmax;
use crate::linear::engine::{Engine, Held};
use crate::text::Features;
use mercato_core::{Artifact, ArtifactWriter, Error, Persist, Result, Run, Scored};
use serde::{Deserialize, Serialize};

/// Which kind of model reads the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Hashed n-grams and linear machines.
    #[default]
    Linear,
}

/// Finds the intent of a customer's message.
///
/// ```
/// use mercato_nlp::{IntentClassifier, Run};
/// let texts = ["where is my parcel", "track my order", "我的包裹到哪了",
///              "I want my money back", "refund please", "我要退款"];
/// let labels = ["track", "track", "track", "refund", "refund", "refund"];
/// let model = IntentClassifier::default().min_count(1).fit(&texts, &labels, &[""; 0], &Run::seed(0))?;
/// assert_eq!(model.classify("where is the order?", 1)[0].id.to_string(), "track");
/// assert_eq!(model.classify("想退款", 1)[0].id.to_string(), "refund");
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntentClassifier {
    /// Languages of the messages, kept with the model as a note. All scripts are read the same way
    /// whatever stands here; default `en`, `zh`.
    pub languages: Vec<String>,
    /// Which kind of model reads the message; default `linear`.
    pub tier: Tier,
    /// Which n-grams are read.
    pub features: Features,
    /// Weight of the loss against the regulariser, as `C` in LIBLINEAR; 1e-4..=1e4, default 2.
    pub c: f32,
    /// An n-gram must occur in this many messages; 1..=1000, default 2.
    pub min_count: u32,
    /// Passes over the data at most; 1..=1000, default 15.
    pub passes: usize,
    /// Parts of the data held out in turn to calibrate; 0 (none) or 2..=20, default 3.
    pub folds: usize,
    /// Share of in-scope messages that may be turned away as out of scope; 0..=0.5, default 0.05.
    pub out_of_scope_error: f32,
    /// Example messages kept per intent, for [`IntentModel::learn`]; 0..=1000, default 12.
    pub memory: usize,
    /// Size of the model in bytes, at most, reached by pruning; 10,000..=1,000,000,000, default 1,000,000.
    pub max_bytes: usize,
}

impl Default for IntentClassifier {
    fn default() -> Self {
        Self {
            languages: vec!["en".into(), "zh".into()],
            tier: Tier::Linear,
            features: Features::default(),
            c: 2.0,
            min_count: 2,
            passes: 15,
            folds: 3,
            out_of_scope_error: 0.05,
            memory: 12,
            max_bytes: 1_000_000,
        }
    }
}

impl IntentClassifier {
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

    /// Sets [`out_of_scope_error`](Self::out_of_scope_error).
    #[must_use]
    pub fn out_of_scope_error(mut self, error: f32) -> Self {
        self.out_of_scope_error = error;
        self
    }

    /// Sets [`memory`](Self::memory).
    #[must_use]
    pub fn memory(mut self, memory: usize) -> Self {
        self.memory = memory;
        self
    }

    /// Sets [`max_bytes`](Self::max_bytes).
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    fn as_text_classifier(&self) -> TextClassifier {
        TextClassifier {
            features: self.features.clone(),
            c: self.c,
            min_count: self.min_count,
            passes: self.passes,
            folds: self.folds,
            max_bytes: self.max_bytes,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        self.as_text_classifier().check()?;
        in_range("out_of_scope_error", self.out_of_scope_error, 0.0, 0.5)?;
        in_range("memory", self.memory, 0, 1000)
    }

    /// Trains on one intent per message, and on messages that belong to none (may be empty).
    ///
    /// # Errors
    /// `invalid_params`; `invalid_input` for lengths that differ or an empty label;
    /// `not_enough_data` for no messages; `cancelled`, `deadline_exceeded`.
    pub fn fit<T: AsRef<str>, L: AsRef<str>, O: AsRef<str>>(
        &self,
        texts: &[T],
        labels: &[L],
        out_of_scope: &[O],
        run: &Run,
    ) -> Result<IntentModel> {
        self.check()?;
        let mut texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let (names, mut dense) = encode(&texts, labels)?;
        texts.extend(out_of_scope.iter().map(AsRef::as_ref));
        dense.resize(texts.len(), NONE);

        let mean = texts.iter().map(|t| t.len() + 12).sum::<usize>() / texts.len();
        let kept = (self.memory * (names.len() + 1)).min(texts.len());
        let mut training = self.as_text_classifier().training();
        training.max_bytes = self.max_bytes.saturating_sub(mean * kept + 8192).max(10_000);
        let (engine, held) = Engine::fit(&texts, &dense, names.len(), &training, run)?;
        let memory = choose_memory(&texts, &dense, &held, names.len(), self.memory);
        Ok(IntentModel {
            params: self.clone(),
            text: TextModel { engine, labels: names },
            memory,
            revision: 0,
        })
    }
}

/// The examples worth keeping of each class (and of none): half of them those that were hardest to
/// get right when held out, without those that were got wrong, and half from the whole class.
fn choose_memory(
    texts: &[&str],
    labels: &[u32],
    held: &[Held],
    classes: usize,
    per_class: usize,
) -> Vec<Remembered> {
    let mut of: Vec<Vec<usize>> = vec![Vec::new(); classes + 1];
    for (i, &y) in labels.iter().enumerate() {
        of[(y as usize).min(classes)].push(i);
    }
    let mut memory = Vec::new();
    for mut members in of {
        let label = labels[*members.first().unwrap_or(&0)];
        let mut chosen: Vec<usize> = Vec::new();
        if members.len() > per_class {
            members.sort_by(|&a, &b| held[a].lead.total_cmp(&held[b].lead).then(a.cmp(&b)));
            let right = members.partition_point(|&i| held[i].lead <= 0.0);
            let hard = per_class / 2;
            chosen.extend(members[right..].iter().take(hard));
            let rest: Vec<usize> =
                members.iter().copied().filter(|i| !chosen.contains(i)).collect();
            let wanted = per_class - chosen.len();
            chosen.extend((0..wanted).map(|k| rest[k * rest.len() / wanted.max(1)]));
        } else {
            chosen = members;
        }
        let remember =
            |i: usize| Remembered { label, text: texts[i].to_owned(), best: held[i].best };
        memory.extend(chosen.into_iter().map(remember));
    }
    memory
}

/// A trained [`IntentClassifier`]. Immutable: [`learn`](Self::learn) gives a new model, and the old
/// one is the way back.
#[derive(Debug, Clone)]
pub struct IntentModel {
    params: IntentClassifier,
    text: TextModel,
    memory: Vec<Remembered>,
    revision: u32,
}

/// An example kept for learning.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    /// Its class; [`NONE`] for one that is out of scope.
    pub label: u32,
    pub text: String,
    /// The largest margin of any class while it was held out of training; NaN for examples learnt
    /// later.
    pub best: f32,
}

/// Whether a message is out of scope, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OutOfScope {
    /// Whether the score passes the threshold for the stated error.
    pub rejected: bool,
    /// The share of held-out in-scope messages that were surer: 0 = surely in scope, 1 = surely out.
    pub score: f32,
}

/// All that one reading of a message tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The most probable intents, best first.
    pub intents: Vec<Scored>,
    /// Whether it is any of them.
    pub out_of_scope: OutOfScope,
}

impl IntentModel {
    /// The hyperparameters it was trained with.
    #[must_use]
    pub fn params(&self) -> &IntentClassifier {
        &self.params
    }

    /// The intents, in the order of the columns of [`predict_proba`](Self::predict_proba).
    #[must_use]
    pub fn labels(&self) -> &[String] {
        self.text.labels()
    }

    /// How often the model has learnt since it was trained.
    #[must_use]
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// The `n` most probable intents with calibrated probabilities, best first.
    #[must_use]
    pub fn classify(&self, text: &str, n: usize) -> Vec<Scored> {
        self.text.classify(text, n)
    }

    /// Number of the most probable intent and its probability, for each message.
    ///
    /// # Errors
    /// `cancelled`, `deadline_exceeded`.
    pub fn classify_batch<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        run: &Run,
    ) -> Result<Vec<(u32, f32)>> {
        self.text.classify_batch(texts, run)
    }

    /// Probabilities, one row of `labels().len()` per message.
    ///
    /// # Errors
    /// `cancelled`, `deadline_exceeded`.
    pub fn predict_proba<T: AsRef<str> + Sync>(&self, texts: &[T], run: &Run) -> Result<Vec<f32>> {
        self.text.predict_proba(texts, run)
    }

    /// The `n` n-grams that speak most for or against the most probable intent.
    #[must_use]
    pub fn explain(&self, text: &str, n: usize) -> Explanation {
        self.text.explain(text, n)
    }

    /// Whether the message is none of the known intents, at the error stated in
    /// [`IntentClassifier::out_of_scope_error`]. A message without a single letter or symbol always is.
    #[must_use]
    pub fn is_out_of_scope(&self, text: &str) -> OutOfScope {
        self.assess(text, 0).out_of_scope
    }

    /// Intents and scope in one reading.
    #[must_use]
    pub fn assess(&self, text: &str, n: usize) -> Assessment {
        let engine = &self.text.engine;
        engine.margins(text, |margins| {
            let best = margins.iter().copied().fold(f32::MIN, f32::max);
            let blank = text.chars().all(|c| c.is_whitespace() || c.is_control());
            let score = if blank { 1.0 } else { engine.calibration.out_of_scope(best) };
            let rejected = score > 1.0 - self.params.out_of_scope_error;
            softmax(margins, engine.calibration.sharpness);
            Assessment {
                intents: self.text.top(margins, n),
                out_of_scope: OutOfScope { rejected, score },
            }
        })
    }

    /// A model that has learnt these examples, of known intents or new ones. The weights of intents
    /// that are not named stay as they are, bit by bit.
    ///
    /// # Errors
    /// `invalid_input` for lengths that differ or an empty label; `not_enough_data` for no examples;
    /// `unsupported` when the model was trained with `memory` 0 or knows fewer than three intents; `cancelled`, `deadline_exceeded`.
    pub fn learn<T: AsRef<str>, L: AsRef<str>>(
        &self,
        texts: &[T],
        labels: &[L],
        run: &Run,
    ) -> Result<Self> {
        let fresh: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let (names, dense) = encode(&fresh, labels)?;
        if self.memory.is_empty() {
            return Err(Error::unsupported("a model trained with memory 0 cannot learn"));
        }
        if self.labels().len() <= 2 {
            return Err(Error::unsupported(format!(
                "a model of {} intents cannot learn: train it anew, or with three intents or more",
                self.labels().len()
            )));
        }
        let mut all = self.text.labels.clone();
        let taught: Vec<u32> = names
            .iter()
            .map(|name| match all.iter().position(|l| l == name) {
                Some(i) => i as u32,
                None => {
                    all.push(name.clone());
                    all.len() as u32 - 1
                }
            })
            .collect();
        let mut memory = self.memory.clone();
        for (text, &y) in fresh.iter().zip(&dense) {
            let label = taught[y as usize];
            // The oldest example of a full class makes room.
            let count = memory.iter().filter(|m| m.label == label).count();
            if count >= self.params.memory.max(1)
                && let Some(i) = memory.iter().position(|m| m.label == label)
            {
                memory.remove(i);
            }
            memory.push(Remembered { label, text: (*text).to_owned(), best: f32::NAN });
        }
        let engine = self.text.engine.learn(&memory, &taught, all.len(), self.params.c, run)?;
        Ok(Self {
            params: self.params.clone(),
            text: TextModel { engine, labels: all },
            memory,
            revision: self.revision + 1,
        })
    }

    /// Share of the examples remembered by `other` that this model gets right.
    pub(crate) fn accuracy_on_memory_of(&self, other: &Self) -> f64 {
        let known = || other.memory.iter().filter(|m| m.label != NONE);
        let right = known().filter(|example| {
            self.text.engine.margins(&example.text, |m| {
                let best = (1..m.len()).fold(0, |b, i| if m[i] > m[b] { i } else { b });
                self.labels()[best] == other.labels()[example.label as usize]
            })
        });
        right.count() as f64 / known().count().max(1) as f64
    }

    pub(crate) fn text_model(&self) -> &TextModel {
        &self.text
    }
}

impl Persist for IntentModel {
    const KIND: &'static str = "intent_classifier";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.params)?;
        w.meta("revision", &self.revision)?;
        w.meta("labels", &self.text.labels)?;
        self.text.engine.write(w)?;
        let texts: String = self.memory.iter().map(|m| m.text.as_str()).collect();
        let lengths: Vec<u32> = self.memory.iter().map(|m| m.text.len() as u32).collect();
        let labels: Vec<u32> = self.memory.iter().map(|m| m.label).collect();
        let best: Vec<f32> = self.memory.iter().map(|m| m.best).collect();
        w.owned_column("memory.texts", texts.as_bytes())?;
        w.owned_column("memory.lengths", &lengths)?;
        w.owned_column("memory.labels", &labels)?;
        w.owned_column("memory.best", &best)
    }

    fn read(a: &Artifact) -> Result<Self> {
        let params: IntentClassifier = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt("unusable parameters").caused_by(e))?;
        let engine = Engine::read(a)?;
        let labels = read_labels(a, &engine)?;
        let damaged = || Error::corrupt("the example memory does not fit its lengths");
        let bytes = a.column::<u8>("memory.texts")?;
        let lengths = a.column::<u32>("memory.lengths")?;
        let of = a.column_of_len::<u32>("memory.labels", lengths.len())?;
        let best = a.column_of_len::<f32>("memory.best", lengths.len())?;
        let mut rest = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
        let mut memory = Vec::with_capacity(lengths.len());
        for ((&len, &label), &best) in lengths.iter().zip(of.iter()).zip(best.iter()) {
            if label != NONE && label as usize >= labels.len() {
                return Err(damaged());
            }
            let (text, after) = rest.split_at_checked(len as usize).ok_or_else(damaged)?;
            memory.push(Remembered { label, text: text.to_owned(), best });
            rest = after;
        }
        if !rest.is_empty() {
            return Err(damaged());
        }
        let text = TextModel { engine, labels };
        Ok(Self { params, text, memory, revision: a.meta_field("revision")? })
    }
}

//! `mercato.nlp`: customer-service language.

use crate::convert::{self, Count, Scored};
use crate::error::Result;
use crate::model::{estimator, model};
use crate::{params, run};
use mercato::nlp::Dictionary;
use mercato::{Error, Persist as _};
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyType};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// A text; what no encoding can hold (a lone surrogate) becomes U+FFFD.
fn text(value: &Bound<'_, PyAny>) -> Result<String> {
    match value.cast::<PyString>() {
        Ok(s) => Ok(s.to_string_lossy().into_owned()),
        Err(_) => {
            let got = value.get_type().name()?;
            Err(Error::invalid_input(format!("expected a text, got {got}")).into())
        }
    }
}

/// Texts or labels: any iterable of strings; labels may be integers as well.
fn texts(values: &Bound<'_, PyAny>) -> Result<Vec<String>> {
    if values.is_instance_of::<PyString>() {
        return Err(Error::invalid_input("expected a list of texts, got one text").into());
    }
    values.try_iter()?.map(|v| text(&v?)).collect()
}

fn labels(values: &Bound<'_, PyAny>) -> Result<Vec<String>> {
    if values.is_instance_of::<PyString>() {
        return Err(Error::invalid_input("expected a list of labels, got one text").into());
    }
    values.try_iter()?.map(|v| Ok(convert::id(&v?)?.to_string())).collect()
}

fn some_texts(values: Option<&Bound<'_, PyAny>>) -> Result<Vec<String>> {
    values.map_or_else(|| Ok(Vec::new()), texts)
}

fn record<T: serde::de::DeserializeOwned>(what: &str, value: &Bound<'_, PyAny>) -> Result<T> {
    serde_json::from_value(params::to_json(value)?)
        .map_err(|e| Error::invalid_params(format!("{what}: {e}")).into())
}

/// Records from any iterable of dicts or tuples.
fn records<T: serde::de::DeserializeOwned>(
    what: &str,
    values: &Bound<'_, PyAny>,
) -> Result<Vec<T>> {
    record(what, &values.py().get_type::<PyList>().call1((values,))?)
}

estimator!("mercato.nlp", nlp::IntentClassifier);
estimator!("mercato.nlp", nlp::TextClassifier);
estimator!("mercato.nlp", nlp::SentimentClassifier);
estimator!("mercato.nlp", nlp::EntityTagger);

model!("mercato.nlp", nlp::IntentModel, |m: &mercato::nlp::IntentModel,
                                         _: Python<'_>|
 -> Result<String> {
    Ok(format!("IntentModel({} intents, revision {})", m.labels().len(), m.revision()))
});
model!("mercato.nlp", nlp::TextModel, |m: &mercato::nlp::TextModel,
                                       _: Python<'_>|
 -> Result<String> {
    Ok(format!("TextModel({} labels)", m.labels().len()))
});

model!("mercato.nlp", nlp::TaggerModel, |m: &mercato::nlp::TaggerModel,
                                         _: Python<'_>|
 -> Result<String> {
    Ok(format!("TaggerModel({})", m.kinds().join(", ")))
});

#[pymethods]
impl EntityTagger {
    #[doc = docs!(nlp::EntityTagger::fit)]
    ///
    /// sentences: pairs of a text and its spans, each span (start, end, type) in characters.
    #[pyo3(signature = (sentences, **run),
           text_signature = "($self, sentences, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn fit(
        &self,
        py: Python<'_>,
        sentences: &Bound<'_, PyAny>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Py<TaggerModel>> {
        let examples: Vec<mercato::nlp::Tagged> = records("sentences", sentences)?;
        TaggerModel::wrap(py, run::long(py, run, |run| self.0.fit(&examples, run))?)
    }
}

#[pymethods]
impl TaggerModel {
    #[doc = docs!(nlp::TaggerModel::kinds)]
    #[getter]
    fn kinds(&self) -> Vec<String> {
        self.0.kinds().to_vec()
    }

    /// The hyperparameters that the model was trained with.
    #[getter]
    fn params(&self) -> EntityTagger {
        EntityTagger(self.0.params().clone())
    }
}

#[pymethods]
impl IntentClassifier {
    #[doc = docs!(nlp::IntentClassifier::fit)]
    #[pyo3(signature = (texts, labels, out_of_scope = None, **run),
           text_signature = "($self, texts, labels, out_of_scope=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn fit(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        labels: &Bound<'_, PyAny>,
        out_of_scope: Option<&Bound<'_, PyAny>>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Py<IntentModel>> {
        let (texts, labels) = (self::texts(texts)?, self::labels(labels)?);
        let oos = some_texts(out_of_scope)?;
        let fit = |run: &mercato::Run| self.0.fit(&texts, &labels, &oos, run);
        IntentModel::wrap(py, run::long(py, run, fit)?)
    }
}

/// `fit` of the classifiers that give a `TextModel`.
macro_rules! text_classifier {
    ($name:ident) => {
        #[pymethods]
        impl $name {
            #[doc = docs!(nlp::$name::fit)]
            #[pyo3(signature = (texts, labels, **run),
                   text_signature = "($self, texts, labels, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
            fn fit(
                &self,
                py: Python<'_>,
                texts: &Bound<'_, PyAny>,
                labels: &Bound<'_, PyAny>,
                run: Option<&Bound<'_, PyDict>>,
            ) -> Result<Py<TextModel>> {
                let (texts, labels) = (self::texts(texts)?, self::labels(labels)?);
                TextModel::wrap(py, run::long(py, run, |run| self.0.fit(&texts, &labels, run))?)
            }
        }
    };
}

text_classifier!(TextClassifier);
text_classifier!(SentimentClassifier);

type Batch<'py> = (Bound<'py, PyList>, Bound<'py, PyArray1<f32>>);

/// What both kinds of model answer.
macro_rules! classifies {
    ($name:ident) => {
        #[pymethods]
        impl $name {
            #[doc = docs!(nlp::$name::classify)]
            #[pyo3(signature = (text, n = Count(3)), text_signature = "($self, text, n=3)")]
            fn classify(&self, text: &Bound<'_, PyAny>, n: Count) -> Result<Vec<Scored>> {
                let read = self::text(text)?;
                let list = run::short(text.py(), || Ok(self.0.classify(&read, n.0)))?;
                Ok(convert::scored(text.py(), &list))
            }

            /// The most probable label of each text, and its probability.
            #[pyo3(signature = (texts, **run),
                   text_signature = "($self, texts, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
            fn classify_batch<'py>(
                &self,
                py: Python<'py>,
                texts: &Bound<'_, PyAny>,
                run: Option<&Bound<'_, PyDict>>,
            ) -> Result<Batch<'py>> {
                let texts = self::texts(texts)?;
                let best = run::long(py, run, |run| self.0.classify_batch(&texts, run))?;
                let names = best.iter().map(|b| self.0.labels()[b.0 as usize].as_str());
                let list = PyList::new(py, names.collect::<Vec<_>>())?;
                Ok((list, PyArray1::from_iter(py, best.iter().map(|b| b.1))))
            }

            #[doc = docs!(nlp::$name::predict_proba)]
            #[pyo3(signature = (texts, **run),
                   text_signature = "($self, texts, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
            fn predict_proba<'py>(
                &self,
                py: Python<'py>,
                texts: &Bound<'_, PyAny>,
                run: Option<&Bound<'_, PyDict>>,
            ) -> Result<Bound<'py, PyArray2<f32>>> {
                let texts = self::texts(texts)?;
                let p = run::long(py, run, |run| self.0.predict_proba(&texts, run))?;
                Ok(PyArray1::from_vec(py, p).reshape([texts.len(), self.0.labels().len()])?)
            }

            #[doc = docs!(nlp::$name::explain)]
            #[pyo3(signature = (text, n = Count(10)), text_signature = "($self, text, n=10)")]
            fn explain<'py>(
                &self,
                text: &Bound<'py, PyAny>,
                n: Count,
            ) -> Result<Bound<'py, PyAny>> {
                params::plain(text.py(), &self.0.explain(&self::text(text)?, n.0))
            }

            #[doc = docs!(nlp::$name::labels)]
            #[getter]
            fn labels(&self) -> Vec<String> {
                self.0.labels().to_vec()
            }
        }
    };
}

classifies!(IntentModel);
classifies!(TextModel);

#[pymethods]
impl IntentModel {
    #[doc = docs!(nlp::IntentModel::is_out_of_scope)]
    fn is_out_of_scope(&self, text: &Bound<'_, PyAny>) -> Result<(bool, f32)> {
        let found = self.0.is_out_of_scope(&self::text(text)?);
        Ok((found.rejected, found.score))
    }

    #[doc = docs!(nlp::IntentModel::learn)]
    #[pyo3(signature = (texts, labels, **run),
           text_signature = "($self, texts, labels, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn learn(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        labels: &Bound<'_, PyAny>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Py<Self>> {
        let (texts, labels) = (self::texts(texts)?, self::labels(labels)?);
        Self::wrap(py, run::long(py, run, |run| self.0.learn(&texts, &labels, run))?)
    }

    #[doc = docs!(nlp::IntentModel::revision)]
    #[getter]
    fn revision(&self) -> u32 {
        self.0.revision()
    }

    /// The hyperparameters that the model was trained with.
    #[getter]
    fn params(&self) -> IntentClassifier {
        IntentClassifier(self.0.params().clone())
    }
}

/// Accuracy, macro F1, calibration error and, with `oos`, how well messages out of scope are told
/// apart, as a dict.
#[pyfunction]
#[pyo3(signature = (model, texts, labels, oos = None, **run),
       text_signature = "(model, texts, labels, oos=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
fn evaluate<'py>(
    py: Python<'py>,
    model: &Bound<'py, PyAny>,
    texts: &Bound<'_, PyAny>,
    labels: &Bound<'_, PyAny>,
    oos: Option<&Bound<'_, PyAny>>,
    run: Option<&Bound<'_, PyDict>>,
) -> Result<Bound<'py, PyAny>> {
    let (texts, labels, oos) = (self::texts(texts)?, self::labels(labels)?, some_texts(oos)?);
    let found = if let Ok(m) = model.cast::<TextModel>() {
        let m = &m.get().0;
        run::long(py, run, |run| mercato::nlp::evaluate_text(m, &texts, &labels, run))?
    } else {
        let m = &model.cast::<IntentModel>()?.get().0;
        run::long(py, run, |run| mercato::nlp::evaluate(m, &texts, &labels, &oos, run))?
    };
    params::plain(py, &found)
}

#[doc = docs!(nlp::Passage)]
#[pyclass(module = "mercato.nlp", frozen, get_all)]
pub struct Passage {
    /// Id of the document.
    id: String,
    /// Version of the document.
    version: String,
    /// Title of the document.
    title: String,
    /// The passage itself.
    text: String,
    /// First character of the passage in the document's text.
    start: usize,
    /// One past its last character.
    end: usize,
    /// Higher is better.
    score: f32,
    /// Share of the query's information that the passage and title contain.
    coverage: f32,
}

impl From<mercato::nlp::Passage> for Passage {
    fn from(p: mercato::nlp::Passage) -> Self {
        let mercato::nlp::Passage { id, version, title, text, start, end, score, coverage } = p;
        Self { id, version, title, text, start, end, score, coverage }
    }
}

#[pymethods]
impl Passage {
    fn __repr__(&self) -> String {
        format!(
            "Passage(id={:?}, start={}, end={}, score={})",
            self.id, self.start, self.end, self.score
        )
    }
}

#[doc = docs!(nlp::Entity)]
#[pyclass(module = "mercato.nlp", frozen, get_all)]
pub struct Entity {
    /// First character in the message.
    start: usize,
    /// One past its last character.
    end: usize,
    /// First byte in the message (UTF-8).
    byte_start: usize,
    /// One past its last byte.
    byte_end: usize,
    /// What it is.
    r#type: String,
    /// As it stands in the message.
    text: String,
    /// Normalised.
    value: String,
    /// How sure, 0..=1.
    confidence: f32,
}

impl From<mercato::nlp::Entity> for Entity {
    fn from(e: mercato::nlp::Entity) -> Self {
        let mercato::nlp::Entity { start, end, byte_start, byte_end, kind, .. } = e;
        let (r#type, text, value, confidence) = (kind, e.text, e.value, e.confidence);
        Self { start, end, byte_start, byte_end, r#type, text, value, confidence }
    }
}

#[pymethods]
impl Entity {
    fn __repr__(&self) -> String {
        format!(
            "Entity(type={:?}, value={:?}, start={}, end={})",
            self.r#type, self.value, self.start, self.end
        )
    }
}

fn dictionary(names: Option<&Bound<'_, PyAny>>) -> Result<Option<Dictionary>> {
    names.map(|n| Ok(Dictionary::new(&record("dictionaries", n)?)?)).transpose()
}

#[doc = docs!(nlp::EntityExtractor)]
#[pyclass(module = "mercato.nlp", frozen)]
pub struct EntityExtractor(mercato::nlp::EntityExtractor);

#[pymethods]
impl EntityExtractor {
    /// patterns: "retail" or "none". dictionaries: {type: {value: [names]}}. tagger: a `TaggerModel`.
    #[new]
    #[pyo3(signature = (patterns = None, dictionaries = None, tagger = None), text_signature = "(patterns=\"retail\", dictionaries=None, tagger=None)")]
    fn new(
        patterns: Option<&Bound<'_, PyAny>>,
        dictionaries: Option<&Bound<'_, PyAny>>,
        tagger: Option<&TaggerModel>,
    ) -> Result<Self> {
        let patterns = patterns.map(|p| record("patterns", p)).transpose()?.unwrap_or_default();
        let names =
            dictionaries.map(|d| record("dictionaries", d)).transpose()?.unwrap_or_default();
        let extractor = mercato::nlp::EntityExtractor::new(patterns, &names)?;
        Ok(Self(match tagger {
            Some(model) => extractor.with_tagger(model.0.clone()),
            None => extractor,
        }))
    }

    /// This extractor with a tagger of default settings trained on tagged sentences.
    #[pyo3(signature = (sentences, **run),
           text_signature = "($self, sentences, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn fit(
        &self,
        py: Python<'_>,
        sentences: &Bound<'_, PyAny>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let examples: Vec<mercato::nlp::Tagged> = records("sentences", sentences)?;
        let tagger = mercato::nlp::EntityTagger::default();
        let model = run::long(py, run, |run| tagger.fit(&examples, run))?;
        Ok(Self(self.0.clone().with_tagger(Arc::new(model))))
    }

    #[doc = docs!(nlp::EntityExtractor::extract)]
    #[pyo3(signature = (text, dictionaries = None))]
    fn extract(
        &self,
        text: &Bound<'_, PyAny>,
        dictionaries: Option<&Bound<'_, PyAny>>,
    ) -> Result<Vec<Entity>> {
        let (read, tenant) = (self::text(text)?, dictionary(dictionaries)?);
        let found = run::short(text.py(), || Ok(self.0.extract(&read, tenant.as_ref())))?;
        Ok(found.into_iter().map(Entity::from).collect())
    }
}

#[doc = docs!(nlp::KnowledgeBase)]
#[pyclass(module = "mercato.nlp", frozen)]
pub struct KnowledgeBase(RwLock<mercato::nlp::KnowledgeBase>);

impl KnowledgeBase {
    fn read<T: Send>(
        &self,
        py: Python<'_>,
        with: impl FnOnce(&mercato::nlp::KnowledgeBase) -> mercato::Result<T> + Send,
    ) -> Result<T> {
        run::short(py, || with(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn change<T: Send>(
        &self,
        py: Python<'_>,
        with: impl FnOnce(&mut mercato::nlp::KnowledgeBase) -> mercato::Result<T> + Send,
    ) -> Result<T> {
        run::short(py, || with(&mut self.0.write().unwrap_or_else(PoisonError::into_inner)))
    }

    fn wrap(kb: mercato::nlp::KnowledgeBase) -> Self {
        Self(RwLock::new(kb))
    }
}

#[pymethods]
impl KnowledgeBase {
    #[new]
    #[pyo3(signature = (**options), text_signature = "(*, k1=1.2, b=0.6, title_weight=2, passage_chars=400)")]
    fn new(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let options = match options {
            Some(o) => record("options", o)?,
            None => record("options", &PyDict::new(py))?,
        };
        Ok(Self::wrap(mercato::nlp::KnowledgeBase::new(options)?))
    }

    #[doc = docs!(nlp::KnowledgeBase::add)]
    ///
    /// documents: dicts with `id`, `text` and, if you like, `title` and `version`. Gives the
    /// knowledge base itself.
    fn add<'py>(slf: Bound<'py, Self>, documents: &Bound<'py, PyAny>) -> Result<Bound<'py, Self>> {
        let documents = records("documents", documents)?;
        slf.get().change(slf.py(), |kb| kb.add(documents))?;
        Ok(slf)
    }

    #[doc = docs!(nlp::KnowledgeBase::remove)]
    fn remove(&self, ids: &Bound<'_, PyAny>) -> Result<usize> {
        let list = texts(ids)?;
        self.change(ids.py(), |kb| Ok(kb.remove(&list)))
    }

    #[doc = docs!(nlp::KnowledgeBase::search)]
    ///
    /// mode: "bm25".
    #[pyo3(signature = (query, n = Count(5), mode = "bm25"), text_signature = "($self, query, n=5, mode=\"bm25\")")]
    fn search(&self, query: &Bound<'_, PyAny>, n: Count, mode: &str) -> Result<Vec<Passage>> {
        if mode != "bm25" {
            let e =
                format!("mode must be \"bm25\", got {mode:?}: this build has no dense retrieval");
            return Err(Error::unsupported(e).into());
        }
        let query_ = text(query)?;
        let found = self.read(query.py(), |kb| Ok(kb.search(&query_, n.0)))?;
        Ok(found.into_iter().map(Passage::from).collect())
    }

    fn __len__(&self, py: Python<'_>) -> Result<usize> {
        self.read(py, |kb| Ok(kb.len()))
    }

    fn __contains__(&self, py: Python<'_>, id: &str) -> Result<bool> {
        self.read(py, |kb| Ok(kb.document(id).is_some()))
    }

    #[doc = docs!(core::Persist::save)]
    fn save(&self, py: Python<'_>, path: PathBuf) -> Result<()> {
        self.read(py, |kb| kb.save(path))
    }

    #[doc = docs!(core::Persist::open)]
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> Result<Self> {
        run::short(py, || mercato::nlp::KnowledgeBase::open(path)).map(Self::wrap)
    }

    #[doc = docs!(core::Persist::load)]
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> Result<Self> {
        run::short(py, || mercato::nlp::KnowledgeBase::load(path)).map(Self::wrap)
    }

    #[doc = docs!(core::Persist::to_bytes)]
    fn to_bytes<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read(py, mercato::Persist::to_bytes)?))
    }

    #[doc = docs!(core::Persist::from_bytes)]
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> Result<Self> {
        run::short(py, || mercato::nlp::KnowledgeBase::from_bytes(data)).map(Self::wrap)
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> Result<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((slf.get_type().getattr("from_bytes")?, (slf.get().to_bytes(slf.py())?,)))
    }

    fn __repr__(&self, py: Python<'_>) -> Result<String> {
        Ok(format!("KnowledgeBase({} documents)", self.__len__(py)?))
    }
}

/// The state of one conversation: `to_dict` and `Session(**state)` keep it between messages.
#[pyclass(module = "mercato.nlp", frozen)]
pub struct Session(RwLock<mercato::nlp::Session>);

#[pymethods]
impl Session {
    #[new]
    #[pyo3(signature = (**state), text_signature = "(**state)")]
    fn new(py: Python<'_>, state: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let state = match state {
            Some(s) => record("session", s)?,
            None => record("session", &PyDict::new(py))?,
        };
        Ok(Self(RwLock::new(state)))
    }

    /// The state as plain values that JSON can hold.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        params::plain(py, &state)
    }

    fn __repr__(&self) -> String {
        let s = self.0.read().unwrap_or_else(PoisonError::into_inner);
        format!("Session({} turns, flow={:?}, handoff={:?})", s.turns, s.flow, s.handoff)
    }
}

#[doc = docs!(nlp::Reply)]
#[pyclass(module = "mercato.nlp", frozen, get_all)]
pub struct Reply {
    /// What to tell the customer.
    text: String,
    /// The intent acted upon.
    intent: Option<String>,
    /// Its probability.
    confidence: f32,
    /// The passages that the text quotes.
    citations: Vec<Py<Passage>>,
    /// Entities found in the message.
    entities: Vec<Py<Entity>>,
    /// What is known in this conversation.
    slots: Py<PyAny>,
    /// What the host should do now: `{"name": ..., "slots": {...}}`.
    action: Py<PyAny>,
    /// Whether a human takes over.
    handoff: bool,
    /// Why.
    reason: Py<PyAny>,
}

impl Reply {
    fn wrap(py: Python<'_>, r: mercato::nlp::Reply) -> Result<Self> {
        let citations = r.citations.into_iter().map(|p| Py::new(py, Passage::from(p)));
        let entities = r.entities.into_iter().map(|e| Py::new(py, Entity::from(e)));
        Ok(Self {
            slots: params::plain(py, &r.slots)?.unbind(),
            action: params::plain(py, &r.action)?.unbind(),
            reason: params::plain(py, &r.reason)?.unbind(),
            citations: citations.collect::<PyResult<_>>()?,
            entities: entities.collect::<PyResult<_>>()?,
            text: r.text,
            intent: r.intent,
            confidence: r.confidence,
            handoff: r.handoff,
        })
    }
}

#[pymethods]
impl Reply {
    fn __repr__(&self) -> String {
        format!("Reply(text={:?}, intent={:?}, handoff={})", self.text, self.intent, self.handoff)
    }
}

#[doc = docs!(nlp::Assistant)]
#[pyclass(module = "mercato.nlp", frozen)]
pub struct Assistant(RwLock<mercato::nlp::Assistant>);

#[pymethods]
impl Assistant {
    /// intents: an `IntentModel`, or None: every message then goes to a human. knowledge is copied;
    /// `resolve` adds to the assistant's own copy. flows: dicts; None = the shipped retail flows.
    /// policy: a dict of thresholds. sentiment, negative: a `TextModel` and its label for negative
    /// messages.
    #[new]
    #[pyo3(signature = (intents = None, entities = None, knowledge = None, flows = None, policy = None, sentiment = None, negative = "negative"))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn new(
        py: Python<'_>,
        intents: Option<&IntentModel>,
        entities: Option<&EntityExtractor>,
        knowledge: Option<&KnowledgeBase>,
        flows: Option<&Bound<'_, PyAny>>,
        policy: Option<&Bound<'_, PyAny>>,
        sentiment: Option<&TextModel>,
        negative: &str,
    ) -> Result<Self> {
        let flows = flows.map(|f| record("flows", f)).transpose()?;
        let desk = mercato::nlp::Assistant::new(
            intents.map(|m| m.0.clone()),
            entities.map(|e| e.0.clone()).unwrap_or_default(),
            knowledge.map(|kb| kb.read(py, |kb| Ok(kb.clone()))).transpose()?.unwrap_or_default(),
            flows.unwrap_or_else(mercato::nlp::Flow::retail),
            policy.map(|p| record("policy", p)).transpose()?.unwrap_or_default(),
        )?;
        let mood =
            |m: &TextModel| mercato::nlp::Mood { model: m.0.clone(), negative: negative.into() };
        let desk = match sentiment {
            Some(m) => desk.with_mood(mood(m))?,
            None => desk,
        };
        Ok(Self(RwLock::new(desk)))
    }

    #[doc = docs!(nlp::Assistant::reply)]
    #[pyo3(signature = (session, text, dictionaries = None))]
    fn reply(
        &self,
        py: Python<'_>,
        session: &Session,
        text: &Bound<'_, PyAny>,
        dictionaries: Option<&Bound<'_, PyAny>>,
    ) -> Result<Reply> {
        let (said, tenant) = (self::text(text)?, dictionary(dictionaries)?);
        let reply = run::short(py, || {
            let desk = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let mut session = session.0.write().unwrap_or_else(PoisonError::into_inner);
            Ok(desk.reply(&mut session, &said, tenant.as_ref()))
        })?;
        Reply::wrap(py, reply)
    }

    #[doc = docs!(nlp::Assistant::resolve)]
    #[pyo3(signature = (ticket, intent, answer, **run),
           text_signature = "($self, ticket, intent, answer, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn resolve<'py>(
        &self,
        py: Python<'py>,
        ticket: &Bound<'_, PyAny>,
        intent: &str,
        answer: &Bound<'_, PyAny>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Bound<'py, PyAny>> {
        let (ticket, answer) = (text(ticket)?, text(answer)?);
        let learnt = run::long(py, run, |run| {
            let mut desk = self.0.write().unwrap_or_else(PoisonError::into_inner);
            desk.resolve(&ticket, intent, &answer, run)
        })?;
        params::plain(py, &learnt)
    }

    #[doc = docs!(nlp::Assistant::rollback)]
    fn rollback(&self, py: Python<'_>) -> Result<bool> {
        run::short(py, || Ok(self.0.write().unwrap_or_else(PoisonError::into_inner).rollback()))
    }

    /// The intent model in use.
    #[getter]
    fn intents(&self) -> Option<IntentModel> {
        let desk = self.0.read().unwrap_or_else(PoisonError::into_inner);
        desk.intents().map(|m| IntentModel(Arc::clone(m)))
    }

    fn __repr__(&self) -> String {
        let desk = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let intents = desk.intents().map_or(0, |m| m.labels().len());
        format!("Assistant({intents} intents, {} documents)", desk.knowledge().len())
    }
}

/// The sentences of a text, or the turns of a conversation, that cover most of it, in their order.
#[pyfunction]
#[pyo3(signature = (text_or_turns, sentences = Count(3)), text_signature = "(text_or_turns, sentences=3)")]
fn summarize(text_or_turns: &Bound<'_, PyAny>, sentences: Count) -> Result<Vec<String>> {
    let py = text_or_turns.py();
    if text_or_turns.is_instance_of::<PyString>() {
        let text = text(text_or_turns)?;
        return run::short(py, || Ok(mercato::nlp::summarize(&text, sentences.0)));
    }
    let turns = texts(text_or_turns)?;
    run::short(py, || Ok(mercato::nlp::summarize_turns(&turns, sentences.0)))
}

/// What each choice of the policy's `min_confidence` would mean: a list of dicts with
/// `min_confidence`, `coverage` and `risk`.
#[pyfunction]
#[pyo3(signature = (model, texts, labels, **run),
       text_signature = "(model, texts, labels, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
fn risk_coverage<'py>(
    py: Python<'py>,
    model: &IntentModel,
    texts: &Bound<'_, PyAny>,
    labels: &Bound<'_, PyAny>,
    run: Option<&Bound<'_, PyDict>>,
) -> Result<Bound<'py, PyAny>> {
    let (texts, labels) = (self::texts(texts)?, self::labels(labels)?);
    let report = |run: &mercato::Run| mercato::nlp::risk_coverage(&model.0, &texts, &labels, run);
    params::plain(py, &run::long(py, run, report)?)
}

pub fn register(m: &Bound<'_, PyModule>) -> Result<()> {
    IntentClassifier::add_to(m)?;
    IntentModel::add_to(m)?;
    TextClassifier::add_to(m)?;
    TextModel::add_to(m)?;
    SentimentClassifier::add_to(m)?;
    m.add_class::<Entity>()?;
    m.add_class::<EntityExtractor>()?;
    EntityTagger::add_to(m)?;
    TaggerModel::add_to(m)?;
    m.add_class::<Passage>()?;
    m.add_class::<KnowledgeBase>()?;
    let class: Bound<'_, PyType> = m.py().get_type::<KnowledgeBase>();
    crate::artifact::know(<mercato::nlp::KnowledgeBase as mercato::Persist>::KIND, class);
    m.add_class::<Session>()?;
    m.add_class::<Reply>()?;
    m.add_class::<Assistant>()?;
    m.add_function(wrap_pyfunction!(evaluate, m)?)?;
    m.add_function(wrap_pyfunction!(risk_coverage, m)?)?;
    m.add_function(wrap_pyfunction!(summarize, m)?)?;
    Ok(())
}

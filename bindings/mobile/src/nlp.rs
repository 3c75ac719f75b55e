//! Customer-service language.

use crate::convert::{self, Scored};
use crate::error::{Result, guarded};
use mercato::nlp::{Names, Patterns};
use mercato::{Persist as _, Run};
use std::sync::{Arc, PoisonError, RwLock};

/// Knows what a message is about.
#[derive(uniffi::Object)]
pub struct IntentModel(mercato::nlp::IntentModel);

/// Whether a message is none of the known intents.
#[derive(Debug, Clone, uniffi::Record)]
pub struct OutOfScope {
    /// Whether the score passes the model's threshold.
    pub rejected: bool,
    /// 0 = surely in scope, 1 = surely out.
    pub score: f32,
}

#[uniffi::export]
impl IntentModel {
    /// Opens by memory-mapping, in constant time.
    #[uniffi::constructor]
    pub fn open(path: String) -> Result<Arc<Self>> {
        guarded(|| Ok(Arc::new(Self(mercato::nlp::IntentModel::open(path)?))))
    }

    /// Saves atomically.
    pub fn save(&self, path: String) -> Result<()> {
        guarded(|| self.0.save(path))
    }

    /// The `n` most probable intents with calibrated probabilities, best first.
    #[uniffi::method(default(n = 3))]
    pub fn classify(&self, text: String, n: u32) -> Result<Vec<Scored>> {
        guarded(|| Ok(convert::scored(self.0.classify(&text, n as usize))))
    }

    /// Whether the message is none of the known intents.
    pub fn is_out_of_scope(&self, text: String) -> Result<OutOfScope> {
        guarded(|| {
            let found = self.0.is_out_of_scope(&text);
            Ok(OutOfScope { rejected: found.rejected, score: found.score })
        })
    }

    /// The known intents.
    pub fn labels(&self) -> Vec<String> {
        self.0.labels().to_vec()
    }

    /// A model that has learnt these examples too, of known intents or new ones.
    pub fn learn(&self, texts: Vec<String>, labels: Vec<String>) -> Result<Arc<Self>> {
        guarded(|| Ok(Arc::new(Self(self.0.learn(&texts, &labels, &Run::default())?))))
    }
}

/// A document of a knowledge base.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Document {
    /// Its id; adding it again replaces it.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
}

/// A passage that answers a question, with what is needed to cite it.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Passage {
    /// Id of the document.
    pub id: String,
    /// Title of the document.
    pub title: String,
    /// The passage.
    pub text: String,
    /// First character in the document's text.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// Higher is better.
    pub score: f32,
}

/// The shop's own knowledge.
#[derive(uniffi::Object)]
pub struct KnowledgeBase(RwLock<mercato::nlp::KnowledgeBase>);

#[uniffi::export]
impl KnowledgeBase {
    /// An empty one.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(RwLock::default()))
    }

    /// Opens a saved one.
    #[uniffi::constructor]
    pub fn open(path: String) -> Result<Arc<Self>> {
        guarded(|| Ok(Arc::new(Self(RwLock::new(mercato::nlp::KnowledgeBase::open(path)?)))))
    }

    /// Saves atomically.
    pub fn save(&self, path: String) -> Result<()> {
        guarded(|| self.0.read().unwrap_or_else(PoisonError::into_inner).save(path))
    }

    /// Adds documents, or replaces those with the same id; the next search sees them.
    pub fn add(&self, documents: Vec<Document>) -> Result<()> {
        guarded(|| {
            let own = |d: Document| mercato::nlp::Document::new(d.id, d.title, d.text);
            let documents = documents.into_iter().map(own).collect();
            self.0.write().unwrap_or_else(PoisonError::into_inner).add(documents)
        })
    }

    /// Removes documents; gives how many there were.
    pub fn remove(&self, ids: Vec<String>) -> Result<u64> {
        guarded(|| Ok(self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&ids) as u64))
    }

    /// The `n` best passages, best first.
    #[uniffi::method(default(n = 5))]
    pub fn search(&self, query: String, n: u32) -> Result<Vec<Passage>> {
        guarded(|| {
            let found =
                self.0.read().unwrap_or_else(PoisonError::into_inner).search(&query, n as usize);
            let passage = |p: mercato::nlp::Passage| Passage {
                id: p.id,
                title: p.title,
                text: p.text,
                start: p.start as u64,
                end: p.end as u64,
                score: p.score,
            };
            Ok(found.into_iter().map(passage).collect())
        })
    }

    /// How many documents there are.
    pub fn size(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}

/// Something found in a message.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Entity {
    /// First character.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// What it is: `order`, `phone`, `amount`, `date` ...
    pub kind: String,
    /// As it stands in the message.
    pub text: String,
    /// Normalised.
    pub value: String,
    /// How sure, 0 to 1.
    pub confidence: f32,
}

/// Finds orders, telephone numbers, amounts, dates and the like.
#[derive(uniffi::Object)]
pub struct EntityExtractor(mercato::nlp::EntityExtractor);

#[uniffi::export]
impl EntityExtractor {
    /// With the recognisers of retail.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>> {
        guarded(|| {
            let extractor =
                mercato::nlp::EntityExtractor::new(Patterns::Retail, &Names::default())?;
            Ok(Arc::new(Self(extractor)))
        })
    }

    /// The entities in their order, without overlaps.
    pub fn extract(&self, text: String) -> Result<Vec<Entity>> {
        guarded(|| {
            let entity = |e: mercato::nlp::Entity| Entity {
                start: e.start as u64,
                end: e.end as u64,
                kind: e.kind,
                text: e.text,
                value: e.value,
                confidence: e.confidence,
            };
            Ok(self.0.extract(&text, None).into_iter().map(entity).collect())
        })
    }
}

//! Customer-service language understanding, embedded: understand a message in microseconds, know
//! when it is not understood, answer from the shop's own knowledge with a citation, hand over to a
//! human at the right moment, and learn from what the human answered. English and Chinese first;
//! every script is read.

#![deny(missing_docs)]

mod assistant;
mod classify;
mod entities;
mod kernels;
mod knowledge;
mod linear;
mod summary;
pub mod text;

pub use assistant::{
    Action, Assistant, Flow, Handoff, Localized, Mood, Policy, Reply, Resolution, Risk,
    RiskCoverage, Session, Slot, risk_coverage,
};
pub use classify::{
    Assessment, Evaluation, Explanation, IntentClassifier, IntentModel, OutOfScope,
    SentimentClassifier, TextClassifier, TextModel, Tier, evaluate, evaluate_text,
};
pub use entities::{
    Dictionary, Entity, EntityExtractor, EntityTagger, Names, Patterns, Tagged, TaggerModel,
};
pub use knowledge::{Document, KnowledgeBase, KnowledgeOptions, Passage};
pub use mercato_core::{Error, ErrorCode, Id, Persist, Result, Run, Scored};
pub use summary::{summarize, summarize_turns};

//! Customer-service language understanding, embedded: understand a message in microseconds, know
//! when it is not understood, answer from the shop's own knowledge with a citation, hand over to a
//! human at the right moment, and learn from what the human answered. English and Chinese first;
//! every script is read.

#![deny(missing_docs)]

mod classify;
mod linear;
pub mod text;

pub use classify::{
    Assessment, Evaluation, Explanation, IntentClassifier, IntentModel, OutOfScope, TextClassifier,
    TextModel, evaluate, evaluate_text,
};
pub use mercato_core::{Error, ErrorCode, Id, Persist, Result, Run, Scored};

//! Classifiers of messages.

mod evaluate;
mod intent;
mod text;

pub use evaluate::{Evaluation, evaluate, evaluate_text};
pub use intent::{Assessment, IntentClassifier, IntentModel, OutOfScope};
pub use text::{Explanation, TextClassifier, TextModel};

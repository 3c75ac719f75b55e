//! Classifiers of messages.

mod evaluate;
mod intent;
mod sentiment;
mod text;

pub use evaluate::{Evaluation, evaluate, evaluate_text};
pub(crate) use intent::Remembered;
pub use intent::{Assessment, IntentClassifier, IntentModel, OutOfScope, Tier};
pub use sentiment::SentimentClassifier;
pub(crate) use text::in_range;
pub use text::{Explanation, TextClassifier, TextModel};

#[cfg(test)]
mod tests;

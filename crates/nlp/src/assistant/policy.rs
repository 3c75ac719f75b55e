//! When a human takes over.

use crate::classify::{IntentModel, in_range};
use mercato_core::{Error, Result, Run};
use serde::{Deserialize, Serialize};

/// When to hand over to a human.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// An intent below this probability is not acted upon; 0..=1, default 0.5.
    pub min_confidence: f32,
    /// While a question is open, another flow starts only from this probability; 0..=1, default 0.75.
    pub min_switch_confidence: f32,
    /// A passage must contain this share of the question's information to be quoted; 0..=1, default 0.5.
    pub min_coverage: f32,
    /// Messages in a row that may go without being understood; default 1: the second hands over.
    pub max_misunderstood: u32,
    /// How often one question may be asked; default 2.
    pub max_prompts: u32,
    /// Negative messages in a row that hand over; 0 = never, default 2.
    pub max_negative: u32,
    /// Probability of the negative label at which a message counts as negative; 0..=1, default 0.8.
    pub negative: f32,
    /// Words that ask for a human, in any case and width.
    pub requests: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        let requests = [
            "human",
            "real person",
            "agent",
            "representative",
            "operator",
            "speak to someone",
            "talk to someone",
            "人工",
            "转人工",
            "真人",
            "客服人员",
        ];
        Self {
            min_confidence: 0.5,
            min_switch_confidence: 0.75,
            min_coverage: 0.5,
            max_misunderstood: 1,
            max_prompts: 2,
            max_negative: 2,
            negative: 0.8,
            requests: requests.map(str::to_owned).into(),
        }
    }
}

impl Policy {
    /// Checks every field.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        in_range("min_confidence", self.min_confidence, 0.0, 1.0)?;
        in_range("min_switch_confidence", self.min_switch_confidence, 0.0, 1.0)?;
        in_range("min_coverage", self.min_coverage, 0.0, 1.0)?;
        in_range("negative", self.negative, 0.0, 1.0)?;
        in_range("max_prompts", self.max_prompts, 1, 100)
    }
}

/// Why a human takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handoff {
    /// The customer asked for it.
    Requested,
    /// Messages were not understood and nothing in the knowledge base answers them.
    NotUnderstood,
    /// The customer is getting angry.
    NegativeSentiment,
    /// The same question was asked too often.
    Loop,
    /// The matter is too serious to be settled by a program.
    HighRisk,
    /// There is no working model.
    NoModel,
}

/// One line of a [`risk_coverage`] report.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RiskCoverage {
    /// Confidence from which messages are answered.
    pub min_confidence: f32,
    /// Share of messages that are answered.
    pub coverage: f64,
    /// Share of the answered ones that are wrong.
    pub risk: f64,
}

/// What each choice of [`Policy::min_confidence`] would mean: how many messages the assistant
/// answers and how many of those wrongly, at confidences 0, 0.05, .. 0.95.
///
/// # Errors
/// `invalid_input` for lengths that differ; `not_enough_data` for no messages; `cancelled`,
/// `deadline_exceeded`.
pub fn risk_coverage<T: AsRef<str> + Sync, L: AsRef<str>>(
    model: &IntentModel,
    texts: &[T],
    labels: &[L],
    run: &Run,
) -> Result<Vec<RiskCoverage>> {
    if texts.len() != labels.len() {
        return Err(Error::invalid_input(format!(
            "{} texts and {} labels: there must be one label per text",
            texts.len(),
            labels.len()
        )));
    }
    if texts.is_empty() {
        return Err(Error::not_enough_data("no texts to report on"));
    }
    let best = model.classify_batch(texts, run)?;
    let line = |step: u8| {
        let min_confidence = f32::from(step) * 0.05;
        let answered = best.iter().zip(labels).filter(|(b, _)| b.1 >= min_confidence);
        let (n, wrong) = answered.fold((0u32, 0u32), |(n, wrong), (b, l)| {
            (n + 1, wrong + u32::from(model.labels()[b.0 as usize] != l.as_ref()))
        });
        RiskCoverage {
            min_confidence,
            coverage: f64::from(n) / texts.len() as f64,
            risk: f64::from(wrong) / f64::from(n.max(1)),
        }
    };
    Ok((0..20).map(line).collect())
}

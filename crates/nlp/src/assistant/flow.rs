//! Dialogue flows as data: which intents start one, what it must know, what it then does.

use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A text per language code; `en` stands in for a language that is missing.
pub type Localized = BTreeMap<String, String>;

pub(crate) fn in_language<'a>(text: &'a Localized, language: &str) -> &'a str {
    text.get(language)
        .or_else(|| text.get("en"))
        .or_else(|| text.values().next())
        .map_or("", String::as_str)
}

/// What a mistake in this flow would cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// The assistant may finish it alone.
    #[default]
    Low,
    /// A human takes over when the flow is complete.
    High,
}

/// Something a flow must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Name in templates and actions.
    pub name: String,
    /// Kind of entity that fills it; `text` takes the customer's whole next message.
    pub entity: String,
    /// What is asked when it is missing.
    pub prompt: Localized,
}

/// A declarative dialogue: asks for its slots, then names an action for the host to carry out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Unique name.
    pub name: String,
    /// Intents that start it.
    pub intents: Vec<String>,
    /// What it must know, in the order in which it is asked.
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// What the host should do when all slots are known.
    #[serde(default)]
    pub action: Option<String>,
    /// What is said then; `{slot}` is replaced.
    pub answer: Localized,
    /// What a mistake would cost.
    #[serde(default)]
    pub risk: Risk,
}

impl Flow {
    /// Order query, after-sale and complaint, in English and Chinese, for the intents
    /// `order_query`, `after_sale` and `complaint`.
    #[must_use]
    pub fn retail() -> Vec<Flow> {
        serde_json::from_str(include_str!("flows.json")).expect("the shipped flows are tested")
    }
}

pub(crate) fn check(flows: &[Flow]) -> Result<()> {
    for (i, flow) in flows.iter().enumerate() {
        if flows[..i].iter().any(|f| f.name == flow.name) {
            return Err(Error::invalid_params(format!("two flows are named {}", flow.name)));
        }
        if flow.intents.is_empty() {
            return Err(Error::invalid_params(format!("flow {} has no intents", flow.name)));
        }
    }
    Ok(())
}

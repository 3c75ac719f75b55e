//! Learning from what a human answered.

use super::Assistant;
use crate::knowledge::Document;
use mercato_core::{Error, Result, Run};
use serde::{Deserialize, Serialize};
use std::hash::Hasher;
use std::sync::Arc;

/// How many earlier models are kept.
const KEPT: usize = 8;

/// How much of the remembered examples a new model may get wrong that the old one got right.
const MAX_LOSS: f64 = 0.005;

/// What was learnt from a resolved ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// Id of the document that the answer became.
    pub document: String,
    /// Whether the intent model was replaced by one that has learnt the message.
    pub learnt: bool,
    /// Share of remembered examples that the old model gets right.
    pub accuracy_before: f64,
    /// The same of the new model, whether or not it was taken.
    pub accuracy_after: f64,
}

impl Assistant {
    /// Learns from a ticket that a human resolved: the answer becomes a document titled with the
    /// question, and the intent model learns the message. The new model is first tried in the
    /// shadow of the old one on the remembered examples, and left out when it does worse there.
    ///
    /// # Errors
    /// `invalid_input` for an empty ticket or intent; otherwise as
    /// [`IntentModel::learn`](crate::IntentModel::learn), in which case nothing is changed.
    pub fn resolve(
        &mut self,
        ticket: &str,
        intent: &str,
        answer: &str,
        run: &Run,
    ) -> Result<Resolution> {
        if ticket.trim().is_empty() {
            return Err(Error::invalid_input("the ticket is empty"));
        }
        let mut out = Resolution {
            document: document_id(ticket),
            learnt: false,
            accuracy_before: 0.0,
            accuracy_after: 0.0,
        };
        let mut candidate = None;
        if let Some(old) = &self.intents {
            let new = old.learn(&[ticket], &[intent], run)?;
            out.accuracy_before = old.accuracy_on_memory_of(old);
            out.accuracy_after = new.accuracy_on_memory_of(old);
            out.learnt = out.accuracy_after + MAX_LOSS >= out.accuracy_before;
            candidate = out.learnt.then(|| Arc::new(new));
        }
        if !answer.trim().is_empty() {
            self.knowledge.add(vec![Document::new(&out.document, ticket.trim(), answer.trim())])?;
        }
        if let Some(new) = candidate {
            self.earlier.extend(self.intents.replace(new));
            let surplus = self.earlier.len().saturating_sub(KEPT);
            self.earlier.drain(..surplus);
        }
        Ok(out)
    }

    /// Returns to the intent model before the last one learnt; `false` when there is none. Up to
    /// eight steps are kept. Documents stay: remove them from the knowledge base by their ids.
    pub fn rollback(&mut self) -> bool {
        match self.earlier.pop() {
            Some(model) => {
                self.intents = Some(model);
                true
            }
            None => false,
        }
    }
}

/// The same for the same ticket, so that a better answer replaces the first.
fn document_id(ticket: &str) -> String {
    let mut h = rustc_hash::FxHasher::default();
    h.write(crate::text::fold(ticket.trim()).as_bytes());
    format!("resolved-{:016x}", h.finish())
}

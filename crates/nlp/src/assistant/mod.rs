//! A help desk that knows when to ask a human.
//!
//! **What.** Each message is read once for intent, entities and mood; a flow asks for what it still
//! needs and names an action for the host to carry out; questions are answered from the knowledge
//! base with citations; a policy says when a human takes over; what the human answers is learnt,
//! behind a check and with a way back. **When.** In front of any shop's support inbox; all state is
//! in a [`Session`] that serialises. **Cost.** That of its parts: tens of microseconds a message.

mod flow;
mod policy;
mod resolve;

pub use flow::{Flow, Localized, Risk, Slot};
pub use policy::{Handoff, Policy, RiskCoverage, risk_coverage};
pub use resolve::Resolution;

use crate::classify::{Assessment, IntentModel, TextModel};
use crate::entities::{Dictionary, Entity, EntityExtractor};
use crate::knowledge::{KnowledgeBase, Passage};
use crate::text::fold;
use flow::in_language;
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state of one conversation. Plain data: keep it wherever you like between messages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// Language of the last message that had letters: `en` or `zh`.
    pub language: String,
    /// The flow under way.
    pub flow: Option<String>,
    /// The slot that was asked for.
    pub asked: Option<String>,
    /// How often it was asked for.
    pub prompts: u32,
    /// What is known so far; it is carried over from flow to flow.
    pub slots: BTreeMap<String, String>,
    /// Messages in a row that were not understood.
    pub misunderstood: u32,
    /// Negative messages in a row.
    pub negative: u32,
    /// Why a human has taken over, once one has.
    pub handoff: Option<Handoff>,
    /// Number of messages so far.
    pub turns: u32,
}

/// What the host should do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Name, from the flow.
    pub name: String,
    /// What the flow has gathered.
    pub slots: BTreeMap<String, String>,
}

/// The answer to one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// What to tell the customer.
    pub text: String,
    /// The intent acted upon.
    pub intent: Option<String>,
    /// Its probability; 0 without one.
    pub confidence: f32,
    /// The passages that the text quotes.
    pub citations: Vec<Passage>,
    /// Entities found in the message.
    pub entities: Vec<Entity>,
    /// What is known in this conversation.
    pub slots: BTreeMap<String, String>,
    /// What the host should do now.
    pub action: Option<Action>,
    /// Whether a human takes over.
    pub handoff: bool,
    /// Why.
    pub reason: Option<Handoff>,
}

/// Tells negative messages from others.
#[derive(Debug, Clone)]
pub struct Mood {
    /// A sentiment model.
    pub model: Arc<TextModel>,
    /// Its label for negative messages.
    pub negative: String,
}

/// The parts of a help desk.
#[derive(Debug, Clone, Default)]
pub struct Assistant {
    intents: Option<Arc<IntentModel>>,
    /// Earlier models, for [`Assistant::rollback`].
    earlier: Vec<Arc<IntentModel>>,
    entities: EntityExtractor,
    knowledge: KnowledgeBase,
    flows: Vec<Flow>,
    policy: Policy,
    mood: Option<Mood>,
}

impl Assistant {
    /// An assistant. Without an intent model every message goes to a human, with that reason.
    ///
    /// # Errors
    /// `invalid_params` for a policy out of range, flows of one name or flows without intents.
    pub fn new(
        intents: Option<Arc<IntentModel>>,
        entities: EntityExtractor,
        knowledge: KnowledgeBase,
        flows: Vec<Flow>,
        policy: Policy,
    ) -> Result<Self> {
        policy.check()?;
        flow::check(&flows)?;
        Ok(Self { intents, entities, knowledge, flows, policy, ..Self::default() })
    }

    /// Watches the customer's mood with a sentiment model.
    ///
    /// # Errors
    /// `invalid_params` when the model has no such label.
    pub fn with_mood(mut self, mood: Mood) -> Result<Self> {
        if !mood.model.labels().contains(&mood.negative) {
            return Err(Error::invalid_params(format!(
                "the sentiment model has no label {}, only {}",
                mood.negative,
                mood.model.labels().join(", ")
            )));
        }
        self.mood = Some(mood);
        Ok(self)
    }

    /// The intent model in use.
    #[must_use]
    pub fn intents(&self) -> Option<&Arc<IntentModel>> {
        self.intents.as_ref()
    }

    /// The knowledge base.
    #[must_use]
    pub fn knowledge(&self) -> &KnowledgeBase {
        &self.knowledge
    }

    /// The knowledge base, to change it.
    pub fn knowledge_mut(&mut self) -> &mut KnowledgeBase {
        &mut self.knowledge
    }

    /// Answers one message and moves the session on. `tenant` adds names for this call.
    pub fn reply(&self, session: &mut Session, text: &str, tenant: Option<&Dictionary>) -> Reply {
        session.turns += 1;
        if let Some(language) = language(text) {
            session.language = language.into();
        } else if session.language.is_empty() {
            session.language = "en".into();
        }
        let entities = self.entities.extract(text, tenant);
        if let Some(reason) = session.handoff {
            return self.hand_over(session, reason, entities);
        }
        let folded = fold(text);
        if self.policy.requests.iter().any(|r| contains_word(&folded, &fold(r))) {
            return self.hand_over(session, Handoff::Requested, entities);
        }
        let Some(model) = &self.intents else {
            return self.hand_over(session, Handoff::NoModel, entities);
        };
        if self.is_negative(text) {
            session.negative += 1;
        } else {
            session.negative = 0;
        }
        if self.policy.max_negative > 0 && session.negative >= self.policy.max_negative {
            return self.hand_over(session, Handoff::NegativeSentiment, entities);
        }
        let assessment = model.assess(text, 1);
        let understood = self.understood(&assessment);
        let current = session.flow.as_ref().and_then(|n| self.flows.iter().find(|f| f.name == *n));
        let started = understood
            .as_ref()
            .and_then(|(intent, _)| self.flows.iter().find(|f| f.intents.contains(intent)));

        // An answer to the open question goes before a new intent.
        if let Some(flow) = current {
            let asked = flow.slots.iter().find(|s| Some(&s.name) == session.asked.as_ref());
            let free = asked.is_some_and(|s| s.entity == "text");
            let fills = asked.is_some_and(|s| entities.iter().any(|e| e.kind == s.entity));
            let sure = assessment
                .intents
                .first()
                .is_some_and(|b| b.score >= self.policy.min_switch_confidence);
            let other = sure && started.is_some_and(|f| f.name != flow.name);
            if fills || (!other && (free || asked.is_some())) {
                if let (true, Some(slot)) = (free, asked) {
                    session.slots.insert(slot.name.clone(), text.trim().to_owned());
                }
                return self.advance(session, flow, understood, entities);
            }
        }
        if let Some(flow) = started {
            session.prompts = 0;
            session.asked = None;
            return self.advance(session, flow, understood, entities);
        }
        if let Some(p) = self
            .knowledge
            .search(text, 1)
            .into_iter()
            .find(|p| p.coverage >= self.policy.min_coverage)
        {
            session.misunderstood = 0;
            let text = p.text.clone();
            return reply(session, text, understood, entities, vec![p]);
        }
        session.misunderstood += 1;
        if session.misunderstood > self.policy.max_misunderstood {
            return self.hand_over(session, Handoff::NotUnderstood, entities);
        }
        let text = say(
            session,
            "I did not quite understand. Could you put it another way?",
            "抱歉，我没有理解。可以换个说法吗？",
        );
        reply(session, text, None, entities, Vec::new())
    }

    fn understood(&self, a: &Assessment) -> Option<(String, f32)> {
        let best = a.intents.first()?;
        let sure = !a.out_of_scope.rejected && best.score >= self.policy.min_confidence;
        sure.then(|| (best.id.to_string(), best.score))
    }

    fn is_negative(&self, text: &str) -> bool {
        self.mood.as_ref().is_some_and(|m| {
            m.model
                .classify(text, 1)
                .first()
                .is_some_and(|s| s.id.to_string() == m.negative && s.score >= self.policy.negative)
        })
    }

    /// Fills slots, asks for the next missing one, or finishes the flow.
    fn advance(
        &self,
        session: &mut Session,
        flow: &Flow,
        understood: Option<(String, f32)>,
        entities: Vec<Entity>,
    ) -> Reply {
        session.misunderstood = 0;
        session.flow = Some(flow.name.clone());
        for slot in &flow.slots {
            if let Some(e) = entities.iter().find(|e| e.kind == slot.entity) {
                session.slots.insert(slot.name.clone(), e.value.clone());
            }
        }
        if let Some(slot) = flow.slots.iter().find(|s| !session.slots.contains_key(&s.name)) {
            let again = session.asked.as_deref() == Some(slot.name.as_str());
            session.prompts = if again { session.prompts + 1 } else { 1 };
            session.asked = Some(slot.name.clone());
            if session.prompts > self.policy.max_prompts {
                return self.hand_over(session, Handoff::Loop, entities);
            }
            let text = in_language(&slot.prompt, &session.language).to_owned();
            return reply(session, text, understood, entities, Vec::new());
        }
        let mut text = in_language(&flow.answer, &session.language).to_owned();
        let slots: BTreeMap<String, String> = flow
            .slots
            .iter()
            .filter_map(|s| Some((s.name.clone(), session.slots.get(&s.name)?.clone())))
            .collect();
        for (name, value) in &slots {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        // What a customer wrote freely belongs to this flow; numbers are carried over.
        for slot in flow.slots.iter().filter(|s| s.entity == "text") {
            session.slots.remove(&slot.name);
        }
        session.flow = None;
        session.asked = None;
        session.prompts = 0;
        let mut out = reply(session, text, understood, entities, Vec::new());
        out.slots.extend(slots.clone());
        out.action = flow.action.clone().map(|name| Action { name, slots });
        if flow.risk == Risk::High {
            session.handoff = Some(Handoff::HighRisk);
            out.handoff = true;
            out.reason = session.handoff;
        }
        out
    }

    fn hand_over(&self, session: &mut Session, why: Handoff, entities: Vec<Entity>) -> Reply {
        session.handoff = Some(why);
        let text = say(
            session,
            "I am passing you on to a colleague, who will see what we have written so far.",
            "正在为您转接人工客服，同事会看到我们之前的对话。",
        );
        let mut out = reply(session, text, None, entities, Vec::new());
        out.handoff = true;
        out.reason = Some(why);
        out
    }
}

fn say(session: &Session, en: &str, zh: &str) -> String {
    if session.language == "zh" { zh } else { en }.to_owned()
}

fn reply(
    session: &Session,
    text: String,
    understood: Option<(String, f32)>,
    entities: Vec<Entity>,
    citations: Vec<Passage>,
) -> Reply {
    let (intent, confidence) = understood.map_or((None, 0.0), |(i, c)| (Some(i), c));
    Reply {
        text,
        intent,
        confidence,
        citations,
        entities,
        slots: session.slots.clone(),
        action: None,
        handoff: false,
        reason: None,
    }
}

/// `zh` when there is a Chinese character, `en` when there is another letter.
fn language(text: &str) -> Option<&'static str> {
    let han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    if text.chars().any(han) {
        return Some("zh");
    }
    text.chars().any(char::is_alphabetic).then_some("en")
}

/// Whether `word` occurs in `text`, not inside a longer Latin word.
fn contains_word(text: &str, word: &str) -> bool {
    let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let inside = latin(text[..at].chars().next_back()) && latin(word.chars().next())
                || latin(text[at + word.len()..].chars().next()) && latin(word.chars().next_back());
            !inside
        })
}

#[cfg(test)]
mod tests;

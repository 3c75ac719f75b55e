use super::*;
use crate::{IntentClassifier, Mood, Run, SentimentClassifier};
use serde_json::Value;

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/vectors/dialogues.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn assistant(golden: &Value) -> Assistant {
    let (mut texts, mut labels) = (vec![], vec![]);
    for (intent, examples) in golden["examples"].as_object().unwrap() {
        for e in examples.as_array().unwrap() {
            texts.push(e.as_str().unwrap());
            labels.push(intent.as_str());
        }
    }
    let model = IntentClassifier::default()
        .min_count(1)
        .fit(&texts, &labels, &[""; 0], &Run::seed(0))
        .unwrap();
    let mut kb = KnowledgeBase::default();
    kb.add(serde_json::from_value(golden["documents"].clone()).unwrap()).unwrap();
    let entities = EntityExtractor::default();
    Assistant::new(Some(Arc::new(model)), entities, kb, Flow::retail(), Policy::default()).unwrap()
}

#[test]
fn golden_dialogues_go_as_written() {
    let golden = golden();
    let desk = assistant(&golden);
    for dialogue in golden["dialogues"].as_array().unwrap() {
        let mut session = Session::default();
        for turn in dialogue["turns"].as_array().unwrap() {
            // State survives being stored between messages.
            session = serde_json::from_str(&serde_json::to_string(&session).unwrap()).unwrap();
            let reply = desk.reply(&mut session, turn["say"].as_str().unwrap(), None);
            let seen = serde_json::to_value(&reply).unwrap();
            let at = format!("{}: {} -> {seen}", dialogue["name"], turn["say"]);
            for (field, wanted) in turn.as_object().unwrap() {
                match field.as_str() {
                    "say" => {}
                    "action" => {
                        let name = reply.action.as_ref().map(|a| a.name.as_str());
                        assert_eq!(name, wanted.as_str(), "{at}");
                    }
                    "cites" => {
                        let id = reply.citations.first().map(|p| p.id.as_str());
                        assert_eq!(id, wanted.as_str(), "{at}");
                    }
                    "slots" => {
                        for (slot, value) in wanted.as_object().unwrap() {
                            assert_eq!(&seen["slots"][slot], value, "{at}");
                        }
                    }
                    field => assert_eq!(&seen[field], wanted, "{at}"),
                }
            }
        }
    }
}

#[test]
fn without_a_model_every_message_goes_to_a_human_with_the_reason() {
    let desk = Assistant::default();
    let reply = desk.reply(&mut Session::default(), "hello", None);
    assert_eq!((reply.handoff, reply.reason), (true, Some(Handoff::NoModel)));
}

#[test]
fn an_angry_customer_gets_a_human() {
    let texts = ["太差了", "垃圾东西，差", "很好", "喜欢，很好", "差，太差", "非常好"];
    let labels = ["neg", "neg", "pos", "pos", "neg", "pos"];
    let model =
        SentimentClassifier::default().min_count(1).fit(&texts, &labels, &Run::seed(0)).unwrap();
    let mood = Mood { model: Arc::new(model), negative: "neg".into() };
    let mut desk = assistant(&golden()).with_mood(mood.clone()).unwrap();
    desk.policy.negative = 0.6;
    let mut session = Session::default();
    assert!(!desk.reply(&mut session, "太差了", None).handoff);
    let second = desk.reply(&mut session, "太差，垃圾", None);
    assert_eq!(second.reason, Some(Handoff::NegativeSentiment));
    assert!(Assistant::default().with_mood(Mood { negative: "angry".into(), ..mood }).is_err());
}

#[test]
fn what_a_human_answered_is_known_afterwards_and_can_be_rolled_back() {
    let mut desk = assistant(&golden());
    let question = "can i pay with a gift voucher";
    let before = desk.intents().unwrap().clone();
    let run = Run::seed(0);
    let r = desk.resolve(question, "payment", "Yes, vouchers work at checkout.", &run).unwrap();
    assert!(r.learnt && r.accuracy_after >= r.accuracy_before - 0.005, "{r:?}");
    assert!(desk.intents().unwrap().labels().contains(&"payment".to_owned()));
    let reply = desk.reply(&mut Session::default(), "pay with a gift voucher?", None);
    assert_eq!(reply.citations[0].id, r.document);
    assert!(reply.text.contains("checkout"));
    assert!(desk.rollback());
    assert!(Arc::ptr_eq(desk.intents().unwrap(), &before));
    assert!(!desk.rollback());
    assert!(desk.resolve(" ", "x", "y", &run).is_err());
}

#[test]
fn a_word_inside_another_is_no_request_for_a_human() {
    assert!(!contains_word("a humane agenda", "human"));
    assert!(contains_word("get me a human!", "human"));
    assert!(contains_word("请转人工服务", "人工"));
}

#[test]
fn flows_of_one_name_are_refused() {
    let mut flows = Flow::retail();
    flows.push(flows[0].clone());
    let parts = (EntityExtractor::default(), KnowledgeBase::default());
    let e = Assistant::new(None, parts.0, parts.1, flows, Policy::default()).unwrap_err();
    assert_eq!(e.code(), mercato_core::ErrorCode::InvalidParams);
}

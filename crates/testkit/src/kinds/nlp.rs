//! Models of language.

use super::{Kind, kind};
use mercato::nlp::{
    Document, EntityExtractor, EntityTagger, IntentClassifier, IntentModel, KnowledgeBase,
    KnowledgeOptions, Names, Patterns, Tagged, TaggerModel, TextClassifier, TextModel,
};
use mercato::{Artifact, Persist, Result, Run};

pub(super) fn kinds() -> Vec<Kind> {
    vec![
        kind::<TextModel>(
            || {
                let (texts, labels) = messages();
                let classifier = TextClassifier::default().min_count(1).max_bytes(10_000);
                classifier.fit(&texts, &labels, &Run::seed(7))?.to_bytes()
            },
            |a| {
                let model = TextModel::from_artifact(a)?;
                for text in QUESTIONS {
                    let _ = (model.classify(text, 3), model.explain(text, 3));
                }
                model.predict_proba(QUESTIONS, &Run::default().with_threads(1)).map(drop)
            },
        ),
        kind::<IntentModel>(
            || {
                let (texts, labels) = messages();
                let classifier = IntentClassifier::default().min_count(1).max_bytes(10_000);
                classifier.fit(&texts, &labels, &["how old are you"], &Run::seed(7))?.to_bytes()
            },
            |a| {
                let model = IntentModel::from_artifact(a)?;
                for text in QUESTIONS {
                    let _ = (model.assess(text, 3), model.explain(text, 3));
                }
                let run = Run::default().with_threads(1);
                model.classify_batch(QUESTIONS, &run)?;
                model.learn(&["do you sell gift cards"], &["gift_card"], &run).map(drop)
            },
        ),
        kind::<KnowledgeBase>(knowledge, ask_knowledge),
        kind::<TaggerModel>(tagger, |a| {
            let model = TaggerModel::from_artifact(a)?;
            let extractor = EntityExtractor::new(Patterns::Retail, &Names::default())?;
            let extractor = extractor.with_tagger(model.into());
            for text in QUESTIONS.iter().chain(&["a red mug and a blue cup"]) {
                drop(extractor.extract(text, None));
            }
            Ok(())
        }),
    ]
}

/// Messages and what they are about.
fn messages() -> (Vec<&'static str>, Vec<&'static str>) {
    [
        ("where is my parcel", "track"),
        ("track my order please", "track"),
        ("\u{6211}\u{7684}\u{5305}\u{88F9}\u{5230}\u{54EA}\u{4E86}", "track"),
        ("I want my money back", "refund"),
        ("refund please", "refund"),
        ("\u{6211}\u{8981}\u{9000}\u{6B3E}", "refund"),
        ("do you have this in blue", "stock"),
        ("is the red one in stock", "stock"),
        ("when will it be back in stock", "stock"),
    ]
    .into_iter()
    .unzip()
}

/// What a model of messages is asked.
const QUESTIONS: &[&str] =
    &["where is my order", "\u{60F3}\u{9000}\u{6B3E}", "", "\u{1F44B}\u{0301}", "4711"];

fn tagger() -> Result<Vec<u8>> {
    let tagged = |text: &str, start: usize, end: usize| Tagged {
        text: text.to_owned(),
        spans: vec![(start, end, "colour".to_owned())],
    };
    let examples = [
        tagged("a red mug", 2, 5),
        tagged("a blue mug", 2, 6),
        tagged("the red cup", 4, 7),
        tagged("one blue cup please", 4, 8),
    ];
    let tagger = EntityTagger { min_count: 1, ..Default::default() };
    tagger.fit(&examples, &Run::seed(7).with_threads(1))?.to_bytes()
}

fn knowledge() -> Result<Vec<u8>> {
    let mut kb = KnowledgeBase::new(KnowledgeOptions { passage_chars: 40, ..Default::default() })?;
    kb.add(vec![
        Document::new("returns", "Returns", "Return any item within 30 days. Keep the receipt."),
        Document::new("shipping", "\u{8FD0}\u{8D39}", "\u{6EE1}99\u{5143}\u{5305}\u{90AE}\u{3002}"),
        Document::new("gone", "Gone", "This was removed."),
        Document::new("blank", "", ""),
    ])?;
    kb.remove(&["gone"]);
    kb.to_bytes()
}

fn ask_knowledge(a: &Artifact) -> Result<()> {
    let mut kb = KnowledgeBase::from_artifact(a)?;
    for question in QUESTIONS.iter().chain(&["how long to return", "\u{8FD0}\u{8D39}", "receipt"]) {
        drop(kb.search(question, 3));
    }
    let ids: Vec<String> = kb.ids().map(str::to_owned).collect();
    let known = ids.iter().filter(|id| kb.document(id).is_some()).count();
    assert_eq!(known, ids.len());
    kb.add(vec![Document::new("new", "New", "Said today, to be found today.")])?;
    drop(kb.search("said today", 2));
    kb.remove(&ids);
    drop(kb.search("receipt", 2));
    Ok(())
}

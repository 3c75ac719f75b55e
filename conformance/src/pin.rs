//! Writing the answers of a new golden artifact down, once.

use crate::{Question, QuestionFile, bits, golden_model};
use mercato::{Id, Result};
use serde_json::{Value, json};
use std::fmt::Write;

/// The text of `recommendations/<kind>-v<version>.json` for a golden recommender.
///
/// # Errors
/// Those of opening the artifact.
pub fn recommendations(golden: &str) -> Result<String> {
    let model = golden_model(golden)?;
    let catalog = model.catalog();
    let item = |i: u32| catalog.items().id(i).to_id();
    let user = |i: u32| catalog.users().id(i).to_id();

    let mut recommend = Vec::new();
    let mut to = |name: &str, who: Id, n: usize, rest: Value| {
        let mut question = json!({"name": name, "user": who, "n": n});
        let (Value::Object(fields), Value::Object(rest)) = (&mut question, rest) else { return };
        fields.extend(rest);
        recommend.push(serde_json::from_value::<Question>(question).expect("made of fields"));
    };
    for i in 0..catalog.users().len() as u32 {
        to("what is new to them", user(i), 5, json!({}));
    }
    to("seen items too", user(0), 100, json!({"exclude_seen": false}));
    to("none", user(0), 0, json!({}));
    to("text", user(1), 10, json!({"exclude_seen": false, "where": {"category": ["toys", "tea"]}}));
    to("range", user(1), 10, json!({"where": {"price": {"ge": 2, "lt": 7}}}));
    to(
        "missing or tag",
        user(2),
        10,
        json!({"where": {"any": [{"category": null}, {"tags": "red"}]}}),
    );
    to("not new", user(2), 10, json!({"exclude_seen": false, "where": {"not": {"new": true}}}));
    to("nothing passes", user(2), 10, json!({"where": {"category": "unheard of"}}));
    to(
        "among three",
        user(3),
        10,
        json!({"exclude_seen": false, "items": [item(0), item(3), item(5), "unknown"]}),
    );
    to("history", user(3), 5, json!({"history": [[item(1), 1.0], [item(2), 3.0]]}));
    to("a stranger with a history", "stranger".into(), 5, json!({"history": [[item(0), 2.0]]}));
    to("a stranger without one", "stranger".into(), 5, json!({"history": []}));
    to("a stranger", "stranger".into(), 5, json!({}));
    to("an unknown attribute", user(0), 5, json!({"where": {"colour": "red"}}));
    let alike = |i: u32, n: usize| {
        let question = json!({"name": "like it", "item": item(i), "n": n});
        serde_json::from_value::<Question>(question).expect("made of fields")
    };
    let mut similar: Vec<Question> =
        (0..catalog.items().len() as u32).map(|i| alike(i, 4)).collect();
    similar.push(alike(0, 100));

    for question in recommend.iter_mut().chain(&mut similar) {
        match question.ask(&*model) {
            Ok(top) => question.expect = Some(bits(&top)),
            Err(e) => question.error = Some(e.code().to_string()),
        }
    }
    let file = QuestionFile { golden: golden.to_owned(), recommend, similar };
    Ok(one_line_a_case(&serde_json::to_value(&file).expect("plain data")))
}

/// JSON with one line for each case, so that changes can be read.
fn one_line_a_case(file: &Value) -> String {
    let mut out = String::from("{");
    for (i, (key, value)) in file.as_object().into_iter().flatten().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(out, "{comma}\n  {}: ", Value::from(key.as_str()));
        match value {
            Value::Array(cases) => {
                let lines: Vec<String> = cases.iter().map(|c| format!("\n    {c}")).collect();
                let _ = write!(out, "[{}\n  ]", lines.join(","));
            }
            other => out += &other.to_string(),
        }
    }
    out + "\n}\n"
}

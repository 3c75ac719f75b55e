//! Every textbook case holds: integers exactly, real numbers to 1e-6 relative.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "replenish/dispatch.rs"]
mod dispatch;

use dispatch::{answer, deviation};
use serde_json::{Value, json};

fn load(name: &str) -> Value {
    let path = format!("{}/../../testdata/replenish/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The arguments of network instances, which `textbook_cases.json` names but does not contain.
fn network_args<'a>(book: &'a Value, case: &Value) -> Option<&'a Value> {
    book["cases"]
        .as_array()?
        .iter()
        .find(|c| c["case"] == case["case"] && c["function"] == case["function"])
        .map(|c| &c["args"])
}

/// A reference result as a list in the order of the function's return values.
fn as_list(case: &Value) -> Value {
    let r = &case["result"];
    let pick =
        |keys: &[&str]| -> Vec<Value> { keys.iter().filter_map(|k| r.get(*k).cloned()).collect() };
    let by_stage = |v: &Value, downstream_first: bool| -> Value {
        let mut stages: Vec<(i64, Value)> =
            v.as_object().unwrap().iter().map(|(k, x)| (k.parse().unwrap(), x.clone())).collect();
        stages.sort_by_key(|s| if downstream_first { -s.0 } else { s.0 });
        Value::Array(stages.into_iter().map(|s| s.1).collect())
    };
    let function = case["function"].as_str().unwrap();
    Value::Array(match function {
        "eoq.economic_order_quantity_with_backorders" => pick(&["Q", "x", "cost"]),
        "wagner_whitin.wagner_whitin" => pick(&["Q", "cost", "theta", "s"]),
        f if f.starts_with("eoq.") || f.starts_with("supply") => pick(&["Q", "region", "cost"]),
        f if f.starts_with("newsvendor") => pick(&["S", "cost"]),
        f if f.starts_with("ss.") => pick(&["s", "S", "cost"]),
        f if f.starts_with("rq.") => pick(&["r", "Q", "cost"]),
        f if f.starts_with("ssm") => vec![by_stage(&r["S"], true), r["cost"].clone()],
        f if f.starts_with("gsm_serial") => vec![by_stage(&r["cst"], true), r["cost"].clone()],
        f if f.starts_with("gsm_tree") => vec![by_stage(&r["cst"], false), r["cost"].clone()],
        other => panic!("{other}"),
    })
}

#[test]
fn every_textbook_case_holds_to_1e_6() {
    let (cases, book) = (load("textbook_cases.json"), load("book_cases.json"));
    let cases = cases["cases"].as_array().unwrap();
    assert!(cases.len() >= 27);
    for c in cases {
        let function = c["function"].as_str().unwrap();
        let args = if function.starts_with("ssm") || function.starts_with("gsm") {
            network_args(&book, c).unwrap()
        } else {
            &c["args"]
        };
        let ours = answer(function, args).unwrap();
        let theirs = as_list(c);
        let off = deviation(&ours, &theirs);
        assert!(off <= 1e-6, "{} {function}: {ours} against {theirs}, off by {off}", c["case"]);
    }
}

#[test]
fn every_further_instance_of_the_book_holds_to_1e_6() {
    let book = load("book_cases.json");
    for c in book["cases"].as_array().unwrap() {
        let function = c["function"].as_str().unwrap();
        let ours = answer(function, &c["args"]).unwrap();
        let off = deviation(&ours, &c["result"]);
        assert!(off <= 1e-6, "{} {function}: {ours} against {}, {off}", c["case"], c["result"]);
    }
}

#[test]
fn the_published_poisson_policies_of_zheng_and_federgruen_hold() {
    let cases = load("textbook_cases.json");
    let t = &cases["zheng_federgruen_1991"];
    for row in t["rows"].as_array().unwrap() {
        let args = json!([t["h"], t["p"], t["K"], true, row["mu"]]);
        let ours = answer("ss.s_s_discrete_exact", &args).unwrap();
        assert_eq!(ours[0].as_f64(), row["s"].as_f64(), "{row} {ours}");
        assert_eq!(ours[1].as_f64(), row["S"].as_f64(), "{row} {ours}");
        let cost = ours[2].as_f64().unwrap();
        assert!((cost - row["cost"].as_f64().unwrap()).abs() <= 5.1e-4, "{row} {ours}");
    }
}

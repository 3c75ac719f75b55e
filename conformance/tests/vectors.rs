//! All vectors, from Rust.

#![allow(clippy::unwrap_used)]

use mercato_conformance::{Verdict, errors, filters, metrics, recommendations};
use std::path::Path;

fn judge(file: &str, runner: fn(&str) -> Verdict, at_least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(file);
    match runner(&std::fs::read_to_string(path).unwrap()) {
        Ok(n) => assert!(n >= at_least, "{file} has only {n} cases"),
        Err(failures) => panic!("{file}:\n{}", failures.join("\n")),
    }
}

#[test]
fn filters_select_the_expected_items() {
    judge("filters.json", filters, 20);
}

#[test]
fn metrics_have_the_defined_values() {
    judge("metrics.json", metrics, 4);
}

#[test]
fn mistakes_give_the_documented_codes() {
    judge("errors.json", errors, 25);
}

#[test]
fn golden_artifacts_give_the_same_ids_and_bits_as_ever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/recommendations");
    let files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(files.len() >= 3);
    for file in files {
        judge(&format!("recommendations/{}", file.to_string_lossy()), recommendations, 20);
    }
}

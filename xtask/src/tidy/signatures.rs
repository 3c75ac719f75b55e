//! Third-party types stay out of public signatures, so that any of them can be replaced.

use super::manifest::members;
use super::source::{code_without_interop, has_word, is_interop_file};
use super::{Finding, Tree};

/// Crates that are vocabulary, not machinery: serialisation of parameters and plain-data markers.
const VOCABULARY: &[&str] = &["serde", "serde_json", "bytemuck", "thiserror"];

const ITEMS: &[&str] = &[
    "pub fn ",
    "pub async fn ",
    "pub const fn ",
    "pub unsafe fn ",
    "pub struct ",
    "pub enum ",
    "pub union ",
    "pub type ",
    "pub trait ",
    "pub use ",
    "pub static ",
    "pub const ",
    "pub mod ",
    "pub extern crate ",
];

pub fn no_third_party_types_in_public(tree: &Tree) -> Vec<Finding> {
    let mut out = Vec::new();
    for m in members(tree).iter().filter(|m| m.path.starts_with("crates/")) {
        let source = m.path.replace("Cargo.toml", "src/");
        let crates: Vec<String> = m
            .dependencies
            .iter()
            .filter(|d| !d.is_internal() && !d.is_dev() && !VOCABULARY.contains(&d.package()))
            .map(|d| d.name.replace('-', "_"))
            .collect();
        let files = tree.library_sources();
        for (path, text) in
            files.filter(|(p, _)| p.starts_with(&source) && !is_interop_file(tree, p))
        {
            out.extend(in_file(path, &code_without_interop(text), &crates));
        }
    }
    out
}

fn in_file(path: &str, text: &str, crates: &[String]) -> Vec<Finding> {
    let foreign: Vec<String> = crates.iter().cloned().chain(imported(text, crates)).collect();
    signatures(text)
        .into_iter()
        .filter_map(|(line, signature)| {
            let name = foreign.iter().find(|name| has_word(&signature, name))?;
            let what =
                format!("{name} in a public signature outside interop: {}", shorten(&signature));
            Some(Finding::new(path, line, what))
        })
        .collect()
}

fn shorten(signature: &str) -> String {
    let one_line: Vec<&str> = signature.split_whitespace().collect();
    one_line.join(" ").chars().take(80).collect()
}

/// Names that `use foreign::{...}` brings into the file.
fn imported(text: &str, crates: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for statement in text.split(';') {
        let Some(at) = statement.rfind("use ") else { continue };
        let path = statement[at + 4..].trim().trim_start_matches("::");
        let head = path.split("::").next().unwrap_or_default().trim();
        if !crates.iter().any(|c| c == head) {
            continue;
        }
        let separators = |c: char| !(c.is_alphanumeric() || c == '_');
        let words: Vec<&str> = path.split(separators).filter(|w| !w.is_empty()).collect();
        // Types begin with a capital; `as` renames are covered because both names are listed.
        let types = words.iter().filter(|w| w.starts_with(char::is_uppercase));
        names.extend(types.map(|w| (*w).to_owned()));
    }
    names
}

/// Public signatures with the line on which each begins: functions and type aliases up to their
/// body, and the public fields of structs.
fn signatures(text: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (i, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let begins = ITEMS.iter().any(|item| trimmed.starts_with(item));
        if begins {
            out.push((i + 1, String::new()));
            open = true;
        } else if !open && is_public_field(trimmed) {
            out.push((i + 1, trimmed.to_owned()));
        }
        if let (true, Some((_, signature))) = (open, out.last_mut()) {
            let is_use = signature.starts_with("pub use") || trimmed.starts_with("pub use");
            let end = if is_use { line.find(';') } else { line.find(['{', ';']) };
            signature.push_str(&line[..end.unwrap_or(line.len())]);
            signature.push('\n');
            open = end.is_none();
        }
    }
    out
}

fn is_public_field(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("pub ") else { return false };
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    !name.is_empty() && rest[name.len()..].starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str) -> usize {
        let manifest = "[package]\nname = \"mercato-recsys\"\n[dependencies]\nndarray.workspace = true\nserde.workspace = true\n";
        let tree = Tree::of(&[("crates/recsys/Cargo.toml", manifest), (path, text)]);
        no_third_party_types_in_public(&tree).len()
    }

    #[test]
    fn a_foreign_type_in_a_public_signature_is_found() {
        let file = "crates/recsys/src/a.rs";
        assert_eq!(check(file, "pub fn f(a: &ndarray::Array2<f32>) {}"), 1);
        assert_eq!(
            check(file, "use ndarray::Array2;\npub fn f(\n    a: &Array2<f32>,\n) -> u8 {}"),
            1
        );
        assert_eq!(
            check(file, "use ndarray::{Array2};\npub struct S {\n    pub m: Array2<f32>,\n}"),
            1
        );
        assert_eq!(check(file, "pub use ndarray::Array2;"), 1);
        assert_eq!(check(file, "pub type M = ndarray::Array2<f32>;"), 1);
    }

    #[test]
    fn bodies_private_items_interop_and_vocabulary_are_free() {
        let file = "crates/recsys/src/a.rs";
        assert_eq!(check(file, "pub fn f() {\n    ndarray::arr1(&[1]);\n}"), 0);
        assert_eq!(
            check(
                file,
                "fn f(a: ndarray::Array2<f32>) {}\npub(crate) fn g(a: ndarray::Array2<f32>) {}"
            ),
            0
        );
        assert_eq!(check(file, "pub fn f<T: serde::Serialize>(t: T) {}"), 0);
        assert_eq!(
            check("crates/recsys/src/interop.rs", "pub fn f(a: ndarray::Array2<f32>) {}"),
            0
        );
    }
}

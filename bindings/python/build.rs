//! Carries the documentation of the library's Rust items into the Python docstrings.
//!
//! Writes a macro `docs!(recsys::Als)`, `docs!(recsys::Recommender::recommend)` ... with the text
//! of every public type, method and function of the crates. A name that no longer exists does
//! not compile, so docstrings cannot drift from their owner.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What stands between a record's text and the list of its fields.
const LIST: &str = "\n\nFields\n------\n";

fn main() -> io::Result<()> {
    let crates = Path::new("../../crates");
    println!("cargo:rerun-if-changed={}", crates.display());
    let mut docs = BTreeMap::new();
    for entry in fs::read_dir(crates)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        read_folder(&entry.path().join("src"), &name, &mut docs)?;
    }
    let mut arms = String::new();
    for (name, text) in &docs {
        writeln!(arms, "    ({name}) => {{ {text:?} }};").map_err(io::Error::other)?;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::write(out.join("docs.rs"), format!("macro_rules! docs {{\n{arms}}}\n"))
}

fn read_folder(folder: &Path, krate: &str, docs: &mut BTreeMap<String, String>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut paths = entries.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_folder(&path, krate, docs)?;
        } else if path.extension().is_some_and(|x| x == "rs") {
            read_file(&fs::read_to_string(&path)?, krate, docs);
        }
    }
    Ok(())
}

/// Relies on rustfmt: items of a file stand at the left margin, their methods and fields four
/// columns in, and a closing brace at the margin ends an item. Records that a macro of the crate
/// makes (`member! { /// Text. \n Name { ... } }`) are found by their name in the call.
fn read_file(text: &str, krate: &str, docs: &mut BTreeMap<String, String>) {
    let (mut owner, mut in_record, mut doc) = (None::<String>, false, Vec::new());
    let mut in_call = false;
    for line in text.lines() {
        let inner = line.trim_start();
        if let Some(text) = inner.strip_prefix("///") {
            doc.push(text.strip_prefix(' ').unwrap_or(text));
            continue;
        }
        if inner.starts_with("#[") || inner.starts_with(']') || inner.starts_with(')') {
            continue;
        }
        let words = inner.strip_prefix("pub ").unwrap_or(inner);
        let public = words.len() < inner.len();
        let name_after = |keyword: &str| words.strip_prefix(keyword).map(ident);
        let margin = line.len() == inner.len();
        if margin {
            in_call = line.ends_with("! {");
            let record = name_after("struct ").or_else(|| name_after("enum "));
            in_record = record.is_some() && line.ends_with('{');
            let opened = record.or_else(|| name_after("trait ")).filter(|_| public);
            let function = name_after("fn ").filter(|_| public);
            if let Some(name) = opened.clone().or(function) {
                docs.insert(format!("{krate}::{name}"), render(&doc));
            }
            if opened.is_some() {
                owner = opened;
            } else if words.starts_with("impl") {
                owner = implemented(words);
            }
        } else if in_call && !doc.is_empty() && inner.starts_with(char::is_uppercase) {
            let name = ident(inner);
            docs.insert(format!("{krate}::{name}"), render(&doc));
            owner = Some(name);
        } else if let (Some(owner), true) = (&owner, !doc.is_empty()) {
            let function = name_after("fn ").filter(|_| line.starts_with("    "));
            if let Some(name) = function {
                docs.insert(format!("{krate}::{owner}::{name}"), render(&doc));
            } else if (in_record && public) || (in_call && inner.contains(": ")) {
                let field = format!("{}: {}", ident(words), render(&doc).replace('\n', "\n    "));
                if let Some(text) = docs.get_mut(&format!("{krate}::{owner}")) {
                    text.push_str(if text.contains(LIST) { "\n" } else { LIST });
                    text.push_str(&field);
                }
            }
        }
        doc.clear();
    }
}

fn ident(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// `impl<T> Persist for AlsModel {` is about `AlsModel`.
fn implemented(line: &str) -> Option<String> {
    let head = line.split('{').next()?;
    let about = head.rsplit(" for ").next()?.trim_start_matches("impl").trim_start();
    let about = if about.starts_with('<') { about.split_once("> ")?.1 } else { about };
    Some(ident(about)).filter(|name| !name.is_empty())
}

/// Plain text: no examples in Rust, no link brackets.
fn render(doc: &[&str]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut in_code = false;
    for line in doc {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            continue;
        }
        let blank_again = line.is_empty() && out.last().is_some_and(String::is_empty);
        if !in_code && !blank_again {
            out.push(unlink(line));
        }
    }
    out.join("\n").trim().replace("::", ".")
}

/// "[`Als`](self)" becomes "`Als`", "see the [module](self)" becomes "see the module".
fn unlink(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((label, tail)) = after.split_once(']') else { break };
        let target = tail.strip_prefix('(').and_then(|t| t.split_once(')'));
        out.push_str(before);
        match target {
            Some((_, tail)) => {
                out.push_str(label);
                rest = tail;
            }
            None if label.starts_with('`') => {
                out.push_str(label);
                rest = tail;
            }
            None => {
                write!(out, "[{label}]").unwrap_or_default();
                rest = tail;
            }
        }
    }
    out + rest
}

//! `docs/errors.md`, made from the table of codes in `crates/core/src/error.rs`.
//!
//! The table is read as text, so that this tool needs no library of the product to be compiled.

use crate::paths;
use crate::sh::Outcome;
use std::fmt::Write;

pub const SOURCE: &str = "crates/core/src/error.rs";
pub const DOCUMENT: &str = "docs/errors.md";

/// How a code appears in each language.
struct Row {
    code: String,
    variant: String,
    description: String,
}

/// Regenerates the document.
pub fn write() -> Outcome {
    let root = paths::root();
    let source = std::fs::read_to_string(root.join(SOURCE))
        .map_err(|e| format!("cannot read {SOURCE}: {e}"))?;
    std::fs::write(root.join(DOCUMENT), render(&source)?)
        .map_err(|e| format!("cannot write {DOCUMENT}: {e}"))?;
    println!("wrote {DOCUMENT}");
    Ok(())
}

/// The document for this source text.
pub fn render(source: &str) -> Result<String, String> {
    let rows = table(source)?;
    let mut out = String::from(
        "# Error codes\n\n\
         <!-- Generated from the table in crates/core/src/error.rs by `cargo xtask docs`. -->\n\n\
         Every error carries a code, a one-line message for people, key/value context for logs, and its\n\
         cause. The code is the same in every language and never changes its meaning: match on it, not\n\
         on the message.\n\n\
         | code | when | Rust | Python |\n|---|---|---|---|\n",
    );
    for r in &rows {
        let python = python_class(&r.code);
        writeln!(
            out,
            "| `{}` | {} | `ErrorCode::{}` | `{python}` |",
            r.code, r.description, r.variant
        )
        .map_err(|e| e.to_string())?;
    }
    out.push_str(
        "\nIn Python every class derives from `MercatoError`, whose `code` and `context` hold the same\n\
         values, and also from the built-in exception named beside it.\n",
    );
    Ok(out)
}

/// The class and the built-in exception it also is.
fn python_class(code: &str) -> String {
    let class: String = code
        .split('_')
        .map(|w| w[..1].to_uppercase() + &w[1..])
        .chain(["Error".to_owned()])
        .collect();
    match code {
        "invalid_params" | "invalid_input" | "not_enough_data" => format!("{class}(ValueError)"),
        "unknown_id" => format!("{class}(KeyError)"),
        "io" => format!("{class}(OSError)"),
        _ => class,
    }
}

fn table(source: &str) -> Result<Vec<Row>, String> {
    let body = source
        .split_once("\ncodes! { $\n")
        .and_then(|(_, rest)| rest.split_once("\n}"))
        .map(|(body, _)| body)
        .ok_or_else(|| format!("{SOURCE} has no table `codes! {{ ... }}`"))?;
    let mut rows = Vec::new();
    let mut description = Vec::new();
    for line in body.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if let Some(doc) = line.strip_prefix("///") {
            description.push(doc.trim());
            continue;
        }
        let (variant, code) = line
            .trim_end_matches(',')
            .split_once(" = ")
            .ok_or_else(|| format!("{SOURCE}: cannot read the line {line:?} of the table"))?;
        rows.push(Row {
            code: code.trim_matches('"').to_owned(),
            variant: variant.to_owned(),
            description: description.join(" "),
        });
        description.clear();
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "x\ncodes! { $\n    /// Not there,\n    /// or hidden.\n    Io = \"io\",\n    /// Yes.\n    DeadlineExceeded = \"deadline_exceeded\",\n}\n";

    #[test]
    fn each_code_becomes_a_row_with_its_description() {
        let doc = render(TABLE).unwrap();
        assert!(
            doc.contains("| `io` | Not there, or hidden. | `ErrorCode::Io` | `IoError(OSError)` |")
        );
        assert!(doc.contains("| `deadline_exceeded` | Yes. | `ErrorCode::DeadlineExceeded` | `DeadlineExceededError` |"));
    }

    #[test]
    fn a_source_without_the_table_is_an_error() {
        assert!(render("fn main() {}").is_err());
        assert!(render("\ncodes! { $\n    strange\n}").is_err());
    }
}

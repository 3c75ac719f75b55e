//! Documents, test data and golden files keep up with the code.

use super::dependencies::direct_dependencies;
use super::manifest::dependencies;
use super::source::product_code;
use super::{Finding, Tree};
use crate::errors_doc;

const DEPENDENCIES: &str = "docs/dependencies.md";
const TEST_DATA: &str = "testdata/MANIFEST.md";

pub fn errors_document_is_current(tree: &Tree) -> Vec<Finding> {
    let finding = |what: String| vec![Finding::new(errors_doc::DOCUMENT, 0, what)];
    match errors_doc::render(tree.text(errors_doc::SOURCE).unwrap_or_default()) {
        Err(e) => finding(e),
        Ok(want) if tree.text(errors_doc::DOCUMENT) == Some(want.as_str()) => Vec::new(),
        Ok(_) => finding("out of date; run cargo xtask docs".to_owned()),
    }
}

pub fn every_dependency_is_accounted_for(tree: &Tree) -> Vec<Finding> {
    let document = tree.text(DEPENDENCIES).unwrap_or_default();
    direct_dependencies(tree)
        .into_iter()
        .filter(|name| !document.contains(&format!("`{name}`")))
        .map(|name| {
            let what =
                format!("no line says what {name} does for us, its licence and what leaving costs");
            Finding::new(DEPENDENCIES, 0, what)
        })
        .collect()
}

/// Every file of `testdata/` but the golden artifacts lies under a path that the manifest names
/// in backquotes.
pub fn test_data_is_attributed(tree: &Tree) -> Vec<Finding> {
    let manifest = tree.text(TEST_DATA).unwrap_or_default();
    let named: Vec<&str> = manifest.split('`').skip(1).step_by(2).collect();
    tree.paths()
        .filter_map(|p| Some((p, p.strip_prefix("testdata/")?)))
        .filter(|(p, _)| *p != TEST_DATA)
        .filter(|(_, inner)| !named.iter().any(|n| covers(n, inner)))
        .map(|(p, _)| Finding::new(p, 0, format!("{TEST_DATA} does not say where it came from")))
        .collect()
}

fn covers(named: &str, path: &str) -> bool {
    let named = named.trim_end_matches('/');
    path.strip_prefix(named).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Each version of each artifact kind that users can reach, because the facade exports its crate,
/// has a folder of golden files.
pub fn every_kind_has_golden_files(tree: &Tree) -> Vec<Finding> {
    let facade = dependencies(tree.text("crates/mercato/Cargo.toml").unwrap_or_default());
    let exported = |path: &str| {
        facade.iter().filter_map(|d| d.name.strip_prefix("mercato-")).any(|name| {
            path.strip_prefix("crates/")
                .and_then(|p| p.strip_prefix(name))
                .is_some_and(|p| p.starts_with('/'))
        })
    };
    let mut out = Vec::new();
    for (path, text) in tree.library_sources().filter(|(p, _)| exported(p)) {
        for (kind, version) in kinds(text) {
            for v in 1..=version {
                let folder = format!("testdata/artifacts/{kind}/v{v}/");
                if !tree.paths().any(|p| p.starts_with(&folder)) {
                    let what = format!("no golden file in {folder}; run cargo xtask golden");
                    out.push(Finding::new(path, 0, what));
                }
            }
        }
    }
    out
}

/// Artifact kinds and newest versions that a source file declares.
fn kinds(text: &str) -> Vec<(String, u16)> {
    let code = product_code(text);
    let mut out: Vec<(String, u16)> = Vec::new();
    for (raw, masked) in text.lines().zip(code.lines()) {
        let masked = masked.trim_start();
        if masked.starts_with("const KIND: &'static str =") {
            let name = raw.split('"').nth(1).unwrap_or_default();
            out.push((name.to_owned(), 1));
        } else if let Some(version) = masked.strip_prefix("const KIND_VERSION: u16 = ")
            && let (Some(last), Ok(v)) = (out.last_mut(), version.trim_end_matches(';').parse())
        {
            last.1 = v;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_errors_document_is_found() {
        let source = "\ncodes! { $\n    /// Why.\n    Io = \"io\",\n}\n";
        let current = errors_doc::render(source).unwrap();
        let t = |doc| Tree::of(&[(errors_doc::SOURCE, source), (errors_doc::DOCUMENT, doc)]);
        assert_eq!(errors_document_is_current(&t(&current)), []);
        assert_eq!(errors_document_is_current(&t("old")).len(), 1);
    }

    #[test]
    fn an_unexplained_dependency_is_found() {
        let root = "[workspace.dependencies]\nserde = \"1\"\nmercato = \"1\"\n";
        let t = |doc| Tree::of(&[("Cargo.toml", root), (DEPENDENCIES, doc)]);
        assert_eq!(every_dependency_is_accounted_for(&t("| `serde` | ...")), []);
        assert_eq!(every_dependency_is_accounted_for(&t("")).len(), 1);
    }

    #[test]
    fn data_without_a_source_is_found() {
        let t = |m| Tree::of(&[(TEST_DATA, m), ("testdata/retail/a.csv", "1")]);
        assert_eq!(test_data_is_attributed(&t("| `retail/` | UCI |")), []);
        assert_eq!(test_data_is_attributed(&t("| `retail/b.csv` | UCI |")).len(), 1);
    }

    #[test]
    fn a_kind_without_golden_files_is_found() {
        let source = "impl Persist for A {\n    const KIND: &'static str = \"als\";\n    const KIND_VERSION: u16 = 2;\n}";
        let facade = "[dependencies]\nmercato-recsys.workspace = true\n";
        let t = |golden| {
            Tree::of(&[
                ("crates/mercato/Cargo.toml", facade),
                ("crates/recsys/src/a.rs", source),
                ("crates/nlp/src/not_yet_exported.rs", source),
                (golden, "x"),
            ])
        };
        assert_eq!(every_kind_has_golden_files(&t("testdata/artifacts/als/v1/a.mercato")).len(), 1);
        assert_eq!(every_kind_has_golden_files(&t("elsewhere")).len(), 2);
    }
}

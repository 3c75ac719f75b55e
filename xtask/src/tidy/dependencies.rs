//! Rules about who depends on whom.

use super::manifest::{Manifest, dependencies, members};
use super::{Finding, Tree};

/// What each package of the product may depend on inside the house. Dependencies point one way,
/// towards `core`; domain crates never import each other.
const DOWNWARDS: &[(&str, &[&str])] = &[
    ("mercato-core", &[]),
    ("mercato-index", &["mercato-core"]),
    ("mercato-trees", &["mercato-core"]),
    ("mercato-recsys", &["mercato-core", "mercato-index", "mercato-trees"]),
    ("mercato-nlp", &["mercato-core", "mercato-index"]),
    ("mercato-forecast", &["mercato-core", "mercato-trees"]),
    ("mercato-routing", &["mercato-core"]),
    (
        "mercato",
        &[
            "mercato-core",
            "mercato-index",
            "mercato-trees",
            "mercato-recsys",
            "mercato-nlp",
            "mercato-forecast",
            "mercato-routing",
        ],
    ),
    ("mercato-python", &["mercato"]),
    ("mercato-node", &["mercato"]),
    ("mercato-mobile", &["mercato"]),
];

/// Algorithms and heavy adapters have no place in the ground floor; an adapter may be optional.
const NOT_IN_CORE: &[&str] = &[
    "burn",
    "linfa",
    "hnsw_rs",
    "faer",
    "gemm",
    "nalgebra",
    "tokenizers",
    "smartcore",
    "argmin",
    "petgraph",
    "tantivy",
];
const OPTIONAL_IN_CORE: &[&str] = &["ndarray", "polars", "arrow"];

/// What a phone must not carry.
const NOT_ON_A_PHONE: &[&str] =
    &["polars", "arrow", "parquet", "tokio", "criterion", "pyo3", "napi"];

/// Crates whose types meet in signatures, so that two versions would not fit together.
const ONE_VERSION: &[&str] =
    &["ndarray", "arrow-array", "arrow-schema", "pyo3", "polars-core", "rayon"];

fn is_or_starts(name: &str, family: &str) -> bool {
    name == family || name.strip_prefix(family).is_some_and(|r| r.starts_with(['-', '_']))
}

pub fn crates_depend_downwards(tree: &Tree) -> Vec<Finding> {
    let mut out = Vec::new();
    for m in members(tree) {
        let allowed = DOWNWARDS.iter().find(|(name, _)| *name == m.name).map(|(_, a)| *a);
        if allowed.is_none() && m.path.starts_with("crates/") && m.name != "mercato-testkit" {
            let what = format!("{} has no place in the table of who may depend on whom", m.name);
            out.push(Finding::new(m.path, 0, what));
        }
        let Some(allowed) = allowed else { continue };
        for d in m.dependencies.iter().filter(|d| d.is_internal()) {
            let test_only = d.is_dev() && ["mercato-testkit", "mercato"].contains(&d.package());
            if !allowed.contains(&d.package()) && !test_only {
                let what = format!("{} must not depend on {}", m.name, d.package());
                out.push(Finding::new(m.path, d.line, what));
            }
        }
    }
    out
}

pub fn core_has_no_algorithm_library(tree: &Tree) -> Vec<Finding> {
    let core = members(tree).into_iter().filter(|m| m.name == "mercato-core");
    let mut out = Vec::new();
    for (m, d) in core.flat_map(pairs) {
        if d.is_dev() {
            continue;
        }
        if NOT_IN_CORE.iter().any(|f| is_or_starts(d.package(), f)) {
            out.push(Finding::new(
                m,
                d.line,
                format!("core holds no algorithm: {} is one", d.name),
            ));
        }
        let adapter = OPTIONAL_IN_CORE.iter().any(|f| is_or_starts(d.package(), f));
        if adapter && !d.spec.contains("optional = true") {
            let what = format!("{} in core is an adapter and must be optional", d.name);
            out.push(Finding::new(m, d.line, what));
        }
    }
    out
}

fn pairs<'a>(m: Manifest<'a>) -> impl Iterator<Item = (&'a str, super::manifest::Dependency)> {
    let path = m.path;
    m.dependencies.into_iter().map(move |d| (path, d))
}

pub fn versions_are_chosen_in_one_place(tree: &Tree) -> Vec<Finding> {
    members(tree)
        .into_iter()
        // The fuzz targets are a workspace of their own, for the nightly compiler.
        .filter(|m| !m.path.starts_with("fuzz/"))
        .flat_map(pairs)
        .filter(|(_, d)| !d.is_inherited())
        .map(|(path, d)| {
            let what = format!("{} takes no version from [workspace.dependencies]", d.name);
            Finding::new(path, d.line, what)
        })
        .collect()
}

pub fn one_version_each(tree: &Tree) -> Vec<Finding> {
    let lock = tree.text("Cargo.lock").unwrap_or_default();
    ONE_VERSION
        .iter()
        .filter_map(|name| {
            let versions = lock.matches(&format!("name = \"{name}\"\n")).count();
            let what =
                format!("{versions} versions of {name} are resolved; their types do not mix");
            (versions > 1).then(|| Finding::new("Cargo.lock", 0, what))
        })
        .collect()
}

pub fn every_member_has_the_workspace_lints(tree: &Tree) -> Vec<Finding> {
    let mut out = Vec::new();
    for m in members(tree).iter().filter(|m| !m.path.starts_with("fuzz/")) {
        let inherits = m.text.contains("[lints]\nworkspace = true");
        if !inherits {
            let what = "does not inherit the workspace's lints, missing_docs among them";
            out.push(Finding::new(m.path, 0, what));
        }
    }
    let root = tree.text("Cargo.toml").unwrap_or_default();
    if !root.contains("missing_docs = \"deny\"") {
        out.push(Finding::new("Cargo.toml", 0, "the workspace's lints do not deny missing_docs"));
    }
    out
}

/// `listing` is what `cargo tree --prefix none` prints for the package.
pub fn mobile_is_lean(package: &str, listing: &str) -> Vec<Finding> {
    let mut names: Vec<&str> = listing.lines().filter_map(|l| l.split(' ').next()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|n| NOT_ON_A_PHONE.iter().any(|f| is_or_starts(n, f)))
        .map(|n| Finding::new(package, 0, format!("a phone must not carry {n}")))
        .collect()
}

/// Every third-party package that a manifest of the repository names.
pub fn direct_dependencies(tree: &Tree) -> Vec<String> {
    let mut all: Vec<String> = members(tree)
        .into_iter()
        .flat_map(|m| m.dependencies)
        .chain(dependencies(tree.text("Cargo.toml").unwrap_or_default()))
        .filter(|d| !d.is_internal())
        .map(|d| d.package().to_owned())
        .collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n{rest}\n[lints]\nworkspace = true\n")
    }

    fn tree(path: &str, name: &str, rest: &str) -> Tree {
        Tree::of(&[
            (path, &manifest(name, rest)),
            ("Cargo.toml", "[workspace.lints.rust]\nmissing_docs = \"deny\"\n"),
        ])
    }

    #[test]
    fn a_sideways_dependency_is_found() {
        let t = |dep| {
            tree(
                "crates/recsys/Cargo.toml",
                "mercato-recsys",
                &format!("[dependencies]\n{dep}.workspace = true"),
            )
        };
        assert_eq!(crates_depend_downwards(&t("mercato-index")), []);
        assert_eq!(crates_depend_downwards(&t("mercato-forecast")).len(), 1);
        let test_only = tree(
            "crates/recsys/Cargo.toml",
            "mercato-recsys",
            "[dev-dependencies]\nmercato-testkit.workspace = true",
        );
        assert_eq!(crates_depend_downwards(&test_only), []);
    }

    #[test]
    fn a_binding_on_anything_but_the_facade_is_found() {
        let t = |dep| {
            tree(
                "bindings/python/Cargo.toml",
                "mercato-python",
                &format!("[dependencies]\n{dep}.workspace = true"),
            )
        };
        assert_eq!(crates_depend_downwards(&t("mercato")), []);
        assert_eq!(crates_depend_downwards(&t("mercato-core")).len(), 1);
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        assert_eq!(
            crates_depend_downwards(&tree("crates/new/Cargo.toml", "mercato-new", "")).len(),
            1
        );
    }

    #[test]
    fn an_algorithm_or_a_compulsory_adapter_in_core_is_found() {
        let t = |line: &str| {
            tree("crates/core/Cargo.toml", "mercato-core", &format!("[dependencies]\n{line}"))
        };
        assert_eq!(core_has_no_algorithm_library(&t("linfa-svm.workspace = true")).len(), 1);
        assert_eq!(core_has_no_algorithm_library(&t("polars = { workspace = true }")).len(), 1);
        assert_eq!(
            core_has_no_algorithm_library(&t("polars = { workspace = true, optional = true }")),
            []
        );
    }

    #[test]
    fn a_version_outside_the_root_is_found() {
        let t = tree("crates/core/Cargo.toml", "mercato-core", "[dependencies]\nserde = \"1\"");
        assert_eq!(versions_are_chosen_in_one_place(&t).len(), 1);
    }

    #[test]
    fn a_second_version_is_found() {
        let one = "[[package]]\nname = \"ndarray\"\nversion = \"0.16.1\"\n";
        assert_eq!(one_version_each(&Tree::of(&[("Cargo.lock", one)])), []);
        assert_eq!(one_version_each(&Tree::of(&[("Cargo.lock", &one.repeat(2))])).len(), 1);
    }

    #[test]
    fn a_member_without_lints_is_found() {
        assert_eq!(
            every_member_has_the_workspace_lints(&tree(
                "crates/core/Cargo.toml",
                "mercato-core",
                ""
            )),
            []
        );
        let bare = Tree::of(&[("crates/core/Cargo.toml", "[package]\nname = \"mercato-core\"\n")]);
        assert_eq!(every_member_has_the_workspace_lints(&bare).len(), 2);
    }

    #[test]
    fn a_heavy_phone_is_found() {
        assert_eq!(mobile_is_lean("m", "mercato v0.1.0\nserde v1.0.0 (*)\n"), []);
        assert_eq!(mobile_is_lean("m", "mercato v0.1.0\npolars-core v0.55.2\n").len(), 1);
    }
}

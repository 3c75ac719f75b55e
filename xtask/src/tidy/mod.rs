//! `cargo xtask tidy`: the invariants of ARCHITECTURE.md that a program can check.
//!
//! Every rule is a function from the tree of files to findings. A rule never touches the disk, so
//! each has a test beside it that shows it failing on a small tree.

mod dependencies;
mod documents;
mod manifest;
mod signatures;
mod source;
mod tree;
mod words;

pub use source::code_lines;
pub use tree::Tree;

use crate::sh::{Outcome, cargo};
use std::fmt;

/// One place where an invariant does not hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    path: String,
    /// From 1; 0 for the file as a whole.
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            n => write!(f, "{}:{n}: {}", self.path, self.what),
        }
    }
}

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    dependencies::crates_depend_downwards,
    dependencies::core_has_no_algorithm_library,
    dependencies::versions_are_chosen_in_one_place,
    dependencies::one_version_each,
    dependencies::every_member_has_the_workspace_lints,
    signatures::no_third_party_types_in_public,
    source::library_code_is_silent,
    source::core_touches_files_only_in_artifact,
    source::bindings_use_the_facade,
    source::unsafe_stays_in_kernels,
    source::no_test_is_ignored,
    words::files_stay_readable,
    words::todos_have_numbers,
    words::no_paths_of_one_machine,
    documents::errors_document_is_current,
    documents::every_dependency_is_accounted_for,
    documents::test_data_is_attributed,
    documents::every_kind_has_golden_files,
];

/// Checks everything and prints what it finds.
pub fn run() -> Outcome {
    let tree = Tree::of_checkout()?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.extend(mobile_build()?);
    findings.iter().for_each(|f| println!("{f}"));
    match findings.len() {
        0 => {
            println!("{} files are tidy ({} rules)", tree.files().count(), RULES.len() + 1);
            Ok(())
        }
        n => Err(format!("{n} untidy places")),
    }
}

/// What a phone is built from: the mobile binding, or the facade while there is none.
fn mobile_build() -> Result<Vec<Finding>, String> {
    let mobile = crate::paths::root().join("bindings/mobile/Cargo.toml").is_file();
    let package = if mobile { "mercato-mobile" } else { "mercato" };
    let args =
        vec!["tree", "--offline", "--prefix", "none", "--edges", "normal", "--package", package];
    // A fresh clone has no downloaded registry yet: then cargo fetches what the lock file names.
    let online: Vec<&str> = args.iter().copied().filter(|a| *a != "--offline").collect();
    let listing = cargo(&args).read().or_else(|_| cargo(&online).read())?;
    Ok(dependencies::mobile_is_lean(package, &listing))
}

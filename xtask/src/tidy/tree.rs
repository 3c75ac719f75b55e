//! The files of the repository, in memory.

use crate::paths;
use crate::sh::sh;
use std::collections::BTreeMap;

/// Paths from the root, with `/`, and the text of those that are UTF-8.
#[derive(Default)]
pub struct Tree {
    texts: BTreeMap<String, String>,
    /// Files that are not text.
    binaries: Vec<String>,
}

impl Tree {
    /// What git tracks or would track.
    pub fn of_checkout() -> Result<Self, String> {
        let root = paths::root();
        let listing = sh("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .read()?;
        let mut tree = Self::default();
        for path in listing.split('\0').filter(|p| !p.is_empty()) {
            // Listed, but removed from the working tree: not there to be checked.
            let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
            match String::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => drop(tree.texts.insert(path.to_owned(), text)),
                _ => tree.binaries.push(path.to_owned()),
            }
        }
        Ok(tree)
    }

    /// A small tree for a rule's test.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let texts = files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
        Self { texts, binaries: Vec::new() }
    }

    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(p, t)| (p.as_str(), t.as_str()))
    }

    /// Every path, text or not.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str).chain(self.binaries.iter().map(String::as_str))
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Rust files below `src/` of the published library crates.
    pub fn library_sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(p, _)| {
            p.starts_with("crates/")
                && p.ends_with(".rs")
                && p.contains("/src/")
                && !p.starts_with("crates/testkit/")
                && !p.contains("/src/bin/")
                && !is_test_file(p)
        })
    }
}

/// Whether a whole file is test code.
pub fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("/benches/")
}

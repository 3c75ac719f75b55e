//! The files of the repository, in memory.

use crate::paths;
use crate::sh::sh;
use std::collections::BTreeMap;
use std::path::Path;

/// Paths from the root, with `/`, and the text of those that are UTF-8.
#[derive(Default)]
pub struct Tree {
    texts: BTreeMap<String, String>,
    /// Files that are not text.
    binaries: Vec<String>,
}

impl Tree {
    /// What git tracks or would track; without git, all files outside what tools leave behind.
    pub fn of_checkout() -> Result<Self, String> {
        let root = paths::root();
        let listing = sh("git")
            // Whoever owns the checkout: it is only listed.
            .args(["-c", "safe.directory=*", "ls-files", "-z"])
            .args(["--cached", "--others", "--exclude-standard"])
            .read();
        let names: Vec<String> = match listing {
            Ok(names) => names.split('\0').filter(|p| !p.is_empty()).map(str::to_owned).collect(),
            Err(_) => walk(&root, "")?,
        };
        let mut tree = Self::default();
        for path in names {
            // Listed, but removed from the working tree: not there to be checked.
            let Ok(bytes) = std::fs::read(root.join(&path)) else { continue };
            match String::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => drop(tree.texts.insert(path, text)),
                _ => tree.binaries.push(path),
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

/// Folders that tools leave behind.
const LEFT_BEHIND: &[&str] = &[".git", ".venv", "target", "node_modules", "__pycache__", "corpus"];

/// Every file below `inner`, by its path from the root.
fn walk(root: &Path, inner: &str) -> Result<Vec<String>, String> {
    let dir = root.join(inner);
    let entries =
        std::fs::read_dir(&dir).map_err(|e| format!("cannot list {}: {e}", dir.display()))?;
    let mut all = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if inner.is_empty() { name.clone() } else { format!("{inner}/{name}") };
        match entry.file_type() {
            Ok(t) if t.is_dir() && !LEFT_BEHIND.contains(&name.as_str()) => {
                all.extend(walk(root, &path)?);
            }
            Ok(t) if t.is_file() => all.push(path),
            _ => {}
        }
    }
    Ok(all)
}

/// Whether a whole file is test code.
pub fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("/benches/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_git_the_same_files_are_found() {
        let names = walk(&paths::root(), "xtask").unwrap();
        assert!(names.iter().any(|n| n == "xtask/src/tidy/tree.rs"));
        let tree = Tree::of_checkout().unwrap();
        assert!(tree.text("xtask/src/tidy/tree.rs").is_some_and(|t| t.contains("LEFT_BEHIND")));
    }
}

//! Where things are. Nothing is written into the checkout.

use std::path::{Path, PathBuf};

/// The root of the checkout.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The binary may outlive a move of the checkout: trust the working directory's workspace first.
    let start = std::env::current_dir().unwrap_or_else(|_| here.to_owned());
    start
        .ancestors()
        .find(|d| d.join("xtask/Cargo.toml").is_file() && d.join("crates/core").is_dir())
        .map_or_else(|| here.parent().unwrap_or(here).to_owned(), Path::to_owned)
}

/// Where environments and downloads live between runs: `mercato` in the user's cache folder.
pub fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .filter(|d| !d.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|h| h.join(".cache")))
        .unwrap_or_else(std::env::temp_dir);
    base.join("mercato")
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR").filter(|d| !d.is_empty()) {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

//! The library behind the Kotlin and Swift packages. Parse, one call, wrap.

#![allow(clippy::needless_pass_by_value, reason = "what crosses the border is owned")]

mod convert;
mod error;
mod index;
mod nlp;
mod recsys;

uniffi::setup_scaffolding!("mercato");

/// The library's version.
#[uniffi::export]
fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

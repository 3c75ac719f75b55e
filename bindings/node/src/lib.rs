//! The Node addon: parse, one call, wrap. It holds no logic.

#![allow(clippy::needless_pass_by_value, reason = "arguments come from JavaScript by value")]
#![allow(
    dead_code,
    reason = "functions are called by what #[napi] registers, which lints do not see"
)]

mod convert;
mod data;
mod error;
mod recsys;
mod run;

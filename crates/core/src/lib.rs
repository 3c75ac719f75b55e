//! The ground floor of Mercato: the nouns that every domain shares, how long work is run, the one
//! error type and the one file format. It holds no algorithm.
//!
//! | noun | what it is |
//! |---|---|
//! | [`Run`] | how to run: seed, threads, progress, cancellation, deadline |
//! | [`Error`], [`ErrorCode`] | the one public error and its stable codes |
//! | [`artifact`] | the `.mercato` file: atomic save, memory-mapped open, checksums |
//! | [`Column`] | a typed array, owned or memory-mapped |

#![deny(missing_docs)]

#[cfg(target_endian = "big")]
compile_error!("mercato artifacts are little-endian and are read without conversion");

pub mod artifact;
mod column;
mod error;
mod rng;
mod run;

pub use artifact::{Artifact, ArtifactWriter, Persist};
pub use column::Column;
pub use error::{Error, ErrorCode, Result};
pub use rng::Rng;
pub use run::{CancelToken, Progress, Run, Stop, Task};

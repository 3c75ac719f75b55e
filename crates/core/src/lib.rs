//! The ground floor of Mercato: the nouns that every domain shares, how long work is run, the one
//! error type and the one file format. It holds no algorithm.
//!
//! | noun | what it is |
//! |---|---|
//! | [`Interactions`] | validated users x items matrix with weights, times and three splits |
//! | [`table`] | the doors for Arrow and polars tables, CSV and Parquet files |
//! | [`Vectors`] | row-major `f32` matrix, owned or memory-mapped |
//! | [`IdMap`] | the caller's ids, all strings or all integers, to dense `u32` and back |
//! | [`Scored`], [`TopK`] | ranked results: best first, ties go to the lower dense id |
//! | [`ItemAttributes`], [`Filter`], [`Bitmap`] | predicates over attributes, compiled to bits |
//! | [`Run`] | how to run: seed, threads, progress, cancellation, deadline |
//! | [`Error`], [`ErrorCode`] | the one public error and its stable codes |
//! | [`artifact`] | the `.mercato` file: atomic save, memory-mapped open, checksums |
//! | [`Column`], [`Csr`] | typed arrays and sparse matrices, owned or memory-mapped |
//! | [`Panel`] | many time series on one calendar, with attributes and covariates |

#![deny(missing_docs)]

#[cfg(target_endian = "big")]
compile_error!("mercato artifacts are little-endian and are read without conversion");

pub mod artifact;
mod attributes;
mod bitmap;
mod column;
mod csr;
mod error;
mod filter;
mod filter_json;
mod ids;
mod interactions;
pub mod panel;
mod rng;
mod run;
mod scored;
pub mod table;
mod vectors;

pub use artifact::{Artifact, ArtifactWriter, Persist};
pub use attributes::{Attribute, ItemAttributes};
pub use bitmap::Bitmap;
pub use column::{Column, Element};
pub use csr::Csr;
pub use error::{Error, ErrorCode, Result};
pub use filter::{Bounds, Filter, Scalar};
pub use ids::{Id, IdColumn, IdMap, IdRef};
pub use interactions::{Interactions, InteractionsBuilder, UserEvents};
pub use panel::Panel;
pub use rng::Rng;
pub use run::{CancelToken, Progress, Run, Stop, Task};
pub use scored::{Scored, TopK, best_first};
pub use vectors::Vectors;

//! Vector similarity: similar products, semantic search and candidate generation.
//!
//! | type | what it is |
//! |---|---|
//! | [`VectorIndex`] | vectors under the caller's ids: cosine, inner product or distance; filters, updates, one file |
//! | [`SharedIndex`] | one index that some threads search while others update it |
//! | [`LoggedIndex`] | an index in a file, whose updates are on disk when they return |
//! | [`Scan`] | exact top-k over a factor matrix, for models that hold the rows themselves: an 8-bit scan certified by its own error bound, then exact `f32` scores |
//! | [`kernels`] | inner loops with the same bits on every processor |

#![deny(missing_docs)]

mod aligned;
mod graph;
pub mod kernels;
mod scan;
mod vector;

pub use scan::{Scan, ScanScratch};
pub use vector::{
    IndexKind, IndexParams, LoggedIndex, Metric, Neighbours, RecallReport, SearchOptions,
    SharedIndex, Storage, VectorIndex,
};

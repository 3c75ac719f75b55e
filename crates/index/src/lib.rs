//! Vector similarity: similar products, semantic search and candidate generation.
//!
//! | type | what it is |
//! |---|---|
//! | [`Scan`] | exact top-k by inner product over a factor matrix: an 8-bit scan that is certified by its own error bound, then exact `f32` scores |

#![deny(missing_docs)]

mod aligned;
pub mod kernels;
mod scan;

pub use scan::{Scan, ScanScratch};

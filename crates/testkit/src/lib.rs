//! Contract suites, generators and fixture loaders for Mercato's own tests.
//!
//! It stands above the facade, as a user does, and is not published. Domain crates do not depend on
//! it: what every model promises is tested here, in `tests/`.
//!
//! | module | what it gives |
//! |---|---|
//! | [`generate`] | interactions with structure, and data that no model may choke on |
//! | [`kinds`] | every artifact kind: how to make a golden file, how to use a file |
//! | [`damage`] | flipped bytes, cut files, and damage with checksums made good again |
//! | [`promises`] | what every recommender promises, as one call |
//! | [`fuzz`] | the bodies of the fuzz targets, which plain tests run too |
//! | [`testdata`] | the files of `testdata/` |

#![deny(missing_docs)]
// Test code: an unexpected error should end the test where it happens.
#![allow(clippy::unwrap_used)]

pub mod damage;
pub mod fuzz;
pub mod generate;
pub mod kinds;
pub mod promises;
pub mod testdata;

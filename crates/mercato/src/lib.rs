//! Retail intelligence you embed: recommendation, vector similarity, demand forecasting and
//! replenishment, customer-service language and route optimisation, in one engine without a server.
//!
//! This crate is the one to depend on. It holds features and re-exports, nothing else: the shared
//! nouns stand at the root, each domain in its module.

pub use mercato_core::*;

/// Vector similarity: exact and graph search with filters.
pub use mercato_index as index;
/// Recommendation models, ranking and evaluation.
pub use mercato_recsys as recsys;

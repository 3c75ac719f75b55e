//! Retail intelligence you embed.

pub use mercato_core::*;

//! The linear engine: hashed n-grams, one-vs-rest machines, 8-bit weights, calibration.

pub(crate) mod calibration;
pub(crate) mod engine;
mod learn;
pub(crate) mod vocabulary;
pub(crate) mod weights;

//! The doorway of hyperparameters.

use mercato_core::{Error, Result};
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Checks a whole number.
pub(crate) fn count(name: &str, value: usize, range: RangeInclusive<usize>) -> Result<()> {
    check(name, value, &range)
}

/// Checks a real number; NaN is in no range.
pub(crate) fn number(name: &str, value: f32, range: RangeInclusive<f32>) -> Result<()> {
    check(name, value, &range)
}

/// Checks a number of bytes that fit may hold.
pub(crate) fn memory(bytes: u64) -> Result<()> {
    const LEAST: u64 = 1 << 20;
    if bytes >= LEAST {
        return Ok(());
    }
    Err(Error::invalid_params(format!("memory must be at least {LEAST}, got {bytes}"))
        .with("parameter", "memory"))
}

fn check<T: PartialOrd + Display + Copy>(
    name: &str,
    value: T,
    range: &RangeInclusive<T>,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let (low, high) = (range.start(), range.end());
    Err(Error::invalid_params(format!("{name} must be in {low}..={high}, got {value}"))
        .with("parameter", name))
}

/// Reads an estimator from named values.
pub(crate) fn from_json<T: DeserializeOwned>(params: &serde_json::Value) -> Result<T> {
    T::deserialize(params).map_err(|e| Error::invalid_params(e.to_string()))
}

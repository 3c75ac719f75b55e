//! One doorway for the numbers that policies take.

use mercato_core::{Error, Result};

fn refuse(name: &str, value: f64, accepted: &str) -> Error {
    Error::invalid_params(format!("{name} must be {accepted}, got {value}"))
        .with("parameter", name)
        .with("value", value)
}

/// A finite number > 0.
pub(crate) fn positive(name: &str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() { Ok(()) } else { Err(refuse(name, value, "positive")) }
}

/// A finite number >= 0.
pub(crate) fn non_negative(name: &str, value: f64) -> Result<()> {
    if value >= 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(refuse(name, value, "non-negative"))
    }
}

/// A finite number.
pub(crate) fn finite(name: &str, value: f64) -> Result<()> {
    if value.is_finite() { Ok(()) } else { Err(refuse(name, value, "a finite number")) }
}

/// A probability strictly between 0 and 1.
pub(crate) fn probability(name: &str, value: f64) -> Result<()> {
    if value > 0.0 && value < 1.0 {
        Ok(())
    } else {
        Err(refuse(name, value, "greater than 0 and less than 1"))
    }
}

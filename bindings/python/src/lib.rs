//! The Python module `mercato`: parse, one call, wrap. It holds no logic.
//!
//! Each domain is a native submodule (`src/recsys.rs` makes `mercato._mercato.recsys`), which the
//! Python file of the same name re-exports.

mod artifact;
mod convert;
mod data;
mod error;
mod model;
mod params;
mod run;

use pyo3::prelude::*;

#[pymodule]
fn _mercato(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    error::register(m)?;
    run::register(m)?;
    data::register(m)?;
    artifact::register(m)?;
    Ok(())
}

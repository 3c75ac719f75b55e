//! The Python module `mercato`: parse, one call, wrap. It holds no logic.
//!
//! Each domain is a native submodule (`src/recsys.rs` makes `mercato._mercato.recsys`), which the
//! Python file of the same name re-exports.

#![allow(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over by value")]

#[macro_use]
mod docs {
    include!(concat!(env!("OUT_DIR"), "/docs.rs"));
}

mod artifact;
mod convert;
mod data;
mod error;
mod forecast;
mod index;
mod model;
mod nlp;
mod panel;
mod params;
mod recsys;
mod replenish;
mod routing;
mod run;

use pyo3::prelude::*;

#[pymodule]
fn _mercato(m: &Bound<'_, PyModule>) -> PyResult<()> {
    error::register(m)?;
    run::register(m)?;
    artifact::register(m)?;
    data::register(m)?;
    domain(m, "nlp", nlp::register)?;
    m.add_class::<panel::PyPanel>()?;
    domain(m, "forecast", forecast::register)?;
    domain(m, "index", index::register)?;
    domain(m, "recsys", recsys::register)?;
    domain(m, "routing", routing::register)?;
    domain(m, "replenish", replenish::register)?;
    m.setattr("__version__", env!("CARGO_PKG_VERSION"))
}

/// Makes the submodule of a domain, importable as `mercato._mercato.<name>`.
fn domain(
    parent: &Bound<'_, PyModule>,
    name: &str,
    fill: fn(&Bound<'_, PyModule>) -> error::Result<()>,
) -> PyResult<()> {
    let py = parent.py();
    let path = format!("mercato._mercato.{name}");
    let module = PyModule::new(py, &path)?;
    fill(&module).map_err(PyErr::from)?;
    parent.setattr(name, &module)?;
    py.import("sys")?.getattr("modules")?.set_item(path, module)
}

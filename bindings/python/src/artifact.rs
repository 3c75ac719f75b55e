//! `mercato.open`, `inspect` and `verify`: artifacts of any kind.

use crate::error::Result;
use crate::{params, run};
use mercato::{Artifact, Error};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The class of each kind of model.
static KINDS: Mutex<Vec<Kind>> = Mutex::new(Vec::new());

type Kind = (&'static str, Py<PyType>);

/// Tells [`open`] which class opens `kind`.
pub fn know(kind: &'static str, class: Bound<'_, PyType>) {
    KINDS.lock().unwrap_or_else(PoisonError::into_inner).push((kind, class.unbind()));
}

/// Opens a model of any kind by memory-mapping, in constant time.
#[pyfunction]
fn open(py: Python<'_>, path: PathBuf) -> Result<Py<PyAny>> {
    let artifact = run::short(py, || Artifact::open(&path))?;
    let known = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    let class = known.iter().find(|(k, _)| *k == artifact.kind()).map(|(_, c)| c.clone_ref(py));
    drop(known);
    let class = class.ok_or_else(|| {
        Error::wrong_kind(format!("no class opens an artifact of kind {}", artifact.kind()))
            .with("kind", artifact.kind())
    })?;
    Ok(class.call_method1(py, "open", (path,))?)
}

/// What a file is, without opening the model: kind, versions, sizes, sections, metadata.
#[pyfunction]
fn inspect(py: Python<'_>, path: PathBuf) -> Result<Py<PyAny>> {
    let artifact = run::short(py, || Artifact::open(path))?;
    Ok(params::from_json(py, &artifact.inspect())?.unbind())
}

/// Reads the whole file and compares every checksum.
#[pyfunction]
#[pyo3(signature = (path, **run), text_signature = "(path, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
fn verify(py: Python<'_>, path: PathBuf, run: Option<&Bound<'_, PyDict>>) -> Result<()> {
    run::long(py, run, |_| Artifact::open(path)?.verify())
}

/// Adds the three functions.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(open, m)?)?;
    m.add_function(wrap_pyfunction!(inspect, m)?)?;
    m.add_function(wrap_pyfunction!(verify, m)?)
}

//! The exception classes, made from the one table of error codes, and the way into them.

use mercato::{Error, ErrorCode};
use pyo3::exceptions as py_exc;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};

/// What a binding function may fail with; `?` takes both kinds.
pub enum Fail {
    /// The library refused: becomes a subclass of `MercatoError`.
    Core(Error),
    /// Python raised (a callback, a conversion): goes on as it is.
    Py(PyErr),
}

/// The result of every binding function.
pub type Result<T, E = Fail> = std::result::Result<T, E>;

impl From<Error> for Fail {
    fn from(e: Error) -> Self {
        Self::Core(e)
    }
}

impl From<PyErr> for Fail {
    fn from(e: PyErr) -> Self {
        Self::Py(e)
    }
}

impl From<pyo3::CastError<'_, '_>> for Fail {
    fn from(e: pyo3::CastError<'_, '_>) -> Self {
        Self::Py(e.into())
    }
}

impl From<std::convert::Infallible> for Fail {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl From<Fail> for PyErr {
    fn from(fail: Fail) -> Self {
        match fail {
            Fail::Py(e) => e,
            Fail::Core(e) => Python::attach(|py| raise(py, &e).unwrap_or_else(|failed| failed)),
        }
    }
}

fn raise(py: Python<'_>, e: &Error) -> PyResult<PyErr> {
    let context = PyDict::new(py);
    for (key, value) in e.context() {
        context.set_item(key, value)?;
    }
    let raised = class(py, e.code())?.bind(py).call1((e.message(),))?;
    raised.setattr("context", context)?;
    Ok(PyErr::from_value(raised))
}

static CLASSES: PyOnceLock<Vec<Py<PyType>>> = PyOnceLock::new();

fn class(py: Python<'_>, code: ErrorCode) -> PyResult<&Py<PyType>> {
    let at = ErrorCode::ALL.iter().position(|&c| c == code).unwrap_or(ErrorCode::ALL.len());
    CLASSES
        .get(py)
        .and_then(|all| all.get(at))
        .ok_or_else(|| py_exc::PySystemError::new_err("mercato is not initialised"))
}

/// The built-in exception that a code also is, so that `except ValueError` works.
fn built_in(py: Python<'_>, code: ErrorCode) -> Option<Bound<'_, PyType>> {
    match code {
        ErrorCode::InvalidParams | ErrorCode::InvalidInput | ErrorCode::NotEnoughData => {
            Some(py.get_type::<py_exc::PyValueError>())
        }
        ErrorCode::UnknownId => Some(py.get_type::<py_exc::PyKeyError>()),
        ErrorCode::Io => Some(py.get_type::<py_exc::PyOSError>()),
        _ => None,
    }
}

/// `invalid_params` is raised as `InvalidParamsError`.
fn class_name(code: ErrorCode) -> String {
    let mut name = String::new();
    for word in code.as_str().split('_') {
        name.extend(word[..1].chars().map(|c| c.to_ascii_uppercase()));
        name.push_str(&word[1..]);
    }
    name + "Error"
}

/// Makes `MercatoError` and one subclass per error code, and adds them to the module.
pub fn register<'py>(m: &Bound<'py, PyModule>) -> PyResult<()> {
    let py = m.py();
    let make = |name: &str, bases: Vec<Bound<'py, PyType>>, code: &str, doc: &str| {
        let body = PyDict::new(py);
        body.set_item("__module__", "mercato")?;
        body.set_item("__doc__", doc)?;
        body.set_item("code", code)?;
        // `KeyError` would show its message quoted.
        body.set_item("__str__", py.get_type::<py_exc::PyException>().getattr("__str__")?)?;
        py.get_type::<PyType>()
            .call1((name, PyTuple::new(py, bases)?, body))?
            .cast_into::<PyType>()
            .map_err(PyErr::from)
    };
    let base = make(
        "MercatoError",
        vec![py.get_type::<py_exc::PyException>()],
        "internal",
        "The base of every error of Mercato.\n\n`code` is the stable name of what went wrong, the \
         same in every language; `context` is a dict with details for logs.",
    )?;
    base.setattr("context", PyDict::new(py))?;
    m.add("MercatoError", &base)?;
    let mut classes = Vec::new();
    for &code in ErrorCode::ALL {
        let bases: Vec<_> = [base.clone()].into_iter().chain(built_in(py, code)).collect();
        let class = make(&class_name(code), bases, code.as_str(), code.description().trim())?;
        m.add(class_name(code).as_str(), &class)?;
        classes.push(class.unbind());
    }
    CLASSES
        .set(py, classes)
        .map_err(|_| py_exc::PyImportError::new_err("mercato is imported twice"))
}

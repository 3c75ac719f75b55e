//! Hyperparameters: Python arguments to a serde record and back, with no line per parameter.

use crate::error::Result;
use mercato::Error;
use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Any Python value that JSON can say; numpy scalars and arrays included. Ids, filters and
/// hyperparameters come in this way.
pub fn to_json(value: &Bound<'_, PyAny>) -> Result<Value> {
    if value.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Value::from(text.to_cow()?.as_ref()));
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Value::from(flag.is_true()));
    }
    if value.is_instance_of::<PyInt>() {
        if let Ok(int) = value.extract::<i64>() {
            return Ok(Value::from(int));
        }
        let int = value.extract::<u64>().map_err(|_| unusable(value, "a 64-bit integer"))?;
        return Ok(Value::from(int));
    }
    if let Ok(float) = value.cast::<PyFloat>() {
        let number = serde_json::Number::from_f64(float.value());
        return Ok(Value::Number(number.ok_or_else(|| unusable(value, "a finite number"))?));
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        let mut map = Map::new();
        for (key, value) in dict {
            let key = key.extract().map_err(|_| unusable(&key, "a key that is a string"))?;
            map.insert(key, to_json(&value)?);
        }
        return Ok(Value::Object(map));
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        return value.try_iter()?.map(|v| to_json(&v?)).collect::<Result<_>>().map(Value::Array);
    }
    // An estimator: under its name where it may be one of several, else its record.
    for own in ["_method", "_params"] {
        if let Ok(record) = value.getattr(own) {
            return to_json(&record.call0()?);
        }
    }
    if let Ok(plain) = value.call_method0("tolist") {
        return to_json(&plain);
    }
    Err(unusable(value, "None, a bool, a number, a string, a list or a dict").into())
}

fn unusable(value: &Bound<'_, PyAny>, wanted: &str) -> Error {
    let got = value.repr().map_or_else(|_| "something else".into(), |r| r.to_string());
    Error::invalid_params(format!("expected {wanted}, got {got}"))
}

/// A serde value as the plain Python value it looks like.
pub fn from_json<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(b) => PyBool::new(py, *b).to_owned().into_any(),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => i.into_pyobject(py)?.into_any(),
            (None, Some(u)) => u.into_pyobject(py)?.into_any(),
            (None, None) => PyFloat::new(py, n.as_f64().unwrap_or(f64::NAN)).into_any(),
        },
        Value::String(s) => PyString::new(py, s).into_any(),
        Value::Array(values) => {
            let list = PyList::empty(py);
            for value in values {
                list.append(from_json(py, value)?)?;
            }
            list.into_any()
        }
        Value::Object(map) => {
            let dict = PyDict::new(py);
            for (key, value) in map {
                dict.set_item(key, from_json(py, value)?)?;
            }
            dict.into_any()
        }
    })
}

/// Any serializable result (metrics, reports) as plain Python values.
pub fn plain<'py>(py: Python<'py>, value: &impl Serialize) -> Result<Bound<'py, PyAny>> {
    Ok(from_json(py, &json_of(value)?)?)
}

/// The record with the arguments put in; positional ones fill the fields in their order.
pub fn parse<T: Serialize + DeserializeOwned + Default>(
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> Result<T> {
    let Value::Object(mut fields) = json_of(&T::default())? else {
        return Err(Error::internal("hyperparameters are not a record").into());
    };
    let names: Vec<String> = fields.keys().cloned().collect();
    if args.len() > names.len() {
        return Err(PyTypeError::new_err(format!("at most {} arguments", names.len())).into());
    }
    let mut given: Vec<(String, Bound<'_, PyAny>)> = names.iter().cloned().zip(args).collect();
    for (key, value) in kwargs.into_iter().flatten() {
        let key: String = key.extract()?;
        if given.iter().any(|(g, _)| *g == key) {
            return Err(PyTypeError::new_err(format!("{key} is given twice")).into());
        }
        given.push((key, value));
    }
    for (key, value) in given {
        let old = fields.get(&key).cloned().ok_or_else(|| {
            let known = names.join(", ");
            Error::invalid_params(format!("unknown parameter {key}; known: {known}"))
                .with("parameter", &key)
        })?;
        let refuse =
            |why: &str| Error::invalid_params(format!("{key}: {why}")).with("parameter", &key);
        let value = to_json(&value).map_err(|e| match e {
            crate::error::Fail::Core(e) => refuse(e.message()).into(),
            other @ crate::error::Fail::Py(_) => other,
        })?;
        fields.insert(key.clone(), value);
        if let Err(e) = serde_json::from_value::<T>(Value::Object(fields.clone())) {
            // Several fields may only be right together; only the shape of each is judged here.
            fields.insert(key.clone(), old);
            return Err(refuse(&e.to_string()).into());
        }
    }
    serde_json::from_value(Value::Object(fields))
        .map_err(|e| Error::invalid_params(e.to_string()).into())
}

/// The fields of a record and their values.
pub fn fields(record: &impl Serialize) -> Result<Map<String, Value>> {
    match json_of(record)? {
        Value::Object(map) => Ok(map),
        _ => Err(Error::internal("hyperparameters are not a record").into()),
    }
}

/// `Als(factors=64, ...)`.
pub fn repr(py: Python<'_>, name: &str, record: &impl Serialize) -> Result<String> {
    let mut parts = Vec::new();
    for (key, value) in fields(record)? {
        parts.push(format!("{key}={}", from_json(py, &value)?.repr()?));
    }
    Ok(format!("{name}({})", parts.join(", ")))
}

/// Gives a class the signature of its record, so that `help` shows every parameter and default.
pub fn sign<T: Serialize + Default>(class: &Bound<'_, PyAny>) -> Result<()> {
    let py = class.py();
    let inspect = py.import("inspect")?;
    let parameter = inspect.getattr("Parameter")?;
    let kind = parameter.getattr("POSITIONAL_OR_KEYWORD")?;
    let parameters = PyList::empty(py);
    for (name, default) in fields(&T::default())? {
        let options = PyDict::new(py);
        options.set_item("default", from_json(py, &default)?)?;
        parameters.append(parameter.call((name, &kind), Some(&options))?)?;
    }
    class.setattr("__signature__", inspect.getattr("Signature")?.call1((parameters,))?)?;
    Ok(())
}

/// By way of text, so that an `f32` of 0.01 stays 0.01.
fn json_of(value: &impl Serialize) -> Result<Value> {
    serde_json::to_string(value)
        .and_then(|text| serde_json::from_str(&text))
        .map_err(|e| Error::internal(e.to_string()).into())
}

/// One field of a record, for `__getattr__`.
pub fn attribute(
    py: Python<'_>,
    class: &str,
    record: &impl Serialize,
    name: &str,
) -> Result<Py<PyAny>> {
    match fields(record)?.get(name) {
        Some(value) => Ok(from_json(py, value)?.unbind()),
        None => Err(PyAttributeError::new_err(format!("{class} has no attribute {name}")).into()),
    }
}

/// The names that `dir` shows: the class's own and the record's fields.
pub fn names(class: &Bound<'_, PyAny>, record: &impl Serialize) -> Result<Vec<String>> {
    let mut names: Vec<String> = class.dir()?.extract()?;
    names.extend(fields(record)?.into_iter().map(|(name, _)| name));
    Ok(names)
}

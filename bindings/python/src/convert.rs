//! The data doors: tables, arrays and ids from Python to the library's nouns, and results back.
//!
//! Whatever comes in becomes Arrow arrays first (borrowed where the producer allows: Arrow capsules
//! and numpy buffers are), so there is one path with one set of checks behind every door.

use crate::error::{Fail, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray};
use arrow_schema::{DataType, Field, Schema};
use mercato::table::{ArrowTable, Table, TableColumn, no_such_column};
use mercato::{Error, Filter, Id, IdMap, IdRef};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString, PyTuple};
use pyo3_arrow::{PyArray, PyChunkedArray, PyTable};
use std::sync::Arc;

/// Named columns, from a table or from one array each.
#[derive(Default)]
pub struct Columns(Vec<(String, DataType, ArrowTable)>);

impl Table for Columns {
    fn column_names(&self) -> Vec<String> {
        self.0.iter().map(|(name, ..)| name.clone()).collect()
    }

    fn column(&self, name: &str) -> mercato::Result<TableColumn<'_>> {
        let found = self.0.iter().find(|(n, ..)| n == name);
        found.ok_or_else(|| no_such_column(name, self))?.2.column(name)
    }
}

impl Columns {
    /// Takes anything with `__arrow_c_stream__`: polars, pandas, pyarrow, DuckDB and others.
    pub fn of_table(object: &Bound<'_, PyAny>) -> Result<Self> {
        if !object.hasattr(intern!(object.py(), "__arrow_c_stream__"))? {
            return Err(Error::invalid_input(format!(
                "expected a table (polars, pandas, pyarrow, DuckDB or anything with \
                 __arrow_c_stream__), got {}",
                object.get_type().name()?
            ))
            .into());
        }
        let table: PyTable = object.extract().map_err(|e| refuse(object.py(), "the table", e))?;
        let (batches, schema) = table.into_inner();
        let mut columns = Self::default();
        for (at, field) in schema.fields().iter().enumerate() {
            let chunks = batches.iter().map(|b| b.column(at).clone()).collect();
            columns.push(field.name(), field.data_type().clone(), chunks)?;
        }
        Ok(columns)
    }

    /// Adds an Arrow array, a numpy array, a pandas or polars series, or a Python sequence.
    pub fn with(mut self, name: &str, object: &Bound<'_, PyAny>) -> Result<Self> {
        let (dtype, chunks) = array(name, object)?;
        self.push(name, dtype, chunks)?;
        Ok(self)
    }

    /// Whether a column holds dates or timestamps.
    pub fn is_calendar(&self, name: &str) -> bool {
        self.0.iter().any(|(n, dtype, _)| n == name && dtype.is_temporal())
    }

    fn push(&mut self, name: &str, dtype: DataType, chunks: Vec<ArrayRef>) -> Result<()> {
        let schema = Arc::new(Schema::new(vec![Field::new(name, dtype.clone(), true)]));
        let batch = |chunk| RecordBatch::try_new(schema.clone(), vec![chunk]);
        let batches = chunks.into_iter().map(batch).collect::<Result<_, _>>();
        let batches = batches.map_err(|e| invalid(name, &format!("cannot be used: {e}")))?;
        self.0.push((name.to_owned(), dtype, ArrowTable::new(batches, &schema)));
        Ok(())
    }
}

/// Anything one-dimensional as Arrow chunks.
fn array(name: &str, object: &Bound<'_, PyAny>) -> Result<(DataType, Vec<ArrayRef>)> {
    let py = object.py();
    let whole = |array: ArrayRef| (array.data_type().clone(), vec![array]);
    let wrong = |e| refuse(py, name, e);
    if object.hasattr(intern!(py, "__arrow_c_stream__"))? {
        let array: PyChunkedArray = object.extract().map_err(wrong)?;
        let (chunks, field) = array.into_inner();
        return Ok((field.data_type().clone(), chunks));
    }
    if object.hasattr(intern!(py, "__arrow_c_array__"))? {
        return Ok(whole(object.extract::<PyArray>().map_err(wrong)?.into_inner().0));
    }
    if !object.hasattr(intern!(py, "__array__"))? {
        return sequence(name, object).map(whole);
    }
    let numpy = py.import(intern!(py, "numpy"))?;
    let array = numpy.call_method1("require", (object, py.None(), ["C", "A"])).map_err(wrong)?;
    let dtype = array.getattr("dtype")?;
    let kind: String = dtype.getattr("kind")?.extract()?;
    let shape = array.getattr("shape")?;
    if shape.len()? != 1 {
        return Err(invalid(name, &format!("has the shape {shape}, one dimension is wanted")));
    }
    match kind.as_str() {
        "i" | "u" | "f" => {
            let native = dtype.call_method1("newbyteorder", ("=",))?;
            let options = PyDict::new(py);
            options.set_item("copy", false)?;
            let array = array.call_method("astype", (native,), Some(&options))?;
            Ok(whole(array.extract::<PyArray>().map_err(wrong)?.into_inner().0))
        }
        "M" => {
            let micros = array.call_method1("astype", ("datetime64[us]",))?;
            let micros: PyArray = micros.call_method1("view", ("int64",))?.extract()?;
            // numpy's NaT is the least number.
            let micros = micros.into_inner().0;
            let valid = micros.as_primitive::<Int64Type>().iter();
            let times = valid.map(|t| t.filter(|&t| t != i64::MIN));
            Ok(whole(Arc::new(times.collect::<arrow_array::TimestampMicrosecondArray>())))
        }
        _ => sequence(name, &array.call_method0("tolist")?).map(whole),
    }
}

/// A Python list, tuple or other iterable: all strings, all numbers, or all dates.
fn sequence(name: &str, object: &Bound<'_, PyAny>) -> Result<ArrayRef> {
    let rows: Vec<Bound<'_, PyAny>> =
        object.try_iter().and_then(Iterator::collect).map_err(|e| refuse(object.py(), name, e))?;
    let kind = |row: usize| rows[row].get_type().name().map_or("?".into(), |n| n.to_string());
    let odd = |row: usize| {
        let (this, first) = (kind(row), kind(0));
        let message = format!("column {name}: row {row} holds a {this}, row 0 a {first}");
        Fail::Core(Error::invalid_input(message).with("column", name).with("row", row))
    };
    let each = |fits: fn(&Bound<'_, PyAny>) -> bool| {
        rows.iter().position(|v| !v.is_none() && !fits(v)).map_or(Ok(()), |row| Err(odd(row)))
    };
    let Some(first) = rows.iter().find(|v| !v.is_none()) else {
        // No rows have no type that could be wrong.
        let none = vec![None; rows.len()];
        return Ok(Arc::new(Int64Array::from(none)));
    };
    if first.is_instance_of::<PyString>() {
        each(|v| v.is_instance_of::<PyString>())?;
        let texts: Vec<Option<String>> =
            rows.iter().map(PyAnyMethods::extract).collect::<PyResult<_>>()?;
        return Ok(Arc::new(StringViewArray::from_iter(texts)));
    }
    let is_int = |v: &Bound<'_, PyAny>| v.extract::<i64>().is_ok() && !v.is_instance_of::<PyBool>();
    if rows.iter().all(|v| v.is_none() || is_int(v)) {
        let ints: Vec<Option<i64>> =
            rows.iter().map(PyAnyMethods::extract).collect::<PyResult<_>>()?;
        return Ok(Arc::new(Int64Array::from(ints)));
    }
    if first.is_instance_of::<PyFloat>() || first.is_instance_of::<PyInt>() {
        each(|v| v.is_instance_of::<PyFloat>() || v.is_instance_of::<PyInt>())?;
        let floats: Vec<Option<f64>> =
            rows.iter().map(PyAnyMethods::extract).collect::<PyResult<_>>()?;
        return Ok(Arc::new(Float64Array::from(floats)));
    }
    // Dates, datetimes and numpy's datetime64.
    each(|v| ["isoformat", "dtype"].iter().any(|a| v.hasattr(a).unwrap_or(false)))?;
    let numpy = object.py().import(intern!(object.py(), "numpy"))?;
    let times = numpy.call_method1("asarray", (object, "datetime64[us]"));
    let times = times.map_err(|e| refuse(object.py(), name, e))?;
    Ok(array(name, &times)?.1.remove(0))
}

/// What a producer raised, as `invalid_input`; interrupts and the like go on as they are.
fn refuse(py: Python<'_>, what: &str, e: PyErr) -> Fail {
    if e.is_instance_of::<PyException>(py) {
        Error::invalid_input(format!("{what} cannot be read: {}", e.value(py))).into()
    } else {
        e.into()
    }
}

fn invalid(column: &str, what: &str) -> Fail {
    Error::invalid_input(format!("column {column} {what}")).with("column", column).into()
}

/// An id from Python: a string or an integer, borrowed.
pub fn id<'a>(value: &'a Bound<'_, PyAny>) -> Result<IdRef<'a>> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(IdRef::Str(text.to_str()?));
    }
    value.extract::<i64>().map(IdRef::Int).map_err(|_| {
        let got = value.repr().map_or_else(|_| "something else".into(), |r| r.to_string());
        Error::invalid_input(format!("an id is a string or a 64-bit integer, got {got}")).into()
    })
}

/// An id to Python, in the caller's own type.
pub fn id_to_py(py: Python<'_>, id: IdRef<'_>) -> Py<PyAny> {
    match id {
        IdRef::Int(i) => match i.into_pyobject(py) {
            Ok(int) => int.into_any().unbind(),
            Err(never) => match never {},
        },
        IdRef::Str(s) => PyString::new(py, s).into_any().unbind(),
    }
}

/// All ids of a map as a numpy array: `int64`, or objects for strings.
pub fn ids_to_numpy<'py>(py: Python<'py>, ids: &IdMap) -> Result<Bound<'py, PyAny>> {
    if let Some(ints) = ids.as_ints() {
        return Ok(PyArray1::from_slice(py, ints).into_any());
    }
    Ok(PyArray1::from_iter(py, ids.iter().map(|id| id_to_py(py, id))).into_any())
}

/// Rows of dense ids as an (n, k) numpy array in the caller's type; a number outside the map gives
/// -1 or None.
pub fn dense_to_numpy<'py>(
    py: Python<'py>,
    ids: &IdMap,
    dense: &[u32],
    shape: [usize; 2],
) -> Result<Bound<'py, PyAny>> {
    let flat = if let Some(ints) = ids.as_ints() {
        let value = |&d: &u32| ints.get(d as usize).copied().unwrap_or(-1);
        PyArray1::from_iter(py, dense.iter().map(value)).reshape(shape)?.into_any()
    } else {
        // Each string is made once, however often it is recommended.
        let mut made: Vec<Option<Py<PyAny>>> = ids.iter().map(|_| None).collect();
        let value = |&d: &u32| match made.get_mut(d as usize) {
            Some(slot) => slot.get_or_insert_with(|| id_to_py(py, ids.id(d))).clone_ref(py),
            None => py.None(),
        };
        PyArray1::from_iter(py, dense.iter().map(value)).reshape(shape)?.into_any()
    };
    Ok(flat)
}

/// How many: a whole number, 0 or more. A negative one is `invalid_params`.
#[derive(Clone, Copy)]
pub struct Count(pub usize);

impl FromPyObject<'_, '_> for Count {
    type Error = Fail;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> Result<Self> {
        value.extract::<usize>().map(Count).map_err(|_| {
            let got = value.repr().map_or_else(|_| "something else".into(), |r| r.to_string());
            Error::invalid_params(format!("a count must be a whole number, 0 or more, got {got}"))
                .into()
        })
    }
}

/// The `where` argument.
pub fn filter(value: Option<&Bound<'_, PyAny>>) -> Result<Option<Filter>> {
    value.map(|v| Ok(Filter::from_json(&crate::params::to_json(v)?)?)).transpose()
}

/// An id and its score, as every ranking method returns them: best first.
#[pyclass(name = "Scored", module = "mercato", frozen)]
pub struct Scored {
    id: Py<PyAny>,
    score: f32,
}

#[pymethods]
impl Scored {
    /// The id in the caller's own type.
    #[getter]
    fn id(&self, py: Python<'_>) -> Py<PyAny> {
        self.id.clone_ref(py)
    }

    /// Higher is better.
    #[getter]
    fn score(&self) -> f32 {
        self.score
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let pair = (self.id.clone_ref(py), self.score).into_pyobject(py)?;
        Ok(pair.try_iter()?.into_any().unbind())
    }

    fn __eq__(&self, py: Python<'_>, other: &Self) -> PyResult<bool> {
        Ok(self.score == other.score && self.id.bind(py).eq(&other.id)?)
    }

    fn __getnewargs__(&self, py: Python<'_>) -> (Py<PyAny>, f32) {
        (self.id.clone_ref(py), self.score)
    }

    #[new]
    fn new(id: Py<PyAny>, score: f32) -> Self {
        Self { id, score }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Scored(id={}, score={})", self.id.bind(py).repr()?, self.score))
    }
}

/// A ranked list to Python.
pub fn scored(py: Python<'_>, list: &[mercato::Scored]) -> Vec<Scored> {
    let one = |s: &mercato::Scored| Scored { id: id_to_py(py, s.id.as_ref()), score: s.score };
    list.iter().map(one).collect()
}

/// A ranked list with borrowed ids to Python.
pub fn ranked<'a>(py: Python<'_>, list: impl Iterator<Item = (IdRef<'a>, f32)>) -> Vec<Scored> {
    list.map(|(id, score)| Scored { id: id_to_py(py, id), score }).collect()
}

/// Ids of a sequence, owned: for short lists such as a history or a set of candidates.
pub fn id_list(values: &Bound<'_, PyAny>) -> Result<Vec<Id>> {
    values.try_iter()?.map(|v| Ok(id(&v?)?.to_id())).collect()
}

/// Events of a history: ids, (id, weight) pairs, or a dict of id to weight.
pub fn weighted_ids(values: &Bound<'_, PyAny>) -> Result<Vec<(Id, f32)>> {
    let pairs = values.call_method0("items").ok();
    let one = |v: Bound<'_, PyAny>| -> Result<(Id, f32)> {
        match v.cast::<PyTuple>() {
            Ok(pair) => Ok((id(&pair.get_item(0)?)?.to_id(), pair.get_item(1)?.extract()?)),
            Err(_) => Ok((id(&v)?.to_id(), 1.0)),
        }
    };
    pairs.as_ref().unwrap_or(values).try_iter()?.map(|v| one(v?)).collect()
}

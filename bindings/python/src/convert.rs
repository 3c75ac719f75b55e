//! The data doors: tables, arrays and ids from Python to slices, and results back.
//!
//! Whatever comes in becomes Arrow arrays first (borrowed where the producer allows: Arrow capsules
//! and numpy buffers are), so there is one path with one set of checks behind every door.

use crate::error::{Fail, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use mercato::{Attribute, Error, Filter, Id, IdColumn, IdMap, IdRef};
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};
use pyo3_arrow::{PyArray, PyChunkedArray, PyTable};
use std::borrow::Cow;
use std::sync::Arc;

/// A table that came in through the Arrow PyCapsule protocol.
pub struct Table {
    batches: Vec<RecordBatch>,
    schema: SchemaRef,
}

impl Table {
    /// Takes anything with `__arrow_c_stream__`: polars, pandas, pyarrow, DuckDB and others.
    pub fn read(object: &Bound<'_, PyAny>) -> Result<Self> {
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
        Ok(Self { batches, schema })
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> Vec<String> {
        self.schema.fields().iter().map(|f| f.name().clone()).collect()
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Result<Values> {
        let (at, field) = self.schema.column_with_name(name).ok_or_else(|| {
            let names = self.names().join(", ");
            Error::invalid_input(format!("the table has no column {name}; it has: {names}"))
                .with("column", name)
        })?;
        let chunks = self.batches.iter().map(|b| b.column(at).clone()).collect();
        Ok(Values { name: name.to_owned(), chunks, dtype: field.data_type().clone() })
    }
}

/// One column of values, with the name that messages give it.
pub struct Values {
    name: String,
    chunks: Vec<ArrayRef>,
    dtype: DataType,
}

impl Values {
    /// Takes an Arrow array, a numpy array, a pandas or polars series, or a Python sequence.
    pub fn read(name: &str, object: &Bound<'_, PyAny>) -> Result<Self> {
        let py = object.py();
        let named = |chunks: Vec<ArrayRef>, dtype| Self { name: name.to_owned(), chunks, dtype };
        let whole = |array: ArrayRef| named(vec![array.clone()], array.data_type().clone());
        let wrong = |e| refuse(py, name, e);
        if object.hasattr(intern!(py, "__arrow_c_stream__"))? {
            let array: PyChunkedArray = object.extract().map_err(wrong)?;
            let (chunks, field) = array.into_inner();
            return Ok(named(chunks, field.data_type().clone()));
        }
        if object.hasattr(intern!(py, "__arrow_c_array__"))? {
            return Ok(whole(object.extract::<PyArray>().map_err(wrong)?.into_inner().0));
        }
        if !object.hasattr(intern!(py, "__array__"))? {
            return sequence(name, object).map(whole);
        }
        let numpy = py.import(intern!(py, "numpy"))?;
        let array =
            numpy.call_method1("require", (object, py.None(), ["C", "A"])).map_err(wrong)?;
        let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
        if array.getattr("ndim")?.extract::<usize>()? != 1 {
            let shape = array.getattr("shape")?;
            return Err(invalid(name, &format!("has shape {shape}, one dimension is wanted")));
        }
        match kind.as_str() {
            "i" | "u" | "f" => Ok(whole(array.extract::<PyArray>().map_err(wrong)?.into_inner().0)),
            "M" => {
                let micros = array.call_method1("astype", ("datetime64[us]",))?;
                let micros: PyArray = micros.call_method1("view", ("int64",))?.extract()?;
                let micros = micros.into_inner().0;
                // numpy's NaT is the least number.
                let valid =
                    micros.as_primitive::<Int64Type>().iter().map(|t| t.filter(|&t| t != i64::MIN));
                let times: arrow_array::TimestampMicrosecondArray = valid.collect();
                Ok(whole(Arc::new(times)))
            }
            _ => sequence(name, &array.call_method0("tolist")?).map(whole),
        }
    }

    /// As ids: all strings or all integers, none missing.
    pub fn ids(&self) -> Result<Ids> {
        let to = match &self.dtype {
            t if t.is_integer() => DataType::Int64,
            DataType::Dictionary(_, t) if t.is_integer() => DataType::Int64,
            t if is_text(t) => DataType::Utf8View,
            // No rows have no type.
            DataType::Null if self.chunks.iter().all(|c| c.is_empty()) => DataType::Int64,
            t => {
                let hint =
                    if t.is_floating() { " (drop rows without an id, then cast)" } else { "" };
                let what = format!("holds {t}; ids are strings or integers{hint}");
                return Err(invalid(&self.name, &what));
            }
        };
        Ok(Ids { text: to == DataType::Utf8View, chunks: self.cast(&to)? })
    }

    /// As `f32`, none missing: borrowed when that is what they are.
    pub fn floats(&self) -> Result<Floats> {
        if !(self.dtype.is_numeric() || self.dtype == DataType::Boolean) && !self.is_empty() {
            return Err(invalid(&self.name, &format!("holds {}, numbers are wanted", self.dtype)));
        }
        Ok(Floats(self.cast(&DataType::Float32)?))
    }

    /// As times: integers as they are, dates and timestamps in microseconds since 1970 (the second
    /// value says which), none missing.
    pub fn times(&self) -> Result<(Vec<i64>, bool)> {
        let calendar = self.dtype.is_temporal();
        if !calendar && !self.dtype.is_integer() && !self.is_empty() {
            let what = format!("holds {}; times are dates, timestamps or integers", self.dtype);
            return Err(invalid(&self.name, &what));
        }
        let chunks = if calendar {
            self.cast(&DataType::Timestamp(TimeUnit::Microsecond, None))?
        } else {
            self.cast(&DataType::Int64)?
        };
        let mut times = Vec::new();
        for chunk in &chunks {
            if calendar {
                times.extend_from_slice(chunk.as_primitive::<TimestampMicrosecondType>().values());
            } else {
                times.extend_from_slice(chunk.as_primitive::<Int64Type>().values());
            }
        }
        Ok((times, calendar))
    }

    /// As an attribute: text, number, yes/no, or lists of text (tags). Missing values may be.
    pub fn attribute(&self) -> Result<Attribute> {
        let name = &self.name;
        let text = |chunks: &[ArrayRef]| -> Vec<Option<String>> {
            let views = chunks.iter().flat_map(|c| c.as_string_view());
            views.map(|v| v.map(str::to_owned)).collect()
        };
        match &self.dtype {
            t if is_text(t) => {
                Ok(Attribute::text(name, &text(&self.cast_nullable(&DataType::Utf8View)?))?)
            }
            DataType::Boolean => {
                let flags: Vec<_> = self.chunks.iter().flat_map(|c| c.as_boolean()).collect();
                Ok(Attribute::bool(name, &flags))
            }
            t if t.is_numeric() => {
                let chunks = self.cast_nullable(&DataType::Float64)?;
                let numbers = chunks.iter().flat_map(|c| c.as_primitive::<Float64Type>());
                Ok(Attribute::number(name, numbers.map(|v| v.unwrap_or(f64::NAN)).collect()))
            }
            DataType::List(t) | DataType::LargeList(t) if is_text(t.data_type()) => {
                let lists = self.cast_nullable(&DataType::LargeList(Arc::new(
                    arrow_schema::Field::new("item", DataType::Utf8View, true),
                )))?;
                let tags: Vec<Vec<String>> = lists
                    .iter()
                    .flat_map(|c| c.as_list::<i64>().iter())
                    .map(|l| {
                        text(&l.into_iter().collect::<Vec<_>>()).into_iter().flatten().collect()
                    })
                    .collect();
                Ok(Attribute::tags(name, &tags)?)
            }
            t => Err(invalid(
                name,
                &format!("holds {t}; attributes are text, numbers, yes/no or lists of text"),
            )),
        }
    }

    /// The name of the column.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|c| c.len()).sum()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn cast(&self, to: &DataType) -> Result<Vec<ArrayRef>> {
        let chunks = self.cast_nullable(to)?;
        let mut before = 0;
        for chunk in &chunks {
            if let Some(row) =
                (0..chunk.len()).find(|&i| chunk.is_null(i)).filter(|_| chunk.null_count() > 0)
            {
                let row = before + row;
                return Err(Error::invalid_input(format!(
                    "column {}: no value in row {row}",
                    self.name
                ))
                .with("column", &self.name)
                .with("row", row)
                .into());
            }
            before += chunk.len();
        }
        Ok(chunks)
    }

    fn cast_nullable(&self, to: &DataType) -> Result<Vec<ArrayRef>> {
        let exact = CastOptions { safe: false, ..CastOptions::default() };
        let cast = |c: &ArrayRef| {
            cast_with_options(c, to, &exact)
                .map_err(|e| invalid(&self.name, &format!("does not fit: {e}")))
        };
        self.chunks.iter().map(cast).collect()
    }
}

/// Ids, ready to be borrowed.
pub struct Ids {
    text: bool,
    chunks: Vec<ArrayRef>,
}

impl Ids {
    /// The column that the library takes.
    pub fn column(&self) -> IdColumn<'_> {
        if self.text {
            let all = self.chunks.iter().flat_map(|c| c.as_string_view());
            return IdColumn::Strs(all.map(|s| Cow::Borrowed(s.unwrap_or_default())).collect());
        }
        match self.chunks.as_slice() {
            [one] => IdColumn::Ints(Cow::Borrowed(one.as_primitive::<Int64Type>().values())),
            many => {
                let values = many.iter().map(|c| c.as_primitive::<Int64Type>().values().as_ref());
                IdColumn::Ints(Cow::Owned(values.collect::<Vec<_>>().concat()))
            }
        }
    }
}

/// Numbers, ready to be borrowed.
pub struct Floats(Vec<ArrayRef>);

impl Floats {
    /// The slice that the library takes.
    pub fn slice(&self) -> Cow<'_, [f32]> {
        match self.0.as_slice() {
            [one] => Cow::Borrowed(one.as_primitive::<Float32Type>().values()),
            many => {
                let values = many.iter().map(|c| c.as_primitive::<Float32Type>().values().as_ref());
                Cow::Owned(values.collect::<Vec<_>>().concat())
            }
        }
    }
}

fn is_text(t: &DataType) -> bool {
    match t {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, t) => is_text(t),
        _ => false,
    }
}

/// A Python list, tuple or other iterable: all strings, all numbers, or all dates.
fn sequence(name: &str, object: &Bound<'_, PyAny>) -> Result<ArrayRef> {
    let rows: Vec<Bound<'_, PyAny>> =
        object.try_iter().and_then(Iterator::collect).map_err(|e| refuse(object.py(), name, e))?;
    let odd = |row: usize| {
        let kind = rows[row].get_type();
        Fail::Core(
            Error::invalid_input(format!(
                "column {name}: row {row} holds a {kind}, which does not go with {}",
                rows[0].get_type()
            ))
            .with("column", name)
            .with("row", row),
        )
    };
    let each = |fits: fn(&Bound<'_, PyAny>) -> bool| {
        rows.iter().position(|v| !v.is_none() && !fits(v)).map_or(Ok(()), |row| Err(odd(row)))
    };
    let Some(first) = rows.iter().find(|v| !v.is_none()) else {
        return Ok(Arc::new(arrow_array::NullArray::new(rows.len())));
    };
    if first.is_instance_of::<PyString>() {
        each(|v| v.is_instance_of::<PyString>())?;
        let texts: Vec<Option<String>> =
            rows.iter().map(|v| v.extract()).collect::<PyResult<_>>()?;
        return Ok(Arc::new(StringViewArray::from_iter(texts)));
    }
    let is_int = |v: &Bound<'_, PyAny>| v.extract::<i64>().is_ok() && !v.is_instance_of::<PyBool>();
    if rows.iter().all(|v| v.is_none() || is_int(v)) {
        let ints: Vec<Option<i64>> = rows.iter().map(|v| v.extract()).collect::<PyResult<_>>()?;
        return Ok(Arc::new(Int64Array::from(ints)));
    }
    if first.is_instance_of::<PyFloat>() || first.is_instance_of::<PyInt>() {
        each(|v| v.is_instance_of::<PyFloat>() || v.is_instance_of::<PyInt>())?;
        let floats: Vec<Option<f64>> = rows.iter().map(|v| v.extract()).collect::<PyResult<_>>()?;
        return Ok(Arc::new(Float64Array::from(floats)));
    }
    each(|v| v.hasattr("isoformat").unwrap_or(false))?;
    let numpy = object.py().import(intern!(object.py(), "numpy"))?;
    let times = numpy.call_method1("asarray", (object, "datetime64[us]"));
    let times = times.map_err(|e| refuse(object.py(), name, e))?;
    Values::read(name, &times).map(|v| v.chunks[0].clone())
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
    k: usize,
) -> Result<Bound<'py, PyAny>> {
    let n = dense.len().checked_div(k).unwrap_or(0);
    let flat = if let Some(ints) = ids.as_ints() {
        let value = |&d: &u32| ints.get(d as usize).copied().unwrap_or(-1);
        PyArray1::from_iter(py, dense.iter().map(value)).reshape([n, k])?.into_any()
    } else {
        // Each string is made once, however often it is recommended.
        let mut made: Vec<Option<Py<PyAny>>> = ids.iter().map(|_| None).collect();
        let value = |&d: &u32| match made.get_mut(d as usize) {
            Some(slot) => slot.get_or_insert_with(|| id_to_py(py, ids.id(d))).clone_ref(py),
            None => py.None(),
        };
        PyArray1::from_iter(py, dense.iter().map(value)).reshape([n, k])?.into_any()
    };
    Ok(flat)
}

/// An (n, k) array of scores.
pub fn scores_to_numpy(
    py: Python<'_>,
    scores: Vec<f32>,
    k: usize,
) -> Result<Bound<'_, PyArray2<f32>>> {
    let n = scores.len().checked_div(k).unwrap_or(0);
    Ok(PyArray1::from_vec(py, scores).reshape([n, k])?)
}

/// The `where` argument.
pub fn filter(value: Option<&Bound<'_, PyDict>>) -> Result<Option<Filter>> {
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

/// Ids of a sequence, owned: for short lists such as a history or a set of candidates.
pub fn id_list(values: &Bound<'_, PyAny>) -> Result<Vec<Id>> {
    values.try_iter()?.map(|v| Ok(id(&v?)?.to_id())).collect()
}

//! `Interactions`, `ItemAttributes` and the `Table` that results come in.

use crate::convert::{self, Columns};
use crate::error::Result;
use crate::run;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use mercato::table::{self, InteractionColumns, Table};
use mercato::{Error, IdMap, Interactions, ItemAttributes};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use std::sync::Arc;

/// Validated interactions of users with items: the input of every recommender.
///
/// Each (user, item) pair counts once, its weights added up. Where times were given, every single
/// event is kept beside it in time order, for splits by time, for sequences and for baskets.
#[pyclass(name = "Interactions", module = "mercato", frozen)]
pub struct PyInteractions {
    pub inner: Interactions,
    /// Whether times are dates (microseconds since 1970) rather than plain integers.
    calendar: bool,
}

impl PyInteractions {
    fn read(py: Python<'_>, columns: &Columns, names: InteractionColumns<'_>) -> Result<Self> {
        let inner = run::short(py, || Interactions::from_table(columns, names))?;
        Ok(Self { inner, calendar: names.time.is_some_and(|time| columns.is_calendar(time)) })
    }

    fn like(&self, (a, b): (Interactions, Interactions)) -> (Self, Self) {
        let wrap = |inner| Self { inner, calendar: self.calendar };
        (wrap(a), wrap(b))
    }
}

#[pymethods]
impl PyInteractions {
    /// From a table with one row per event.
    ///
    /// table: polars, pandas, pyarrow, DuckDB or anything else with `__arrow_c_stream__`.
    /// user, item: names of the columns of ids, strings or integers, none missing.
    /// weight: name of a column of numbers, finite and not negative; 1 each when None.
    /// time: name of a column of timestamps, dates or integers.
    #[staticmethod]
    #[pyo3(signature = (table, user = "user_id", item = "item_id", weight = None, time = None))]
    fn from_table(
        table: &Bound<'_, PyAny>,
        user: &str,
        item: &str,
        weight: Option<&str>,
        time: Option<&str>,
    ) -> Result<Self> {
        let names = InteractionColumns { user, item, weight, time };
        Self::read(table.py(), &Columns::of_table(table)?, names)
    }

    /// From one array each: numpy, Arrow, pandas or polars series, or Python sequences.
    #[staticmethod]
    #[pyo3(signature = (users, items, weights = None, times = None))]
    fn from_arrays(
        users: &Bound<'_, PyAny>,
        items: &Bound<'_, PyAny>,
        weights: Option<&Bound<'_, PyAny>>,
        times: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let mut columns = Columns::default().with("users", users)?.with("items", items)?;
        for (name, values) in [("weights", weights), ("times", times)] {
            if let Some(values) = values {
                columns = columns.with(name, values)?;
            }
        }
        let names = InteractionColumns {
            user: "users",
            item: "items",
            weight: weights.map(|_| "weights"),
            time: times.map(|_| "times"),
        };
        Self::read(users.py(), &columns, names)
    }

    /// From a scipy sparse matrix, users x items.
    ///
    /// users, items: the ids of rows and columns; 0, 1, 2 ... when None.
    #[staticmethod]
    #[pyo3(signature = (matrix, users = None, items = None))]
    fn from_csr(
        matrix: &Bound<'_, PyAny>,
        users: Option<&Bound<'_, PyAny>>,
        items: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let py = matrix.py();
        let matrix = matrix.call_method0("tocsr").map_err(|_| {
            Error::invalid_input("expected a scipy sparse matrix (an object with tocsr)")
        })?;
        let (rows, columns): (usize, usize) = matrix.getattr("shape")?.extract()?;
        let mut parts = Columns::default();
        for name in ["indptr", "indices", "data"] {
            parts = parts.with(name, &matrix.getattr(name)?)?;
        }
        let ids = |name: &str, given: Option<&Bound<'_, PyAny>>, n| -> Result<IdMap> {
            let Some(given) = given else { return Ok(IdMap::range(n)?) };
            Ok(IdMap::from_ids(&table::ids(&Columns::default().with(name, given)?, name)?)?)
        };
        let (users, items) = (ids("users", users, rows)?, ids("items", items, columns)?);
        let inner = run::short(py, || {
            let (indptr, indices) = (table::ids(&parts, "indptr")?, table::ids(&parts, "indices")?);
            let weights: Vec<f32> =
                table::numbers(&parts, "data")?.into_iter().map(|w| w as f32).collect();
            let (indptr, indices) = (indptr.as_ints()?, indices.as_ints()?);
            Interactions::from_csr(Arc::new(users), Arc::new(items), indptr, indices, &weights)
        })?;
        Ok(Self { inner, calendar: false })
    }

    /// How many users are known, with or without interactions.
    #[getter]
    fn n_users(&self) -> usize {
        self.inner.n_users()
    }

    /// How many items are known, with or without interactions.
    #[getter]
    fn n_items(&self) -> usize {
        self.inner.n_items()
    }

    /// How many events; equal to `len` when no times were given.
    #[getter]
    fn n_events(&self) -> usize {
        self.inner.n_events()
    }

    /// Whether events carry times.
    #[getter]
    fn has_times(&self) -> bool {
        self.inner.has_times()
    }

    /// The user ids, in dense order.
    #[getter]
    fn users<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        convert::ids_to_numpy(py, self.inner.users())
    }

    /// The item ids, in dense order.
    #[getter]
    fn items<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        convert::ids_to_numpy(py, self.inner.items())
    }

    /// The items of a user.
    fn items_of(&self, user: &Bound<'_, PyAny>) -> Result<Vec<Py<PyAny>>> {
        let items = self.inner.items_of(convert::id(user)?)?;
        Ok(items.into_iter().map(|id| convert::id_to_py(user.py(), id)).collect())
    }

    /// The matrix of summed weights as a `scipy.sparse.csr_array`.
    fn to_csr<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let m = self.inner.matrix();
        let indptr = PyArray1::from_iter(py, m.indptr().iter().map(|&p| p as i64));
        let indices = PyArray1::from_iter(py, m.indices().iter().map(|&i| i64::from(i)));
        let parts = (PyArray1::from_slice(py, m.values()), indices, indptr);
        let shape = PyDict::new(py);
        shape.set_item("shape", (m.n_rows(), m.n_cols()))?;
        Ok(py.import("scipy.sparse")?.getattr("csr_array")?.call((parts,), Some(&shape))?)
    }

    /// Two parts: every event goes to the second with probability `test`.
    #[pyo3(signature = (test = 0.2, seed = 0))]
    fn split_random(&self, py: Python<'_>, test: f64, seed: u64) -> Result<(Self, Self)> {
        run::short(py, || self.inner.split_random(test, seed)).map(|parts| self.like(parts))
    }

    /// Two parts: events before `at`, and events at it or later.
    ///
    /// at: a datetime or date when times are dates, else an integer.
    fn split_time(&self, at: &Bound<'_, PyAny>) -> Result<(Self, Self)> {
        let one = pyo3::types::PyList::new(at.py(), [at])?;
        let column = Columns::default().with("at", &one)?;
        let at_ = table::times(&column, "at")?;
        if column.is_calendar("at") != self.calendar {
            let wanted = if self.calendar { "a date or datetime" } else { "an integer" };
            return Err(Error::invalid_params(format!("at must be {wanted} like the times")).into());
        }
        run::short(at.py(), || self.inner.split_time(at_[0])).map(|parts| self.like(parts))
    }

    /// Two parts: each user's last `n` events go to the second.
    #[pyo3(signature = (n = 1))]
    fn split_last(&self, py: Python<'_>, n: usize) -> Result<(Self, Self)> {
        run::short(py, || self.inner.split_last(n)).map(|parts| self.like(parts))
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.inner == other.inner
    }

    fn __repr__(&self) -> String {
        let i = &self.inner;
        let (users, items, pairs, events) = (i.n_users(), i.n_items(), i.len(), i.n_events());
        format!("Interactions({users} users, {items} items, {pairs} pairs, {events} events)")
    }
}

/// Attributes of items, for filters (`where=`) and content.
#[pyclass(name = "ItemAttributes", module = "mercato", frozen)]
pub struct PyItemAttributes(pub ItemAttributes);

#[pymethods]
impl PyItemAttributes {
    /// From a table with one row per item.
    ///
    /// item: name of the column of ids, none missing or repeated.
    /// columns: names of the attributes (text, numbers, yes/no, or lists of text); all others when
    /// None.
    #[staticmethod]
    #[pyo3(signature = (table, item = "item_id", columns = None))]
    fn from_table(
        table: &Bound<'_, PyAny>,
        item: &str,
        columns: Option<Vec<String>>,
    ) -> Result<Self> {
        let py = table.py();
        let table = Columns::of_table(table)?;
        let columns = columns.unwrap_or_else(|| {
            table.column_names().into_iter().filter(|name| name != item).collect()
        });
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        run::short(py, || ItemAttributes::from_table(&table, item, &columns)).map(Self)
    }

    /// The ids, in the order of the table.
    #[getter]
    fn items<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        convert::ids_to_numpy(py, self.0.items())
    }

    /// Name and kind ("text", "number", "bool", "tags") of each attribute.
    #[getter]
    fn columns(&self) -> Vec<(String, &'static str)> {
        self.0.columns().iter().map(|c| (c.name().to_owned(), c.kind())).collect()
    }

    fn __len__(&self) -> usize {
        self.0.items().len()
    }

    fn __repr__(&self) -> String {
        let names: Vec<&str> = self.0.columns().iter().map(mercato::Attribute::name).collect();
        format!("ItemAttributes({} items: {})", self.0.items().len(), names.join(", "))
    }
}

/// A result table. Hand it to any library that reads Arrow: `polars.DataFrame(t)`,
/// `pyarrow.table(t)`, or one of the `to_` methods.
#[pyclass(name = "Table", module = "mercato", frozen)]
pub struct PyTable(RecordBatch);

impl PyTable {
    /// Columns of the same length, with their names.
    pub fn new(columns: Vec<(&str, ArrayRef)>) -> Result<Self> {
        let batch = RecordBatch::try_from_iter(columns);
        Ok(Self(batch.map_err(|e| Error::internal(format!("the result is no table: {e}")))?))
    }
}

#[pymethods]
impl PyTable {
    /// The names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.0.schema().fields().iter().map(|f| f.name().clone()).collect()
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> Result<Bound<'py, PyAny>> {
        let table = pyo3_arrow::PyTable::try_new(vec![self.0.clone()], self.0.schema())?;
        let table = table.into_pyobject(py)?;
        Ok(table.call_method1("__arrow_c_stream__", (requested_schema,))?)
    }

    /// One column as a numpy array.
    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        let column = self.0.column_by_name(name).ok_or_else(|| {
            Error::unknown_id(format!("no column {name}; there are {:?}", self.column_names()))
        })?;
        if let Some(micros) = column.as_primitive_opt::<TimestampMicrosecondType>() {
            let array = PyArray1::from_slice(py, micros.values());
            return Ok(array.call_method1("view", ("datetime64[us]",))?);
        }
        Ok(pyo3_arrow::PyArray::from_array_ref(column.clone())
            .into_pyobject(py)?
            .call_method0("to_numpy")?)
    }

    /// As a polars data frame.
    fn to_polars(slf: &Bound<'_, Self>) -> Result<Py<PyAny>> {
        Ok(slf.py().import("polars")?.call_method1("DataFrame", (slf,))?.unbind())
    }

    /// As a pyarrow table.
    fn to_arrow(slf: &Bound<'_, Self>) -> Result<Py<PyAny>> {
        Ok(slf.py().import("pyarrow")?.call_method1("table", (slf,))?.unbind())
    }

    /// As a pandas data frame, through pyarrow.
    fn to_pandas(slf: &Bound<'_, Self>) -> Result<Py<PyAny>> {
        Ok(Self::to_arrow(slf)?.call_method0(slf.py(), "to_pandas")?)
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    fn __repr__(&self) -> String {
        let of = |f: &Arc<Field>| format!("{}: {}", f.name(), f.data_type());
        let schema: Arc<Schema> = self.0.schema();
        let columns: Vec<String> = schema.fields().iter().map(of).collect();
        format!("Table({} rows, {})", self.0.num_rows(), columns.join(", "))
    }
}

/// Adds the classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyInteractions>()?;
    m.add_class::<PyItemAttributes>()?;
    m.add_class::<PyTable>()?;
    m.add_class::<convert::Scored>()
}

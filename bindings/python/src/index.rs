//! `mercato.index`: vector similarity.

use crate::convert::{self, Columns, Count, Scored};
use crate::data::PyItemAttributes;
use crate::error::Result;
use crate::{artifact, params, run};
use mercato::index::{IndexParams, SearchOptions, SharedIndex};
use mercato::{Error, Persist, Vectors, table};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use serde_json::json;
use std::path::PathBuf;

#[doc = docs!(index::VectorIndex)]
#[pyclass(module = "mercato.index", frozen)]
pub struct VectorIndex(SharedIndex);

/// Anything that numpy makes contiguous `float32` of.
fn floats<'py>(object: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
    let numpy = object.py().import(intern!(object.py(), "numpy"))?;
    let array = numpy.call_method1(intern!(object.py(), "ascontiguousarray"), (object, "float32"));
    Ok(array.map_err(|e| Error::invalid_input(format!("vectors cannot be read: {e}")))?)
}

fn matrix<'py>(object: &Bound<'py, PyAny>) -> Result<PyReadonlyArray2<'py, f32>> {
    Ok(floats(object)?.extract().map_err(|_| {
        Error::invalid_input("vectors must have two dimensions: one row for each vector")
    })?)
}

fn vector<'py>(object: &Bound<'py, PyAny>) -> Result<PyReadonlyArray1<'py, f32>> {
    if let Ok(array) = object.extract::<PyReadonlyArray1<'py, f32>>()
        && array.as_slice().is_ok()
    {
        return Ok(array);
    }
    let array = floats(object)?.extract();
    Ok(array.map_err(|_| Error::invalid_input("a query must have one dimension"))?)
}

fn options(
    k: Count,
    ef: Option<Count>,
    target_recall: Option<f64>,
    filter: Option<&Bound<'_, PyAny>>,
) -> Result<SearchOptions> {
    let filter = convert::filter(filter)?;
    Ok(SearchOptions { k: k.0, ef: ef.map(|ef| ef.0), target_recall, filter })
}

fn wrap(index: mercato::index::VectorIndex) -> VectorIndex {
    VectorIndex(SharedIndex::new(index))
}

#[pymethods]
impl VectorIndex {
    #[doc = docs!(index::VectorIndex::build)]
    ///
    /// metric: "cosine", "dot" or "l2". kind: "auto", "flat" (exact) or "hnsw" (graph).
    /// m, ef_construction: links per node of a graph, and candidates weighed for them.
    /// attributes: what `where` filters by.
    #[staticmethod]
    #[pyo3(signature = (vectors, ids = None, metric = "cosine", kind = "auto", storage = "f32", m = Count(16), ef_construction = Count(200), attributes = None, **run),
           text_signature = "(vectors, ids=None, metric='cosine', kind='auto', storage='f32', m=16, ef_construction=200, attributes=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn build(
        py: Python<'_>,
        vectors: &Bound<'_, PyAny>,
        ids: Option<&Bound<'_, PyAny>>,
        metric: &str,
        kind: &str,
        storage: &str,
        m: Count,
        ef_construction: Count,
        attributes: Option<&PyItemAttributes>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let params = json!({
            "metric": metric, "kind": kind, "storage": storage, "m": m.0, "ef_construction": ef_construction.0,
        });
        let params: IndexParams =
            serde_json::from_value(params).map_err(|e| Error::invalid_params(e.to_string()))?;
        let rows = matrix(vectors)?;
        let dim = rows.as_array().ncols();
        let vectors = Vectors::new(rows.to_vec().map_err(PyErr::from)?, dim)?;
        let ids = ids.map(|ids| Columns::default().with("ids", ids)).transpose()?;
        let ids = ids.as_ref().map(|ids| table::ids(ids, "ids")).transpose()?;
        let attributes = attributes.map(|a| &a.0);
        let work = |run: &mercato::Run| {
            let index = mercato::index::VectorIndex::build(&vectors, ids.as_ref(), &params, run)?;
            Ok(match attributes {
                Some(attributes) => index.with_attributes(attributes),
                None => index,
            })
        };
        Ok(wrap(run::long(py, run, work)?))
    }

    #[doc = docs!(index::VectorIndex::search)]
    ///
    /// ef: candidates that a graph keeps; target_recall: the share of true neighbours to find
    /// instead (default 0.95). where: only vectors whose attributes pass.
    #[pyo3(signature = (query, k = Count(10), ef = None, target_recall = None, r#where = None),
           text_signature = "($self, query, k=10, ef=None, target_recall=None, where=None)")]
    fn search(
        &self,
        query: &Bound<'_, PyAny>,
        k: Count,
        ef: Option<Count>,
        target_recall: Option<f64>,
        r#where: Option<&Bound<'_, PyAny>>,
    ) -> Result<Vec<Scored>> {
        let options = options(k, ef, target_recall, r#where)?;
        let (py, values) = (query.py(), vector(query)?);
        let values = values.as_slice().map_err(PyErr::from)?;
        let list = run::short(py, || self.0.snapshot().search(values, &options))?;
        Ok(convert::scored(py, &list))
    }

    #[doc = docs!(index::VectorIndex::search_batch)]
    ///
    /// Gives the ids, (n, k) in the caller's type (missing is None or -1), and the scores.
    #[pyo3(signature = (queries, k = Count(10), ef = None, r#where = None, target_recall = None, **run),
           text_signature = "($self, queries, k=10, ef=None, where=None, target_recall=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn search_batch<'py>(
        &self,
        py: Python<'py>,
        queries: &Bound<'py, PyAny>,
        k: Count,
        ef: Option<Count>,
        r#where: Option<&Bound<'py, PyAny>>,
        target_recall: Option<f64>,
        run: Option<&Bound<'py, PyDict>>,
    ) -> Result<(Bound<'py, PyAny>, Bound<'py, PyArray2<f32>>)> {
        let options = options(k, ef, target_recall, r#where)?;
        let queries = matrix(queries)?;
        let shape = [queries.as_array().nrows(), k.0];
        let (width, flat) = (queries.as_array().ncols(), queries.as_slice().map_err(PyErr::from)?);
        let index = self.0.snapshot();
        if width != index.dim() {
            return Err(Error::invalid_input(format!(
                "queries of {} values expected, got {width}",
                index.dim()
            ))
            .into());
        }
        let found = run::long(py, run, |run| index.search_batch(flat, &options, run))?;
        let ids = convert::dense_to_numpy(py, index.id_map(), found.dense(), shape)?;
        Ok((ids, PyArray1::from_slice(py, found.scores()).reshape(shape)?))
    }

    #[doc = docs!(index::VectorIndex::upsert_with)]
    #[pyo3(signature = (ids, vectors, attributes = None, **run),
           text_signature = "($self, ids, vectors, attributes=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn upsert(
        &self,
        py: Python<'_>,
        ids: &Bound<'_, PyAny>,
        vectors: &Bound<'_, PyAny>,
        attributes: Option<&PyItemAttributes>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<()> {
        let ids = Columns::default().with("ids", ids)?;
        let ids = table::ids(&ids, "ids")?;
        let rows = matrix(vectors)?;
        let rows = rows.as_slice().map_err(PyErr::from)?;
        let attributes = attributes.map(|a| &a.0);
        run::long(py, run, |run| self.0.upsert(&ids, rows, attributes, run))
    }

    #[doc = docs!(index::VectorIndex::remove)]
    #[pyo3(signature = (ids, **run),
           text_signature = "($self, ids, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn remove(
        &self,
        py: Python<'_>,
        ids: &Bound<'_, PyAny>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<usize> {
        let ids = Columns::default().with("ids", ids)?;
        let ids = table::ids(&ids, "ids")?;
        run::long(py, run, |run| self.0.remove(&ids, run))
    }

    #[doc = docs!(index::VectorIndex::self_check)]
    #[pyo3(signature = (sample = Count(1000), k = Count(10), ef = None, target_recall = None, **run),
           text_signature = "($self, sample=1000, k=10, ef=None, target_recall=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn self_check<'py>(
        &self,
        py: Python<'py>,
        sample: Count,
        k: Count,
        ef: Option<Count>,
        target_recall: Option<f64>,
        run: Option<&Bound<'py, PyDict>>,
    ) -> Result<Bound<'py, PyAny>> {
        let options = options(k, ef, target_recall, None)?;
        let index = self.0.snapshot();
        let report = run::long(py, run, |run| index.self_check(sample.0, &options, run))?;
        params::plain(py, &report)
    }

    #[doc = docs!(index::SharedIndex::snapshot)]
    fn snapshot(&self) -> Self {
        wrap(self.0.snapshot())
    }

    #[doc = docs!(index::VectorIndex::vector)]
    fn vector<'py>(
        &self,
        py: Python<'py>,
        id: &Bound<'_, PyAny>,
    ) -> Result<Bound<'py, PyArray1<f32>>> {
        let (index, id) = (self.0.snapshot(), convert::id(id)?);
        let vector = index.vector(id);
        let vector = vector.ok_or_else(|| Error::unknown_id(format!("unknown id {id}")))?;
        Ok(PyArray1::from_slice(py, vector))
    }

    /// Numbers in a vector.
    #[getter]
    fn dim(&self) -> usize {
        self.0.snapshot().dim()
    }

    /// How the index was built.
    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        params::plain(py, self.0.snapshot().params())
    }

    #[doc = docs!(core::Persist::save)]
    fn save(&self, py: Python<'_>, path: PathBuf) -> Result<()> {
        run::short(py, || self.0.snapshot().save(path))
    }

    #[doc = docs!(core::Persist::open)]
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> Result<Self> {
        Ok(wrap(run::short(py, || Persist::open(path))?))
    }

    #[doc = docs!(core::Persist::load)]
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> Result<Self> {
        Ok(wrap(run::short(py, || Persist::load(path))?))
    }

    #[doc = docs!(core::Persist::to_bytes)]
    fn to_bytes<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &run::short(py, || self.0.snapshot().to_bytes())?))
    }

    #[doc = docs!(core::Persist::from_bytes)]
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> Result<Self> {
        Ok(wrap(run::short(py, || Persist::from_bytes(data))?))
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> Result<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((slf.get_type().getattr("from_bytes")?, (slf.get().to_bytes(slf.py())?,)))
    }

    fn __copy__(&self) -> Self {
        self.snapshot()
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> Self {
        self.snapshot()
    }

    fn __len__(&self) -> usize {
        self.0.snapshot().len()
    }

    fn __contains__(&self, id: &Bound<'_, PyAny>) -> Result<bool> {
        Ok(self.0.snapshot().contains(convert::id(id)?))
    }

    fn __repr__(&self, py: Python<'_>) -> Result<String> {
        let index = self.0.snapshot();
        let params = params::repr(py, "IndexParams", index.params())?;
        Ok(format!("VectorIndex({} vectors of {}, {params})", index.len(), index.dim()))
    }
}

/// Fills the module.
pub fn register(m: &Bound<'_, PyModule>) -> Result<()> {
    m.add_class::<VectorIndex>()?;
    artifact::know(mercato::index::VectorIndex::KIND, m.py().get_type::<VectorIndex>());
    Ok(())
}

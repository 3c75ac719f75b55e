//! What every estimator and every model has in Python, written once.

/// The class of an estimator: keyword arguments, fields as attributes, `repr`, `==`, pickling and
/// `copy`, all of it from the serde record. `fit` follows in a `#[pymethods]` block.
macro_rules! estimator {
    ($class:ident, $record:ty, $name:literal, $module:literal, $doc:expr) => {
        #[doc = $doc]
        #[pyclass(name = $name, module = $module, frozen)]
        pub struct $class(pub $record);

        #[pymethods]
        impl $class {
            #[new]
            #[pyo3(signature = (*args, **kwargs))]
            fn new(
                args: &Bound<'_, pyo3::types::PyTuple>,
                kwargs: Option<&Bound<'_, pyo3::types::PyDict>>,
            ) -> $crate::error::Result<Self> {
                let record: $record = $crate::params::parse(args, kwargs)?;
                record.check()?;
                Ok(Self(record))
            }

            fn __getattr__(&self, py: Python<'_>, name: &str) -> $crate::error::Result<Py<PyAny>> {
                $crate::params::attribute(py, $name, &self.0, name)
            }

            fn __dir__(&self, py: Python<'_>) -> $crate::error::Result<Vec<String>> {
                $crate::params::names(py.get_type::<Self>().as_any(), &self.0)
            }

            fn _params(&self, py: Python<'_>) -> $crate::error::Result<Py<PyAny>> {
                Ok($crate::params::plain(py, &self.0)?.unbind())
            }

            fn __repr__(&self, py: Python<'_>) -> $crate::error::Result<String> {
                $crate::params::repr(py, $name, &self.0)
            }

            fn __eq__(&self, other: &Self) -> bool {
                self.0 == other.0
            }

            fn __getnewargs_ex__(&self, py: Python<'_>) -> $crate::error::Result<((), Py<PyAny>)> {
                Ok(((), self._params(py)?))
            }
        }

        impl $class {
            /// Adds the class to its module, with the record's signature.
            pub fn add_to(m: &Bound<'_, PyModule>) -> $crate::error::Result<()> {
                m.add_class::<Self>()?;
                $crate::params::sign::<$record>(m.py().get_type::<Self>().as_any())
            }
        }
    };
}

/// The class of a model: saving, opening, loading, bytes, pickling, `copy` and `repr`, all of it
/// from `Persist`. What the model predicts follows in a `#[pymethods]` block.
macro_rules! model {
    ($class:ident, $model:ty, $name:literal, $module:literal, $doc:expr) => {
        #[doc = $doc]
        #[pyclass(name = $name, module = $module, frozen)]
        pub struct $class(pub $model);

        #[pymethods]
        impl $class {
            /// Saves to a file, atomically: a crash leaves the old file or the new one.
            fn save(&self, py: Python<'_>, path: std::path::PathBuf) -> $crate::error::Result<()> {
                $crate::run::short(py, || mercato::Persist::save(&self.0, path))
            }

            /// Opens a file by memory-mapping, in constant time.
            #[staticmethod]
            fn open(py: Python<'_>, path: std::path::PathBuf) -> $crate::error::Result<Self> {
                $crate::run::short(py, || mercato::Persist::open(path)).map(Self)
            }

            /// Reads a file into memory and verifies every checksum.
            #[staticmethod]
            fn load(py: Python<'_>, path: std::path::PathBuf) -> $crate::error::Result<Self> {
                $crate::run::short(py, || mercato::Persist::load(path)).map(Self)
            }

            /// The bytes that `save` would write.
            fn to_bytes<'py>(
                &self,
                py: Python<'py>,
            ) -> $crate::error::Result<Bound<'py, pyo3::types::PyBytes>> {
                let bytes = $crate::run::short(py, || mercato::Persist::to_bytes(&self.0))?;
                Ok(pyo3::types::PyBytes::new(py, &bytes))
            }

            /// A model from the bytes that `to_bytes` or `save` gave.
            #[staticmethod]
            fn from_bytes(py: Python<'_>, data: &[u8]) -> $crate::error::Result<Self> {
                $crate::run::short(py, || mercato::Persist::from_bytes(data)).map(Self)
            }

            fn __reduce__<'py>(
                slf: &Bound<'py, Self>,
            ) -> $crate::error::Result<(Bound<'py, PyAny>, (Bound<'py, pyo3::types::PyBytes>,))>
            {
                Ok((slf.get_type().getattr("from_bytes")?, (slf.get().to_bytes(slf.py())?,)))
            }

            fn __copy__(slf: Py<Self>) -> Py<Self> {
                slf // models never change
            }

            fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
                slf
            }

            fn __repr__(&self) -> String {
                format!("{:?}", self.0)
            }
        }

        impl $class {
            /// Adds the class to its module, and its kind to those that `mercato.open` knows.
            pub fn add_to(m: &Bound<'_, PyModule>) -> $crate::error::Result<()> {
                m.add_class::<Self>()?;
                $crate::artifact::know(
                    <$model as mercato::Persist>::KIND,
                    m.py().get_type::<Self>(),
                )
            }
        }
    };
}

pub(crate) use {estimator, model};

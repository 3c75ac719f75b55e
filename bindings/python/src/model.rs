//! What every estimator and every model has in Python, written once.
//!
//! The Rust struct of a class has the name of the class; what it wraps is the type of the same name
//! in the library.

/// The class of an estimator: keyword arguments, fields as attributes, `repr`, `==`, pickling and
/// `copy`, all of it from the serde record. `fit` follows in a `#[pymethods]` block.
///
/// `estimator!("mercato.recsys", recsys::Als);`
macro_rules! estimator {
    ($module:literal, $domain:ident :: $name:ident) => {
        #[doc = docs!($domain::$name)]
        #[pyclass(module = $module, frozen)]
        pub struct $name(pub mercato::$domain::$name);

        #[pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = (*args, **kwargs))]
            fn new(
                args: &Bound<'_, pyo3::types::PyTuple>,
                kwargs: Option<&Bound<'_, pyo3::types::PyDict>>,
            ) -> $crate::error::Result<Self> {
                let record: mercato::$domain::$name = $crate::params::parse(args, kwargs)?;
                record.check()?;
                Ok(Self(record))
            }

            fn __getattr__(&self, py: Python<'_>, name: &str) -> $crate::error::Result<Py<PyAny>> {
                $crate::params::attribute(py, stringify!($name), &self.0, name)
            }

            fn __dir__(slf: &Bound<'_, Self>) -> $crate::error::Result<Vec<String>> {
                $crate::params::names(slf.get_type().as_any(), &slf.get().0)
            }

            fn _params(&self, py: Python<'_>) -> $crate::error::Result<Py<PyAny>> {
                Ok($crate::params::plain(py, &self.0)?.unbind())
            }

            fn __repr__(&self, py: Python<'_>) -> $crate::error::Result<String> {
                $crate::params::repr(py, stringify!($name), &self.0)
            }

            fn __eq__(&self, other: &Self) -> bool {
                self.0 == other.0
            }

            fn __getnewargs_ex__(&self, py: Python<'_>) -> $crate::error::Result<((), Py<PyAny>)> {
                Ok(((), self._params(py)?))
            }
        }

        impl $name {
            /// Adds the class to its module, with the record's signature.
            pub fn add_to(m: &Bound<'_, PyModule>) -> $crate::error::Result<()> {
                m.add_class::<Self>()?;
                $crate::params::sign::<mercato::$domain::$name>(m.py().get_type::<Self>().as_any())
            }
        }
    };
}

/// The class of a model: saving, opening, loading, bytes, pickling, `copy` and `repr`, all of it
/// from `Persist`. What the model predicts follows in a `#[pymethods]` block. The last argument
/// is how `repr` describes the model: `fn(&Model, Python) -> Result<String>`.
///
/// `model!("mercato.recsys", recsys::AlsModel extends Recommender, describe);`
macro_rules! model {
    ($module:literal, $domain:ident :: $name:ident, $repr:expr) => {
        #[doc = docs!($domain::$name)]
        #[pyclass(module = $module, frozen)]
        pub struct $name(pub std::sync::Arc<mercato::$domain::$name>);

        impl $name {
            /// The Python object of a model.
            pub fn wrap(
                py: Python<'_>,
                model: mercato::$domain::$name,
            ) -> $crate::error::Result<Py<Self>> {
                Ok(Py::new(py, Self(std::sync::Arc::new(model)))?)
            }
        }

        $crate::model::model!(@methods $domain::$name, $repr);
    };
    // `extends`: the base class is a tuple struct of an `Arc<dyn Trait>` that the model coerces to.
    ($module:literal, $domain:ident :: $name:ident extends $base:ident, $repr:expr) => {
        #[doc = docs!($domain::$name)]
        #[pyclass(module = $module, frozen, extends = $base)]
        pub struct $name(pub std::sync::Arc<mercato::$domain::$name>);

        impl $name {
            /// The Python object of a model.
            pub fn wrap(
                py: Python<'_>,
                model: mercato::$domain::$name,
            ) -> $crate::error::Result<Py<Self>> {
                let model = std::sync::Arc::new(model);
                let base = PyClassInitializer::from($base(model.clone()));
                Ok(Py::new(py, base.add_subclass(Self(model)))?)
            }
        }

        $crate::model::model!(@methods $domain::$name, $repr);
    };
    (@methods $domain:ident :: $name:ident, $repr:expr) => {
        #[pymethods]
        impl $name {
            #[doc = docs!(core::Persist::save)]
            fn save(&self, py: Python<'_>, path: std::path::PathBuf) -> $crate::error::Result<()> {
                $crate::run::short(py, || mercato::Persist::save(&*self.0, path))
            }

            #[doc = docs!(core::Persist::open)]
            #[staticmethod]
            fn open(py: Python<'_>, path: std::path::PathBuf) -> $crate::error::Result<Py<Self>> {
                Self::wrap(py, $crate::run::short(py, || mercato::Persist::open(path))?)
            }

            #[doc = docs!(core::Persist::load)]
            #[staticmethod]
            fn load(py: Python<'_>, path: std::path::PathBuf) -> $crate::error::Result<Py<Self>> {
                Self::wrap(py, $crate::run::short(py, || mercato::Persist::load(path))?)
            }

            #[doc = docs!(core::Persist::to_bytes)]
            fn to_bytes<'py>(
                &self,
                py: Python<'py>,
            ) -> $crate::error::Result<Bound<'py, pyo3::types::PyBytes>> {
                let bytes = $crate::run::short(py, || mercato::Persist::to_bytes(&*self.0))?;
                Ok(pyo3::types::PyBytes::new(py, &bytes))
            }

            #[doc = docs!(core::Persist::from_bytes)]
            #[staticmethod]
            fn from_bytes(py: Python<'_>, data: &[u8]) -> $crate::error::Result<Py<Self>> {
                Self::wrap(py, $crate::run::short(py, || mercato::Persist::from_bytes(data))?)
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

            fn __repr__(&self, py: Python<'_>) -> $crate::error::Result<String> {
                ($repr)(&*self.0, py)
            }
        }

        impl $name {
            /// Adds the class to its module, and its kind to those that `mercato.open` knows.
            pub fn add_to(m: &Bound<'_, PyModule>) -> $crate::error::Result<()> {
                m.add_class::<Self>()?;
                let kind = <mercato::$domain::$name as mercato::Persist>::KIND;
                $crate::artifact::know(kind, m.py().get_type::<Self>());
                Ok(())
            }
        }
    };
}

pub(crate) use {estimator, model};

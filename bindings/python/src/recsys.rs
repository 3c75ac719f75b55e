//! `mercato.recsys`: recommendation.

mod explain;
mod judge;
mod steer;

use crate::convert::{self, Columns, Count, Scored};
use crate::data::{PyInteractions, PyItemAttributes};
use crate::error::Result;
use crate::model::{estimator, model};
use crate::{params, run};
use mercato::recsys::{History, Method, Model, Quantization, Query, Ranking, Recommender as _};
use mercato::{Vectors, table};
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;

/// What every recommendation model answers; the base class of all of them.
#[pyclass(module = "mercato.recsys", frozen, subclass)]
pub struct Recommender(Arc<dyn Model>);

fn query(
    exclude_seen: bool,
    filter: Option<&Bound<'_, PyAny>>,
    items: Option<&Bound<'_, PyAny>>,
    history: Option<&Bound<'_, PyAny>>,
) -> Result<Query> {
    Ok(Query {
        exclude_seen,
        filter: convert::filter(filter)?,
        items: items.map(convert::id_list).transpose()?,
        history: history.map(convert::weighted_ids).transpose()?.map(|events| History { events }),
        ..Query::default()
    })
}

#[pymethods]
impl Recommender {
    #[doc = docs!(recsys::Recommender::recommend)]
    ///
    /// exclude_seen: leave out what the user has seen in training and in `history`.
    /// where: only items whose attributes pass, e.g. {"category": "toys", "price": {"lt": 20}}.
    /// items: only these items.
    /// history: item ids, (id, weight) pairs or {id: weight}, oldest first, instead of the user's
    /// own; the user may then be unknown.
    /// rules: a list of dicts, or `Rules`.
    #[pyo3(signature = (user, n = Count(10), exclude_seen = true, r#where = None, items = None, history = None, rules = None),
           text_signature = "($self, user, n=10, exclude_seen=True, where=None, items=None, history=None, rules=None)")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn recommend(
        &self,
        user: &Bound<'_, PyAny>,
        n: Count,
        exclude_seen: bool,
        r#where: Option<&Bound<'_, PyAny>>,
        items: Option<&Bound<'_, PyAny>>,
        history: Option<&Bound<'_, PyAny>>,
        rules: Option<&Bound<'_, PyAny>>,
    ) -> Result<Vec<Scored>> {
        let rules = steer::rules(rules)?;
        let query = Query { rules, ..query(exclude_seen, r#where, items, history)? };
        let user_ = convert::id(user)?;
        let mut list = Ranking::default();
        run::short(user.py(), || self.0.recommend_into(user_, n.0, &query, &mut list))?;
        Ok(convert::ranked(user.py(), list.iter()))
    }

    #[doc = docs!(recsys::Recommender::recommend_batch)]
    #[pyo3(signature = (users = None, n = Count(10), exclude_seen = true, r#where = None, items = None, rules = None, **run),
           text_signature = "($self, users=None, n=10, exclude_seen=True, where=None, items=None, rules=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn recommend_batch(
        &self,
        py: Python<'_>,
        users: Option<&Bound<'_, PyAny>>,
        n: Count,
        exclude_seen: bool,
        r#where: Option<&Bound<'_, PyAny>>,
        items: Option<&Bound<'_, PyAny>>,
        rules: Option<&Bound<'_, PyAny>>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Recommendations> {
        let rules = steer::rules(rules)?;
        let query = Query { rules, ..query(exclude_seen, r#where, items, None)? };
        let users = users.map(|u| Columns::default().with("users", u)).transpose()?;
        let ids = users.as_ref().map(|u| table::ids(u, "users")).transpose()?;
        let work = |run: &mercato::Run| self.0.recommend_batch(ids.as_ref(), n.0, &query, run);
        Recommendations::new(py, &run::long(py, run, work)?)
    }

    #[doc = docs!(recsys::Recommender::similar_items)]
    #[pyo3(signature = (item, n = Count(10), r#where = None, items = None, rules = None),
           text_signature = "($self, item, n=10, where=None, items=None, rules=None)")]
    fn similar_items(
        &self,
        item: &Bound<'_, PyAny>,
        n: Count,
        r#where: Option<&Bound<'_, PyAny>>,
        items: Option<&Bound<'_, PyAny>>,
        rules: Option<&Bound<'_, PyAny>>,
    ) -> Result<Vec<Scored>> {
        let rules = steer::rules(rules)?;
        let query = Query { rules, ..query(true, r#where, items, None)? };
        let id = convert::id(item)?;
        let list = run::short(item.py(), || self.0.similar_items(id, n.0, &query))?;
        Ok(convert::scored(item.py(), &list))
    }

    #[doc = docs!(recsys::Recommender::fold_in)]
    ///
    /// history: item ids, (id, weight) pairs or {id: weight}.
    fn fold_in(&self, history: &Bound<'_, PyAny>) -> Result<UserVector> {
        let events = History { events: convert::weighted_ids(history)? };
        run::short(history.py(), || self.0.fold_in(&events)).map(UserVector)
    }

    #[doc = docs!(recsys::Recommender::recommend_vector)]
    #[pyo3(signature = (user, n = Count(10), exclude_seen = true, r#where = None, items = None),
           text_signature = "($self, user, n=10, exclude_seen=True, where=None, items=None)")]
    fn recommend_vector(
        &self,
        py: Python<'_>,
        user: &UserVector,
        n: Count,
        exclude_seen: bool,
        r#where: Option<&Bound<'_, PyAny>>,
        items: Option<&Bound<'_, PyAny>>,
    ) -> Result<Vec<Scored>> {
        let query = query(exclude_seen, r#where, items, None)?;
        let list = run::short(py, || self.0.recommend_vector(&user.0, n.0, &query))?;
        Ok(convert::scored(py, &list))
    }

    /// The ids of the users that the model knows, in dense order.
    #[getter]
    fn users<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        convert::ids_to_numpy(py, self.0.catalog().users())
    }

    /// The ids of the items that the model knows, in dense order.
    #[getter]
    fn items<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        convert::ids_to_numpy(py, self.0.catalog().items())
    }
}

#[doc = docs!(recsys::Recommendations)]
#[pyclass(module = "mercato.recsys", frozen, get_all)]
pub struct Recommendations {
    /// The ids of the users, one per row.
    users: Py<PyAny>,
    /// Item ids, (users, n), best first; missing is None or -1.
    items: Py<PyAny>,
    /// Scores, (users, n), float32; missing is minus infinity.
    scores: Py<PyArray2<f32>>,
}

impl Recommendations {
    fn new(py: Python<'_>, r: &mercato::recsys::Recommendations) -> Result<Self> {
        let users = convert::dense_to_numpy(py, r.user_ids(), r.users(), [r.len(), 1])?;
        let shape = [r.len(), r.n()];
        Ok(Self {
            users: users.call_method1("reshape", (-1,))?.unbind(),
            items: convert::dense_to_numpy(py, r.item_ids(), r.items(), shape)?.unbind(),
            scores: PyArray1::from_slice(py, r.scores()).reshape(shape)?.unbind(),
        })
    }
}

#[pymethods]
impl Recommendations {
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.users.bind(py).len()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shape: (usize, usize) = self.scores.bind(py).getattr("shape")?.extract()?;
        Ok(format!("Recommendations({} users, {} each)", shape.0, shape.1))
    }
}

/// One recommender: the estimator with `fit`, and the model with what all models have.
macro_rules! recommender {
    ($estimator:ident, $model:ident) => {
        estimator!("mercato.recsys", recsys::$estimator);
        model!("mercato.recsys", recsys::$model extends Recommender, |m: &mercato::recsys::$model, py: Python<'_>| -> Result<String> {
            let (users, items) = (m.catalog().users().len(), m.catalog().items().len());
            let params = params::repr(py, stringify!($estimator), m.params())?;
            Ok(format!("{}({users} users, {items} items, {params})", stringify!($model)))
        });

        #[pymethods]
        impl $estimator {
            #[doc = docs!(recsys::$estimator::fit)]
            #[pyo3(signature = (interactions, **run),
                   text_signature = "($self, interactions, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
            fn fit(
                &self,
                py: Python<'_>,
                interactions: &PyInteractions,
                run: Option<&Bound<'_, PyDict>>,
            ) -> Result<Py<$model>> {
                $model::wrap(py, run::long(py, run, |run| self.0.fit(&interactions.inner, run))?)
            }

            /// The estimator as a part of others.
            fn _method(&self, py: Python<'_>) -> Result<Py<PyAny>> {
                Ok(params::plain(py, &Method::from(self.0.clone()))?.unbind())
            }
        }

        #[pymethods]
        impl $model {
            #[doc = docs!(recsys::Recommender::with_attributes)]
            fn with_attributes(&self, py: Python<'_>, attributes: &PyItemAttributes) -> Result<Py<Self>> {
                let work = || Ok((*self.0).clone().with_attributes(&attributes.0));
                Self::wrap(py, run::short(py, work)?)
            }

            #[doc = docs!(recsys::Recommender::update)]
            #[pyo3(signature = (interactions, **run),
                   text_signature = "($self, interactions, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
            fn update(
                &self,
                py: Python<'_>,
                interactions: &PyInteractions,
                run: Option<&Bound<'_, PyDict>>,
            ) -> Result<Py<Self>> {
                let work = |run: &mercato::Run| self.0.update(&interactions.inner, run);
                Self::wrap(py, run::long(py, run, work)?)
            }

            #[doc = docs!(recsys::Recommender::quantize)]
            ///
            /// form: "int8" keeps a byte per number, "pq" `bytes` bytes per item.
            #[pyo3(signature = (form = "int8", bytes = Count(14), **run),
                   text_signature = "($self, form=\"int8\", bytes=14, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
            fn quantize(
                &self,
                py: Python<'_>,
                form: &str,
                bytes: Count,
                run: Option<&Bound<'_, PyDict>>,
            ) -> Result<Py<QuantizedModel>> {
                let form = Quantization::try_from((form, bytes.0))?;
                QuantizedModel::wrap(py, run::long(py, run, |run| self.0.quantize(&form, run))?)
            }

            #[doc = docs!(recsys::Recommender::fold_in_items)]
            #[pyo3(signature = (interactions, **run),
                   text_signature = "($self, interactions, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
            fn fold_in_items(
                &self,
                py: Python<'_>,
                interactions: &PyInteractions,
                run: Option<&Bound<'_, PyDict>>,
            ) -> Result<Py<Self>> {
                let work = |run: &mercato::Run| self.0.fold_in_items(&interactions.inner, run);
                Self::wrap(py, run::long(py, run, work)?)
            }

            /// The hyperparameters that the model was fitted with.
            #[getter]
            fn params(&self) -> $estimator {
                $estimator(self.0.params().clone())
            }
        }
    };
}

recommender!(Als, AlsModel);
recommender!(Blend, BlendModel);
recommender!(Ease, EaseModel);
recommender!(SequenceLinear, SequenceLinearModel);
recommender!(RepeatBasket, RepeatBasketModel);
recommender!(ItemKnn, ItemKnnModel);
recommender!(Popularity, PopularityModel);
recommender!(Spectral, SpectralModel);

#[pymethods]
impl BlendModel {
    #[doc = docs!(recsys::BlendModel::report)]
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        params::plain(py, &self.0.report())
    }
}

estimator!("mercato.recsys", recsys::AutoRecommender);

#[pymethods]
impl AutoRecommender {
    #[doc = docs!(recsys::AutoRecommender::fit)]
    #[pyo3(signature = (interactions, **run),
           text_signature = "($self, interactions, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn fit(
        &self,
        py: Python<'_>,
        interactions: &PyInteractions,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Py<BlendModel>> {
        BlendModel::wrap(py, run::long(py, run, |run| self.0.fit(&interactions.inner, run))?)
    }
}

model!("mercato.recsys", recsys::QuantizedModel extends Recommender, |m: &mercato::recsys::QuantizedModel, py: Python<'_>| -> Result<String> {
    let (items, factors) = (m.catalog().items().len(), m.factors());
    let params = params::repr(py, "Quantization", m.params())?;
    Ok(format!("QuantizedModel({items} items, {factors} factors, {params})"))
});

#[pymethods]
impl QuantizedModel {
    #[doc = docs!(recsys::Recommender::with_attributes)]
    fn with_attributes(&self, py: Python<'_>, attributes: &PyItemAttributes) -> Result<Py<Self>> {
        let work = || Ok((*self.0).clone().with_attributes(&attributes.0));
        Self::wrap(py, run::short(py, work)?)
    }

    /// How vectors are kept: {"form": "int8" or "pq", "bytes": bytes per item for "pq"}.
    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        params::plain(py, self.0.params())
    }
}

#[doc = docs!(recsys::UserVector)]
#[pyclass(module = "mercato.recsys", frozen)]
pub struct UserVector(mercato::recsys::UserVector);

#[pymethods]
impl UserVector {
    /// The vector; its length is the model's `factors`, or 0 for a model without user vectors.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_slice(py, &self.0.values)
    }

    fn __repr__(&self) -> String {
        format!("UserVector({} factors)", self.0.values.len())
    }
}

fn matrix<'py>(py: Python<'py>, vectors: &Vectors) -> Result<Bound<'py, PyArray2<f32>>> {
    let flat = PyArray1::from_slice(py, vectors.as_slice());
    Ok(flat.reshape([vectors.len(), vectors.dim()])?)
}

#[pymethods]
impl AlsModel {
    #[doc = docs!(recsys::AlsModel::user_factors)]
    #[getter]
    fn user_factors<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyArray2<f32>>> {
        matrix(py, self.0.user_factors())
    }

    #[doc = docs!(recsys::AlsModel::item_factors)]
    #[getter]
    fn item_factors<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyArray2<f32>>> {
        matrix(py, self.0.item_factors())
    }
}

#[pymethods]
impl EaseModel {
    #[doc = docs!(recsys::EaseModel::form)]
    #[getter]
    fn form(&self) -> &'static str {
        self.0.form().as_str()
    }
}

/// A bench hook: seconds of each of `repeats` rounds over `users`, asked from Rust in this process,
/// to which calls from Python are compared.
#[pyfunction]
fn _bench_recommend(
    model: &Recommender,
    users: &Bound<'_, PyAny>,
    n: usize,
    repeats: usize,
) -> Result<Vec<f64>> {
    let users = convert::id_list(users)?;
    let round = |_| {
        let began = std::time::Instant::now();
        for user in &users {
            std::hint::black_box(model.0.recommend(user, n, &Query::default())?);
        }
        Ok(began.elapsed().as_secs_f64())
    };
    Ok((0..repeats).map(round).collect::<mercato::Result<_>>()?)
}

/// Fills the module.
pub fn register(m: &Bound<'_, PyModule>) -> Result<()> {
    m.add_class::<Recommender>()?;
    m.add_class::<Recommendations>()?;
    m.add_class::<UserVector>()?;
    m.add_class::<explain::Contribution>()?;
    m.add_class::<explain::Explanation>()?;
    m.add_class::<steer::Rules>()?;
    m.add_class::<steer::Chain>()?;
    m.add_class::<steer::Answer>()?;
    Als::add_to(m)?;
    AlsModel::add_to(m)?;
    AutoRecommender::add_to(m)?;
    Blend::add_to(m)?;
    BlendModel::add_to(m)?;
    Ease::add_to(m)?;
    EaseModel::add_to(m)?;
    SequenceLinear::add_to(m)?;
    SequenceLinearModel::add_to(m)?;
    RepeatBasket::add_to(m)?;
    RepeatBasketModel::add_to(m)?;
    ItemKnn::add_to(m)?;
    ItemKnnModel::add_to(m)?;
    Popularity::add_to(m)?;
    PopularityModel::add_to(m)?;
    QuantizedModel::add_to(m)?;
    Spectral::add_to(m)?;
    SpectralModel::add_to(m)?;
    m.add_function(wrap_pyfunction!(judge::evaluate, m)?)?;
    m.add_function(wrap_pyfunction!(judge::compare, m)?)?;
    m.setattr("_bench_recommend", wrap_pyfunction!(_bench_recommend, m)?)?;
    Ok(())
}

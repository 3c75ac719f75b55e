//! Explanations.

use super::{Recommender, query};
use crate::convert;
use crate::error::Result;
use crate::run;
use mercato::recsys::{ExplanationKind, Recommender as _};
use pyo3::prelude::*;

#[doc = docs!(recsys::Contribution)]
#[pyclass(module = "mercato.recsys", frozen, get_all)]
pub struct Contribution {
    /// The item of the history.
    item: Py<PyAny>,
    /// Its weight in the history.
    weight: f32,
    /// Its part of the score, or its likeness.
    part: f32,
}

#[pymethods]
impl Contribution {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let item = self.item.bind(py).repr()?;
        Ok(format!("Contribution(item={item}, weight={}, part={})", self.weight, self.part))
    }
}

#[doc = docs!(recsys::Explanation)]
#[pyclass(module = "mercato.recsys", frozen, get_all)]
pub struct Explanation {
    /// The item that is explained.
    item: Py<PyAny>,
    /// Its score.
    score: f32,
    /// "exact", "neighbors" or "popularity".
    kind: &'static str,
    /// What each item of the history gives, the largest part first.
    contributions: Vec<Py<Contribution>>,
    /// The part of the score that belongs to no event.
    rest: f32,
    /// The share of the users who have the item.
    share_of_users: f32,
}

#[pymethods]
impl Explanation {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (item, n) = (self.item.bind(py).repr()?, self.contributions.len());
        let Self { score, kind, .. } = self;
        Ok(format!("Explanation(item={item}, score={score}, kind='{kind}', {n} contributions)"))
    }
}

#[pymethods]
impl Recommender {
    #[doc = docs!(recsys::Recommender::explain)]
    ///
    /// history: item ids, (id, weight) pairs or {id: weight}, oldest first, instead of the user's
    /// own; the user may then be unknown.
    #[pyo3(signature = (user, item, history = None))]
    fn explain(
        &self,
        user: &Bound<'_, PyAny>,
        item: &Bound<'_, PyAny>,
        history: Option<&Bound<'_, PyAny>>,
    ) -> Result<Explanation> {
        let py = user.py();
        let query = query(true, None, None, history)?;
        let (user, item) = (convert::id(user)?, convert::id(item)?);
        let why = run::short(py, || self.0.explain(user, item, &query))?;
        let named = |c: &mercato::recsys::Contribution| {
            let item = convert::id_to_py(py, c.item.as_ref());
            Py::new(py, Contribution { item, weight: c.weight, part: c.part })
        };
        Ok(Explanation {
            item: convert::id_to_py(py, why.item.as_ref()),
            score: why.score,
            kind: match why.kind {
                ExplanationKind::Exact => "exact",
                ExplanationKind::Neighbors => "neighbors",
                ExplanationKind::Popularity => "popularity",
            },
            contributions: why.contributions.iter().map(named).collect::<PyResult<_>>()?,
            rest: why.rest,
            share_of_users: why.share_of_users,
        })
    }
}

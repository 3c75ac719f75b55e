//! Rules and fallback chains.

use super::{Recommender, query};
use crate::convert::{self, Count, Scored};
use crate::data::PyItemAttributes;
use crate::error::{Fail, Result};
use crate::{params, run};
use mercato::Error;
use mercato::recsys::{Query, Recommender as _, Request, Source};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[doc = docs!(recsys::Rules)]
///
/// rules: a list of dicts, each with one of "pin", "boost", "bury", "exclude", "cap", "diversify".
#[pyclass(module = "mercato.recsys", frozen, eq)]
#[derive(PartialEq)]
pub struct Rules(pub Arc<mercato::recsys::Rules>);

#[pymethods]
impl Rules {
    #[new]
    fn new(rules: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(Self(Arc::new(mercato::recsys::Rules::from_json(&params::to_json(rules)?)?)))
    }

    /// The rules as plain data.
    fn to_list<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        params::plain(py, &*self.0)
    }

    fn __len__(&self) -> usize {
        self.0.list().len()
    }

    fn __repr__(&self, py: Python<'_>) -> Result<String> {
        Ok(format!("Rules({})", self.to_list(py)?.repr()?))
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> Result<(Bound<'py, PyAny>,)> {
        Ok((self.to_list(py)?,))
    }
}

/// The `rules` argument: a list of dicts, or `Rules`, which are read once.
pub fn rules(value: Option<&Bound<'_, PyAny>>) -> Result<Option<Arc<mercato::recsys::Rules>>> {
    let one = |v: &Bound<'_, PyAny>| match v.cast::<Rules>() {
        Ok(rules) => Ok(rules.get().0.clone()),
        Err(_) => Ok(Rules::new(v)?.0),
    };
    value.map(one).transpose()
}

#[pymethods]
impl Recommender {
    #[doc = docs!(recsys::Recommender::trace)]
    ///
    /// The arguments are those of `recommend`; `now` is the second of Unix time at which rules with
    /// `from` and `until` are judged. Returns a dict with "items", "removed" and "rules".
    #[pyo3(signature = (user, n = Count(10), exclude_seen = true, r#where = None, items = None, history = None, rules = None, now = None),
           text_signature = "($self, user, n=10, exclude_seen=True, where=None, items=None, history=None, rules=None, now=None)")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn trace<'py>(
        &self,
        user: &Bound<'py, PyAny>,
        n: Count,
        exclude_seen: bool,
        r#where: Option<&Bound<'_, PyAny>>,
        items: Option<&Bound<'_, PyAny>>,
        history: Option<&Bound<'_, PyAny>>,
        rules: Option<&Bound<'_, PyAny>>,
        now: Option<i64>,
    ) -> Result<Bound<'py, PyAny>> {
        let rules = self::rules(rules)?;
        let query = Query { rules, now, ..query(exclude_seen, r#where, items, history)? };
        let user_ = convert::id(user)?;
        let trace = run::short(user.py(), || self.0.trace(user_, n.0, &query))?;
        params::plain(user.py(), &trace)
    }
}

#[doc = docs!(recsys::Chain)]
///
/// steps: a list of dicts, each with one of "model", "similar", "popular_in" (with "attribute"),
/// "popular", whose value is a model or the path of one, or "list" with item ids; "name" is free.
/// deadline: seconds for an answer. at_least: items that a step must give to answer.
/// rules: those of every step. attributes: of listed items, for filters and rules.
#[pyclass(module = "mercato.recsys", frozen)]
pub struct Chain(mercato::recsys::Chain);

#[pymethods]
impl Chain {
    #[new]
    #[pyo3(signature = (steps, deadline = None, at_least = Count(1), rules = None, attributes = None),
           text_signature = "(steps, deadline=None, at_least=1, rules=None, attributes=None)")]
    fn new(
        py: Python<'_>,
        steps: Vec<Bound<'_, PyDict>>,
        deadline: Option<f64>,
        at_least: Count,
        rules: Option<&Bound<'_, PyAny>>,
        attributes: Option<&PyItemAttributes>,
    ) -> Result<Self> {
        let mut builder = mercato::recsys::Chain::builder().at_least(at_least.0);
        for (at, step) in steps.iter().enumerate() {
            builder = add_step(builder, at, step)?;
        }
        if let Some(seconds) = deadline {
            let deadline = Duration::try_from_secs_f64(seconds).map_err(|_| {
                Error::invalid_params(format!("deadline is in seconds, 0 or more, got {seconds}"))
            })?;
            builder = builder.deadline(deadline);
        }
        if let Some(rules) = self::rules(rules)? {
            builder = builder.rules(rules);
        }
        if let Some(attributes) = attributes {
            builder = builder.attributes(attributes.0.clone());
        }
        run::short(py, || builder.build()).map(Self)
    }

    #[doc = docs!(recsys::Chain::recommend)]
    ///
    /// item: the item that is looked at now. segment: a value of the attribute of "popular_in".
    /// The other arguments are those of a model's `recommend`. A user that nobody knows is no error,
    /// and None is one.
    #[pyo3(signature = (user = None, n = Count(10), exclude_seen = true, r#where = None, items = None, history = None, rules = None, item = None, segment = None),
           text_signature = "($self, user=None, n=10, exclude_seen=True, where=None, items=None, history=None, rules=None, item=None, segment=None)")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn recommend(
        &self,
        py: Python<'_>,
        user: Option<&Bound<'_, PyAny>>,
        n: Count,
        exclude_seen: bool,
        r#where: Option<&Bound<'_, PyAny>>,
        items: Option<&Bound<'_, PyAny>>,
        history: Option<&Bound<'_, PyAny>>,
        rules: Option<&Bound<'_, PyAny>>,
        item: Option<&Bound<'_, PyAny>>,
        segment: Option<String>,
    ) -> Result<Answer> {
        let rules = self::rules(rules)?;
        let query = Query { rules, ..query(exclude_seen, r#where, items, history)? };
        let item = item.map(|i| convert::id(i).map(mercato::IdRef::to_id)).transpose()?;
        let user = user.map_or(Ok(mercato::IdRef::Str("")), convert::id)?;
        let request = Request { query, item, segment };
        let answer = run::short(py, || Ok(self.0.recommend(user, n.0, &request)))?;
        let passed = answer.passed().into_iter();
        Ok(Answer {
            items: convert::ranked(py, answer.ranking().iter())
                .into_iter()
                .map(|s| Py::new(py, s))
                .collect::<PyResult<_>>()?,
            step: answer.step().map(str::to_owned),
            passed: passed.map(|(step, why)| (step.to_owned(), why.as_str())).collect(),
            late: answer.late(),
        })
    }

    /// The names of the steps, in order.
    #[getter]
    fn steps(&self) -> Vec<String> {
        self.0.steps().to_vec()
    }

    #[doc = docs!(recsys::Chain::problems)]
    #[getter]
    fn problems(&self) -> Vec<(String, String)> {
        self.0.problems().map(|(step, e)| (step.to_owned(), e.message().to_owned())).collect()
    }

    fn __repr__(&self) -> String {
        format!("Chain({})", self.0.steps().join(" -> "))
    }
}

fn add_step(
    builder: mercato::recsys::ChainBuilder,
    at: usize,
    step: &Bound<'_, PyDict>,
) -> Result<mercato::recsys::ChainBuilder> {
    let wrong = |why: &str| Fail::from(Error::invalid_params(format!("step {at}: {why}")));
    let (mut name, mut attribute, mut kind) = (None, None, None);
    for (key, value) in step {
        match key.extract::<String>()?.as_str() {
            "name" => name = Some(value.extract::<String>()?),
            "attribute" => attribute = Some(value.extract::<String>()?),
            other if kind.is_none() => kind = Some((other.to_owned(), value)),
            other => return Err(wrong(&format!("{other} is one key too many"))),
        }
    }
    let Some((kind, value)) = kind else {
        return Err(wrong("it has one of model, similar, popular_in, popular, list"));
    };
    let name = name.unwrap_or_else(|| kind.clone());
    if kind == "list" {
        return Ok(builder.list(name, convert::id_list(&value)?));
    }
    let source = match value.cast::<Recommender>() {
        Ok(model) => Source::Model(model.get().0.clone()),
        Err(_) => Source::File(value.extract::<PathBuf>()?),
    };
    match (kind.as_str(), attribute) {
        ("model", None) => Ok(builder.model(name, source)),
        ("similar", None) => Ok(builder.similar(name, source)),
        ("popular", None) => Ok(builder.popular(name, source)),
        ("popular_in", Some(attribute)) => Ok(builder.popular_in(name, source, attribute)),
        ("popular_in", None) | (_, Some(_)) => Err(wrong("popular_in goes with an attribute")),
        _ => Err(wrong(&format!("{kind} is none of model, similar, popular_in, popular, list"))),
    }
}

/// What a chain answered. It has the length and the items of a list.
#[pyclass(module = "mercato.recsys", frozen, get_all)]
pub struct Answer {
    /// The items, best first; empty when no step had any.
    items: Vec<Py<Scored>>,
    /// The name of the step that answered; None when the list is empty.
    step: Option<String>,
    /// The steps that were passed over, in order, and why.
    passed: Vec<(String, &'static str)>,
    /// Whether the answer came after the deadline.
    late: bool,
}

#[pymethods]
impl Answer {
    fn __len__(&self) -> usize {
        self.items.len()
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let items: Vec<_> = self.items.iter().map(|s| s.clone_ref(py)).collect();
        Ok(items.into_pyobject(py)?.try_iter()?.into_any().unbind())
    }

    fn __repr__(&self) -> String {
        format!("Answer({} items, step={:?}, late={})", self.items.len(), self.step, self.late)
    }
}

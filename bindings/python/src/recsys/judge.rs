//! Evaluation and comparison.

use super::{Recommender, query, steer};
use crate::convert::{self, Count};
use crate::data::PyInteractions;
use crate::error::Result;
use crate::{params, run};
use mercato::recsys::{Query, Segment, UserMetrics};
use mercato::{Error, Id};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::collections::{BTreeMap, HashMap};

/// The `segments` argument: "activity", or a dict of user to name.
enum Segments {
    Activity,
    Named(HashMap<Id, String>),
}

impl Segments {
    fn parse(value: &Bound<'_, PyAny>) -> Result<Self> {
        if let Ok(text) = value.cast::<PyString>() {
            return match text.to_str()? {
                "activity" => Ok(Self::Activity),
                other => Err(Error::invalid_params(format!(
                    "segments is \"activity\" or a dict of user to name, got {other:?}"
                ))
                .into()),
            };
        }
        let one = |(user, name): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            Ok((convert::id(&user)?.to_id(), name.str()?.to_str()?.to_owned()))
        };
        let pairs = value.cast::<PyDict>().map_err(PyErr::from)?;
        Ok(Self::Named(pairs.iter().map(one).collect::<Result<_>>()?))
    }

    fn of(&self, users: &UserMetrics) -> Vec<Segment> {
        match self {
            Self::Activity => users.by_activity(10),
            Self::Named(names) => users.by_segment(|id| names.get(&id.to_id())),
        }
    }
}

#[doc = docs!(recsys::evaluate)]
///
/// intervals: the level of bootstrap intervals over users, such as 0.95; adds "intervals", a dict of
/// metric to (low, high). segments: "activity" (ten parts, the least active first) or a dict of user to
/// name; adds "segments", a dict of name to metrics. rules: a list of dicts, or `Rules`.
#[pyfunction]
#[pyo3(signature = (model, test, k = vec![Count(10), Count(20)], exclude_seen = true, r#where = None, items = None, rules = None, intervals = None, segments = None, **run),
       text_signature = "(model, test, k=(10, 20), exclude_seen=True, where=None, items=None, rules=None, intervals=None, segments=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
pub fn evaluate<'py>(
    py: Python<'py>,
    model: &Recommender,
    test: &PyInteractions,
    k: Vec<Count>,
    exclude_seen: bool,
    r#where: Option<&Bound<'_, PyAny>>,
    items: Option<&Bound<'_, PyAny>>,
    rules: Option<&Bound<'_, PyAny>>,
    intervals: Option<f64>,
    segments: Option<&Bound<'_, PyAny>>,
    run: Option<&Bound<'_, PyDict>>,
) -> Result<Bound<'py, PyAny>> {
    let rules = steer::rules(rules)?;
    let query = Query { rules, ..query(exclude_seen, r#where, items, None)? };
    let ks: Vec<usize> = k.into_iter().map(|k| k.0).collect();
    let segments = segments.map(Segments::parse).transpose()?;
    let work = |run: &mercato::Run| {
        let users = mercato::recsys::evaluate_users(&*model.0, &test.inner, &ks, &query, run)?;
        let intervals = intervals.map(|level| users.intervals(level, 1000, run)).transpose()?;
        Ok((users, intervals))
    };
    let (users, intervals) = run::long(py, run, work)?;
    let result = users.evaluation();
    let metrics = params::plain(py, &result.metrics)?;
    metrics.set_item("users", result.users)?;
    metrics.set_item("unknown_users", result.unknown_users)?;
    if let Some(found) = intervals {
        let ends: BTreeMap<_, _> = found.into_iter().map(|(m, i)| (m, (i.low, i.high))).collect();
        metrics.set_item("intervals", ends)?;
    }
    if let Some(segments) = segments {
        let parts = PyDict::new(py);
        for part in segments.of(&users) {
            let values = params::plain(py, &part.metrics)?;
            values.set_item("users", part.users)?;
            parts.set_item(part.name, values)?;
        }
        metrics.set_item("segments", parts)?;
    }
    Ok(metrics)
}

#[doc = docs!(recsys::compare)]
///
/// Returns a dict: "a", "b", "difference", "low", "high", "p_value", "better", "worse", "users", "metric".
#[pyfunction]
#[pyo3(signature = (a, b, test, metric = "ndcg@10", exclude_seen = true, r#where = None, items = None, **run),
       text_signature = "(a, b, test, metric='ndcg@10', exclude_seen=True, where=None, items=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
pub fn compare<'py>(
    py: Python<'py>,
    a: &Recommender,
    b: &Recommender,
    test: &PyInteractions,
    metric: &str,
    exclude_seen: bool,
    r#where: Option<&Bound<'_, PyAny>>,
    items: Option<&Bound<'_, PyAny>>,
    run: Option<&Bound<'_, PyDict>>,
) -> Result<Bound<'py, PyAny>> {
    let query = query(exclude_seen, r#where, items, None)?;
    let work = |run: &mercato::Run| {
        mercato::recsys::compare(&*a.0, &*b.0, &test.inner, metric, &query, run)
    };
    params::plain(py, &run::long(py, run, work)?)
}

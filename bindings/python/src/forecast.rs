//! `mercato.forecast`: demand forecasting.

use crate::convert::Count;
use crate::data::PyTable;
use crate::error::Result;
use crate::model::{estimator, model};
use crate::panel::PyPanel;
use crate::{params, run};
use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use mercato::Error;
use mercato::forecast::{Interval, Method, Metric, PredictOptions};
use mercato::panel::{Frequency, Unit};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;

/// Ids as the caller gave them: strings or integers.
pub(crate) fn ids<'a>(ids: impl Iterator<Item = &'a str>, integers: bool) -> ArrayRef {
    if integers {
        return Arc::new(Int64Array::from_iter(ids.map(|id| id.parse::<i64>().ok())));
    }
    Arc::new(StringArray::from_iter_values(ids.collect::<Vec<_>>()))
}

/// Timestamps of a calendar: microseconds, or integers for steps.
pub(crate) fn times(seconds: &[i64], frequency: Frequency) -> ArrayRef {
    if frequency.unit() == Unit::Step {
        return Arc::new(Int64Array::from(seconds.to_vec()));
    }
    let micros = seconds.iter().map(|t| t.saturating_mul(1_000_000));
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros))
}

pub(crate) fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

/// `lo-80`, `hi-80` ... with a prefix.
fn limits(prefix: &str, intervals: &[Interval]) -> Vec<(String, ArrayRef)> {
    let both = |i: &Interval| {
        [
            (format!("{prefix}lo-{}", i.level), floats(&i.lo)),
            (format!("{prefix}hi-{}", i.level), floats(&i.hi)),
        ]
    };
    intervals.iter().flat_map(both).collect()
}

pub(crate) fn table(columns: &[(String, ArrayRef)]) -> Result<PyTable> {
    PyTable::new(columns.iter().map(|(name, array)| (name.as_str(), array.clone())).collect())
}

model!("mercato.forecast", forecast::ForecastModel, |m: &mercato::forecast::ForecastModel,
                                                     _py: Python<'_>|
 -> Result<String> {
    let failed = m.failures().len();
    Ok(format!(
        "ForecastModel({}, {} series, {failed} with a fallback)",
        m.method().name(),
        m.len()
    ))
});

#[pymethods]
impl ForecastModel {
    #[doc = docs!(forecast::ForecastModel::predict)]
    ///
    /// levels: percentages of intervals; adds the columns lo-80, hi-80 and so on.
    #[pyo3(signature = (horizon, levels = vec![]), text_signature = "($self, horizon, levels=())")]
    fn predict(&self, py: Python<'_>, horizon: Count, levels: Vec<f64>) -> Result<PyTable> {
        let options = PredictOptions { levels };
        let f = run::short(py, || self.0.predict(horizon.0, &options))?;
        let row_ids = f.ids().iter().flat_map(|id| std::iter::repeat_n(id.as_str(), f.horizon()));
        let mut columns = vec![
            ("unique_id".to_owned(), ids(row_ids, f.has_integer_ids())),
            ("ds".to_owned(), times(f.timestamps(), self.0.calendar().frequency())),
            ("mean".to_owned(), floats(f.mean())),
        ];
        columns.extend(limits("", f.intervals()));
        table(&columns)
    }

    #[doc = docs!(forecast::ForecastModel::update)]
    #[pyo3(signature = (panel, **run),
           text_signature = "($self, panel, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn update(
        &self,
        py: Python<'_>,
        panel: &PyPanel,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Py<Self>> {
        Self::wrap(py, run::long(py, run, |run| self.0.update(&panel.inner, run))?)
    }

    /// Series that did not get the method asked for: a list of dicts with `id`, `reason` and
    /// `fallback`, the method used instead (None without any observation).
    fn failures<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        params::plain(py, &self.0.failures())
    }

    #[doc = docs!(forecast::ForecastModel::chosen)]
    fn chosen(&self, id: &Bound<'_, PyAny>) -> Result<Option<String>> {
        Ok(self.0.chosen(id.str()?.to_str()?)?)
    }

    /// The ids of the series.
    #[getter]
    fn ids(&self) -> Vec<String> {
        self.0.ids().to_vec()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}

macro_rules! forecasters {
    ($($name:ident),+; composed $($composed:ident),+) => {
        $(estimator!("mercato.forecast", forecast::$name);)+
        $(
            #[doc = docs!(forecast::$composed)]
            #[pyclass(module = "mercato.forecast", frozen)]
            pub struct $composed(pub mercato::forecast::$composed);
        )+

        /// The library's method behind a Python estimator.
        fn method(estimator: &Bound<'_, PyAny>) -> Result<Method> {
            $(if let Ok(e) = estimator.cast::<$name>() { return Ok(e.get().0.clone().into()); })+
            $(if let Ok(e) = estimator.cast::<$composed>() { return Ok(e.get().0.clone().into()); })+
            let kind = estimator.get_type();
            Err(Error::invalid_params(format!("{kind} is not a forecasting estimator")).into())
        }

        forecasters!(@fit $($name,)+ $($composed),+);

        /// Fills the module.
        pub fn register(m: &Bound<'_, PyModule>) -> Result<()> {
            ForecastModel::add_to(m)?;
            m.add_class::<Backtest>()?;
            $($name::add_to(m)?;)+
            $(m.add_class::<$composed>()?;)+
            m.add_function(wrap_pyfunction!(cross_validate, m)?)?;
            m.add_function(wrap_pyfunction!(evaluate, m)?)?;
            Ok(())
        }
    };
    (@fit $($name:ident),+) => {
        $(
            #[pymethods]
            impl $name {
                /// Fits every series of the panel. A series that the method cannot serve gets a
                /// simpler one; `failures()` of the model says which and why.
                #[pyo3(signature = (panel, **run),
                       text_signature = "($self, panel, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
                fn fit(
                    &self,
                    py: Python<'_>,
                    panel: &PyPanel,
                    run: Option<&Bound<'_, PyDict>>,
                ) -> Result<Py<ForecastModel>> {
                    ForecastModel::wrap(py, run::long(py, run, |run| self.0.fit(&panel.inner, run))?)
                }
            }
        )+
    };
}

forecasters!(
    Naive, SeasonalNaive, HistoricAverage, WindowAverage, Drift, Ses, Holt, HoltWinters, AutoEts,
    Theta, OptimizedTheta, DynamicTheta, DynamicOptimizedTheta, AutoTheta, AutoCes, Croston, Tsb,
    Adida, Imapa, Auto;
    composed Mstl, Ensemble, Conformal
);

#[pymethods]
impl Mstl {
    #[new]
    #[pyo3(signature = (season_lengths, method = None))]
    fn new(season_lengths: Vec<Count>, method: Option<&Bound<'_, PyAny>>) -> Result<Self> {
        let lengths: Vec<usize> = season_lengths.into_iter().map(|m| m.0).collect();
        let mut e = mercato::forecast::Mstl::default().season_lengths(lengths);
        if let Some(method) = method {
            e = e.method(self::method(method)?);
        }
        e.check()?;
        Ok(Self(e))
    }

    fn __repr__(&self) -> String {
        format!("Mstl({:?}, method={})", self.0.season_lengths, self.0.method.name())
    }
}

#[pymethods]
impl Ensemble {
    #[new]
    #[pyo3(signature = (members, combine = "median"))]
    fn new(members: &Bound<'_, PyAny>, combine: &str) -> Result<Self> {
        let members = members.try_iter()?.map(|m| method(&m?)).collect::<Result<Vec<_>>>()?;
        let e = mercato::forecast::Ensemble::of(members).combine(combine.parse()?);
        e.check()?;
        Ok(Self(e))
    }

    fn __repr__(&self) -> String {
        let names: Vec<_> = self.0.members.iter().map(Method::name).collect();
        format!("Ensemble([{}], combine='{}')", names.join(", "), self.0.combine.as_str())
    }
}

#[pymethods]
impl Conformal {
    #[new]
    #[pyo3(signature = (method, horizon = Count(1), windows = Count(10)),
           text_signature = "(method, horizon=1, windows=10)")]
    fn new(method: &Bound<'_, PyAny>, horizon: Count, windows: Count) -> Result<Self> {
        let c = mercato::forecast::Conformal::of(self::method(method)?);
        let c = c.horizon(horizon.0).windows(windows.0);
        c.check()?;
        Ok(Self(c))
    }

    fn __repr__(&self) -> String {
        let c = &self.0;
        format!("Conformal({}, horizon={}, windows={})", c.method.name(), c.horizon, c.windows)
    }
}

#[doc = docs!(forecast::Backtest)]
///
/// An Arrow table (`__arrow_c_stream__`) with the columns unique_id, ds, cutoff, y and one per
/// method, for `polars.DataFrame(cv)` and the like; `evaluate` scores it.
#[pyclass(module = "mercato.forecast", frozen)]
pub struct Backtest(mercato::forecast::Backtest);

#[pymethods]
impl Backtest {
    /// The rows.
    #[getter]
    fn table(&self) -> Result<PyTable> {
        let b = &self.0;
        let mut columns = vec![
            ("unique_id".to_owned(), ids(b.ids(), b.has_integer_ids())),
            ("ds".to_owned(), times(b.timestamps(), b.frequency())),
            ("cutoff".to_owned(), times(b.cutoffs(), b.frequency())),
            ("y".to_owned(), floats(b.y())),
        ];
        for p in b.models() {
            columns.push((p.model.clone(), floats(&p.mean)));
            columns.extend(limits(&format!("{}-", p.model), &p.intervals));
        }
        table(&columns)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__(
        &self,
        py: Python<'_>,
        requested_schema: Option<Py<PyAny>>,
    ) -> Result<Py<PyAny>> {
        let table = Py::new(py, self.table()?)?;
        Ok(table.call_method1(py, "__arrow_c_stream__", (requested_schema,))?)
    }

    fn __len__(&self) -> usize {
        self.0.y().len()
    }

    fn __repr__(&self) -> String {
        let names: Vec<_> = self.0.models().iter().map(|p| p.model.as_str()).collect();
        format!("Backtest({} rows, {})", self.0.y().len(), names.join(", "))
    }
}

#[doc = docs!(forecast::cross_validate)]
///
/// estimators: a list, or a dict of names to estimators.
/// step: observations between cutoffs; the horizon when None.
/// season_length: of the scaled metrics; the calendar's usual one when None.
#[pyfunction]
#[pyo3(signature = (estimators, panel, horizon, windows = Count(1), step = None, levels = vec![], season_length = None, **run),
       text_signature = "(estimators, panel, horizon, windows=1, step=None, levels=(), season_length=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
fn cross_validate(
    py: Python<'_>,
    estimators: &Bound<'_, PyAny>,
    panel: &PyPanel,
    horizon: Count,
    windows: Count,
    step: Option<Count>,
    levels: Vec<f64>,
    season_length: Option<Count>,
    run: Option<&Bound<'_, PyDict>>,
) -> Result<Backtest> {
    let mut methods: Vec<(String, Method)> = Vec::new();
    if let Ok(dict) = estimators.cast::<PyDict>() {
        for (name, e) in dict {
            methods.push((name.extract()?, method(&e)?));
        }
    } else {
        for e in estimators.try_iter()? {
            let m = method(&e?)?;
            methods.push((m.name().to_owned(), m));
        }
    }
    let how = mercato::forecast::CrossValidation::new(horizon.0)
        .windows(windows.0)
        .step(step.map(|s| s.0))
        .levels(levels)
        .season_length(season_length.map(|s| s.0));
    let work =
        |run: &mercato::Run| mercato::forecast::cross_validate(&methods, &panel.inner, &how, run);
    Ok(Backtest(run::long(py, run, work)?))
}

#[doc = docs!(forecast::evaluate)]
///
/// metrics: any of mae, rmse, mase, rmsse, smape, wape, bias, pinball, coverage.
#[pyfunction]
#[pyo3(signature = (cv, metrics = None), text_signature = "(cv, metrics=('mase', 'rmsse', 'smape', 'wape'))")]
fn evaluate(py: Python<'_>, cv: &Backtest, metrics: Option<Vec<String>>) -> Result<PyTable> {
    let metrics = match metrics {
        None => vec![Metric::Mase, Metric::Rmsse, Metric::Smape, Metric::Wape],
        Some(names) => names.iter().map(|n| n.parse()).collect::<mercato::Result<Vec<Metric>>>()?,
    };
    let scores = run::short(py, || mercato::forecast::evaluate(&cv.0, &metrics))?;
    let text = |of: fn(&mercato::forecast::Score) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(scores.iter().map(of)))
    };
    let values: Vec<f64> = scores.iter().map(|s| s.value).collect();
    PyTable::new(vec![
        ("model", text(|s| &s.model)),
        ("metric", text(|s| &s.metric)),
        ("value", floats(&values)),
    ])
}

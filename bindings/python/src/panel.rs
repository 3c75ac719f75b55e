//! `Panel`: many time series.

use crate::convert::Columns;
use crate::error::Result;
use crate::run;
use mercato::panel::{Frequency, PanelColumns, Unit};
use mercato::{Error, Panel, Persist as _};
use pyo3::prelude::*;

/// Many time series on one calendar: what every forecaster learns from.
///
/// Rows may come in any order; dates without a row between a series' first and last become missing
/// (or zero), and a row that is repeated, infinite or off the calendar is an error that names it.
#[pyclass(name = "Panel", module = "mercato", frozen)]
pub struct PyPanel {
    pub inner: Panel,
}

#[pymethods]
impl PyPanel {
    /// From a table with one row per series and date.
    ///
    /// table: polars, pandas, pyarrow, DuckDB or anything else with `__arrow_c_stream__`.
    /// id, time, value: names of the columns; ids are strings or integers, a null value is missing.
    /// freq: `"D"`, `"W"`, `"M"`, `"Q"`, `"Y"`, `"h"`, `"15min"`, `"B"` ... or an integer step.
    /// static: names of columns that describe a series, the same in all of its rows.
    /// known: names of numeric columns that are known in advance, such as prices.
    /// duplicates: what repeated rows mean: `"refuse"`, `"sum"` or `"last"`.
    /// gaps: what absent rows mean: `"missing"` or `"zero"`.
    #[staticmethod]
    #[pyo3(signature = (table, id = "unique_id", time = "ds", value = "y", freq = None, r#static = vec![], known = vec![], duplicates = "refuse", gaps = "missing"),
           text_signature = "(table, id='unique_id', time='ds', value='y', freq='D', static=(), known=(), duplicates='refuse', gaps='missing')")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn from_table(
        table: &Bound<'_, PyAny>,
        id: &str,
        time: &str,
        value: &str,
        freq: Option<&Bound<'_, PyAny>>,
        r#static: Vec<String>,
        known: Vec<String>,
        duplicates: &str,
        gaps: &str,
    ) -> Result<Self> {
        let table_ = Columns::of_table(table)?;
        let frequency = match freq {
            Some(freq) => freq.str()?.to_str()?.parse::<Frequency>()?,
            None => Frequency::new(Unit::Day, 1)?,
        };
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let attributes: Vec<&str> = r#static.iter().map(String::as_str).collect();
        let columns = PanelColumns {
            id,
            time,
            value,
            known: &known,
            attributes: &attributes,
            duplicates: duplicates.parse()?,
            gaps: gaps.parse()?,
        };
        let work = || Panel::from_table(&table_, &columns, frequency);
        Ok(Self { inner: run::short(table.py(), work)? })
    }

    /// The ids, in order of first appearance.
    #[getter]
    fn ids(&self) -> Vec<String> {
        self.inner.ids().to_vec()
    }

    /// The observations of one series, NaN where missing.
    fn values<'py>(&self, py: Python<'py>, id: &str) -> Result<Bound<'py, numpy::PyArray1<f64>>> {
        let at = self.inner.position(id).ok_or_else(|| {
            Error::unknown_id(format!("series {id:?} is not in the panel")).with("id", id)
        })?;
        Ok(numpy::PyArray1::from_slice(py, self.inner.series(at).values))
    }

    #[doc = docs!(core::Panel::without_last)]
    fn without_last(&self, n: usize) -> Self {
        Self { inner: self.inner.without_last(n) }
    }

    /// The frequency, as in `freq`.
    #[getter]
    fn freq(&self) -> String {
        self.inner.calendar().frequency().to_string()
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.inner == other.inner
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> Result<(Bound<'py, PyAny>, (Bound<'py, pyo3::types::PyBytes>,))> {
        let bytes = slf.get().inner.to_bytes()?;
        let bytes = pyo3::types::PyBytes::new(slf.py(), &bytes);
        Ok((slf.get_type().getattr("_from_bytes")?, (bytes,)))
    }

    #[staticmethod]
    fn _from_bytes(data: &[u8]) -> Result<Self> {
        Ok(Self { inner: Panel::from_bytes(data)? })
    }

    fn __repr__(&self) -> String {
        let p = &self.inner;
        let f = p.calendar().frequency();
        format!("Panel({} series, {} observations, freq={f})", p.len(), p.n_values())
    }
}

//! A fitted panel: one state per series.

use crate::method::Method;
use crate::simple::{HistoricAverage, Naive};
use crate::state::{Fitted, Reader, Reason, State};
use crate::table::{Forecast, Interval, PredictOptions};
use mercato_core::panel::Calendar;
use mercato_core::{Artifact, ArtifactWriter, Column, Error, Panel, Persist, Result, Run, Stop};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Why a series did not get the method asked for, and what it got instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The series.
    pub id: String,
    /// Why.
    pub reason: Reason,
    /// The method used instead; `None` when there is no observation to forecast from.
    pub fallback: Option<String>,
}

/// Longest horizon of a single call.
const MAX_HORIZON: usize = 100_000;

/// A fitted model of a panel, immutable.
#[derive(Debug, Clone)]
pub struct ForecastModel {
    method: Method,
    calendar: Calendar,
    ids: Vec<String>,
    integer_ids: bool,
    positions: HashMap<String, usize>,
    /// Period of the next observation, per series.
    next: Column<i64>,
    /// Where each series' record begins in `records`; an empty record is a series without
    /// forecast.
    offsets: Column<u64>,
    records: Column<f64>,
    failures: Vec<Failure>,
    fingerprint: u64,
}

/// Fits one series; falls back when the method cannot.
pub(crate) fn fit_one(method: &Method, y: &[f64], late: bool) -> (Option<Fitted>, Option<Reason>) {
    let reason = if late {
        Reason::Deadline
    } else {
        match method.fit_series(y) {
            Ok(f) => return (Some(f), None),
            Err(reason) => reason,
        }
    };
    let simple =
        Naive::default().fit_series(y).or_else(|_| HistoricAverage::default().fit_series(y));
    (simple.ok(), Some(reason))
}

impl ForecastModel {
    pub(crate) fn fit(method: &Method, panel: &Panel, run: &Run) -> Result<Self> {
        method.check()?;
        let task = run.stage("forecast", panel.len() as u64);
        let fits: Vec<(Vec<f64>, Option<Failure>)> = run.install(|| {
            (0..panel.len())
                .into_par_iter()
                .with_min_len(4)
                .map(|i| {
                    let s = panel.series(i);
                    let stop = run.stop();
                    if stop == Some(Stop::Cancelled) {
                        run.check()?;
                    }
                    let (fitted, reason) = fit_one(method, s.values, stop.is_some());
                    task.advance(1);
                    let failure = reason.map(|reason| Failure {
                        id: s.id.to_owned(),
                        reason,
                        fallback: fitted.as_ref().map(State::label),
                    });
                    let mut record = Vec::new();
                    if let Some(f) = &fitted {
                        f.write(&mut record);
                    }
                    Ok((record, failure))
                })
                .collect::<Result<Vec<_>>>()
        })??;
        let mut offsets = Vec::with_capacity(fits.len() + 1);
        offsets.push(0u64);
        let (mut records, mut failures) = (Vec::new(), Vec::new());
        for (record, failure) in fits {
            records.extend_from_slice(&record);
            offsets.push(records.len() as u64);
            failures.extend(failure);
        }
        let next: Vec<i64> = panel.iter().map(|s| s.start + s.values.len() as i64).collect();
        Ok(Self::assemble(
            method.clone(),
            *panel.calendar(),
            panel.ids().to_vec(),
            panel.has_integer_ids(),
            next.into(),
            offsets.into(),
            records.into(),
            failures,
            panel.fingerprint(),
        ))
    }

    #[allow(clippy::too_many_arguments, reason = "a constructor of all fields, used twice")]
    fn assemble(
        method: Method,
        calendar: Calendar,
        ids: Vec<String>,
        integer_ids: bool,
        next: Column<i64>,
        offsets: Column<u64>,
        records: Column<f64>,
        failures: Vec<Failure>,
        fingerprint: u64,
    ) -> Self {
        let positions = ids.iter().enumerate().map(|(i, id)| (id.clone(), i)).collect();
        Self {
            method,
            calendar,
            ids,
            integer_ids,
            positions,
            next,
            offsets,
            records,
            failures,
            fingerprint,
        }
    }

    /// The method and its parameters.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The ids, in the panel's order.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The panel's calendar.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Number of series.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the panel had no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Series that did not get the method asked for, with the reason and what they got.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The state of one series; `None` when it had no observation.
    fn state(&self, position: usize) -> Result<Option<Fitted>> {
        let corrupt =
            || Error::corrupt(format!("the record of series {:?} is unusable", self.ids[position]));
        let from = usize::try_from(self.offsets[position]).map_err(|_| corrupt())?;
        let to = usize::try_from(self.offsets[position + 1]).map_err(|_| corrupt())?;
        let record = self.records.get(from..to).ok_or_else(corrupt)?;
        if record.is_empty() {
            return Ok(None);
        }
        let mut r = Reader::new(record);
        Fitted::read(&mut r).filter(|_| r.is_done()).map(Some).ok_or_else(corrupt)
    }

    fn position(&self, id: &str) -> Result<usize> {
        self.positions.get(id).copied().ok_or_else(|| {
            Error::unknown_id(format!("series {id:?} is not in the model")).with("id", id)
        })
    }

    /// What was fitted to a series, for example `ETS(M,Ad,N)`; `None` without observations.
    ///
    /// # Errors
    /// `unknown_id`, `corrupt_artifact`.
    pub fn chosen(&self, id: &str) -> Result<Option<String>> {
        Ok(self.state(self.position(id)?)?.map(|s| s.label()))
    }

    /// Minus twice the log-likelihood of a series' ETS model, variance concentrated out; `None`
    /// for other methods.
    ///
    /// # Errors
    /// `unknown_id`, `corrupt_artifact`.
    pub fn objective(&self, id: &str) -> Result<Option<f64>> {
        Ok(match self.state(self.position(id)?)? {
            Some(Fitted::Ets(e)) => Some(e.objective()),
            _ => None,
        })
    }

    /// Forecasts the next `horizon` steps (1..=100000) of every series that has observations.
    /// All numbers are finite.
    ///
    /// # Errors
    /// `invalid_params` for the horizon or a level; `corrupt_artifact`.
    pub fn predict(&self, horizon: usize, options: &PredictOptions) -> Result<Forecast> {
        check_horizon(horizon)?;
        check_levels(&options.levels)?;
        let n = self.len();
        let mut out = Forecast {
            horizon,
            integer_ids: self.integer_ids,
            ids: Vec::with_capacity(n),
            timestamps: Vec::with_capacity(n * horizon),
            mean: Vec::with_capacity(n * horizon),
            intervals: options
                .levels
                .iter()
                .map(|&level| Interval { level, lo: Vec::new(), hi: Vec::new() })
                .collect(),
        };
        for i in 0..n {
            let Some(state) = self.state(i)? else { continue };
            out.ids.push(self.ids[i].clone());
            out.timestamps
                .extend((0..horizon as i64).map(|h| self.calendar.timestamp(self.next[i] + h)));
            forecast_into(&state, horizon, &mut out.mean, &mut out.intervals);
        }
        Ok(out)
    }

    /// A model that has also seen the panel's observations, without refitting: constant time per
    /// observation. Observations before a series' next expected date are skipped, a gap counts as
    /// missing, and series that the model does not know are fitted from scratch.
    ///
    /// # Errors
    /// `invalid_input` when the calendars differ; `corrupt_artifact`, `cancelled`.
    pub fn update(&self, panel: &Panel, run: &Run) -> Result<Self> {
        if panel.calendar() != &self.calendar {
            return Err(Error::invalid_input(format!(
                "the panel's calendar ({}) is not the model's ({})",
                panel.calendar().frequency(),
                self.calendar.frequency()
            )));
        }
        let mut ids = self.ids.clone();
        let mut next = self.next.to_vec();
        let mut failures = self.failures.clone();
        let mut records: Vec<Vec<f64>> = Vec::with_capacity(ids.len());
        for i in 0..ids.len() {
            let (from, to) = (self.offsets[i] as usize, self.offsets[i + 1] as usize);
            records.push(self.records.get(from..to).unwrap_or_default().to_vec());
        }
        let mut fresh = Vec::new();
        for (i, s) in panel.iter().enumerate() {
            run.check()?;
            let Some(&at) = self.positions.get(s.id) else {
                fresh.push(i);
                continue;
            };
            let Some(mut state) = self.state(at)? else {
                let (fitted, _) = fit_one(&self.method, s.values, false);
                if let Some(f) = fitted {
                    records[at].clear();
                    f.write(&mut records[at]);
                    next[at] = s.start + s.values.len() as i64;
                }
                continue;
            };
            let end = s.start + s.values.len() as i64;
            if end - next[at] > MAX_HORIZON as i64 + s.values.len() as i64 {
                return Err(Error::invalid_input(format!(
                    "series {:?} continues {} periods after its last observation",
                    s.id,
                    s.start - next[at]
                ))
                .with("id", s.id));
            }
            for period in next[at]..end {
                let v =
                    if period < s.start { f64::NAN } else { s.values[(period - s.start) as usize] };
                state.update(v);
            }
            next[at] = next[at].max(end);
            records[at].clear();
            state.write(&mut records[at]);
        }
        for i in fresh {
            let s = panel.series(i);
            let (fitted, reason) = fit_one(&self.method, s.values, false);
            failures.extend(reason.map(|reason| Failure {
                id: s.id.to_owned(),
                reason,
                fallback: fitted.as_ref().map(State::label),
            }));
            let mut record = Vec::new();
            if let Some(f) = &fitted {
                f.write(&mut record);
            }
            ids.push(s.id.to_owned());
            next.push(s.start + s.values.len() as i64);
            records.push(record);
        }
        let mut offsets = vec![0u64];
        offsets.extend(records.iter().scan(0, |at, r| {
            *at += r.len() as u64;
            Some(*at)
        }));
        Ok(Self::assemble(
            self.method.clone(),
            self.calendar,
            ids,
            self.integer_ids,
            next.into(),
            offsets.into(),
            records.concat().into(),
            failures,
            self.fingerprint ^ panel.fingerprint().rotate_left(1),
        ))
    }

    /// One series on its own, for streams: absorb observations one by one, forecast at any time.
    ///
    /// # Errors
    /// `unknown_id`, `corrupt_artifact`; `not_enough_data` when the series had no observation.
    pub fn series(&self, id: &str) -> Result<SeriesModel> {
        let position = self.position(id)?;
        match self.state(position)? {
            Some(state) => Ok(SeriesModel { state }),
            None => {
                Err(Error::not_enough_data(format!("series {id:?} has no observation"))
                    .with("id", id))
            }
        }
    }
}

/// One fitted series, detached from its panel.
#[derive(Debug, Clone)]
pub struct SeriesModel {
    state: Fitted,
}

impl SeriesModel {
    /// Absorbs the next observation (NaN = missing) in constant time. Infinite values count as
    /// missing.
    pub fn update(&mut self, y: f64) {
        self.state.update(if y.is_finite() { y } else { f64::NAN });
    }

    /// The forecast of the next `horizon` steps, finite.
    #[must_use]
    pub fn predict(&self, horizon: usize) -> Vec<f64> {
        let mut out = Vec::new();
        forecast_into(&self.state, horizon, &mut out, &mut []);
        out
    }

    /// What was fitted.
    #[must_use]
    pub fn label(&self) -> String {
        self.state.label()
    }
}

pub(crate) fn check_horizon(horizon: usize) -> Result<()> {
    if (1..=MAX_HORIZON).contains(&horizon) {
        return Ok(());
    }
    Err(Error::invalid_params(format!("horizon must be in 1..={MAX_HORIZON}, got {horizon}"))
        .with("parameter", "horizon"))
}

pub(crate) fn check_levels(levels: &[f64]) -> Result<()> {
    match levels.iter().find(|l| !(**l > 0.0 && **l < 100.0)) {
        None => Ok(()),
        Some(l) => Err(Error::invalid_params(format!(
            "a level is a percentage between 0 and 100, got {l}"
        ))
        .with("parameter", "levels")),
    }
}

/// Appends means and limits, all finite: what overflows is cut to the largest number, and a
/// forecast that is no number repeats the last one that was.
pub(crate) fn forecast_into(
    state: &Fitted,
    horizon: usize,
    mean: &mut Vec<f64>,
    intervals: &mut [Interval],
) {
    let finite = |v: f64, instead: f64| {
        if v.is_nan() { instead } else { v.clamp(-f64::MAX, f64::MAX) }
    };
    let from = mean.len();
    mean.resize(from + horizon, 0.0);
    let own = &mut mean[from..];
    state.mean(own);
    let mut last = 0.0;
    for v in own.iter_mut() {
        *v = finite(*v, last);
        last = *v;
    }
    if intervals.is_empty() {
        return;
    }
    let own = &mean[from..];
    let deviations = state.deviations(own);
    for interval in intervals {
        for (h, (&m, &d)) in own.iter().zip(&deviations).enumerate() {
            let (lo, hi) = state.limits(h, m, finite(d, 0.0), interval.level);
            interval.lo.push(finite(lo, m));
            interval.hi.push(finite(hi, m));
        }
    }
}

impl Persist for ForecastModel {
    const KIND: &'static str = "forecast";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.method)?;
        w.meta("calendar", &self.calendar)?;
        w.meta("integer_ids", &self.integer_ids)?;
        w.meta("failures", &self.failures)?;
        w.meta("data_fingerprint", &format!("{:016x}", self.fingerprint))?;
        let mut text = Vec::new();
        let mut ends = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            text.extend_from_slice(id.as_bytes());
            ends.push(text.len() as u64);
        }
        w.owned_column("ids", &text)?;
        w.owned_column("id_ends", &ends)?;
        w.column("next", &self.next)?;
        w.column("offsets", &self.offsets)?;
        w.column("records", &self.records)
    }

    fn read(a: &Artifact) -> Result<Self> {
        let corrupt = |what: &str| Error::corrupt(format!("the model's {what} are inconsistent"));
        let method: Method = a.meta_field("params")?;
        method.check().map_err(|e| corrupt("parameters").caused_by(e))?;
        let text = a.column::<u8>("ids")?;
        let text = std::str::from_utf8(&text).map_err(|_| corrupt("ids"))?;
        let mut ids = Vec::new();
        let mut from = 0;
        for &end in a.column::<u64>("id_ends")?.iter() {
            let end = usize::try_from(end).map_err(|_| corrupt("ids"))?;
            ids.push(text.get(from..end).ok_or_else(|| corrupt("ids"))?.to_owned());
            from = end;
        }
        let next = a.column_of_len::<i64>("next", ids.len())?;
        let limit = mercato_core::panel::MAX_TIMESTAMP as u64;
        if next.iter().any(|p| p.unsigned_abs() > limit * 2) {
            return Err(corrupt("dates"));
        }
        let offsets = a.column_of_len::<u64>("offsets", ids.len() + 1)?;
        let fingerprint: String = a.meta_field("data_fingerprint")?;
        let fingerprint =
            u64::from_str_radix(&fingerprint, 16).map_err(|_| corrupt("fingerprint"))?;
        let calendar: Calendar = a.meta_field("calendar")?;
        if !calendar.is_sound() {
            return Err(corrupt("calendar fields"));
        }
        Ok(Self::assemble(
            method,
            calendar,
            ids,
            // Files of before the field have string ids.
            a.meta_field::<Option<bool>>("integer_ids")?.unwrap_or(false),
            next,
            offsets,
            a.column("records")?,
            a.meta_field("failures")?,
            fingerprint,
        ))
    }
}

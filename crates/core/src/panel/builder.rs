//! From rows `(id, timestamp, value)` in any order to a validated [`Panel`].

use super::{Attribute, Calendar, Frequency, Panel, calendar};
use crate::{Error, IdColumn, Result};
use rustc_hash::FxHashMap;

/// What two rows of one series at one time mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Duplicates {
    /// A mistake in the data: fail, naming id and row.
    #[default]
    Refuse,
    /// Parts of one total, as invoice lines are: add them. Covariates take the later row's value.
    Sum,
    /// Corrections: the later row counts.
    Last,
}

/// What a date without a row means, between a series' first and last rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Gaps {
    /// Not known: NaN.
    #[default]
    Missing,
    /// Nothing was sold: 0.
    Zero,
}

impl std::str::FromStr for Duplicates {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "refuse" => Ok(Self::Refuse),
            "sum" => Ok(Self::Sum),
            "last" => Ok(Self::Last),
            _ => Err(unknown("duplicates", name, "refuse, sum or last")),
        }
    }
}

impl std::str::FromStr for Gaps {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "missing" => Ok(Self::Missing),
            "zero" => Ok(Self::Zero),
            _ => Err(unknown("gaps", name, "missing or zero")),
        }
    }
}

fn unknown(parameter: &str, got: &str, accepted: &str) -> Error {
    Error::invalid_params(format!("{parameter} must be {accepted}, got {got:?}"))
        .with("parameter", parameter)
}

/// Collects rows, then validates, sorts and fills them. See [`Panel`] for an example.
#[derive(Debug, Clone)]
pub struct PanelBuilder<'a> {
    frequency: Frequency,
    integer_ids: bool,
    duplicates: Duplicates,
    gaps: Gaps,
    labels: Vec<String>,
    codes: Vec<u32>,
    times: &'a [i64],
    values: &'a [f64],
    lengths: [usize; 3],
    known: Vec<(String, &'a [f64])>,
    numbers: Vec<(String, &'a [f64])>,
    categories: Vec<(String, Vec<Option<String>>)>,
}

/// A panel may be this many times larger than its rows before a too fine frequency is suspected.
const MAX_FILL: usize = 64;
const ALWAYS_ALLOWED: usize = 10_000_000;

impl<'a> PanelBuilder<'a> {
    /// A builder for this frequency.
    #[must_use]
    pub fn new(frequency: Frequency) -> Self {
        Self {
            frequency,
            integer_ids: false,
            duplicates: Duplicates::default(),
            gaps: Gaps::default(),
            labels: Vec::new(),
            codes: Vec::new(),
            times: &[],
            values: &[],
            lengths: [0; 3],
            known: Vec::new(),
            numbers: Vec::new(),
            categories: Vec::new(),
        }
    }

    /// The rows: ids, timestamps (seconds since 1970, or steps) and values, equally long.
    #[must_use]
    pub fn rows<S: AsRef<str>>(mut self, ids: &[S], times: &'a [i64], values: &'a [f64]) -> Self {
        let mut seen: FxHashMap<&str, u32> = FxHashMap::default();
        self.labels.clear();
        self.codes = Vec::with_capacity(ids.len());
        let mut last: Option<(&str, u32)> = None;
        for id in ids {
            let id = id.as_ref();
            let code = match last {
                // Rows usually come series by series.
                Some((previous, code)) if previous == id => code,
                _ => *seen.entry(id).or_insert_with(|| {
                    self.labels.push(id.to_owned());
                    self.labels.len() as u32 - 1
                }),
            };
            last = Some((id, code));
            self.codes.push(code);
        }
        (self.times, self.values) = (times, values);
        self.lengths = [ids.len(), times.len(), values.len()];
        self
    }

    /// The rows with ids of a table's column, strings or integers.
    #[must_use]
    pub fn rows_of(self, ids: &IdColumn<'_>, times: &'a [i64], values: &'a [f64]) -> Self {
        match ids {
            IdColumn::Strs(ids) => self.rows(ids, times, values),
            IdColumn::Ints(ids) => {
                let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
                Self { integer_ids: true, ..self }.rows(&ids, times, values)
            }
        }
    }

    /// What repeated rows mean (default: refuse).
    #[must_use]
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// What absent rows mean (default: missing).
    #[must_use]
    pub fn gaps(mut self, gaps: Gaps) -> Self {
        self.gaps = gaps;
        self
    }

    /// A covariate known in advance, one value per row; NaN where there is no row.
    #[must_use]
    pub fn known(mut self, name: &str, values: &'a [f64]) -> Self {
        self.known.push((name.to_owned(), values));
        self
    }

    /// A numeric static attribute, one value per row, the same in every row of a series; NaN = unknown.
    #[must_use]
    pub fn static_number(mut self, name: &str, values: &'a [f64]) -> Self {
        self.numbers.push((name.to_owned(), values));
        self
    }

    /// A categorical static attribute, one value per row, the same in every row of a series.
    #[must_use]
    pub fn static_category<S: AsRef<str>>(mut self, name: &str, values: &[Option<S>]) -> Self {
        let owned = values.iter().map(|v| v.as_ref().map(|s| s.as_ref().to_owned())).collect();
        self.categories.push((name.to_owned(), owned));
        self
    }

    fn check(&self) -> Result<()> {
        let [n, times, values] = self.lengths;
        if times != n || values != n {
            return Err(Error::invalid_input(format!(
                "ids, timestamps and values differ in length: {n}, {times}, {values}"
            )));
        }
        if u32::try_from(n).is_err() {
            return Err(Error::invalid_input("a panel is built from fewer than 2^32 rows"));
        }
        let columns = (self.known.iter().chain(&self.numbers).map(|(c, v)| (c, v.len())))
            .chain(self.categories.iter().map(|(c, v)| (c, v.len())));
        let mut names: Vec<&String> = Vec::new();
        for (name, len) in columns {
            if len != n || names.contains(&name) {
                return Err(Error::invalid_input(format!(
                    "column {name:?} is repeated or has {len} values for {n} rows"
                )));
            }
            names.push(name);
        }
        if let Some(row) = self.values.iter().position(|v| v.is_infinite()) {
            return Err(self.at_row(row, "value", self.values[row], "must be finite or missing"));
        }
        for (name, v) in &self.known {
            if let Some(row) = v.iter().position(|v| v.is_infinite()) {
                return Err(self.at_row(row, name, v[row], "must be finite or missing"));
            }
        }
        Ok(())
    }

    fn at_row(&self, row: usize, what: &str, value: impl std::fmt::Display, rule: &str) -> Error {
        let id = &self.labels[self.codes[row] as usize];
        Error::invalid_input(format!("series {id:?}, row {row}: {what} {value} {rule}"))
            .with("id", id)
            .with("row", row)
    }

    /// Sorts, validates, fills gaps.
    ///
    /// # Errors
    /// `invalid_input`, naming id and row in its context: lengths differ, a value is infinite, a
    /// timestamp is off the frequency's grid, a row is repeated, a static attribute changes within
    /// a series, or the frequency is so fine that the panel would be mostly gaps.
    pub fn build(self) -> Result<Panel> {
        self.check()?;
        let grid = Calendar::infer(self.frequency, self.times);
        let mut periods = Vec::with_capacity(self.times.len());
        for (row, &t) in self.times.iter().enumerate() {
            let id = &self.labels[self.codes[row] as usize];
            periods.push(on_grid(&grid, id, Some(row), t)?);
        }

        // First and last period of every series, and so the layout.
        let mut spans = vec![(i64::MAX, i64::MIN); self.labels.len()];
        for (&code, &p) in self.codes.iter().zip(&periods) {
            let span = &mut spans[code as usize];
            *span = (span.0.min(p), span.1.max(p));
        }
        let allowed = ALWAYS_ALLOWED.max(self.times.len().saturating_mul(MAX_FILL)) as i64;
        let mut offsets = Vec::with_capacity(spans.len() + 1);
        offsets.push(0u64);
        let mut total = 0i64;
        for (span, id) in spans.iter().zip(&self.labels) {
            total += span.1 - span.0 + 1;
            if total > allowed {
                return Err(Error::invalid_input(format!(
                    "at frequency {} the panel would be mostly gaps (series {id:?} spans {} \
                     periods); is the frequency too fine?",
                    self.frequency,
                    span.1 - span.0 + 1
                ))
                .with("id", id));
            }
            offsets.push(total as u64);
        }
        let total = total as usize;
        let cell = |row: usize| {
            let code = self.codes[row] as usize;
            offsets[code] as usize + (periods[row] - spans[code].0) as usize
        };

        const NO_ROW: u32 = u32::MAX;
        let fill = if self.gaps == Gaps::Zero { 0.0 } else { f64::NAN };
        let mut values = vec![fill; total];
        let mut filled = vec![NO_ROW; total];
        for row in 0..periods.len() {
            let at = cell(row);
            let v = self.values[row];
            match (filled[at], self.duplicates) {
                (NO_ROW, _) | (_, Duplicates::Last) => values[at] = v,
                (_, Duplicates::Sum) => values[at] += v,
                (first, Duplicates::Refuse) => {
                    let t = calendar::label(self.frequency.unit(), self.times[row]);
                    let rule = format!("was given already in row {first}");
                    return Err(self.at_row(row, "time", t, &rule));
                }
            }
            filled[at] = row as u32;
        }
        if let Some(at) = values.iter().position(|v| v.is_infinite()) {
            return Err(self.at_row(filled[at] as usize, "sum", values[at], "overflows"));
        }

        let starts: Vec<i64> = spans.iter().map(|s| s.0).collect();
        let known = self.known.iter().map(|(name, v)| {
            let laid: Vec<f64> = filled
                .iter()
                .map(|&row| if row == NO_ROW { f64::NAN } else { v[row as usize] })
                .collect();
            (name.clone(), laid.into())
        });
        let known = known.collect();
        let attributes = self.attributes()?;
        let mut panel =
            Panel::assemble(grid, self.labels, offsets.into(), starts.into(), values.into())?;
        (panel.known, panel.attributes) = (known, attributes);
        panel.integer_ids = self.integer_ids;
        Ok(panel)
    }

    fn attributes(&self) -> Result<Vec<(String, Attribute)>> {
        let mut out = Vec::new();
        for (name, rows) in &self.numbers {
            let mut column = vec![f64::NAN; self.labels.len()];
            for (row, (&code, &v)) in self.codes.iter().zip(*rows).enumerate() {
                let slot = &mut column[code as usize];
                if !v.is_nan() && !slot.is_nan() && *slot != v {
                    return Err(self.at_row(row, name, v, &format!("was {slot} before")));
                }
                if slot.is_nan() {
                    *slot = v;
                }
            }
            out.push((name.clone(), Attribute::Number(column.into())));
        }
        for (name, rows) in &self.categories {
            let mut labels: Vec<String> = Vec::new();
            let mut known: FxHashMap<&str, u32> = FxHashMap::default();
            let mut codes = vec![Attribute::UNKNOWN; self.labels.len()];
            for (row, (&code, v)) in self.codes.iter().zip(rows).enumerate() {
                let Some(v) = v else { continue };
                let category = *known.entry(v).or_insert_with(|| {
                    labels.push(v.clone());
                    labels.len() as u32 - 1
                });
                let slot = &mut codes[code as usize];
                if *slot != Attribute::UNKNOWN && *slot != category {
                    let rule = format!("was {} before", labels[*slot as usize]);
                    return Err(self.at_row(row, name, v, &rule));
                }
                *slot = category;
            }
            out.push((name.clone(), Attribute::Category { codes: codes.into(), labels }));
        }
        Ok(out)
    }
}

/// The period of a timestamp, or the error that names it.
pub(super) fn on_grid(grid: &Calendar, id: &str, row: Option<usize>, t: i64) -> Result<i64> {
    grid.period(t).ok_or_else(|| {
        let at = row.map_or(String::new(), |r| format!(", row {r}"));
        let unit = grid.frequency().unit();
        let e = Error::invalid_input(format!(
            "series {id:?}{at}: time {} is off the grid of frequency {} that the first row sets \
             ({})",
            calendar::label(unit, t),
            grid.frequency(),
            grid.label(0),
        ))
        .with("id", id);
        match row {
            Some(r) => e.with("row", r),
            None => e,
        }
    })
}

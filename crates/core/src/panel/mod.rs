//! Many time series on one calendar.
//!
//! A [`Panel`] holds, for every series, consecutive observations (`f64`, NaN = missing) from its
//! own first date on, static attributes, and covariates known in advance. It is built from rows by
//! [`PanelBuilder`], which sorts, validates and fills gaps, or from whole series by
//! [`Panel::from_series`].

mod artifact;
mod builder;
mod calendar;
mod table;

pub use builder::{Duplicates, Gaps, PanelBuilder};
pub use calendar::{Calendar, DAY, Date, Frequency, MAX_TIMESTAMP, Unit};
pub use table::PanelColumns;

use crate::{Column, Error, Result};
use rustc_hash::FxHashMap;

/// One series of a [`Panel`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Series<'a> {
    /// Its id.
    pub id: &'a str,
    /// The period of its first observation, as [`Calendar::timestamp`] understands it.
    pub start: i64,
    /// Consecutive observations; NaN = missing.
    pub values: &'a [f64],
}

/// A static attribute: one value per series.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// Numbers; NaN = unknown.
    Number(Column<f64>),
    /// Categories: per series an index into `labels`, or [`Attribute::UNKNOWN`].
    Category {
        /// One per series.
        codes: Column<u32>,
        /// The distinct categories, by first appearance.
        labels: Vec<String>,
    },
}

impl Attribute {
    /// The code of an unknown category.
    pub const UNKNOWN: u32 = u32::MAX;

    fn len(&self) -> usize {
        match self {
            Attribute::Number(v) => v.len(),
            Attribute::Category { codes, .. } => codes.len(),
        }
    }
}

/// Many time series: ids, one calendar, values with NaN = missing, static attributes and
/// covariates known in advance.
///
/// ```
/// use mercato_core::panel::{Panel, PanelBuilder};
/// let day = 86_400;
/// let panel = PanelBuilder::new("D".parse()?)
///     .rows(&["tea", "tea", "cup"], &[3 * day, day, day], &[5.0, 4.0, 1.0])
///     .known("price", &[2.0, 2.5, 9.0])
///     .build()?;
/// let tea = panel.series(0);
/// assert_eq!((tea.id, tea.values.len()), ("tea", 3));
/// assert!(tea.values[1].is_nan(), "the second day is a gap");
/// assert_eq!(panel.position("cup"), Some(1));
/// assert_eq!(panel.known(0, 0)[2], 2.0);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Panel {
    calendar: Calendar,
    ids: Vec<String>,
    /// Whether the caller's ids are integers, spelled in decimal here.
    integer_ids: bool,
    positions: FxHashMap<String, u32>,
    /// Where each series begins in `values`; one more than there are series.
    offsets: Column<u64>,
    /// Period of each series' first observation.
    starts: Column<i64>,
    values: Column<f64>,
    /// Name and one value per observation, laid out as `values`.
    known: Vec<(String, Column<f64>)>,
    /// Name and one value per series.
    attributes: Vec<(String, Attribute)>,
}

impl PartialEq for Panel {
    /// Bit equality of numbers, so that NaN equals NaN.
    fn eq(&self, other: &Self) -> bool {
        let bits = |a: &[f64], b: &[f64]| {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits())
        };
        let attribute = |a: &Attribute, b: &Attribute| match (a, b) {
            (Attribute::Number(x), Attribute::Number(y)) => bits(x, y),
            _ => a == b,
        };
        self.calendar == other.calendar
            && self.ids == other.ids
            && self.integer_ids == other.integer_ids
            && self.offsets == other.offsets
            && self.starts == other.starts
            && bits(&self.values, &other.values)
            && self.known.len() == other.known.len()
            && self.known.iter().zip(&other.known).all(|(a, b)| a.0 == b.0 && bits(&a.1, &b.1))
            && self.attributes.len() == other.attributes.len()
            && (self.attributes.iter().zip(&other.attributes))
                .all(|(a, b)| a.0 == b.0 && attribute(&a.1, &b.1))
    }
}

impl Panel {
    /// A panel of whole series: id, timestamp of the first observation, and consecutive values
    /// (NaN = missing). Series may be empty.
    ///
    /// ```
    /// use mercato_core::panel::Panel;
    /// let panel = Panel::from_series("1".parse()?, [("a", 1, vec![3.0, 4.0]), ("b", 7, vec![])])?;
    /// assert_eq!(panel.len(), 2);
    /// assert_eq!(panel.calendar().timestamp(panel.series(0).start), 1);
    /// # Ok::<(), mercato_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_input`: a repeated id, an infinite value, or a start off the calendar's grid.
    pub fn from_series<S: AsRef<str>>(
        frequency: Frequency,
        series: impl IntoIterator<Item = (S, i64, Vec<f64>)>,
    ) -> Result<Self> {
        let (mut ids, mut times, mut values, mut offsets) = (vec![], vec![], vec![], vec![0u64]);
        for (id, start, y) in series {
            let id = id.as_ref();
            if let Some(at) = y.iter().position(|v| v.is_infinite()) {
                return Err(Error::invalid_input(format!(
                    "series {id:?} holds {} at position {at}; values must be finite or missing",
                    y[at]
                ))
                .with("id", id)
                .with("row", at));
            }
            ids.push(id.to_owned());
            times.push(start);
            values.extend_from_slice(&y);
            offsets.push(values.len() as u64);
        }
        let calendar = Calendar::infer(frequency, &times);
        let mut starts = Vec::with_capacity(ids.len());
        for (id, &t) in ids.iter().zip(&times) {
            starts.push(builder::on_grid(&calendar, id, None, t)?);
        }
        Self::assemble(calendar, ids, offsets.into(), starts.into(), values.into())
    }

    fn assemble(
        calendar: Calendar,
        ids: Vec<String>,
        offsets: Column<u64>,
        starts: Column<i64>,
        values: Column<f64>,
    ) -> Result<Self> {
        let mut positions = FxHashMap::default();
        positions.reserve(ids.len());
        for (at, id) in ids.iter().enumerate() {
            let at = u32::try_from(at)
                .map_err(|_| Error::invalid_input("a panel holds fewer than 2^32 series"))?;
            if positions.insert(id.clone(), at).is_some() {
                return Err(
                    Error::invalid_input(format!("the id {id:?} occurs twice")).with("id", id)
                );
            }
        }
        let (known, attributes) = (Vec::new(), Vec::new());
        let integer_ids = false;
        Ok(Self {
            calendar,
            ids,
            integer_ids,
            positions,
            offsets,
            starts,
            values,
            known,
            attributes,
        })
    }

    /// Number of series.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Number of observations, missing ones included.
    #[must_use]
    pub fn n_values(&self) -> usize {
        self.values.len()
    }

    /// The calendar.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The ids, by position.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Whether the caller's ids are integers, which [`ids`](Self::ids) spells in decimal.
    #[must_use]
    pub fn has_integer_ids(&self) -> bool {
        self.integer_ids
    }

    /// The position of a series.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).map(|&p| p as usize)
    }

    /// The series at a position.
    ///
    /// # Panics
    /// When `position >= self.len()`.
    #[must_use]
    pub fn series(&self, position: usize) -> Series<'_> {
        Series {
            id: &self.ids[position],
            start: self.starts[position],
            values: &self.values[self.range(position)],
        }
    }

    /// The series, by position.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Series<'_>> {
        (0..self.len()).map(|i| self.series(i))
    }

    fn range(&self, position: usize) -> std::ops::Range<usize> {
        self.offsets[position] as usize..self.offsets[position + 1] as usize
    }

    /// Names of the covariates known in advance.
    pub fn known_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.known.iter().map(|(n, _)| n.as_str())
    }

    /// One covariate of one series, aligned with its values.
    ///
    /// # Panics
    /// When `covariate` or `position` is out of range.
    #[must_use]
    pub fn known(&self, covariate: usize, position: usize) -> &[f64] {
        &self.known[covariate].1[self.range(position)]
    }

    /// Names and values of the static attributes.
    pub fn attributes(&self) -> impl ExactSizeIterator<Item = (&str, &Attribute)> {
        self.attributes.iter().map(|(n, a)| (n.as_str(), a))
    }

    /// The same panel with a static attribute added.
    ///
    /// # Errors
    /// `invalid_input`: a repeated name, or not one value per series.
    pub fn with_attribute(mut self, name: &str, attribute: Attribute) -> Result<Self> {
        if attribute.len() != self.len() || self.attributes.iter().any(|(n, _)| n == name) {
            return Err(Error::invalid_input(format!(
                "attribute {name:?} is repeated or has {} values for {} series",
                attribute.len(),
                self.len()
            )));
        }
        self.attributes.push((name.to_owned(), attribute));
        Ok(self)
    }

    /// The panel without the last `n` observations of every series, for backtests. Series that
    /// are shorter become empty.
    #[must_use]
    pub fn without_last(&self, n: usize) -> Self {
        let kept: Vec<_> = (0..self.len())
            .map(|i| {
                let r = self.range(i);
                r.start..r.end.saturating_sub(n).max(r.start)
            })
            .collect();
        let take = |column: &Column<f64>| -> Column<f64> {
            kept.iter().flat_map(|r| column[r.clone()].iter().copied()).collect::<Vec<_>>().into()
        };
        let mut offsets = vec![0u64];
        offsets.extend(kept.iter().scan(0, |at, r| {
            *at += r.len() as u64;
            Some(*at)
        }));
        Self {
            offsets: offsets.into(),
            values: take(&self.values),
            known: self.known.iter().map(|(n, c)| (n.clone(), take(c))).collect(),
            ..self.clone()
        }
    }

    /// A 64-bit fingerprint of ids, dates and values, kept in models as the trace of their data.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        use std::hash::Hasher;
        let mut h = rustc_hash::FxHasher::default();
        self.ids.iter().for_each(|id| h.write(id.as_bytes()));
        self.starts.iter().for_each(|&s| h.write_i64(s));
        self.offsets.iter().for_each(|&o| h.write_u64(o));
        self.values.iter().for_each(|v| h.write_u64(v.to_bits()));
        h.finish()
    }
}

#[cfg(test)]
mod tests;

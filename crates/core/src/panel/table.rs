//! From a table with one row per series and date.

use super::{Duplicates, Frequency, Gaps, Panel, PanelBuilder, Unit};
use crate::table::{Table, TableColumn, ids, numbers, times};
use crate::{Error, Result};

/// The names of the columns that make a panel, and what rows mean.
///
/// ```
/// use mercato_core::panel::PanelColumns;
/// let columns = PanelColumns { value: "sold", ..Default::default() };
/// assert_eq!((columns.id, columns.time), ("unique_id", "ds"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PanelColumns<'a> {
    /// Series ids, strings or integers; `unique_id` by default.
    pub id: &'a str,
    /// Dates or timestamps, or integer steps; `ds` by default.
    pub time: &'a str,
    /// Observations, null = missing; `y` by default.
    pub value: &'a str,
    /// Numeric columns known in advance.
    pub known: &'a [&'a str],
    /// Columns that describe a series, the same in all of its rows.
    pub attributes: &'a [&'a str],
    /// What repeated rows mean.
    pub duplicates: Duplicates,
    /// What absent rows mean.
    pub gaps: Gaps,
}

impl Default for PanelColumns<'_> {
    fn default() -> Self {
        Self {
            id: "unique_id",
            time: "ds",
            value: "y",
            known: &[],
            attributes: &[],
            duplicates: Duplicates::default(),
            gaps: Gaps::default(),
        }
    }
}

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;

fn timestamps(table: &impl Table, name: &str, frequency: Frequency) -> Result<Vec<i64>> {
    let is_calendar = matches!(table.column(name)?, TableColumn::Times(_));
    if is_calendar != (frequency.unit() != Unit::Step) {
        let (has, fits) = if is_calendar {
            ("dates", "D, W, M, h or the like")
        } else {
            ("integers", "an integer step such as 1")
        };
        return Err(Error::invalid_input(format!(
            "column {name} holds {has}, which go with a frequency of {fits}, not {frequency}"
        ))
        .with("column", name));
    }
    let mut t = times(table, name)?;
    if is_calendar {
        if let Some(row) = t.iter().position(|t| t % MICROS != 0) {
            return Err(Error::invalid_input(format!(
                "column {name}, row {row}: times finer than a second lie on no calendar"
            ))
            .with("column", name)
            .with("row", row));
        }
        t.iter_mut().for_each(|t| *t /= MICROS);
    }
    Ok(t)
}

impl Panel {
    /// Reads a panel from a table with one row per series and date, in any order.
    ///
    /// # Errors
    /// `invalid_input` naming the column, or the id and row: see [`PanelBuilder::build`].
    pub fn from_table(
        table: &impl Table,
        columns: &PanelColumns<'_>,
        frequency: Frequency,
    ) -> Result<Self> {
        let t = timestamps(table, columns.time, frequency)?;
        let values = numbers(table, columns.value)?;
        let named = |names: &[&str]| -> Result<Vec<Vec<f64>>> {
            names.iter().map(|name| numbers(table, name)).collect()
        };
        let known = named(columns.known)?;
        let (mut numeric, mut texts) = (vec![], vec![]);
        for name in columns.attributes {
            match table.column(name)? {
                TableColumn::Texts(v) => texts.push((*name, v)),
                _ => numeric.push((*name, numbers(table, name)?)),
            }
        }
        let mut builder = PanelBuilder::new(frequency)
            .rows_of(&ids(table, columns.id)?, &t, &values)
            .duplicates(columns.duplicates)
            .gaps(columns.gaps);
        for (name, v) in columns.known.iter().zip(&known) {
            builder = builder.known(name, v);
        }
        for (name, v) in &numeric {
            builder = builder.static_number(name, v);
        }
        for (name, v) in &texts {
            builder = builder.static_category(name, v);
        }
        builder.build()
    }
}

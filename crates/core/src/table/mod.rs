//! Tables at the doors: any columnar source becomes ids, weights, times and attributes through one
//! set of checks.
//!
//! A source implements [`Table`]. `interop-arrow` does so for Arrow record batches (which is what
//! polars, pandas, pyarrow and DuckDB hand over in Python) and `interop-polars` for data frames.

#[cfg(feature = "interop-arrow")]
mod arrow;
#[cfg(feature = "interop-polars")]
mod polars;

#[cfg(feature = "interop-arrow")]
pub use arrow::ArrowTable;
#[cfg(feature = "interop-polars")]
pub use polars::{PolarsTable, read_csv, read_parquet};

use crate::{Attribute, Error, IdColumn, IdMap, Interactions, ItemAttributes, Result};
use std::borrow::Cow;
use std::sync::Arc;

/// A source of named columns of equal length.
pub trait Table {
    /// The names of the columns, in order.
    fn column_names(&self) -> Vec<String>;

    /// One column, decoded.
    ///
    /// # Errors
    /// `invalid_input` when there is no such column or its type has no use here.
    fn column(&self, name: &str) -> Result<TableColumn<'_>>;
}

/// A decoded column; `None` is null.
#[derive(Debug, Clone, PartialEq)]
pub enum TableColumn<'a> {
    /// Integers of any width.
    Ints(Vec<Option<i64>>),
    /// Floats of any width, decimals.
    Floats(Vec<Option<f64>>),
    /// Texts, also from dictionaries.
    Texts(Vec<Option<Cow<'a, str>>>),
    /// Yes or no.
    Bools(Vec<Option<bool>>),
    /// Dates and timestamps, in microseconds since 1970-01-01 UTC.
    Times(Vec<Option<i64>>),
    /// Lists of texts.
    Tags(Vec<Vec<Cow<'a, str>>>),
}

/// The names of the columns that make interactions.
///
/// ```
/// use mercato_core::table::InteractionColumns;
/// let columns = InteractionColumns { time: Some("date"), ..Default::default() };
/// assert_eq!(columns.user, "user_id");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InteractionColumns<'a> {
    /// Users; `user_id` by default.
    pub user: &'a str,
    /// Items; `item_id` by default.
    pub item: &'a str,
    /// Weights, 1 when absent.
    pub weight: Option<&'a str>,
    /// Times: integers as they are, dates and timestamps as microseconds since 1970.
    pub time: Option<&'a str>,
}

impl Default for InteractionColumns<'_> {
    fn default() -> Self {
        Self { user: "user_id", item: "item_id", weight: None, time: None }
    }
}

impl Interactions {
    /// Reads interactions from a table, one row per event.
    ///
    /// # Errors
    /// `invalid_input` naming the column, and the row where there is one: a missing column, a null,
    /// an unusable type, a weight that is NaN, infinite or negative.
    pub fn from_table(table: &impl Table, columns: InteractionColumns<'_>) -> Result<Self> {
        let users = ids(table, columns.user)?;
        let items = ids(table, columns.item)?;
        let weights = columns.weight.map(|name| weights(table, name)).transpose()?;
        let times = columns.time.map(|name| times(table, name)).transpose()?;
        let mut builder = Interactions::builder(users, items);
        if let Some(w) = &weights {
            builder = builder.weights(w);
        }
        if let Some(t) = &times {
            builder = builder.times(t);
        }
        builder.build()
    }
}

impl ItemAttributes {
    /// Reads attributes from a table, one row per item.
    ///
    /// # Errors
    /// `invalid_input` for a missing or unusable column, or an item that appears twice.
    pub fn from_table(table: &impl Table, item: &str, columns: &[&str]) -> Result<Self> {
        let items = IdMap::from_ids(&ids(table, item)?)?;
        let attributes = columns.iter().map(|name| attribute(table, name));
        Self::new(Arc::new(items), attributes.collect::<Result<_>>()?)
    }
}

/// The error for a column that a table lacks.
#[must_use]
pub fn no_such_column(name: &str, table: &impl Table) -> Error {
    let names = table.column_names();
    Error::invalid_input(format!("the table has no column {name:?}, it has {names:?}"))
        .with("column", name)
}

fn null(name: &str, row: usize) -> Error {
    Error::invalid_input(format!("column {name} is null in row {row}"))
        .with("column", name)
        .with("row", row)
}

fn unusable(name: &str, what: &str, got: &TableColumn<'_>) -> Error {
    Error::invalid_input(format!("column {name} must hold {what}, it holds {}", got.kind()))
        .with("column", name)
}

fn present<T>(name: &str, values: Vec<Option<T>>) -> Result<Vec<T>> {
    let check = |(row, v): (usize, Option<T>)| v.ok_or_else(|| null(name, row));
    values.into_iter().enumerate().map(check).collect()
}

/// Ids from a column of integers or texts. Floats are taken when all are whole numbers, which is
/// what a data frame makes of integers once one row was null.
///
/// # Errors
/// `invalid_input` naming the column and row.
pub fn ids<'a>(table: &'a impl Table, name: &str) -> Result<IdColumn<'a>> {
    match table.column(name)? {
        TableColumn::Ints(v) => Ok(IdColumn::Ints(Cow::Owned(present(name, v)?))),
        TableColumn::Texts(v) => Ok(IdColumn::Strs(present(name, v)?)),
        TableColumn::Floats(v) => {
            let whole = |(row, x): (usize, f64)| {
                let exact = x.fract() == 0.0 && x.abs() <= (1u64 << 53) as f64;
                exact.then_some(x as i64).ok_or_else(|| {
                    Error::invalid_input(format!(
                        "column {name} has the id {x} in row {row}, ids must be integers or texts"
                    ))
                    .with("column", name)
                    .with("row", row)
                })
            };
            let v = present(name, v)?.into_iter().enumerate().map(whole).collect::<Result<_>>()?;
            Ok(IdColumn::Ints(Cow::Owned(v)))
        }
        other => Err(unusable(name, "integers or texts", &other)),
    }
}

/// Numbers from a numeric column; null is NaN.
///
/// # Errors
/// `invalid_input` for a missing column or another type.
pub fn numbers(table: &impl Table, name: &str) -> Result<Vec<f64>> {
    match table.column(name)? {
        TableColumn::Ints(v) => {
            Ok(v.into_iter().map(|x| x.map_or(f64::NAN, |x| x as f64)).collect())
        }
        TableColumn::Floats(v) => Ok(v.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect()),
        TableColumn::Bools(v) => {
            Ok(v.into_iter().map(|x| x.map_or(f64::NAN, |b| f64::from(u8::from(b)))).collect())
        }
        other => Err(unusable(name, "numbers", &other)),
    }
}

fn weights(table: &impl Table, name: &str) -> Result<Vec<f32>> {
    let values = match table.column(name)? {
        TableColumn::Ints(v) => present(name, v)?.into_iter().map(|x| x as f64).collect(),
        TableColumn::Floats(v) => present(name, v)?,
        other => return Err(unusable(name, "numbers", &other)),
    };
    if let Some(row) = values.iter().position(|x| !x.is_finite() || *x < 0.0) {
        let message = format!(
            "column {name} has {} in row {row}, weights must be finite and >= 0",
            values[row]
        );
        return Err(Error::invalid_input(message).with("column", name).with("row", row));
    }
    Ok(values.into_iter().map(|x| x as f32).collect())
}

/// Times: integers as they are, dates and timestamps as microseconds since 1970-01-01 UTC.
///
/// # Errors
/// `invalid_input` naming the column and row.
pub fn times(table: &impl Table, name: &str) -> Result<Vec<i64>> {
    match table.column(name)? {
        TableColumn::Ints(v) | TableColumn::Times(v) => present(name, v),
        other => Err(unusable(name, "dates, timestamps or integers", &other)),
    }
}

fn attribute(table: &impl Table, name: &str) -> Result<Attribute> {
    match table.column(name)? {
        TableColumn::Texts(v) => Attribute::text(name, &v),
        TableColumn::Bools(v) => Ok(Attribute::bool(name, &v)),
        TableColumn::Tags(v) => Attribute::tags(name, &v),
        TableColumn::Ints(v) | TableColumn::Times(v) => {
            let exact = |x: i64| (x.unsigned_abs() <= 1 << 53).then_some(x as f64);
            let convert = |(row, x): (usize, Option<i64>)| match x {
                None => Ok(f64::NAN),
                Some(x) => exact(x).ok_or_else(|| {
                    Error::invalid_input(format!(
                        "column {name} has {x} in row {row}, numbers beyond 2^53 are not exact"
                    ))
                    .with("column", name)
                    .with("row", row)
                }),
            };
            let v = v.into_iter().enumerate().map(convert).collect::<Result<_>>()?;
            Ok(Attribute::number(name, v))
        }
        TableColumn::Floats(v) => {
            Ok(Attribute::number(name, v.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect()))
        }
    }
}

impl TableColumn<'_> {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            TableColumn::Ints(v) | TableColumn::Times(v) => v.len(),
            TableColumn::Floats(v) => v.len(),
            TableColumn::Texts(v) => v.len(),
            TableColumn::Bools(v) => v.len(),
            TableColumn::Tags(v) => v.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn kind(&self) -> &'static str {
        match self {
            TableColumn::Ints(_) => "integers",
            TableColumn::Floats(_) => "floats",
            TableColumn::Texts(_) => "texts",
            TableColumn::Bools(_) => "bools",
            TableColumn::Times(_) => "times",
            TableColumn::Tags(_) => "lists of texts",
        }
    }
}

#[cfg(test)]
mod tests;

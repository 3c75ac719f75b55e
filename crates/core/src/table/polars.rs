//! polars data frames as a [`Table`], and CSV and Parquet files read through polars.

use super::{Table, TableColumn, no_such_column};
use crate::{Error, Result};
use polars::prelude::{
    AnyValue, CsvReadOptions, DataFrame, DataType, ParquetReader, SerReader, TimeUnit,
};
use std::borrow::Cow;
use std::path::Path;

/// A data frame at a door.
///
/// ```no_run
/// use mercato_core::table::{InteractionColumns, PolarsTable, read_parquet};
/// use mercato_core::Interactions;
/// let table = PolarsTable::from(read_parquet("sales.parquet")?);
/// let sales = Interactions::from_table(&table, InteractionColumns::default())?;
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PolarsTable(DataFrame);

impl From<DataFrame> for PolarsTable {
    fn from(frame: DataFrame) -> Self {
        Self(frame)
    }
}

/// Reads a Parquet file.
///
/// # Errors
/// `io` when the file cannot be opened, `invalid_input` when it is not Parquet.
pub fn read_parquet(path: impl AsRef<Path>) -> Result<DataFrame> {
    let path = path.as_ref();
    let file = std::fs::File::open(path).map_err(|e| Error::io("open", path, e))?;
    ParquetReader::new(file).finish().map_err(|e| unreadable(path, e))
}

/// Reads a CSV file with a header line; types are inferred from the first 10,000 rows.
///
/// # Errors
/// `io` when the file cannot be opened, `invalid_input` when a line does not fit.
pub fn read_csv(path: impl AsRef<Path>) -> Result<DataFrame> {
    let path = path.as_ref();
    std::fs::File::open(path).map_err(|e| Error::io("open", path, e))?;
    let options = CsvReadOptions::default().with_has_header(true);
    options
        .with_infer_schema_length(Some(10_000))
        .try_into_reader_with_file_path(Some(path.into()))
        .and_then(SerReader::finish)
        .map_err(|e| unreadable(path, e))
}

fn unreadable(path: &Path, e: polars::error::PolarsError) -> Error {
    Error::invalid_input(format!("cannot read {}: {e}", path.display())).caused_by(e)
}

impl Table for PolarsTable {
    fn column_names(&self) -> Vec<String> {
        self.0.get_column_names().into_iter().map(ToString::to_string).collect()
    }

    fn column(&self, name: &str) -> Result<TableColumn<'_>> {
        let column = self.0.column(name).map_err(|_| no_such_column(name, self))?;
        let series = column.as_materialized_series();
        let failed = |e: polars::error::PolarsError| {
            Error::invalid_input(format!("column {name} cannot be read: {e}")).with("column", name)
        };
        let cast = |to: &DataType| series.strict_cast(to).map_err(failed);
        let dtype = series.dtype();
        Ok(match dtype {
            d if d.is_integer() => {
                let cast = cast(&DataType::Int64)?;
                TableColumn::Ints(cast.i64().map_err(failed)?.iter().collect())
            }
            d if d.is_float() => {
                let cast = cast(&DataType::Float64)?;
                TableColumn::Floats(cast.f64().map_err(failed)?.iter().collect())
            }
            DataType::Boolean => {
                TableColumn::Bools(series.bool().map_err(failed)?.iter().collect())
            }
            DataType::String => {
                let texts = series.str().map_err(failed)?.iter();
                TableColumn::Texts(texts.map(|v| v.map(Cow::Borrowed)).collect())
            }
            DataType::Date | DataType::Datetime(..) => {
                let cast = cast(&DataType::Datetime(TimeUnit::Microseconds, None))?;
                let micros = cast.to_physical_repr().into_owned();
                TableColumn::Times(micros.i64().map_err(failed)?.iter().collect())
            }
            DataType::List(inner) if **inner == DataType::String => {
                let row = |v: AnyValue<'_>| -> Vec<Cow<'static, str>> {
                    let AnyValue::List(list) = v else { return Vec::new() };
                    let texts = list.str().ok();
                    let texts = texts
                        .into_iter()
                        .flat_map(|t| t.iter().flatten().map(str::to_owned).collect::<Vec<_>>());
                    texts.map(Cow::Owned).collect()
                };
                TableColumn::Tags(series.iter().map(row).collect())
            }
            other => {
                return Err(Error::invalid_input(format!(
                    "column {name} has the type {other}, which has no use here"
                ))
                .with("column", name));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interactions;
    use crate::table::InteractionColumns;
    use std::io::Write;

    #[test]
    fn a_csv_file_becomes_interactions() {
        let mut file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
        writeln!(file, "user_id,item_id,qty,day\n7,a,2,10\n8,b,1,11\n7,b,3,12").unwrap();
        let table = PolarsTable::from(read_csv(file.path()).unwrap());
        let columns =
            InteractionColumns { weight: Some("qty"), time: Some("day"), ..Default::default() };
        let inter = Interactions::from_table(&table, columns).unwrap();
        assert_eq!((inter.n_users(), inter.n_items(), inter.len()), (2, 2, 3));
        assert_eq!(inter.matrix().row(0), (&[0, 1][..], &[2.0, 3.0][..]));
        assert_eq!(inter.events(0).unwrap().times, [10, 12]);
    }

    #[test]
    fn missing_and_foreign_files_are_typed_errors() {
        assert_eq!(read_parquet("absent.parquet").unwrap_err().code().as_str(), "io");
        assert_eq!(read_csv("absent.csv").unwrap_err().code().as_str(), "io");
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "not parquet").unwrap();
        let e = read_parquet(file.path()).unwrap_err();
        assert_eq!(e.code().as_str(), "invalid_input");
    }
}

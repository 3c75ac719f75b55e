//! Arrow record batches as a [`Table`].

use super::{Table, TableColumn, no_such_column};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use std::borrow::Cow;

/// Record batches of one schema. Texts are borrowed, numbers are decoded.
#[derive(Debug, Clone)]
pub struct ArrowTable(Vec<RecordBatch>, Vec<String>);

impl ArrowTable {
    /// Takes the batches of a stream; the names come from `schema`, so that a stream without
    /// batches is an empty table and not an error.
    #[must_use]
    pub fn new(batches: Vec<RecordBatch>, schema: &arrow_schema::Schema) -> Self {
        Self(batches, schema.fields().iter().map(|f| f.name().clone()).collect())
    }
}

impl Table for ArrowTable {
    fn column_names(&self) -> Vec<String> {
        self.1.clone()
    }

    fn column(&self, name: &str) -> Result<TableColumn<'_>> {
        let at = self.1.iter().position(|n| n == name);
        let at = at.ok_or_else(|| no_such_column(name, self))?;
        let mut whole: Option<TableColumn<'_>> = None;
        for batch in &self.0 {
            let part = decode(name, batch.column(at).as_ref())?;
            whole = Some(match whole {
                None => part,
                Some(so_far) => append(name, so_far, part)?,
            });
        }
        Ok(whole.unwrap_or(TableColumn::Ints(Vec::new())))
    }
}

fn append<'a>(name: &str, mut a: TableColumn<'a>, b: TableColumn<'a>) -> Result<TableColumn<'a>> {
    match (&mut a, b) {
        (TableColumn::Ints(a), TableColumn::Ints(b))
        | (TableColumn::Times(a), TableColumn::Times(b)) => a.extend(b),
        (TableColumn::Floats(a), TableColumn::Floats(b)) => a.extend(b),
        (TableColumn::Texts(a), TableColumn::Texts(b)) => a.extend(b),
        (TableColumn::Bools(a), TableColumn::Bools(b)) => a.extend(b),
        (TableColumn::Tags(a), TableColumn::Tags(b)) => a.extend(b),
        _ => return Err(Error::invalid_input(format!("column {name} changes its type"))),
    }
    Ok(a)
}

fn primitive<T: ArrowPrimitiveType, R>(
    a: &dyn Array,
    f: impl Fn(T::Native) -> R,
) -> Vec<Option<R>> {
    a.as_primitive::<T>().iter().map(|v| v.map(&f)).collect()
}

fn decode<'a>(name: &str, a: &'a dyn Array) -> Result<TableColumn<'a>> {
    use TableColumn::{Bools, Floats, Ints, Texts, Times};
    let borrow = |v: Option<&'a str>| v.map(Cow::Borrowed);
    const DAY: i64 = 86_400_000_000;
    Ok(match a.data_type() {
        DataType::Int8 => Ints(primitive::<Int8Type, _>(a, i64::from)),
        DataType::Int16 => Ints(primitive::<Int16Type, _>(a, i64::from)),
        DataType::Int32 => Ints(primitive::<Int32Type, _>(a, i64::from)),
        DataType::Int64 => Ints(primitive::<Int64Type, _>(a, |v| v)),
        DataType::UInt8 => Ints(primitive::<UInt8Type, _>(a, i64::from)),
        DataType::UInt16 => Ints(primitive::<UInt16Type, _>(a, i64::from)),
        DataType::UInt32 => Ints(primitive::<UInt32Type, _>(a, i64::from)),
        DataType::UInt64 => {
            let wide = a.as_primitive::<UInt64Type>();
            if let Some(v) = wide.iter().flatten().find(|v| i64::try_from(*v).is_err()) {
                let message = format!("column {name} has {v}, integers must be below 2^63");
                return Err(Error::invalid_input(message).with("column", name));
            }
            Ints(primitive::<UInt64Type, _>(a, |v| v as i64))
        }
        DataType::Float16 => Floats(primitive::<Float16Type, _>(a, f64::from)),
        DataType::Float32 => Floats(primitive::<Float32Type, _>(a, f64::from)),
        DataType::Float64 => Floats(primitive::<Float64Type, _>(a, |v| v)),
        DataType::Boolean => Bools(a.as_boolean().iter().collect()),
        DataType::Utf8 => Texts(a.as_string::<i32>().iter().map(borrow).collect()),
        DataType::LargeUtf8 => Texts(a.as_string::<i64>().iter().map(borrow).collect()),
        DataType::Utf8View => Texts(a.as_string_view().iter().map(borrow).collect()),
        DataType::Date32 => Times(primitive::<Date32Type, _>(a, |v| i64::from(v) * DAY)),
        DataType::Date64 => Times(primitive::<Date64Type, _>(a, |v| v.saturating_mul(1000))),
        DataType::Timestamp(unit, _) => Times(match unit {
            TimeUnit::Second => {
                primitive::<TimestampSecondType, _>(a, |v| v.saturating_mul(1_000_000))
            }
            TimeUnit::Millisecond => {
                primitive::<TimestampMillisecondType, _>(a, |v| v.saturating_mul(1000))
            }
            TimeUnit::Microsecond => primitive::<TimestampMicrosecondType, _>(a, |v| v),
            TimeUnit::Nanosecond => {
                primitive::<TimestampNanosecondType, _>(a, |v| v.div_euclid(1000))
            }
        }),
        DataType::Dictionary(_, _) => {
            let dictionary = a.as_any_dictionary();
            let keys = dictionary.normalized_keys();
            let at = |row: usize| (!a.is_null(row)).then(|| keys[row]);
            let rows = 0..a.len();
            match decode(name, dictionary.values().as_ref())? {
                Texts(v) => Texts(rows.map(|r| at(r).and_then(|k| v[k].clone())).collect()),
                Ints(v) => Ints(rows.map(|r| at(r).and_then(|k| v[k])).collect()),
                Floats(v) => Floats(rows.map(|r| at(r).and_then(|k| v[k])).collect()),
                _ => return Err(no_use(name, a)),
            }
        }
        DataType::List(_) => {
            let list = a.as_list::<i32>();
            tags(name, list.values().as_ref(), |r| list.value_offsets()[r] as usize, a)?
        }
        DataType::LargeList(_) => {
            let list = a.as_list::<i64>();
            tags(name, list.values().as_ref(), |r| list.value_offsets()[r] as usize, a)?
        }
        DataType::Null => Texts(vec![None; a.len()]),
        _ => return Err(no_use(name, a)),
    })
}

fn no_use(name: &str, a: &dyn Array) -> Error {
    Error::invalid_input(format!(
        "column {name} has the type {}, which has no use here",
        a.data_type()
    ))
    .with("column", name)
}

fn tags<'a>(
    name: &str,
    values: &'a dyn Array,
    offset: impl Fn(usize) -> usize,
    a: &dyn Array,
) -> Result<TableColumn<'a>> {
    let TableColumn::Texts(texts) = decode(name, values)? else { return Err(no_use(name, a)) };
    let of_row = |r: usize| {
        let range = if a.is_null(r) { 0..0 } else { offset(r)..offset(r + 1) };
        texts[range].iter().flatten().cloned().collect()
    };
    Ok(TableColumn::Tags((0..a.len()).map(of_row).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{DictionaryArray, Int32Array, ListArray, StringViewArray, UInt64Array};
    use std::sync::Arc;

    fn table(column: Arc<dyn Array>) -> ArrowTable {
        let batch = RecordBatch::try_from_iter([("c", column)]).unwrap();
        let schema = batch.schema();
        ArrowTable::new(vec![batch.clone(), batch], &schema)
    }

    #[test]
    fn batches_are_joined_and_types_folded() {
        let texts = |v: &[Option<&'static str>]| {
            TableColumn::Texts(v.iter().map(|s| s.map(Cow::Borrowed)).collect())
        };
        let dictionary: DictionaryArray<Int8Type> = vec![Some("x"), None].into_iter().collect();
        let t = table(Arc::new(dictionary));
        assert_eq!(t.column("c").unwrap(), texts(&[Some("x"), None, Some("x"), None]));
        let t = table(Arc::new(StringViewArray::from(vec!["a string longer than a view"])));
        assert_eq!(t.column("c").unwrap(), texts(&[Some("a string longer than a view"); 2]));
        let t = table(Arc::new(Int32Array::from(vec![Some(1), None])));
        assert_eq!(t.column("c").unwrap(), TableColumn::Ints(vec![Some(1), None, Some(1), None]));
    }

    #[test]
    fn numbers_beyond_i64_and_odd_types_are_refused() {
        let t = table(Arc::new(UInt64Array::from(vec![u64::MAX])));
        assert!(t.column("c").unwrap_err().message().contains("18446744073709551615"));
        assert!(t.column("d").unwrap_err().message().contains("\"c\""));
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
        assert!(table(Arc::new(list)).column("c").is_err());
    }
}

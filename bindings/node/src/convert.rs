//! Ids, columns, filters and histories from JavaScript, and results back.

use crate::error::raise;
use mercato::recsys::{History, Query};
use mercato::table::{Table, TableColumn, no_such_column};
use mercato::{Error, Filter, Id, IdColumn, IdMap, IdRef};
use napi::bindgen_prelude::*;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// An id from JavaScript: a string, a whole number or a bigint.
pub type IdIn<'a> = Either4<String, f64, BigInt, Unknown<'a>>;
/// An id to JavaScript; numbers beyond 2^53 are bigints.
pub type IdOut = Either3<String, f64, BigInt>;
/// A column of ids.
pub type IdsIn<'a> = Either4<Vec<IdIn<'a>>, Int32Array, BigInt64Array, Unknown<'a>>;

const EXACT: f64 = 9_007_199_254_740_991.0;

/// One id, owned.
pub fn id(value: IdIn<'_>) -> mercato::Result<Id> {
    match value {
        Either4::A(text) => Ok(Id::Str(text)),
        Either4::B(x) if x.fract() == 0.0 && x.abs() <= EXACT => Ok(Id::Int(x as i64)),
        Either4::C(big) if big.get_i64().1 => Ok(Id::Int(big.get_i64().0)),
        _ => Err(Error::invalid_input(
            "an id is a string, a whole number up to 2^53 or a 64-bit bigint",
        )),
    }
}

/// An id in the caller's own type.
pub fn id_out(id: IdRef<'_>) -> IdOut {
    match id {
        IdRef::Str(s) => Either3::A(s.to_owned()),
        IdRef::Int(i) if i.unsigned_abs() as f64 <= EXACT => Either3::B(i as f64),
        IdRef::Int(i) => Either3::C(BigInt::from(i)),
    }
}

/// All ids of a map, in dense order.
pub fn ids_out(ids: &IdMap) -> Vec<IdOut> {
    ids.iter().map(id_out).collect()
}

/// The column that the library takes: all strings or all integers.
pub fn column<'a>(
    name: &str,
    ids: &'a IdsIn<'_>,
    owned: &'a mut Vec<Id>,
) -> mercato::Result<IdColumn<'a>> {
    match ids {
        Either4::C(big) => Ok(IdColumn::Ints(Cow::Borrowed(big))),
        Either4::B(ints) => Ok(IdColumn::Ints(ints.iter().map(|&i| i64::from(i)).collect())),
        Either4::A(values) => {
            for (row, value) in values.iter().enumerate() {
                let at = |e: Error| {
                    Error::invalid_input(format!("{name}, row {row}: {}", e.message()))
                        .with("column", name)
                        .with("row", row)
                };
                let id = match value {
                    Either4::A(text) => Ok(Id::Str(text.clone())),
                    Either4::B(x) => id(Either4::B(*x)),
                    Either4::C(big) => id(Either4::C(big.clone())),
                    Either4::D(_) => id(Either4::B(f64::NAN)),
                };
                owned.push(id.map_err(at)?);
            }
            column_of(owned)
        }
        Either4::D(_) => Err(Error::invalid_input(format!(
            "{name} must be an array of ids, an Int32Array or a BigInt64Array"
        ))
        .with("column", name)),
    }
}

/// A column of owned ids.
pub fn column_of(ids: &[Id]) -> mercato::Result<IdColumn<'_>> {
    let mixed = || Error::invalid_input("ids must be all integers or all strings");
    let column = match ids.first() {
        Some(Id::Str(_)) => ids.iter().map(text).collect::<Option<Vec<_>>>().map(IdColumn::Strs),
        _ => ids.iter().map(int).collect::<Option<_>>().map(IdColumn::Ints),
    };
    column.ok_or_else(mixed)
}

fn text(id: &Id) -> Option<Cow<'_, str>> {
    if let Id::Str(s) = id { Some(Cow::Borrowed(s)) } else { None }
}

fn int(id: &Id) -> Option<i64> {
    if let Id::Int(i) = id { Some(*i) } else { None }
}

/// Refuses fields that nothing reads.
pub fn known_keys(env: &Env, object: &Object<'_>, known: &[&str]) -> Result<()> {
    for key in Object::keys(object)? {
        if !known.contains(&key.as_str()) {
            let message = format!("unknown option {key}; known: {}", known.join(", "));
            return Err(raise(env, &Error::invalid_params(message).with("parameter", key)));
        }
    }
    Ok(())
}

/// How many results when the caller does not say.
const N: f64 = 10.0;

/// The options of a request: `n`, and how to recommend.
pub fn query(env: &Env, options: Option<&Object<'_>>) -> Result<(usize, Query)> {
    let Some(options) = options else { return Ok((N as usize, Query::default())) };
    known_keys(env, options, &["n", "excludeSeen", "where", "items", "history"])?;
    let refuse = |e: Error| raise(env, &e);
    let n = match options.get::<Either<f64, Unknown<'_>>>("n")? {
        None => N,
        Some(Either::A(n)) if n >= 0.0 && n.fract() == 0.0 => n,
        _ => return Err(refuse(Error::invalid_params("n must be a whole number, 0 or more"))),
    };
    let list = |ids: Vec<IdIn<'_>>| ids.into_iter().map(id).collect::<mercato::Result<Vec<Id>>>();
    let filter = options.get::<Value>("where")?.filter(|v| !v.is_null());
    let filter = filter.map(|v| Filter::from_json(&v)).transpose().map_err(refuse)?;
    let items = options.get::<Vec<IdIn<'_>>>("items")?.map(list).transpose().map_err(refuse)?;
    let events = options.get::<Vec<Either<Vec<IdIn<'_>>, IdIn<'_>>>>("history")?;
    let history = events.map(history).transpose().map_err(refuse)?;
    let exclude_seen = options.get::<bool>("excludeSeen")?.unwrap_or(true);
    // Larger counts are cut to what a machine can count; the library caps them at the catalogue.
    Ok((n as usize, Query { exclude_seen, filter, items, history, ..Query::default() }))
}

/// Ids, or [id, weight] pairs, oldest first.
pub fn history(events: Vec<Either<Vec<IdIn<'_>>, IdIn<'_>>>) -> mercato::Result<History> {
    let one = |event| match event {
        Either::B(item) => Ok((id(item)?, 1.0)),
        Either::A(pair) => match <[IdIn<'_>; 2]>::try_from(pair) {
            Ok([item, Either4::B(weight)]) => Ok((id(item)?, weight as f32)),
            _ => Err(Error::invalid_input("a history holds ids or [id, weight] pairs")),
        },
    };
    Ok(History { events: events.into_iter().map(one).collect::<mercato::Result<_>>()? })
}

/// Reads one kind of value; another kind is an error.
fn all<'a, T>(
    values: impl Iterator<Item = Option<&'a Value>>,
    read: impl Fn(&'a Value) -> Option<T>,
    wrong: impl Fn(&Value) -> Error,
) -> mercato::Result<Vec<Option<T>>> {
    values.map(|v| v.map(|v| read(v).ok_or_else(|| wrong(v))).transpose()).collect()
}

/// Records of one table, as JSON.
pub struct Records(Vec<Map<String, Value>>);

impl Records {
    /// Takes an array of objects.
    pub fn new(records: Value) -> mercato::Result<Self> {
        serde_json::from_value(records)
            .map(Self)
            .map_err(|_| Error::invalid_input("expected an array of records"))
    }
}

impl Table for Records {
    fn column_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for key in self.0.iter().flat_map(Map::keys) {
            if !names.contains(key) {
                names.push(key.clone());
            }
        }
        names
    }

    fn column(&self, name: &str) -> mercato::Result<TableColumn<'_>> {
        let mut values = self.0.iter().map(|record| record.get(name).filter(|v| !v.is_null()));
        let Some(first) = values.clone().flatten().next() else {
            let known = self.0.is_empty() || self.0.iter().any(|r| r.contains_key(name));
            let none = || TableColumn::Texts(vec![None; self.0.len()]);
            return if known { Ok(none()) } else { Err(no_such_column(name, self)) };
        };
        let wrong = |v: &Value| {
            let message = format!("column {name} holds {first} and {v}, which do not go together");
            Error::invalid_input(message).with("column", name)
        };
        match first {
            Value::String(_) => {
                all(values, |v| v.as_str().map(Cow::Borrowed), wrong).map(TableColumn::Texts)
            }
            Value::Bool(_) => all(values, Value::as_bool, wrong).map(TableColumn::Bools),
            Value::Number(_) if values.clone().flatten().all(|v| v.as_i64().is_some()) => {
                all(values, Value::as_i64, wrong).map(TableColumn::Ints)
            }
            Value::Number(_) => all(values, Value::as_f64, wrong).map(TableColumn::Floats),
            Value::Array(_) => values
                .by_ref()
                .map(|v| match v.map(|v| (v, v.as_array())) {
                    None => Ok(Vec::new()),
                    Some((v, None)) => Err(wrong(v)),
                    Some((v, Some(tags))) => tags
                        .iter()
                        .map(|t| t.as_str().map(Cow::Borrowed).ok_or_else(|| wrong(v)))
                        .collect(),
                })
                .collect::<mercato::Result<_>>()
                .map(TableColumn::Tags),
            other => Err(wrong(other)),
        }
    }
}

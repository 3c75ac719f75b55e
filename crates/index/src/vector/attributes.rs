//! Attributes of an index whose ids change.

use mercato_core::{Attribute, Error, Filter, IdMap, ItemAttributes, Result, Scalar};
use std::sync::Arc;

/// The attributes of `ids`: what `new` says of the ids that it knows, what `old` says of the rest.
pub(super) fn merged(
    old: Option<&ItemAttributes>,
    new: &ItemAttributes,
    ids: &Arc<IdMap>,
) -> Result<ItemAttributes> {
    let known: Vec<bool> = ids.iter().map(|id| new.items().dense(id).is_some()).collect();
    let (old, new) = (old.map(|a| a.aligned_to(ids)), new.aligned_to(ids));
    let before = |name: &str| old.as_ref().and_then(|a| a.column(name));
    let mut columns = Vec::new();
    for column in new.columns() {
        columns.push(blend(before(column.name()), Some(column), &known, (old.as_ref(), &new))?);
    }
    for column in old.iter().flat_map(ItemAttributes::columns) {
        if new.column(column.name()).is_none() {
            columns.push(blend(Some(column), None, &known, (old.as_ref(), &new))?);
        }
    }
    ItemAttributes::new(ids.clone(), columns)
}

/// One column: from `new` where `known`, else from `old`.
fn blend(
    old: Option<&Attribute>,
    new: Option<&Attribute>,
    known: &[bool],
    tables: (Option<&ItemAttributes>, &ItemAttributes),
) -> Result<Attribute> {
    let Some(any) = new.or(old) else {
        return Err(Error::internal("a column of neither table"));
    };
    let (name, kind) = (any.name(), any.kind());
    if let (Some(old), Some(new)) = (old, new)
        && old.kind() != new.kind()
    {
        return Err(Error::invalid_input(format!(
            "attribute {name} is {} in the index, {} here",
            old.kind(),
            new.kind()
        ))
        .with("attribute", name));
    }
    // Ids that the new table knows without having the column keep what they had.
    let of = |i: usize| if known[i] { new.or(old) } else { old };
    let texts =
        |i: usize| -> Vec<&str> { of(i).map_or_else(Vec::new, |a| a.texts(i as u32).collect()) };
    let rows = 0..known.len();
    match kind {
        "text" => {
            let values: Vec<Option<&str>> = rows.map(|i| texts(i).first().copied()).collect();
            Attribute::text(name, &values)
        }
        "tags" => Attribute::tags(name, &rows.map(texts).collect::<Vec<_>>()),
        "number" => {
            let number = |i: usize| of(i).and_then(|a| a.number_of(i as u32)).unwrap_or(f64::NAN);
            Ok(Attribute::number(name, rows.map(number).collect()))
        }
        _ => {
            let is = |table: Option<&ItemAttributes>, value: bool| {
                let table = table.filter(|t| t.column(name).is_some());
                let filter = Filter::In(name.to_owned(), vec![Scalar::Bool(value)]);
                table.map(|t| filter.compile(t)).transpose()
            };
            let (before, after) = (
                (is(tables.0, true)?, is(tables.0, false)?),
                (is(Some(tables.1), true)?, is(Some(tables.1), false)?),
            );
            let value = |i: usize| {
                let (yes, no) = if known[i] && new.is_some() { &after } else { &before };
                let has = |set: &Option<mercato_core::Bitmap>| {
                    set.as_ref().is_some_and(|s| s.contains(i as u32))
                };
                has(yes).then_some(true).or(has(no).then_some(false))
            };
            Ok(Attribute::bool(name, &rows.map(value).collect::<Vec<_>>()))
        }
    }
}

//! What is known about items (or any other ids): the columns that filters and content models read.

use crate::{Artifact, ArtifactWriter, Column, Error, IdColumn, IdMap, Result};
use std::borrow::Cow;
use std::sync::Arc;

/// The code of a missing category.
pub(crate) const MISSING: u32 = u32::MAX;

/// One attribute of every id, in dense order.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    name: String,
    values: Values,
}

/// The values of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    /// One of a set of texts; `codes[i]` numbers into `labels`, `u32::MAX` is missing.
    Text { labels: IdMap, codes: Column<u32> },
    /// Any number; NaN is missing.
    Number(Column<f64>),
    /// 0, 1, or 2 for missing.
    Bool(Column<u8>),
    /// Any number of texts; those of id `i` are `codes[offsets[i]..offsets[i + 1]]`.
    Tags { labels: IdMap, offsets: Column<u32>, codes: Column<u32> },
}

const BOOL_MISSING: u8 = 2;

impl Attribute {
    /// A text attribute; `None` is missing.
    ///
    /// # Errors
    /// `invalid_input` for more than 4 GiB of distinct text.
    pub fn text<S: AsRef<str>>(name: &str, values: &[Option<S>]) -> Result<Self> {
        let present: Vec<Cow<'_, str>> =
            values.iter().flatten().map(|s| Cow::Borrowed(s.as_ref())).collect();
        let (labels, dense) = IdMap::encode(&IdColumn::Strs(present))?;
        let mut dense = dense.into_iter();
        let codes: Vec<u32> = values
            .iter()
            .map(|v| v.as_ref().and_then(|_| dense.next()).unwrap_or(MISSING))
            .collect();
        Ok(Self { name: name.into(), values: Values::Text { labels, codes: codes.into() } })
    }

    /// A numeric attribute; NaN is missing.
    #[must_use]
    pub fn number(name: &str, values: Vec<f64>) -> Self {
        Self { name: name.into(), values: Values::Number(values.into()) }
    }

    /// A yes/no attribute; `None` is missing.
    #[must_use]
    pub fn bool(name: &str, values: &[Option<bool>]) -> Self {
        let codes: Vec<u8> = values.iter().map(|v| v.map_or(BOOL_MISSING, u8::from)).collect();
        Self { name: name.into(), values: Values::Bool(codes.into()) }
    }

    /// An attribute of several texts per id, such as categories or tags.
    ///
    /// # Errors
    /// `invalid_input` for more than 4 GiB of distinct text or 2^32 tags.
    pub fn tags<S: AsRef<str>>(name: &str, values: &[Vec<S>]) -> Result<Self> {
        let all: Vec<Cow<'_, str>> =
            values.iter().flatten().map(|s| Cow::Borrowed(s.as_ref())).collect();
        let (labels, codes) = IdMap::encode(&IdColumn::Strs(all))?;
        u32::try_from(codes.len())
            .map_err(|_| Error::invalid_input(format!("{} tags are too many", codes.len())))?;
        let ends = values.iter().scan(0, |end, v| {
            *end += v.len() as u32;
            Some(*end)
        });
        let offsets: Vec<u32> = std::iter::once(0).chain(ends).collect();
        let values = Values::Tags { labels, offsets: offsets.into(), codes: codes.into() };
        Ok(Self { name: name.into(), values })
    }

    /// The attribute's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `"text"`, `"number"`, `"bool"` or `"tags"`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.values {
            Values::Text { .. } => "text",
            Values::Number(_) => "number",
            Values::Bool(_) => "bool",
            Values::Tags { .. } => "tags",
        }
    }

    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    fn len(&self) -> usize {
        match &self.values {
            Values::Text { codes, .. } => codes.len(),
            Values::Number(v) => v.len(),
            Values::Bool(v) => v.len(),
            Values::Tags { offsets, .. } => offsets.len().saturating_sub(1),
        }
    }

    /// The texts of one id: its label, its tags, or none.
    pub fn texts(&self, dense: u32) -> impl Iterator<Item = &str> {
        let (labels, codes): (Option<&IdMap>, &[u32]) = match &self.values {
            Values::Text { labels, codes } => {
                (Some(labels), codes.get(dense as usize).map_or(&[], std::slice::from_ref))
            }
            Values::Tags { labels, offsets, codes } => {
                (Some(labels), tag_range(offsets, dense as usize, codes).unwrap_or(&[]))
            }
            Values::Number(_) | Values::Bool(_) => (None, &[]),
        };
        codes.iter().filter(|&&c| c != MISSING).filter_map(move |&c| match labels?.id(c) {
            crate::IdRef::Str(s) => Some(s),
            crate::IdRef::Int(_) => None,
        })
    }

    /// The texts of one id as numbers: equal texts have equal numbers. Empty when it has none and
    /// for attributes of other kinds.
    #[must_use]
    pub fn codes(&self, dense: u32) -> &[u32] {
        let codes = match &self.values {
            Values::Text { codes, .. } => {
                codes.get(dense as usize).map_or(&[][..], std::slice::from_ref)
            }
            Values::Tags { offsets, codes, .. } => {
                tag_range(offsets, dense as usize, codes).unwrap_or(&[])
            }
            Values::Number(_) | Values::Bool(_) => &[],
        };
        if codes == [MISSING] { &[] } else { codes }
    }

    /// The number of a text as in [`codes`](Self::codes); `None` when no id has it.
    #[must_use]
    pub fn code_of(&self, text: &str) -> Option<u32> {
        match &self.values {
            Values::Text { labels, .. } | Values::Tags { labels, .. } => labels.dense(text),
            Values::Number(_) | Values::Bool(_) => None,
        }
    }

    /// The number of one id; `None` when missing or not numeric.
    #[must_use]
    pub fn number_of(&self, dense: u32) -> Option<f64> {
        match &self.values {
            Values::Number(v) => v.get(dense as usize).copied().filter(|x| !x.is_nan()),
            _ => None,
        }
    }

    /// The rows `rows[i]` of this attribute, `None` giving a missing value.
    fn gather(&self, rows: &[Option<u32>]) -> Self {
        let at = |r: &Option<u32>| r.map(|r| r as usize);
        let values = match &self.values {
            Values::Text { labels, codes } => {
                let codes: Vec<u32> = rows
                    .iter()
                    .map(|r| at(r).and_then(|r| codes.get(r).copied()).unwrap_or(MISSING))
                    .collect();
                Values::Text { labels: labels.clone(), codes: codes.into() }
            }
            Values::Number(v) => {
                let v: Vec<f64> = rows
                    .iter()
                    .map(|r| at(r).and_then(|r| v.get(r).copied()).unwrap_or(f64::NAN))
                    .collect();
                Values::Number(v.into())
            }
            Values::Bool(v) => {
                let v: Vec<u8> = rows
                    .iter()
                    .map(|r| at(r).and_then(|r| v.get(r).copied()).unwrap_or(BOOL_MISSING))
                    .collect();
                Values::Bool(v.into())
            }
            Values::Tags { labels, offsets, codes } => {
                let mut new_offsets = vec![0u32];
                let mut new_codes = Vec::new();
                for r in rows {
                    let tags = at(r).and_then(|r| tag_range(offsets, r, codes));
                    new_codes.extend_from_slice(tags.unwrap_or(&[]));
                    new_offsets.push(new_codes.len() as u32);
                }
                Values::Tags {
                    labels: labels.clone(),
                    offsets: new_offsets.into(),
                    codes: new_codes.into(),
                }
            }
        };
        Self { name: self.name.clone(), values }
    }
}

/// The tags of one id; `None` when an opened artifact's numbers are damaged.
pub(crate) fn tag_range<'a>(offsets: &[u32], i: usize, codes: &'a [u32]) -> Option<&'a [u32]> {
    codes.get(*offsets.get(i)? as usize..*offsets.get(i + 1)? as usize)
}

/// Attributes of items, one column each.
///
/// ```
/// use mercato_core::{Attribute, Filter, IdMap, ItemAttributes};
/// use std::sync::Arc;
/// let items = Arc::new(IdMap::from_ids(&["cup", "tea"].into())?);
/// let attributes = ItemAttributes::new(
///     items,
///     vec![
///         Attribute::text("category", &[Some("kitchen"), Some("food")])?,
///         Attribute::number("price", vec![4.5, 12.0]),
///     ],
/// )?;
/// let filter = Filter::from_json(&serde_json::json!({"price": {"ge": 5}}))?;
/// assert_eq!(filter.compile(&attributes)?.iter().collect::<Vec<_>>(), [1]);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ItemAttributes {
    items: Arc<IdMap>,
    columns: Vec<Attribute>,
}

impl ItemAttributes {
    /// Attributes of `items`; every column has one value per item, in dense order.
    ///
    /// # Errors
    /// `invalid_input` for a column of another length or a repeated, empty or reserved name
    /// (`any`, `not`).
    pub fn new(items: Arc<IdMap>, columns: Vec<Attribute>) -> Result<Self> {
        for (i, c) in columns.iter().enumerate() {
            if c.len() != items.len() {
                return Err(Error::invalid_input(format!(
                    "attribute {} has {} values for {} items",
                    c.name,
                    c.len(),
                    items.len()
                )));
            }
            let repeated = columns[..i].iter().any(|other| other.name == c.name);
            if repeated || ["", "any", "not"].contains(&c.name.as_str()) {
                return Err(Error::invalid_input(format!(
                    "attribute name {:?} is repeated, empty or reserved (any, not)",
                    c.name
                ))
                .with("attribute", &c.name));
            }
        }
        Ok(Self { items, columns })
    }

    /// The ids whose attributes these are.
    #[must_use]
    pub fn items(&self) -> &Arc<IdMap> {
        &self.items
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Attribute] {
        &self.columns
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Attribute> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The same attributes in the dense order of `items`; items that these attributes do not know
    /// get missing values.
    #[must_use]
    pub fn aligned_to(&self, items: &Arc<IdMap>) -> Self {
        let rows: Vec<Option<u32>> = items.iter().map(|id| self.items.dense(id)).collect();
        let columns = self.columns.iter().map(|c| c.gather(&rows)).collect();
        Self { items: items.clone(), columns }
    }

    /// Adds the columns to an artifact under the name `prefix`. The item ids are not written:
    /// models hold them already.
    ///
    /// # Errors
    /// `internal` for an invalid section name.
    pub fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>, prefix: &str) -> Result<()> {
        let names: Vec<(&str, &str)> =
            self.columns.iter().map(|c| (c.name.as_str(), c.kind())).collect();
        w.meta(prefix, &names)?;
        for (i, c) in self.columns.iter().enumerate() {
            let section = |part: &str| format!("{prefix}.{i}.{part}");
            match &c.values {
                Values::Text { labels, codes } => {
                    labels.write(w, &section("labels"))?;
                    w.column(&section("codes"), codes)?;
                }
                Values::Number(v) => w.column(&section("numbers"), v)?,
                Values::Bool(v) => w.column(&section("bools"), v)?,
                Values::Tags { labels, offsets, codes } => {
                    labels.write(w, &section("labels"))?;
                    w.column(&section("offsets"), offsets)?;
                    w.column(&section("codes"), codes)?;
                }
            }
        }
        Ok(())
    }

    /// Reads the columns that [`write`](Self::write) added for these items.
    ///
    /// # Errors
    /// `corrupt_artifact`.
    pub fn read(a: &Artifact, prefix: &str, items: Arc<IdMap>) -> Result<Self> {
        let names: Vec<(String, String)> = a.meta_field(prefix)?;
        let n = items.len();
        let read = |(i, (name, kind)): (usize, (String, String))| {
            let section = |part: &str| format!("{prefix}.{i}.{part}");
            let values = match kind.as_str() {
                "text" => Values::Text {
                    labels: IdMap::read(a, &section("labels"))?,
                    codes: a.column_of_len(&section("codes"), n)?,
                },
                "number" => Values::Number(a.column_of_len(&section("numbers"), n)?),
                "bool" => Values::Bool(a.column_of_len(&section("bools"), n)?),
                "tags" => Values::Tags {
                    labels: IdMap::read(a, &section("labels"))?,
                    offsets: a.column_of_len(&section("offsets"), n + 1)?,
                    codes: a.column(&section("codes"))?,
                },
                _ => return Err(Error::corrupt(format!("attribute {name} is of kind {kind:?}"))),
            };
            Ok(Attribute { name, values })
        };
        let columns = names.into_iter().enumerate().map(read).collect::<Result<_>>()?;
        Ok(Self { items, columns })
    }
}

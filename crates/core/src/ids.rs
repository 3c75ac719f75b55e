//! The caller's ids and the dense numbers that models work with.

use crate::{Artifact, ArtifactWriter, Column, Error, Result};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// An id in the caller's own type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// An integer id.
    Int(i64),
    /// A string id.
    Str(String),
}

/// A borrowed [`Id`]; what every method that takes an id accepts through `Into`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdRef<'a> {
    /// An integer id.
    Int(i64),
    /// A string id.
    Str(&'a str),
}

impl IdRef<'_> {
    /// The same id, owned.
    #[must_use]
    pub fn to_id(self) -> Id {
        match self {
            IdRef::Int(i) => Id::Int(i),
            IdRef::Str(s) => Id::Str(s.to_owned()),
        }
    }
}

impl Id {
    /// The same id, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> IdRef<'_> {
        match self {
            Id::Int(i) => IdRef::Int(*i),
            Id::Str(s) => IdRef::Str(s),
        }
    }
}

impl<'a> From<&'a str> for IdRef<'a> {
    fn from(s: &'a str) -> Self {
        IdRef::Str(s)
    }
}
impl<'a> From<&'a String> for IdRef<'a> {
    fn from(s: &'a String) -> Self {
        IdRef::Str(s)
    }
}
impl<'a> From<&'a Id> for IdRef<'a> {
    fn from(id: &'a Id) -> Self {
        id.as_ref()
    }
}
impl From<i64> for IdRef<'_> {
    fn from(i: i64) -> Self {
        IdRef::Int(i)
    }
}
impl From<i32> for IdRef<'_> {
    fn from(i: i32) -> Self {
        IdRef::Int(i.into())
    }
}
impl From<u32> for IdRef<'_> {
    fn from(i: u32) -> Self {
        IdRef::Int(i.into())
    }
}
impl From<i64> for Id {
    fn from(i: i64) -> Self {
        Id::Int(i)
    }
}
impl From<&str> for Id {
    fn from(s: &str) -> Self {
        Id::Str(s.to_owned())
    }
}
impl From<String> for Id {
    fn from(s: String) -> Self {
        Id::Str(s)
    }
}
impl fmt::Display for IdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdRef::Int(i) => i.fmt(f),
            IdRef::Str(s) => s.fmt(f),
        }
    }
}
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// A column of ids at a data door: all integers or all strings.
#[derive(Debug, Clone)]
pub enum IdColumn<'a> {
    /// Integer ids.
    Ints(Cow<'a, [i64]>),
    /// String ids.
    Strs(Vec<Cow<'a, str>>),
}

impl IdColumn<'_> {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            IdColumn::Ints(v) => v.len(),
            IdColumn::Strs(v) => v.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows as integers.
    ///
    /// # Errors
    /// `invalid_input` when they are strings.
    pub fn as_ints(&self) -> Result<&[i64]> {
        match self {
            IdColumn::Ints(v) => Ok(v),
            IdColumn::Strs(_) => Err(Error::invalid_input("integers are wanted, not strings")),
        }
    }
}

impl<'a> From<&'a [i64]> for IdColumn<'a> {
    fn from(v: &'a [i64]) -> Self {
        IdColumn::Ints(Cow::Borrowed(v))
    }
}
impl<'a> From<&'a Vec<i64>> for IdColumn<'a> {
    fn from(v: &'a Vec<i64>) -> Self {
        IdColumn::Ints(Cow::Borrowed(v))
    }
}
impl<'a> From<&[&'a str]> for IdColumn<'a> {
    fn from(v: &[&'a str]) -> Self {
        IdColumn::Strs(v.iter().map(|s| Cow::Borrowed(*s)).collect())
    }
}
impl<'a> From<&'a [String]> for IdColumn<'a> {
    fn from(v: &'a [String]) -> Self {
        IdColumn::Strs(v.iter().map(|s| Cow::Borrowed(s.as_str())).collect())
    }
}
impl<'a, const N: usize> From<[&'a str; N]> for IdColumn<'a> {
    fn from(v: [&'a str; N]) -> Self {
        v.as_slice().into()
    }
}
impl<const N: usize> From<[i64; N]> for IdColumn<'_> {
    fn from(v: [i64; N]) -> Self {
        IdColumn::Ints(Cow::Owned(v.to_vec()))
    }
}

/// Dense ids are `u32`, and the last two values are kept free for "missing" marks.
const MAX_IDS: usize = u32::MAX as usize - 1;

/// External ids (all strings or all integers) to dense numbers `0..len` and back.
///
/// Data doors number the ids in ascending order, so the same data gives the same model whatever
/// the order of its rows. A look-up is a binary search: nothing is built on open.
///
/// ```
/// use mercato_core::{IdMap, IdRef};
/// let (ids, dense) = IdMap::encode(&["tea", "cup", "tea"].into())?;
/// assert_eq!(dense, [1, 0, 1]);
/// assert_eq!(ids.dense("cup"), Some(0));
/// assert_eq!(ids.id(1), IdRef::Str("tea"));
/// assert_eq!(ids.dense(7), None);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct IdMap {
    ids: Ids,
    /// Dense numbers in ascending order of their ids; absent when that is `0..len`.
    order: Option<Column<u32>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Ids {
    Ints(Column<i64>),
    /// String `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    Strs {
        offsets: Column<u32>,
        bytes: Column<u8>,
    },
}

impl Default for IdMap {
    fn default() -> Self {
        Self { ids: Ids::Ints(Column::default()), order: None }
    }
}

impl IdMap {
    /// Numbers the distinct ids of a column in ascending order; gives the map and each row's
    /// dense number.
    ///
    /// # Errors
    /// `invalid_input` for more than 2^32 - 2 distinct ids or 4 GiB of text.
    pub fn encode(column: &IdColumn<'_>) -> Result<(Self, Vec<u32>)> {
        match column {
            IdColumn::Ints(values) => {
                let (unique, dense) = rank_distinct(values.iter().copied())?;
                Ok((Self { ids: Ids::Ints(unique.into()), order: None }, dense))
            }
            IdColumn::Strs(values) => {
                let (unique, dense) = rank_distinct(values.iter().map(AsRef::as_ref))?;
                Ok((Self { ids: Ids::strs(&unique)?, order: None }, dense))
            }
        }
    }

    /// Ids in a given order: the id at position `i` gets the dense number `i`.
    ///
    /// # Errors
    /// `invalid_input` for a repeated id, and as [`encode`](Self::encode).
    pub fn from_ids(column: &IdColumn<'_>) -> Result<Self> {
        check_len(column.len())?;
        let ids = match column {
            IdColumn::Ints(values) => Ids::Ints(values.to_vec().into()),
            IdColumn::Strs(values) => Ids::strs(values)?,
        };
        let mut order: Vec<u32> = (0..ids.len() as u32).collect();
        let ascending = (1..ids.len()).all(|i| ids.get(i - 1) < ids.get(i));
        if ascending {
            return Ok(Self { ids, order: None });
        }
        order.sort_by(|&a, &b| ids.get(a as usize).cmp(&ids.get(b as usize)));
        if let Some(w) = order.windows(2).find(|w| ids.get(w[0] as usize) == ids.get(w[1] as usize))
        {
            let id = ids.get(w[0] as usize);
            return Err(Error::invalid_input(format!("id {id} appears more than once"))
                .with("id", id)
                .with("row", w[1]));
        }
        Ok(Self { ids, order: Some(order.into()) })
    }

    /// The integer ids `0..n`.
    ///
    /// # Errors
    /// `invalid_input` for more than 2^32 - 2 ids.
    pub fn range(n: usize) -> Result<Self> {
        check_len(n)?;
        Ok(Self { ids: Ids::Ints((0..n as i64).collect::<Vec<_>>().into()), order: None })
    }

    /// How many ids.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no ids.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the ids are integers; otherwise they are strings.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        matches!(self.ids, Ids::Ints(_))
    }

    /// The dense number of an id, if the map has it.
    pub fn dense<'a>(&self, id: impl Into<IdRef<'a>>) -> Option<u32> {
        let id = id.into();
        let n = self.len();
        let at = |i: usize| match &self.order {
            None => i,
            Some(order) => order.get(i).map_or(n, |&d| d as usize),
        };
        let (mut low, mut high) = (0, n);
        while low < high {
            let middle = low.midpoint(high);
            match self.ids.get(at(middle)).cmp(&id) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                // A damaged order may point anywhere.
                Ordering::Equal => return Some(at(middle)).filter(|&d| d < n).map(|d| d as u32),
            }
        }
        None
    }

    /// As [`dense`](Self::dense), with an error that names the id and what it should be.
    ///
    /// # Errors
    /// `unknown_id`.
    pub fn require<'a>(&self, what: &str, id: impl Into<IdRef<'a>>) -> Result<u32> {
        let id = id.into();
        self.dense(id).ok_or_else(|| {
            let hint = match (id, self.is_integer()) {
                (IdRef::Str(_), true) => ": ids here are integers, this one is a string",
                (IdRef::Int(_), false) => ": ids here are strings, this one is an integer",
                _ => "",
            };
            Error::unknown_id(format!("unknown {what} {id}{hint}")).with(what, id)
        })
    }

    /// The id of a dense number. A number out of range gives an empty string or 0.
    #[must_use]
    pub fn id(&self, dense: u32) -> IdRef<'_> {
        self.ids.get(dense as usize)
    }

    /// The integer ids in dense order; `None` when ids are strings.
    #[must_use]
    pub fn as_ints(&self) -> Option<&[i64]> {
        match &self.ids {
            Ids::Ints(v) => Some(v),
            Ids::Strs { .. } => None,
        }
    }

    /// The ids in dense order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = IdRef<'_>> {
        (0..self.len()).map(|i| self.ids.get(i))
    }

    /// These ids followed by those of `more` that are new; gives the longer map and the dense
    /// number of every row of `more`.
    ///
    /// # Errors
    /// `invalid_input` when integers meet strings, and as [`encode`](Self::encode).
    pub fn extended(&self, more: &IdColumn<'_>) -> Result<(Self, Vec<u32>)> {
        let integers = matches!(more, IdColumn::Ints(_));
        if !self.is_empty() && !more.is_empty() && self.is_integer() != integers {
            return Err(Error::invalid_input("ids must be all integers or all strings"));
        }
        let (new, codes) = Self::encode(more)?;
        let mut all: Vec<IdRef<'_>> = self.iter().collect();
        let mut number = Vec::with_capacity(new.len());
        for id in new.iter() {
            number.push(self.dense(id).unwrap_or_else(|| {
                all.push(id);
                all.len() as u32 - 1
            }));
        }
        let column = if self.is_integer() && (integers || more.is_empty()) {
            IdColumn::Ints(
                all.iter().map(|id| if let IdRef::Int(i) = id { *i } else { 0 }).collect(),
            )
        } else {
            let text = |id: &IdRef<'_>| Cow::Owned(id.to_string());
            IdColumn::Strs(all.iter().map(text).collect())
        };
        let map = Self::from_ids(&column)?;
        Ok((map, codes.into_iter().map(|c| number[c as usize]).collect()))
    }

    /// These ids followed by those of `more` that are new, in ascending order; gives the longer map
    /// and the number there of every id of `more`. What is known keeps its number. Takes time in
    /// the number of ids, without sorting or hashing them.
    ///
    /// ```
    /// use mercato_core::IdMap;
    /// let (ids, _) = IdMap::encode(&["mug", "tea"].into())?;
    /// let (more, _) = IdMap::encode(&["cup", "tea"].into())?;
    /// let (all, numbers) = ids.union(&more)?;
    /// assert_eq!(numbers, [2, 1]);
    /// assert_eq!((all.len(), all.dense("cup"), all.dense("mug")), (3, Some(2), Some(0)));
    /// # Ok::<(), mercato_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_input` when integers meet strings, and as [`encode`](Self::encode).
    pub fn union(&self, more: &Self) -> Result<(Self, Vec<u32>)> {
        if !self.is_empty() && !more.is_empty() && self.is_integer() != more.is_integer() {
            let kind = |m: &Self| if m.is_integer() { "integers" } else { "strings" };
            let message = format!("ids here are {}, the new ones are {}", kind(self), kind(more));
            return Err(Error::invalid_input(message));
        }
        let ascending = |map: &Self| -> Vec<u32> {
            map.order.as_ref().map_or_else(|| (0..map.len() as u32).collect(), |o| o.to_vec())
        };
        let mut numbers = vec![0u32; more.len()];
        let mut new = Vec::new();
        for of_more in ascending(more) {
            let next = self.len() as u32 + new.len() as u32;
            let number = self.dense(more.id(of_more)).unwrap_or_else(|| {
                new.push(of_more);
                next
            });
            if let Some(place) = numbers.get_mut(of_more as usize) {
                *place = number;
            }
        }
        if new.is_empty() {
            return Ok((self.clone(), numbers));
        }
        check_len(self.len() + new.len())?;
        let ids = if self.is_empty() && !more.is_integer() {
            Ids::strs::<&str>(&[])?.followed_by(more, &new)?
        } else {
            self.ids.followed_by(more, &new)?
        };
        // Both orders ascend; equal ids do not meet.
        let (n, mut at) = (self.len() as u32, 0);
        let mut order = Vec::with_capacity(ids.len());
        for old in ascending(self) {
            let id = self.id(old);
            while at < new.len() && more.id(new[at]) < id {
                order.push(n + at as u32);
                at += 1;
            }
            order.push(old);
        }
        order.extend((at..new.len()).map(|k| n + k as u32));
        let sorted = order.iter().enumerate().all(|(i, &o)| i == o as usize);
        Ok((Self { ids, order: (!sorted).then(|| order.into()) }, numbers))
    }

    /// Adds the map to an artifact under the name `prefix`.
    ///
    /// # Errors
    /// `internal` for an invalid section name.
    pub fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>, prefix: &str) -> Result<()> {
        match &self.ids {
            Ids::Ints(values) => w.column(&format!("{prefix}.ints"), values)?,
            Ids::Strs { offsets, bytes } => {
                w.column(&format!("{prefix}.offsets"), offsets)?;
                w.column(&format!("{prefix}.text"), bytes)?;
            }
        }
        match &self.order {
            Some(order) => w.column(&format!("{prefix}.order"), order),
            None => Ok(()),
        }
    }

    /// Reads a map that [`write`](Self::write) added.
    ///
    /// # Errors
    /// `corrupt_artifact`.
    pub fn read(a: &Artifact, prefix: &str) -> Result<Self> {
        let ints = format!("{prefix}.ints");
        let ids = if a.has(&ints) {
            Ids::Ints(a.column(&ints)?)
        } else {
            let offsets: Column<u32> = a.column(&format!("{prefix}.offsets"))?;
            let bytes: Column<u8> = a.column(&format!("{prefix}.text"))?;
            let ends = (offsets.first(), offsets.last());
            if ends != (Some(&0), Some(&(bytes.len() as u32))) {
                return Err(Error::corrupt(format!("the ids in {prefix} do not fit their text")));
            }
            Ids::Strs { offsets, bytes }
        };
        let order = format!("{prefix}.order");
        let order = a.has(&order).then(|| a.column_of_len(&order, ids.len())).transpose()?;
        Ok(Self { ids, order })
    }
}

impl Ids {
    fn strs<S: AsRef<str>>(values: &[S]) -> Result<Self> {
        let mut offsets = Vec::with_capacity(values.len() + 1);
        let mut bytes = Vec::new();
        offsets.push(0);
        for v in values {
            bytes.extend_from_slice(v.as_ref().as_bytes());
            offsets.push(text_end(bytes.len())?);
        }
        Ok(Ids::Strs { offsets: offsets.into(), bytes: bytes.into() })
    }

    /// These ids and then some of another map, of the same kind.
    fn followed_by(&self, more: &IdMap, some: &[u32]) -> Result<Self> {
        match self {
            Ids::Ints(v) => {
                let mut all = v.to_vec();
                all.extend(some.iter().map(|&d| match more.id(d) {
                    IdRef::Int(i) => i,
                    IdRef::Str(_) => 0,
                }));
                Ok(Ids::Ints(all.into()))
            }
            Ids::Strs { offsets, bytes } => {
                let (mut offsets, mut bytes) = (offsets.to_vec(), bytes.to_vec());
                for &d in some {
                    if let IdRef::Str(text) = more.id(d) {
                        bytes.extend_from_slice(text.as_bytes());
                    }
                    offsets.push(text_end(bytes.len())?);
                }
                Ok(Ids::Strs { offsets: offsets.into(), bytes: bytes.into() })
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Ids::Ints(v) => v.len(),
            Ids::Strs { offsets, .. } => offsets.len().saturating_sub(1),
        }
    }

    /// Never panics: in an opened artifact any number may be damaged.
    fn get(&self, i: usize) -> IdRef<'_> {
        match self {
            Ids::Ints(v) => IdRef::Int(v.get(i).copied().unwrap_or(0)),
            Ids::Strs { offsets, bytes } => {
                let range = offsets.get(i).zip(offsets.get(i + 1));
                let text = range.and_then(|(&a, &b)| bytes.get(a as usize..b as usize));
                IdRef::Str(text.and_then(|t| std::str::from_utf8(t).ok()).unwrap_or(""))
            }
        }
    }
}

fn text_end(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| Error::invalid_input("ids hold more than 4 GiB of text"))
}

fn check_len(n: usize) -> Result<()> {
    if n > MAX_IDS {
        let message = format!("{n} distinct ids, at most {MAX_IDS} are supported");
        return Err(Error::invalid_input(message));
    }
    Ok(())
}

/// The distinct values in ascending order, and each value's rank.
fn rank_distinct<T: Copy + Ord + std::hash::Hash>(
    values: impl Iterator<Item = T>,
) -> Result<(Vec<T>, Vec<u32>)> {
    let mut seen: FxHashMap<T, u32> = FxHashMap::default();
    let mut unique = Vec::new();
    let mut first_seen = Vec::with_capacity(values.size_hint().0);
    for value in values {
        let next = unique.len() as u32;
        let code = *seen.entry(value).or_insert_with(|| {
            unique.push(value);
            next
        });
        if unique.len() > MAX_IDS {
            check_len(unique.len())?;
        }
        first_seen.push(code);
    }
    let mut order: Vec<u32> = (0..unique.len() as u32).collect();
    order.sort_unstable_by_key(|&i| unique[i as usize]);
    let mut rank = vec![0u32; unique.len()];
    for (r, &i) in order.iter().enumerate() {
        rank[i as usize] = r as u32;
    }
    let sorted = order.iter().map(|&i| unique[i as usize]).collect();
    Ok((sorted, first_seen.into_iter().map(|c| rank[c as usize]).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn more_ids_than_dense_numbers_are_refused() {
        assert!(check_len(1 << 32).is_err());
        assert!(check_len(MAX_IDS).is_ok());
    }

    #[test]
    fn ids_in_a_given_order_keep_it_and_are_found() {
        let map = IdMap::from_ids(&["b", "a", "c"].into()).unwrap();
        assert_eq!(map.dense("b"), Some(0));
        assert_eq!(map.dense("a"), Some(1));
        assert_eq!(map.dense("c"), Some(2));
        assert_eq!(map.dense("d"), None);
        assert!(IdMap::from_ids(&["b", "a", "b"].into()).is_err());
    }

    #[test]
    fn extending_keeps_old_numbers() {
        let (map, _) = IdMap::encode(&[5, 3].into()).unwrap();
        let (longer, codes) = map.extended(&[9, 3, 1].into()).unwrap();
        assert_eq!(longer.as_ints().unwrap(), [3, 5, 1, 9]);
        assert_eq!(codes, [3, 0, 2]);
        assert!(map.extended(&["x"].into()).is_err());
    }

    #[test]
    fn an_id_of_the_wrong_type_is_explained() {
        let (map, _) = IdMap::encode(&[5, 3].into()).unwrap();
        let e = map.require("user", "5").unwrap_err();
        assert_eq!(e.code().as_str(), "unknown_id");
        assert!(e.message().contains("integers"), "{e}");
    }

    proptest! {
        #[test]
        fn every_id_comes_back(values in prop::collection::vec(".{0,6}", 0..60)) {
            let column: IdColumn<'_> = values.as_slice().into();
            let (map, dense) = IdMap::encode(&column).unwrap();
            for (v, d) in values.iter().zip(dense) {
                prop_assert_eq!(map.id(d), IdRef::Str(v));
                prop_assert_eq!(map.dense(v), Some(d));
            }
        }

        #[test]
        fn a_union_keeps_old_numbers_and_finds_every_id(
            a in prop::collection::vec("[a-e]{0,3}", 0..40),
            b in prop::collection::vec("[a-e]{0,3}", 0..40),
            c in prop::collection::vec(-9i64..9, 0..40),
            d in prop::collection::vec(-9i64..30, 0..40),
        ) {
            let strings = [a.as_slice().into(), b.as_slice().into()];
            let integers = [IdColumn::from(&c), IdColumn::from(&d)];
            for [old, new] in [strings, integers] {
                let (old, _) = IdMap::encode(&old).unwrap();
                let (new, _) = IdMap::encode(&new).unwrap();
                let (all, numbers) = old.union(&new).unwrap();
                // Twice, so that the longer map has an order of its own.
                let (same, again) = all.union(&new).unwrap();
                prop_assert_eq!((&all, &numbers), (&same, &again));
                for map in [&old, &new] {
                    for (i, id) in map.iter().enumerate() {
                        let want = if std::ptr::eq(map, &old) { i as u32 } else { numbers[i] };
                        prop_assert_eq!(all.dense(id), Some(want));
                        prop_assert_eq!(all.id(want), id);
                    }
                }
                prop_assert!(all.len() <= old.len() + new.len());
            }
        }
    }
}

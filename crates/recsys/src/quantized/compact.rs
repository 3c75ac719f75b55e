//! Small encodings: ids as differences, counts as varints, numbers in 16 bits.

use mercato_core::{Error, IdColumn, IdMap, IdRef, Result};
use std::borrow::Cow;

/// The upper half of an `f32`, to the nearest.
pub(super) fn half(v: f32) -> u16 {
    let bits = v.to_bits();
    (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16
}

/// The upper half of an `f32` that is not negative, upwards.
pub(super) fn half_up(v: f32) -> u16 {
    (v.to_bits().wrapping_add(0xffff) >> 16) as u16
}

/// The number of an upper half.
pub(super) fn whole(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

fn put(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Reads what was put, and never beyond the end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = *self.bytes(1)? else { break };
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Error::corrupt("a compact number is too long"))
    }

    fn bytes(&mut self, n: usize) -> Result<&'a [u8]> {
        if n > self.0.len() {
            return Err(Error::corrupt("compact data is cut short"));
        }
        let (head, rest) = self.0.split_at(n);
        self.0 = rest;
        Ok(head)
    }

    fn end<T>(&self, value: T) -> Result<T> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::corrupt("compact data is too long")) }
    }
}

/// Counts, one after the other.
pub(super) fn write_counts(counts: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(counts.len() * 2);
    counts.iter().for_each(|&c| put(&mut out, c.into()));
    out
}

pub(super) fn read_counts(bytes: &[u8], n: usize) -> Result<Vec<u32>> {
    let mut reader = Reader(bytes);
    let mut counts = Vec::new();
    for _ in 0..n {
        let count = u32::try_from(reader.number()?);
        counts.push(count.map_err(|_| Error::corrupt("a count is too large"))?);
    }
    reader.end(counts)
}

/// Ascending ids. Integers: the first, then differences less one, where a 0 is followed by how many
/// more zeros there are. Strings: how much each shares with the one before, and the rest.
pub(super) fn write_ids(ids: &IdMap) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(ints) = ids.as_ints() {
        let Some(&first) = ints.first() else { return out };
        put(&mut out, ((first << 1) ^ (first >> 63)) as u64);
        let mut gaps = ints.windows(2).map(|w| (w[1] as u64).wrapping_sub(w[0] as u64) - 1);
        let mut next = gaps.next();
        while let Some(gap) = next {
            put(&mut out, gap);
            next = gaps.next();
            if gap == 0 {
                let mut more = 0;
                while next == Some(0) {
                    more += 1;
                    next = gaps.next();
                }
                put(&mut out, more);
            }
        }
        return out;
    }
    let mut before: &[u8] = &[];
    for id in ids.iter() {
        let IdRef::Str(text) = id else { continue };
        let text = text.as_bytes();
        let shared = before.iter().zip(text).take_while(|(a, b)| a == b).count();
        put(&mut out, shared as u64);
        put(&mut out, (text.len() - shared) as u64);
        out.extend_from_slice(&text[shared..]);
        before = text;
    }
    out
}

pub(super) fn read_ids(bytes: &[u8], n: usize, integers: bool) -> Result<IdMap> {
    let mut reader = Reader(bytes);
    let column = if integers {
        let mut ids: Vec<i64> = Vec::new();
        if n > 0 {
            let first = reader.number()?;
            ids.push((first >> 1) as i64 ^ -((first & 1) as i64));
        }
        while ids.len() < n {
            let gap = reader.number()?;
            let times = if gap == 0 { reader.number()?.saturating_add(1) } else { 1 };
            if times > (n - ids.len()) as u64 {
                return Err(Error::corrupt("there are more ids than items"));
            }
            for _ in 0..times {
                let last = ids.last().copied().unwrap_or(0);
                ids.push(last.wrapping_add(gap as i64).wrapping_add(1));
            }
        }
        IdColumn::Ints(Cow::Owned(ids))
    } else {
        let mut ids: Vec<Cow<'_, str>> = Vec::new();
        let mut text = Vec::new();
        for _ in 0..n {
            let shared = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
            let rest = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
            let rest = reader.bytes(rest)?;
            if shared > text.len() {
                return Err(Error::corrupt("an id shares more than there is"));
            }
            text.truncate(shared);
            text.extend_from_slice(rest);
            let id = std::str::from_utf8(&text).map_err(|_| Error::corrupt("an id is no text"))?;
            ids.push(Cow::Owned(id.to_owned()));
        }
        IdColumn::Strs(ids)
    };
    let map = IdMap::from_ids(&column).map_err(|e| Error::corrupt(e.message()))?;
    reader.end(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mercato_core::Rng;

    #[test]
    fn ids_and_counts_come_back_from_few_bytes() {
        let ints = |v: &[i64]| IdMap::encode(&v.into()).unwrap().0;
        let mut rng = Rng::new(3);
        let random: Vec<i64> = (0..500).map(|_| rng.below(4000) as i64 - 2000).collect();
        for ids in [
            ints(&[]),
            ints(&[7]),
            ints(&[i64::MIN, -1, 0, 1, 2, 9, i64::MAX]),
            ints(&random),
            IdMap::range(41_000).unwrap(),
        ] {
            let bytes = write_ids(&ids);
            assert_eq!(read_ids(&bytes, ids.len(), true).unwrap(), ids);
            assert!(bytes.len() <= 24 + 2 * 500, "{}", bytes.len());
        }
        let strings: Vec<String> = random.iter().map(|v| format!("sku-{v}-é")).collect();
        let ids = IdMap::encode(&strings.as_slice().into()).unwrap().0;
        assert_eq!(read_ids(&write_ids(&ids), ids.len(), false).unwrap(), ids);
        let counts = [0, 1, 127, 128, u32::MAX];
        assert_eq!(read_counts(&write_counts(&counts), 5).unwrap(), counts);
    }

    #[test]
    fn damaged_bytes_are_errors() {
        let ids = IdMap::encode(&["ant", "bee", "beetle", "fly"].into()).unwrap().0;
        let bytes = write_ids(&ids);
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bad = bytes.clone();
                bad[at] ^= flip;
                let _ = read_ids(&bad, 4, false);
                let _ = read_ids(&bad, 4, true);
                let _ = read_counts(&bad, 4);
            }
            assert!(read_ids(&bytes[..at], 4, false).is_err());
        }
    }

    #[test]
    fn halves_are_near_and_upper_halves_never_below() {
        let mut rng = Rng::new(1);
        for _ in 0..1000 {
            let v = (rng.normal() as f32).exp();
            assert!((whole(half(v)) / v - 1.0).abs() <= 1.0 / 256.0);
            assert!((1.0..=1.0 + 1.0 / 128.0).contains(&(whole(half_up(v)) / v)));
        }
    }
}

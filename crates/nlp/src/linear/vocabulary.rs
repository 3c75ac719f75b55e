//! From n-gram hashes to feature numbers and weights: a compact, mappable table.
//!
//! A hash is split into a bucket (its highest bits) and a 16-bit fingerprint; a lookup walks the
//! handful of fingerprints in its bucket. An unknown n-gram passes for a known one about once in
//! ten thousand times. The position in the table is the feature's number.

use crate::text::Features;
use crate::text::ngrams::{BLOCKS, Gram, Runs};
use mercato_core::{Artifact, ArtifactWriter, Column, Error, Result};
use rustc_hash::FxHashMap;

/// Steps of the inverse document frequency in its byte.
const IDF_STEP: f32 = 1.0 / 16.0;

/// Known n-grams with their inverse document frequencies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary {
    /// `buckets[b]..buckets[b + 1]` are the features of bucket `b`; a power of two, plus one.
    buckets: Column<u32>,
    fingerprints: Column<u16>,
    /// In steps of 1/16.
    idf: Column<u8>,
    /// What an unknown n-gram counts in the length of the vector.
    unknown_idf: f32,
}

/// Buffers of [`Vocabulary::vectorize`], reused from message to message.
#[derive(Debug, Default, Clone)]
pub(crate) struct Scratch {
    runs: Runs,
    counts: Vec<u16>,
    /// Feature numbers of the message, each once.
    pub ids: Vec<u32>,
    /// Their values; the whole vector has length 1 or less.
    pub values: Vec<f32>,
}

fn split(hash: u64, bits: u32) -> (usize, u16) {
    let bucket = if bits == 0 { 0 } else { (hash >> (64 - bits)) as usize };
    (bucket, (hash >> (48 - bits)) as u16)
}

impl Vocabulary {
    /// Counts n-grams over `texts` and keeps those in at least `min_count` of them, at most
    /// `max_features`.
    pub fn build<'a>(
        texts: impl Iterator<Item = &'a str>,
        features: &Features,
        min_count: u32,
        max_features: usize,
    ) -> Self {
        let mut runs = Runs::default();
        // Document frequency, and the last document that was counted.
        let mut counts: FxHashMap<u64, (u32, u32)> = FxHashMap::default();
        let mut n = 0u32;
        for text in texts {
            n += 1;
            runs.read(text);
            runs.features(features, |_, hash, _| {
                let entry = counts.entry(hash).or_default();
                if entry.1 != n {
                    *entry = (entry.0 + 1, n);
                }
            });
        }
        let mut kept: Vec<(u64, u32)> = counts
            .into_iter()
            .filter(|&(_, (df, _))| df >= min_count)
            .map(|(h, (df, _))| (h, df))
            .collect();
        if kept.len() > max_features {
            // The most frequent stay; among equals the lower hash, so that the result is stable.
            kept.sort_unstable_by_key(|&(h, df)| (std::cmp::Reverse(df), h));
            kept.truncate(max_features);
        }
        kept.sort_unstable();
        let quantise = |df: u32| {
            let idf = ((1.0 + f64::from(n)) / (1.0 + f64::from(df))).ln() + 1.0;
            (idf as f32 / IDF_STEP).round().clamp(1.0, 255.0) as u8
        };
        let unknown_idf = f32::from(quantise(1)) * IDF_STEP;
        Self::from_sorted(kept.into_iter().map(|(h, df)| (h, quantise(df))).collect(), unknown_idf)
    }

    fn from_sorted(kept: Vec<(u64, u8)>, unknown_idf: f32) -> Self {
        let bits = (kept.len() / 4).max(1).ilog2();
        let mut buckets = vec![0u32; (1 << bits) + 1];
        let mut fingerprints = Vec::with_capacity(kept.len());
        let mut idf = Vec::with_capacity(kept.len());
        let mut last = None;
        for (hash, q) in kept {
            let place = split(hash, bits);
            // Two n-grams with one fingerprint are one feature.
            if last == Some(place) {
                continue;
            }
            last = Some(place);
            buckets[place.0 + 1] += 1;
            fingerprints.push(place.1);
            idf.push(q);
        }
        for b in 1..buckets.len() {
            buckets[b] += buckets[b - 1];
        }
        Self {
            buckets: buckets.into(),
            fingerprints: fingerprints.into(),
            idf: idf.into(),
            unknown_idf,
        }
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// What a weight of each feature matters on average: the feature's usual value in a message,
    /// times a mild power of how often it occurs.
    pub fn importance(&self) -> Vec<f32> {
        // Chosen on validation parts of BANKING77 and CLINC150; between 0.3 and 0.5 it hardly matters.
        const POWER: f32 = 0.4;
        let rarity = |q: u8| f32::from(q) * IDF_STEP;
        self.idf.iter().map(|&q| rarity(q) * (-POWER * rarity(q)).exp()).collect()
    }

    /// The number of an n-gram's feature.
    #[inline]
    pub fn find(&self, hash: u64) -> Option<u32> {
        let bits = (self.buckets.len() - 1).ilog2();
        let (bucket, fingerprint) = split(hash, bits);
        let (start, end) = (*self.buckets.get(bucket)?, *self.buckets.get(bucket + 1)?);
        let bucket = self.fingerprints.get(start as usize..end as usize)?;
        bucket.iter().position(|&f| f == fingerprint).map(|i| start + i as u32)
    }

    /// Fills `s.ids` and `s.values` with the vector of `text`.
    pub fn vectorize(&self, text: &str, f: &Features, s: &mut Scratch) {
        let Scratch { runs, counts, ids, values } = s;
        ids.clear();
        values.clear();
        counts.resize(self.len(), 0);
        runs.read(text);
        let mut first = [0usize; BLOCKS + 1];
        let mut unknown = [0u32; BLOCKS];
        runs.features(f, |block, hash, _| match self.find(hash) {
            Some(id) => {
                let count = &mut counts[id as usize];
                if *count == 0 {
                    ids.push(id);
                    first[block + 1] = ids.len();
                }
                *count = count.saturating_add(1);
            }
            None => unknown[block] += 1,
        });
        let weights = [f.word_weight, 1.0];
        let mut total = 0.0;
        for block in 0..BLOCKS {
            first[block + 1] = first[block + 1].max(first[block]);
            let range = first[block]..first[block + 1];
            let mut sum = unknown[block] as f32 * (self.unknown_idf * f.unknown_weight).powi(2);
            for &id in &ids[range.clone()] {
                let count = std::mem::take(&mut counts[id as usize]);
                let tf = if count == 1 { 1.0 } else { 1.0 + f32::from(count).ln() };
                let v = tf * f32::from(self.idf[id as usize]) * IDF_STEP;
                sum += v * v;
                values.push(v);
            }
            if sum > 0.0 {
                let scale = weights[block] / sum.sqrt();
                values[range].iter_mut().for_each(|v| *v *= scale);
                total += weights[block] * weights[block];
            }
        }
        if total > 0.0 {
            let scale = 1.0 / total.sqrt();
            values.iter_mut().for_each(|v| *v *= scale);
        }
    }

    /// Calls `each(feature, n-gram as text)` for the known n-grams of `text`, repeats included.
    pub fn explain(&self, text: &str, f: &Features, mut each: impl FnMut(u32, String)) {
        let mut runs = Runs::default();
        runs.read(text);
        let mut found: Vec<(u32, Gram)> = Vec::new();
        runs.features(f, |_, hash, gram| found.extend(self.find(hash).map(|id| (id, gram))));
        for (id, gram) in found {
            each(id, runs.show(gram));
        }
    }

    /// This vocabulary with the n-grams of `texts` that it lacks, each counted as rare as an
    /// unknown one; and where every old feature went.
    pub fn extended<'a>(
        &self,
        texts: impl Iterator<Item = &'a str>,
        f: &Features,
    ) -> (Self, Vec<u32>) {
        let bits = (self.buckets.len() - 1).ilog2();
        let rare = (self.unknown_idf / IDF_STEP).round().clamp(1.0, 255.0) as u8;
        // Old features by the part of the hash that the table keeps; `None` marks a new one.
        let mut all: Vec<(usize, u16, u8, Option<u32>)> = Vec::with_capacity(self.len());
        for b in 0..self.buckets.len() - 1 {
            for id in self.buckets[b]..self.buckets[b + 1] {
                let i = id as usize;
                all.push((b, self.fingerprints[i], self.idf[i], Some(id)));
            }
        }
        let mut runs = Runs::default();
        let mut fresh = Vec::new();
        for text in texts {
            runs.read(text);
            runs.features(f, |_, hash, _| {
                if self.find(hash).is_none() {
                    fresh.push(split(hash, bits));
                }
            });
        }
        fresh.sort_unstable();
        fresh.dedup();
        all.extend(fresh.into_iter().map(|(b, fp)| (b, fp, rare, None)));
        all.sort_by_key(|&(b, fp, ..)| (b, fp));
        let mut moved = vec![0; self.len()];
        let mut buckets = vec![0u32; self.buckets.len()];
        for (new, &(b, _, _, old)) in all.iter().enumerate() {
            buckets[b + 1] += 1;
            if let Some(old) = old {
                moved[old as usize] = new as u32;
            }
        }
        for b in 1..buckets.len() {
            buckets[b] += buckets[b - 1];
        }
        let table = Self {
            buckets: buckets.into(),
            fingerprints: all.iter().map(|x| x.1).collect::<Vec<_>>().into(),
            idf: all.iter().map(|x| x.2).collect::<Vec<_>>().into(),
            unknown_idf: self.unknown_idf,
        };
        (table, moved)
    }

    pub fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("unknown_idf", &self.unknown_idf)?;
        w.column("vocabulary.buckets", &self.buckets)?;
        w.column("vocabulary.fingerprints", &self.fingerprints)?;
        w.column("vocabulary.idf", &self.idf)
    }

    pub fn read(a: &Artifact) -> Result<Self> {
        let buckets = a.column::<u32>("vocabulary.buckets")?;
        let fingerprints = a.column::<u16>("vocabulary.fingerprints")?;
        let n = fingerprints.len();
        let idf = a.column_of_len("vocabulary.idf", n)?;
        let sound = buckets.len() >= 2
            && (buckets.len() - 1).is_power_of_two()
            && buckets.len() <= (1 << 30)
            && buckets.windows(2).all(|w| w[0] <= w[1])
            && buckets[0] == 0
            && buckets.last().is_some_and(|&end| end as usize == n);
        if !sound {
            return Err(Error::corrupt("the buckets of the vocabulary do not fit its features"));
        }
        let unknown_idf = a.meta_field("unknown_idf")?;
        Ok(Self { buckets, fingerprints, idf, unknown_idf })
    }
}

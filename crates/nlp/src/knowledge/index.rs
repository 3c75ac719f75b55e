//! Postings: an immutable part from a file, and a part in memory for what came since.

use crate::text::ngrams::Runs;
use crate::text::terms::Term;
use mercato_core::{Artifact, ArtifactWriter, Column, Error, Result};
use rustc_hash::FxHashMap;

/// Terms of a query, each with how often it occurs.
pub(crate) struct Query(Vec<(Term, f32)>);

fn counted(texts: &[(&str, u32)]) -> Vec<(Term, u32)> {
    let mut counts: FxHashMap<Term, u32> = FxHashMap::default();
    let mut runs = Runs::default();
    for &(text, weight) in texts.iter().filter(|t| t.1 > 0) {
        runs.read(text);
        runs.terms(|t| *counts.entry(t).or_default() += weight);
    }
    // Sorted, so that sums of floats do not depend on the order of a hash map.
    let mut counts: Vec<(Term, u32)> = counts.into_iter().collect();
    counts.sort_unstable();
    counts
}

impl Query {
    pub fn read(text: &str) -> Self {
        Self(counted(&[(text, 1)]).into_iter().map(|(t, n)| (t, n as f32)).collect())
    }
}

/// Scores of a query.
pub(crate) struct Found {
    /// Passage, score, and the matched part of the query's information.
    pub scores: Vec<(u32, f32, f32)>,
    /// The query's information in all.
    pub mass: f32,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Sorted terms of the part from the file, and where the postings of each begin.
    terms: Column<u64>,
    starts: Column<u32>,
    passages: Column<u32>,
    counts: Column<u8>,
    /// Postings that came since.
    fresh: FxHashMap<Term, Vec<(u32, u8)>>,
    /// How many postings of a term of the file's part are dead.
    gone: FxHashMap<Term, u32>,
    /// Terms in each passage; 0 and `dead` for a removed one.
    lengths: Vec<u32>,
    alive: Vec<bool>,
    total_length: u64,
    live: usize,
}

impl Index {
    pub fn dead(&self) -> usize {
        self.alive.len() - self.live
    }

    pub fn add(&mut self, title: &str, text: &str, title_weight: u32) {
        let number = self.lengths.len() as u32;
        let mut length = 0;
        for (term, n) in counted(&[(title, title_weight), (text, 1)]) {
            length += n;
            self.fresh.entry(term).or_default().push((number, n.min(255) as u8));
        }
        self.lengths.push(length);
        self.alive.push(true);
        self.total_length += u64::from(length);
        self.live += 1;
    }

    pub fn remove(&mut self, passage: u32, title: &str, text: &str, title_weight: u32) {
        let p = passage as usize;
        if !std::mem::replace(&mut self.alive[p], false) {
            return;
        }
        self.total_length = self.total_length.saturating_sub(u64::from(self.lengths[p]));
        self.live -= 1;
        for (term, _) in counted(&[(title, title_weight), (text, 1)]) {
            let postings = self.fresh.get_mut(&term);
            let at = postings.as_ref().and_then(|v| v.binary_search_by_key(&passage, |x| x.0).ok());
            match (postings, at) {
                (Some(v), Some(at)) => {
                    v.remove(at);
                }
                _ => *self.gone.entry(term).or_default() += 1,
            }
        }
    }

    fn stored(&self, term: Term) -> std::ops::Range<usize> {
        match self.terms.binary_search(&term) {
            Ok(i) => self.starts[i] as usize..self.starts[i + 1] as usize,
            Err(_) => 0..0,
        }
    }

    pub fn score(&self, query: &Query, k1: f32, b: f32) -> Found {
        let mut sums: FxHashMap<u32, (f32, f32)> = FxHashMap::default();
        let mut order: Vec<u32> = Vec::new();
        let mean = (self.total_length as f32 / self.live.max(1) as f32).max(1.0);
        let mut mass = 0.0;
        for &(term, repeats) in &query.0 {
            let stored = self.stored(term);
            let fresh = self.fresh.get(&term).map_or(&[][..], Vec::as_slice);
            let gone = self.gone.get(&term).copied().unwrap_or(0) as usize;
            let df = (stored.len().saturating_sub(gone) + fresh.len()) as f32;
            let n = self.live as f32;
            let idf = (1.0 + (n - df + 0.5).max(0.0) / (df + 0.5)).ln();
            mass += idf;
            let mut count = |p: u32, tf: u8| {
                let (Some(&length), Some(true)) =
                    (self.lengths.get(p as usize), self.alive.get(p as usize))
                else {
                    return;
                };
                let tf = f32::from(tf);
                let norm = k1 * (1.0 - b + b * length as f32 / mean);
                let entry = sums.entry(p).or_insert_with(|| {
                    order.push(p);
                    (0.0, 0.0)
                });
                entry.0 += repeats * idf * tf * (k1 + 1.0) / (tf + norm);
                entry.1 += idf;
            };
            let (passages, counts) = (self.passages.get(stored.clone()), self.counts.get(stored));
            for (&p, &tf) in passages.unwrap_or(&[]).iter().zip(counts.unwrap_or(&[])) {
                count(p, tf);
            }
            for &(p, tf) in fresh {
                count(p, tf);
            }
        }
        let scores = order.into_iter().map(|p| (p, sums[&p].0, sums[&p].1)).collect();
        Found { scores, mass }
    }

    /// Writes all postings as columns. There must be no dead passages.
    pub fn write(&self, w: &mut ArtifactWriter<'_>) -> Result<()> {
        let mut all: Vec<(Term, u32, u8)> = Vec::new();
        for (i, &term) in self.terms.iter().enumerate() {
            let range = self.starts[i] as usize..self.starts[i + 1] as usize;
            all.extend(
                range.filter_map(|j| Some((term, *self.passages.get(j)?, *self.counts.get(j)?))),
            );
        }
        all.extend(self.fresh.iter().flat_map(|(&t, v)| v.iter().map(move |&(p, n)| (t, p, n))));
        all.sort_unstable();
        let mut terms = Vec::new();
        let mut starts: Vec<u32> = Vec::new();
        for (i, row) in all.iter().enumerate() {
            if terms.last() != Some(&row.0) {
                terms.push(row.0);
                starts.push(i as u32);
            }
        }
        starts.push(all.len() as u32);
        w.owned_column("terms", &terms)?;
        w.owned_column("terms.starts", &starts)?;
        w.owned_column("postings.passages", &all.iter().map(|x| x.1).collect::<Vec<_>>())?;
        w.owned_column("postings.counts", &all.iter().map(|x| x.2).collect::<Vec<_>>())?;
        w.owned_column("passages.lengths", &self.lengths)
    }

    pub fn read(a: &Artifact, places: usize) -> Result<Self> {
        let terms = a.column::<u64>("terms")?;
        let starts = a.column_of_len::<u32>("terms.starts", terms.len() + 1)?;
        let passages = a.column::<u32>("postings.passages")?;
        let counts = a.column_of_len::<u8>("postings.counts", passages.len())?;
        let lengths = a.column_of_len::<u32>("passages.lengths", places)?;
        if starts.windows(2).any(|w| w[0] > w[1]) || starts[terms.len()] as usize != passages.len()
        {
            return Err(Error::corrupt("the postings do not fit their terms"));
        }
        Ok(Self {
            terms,
            starts,
            passages,
            counts,
            total_length: lengths.iter().map(|&l| u64::from(l)).sum(),
            live: places,
            alive: vec![true; places],
            lengths: lengths.into_vec(),
            ..Self::default()
        })
    }
}

//! The shop's own knowledge: documents in, passages with citations out.
//!
//! **What.** Okapi BM25 over passages (whole sentences up to a length), words with their endings
//! folded, Chinese by characters and pairs. **When.** Up to some hundred thousand passages in
//! memory. **Cost.** A query costs the postings of its terms; adding or removing a document costs
//! that document. **Paper.** Robertson, Zaragoza, "The probabilistic relevance framework: BM25 and
//! beyond", 2009. **Where we differ.** Document frequencies stay exact under replacement and
//! removal; the title counts in each of its passages.
//!
//! A saved knowledge base keeps its postings as sorted columns, so opening does not index anew.

mod document;
mod index;

pub use document::{Document, Passage};

use crate::classify::in_range;
use document::passages;
use index::{Index, Query};
use mercato_core::{Artifact, ArtifactWriter, Error, Persist, Result, TopK};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// How a [`KnowledgeBase`] cuts and scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KnowledgeOptions {
    /// How soon repeats of a term stop counting; 0..=10, default 1.2.
    pub k1: f32,
    /// How much long passages are held back; 0..=1, default 0.6.
    pub b: f32,
    /// How often a term of the title counts; 0..=10, default 2.
    pub title_weight: u32,
    /// Characters of a passage, about; 20..=100,000, default 400.
    pub passage_chars: usize,
}

impl Default for KnowledgeOptions {
    fn default() -> Self {
        Self { k1: 1.2, b: 0.6, title_weight: 2, passage_chars: 400 }
    }
}

impl KnowledgeOptions {
    /// Checks every field.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        in_range("k1", self.k1, 0.0, 10.0)?;
        in_range("b", self.b, 0.0, 1.0)?;
        in_range("title_weight", self.title_weight, 0, 10)?;
        in_range("passage_chars", self.passage_chars, 20, 100_000)
    }
}

/// Where a passage comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    document: u32,
    start: u32,
    end: u32,
}

/// Documents that can be asked. Changes are visible to the next query.
///
/// ```
/// use mercato_nlp::{Document, KnowledgeBase};
/// let mut kb = KnowledgeBase::default();
/// kb.add(vec![
///     Document::new("returns", "Returns", "You can return any item within 30 days. Keep the receipt."),
///     Document::new("shipping", "运费", "满99元包邮。其他订单运费8元。"),
/// ])?;
/// let best = &kb.search("how long do I have for returning something?", 1)[0];
/// assert_eq!((best.id.as_str(), best.start), ("returns", 0));
/// assert_eq!(kb.search("要付多少运费", 1)[0].id, "shipping");
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct KnowledgeBase {
    options: KnowledgeOptions,
    documents: Vec<Option<Document>>,
    by_id: FxHashMap<String, u32>,
    places: Vec<Place>,
    index: Index,
}

impl KnowledgeBase {
    /// An empty knowledge base.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn new(options: KnowledgeOptions) -> Result<Self> {
        options.check()?;
        Ok(Self { options, ..Self::default() })
    }

    /// How it cuts and scores.
    #[must_use]
    pub fn options(&self) -> &KnowledgeOptions {
        &self.options
    }

    /// Number of documents.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are no documents.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A document by its id.
    #[must_use]
    pub fn document(&self, id: &str) -> Option<&Document> {
        self.documents[*self.by_id.get(id)? as usize].as_ref()
    }

    /// Ids of all documents, in the order in which they were added.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.documents.iter().flatten().map(|d| d.id.as_str())
    }

    /// Adds documents; one whose id is there already replaces it.
    ///
    /// # Errors
    /// `invalid_input` for an empty id, an id twice in `documents`, or a text of 4 GiB or more;
    /// nothing is added then.
    pub fn add(&mut self, documents: Vec<Document>) -> Result<()> {
        let mut seen = rustc_hash::FxHashSet::default();
        for d in &documents {
            if d.id.is_empty() {
                return Err(Error::invalid_input("a document has an empty id"));
            }
            if !seen.insert(d.id.as_str()) {
                return Err(Error::invalid_input(format!("document {} is given twice", d.id))
                    .with("id", &d.id));
            }
            if d.text.len() >= u32::MAX as usize {
                return Err(Error::invalid_input(format!("document {} is too long", d.id)));
            }
        }
        for d in documents {
            self.remove(&[d.id.as_str()]);
            let number = self.documents.len() as u32;
            for range in passages(&d.text, self.options.passage_chars) {
                self.index.add(&d.title, &d.text[range.clone()], self.options.title_weight);
                let (start, end) = (range.start as u32, range.end as u32);
                self.places.push(Place { document: number, start, end });
            }
            self.by_id.insert(d.id.clone(), number);
            self.documents.push(Some(d));
        }
        Ok(())
    }

    /// Removes documents; gives how many were there.
    pub fn remove<S: AsRef<str>>(&mut self, ids: &[S]) -> usize {
        let mut removed = 0;
        for id in ids {
            let Some(number) = self.by_id.remove(id.as_ref()) else { continue };
            let Some(d) = self.documents[number as usize].take() else { continue };
            removed += 1;
            let first = self.places.partition_point(|p| p.document < number);
            for p in first..self.places.len() {
                let place = self.places[p];
                if place.document != number {
                    break;
                }
                let text = &d.text[place.start as usize..place.end as usize];
                self.index.remove(p as u32, &d.title, text, self.options.title_weight);
            }
        }
        if self.index.dead() > 64 && self.index.dead() * 2 > self.places.len() {
            self.compact();
        }
        removed
    }

    /// Indexes anew without what was removed.
    fn compact(&mut self) {
        let live: Vec<Document> = self.documents.drain(..).flatten().collect();
        let options = self.options.clone();
        *self = Self { options, ..Self::default() };
        self.add(live).expect("documents that were accepted once are accepted again");
    }

    /// The `n` best passages, best first; among equals the one added earlier. Passages that share
    /// no term with the query are not returned.
    #[must_use]
    pub fn search(&self, query: &str, n: usize) -> Vec<Passage> {
        let found = self.index.score(&Query::read(query), self.options.k1, self.options.b);
        let mut top = TopK::new(n.min(found.scores.len()));
        for &(p, score, _) in &found.scores {
            top.push(p, score);
        }
        let coverage: FxHashMap<u32, f32> =
            found.scores.iter().map(|&(p, _, mass)| (p, mass)).collect();
        top.sorted()
            .iter()
            .filter_map(|&(p, score)| {
                let place = self.places.get(p as usize)?;
                let d = self.documents.get(place.document as usize)?.as_ref()?;
                let (a, b) = (place.start as usize, place.end as usize);
                let start = d.text[..a].chars().count();
                Some(Passage {
                    id: d.id.clone(),
                    version: d.version.clone(),
                    title: d.title.clone(),
                    text: d.text[a..b].to_owned(),
                    start,
                    end: start + d.text[a..b].chars().count(),
                    score,
                    coverage: coverage[&p] / found.mass.max(f32::MIN_POSITIVE),
                })
            })
            .collect()
    }
}

impl Persist for KnowledgeBase {
    const KIND: &'static str = "knowledge_base";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        // Removed documents leave no trace in the file.
        let mut clean = None;
        if self.index.dead() > 0 {
            let mut copy = self.clone();
            copy.compact();
            clean = Some(copy);
        }
        let kb = clean.as_ref().unwrap_or(self);
        w.meta("params", &kb.options)?;
        let mut bytes = Vec::new();
        let mut lengths: Vec<u32> = Vec::new();
        for d in kb.documents.iter().flatten() {
            for field in [&d.id, &d.title, &d.text, &d.version] {
                bytes.extend_from_slice(field.as_bytes());
                lengths.push(field.len() as u32);
            }
        }
        let places: Vec<u32> =
            kb.places.iter().flat_map(|p| [p.document, p.start, p.end]).collect();
        w.owned_column("documents.bytes", &bytes)?;
        w.owned_column("documents.lengths", &lengths)?;
        w.owned_column("passages", &places)?;
        kb.index.write(w)
    }

    fn read(a: &Artifact) -> Result<Self> {
        let damaged = |what: &str| Error::corrupt(format!("the knowledge base has {what}"));
        let options: KnowledgeOptions = a.meta_field("params")?;
        options.check().map_err(|e| damaged("unusable options").caused_by(e))?;
        let bytes = a.column::<u8>("documents.bytes")?;
        let lengths = a.column::<u32>("documents.lengths")?;
        let mut rest =
            std::str::from_utf8(&bytes).map_err(|_| damaged("text that is not UTF-8"))?;
        let mut fields = Vec::with_capacity(lengths.len());
        for &len in lengths.iter() {
            let (field, after) = rest
                .split_at_checked(len as usize)
                .ok_or_else(|| damaged("documents that do not fit their lengths"))?;
            fields.push(field);
            rest = after;
        }
        if !rest.is_empty() || fields.len() % 4 != 0 {
            return Err(damaged("documents that do not fit their lengths"));
        }
        let mut documents = Vec::with_capacity(fields.len() / 4);
        let mut by_id = FxHashMap::default();
        for (i, f) in fields.chunks_exact(4).enumerate() {
            if by_id.insert(f[0].to_owned(), i as u32).is_some() {
                return Err(damaged("one id twice"));
            }
            documents.push(Some(Document {
                id: f[0].to_owned(),
                title: f[1].to_owned(),
                text: f[2].to_owned(),
                version: f[3].to_owned(),
            }));
        }
        let rows = a.column::<u32>("passages")?;
        let mut places: Vec<Place> = Vec::with_capacity(rows.len() / 3);
        for r in rows.chunks(3) {
            let place = match *r {
                [document, start, end] => Place { document, start, end },
                _ => return Err(damaged("a passage cut short")),
            };
            let text = documents
                .get(place.document as usize)
                .and_then(Option::as_ref)
                .and_then(|d: &Document| d.text.get(place.start as usize..place.end as usize));
            let ordered = places.last().is_none_or(|p| p.document <= place.document);
            if text.is_none() || !ordered {
                return Err(damaged("a passage outside its document"));
            }
            places.push(place);
        }
        let index = Index::read(a, places.len())?;
        Ok(Self { options, documents, by_id, places, index })
    }
}

#[cfg(test)]
mod tests;

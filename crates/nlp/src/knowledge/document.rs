//! Documents, and the passages they are cut into.

use crate::text::sentences;
use serde::{Deserialize, Serialize};

/// Something the shop knows: a question and its answer, a policy, a product page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The caller's id; adding a document with an id that is there replaces that document.
    pub id: String,
    /// Title, or the question of a question-and-answer pair.
    #[serde(default)]
    pub title: String,
    /// The text that is cited.
    pub text: String,
    /// The caller's version of the document, returned with every citation; default empty.
    #[serde(default)]
    pub version: String,
}

impl Document {
    /// A document without a version.
    #[must_use]
    pub fn new(id: impl Into<String>, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { id: id.into(), title: title.into(), text: text.into(), version: String::new() }
    }
}

/// A passage that answers a query, with where it stands: a citation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// Id of the document.
    pub id: String,
    /// Version of the document.
    pub version: String,
    /// Title of the document.
    pub title: String,
    /// The passage itself.
    pub text: String,
    /// First character of the passage in the document's text.
    pub start: usize,
    /// One past its last character.
    pub end: usize,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
    /// Share of the query's information (inverse document frequency) that the passage and title contain, 0..=1.
    pub coverage: f32,
}

/// Byte ranges of the passages of `text`: whole sentences, joined up to about `max_chars`
/// characters; a longer sentence is cut.
pub(crate) fn passages(text: &str, max_chars: usize) -> Vec<std::ops::Range<usize>> {
    let mut out: Vec<std::ops::Range<usize>> = Vec::new();
    let mut chars = 0;
    for s in sentences(text) {
        let n = text[s.clone()].chars().count();
        match out.last_mut() {
            Some(last) if chars + n <= max_chars => {
                last.end = s.end;
                chars += n;
            }
            _ => {
                let mut start = s.start;
                for (i, (at, _)) in text[s.clone()].char_indices().enumerate() {
                    if i > 0 && i % max_chars == 0 {
                        out.push(start..s.start + at);
                        start = s.start + at;
                    }
                }
                out.push(start..s.end);
                chars = text[start..s.end].chars().count();
            }
        }
    }
    if out.is_empty() {
        out.push(0..text.len());
    }
    out
}

//! A message as folded characters that know where they came from.

use crate::text::fold_with;

/// Folded characters and the byte range of the original behind each.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    pub chars: Vec<char>,
    pub bytes: Vec<(usize, usize)>,
}

impl Folded {
    pub fn read(text: &str) -> Self {
        let mut out = Self::default();
        fold_with(text, |c, a, b| {
            out.chars.push(c);
            out.bytes.push((a, b));
        });
        out
    }

    pub fn text(&self, start: usize, end: usize) -> String {
        self.chars[start..end].iter().collect()
    }

    /// Whether no letter or digit of a Latin-like word touches the range from outside.
    pub fn stands_alone(&self, start: usize, end: usize) -> bool {
        let joined = |c: char| c.is_ascii_alphanumeric();
        let before = start.checked_sub(1).and_then(|i| self.chars.get(i));
        let after = self.chars.get(end);
        ![before, after].into_iter().flatten().any(|&c| joined(c))
    }

    /// End of the run of characters from `start` that satisfy `is`.
    pub fn run(&self, start: usize, is: impl Fn(char) -> bool) -> usize {
        let rest = self.chars.get(start..).unwrap_or(&[]);
        start + rest.iter().take_while(|&&c| is(c)).count()
    }

    /// The number in a run of at most `most` digits at `start`, and its end.
    pub fn number(&self, start: usize, most: usize) -> Option<(u32, usize)> {
        let end = self.run(start, |c| c.is_ascii_digit());
        (end > start && end - start <= most)
            .then(|| self.text(start, end).parse().ok().map(|n| (n, end)))
            .flatten()
    }

    /// The end of `word` at `start`, if it stands there.
    pub fn follows(&self, start: usize, word: &str) -> Option<usize> {
        let mut at = start;
        for c in word.chars() {
            if self.chars.get(at) != Some(&c) {
                return None;
            }
            at += 1;
        }
        Some(at)
    }

    /// The first of `words` at `start` (longest first in the list), and its end.
    pub fn any<'w>(&self, start: usize, words: &[&'w str]) -> Option<(&'w str, usize)> {
        words.iter().find_map(|w| self.follows(start, w).map(|end| (*w, end)))
    }

    /// `start` after white space.
    pub fn skip_spaces(&self, start: usize) -> usize {
        self.run(start, |c| c == ' ')
    }
}

/// Something found, in folded characters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub start: usize,
    pub end: usize,
    pub kind: String,
    pub value: String,
    pub confidence: f32,
}

impl Found {
    pub fn new(range: std::ops::Range<usize>, kind: &str, value: String, confidence: f32) -> Self {
        let (start, end) = (range.start, range.end);
        Self { start, end, kind: kind.to_owned(), value, confidence }
    }
}

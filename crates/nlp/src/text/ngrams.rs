//! Hashed n-grams of a message, without a segmenter.
//!
//! Runs of Chinese and Japanese characters give character n-grams; runs of other letters and
//! digits are words and give word n-grams and character n-grams that include the word's borders.
//! Each n-gram is a 64-bit hash; no string is built.

use super::fold::fold_with;
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// Which n-grams are taken from a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Features {
    /// Longest run of words taken together; 1..=4, default 2.
    pub word_ngrams: usize,
    /// Pairs of words that do not touch are taken up to this many words apart; 0 or 1 = none,
    /// at most 16, default 6.
    pub word_pairs: usize,
    /// Shortest character n-gram of a word, borders included; 1..=8, default 2.
    pub char_min: usize,
    /// Longest character n-gram of a word; 0 (none) ..= 8, default 5.
    pub char_max: usize,
    /// Longest character n-gram of a Chinese or Japanese run; 1..=6, default 3.
    pub cjk_max: usize,
    /// Weight of the word block against the character block; 0.1..=10, default 1.2.
    pub word_weight: f32,
    /// How much of a message's length unknown n-grams take: 0 = none, 1 = as much as the rarest
    /// known one. What makes a message about something else score low everywhere; 0..=4, default 1.
    pub unknown_weight: f32,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            word_ngrams: 2,
            word_pairs: 6,
            char_min: 2,
            char_max: 5,
            cjk_max: 3,
            word_weight: 1.2,
            unknown_weight: 1.0,
        }
    }
}

impl Features {
    /// Checks every field.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        let range = |name: &str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::invalid_params(format!("{name} must be in {low}..={high}, got {value}"))
                .with("parameter", name))
        };
        range("word_ngrams", self.word_ngrams, 1, 4)?;
        range("word_pairs", self.word_pairs, 0, 16)?;
        range("char_min", self.char_min, 1, 8)?;
        range("char_max", self.char_max, 0, 8)?;
        range("cjk_max", self.cjk_max, 1, 6)?;
        for (name, value, low, high) in [
            ("word_weight", self.word_weight, 0.1, 10.0),
            ("unknown_weight", self.unknown_weight, 0.0, 4.0),
        ] {
            if !(low..=high).contains(&value) {
                return Err(Error::invalid_params(format!(
                    "{name} must be in {low}..={high}, got {value}"
                ))
                .with("parameter", name));
            }
        }
        Ok(())
    }
}

/// Blocks of features that are brought to unit length apart from each other.
pub(crate) const BLOCKS: usize = 2;
/// Block of words and of Chinese n-grams.
pub(crate) const WORDS: usize = 0;
/// Block of character n-grams of words.
pub(crate) const CHARS: usize = 1;

/// What a run of characters is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Space,
    Word,
    Cjk,
    Symbol,
}

#[inline]
pub(crate) fn class(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() {
            Class::Word
        } else if c == ' ' {
            Class::Space
        } else {
            Class::Symbol
        };
    }
    match c as u32 {
        0x3005..=0x3007
        | 0x3040..=0x30ff
        | 0x31f0..=0x31ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0x20000..=0x3ffff => Class::Cjk,
        _ if c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c) => {
            Class::Word
        }
        _ if c.is_whitespace() => Class::Space,
        _ => Class::Symbol,
    }
}

/// A run of characters of one class in [`Runs::chars`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub start: u32,
    pub end: u32,
    pub class: Class,
    pub hash: u64,
}

/// A folded message cut into runs; its buffers are reused from message to message.
#[derive(Debug, Default, Clone)]
pub(crate) struct Runs {
    /// Folded characters; every token is preceded and followed by a border.
    pub chars: Vec<u32>,
    pub tokens: Vec<Token>,
}

/// Stands for the border of a word in character n-grams.
const BORDER: u32 = 1;

#[inline]
fn step(h: u64, c: u32) -> u64 {
    (h.rotate_left(7) ^ u64::from(c)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[inline]
fn finish(h: u64, salt: u64) -> u64 {
    let mut z = h ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    z = (z ^ (z >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    z ^ (z >> 32)
}

impl Runs {
    /// Cuts `text` into runs.
    pub fn read(&mut self, text: &str) {
        self.chars.clear();
        self.tokens.clear();
        self.chars.push(BORDER);
        let chars = &mut self.chars;
        let tokens = &mut self.tokens;
        let mut open: Option<Token> = None;
        let close = |open: &mut Option<Token>, chars: &mut Vec<u32>, tokens: &mut Vec<Token>| {
            if let Some(mut t) = open.take() {
                t.end = chars.len() as u32;
                tokens.push(t);
                chars.push(BORDER);
            }
        };
        fold_with(text, |c, _, _| {
            let class = class(c);
            // An apostrophe inside a word is dropped, so that "don't" and "dont" are one word.
            if matches!(c, '\'' | '’') && open.as_ref().is_some_and(|t| t.class == Class::Word) {
                return;
            }
            if class == Class::Space {
                close(&mut open, chars, tokens);
                return;
            }
            if class == Class::Symbol || open.as_ref().is_some_and(|t| t.class != class) {
                close(&mut open, chars, tokens);
            }
            let token =
                open.get_or_insert(Token { start: chars.len() as u32, end: 0, class, hash: 0 });
            token.hash = step(token.hash, c as u32);
            chars.push(c as u32);
        });
        close(&mut open, chars, tokens);
    }

    /// Calls `emit(block, hash, where)` for every n-gram, block after block.
    #[inline]
    pub fn features(&self, f: &Features, mut emit: impl FnMut(usize, u64, Gram)) {
        self.word_features(f, &mut emit);
        self.char_features(f, &mut emit);
    }

    #[inline]
    fn word_features(&self, f: &Features, emit: &mut impl FnMut(usize, u64, Gram)) {
        let words = &self.tokens;
        for (i, t) in words.iter().enumerate() {
            if t.class == Class::Cjk {
                for s in t.start..t.end {
                    let mut h = 0;
                    for e in s..t.end.min(s + f.cjk_max as u32) {
                        h = step(h, self.chars[e as usize]);
                        emit(WORDS, finish(h, 0x10 + u64::from(e - s)), Gram::Run(s, e + 1));
                    }
                }
                continue;
            }
            let mut h = t.hash;
            emit(WORDS, finish(h, 1), Gram::Run(t.start, t.end));
            if t.class == Class::Symbol {
                continue;
            }
            for (n, next) in words[i + 1..].iter().take(f.word_ngrams - 1).enumerate() {
                h = h.rotate_left(23).wrapping_add(next.hash);
                emit(WORDS, finish(h, 2 + n as u64), Gram::Run(t.start, next.end));
            }
            for next in words[i + 1..].iter().take(f.word_pairs).skip(1) {
                let h = finish(t.hash.rotate_left(31).wrapping_add(next.hash), 8);
                emit(WORDS, h, Gram::Pair((t.start, t.end), (next.start, next.end)));
            }
        }
    }

    #[inline]
    fn char_features(&self, f: &Features, emit: &mut impl FnMut(usize, u64, Gram)) {
        if f.char_max == 0 {
            return;
        }
        for t in self.tokens.iter().filter(|t| t.class == Class::Word) {
            let (start, end) = (t.start - 1, t.end + 1);
            for s in start..end - 1 {
                let mut h = 0;
                for e in s..end.min(s + f.char_max as u32) {
                    h = step(h, self.chars[e as usize]);
                    let n = (e - s + 1) as usize;
                    if n >= f.char_min {
                        emit(CHARS, finish(h, 0x20 + n as u64), Gram::Run(s, e + 1));
                    }
                }
            }
        }
    }

    /// An n-gram as text; a word's border is shown as a space.
    pub fn show(&self, gram: Gram) -> String {
        let run = |a: u32, b: u32| -> String {
            self.chars[a as usize..b as usize]
                .iter()
                .map(|&c| if c == BORDER { ' ' } else { char::from_u32(c).unwrap_or(' ') })
                .collect()
        };
        match gram {
            Gram::Run(a, b) => run(a, b),
            Gram::Pair(a, b) => format!("{} .. {}", run(a.0, a.1), run(b.0, b.1)),
        }
    }
}

/// Where an n-gram lies in [`Runs::chars`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gram {
    Run(u32, u32),
    Pair((u32, u32), (u32, u32)),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grams(text: &str, f: &Features) -> Vec<String> {
        let mut runs = Runs::default();
        runs.read(text);
        let mut out = Vec::new();
        runs.features(f, |_, _, g| out.push(runs.show(g)));
        out
    }

    #[test]
    fn words_give_n_grams_pairs_and_bordered_character_n_grams() {
        let f = Features { char_min: 3, char_max: 3, word_pairs: 2, ..Features::default() };
        assert_eq!(
            grams("Don't go up", &f),
            [
                "dont",
                "dont go",
                "dont .. up",
                "go",
                "go up",
                "up",
                " do",
                "don",
                "ont",
                "nt ",
                " go",
                "go ",
                " up",
                "up "
            ]
        );
    }

    #[test]
    fn chinese_runs_give_character_n_grams_of_the_run_only() {
        let f = Features { cjk_max: 2, char_max: 0, ..Features::default() };
        assert_eq!(grams("退货，iPhone", &f), ["退", "退货", "货", ",", "iphone"]);
    }

    #[test]
    fn full_width_and_upper_case_give_the_same_hashes() {
        let hashes = |s: &str| {
            let mut runs = Runs::default();
            runs.read(s);
            let mut out = Vec::new();
            runs.features(&Features::default(), |b, h, _| out.push((b, h)));
            out
        };
        assert_eq!(hashes("ＷＨＥＲＥ　is it？"), hashes("where is it?"));
    }
}

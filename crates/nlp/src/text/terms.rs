//! Search terms: what two texts must share to be about the same thing.
//!
//! Words lose their most common English endings (plural, `-ing`, `-ed`, a final `e`); Chinese and
//! Japanese runs give single characters and pairs of neighbours, so no segmenter is needed.

use super::ngrams::{Class, Runs};
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// A hash of a search term.
pub(crate) type Term = u64;

fn hash(chars: &[u32]) -> Term {
    let mut h = FxHasher::default();
    chars.iter().for_each(|&c| h.write_u32(c));
    h.finish()
}

/// Length of the stem of an English word in lower-case ASCII letters, and whether its last letter
/// becomes `y`.
fn stem(word: &[u8]) -> (usize, bool) {
    let n = word.len();
    let mut len = n;
    if word.ends_with(b"ies") && n > 4 {
        return (n - 2, true);
    }
    if word.ends_with(b"sses") {
        len = n - 2;
    } else if word.ends_with(b"s") && n > 3 && !matches!(word[n - 2], b's' | b'u' | b'i') {
        len = n - 1;
    }
    let vowel = |w: &[u8]| w.iter().any(|c| b"aeiouy".contains(c));
    for ending in [&b"ing"[..], b"ed"] {
        let cut = len.saturating_sub(ending.len());
        if word[..len].ends_with(ending) && cut >= 3 && vowel(&word[..cut]) {
            len = cut;
            // A doubled consonant was doubled by the ending: "shipped", "refunding" keeps its own.
            if word[len - 1] == word[len - 2] && !matches!(word[len - 1], b'l' | b's' | b'z') {
                len -= 1;
            }
            break;
        }
    }
    if len > 3 && word[len - 1] == b'e' {
        len -= 1;
    }
    (len, false)
}

impl Runs {
    /// Calls `emit` for every search term, repeats included.
    pub(crate) fn terms(&self, mut emit: impl FnMut(Term)) {
        let mut letters: Vec<u8> = Vec::new();
        for t in &self.tokens {
            let run = &self.chars[t.start as usize..t.end as usize];
            match t.class {
                Class::Cjk => {
                    for i in 0..run.len() {
                        emit(hash(&run[i..=i]));
                        if i + 1 < run.len() {
                            emit(hash(&run[i..i + 2]));
                        }
                    }
                }
                Class::Word if run.iter().all(|c| (97..=122).contains(c)) && run.len() > 3 => {
                    letters.clear();
                    letters.extend(run.iter().map(|&c| c as u8));
                    let (len, y) = stem(&letters);
                    let mut stemmed = run[..len].to_vec();
                    if y {
                        stemmed[len - 1] = u32::from(b'y');
                    }
                    emit(hash(&stemmed));
                }
                Class::Word => emit(hash(run)),
                Class::Space | Class::Symbol => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<Term> {
        let mut runs = Runs::default();
        runs.read(text);
        let mut out = vec![];
        runs.terms(|t| out.push(t));
        out
    }

    #[test]
    fn forms_of_a_word_are_one_term() {
        for group in [
            &["return", "returns", "returned", "returning"][..],
            &["ship", "ships", "shipped", "shipping"],
            &["change", "changes", "changed", "changing"],
            &["delivery", "deliveries"],
            &["Ｒｅｆｕｎｄ", "refunds"],
        ] {
            assert!(group.iter().all(|w| terms(w) == terms(group[0])), "{group:?}");
        }
        assert_ne!(terms("bus"), terms("bu"));
        assert_ne!(terms("string"), terms("str"));
    }

    #[test]
    fn chinese_gives_characters_and_pairs() {
        assert_eq!(terms("退货款").len(), 5);
    }
}

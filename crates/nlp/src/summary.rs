//! Extractive summaries: the sentences that say most of what a text says.
//!
//! A sentence scores by how much of the text's information it covers per its length (terms weighted
//! by how often they occur in the text, sublinear), sentences already chosen are discounted
//! (greedy maximum coverage, after Lin and Bilmes, "A class of submodular functions for document
//! summarization", ACL 2011), and the chosen ones keep their order. Time is linear in the text for
//! a fixed number of sentences.

use crate::text::ngrams::Runs;
use crate::text::sentences;
use rustc_hash::FxHashMap;

/// The `n` sentences of `text` that cover most of it, in their order.
///
/// ```
/// let text = "Hello there. My blender order 1234 arrived broken. The blender jug is broken in two. Thanks!";
/// assert_eq!(mercato_nlp::summarize(text, 1), ["The blender jug is broken in two."]);
/// ```
#[must_use]
pub fn summarize(text: &str, n: usize) -> Vec<String> {
    let parts: Vec<&str> = sentences(text).into_iter().map(|r| &text[r]).collect();
    pick(&parts, n)
}

/// The `n` turns of a conversation that cover most of it, in their order.
#[must_use]
pub fn summarize_turns<S: AsRef<str>>(turns: &[S], n: usize) -> Vec<String> {
    let parts: Vec<&str> =
        turns.iter().map(|t| t.as_ref().trim()).filter(|t| !t.is_empty()).collect();
    pick(&parts, n)
}

fn pick(parts: &[&str], n: usize) -> Vec<String> {
    let mut runs = Runs::default();
    let mut terms: Vec<Vec<u64>> = Vec::with_capacity(parts.len());
    let mut counts: FxHashMap<u64, f32> = FxHashMap::default();
    for part in parts {
        runs.read(part);
        let mut own = Vec::new();
        runs.terms(|t| own.push(t));
        own.sort_unstable();
        own.dedup();
        for &t in &own {
            *counts.entry(t).or_default() += 1.0;
        }
        terms.push(own);
    }
    // What is said twice matters more; what is in every sentence is grammar.
    let many = parts.len() as f32;
    let mut weight: FxHashMap<u64, f32> = counts
        .iter()
        .map(|(&t, &c)| (t, (1.0 + c.ln()).powi(2) * ((2.0 + 2.0 * many) / (1.0 + c)).ln()))
        .collect();
    let mut chosen: Vec<usize> = Vec::new();
    for _ in 0..n.min(parts.len()) {
        let mut best = (f32::MIN, usize::MAX);
        for (i, own) in terms.iter().enumerate() {
            if chosen.contains(&i) {
                continue;
            }
            let gain: f32 = own.iter().map(|t| weight[t]).sum();
            let score = gain / (own.len() as f32 + 3.0).sqrt();
            if score > best.0 {
                best = (score, i);
            }
        }
        if best.1 == usize::MAX {
            break;
        }
        chosen.push(best.1);
        for t in &terms[best.1] {
            if let Some(w) = weight.get_mut(t) {
                *w *= 0.2;
            }
        }
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|i| parts[i].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_sentences_of_the_text_in_order() {
        let text =
            "您好。我上周买的咖啡机坏了。咖啡机漏水，还有异味。今天天气不错。我想退掉这台咖啡机！";
        let s = summarize(text, 2);
        assert_eq!(s.len(), 2);
        let at: Vec<usize> = s.iter().map(|x| text.find(x.as_str()).unwrap()).collect();
        assert!(at[0] < at[1]);
        assert!(s.iter().all(|x| x.contains("咖啡机")), "{s:?}");
    }

    #[test]
    fn empty_and_short_texts_are_fine() {
        assert!(summarize("", 3).is_empty());
        assert!(summarize("One. Two.", 0).is_empty());
        assert_eq!(summarize_turns(&["", " hi "], 3), ["hi"]);
    }
}

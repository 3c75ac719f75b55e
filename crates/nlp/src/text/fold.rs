//! Folding: one spelling for texts that people read as the same.
//!
//! NFKC (which also folds full-width and half-width forms, ligatures and circled digits), lower
//! case, decimal digits of every script as `0-9`, control characters as spaces, and invisible
//! characters (zero-width joiners, direction marks, variation selectors, soft hyphens) removed.
//!
//! Works on one base character with its combining marks at a time, so every folded character knows
//! where in the original it came from, and a message costs time linear in its length. Differs from
//! NFKC of the whole string only where a base character would compose with a following base
//! character that is neither a mark nor a Hangul jamo; Unicode has no such pair outside Hangul.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Calls `push` with each folded character and the byte range of the original it came from.
pub fn fold_with(text: &str, mut push: impl FnMut(char, usize, usize)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let b = bytes[at];
        // A following byte of 0x80 or more may be a combining mark, which takes the slow path.
        if b < 0x80 && bytes.get(at + 1).is_none_or(|&next| next < 0x80) {
            let c = if b < 0x20 || b == 0x7f { ' ' } else { b.to_ascii_lowercase() as char };
            push(c, at, at + 1);
            at += 1;
            continue;
        }
        let mut rest = text[at..].char_indices();
        let Some((_, first)) = rest.next() else { break };
        let mut end = at + first.len_utf8();
        for (offset, c) in rest {
            if !joins(c) {
                break;
            }
            end = at + offset + c.len_utf8();
        }
        if end == at + first.len_utf8() && ('\u{4e00}'..='\u{9fff}').contains(&first) {
            push(first, at, end);
        } else {
            for c in text[at..end].nfkc() {
                if is_invisible(c) {
                    continue;
                }
                if let Some(d) = decimal_digit(c) {
                    push(d, at, end);
                } else if c.is_control() || c.is_whitespace() {
                    push(' ', at, end);
                } else {
                    c.to_lowercase().for_each(|l| push(l, at, end));
                }
            }
        }
        at = end;
    }
}

/// The folded text.
///
/// ```
/// use mercato_nlp::text::fold;
/// assert_eq!(fold("Ｈｅｌｌｏ　Ｗörld №１"), "hello wörld no1");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_with(text, |c, _, _| out.push(c));
    out
}

/// Whether `c` belongs to the character before it: a combining mark, or a Hangul vowel or final, or a
/// half-width voicing mark.
fn joins(c: char) -> bool {
    c > '\u{2ff}'
        && (is_combining_mark(c) || matches!(c, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}'))
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Zeros of the decimal digits that NFKC leaves as they are; nine digits follow each.
const ZEROS: [u32; 20] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
    0xe50, 0xed0, 0xf20, 0x1040, 0x17e0, 0x1810, 0x1b50,
];

fn decimal_digit(c: char) -> Option<char> {
    let code = c as u32;
    let zero = *ZEROS[..ZEROS.partition_point(|&z| z <= code)].last()?;
    (code - zero < 10).then(|| (b'0' + (code - zero) as u8) as char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_digits_and_invisibles_are_folded() {
        assert_eq!(fold("ＡＢＣ１２３"), "abc123");
        assert_eq!(fold("Cafe\u{301}"), "café");
        assert_eq!(fold("٣٤ ४२"), "34 42");
        assert_eq!(fold("a\u{200d}b\u{feff}c\u{ad}"), "abc");
        assert_eq!(fold("a\tb\r\nc\0"), "a b  c ");
        assert_eq!(fold("ｶﾞ"), "ガ");
        assert_eq!(fold("한글"), "한글");
        assert_eq!(fold("\u{1112}\u{1161}\u{11ab}"), "한");
        assert_eq!(fold(""), "");
    }

    #[test]
    fn folding_agrees_with_nfkc_of_the_whole_text() {
        for s in ["ﬁnancial ①②", "Ünïcödé", "ｻﾎﾟｰﾄ", "q\u{307}\u{323}x", "שָׁלוֹם", "สวัสดี", "𝒳𝟗"]
        {
            let whole: String = s.nfkc().collect::<String>().to_lowercase();
            assert_eq!(fold(s), whole, "{s}");
        }
    }

    #[test]
    fn ranges_cover_the_original_in_order() {
        let s = "é٣ﬁ漢字e\u{301}!";
        let mut last = (0, 0);
        fold_with(s, |_, a, b| {
            assert!((a, b) == last || a == last.1);
            assert!(s.is_char_boundary(a) && s.is_char_boundary(b));
            last = (a, b);
        });
        assert_eq!(last.1, s.len());
    }
}

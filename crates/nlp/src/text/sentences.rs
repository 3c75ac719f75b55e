//! Sentences and clauses by their closing marks.

/// Byte ranges of the sentences of `text`, in order, without surrounding white space. A sentence
/// ends at `. ! ?` before white space or the end, at `。！？；…`, or at the end of a line.
///
/// ```
/// use mercato_nlp::text::sentences;
/// let text = "It broke. I paid 3.50! 我要退货。谢谢";
/// let found: Vec<&str> = sentences(text).into_iter().map(|r| &text[r]).collect();
/// assert_eq!(found, ["It broke.", "I paid 3.50!", "我要退货。", "谢谢"]);
/// ```
#[must_use]
pub fn sentences(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    let mut push = |start: usize, end: usize| {
        let piece = &text[start..end];
        let from = start + piece.len() - piece.trim_start().len();
        let to = start + piece.trim_end().len();
        if from < to {
            out.push(from..to);
        }
    };
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|n| n.1);
        let ends = match c {
            '.' | '!' | '?' => next.is_none_or(char::is_whitespace),
            '。' | '！' | '？' | '；' | '…' => {
                next.is_none_or(|n| !matches!(n, '。' | '！' | '？' | '；' | '…' | '”' | '」'))
            }
            '\n' | '\r' => true,
            _ => false,
        };
        if ends {
            push(start, at + c.len_utf8());
            start = at + c.len_utf8();
        }
    }
    push(start, text.len());
    out
}

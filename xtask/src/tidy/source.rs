//! Reading Rust as text: code without comments, strings and tests; and the rules about it.

use super::tree::is_test_file;
use super::{Finding, Tree};

/// The source with comments, and the contents of strings and characters, turned to spaces. Lines
/// stay where they are.
pub fn code(source: &str) -> String {
    let s = source.as_bytes();
    let mut out = Vec::with_capacity(s.len());
    let blank = |b: u8| if b == b'\n' { b'\n' } else { b' ' };
    let mut i = 0;
    while i < s.len() {
        let end = match s[i] {
            b'/' if s[i..].starts_with(b"//") => line_end(s, i),
            b'/' if s[i..].starts_with(b"/*") => block_comment_end(s, i),
            b'r' | b'b' if !continues_word(s, i) => raw_string_end(s, i).unwrap_or(i),
            b'"' => string_end(s, i),
            b'\'' => char_end(s, i).unwrap_or(i),
            _ => i,
        };
        if end > i {
            out.extend(s[i..end].iter().map(|&b| blank(b)));
            i = end;
        } else {
            out.push(s[i]);
            i += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn line_end(s: &[u8], i: usize) -> usize {
    s[i..].iter().position(|&b| b == b'\n').map_or(s.len(), |n| i + n)
}

fn block_comment_end(s: &[u8], i: usize) -> usize {
    let (mut depth, mut at) = (0, i);
    while at < s.len() {
        if s[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if s[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn continues_word(s: &[u8], i: usize) -> bool {
    i > 0 && (s[i - 1].is_ascii_alphanumeric() || s[i - 1] == b'_')
}

/// The end of `r"..."`, `r#"..."#`, `br"..."` that begins at `i`.
fn raw_string_end(s: &[u8], i: usize) -> Option<usize> {
    let start = if s[i] == b'b' { i + 1 } else { i };
    let rest = s.get(start..)?.strip_prefix(b"r")?;
    let hashes = rest.iter().take_while(|&&b| b == b'#').count();
    let body = rest.get(hashes..)?.strip_prefix(b"\"")?;
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let at = body.windows(close.len()).position(|w| w == close)?;
    Some(s.len() - body.len() + at + close.len())
}

fn string_end(s: &[u8], i: usize) -> usize {
    let mut at = i + 1;
    while at < s.len() && s[at] != b'"' {
        at += if s[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(s.len())
}

/// The end of a character literal; `None` for a lifetime.
fn char_end(s: &[u8], i: usize) -> Option<usize> {
    if s.get(i + 1) == Some(&b'\\') {
        let close = s.get(i + 3..)?.iter().position(|&b| b == b'\'')?;
        return Some(i + 3 + close + 1);
    }
    let width = std::str::from_utf8(s.get(i + 1..(i + 5).min(s.len()))?)
        .map_or_else(|e| e.valid_up_to(), str::len);
    let c = std::str::from_utf8(&s[i + 1..i + 1 + width]).ok()?.chars().next()?;
    let close = i + 1 + c.len_utf8();
    (s.get(close) == Some(&b'\'')).then_some(close + 1)
}

/// As [`code`], without items marked `#[cfg(test)]`.
pub fn product_code(source: &str) -> String {
    let mut text = code(source);
    while let Some(at) = text.find("#[cfg(test)]") {
        let end = item_end(text.as_bytes(), at + "#[cfg(test)]".len());
        blank(&mut text, at..end);
    }
    text
}

/// Turns a range to spaces, byte for byte, and keeps the lines.
fn blank(text: &mut String, range: std::ops::Range<usize>) {
    let spaces: String =
        text[range.clone()].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(range, &spaces);
}

/// As [`product_code`], without items behind an `interop-*` feature.
pub fn code_without_interop(source: &str) -> String {
    let mut text = product_code(source);
    let mut from = 0;
    while let Some(at) = text[from..].find("#[cfg(").map(|n| from + n) {
        let attribute = text[at..].find(']').map_or(text.len(), |n| at + n + 1);
        from = attribute;
        // Both texts have the same bytes at the same places, but for what was blanked.
        if source[at..attribute].contains("\"interop-") {
            let end = item_end(text.as_bytes(), attribute);
            blank(&mut text, at..end);
        }
    }
    text
}

/// Whether a file is a module behind an `interop-*` feature, by its name or by the attribute on
/// its declaration in the module above.
pub fn is_interop_file(tree: &Tree, path: &str) -> bool {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let module = file.trim_end_matches(".rs");
    let declared = ["mod.rs", "lib.rs"].iter().any(|above| {
        let above = tree.text(&format!("{folder}/{above}")).unwrap_or_default();
        let declares = |text: String| {
            text.lines().any(|l| l.trim().trim_start_matches("pub ") == format!("mod {module};"))
        };
        declares(product_code(above)) && !declares(code_without_interop(above))
    });
    declared || path.contains("interop")
}

/// The end of the item that begins at `at`: its `;`, or its outermost closing brace.
fn item_end(s: &[u8], at: usize) -> usize {
    let mut depth = 0;
    for (i, b) in s.iter().enumerate().skip(at) {
        match b {
            b';' if depth == 0 => return i + 1,
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth <= 0 {
                    return i + 1;
                }
            }
            _ => {}
        }
    }
    s.len()
}

/// Lines of product code: no comments, no blank lines, no tests.
pub fn code_lines(source: &str) -> usize {
    product_code(source).lines().filter(|l| !l.trim().is_empty()).count()
}

/// Whether `word` stands in `line` as a whole word.
pub fn has_word(line: &str, word: &str) -> bool {
    let boundary = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        boundary(line[..at].chars().next_back()) && boundary(line[at + word.len()..].chars().next())
    })
}

/// A finding for every line of product code in which one of these occurs.
fn occurrences<'a>(
    files: impl Iterator<Item = (&'a str, &'a str)>,
    banned: &[(&str, &str)],
) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, text) in files {
        for (i, line) in product_code(text).lines().enumerate() {
            for (pattern, why) in banned {
                if has_word(line, pattern) {
                    out.push(Finding::new(path, i + 1, format!("{pattern}: {why}")));
                }
            }
        }
    }
    out
}

const PRINTS: &str = "library code does not print";
const ENVIRONMENT: &str = "how to run comes in through Run, not the environment";
const PROCESS: &str = "library code does not end the process";

pub fn library_code_is_silent(tree: &Tree) -> Vec<Finding> {
    let banned = [
        ("println!", PRINTS),
        ("print!", PRINTS),
        ("eprintln!", PRINTS),
        ("eprint!", PRINTS),
        ("io::stdout", PRINTS),
        ("io::stderr", PRINTS),
        ("env::var", ENVIRONMENT),
        ("env::var_os", ENVIRONMENT),
        ("env::vars", ENVIRONMENT),
        ("env::set_var", ENVIRONMENT),
        ("build_global", "the process-wide thread pool belongs to the application"),
        ("process::exit", PROCESS),
        ("process::abort", PROCESS),
    ];
    let bindings = tree.files().filter(|(p, _)| p.starts_with("bindings/") && is_source(p));
    occurrences(tree.library_sources().chain(bindings), &banned)
}

fn is_source(path: &str) -> bool {
    path.ends_with(".rs") && path.contains("/src/") && !is_test_file(path)
}

pub fn core_touches_files_only_in_artifact(tree: &Tree) -> Vec<Finding> {
    let why = "core does no input or output but in artifact and interop";
    let banned = [
        ("std::fs", why),
        ("File::open", why),
        ("File::create", why),
        ("std::net", why),
        ("process::Command", why),
    ];
    let files = tree.library_sources().filter(|(p, _)| {
        p.starts_with("crates/core/") && !p.contains("/artifact/") && !is_interop_file(tree, p)
    });
    occurrences(files, &banned)
}

pub fn bindings_use_the_facade(tree: &Tree) -> Vec<Finding> {
    let why = "a binding uses the facade only";
    let banned: Vec<(&str, &str)> = [
        "mercato_core",
        "mercato_index",
        "mercato_trees",
        "mercato_recsys",
        "mercato_forecast",
        "mercato_nlp",
        "mercato_routing",
    ]
    .map(|name| (name, why))
    .to_vec();
    let files = tree.files().filter(|(p, _)| {
        (p.starts_with("bindings/") || p.starts_with("examples/")) && p.ends_with(".rs")
    });
    occurrences(files, &banned)
}

/// Files that may hold `unsafe` beside kernels and files named for memory mapping.
const UNSAFE_ELSEWHERE: &[&str] = &[
    // Maps the file.
    "crates/core/src/artifact/bytes.rs",
];

fn may_be_unsafe(path: &str) -> bool {
    path.contains("/kernels/")
        || path.ends_with("/kernels.rs")
        || path.ends_with("/mmap.rs")
        || UNSAFE_ELSEWHERE.contains(&path)
}

pub fn unsafe_stays_in_kernels(tree: &Tree) -> Vec<Finding> {
    let files = tree.files().filter(|(p, _)| is_source(p) && !may_be_unsafe(p));
    occurrences(files, &[("unsafe", "only in kernels/ and mmap.rs")])
}

pub fn no_test_is_ignored(tree: &Tree) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, text) in tree.files().filter(|(p, _)| p.ends_with(".rs")) {
        for (i, line) in code(text).lines().enumerate() {
            if line.contains("#[ignore") {
                out.push(Finding::new(path, i + 1, "a test that does not run is no test"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lib(text: &str) -> Tree {
        Tree::of(&[("crates/recsys/src/a.rs", text)])
    }

    #[test]
    fn comments_strings_and_characters_are_blank() {
        let source = "a /* b /* c */ */ \"d \\\" // e\" 'f' '\\'' r#\"g\"h\"# &'life x // i\nj";
        let kept: Vec<String> = code(source).split_whitespace().map(str::to_owned).collect();
        assert_eq!(kept, ["a", "&'life", "x", "j"]);
        assert_eq!(code("'é' 'x").trim(), "'x");
    }

    #[test]
    fn tests_are_not_product_code() {
        let source =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { println!() }\n}\nfn c() {}\n";
        assert!(!product_code(source).contains("println"));
        assert_eq!(code_lines(source), 2);
        assert_eq!(product_code("#[cfg(test)]\nmod tests;\nfn c() {}").trim(), "fn c() {}");
    }

    #[test]
    fn printing_and_reading_the_environment_are_found() {
        assert_eq!(library_code_is_silent(&lib("fn f() { println!(\"x\") }")).len(), 1);
        assert_eq!(library_code_is_silent(&lib("let x = std::env::var(\"X\");")).len(), 1);
        assert_eq!(
            library_code_is_silent(&lib("rayon::ThreadPoolBuilder::new().build_global()")).len(),
            1
        );
        assert_eq!(library_code_is_silent(&lib("// println!\nenv!(\"X\"); reprintln!();")), []);
    }

    #[test]
    fn files_in_core_outside_artifact_are_found() {
        let t = |path| Tree::of(&[(path, "use std::fs::File;")]);
        assert_eq!(core_touches_files_only_in_artifact(&t("crates/core/src/ids.rs")).len(), 1);
        assert_eq!(
            core_touches_files_only_in_artifact(&t("crates/core/src/artifact/write.rs")),
            []
        );
    }

    #[test]
    fn items_and_modules_behind_interop_are_set_apart() {
        let source =
            "#[cfg(feature = \"interop-x\")]\nimpl A {\n}\n#[cfg(feature = \"fast\")]\nfn b() {}";
        assert_eq!(code_without_interop(source).split_whitespace().last(), Some("{}"));
        assert!(!code_without_interop(source).contains("impl"));
        let above = "#[cfg(feature = \"interop-x\")]\nmod x;\nmod y;";
        let t = Tree::of(&[("crates/core/src/table/mod.rs", above)]);
        assert!(is_interop_file(&t, "crates/core/src/table/x.rs"));
        assert!(!is_interop_file(&t, "crates/core/src/table/y.rs"));
    }

    #[test]
    fn a_binding_beside_the_facade_is_found() {
        let t = |text| Tree::of(&[("bindings/python/src/lib.rs", text)]);
        assert_eq!(bindings_use_the_facade(&t("use mercato_core::Run;")).len(), 1);
        assert_eq!(bindings_use_the_facade(&t("use mercato::Run;")), []);
    }

    #[test]
    fn unsafe_outside_kernels_is_found() {
        let t = |path| Tree::of(&[(path, "fn f() { unsafe { g() } }")]);
        assert_eq!(unsafe_stays_in_kernels(&t("crates/index/src/flat.rs")).len(), 1);
        assert_eq!(unsafe_stays_in_kernels(&t("crates/index/src/kernels/avx2.rs")), []);
        assert_eq!(unsafe_stays_in_kernels(&lib("#![deny(unsafe_op_in_unsafe_fn)]")), []);
    }

    #[test]
    fn an_ignored_test_is_found() {
        assert_eq!(
            no_test_is_ignored(&lib("#[cfg(test)] mod t { #[test] #[ignore] fn f() {} }")).len(),
            1
        );
    }
}

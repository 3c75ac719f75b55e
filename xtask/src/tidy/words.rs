//! Rules about text of every kind.

use super::{Finding, Tree};

/// Beyond this a file is cut in two.
const MAX_LINES: usize = 800;

const PROGRAMS: &[&str] = &[".rs", ".py", ".pyi", ".ts", ".js", ".mjs", ".kt", ".swift", ".sh"];

fn is_program(path: &str) -> bool {
    PROGRAMS.iter().any(|e| path.ends_with(e))
}

pub fn files_stay_readable(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter(|(path, _)| is_program(path) && !path.ends_with(".d.ts"))
        .filter_map(|(path, text)| {
            let n = text.lines().count();
            let what = format!("{n} lines; above {MAX_LINES} a file holds more than one idea");
            (n > MAX_LINES).then(|| Finding::new(path, 0, what))
        })
        .collect()
}

pub fn todos_have_numbers(tree: &Tree) -> Vec<Finding> {
    // Written so that this file does not match itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    let mut out = Vec::new();
    for (path, text) in tree.files().filter(|(p, _)| is_program(p)) {
        for (i, line) in text.lines().enumerate() {
            let numbered = line.contains("#") && line.contains(|c: char| c.is_ascii_digit());
            if marks.iter().any(|m| line.contains(m)) && !numbered {
                out.push(Finding::new(path, i + 1, "work to be done needs an issue's number"));
            }
        }
    }
    out
}

pub fn no_paths_of_one_machine(tree: &Tree) -> Vec<Finding> {
    let homes = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/Use", "rs/"),
        concat!("C:\\Use", "rs\\"),
    ];
    let mut out = Vec::new();
    for (path, text) in tree.files() {
        for (i, line) in text.lines().enumerate() {
            let absolute = |home: &&str| {
                line.match_indices(*home).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || "._-/}~".contains(c))
                })
            };
            if let Some(home) = homes.iter().find(|h| absolute(h)) {
                let what = format!("a path of one machine ({home}...)");
                out.push(Finding::new(path, i + 1, what));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str) -> Tree {
        Tree::of(&[(path, text)])
    }

    #[test]
    fn a_long_file_is_found() {
        assert_eq!(files_stay_readable(&one("a.rs", &"x\n".repeat(801))).len(), 1);
        assert_eq!(files_stay_readable(&one("a.rs", &"x\n".repeat(800))), []);
        assert_eq!(files_stay_readable(&one("a.json", &"x\n".repeat(801))), []);
    }

    #[test]
    fn a_task_without_a_number_is_found() {
        let task = concat!("// TO", "DO");
        assert_eq!(todos_have_numbers(&one("a.rs", &format!("{task}: faster"))).len(), 1);
        assert_eq!(todos_have_numbers(&one("a.rs", &format!("{task} #12: faster"))), []);
    }

    #[test]
    fn a_machine_s_path_is_found() {
        let home = concat!("/ho", "me/");
        assert_eq!(no_paths_of_one_machine(&one("a.md", &format!("see {home}ann/x"))).len(), 1);
        assert_eq!(
            no_paths_of_one_machine(&one("a.md", &format!("https://x.org{home}x ~{home}y"))),
            []
        );
    }
}

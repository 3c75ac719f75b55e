//! Counting tests in what test runners print.

/// Tests passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

impl Counts {
    /// Adds what one line of a runner's output reports, if it is a summary line of libtest,
    /// nextest, pytest, node's runner or Maven's.
    pub fn read(&mut self, line: &str) {
        let line = line.trim().trim_matches('=').trim();
        if line.starts_with("test result:") {
            self.passed += before(line, "passed");
            self.failed += before(line, "failed");
        } else if line.starts_with("Summary [") {
            self.passed += before(line, "passed");
            self.failed += before(line, "failed") + before(line, "timed");
        } else if ends_with_time(line) && starts_with_count(line) {
            self.passed += before(line, "passed");
            self.failed += before(line, "failed") + before(line, "error") + before(line, "errors");
        } else if let Some(rest) = maven(line) {
            let of = |word: &str| {
                let part = rest.split(", ").find_map(|p| p.strip_prefix(word)?.strip_prefix(": "));
                part.and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or(0)
            };
            let failed = of("Failures") + of("Errors");
            self.failed += failed;
            self.passed += of("Tests run").saturating_sub(failed + of("Skipped"));
        } else if let Some(n) = line.strip_prefix("# pass ").or(line.strip_prefix("ℹ pass ")) {
            self.passed += n.trim().parse::<u64>().unwrap_or(0);
        } else if let Some(n) = line.strip_prefix("# fail ").or(line.strip_prefix("ℹ fail ")) {
            self.failed += n.trim().parse::<u64>().unwrap_or(0);
        }
    }
}

/// The last line of Maven's runner; those of single classes tell a time and a name.
fn maven(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("[INFO] ").or(line.strip_prefix("[ERROR] "))?.trim();
    (rest.starts_with("Tests run: ") && !rest.contains("Time elapsed")).then_some(rest)
}

const OUTCOMES: [&str; 7] =
    ["passed", "failed", "error", "errors", "skipped", "warnings", "xfailed"];

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', ',', ';', '.']).filter(|w| !w.is_empty())
}

fn starts_with_count(line: &str) -> bool {
    let mut w = words(line);
    w.next().is_some_and(|n| n.parse::<u64>().is_ok())
        && w.next().is_some_and(|o| OUTCOMES.contains(&o))
}

/// Whether the line ends as pytest's last line does: ` in 2.51s`, or ` in 62.10s (0:01:02)`.
fn ends_with_time(line: &str) -> bool {
    let time = line.rsplit_once(" in ").and_then(|(_, t)| t.split(' ').next());
    time.and_then(|t| t.strip_suffix('s')).is_some_and(|t| t.parse::<f64>().is_ok())
}

/// The number before a word; 0 when the word is absent.
fn before(line: &str, word: &str) -> u64 {
    let all: Vec<&str> = words(line).collect();
    all.windows(2).find(|w| w[1] == word).and_then(|w| w[0].parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(lines: &[&str]) -> (u64, u64) {
        let mut c = Counts::default();
        lines.iter().for_each(|l| c.read(l));
        (c.passed, c.failed)
    }

    #[test]
    fn summary_lines_of_each_runner_are_counted() {
        assert_eq!(
            count(&[
                "test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s"
            ]),
            (12, 1)
        );
        assert_eq!(
            count(&["     Summary [   4.391s] 90 tests run: 88 passed, 2 failed, 0 skipped"]),
            (88, 2)
        );
        assert_eq!(count(&["===== 3 failed, 41 passed, 1 skipped in 2.51s ====="]), (41, 3));
        assert_eq!(count(&["41 passed, 2 errors in 62.10s (0:01:02)"]), (41, 2));
        assert_eq!(count(&["# pass 7", "# fail 2"]), (7, 2));
        assert_eq!(
            count(&[
                "[INFO] Tests run: 7, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1.3 s -- in mercato.MercatoTest",
                "[ERROR] Tests run: 135, Failures: 1, Errors: 1, Skipped: 3"
            ]),
            (130, 2)
        );
    }

    #[test]
    fn other_lines_are_not_counted() {
        assert_eq!(
            count(&["12 passed the door in 2 rows", "test a ... ok", "running 3 tests"]),
            (0, 0)
        );
    }
}

//! `cargo xtask test`: every check, one step after another, with a summary.

use crate::counts::Counts;
use crate::sh::{Outcome, Sh, cargo};
use crate::{mobile, node, paths, python, tidy};
use std::time::{Duration, Instant};

/// What became of a step.
enum State {
    Passed,
    Failed(String),
    /// The step has nothing to do here, for this reason.
    Skipped(String),
}

struct Report {
    name: &'static str,
    state: State,
    counts: Counts,
    took: Duration,
}

struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&mut Counts) -> Result<(), Stop>,
}

/// Why a step did not pass.
pub enum Stop {
    /// It failed.
    Failed(String),
    /// What it checks is not here.
    Nothing(String),
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Stop::Failed(message)
    }
}

const STEPS: &[Step] = &[
    Step { name: "format", what: "rustfmt has nothing to change", run: format },
    Step { name: "tidy", what: "the repository's own invariants", run: tidy_step },
    Step { name: "clippy", what: "no compiler or clippy warning in any target", run: clippy },
    Step { name: "rust", what: "unit, property, contract and conformance tests", run: rust },
    Step { name: "doctest", what: "every example in the documentation", run: doctest },
    Step { name: "doc", what: "the documentation builds without a broken link", run: doc },
    Step { name: "deny", what: "licences, bans and sources of dependencies", run: deny },
    Step { name: "python", what: "the wheel, its tests and its type stubs", run: python::test },
    Step { name: "node", what: "the addon, its declarations and its tests", run: node::test },
    Step { name: "mobile", what: "the Kotlin package on the JVM", run: mobile::test },
];

/// Crates that cannot be tested or linted in one command with the others: an extension module
/// does not link as a test program, and its features must not leak into the rest.
const BINDINGS: &[&str] = &["mercato-python", "mercato-node", "mercato-mobile"];

pub fn run(args: &[String]) -> Outcome {
    let Some(chosen) = choose(args)? else { return Ok(()) };
    let begun = Instant::now();
    let mut reports = Vec::new();
    for step in chosen {
        println!("\n==== {}: {}", step.name, step.what);
        let at = Instant::now();
        let mut counts = Counts::default();
        let state = match (step.run)(&mut counts) {
            Ok(()) => State::Passed,
            Err(Stop::Nothing(why)) => State::Skipped(why),
            Err(Stop::Failed(why)) => State::Failed(why),
        };
        let took = at.elapsed();
        let word = match &state {
            State::Passed => "passed".to_owned(),
            State::Failed(why) => format!("FAILED: {why}"),
            State::Skipped(why) => format!("skipped: {why}"),
        };
        println!("---- {}: {word} ({})", step.name, seconds(took));
        reports.push(Report { name: step.name, state, counts, took });
    }
    summary(&reports, begun.elapsed())
}

fn choose(args: &[String]) -> Result<Option<Vec<&'static Step>>, String> {
    let named = |name: Option<&String>| {
        let name = name.ok_or("--only and --skip want the name of a step")?;
        STEPS
            .iter()
            .position(|s| s.name == name)
            .ok_or_else(|| format!("no step {name}; the steps are {}", names().join(", ")))
    };
    let (mut only, mut skip) = (Vec::new(), Vec::new());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--list" => {
                STEPS.iter().for_each(|s| println!("{:8} {}", s.name, s.what));
                return Ok(None);
            }
            "--only" => only.push(named(rest.next())?),
            "--skip" => skip.push(named(rest.next())?),
            other => return Err(format!("unknown option {other}; see cargo xtask help")),
        }
    }
    let keep = |i: &usize| (only.is_empty() || only.contains(i)) && !skip.contains(i);
    Ok(Some((0..STEPS.len()).filter(keep).map(|i| &STEPS[i]).collect()))
}

fn names() -> Vec<&'static str> {
    STEPS.iter().map(|s| s.name).collect()
}

fn seconds(d: Duration) -> String {
    format!("{:.1} s", d.as_secs_f64())
}

fn summary(reports: &[Report], took: Duration) -> Outcome {
    println!("\n==== summary");
    let mut total = Counts::default();
    for r in reports {
        // A step without tests of its own counts as one test; so does a failure outside of any.
        let mut c = r.counts;
        match r.state {
            State::Passed if c == Counts::default() => c.passed = 1,
            State::Failed(_) if c.failed == 0 => c.failed = 1,
            _ => {}
        }
        total.passed += c.passed;
        total.failed += c.failed;
        let (word, why) = match &r.state {
            State::Passed => ("passed", String::new()),
            State::Failed(why) => ("FAILED", format!("  {why}")),
            State::Skipped(why) => ("skipped", format!("  {why}")),
        };
        println!(
            "{:8} {word:8} {:>6} passed {:>4} failed {:>9}{why}",
            r.name,
            c.passed,
            c.failed,
            seconds(r.took)
        );
    }
    println!("in {}", seconds(took));
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed == 0 { Ok(()) } else { Err("some checks failed".to_owned()) }
}

fn format(_: &mut Counts) -> Result<(), Stop> {
    Ok(cargo(["fmt", "--all", "--", "--check"]).run()?)
}

fn tidy_step(_: &mut Counts) -> Result<(), Stop> {
    Ok(tidy::run()?)
}

/// All packages of the workspace but the bindings, with every optional adapter.
fn workspace(command: &[&str]) -> Sh {
    let bindings = bindings().into_iter().flat_map(|b| ["--exclude", b]);
    cargo(command.iter().copied().chain(["--workspace"]).chain(bindings)).args(["--all-features"])
}

/// The bindings that are packages of this workspace.
fn bindings() -> Vec<&'static str> {
    let root = paths::root();
    let present = |b: &&str| root.join("bindings").join(&b["mercato-".len()..]).is_dir();
    BINDINGS.iter().copied().filter(present).collect()
}

fn clippy(_: &mut Counts) -> Result<(), Stop> {
    workspace(&["clippy", "--all-targets"]).args(["--", "--deny", "warnings"]).run()?;
    for binding in bindings() {
        cargo(["clippy", "--all-targets", "--package", binding, "--", "--deny", "warnings"])
            .run()?;
    }
    Ok(())
}

fn rust(counts: &mut Counts) -> Result<(), Stop> {
    let watch = |line: &str| counts.read(line);
    if cargo(["nextest", "--version"]).works() {
        Ok(workspace(&["nextest", "run", "--no-fail-fast"]).run_watched(watch)?)
    } else {
        let targets = ["test", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"];
        Ok(workspace(&targets).run_watched(watch)?)
    }
}

fn doctest(counts: &mut Counts) -> Result<(), Stop> {
    let watch = |line: &str| counts.read(line);
    Ok(workspace(&["test", "--no-fail-fast", "--doc"]).run_watched(watch)?)
}

fn doc(_: &mut Counts) -> Result<(), Stop> {
    Ok(workspace(&["doc", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings").run()?)
}

fn deny(_: &mut Counts) -> Result<(), Stop> {
    if !cargo(["deny", "--version"]).works() {
        return Err(Stop::Nothing("cargo-deny is not installed".to_owned()));
    }
    Ok(cargo(["deny", "--all-features", "check", "bans", "licenses", "sources"]).run()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_and_skip_select_steps_by_name() {
        let args = |a: &[&str]| a.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let chosen = |a: &[&str]| -> Vec<&str> {
            choose(&args(a)).unwrap().unwrap().iter().map(|s| s.name).collect()
        };
        assert_eq!(chosen(&["--only", "tidy", "--only", "format"]), ["format", "tidy"]);
        assert_eq!(chosen(&["--skip", "python"]).len(), STEPS.len() - 1);
        assert!(choose(&args(&["--only", "nothing"])).is_err());
        assert!(choose(&args(&["--onyl", "tidy"])).is_err());
    }
}

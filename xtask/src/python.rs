//! The Python binding's tests: an environment in the cache, the wheel, pytest and stubtest.
//!
//! The environment holds third-party packages only and is shared by every checkout. The wheel is
//! unpacked into cargo's target folder, which belongs to one checkout, and found by `PYTHONPATH`.

use crate::counts::Counts;
use crate::paths;
use crate::sh::{Sh, sh};
use crate::test::Stop;
use std::fs;
use std::path::{Path, PathBuf};

/// What builds the wheel, beside what the binding's `test` extra lists.
const BUILDER: &str = "maturin>=1.9.4,<2";

/// The lowest Python that the wheel supports.
const OLDEST: (u32, u32) = (3, 11);

/// Builds the wheel, installs it for the tests and runs them.
pub fn test(counts: &mut Counts) -> Result<(), Stop> {
    let binding = paths::root().join("bindings/python");
    if !binding.join("Cargo.toml").is_file() {
        return Err(Stop::Nothing("there is no bindings/python".to_owned()));
    }
    let python = environment(&binding)?;
    let site = wheel(&python, "dev")?;
    let in_site = |command: Sh| command.env("PYTHONPATH", &site).env("MYPYPATH", &site);

    // All of it runs and reports even when the first part fails.
    let tests = if binding.join("tests").is_dir() {
        let pytest = ["-m", "pytest", "--color=yes", "-p", "no:cacheprovider"];
        in_site(sh(&python).args(pytest).args(["bindings/python/tests"]))
            .run_watched(|line| counts.read(&without_colour(line)))
    } else {
        Ok(())
    };
    let stubs = in_site(sh(&python).args(["-m", "mypy.stubtest", "mercato"]))
        .args(allowlist(&binding))
        .dir(paths::target())
        .run();
    match &stubs {
        Ok(()) => counts.passed += 1,
        Err(_) => counts.failed += 1,
    }
    Ok(tests.and(stubs)?)
}

/// The environment's Python, after making it and installing what is missing.
pub fn environment(binding: &Path) -> Result<PathBuf, String> {
    let (program, version) = interpreter()?;
    let home = paths::cache().join(format!("venv-python{}.{}", version.0, version.1));
    let python = home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !sh(&python).args(["-m", "pip", "--version"]).works() {
        let _ = fs::remove_dir_all(&home);
        sh(program).args(["-m", "venv"]).args([&home]).run()?;
    }
    let project = fs::read_to_string(binding.join("pyproject.toml"))
        .map_err(|e| format!("cannot read bindings/python/pyproject.toml: {e}"))?;
    let wanted = requirements(&project);
    let stamp = home.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    let list = home.join("wanted.txt");
    fs::write(&list, &wanted).map_err(|e| format!("cannot write {}: {e}", list.display()))?;
    sh(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"])
        .args(["--requirement"])
        .args([&list])
        .run()?;
    fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))?;
    Ok(python)
}

/// One package a line: the builder, the wheel's dependencies and its `test` extra.
fn requirements(project: &str) -> String {
    let mut all = format!("{BUILDER}\n");
    for list in ["\ndependencies = [", "\ntest = ["] {
        let items = project.split_once(list).and_then(|(_, rest)| rest.split_once("]\n"));
        for name in items.map_or("", |(items, _)| items).split('"').skip(1).step_by(2) {
            all.push_str(name);
            all.push('\n');
        }
    }
    all
}

/// Builds the wheel with a cargo profile and unpacks it; gives the folder to import from.
pub fn wheel(python: &Path, profile: &str) -> Result<PathBuf, String> {
    let out = paths::target().join("wheel").join(profile);
    let site = out.join("site");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&site).map_err(|e| format!("cannot make {}: {e}", site.display()))?;
    sh(python)
        .args(["-m", "maturin", "build", "--quiet", "--profile", profile])
        .args(["--manifest-path", "bindings/python/Cargo.toml", "--interpreter"])
        .args([python])
        .args(["--out"])
        .args([&out])
        .run()?;
    let built = built_wheel(&out)?;
    sh(python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--no-deps", "--no-index", "--target"])
        .args([&site, &built])
        .run()?;
    Ok(site)
}

/// The one wheel in a folder.
pub fn built_wheel(out: &Path) -> Result<PathBuf, String> {
    let entries = fs::read_dir(out).map_err(|e| format!("cannot list {}: {e}", out.display()))?;
    entries
        .filter_map(Result::ok)
        .map(|e| e.path())
        .find(|p| p.extension().is_some_and(|x| x == "whl"))
        .ok_or_else(|| format!("maturin left no wheel in {}", out.display()))
}

/// The first Python on the path that is new enough.
fn interpreter() -> Result<(&'static str, (u32, u32)), String> {
    const PRINT: &str = "import sys; print(*sys.version_info[:2])";
    for program in ["python3", "python3.13", "python3.12", "python3.11", "python"] {
        let Ok(text) = sh(program).args(["-c", PRINT]).read() else { continue };
        let mut numbers = text.split_whitespace().map(str::parse::<u32>);
        if let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next())
            && (major, minor) >= OLDEST
        {
            return Ok((program, (major, minor)));
        }
    }
    Err(format!("no Python {}.{} or later on the path", OLDEST.0, OLDEST.1))
}

/// What stubtest may overlook, when the binding lists anything.
fn allowlist(binding: &Path) -> Vec<PathBuf> {
    let list = binding.join("stubtest-allowlist.txt");
    if list.is_file() { vec!["--allowlist".into(), list] } else { Vec::new() }
}

fn without_colour(line: &str) -> String {
    let mut out = String::new();
    let mut parts = line.split("\x1b[");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_come_from_the_project_file() {
        let project = "[project]\ndependencies = [\"numpy>=1.26\"]\n[x]\nother = [\"a\"]\ntest = [\n  \"pytest>=8\",\n  \"mypy[faster]\",\n]\n";
        let want = format!("{BUILDER}\nnumpy>=1.26\npytest>=8\nmypy[faster]\n");
        assert_eq!(requirements(project), want);
    }

    #[test]
    fn colours_are_removed_before_counting() {
        let mut c = Counts::default();
        c.read(&without_colour(
            "\x1b[32m\x1b[1m12 passed\x1b[0m, \x1b[31m1 failed\x1b[0m in 0.50s\x1b[0m",
        ));
        assert_eq!(c, Counts { passed: 12, failed: 1 });
    }
}

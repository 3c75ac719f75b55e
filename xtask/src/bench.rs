//! `cargo xtask bench`: what can be measured, and running it.

use crate::sh::{Outcome, cargo, sh};
use crate::{paths, python};
use std::fs;
use std::path::{Path, PathBuf};

/// One thing that can be measured.
enum Bench {
    /// A criterion bench target of a package.
    Micro { package: String, target: String },
    /// A script that measures ours and a peer in one run.
    Against(PathBuf),
}

impl Bench {
    fn name(&self) -> String {
        match self {
            Bench::Micro { package, target } => {
                format!("{}/{target}", package.trim_start_matches("mercato-"))
            }
            Bench::Against(script) => {
                format!("against/{}", script.with_extension("").display())
            }
        }
    }
}

pub fn run(args: &[String]) -> Outcome {
    let all = list();
    let Some((name, rest)) = args.split_first() else {
        println!("micro benches (criterion) and comparisons with peers (against/):\n");
        all.iter().for_each(|b| println!("  {}", b.name()));
        println!(
            "\ncargo xtask bench NAME [ARGS] runs one; committed results are in benches/record/"
        );
        return Ok(());
    };
    let found = all.iter().find(|b| b.name() == *name);
    match found.ok_or_else(|| format!("no bench {name}; cargo xtask bench lists them"))? {
        Bench::Micro { package, target } => {
            cargo(["bench", "--package", package, "--bench", target, "--"]).args(rest).run()
        }
        Bench::Against(script) => against(script, rest),
    }
}

/// Runs a comparison with the release wheel importable, in a Python that has the peers.
///
/// `MERCATO_BENCH_PYTHON` names that Python; without it the tests' environment is used.
fn against(script: &Path, args: &[String]) -> Outcome {
    let binding = paths::root().join("bindings/python");
    let python = python::environment(&binding)?;
    let site = python::wheel(&python, "server")?;
    let runner = std::env::var_os("MERCATO_BENCH_PYTHON").map_or(python, PathBuf::from);
    let script = Path::new("benches/against").join(script);
    sh(runner).args([script]).args(args).env("PYTHONPATH", site).run()
}

fn list() -> Vec<Bench> {
    let root = paths::root();
    let mut all = Vec::new();
    for package in children(&root.join("crates")) {
        for target in children(&package.join("benches")).iter().filter(|f| has_extension(f, "rs")) {
            let package = stem(&package);
            let package = if package == "mercato" { package } else { format!("mercato-{package}") };
            all.push(Bench::Micro { package, target: stem(target) });
        }
    }
    let drivers = root.join("benches/against");
    for domain in children(&drivers).iter().filter(|d| d.is_dir()) {
        // A file `common.py` is shared by the scripts beside it.
        let scripts = children(domain);
        for script in scripts.iter().filter(|f| has_extension(f, "py") && stem(f) != "common") {
            if let Ok(relative) = script.strip_prefix(&drivers) {
                all.push(Bench::Against(relative.to_owned()));
            }
        }
    }
    all
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(dir).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())).collect();
    all.sort();
    all
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|e| e == extension)
}

fn stem(file: &Path) -> String {
    file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

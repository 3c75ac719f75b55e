//! `cargo xtask size`: how large what is shipped is, and how thin the bindings are.

use crate::sh::Outcome;
use crate::tidy::{Tree, code_lines};
use crate::{paths, python};

/// Wheel, stripped: the design's target in bytes.
const WHEEL_TARGET: u64 = 8_000_000;

pub fn run() -> Outcome {
    let tree = Tree::of_checkout()?;
    let lines = |prefix: &str| -> usize {
        tree.files()
            .filter(|(path, _)| path.starts_with(prefix) && path.contains("/src/"))
            .filter(|(path, _)| path.ends_with(".rs"))
            .map(|(_, text)| code_lines(text))
            .sum()
    };
    let core = lines("crates/") - lines("crates/testkit/");
    println!("lines of Rust code, without comments, blanks and tests");
    println!("  library     {core:>7}");
    for binding in ["python", "node", "mobile"] {
        let n = lines(&format!("bindings/{binding}/"));
        if n > 0 {
            println!(
                "  {binding:10}  {n:>7}  {:.1} % of the library (target 3 %)",
                100.0 * n as f64 / core as f64
            );
        }
    }
    let binding = paths::root().join("bindings/python");
    if binding.join("Cargo.toml").is_file() {
        let python = python::environment(&binding)?;
        python::wheel(&python, "server")?;
        let wheel = python::built_wheel(&paths::target().join("wheel/server"))?;
        let bytes = wheel.metadata().map_err(|e| format!("cannot read the wheel: {e}"))?.len();
        println!("wheel         {bytes:>9} bytes (target {WHEEL_TARGET})");
    }
    Ok(())
}

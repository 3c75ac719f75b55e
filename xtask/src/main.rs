//! Development commands of the repository, run as `cargo xtask <command>`. It needs cargo alone:
//! what else a command uses (a Python environment, test data) it makes itself, outside the checkout.

// A command-line tool talks on its standard output.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod counts;
mod errors_doc;
mod mobile;
mod node;
mod paths;
mod python;
mod sh;
mod size;
mod test;
mod tidy;

use sh::{Outcome, cargo};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  demo [ARGS]          the story of examples/rust: a real shop's invoices become recommendations and purchase orders
  test [OPTIONS]       every check: format, lints, tidy, unit, doc, contract, conformance, Python
      --list           name the steps
      --only STEP      run this step (may be repeated)
      --skip STEP      leave this step out (may be repeated)
  tidy                 the repository's own invariants, in a second
  conformance          the language-neutral vectors, from Rust
  golden               write the golden artifacts of new kinds and versions
  docs                 regenerate the generated documents
  bench [NAME [ARGS]]  list the benches and the comparisons with peers, or run one
  size                 sizes of what is shipped, and the share of glue in each binding";

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if args.is_empty() {
        println!("{USAGE}");
        return ExitCode::FAILURE;
    }
    let command = args.remove(0);
    let outcome = match command.as_str() {
        "demo" => demo(&args),
        "test" => test::run(&args),
        "tidy" => tidy::run(),
        "conformance" => cargo(["test", "--package", "mercato-conformance"]).run(),
        "golden" => {
            cargo(["run", "--quiet", "--package", "mercato-conformance", "--bin", "golden"])
                .args(&args)
                .run()
        }
        "docs" => errors_doc::write(),
        "bench" => bench::run(&args),
        "size" => size::run(),
        "help" | "-h" | "--help" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("unknown command {other}\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn demo(args: &[String]) -> Outcome {
    // The development profile optimises, and the tests have compiled the dependencies for it already.
    cargo(["run", "--package", "mercato-examples", "--bin", "demo", "--"]).args(args).run()
}

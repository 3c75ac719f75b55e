//! Saves two artifacts over one path in turn until it is killed. `tests/kill.rs` kills it.

// A test program, which speaks to its parent through standard output.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use mercato::Persist;
use mercato_testkit::generate;

fn main() {
    let path = std::env::args_os().nth(1).expect("the path to save to is the first argument");
    let (old, new) = (generate::state(1), generate::state(2));
    old.save(&path).unwrap();
    println!("ready");
    loop {
        new.save(&path).unwrap();
        old.save(&path).unwrap();
    }
}

//! Writes the golden artifact of every kind and newest version that has none yet. A file that is
//! there is never touched: it is what a released version of the library wrote.

// A command-line tool talks on its standard output.
#![allow(clippy::print_stdout)]

use mercato_testkit::{kinds, testdata};
use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    for kind in kinds::all() {
        let path = testdata::golden(kind.name, kind.version);
        let state = if path.is_file() {
            "is there"
        } else {
            fs::create_dir_all(path.parent().ok_or("a golden file lies in a folder")?)?;
            fs::write(&path, (kind.golden)()?)?;
            "written"
        };
        let shown = path.strip_prefix(testdata::root()).unwrap_or(&path);
        println!("{} {state}", shown.display());
    }
    Ok(())
}

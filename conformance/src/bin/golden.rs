//! Writes the golden artifact of every kind and newest version that has none yet, and for
//! recommenders the answers that it gives. A file that is there is never touched: it is what a
//! released version of the library wrote.

// A command-line tool talks on its standard output.
#![allow(clippy::print_stdout)]

use mercato_conformance::pin;
use mercato_testkit::{kinds, testdata};
use std::error::Error;
use std::fs;
use std::path::Path;

/// Kinds whose answers are pinned as recommendations.
const RECOMMENDERS: &[&str] = &["als", "item_knn", "popularity"];

fn main() -> Result<(), Box<dyn Error>> {
    for kind in kinds::all() {
        let (name, version) = (kind.name, kind.version);
        write_once(&testdata::golden(name, version, kind.shape), || Ok((kind.golden)()?))?;
        if RECOMMENDERS.contains(&name) {
            let file = format!("conformance/vectors/recommendations/{name}-v{version}.json");
            let golden = format!("{name}/v{version}");
            let answers = || Ok(pin::recommendations(&golden)?.into_bytes());
            write_once(&testdata::root().join(file), answers)?;
        }
    }
    Ok(())
}

fn write_once(
    path: &Path,
    content: impl FnOnce() -> Result<Vec<u8>, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let state = if path.is_file() {
        "is there"
    } else {
        fs::create_dir_all(path.parent().ok_or("the file lies in a folder")?)?;
        fs::write(path, content()?)?;
        "written"
    };
    println!("{} {state}", path.strip_prefix(testdata::root()).unwrap_or(path).display());
    Ok(())
}

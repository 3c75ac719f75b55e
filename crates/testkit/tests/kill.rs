//! A process that dies while it saves leaves the old file or the new one.

#![cfg(unix)]

use mercato::{Panel, Persist, Result, Rng};
use mercato_testkit::generate;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

const KILLS: usize = 200;

#[test]
fn a_save_killed_at_any_moment_leaves_a_whole_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.mercato");
    let states = [1, 2].map(|s| generate::state(s).to_bytes().unwrap());
    let mut rng = Rng::new(7);
    let mut seen = [0usize; 2];
    for kill in 0..KILLS {
        let mut child = Command::new(env!("CARGO_BIN_EXE_save_forever"))
            .arg(&path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The first file is complete once the child says so; from then on it replaces it.
        let mut ready = [0; 5];
        child.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
        std::thread::sleep(Duration::from_micros(rng.below(6000)));
        child.kill().unwrap();
        child.wait().unwrap();

        let bytes = std::fs::read(&path).unwrap();
        let which = states.iter().position(|s| *s == bytes);
        seen[which.unwrap_or_else(|| panic!("kill {kill} left half a file"))] += 1;
        let opened: Result<Panel> = Panel::load(&path);
        assert!(opened.is_ok(), "kill {kill}: {opened:?}");
    }
    assert!(seen[0] > 0 && seen[1] > 0, "the kills hit one state only: {seen:?}");
}

//! The Node binding's tests: the addon, its declarations under `tsc --strict`, and node's runner.

use crate::counts::Counts;
use crate::paths;
use crate::sh::sh;
use crate::test::Stop;

/// Installs the build tools, builds the addon and runs the tests.
pub fn test(counts: &mut Counts) -> Result<(), Stop> {
    let binding = paths::root().join("bindings/node");
    if !sh("npm").args(["--version"]).works() {
        return Err(Stop::Nothing("npm is not installed".to_owned()));
    }
    sh("npm").args(["install", "--no-audit", "--no-fund", "--no-save"]).dir(&binding).run()?;
    let tests = sh("npm").args(["test"]).dir(&binding);
    Ok(tests.run_watched(|line| counts.read(line))?)
}

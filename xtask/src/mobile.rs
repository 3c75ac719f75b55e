//! The mobile library's tests: the Kotlin package on the JVM, by Maven.

use crate::counts::Counts;
use crate::paths;
use crate::sh::{cargo, sh};
use crate::test::Stop;

/// Builds the library, generates its Kotlin interface and runs the package's tests.
pub fn test(counts: &mut Counts) -> Result<(), Stop> {
    for tool in ["java", "mvn"] {
        if !sh(tool).args(["--version"]).works() {
            return Err(Stop::Nothing(format!("{tool} is not installed")));
        }
    }
    cargo(["build", "--quiet", "--package", "mercato-mobile"]).run()?;
    let debug = paths::target().join("debug");
    let generated = paths::target().join("kotlin/generated");
    let library = debug.join(format!(
        "{}mercato_mobile{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    ));
    // In a command of its own: the library must not be built with the generator's features.
    cargo(["run", "--quiet", "--package", "mercato-bindgen", "--", "generate"])
        .args([&library])
        .args(["--no-format", "--language", "kotlin", "--out-dir"])
        .args([&generated])
        .run()?;
    let tests = sh("mvn")
        .args(["--batch-mode", "--no-transfer-progress", "test", "--file"])
        .args([paths::root().join("bindings/mobile/kotlin/pom.xml")])
        .args([
            format!("-Dmercato.generated={}", generated.display()),
            format!("-Dmercato.library={}", debug.display()),
            format!("-Dmercato.build={}", paths::target().join("kotlin/maven").display()),
        ]);
    Ok(tests.run_watched(|line| counts.read(line))?)
}

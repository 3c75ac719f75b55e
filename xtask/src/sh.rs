//! Running other programs.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// What a command of this tool ends with.
pub type Outcome = Result<(), String>;

/// A program to run in the root of the checkout.
pub struct Sh {
    command: Command,
    shown: String,
}

/// The cargo that runs this tool.
pub fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Sh {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut sh = sh(program).args(args);
    sh.shown = sh.shown.replacen(&first_word(&sh.shown), "cargo", 1);
    sh
}

fn first_word(s: &str) -> String {
    s.split(' ').next().unwrap_or_default().to_owned()
}

/// A program by name or path.
pub fn sh(program: impl AsRef<OsStr>) -> Sh {
    let shown = program.as_ref().to_string_lossy().into_owned();
    let mut command = Command::new(program);
    command.current_dir(crate::paths::root());
    Sh { command, shown }
}

impl Sh {
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        for a in args {
            self.shown.push(' ');
            self.shown.push_str(&a.as_ref().to_string_lossy());
            self.command.arg(a);
        }
        self
    }

    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    fn announce(&self) {
        println!("$ {}", self.shown);
        let _ = std::io::stdout().flush();
    }

    /// Shows the command, runs it and fails when it does.
    pub fn run(mut self) -> Outcome {
        self.announce();
        let status =
            self.command.status().map_err(|e| format!("cannot run {}: {e}", self.shown))?;
        if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", self.shown)) }
    }

    /// As [`run`](Self::run), and hands over every line of the output after showing it.
    pub fn run_watched(mut self, mut watch: impl FnMut(&str)) -> Outcome {
        self.announce();
        let fail = |e| format!("cannot run {}: {e}", self.shown);
        let mut child = self.command.stdout(Stdio::piped()).spawn().map_err(fail)?;
        if let Some(out) = child.stdout.take() {
            for line in BufReader::new(out).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                println!("{line}");
                watch(&line);
            }
        }
        let status = child.wait().map_err(fail)?;
        if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", self.shown)) }
    }

    /// The standard output of a quiet command.
    pub fn read(mut self) -> Result<String, String> {
        let out = self
            .command
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("cannot run {}: {e}", self.shown))?;
        if out.status.success() {
            Ok(String::from_utf8_lossy(&out.stdout).into_owned())
        } else {
            let why = String::from_utf8_lossy(&out.stderr);
            Err(format!("{} ended with {}: {}", self.shown, out.status, why.trim()))
        }
    }

    /// Whether the command can be run and succeeds, silently.
    pub fn works(mut self) -> bool {
        let quiet = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|s| s.success())
    }
}

//! Readers of instance files. Every error names the line.

mod solomon;
mod solution;
mod vrplib;

use crate::problem::{Problem, ProblemBuilder, Rounding};
use mercato_core::{Error, Result};
use std::path::Path;

pub use solution::read_routes;

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Told from the contents. The default.
    #[default]
    Auto,
    /// VRPLIB / TSPLIB: `KEY : value` lines and sections.
    Vrplib,
    /// Solomon and Gehring & Homberger.
    Solomon,
    /// Li & Lim pickups and deliveries.
    LiLim,
    /// What [`Problem::to_json`] writes.
    Json,
}

impl Problem {
    /// Reads an instance file.
    ///
    /// `rounding: None` takes what the literature uses for the kind of instance: nearest for
    /// CVRP and VRPB, one truncated decimal for Solomon, Homberger, PCVRPTW and MTVRPTWR files,
    /// three decimals for the rest.
    ///
    /// # Errors
    /// `io` when the file cannot be read; `invalid_input`, naming the line, when it is malformed;
    /// `unsupported` for sections that the model does not have.
    pub fn read(
        path: impl AsRef<Path>,
        format: Format,
        rounding: Option<Rounding>,
    ) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
        Self::parse(&text, format, rounding).map_err(|e| e.with("path", path.display()))
    }

    /// Reads an instance from text, see [`Problem::read`].
    ///
    /// # Errors
    /// As [`Problem::read`], without `io`.
    pub fn parse(text: &str, format: Format, rounding: Option<Rounding>) -> Result<Self> {
        match if format == Format::Auto { guess(text) } else { format } {
            Format::Vrplib | Format::Auto => vrplib::parse(text, rounding),
            Format::Solomon => solomon::parse(text, rounding),
            Format::LiLim => solomon::parse_li_lim(text, rounding),
            Format::Json => Self::from_json(text),
        }
    }

    /// Everything the problem was made from, as JSON that [`Problem::from_json`] reads.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.inner.builder).expect("plain records always serialise")
    }

    /// Reads what [`Problem::to_json`] wrote.
    ///
    /// # Errors
    /// `invalid_input` with line and column, or as [`ProblemBuilder::build`].
    pub fn from_json(text: &str) -> Result<Self> {
        let builder: ProblemBuilder = serde_json::from_str(text).map_err(|e| {
            Error::invalid_input(format!("line {}: {e}", e.line())).with("line", e.line())
        })?;
        builder.build()
    }
}

fn guess(text: &str) -> Format {
    let head: String = text.chars().take(2000).collect::<String>().to_uppercase();
    if head.trim_start().starts_with('{') {
        Format::Json
    } else if head.contains("NUMBER") && head.contains("CAPACITY") && !head.contains("DIMENSION") {
        Format::Solomon
    } else if head.lines().next().is_some_and(|l| {
        let parts: Vec<&str> = l.split_whitespace().collect();
        (2..=3).contains(&parts.len()) && parts.iter().all(|p| p.parse::<f64>().is_ok())
    }) {
        Format::LiLim
    } else {
        Format::Vrplib
    }
}

/// An error about a line, counted from 1.
fn at_line(line: usize, message: impl std::fmt::Display) -> Error {
    Error::invalid_input(format!("line {line}: {message}")).with("line", line)
}

/// A finite number.
fn number(token: &str, line: usize) -> Result<f64> {
    match token.parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => Err(at_line(line, format!("expected a number, got {token:?}"))),
    }
}

/// A whole number >= 0.
fn whole(token: &str, line: usize) -> Result<i64> {
    let x = number(token, line)?;
    if x < 0.0 || x.fract() != 0.0 || x > 1e12 {
        return Err(at_line(line, format!("expected a whole number >= 0, got {token:?}")));
    }
    Ok(x as i64)
}

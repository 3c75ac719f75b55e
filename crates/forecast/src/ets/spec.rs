//! Which components an exponential smoothing model has, and where its parameters lie.

use serde::{Deserialize, Serialize};

/// How the error enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errors {
    /// Constant spread around the level.
    Additive,
    /// Spread in proportion to the level; needs positive data.
    Multiplicative,
}

/// How the level moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// No trend.
    None,
    /// A linear trend.
    Additive,
    /// A linear trend that levels off.
    Damped,
}

/// How seasons enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Season {
    /// No seasons.
    None,
    /// Seasons add to the level.
    Additive,
    /// Seasons multiply the level; needs positive data.
    Multiplicative,
}

/// One model of the family, with its season length (1 without seasons).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spec {
    pub errors: Errors,
    pub trend: Trend,
    pub season: Season,
    pub m: usize,
}

/// Bounds of alpha, beta and gamma, and of phi.
pub(crate) const SMOOTHING: (f64, f64) = (1e-4, 0.9999);
pub(crate) const DAMPING: (f64, f64) = (0.8, 0.98);

impl Spec {
    pub fn has_trend(self) -> bool {
        self.trend != Trend::None
    }
    pub fn is_damped(self) -> bool {
        self.trend == Trend::Damped
    }
    pub fn has_season(self) -> bool {
        self.season != Season::None
    }
    /// Where gamma is; the free seasonal states follow it.
    pub fn gamma(self) -> usize {
        match self.trend {
            Trend::None => 2,
            Trend::Additive => 4,
            Trend::Damped => 5,
        }
    }
    /// Parameters and free initial states: alpha, level, [beta, slope, [phi]], [gamma, m - 1
    /// seasons].
    pub fn len(self) -> usize {
        self.gamma() + if self.has_season() { self.m } else { 0 }
    }
    /// The usual name, for example `ETS(M,Ad,N)`.
    pub fn name(self) -> String {
        let e = if self.errors == Errors::Additive { "A" } else { "M" };
        let t = match self.trend {
            Trend::None => "N",
            Trend::Additive => "A",
            Trend::Damped => "Ad",
        };
        let s = match self.season {
            Season::None => "N",
            Season::Additive => "A",
            Season::Multiplicative => "M",
        };
        format!("ETS({e},{t},{s})")
    }
    /// Additive errors with multiplicative seasons are numerically unsound (division by seasons
    /// near zero) and left out, as everywhere.
    pub fn is_admissible(self) -> bool {
        !(self.errors == Errors::Additive && self.season == Season::Multiplicative)
    }
    pub fn needs_positive(self) -> bool {
        self.errors == Errors::Multiplicative || self.season == Season::Multiplicative
    }
}

/// A parameter vector with names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params {
    pub alpha: f64,
    pub beta: f64,
    pub gamma: f64,
    pub phi: f64,
    pub level: f64,
    pub slope: f64,
}

impl Params {
    #[inline]
    pub fn of(spec: Spec, x: &[f64]) -> Self {
        let trend = spec.has_trend();
        Self {
            alpha: x[0],
            level: x[1],
            beta: if trend { x[2] } else { 0.0 },
            slope: if trend { x[3] } else { 0.0 },
            phi: if spec.is_damped() { x[4] } else { 1.0 },
            gamma: if spec.has_season() { x[spec.gamma()] } else { 0.0 },
        }
    }
}

/// The `m` initial seasons of a parameter vector: the last balances the others.
pub(crate) fn initial_seasons(spec: Spec, x: &[f64], out: &mut Vec<f64>) {
    out.clear();
    if spec.has_season() {
        let free = &x[spec.gamma() + 1..];
        let total = if spec.season == Season::Multiplicative { spec.m as f64 } else { 0.0 };
        out.extend_from_slice(free);
        out.push(total - free.iter().sum::<f64>());
    }
}

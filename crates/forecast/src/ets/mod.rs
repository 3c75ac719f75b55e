//! Exponential smoothing in state-space form (ETS).
//!
//! What: level, trend (none, linear, damped) and seasons (none, additive, multiplicative) that
//! follow the data at rates chosen by maximum likelihood, with additive or multiplicative errors;
//! [`AutoEts`] estimates the fifteen admissible models and keeps the one of least AICc. [`Ses`],
//! [`Holt`] and [`HoltWinters`] are members of the family by their old names.
//!
//! When: the safe first choice for a series with level, trend and one season of length up to about
//! 24. For intermittent demand use the methods of [`intermittent`](crate::intermittent); for long
//! or several seasons [`Mstl`](crate::Mstl).
//!
//! Cost: one model takes 10 to 30 passes over the series, each `O(n (m + 4)^2)` for season length
//! `m`; about 0.1 ms for 30 yearly values (six models) and 5 ms for 100 monthly ones (fifteen).
//! Memory is `O(n + m^2)`.
//!
//! Papers: Hyndman, Koehler, Snyder, Grose (2002), *A state space framework for automatic
//! forecasting using exponential smoothing methods*; Hyndman et al. (2008), *Forecasting with
//! Exponential Smoothing*.
//!
//! Where we differ: the optimum is found by Gauss-Newton on exact derivatives, from several starts,
//! with the optima of smaller models as further starts, so that a larger model is never worse;
//! missing values are skipped in the likelihood. Multiplicative trends are left out: they are
//! explosive, and off by default elsewhere too.

mod fit;
mod kernel;
mod spec;

pub use spec::{Errors, Season, Trend};

use crate::numeric::normal;
use crate::state::{Fitted, Reader, Reason, State, write_vector};
pub(crate) use fit::aicc;
use fit::{Candidates, Estimate};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};
use spec::{Params, Spec};

/// Longest season that the models accept; beyond it, decompose first.
pub(crate) const MAX_SEASON: usize = 1000;

/// Exponential smoothing with the components chosen by AICc.
///
/// ```
/// use mercato_core::{Panel, Run};
/// use mercato_forecast::{AutoEts, PredictOptions};
/// let y = (0..60).map(|t| 10.0 + 0.3 * t as f64 + [0.0, 3.0, 1.0, -4.0][t % 4]).collect();
/// let panel = Panel::from_series("Q".parse()?, [("tea", 0, y)])?;
/// let model = AutoEts::default().season_length(4).fit(&panel, &Run::seed(0))?;
/// let next = model.predict(4, &PredictOptions::default())?;
/// assert!((next.mean()[0] - 28.0).abs() < 0.1);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoEts {
    /// Observations per season, 1..=1000 (default 1: no seasons).
    pub season_length: usize,
    /// Three letters for error, trend and season: `N`, `A`, `M` or `Z` = choose (default `ZZZ`).
    pub model: String,
    /// Whether the trend is damped; default: choose.
    pub damped: Option<bool>,
}

impl Default for AutoEts {
    fn default() -> Self {
        Self { season_length: 1, model: "ZZZ".to_owned(), damped: None }
    }
}

impl AutoEts {
    /// Sets the season length.
    #[must_use]
    pub fn season_length(mut self, season_length: usize) -> Self {
        self.season_length = season_length;
        self
    }

    /// Sets the model letters, for example `"MAN"`.
    #[must_use]
    pub fn model(mut self, model: &str) -> Self {
        self.model = model.to_owned();
        self
    }

    /// Sets whether the trend is damped.
    #[must_use]
    pub fn damped(mut self, damped: Option<bool>) -> Self {
        self.damped = damped;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        check_season(self.season_length)?;
        self.candidates().map(|_| ())
    }

    fn candidates(&self) -> Result<Candidates> {
        let bad = || {
            Error::invalid_params(format!(
                "model {:?} with damped {:?} is not a model: three letters, error in A M Z, trend \
                 in N A Z, season in N A M Z, not A error with M season, and damping needs a trend",
                self.model, self.damped
            ))
            .with("parameter", "model")
        };
        let letters: Vec<char> = self.model.chars().collect();
        let &[e, t, s] = letters.as_slice() else { return Err(bad()) };
        let errors = match e {
            'A' => Some(Errors::Additive),
            'M' => Some(Errors::Multiplicative),
            'Z' => None,
            _ => return Err(bad()),
        };
        let season = match s {
            'N' => Some(Season::None),
            'A' => Some(Season::Additive),
            'M' => Some(Season::Multiplicative),
            'Z' => None,
            _ => return Err(bad()),
        };
        if errors == Some(Errors::Additive) && season == Some(Season::Multiplicative) {
            return Err(bad());
        }
        let trends: Vec<Trend> = match (t, self.damped) {
            ('N', None | Some(false)) => vec![Trend::None],
            ('A', None) => vec![Trend::Additive, Trend::Damped],
            ('A', Some(false)) => vec![Trend::Additive],
            ('A' | 'Z', Some(true)) => vec![Trend::Damped],
            ('Z', None) => vec![Trend::None, Trend::Additive, Trend::Damped],
            ('Z', Some(false)) => vec![Trend::None, Trend::Additive],
            _ => return Err(bad()),
        };
        Ok(Candidates { errors, trends, season })
    }

    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let candidates = self.candidates().map_err(|_| Reason::NoOptimum)?;
        fit_candidates(y, self.season_length, &candidates).map(Fitted::Ets)
    }
}

pub(crate) fn check_season(season_length: usize) -> Result<()> {
    if (1..=MAX_SEASON).contains(&season_length) {
        return Ok(());
    }
    Err(Error::invalid_params(format!(
        "season_length must be in 1..={MAX_SEASON}, got {season_length}"
    ))
    .with("parameter", "season_length"))
}

fn fit_candidates(y: &[f64], m: usize, candidates: &Candidates) -> Result<EtsState, Reason> {
    let mut seen = y.iter().copied().filter(|v| !v.is_nan());
    let first = seen.next().ok_or(Reason::NoObservations)?;
    if seen.all(|v| v == first) {
        return Ok(EtsState::constant(first, y));
    }
    let positive = y.iter().all(|v| v.is_nan() || *v > 0.0);
    let needs_positive = candidates.errors == Some(Errors::Multiplicative)
        || candidates.season == Some(Season::Multiplicative);
    if needs_positive && !positive {
        return Err(Reason::NotPositive);
    }
    let (scaled, scale) = fit::scaled(y);
    let estimate = fit::select(&scaled, m, candidates).ok_or(Reason::TooShort)?;
    EtsState::new(&estimate, &scaled, scale).ok_or(Reason::NoOptimum)
}

macro_rules! member {
    ($(#[$doc:meta])+ $name:ident { $($(#[$fdoc:meta])+ $field:ident: $t:ty = $default:expr),* }, |$s:ident| $letters:expr, $damped:expr, $m:expr) => {
        $(#[$doc])+
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[$fdoc])+ pub $field: $t),* }

        impl Default for $name {
            fn default() -> Self { Self { $($field: $default),* } }
        }

        impl $name {
            $(
                #[doc = concat!("Sets `", stringify!($field), "`.")]
                #[must_use]
                pub fn $field(mut self, $field: $t) -> Self { self.$field = $field; self }
            )*

            fn as_ets(&self) -> AutoEts {
                let $s = self;
                AutoEts { season_length: $m, model: $letters.to_owned(), damped: Some($damped) }
            }

            /// Checks the parameters.
            ///
            /// # Errors
            /// `invalid_params`.
            pub fn check(&self) -> Result<()> { self.as_ets().check() }

            pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
                self.as_ets().fit_series(y)
            }
        }
    };
}

member! {
    /// Simple exponential smoothing: a level that follows the data, ETS(A,N,N).
    Ses {}, |_s| "ANN", false, 1
}
member! {
    /// Holt's linear trend, ETS(A,A,N), optionally damped.
    Holt {
        /// Whether the trend levels off (default no).
        damped: bool = false
    }, |s| "AAN", s.damped, 1
}
member! {
    /// Holt-Winters: level, trend and seasons, ETS(A,A,A) or, multiplicative, ETS(M,A,M).
    HoltWinters {
        /// Observations per season, 2..=1000 (default 12).
        season_length: usize = 12,
        /// Whether seasons multiply the level; needs positive data (default no).
        multiplicative: bool = false,
        /// Whether the trend levels off (default no).
        damped: bool = false
    }, |s| if s.multiplicative { "MAM" } else { "AAA" }, s.damped, s.season_length
}

/// A fitted exponential smoothing model.
#[derive(Debug, Clone)]
pub(crate) struct EtsState {
    spec: Spec,
    alpha: f64,
    beta: f64,
    gamma: f64,
    phi: f64,
    level: f64,
    slope: f64,
    /// Next phase first.
    seasons: Vec<f64>,
    /// Index in `seasons` of the next observation.
    phase: usize,
    /// Variance of the one-step (relative) errors.
    sigma2: f64,
    /// Minus twice the log-likelihood in the units of the series, as the field's libraries give it.
    objective: f64,
}

impl EtsState {
    fn new(e: &Estimate, scaled: &[f64], scale: f64) -> Option<Self> {
        let p = Params::of(e.spec, &e.x);
        let run = fit::run(e, scaled, None);
        let degrees = run.n as f64 - e.spec.len() as f64;
        let relative = e.spec.errors == Errors::Multiplicative;
        let unit = if relative { 1.0 } else { scale };
        let season_unit = if e.spec.season == Season::Additive { scale } else { 1.0 };
        let state = Self {
            spec: e.spec,
            alpha: p.alpha,
            beta: p.beta,
            gamma: p.gamma,
            phi: p.phi,
            level: run.level * scale,
            slope: run.slope * scale,
            seasons: run.seasons.iter().map(|s| s * season_unit).collect(),
            phase: scaled.len() % e.spec.m,
            sigma2: run.sum_squares / degrees.max(1.0) * unit * unit,
            objective: e.objective + run.n as f64 * 2.0 * scale.ln(),
        };
        (state.level.is_finite() && state.slope.is_finite()).then_some(state)
    }

    fn constant(level: f64, y: &[f64]) -> Self {
        let spec =
            Spec { errors: Errors::Additive, trend: Trend::None, season: Season::None, m: 1 };
        let n = y.len() as f64;
        Self {
            spec,
            alpha: spec::SMOOTHING.1,
            beta: 0.0,
            gamma: 0.0,
            phi: 1.0,
            level,
            slope: 0.0,
            seasons: vec![],
            phase: 0,
            sigma2: 0.0,
            objective: n * f64::MIN_POSITIVE.ln(),
        }
    }

    /// Minus twice the concentrated log-likelihood.
    pub fn objective(&self) -> f64 {
        self.objective
    }

    fn params(&self) -> Params {
        Params {
            alpha: self.alpha,
            beta: self.beta,
            gamma: self.gamma,
            phi: self.phi,
            level: self.level,
            slope: self.slope,
        }
    }

    fn season(&self, step: usize) -> f64 {
        self.seasons[(self.phase + step) % self.seasons.len()]
    }

    /// Forecasts before seasons are applied.
    fn base(&self, out: &mut [f64]) {
        let mut slope = self.slope;
        let mut level = self.level;
        for v in out {
            slope *= self.phi;
            level += slope;
            *v = level;
        }
    }
}

impl State for EtsState {
    fn mean(&self, out: &mut [f64]) {
        self.base(out);
        for (h, v) in out.iter_mut().enumerate() {
            match self.spec.season {
                Season::None => {}
                Season::Additive => *v += self.season(h),
                Season::Multiplicative => *v *= self.season(h),
            }
        }
    }

    /// Exact for additive errors and for multiplicative errors without multiplicative seasons;
    /// with them, the approximation of Hyndman et al. (2008), section 6.4.
    fn deviations(&self, mean: &[f64]) -> Vec<f64> {
        let h = mean.len();
        let m = self.spec.m;
        // Weight of an error j + 1 steps later.
        let mut weights = Vec::with_capacity(h);
        let mut sum_phi = 0.0;
        let mut power = 1.0;
        for j in 1..=h {
            power *= self.phi;
            sum_phi += power;
            let at_season = self.spec.season == Season::Additive && j % m == 0;
            let gamma = if at_season { self.gamma } else { 0.0 };
            weights.push(self.alpha + self.beta * sum_phi + gamma);
        }
        if self.spec.errors == Errors::Additive {
            let mut var = self.sigma2;
            return (0..h)
                .map(|i| {
                    if i > 0 {
                        var += self.sigma2 * weights[i - 1] * weights[i - 1];
                    }
                    var.sqrt()
                })
                .collect();
        }
        let multiplies = self.spec.season == Season::Multiplicative;
        let mut base = mean.to_vec();
        if multiplies {
            self.base(&mut base);
        }
        let mut theta: Vec<f64> = Vec::with_capacity(h);
        for i in 0..h {
            let past: f64 = (0..i).map(|j| weights[j] * weights[j] * theta[i - 1 - j]).sum::<f64>();
            theta.push(base[i] * base[i] + self.sigma2 * past);
        }
        (0..h)
            .map(|i| {
                let mut v = theta[i] * (1.0 + self.sigma2);
                let mut s = 1.0;
                if multiplies {
                    s = self.season(i);
                    v *= (1.0 + self.gamma * self.gamma * self.sigma2).powi((i / m) as i32);
                }
                s.abs() * (v - base[i] * base[i]).max(0.0).sqrt()
            })
            .collect()
    }

    fn update(&mut self, y: f64) {
        let p = self.params();
        let (mut level, mut slope) = (self.level, self.slope);
        fit::advance(self.spec, p, &mut level, &mut slope, &mut self.seasons, self.phase, y);
        (self.level, self.slope) = (level, slope);
        self.phase = (self.phase + 1) % self.spec.m;
    }

    fn write(&self, out: &mut Vec<f64>) {
        let errors = f64::from(u8::from(self.spec.errors == Errors::Multiplicative));
        let trend = match self.spec.trend {
            Trend::None => 0.0,
            Trend::Additive => 1.0,
            Trend::Damped => 2.0,
        };
        let season = match self.spec.season {
            Season::None => 0.0,
            Season::Additive => 1.0,
            Season::Multiplicative => 2.0,
        };
        out.extend([errors, trend, season, self.phase as f64]);
        out.extend([self.alpha, self.beta, self.gamma, self.phi, self.level, self.slope]);
        out.extend([self.sigma2, self.objective]);
        write_vector(&self.seasons, out);
    }

    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let errors = [Errors::Additive, Errors::Multiplicative][r.count(2)?];
        let trend = [Trend::None, Trend::Additive, Trend::Damped][r.count(3)?];
        let season = [Season::None, Season::Additive, Season::Multiplicative][r.count(3)?];
        let phase = r.count(MAX_SEASON)?;
        let &[alpha, beta, gamma, phi, level, slope, sigma2, objective] = r.slice(8)? else {
            return None;
        };
        let seasons = r.vector()?;
        let m = if season == Season::None { 1 } else { seasons.len() };
        let spec = Spec { errors, trend, season, m };
        let sound = phase < m.max(1) && m > 0 && (season == Season::None) == seasons.is_empty();
        sound.then_some(Self {
            spec,
            alpha,
            beta,
            gamma,
            phi,
            level,
            slope,
            seasons,
            phase,
            sigma2,
            objective,
        })
    }

    fn label(&self) -> String {
        self.spec.name()
    }
}

/// Two-sided normal limits.
pub(crate) fn normal_limits(mean: f64, deviation: f64, level: f64) -> (f64, f64) {
    let z = normal::quantile(0.5 + level / 200.0);
    (mean - z * deviation, mean + z * deviation)
}

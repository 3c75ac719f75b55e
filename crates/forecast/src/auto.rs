//! The default: the right kind of method for every series.
//!
//! What: [`Auto`] looks at each series and decides.
//!
//! | the series | gets |
//! |---|---|
//! | hardly any zeros, season up to 24 | the median of [`AutoEts`], [`DynamicOptimizedTheta`] and [`AutoCes`] |
//! | hardly any zeros, a longer season | the median of [`Mstl`], [`DynamicOptimizedTheta`] and [`AutoCes`] |
//! | hours: season 24 and three weeks of data | the median of [`SeasonalNaive`], [`Mstl`] by day and week with a damped trend, and [`Mstl`] by week |
//! | zeros, no season | the mean of [`Imapa`] and [`Tsb`] |
//! | zeros and a season | whichever of the two above or [`SeasonalNaive`] had the least squared error over the last cutoffs |
//!
//! When: you have many series and no time to look at them. Cost: the sum of the candidates';
//! about 0.2 ms for 30 yearly observations. Papers: Petropoulos & Svetunkov (2020), *A simple combination
//! of univariate models*; Syntetos, Boylan & Croston (2005). Where we differ: classes decide
//! between families, and a backtest only where the class does not; on short series a backtest
//! chooses worse than the median.

use crate::ces::AutoCes;
use crate::combine::{Combine, combined};
use crate::ets::{AutoEts, check_season};
use crate::intermittent::{Imapa, Tsb};
use crate::model::forecast_into;
use crate::mstl::Mstl;
use crate::numeric::present;
use crate::season::is_seasonal;
use crate::simple::SeasonalNaive;
use crate::state::{Fitted, Reason};
use crate::theta::DynamicOptimizedTheta;
use mercato_core::Result;
use serde::{Deserialize, Serialize};

/// The right kind of method for every series: a median of three where demand is steady, rates of
/// slow movers where it is not, a backtest where that is unclear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auto {
    /// Observations per season, 1..=1000 (default 1: no seasons).
    pub season_length: usize,
}

impl Default for Auto {
    fn default() -> Self {
        Self { season_length: 1 }
    }
}

/// Longest season that is estimated rather than decomposed.
const LONG_SEASON: usize = 24;
/// Share of zeros from which demand counts as intermittent.
const SPARSE: f64 = 0.02;
/// Cutoffs of the backtest where the class does not decide.
const WINDOWS: usize = 3;

type Candidate<'a> = &'a dyn Fn(&[f64]) -> Result<Fitted, Reason>;

impl Auto {
    /// Sets the season length.
    #[must_use]
    pub fn season_length(mut self, season_length: usize) -> Self {
        self.season_length = season_length;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        check_season(self.season_length)
    }

    fn regular(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let m = self.season_length;
        if m == DAY && y.len() > 3 * WEEK {
            return hours(y);
        }
        let long = m > LONG_SEASON;
        let first = if long && y.len() > 2 * m {
            Mstl::default().season_lengths([m]).fit_series(y)
        } else {
            AutoEts::default().season_length(if long { 1 } else { m }).fit_series(y)
        };
        let theta = DynamicOptimizedTheta::default().season_length(m).fit_series(y);
        let ces = AutoCes::default().season_length(m).fit_series(y);
        together([first, theta, ces], Combine::Median)
    }

    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let (n, zeros) =
            present(y).fold((0u32, 0u32), |(n, z), v| (n + 1, z + u32::from(v == 0.0)));
        if f64::from(zeros) <= SPARSE * f64::from(n) {
            return self.regular(y);
        }
        let m = self.season_length;
        if zeros == n || !is_seasonal(y, m) {
            return sparse(y);
        }
        let seasonal = |y: &[f64]| SeasonalNaive::default().season_length(m).fit_series(y);
        let regular = |y: &[f64]| self.regular(y);
        let candidates: [Candidate<'_>; 3] = [&sparse, &regular, &seasonal];
        let horizon = m.min(y.len() / 6).max(1);
        let errors = candidates.map(|c| backtest(y, horizon, c));
        let best = (1..3).fold(0, |b, i| if errors[i] < errors[b] { i } else { b });
        candidates[best](y)
    }
}

/// Hours have days and weeks.
const DAY: usize = 24;
const WEEK: usize = 168;

fn hours(y: &[f64]) -> Result<Fitted, Reason> {
    let damped = AutoEts::default().model("AAN").damped(Some(true));
    let both = Mstl::default().season_lengths([DAY, WEEK]).method(damped).fit_series(y);
    let theta = DynamicOptimizedTheta::default();
    let week = Mstl::default().season_lengths([WEEK]).method(theta).fit_series(y);
    let naive = SeasonalNaive::default().season_length(DAY).fit_series(y);
    together([naive, both, week], Combine::Median)
}

fn sparse(y: &[f64]) -> Result<Fitted, Reason> {
    together([Imapa::default().fit_series(y), Tsb::default().fit_series(y)], Combine::Mean)
}

fn together<const N: usize>(
    members: [Result<Fitted, Reason>; N],
    combine: Combine,
) -> Result<Fitted, Reason> {
    let reason = members.iter().find_map(|f| f.as_ref().err().copied());
    let members = members.into_iter().flatten().collect();
    combined(members, combine).ok_or(reason.unwrap_or(Reason::TooShort))
}

/// Mean squared error over the last cutoffs; infinite when a fit fails.
fn backtest(y: &[f64], horizon: usize, fit: Candidate<'_>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    let mut mean = Vec::new();
    for w in 1..=WINDOWS {
        let Some(cut) = y.len().checked_sub(w * horizon).filter(|c| *c > 0) else { break };
        let Ok(f) = fit(&y[..cut]) else { return f64::INFINITY };
        mean.clear();
        forecast_into(&f, horizon, &mut mean, &mut []);
        for (v, f) in y[cut..].iter().zip(&mean).filter(|(v, _)| !v.is_nan()) {
            sum += (v - f) * (v - f);
            count += 1.0;
        }
    }
    if count > 0.0 && f64::is_finite(sum) { sum / count } else { f64::INFINITY }
}

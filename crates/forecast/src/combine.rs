//! Combinations of several methods.
//!
//! What: [`Ensemble`] fits every member to every series and takes the median or mean of their
//! forecasts. When: almost always better than choosing one member on short series; the median of
//! ETS, dynamic optimised Theta and CES is a strong default (Petropoulos & Svetunkov 2020, *A
//! simple combination of univariate models*). Cost: the sum of the members'.

use crate::method::Method;
use crate::numeric::median;
use crate::state::{Fitted, Reader, Reason, State};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// How forecasts are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Combine {
    /// The middle forecast of each step.
    #[default]
    Median,
    /// The average.
    Mean,
}

impl Combine {
    /// The name, as in `"median"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Combine::Median => "median",
            Combine::Mean => "mean",
        }
    }
}

impl std::str::FromStr for Combine {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        [Combine::Median, Combine::Mean].into_iter().find(|c| c.as_str() == name).ok_or_else(|| {
            Error::invalid_params(format!("combine must be median or mean, got {name:?}"))
                .with("parameter", "combine")
        })
    }
}

/// A combination of methods.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ensemble {
    /// The members, 1..=64.
    pub members: Vec<Method>,
    /// How they are combined (default median).
    pub combine: Combine,
}

impl Ensemble {
    /// An ensemble of these members.
    #[must_use]
    pub fn of(members: impl IntoIterator<Item = Method>) -> Self {
        Self { members: members.into_iter().collect(), combine: Combine::default() }
    }

    /// Sets how members are combined.
    #[must_use]
    pub fn combine(mut self, combine: Combine) -> Self {
        self.combine = combine;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// `invalid_params`, also of a member.
    pub fn check(&self) -> Result<()> {
        if self.members.is_empty() || self.members.len() > MAX_MEMBERS {
            return Err(Error::invalid_params(format!(
                "an ensemble has 1..={MAX_MEMBERS} members, got {}",
                self.members.len()
            ))
            .with("parameter", "members"));
        }
        let composed = |m: &Method| m.is_composed() && !matches!(m, Method::Mstl(_));
        if self.members.iter().any(composed) {
            return Err(Error::invalid_params("an ensemble's members are single methods")
                .with("parameter", "members"));
        }
        self.members.iter().try_for_each(Method::check)
    }

    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let mut members = Vec::with_capacity(self.members.len());
        let mut first_reason = None;
        for m in &self.members {
            match m.fit_series(y) {
                Ok(f) => members.push(f),
                Err(r) => first_reason = first_reason.or(Some(r)),
            }
        }
        combined(members, self.combine).ok_or(first_reason.unwrap_or(Reason::TooShort))
    }
}

const MAX_MEMBERS: usize = 64;

/// The combination of the members that could be fitted; one alone is itself.
pub(crate) fn combined(mut members: Vec<Fitted>, combine: Combine) -> Option<Fitted> {
    if members.len() < 2 {
        return members.pop();
    }
    Some(Combination { members, combine }.into())
}

/// Fitted members.
#[derive(Debug, Clone)]
pub(crate) struct Combination {
    members: Vec<Fitted>,
    combine: Combine,
}

impl Combination {
    fn join(&self, columns: &[Vec<f64>], out: &mut [f64]) {
        let mut row = Vec::with_capacity(columns.len());
        for (h, v) in out.iter_mut().enumerate() {
            row.clear();
            row.extend(columns.iter().map(|c| c[h]).filter(|x| x.is_finite()));
            *v = match self.combine {
                Combine::Median => median(&mut row),
                Combine::Mean => row.iter().map(|x| x / row.len() as f64).sum(),
            };
        }
    }
}

impl State for Combination {
    fn mean(&self, out: &mut [f64]) {
        let columns: Vec<Vec<f64>> = self
            .members
            .iter()
            .map(|m| {
                let mut column = vec![0.0; out.len()];
                m.mean(&mut column);
                column
            })
            .collect();
        self.join(&columns, out);
    }
    fn deviations(&self, mean: &[f64]) -> Vec<f64> {
        let mut own = mean.to_vec();
        let columns: Vec<Vec<f64>> = self
            .members
            .iter()
            .map(|m| {
                m.mean(&mut own);
                m.deviations(&own)
            })
            .collect();
        let mut out = vec![0.0; mean.len()];
        self.join(&columns, &mut out);
        out
    }
    /// The middle of the members' own limits where all of them are distributions of demand.
    fn limits(&self, step: usize, mean: f64, deviation: f64, level: f64) -> (f64, f64) {
        if !self.members.iter().all(|m| matches!(m, Fitted::Intermittent(_))) {
            return crate::ets::normal_limits(mean, deviation, level);
        }
        let limits = self.members.iter().map(|m| m.limits(step, mean, deviation, level));
        let (mut lo, mut hi): (Vec<f64>, Vec<f64>) = limits.unzip();
        (median(&mut lo), median(&mut hi))
    }
    fn update(&mut self, y: f64) {
        self.members.iter_mut().for_each(|m| m.update(y));
    }
    fn write(&self, out: &mut Vec<f64>) {
        out.push(f64::from(u8::from(self.combine == Combine::Mean)));
        out.push(self.members.len() as f64);
        self.members.iter().for_each(|m| m.write(out));
    }
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let combine = [Combine::Median, Combine::Mean][r.count(2)?];
        let n = r.count(MAX_MEMBERS + 1)?;
        let mut members = Vec::with_capacity(n);
        for _ in 0..n {
            members.push(r.inner(Fitted::read)?);
        }
        (n > 0).then_some(Self { members, combine })
    }
    fn label(&self) -> String {
        let names: Vec<String> = self.members.iter().map(State::label).collect();
        let how = if self.combine == Combine::Median { "median" } else { "mean" };
        format!("{how}({})", names.join(", "))
    }
}

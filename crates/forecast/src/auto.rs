//! The default: the right kind of method for every series.

use crate::ces::AutoCes;
use crate::combine::{Combine, combined};
use crate::ets::{AutoEts, check_season};
use crate::intermittent::{DemandClass, Imapa, Tsb, classify};
use crate::state::{Fitted, Reason};
use crate::theta::DynamicOptimizedTheta;
use mercato_core::Result;
use serde::{Deserialize, Serialize};

/// Chooses by demand class.
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

    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let m = self.season_length;
        let members = match classify(y) {
            DemandClass::Intermittent | DemandClass::Lumpy | DemandClass::None => {
                vec![Imapa::default().fit_series(y), Tsb::default().fit_series(y)]
            }
            _ => vec![
                AutoEts::default().season_length(m).fit_series(y),
                DynamicOptimizedTheta::default().season_length(m).fit_series(y),
                AutoCes::default().season_length(m).fit_series(y),
            ],
        };
        let reason = members.iter().find_map(|f| f.as_ref().err().copied());
        let members = members.into_iter().flatten().collect();
        combined(members, Combine::Median).ok_or(reason.unwrap_or(Reason::TooShort))
    }
}

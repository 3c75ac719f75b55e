//! Every estimator under one type, so that lists of them are data.

use crate::auto::Auto;
use crate::ces::AutoCes;
use crate::combine::Ensemble;
use crate::conformal::Conformal;
use crate::ets::{AutoEts, Holt, HoltWinters, Ses};
use crate::intermittent::{Adida, Croston, Imapa, Tsb};
use crate::model::ForecastModel;
use crate::mstl::Mstl;
use crate::simple::{Drift, HistoricAverage, Naive, SeasonalNaive, WindowAverage};
use crate::state::{Fitted, Reason};
use crate::theta::{AutoTheta, DynamicOptimizedTheta, DynamicTheta, OptimizedTheta, Theta};
use mercato_core::{Panel, Result, Run};
use serde::{Deserialize, Serialize};

macro_rules! methods {
    ($($name:ident),+ $(,)?) => {
        /// Any forecasting method with its parameters.
        ///
        /// ```
        /// use mercato_forecast::{AutoEts, Method, Naive};
        /// let methods: Vec<Method> = vec![Naive::default().into(), AutoEts::default().into()];
        /// assert_eq!(methods[1].name(), "AutoEts");
        /// ```
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Method {
            $(
                #[doc = concat!("See [`", stringify!($name), "`].")]
                $name($name)
            ),+
        }

        impl Method {
            /// The estimator's name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Method::$name(_) => stringify!($name)),+ }
            }

            /// Checks the parameters.
            ///
            /// # Errors
            /// `invalid_params`.
            pub fn check(&self) -> Result<()> {
                match self { $(Method::$name(m) => m.check()),+ }
            }

            pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
                match self { $(Method::$name(m) => m.fit_series(y)),+ }
            }
        }

        $(
            impl From<$name> for Method {
                fn from(m: $name) -> Self { Method::$name(m) }
            }

            impl $name {
                /// Fits every series of the panel. A series that the method cannot serve gets a
                /// simpler one; [`ForecastModel::failures`] says which and why.
                ///
                /// # Errors
                /// `invalid_params`, `cancelled`.
                pub fn fit(&self, panel: &Panel, run: &Run) -> Result<ForecastModel> {
                    Method::from(self.clone()).fit(panel, run)
                }
            }
        )+
    };
}

methods! {
    Naive, SeasonalNaive, HistoricAverage, WindowAverage, Drift, Ses, Holt, HoltWinters, AutoEts,
    Theta, OptimizedTheta, DynamicTheta, DynamicOptimizedTheta, AutoTheta, AutoCes, Croston, Tsb,
    Adida, Imapa, Mstl, Ensemble, Auto, Conformal,
}

impl Method {
    /// Whether it is made of other methods.
    pub(crate) fn is_composed(&self) -> bool {
        matches!(
            self,
            Method::Mstl(_) | Method::Ensemble(_) | Method::Auto(_) | Method::Conformal(_)
        )
    }

    /// Fits every series of the panel; see the `fit` of each estimator.
    ///
    /// # Errors
    /// `invalid_params`, `cancelled`.
    pub fn fit(&self, panel: &Panel, run: &Run) -> Result<ForecastModel> {
        ForecastModel::fit(self, panel, run)
    }
}

//! Demand forecasting: statistical models, their combinations, intervals and backtests; and
//! [`replenish`], from a forecast to purchase orders.
//!
//! Every estimator is a plain record; `fit` takes a [`Panel`](mercato_core::Panel) and gives a
//! [`ForecastModel`]; only models predict. [`Auto`] is the default to start from.
//!
//! ```
//! use mercato_core::{Panel, Run};
//! use mercato_forecast::{Auto, PredictOptions};
//! let sales = (0..48).map(|t| 100.0 + t as f64 + 10.0 * ((t % 12) as f64)).collect();
//! let panel = Panel::from_series("M".parse()?, [("tea", 0, sales)])?;
//! let model = Auto::default().season_length(12).fit(&panel, &Run::seed(0))?;
//! let forecast = model.predict(12, &PredictOptions::default().levels([80.0]))?;
//! assert_eq!(forecast.mean().len(), 12);
//! # Ok::<(), mercato_core::Error>(())
//! ```

#![deny(missing_docs)]

mod auto;
mod backtest;
mod ces;
mod combine;
mod conformal;
mod ets;
pub mod intermittent;
mod method;
mod metrics;
mod model;
mod mstl;
mod numeric;
pub mod replenish;
mod season;
mod simple;
mod state;
mod table;
mod theta;

pub use auto::Auto;
pub use backtest::{Backtest, CrossValidation, Predictions, cross_validate};
pub use ces::AutoCes;
pub use combine::{Combine, Ensemble};
pub use conformal::Conformal;
pub use ets::{AutoEts, Errors, Holt, HoltWinters, Season, Ses, Trend};
pub use intermittent::{Adida, Croston, CrostonVariant, DemandClass, Imapa, Tsb, classify};
pub use method::Method;
pub use metrics::{Metric, Score, evaluate};
pub use model::{Failure, ForecastModel, SeriesModel};
pub use mstl::Mstl;
pub use simple::{Drift, HistoricAverage, Naive, SeasonalNaive, WindowAverage};
pub use state::Reason;
pub use table::{Forecast, Interval, PredictOptions};
pub use theta::{AutoTheta, DynamicOptimizedTheta, DynamicTheta, OptimizedTheta, Theta};

//! Retail intelligence you embed: recommendation, vector similarity, demand forecasting and
//! replenishment, customer-service language and route optimisation, in one engine without a server.
//!
//! This crate is the one to depend on. It holds features and re-exports, nothing else: the shared
//! nouns stand at the root, each domain in its module, behind a feature of the same name (all on by
//! default).
//!
//! Every domain follows one pattern: an estimator is a plain record of hyperparameters, `fit` gives
//! a model, the model answers, is saved to one file and opened from it in any language.
//!
//! ```
//! use mercato::recsys::{Als, AlsModel, Query, Recommender};
//! use mercato::{Interactions, Persist, Run};
//! let sales = Interactions::builder(
//!     ["ann", "ann", "bob", "bob", "cid"],
//!     ["tea", "cup", "tea", "mug", "cup"],
//! )
//! .build()?;
//! let model = Als::default().factors(8).fit(&sales, &Run::seed(7))?;
//! let top = model.recommend("cid", 2, &Query::default())?;
//! assert_eq!(top.len(), 2);
//! let again = AlsModel::from_bytes(&model.to_bytes()?)?;
//! assert_eq!(again.recommend("cid", 2, &Query::default())?, top);
//! # Ok::<(), mercato::Error>(())
//! ```

pub use mercato_core::*;

/// Demand forecasting, and from forecasts to purchase orders.
#[cfg(feature = "forecast")]
pub use mercato_forecast as forecast;
/// Vector similarity: exact and graph search with filters.
#[cfg(feature = "index")]
pub use mercato_index as index;
/// Customer-service language: intents, sentiment, answers.
#[cfg(feature = "nlp")]
pub use mercato_nlp as nlp;
/// Recommendation models, ranking and evaluation.
#[cfg(feature = "recsys")]
pub use mercato_recsys as recsys;
/// Vehicle routing.
#[cfg(feature = "routing")]
pub use mercato_routing as routing;

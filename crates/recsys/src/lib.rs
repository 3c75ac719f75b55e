//! Recommendation: models, ranking and evaluation.
//!
//! | type | what it is | choose it |
//! |---|---|---|
//! | [`Als`] | implicit-feedback matrix factorisation | as the sturdy default |
//! | [`Spectral`] | graph filter: a walk plus a low-pass projection | sparse positive feedback |
//! | [`ItemKnn`] | item neighbours: cosine, tf-idf, BM25, RP3beta | for co-purchases and reasons |
//! | [`Popularity`] | the same list for everybody | as baseline and fallback |
//!
//! An estimator is a record of hyperparameters; `fit` gives a model; every model is a
//! [`Recommender`] and can be saved and opened ([`Persist`](mercato_core::Persist)). [`evaluate`]
//! judges any of them.

#![deny(missing_docs)]

pub mod als;
mod catalog;
mod evaluate;
mod explain;
pub mod item_knn;
mod kernels;
mod method;
mod model;
mod params;
pub mod popularity;
mod query;
mod recommendations;
pub mod spectral;

pub use als::{Als, AlsModel, UserVector};
pub use catalog::Catalog;
pub use evaluate::{Evaluation, evaluate};
pub use explain::{Contribution, Explanation, ExplanationKind, Reasons};
pub use item_knn::{ItemKnn, ItemKnnModel};
pub use method::{AnyModel, Method};
pub use model::{Candidates, Model, Recommender, Scratch, Taste};
pub use popularity::{Popularity, PopularityModel};
pub use query::{History, Query};
pub use recommendations::{NO_ITEM, Recommendations};
pub use spectral::{Spectral, SpectralModel};

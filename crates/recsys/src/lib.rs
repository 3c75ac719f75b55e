//! Recommendation: models, ranking and evaluation.
//!
//! | type | what it is | choose it |
//! |---|---|---|
//! | [`AutoRecommender`] | chooses, tunes and blends the others | to begin with |
//! | [`Als`] | implicit-feedback matrix factorisation | for vectors of users and items |
//! | [`Spectral`] | graph filter: a walk plus a low-pass projection | sparse positive feedback |
//! | [`Ease`] | every item explained by the others, exactly | up to some ten thousand items |
//! | [`ItemKnn`] | item neighbours: cosine, tf-idf, BM25, RP3beta | for co-purchases and reasons |
//! | [`Blend`] | weighted sum of other models | when they err differently |
//! | [`QuantizedModel`] | a factor model in a few bytes per item | on phones |
//! | [`SequenceLinear`] | what comes next, by recent items | events with times: next purchase, click, song |
//! | [`RepeatBasket`] | what is bought again, and what follows it | groceries and other repeat purchases |
//! | [`Popularity`] | the same list for everybody | as baseline and fallback |
//!
//! An estimator is a record of hyperparameters; `fit` gives a model; every model is a
//! [`Recommender`] and can be saved and opened ([`Persist`](mercato_core::Persist)). [`evaluate`]
//! judges any of them; [`update`](Recommender::update) gives it the events of today.

#![deny(missing_docs)]

pub mod als;
pub mod auto;
pub mod basket;
pub mod blend;
mod catalog;
pub mod chain;
pub mod ease;
mod evaluate;
mod explain;
mod filters;
pub mod item_knn;
mod kernels;
mod linear;
mod method;
mod model;
mod params;
pub mod popularity;
pub mod quantized;
mod query;
mod recommendations;
mod request;
pub mod rules;
pub mod sequence;
pub mod spectral;
mod update;
mod user_vector;

pub use als::{Als, AlsModel};
pub use auto::AutoRecommender;
pub use basket::{RepeatBasket, RepeatBasketModel};
pub use blend::{Blend, BlendModel};
pub use catalog::Catalog;
pub use chain::{Answer, Chain, ChainBuilder, Reason, Request, Source};
pub use ease::{Ease, EaseModel};
pub use evaluate::{
    Comparison, Evaluation, Interval, Segment, UserMetrics, compare, evaluate, evaluate_users,
};
pub use explain::{Contribution, Explanation, ExplanationKind, Reasons};
pub use item_knn::{ItemKnn, ItemKnnModel};
pub use method::{AnyModel, Method};
pub use model::{Candidates, Model, Recommender, Scratch, Taste};
pub use popularity::{Popularity, PopularityModel};
pub use quantized::{Quantization, QuantizedModel};
pub use query::{History, Query};
pub use recommendations::{NO_ITEM, Recommendations};
pub use request::Ranking;
pub use rules::{ItemTrace, Rule, RuleTrace, Rules, Trace, TraceStep};
pub use sequence::{SequenceLinear, SequenceLinearModel};
pub use spectral::{Spectral, SpectralModel};
pub use update::{Growth, Refresh};
pub use user_vector::UserVector;

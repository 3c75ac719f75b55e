//! Recommendation.

use crate::convert::{self, IdIn, IdOut};
use crate::data::{Interactions, ItemAttributes};
use crate::error::{raise, short};
use crate::run::{Work, long};
use mercato::recsys::{Model, Recommender as _};
use mercato::{Error, Persist};
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// An id and its score, as every ranking method returns them: best first.
#[napi(object)]
pub struct Scored {
    /// The id in the caller's own type.
    #[napi(ts_type = "Id")]
    pub id: IdOut,
    /// Higher is better; a single-precision number.
    pub score: f64,
}

/// Recommendations for many users, best first; missing is null and minus infinity.
#[napi(object)]
pub struct Recommendations {
    /// The ids of the users, one per row.
    #[napi(ts_type = "Id[]")]
    pub users: Vec<IdOut>,
    /// Item ids, one array per user.
    #[napi(ts_type = "(Id | null)[][]")]
    pub items: Vec<Vec<Option<IdOut>>>,
    /// Scores, one array per user.
    pub scores: Vec<Float32Array>,
}

fn ranked(list: &[mercato::Scored]) -> Vec<Scored> {
    let one =
        |s: &mercato::Scored| Scored { id: convert::id_out(s.id.as_ref()), score: s.score.into() };
    list.iter().map(one).collect()
}

fn recommend(
    env: &Env,
    model: &dyn Model,
    user: IdIn<'_>,
    options: Option<&Object<'_>>,
) -> Result<Vec<Scored>> {
    let (n, query) = convert::query(env, options)?;
    short(env, || Ok(ranked(&model.recommend(&convert::id(user)?, n, &query)?)))
}

fn similar_items(
    env: &Env,
    model: &dyn Model,
    item: IdIn<'_>,
    options: Option<&Object<'_>>,
) -> Result<Vec<Scored>> {
    let (n, query) = convert::query(env, options)?;
    short(env, || Ok(ranked(&model.similar_items(&convert::id(item)?, n, &query)?)))
}

fn recommend_batch(
    env: &Env,
    model: Arc<dyn Model>,
    users: Option<Vec<IdIn<'_>>>,
    options: Option<&Object<'_>>,
    run: Option<&Object<'_>>,
) -> Result<AsyncTask<Work<Recommendations>>> {
    let (n, query) = convert::query(env, options)?;
    let users =
        users.map(|ids| ids.into_iter().map(convert::id).collect::<mercato::Result<Vec<_>>>());
    let users = users.transpose().map_err(|e| raise(env, &e))?;
    long(env, run, move |run| {
        let column = users.as_deref().map(convert::column_of).transpose()?;
        let all = model.recommend_batch(column.as_ref(), n, &query, run)?;
        let n = all.n().max(1);
        let ids = all.item_ids();
        let item = |&d: &u32| ((d as usize) < ids.len()).then(|| convert::id_out(ids.id(d)));
        Ok(Recommendations {
            users: all.users().iter().map(|&u| convert::id_out(all.user_ids().id(u))).collect(),
            items: all.items().chunks(n).map(|row| row.iter().map(item).collect()).collect(),
            scores: all.scores().chunks(n).map(|row| Float32Array::from(row.to_vec())).collect(),
        })
    })
}

/// Ranks for every user of `test` and scores the rankings at each cut-off of `k` (default 10, 20):
/// `recall@10`, `ndcg@10`, `hit@10`, `mrr@10`, `coverage@10`, `novelty@10` ...
#[napi(ts_return_type = "Promise<Record<string, number>>")]
pub fn evaluate(
    env: &Env,
    model: Either3<&AlsModel, &ItemKnnModel, &PopularityModel>,
    test: &Interactions,
    k: Option<Vec<u32>>,
    #[napi(ts_arg_type = "RunOptions")] run: Option<Object<'_>>,
) -> Result<AsyncTask<Work<HashMap<String, f64>>>> {
    let model: Arc<dyn Model> = match model {
        Either3::A(m) => m.0.clone(),
        Either3::B(m) => m.0.clone(),
        Either3::C(m) => m.0.clone(),
    };
    let test = test.0.clone();
    let ks: Vec<usize> = k.unwrap_or_else(|| vec![10, 20]).iter().map(|&k| k as usize).collect();
    long(env, run.as_ref(), move |run| {
        let query = mercato::recsys::Query::default();
        let found = mercato::recsys::evaluate(&*model, &test, &ks, &query, run)?;
        let mut metrics: HashMap<String, f64> = found.metrics.into_iter().collect();
        metrics.insert("users".into(), found.users as f64);
        metrics.insert("unknown_users".into(), found.unknown_users as f64);
        Ok(metrics)
    })
}

/// One recommender: the estimator with `fit`, and the model with what all models have.
macro_rules! recommender {
    ($estimator:ident, $model:ident, $params:literal, $fitted:literal) => {
        /// Hyperparameters; `params` has every one of them.
        #[napi]
        pub struct $estimator(mercato::recsys::$estimator);

        #[napi]
        impl $estimator {
            /// Those that are left out have their defaults; unknown ones are errors.
            #[napi(constructor)]
            pub fn new(
                env: &Env,
                #[napi(ts_arg_type = $params)] params: Option<Value>,
            ) -> Result<Self> {
                short(env, || {
                    let params = params.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
                    let record: mercato::recsys::$estimator = (&params).try_into()?;
                    record.check()?;
                    Ok(Self(record))
                })
            }

            /// Every hyperparameter with its value.
            #[napi(getter, ts_return_type = "Record<string, unknown>")]
            pub fn params(&self, env: &Env) -> Result<Value> {
                short(env, || json(&self.0))
            }

            /// Learns a model, off the event loop.
            #[napi(ts_return_type = $fitted)]
            pub fn fit(
                &self,
                env: &Env,
                interactions: &Interactions,
                #[napi(ts_arg_type = "RunOptions")] run: Option<Object<'_>>,
            ) -> Result<AsyncTask<Work<$model>>> {
                let (record, data) = (self.0.clone(), interactions.0.clone());
                long(env, run.as_ref(), move |run| Ok($model(Arc::new(record.fit(&data, run)?))))
            }
        }

        /// A fitted model; it never changes.
        #[napi]
        pub struct $model(Arc<mercato::recsys::$model>);

        #[napi]
        impl $model {
            /// Opens a file by memory-mapping, in constant time.
            #[napi(factory)]
            pub fn open(env: &Env, path: String) -> Result<Self> {
                short(env, || Ok(Self(Arc::new(Persist::open(path)?))))
            }

            /// Reads a file into memory and verifies every checksum.
            #[napi(factory)]
            pub fn load(env: &Env, path: String) -> Result<Self> {
                short(env, || Ok(Self(Arc::new(Persist::load(path)?))))
            }

            /// A model from the bytes that `toBytes` or `save` gave.
            #[napi(factory)]
            pub fn from_bytes(env: &Env, bytes: &[u8]) -> Result<Self> {
                short(env, || Ok(Self(Arc::new(Persist::from_bytes(bytes)?))))
            }

            /// Saves to a file, atomically: a crash leaves the old file or the new one.
            #[napi(ts_return_type = "Promise<void>")]
            pub fn save(&self, env: &Env, path: String) -> Result<AsyncTask<Work<()>>> {
                let model = self.0.clone();
                long(env, None, move |_| model.save(path))
            }

            /// The bytes that `save` would write.
            #[napi]
            pub fn to_bytes(&self, env: &Env) -> Result<Buffer> {
                short(env, || self.0.to_bytes()).map(Buffer::from)
            }

            /// The same model with item attributes, which `where` reads.
            #[napi]
            pub fn with_attributes(&self, env: &Env, attributes: &ItemAttributes) -> Result<Self> {
                let work = || Ok((*self.0).clone().with_attributes(&attributes.0));
                short(env, work).map(|model| Self(Arc::new(model)))
            }

            /// The hyperparameters that the model was fitted with.
            #[napi(getter, ts_return_type = "Record<string, unknown>")]
            pub fn params(&self, env: &Env) -> Result<Value> {
                short(env, || json(self.0.params()))
            }

            /// The ids of the users that the model knows, in dense order.
            #[napi(getter, ts_return_type = "Id[]")]
            pub fn users(&self) -> Vec<IdOut> {
                convert::ids_out(self.0.catalog().users())
            }

            /// The ids of the items that the model knows, in dense order.
            #[napi(getter, ts_return_type = "Id[]")]
            pub fn items(&self) -> Vec<IdOut> {
                convert::ids_out(self.0.catalog().items())
            }

            /// The best items for a user, best first; `n` is 10 when left out.
            #[napi]
            pub fn recommend(
                &self,
                env: &Env,
                #[napi(ts_arg_type = "Id")] user: IdIn<'_>,
                #[napi(ts_arg_type = "Query")] query: Option<Object<'_>>,
            ) -> Result<Vec<Scored>> {
                recommend(env, &*self.0, user, query.as_ref())
            }

            /// The items most like `item`, best first.
            #[napi]
            pub fn similar_items(
                &self,
                env: &Env,
                #[napi(ts_arg_type = "Id")] item: IdIn<'_>,
                #[napi(ts_arg_type = "Query")] query: Option<Object<'_>>,
            ) -> Result<Vec<Scored>> {
                similar_items(env, &*self.0, item, query.as_ref())
            }

            /// The best items for each of many users, all of them when `users` is null, off the
            /// event loop.
            #[napi(ts_return_type = "Promise<Recommendations>")]
            pub fn recommend_batch(
                &self,
                env: &Env,
                #[napi(ts_arg_type = "Id[] | null")] users: Option<Vec<IdIn<'_>>>,
                #[napi(ts_arg_type = "Query")] query: Option<Object<'_>>,
                #[napi(ts_arg_type = "RunOptions")] run: Option<Object<'_>>,
            ) -> Result<AsyncTask<Work<Recommendations>>> {
                recommend_batch(env, self.0.clone(), users, query.as_ref(), run.as_ref())
            }
        }
    };
}

recommender!(Als, AlsModel, "AlsParams", "Promise<AlsModel>");
recommender!(ItemKnn, ItemKnnModel, "ItemKnnParams", "Promise<ItemKnnModel>");
recommender!(Popularity, PopularityModel, "PopularityParams", "Promise<PopularityModel>");

/// By way of text, so that a single-precision 0.01 stays 0.01.
fn json(record: &impl serde::Serialize) -> mercato::Result<Value> {
    serde_json::to_string(record)
        .and_then(|text| serde_json::from_str(&text))
        .map_err(|e| Error::internal(e.to_string()))
}

/// Opens a model of any kind by memory-mapping, in constant time.
#[napi(ts_return_type = "AlsModel | ItemKnnModel | PopularityModel")]
pub fn open(env: &Env, path: String) -> Result<Either3<AlsModel, ItemKnnModel, PopularityModel>> {
    short(env, || {
        let artifact = mercato::Artifact::open(&path)?;
        Ok(match artifact.kind() {
            "als" => Either3::A(AlsModel(Arc::new(Persist::from_artifact(&artifact)?))),
            "item_knn" => Either3::B(ItemKnnModel(Arc::new(Persist::from_artifact(&artifact)?))),
            "popularity" => {
                Either3::C(PopularityModel(Arc::new(Persist::from_artifact(&artifact)?)))
            }
            kind => {
                return Err(Error::wrong_kind(format!(
                    "no class opens an artifact of kind {kind}"
                )));
            }
        })
    })
}

/// A user's vector in the space of a model.
#[napi]
pub struct UserVector(mercato::recsys::UserVector);

#[napi]
impl UserVector {
    /// The vector; its length is the model's `factors`.
    #[napi(getter)]
    pub fn values(&self) -> Float32Array {
        Float32Array::from(self.0.values.clone())
    }
}

#[napi]
impl AlsModel {
    /// The vector of somebody with this history. The model is not changed.
    #[napi]
    pub fn fold_in(
        &self,
        env: &Env,
        #[napi(ts_arg_type = "History")] history: Vec<Either<Vec<IdIn<'_>>, IdIn<'_>>>,
    ) -> Result<UserVector> {
        short(env, || self.0.fold_in(&convert::history(history)?).map(UserVector))
    }

    /// The best items for a folded-in vector, its history left out.
    #[napi]
    pub fn recommend_vector(
        &self,
        env: &Env,
        user: &UserVector,
        #[napi(ts_arg_type = "Query")] query: Option<Object<'_>>,
    ) -> Result<Vec<Scored>> {
        let (n, query) = convert::query(env, query.as_ref())?;
        short(env, || Ok(ranked(&self.0.recommend_vector(&user.0, n, &query)?)))
    }
}

//! Recommendation.

use crate::convert::{self, Event, Id, Scored};
use crate::error::{Result, guarded};
use mercato::Persist as _;
use mercato::recsys::{AnyModel, Recommender as _};
use std::sync::Arc;

/// How to recommend. The default leaves out what the user has seen and nothing else.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Query {
    /// Leave out what the user has seen in training, and the history.
    #[uniffi(default = true)]
    pub exclude_seen: bool,
    /// Only items whose attributes pass: JSON such as `{"price": {"lt": 20}}`.
    #[uniffi(default = None)]
    pub filter: Option<String>,
    /// Only these items; unknown ones are ignored.
    #[uniffi(default = None)]
    pub items: Option<Vec<Id>>,
    /// For somebody with this history, oldest first, instead of the user's own; the user may then
    /// be unknown.
    #[uniffi(default = None)]
    pub history: Option<Vec<Event>>,
}

fn query(query: Option<Query>) -> mercato::Result<mercato::recsys::Query> {
    let mut out = mercato::recsys::Query::default();
    if let Some(q) = query {
        out.exclude_seen = q.exclude_seen;
        out.filter = convert::filter(q.filter.as_deref())?;
        out.items = q.items.map(|ids| ids.into_iter().map(Into::into).collect());
        out.history = q.history.map(convert::history);
    }
    Ok(out)
}

/// What an event of a history gives to a score.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Contribution {
    /// The item of the history.
    pub item: Id,
    /// Its weight there.
    pub weight: f32,
    /// Its part of the score, or its likeness.
    pub part: f32,
}

/// Why an item has its score.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Explanation {
    /// The score that `recommend` gives.
    pub score: f32,
    /// `exact` (parts and rest add up to the score), `neighbors` or `popularity`.
    pub kind: String,
    /// The largest part first.
    pub contributions: Vec<Contribution>,
    /// What belongs to no event.
    pub rest: f32,
    /// The share of users who have the item.
    pub share_of_users: f32,
}

/// One class per kind of model; all of them answer the same questions.
macro_rules! recommenders {
    ($($name:ident: $open:expr, $load:expr, $bytes:expr;)+) => { $(
        /// A recommender.
        #[derive(uniffi::Object)]
        pub struct $name(AnyModel);

        #[uniffi::export]
        impl $name {
            /// Opens by memory-mapping, in constant time.
            #[uniffi::constructor]
            pub fn open(path: String) -> Result<Arc<Self>> {
                guarded(|| Ok(Arc::new(Self($open(path)?.into()))))
            }

            /// Reads the file and verifies every checksum.
            #[uniffi::constructor]
            pub fn load(path: String) -> Result<Arc<Self>> {
                guarded(|| Ok(Arc::new(Self($load(path)?.into()))))
            }

            /// The model in a byte string; large ones are quicker by path.
            #[uniffi::constructor]
            pub fn from_bytes(data: Vec<u8>) -> Result<Arc<Self>> {
                guarded(|| Ok(Arc::new(Self($bytes(&data)?.into()))))
            }

            /// Saves atomically: a crash leaves the old file or the new one.
            pub fn save(&self, path: String) -> Result<()> {
                guarded(|| self.0.save(path))
            }

            /// The `n` best items for a user, best first.
            #[uniffi::method(default(n = 10, query = None))]
            pub fn recommend(&self, user: Id, n: u32, query: Option<Query>) -> Result<Vec<Scored>> {
                guarded(|| {
                    let query = self::query(query)?;
                    let user = mercato::Id::from(user);
                    Ok(convert::scored(self.0.recommend(&user, n as usize, &query)?))
                })
            }

            /// The `n` items most like `item`, itself left out.
            #[uniffi::method(default(n = 10, query = None))]
            pub fn similar_items(&self, item: Id, n: u32, query: Option<Query>) -> Result<Vec<Scored>> {
                guarded(|| {
                    let query = self::query(query)?;
                    let item = mercato::Id::from(item);
                    Ok(convert::scored(self.0.similar_items(&item, n as usize, &query)?))
                })
            }

            /// Why an item has its score for a user.
            #[uniffi::method(default(query = None))]
            pub fn explain(&self, user: Id, item: Id, query: Option<Query>) -> Result<Explanation> {
                guarded(|| {
                    let (user, item) = (mercato::Id::from(user), mercato::Id::from(item));
                    let why = self.0.explain(&user, &item, &self::query(query)?)?;
                    let kind = serde_json::to_value(why.kind).ok();
                    let part = |c: mercato::recsys::Contribution| {
                        Contribution { item: c.item.into(), weight: c.weight, part: c.part }
                    };
                    Ok(Explanation {
                        score: why.score,
                        kind: kind.and_then(|k| k.as_str().map(str::to_owned)).unwrap_or_default(),
                        contributions: why.contributions.into_iter().map(part).collect(),
                        rest: why.rest,
                        share_of_users: why.share_of_users,
                    })
                })
            }

            /// The ids of the items that the model knows.
            pub fn items(&self) -> Vec<Id> {
                self.0.catalog().items().iter().map(|id| id.to_id().into()).collect()
            }

            /// How many users the model knows.
            pub fn user_count(&self) -> u64 {
                self.0.catalog().users().len() as u64
            }
        }
    )+ };
    ($($model:ident),+; any $any:ident) => {
        recommenders! {
            $any: AnyModel::open, AnyModel::load, any_from_bytes;
            $($model: mercato::recsys::$model::open, mercato::recsys::$model::load, mercato::recsys::$model::from_bytes;)+
        }
    };
}

fn any_from_bytes(data: &[u8]) -> mercato::Result<AnyModel> {
    AnyModel::from_artifact(&mercato::Artifact::from_bytes(data)?)
}

recommenders! {
    AlsModel, BlendModel, EaseModel, ItemKnnModel, PopularityModel, QuantizedModel, RepeatBasketModel,
    SequenceLinearModel, SpectralModel; any Recommender
}

//! `Interactions` and `ItemAttributes`.

use crate::convert::{self, IdIn, IdOut, IdsIn, Records};
use crate::error::short;
use mercato::Error;
use mercato::table::{InteractionColumns, Table};
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::Value;
use std::sync::Arc;

/// Validated interactions of users with items: the input of every recommender.
#[napi]
pub struct Interactions(pub(crate) Arc<mercato::Interactions>);

/// The names of the fields of a record.
#[napi(object)]
#[derive(Default)]
pub struct Columns {
    /// Users; "user_id" when left out.
    pub user: Option<String>,
    /// Items; "item_id" when left out.
    pub item: Option<String>,
    /// Weights; 1 each when left out.
    pub weight: Option<String>,
    /// Times: integers.
    pub time: Option<String>,
}

/// Numbers of a column.
type Numbers<'a> = Either4<Float32Array, Float64Array, Vec<f64>, Unknown<'a>>;
/// Times: integers of any unit, or dates.
type Times<'a> = Either3<BigInt64Array, Vec<f64>, Unknown<'a>>;

#[napi]
impl Interactions {
    /// From one array each: ids (all strings or all integers), weights (finite, not negative; 1 when
    /// left out) and times (integers; milliseconds of a Date are one unit among others).
    #[napi(factory)]
    pub fn from_arrays(
        env: &Env,
        #[napi(ts_arg_type = "Ids")] users: IdsIn<'_>,
        #[napi(ts_arg_type = "Ids")] items: IdsIn<'_>,
        #[napi(ts_arg_type = "Float32Array | Float64Array | number[] | null")] weights: Option<
            Numbers<'_>,
        >,
        #[napi(ts_arg_type = "BigInt64Array | number[] | null")] times: Option<Times<'_>>,
    ) -> Result<Self> {
        short(env, || {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            let users = convert::column("users", &users, &mut a)?;
            let items = convert::column("items", &items, &mut b)?;
            let weights = weights.map(floats).transpose()?;
            let times = times.map(integers).transpose()?;
            let mut builder = mercato::Interactions::builder(users, items);
            if let Some(weights) = &weights {
                builder = builder.weights(weights);
            }
            if let Some(times) = &times {
                builder = builder.times(times);
            }
            builder.build().map(|inner| Self(Arc::new(inner)))
        })
    }

    /// From one record per event, for small data: `columns` names the fields (default "user_id" and
    /// "item_id", no weight, no time).
    #[napi(factory)]
    pub fn from_records(
        env: &Env,
        #[napi(ts_arg_type = "Record<string, unknown>[]")] records: Value,
        columns: Option<Columns>,
    ) -> Result<Self> {
        let columns = columns.unwrap_or_default();
        short(env, || {
            let names = InteractionColumns {
                user: columns.user.as_deref().unwrap_or("user_id"),
                item: columns.item.as_deref().unwrap_or("item_id"),
                weight: columns.weight.as_deref(),
                time: columns.time.as_deref(),
            };
            let inner = mercato::Interactions::from_table(&Records::new(records)?, names)?;
            Ok(Self(Arc::new(inner)))
        })
    }

    /// How many users are known.
    #[napi(getter)]
    pub fn n_users(&self) -> u32 {
        self.0.n_users() as u32
    }

    /// How many items are known.
    #[napi(getter)]
    pub fn n_items(&self) -> u32 {
        self.0.n_items() as u32
    }

    /// How many distinct (user, item) pairs.
    #[napi(getter)]
    pub fn length(&self) -> f64 {
        self.0.len() as f64
    }

    /// The user ids, in dense order.
    #[napi(getter, ts_return_type = "Id[]")]
    pub fn users(&self) -> Vec<IdOut> {
        convert::ids_out(self.0.users())
    }

    /// The item ids, in dense order.
    #[napi(getter, ts_return_type = "Id[]")]
    pub fn items(&self) -> Vec<IdOut> {
        convert::ids_out(self.0.items())
    }

    /// The items of a user.
    #[napi(ts_return_type = "Id[]")]
    pub fn items_of(
        &self,
        env: &Env,
        #[napi(ts_arg_type = "Id")] user: IdIn<'_>,
    ) -> Result<Vec<IdOut>> {
        short(env, || {
            let user = convert::id(user)?;
            Ok(self.0.items_of(&user)?.into_iter().map(convert::id_out).collect())
        })
    }

    /// [train, test]: every event goes to the test part with probability `test` (default 0.2).
    #[napi(ts_return_type = "[Interactions, Interactions]")]
    pub fn split_random(
        &self,
        env: &Env,
        test: Option<f64>,
        seed: Option<u32>,
    ) -> Result<Vec<Self>> {
        let seed = seed.unwrap_or(0).into();
        short(env, || self.0.split_random(test.unwrap_or(0.2), seed)).map(both)
    }

    /// [train, test]: events before the time `at`, and events at it or later.
    #[napi(ts_return_type = "[Interactions, Interactions]")]
    pub fn split_time(&self, env: &Env, at: f64) -> Result<Vec<Self>> {
        short(env, || self.0.split_time(at as i64)).map(both)
    }

    /// [train, test]: each user's last `n` events (default 1) go to the test part.
    #[napi(ts_return_type = "[Interactions, Interactions]")]
    pub fn split_last(&self, env: &Env, n: Option<u32>) -> Result<Vec<Self>> {
        short(env, || self.0.split_last(n.unwrap_or(1) as usize)).map(both)
    }
}

fn both((a, b): (mercato::Interactions, mercato::Interactions)) -> Vec<Interactions> {
    [a, b].map(|inner| Interactions(Arc::new(inner))).into()
}

fn floats(values: Numbers<'_>) -> mercato::Result<Vec<f32>> {
    match values {
        Either4::A(v) => Ok(v.to_vec()),
        Either4::B(v) => Ok(v.iter().map(|&x| x as f32).collect()),
        Either4::C(v) => Ok(v.into_iter().map(|x| x as f32).collect()),
        Either4::D(_) => Err(Error::invalid_input("weights must be an array of numbers")),
    }
}

fn integers(values: Times<'_>) -> mercato::Result<Vec<i64>> {
    match values {
        Either3::A(v) => Ok(v.to_vec()),
        Either3::B(v) if v.iter().all(|x| x.fract() == 0.0) => {
            Ok(v.into_iter().map(|x| x as i64).collect())
        }
        _ => Err(Error::invalid_input("times must be an array of integers")),
    }
}

/// Attributes of items, for filters (`where`) and content.
#[napi]
pub struct ItemAttributes(pub(crate) mercato::ItemAttributes);

#[napi]
impl ItemAttributes {
    /// From one record per item: `item` names the field of the id (default "item_id"), `columns` the
    /// attributes (all other fields when left out): strings, numbers, booleans or arrays of strings
    /// (tags); null is missing.
    #[napi(factory)]
    pub fn from_records(
        env: &Env,
        #[napi(ts_arg_type = "Record<string, unknown>[]")] records: Value,
        item: Option<String>,
        columns: Option<Vec<String>>,
    ) -> Result<Self> {
        short(env, || {
            let records = Records::new(records)?;
            let item = item.as_deref().unwrap_or("item_id");
            let others = || records.column_names().into_iter().filter(|n| n != item).collect();
            let columns: Vec<String> = columns.unwrap_or_else(others);
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            mercato::ItemAttributes::from_table(&records, item, &columns).map(Self)
        })
    }

    /// Name and kind ("text", "number", "bool", "tags") of each attribute.
    #[napi(getter, ts_return_type = "Record<string, string>")]
    pub fn columns(&self) -> Value {
        self.0.columns().iter().map(|c| (c.name().to_owned(), Value::from(c.kind()))).collect()
    }
}

/// Opens an artifact and tells what it is, without opening the model.
#[napi(ts_return_type = "Record<string, unknown>")]
pub fn inspect(env: &Env, path: String) -> Result<Value> {
    short(env, || Ok(mercato::Artifact::open(path)?.inspect()))
}

/// Reads a whole artifact and compares every checksum.
#[napi]
pub fn verify(env: &Env, path: String) -> Result<()> {
    short(env, || mercato::Artifact::open(path)?.verify())
}

/// A test hook: a panic inside a call.
#[napi(skip_typescript, js_name = "_testPanic")]
pub fn test_panic(env: &Env) -> Result<()> {
    short(env, || -> mercato::Result<()> { panic!("asked to panic") })
}

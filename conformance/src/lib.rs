//! The Rust runner of the language-neutral vectors; `conformance/README.md` tells their format.
//!
//! Each function takes the text of one file and gives the number of cases that passed, or what the
//! others did instead.

#![deny(missing_docs)]
// Test code: unreadable vectors should end the test where they are read.
#![allow(clippy::unwrap_used)]

pub mod pin;

use mercato::recsys::{
    AlsModel, AnyModel, History, ItemKnnModel, Method, Model, Popularity, PopularityModel, Query,
    Recommender, evaluate,
};
use mercato::{
    Artifact, Attribute, Error, ErrorCode, Id, IdColumn, IdMap, Interactions, ItemAttributes,
    Persist, Result, Run, Scored,
};
use mercato_testkit::testdata;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The number of cases that passed, or a line for each that did not.
pub type Verdict = std::result::Result<usize, Vec<String>>;

/// A number, or the name of one that JSON cannot write.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Plain(f64),
    Named(String),
}

impl Number {
    fn value(&self) -> f64 {
        match self {
            Number::Plain(x) => *x,
            Number::Named(name) => name.parse().expect("nan, inf or -inf"),
        }
    }
}

/// `[user, item]` or `[user, item, weight]`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Row {
    Pair(Id, Id),
    Weighted(Id, Id, f32),
}

/// The name of an estimator and its parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Estimator {
    name: String,
    #[serde(default = "no_params")]
    params: Value,
}

fn no_params() -> Value {
    Value::Object(serde_json::Map::new())
}

impl Estimator {
    fn fit(&self, data: &Interactions) -> Result<AnyModel> {
        let method: Method = serde_json::from_value(json!({ &self.name: &self.params }))
            .map_err(|e| Error::invalid_params(e.to_string()))?;
        method.fit(data, &Run::seed(0).with_threads(1))
    }
}

/// A model from an artifact that is said to be of the kind `kind`.
fn model_as(artifact: &Artifact, kind: &str) -> Result<AnyModel> {
    Ok(match kind {
        "als" => AlsModel::from_artifact(artifact)?.into(),
        "item_knn" => ItemKnnModel::from_artifact(artifact)?.into(),
        "popularity" => PopularityModel::from_artifact(artifact)?.into(),
        other => panic!("no case asks for {other}"),
    })
}

/// The path of `<kind>/v<version>`.
fn golden(name: &str) -> std::path::PathBuf {
    testdata::path(&format!("artifacts/{name}/golden.mercato"))
}

/// The golden model `<kind>/v<version>`, opened by mapping.
fn golden_model(name: &str) -> Result<AnyModel> {
    AnyModel::open(golden(name))
}

fn column(ids: &[Id]) -> IdColumn<'_> {
    match ids.first() {
        Some(Id::Int(_)) | None => IdColumn::Ints(
            ids.iter().map(|i| if let Id::Int(i) = i { *i } else { panic!("mixed ids") }).collect(),
        ),
        Some(Id::Str(_)) => {
            let text = |i: &Id| Cow::Owned(i.to_string());
            IdColumn::Strs(ids.iter().map(text).collect())
        }
    }
}

fn interactions(rows: &[Row]) -> Result<Interactions> {
    let (mut users, mut items, mut weights) = (vec![], vec![], vec![]);
    for row in rows {
        let (user, item, weight) = match row {
            Row::Pair(u, i) => (u, i, 1.0),
            Row::Weighted(u, i, w) => (u, i, *w),
        };
        users.push(user.clone());
        items.push(item.clone());
        weights.push(weight);
    }
    Interactions::builder(column(&users), column(&items)).weights(&weights).build()
}

fn verdict<C>(cases: Vec<C>, judge: impl Fn(C) -> std::result::Result<(), String>) -> Verdict {
    let n = cases.len();
    let failures: Vec<String> = cases.into_iter().filter_map(|c| judge(c).err()).collect();
    if failures.is_empty() { Ok(n) } else { Err(failures) }
}

/// Compares what happened with an expected error code.
fn expect_error<T>(name: &str, got: Result<T>, code: &str) -> std::result::Result<(), String> {
    match got {
        Err(e) if e.code().as_str() == code => Ok(()),
        Err(e) => Err(format!("{name}: expected {code}, got {e:?}")),
        Ok(_) => Err(format!("{name}: expected {code}, and it worked")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttributeColumn {
    r#type: String,
    values: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterCase {
    name: String,
    r#where: Value,
    expect: Option<BTreeSet<Id>>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterFile {
    items: Vec<Id>,
    attributes: BTreeMap<String, AttributeColumn>,
    cases: Vec<FilterCase>,
}

/// Judges `filters.json`.
pub fn filters(text: &str) -> Verdict {
    let file: FilterFile = serde_json::from_str(text).unwrap();
    let rows: Vec<Row> = file.items.iter().map(|i| Row::Pair("u".into(), i.clone())).collect();
    let popularity = Popularity::default().fit(&interactions(&rows).unwrap(), &Run::default());
    let columns = file.attributes.iter().map(|(name, c)| attribute(name, c)).collect();
    let items = IdMap::from_ids(&column(&file.items)).unwrap();
    let attributes = ItemAttributes::new(items.into(), columns).unwrap();
    let model = popularity.unwrap().with_attributes(&attributes);
    verdict(file.cases, |case| {
        let answer = Query::default()
            .include_seen()
            .where_json(&case.r#where)
            .and_then(|query| model.recommend("u", file.items.len(), &query));
        if let Some(code) = &case.error {
            return expect_error(&case.name, answer, code);
        }
        let want = case.expect.expect("expect or error");
        let got: BTreeSet<Id> = match answer {
            Ok(top) => top.into_iter().map(|s| s.id).collect(),
            Err(e) => return Err(format!("{}: {e:?}", case.name)),
        };
        if got == want { Ok(()) } else { Err(format!("{}: got {got:?}", case.name)) }
    })
}

fn attribute(name: &str, column: &AttributeColumn) -> Attribute {
    let v = &column.values;
    match column.r#type.as_str() {
        "text" => Attribute::text(name, &v.iter().map(Value::as_str).collect::<Vec<_>>()).unwrap(),
        "number" => {
            Attribute::number(name, v.iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect())
        }
        "bool" => Attribute::bool(name, &v.iter().map(Value::as_bool).collect::<Vec<_>>()),
        "tags" => {
            let tags = v.iter().map(|t| Vec::<String>::deserialize(t).unwrap());
            Attribute::tags(name, &tags.collect::<Vec<_>>()).unwrap()
        }
        other => panic!("no attribute type {other}"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricCase {
    name: String,
    estimator: Estimator,
    train: Vec<Row>,
    test: Vec<Row>,
    k: Vec<usize>,
    expect: BTreeMap<String, f64>,
}

/// Judges `metrics.json`.
pub fn metrics(text: &str) -> Verdict {
    let cases: Vec<MetricCase> = serde_json::from_str(text).unwrap();
    verdict(cases, |case| {
        let model = case.estimator.fit(&interactions(&case.train).unwrap()).unwrap();
        let test = interactions(&case.test).unwrap();
        let result = evaluate(&*model, &test, &case.k, &Query::default(), &Run::default()).unwrap();
        for (metric, want) in &case.expect {
            let got = result.metric(metric).unwrap_or(f64::NAN);
            if (got - want).abs() > 1e-12 || got.is_nan() {
                return Err(format!("{}: {metric} is {got}, not {want}", case.name));
            }
        }
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorCase {
    name: String,
    #[serde(flatten)]
    action: Action,
    error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Action {
    Interactions {
        users: Vec<Id>,
        items: Vec<Id>,
        weights: Option<Vec<Number>>,
        times: Option<Vec<i64>>,
    },
    Fit {
        estimator: Estimator,
        data: Vec<Row>,
    },
    Open {
        golden: String,
        r#as: String,
        #[serde(default)]
        flip: Vec<(usize, u8)>,
        cut: Option<usize>,
    },
    Recommend {
        golden: String,
        user: Id,
        n: usize,
        r#where: Option<Value>,
        history: Option<Vec<(Id, Number)>>,
    },
    Similar {
        golden: String,
        item: Id,
        n: usize,
    },
    Evaluate {
        golden: String,
        test: Vec<Row>,
        k: Vec<usize>,
    },
}

impl Action {
    fn run(&self) -> Result<()> {
        match self {
            Action::Interactions { users, items, weights, times } => {
                let weights: Option<Vec<f32>> =
                    weights.as_ref().map(|w| w.iter().map(|x| x.value() as f32).collect());
                let mut builder = Interactions::builder(column(users), column(items));
                if let Some(weights) = &weights {
                    builder = builder.weights(weights);
                }
                if let Some(times) = times {
                    builder = builder.times(times);
                }
                builder.build().map(drop)
            }
            Action::Fit { estimator, data } => estimator.fit(&interactions(data)?).map(drop),
            Action::Open { golden: name, r#as, flip, cut } => {
                let mut bytes = std::fs::read(golden(name)).unwrap();
                flip.iter().for_each(|(at, mask)| bytes[*at] ^= mask);
                bytes.truncate(cut.unwrap_or(bytes.len()));
                model_as(&Artifact::from_bytes(&bytes)?, r#as).map(drop)
            }
            Action::Recommend { golden, user, n, r#where, history } => {
                let mut query = Query::default();
                if let Some(filter) = r#where {
                    query = query.where_json(filter)?;
                }
                if let Some(events) = history {
                    let events = events.iter().map(|(i, w)| (i.clone(), w.value() as f32));
                    query = query.history(History::weighted(events));
                }
                golden_model(golden)?.recommend(user, *n, &query).map(drop)
            }
            Action::Similar { golden, item, n } => {
                golden_model(golden)?.similar_items(item, *n, &Query::default()).map(drop)
            }
            Action::Evaluate { golden, test, k } => {
                let (model, test) = (golden_model(golden)?, interactions(test)?);
                evaluate(&*model, &test, k, &Query::default(), &Run::default()).map(drop)
            }
        }
    }
}

/// Judges `errors.json`.
pub fn errors(text: &str) -> Verdict {
    let cases: Vec<ErrorCase> = serde_json::from_str(text).unwrap();
    verdict(cases, |case| expect_error(&case.name, case.action.run(), &case.error))
}

/// One question to a golden artifact, and its answer.
#[derive(Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct Question {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Id>,
    n: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude_seen: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#where: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<Id>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<(Id, f32)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expect: Option<Vec<(Id, String)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct QuestionFile {
    golden: String,
    recommend: Vec<Question>,
    similar: Vec<Question>,
}

impl Question {
    fn ask(&self, model: &dyn Model) -> Result<Vec<Scored>> {
        let query = Query {
            exclude_seen: self.exclude_seen.unwrap_or(true),
            filter: self.r#where.as_ref().map(mercato::Filter::from_json).transpose()?,
            items: self.items.clone(),
            history: self.history.clone().map(|events| History { events }),
            ..Query::default()
        };
        match (&self.user, &self.item) {
            (Some(user), None) => model.recommend(user, self.n, &query),
            (None, Some(item)) => model.similar_items(item, self.n, &query),
            _ => Err(Error::new(ErrorCode::Internal, "a question names a user or an item")),
        }
    }
}

fn bits(top: &[Scored]) -> Vec<(Id, String)> {
    top.iter().map(|s| (s.id.clone(), format!("{:08x}", s.score.to_bits()))).collect()
}

/// Judges a file of `recommendations/`.
pub fn recommendations(text: &str) -> Verdict {
    let file: QuestionFile = serde_json::from_str(text).unwrap();
    let model = golden_model(&file.golden).unwrap();
    verdict(file.recommend.into_iter().chain(file.similar).collect(), |question: Question| {
        let (name, answer) = (&question.name, question.ask(&*model));
        if let Some(code) = &question.error {
            return expect_error(name, answer, code);
        }
        let got = answer.map(|top| bits(&top)).map_err(|e| format!("{name}: {e:?}"))?;
        let same = question.expect.as_ref() == Some(&got);
        if same { Ok(()) } else { Err(format!("{} {name}: got {got:?}", file.golden)) }
    })
}

//! Every artifact kind of the library.
//!
//! A new kind gets an entry in [`all`]; then its flips, its golden file and its fuzzing follow. The
//! golden files themselves are never rewritten: they are what older versions of the library left.

use crate::generate;
use mercato::forecast::{
    Adida, AutoCes, AutoEts, AutoTheta, Croston, Ensemble, ForecastModel, Imapa, PredictOptions,
    SeasonalNaive, Tsb,
};
use mercato::nlp::{IntentClassifier, IntentModel, TextClassifier, TextModel};
use mercato::panel::{Frequency, PanelBuilder, Unit};
use mercato::recsys::{
    Als, AlsModel, History, ItemKnn, ItemKnnModel, Model, Popularity, PopularityModel, Query,
    Recommender,
};
use mercato::{Artifact, ErrorCode, Interactions, Panel, Persist, Result, Run};
use serde_json::json;

/// One artifact kind.
pub struct Kind {
    /// The name in the file.
    pub name: &'static str,
    /// The newest version.
    pub version: u16,
    /// A small file of the newest version, always the same bytes.
    pub golden: fn() -> Result<Vec<u8>>,
    /// Opens a file of this kind, of any version, and asks it everything once.
    pub exercise: fn(&Artifact) -> Result<()>,
}

/// All kinds.
#[must_use]
pub fn all() -> Vec<Kind> {
    vec![
        kind::<Panel>(panel, ask_panel),
        kind::<AlsModel>(
            || model(|d, r| Als::default().factors(4).iterations(5).fit(d, r)),
            |a| ask(&AlsModel::from_artifact(a)?),
        ),
        kind::<ItemKnnModel>(
            || model(|d, r| ItemKnn::default().neighbors(5).fit(d, r)),
            |a| ask(&ItemKnnModel::from_artifact(a)?),
        ),
        kind::<PopularityModel>(
            || model(|d, r| Popularity::default().fit(d, r)),
            |a| ask(&PopularityModel::from_artifact(a)?),
        ),
        kind::<ForecastModel>(forecast, ask_forecast),
        kind::<TextModel>(
            || {
                let (texts, labels) = messages();
                let classifier = TextClassifier::default().min_count(1).max_bytes(10_000);
                classifier.fit(&texts, &labels, &Run::seed(7))?.to_bytes()
            },
            |a| {
                let model = TextModel::from_artifact(a)?;
                for text in QUESTIONS {
                    let _ = (model.classify(text, 3), model.explain(text, 3));
                }
                model.predict_proba(QUESTIONS, &Run::default().with_threads(1)).map(drop)
            },
        ),
        kind::<IntentModel>(
            || {
                let (texts, labels) = messages();
                let classifier = IntentClassifier::default().min_count(1).max_bytes(10_000);
                classifier.fit(&texts, &labels, &["how old are you"], &Run::seed(7))?.to_bytes()
            },
            |a| {
                let model = IntentModel::from_artifact(a)?;
                for text in QUESTIONS {
                    let _ = (model.assess(text, 3), model.explain(text, 3));
                }
                let run = Run::default().with_threads(1);
                model.classify_batch(QUESTIONS, &run)?;
                model.learn(&["do you sell gift cards"], &["gift_card"], &run).map(drop)
            },
        ),
    ]
}

/// Messages and what they are about.
fn messages() -> (Vec<&'static str>, Vec<&'static str>) {
    [
        ("where is my parcel", "track"),
        ("track my order please", "track"),
        ("\u{6211}\u{7684}\u{5305}\u{88F9}\u{5230}\u{54EA}\u{4E86}", "track"),
        ("I want my money back", "refund"),
        ("refund please", "refund"),
        ("\u{6211}\u{8981}\u{9000}\u{6B3E}", "refund"),
        ("do you have this in blue", "stock"),
        ("is the red one in stock", "stock"),
        ("when will it be back in stock", "stock"),
    ]
    .into_iter()
    .unzip()
}

/// What a model of messages is asked.
const QUESTIONS: &[&str] =
    &["where is my order", "\u{60F3}\u{9000}\u{6B3E}", "", "\u{1F44B}\u{0301}", "4711"];

/// A forecaster of several methods, over regular, intermittent, short and constant demand.
fn forecast() -> Result<Vec<u8>> {
    let series = [
        ("regular", (0..30u32).map(|t| f64::from(20 + t % 5 + t / 7)).collect()),
        ("intermittent", (0..30).map(|t| f64::from(u8::from(t % 4 == 0))).collect()),
        ("short", vec![3.0, 4.0]),
        ("constant", vec![7.0; 12]),
        ("nothing", vec![]),
    ];
    let series = series.map(|(id, values): (&str, Vec<f64>)| (id, 0, values));
    let panel = Panel::from_series(Frequency::new(Unit::Day, 1)?, series)?;
    let members = [
        SeasonalNaive::default().season_length(5).into(),
        AutoEts::default().season_length(5).into(),
        AutoTheta::default().into(),
        AutoCes::default().into(),
        Croston::default().into(),
        Tsb::default().into(),
        Adida::default().into(),
        Imapa::default().into(),
    ];
    Ensemble::of(members).fit(&panel, &Run::seed(7).with_threads(1))?.to_bytes()
}

fn ask_forecast(a: &Artifact) -> Result<()> {
    let model = ForecastModel::from_artifact(a)?;
    let _ = (model.failures().len(), format!("{model:?}").len());
    let mut answers = vec![model.predict(3, &PredictOptions::default().levels([80.0])).map(drop)];
    for id in model.ids() {
        answers.push(model.chosen(id).map(drop));
        match model.series(id) {
            // A series without observations has no state to go on from.
            Err(e) if e.code() == ErrorCode::NotEnoughData => {}
            series => answers.push(series.map(|mut series| {
                series.update(2.0);
                drop(series.predict(4));
            })),
        }
    }
    answers.into_iter().collect()
}

fn kind<T: Persist>(
    golden: fn() -> Result<Vec<u8>>,
    exercise: fn(&Artifact) -> Result<()>,
) -> Kind {
    Kind { name: T::KIND, version: T::KIND_VERSION, golden, exercise }
}

fn panel() -> Result<Vec<u8>> {
    let day = 86_400;
    let ids = ["tea", "tea", "tea", "cup", "cup"];
    let times = [0, day, 3 * day, day, 2 * day];
    let values = [1.0, 2.5, 4.0, 10.0, f64::NAN];
    let promotion = [0.0, 1.0, 0.0, 1.0, 1.0];
    PanelBuilder::new(Frequency::new(Unit::Day, 1)?)
        .rows(&ids, &times, &values)
        .known("promotion", &promotion)
        .static_number("size", &[1.0, 1.0, 1.0, 2.0, 2.0])
        .static_category("town", &[Some("Ulm"), Some("Ulm"), Some("Ulm"), None, None])
        .build()?
        .to_bytes()
}

fn ask_panel(a: &Artifact) -> Result<()> {
    let panel = Panel::from_artifact(a)?;
    let total: usize = panel.iter().map(|s| s.values.len()).sum();
    assert_eq!(total, panel.n_values());
    for position in 0..panel.len() {
        assert_eq!(panel.position(&panel.ids()[position]), Some(position));
        for covariate in 0..panel.known_names().len() {
            let _ = panel.known(covariate, position);
        }
    }
    let _ = (panel.fingerprint(), panel.without_last(1).len(), format!("{panel:?}").len());
    Ok(())
}

/// A recommender of twelve users and some ten items with attributes of every type.
fn model<M: Model + Persist>(fit: fn(&Interactions, &Run) -> Result<M>) -> Result<Vec<u8>> {
    let data = generate::shop(12, 10, 80, 7)?;
    let attributes = generate::attributes(data.items())?;
    fit(&data, &Run::seed(7).with_threads(1))?.with_attributes(&attributes).to_bytes()
}

/// Every question that a recommender answers, for a few users and items. The first error is given
/// after all were asked.
fn ask(model: &impl Model) -> Result<()> {
    let catalog = model.catalog();
    let item = |i: usize| catalog.items().id(i as u32).to_id();
    let items = catalog.items().len().min(3);
    let queries = [
        Query::default(),
        Query::default().include_seen(),
        Query::default().where_json(&json!({"category": ["toys", "tea"], "price": {"lt": 9}}))?,
        Query::default().where_json(&json!({"any": [{"tags": "red"}, {"not": {"new": true}}]}))?,
        Query::default().items((0..items).map(item)),
        Query::default().history(History::of((0..items).map(item))),
    ];
    let run = Run::default().with_threads(1);
    let mut answers = Vec::new();
    for query in &queries {
        for user in 0..catalog.users().len().min(3) {
            let user = catalog.users().id(user as u32);
            answers.push(model.recommend(user, 4, query).map(drop));
        }
        if query.history.is_none() {
            let batch = model.recommend_batch(None, 3, query, &run);
            answers.push(batch.map(|b| (0..b.len()).for_each(|row| drop(b.row(row)))));
        }
    }
    for i in 0..items {
        match model.similar_items(&item(i), 3, &Query::default()) {
            Err(e) if e.code() == ErrorCode::Unsupported => {}
            similar => answers.push(similar.map(drop)),
        }
    }
    answers.into_iter().collect()
}

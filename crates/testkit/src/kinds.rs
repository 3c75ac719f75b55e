//! Every artifact kind of the library.
//!
//! A new kind gets an entry in [`all`]; then its flips, its golden file and its fuzzing follow. The
//! golden files themselves are never rewritten: they are what older versions of the library left.

use crate::generate;
use mercato::panel::{Frequency, PanelBuilder, Unit};
use mercato::recsys::{
    Als, AlsModel, History, ItemKnn, ItemKnnModel, Model, Popularity, PopularityModel, Query,
    Recommender,
};
use mercato::{Artifact, Interactions, Panel, Persist, Result, Run};
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
    ]
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
            Err(e) if e.code() == mercato::ErrorCode::Unsupported => {}
            similar => answers.push(similar.map(drop)),
        }
    }
    answers.into_iter().collect()
}

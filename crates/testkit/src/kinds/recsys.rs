//! Recommenders.

use super::{Kind, kind};
use crate::generate;
use mercato::recsys::quantized::Form;
use mercato::recsys::{
    Als, AlsModel, Blend, BlendModel, Ease, EaseModel, History, ItemKnn, ItemKnnModel, Model,
    Popularity, PopularityModel, Quantization, QuantizedModel, Query, Recommender, RepeatBasket,
    RepeatBasketModel, SequenceLinear, SequenceLinearModel, Spectral, SpectralModel,
};
use mercato::{ErrorCode, Interactions, Persist, Result, Run};
use serde_json::json;

pub(super) fn kinds() -> Vec<Kind> {
    vec![
        kind::<AlsModel>(
            || model(|d, r| Als::default().factors(4).iterations(5).fit(d, r)),
            |a| ask(&AlsModel::from_artifact(a)?),
        ),
        kind::<SpectralModel>(
            || model(|d, r| Spectral::default().rank(4).fit(d, r)),
            |a| ask(&SpectralModel::from_artifact(a)?),
        ),
        kind::<ItemKnnModel>(
            || model(|d, r| ItemKnn::default().neighbors(5).fit(d, r)),
            |a| ask(&ItemKnnModel::from_artifact(a)?),
        ),
        kind::<BlendModel>(
            || {
                let als = Als::default().factors(4).iterations(5);
                let knn = ItemKnn::default().neighbors(5);
                let blend = Blend::of([(als.into(), 1.0), (knn.into(), 0.5)]);
                model(move |d, r| blend.fit(d, r))
            },
            |a| ask(&BlendModel::from_artifact(a)?),
        ),
        kind::<QuantizedModel>(
            || quantized(Form::Int8),
            |a| ask(&QuantizedModel::from_artifact(a)?),
        ),
        Kind {
            shape: "pq",
            ..kind::<QuantizedModel>(
                || quantized(Form::Pq),
                |a| ask(&QuantizedModel::from_artifact(a)?),
            )
        },
        kind::<EaseModel>(
            || model(|d, r| Ease::default().regularization(2.0).neighbors(5).fit(d, r)),
            |a| ask(&EaseModel::from_artifact(a)?),
        ),
        kind::<SequenceLinearModel>(
            || model(|d, r| SequenceLinear::default().fit(d, r)),
            |a| ask(&SequenceLinearModel::from_artifact(a)?),
        ),
        kind::<RepeatBasketModel>(
            || model(|d, r| RepeatBasket::default().fit(d, r)),
            |a| ask(&RepeatBasketModel::from_artifact(a)?),
        ),
        kind::<PopularityModel>(
            || model(|d, r| Popularity::default().fit(d, r)),
            |a| ask(&PopularityModel::from_artifact(a)?),
        ),
    ]
}

/// A recommender of twelve users and some ten items with attributes of every type.
fn model<M: Model + Persist>(
    fit: impl FnOnce(&Interactions, &Run) -> Result<M>,
) -> Result<Vec<u8>> {
    let data = generate::shop(12, 10, 80, 7)?;
    let attributes = generate::attributes(data.items())?;
    fit(&data, &Run::seed(7).with_threads(1))?.with_attributes(&attributes).to_bytes()
}

fn quantized(form: Form) -> Result<Vec<u8>> {
    let form = Quantization::default().form(form).bytes(3);
    model(move |d, r| Als::default().factors(4).iterations(5).fit(d, r)?.quantize(&form, r))
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
        if query.history.is_some() && items > 0 {
            answers.push(model.recommend(&item(0), 4, query).map(drop));
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

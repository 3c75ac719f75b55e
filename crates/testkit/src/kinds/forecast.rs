//! Forecasters.

use super::{Kind, kind};
use mercato::forecast::{
    Adida, AutoCes, AutoEts, AutoTheta, Croston, Ensemble, ForecastModel, Imapa, PredictOptions,
    SeasonalNaive, Tsb,
};
use mercato::panel::{Frequency, Unit};
use mercato::{Artifact, ErrorCode, Panel, Persist, Result, Run};

pub(super) fn kinds() -> Vec<Kind> {
    vec![kind::<ForecastModel>(forecast, ask_forecast)]
}

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

//! Every method, every awkward series: a finite forecast or a typed reason, and nothing else.
#![allow(missing_docs, clippy::unwrap_used)]

use mercato_core::{ErrorCode, Panel, Persist, Run};
use mercato_forecast::*;
use proptest::prelude::*;

fn methods(m: usize) -> Vec<Method> {
    vec![
        Naive::default().into(),
        SeasonalNaive::default().season_length(m).into(),
        HistoricAverage::default().into(),
        WindowAverage::default().window(3).into(),
        Drift::default().into(),
        Ses::default().into(),
        Holt::default().into(),
        HoltWinters::default().season_length(m).into(),
        HoltWinters::default().season_length(m).multiplicative(true).into(),
        AutoEts::default().season_length(m).into(),
        Theta::default().season_length(m).into(),
        AutoTheta::default().season_length(m).into(),
        DynamicOptimizedTheta::default().season_length(m).into(),
        AutoCes::default().season_length(m).into(),
        Croston::default().into(),
        Croston::default().variant(CrostonVariant::Optimized).into(),
        Tsb::default().into(),
        Adida::default().into(),
        Imapa::default().into(),
        Mstl::default().season_lengths([m + 1, 2 * m + 1]).into(),
        Ensemble::of([Naive::default().into(), AutoEts::default().season_length(m).into()]).into(),
        Auto::default().season_length(m).into(),
        Conformal::of(Ses::default()).horizon(3).windows(5).into(),
    ]
}

fn awkward() -> Vec<(String, Vec<f64>)> {
    const NAN: f64 = f64::NAN;
    let mut out: Vec<(String, Vec<f64>)> = vec![];
    for n in 0..=5 {
        out.push((format!("length {n}"), (0..n).map(f64::from).collect()));
        out.push((format!("{n} missing"), vec![NAN; n as usize]));
    }
    let wave = |t: usize| 10.0 + t as f64 * 0.1 + (t % 4) as f64;
    for scale in [1e-308, 1e-300, 1e-150, 1e150, 1e300, 1e308] {
        out.push((format!("scale {scale:e}"), (0..24).map(|t| wave(t) / 17.0 * scale).collect()));
    }
    out.push(("from tiny to huge".into(), (0..24).map(|t| 10f64.powi(25 * t - 300)).collect()));
    out.push(("constant".into(), vec![7.5; 30]));
    out.push(("negative constant".into(), vec![-7.5; 30]));
    out.push(("zero".into(), vec![0.0; 30]));
    out.push(("one spike".into(), (0..30).map(|t| if t == 11 { 1e6 } else { 0.0 }).collect()));
    out.push(("last spike".into(), (0..30).map(|t| if t == 29 { 9.0 } else { 0.0 }).collect()));
    for (name, from, to) in
        [("head", 0, 8), ("middle", 10, 18), ("tail", 20, 30), ("season", 4, 29)]
    {
        let y = (0..30).map(|t| if (from..to).contains(&t) { NAN } else { wave(t) }).collect();
        out.push((format!("missing {name}"), y));
    }
    out.push((
        "every other missing".into(),
        (0..40).map(|t| if t % 2 == 0 { NAN } else { wave(t) }).collect(),
    ));
    out.push(("negative".into(), (0..30).map(|t| -wave(t)).collect()));
    out.push(("sign flips".into(), (0..30).map(|t| if t % 2 == 0 { 1.0 } else { -1.0 }).collect()));
    out.push(("perfect line".into(), (0..30).map(|t| t as f64).collect()));
    out.push(("perfect season".into(), (0..32).map(|t| 1.0 + (t % 4) as f64).collect()));
    out.push(("explosive".into(), (0..40).map(|t| 2f64.powi(t)).collect()));
    out.push(("step".into(), (0..30).map(|t| if t < 15 { 1.0 } else { 1000.0 }).collect()));
    out
}

fn panel(series: &[(String, Vec<f64>)]) -> Panel {
    let series = series.iter().map(|(id, y)| (id, 0, y.clone()));
    Panel::from_series("1".parse().unwrap(), series).unwrap()
}

fn check(model: &ForecastModel, panel: &Panel, name: &str) {
    let options = PredictOptions::default().levels([50.0, 95.0]);
    let forecast = model.predict(9, &options).unwrap();
    for s in panel.iter() {
        let observed = s.values.iter().any(|v| !v.is_nan());
        assert_eq!(forecast.of(s.id).is_some(), observed, "{name}, {}", s.id);
        let failure = model.failures().iter().find(|f| f.id == s.id);
        if !observed {
            let failure = failure.unwrap_or_else(|| panic!("{name}, {}: no reason", s.id));
            assert_eq!((failure.reason, &failure.fallback), (Reason::NoObservations, &None));
        }
    }
    assert!(forecast.mean().iter().all(|v| v.is_finite()), "{name}");
    for i in forecast.intervals() {
        for (lo, hi) in i.lo.iter().zip(&i.hi) {
            assert!(lo.is_finite() && hi.is_finite() && lo <= hi, "{name}: {lo} {hi}");
        }
    }
}

#[test]
fn awkward_series_give_finite_forecasts_or_a_reason() {
    let panel = panel(&awkward());
    for m in [1, 4, 7] {
        for method in methods(m) {
            let model = method.fit(&panel, &Run::seed(0).with_threads(2)).unwrap();
            check(&model, &panel, method.name());
        }
    }
}

#[test]
fn the_same_bytes_for_one_and_two_threads_and_back_from_bytes() {
    let panel = panel(&awkward());
    for method in methods(4) {
        let one = method.fit(&panel, &Run::seed(0).with_threads(1)).unwrap();
        let two = method.fit(&panel, &Run::seed(0).with_threads(2)).unwrap();
        let bytes = one.to_bytes().unwrap();
        assert_eq!(bytes, two.to_bytes().unwrap(), "{}", method.name());
        let back = ForecastModel::from_bytes(&bytes).unwrap();
        let options = PredictOptions::default().levels([80.0]);
        assert_eq!(back.predict(5, &options).unwrap(), one.predict(5, &options).unwrap());
    }
}

#[test]
fn updating_keeps_forecasts_finite_and_moves_dates_on() {
    let whole = awkward();
    let short: Vec<(String, Vec<f64>)> =
        whole.iter().map(|(id, y)| (id.clone(), y[..y.len() * 2 / 3].to_vec())).collect();
    let whole = panel(&whole);
    for method in methods(4) {
        let model = method.fit(&panel(&short), &Run::seed(0)).unwrap();
        let updated = model.update(&whole, &Run::seed(0)).unwrap();
        let forecast = updated.predict(2, &PredictOptions::default().levels([90.0])).unwrap();
        assert!(forecast.mean().iter().all(|v| v.is_finite()), "{}", method.name());
        let first = forecast.ids().iter().position(|i| i == "constant").unwrap();
        assert_eq!(forecast.timestamps()[first * 2], 30);
    }
}

#[test]
fn a_damaged_model_is_an_error_or_still_finite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.mercato");
    let y: Vec<f64> = (0..24).map(|t| 5.0 + (t % 4) as f64).collect();
    let panel = panel(&[("a".into(), y)]);
    let method = Conformal::of(Auto::default().season_length(4)).horizon(2).windows(3);
    let good = method.fit(&panel, &Run::seed(0)).unwrap().to_bytes().unwrap();
    for at in 0..good.len() {
        for flip in [0x01, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            std::fs::write(&path, &bad).unwrap();
            let Ok(model) = ForecastModel::open(&path) else { continue };
            match model.predict(3, &PredictOptions::default().levels([80.0])) {
                Ok(f) => assert!(f.mean().iter().all(|v| v.is_finite())),
                Err(e) => assert_eq!(e.code(), ErrorCode::CorruptArtifact, "{e}"),
            }
        }
    }
}

#[test]
fn a_cancelled_fit_stops_and_a_passed_deadline_falls_back() {
    let panel = panel(&awkward());
    let token = mercato_core::CancelToken::new();
    token.cancel();
    let e = Auto::default().fit(&panel, &Run::seed(0).with_cancel(&token)).unwrap_err();
    assert_eq!(e.code(), ErrorCode::Cancelled);
    let late = Run::seed(0).with_deadline(std::time::Duration::ZERO);
    let model = Auto::default().fit(&panel, &late).unwrap();
    assert_eq!(model.failures().len(), panel.len());
    check(&Naive::default().fit(&panel, &Run::seed(0)).unwrap(), &panel, "naive");
}

#[test]
fn wrong_parameters_name_themselves() {
    let one = panel(&[("a".into(), vec![1.0])]);
    let bad: Vec<Method> = vec![
        AutoEts::default().model("QQQ").into(),
        AutoEts::default().model("AAM").into(),
        AutoEts::default().season_length(0).into(),
        WindowAverage::default().window(0).into(),
        Tsb::default().alpha_d(2.0).into(),
        Ensemble::default().into(),
        Conformal::default().windows(1).into(),
        AutoCes::default().model('Q').into(),
    ];
    for method in bad {
        let e = method.fit(&one, &Run::seed(0)).unwrap_err();
        assert_eq!(e.code(), ErrorCode::InvalidParams, "{}", method.name());
        assert!(e.context().any(|(k, _)| k == "parameter"), "{}: {e}", method.name());
    }
    let model = Naive::default().fit(&one, &Run::seed(0)).unwrap();
    assert_eq!(
        model.predict(0, &PredictOptions::default()).unwrap_err().code(),
        ErrorCode::InvalidParams
    );
    let levels = PredictOptions::default().levels([100.0]);
    assert_eq!(model.predict(1, &levels).unwrap_err().code(), ErrorCode::InvalidParams);
}

#[test]
fn a_stream_of_updates_equals_an_update_in_one_go() {
    let y: Vec<f64> = (0..60).map(|t| 20.0 + (t % 7) as f64 + (t as f64 * 0.7).sin()).collect();
    let head = panel(&[("a".into(), y[..40].to_vec())]);
    let all = panel(&[("a".into(), y.clone())]);
    for method in methods(7) {
        let model = method.fit(&head, &Run::seed(0)).unwrap();
        let mut one = model.series("a").unwrap();
        y[40..].iter().for_each(|v| one.update(*v));
        let batch = model.update(&all, &Run::seed(0)).unwrap();
        assert_eq!(one.predict(7), batch.predict(7, &PredictOptions::default()).unwrap().mean());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn arbitrary_series_never_panic_and_never_give_nan(
        y in prop::collection::vec(prop_oneof![Just(f64::NAN), Just(0.0), any::<f64>().prop_filter("finite", |v| v.is_finite()), -1e3..1e3], 0..40),
        m in 1usize..13,
    ) {
        let panel = panel(&[("x".into(), y)]);
        for method in methods(m) {
            let model = method.fit(&panel, &Run::seed(0).with_threads(1)).unwrap();
            check(&model, &panel, method.name());
        }
    }
}

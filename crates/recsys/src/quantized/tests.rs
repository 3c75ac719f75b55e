use super::*;
use crate::{Als, History, Model, Query, Recommender, Spectral};
use mercato_core::{ErrorCode, IdColumn, Interactions, Persist, Rng, Run};

fn data() -> Interactions {
    let mut rng = Rng::new(4);
    let (mut u, mut i) = (vec![], vec![]);
    for user in 0..300i64 {
        for _ in 0..12 {
            u.push(user);
            i.push(user % 5 + 5 * rng.below(60) as i64);
        }
    }
    Interactions::builder(&u, IdColumn::from(&i)).build().unwrap()
}

fn overlap(a: &impl Model, b: &impl Model) -> f64 {
    let mut rng = Rng::new(9);
    let mut same = 0;
    for _ in 0..60 {
        let group = rng.below(5) as i64;
        let history = History::of((0..6).map(|_| group + 5 * rng.below(60) as i64));
        let query = Query::default().history(history);
        let ids = |m: &dyn Model| -> Vec<_> {
            m.recommend(-1, 10, &query).unwrap().into_iter().map(|s| s.id).collect()
        };
        let (a, b) = (ids(a), ids(b));
        same += a.iter().filter(|i| b.contains(i)).count();
    }
    same as f64 / 600.0
}

#[test]
fn eight_bits_rank_as_the_model_does_and_product_codes_nearly() {
    let als = Als::default().factors(20).regularization(1.0).fit(&data(), &Run::seed(1)).unwrap();
    let int8 = als.quantize(&Quantization::default(), &Run::default()).unwrap();
    let pq = Quantization::default().form(Form::Pq).bytes(10);
    let pq = als.quantize(&pq, &Run::default()).unwrap();
    let (a, b) = (overlap(&als, &int8), overlap(&als, &pq));
    assert!(a > 0.95 && b > 0.6, "{a} {b}");
    let whole = Quantization::default().form(Form::Pq).bytes(256);
    let whole = als.quantize(&whole, &Run::default()).unwrap();
    assert!(overlap(&als, &whole) > 0.9);
}

#[test]
fn the_graph_filter_keeps_its_groups() {
    let model = Spectral::default().rank(16).fit(&data(), &Run::seed(1)).unwrap();
    for form in [Form::Int8, Form::Pq] {
        let small = Quantization::default().form(form);
        let small = model.quantize(&small, &Run::default()).unwrap();
        let query = Query::default().history(History::of([1i64, 6, 11]));
        let top = small.recommend(-1, 10, &query).unwrap();
        let own = top.iter().filter(|s| (0..60).any(|k: i64| s.id == (1 + 5 * k).into())).count();
        assert!(own >= 9, "{form:?}: {top:?}");
    }
}

#[test]
fn files_come_back_and_threads_make_no_difference() {
    let als = Als::default().factors(12).fit(&data(), &Run::seed(1)).unwrap();
    for form in [Form::Int8, Form::Pq] {
        let q = Quantization::default().form(form).bytes(5);
        let bytes = |threads| {
            let run = Run::seed(2).with_threads(threads);
            als.quantize(&q, &run).unwrap().to_bytes().unwrap()
        };
        let one = bytes(1);
        assert!(one == bytes(3));
        let model = QuantizedModel::from_bytes(&one).unwrap();
        assert!(model.to_bytes().unwrap() == one);
        let visitor = model.fold_in(&History::of([3i64, 8, 13])).unwrap();
        let top = model.recommend_vector(&visitor, 5, &Query::default()).unwrap();
        let query = Query::default().history(History::of([3i64, 8, 13]));
        assert_eq!(top, model.recommend("anybody", 5, &query).unwrap());
        assert_eq!(model.similar_items(3, 4, &Query::default()).unwrap().len(), 4);
    }
}

#[test]
fn who_has_no_history_gets_what_is_popular_and_users_are_unknown() {
    let als = Als::default().factors(4).fit(&data(), &Run::seed(1)).unwrap();
    let model = als.quantize(&Quantization::default(), &Run::default()).unwrap();
    let query = Query::default().history(History::default());
    assert_eq!(
        model.recommend(-1, 5, &query).unwrap(),
        als.recommend(-1, 5, &query).unwrap(),
        "shares of users too"
    );
    let e = model.recommend(1, 5, &Query::default()).unwrap_err();
    assert_eq!(e.code(), ErrorCode::UnknownId);
    let e = crate::Popularity::default().fit(&data(), &Run::default()).unwrap();
    let e = e.quantize(&Quantization::default(), &Run::default()).map(|_| ()).unwrap_err();
    assert_eq!(e.code(), ErrorCode::Unsupported);
}

#[test]
fn an_updated_model_can_be_quantized_too() {
    let als = Als::default().factors(6).fit(&data(), &Run::seed(1)).unwrap();
    let more = Interactions::builder([1, 2, 3], [-7, -7, 1]).build().unwrap();
    let als = als.update(&more, &Run::default()).unwrap();
    let model = als.quantize(&Quantization::default(), &Run::default()).unwrap();
    assert_eq!(model.catalog().items().dense(-7), Some(0), "ids ascend again");
    assert!(overlap(&als, &model) > 0.9);
}

//! Promises that every model keeps.

#![allow(clippy::unwrap_used)]
use mercato_core::{
    Attribute, CancelToken, Error, ErrorCode, Id, IdColumn, Interactions, ItemAttributes, Persist,
    Result, Rng, Run, Scored,
};
use mercato_recsys::{
    Als, AnyModel, AutoRecommender, Blend, Ease, History, ItemKnn, Model, NO_ITEM, Popularity,
    Query, Recommender, RepeatBasket, SequenceLinear, Spectral, als::Solver, ease::Form, evaluate,
    item_knn::Similarity, popularity::Measure,
};
use serde_json::json;

/// Two groups of users with their own items, some noise, and one user and item without events.
fn shop() -> Interactions {
    let mut rng = Rng::new(11);
    let (mut users, mut items, mut weights) = (vec![], vec![], vec![]);
    for user in 0..60i64 {
        for _ in 0..8 {
            let own = rng.below(10) as i64;
            let item = if rng.unit() < 0.9 { own + 10 * (user % 2) } else { own + 20 };
            users.push(user);
            items.push(item);
            weights.push(1.0 + rng.below(3) as f32);
        }
    }
    users.push(60);
    items.push(30);
    weights.push(0.0); // names the ids, adds no interaction
    Interactions::builder(&users, &items).weights(&weights).build().unwrap()
}

fn attributes(data: &Interactions) -> ItemAttributes {
    let n = data.n_items();
    let category: Vec<Option<&str>> =
        (0..n).map(|i| [Some("toys"), Some("food"), None][i % 3]).collect();
    let price = (0..n).map(|i| i as f64).collect();
    ItemAttributes::new(
        data.items().clone(),
        vec![Attribute::text("category", &category).unwrap(), Attribute::number("price", price)],
    )
    .unwrap()
}

fn blend() -> Blend {
    let knn = ItemKnn::default().neighbors(8);
    Blend::of([(Spectral::default().rank(4).into(), 0.6), (knn.into(), 0.4)])
}

fn one() -> Blend {
    Blend::of([(Als::default().factors(4).regularization(1.0).into(), 3.0)])
}

/// A search of a few trials, the same on any machine.
fn auto() -> AutoRecommender {
    AutoRecommender::default().metric("ndcg@5").max_trials(8)
}

/// Runs one promise for every model.
fn every(check: impl Fn(&str, &dyn Fn(&Interactions, &Run) -> Result<Box<dyn Checked>>)) {
    type Fit = Box<dyn Fn(&Interactions, &Run) -> Result<Box<dyn Checked>>>;
    let als = Als::default().factors(4).regularization(1.0);
    let exact = als.clone().solver(Solver::Cholesky).iterations(5);
    let knn = |s| ItemKnn::default().similarity(s).neighbors(8);
    let all: Vec<(&str, Fit)> = vec![
        ("als cg", Box::new(move |d, r| Ok(Box::new(als.fit(d, r)?)))),
        ("als cholesky", Box::new(move |d, r| Ok(Box::new(exact.fit(d, r)?)))),
        ("ease", Box::new(|d, r| Ok(Box::new(Ease::default().regularization(5.0).fit(d, r)?)))),
        (
            "ease sparse",
            Box::new(|d, r| {
                let ease = Ease::default().regularization(100.0).neighbors(20).form(Form::Sparse);
                Ok(Box::new(ease.fit(d, r)?))
            }),
        ),
        ("sequence", Box::new(|d, r| Ok(Box::new(SequenceLinear::default().fit(d, r)?)))),
        ("basket", Box::new(|d, r| Ok(Box::new(RepeatBasket::default().fit(d, r)?)))),
        ("cosine", Box::new(move |d, r| Ok(Box::new(knn(Similarity::Cosine).fit(d, r)?)))),
        ("tf-idf", Box::new(move |d, r| Ok(Box::new(knn(Similarity::TfIdf).fit(d, r)?)))),
        ("bm25", Box::new(move |d, r| Ok(Box::new(knn(Similarity::Bm25).fit(d, r)?)))),
        ("rp3beta", Box::new(move |d, r| Ok(Box::new(knn(Similarity::Rp3Beta).fit(d, r)?)))),
        ("spectral", Box::new(|d, r| Ok(Box::new(Spectral::default().rank(4).fit(d, r)?)))),
        ("blend", Box::new(move |d, r| Ok(Box::new(blend().fit(d, r)?)))),
        ("blend of one", Box::new(|d, r| Ok(Box::new(one().fit(d, r)?)))),
        ("auto", Box::new(|d, r| Ok(Box::new(auto().fit(d, r)?)))),
        ("popularity", Box::new(|d, r| Ok(Box::new(Popularity::default().fit(d, r)?)))),
        (
            "weight",
            Box::new(|d, r| {
                Ok(Box::new(Popularity::default().measure(Measure::Weight).fit(d, r)?))
            }),
        ),
    ];
    for (name, fit) in &all {
        check(name, fit);
    }
}

/// What the promises need of a model, behind one pointer.
trait Checked {
    fn model(&self) -> &dyn Model;
    fn bytes(&self) -> Vec<u8>;
    fn reopened(&self, path: &std::path::Path) -> Box<dyn Checked>;
    fn read(&self, bytes: &[u8]) -> Result<Box<dyn Checked>>;
    fn with(self: Box<Self>, attributes: &ItemAttributes) -> Box<dyn Checked>;
}

impl<M: Model + Persist + 'static> Checked for M {
    fn model(&self) -> &dyn Model {
        self
    }
    fn bytes(&self) -> Vec<u8> {
        self.to_bytes().unwrap()
    }
    fn reopened(&self, path: &std::path::Path) -> Box<dyn Checked> {
        self.save(path).unwrap();
        Box::new(Self::open(path).unwrap())
    }
    fn read(&self, bytes: &[u8]) -> Result<Box<dyn Checked>> {
        Ok(Box::new(Self::from_bytes(bytes)?))
    }
    fn with(self: Box<Self>, attributes: &ItemAttributes) -> Box<dyn Checked> {
        Box::new((*self).with_attributes(attributes))
    }
}

fn ids(list: &[Scored]) -> Vec<Id> {
    list.iter().map(|s| s.id.clone()).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorCode {
    result.expect_err("an error").code()
}

#[test]
fn a_batch_equals_one_by_one() {
    let data = shop();
    every(|name, fit| {
        let model = fit(&data, &Run::seed(3)).unwrap().with(&attributes(&data));
        let model = model.model();
        let filtered = Query::default().where_json(&json!({"category": ["toys", "food"]})).unwrap();
        for query in [Query::default(), Query::default().include_seen(), filtered] {
            let all = model.recommend_batch(None, 7, &query, &Run::seed(0)).unwrap();
            for row in 0..all.len() {
                let one = model.recommend(all.user(row), 7, &query).unwrap();
                assert_eq!(all.row(row), one, "{name} row {row}");
                let places = &all.items()[row * 7..][..7];
                assert!(places[one.len()..].iter().all(|&i| i == NO_ITEM), "{name}");
            }
            let some = IdColumn::from([5i64, 3, 5]);
            let part = model.recommend_batch(Some(&some), 7, &query, &Run::seed(0)).unwrap();
            assert_eq!(part.row(0), part.row(2), "{name}");
            assert_eq!(part.row(1), all.row(3), "{name}");
        }
    });
}

#[test]
fn lists_are_sorted_distinct_unseen_and_allowed() {
    let data = shop();
    every(|name, fit| {
        let model = fit(&data, &Run::seed(3)).unwrap().with(&attributes(&data));
        let model = model.model();
        let query = Query::default().where_json(&json!({"price": {"ge": 4, "lt": 25}})).unwrap();
        for user in 0..60i64 {
            let top = model.recommend(user, 10, &query).unwrap();
            assert!(
                top.windows(2)
                    .all(|w| w[0].score > w[1].score
                        || (w[0].score == w[1].score && w[0].id < w[1].id)),
                "{name} {top:?}"
            );
            let seen = data.items_of(user).unwrap();
            for s in &top {
                let Id::Int(i) = s.id else { panic!("integer ids") };
                assert!((4..25).contains(&i), "{name} {i}");
                assert!(!seen.contains(&s.id.as_ref()), "{name} {i} was seen");
                assert!(s.score.is_finite());
            }
            let listed = Query::default().items([9i64, 1, 14, 999]);
            let among = ids(&model.recommend(user, 10, &listed).unwrap());
            assert!(among.iter().all(|i| [1i64, 9, 14].iter().any(|&a| *i == a.into())), "{name}");
        }
    });
}

#[test]
fn the_seed_decides_and_threads_do_not() {
    let data = shop();
    every(|name, fit| {
        let one = fit(&data, &Run::seed(3).with_threads(1)).unwrap().bytes();
        let two = fit(&data, &Run::seed(3).with_threads(2)).unwrap().bytes();
        assert!(one == two, "{name}: 1 and 2 threads give other bytes");
        assert!(one == fit(&data, &Run::seed(3)).unwrap().bytes(), "{name}: runs differ");
    });
}

#[test]
fn a_model_opened_from_its_file_is_the_same_model() {
    let data = shop();
    let directory = tempfile::tempdir().unwrap();
    every(|name, fit| {
        let model = fit(&data, &Run::seed(3)).unwrap().with(&attributes(&data));
        let opened = model.reopened(&directory.path().join("model.mercato"));
        assert!(opened.bytes() == model.bytes(), "{name}");
        let query = Query::default().where_json(&json!({"not": {"category": "food"}})).unwrap();
        for user in [0i64, 7, 60] {
            let (a, b) = (model.model(), opened.model());
            assert_eq!(
                a.recommend(user, 9, &query).unwrap(),
                b.recommend(user, 9, &query).unwrap()
            );
        }
    });
}

#[test]
fn any_damaged_byte_is_an_error_and_a_damaged_section_never_panics() {
    let data = Interactions::builder([1, 1, 2, 2, 3], [1, 2, 1, 3, 1]).build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    every(|name, fit| {
        if ["auto", "blend of one"].contains(&name) {
            return; // files of the same kind as those of a blend
        }
        let model = fit(&data, &Run::seed(3)).unwrap();
        let bytes = model.bytes();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x41;
            let e = model.read(&bad).map(|_| ()).expect_err("damaged");
            let expected = [ErrorCode::CorruptArtifact, ErrorCode::UnsupportedVersion];
            assert!(expected.contains(&e.code()), "{name} byte {at}: {e:?}");
        }
        assert_eq!(
            code(model.read(&bytes[..bytes.len() - 1]).map(|_| ())),
            ErrorCode::CorruptArtifact
        );
        // Opened by mapping, checksums of sections are not walked: answers may be wrong, but every
        // call returns.
        let path = directory.path().join("bad.mercato");
        for at in (64..bytes.len()).step_by(3) {
            let mut bad = bytes.clone();
            bad[at] = !bad[at];
            std::fs::write(&path, &bad).unwrap();
            let Ok(artifact) = mercato_core::Artifact::open(&path) else { continue };
            let Ok(opened) = AnyModel::from_artifact(&artifact) else { continue };
            for query in [
                Query::default(),
                Query::default().history(History::of([1i64, 2])),
                Query::default().items([1i64, 3]),
            ] {
                let _ = opened.recommend(1, 2, &query);
                let _ = opened.recommend_batch(None, 2, &query, &Run::default());
            }
            let _ = opened.similar_items(1, 2, &Query::default());
            let _ = evaluate(&*opened, &data, &[1, 2], &Query::default(), &Run::default());
        }
    });
}

#[test]
fn a_cancelled_or_late_fit_says_so() {
    let data = shop();
    every(|name, fit| {
        let token = CancelToken::new();
        token.cancel();
        let run = Run::seed(0).with_cancel(&token);
        assert_eq!(code(fit(&data, &run).map(|_| ())), ErrorCode::Cancelled, "{name}");
        let late = Run::seed(0).with_deadline(std::time::Duration::ZERO);
        assert_eq!(code(fit(&data, &late).map(|_| ())), ErrorCode::DeadlineExceeded, "{name}");
    });
}

#[test]
fn no_data_is_not_enough_data_and_one_event_is_enough() {
    let empty = Interactions::builder([0i64; 0], [0i64; 0]).build().unwrap();
    let single = Interactions::builder(["ann"], ["tea"]).build().unwrap();
    every(|name, fit| {
        assert_eq!(
            code(fit(&empty, &Run::seed(0)).map(|_| ())),
            ErrorCode::NotEnoughData,
            "{name}"
        );
        let model = fit(&single, &Run::seed(0)).unwrap();
        let model = model.model();
        assert!(model.recommend("ann", 5, &Query::default()).unwrap().is_empty(), "{name}");
        let all = Query::default().include_seen();
        assert!(model.recommend("ann", 5, &all).unwrap().len() <= 1, "{name}");
    });
}

#[test]
fn the_edges_of_a_request_are_typed_errors_or_empty_lists() {
    let data = shop();
    every(|name, fit| {
        let model = fit(&data, &Run::seed(3)).unwrap();
        let plain = model.model();
        let query = Query::default();
        assert_eq!(code(plain.recommend(1234, 5, &query)), ErrorCode::UnknownId, "{name}");
        assert_eq!(code(plain.recommend("0", 5, &query)), ErrorCode::UnknownId, "{name}");
        let unknown = IdColumn::from([1i64, 1234]);
        let batch = plain.recommend_batch(Some(&unknown), 5, &query, &Run::default());
        assert_eq!(code(batch), ErrorCode::UnknownId, "{name}");
        assert!(plain.recommend(1, 0, &query).unwrap().is_empty(), "{name}");
        assert_eq!(plain.recommend_batch(None, 0, &query, &Run::default()).unwrap().len(), 61);
        assert!(plain.recommend(1, usize::MAX, &query).unwrap().len() <= 31, "{name}");
        let filtered = query.clone().where_json(&json!({"category": "toys"})).unwrap();
        assert_eq!(code(plain.recommend(1, 5, &filtered)), ErrorCode::InvalidParams, "{name}");
        assert!(plain.recommend(1, 5, &query.clone().items([0i64; 0])).unwrap().is_empty());

        let model = model.with(&attributes(&data));
        let model = model.model();
        let nothing = query.clone().where_json(&json!({"category": "unheard of"})).unwrap();
        assert!(model.recommend(1, 5, &nothing).unwrap().is_empty(), "{name}");
        assert!(
            model.recommend_batch(None, 5, &nothing, &Run::default()).unwrap().row(1).is_empty()
        );
        let wrong = query.clone().where_json(&json!({"price": "cheap"})).unwrap();
        assert_eq!(code(model.recommend(1, 5, &wrong)), ErrorCode::InvalidParams, "{name}");
        assert_eq!(code(model.similar_items(1234, 5, &query)), ErrorCode::UnknownId, "{name}");
        for bad in [f32::NAN, f32::INFINITY, -1.0] {
            let q = query.clone().history(History::weighted([(1i64, bad)]));
            assert_eq!(code(model.recommend(1, 5, &q)), ErrorCode::InvalidInput, "{name} {bad}");
        }
    });
}

#[test]
fn empty_history_recommends_popular_items() {
    let data = shop();
    let popular = Popularity::default().fit(&data, &Run::default()).unwrap();
    let best = ids(&popular.recommend(60, 5, &Query::default()).unwrap());
    every(|name, fit| {
        if name == "weight" {
            return;
        }
        let model = fit(&data, &Run::seed(3)).unwrap();
        let model = model.model();
        let cold = ids(&model.recommend(60, 5, &Query::default()).unwrap());
        assert_eq!(cold, best, "{name}: a user without interactions");
        for history in [History::default(), History::of([555i64])] {
            let query = Query::default().history(history);
            assert_eq!(ids(&model.recommend(-1, 5, &query).unwrap()), best, "{name}: a stranger");
        }
    });
}

#[test]
fn a_stranger_with_a_history_gets_items_like_it() {
    let data = shop();
    every(|name, fit| {
        let model = fit(&data, &Run::seed(3)).unwrap();
        let query = Query::default().history(History::of([10i64, 11, 12, 13]));
        let top = model.model().recommend(-1, 4, &query).unwrap();
        assert!(top.iter().all(|s| !(10..14).any(|i: i64| s.id == i.into())), "{name}");
        if !["popularity", "weight"].contains(&name) {
            let own = top.iter().filter(|s| (10..20).any(|i: i64| s.id == i.into())).count();
            assert!(own >= 3, "{name} {top:?}");
            // A known user with a history is that history, not the one of training.
            let same = model.model().recommend(0, 4, &query).unwrap();
            let group = same.iter().filter(|s| (10..20).any(|i: i64| s.id == i.into())).count();
            assert!(group >= 3, "{name} {same:?}");
        }
    });
}

#[test]
fn similar_items_come_from_the_same_group_and_leave_out_the_item() {
    let data = shop();
    every(|name, fit| {
        let model = fit(&data, &Run::seed(3)).unwrap();
        let result = model.model().similar_items(3, 4, &Query::default());
        if ["popularity", "weight"].contains(&name) {
            assert_eq!(code(result), ErrorCode::Unsupported);
            return;
        }
        let similar = result.unwrap();
        let group = similar.iter().filter(|s| (0..10).any(|i: i64| s.id == i.into())).count();
        assert!(group >= 3, "{name} {similar:?}");
        assert!(similar.iter().all(|s| s.id != 3i64.into()), "{name}");
    });
}

#[test]
fn models_beat_popularity_on_held_out_pairs() {
    let (train, test) = shop().split_random(0.3, 5).unwrap();
    let score = |m: &dyn Model| {
        let e = evaluate(m, &test, &[5], &Query::default(), &Run::default()).unwrap();
        assert_eq!(
            e,
            evaluate(m, &test, &[5], &Query::default(), &Run::default().with_threads(1)).unwrap()
        );
        e.metric("ndcg@5").unwrap()
    };
    let base = score(&Popularity::default().fit(&train, &Run::default()).unwrap());
    every(|name, fit| {
        if !["popularity", "weight"].contains(&name) {
            let value = score(fit(&train, &Run::seed(3)).unwrap().model());
            assert!(value > base * 1.2, "{name} {value} against {base}");
        }
    });
}

#[test]
fn bad_hyperparameters_name_the_value_and_the_range() {
    let data = shop();
    let e = Als::default().factors(0).fit(&data, &Run::default()).unwrap_err();
    assert_eq!(e.message(), "factors must be in 1..=4096, got 0");
    for als in [
        Als::default().regularization(f32::NAN),
        Als::default().regularization(-1.0),
        Als::default().alpha(0.0),
        Als::default().alpha(f32::INFINITY),
        Als::default().iterations(10_001),
        Als::default().cg_steps(0),
        Als::default().unobserved_weight(-0.1),
    ] {
        assert_eq!(code(als.fit(&data, &Run::default())), ErrorCode::InvalidParams, "{als:?}");
    }
    assert_eq!(
        code(ItemKnn::default().neighbors(0).fit(&data, &Run::default())),
        ErrorCode::InvalidParams
    );
    assert_eq!(
        code(ItemKnn::default().b(2.0).fit(&data, &Run::default())),
        ErrorCode::InvalidParams
    );
    let unknown = Als::try_from(&json!({"factor": 3})).unwrap_err();
    assert!(unknown.message().contains("factor"), "{unknown}");
    assert_eq!(Als::try_from(&json!({"factors": 3, "solver": "cholesky"})).unwrap().factors, 3);
}

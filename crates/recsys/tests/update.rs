//! What every model promises about new events.
#![allow(clippy::unwrap_used)]

use mercato_core::{
    Attribute, CancelToken, ErrorCode, Id, IdRef, Interactions, ItemAttributes, Persist, Result,
    Rng, Run, Scored,
};
use mercato_recsys::{
    Als, Blend, Ease, History, ItemKnn, Model, Popularity, Query, Recommender, RepeatBasket,
    SequenceLinear, Spectral, als::Solver, item_knn::Similarity, popularity::Measure,
};

type Events = Vec<(i64, i64)>;

/// Users of three groups and, mostly, the items of their group.
fn shop(users: std::ops::Range<i64>, items: u64, each: usize, seed: u64) -> Events {
    let mut rng = Rng::new(seed);
    let mut events = Vec::new();
    for user in users {
        for _ in 0..each {
            let group = if rng.unit() < 0.9 { user % 3 } else { rng.below(3) as i64 };
            events.push((user, group + 3 * rng.below(items / 3) as i64));
        }
    }
    events
}

fn data(events: &[(i64, i64)]) -> Interactions {
    let users: Vec<i64> = events.iter().map(|e| e.0).collect();
    let items: Vec<i64> = events.iter().map(|e| e.1).collect();
    Interactions::builder(&users, &items).build().unwrap()
}

fn named(events: &[(i64, i64)]) -> Interactions {
    let text = |v: i64| format!("{:03}", (v * 37) % 1000);
    let users: Vec<String> = events.iter().map(|e| text(e.0)).collect();
    let items: Vec<String> = events.iter().map(|e| text(e.1)).collect();
    Interactions::builder(users.as_slice(), items.as_slice()).build().unwrap()
}

/// Calls `$check(name, |data, run| fit)` for every model.
macro_rules! every {
    ($check:ident) => {
        let als = Als::default().factors(6).regularization(0.5);
        let exact = als.clone().solver(Solver::Cholesky);
        $check("als", |d, r| als.fit(d, r));
        $check("als cholesky", |d, r| exact.fit(d, r));
        $check("spectral", |d, r| Spectral::default().rank(6).fit(d, r));
        for similarity in
            [Similarity::Cosine, Similarity::TfIdf, Similarity::Bm25, Similarity::Rp3Beta]
        {
            let knn = ItemKnn::default().neighbors(6).similarity(similarity);
            $check("item knn", |d, r| knn.fit(d, r));
        }
        let blend = Blend::of([(als.clone().into(), 1.0), (ItemKnn::default().into(), 0.5)]);
        $check("blend", |d, r| blend.fit(d, r));
        let ease = Ease::default().regularization(5.0);
        $check("ease", |d, r| ease.fit(d, r));
        $check("sequence", |d, r| SequenceLinear::default().fit(d, r));
        $check("basket", |d, r| RepeatBasket::default().popularity(0.1).fit(d, r));
        $check("popularity", |d, r| Popularity::default().fit(d, r));
        let weight = Popularity::default().measure(Measure::Weight);
        $check("popularity by weight", |d, r| weight.fit(d, r));
    };
}

fn answers<M: Recommender>(model: &M) -> Vec<Vec<Scored>> {
    let query = Query::default();
    let users = model.catalog().users().clone();
    let mut all: Vec<_> = users.iter().map(|u| model.recommend(u, 7, &query).unwrap()).collect();
    for item in model.catalog().items().clone().iter() {
        all.extend(model.similar_items(item, 5, &query).ok());
    }
    all
}

#[test]
fn an_update_with_nothing_changes_no_answer() {
    fn check<M: Model + Persist + Clone>(
        name: &str,
        fit: impl Fn(&Interactions, &Run) -> Result<M>,
    ) {
        let model = fit(&data(&shop(0..40, 30, 8, 1)), &Run::seed(3)).unwrap();
        let nothing = Interactions::builder([0i64; 0], [0i64; 0]).build().unwrap();
        let known = Interactions::builder([1], [1]).weights(&[0.0]).build().unwrap();
        for nothing in [nothing, known] {
            let same = model.update(&nothing, &Run::default()).unwrap();
            assert!(same.to_bytes().unwrap() == model.to_bytes().unwrap(), "{name}");
            let same = model.fold_in_items(&nothing, &Run::default()).unwrap();
            assert!(same.to_bytes().unwrap() == model.to_bytes().unwrap(), "{name}");
        }
    }
    every!(check);
}

#[test]
fn what_was_newly_seen_is_not_recommended_and_strangers_become_users() {
    fn check<M: Model + Persist + Clone>(
        name: &str,
        fit: impl Fn(&Interactions, &Run) -> Result<M>,
    ) {
        let model = fit(&data(&shop(0..40, 30, 8, 1)), &Run::seed(3)).unwrap();
        let liked = model.recommend(4, 1, &Query::default()).unwrap()[0].id.clone();
        let Id::Int(liked) = liked else { panic!("integer ids") };
        // A new user with items of group 1, a new item (-5, before all others) of group 2.
        let more = [(4, liked), (99, 1), (99, 4), (99, 7), (2, -5), (5, -5), (8, -5), (11, -5)];
        let next = model.update(&data(&more), &Run::default()).unwrap();
        let top = next.recommend(4, 30, &Query::default()).unwrap();
        assert!(top.iter().all(|s| s.id != liked.into()), "{name}: {top:?}");
        let top = next.recommend(99, 4, &Query::default()).unwrap();
        assert!(!top.is_empty(), "{name}");
        if !name.starts_with("popularity") {
            let own = top.iter().filter(|s| matches!(s.id, Id::Int(i) if i % 3 == 1)).count();
            assert!(own >= 3, "{name}: {top:?}");
            let similar = next.similar_items(-5, 4, &Query::default()).unwrap();
            let own = similar.iter().filter(|s| matches!(s.id, Id::Int(i) if i % 3 == 2));
            assert!(own.count() >= 3, "{name}: {similar:?}");
            // Who has things like it, gets it.
            let place = |user: i64| {
                let all = next.recommend(user, 60, &Query::default()).unwrap();
                all.iter().position(|s| s.id == (-5).into()).unwrap_or(60)
            };
            assert!(place(14) < place(13), "{name}: {} {}", place(14), place(13));
        }
        assert_eq!(model.catalog().items().len() + 1, next.catalog().items().len(), "{name}");
        let vector = model.fold_in(&History::of([1i64, 4])).unwrap();
        assert!(next.recommend_vector(&vector, 3, &Query::default()).is_ok(), "{name}");
    }
    every!(check);
}

#[test]
fn an_updated_model_is_a_model_like_any_other() {
    fn check<M: Model + Persist + Clone>(
        name: &str,
        fit: impl Fn(&Interactions, &Run) -> Result<M>,
    ) {
        for build in [data, named] {
            let model = fit(&build(&shop(0..40, 30, 8, 1)), &Run::seed(3)).unwrap();
            let more = build(&shop(20..60, 45, 3, 2));
            let bytes = |threads| {
                let next = model.update(&more, &Run::default().with_threads(threads)).unwrap();
                next.to_bytes().unwrap()
            };
            let one = bytes(1);
            assert!(one == bytes(3), "{name}: 1 and 3 threads give other bytes");
            let next = M::from_bytes(&one).unwrap();
            assert_eq!(answers(&next), answers(&model.update(&more, &Run::default()).unwrap()));
            let all = next.recommend_batch(None, 7, &Query::default(), &Run::default()).unwrap();
            for (row, one) in answers(&next).iter().enumerate().take(all.len()) {
                assert_eq!(&all.row(row), one, "{name}");
            }
            for (i, id) in model.catalog().items().iter().enumerate() {
                assert_eq!(next.catalog().items().dense(id), Some(i as u32), "{name}");
            }
            let known = next.catalog().items().iter().filter(|&id| {
                more.items().dense(id).is_some() || model.catalog().items().dense(id).is_some()
            });
            assert_eq!(known.count(), next.catalog().items().len(), "{name}");
            // And it can be updated in its turn.
            assert!(next.update(&build(&[(3, 3), (70, 70)]), &Run::default()).is_ok(), "{name}");
        }
    }
    every!(check);
}

#[test]
fn neighbours_by_cosine_and_popularity_are_those_of_a_fresh_fit() {
    fn check<M: Model + Persist + Clone>(fit: impl Fn(&Interactions, &Run) -> Result<M>) {
        for seed in 0..12 {
            // Ids grow, so that a fresh fit numbers them in the same order.
            let mut before = shop(0..30, 24, 3 + seed as usize, seed);
            before.extend((0..24).map(|i| (i, i)));
            let more = shop(20..40, 36, 2, seed + 100);
            let all: Events = before.iter().chain(&more).copied().collect();
            let updated = fit(&data(&before), &Run::default()).unwrap();
            let updated = updated.update(&data(&more), &Run::default()).unwrap();
            let fresh = fit(&data(&all), &Run::default()).unwrap();
            assert_eq!(updated.catalog().items(), fresh.catalog().items());
            assert_eq!(answers(&updated), answers(&fresh), "seed {seed}");
        }
    }
    for (neighbors, shrink) in [(3, 0.0), (5, 2.0), (100, 0.0)] {
        let knn = ItemKnn::default().neighbors(neighbors).shrink(shrink);
        check(|d, r| knn.fit(d, r));
    }
    check(|d, r| Popularity::default().fit(d, r));
}

#[test]
fn folding_in_items_leaves_what_was_learned() {
    fn check<M: Model + Persist + Clone>(
        name: &str,
        fit: impl Fn(&Interactions, &Run) -> Result<M>,
    ) {
        let model = fit(&data(&shop(0..40, 30, 8, 1)), &Run::seed(3)).unwrap();
        // A new item of group 0: from known users, and from strangers with other items.
        let more = [(0, 300), (3, 300), (6, 300), (70, 300), (70, 0), (70, 3), (71, 300), (71, 6)];
        let next = model.fold_in_items(&data(&more), &Run::default()).unwrap();
        if name.starts_with("popularity") {
            return;
        }
        let similar = next.similar_items(300, 4, &Query::default()).unwrap();
        let own = similar.iter().filter(|s| matches!(s.id, Id::Int(i) if i % 3 == 0)).count();
        assert!(own >= 3, "{name}: {similar:?}");
        if name.starts_with("als") {
            let among = Query::default().items(model.catalog().items().iter().map(IdRef::to_id));
            for user in [1i64, 2, 20] {
                let before = model.recommend(user, 9, &among).unwrap();
                assert_eq!(before, next.recommend(user, 9, &among).unwrap(), "{name}");
            }
        }
    }
    every!(check);
}

#[test]
fn an_update_can_be_cancelled_and_keeps_attributes() {
    fn check<M: Model + Persist + Clone>(
        name: &str,
        fit: impl Fn(&Interactions, &Run) -> Result<M>,
    ) {
        let before = data(&shop(0..40, 30, 8, 1));
        let number = |i: u32| f64::from(i);
        let values = (0..before.n_items() as u32).map(number).collect();
        let attributes =
            ItemAttributes::new(before.items().clone(), vec![Attribute::number("price", values)])
                .unwrap();
        let model = fit(&before, &Run::seed(3)).unwrap().with_attributes(&attributes);
        let more = data(&shop(20..60, 45, 3, 2));
        let token = CancelToken::new();
        token.cancel();
        let e = model.update(&more, &Run::default().with_cancel(&token)).map(|_| ()).unwrap_err();
        assert_eq!(e.code(), ErrorCode::Cancelled, "{name}");
        let next = model.update(&more, &Run::default()).unwrap();
        let cheap = Query::default().where_json(&serde_json::json!({"price": {"lt": 9}})).unwrap();
        for s in next.recommend(21, 50, &cheap).unwrap() {
            assert!(s.id < 9.into(), "{name}: {} is new and has no price", s.id);
        }
    }
    every!(check);
}

#[test]
fn ids_of_another_type_are_refused() {
    let model = Popularity::default().fit(&data(&[(1, 1)]), &Run::default()).unwrap();
    let more = Interactions::builder(["ann"], ["tea"]).build().unwrap();
    let e = model.update(&more, &Run::default()).unwrap_err();
    assert_eq!(e.code(), ErrorCode::InvalidInput);
}

#[test]
fn an_update_of_a_damaged_file_returns() {
    fn check<M: Model + Persist + Clone>(_: &str, fit: impl Fn(&Interactions, &Run) -> Result<M>) {
        let model = fit(&data(&[(1, 1), (1, 2), (2, 1), (2, 3), (3, 1)]), &Run::seed(3)).unwrap();
        let bytes = model.to_bytes().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bad.mercato");
        let more = data(&[(1, 3), (4, 1), (2, 9)]);
        for at in (64..bytes.len()).step_by(5) {
            let mut bad = bytes.clone();
            bad[at] = !bad[at];
            std::fs::write(&path, &bad).unwrap();
            let Ok(opened) = M::open(&path) else { continue };
            let Ok(next) = opened.update(&more, &Run::default().with_threads(1)) else { continue };
            let _ = next.recommend(1, 2, &Query::default());
        }
    }
    every!(check);
}

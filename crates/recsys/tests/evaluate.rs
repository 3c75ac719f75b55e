//! Judging: what lies beyond a mean.

#![allow(clippy::unwrap_used)]
use mercato_core::{ErrorCode, IdRef, Interactions, Rng, Run};
use mercato_recsys::{ItemKnn, Model, Popularity, Query, compare, evaluate, evaluate_users};

fn split() -> (Interactions, Interactions) {
    let mut rng = Rng::new(3);
    let (mut users, mut items) = (vec![], vec![]);
    for user in 0..200i64 {
        for _ in 0..3 + user % 10 {
            users.push(user);
            // Two groups of taste over a popular head.
            let group = if rng.unit() < 0.3 { 0 } else { 1 + user % 2 };
            items.push(group * 20 + (rng.unit().powi(2) * 20.0) as i64);
        }
    }
    let data = Interactions::builder(&users, &items).build().unwrap();
    data.split_random(0.3, 1).unwrap()
}

#[test]
fn users_add_up_to_the_evaluation_and_old_keys_stay() {
    let (train, test) = split();
    let model = ItemKnn::default().fit(&train, &Run::default()).unwrap();
    let whole = evaluate(&model, &test, &[5, 10], &Query::default(), &Run::default()).unwrap();
    let users =
        evaluate_users(&model, &test, &[5, 10], &Query::default(), &Run::default()).unwrap();
    assert_eq!(users.evaluation(), &whole);
    assert_eq!(users.users().len(), whole.users);
    for name in ["recall@5", "ndcg@10", "popularity@5", "long_tail@10", "novelty@10"] {
        let values: Vec<f64> = users.values(name).unwrap().collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((mean - whole.metric(name).unwrap()).abs() < 1e-12, "{name}");
    }
    for name in ["coverage@5", "gini@5", "diversity@10"] {
        assert!((0.0..=1.0).contains(&whole.metric(name).unwrap()), "{name}");
        assert_eq!(users.values(name).map(|_| ()).unwrap_err().code(), ErrorCode::InvalidParams);
    }
}

#[test]
fn a_list_for_everybody_is_popular_concentrated_and_alike() {
    let (train, test) = split();
    let run = Run::default();
    let of = |m: &dyn Model| evaluate(m, &test, &[10], &Query::default(), &run).unwrap();
    let popular = of(&Popularity::default().fit(&train, &run).unwrap());
    let knn = of(&ItemKnn::default().fit(&train, &run).unwrap());
    let is_more = |name: &str| popular.metric(name).unwrap() > knn.metric(name).unwrap();
    assert!(is_more("popularity@10") && is_more("gini@10"));
    assert!(!is_more("long_tail@10") && !is_more("coverage@10") && !is_more("novelty@10"));
}

#[test]
fn intervals_hold_the_mean_narrow_with_users_and_follow_the_seed() {
    let (train, test) = split();
    let model = ItemKnn::default().fit(&train, &Run::default()).unwrap();
    let users = evaluate_users(&model, &test, &[10], &Query::default(), &Run::default()).unwrap();
    let of = |level, run: &Run| users.intervals(level, 500, run).unwrap();
    let wide = of(0.99, &Run::seed(1));
    assert_eq!(wide, of(0.99, &Run::seed(1).with_threads(1)), "threads do not matter");
    let narrow = of(0.5, &Run::seed(1));
    for (name, i) in &wide {
        assert!(i.low <= i.mean && i.mean <= i.high, "{name} {i:?}");
        assert!(i.low <= narrow[name].low && narrow[name].high <= i.high, "{name}");
    }
    assert_ne!(wide, of(0.99, &Run::seed(2)));
    // The normal approximation of the same interval.
    let values: Vec<f64> = users.values("recall@10").unwrap().collect();
    let (n, mean) = (values.len() as f64, wide["recall@10"].mean);
    let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    let half = (narrow["recall@10"].high - narrow["recall@10"].low) / 2.0;
    assert!((half / (0.6745 * sd / n.sqrt()) - 1.0).abs() < 0.15);
    for (level, resamples) in [(0.0, 500), (1.0, 500), (0.95, 10)] {
        let e = users.intervals(level, resamples, &Run::default()).unwrap_err();
        assert_eq!(e.code(), ErrorCode::InvalidParams);
    }
}

#[test]
fn segments_are_the_means_of_their_users() {
    let (train, test) = split();
    let model = ItemKnn::default().fit(&train, &Run::default()).unwrap();
    let users = evaluate_users(&model, &test, &[10], &Query::default(), &Run::default()).unwrap();
    let odd = |id: IdRef<'_>| match id {
        IdRef::Int(i) if i < 150 => Some(if i % 2 == 1 { "odd" } else { "even" }),
        _ => None,
    };
    let parts = users.by_segment(odd);
    assert_eq!((parts[0].name.as_str(), parts[1].name.as_str()), ("even", "odd"));
    let both = parts[0].users + parts[1].users;
    assert_eq!(both, users.users().filter(|&id| odd(id).is_some()).count());
    let deciles = users.by_activity(10);
    assert_eq!(deciles.len(), 10);
    assert_eq!(deciles.iter().map(|d| d.users).sum::<usize>(), users.users().len());
    let mean: f64 = deciles.iter().map(|d| d.metrics["recall@10"] * d.users as f64).sum::<f64>()
        / users.users().len() as f64;
    assert!((mean - users.evaluation().metric("recall@10").unwrap()).abs() < 1e-12);
    assert!(deciles[0].name.starts_with("1 to") || deciles[0].name.starts_with("2 to"));
}

#[test]
fn a_comparison_tells_a_difference_from_chance() {
    let (train, test) = split();
    let run = Run::seed(4);
    let knn = ItemKnn::default().fit(&train, &run).unwrap();
    let popular = Popularity::default().fit(&train, &run).unwrap();
    let query = Query::default();
    let clear = compare(&knn, &popular, &test, "ndcg@10", &query, &run).unwrap();
    assert!(clear.p_value < 0.05 && clear.low > 0.0 && clear.better > clear.worse, "{clear:?}");
    assert!((clear.difference - (clear.a - clear.b)).abs() < 1e-12);
    assert_eq!(
        clear,
        compare(&knn, &popular, &test, "ndcg@10", &query, &run.clone().with_threads(1)).unwrap()
    );
    let back = compare(&popular, &knn, &test, "ndcg@10", &query, &run).unwrap();
    assert_eq!((back.difference, back.better), (-clear.difference, clear.worse));
    let none = compare(&knn, &knn, &test, "recall@5", &query, &run).unwrap();
    assert_eq!((none.p_value, none.difference, none.better + none.worse), (1.0, 0.0, 0));
    for bad in ["ndcg", "ndcg@x", "coverage@10", "ndcg@0"] {
        let e = compare(&knn, &knn, &test, bad, &query, &run).unwrap_err();
        assert_eq!(e.code(), ErrorCode::InvalidParams, "{bad}");
    }
}

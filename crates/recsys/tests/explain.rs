//! Explanations account for the score that `recommend` gives.

#![allow(clippy::unwrap_used)]
use mercato_core::{ErrorCode, Interactions, Rng, Run};
use mercato_recsys::{
    Als, Blend, Ease, ExplanationKind, History, ItemKnn, Model, Popularity, Query, Recommender,
    RepeatBasket, SequenceLinear, Spectral, als::Solver, ease::Form, item_knn::Similarity,
};

fn random_shop(seed: u64) -> Interactions {
    let mut rng = Rng::new(seed);
    let (mut users, mut items, mut weights) = (vec![], vec![], vec![]);
    for user in 0..40i64 {
        for _ in 0..1 + rng.below(9) {
            users.push(user);
            items.push((rng.unit().powi(2) * 25.0) as i64);
            weights.push(0.5 + rng.below(4) as f32);
        }
    }
    Interactions::builder(&users, &items).weights(&weights).build().unwrap()
}

/// `alone(user)`: whether the history accounts for all of the user's scores.
fn accounts_for_every_score(name: &str, model: &dyn Model, alone: fn(i64) -> bool) {
    let all = Query::default().include_seen();
    let visitor = all.clone().history(History::weighted([(3i64, 2.0), (1, 1.0), (3, 0.5)]));
    for (user, query) in [(0i64, &all), (7, &all), (39, &all), (-1, &visitor)] {
        for s in model.recommend(user, 25, query).unwrap() {
            let why = model.explain(user, &s.id, query).unwrap();
            assert_eq!(why.kind, ExplanationKind::Exact, "{name}");
            let scale = why.contributions.iter().fold(s.score.abs(), |m, c| m.max(c.part.abs()));
            let close = |a: f32, b: f32| (a - b).abs() <= 2e-5 * scale.max(1e-3);
            assert!(close(why.score, s.score), "{name} {user} {:?}: {why:?} {}", s.id, s.score);
            let sum: f32 = why.contributions.iter().map(|c| c.part).sum();
            assert!(close(sum + why.rest, s.score), "{name}: {why:?}");
            if alone(user) {
                assert!(close(sum, s.score), "{name}: {why:?} {}", s.score);
            }
            assert!(why.contributions.windows(2).all(|w| w[0].part >= w[1].part), "{name}");
            assert!((0.0..=1.0).contains(&why.share_of_users));
        }
        let why = model.explain(user, 2i64, query).unwrap();
        if user < 0 {
            assert_eq!(why.contributions.len(), 2, "{name}: items of the history, once each");
        }
    }
}

#[test]
fn parts_add_up_to_the_score_in_models_that_are_linear_in_the_history() {
    for seed in 0..4 {
        let data = random_shop(seed);
        let run = Run::seed(seed);
        for solver in [Solver::Cg, Solver::Cholesky] {
            let als = Als::default().factors(6).regularization(0.5).solver(solver);
            accounts_for_every_score("als", &als.fit(&data, &run).unwrap(), |u| u < 0);
        }
        for s in [Similarity::Cosine, Similarity::TfIdf, Similarity::Bm25, Similarity::Rp3Beta] {
            let knn = ItemKnn::default().similarity(s).neighbors(6).fit(&data, &run).unwrap();
            accounts_for_every_score("item_knn", &knn, |_| true);
        }
        for form in [Form::Dense, Form::Sparse] {
            let ease = Ease::default().regularization(20.0).form(form).fit(&data, &run).unwrap();
            accounts_for_every_score("ease", &ease, |_| true);
        }
        let sequence = SequenceLinear::default().fit(&data, &run).unwrap();
        accounts_for_every_score("sequence", &sequence, |_| true);
        let basket = RepeatBasket::default().fit(&data, &run).unwrap();
        accounts_for_every_score("basket", &basket, |_| false);
        let spectral = Spectral::default().rank(5).fit(&data, &run).unwrap();
        accounts_for_every_score("spectral", &spectral, |_| true);
        let knn = ItemKnn::default().neighbors(6);
        let blend = Blend::of([(Spectral::default().rank(5).into(), 1.0), (knn.into(), 0.5)]);
        accounts_for_every_score("blend", &blend.fit(&data, &run).unwrap(), |_| false);
    }
}

#[test]
fn popularity_explains_by_the_share_of_users_and_so_does_a_stranger() {
    let data = Interactions::builder([1, 2, 2, 3], ["tea", "tea", "cup", "tea"]).build().unwrap();
    let popular = Popularity::default().fit(&data, &Run::default()).unwrap();
    let why = popular.explain(2, "tea", &Query::default()).unwrap();
    assert_eq!((why.kind, why.score, why.rest), (ExplanationKind::Popularity, 3.0, 3.0));
    assert_eq!((why.share_of_users, why.contributions.len()), (1.0, 0));
    let knn = ItemKnn::default().fit(&data, &Run::default()).unwrap();
    let nobody = Query::default().history(History::of(["unheard of"]));
    let why = knn.explain(0, "cup", &nobody).unwrap();
    assert_eq!((why.kind, why.score), (ExplanationKind::Popularity, 1.0 / 3.0));
    assert_eq!(knn.explain(1, "mug", &nobody).unwrap_err().code(), ErrorCode::UnknownId);
    assert_eq!(knn.explain(9, "cup", &Query::default()).unwrap_err().code(), ErrorCode::UnknownId);
}

/// A model that says nothing of its insides.
#[derive(Debug)]
struct Opaque(mercato_recsys::ItemKnnModel);

impl Model for Opaque {
    fn catalog(&self) -> &mercato_recsys::Catalog {
        self.0.catalog()
    }
    fn catalog_mut(&mut self) -> &mut mercato_recsys::Catalog {
        self.0.catalog_mut()
    }
    fn score(&self, t: mercato_recsys::Taste<'_>, out: &mut [f32]) -> mercato_core::Result<()> {
        self.0.score(t, out)?;
        out.iter_mut().for_each(|s| *s = s.tanh());
        Ok(())
    }
    fn score_similar(&self, item: u32, out: &mut [f32]) -> mercato_core::Result<()> {
        self.0.score_similar(item, out)
    }
}

#[test]
fn any_other_model_shows_the_events_most_like_the_item() {
    let data = random_shop(1);
    let model = Opaque(ItemKnn::default().fit(&data, &Run::default()).unwrap());
    let top = model.recommend(3, 1, &Query::default()).unwrap().remove(0);
    let why = model.explain(3, &top.id, &Query::default()).unwrap();
    assert_eq!((why.kind, why.score, why.rest), (ExplanationKind::Neighbors, top.score, 0.0));
    let nearest = model.similar_items(&top.id, 25, &Query::default()).unwrap();
    let seen = data.items_of(3i64).unwrap();
    let expected = nearest.iter().find(|s| seen.contains(&s.id.as_ref())).unwrap();
    assert_eq!(why.contributions[0].item, expected.id);
    assert_eq!(why.contributions[0].part, expected.score);
}

#[test]
fn likeness_is_largest_for_the_item_itself() {
    let data = random_shop(2);
    let run = Run::seed(0);
    let models: [Box<dyn Model>; 3] = [
        Box::new(Als::default().factors(4).fit(&data, &run).unwrap()),
        Box::new(ItemKnn::default().similarity(Similarity::Bm25).fit(&data, &run).unwrap()),
        Box::new(Spectral::default().rank(4).fit(&data, &run).unwrap()),
    ];
    for model in models {
        for a in 0..10 {
            assert!((model.likeness(a, a).unwrap() - 1.0).abs() < 1e-5);
            for b in 0..10 {
                let (x, y) = (model.likeness(a, b).unwrap(), model.likeness(b, a).unwrap());
                assert!((x - y).abs() < 1e-6 && x <= 1.0 + 1e-5, "{a} {b}: {x} {y}");
            }
        }
    }
    assert_eq!(Popularity::default().fit(&data, &run).unwrap().likeness(0, 1), None);
}

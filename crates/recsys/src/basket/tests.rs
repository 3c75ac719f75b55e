use super::RepeatBasket;
use crate::{ExplanationKind, Query, Recommender};
use mercato_core::{Id, Interactions, Run};

/// Milk every time, tea every other time; whoever buys a kettle buys filters in the next basket.
fn shop() -> Interactions {
    let (mut users, mut items, mut times) = (vec![], vec![], vec![]);
    for user in 0..60i64 {
        for visit in 0..6i64 {
            let mut basket = vec!["milk"];
            if visit % 2 == user % 2 {
                basket.push("tea");
            }
            if visit == user % 5 {
                basket.push("kettle");
            }
            if visit == user % 5 + 1 {
                basket.push("filters");
            }
            for item in basket {
                users.push(user);
                items.push(item);
                times.push(visit);
            }
        }
    }
    // Somebody whose only basket has a kettle, and somebody who never buys milk.
    for (user, item) in [(60, "kettle"), (61, "tea"), (61, "mug")] {
        users.push(user);
        items.push(item);
        times.push(9);
    }
    Interactions::builder(&users, &items[..]).times(&times).build().unwrap()
}

fn top(model: &super::RepeatBasketModel, user: i64, n: usize) -> Vec<Id> {
    let query = Query::default().include_seen();
    model.recommend(user, n, &query).unwrap().into_iter().map(|s| s.id).collect()
}

#[test]
fn what_is_bought_every_time_is_bought_again() {
    let model = RepeatBasket::default().regularization(5.0).fit(&shop(), &Run::default()).unwrap();
    for user in 0..60 {
        assert_eq!(top(&model, user, 1), ["milk".into()], "{user}");
    }
    let new = model.recommend(3, 9, &Query::default()).unwrap();
    assert!(new.iter().all(|s| s.id != "milk".into()), "unseen only, unless asked otherwise");
}

#[test]
fn a_basket_leads_to_what_follows_it() {
    let model = RepeatBasket::default().regularization(5.0).fit(&shop(), &Run::default()).unwrap();
    let weights = |from: &str, to: &str| {
        let why = model.explain(60, to, &Query::default()).unwrap();
        assert_eq!(why.kind, ExplanationKind::Exact);
        why.contributions.iter().find(|c| c.item == from.into()).unwrap().part
    };
    assert!(weights("kettle", "filters") > 0.3);
    assert!(weights("kettle", "filters") > weights("kettle", "tea") + 0.2);
}

#[test]
fn recent_baskets_count_more() {
    let data = Interactions::builder(["a", "a", "a", "b"], ["old", "mid", "new", "old"])
        .times(&[1, 2, 3, 1])
        .build()
        .unwrap();
    let fit = |decay| {
        let model = RepeatBasket::default().decay(decay).popularity(0.0).transitions(0.0);
        model.fit(&data, &Run::default()).unwrap()
    };
    let query = Query::default().include_seen();
    let ranked = fit(0.5).recommend("a", 3, &query).unwrap();
    assert_eq!(ranked[0].id, "new".into());
    assert_eq!(ranked[2].id, "old".into());
    let even = fit(1.0).recommend("a", 3, &query).unwrap();
    assert_eq!(even[0].score, even[2].score);
}

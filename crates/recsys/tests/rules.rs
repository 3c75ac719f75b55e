//! Rules do what their documentation says, over any model.

#![allow(clippy::unwrap_used)]
use mercato_core::{Attribute, ErrorCode, Id, Interactions, ItemAttributes, Rng, Run, Scored};
use mercato_recsys::rules::RuleStatus;
use mercato_recsys::{Als, ItemKnn, Model, Popularity, Query, Recommender, Rules, Spectral, Trace};
use serde_json::{Value, json};
use std::collections::HashMap;

const N: usize = 10;

fn models() -> Vec<(&'static str, Box<dyn Model>)> {
    let mut rng = Rng::new(8);
    let (mut users, mut items) = (vec![], vec![]);
    for user in 0..80i64 {
        for _ in 0..12 {
            users.push(user);
            items.push((rng.unit().powi(2) * 120.0) as i64);
        }
    }
    let data = Interactions::builder(&users, &items).build().unwrap();
    let n = data.n_items();
    let brand: Vec<_> = (0..n).map(|i| (i % 5 != 4).then(|| format!("b{}", i % 3))).collect();
    let tags: Vec<Vec<String>> =
        (0..n).map(|i| vec![format!("g{}", i % 7), "all".into()]).collect();
    let attributes = ItemAttributes::new(
        data.items().clone(),
        vec![
            Attribute::text("brand", &brand).unwrap(),
            Attribute::tags("tags", &tags).unwrap(),
            Attribute::number("price", (0..n).map(|i| i as f64).collect()),
        ],
    )
    .unwrap();
    let run = Run::seed(2);
    let als = Als::default().factors(8).fit(&data, &run).unwrap();
    let knn = ItemKnn::default().fit(&data, &run).unwrap();
    let spectral = Spectral::default().rank(8).fit(&data, &run).unwrap();
    let popular = Popularity::default().fit(&data, &run).unwrap();
    vec![
        ("als", Box::new(als.with_attributes(&attributes))),
        ("item_knn", Box::new(knn.with_attributes(&attributes))),
        ("spectral", Box::new(spectral.with_attributes(&attributes))),
        ("popularity", Box::new(popular.with_attributes(&attributes))),
    ]
}

#[allow(clippy::needless_pass_by_value, reason = "json! makes values")]
fn rules(data: Value) -> Query {
    Query::default().rules(Rules::from_json(&data).unwrap())
}

fn ids(list: &[Scored]) -> Vec<i64> {
    let int = |s: &Scored| if let Id::Int(i) = s.id { i } else { panic!("integer ids") };
    list.iter().map(int).collect()
}

fn brand(model: &dyn Model, id: &Id) -> Option<String> {
    let item = model.catalog().items().dense(id).unwrap();
    let attributes = model.catalog().attributes().unwrap();
    attributes.column("brand").unwrap().texts(item).next().map(str::to_owned)
}

fn trace_equals_list(model: &dyn Model, user: i64, query: &Query) -> Trace {
    let list = model.recommend(user, N, query).unwrap();
    let trace = model.trace(user, N, query).unwrap();
    let traced: Vec<_> =
        trace.items.iter().map(|t| Scored { id: t.item.clone(), score: t.score }).collect();
    assert_eq!(traced, list);
    assert!(trace.items.iter().enumerate().all(|(at, t)| t.position == Some(at + 1)));
    trace
}

#[test]
fn boosts_and_buries_rank_as_if_all_scores_were_changed_and_sorted() {
    for (name, model) in models() {
        for user in [0i64, 5, 33] {
            let everything = model.recommend(user, 1000, &Query::default()).unwrap();
            for (verb, change, f) in
                [("boost", json!({"factor": 3.0}), 3.0f32), ("bury", json!({"factor": 0.25}), 0.25)]
            {
                let mut shift = change;
                shift["where"] = json!({"brand": "b1"});
                let mut rule = json!({});
                rule[verb] = shift;
                let query = rules(json!([rule]));
                let mut expected: Vec<Scored> = everything.clone();
                for s in &mut expected {
                    if brand(&*model, &s.id).as_deref() == Some("b1") {
                        s.score = if s.score >= 0.0 { s.score * f } else { s.score / f };
                    }
                }
                expected.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
                expected.truncate(N);
                assert_eq!(model.recommend(user, N, &query).unwrap(), expected, "{name} {verb}");
                let trace = trace_equals_list(&*model, user, &query);
                for t in &trace.items {
                    let touched = brand(&*model, &t.item).as_deref() == Some("b1");
                    assert_eq!(t.steps.len(), usize::from(touched && t.score != 0.0), "{name}");
                    for s in &t.steps {
                        assert_eq!((s.action.as_str(), s.score_after), (verb, t.score));
                        assert_eq!(Some(s.score_before), t.model_score);
                    }
                }
            }
        }
    }
}

#[test]
fn excluded_items_are_never_shown_and_the_list_is_filled_up() {
    for (name, model) in models() {
        let plain = model.recommend(3i64, N, &Query::default()).unwrap();
        let first = plain[0].id.clone();
        let query = rules(json!([
            {"exclude": {"items": [first, 9999]}},
            {"exclude": {"where": {"brand": "b2"}}, "name": "no b2"},
        ]));
        let list = model.recommend(3i64, N, &query).unwrap();
        assert_eq!(list.len(), N, "{name}");
        assert!(list.iter().all(|s| s.id != first));
        assert!(list.iter().all(|s| brand(&*model, &s.id).as_deref() != Some("b2")), "{name}");
        let trace = trace_equals_list(&*model, 3, &query);
        assert_eq!(trace.removed[0].item, first, "{name}");
        assert_eq!(trace.removed[0].steps[0].rule, 0);
        assert_eq!((trace.rules[0].touched, trace.rules[1].name.as_str()), (1, "no b2"));
        let gone = plain.iter().filter(|s| list.iter().all(|l| l.id != s.id)).count();
        assert_eq!(trace.removed.len(), gone, "{name}");
    }
}

#[test]
fn caps_hold_for_every_value_and_lists_stay_as_long_as_they_can() {
    for (name, model) in models() {
        for user in [1i64, 40] {
            let query = rules(json!([{"cap": {"attribute": "brand", "at_most": 1}}]));
            let list = model.recommend(user, N, &query).unwrap();
            let mut counts: HashMap<_, usize> = HashMap::new();
            for b in list.iter().filter_map(|s| brand(&*model, &s.id)) {
                *counts.entry(b).or_default() += 1;
            }
            assert!(counts.values().all(|&c| c == 1), "{name} {counts:?}");
            // The best of everything that the cap leaves, in the model's order.
            let mut left = 3;
            let mut seen = Vec::new();
            let expected: Vec<_> = model
                .recommend(user, 1000, &Query::default())
                .unwrap()
                .into_iter()
                .filter(|s| match brand(&*model, &s.id) {
                    None => true,
                    Some(b) if seen.contains(&b) => false,
                    Some(b) => {
                        seen.push(b);
                        left -= 1;
                        true
                    }
                })
                .take(N)
                .collect();
            assert_eq!(list, expected, "{name}");
            // Every item has the tag "all": one of them is all that can be shown.
            let one = rules(json!([{"cap": {"attribute": "tags", "at_most": 1}}]));
            assert_eq!(model.recommend(user, N, &one).unwrap().len(), 1, "{name}");
            trace_equals_list(&*model, user, &query);
        }
    }
}

#[test]
fn pins_stand_at_their_positions_and_filters_hold_for_them() {
    for (name, model) in models() {
        let seen = model.catalog().seen().row(7).0[0];
        let seen = model.catalog().items().id(seen).to_id();
        let plain = ids(&model.recommend(7i64, N, &Query::default()).unwrap());
        let last = plain[N - 1];
        let query = rules(json!([
            {"pin": {"item": seen, "position": 3}},
            {"pin": {"item": last, "position": 1}},
            {"pin": {"item": 9999, "position": 2}},
            {"pin": {"item": plain[4], "position": 500}},
        ]));
        let list = ids(&model.recommend(7i64, N, &query).unwrap());
        assert_eq!(list.len(), N);
        assert_eq!((list[0], Id::Int(list[2])), (last, seen.clone()), "{name}");
        assert_eq!(list[1], plain[0], "{name}: an unknown pin is passed over");
        assert!(list.contains(&plain[4]), "{name}: a pin beyond the list leaves the item be");
        let trace = trace_equals_list(&*model, 7, &query);
        let status: Vec<_> = trace.rules.iter().map(|r| r.status).collect();
        use RuleStatus::{Applied, BeyondTheList, UnknownItem};
        assert_eq!(status, [Applied, Applied, UnknownItem, BeyondTheList]);
        assert_eq!(trace.items[0].steps[0].rank_before, Some(N), "{name}");

        for (anyway, shown) in [(false, false), (true, true)] {
            let query = rules(json!([
                {"pin": {"item": seen, "position": 1, "anyway": anyway}},
                {"exclude": {"items": [seen]}},
            ]));
            let list = model.recommend(7i64, N, &query).unwrap();
            assert_eq!(list[0].id == seen, shown, "{name}");
        }
        let alone = rules(json!([{"pin": {"item": last, "position": 9}}])).items([last, plain[0]]);
        assert_eq!(ids(&model.recommend(7i64, N, &alone).unwrap()), [plain[0], last], "{name}");
        assert!(model.recommend(7i64, 0, &query).unwrap().is_empty());
    }
}

#[test]
fn a_pinned_item_uses_up_the_cap() {
    let (_, model) = models().remove(0);
    let plain = model.recommend(2i64, 50, &Query::default()).unwrap();
    let b0: Vec<_> =
        plain.iter().filter(|s| brand(&*model, &s.id).as_deref() == Some("b0")).collect();
    let query = rules(json!([
        {"cap": {"attribute": "brand", "at_most": 1}},
        {"pin": {"item": b0[1].id, "position": 4}},
    ]));
    let list = model.recommend(2i64, N, &query).unwrap();
    assert_eq!(list[3].id, b0[1].id);
    assert!(list.iter().all(|s| s.id != b0[0].id));
}

#[test]
fn diversifying_trades_relevance_for_variety() {
    for (name, model) in models() {
        let variety = |lambda: f64, by: &[&str]| {
            let rule = json!([{"diversify": {"lambda": lambda, "by": by}}]);
            let query = rules(rule);
            trace_equals_list(&*model, 11, &query);
            model.recommend(11i64, N, &query).unwrap()
        };
        let plain = model.recommend(11i64, N, &Query::default()).unwrap();
        assert_eq!(variety(1.0, &["tags"]), plain, "{name}: 1 is relevance alone");
        let values = |list: &[Scored]| {
            let item = |s: &Scored| model.catalog().items().dense(&s.id).unwrap();
            let column = model.catalog().attributes().unwrap().column("tags").unwrap();
            let tags: std::collections::BTreeSet<String> =
                list.iter().map(|s| column.texts(item(s)).next().unwrap().to_owned()).collect();
            tags.len()
        };
        assert_eq!(values(&variety(0.05, &["tags"])), 7, "{name}: every tag appears");
        assert!(values(&plain) < 7 || name == "popularity", "{name}");
        let own = model.recommend(11i64, N, &rules(json!([{"diversify": {"lambda": 0.3}}])));
        if name == "popularity" {
            assert_eq!(own.unwrap_err().code(), ErrorCode::Unsupported);
            continue;
        }
        let own = own.unwrap();
        let likeness = |list: &[Scored]| {
            let dense: Vec<u32> =
                list.iter().map(|s| model.catalog().items().dense(&s.id).unwrap()).collect();
            let mut sum = 0.0;
            for (k, &a) in dense.iter().enumerate() {
                sum += dense[..k].iter().map(|&b| model.likeness(a, b).unwrap()).sum::<f32>();
            }
            sum
        };
        assert!(likeness(&own) < likeness(&plain), "{name}");
    }
}

#[test]
fn rules_hold_in_their_time_only() {
    let (_, model) = models().remove(3);
    let plain = model.recommend(0i64, N, &Query::default()).unwrap();
    let query = rules(json!([
        {"pin": {"item": plain[5].id, "position": 1}, "from": 100, "until": 200},
        {"pin": {"item": plain[6].id, "position": 1}, "from": 200, "until": 300},
    ]));
    for (now, first) in [(99, 0), (100, 5), (199, 5), (200, 6), (300, 0)] {
        let list = model.recommend(0i64, N, &query.clone().at(now)).unwrap();
        assert_eq!(list[0].id, plain[first].id, "{now}");
    }
    assert_eq!(model.recommend(0i64, N, &query).unwrap(), plain, "the present is long after");
    let trace = model.trace(0i64, N, &query.at(150)).unwrap();
    assert_eq!(trace.rules[1].status, RuleStatus::NotNow);
}

#[test]
fn batches_and_similar_items_follow_rules_too() {
    for (name, model) in models() {
        let query = rules(json!([
            {"exclude": {"where": {"brand": "b0"}}},
            {"cap": {"attribute": "tags", "at_most": 10}},
            {"boost": {"where": {"price": {"lt": 40}}, "offset": 0.5}},
        ]));
        let batch = model.recommend_batch(None, N, &query, &Run::default()).unwrap();
        for row in [0, 7, 79] {
            let one = model.recommend(batch.user(row), N, &query).unwrap();
            assert_eq!(batch.row(row), one, "{name}");
        }
        if name != "popularity" {
            let similar = model.similar_items(1i64, N, &query).unwrap();
            assert!(similar.iter().all(|s| brand(&*model, &s.id).as_deref() != Some("b0")));
        }
    }
}

#[test]
fn rules_are_data_and_mistakes_name_the_rule() {
    let data = json!([
        {"name": "launch", "from": 5, "until": 9, "pin": {"item": "A7", "position": 1}},
        {"boost": {"where": {"brand": "own"}, "factor": 1.5}},
        {"bury": {"where": {"margin": {"lt": 0.0}}, "offset": 0.5}},
        {"exclude": {"where": {"stock": 0.0}, "items": ["A9", 7]}},
        {"cap": {"attribute": "brand", "at_most": 2}},
        {"diversify": {"lambda": 0.5, "by": ["category"], "depth": 50}},
    ]);
    let rules = Rules::from_json(&data).unwrap();
    assert_eq!(serde_json::to_value(&rules).unwrap(), data);
    assert_eq!(serde_json::from_value::<Rules>(data).unwrap(), rules);
    let pin = |item: &str, position: usize| json!({"pin": {"item": item, "position": position}});
    for (bad, says) in [
        (json!({}), "list"),
        (json!([{}]), "got 0"),
        (json!([{"pin": {"item": 1, "position": 0}}]), "at least 1"),
        (
            json!([{"pin": {"item": 1, "position": 1}, "cap": {"attribute": "a", "at_most": 1}}]),
            "got 2",
        ),
        (json!([{"boost": {"where": {}, "factor": 0.5}}]), "factor of a boost"),
        (json!([{"bury": {"where": {}, "factor": 0.0}}]), "factor of a bury"),
        (json!([{"boost": {"where": {}}}]), "either a factor or an offset"),
        (json!([{"boost": {"where": {}, "factor": 2, "offset": 1}}]), "either a factor"),
        (json!([{"boost": {"where": {"price": {"near": 3}}, "factor": 2}}]), "near"),
        (json!([{"exclude": {}}]), "exclude takes"),
        (json!([{"cap": {"attribute": "a", "at_most": 0}}]), "at_most"),
        (json!([{"diversify": {"lambda": 2}}]), "lambda"),
        (json!([{"promote": {}}]), "promote"),
        (json!([{"cap": {"attribute": "a", "at_most": 1}, "from": 5, "until": 5}]), "before until"),
        (json!([pin("a", 1), pin("b", 1)]), "position 1"),
        (json!([pin("a", 1), pin("a", 2)]), "pinned twice"),
        (json!([{"diversify": {}}, {"diversify": {}}]), "one diversify"),
    ] {
        let e = Rules::from_json(&bad).unwrap_err();
        assert_eq!(e.code(), ErrorCode::InvalidParams, "{bad}");
        assert!(e.message().contains(says), "{bad}: {e}");
    }
    let (_, model) = models().remove(1);
    for bad in [
        json!([{"cap": {"attribute": "colour", "at_most": 1}}]),
        json!([{"cap": {"attribute": "price", "at_most": 1}}]),
        json!([{"boost": {"where": {"colour": "red"}, "factor": 2}}]),
        json!([{"diversify": {"by": ["colour"]}}]),
    ] {
        let e = model.recommend(0i64, N, &self::rules(bad.clone())).unwrap_err();
        assert_eq!(e.code(), ErrorCode::InvalidParams, "{bad}");
        assert!(e.context().any(|(k, v)| (k, v) == ("rule", "0")), "{bad} {e:?}");
    }
}

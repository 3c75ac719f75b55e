//! A request allocates nothing once its thread has answered a few: counted, not measured.

#![allow(clippy::unwrap_used)]
use mercato_core::{Attribute, Interactions, ItemAttributes, Rng, Run};
use mercato_recsys::{
    Als, Answer, Chain, History, ItemKnn, Model, Popularity, Query, Ranking, Recommender, Request,
    Rules, Spectral,
};
use serde_json::json;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what this thread asks for.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends may have no counter any more.
    let _ = COUNT.try_with(|c| c.set(c.get() + 1));
}

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn shop() -> (Interactions, ItemAttributes) {
    let mut rng = Rng::new(5);
    let (mut users, mut items) = (vec![], vec![]);
    for user in 0..300 {
        for _ in 0..10 {
            users.push(format!("u{user}"));
            items.push(format!("i{}", (rng.unit().powi(2) * 400.0) as u32));
        }
    }
    let data = Interactions::builder(&users[..], &items[..]).build().unwrap();
    let n = data.n_items();
    let texts = |few: usize| -> Vec<Option<String>> {
        (0..n).map(|i| Some(format!("t{}", i % few))).collect()
    };
    let columns = vec![
        Attribute::text("category", &texts(4)).unwrap(),
        Attribute::text("brand", &texts(25)).unwrap(),
        Attribute::number("price", (0..n).map(|i| (i % 50) as f64).collect()),
    ];
    let attributes = ItemAttributes::new(data.items().clone(), columns).unwrap();
    (data, attributes)
}

fn queries() -> Vec<(&'static str, Query)> {
    let filtered = || {
        let data = json!({"category": ["t0", "t1", "t2"], "price": {"lt": 45}});
        Query::default().where_json(&data).unwrap()
    };
    let rules = Rules::from_json(&json!([
        {"exclude": {"where": {"brand": "t7"}, "items": ["i3", "unheard of"]}},
        {"boost": {"where": {"brand": ["t1", "t2"]}, "factor": 1.5}},
        {"bury": {"where": {"price": {"gt": 40}}, "offset": 0.1}, "until": 4102444800i64},
        {"cap": {"attribute": "brand", "at_most": 2}},
        {"diversify": {"lambda": 0.8, "by": ["category"]}},
        {"pin": {"item": "i1", "position": 2}},
    ]))
    .unwrap();
    vec![
        ("plain", Query::default()),
        ("history", Query::default().history(History::of((0..30).map(|i| format!("i{}", i * 3))))),
        ("filter", filtered()),
        ("filter and list", filtered().items((0..300).map(|i| format!("i{i}")))),
        ("filter and rules", filtered().rules(rules)),
    ]
}

/// Fails when a third round of the same work allocates. A chain has two lists in turns, so that two
/// rounds come before.
fn allocates_nothing(what: &str, mut work: impl FnMut()) {
    work();
    work();
    let before = COUNT.get();
    work();
    assert_eq!(COUNT.get() - before, 0, "{what} allocates");
}

#[test]
fn the_counter_counts() {
    let before = COUNT.get();
    std::hint::black_box(vec![1u8; 100]);
    assert!(COUNT.get() > before);
}

#[test]
fn a_request_with_filter_and_rules_allocates_nothing() {
    let (data, attributes) = shop();
    let run = Run::seed(1);
    let als = Als::default().factors(16).iterations(3).fit(&data, &run).unwrap();
    let knn = ItemKnn::default().fit(&data, &run).unwrap();
    let spectral = Spectral::default().rank(16).fit(&data, &run).unwrap();
    let popular = Popularity::default().fit(&data, &run).unwrap();
    let models: Vec<(&str, Box<dyn Model>)> = vec![
        ("als", Box::new(als.with_attributes(&attributes))),
        ("item_knn", Box::new(knn.with_attributes(&attributes))),
        ("spectral", Box::new(spectral.with_attributes(&attributes))),
        ("popularity", Box::new(popular.with_attributes(&attributes))),
    ];
    let users: Vec<String> = (0..300).map(|u| format!("u{u}")).collect();
    for (name, model) in &models {
        for (what, query) in queries() {
            let mut ranking = Ranking::default();
            allocates_nothing(&format!("{name}, {what}"), || {
                for user in &users {
                    model.recommend_into(user, 10, &query, &mut ranking).unwrap();
                    assert!(ranking.iter().all(|(id, score)| {
                        score.is_finite() && id != mercato_core::IdRef::Int(0)
                    }));
                }
            });
            assert!(!ranking.is_empty(), "{name}, {what}");
            if ["als", "item_knn"].contains(name) {
                allocates_nothing(&format!("{name}, {what}, similar items"), || {
                    model.similar_items_into("i1", 10, &query, &mut ranking).unwrap();
                });
            }
        }
    }
}

#[test]
fn a_chain_allocates_nothing_whichever_step_answers() {
    let (data, attributes) = shop();
    let run = Run::seed(1);
    let als = Als::default().factors(16).iterations(3).fit(&data, &run).unwrap();
    let als = std::sync::Arc::new(als.with_attributes(&attributes));
    let knn = ItemKnn::default().fit(&data, &run).unwrap();
    let knn = std::sync::Arc::new(knn.with_attributes(&attributes));
    let chain = Chain::builder()
        .model("gone", "no/such/file")
        .model("personal", als.clone())
        .similar("alike", knn)
        .popular_in("in category", als.clone(), "category")
        .popular("popular", als)
        .list("editors", ["i1", "i2", "i5"])
        .deadline(std::time::Duration::from_secs(60))
        .build()
        .unwrap();
    let mut answer = Answer::default();
    for (what, query) in queries().into_iter().filter(|(_, q)| q.history.is_none()) {
        let requests = [
            ("u5", "personal", Request::from(query.clone())),
            ("nobody", "alike", Request::from(query.clone()).item("i1")),
            ("nobody", "in category", Request::from(query.clone()).segment("t1")),
            ("nobody", "popular", Request::from(query.clone())),
        ];
        for (user, step, request) in requests {
            allocates_nothing(&format!("{what}, {step}"), || {
                chain.recommend_into(user, 5, &request, &mut answer);
                assert_eq!(answer.ranking().iter().len().min(1), 1);
            });
            assert_eq!(answer.step(), Some(step), "{what}");
        }
    }
}

//! A chain always answers, and says which step did and why the others did not.

#![allow(clippy::unwrap_used)]
use mercato_core::{
    Attribute, ErrorCode, Id, Interactions, ItemAttributes, Persist, Result, Run, Scored,
};
use mercato_recsys::{
    Als, Candidates, Catalog, Chain, ChainBuilder, History, ItemKnn, ItemKnnModel, Model, Query,
    Reason, Recommender, Request, Rules, Scratch, Taste,
};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// tea 4, cup 3, mug 2, jam 1 users.
fn data() -> Interactions {
    Interactions::builder(
        ["ann", "ann", "bob", "bob", "cid", "cid", "dan", "dan", "dan", "eve"],
        ["tea", "cup", "tea", "cup", "tea", "mug", "tea", "cup", "mug", "jam"],
    )
    .build()
    .unwrap()
}

fn attributes(data: &Interactions) -> ItemAttributes {
    // Items in ascending order: cup, jam, mug, tea.
    let shelf = [Some("ware"), Some("food"), Some("ware"), Some("food")];
    let stock = vec![0.0, 5.0, 5.0, 5.0];
    let columns =
        vec![Attribute::text("shelf", &shelf).unwrap(), Attribute::number("stock", stock)];
    ItemAttributes::new(data.items().clone(), columns).unwrap()
}

fn knn() -> ItemKnnModel {
    let data = data();
    ItemKnn::default().fit(&data, &Run::default()).unwrap().with_attributes(&attributes(&data))
}

fn ids(list: &[Scored]) -> Vec<String> {
    let text = |s: &Scored| if let Id::Str(s) = &s.id { s.clone() } else { panic!("texts") };
    list.iter().map(text).collect()
}

fn full() -> ChainBuilder {
    let model = Arc::new(knn());
    Chain::builder()
        .model("personal", model.clone())
        .similar("alike", model.clone())
        .popular_in("on the shelf", model.clone(), "shelf")
        .popular("popular", model)
        .list("editors", ["jam", "tea", "pie"])
}

#[test]
fn each_step_answers_when_those_before_it_cannot() {
    let chain = full().build().unwrap();
    assert_eq!(chain.problems().count(), 0);
    assert_eq!(chain.steps()[1], "alike");

    let known = chain.recommend("ann", 2, &Request::default());
    assert_eq!(known.step(), Some("personal"));
    assert_eq!(known.to_vec(), knn().recommend("ann", 2, &Query::default()).unwrap());
    assert!(known.passed().is_empty() && !known.late());

    let page = chain.recommend("?", 2, &Request::default().item("mug"));
    assert_eq!(page.step(), Some("alike"));
    assert_eq!(page.passed(), [("personal", Reason::UnknownUser)]);
    assert_eq!(page.to_vec(), knn().similar_items("mug", 2, &Query::default()).unwrap());

    let shelf = chain.recommend("?", 5, &Request::default().segment("ware"));
    assert_eq!(
        (shelf.step(), ids(&shelf.to_vec())),
        (Some("on the shelf"), vec!["cup".into(), "mug".into()])
    );
    assert_eq!(shelf.passed()[1], ("alike", Reason::NoContext));

    let stranger = chain.recommend("?", 3, &Request::default());
    assert_eq!(stranger.step(), Some("popular"));
    assert_eq!(ids(&stranger.to_vec()), ["tea", "cup", "mug"]);
    assert!((stranger.to_vec()[0].score - 0.8).abs() < 1e-6);

    // The visitor's history: a session of unknown items, then one of known ones.
    let session = |items: [&str; 1]| Request::from(Query::default().history(History::of(items)));
    let nothing = chain.recommend("?", 3, &session(["pie"]));
    assert_eq!(nothing.passed()[0], ("personal", Reason::NoHistory));
    assert_eq!(nothing.step(), Some("popular"));
    assert_eq!(chain.recommend("?", 3, &session(["mug"])).step(), Some("personal"));

    // A filter that only the list can meet: pie is on no shelf that the models know.
    let pie = Request::from(Query::default().items(["pie"]));
    let only = chain.recommend("ann", 3, &pie);
    assert_eq!((only.step(), ids(&only.to_vec())), (Some("editors"), vec!["pie".into()]));
    assert_eq!(only.passed().last().unwrap(), &("popular", Reason::TooFew));

    let none = chain.recommend("ann", 3, &Request::from(Query::default().items(["nothing"])));
    assert_eq!((none.step(), none.to_vec().len(), none.passed().len()), (None, 0, 5));
    assert_eq!(chain.recommend(7, 3, &Request::default()).step(), Some("popular"));
    assert!(chain.recommend("ann", 0, &Request::default()).to_vec().is_empty());
}

#[test]
fn the_segment_comes_from_the_item_or_from_the_history() {
    let model = Arc::new(knn());
    let chain = Chain::builder().popular_in("shelf", model, "shelf").build().unwrap();
    let list = |request: &Request, user: &str| ids(&chain.recommend(user, 9, request).to_vec());
    assert_eq!(list(&Request::default().item("jam"), "?"), ["tea", "jam"]);
    // dan has tea, cup and mug: mostly ware, all of it seen.
    let seen = Request::from(Query::default().include_seen());
    assert_eq!(list(&seen, "dan"), ["cup", "mug"]);
    assert!(list(&Request::default(), "dan").is_empty());
    assert_eq!(list(&Request::default().segment("unheard of"), "?"), [""; 0]);
}

#[test]
fn a_short_list_gives_way_to_a_longer_one_and_answers_when_there_is_none() {
    let chain = full().at_least(3).build().unwrap();
    let answer = chain.recommend("ann", 3, &Request::default());
    // ann has tea and cup: mug and jam are all that a model can show, the list has jam and pie.
    assert_eq!((answer.step(), answer.to_vec().len()), (Some("editors"), 3));
    let of_two = Request::from(Query::default().items(["mug", "jam"]));
    let answer = chain.recommend("ann", 3, &of_two);
    assert_eq!(
        (answer.step(), ids(&answer.to_vec())),
        (Some("popular"), vec!["mug".into(), "jam".into()])
    );
    assert!(answer.passed().iter().all(|p| p.0 != "popular"));
    assert_eq!(chain.recommend("ann", 1, &Request::default()).step(), Some("personal"));
}

#[test]
fn missing_damaged_and_wrong_files_are_reasons_and_not_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let data = data();
    let als = Als::default().factors(4).fit(&data, &Run::seed(1)).unwrap();
    als.save(path("als")).unwrap();
    let good = std::fs::read(path("als")).unwrap();
    for at in [3, good.len() / 2, good.len() - 5] {
        let mut bad = good.clone();
        bad[at] ^= 0x20;
        std::fs::write(path("bad"), &bad).unwrap();
        let chain = Chain::builder()
            .model("bad", path("bad"))
            .model("gone", path("gone"))
            .popular("popular", path("als"))
            .build()
            .unwrap();
        let problems: Vec<_> = chain.problems().map(|(s, e)| (s.to_owned(), e.code())).collect();
        assert_eq!(problems[0].0, "bad");
        assert!(
            [ErrorCode::CorruptArtifact, ErrorCode::UnsupportedVersion].contains(&problems[0].1)
        );
        assert_eq!(problems[1], ("gone".to_owned(), ErrorCode::Io));
        let answer = chain.recommend("ann", 2, &Request::default());
        assert_eq!(answer.passed(), [("bad", Reason::Unavailable), ("gone", Reason::Unavailable)]);
        assert_eq!(ids(&answer.to_vec()), ["mug", "jam"], "what ann has is left out");
    }
    let data = json!({
        "steps": [
            {"model": "als", "name": "personal"},
            {"popular_in": "als", "attribute": "shelf"},
            {"popular": "als"},
        ],
        "deadline": 0.5,
    });
    let chain = ChainBuilder::from_json(&data, folder.path()).unwrap().build().unwrap();
    let (step, problem) = chain.problems().next().unwrap();
    assert_eq!((step, problem.code()), ("popular_in", ErrorCode::InvalidParams));
    assert_eq!(chain.recommend("ann", 1, &Request::default()).step(), Some("personal"));
}

#[test]
fn mistakes_in_the_chain_itself_are_typed_errors() {
    let code = |b: ChainBuilder| b.build().unwrap_err().code();
    assert_eq!(code(Chain::builder()), ErrorCode::InvalidParams);
    assert_eq!(code(Chain::builder().list("a", [0i64; 0])), ErrorCode::InvalidParams);
    assert_eq!(code(Chain::builder().list("a", [1i64]).at_least(0)), ErrorCode::InvalidParams);
    assert_eq!(
        code(Chain::builder().list("a", [1i64]).list("a", [2i64])),
        ErrorCode::InvalidParams
    );
    let mixed = [Id::Int(1), Id::Str("x".into())];
    assert_eq!(code(Chain::builder().list("a", mixed)), ErrorCode::InvalidInput);
    for bad in [
        json!([]),
        json!({"steps": [{}]}),
        json!({"steps": [{"model": "a", "popular": "b"}]}),
        json!({"steps": [{"popular_in": "a"}]}),
        json!({"steps": [{"list": [1]}], "deadline": -1.0}),
        json!({"steps": [{"list": [1]}], "rules": [{"pin": {}}]}),
        json!({"steps": [{"lists": [1]}]}),
    ] {
        let e = ChainBuilder::from_json(&bad, ".").map(|_| ()).unwrap_err();
        assert_eq!(e.code(), ErrorCode::InvalidParams, "{bad}");
    }
}

/// A model that goes wrong in some way.
struct Trouble(ItemKnnModel, fn(&Scratch) -> Result<()>);

impl Model for Trouble {
    fn catalog(&self) -> &Catalog {
        self.0.catalog()
    }
    fn catalog_mut(&mut self) -> &mut Catalog {
        self.0.catalog_mut()
    }
    fn score(&self, taste: Taste<'_>, out: &mut [f32]) -> Result<()> {
        self.0.score(taste, out)
    }
    fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
        self.0.score_similar(item, out)
    }
    fn top(
        &self,
        taste: Taste<'_>,
        n: usize,
        among: Candidates<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<()> {
        self.1(scratch)?;
        self.0.top(taste, n, among, scratch, out)
    }
}

#[test]
fn a_model_that_looks_at_the_clock_is_left_at_the_deadline() {
    // It would never end: only the deadline of the request can stop it.
    fn for_ever(scratch: &Scratch) -> Result<()> {
        loop {
            scratch.check()?;
            std::hint::spin_loop();
        }
    }
    let chain = Chain::builder()
        .model("slow", Arc::new(Trouble(knn(), for_ever)))
        .similar("alike", Arc::new(knn()))
        .popular("popular", Arc::new(knn()))
        .deadline(Duration::from_millis(2))
        .build()
        .unwrap();
    let answer = chain.recommend("ann", 2, &Request::default());
    assert_eq!(answer.passed(), [("slow", Reason::Late), ("alike", Reason::Late)]);
    assert_eq!((answer.step(), answer.late()), (Some("popular"), true));
    // The next request of this thread has its own deadline or none.
    let calm = Chain::builder().model("personal", Arc::new(knn())).build().unwrap();
    assert_eq!(calm.recommend("ann", 2, &Request::default()).step(), Some("personal"));
    assert!(knn().recommend("ann", 2, &Query::default()).is_ok());
}

#[test]
fn with_no_time_left_only_ready_made_steps_answer() {
    let als = Als::default().factors(4).fit(&data(), &Run::seed(1)).unwrap();
    let chain = Chain::builder()
        .model("personal", Arc::new(als))
        .list("editors", ["tea"])
        .deadline(Duration::ZERO)
        .build()
        .unwrap();
    let answer = chain.recommend("ann", 2, &Request::default());
    assert_eq!((answer.step(), answer.late()), (Some("editors"), true));
}

#[test]
fn a_late_answer_in_hand_is_used_and_marked() {
    fn sleep(_: &Scratch) -> Result<()> {
        std::thread::sleep(Duration::from_millis(4));
        Ok(())
    }
    struct Deaf(Trouble);
    impl Model for Deaf {
        fn catalog(&self) -> &Catalog {
            self.0.catalog()
        }
        fn catalog_mut(&mut self) -> &mut Catalog {
            self.0.catalog_mut()
        }
        fn score(&self, taste: Taste<'_>, out: &mut [f32]) -> Result<()> {
            sleep(&Scratch::default())?;
            self.0.score(taste, out)
        }
        fn score_similar(&self, item: u32, out: &mut [f32]) -> Result<()> {
            self.0.score_similar(item, out)
        }
    }
    let chain = Chain::builder()
        .model("deaf", Arc::new(Deaf(Trouble(knn(), |_| Ok(())))))
        .popular("popular", Arc::new(knn()))
        .deadline(Duration::from_millis(2))
        .build()
        .unwrap();
    let answer = chain.recommend("ann", 2, &Request::default());
    assert_eq!((answer.step(), answer.late()), (Some("deaf"), true));
}

#[test]
fn a_bug_in_a_model_costs_its_own_answer_only() {
    fn panics(_: &Scratch) -> Result<()> {
        panic!("a bug")
    }
    fn fails(_: &Scratch) -> Result<()> {
        Err(mercato_core::Error::not_enough_data("for some reason"))
    }
    let chain = Chain::builder()
        .model("bug", Arc::new(Trouble(knn(), panics)))
        .model("failing", Arc::new(Trouble(knn(), fails)))
        .model("well", Arc::new(knn()))
        .build()
        .unwrap();
    let answer = chain.recommend("ann", 2, &Request::default());
    let reasons = [
        ("bug", Reason::Failed(ErrorCode::Internal)),
        ("failing", Reason::Failed(ErrorCode::NotEnoughData)),
    ];
    assert_eq!((answer.passed(), answer.step()), (reasons.to_vec(), Some("well")));
    assert_eq!(reasons[1].1.as_str(), "not_enough_data");
}

#[test]
fn rules_hold_in_every_step_and_what_is_excluded_never_slips_through() {
    let rules = Rules::from_json(&json!([
        {"exclude": {"where": {"stock": 0}}},
        {"boost": {"where": {"shelf": "food"}, "factor": 100.0}},
        {"diversify": {}},
    ]))
    .unwrap();
    let chain = full().rules(rules).attributes(attributes(&data())).build().unwrap();
    let lists = [
        chain.recommend("eve", 5, &Request::default()),
        chain.recommend("?", 5, &Request::default().item("mug")),
        chain.recommend("?", 5, &Request::default()),
    ];
    for answer in &lists {
        assert!(ids(&answer.to_vec()).iter().all(|i| i != "cup"), "{:?}", answer.step());
    }
    assert_eq!(ids(&lists[2].to_vec()), ["tea", "jam", "mug"]);
    // A list whose stock nobody knows does not answer under a rule about stock.
    let rules = Rules::from_json(&json!([{"exclude": {"where": {"stock": 0}}}])).unwrap();
    let blind = Chain::builder().list("editors", ["tea"]).rules(rules).build().unwrap();
    let answer = blind.recommend("ann", 5, &Request::default());
    assert_eq!(answer.passed(), [("editors", Reason::Failed(ErrorCode::InvalidParams))]);
    let own = Rules::from_json(&json!([{"pin": {"item": "tea", "position": 1}}])).unwrap();
    let request = Request::from(Query::default().rules(own));
    assert_eq!(blind.recommend("ann", 5, &request).step(), Some("editors"));
}

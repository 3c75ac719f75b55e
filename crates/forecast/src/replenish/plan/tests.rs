use super::*;
use mercato_core::Run;
use proptest::prelude::*;

fn run() -> Run {
    Run::seed(0).with_threads(2)
}

/// Ten items that sell about 4 a day, one supplier with a backup.
fn shop() -> PlanInput {
    let items: Vec<String> = (0..10).map(|i| format!("sku-{i}")).collect();
    PlanInput {
        today: 20_000,
        levels: vec![0.05, 0.25, 0.5, 0.75, 0.95],
        period_days: 1,
        forecasts: items
            .iter()
            .map(|item| ItemForecast {
                item: item.clone(),
                outlook: Outlook::Quantiles { values: [1.0, 2.0, 4.0, 5.0, 9.0].repeat(28) },
            })
            .collect(),
        stock: items
            .iter()
            .enumerate()
            .map(|(i, item)| ItemStock {
                item: item.clone(),
                on_hand: 8 * i as i64,
                volume: 1.0,
                ..ItemStock::default()
            })
            .collect(),
        suppliers: vec![
            Supplier { supplier: "first".into(), ..Supplier::default() },
            Supplier { supplier: "backup".into(), ..Supplier::default() },
        ],
        offers: items
            .iter()
            .flat_map(|item| {
                let offer = |supplier: &str, rank, price| Offer {
                    item: item.clone(),
                    supplier: supplier.into(),
                    rank,
                    lead_time: LeadDays::Fixed(5 + rank),
                    minimum: 6,
                    pack: 6,
                    prices: vec![
                        PriceBreak { from: 1, unit_price: price },
                        PriceBreak { from: 60, unit_price: price - 20 },
                    ],
                    ..Offer::default()
                };
                [offer("first", 0, 250), offer("backup", 1, 300)]
            })
            .collect(),
    }
}

fn json(plan: &Plan) -> String {
    serde_json::to_string(plan.record()).unwrap()
}

/// Every promise about orders that can be read off the plan itself.
fn check_promises(planner: &Planner, plan: &Plan) {
    let (input, record) = (plan.input(), plan.record());
    let mut total = 0;
    for order in &record.orders {
        let supplier = input.suppliers.iter().find(|s| s.supplier == order.supplier).unwrap();
        let weekday = (i64::from(order.order_day) + 3).rem_euclid(7) as u8;
        assert!(supplier.order_weekdays.is_empty() || supplier.order_weekdays.contains(&weekday));
        assert!(!supplier.closed.contains(&order.order_day));
        assert!(supplier.unavailable_until.is_none_or(|d| order.order_day >= d));
        assert!(order.order_day >= input.today);
        let units: i64 = order.lines.iter().map(|l| l.quantity).sum();
        assert!(supplier.capacity.is_none_or(|c| units <= c));
        let mut sum = 0;
        for line in &order.lines {
            let offer = input
                .offers
                .iter()
                .find(|o| o.item == line.item && o.supplier == order.supplier)
                .unwrap();
            assert!(line.quantity >= offer.minimum && line.quantity % offer.pack == 0);
            assert!(offer.capacity.is_none_or(|c| line.quantity <= c));
            assert_eq!(line.unit_price, offer.unit_price(line.quantity));
            assert_eq!(line.total, line.quantity * line.unit_price);
            sum += line.total;
        }
        assert_eq!(order.total, sum);
        total += sum;
    }
    assert_eq!(record.total, total);
    assert!(planner.budget.is_none_or(|b| total <= b));
    let by_item: i64 = record.items.iter().map(|i| i.purchase).sum();
    assert_eq!(by_item, total);
    if let Some(storage) = planner.storage {
        let used: f64 = input.stock.iter().map(|s| s.on_hand as f64 * s.volume).sum();
        let volume =
            |item: &str| input.stock.iter().find(|s| s.item == item).map_or(0.0, |s| s.volume);
        let ordered: f64 = record
            .orders
            .iter()
            .flat_map(|o| &o.lines)
            .map(|l| l.quantity as f64 * volume(&l.item))
            .sum();
        assert!(ordered <= (storage - used).max(0.0) + 1e-6);
    }
}

#[test]
fn a_normal_forecast_gives_the_textbook_level() {
    let z = |p: f64| crate::replenish::special::norm_ppf(p);
    let levels = vec![0.1, 0.5, 0.9, 0.975];
    let row: Vec<f64> = levels.iter().map(|&p| 500.0 + 40.0 * z(p)).collect();
    let mut input = shop();
    input.levels = levels;
    input.forecasts[0].outlook = Outlook::Quantiles { values: row.repeat(20) };
    let plan = Planner { review_period: 7, ..Planner::default() }.plan(input, &run()).unwrap();
    let item = plan.item("sku-0").unwrap();
    assert_eq!(item.protection_days, 12.0);
    let textbook = 6000.0 + 40.0 * 12f64.sqrt() * z(0.95);
    assert!((item.target - textbook).abs() < 0.002 * textbook, "{} {textbook}", item.target);
    assert!((item.expected_demand - 6000.0).abs() < 1e-6);
}

#[test]
fn quantiles_of_a_total_are_the_levels_themselves() {
    let mut input = shop();
    input.levels = vec![0.05, 0.5, 0.95, 0.99];
    // Protection is 12 days: 7 until the next order and 5 for its delivery.
    for f in &mut input.forecasts {
        f.outlook = Outlook::Total { days: 12, values: vec![20.0, 50.0, 130.0, 400.0] };
    }
    let planner = |p: f64| Planner { service_level: ServiceLevel::All(p), ..Planner::default() };
    let plan = planner(0.95).plan(input.clone(), &run()).unwrap();
    let item = plan.item("sku-0").unwrap();
    assert!((item.target - 130.0).abs() < 1e-6, "{item:?}");
    let much = planner(0.99).plan(input.clone(), &run()).unwrap();
    let much = much.item("sku-0").unwrap();
    assert!((much.target - 400.0).abs() < 1e-6);
    assert!(much.expected_fill_rate > item.expected_fill_rate && much.expected_fill_rate < 1.0);
    assert!((item.stockout_probability - 0.05).abs() < 0.01, "{item:?}");
    // What is short and what is not adds up to the mean.
    let none = Planner { goal: Some(Goal::FillRate(0.9)), ..Planner::default() };
    let none = none.plan(input.clone(), &run()).unwrap();
    let fill = none.item("sku-0").unwrap();
    assert!((0.9..0.95).contains(&fill.expected_fill_rate), "{fill:?}");
    input.forecasts[0].outlook = Outlook::Total { days: 0, values: vec![1.0; 4] };
    let bad = Planner::default().plan(input, &run()).unwrap();
    assert_eq!(bad.record().failures[0].field, "forecast");
}

#[test]
fn samples_keep_the_dependence_between_days() {
    // Two paths that never mix: 1 or 9 a day for good.
    let mut input = shop();
    input.forecasts[0].outlook = Outlook::Samples { paths: 2, values: [1.0, 9.0].repeat(28) };
    let plan = Planner::default().plan(input, &run()).unwrap();
    assert_eq!(plan.item("sku-0").unwrap().target, 9.0 * 12.0);
}

#[test]
fn a_backup_takes_over_and_the_plan_says_so() {
    let mut input = shop();
    input.suppliers[0].unavailable_until = Some(20_060);
    let plan = Planner::default().plan(input, &run()).unwrap();
    assert!(plan.orders().iter().all(|o| o.supplier == "backup"));
    let item = plan.item("sku-0").unwrap();
    assert!(matches!(&item.notes[0], Note::BackupUsed { unavailable, instead: Some(by) }
        if unavailable == "first" && by == "backup"));
    assert!(plan.explain("sku-0").unwrap().iter().any(|s| s.contains("backup takes over")));
    assert!(plan.alerts().iter().any(|a| a.kind == AlertKind::SupplierUnavailable));
}

#[test]
fn capacity_is_split_and_nothing_is_ordered_twice() {
    let mut input = shop();
    let free = Planner::default().plan(input.clone(), &run()).unwrap();
    let need = free.item("sku-0").unwrap().need;
    input.offers[0].capacity = Some(12);
    let plan = Planner::default().plan(input, &run()).unwrap();
    let lines: Vec<(String, i64)> = plan
        .orders()
        .iter()
        .flat_map(|o| o.lines.iter().map(|l| (o.supplier.clone(), l.item.clone(), l.quantity)))
        .filter(|l| l.1 == "sku-0")
        .map(|l| (l.0, l.2))
        .collect();
    assert_eq!(lines[0], ("first".to_owned(), 12));
    assert_eq!(lines[1].0, "backup");
    let sum = lines[0].1 + lines[1].1;
    assert!(sum >= need && sum < need + 6, "{lines:?} {need}");
}

#[test]
fn orders_wait_for_the_suppliers_weekday() {
    let mut input = shop();
    // Day 20000 is a Friday; this supplier takes orders on Mondays only, and not on the next one.
    input.suppliers[0].order_weekdays = vec![0];
    let plan = Planner::default().plan(input.clone(), &run()).unwrap();
    assert_eq!(plan.orders()[0].order_day, 20_003);
    input.suppliers[0].closed = vec![20_003];
    let plan = Planner { review_period: 14, ..Planner::default() }.plan(input, &run()).unwrap();
    assert_eq!(plan.orders()[0].order_day, 20_010);
}

#[test]
fn bad_items_are_named_with_their_field_and_the_others_planned() {
    let mut input = shop();
    input.stock[0].on_hand = -3;
    input.offers[2].lead_time = LeadDays::Fixed(0); // sku-1
    input.offers[4].lead_time = LeadDays::Spread { mean: f64::NAN, sd: 1.0 }; // sku-2
    input.offers.retain(|o| o.item != "sku-3");
    for o in input.offers.iter_mut().filter(|o| o.item == "sku-4") {
        o.minimum = 100;
        o.capacity = Some(50);
    }
    for o in input.offers.iter_mut().filter(|o| o.item == "sku-5") {
        o.prices[1].unit_price = 900;
    }
    input.forecasts[6].outlook = Outlook::Quantiles { values: vec![0.0; 5 * 28] };
    input.stock.push(ItemStock { item: "ghost".into(), ..ItemStock::default() });
    let mut planner = Planner::default();
    planner.goals.insert("sku-7".into(), Goal::ServiceLevel(1.0));
    let plan = planner.plan(input, &run()).unwrap();
    let found: Vec<(&str, &str, &str)> = plan
        .record()
        .failures
        .iter()
        .map(|f| (f.item.as_str(), f.field.as_str(), f.code.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("ghost", "stock", "unknown_id"),
            ("sku-0", "on_hand", "invalid_input"),
            ("sku-1", "lead_time", "invalid_input"),
            ("sku-2", "lead_time", "invalid_input"),
            ("sku-3", "offers", "invalid_input"),
            ("sku-4", "minimum", "invalid_input"),
            ("sku-5", "prices", "invalid_input"),
            ("sku-6", "forecast", "not_enough_data"),
            ("sku-7", "service_level", "invalid_input"),
        ]
    );
    let planned: Vec<&str> = plan.record().items.iter().map(|i| i.item.as_str()).collect();
    assert_eq!(planned, ["sku-8", "sku-9"]);
}

#[test]
fn perishables_are_not_ordered_beyond_their_life_and_old_lots_do_not_count() {
    let mut input = shop();
    input.stock[0].shelf_life = Some(2);
    input.stock[9].lots = vec![Lot { quantity: 60, expires: 20_002 }];
    let plan = Planner { review_period: 30, ..Planner::default() }.plan(input, &run()).unwrap();
    let fresh = plan.item("sku-0").unwrap();
    // Arrives in 5 days and keeps 2: seven days of demand at about 4.2.
    assert!(fresh.quantity <= 30 && fresh.quantity >= 18, "{fresh:?}");
    assert!(fresh.notes.iter().any(|n| matches!(n, Note::ShelfLifeCut { .. })));
    let old = plan.item("sku-9").unwrap();
    assert!(old.notes.iter().any(|n| matches!(n, Note::ExpectedWaste { units } if *units > 40)));
    assert!(old.position < 30, "{old:?}");
    assert!(plan.alerts().iter().any(|a| a.kind == AlertKind::Expiry && a.day == 20_002));
}

#[test]
fn alerts_have_days_and_probabilities() {
    let mut input = shop();
    input.stock[0].on_order =
        vec![OpenOrder { supplier: "first".into(), quantity: 10, due: 19_990 }];
    input.stock[1].on_hand = 10_000;
    input.stock[2].recent_actual = vec![9.0, 8.0, 9.5, 8.5, 9.0, 8.0];
    input.stock[2].recent_forecast = vec![4.0; 6];
    let plan = Planner::default().plan(input, &run()).unwrap();
    let of = |kind| plan.alerts().iter().filter(move |a| a.kind == kind).collect::<Vec<_>>();
    let late = of(AlertKind::LateSupplier);
    assert_eq!((late[0].item.as_str(), late[0].day, late[0].units), ("sku-0", 19_990, 10.0));
    let over = of(AlertKind::OverStock);
    assert_eq!(over[0].item, "sku-1");
    assert!(over[0].probability > 0.99 && over[0].day > 22_000);
    assert_eq!(of(AlertKind::ForecastDrift)[0].item, "sku-2");
    // 16 units last about four days, the first delivery comes on the fifth.
    let out = of(AlertKind::StockOut);
    let two = out.iter().find(|a| a.item == "sku-2").unwrap();
    assert!(two.probability > 0.5 && (20_001..20_005).contains(&two.day), "{two:?}");
    assert!(plan.alerts().iter().all(|a| (0.0..=1.0).contains(&a.probability)));
}

#[test]
fn an_override_is_followed_exactly_kept_and_audited() {
    let planner = Planner { budget: Some(200_000), ..Planner::default() };
    let plan = planner.plan(shop(), &run()).unwrap();
    let one = plan.with_override("sku-0", 120, "fair on Saturday", "mia", &run()).unwrap();
    assert_eq!(one.item("sku-0").unwrap().quantity, 120);
    let two = one.with_override("sku-1", 0, "will be delisted", "tom", &run()).unwrap();
    assert_eq!(two.item("sku-0").unwrap().quantity, 120);
    assert_eq!(two.item("sku-1").unwrap().quantity, 0);
    assert_eq!(two.record().history.len(), 2);
    assert_eq!(two.record().history[0].reason, "fair on Saturday");
    assert_eq!(two.record().revision, 2);
    check_promises(&planner, &two);
    let changed = plan.diff(&two);
    assert!(changed.lines.iter().any(|c| c.item == "sku-0" && c.after == 120));
    assert_eq!(changed.total_after, two.record().total);
    assert!(two.explain("sku-0").unwrap().iter().any(|s| s.contains("mia set the quantity")));

    let code = |e: mercato_core::Error| e.code().as_str();
    assert_eq!(code(plan.with_override("nope", 6, "x", "y", &run()).unwrap_err()), "unknown_id");
    assert_eq!(code(plan.with_override("sku-0", 7, "x", "y", &run()).unwrap_err()), "infeasible");
    assert_eq!(
        code(plan.with_override("sku-0", -6, "x", "y", &run()).unwrap_err()),
        "invalid_input"
    );
    assert_eq!(
        code(plan.with_override("sku-0", 6, " ", "y", &run()).unwrap_err()),
        "invalid_input"
    );
    let broke = Planner { budget: Some(100), ..Planner::default() }.plan(shop(), &run()).unwrap();
    assert_eq!(code(broke.with_override("sku-0", 60, "x", "y", &run()).unwrap_err()), "infeasible");
}

#[test]
fn a_plan_goes_from_draft_to_received_and_stock_follows() {
    let plan = Planner::default().plan(shop(), &run()).unwrap();
    assert!(plan.ordered("mia").is_err());
    let sent = plan.confirm("mia").unwrap().ordered("mia").unwrap();
    assert!(sent.with_override("sku-0", 6, "late idea", "tom", &run()).is_err());
    let line = sent.orders()[0].lines[0].clone();
    let receipt = |quantity| Receipt {
        supplier: sent.orders()[0].supplier.clone(),
        item: line.item.clone(),
        quantity,
    };
    let part = sent.receive(&[receipt(line.quantity - 2)], "dock").unwrap();
    assert_eq!(part.orders()[0].state, PlanState::ReceivedInPart);
    let stock = part.stock_after();
    let s = stock.iter().find(|s| s.item == line.item).unwrap();
    assert_eq!(s.on_hand, plan.input().stock[0].on_hand + line.quantity - 2);
    assert_eq!(s.on_order[0].quantity, 2);
    assert!(part.receive(&[receipt(3)], "dock").is_err());
    assert_eq!(part.record().history.len(), 3);

    let back: PlanRecord = serde_json::from_str(&json(&part)).unwrap();
    assert_eq!((&back.orders, &back.history), (&part.record().orders, &part.record().history));
    let again = Plan::from_parts(Planner::default(), shop(), back);
    let rest: Vec<Receipt> = again.orders()[0]
        .lines
        .iter()
        .map(|l| Receipt {
            supplier: again.orders()[0].supplier.clone(),
            item: l.item.clone(),
            quantity: l.quantity - l.received,
        })
        .collect();
    assert_eq!(again.receive(&rest, "dock").unwrap().orders()[0].state, PlanState::Received);
}

struct Columns(Vec<(&'static str, Vec<f64>)>, Vec<(&'static str, Vec<&'static str>)>);

impl mercato_core::table::Table for Columns {
    fn column_names(&self) -> Vec<String> {
        let names = self.0.iter().map(|c| c.0).chain(self.1.iter().map(|c| c.0));
        names.map(str::to_owned).collect()
    }

    fn column(&self, name: &str) -> mercato_core::Result<mercato_core::table::TableColumn<'_>> {
        use mercato_core::table::TableColumn;
        if let Some(c) = self.1.iter().find(|c| c.0 == name) {
            return Ok(TableColumn::Texts(c.1.iter().map(|t| Some((*t).into())).collect()));
        }
        let c = self.0.iter().find(|c| c.0 == name);
        let c = c.ok_or_else(|| mercato_core::table::no_such_column(name, self))?;
        Ok(TableColumn::Floats(c.1.iter().map(|v| v.is_finite().then_some(*v)).collect()))
    }
}

#[test]
fn tables_become_an_input() {
    let forecast = Columns(
        vec![
            ("ds", vec![20_001.0, 20_000.0, 20_000.0, 20_001.0]),
            ("mean", vec![5.0, 4.0, 2.0, 2.0]),
            ("lo-80", vec![3.0, 2.0, 1.0, 1.0]),
            ("hi-80", vec![7.0, 6.0, 3.0, 3.0]),
        ],
        vec![("unique_id", vec!["a", "a", "b", "b"])],
    );
    let stock = Columns(vec![("on_hand", vec![3.0])], vec![("unique_id", vec!["a"])]);
    let offers = Columns(
        vec![
            ("lead_time", vec![2.0, 2.0, 3.0]),
            ("from", vec![1.0, 50.0, 1.0]),
            ("unit_price", vec![100.0, 90.0, 40.0]),
            ("pack", vec![6.0, 6.0, 1.0]),
        ],
        vec![("unique_id", vec!["a", "a", "b"]), ("supplier", vec!["x", "x", "x"])],
    );
    let input = PlanInput::from_tables(&forecast, Some(&stock), &offers).unwrap();
    assert_eq!(input.today, 20_000);
    assert_eq!(input.levels, [0.1, 0.9]);
    let Outlook::Quantiles { values } = &input.forecasts[0].outlook else { panic!() };
    assert!(values.iter().zip([2.0, 6.0, 3.0, 7.0]).all(|(a, b)| (a - b).abs() < 1e-12));
    assert_eq!(input.offers.len(), 2);
    assert_eq!(input.offers[0].prices.len(), 2);
    let plan = Planner { review_period: 1, ..Planner::default() }.plan(input, &run()).unwrap();
    assert!(plan.record().failures.is_empty(), "{:?}", plan.record().failures);
    assert_eq!(plan.orders()[0].lines[0].quantity % 6, 0);
    let none = PlanInput::from_tables(&stock, None::<&Columns>, &offers).unwrap_err();
    assert_eq!(none.code().as_str(), "invalid_input");
}

#[test]
fn an_empty_input_gives_an_empty_plan() {
    let plan = Planner::default().plan(PlanInput::default(), &run()).unwrap();
    assert!(plan.orders().is_empty() && plan.record().failures.is_empty());
}

#[derive(Debug, Clone)]
struct Shape {
    mean: f64,
    clump: f64,
    on_hand: i64,
    coming: i64,
    minimum: i64,
    pack: i64,
    capacity: Option<i64>,
    price: i64,
    lead: u32,
    rank_flip: bool,
    shelf: Option<u32>,
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let one = (
        (0.02f64..60.0, 1.0f64..4.0, 0i64..400, 0i64..200, 0i64..40, 1i64..13),
        (proptest::option::of(40i64..300), 20i64..900, 1u32..20, any::<bool>()),
        proptest::option::of(3u32..40),
    )
        .prop_map(
            |(
                (mean, clump, on_hand, coming, minimum, pack),
                (capacity, price, lead, rank_flip),
                shelf,
            )| {
                Shape {
                    mean,
                    clump,
                    on_hand,
                    coming,
                    minimum,
                    pack,
                    capacity,
                    price,
                    lead,
                    rank_flip,
                    shelf,
                }
            },
        );
    prop::collection::vec(one, 1..12)
}

fn input_of(shapes: &[Shape]) -> PlanInput {
    let mut input = PlanInput { today: 19_500, ..PlanInput::default() };
    for name in ["a", "b", "c"] {
        input.suppliers.push(Supplier { supplier: name.into(), ..Supplier::default() });
    }
    for (i, s) in shapes.iter().enumerate() {
        let item = format!("{i}");
        input.forecasts.push(ItemForecast {
            item: item.clone(),
            outlook: Outlook::Moments {
                mean: vec![s.mean; 14],
                sd: vec![(s.mean * s.clump).sqrt(); 14],
            },
        });
        input.stock.push(ItemStock {
            item: item.clone(),
            on_hand: s.on_hand,
            on_order: vec![OpenOrder { supplier: "a".into(), quantity: s.coming, due: 19_503 }],
            shelf_life: s.shelf,
            volume: 0.5,
            ..ItemStock::default()
        });
        for (rank, name) in ["a", "b"].iter().enumerate() {
            input.offers.push(Offer {
                item: item.clone(),
                supplier: (*name).into(),
                rank: if s.rank_flip { 1 - rank as u32 } else { rank as u32 },
                lead_time: LeadDays::Spread { mean: f64::from(s.lead), sd: 1.0 },
                minimum: s.minimum,
                pack: s.pack,
                capacity: s.capacity,
                prices: vec![
                    PriceBreak { from: 0, unit_price: s.price },
                    PriceBreak { from: 50, unit_price: s.price * 9 / 10 },
                    PriceBreak { from: 200, unit_price: s.price * 8 / 10 },
                ],
                ..Offer::default()
            });
        }
    }
    input
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn orders_always_respect_every_limit(
        shapes in shapes(), budget in proptest::option::of(0i64..200_000),
        storage in proptest::option::of(0.0f64..4_000.0), supplier in proptest::option::of(0i64..500),
        weekday in 0u8..7, review in 1u32..20, order_cost in 0.0f64..2_000.0,
    ) {
        let mut input = input_of(&shapes);
        input.suppliers[0].capacity = supplier;
        input.suppliers[1].order_weekdays = vec![weekday];
        input.suppliers[1].closed = vec![19_501, 19_502];
        let planner =
            Planner { budget, storage, review_period: review, order_cost, ..Planner::default() };
        let plan = planner.plan(input.clone(), &run()).unwrap();
        // Only an offer that can never be taken fails an item: its least whole packs are above its
        // capacity.
        let impossible = |s: &Shape| {
            let pack = s.pack.max(1);
            let least = (s.minimum.max(1) + pack - 1) / pack * pack;
            s.capacity.is_some_and(|c| least > c)
        };
        prop_assert!(plan.record().failures.is_empty() || shapes.iter().any(impossible));
        check_promises(&planner, &plan);
        // Same input, same bytes, any number of threads.
        let again = planner.plan(input, &Run::seed(3).with_threads(1)).unwrap();
        prop_assert_eq!(json(&plan), json(&again));
        for item in &plan.record().items {
            prop_assert!((0.0..=1.0).contains(&item.expected_fill_rate));
            prop_assert!(!plan.explain(&item.item).unwrap().is_empty());
        }
    }

    #[test]
    fn a_higher_service_level_never_lowers_the_expected_fill_rate(
        shapes in shapes(), low in 0.05f64..0.95, more in 0.001f64..0.9, order_cost in 0.0f64..3_000.0,
    ) {
        let high = low + (0.9999 - low) * more;
        let plan = |p: f64| {
            let planner = Planner { service_level: ServiceLevel::All(p), order_cost, ..Planner::default() };
            planner.plan(input_of(&shapes), &run()).unwrap()
        };
        let (a, b) = (plan(low), plan(high));
        for (x, y) in a.record().items.iter().zip(&b.record().items) {
            prop_assert!(y.expected_fill_rate >= x.expected_fill_rate - 1e-9, "{x:?} {y:?}");
            prop_assert!(y.quantity >= x.quantity);
        }
    }

    #[test]
    fn overrides_are_never_lost(
        shapes in shapes(), picks in prop::collection::vec((0usize..12, 0i64..20), 1..5),
        budget in proptest::option::of(50_000i64..400_000),
    ) {
        let planner = Planner { budget, ..Planner::default() };
        let mut plan = planner.plan(input_of(&shapes), &run()).unwrap();
        let mut kept: std::collections::BTreeMap<String, i64> = Default::default();
        for (i, packs) in picks {
            let i = i % shapes.len();
            let quantity = packs * shapes[i].pack;
            if let Ok(next) = plan.with_override(&i.to_string(), quantity, "why", "who", &run()) {
                plan = next;
                kept.insert(i.to_string(), quantity);
            }
            for (item, quantity) in &kept {
                prop_assert_eq!(plan.item(item).unwrap().quantity, *quantity);
            }
            check_promises(&planner, &plan);
        }
        prop_assert_eq!(plan.record().overrides.len(), kept.len());
    }
}

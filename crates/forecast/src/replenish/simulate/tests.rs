use super::*;
use crate::replenish::policy::{SerialSystem, base_stock, rq_poisson_exact, ss_discrete_exact};

fn shop(policy: StockPolicy, demand: Demand) -> StockNode {
    StockNode {
        policy,
        demand: Some(demand),
        holding_cost: 1.0,
        stockout_cost: 9.0,
        ..StockNode::default()
    }
}

fn simulate(nodes: Vec<StockNode>, periods: u64, seed: u64) -> SimulationReport {
    Simulation { items: vec![nodes], periods, ..Simulation::default() }
        .run(&Run::seed(seed))
        .unwrap()
}

#[test]
fn simulated_base_stock_costs_what_the_newsvendor_says() {
    let demand = Demand::Poisson { mean: 6.0 };
    for lead in [0, 3] {
        let exact = base_stock(1.0, 9.0, &demand, f64::from(lead)).unwrap();
        let node = StockNode {
            lead_time: LeadTime::Fixed(lead),
            ..shop(StockPolicy::BaseStock { level: exact.base_stock_level }, demand.clone())
        };
        let r = simulate(vec![node], 40_000, 1);
        let error = r.cost_error.unwrap();
        assert!((r.cost - exact.cost).abs() < 4.0 * error, "{lead} {} {}", r.cost, exact.cost);
        assert!(error < 0.02 * r.cost);
    }
}

#[test]
fn simulated_ss_costs_what_renewal_theory_says_with_a_lead_time() {
    let demand = Demand::NegativeBinomial { mean: 4.0, variance: 10.0 };
    let exact = ss_discrete_exact(1.0, 9.0, 40.0, &demand, 2).unwrap();
    let node = StockNode {
        lead_time: LeadTime::Fixed(2),
        fixed_cost: 40.0,
        ..shop(
            StockPolicy::Ss { reorder_point: exact.reorder_point, order_up_to: exact.order_up_to },
            demand,
        )
    };
    let r = simulate(vec![node], 40_000, 2);
    let cost = exact.cost.unwrap();
    assert!((r.cost - cost).abs() < 4.0 * r.cost_error.unwrap(), "{} {cost}", r.cost);
}

#[test]
fn a_serial_chain_costs_what_clark_and_scarf_say() {
    let system = SerialSystem {
        echelon_holding_cost: vec![1.0, 2.0],
        lead_time: vec![2.0, 1.0],
        stockout_cost: 20.0,
        demand: Demand::Poisson { mean: 5.0 },
    };
    // Periodic review: the last stage's stock must last one period more.
    let periodic = SerialSystem { lead_time: vec![2.0, 2.0], ..system };
    let best = periodic.certify(100).unwrap();
    let levels = &best.policy.echelon_base_stock;
    let warehouse = StockNode {
        lead_time: LeadTime::Fixed(2),
        policy: StockPolicy::EchelonBaseStock { level: levels[0] },
        holding_cost: 1.0,
        ..StockNode::default()
    };
    let shop = StockNode {
        supplier: Some(0),
        lead_time: LeadTime::Fixed(1),
        policy: StockPolicy::EchelonBaseStock { level: levels[1] },
        demand: Some(Demand::Poisson { mean: 5.0 }),
        holding_cost: 3.0,
        in_transit_cost: 1.0,
        stockout_cost: 20.0,
        ..StockNode::default()
    };
    let r = simulate(vec![warehouse, shop], 40_000, 3);
    // The extra period counts one period's demand more in transit, at the warehouse's rate.
    let exact = best.upper_bound - 5.0;
    let error = r.cost_error.unwrap();
    assert!((r.cost - exact).abs() < 4.0 * error, "{} {exact} {error}", r.cost);
}

#[test]
fn an_rq_policy_in_short_periods_costs_what_continuous_review_says() {
    // 1.5 units a year, lead time 2 years, seen a thousand times a year.
    let exact = rq_poisson_exact(20.0, 150.0, 100.0, 1.5, 2.0).unwrap();
    let node = StockNode {
        policy: StockPolicy::Rq {
            reorder_point: exact.reorder_point,
            order_quantity: exact.order_quantity,
        },
        lead_time: LeadTime::Fixed(2000),
        demand: Some(Demand::Poisson { mean: 0.0015 }),
        holding_cost: 0.02,
        stockout_cost: 0.15,
        fixed_cost: 100.0,
        ..StockNode::default()
    };
    let r = Simulation {
        items: vec![vec![node]],
        periods: 2_000_000,
        warm_up: 50_000,
        replications: 8,
    }
    .run(&Run::seed(4))
    .unwrap();
    let yearly = r.cost * 1000.0;
    assert!((yearly - exact.cost).abs() < 0.02 * exact.cost, "{yearly} {}", exact.cost);
}

#[test]
fn the_report_is_the_same_for_any_number_of_threads() {
    let item = vec![
        StockNode {
            lead_time: LeadTime::Random { probabilities: vec![0.0, 0.5, 0.5] },
            policy: StockPolicy::BaseStock { level: 30.0 },
            holding_cost: 0.5,
            ..StockNode::default()
        },
        StockNode {
            supplier: Some(0),
            ..shop(
                StockPolicy::Ss { reorder_point: 4.0, order_up_to: 14.0 },
                Demand::Gamma { shape: 2.0, scale: 1.5 },
            )
        },
        StockNode {
            supplier: Some(0),
            unmet: Unmet::Lost,
            ..shop(StockPolicy::BaseStock { level: 9.0 }, Demand::Normal { mean: 4.0, sd: 1.0 })
        },
    ];
    let sim = Simulation { items: vec![item; 3], replications: 5, ..Simulation::default() };
    let one = sim.run(&Run::seed(9).with_threads(1)).unwrap();
    let four = sim.run(&Run::seed(9).with_threads(4)).unwrap();
    let text = |r: &SimulationReport| serde_json::to_string(r).unwrap();
    assert_eq!(text(&one), text(&four));
    assert_ne!(text(&one), text(&sim.run(&Run::seed(10)).unwrap()));
    assert!(one.fill_rate > 0.5 && one.fill_rate < 1.0);
}

#[test]
fn units_are_neither_made_nor_lost() {
    let nodes = vec![
        StockNode { policy: StockPolicy::BaseStock { level: 50.0 }, ..StockNode::default() },
        StockNode {
            supplier: Some(0),
            lead_time: LeadTime::Fixed(3),
            ..shop(StockPolicy::BaseStock { level: 40.0 }, Demand::Poisson { mean: 8.0 })
        },
    ];
    let r = simulate(nodes, 5_000, 5);
    let shop = &r.items[0][1];
    // A base-stock position is constant after ordering: on hand - backorders + in transit + owed,
    // less the demand of the period, averages to the level.
    let position = shop.on_hand - shop.backorders + shop.in_transit + shop.demand;
    assert!((position - 40.0).abs() < 0.1, "{position}");
}

#[test]
fn search_by_simulation_finds_the_exact_ss_policy() {
    let node = StockNode {
        fixed_cost: 5.0,
        stockout_cost: 4.0,
        ..shop(StockPolicy::BaseStock { level: 0.0 }, Demand::Poisson { mean: 6.0 })
    };
    let search = PolicySearch { periods: 200_000, ..PolicySearch::default() };
    let found = search.ss(&node, &Run::seed(1)).unwrap();
    assert_eq!((found.reorder_point, found.order_up_to), (4, 10), "{found:?}");
    assert_eq!(found, search.ss(&node, &Run::seed(1).with_threads(3)).unwrap());
}

#[test]
fn the_search_finds_the_published_policies_of_zheng_and_federgruen() {
    // Four of the twelve, at a tenth of the default effort; the record holds all of them.
    for mean in [10.0, 20.0, 40.0, 63.0] {
        let node = StockNode {
            fixed_cost: 64.0,
            ..shop(StockPolicy::BaseStock { level: 0.0 }, Demand::Poisson { mean })
        };
        let exact = ss_discrete_exact(1.0, 9.0, 64.0, &Demand::Poisson { mean }, 0).unwrap();
        let search = PolicySearch { periods: 50_000, ..PolicySearch::default() };
        let found = search.ss(&node, &Run::seed(1)).unwrap();
        let at = (found.reorder_point as f64, found.order_up_to as f64);
        assert_eq!(at, (exact.reorder_point, exact.order_up_to), "{mean}");
        assert!((found.cost - exact.cost.unwrap()).abs() < 1e-9);
    }
}

#[test]
fn an_agent_without_a_model_learns_a_good_policy() {
    let node = StockNode {
        fixed_cost: 5.0,
        stockout_cost: 4.0,
        ..shop(StockPolicy::BaseStock { level: 0.0 }, Demand::Poisson { mean: 6.0 })
    };
    for (lead, within) in [(0, 1.02), (2, 1.05)] {
        let node = StockNode { lead_time: LeadTime::Fixed(lead), ..node.clone() };
        let demand = Demand::Poisson { mean: 6.0 };
        let exact = ss_discrete_exact(1.0, 4.0, 5.0, &demand, lead).unwrap().cost.unwrap();
        let learning = PolicyLearning { periods: 400_000, ..PolicyLearning::default() };
        let found = learning.ss(&node, &Run::seed(1)).unwrap();
        assert!(found.cost < within * exact, "{lead} {found:?} {exact}");
        assert_eq!(found, learning.ss(&node, &Run::seed(1).with_threads(3)).unwrap());
    }
    assert!(
        PolicyLearning { rate: 0.3, ..PolicyLearning::default() }.ss(&node, &Run::seed(1)).is_err()
    );
}

#[test]
fn a_bad_node_is_named() {
    let bad = |node: StockNode| {
        let sim = Simulation {
            items: vec![vec![StockNode::default()], vec![node]],
            ..Simulation::default()
        };
        let e = sim.run(&Run::seed(0)).unwrap_err();
        assert!(e.context().any(|c| c == ("item", "1")), "{e:?}");
        assert!(e.context().any(|c| c.0 == "parameter"), "{e:?}");
    };
    bad(StockNode { supplier: Some(0), ..StockNode::default() });
    bad(StockNode { review_period: 0, ..StockNode::default() });
    bad(StockNode { holding_cost: f64::NAN, ..StockNode::default() });
    bad(StockNode {
        policy: StockPolicy::Ss { reorder_point: 5.0, order_up_to: 5.0 },
        ..StockNode::default()
    });
    bad(StockNode {
        lead_time: LeadTime::Random { probabilities: vec![0.5, 0.4] },
        ..StockNode::default()
    });
}

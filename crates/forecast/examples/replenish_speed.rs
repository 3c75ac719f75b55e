//! Speed of the simulator and of the policy search; prints one JSON object.
//!
//!     cargo run --release -p mercato-forecast --example replenish_speed

#![allow(clippy::print_stdout, reason = "a command-line tool")]

use mercato_core::Run;
use mercato_forecast::replenish::policy::ss_discrete_exact;
use mercato_forecast::replenish::{
    Demand, Finish, LeadTime, PolicyLearning, PolicySearch, Simulation, StockNode, StockPolicy,
};
use serde_json::json;

/// CPU seconds of this process, all threads.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or("");
    let ticks: Vec<f64> = after.split_whitespace().filter_map(|t| t.parse().ok()).collect();
    // After the name and the one-letter state: utime and stime are fields 14 and 15.
    (ticks.get(10).unwrap_or(&0.0) + ticks.get(11).unwrap_or(&0.0)) / 100.0
}

fn main() {
    let run = Run::seed(7).with_threads(1);
    let shop = StockNode {
        policy: StockPolicy::Ss { reorder_point: 12.0, order_up_to: 40.0 },
        lead_time: LeadTime::Fixed(2),
        demand: Some(Demand::Poisson { mean: 4.0 }),
        holding_cost: 1.0,
        stockout_cost: 9.0,
        fixed_cost: 64.0,
        ..StockNode::default()
    };
    let middle = StockNode {
        policy: StockPolicy::BaseStock { level: 20.0 },
        lead_time: LeadTime::Fixed(1),
        holding_cost: 0.5,
        ..StockNode::default()
    };
    let serial: Vec<StockNode> = (0..3)
        .map(|i| StockNode {
            supplier: (i > 0).then(|| i - 1),
            demand: (i == 2).then_some(Demand::Normal { mean: 5.0, sd: 1.0 }),
            ..middle.clone()
        })
        .collect();
    let mut tree =
        vec![StockNode { policy: StockPolicy::BaseStock { level: 120.0 }, ..middle.clone() }];
    for _ in 0..4 {
        tree.push(StockNode { supplier: Some(0), ..shop.clone() });
    }
    let cases = [
        ("one (s,S) node", vec![vec![shop]]),
        ("serial, 3 nodes, normal", vec![serial]),
        ("warehouse and 4 shops", vec![tree]),
    ];
    let mut rows = Vec::new();
    for (name, items) in cases {
        let sim =
            Simulation { items, periods: 1_000_000, replications: 3, ..Simulation::default() };
        let mut rates: Vec<f64> = (0..5)
            .map(|_| {
                let start = cpu();
                let report = sim.run(&run).expect("valid");
                report.node_periods as f64 / (cpu() - start)
            })
            .collect();
        rates.sort_by(f64::total_cmp);
        rows.push(json!({"network": name, "node_periods_per_cpu_second": rates[2].round()}));
    }
    let mut search = Vec::new();
    for mean in [10.0, 20.0, 21.0, 23.0, 30.0, 40.0, 50.0, 51.0, 59.0, 60.0, 63.0, 70.0] {
        let demand = Demand::Poisson { mean };
        let exact = ss_discrete_exact(1.0, 9.0, 64.0, &demand, 0).expect("valid");
        let node = StockNode {
            demand: Some(demand.clone()),
            holding_cost: 1.0,
            stockout_cost: 9.0,
            fixed_cost: 64.0,
            ..StockNode::default()
        };
        let start = cpu();
        let found = PolicySearch::default().ss(&node, &Run::seed(1)).expect("valid");
        let seconds = cpu() - start;
        let cost = mercato_forecast::replenish::policy::ss_cost(
            found.reorder_point,
            found.order_up_to,
            1.0,
            9.0,
            64.0,
            &demand,
            0,
        )
        .expect("valid");
        let best = exact.cost.expect("exact");
        let exact_of = |s: i64, upto: i64| {
            mercato_forecast::replenish::policy::ss_cost(s, upto, 1.0, 9.0, 64.0, &demand, 0)
                .expect("valid")
        };
        let seen = PolicySearch { finish: Finish::Simulated, ..PolicySearch::default() }
            .ss(&node, &Run::seed(1))
            .expect("valid");
        let start = cpu();
        let learned = PolicyLearning::default().ss(&node, &Run::seed(1)).expect("valid");
        let learning = cpu() - start;
        let row = |r: &mercato_forecast::replenish::SearchResult, seconds: Option<f64>| {
            let cost = exact_of(r.reorder_point, r.order_up_to);
            json!({
                "found": [r.reorder_point, r.order_up_to, cost],
                "gap_percent": 100.0 * (cost / best - 1.0), "cpu_seconds": seconds,
            })
        };
        search.push(json!({
            "mean": mean, "exact": [exact.reorder_point, exact.order_up_to, best],
            "found": [found.reorder_point, found.order_up_to, cost],
            "gap_percent": 100.0 * (cost / best - 1.0), "evaluations": found.evaluations, "cpu_seconds": seconds,
            "search_by_simulation_alone": row(&seen, None), "learned": row(&learned, Some(learning)),
        }));
    }
    println!(
        "{}",
        serde_json::to_string_pretty(&json!({"simulator": rows, "search": search}))
            .expect("plain data")
    );
}

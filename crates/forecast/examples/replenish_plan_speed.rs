//! Seconds to plan many SKUs; prints one JSON object.
//!
//!     cargo run --release -p mercato-forecast --example replenish_plan_speed -- [SKUS]

#![allow(clippy::print_stdout, reason = "a command-line tool")]

use mercato_core::{Rng, Run};
use mercato_forecast::replenish::{
    ItemForecast, ItemStock, LeadDays, Offer, OpenOrder, Outlook, PlanInput, Planner, PriceBreak,
    Supplier,
};
use serde_json::json;
use std::time::Instant;

/// CPU seconds of this process, all threads.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or("");
    let ticks: Vec<f64> = after.split_whitespace().filter_map(|t| t.parse().ok()).collect();
    // After the name and the one-letter state: utime and stime are fields 14 and 15.
    (ticks.get(10).unwrap_or(&0.0) + ticks.get(11).unwrap_or(&0.0)) / 100.0
}

fn input(skus: usize) -> PlanInput {
    let mut rng = Rng::new(11);
    let mut input = PlanInput {
        today: 20_000,
        levels: vec![0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975],
        period_days: 1,
        ..PlanInput::default()
    };
    for s in 0..40 {
        input.suppliers.push(Supplier {
            supplier: format!("supplier-{s}"),
            order_weekdays: if s % 3 == 0 { vec![0, 3] } else { Vec::new() },
            unavailable_until: (s == 7).then_some(20_050),
            capacity: (s % 4 == 0).then_some(skus as i64 * 2),
            ..Supplier::default()
        });
    }
    for i in 0..skus {
        let item = format!("sku-{i:06}");
        let rate = (rng.unit() * 6.0 - 3.0).exp();
        let spread = [0.0, 0.1, 0.4, 0.9, 1.4, 2.1, 2.7, 3.3];
        let values = (0..28)
            .flat_map(|t| {
                let season = 1.0 + 0.3 * f64::from(t % 7 == 5);
                spread.map(|q| q * rate * season)
            })
            .collect();
        input
            .forecasts
            .push(ItemForecast { item: item.clone(), outlook: Outlook::Quantiles { values } });
        let supplier = |k: usize| format!("supplier-{}", (i * 7 + k * 13) % 40);
        input.stock.push(ItemStock {
            item: item.clone(),
            on_hand: (rate * 20.0 * rng.unit()) as i64,
            reserved: 0,
            on_order: if rng.unit() < 0.2 {
                vec![OpenOrder {
                    supplier: supplier(0),
                    quantity: (rate * 7.0) as i64,
                    due: 19_998 + rng.below(9) as i32,
                }]
            } else {
                Vec::new()
            },
            volume: 0.01,
            shelf_life: (i % 10 == 0).then_some(30),
            ..ItemStock::default()
        });
        for rank in 0..2 {
            let price = 100 + rng.below(5_000) as i64;
            input.offers.push(Offer {
                item: item.clone(),
                supplier: supplier(rank as usize),
                rank,
                lead_time: LeadDays::Spread { mean: 3.0 + f64::from(rank) * 4.0, sd: 1.0 },
                minimum: 1 + rng.below(20) as i64,
                pack: 1 + rng.below(12) as i64,
                capacity: (i % 5 == 0).then_some(500),
                reliability: 1.0,
                prices: vec![
                    PriceBreak { from: 1, unit_price: price },
                    PriceBreak { from: 50, unit_price: price * 95 / 100 },
                    PriceBreak { from: 200, unit_price: price * 90 / 100 },
                ],
            });
        }
    }
    input
}

fn main() {
    let skus = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(100_000);
    let data = input(skus);
    let planner = Planner {
        budget: Some(skus as i64 * 40_000),
        storage: Some(skus as f64 * 2.0),
        order_cost: 500.0,
        ..Planner::default()
    };
    let mut rows = Vec::new();
    for threads in [1, 2] {
        let mut runs: Vec<(f64, f64)> = (0..5)
            .map(|_| {
                let copy = data.clone();
                let (wall, used) = (Instant::now(), cpu());
                let plan = planner.plan(copy, &Run::seed(0).with_threads(threads)).expect("valid");
                let pair = (cpu() - used, wall.elapsed().as_secs_f64());
                std::hint::black_box(plan);
                pair
            })
            .collect();
        runs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut walls: Vec<f64> = runs.iter().map(|r| r.1).collect();
        walls.sort_by(f64::total_cmp);
        rows.push(json!({"threads": threads, "cpu_seconds": runs[2].0, "wall_seconds_median": walls[2], "wall_seconds_best": walls[0]}));
    }
    let plan = planner.plan(data, &Run::seed(0)).expect("valid");
    let lines: usize = plan.orders().iter().map(|o| o.lines.len()).sum();
    println!(
        "{}",
        serde_json::to_string_pretty(&json!({
            "skus": skus, "rows": rows, "orders": plan.orders().len(), "lines": lines,
            "alerts": plan.alerts().len(), "failures": plan.record().failures.len(), "total_minor": plan.record().total,
        }))
        .expect("plain data")
    );
}

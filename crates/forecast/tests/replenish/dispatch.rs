//! Answers cases in the form of `testdata/replenish/*.json`: the reference's function name and
//! positional arguments in, the reference's result shape out.

use mercato_core::{Error, Result};
use mercato_forecast::replenish::Demand;
use mercato_forecast::replenish::policy::*;
use serde_json::{Value, json};

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap_or_else(|| f64::from(u8::from(v.as_bool().unwrap_or(false))))
}

fn list(v: &Value) -> Vec<f64> {
    match v {
        Value::Array(a) => a.iter().map(number).collect(),
        v => vec![number(v)],
    }
}

fn demand(v: &Value) -> Demand {
    let p = |i: usize| number(&v[i]);
    match v[0].as_str().unwrap_or("") {
        "normal" => Demand::Normal { mean: p(1), sd: p(2) },
        "poisson" => Demand::Poisson { mean: p(1) },
        "gamma" => Demand::Gamma { shape: p(1), scale: p(2) },
        "lognormal" => Demand::LogNormal { mu: p(1), sigma: p(2) },
        "exponential" => Demand::Exponential { rate: p(1) },
        "uniform" => Demand::Uniform { low: p(1), high: p(2) },
        "negative_binomial" => Demand::NegativeBinomial { mean: p(1), variance: p(2) },
        other => panic!("unknown distribution {other}"),
    }
}

fn stages(v: &Value) -> Vec<GsmStage> {
    serde_json::from_value(v.clone()).expect("stages are records")
}

/// `true` when the function is known; a result or the library's refusal.
pub fn answer(function: &str, args: &Value) -> Result<Value> {
    let a = |i: usize| number(&args[i]);
    let l = |i: usize| list(&args[i]);
    let has = |i: usize| !args[i].is_null();
    let eoq_pair = |r: Eoq| json!([r.order_quantity, r.cost]);
    let level = |r: StockLevel| json!([r.base_stock_level, r.cost]);
    let name = function.split('.').next_back().unwrap_or("");
    Ok(match name {
        "economic_order_quantity" => eoq_pair(eoq(a(0), a(1), a(2))?),
        "economic_order_quantity_with_backorders" => {
            let r = eoq_backorders(a(0), a(1), a(2), a(3))?;
            json!([r.order_quantity, r.stockout_fraction, r.cost])
        }
        "economic_order_quantity_with_all_units_discounts" => {
            let r = eoq_all_units_discounts(a(0), a(1), a(2), &l(3), &l(4))?;
            json!([r.order_quantity, r.region, r.cost])
        }
        "economic_order_quantity_with_incremental_discounts" => {
            let r = eoq_incremental_discounts(a(0), a(1), a(2), &l(3), &l(4))?;
            json!([r.order_quantity, r.region, r.cost])
        }
        "economic_production_quantity" => eoq_pair(epq(a(0), a(1), a(2), a(3))?),
        "joint_replenishment_problem_silver_heuristic" => {
            let r = joint_replenishment(a(0), &l(1), &l(2), &l(3))?;
            json!([r.order_quantities, r.base_cycle_time, r.order_multiples, r.cost])
        }
        "wagner_whitin" => {
            let purchase = if has(4) { l(4) } else { vec![0.0] };
            let r = wagner_whitin(&l(1), &l(2), &l(3), &purchase)?;
            // The reference counts periods from 1 and pads with a zero at each end.
            let pad = |v: &[f64], after: usize| {
                let mut out = vec![0.0];
                out.extend_from_slice(v);
                out.extend(vec![0.0; after]);
                out
            };
            let next: Vec<f64> = r.next_order.iter().map(|&t| t as f64 + 1.0).collect();
            json!([pad(&r.order_quantities, 0), r.cost, pad(&r.cost_to_go, 1), pad(&next, 0)])
        }
        "newsvendor_normal" => level(newsvendor_normal(a(0), a(1), a(2), a(3), a(4))?),
        "newsvendor_normal_cost" => {
            json!(newsvendor_normal_cost(a(0), a(1), a(2), a(3), a(4), a(5))?)
        }
        "newsvendor_poisson" => level(newsvendor_poisson(a(0), a(1), a(2))?),
        "newsvendor_discrete" => level(newsvendor_discrete(a(0), a(1), &l(2), &l(3))?),
        "newsvendor_continuous" => level(newsvendor(a(0), a(1), &demand(&args[2]))?),
        "newsvendor_normal_explicit" => {
            let span = if has(7) { a(7) + 1.0 } else { 1.0 };
            let (mean, sd) = (a(3) * span, a(4) * span.sqrt());
            let r = newsvendor_normal_profit(a(0), a(1), a(2), mean, sd, a(5), a(6))?;
            json!([r.base_stock_level, r.profit])
        }
        "newsvendor_poisson_explicit" => {
            let mean = a(3) * if has(6) { a(6) + 1.0 } else { 1.0 };
            let r = newsvendor_poisson_profit(a(0), a(1), a(2), mean, a(4), a(5))?;
            json!([r.base_stock_level, r.profit])
        }
        "myopic" => level(myopic(a(0), a(1), a(2), a(3), a(4), a(5), a(6))?),
        "s_s_discrete_exact" => {
            let r = if args[3] == json!(true) {
                ss_poisson_exact(a(0), a(1), a(2), a(4))?
            } else {
                let values: Vec<f64> = (0..l(6).len()).map(|i| i as f64).collect();
                ss_discrete_exact(a(0), a(1), a(2), &Demand::discrete(&values, &l(6))?, 0)?
            };
            json!([r.reorder_point, r.order_up_to, r.cost])
        }
        "s_s_cost_discrete" => {
            let d = Demand::Poisson { mean: a(6) };
            json!(ss_cost(a(0) as i64, a(1) as i64, a(2), a(3), a(4), &d, 0)?)
        }
        "s_s_power_approximation" => {
            let r = ss_power_approximation(a(0), a(1), a(2), a(3), a(4))?;
            json!([r.reorder_point, r.order_up_to])
        }
        "r_q_cost" => json!(rq_cost(a(0), a(1), a(2), a(3), a(4), a(5), a(6), a(7))?),
        "r_q_eil_approximation" => {
            let r = rq_normal(a(0), a(1), a(2), a(3), a(4), a(5), RqMethod::Eil)?;
            json!([r.reorder_point, r.order_quantity, r.cost])
        }
        "r_q_eoqb_approximation"
        | "r_q_eoqss_approximation"
        | "r_q_loss_function_approximation" => {
            let method = match name {
                "r_q_eoqb_approximation" => RqMethod::Eoqb,
                "r_q_eoqss_approximation" => RqMethod::Eoqss,
                _ => RqMethod::LossFunction,
            };
            let r = rq_normal(a(0), a(1), a(2), a(3), a(4), a(5), method)?;
            json!([r.reorder_point, r.order_quantity])
        }
        "r_q_poisson_exact" => {
            let r = rq_poisson_exact(a(0), a(1), a(2), a(3), a(4))?;
            json!([r.reorder_point, r.order_quantity, r.cost])
        }
        "eoq_with_disruptions" => {
            let f =
                if args[6] == json!(true) { eoq_disruptions_approximate } else { eoq_disruptions };
            eoq_pair(f(a(0), a(1), a(2), a(3), a(4), a(5))?)
        }
        "newsvendor_with_disruptions" => {
            level(newsvendor_disruptions(a(0), a(1), a(2), a(3), a(4))?)
        }
        "eoq_with_additive_yield_uncertainty" => {
            eoq_pair(eoq_additive_yield(a(0), a(1), a(2), a(3), a(4))?)
        }
        "eoq_with_multiplicative_yield_uncertainty" => {
            eoq_pair(eoq_multiplicative_yield(a(0), a(1), a(2), a(3), a(4))?)
        }
        "newsvendor_with_additive_yield_uncertainty" => {
            level(newsvendor_additive_yield(a(0), a(1), a(2), &demand(&args[3]))?)
        }
        "optimize_base_stock_levels" => {
            let system = SerialSystem {
                echelon_holding_cost: l(0),
                lead_time: l(1),
                stockout_cost: a(2),
                demand: demand(&args[3]),
            };
            let grid = SerialGrid {
                levels: a(4) as usize,
                demands: a(5) as usize,
                ..SerialGrid::default()
            };
            let r = ssm_serial(&system, &grid)?;
            json!([r.echelon_base_stock, r.cost])
        }
        "optimize_committed_service_times" => {
            let stages = stages(&args[0]);
            let r = if function.starts_with("gsm_serial") {
                gsm_serial(&stages)?
            } else {
                let edges: Vec<(usize, usize)> =
                    serde_json::from_value(args[1].clone()).expect("edges are pairs");
                gsm_tree(&stages, &edges)?
            };
            json!([r.service_times, r.cost])
        }
        "finite_horizon_dp" => {
            let n = a(0) as usize;
            let normal = Demand::Normal { mean: a(7), sd: a(8) };
            let r = finite_horizon(&FiniteHorizon {
                holding_cost: vec![a(1); n],
                stockout_cost: vec![a(2); n],
                terminal_holding_cost: a(3),
                terminal_stockout_cost: a(4),
                purchase_cost: vec![a(5); n],
                fixed_cost: vec![a(6); n],
                demand: vec![normal; n],
                discount_factor: vec![a(10); n],
                initial_level: a(11) as i64,
                demand_spread: 4.0,
                level_spread: 5.0,
            })?;
            json!([r.reorder_points, r.order_up_to, r.cost])
        }
        "loss" => {
            let (short, left) = demand(&args[1]).loss(a(0));
            json!([short, left])
        }
        _ => return Err(Error::unsupported(format!("no such function {function}"))),
    })
}

/// The largest deviation of `ours` from `theirs`, relative to max(|theirs|, 1e-9 of nothing).
pub fn deviation(ours: &Value, theirs: &Value) -> f64 {
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).map(|(x, y)| deviation(x, y)).fold(0.0, f64::max)
        }
        (Value::Array(_), _) | (_, Value::Array(_)) => f64::INFINITY,
        _ => {
            let (x, y) = (number(ours), number(theirs));
            if x == y { 0.0 } else { (x - y).abs() / y.abs().max(1e-9) }
        }
    }
}

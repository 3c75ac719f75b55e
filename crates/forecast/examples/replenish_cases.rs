//! Answers a file of reference cases (see `benches/against/replenish/reference.py`) and prints, per
//! function: cases, largest relative deviation, median speed ratio to the reference.
//!
//! Both sides are given their arguments ready and are timed as the least of several batches. The
//! functions of the speed targets are timed bare; the time of others includes reading JSON.
//!
//!     cargo run --release -p mercato-forecast --example replenish_cases -- CASES.json [DEVIATIONS]

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

#[path = "../tests/replenish/dispatch.rs"]
mod dispatch;

use mercato_forecast::replenish::{Demand, policy as p};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

#[derive(Default)]
struct Row {
    cases: usize,
    beyond: usize,
    refused_by_peer: usize,
    refused_by_us: usize,
    worst: f64,
    ratios: Vec<f64>,
    ours_us: Vec<f64>,
}

/// The functions of the speed targets with their arguments read beforehand.
fn bare(function: &str, args: &Value) -> Option<Box<dyn Fn()>> {
    use std::hint::black_box;
    let x: Vec<f64> = args.as_array()?.iter().map(|v| v.as_f64().unwrap_or(0.0)).collect();
    let list = |i: usize| -> Vec<f64> {
        match &args[i] {
            Value::Array(a) => a.iter().filter_map(Value::as_f64).collect(),
            v => vec![v.as_f64().unwrap_or(0.0)],
        }
    };
    let normal = |method: p::RqMethod| -> Option<Box<dyn Fn()>> {
        let x = x.clone();
        Some(Box::new(move || {
            drop(black_box(p::rq_normal(x[0], x[1], x[2], x[3], x[4], x[5], method)));
        }))
    };
    match function {
        "wagner_whitin.wagner_whitin" => {
            let (h, k, d, c) = (list(1), list(2), list(3), list(4));
            Some(Box::new(move || drop(black_box(p::wagner_whitin(&h, &k, &d, &c)))))
        }
        "ss.s_s_discrete_exact" if args[3] == json!(true) => {
            Some(Box::new(move || drop(black_box(p::ss_poisson_exact(x[0], x[1], x[2], x[4])))))
        }
        "ss.s_s_discrete_exact" => {
            let pmf = list(6);
            let values: Vec<f64> = (0..pmf.len()).map(|i| i as f64).collect();
            let demand = Demand::discrete(&values, &pmf).ok()?;
            Some(Box::new(move || {
                drop(black_box(p::ss_discrete_exact(x[0], x[1], x[2], &demand, 0)));
            }))
        }
        "rq.r_q_poisson_exact" => Some(Box::new(move || {
            drop(black_box(p::rq_poisson_exact(x[0], x[1], x[2], x[3], x[4])));
        })),
        "rq.r_q_eil_approximation" => normal(p::RqMethod::Eil),
        "rq.r_q_eoqb_approximation" => normal(p::RqMethod::Eoqb),
        "rq.r_q_eoqss_approximation" => normal(p::RqMethod::Eoqss),
        "rq.r_q_loss_function_approximation" => normal(p::RqMethod::LossFunction),
        _ => None,
    }
}

/// Microseconds per call: the least of five batches of about a millisecond.
fn least_micros(call: &dyn Fn()) -> f64 {
    let batch = |n: u32| {
        let start = Instant::now();
        for _ in 0..n {
            call();
        }
        start.elapsed().as_secs_f64() * 1e6 / f64::from(n)
    };
    let n = (1000.0 / batch(3).max(0.01)).clamp(1.0, 1e5) as u32;
    (0..5).map(|_| batch(n)).fold(f64::INFINITY, f64::min)
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&args[1]).expect("a readable file of cases");
    let file: Value = serde_json::from_str(&text).expect("a JSON file of cases");
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for c in file["cases"].as_array().expect("a list of cases") {
        let function = c["function"].as_str().unwrap_or("");
        let row = rows.entry(function.to_owned()).or_default();
        row.cases += 1;
        if c.get("refused").is_some() {
            row.refused_by_peer += 1;
            continue;
        }
        let ours = match dispatch::answer(function, &c["args"]) {
            Ok(v) => v,
            Err(e) => {
                row.refused_by_us += 1;
                eprintln!("{function} {}: {e}", c["args"]);
                continue;
            }
        };
        let off = dispatch::deviation(&ours, &c["result"]);
        row.worst = row.worst.max(off);
        if off > 1e-6 {
            row.beyond += 1;
            if args.len() > 2 {
                eprintln!(
                    "{function} {} ours {ours} theirs {} off {off:.1e}",
                    c["args"], c["result"]
                );
            }
        }
        let call = bare(function, &c["args"]).unwrap_or_else(|| {
            Box::new(|| drop(std::hint::black_box(dispatch::answer(function, &c["args"]))))
        });
        let micros = least_micros(&*call);
        row.ours_us.push(micros);
        row.ratios.push(c["cpu_ms"].as_f64().unwrap_or(0.0) * 1e3 / micros);
    }
    let median = |v: &mut Vec<f64>| {
        v.sort_by(f64::total_cmp);
        v.get(v.len() / 2).copied().unwrap_or(f64::NAN)
    };
    println!(
        "| function | cases | peer refuses | we refuse | beyond 1e-6 | worst | ours, us | times faster |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, mut r) in rows {
        println!(
            "| {name} | {} | {} | {} | {} | {:.1e} | {:.2} | {:.0} |",
            r.cases,
            r.refused_by_peer,
            r.refused_by_us,
            r.beyond,
            r.worst,
            median(&mut r.ours_us),
            median(&mut r.ratios)
        );
    }
}

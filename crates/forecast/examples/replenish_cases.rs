//! Answers a file of reference cases (see `benches/against/replenish/reference.py`) and prints, per
//! function: cases, largest relative deviation, median speed ratio to the reference.
//!
//!     cargo run --release -p mercato-forecast --example replenish_cases -- CASES.json [DEVIATIONS]

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

#[path = "../tests/replenish/dispatch.rs"]
mod dispatch;

use serde_json::Value;
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
        // Repeat until a millisecond has passed; parsing of the arguments is part of our time.
        let (start, mut n) = (Instant::now(), 0u32);
        while n < 3 || start.elapsed().as_micros() < 1000 {
            std::hint::black_box(dispatch::answer(function, &c["args"])).ok();
            n += 1;
        }
        let micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(n);
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

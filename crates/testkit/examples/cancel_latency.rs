//! How long a cancelled `fit` goes on: cancels each recommender at many moments and prints, as JSON,
//! wall time and processor time from the cancel to the return.
//!
//! `cargo run --release --package mercato-testkit --example cancel_latency`

// A measuring tool talks on its standard output.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use mercato::recsys::{Als, ItemKnn, Popularity, als::Solver};
use mercato::{CancelToken, Interactions, Result, Rng, Run};
use mercato_testkit::generate;
use serde_json::json;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const CANCELS: usize = 20;

fn main() {
    let data = generate::shop(20_000, 8_000, 600_000, 1).unwrap();
    measure("als cg", &data, |d, r| Als::default().fit(d, r).map(drop));
    let cholesky = Als::default().solver(Solver::Cholesky).iterations(2);
    measure("als cholesky", &data, |d, r| cholesky.fit(d, r).map(drop));
    measure("item_knn", &data, |d, r| ItemKnn::default().fit(d, r).map(drop));
    measure("popularity", &data, |d, r| Popularity::default().fit(d, r).map(drop));
}

fn measure(
    name: &str,
    data: &Interactions,
    fit: impl Fn(&Interactions, &Run) -> Result<()> + Sync,
) {
    let begun = Instant::now();
    fit(data, &Run::seed(0)).unwrap();
    let whole = begun.elapsed();
    let mut rng = Rng::new(1);
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..CANCELS {
        let token = CancelToken::new();
        let (done, finished) = channel();
        let latency = std::thread::scope(|scope| {
            let (run, fit) = (Run::seed(0).with_cancel(&token), &fit);
            scope.spawn(move || {
                let outcome = fit(data, &run);
                done.send((Instant::now(), processor_ms(), outcome.is_err())).unwrap();
            });
            std::thread::sleep(whole.mul_f64(rng.unit()));
            let (at, spent) = (Instant::now(), processor_ms());
            token.cancel();
            let (end, spent_in_all, stopped) = finished.recv().unwrap();
            stopped.then(|| (end.saturating_duration_since(at), spent_in_all.saturating_sub(spent)))
        });
        if let Some((w, c)) = latency {
            wall.push(w);
            cpu.push(c);
        }
    }
    wall.sort_unstable();
    cpu.sort_unstable();
    let ms = |d: &Duration| (d.as_secs_f64() * 1e5).round() / 100.0;
    println!(
        "{}",
        json!({
            "model": name,
            "events": data.n_events(),
            "fit_s": (whole.as_secs_f64() * 100.0).round() / 100.0,
            "cancelled": wall.len(),
            "wall_ms": {"median": wall.get(wall.len() / 2).map(ms), "max": wall.last().map(ms)},
            "cpu_ms": {"median": cpu.get(cpu.len() / 2), "max": cpu.last()},
        })
    );
}

/// Processor time of this process so far, to 10 ms; 0 where the system does not tell.
fn processor_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = |n: usize| after_name.split(' ').nth(n).and_then(|t| t.parse::<u64>().ok());
    10 * (ticks(11).unwrap_or(0) + ticks(12).unwrap_or(0))
}

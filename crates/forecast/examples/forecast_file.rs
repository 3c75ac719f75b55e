//! Fits methods to the series of a plain file and writes their forecasts: what the side-by-side
//! benches drive.
//!
//! `forecast_file SERIES HORIZON THREADS OUT METHODS_JSON`: SERIES is little-endian, `u32` number of
//! series, then per series a `u32` length and `f64` values; OUT gets per method `f64` forecasts,
//! `horizon` per series, then one `f64` objective per series (NaN where there is none). One line per method on stdout: name, CPU seconds of fit + predict, failures.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use mercato_core::{Panel, Run};
use mercato_forecast::{Method, PredictOptions};

/// CPU seconds of all threads so far, those of ended threads not included.
fn cpu_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let nanoseconds: f64 = tasks
        .filter_map(|t| std::fs::read_to_string(t.ok()?.path().join("schedstat")).ok())
        .filter_map(|s| s.split(' ').next()?.parse::<f64>().ok())
        .sum();
    nanoseconds * 1e-9
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&args[1]).unwrap();
    let horizon: usize = args[2].parse().unwrap();
    let run = Run::seed(0).with_threads(args[3].parse().unwrap());
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 4;
    let mut series = Vec::new();
    for i in 0..word(0) {
        let n = word(at);
        at += 4;
        let y: Vec<f64> = bytes[at..at + 8 * n]
            .chunks_exact(8)
            .map(|c| f64::from_le_bytes(c.try_into().unwrap()))
            .collect();
        at += 8 * n;
        series.push((i.to_string(), 0, y));
    }
    let panel = Panel::from_series("1".parse().unwrap(), series).unwrap();
    let methods: Vec<Method> = serde_json::from_str(&args[5]).unwrap();
    let mut out = Vec::new();
    for method in &methods {
        let started = cpu_seconds();
        let model = method.fit(&panel, &run).unwrap();
        let forecast = model.predict(horizon, &PredictOptions::default()).unwrap();
        let seconds = cpu_seconds() - started;
        println!("{}\t{seconds:.6}\t{}", method.name(), model.failures().len());
        let mut with_forecast =
            forecast.ids().iter().zip(forecast.mean().chunks(horizon)).peekable();
        for id in panel.ids() {
            match with_forecast.next_if(|(i, _)| *i == id) {
                Some((_, f)) => f.iter().for_each(|v| out.extend(v.to_le_bytes())),
                None => (0..horizon).for_each(|_| out.extend(f64::NAN.to_le_bytes())),
            }
        }
        for id in panel.ids() {
            let v = model.objective(id).unwrap().unwrap_or(f64::NAN);
            out.extend(v.to_le_bytes());
        }
    }
    std::fs::write(&args[4], out).unwrap();
}

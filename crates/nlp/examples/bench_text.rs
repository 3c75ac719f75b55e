//! Trains and scores a sentiment model on tab-separated files (label, text) and prints one JSON line.
//! Driven by `benches/against/nlp/sentiment.py`.

use mercato_nlp::{Persist, Run, SentimentClassifier, evaluate_text};
use std::time::Instant;

type Rows = (Vec<String>, Vec<String>);

fn read(path: &str) -> Result<Rows, Box<dyn std::error::Error>> {
    let mut rows = Rows::default();
    for line in std::fs::read_to_string(path)?.lines() {
        if let Some((label, text)) = line.split_once('\t') {
            rows.0.push(text.to_owned());
            rows.1.push(label.to_owned());
        }
    }
    Ok(rows)
}

/// User CPU seconds of this process (Linux, 100 ticks a second).
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().nth(11).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0) / 100.0
}

#[expect(clippy::print_stdout, reason = "the result goes to the driver")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (train, test) = (read(&args[0])?, read(&args[1])?);
    let estimator: SentimentClassifier =
        args.get(2).map(|p| serde_json::from_str(p)).transpose()?.unwrap_or_default();
    let run = Run::seed(0).with_threads(1);
    let spent = cpu();
    let model = estimator.fit(&train.0, &train.1, &run)?;
    let train_cpu = cpu() - spent;
    let e = evaluate_text(&model, &test.0, &test.1, &run)?;
    let mut times: Vec<f64> = Vec::new();
    for round in 0..3 {
        for t in &test.0 {
            let at = Instant::now();
            std::hint::black_box(model.classify(t, 1));
            if round > 0 {
                times.push(at.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    times.sort_unstable_by(f64::total_cmp);
    println!(
        "{}",
        serde_json::json!({
            "evaluation": e, "train_cpu_s": train_cpu, "p50_us": times[times.len() / 2],
            "p99_us": times[times.len() * 99 / 100], "bytes": model.to_bytes()?.len(),
        })
    );
    Ok(())
}

//! Trains and scores an intent model on tab-separated files (label, text) and prints one JSON line.
//! Driven by `benches/against/nlp/intents.py`.

use mercato_nlp::{IntentClassifier, Persist, Run, evaluate};
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
    let oos =
        args.get(2).filter(|a| !a.is_empty()).map(|p| read(p)).transpose()?.unwrap_or_default();
    let estimator: IntentClassifier =
        args.get(3).map(|p| serde_json::from_str(p)).transpose()?.unwrap_or_default();
    let run = Run::seed(0).with_threads(1);
    let (started, spent) = (Instant::now(), cpu());
    let model = estimator.fit(&train.0, &train.1, &[""; 0], &run)?;
    let (train_wall, train_cpu) = (started.elapsed().as_secs_f64(), cpu() - spent);
    let e = evaluate(&model, &test.0, &test.1, &oos.0, &run)?;
    let mut times: Vec<f64> = Vec::new();
    for round in 0..4 {
        for t in &test.0 {
            let at = Instant::now();
            std::hint::black_box(model.classify(t, 3));
            if round > 0 {
                times.push(at.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    times.sort_unstable_by(f64::total_cmp);
    println!(
        "{}",
        serde_json::json!({
            "evaluation": e, "train_cpu_s": train_cpu, "train_wall_s": train_wall,
            "p50_us": times[times.len() / 2], "p99_us": times[times.len() * 99 / 100],
            "bytes": model.to_bytes()?.len(), "labels": model.labels().len(),
        })
    );
    Ok(())
}

//! What the compact forms of factor models cost and lose, and what training takes in memory: the
//! numbers behind `benches/record/recsys/phone.md`, one JSON object a line.
//!
//! `cargo run --release -p mercato-recsys --example phone -- quality ../shared/data/recsys/gowalla als '{"factors": 64}' 8,12`
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use mercato_core::{Interactions, Persist, Rng, Run};
use mercato_recsys::quantized::Form;
use mercato_recsys::{
    Als, History, Model, Quantization, QuantizedModel, Query, Recommender, Spectral,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

type Lists = Vec<(i64, Vec<i64>)>;

/// One line per user: the user and the items.
fn lists(path: &Path) -> Lists {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().map(|n| n.parse::<i64>().unwrap());
            Some((numbers.next()?, numbers.collect()))
        })
        .collect()
}

fn interactions(lists: &Lists) -> Interactions {
    let users: Vec<i64> = lists.iter().flat_map(|(u, i)| i.iter().map(|_| *u)).collect();
    let items: Vec<i64> = lists.iter().flat_map(|(_, i)| i.iter().copied()).collect();
    Interactions::builder(&users, &items).build().unwrap()
}

/// Holds out 15 % of the pairs.
fn carve(all: &Lists) -> (Lists, Lists) {
    let mut rng = Rng::new(0);
    let mut split = (Vec::new(), Vec::new());
    for (user, items) in all {
        let (held, kept): (Vec<i64>, Vec<i64>) = items.iter().partition(|_| rng.unit() < 0.15);
        split.0.push((*user, kept));
        split.1.push((*user, held));
    }
    split
}

/// Recall@20 of requests with each user's training items as history, every `step`-th user, and
/// the median milliseconds of a request.
fn recall(model: &dyn Model, train: &Lists, test: &Lists, step: usize, known: bool) -> (f64, f64) {
    let (mut sum, mut users, mut ms) = (0.0, 0, Vec::new());
    let of: HashMap<i64, &Vec<i64>> = train.iter().map(|(u, items)| (*u, items)).collect();
    for (user, wanted) in test.iter().filter(|t| !t.1.is_empty()).step_by(step) {
        let Some(items) = of.get(user).filter(|i| !i.is_empty()) else { continue };
        let mut query = Query::default();
        if !known {
            query = query.history(History::of(items.iter().copied()));
        }
        let began = Instant::now();
        let top = model.recommend(*user, 20, &query).unwrap();
        ms.push(began.elapsed().as_secs_f64() * 1e3);
        let hits = top.iter().filter(|s| wanted.iter().any(|&w| s.id == w.into())).count();
        sum += hits as f64 / wanted.len() as f64;
        users += 1;
    }
    ms.sort_by(f64::total_cmp);
    (sum / f64::from(users), ms[ms.len() / 2])
}

fn quality(folder: &Path, model: &str, params: &Value, bytes: &str, step: usize) {
    let train = lists(&folder.join("train.txt"));
    let test = lists(&folder.join("test.txt"));
    let (kept, held) = carve(&train);
    for (split, learn, judge) in [("validation", &kept, &held), ("test", &train, &test)] {
        let data = interactions(learn);
        match model {
            "als" => {
                let model = Als::try_from(params).unwrap().fit(&data, &Run::seed(7)).unwrap();
                compare(&model, split, learn, judge, bytes, step);
            }
            _ => {
                let model = Spectral::try_from(params).unwrap().fit(&data, &Run::seed(7)).unwrap();
                compare(&model, split, learn, judge, bytes, step);
            }
        }
    }
}

fn compare<M: Model + Persist>(
    model: &M,
    split: &str,
    train: &Lists,
    test: &Lists,
    bytes: &str,
    step: usize,
) {
    let users = recall(model, train, test, step, true).0;
    let (full, ms) = recall(model, train, test, step, false);
    let size = model.to_bytes().unwrap().len();
    println!(
        "{}",
        json!({"split": split, "form": "model", "recall_of_users": users, "recall": full, "bytes": size, "ms": ms})
    );
    let mut forms = vec![Quantization::default()];
    forms.extend(
        bytes
            .split(',')
            .filter(|b| !b.is_empty())
            .map(|b| Quantization::default().form(Form::Pq).bytes(b.parse().unwrap())),
    );
    let path = std::env::temp_dir().join(format!("phone-{}.mercato", std::process::id()));
    for form in forms {
        let began = Instant::now();
        let small = model.quantize(&form, &Run::seed(7)).unwrap();
        let made = began.elapsed().as_secs_f64();
        small.save(&path).unwrap();
        let mut open: Vec<f64> = (0..21)
            .map(|_| {
                let began = Instant::now();
                let opened = QuantizedModel::open(&path).unwrap();
                let ms = began.elapsed().as_secs_f64() * 1e3;
                drop(opened);
                ms
            })
            .collect();
        open.sort_by(f64::total_cmp);
        let opened = QuantizedModel::open(&path).unwrap();
        let (value, ms) = recall(&opened, train, test, step, false);
        let bytes = std::fs::metadata(&path).unwrap().len();
        println!(
            "{}",
            json!({"split": split, "form": form, "recall": value, "loss": 1.0 - value / full, "bytes": bytes, "open_ms": open[10], "ms": ms, "made_s": made})
        );
    }
    std::fs::remove_file(path).unwrap();
}

/// A line of `/proc/self/status` in bytes.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|l| l.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// The largest resident set while a model is fitted, against twice data and model.
fn memory(folder: &Path, model: &str, params: &Value) {
    let data = interactions(&lists(&folder.join("train.txt")));
    let ids = 8 * (data.n_users() + data.n_items());
    let of_data = ids + 8 * (data.n_users() + 1) + 8 * data.len();
    let run = Run::seed(7);
    run.install(|| ()).unwrap();
    // Begins a new maximum.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS:");
    let began = Instant::now();
    let fitted: Box<dyn Fn() -> usize> = match model {
        "als" => {
            let model = Als::try_from(params).unwrap().fit(&data, &run).unwrap();
            Box::new(move || model.to_bytes().unwrap().len())
        }
        _ => {
            let model = Spectral::try_from(params).unwrap().fit(&data, &run).unwrap();
            Box::new(move || model.to_bytes().unwrap().len())
        }
    };
    let (seconds, peak) = (began.elapsed().as_secs_f64(), status("VmHWM:"));
    let of_model = fitted();
    let grown = peak - before + of_data as u64;
    let bound = 2 * (of_data + of_model) as u64;
    println!(
        "{}",
        json!({"model": model, "params": params, "data_bytes": of_data, "model_bytes": of_model, "rss_before": before, "peak_rss": peak, "data_and_growth": grown, "bound": bound, "within": grown <= bound, "fit_s": seconds})
    );
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let params: Value = serde_json::from_str(&args[4]).unwrap();
    let step = args.get(6).map_or(1, |s| s.parse().unwrap());
    match args[1].as_str() {
        "quality" => quality(Path::new(&args[2]), &args[3], &params, &args[5], step),
        "memory" => memory(Path::new(&args[2]), &args[3], &params),
        other => panic!("unknown job {other}"),
    }
}

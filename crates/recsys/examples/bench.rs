//! Our half of the comparisons in `benches/against/recsys/`: one job per call, its numbers as one
//! line of JSON. Data comes as the raw arrays of a CSR matrix, written by the Python half.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use mercato_core::{Attribute, Id, IdColumn, IdMap, Interactions, ItemAttributes, Persist, Run};
use mercato_recsys::{Als, AlsModel, History, Method, Query, Recommender, als::Solver};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let directory = Path::new(&args[1]);
    let job: Value = serde_json::from_str(&args[2]).unwrap();
    let out = match job["job"].as_str().unwrap() {
        "fit" => fit(directory, &job),
        "batch" => batch(directory, &job),
        "one" => one(directory, &job),
        "fold_in" => fold_in(directory, &job),
        "quality" => quality(directory, &job),
        other => panic!("unknown job {other}"),
    };
    println!("{out}");
}

fn numbers<T: bytemuck::Pod>(path: &Path) -> Vec<T> {
    let bytes = fs::read(path).unwrap();
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}

fn data(directory: &Path) -> Interactions {
    let shape: Vec<u64> = numbers(&directory.join("shape"));
    let ids = |n: u64| Arc::new(IdMap::range(n as usize).unwrap());
    if directory.join("times").exists() {
        let users: Vec<u32> = numbers(&directory.join("users"));
        let items: Vec<u32> = numbers(&directory.join("items"));
        let times: Vec<i64> = numbers(&directory.join("times"));
        let (u, i) = (ids(shape[0]), ids(shape[1]));
        return Interactions::from_dense(u, i, &users, &items, None, Some(&times)).unwrap();
    }
    let indptr: Vec<u64> = numbers(&directory.join("indptr"));
    let items: Vec<u32> = numbers(&directory.join("indices"));
    let users: Vec<u32> = indptr
        .windows(2)
        .enumerate()
        .flat_map(|(u, w)| std::iter::repeat_n(u as u32, (w[1] - w[0]) as usize))
        .collect();
    Interactions::from_dense(ids(shape[0]), ids(shape[1]), &users, &items, None, None).unwrap()
}

/// CPU seconds of this process so far, all threads.
fn cpu() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let ns = |t: fs::DirEntry| -> f64 {
        let stat = fs::read_to_string(t.path().join("schedstat")).unwrap_or_default();
        stat.split(' ').next().and_then(|s| s.parse().ok()).unwrap_or(0.0)
    };
    tasks.map(|t| ns(t.unwrap())).sum::<f64>() * 1e-9
}

/// Runs `work` inside the pool of `run`, so that its threads are alive at both readings.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64, f64) {
    let (c, t) = (cpu(), Instant::now());
    let value = work();
    let wall = t.elapsed().as_secs_f64();
    (value, cpu() - c, wall)
}

fn run_of(job: &Value) -> Run {
    let run = Run::seed(job["seed"].as_u64().unwrap_or(0))
        .with_threads(job["threads"].as_u64().unwrap_or(1) as usize);
    run.install(|| ()).unwrap();
    run
}

fn fit(directory: &Path, job: &Value) -> Value {
    let data = data(directory);
    let number = |name: &str| job[name].as_f64().unwrap() as f32;
    let als = Als::default()
        .factors(number("factors") as usize)
        .regularization(number("regularization"))
        .alpha(number("alpha"))
        .iterations(number("iterations") as usize)
        .solver(if job["solver"] == "cholesky" { Solver::Cholesky } else { Solver::Cg });
    let run = run_of(job);
    let (model, cpu, wall) = timed(|| als.fit(&data, &run).unwrap());
    fs::write(
        directory.join("user_factors"),
        bytemuck::cast_slice(model.user_factors().as_slice()),
    )
    .unwrap();
    fs::write(
        directory.join("item_factors"),
        bytemuck::cast_slice(model.item_factors().as_slice()),
    )
    .unwrap();
    let path = directory.join("als.mercato");
    model.save(&path).unwrap();
    let (_, _, open) = timed(|| AlsModel::open(&path).unwrap());
    json!({"cpu_s": cpu, "wall_s": wall, "open_s": open, "bytes": fs::metadata(&path).unwrap().len()})
}

fn batch(directory: &Path, job: &Value) -> Value {
    let model = AlsModel::open(directory.join("als.mercato")).unwrap();
    let n = job["n"].as_u64().unwrap() as usize;
    let run = run_of(job);
    let (all, cpu, wall) =
        timed(|| model.recommend_batch(None, n, &Query::default(), &run).unwrap());
    fs::write(directory.join("ids"), bytemuck::cast_slice(all.items())).unwrap();
    fs::write(directory.join("scores"), bytemuck::cast_slice(all.scores())).unwrap();
    json!({"cpu_s": cpu, "wall_s": wall, "users": all.len()})
}

/// Fits the model that the job names and ranks for everybody; `ids` are the ranked items.
fn quality(directory: &Path, job: &Value) -> Value {
    let method = json!({ job["model"].as_str().unwrap(): job["params"] });
    let method: Method = serde_json::from_value(method).unwrap();
    let (data, run) = (data(directory), run_of(job));
    let (model, fit_cpu, _) = timed(|| method.fit(&data, &run).unwrap());
    let bytes = model.to_artifact().unwrap().to_bytes().unwrap().len();
    let users: Option<Vec<i64>> =
        job["users"].as_array().map(|u| u.iter().map(|v| v.as_i64().unwrap()).collect());
    let users = users.as_ref().map(IdColumn::from);
    let query = Query { exclude_seen: job["include_seen"] != true, ..Query::default() };
    let (all, cpu, _) = timed(|| model.recommend_batch(users.as_ref(), 20, &query, &run).unwrap());
    fs::write(directory.join("ids"), bytemuck::cast_slice(all.items())).unwrap();
    json!({"fit_cpu_s": fit_cpu, "recommend_cpu_s": cpu, "bytes": bytes, "users": all.len()})
}

/// Latencies in milliseconds: median and 99th percentile.
fn quantiles(mut ms: Vec<f64>) -> Value {
    ms.sort_by(f64::total_cmp);
    let at = |q: f64| ms[((ms.len() - 1) as f64 * q) as usize];
    json!({"p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0), "requests": ms.len()})
}

fn one(directory: &Path, job: &Value) -> Value {
    let model = AlsModel::open(directory.join("als.mercato")).unwrap();
    let items = model.item_factors().len();
    let category: Vec<Option<String>> = (0..items).map(|i| Some(format!("c{}", i % 20))).collect();
    let price = (0..items).map(|i| (i * 7919 % 1000) as f64).collect();
    let columns =
        vec![Attribute::text("category", &category).unwrap(), Attribute::number("price", price)];
    let attributes = ItemAttributes::new(Arc::new(IdMap::range(items).unwrap()), columns).unwrap();
    let model = model.with_attributes(&attributes);
    let query = match job["where"].as_object() {
        Some(_) => Query::default().where_json(&job["where"]).unwrap(),
        None => Query::default(),
    };
    let users = model.user_factors().len() as u64;
    let threads = job["threads"].as_u64().unwrap_or(1);
    let requests = job["requests"].as_u64().unwrap();
    let ms = std::thread::scope(|scope| {
        let work = |t: u64| {
            let (model, query) = (&model, &query);
            scope.spawn(move || -> Vec<f64> {
                let mut rng = mercato_core::Rng::stream(1, t);
                (0..requests)
                    .map(|_| {
                        let user = rng.below(users) as i64;
                        let start = Instant::now();
                        let top = model.recommend(user, 10, query).unwrap();
                        let ms = start.elapsed().as_secs_f64() * 1e3;
                        assert!(!top.is_empty());
                        ms
                    })
                    .collect()
            })
        };
        let handles: Vec<_> = (0..threads).map(work).collect();
        handles.into_iter().flat_map(|h| h.join().unwrap()).collect::<Vec<f64>>()
    });
    quantiles(ms)
}

fn fold_in(directory: &Path, job: &Value) -> Value {
    let model = AlsModel::open(directory.join("als.mercato")).unwrap();
    let items = model.item_factors().len() as u64;
    let mut rng = mercato_core::Rng::new(5);
    let events = job["events"].as_u64().unwrap();
    let ms = (0..job["requests"].as_u64().unwrap())
        .map(|_| {
            let history = History::of((0..events).map(|_| Id::from(rng.below(items) as i64)));
            let start = Instant::now();
            let vector = model.fold_in(&history).unwrap();
            let ms = start.elapsed().as_secs_f64() * 1e3;
            assert!(vector.values.len() > 1);
            ms
        })
        .collect();
    quantiles(ms)
}

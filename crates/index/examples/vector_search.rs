//! Recall and queries per CPU-second of an index over a file of vectors, one thread.
//!
//! `cargo run --release -p mercato-index --example vector_search -- FILE DIM METRIC KIND N QUERIES`,
//! where FILE holds raw little-endian `f32` rows: the first N become the index, the next QUERIES
//! ask. METRIC is cosine, dot or l2, KIND flat or hnsw. Prints one JSON line.
#![allow(clippy::print_stdout, missing_docs)]

use mercato_core::{Persist, Run, Vectors};
use mercato_index::{IndexKind, IndexParams, Metric, Neighbours, SearchOptions, VectorIndex};
use serde_json::json;
use std::time::Instant;

type AnyResult<T> = Result<T, Box<dyn std::error::Error>>;

/// CPU seconds of this process so far (Linux; in steps of 10 ms).
fn process_cpu() -> AnyResult<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |i: usize| after_name.split_whitespace().nth(i).and_then(|t| t.parse::<f64>().ok());
    Ok((ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0)
}

/// CPU seconds of this thread so far (Linux). The kernel brings its count up to date when a thread
/// gives way.
fn thread_cpu() -> AnyResult<f64> {
    std::thread::yield_now();
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

fn main() -> AnyResult<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, dim, metric, kind, n, count] = args.as_slice() else {
        return Err("usage: vector_search FILE DIM METRIC KIND N QUERIES".into());
    };
    let (dim, n, count): (usize, usize, usize) = (dim.parse()?, n.parse()?, count.parse()?);
    let metric: Metric = serde_json::from_value(metric.as_str().into())?;
    let kind: IndexKind = serde_json::from_value(kind.as_str().into())?;
    let bytes = std::fs::read(file)?;
    let rows: Vec<f32> = bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect();
    let vectors = Vectors::new(rows[..n * dim].to_vec(), dim)?;
    let queries = &rows[n * dim..(n + count) * dim];
    let run = Run::seed(1).with_threads(1);

    let params = IndexParams { metric, ..IndexParams::default() };
    let exact = VectorIndex::build(&vectors, None, &params.clone().kind(IndexKind::Flat), &run)?;
    let truth = exact.search_batch(queries, &SearchOptions::default(), &run)?;

    let started = process_cpu()?;
    let index = VectorIndex::build(&vectors, None, &params.kind(kind), &run)?;
    let build = process_cpu()? - started;
    let path = std::env::temp_dir().join(format!("vector_search-{}.mercato", std::process::id()));
    index.save(&path)?;
    let file_bytes = std::fs::metadata(&path)?.len();
    let started = Instant::now();
    let index = VectorIndex::open(&path)?;
    let open_ms = started.elapsed().as_secs_f64() * 1e3;

    let efs: &[usize] = match kind {
        IndexKind::Hnsw => {
            &[5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 160, 240, 320, 480]
        }
        _ => &[10],
    };
    let mut curve = Vec::new();
    for &ef in efs {
        let options = SearchOptions::default().ef(ef);
        let (mut hits, mut times, mut latency) = (0, Vec::new(), Vec::new());
        for round in 0..5 {
            let started = thread_cpu()?;
            for (q, query) in queries.chunks_exact(dim).enumerate() {
                let one = Instant::now();
                let found = index.search(query, &options)?;
                latency.push(one.elapsed().as_secs_f64() * 1e6);
                if round == 0 {
                    // A tie with the last true neighbour counts.
                    let worst = truth.scores()[q * 10..q * 10 + 10]
                        .iter()
                        .zip(&truth.dense()[q * 10..q * 10 + 10])
                        .filter(|(_, d)| **d != Neighbours::MISSING)
                        .fold(f32::INFINITY, |w, (s, _)| w.min(*s));
                    hits += found.iter().filter(|f| f.score >= worst).count();
                }
            }
            times.push(thread_cpu()? - started);
        }
        times.sort_by(f64::total_cmp);
        latency.sort_by(f64::total_cmp);
        curve.push(json!({
            "ef": ef,
            "recall": hits as f64 / (10 * count) as f64,
            "queries_per_cpu_s": (count as f64 / times[times.len() / 2]).round(),
            "p50_us": (latency[latency.len() / 2] * 10.0).round() / 10.0,
        }));
    }
    std::fs::remove_file(&path)?;
    let mut targets = Vec::new();
    if kind == IndexKind::Hnsw {
        for target in [0.9, 0.95, 0.99] {
            let options = SearchOptions::default().target_recall(target);
            let found = index.search_batch(queries, &options, &run)?;
            let hits = (0..count * 10)
                .filter(|&p| found.scores()[p] >= truth.scores()[p / 10 * 10 + 9])
                .count();
            let check = index.self_check(500, &options, &run)?;
            targets.push(json!({
                "target": target, "reached": hits as f64 / (10 * count) as f64,
                "ef": check.ef, "self_check": check.recall, "low": check.low, "high": check.high,
                "unreachable": check.unreachable,
            }));
        }
    }
    println!(
        "{}",
        json!({
            "library": "mercato", "kind": kind, "metric": metric, "n": n, "dim": dim,
            "build_cpu_s": build, "hot_bytes": index.hot_bytes(), "file_bytes": file_bytes,
            "open_ms": open_ms, "curve": curve, "targets": targets,
        })
    );
    Ok(())
}

//! What an index promises beside speed, measured: filters, churn, honesty, exact search.
//!
//! `cargo run --release -p mercato-index --example index_promises -- FILE DIM METRIC N WHAT...`, where FILE
//! holds raw little-endian `f32` rows: the first N become the index, the next 1,000 ask, and churn
//! takes new vectors from the rest. WHAT is filters, churn, honesty, exact, large,
//! or a file that large has saved. Prints one JSON
//! line for each. One thread; CPU seconds of the process.
#![allow(clippy::print_stdout, missing_docs)]

use mercato_core::{Attribute, Filter, IdMap, ItemAttributes, Persist, Rng, Run, Vectors};
use mercato_index::{IndexKind, IndexParams, Metric, Neighbours, SearchOptions, VectorIndex};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

type AnyResult<T> = Result<T, Box<dyn std::error::Error>>;

const QUERIES: usize = 1000;

/// CPU seconds of this process so far (Linux; in steps of 10 ms).
fn cpu() -> AnyResult<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |i: usize| after_name.split_whitespace().nth(i).and_then(|t| t.parse::<f64>().ok());
    Ok((ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0)
}

struct Bench {
    dim: usize,
    n: usize,
    rows: Vec<f32>,
    params: IndexParams,
    run: Run,
}

impl Bench {
    fn build(&self, kind: IndexKind) -> AnyResult<VectorIndex> {
        let vectors = Vectors::new(self.rows[..self.n * self.dim].to_vec(), self.dim)?;
        Ok(VectorIndex::build(&vectors, None, &self.params.clone().kind(kind), &self.run)?)
    }

    fn queries(&self) -> &[f32] {
        &self.rows[self.n * self.dim..(self.n + QUERIES) * self.dim]
    }

    /// What a batch finds, and microseconds of CPU per query: the least of five rounds, each repeated
    /// until it is long enough to measure.
    fn timed(
        &self,
        index: &VectorIndex,
        queries: &[f32],
        options: &SearchOptions,
    ) -> AnyResult<(Neighbours, f64)> {
        let found = index.search_batch(queries, options, &self.run)?;
        let mut least = f64::INFINITY;
        for _ in 0..5 {
            let (started, mut times) = (cpu()?, 0);
            while times == 0 || cpu()? - started < 0.1 {
                index.search_batch(queries, options, &self.run)?;
                times += 1;
            }
            let each = (cpu()? - started) / (times * queries.len() / self.dim) as f64;
            least = least.min(each * 1e6);
        }
        Ok((found, (least * 10.0).round() / 10.0))
    }
}

/// The share of true neighbours found; a tie with the last true one counts.
fn recall(found: &Neighbours, truth: &Neighbours) -> f64 {
    let k = truth.k();
    let (mut hits, mut all) = (0, 0);
    for q in 0..truth.dense().len() / k {
        let places = q * k..(q + 1) * k;
        let there =
            truth.dense()[places.clone()].iter().filter(|d| **d != Neighbours::MISSING).count();
        if there > 0 {
            let worst = truth.scores()[places.start + there - 1];
            let good =
                |p: &usize| found.dense()[*p] != Neighbours::MISSING && found.scores()[*p] >= worst;
            hits += places.filter(good).count().min(there);
            all += there;
        }
    }
    hits as f64 / all.max(1) as f64
}

fn filters(b: &Bench) -> AnyResult<Value> {
    let (dim, n) = (b.dim, b.n);
    let (graph, flat) = (b.build(IndexKind::Hnsw)?, b.build(IndexKind::Flat)?);
    // Along the direction of one query: near it what matches lies close together.
    let along = |v: &[f32]| v.iter().zip(b.queries()).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let mut rng = Rng::new(5);
    let columns = [
        ("random", (0..n).map(|_| rng.unit()).collect::<Vec<f64>>()),
        ("along", b.rows[..n * dim].chunks_exact(dim).map(along).collect()),
    ];
    let ids: Vec<i64> = (0..n as i64).collect();
    let items = Arc::new(IdMap::from_ids(&(&ids).into())?);
    let table = columns.iter().map(|(name, v)| Attribute::number(name, v.clone())).collect();
    let attributes = ItemAttributes::new(items, table)?;
    let (graph, flat) = (graph.with_attributes(&attributes), flat.with_attributes(&attributes));
    let mut order: Vec<&[f32]> = b.queries().chunks_exact(dim).collect();
    order.sort_by(|x, y| along(y).total_cmp(&along(x)));
    let near = order[..200].concat();
    let far = order[QUERIES - 200..].concat();
    let some = order.iter().step_by(5).copied().collect::<Vec<_>>().concat();
    let mut out = Vec::new();
    for (kind, column, queries) in
        [("random", 0, &some), ("correlated", 1, &near), ("anti-correlated", 1, &far)]
    {
        // The walk without a filter that reaches the recall which the filtered one should.
        let truth = flat.search_batch(queries, &SearchOptions::default(), &b.run)?;
        let mut walk = f64::INFINITY;
        for ef in [5, 7, 10, 12, 15, 20, 25, 30, 40, 60, 80, 120, 160, 240] {
            let (found, us) = b.timed(&graph, queries, &SearchOptions::default().ef(ef))?;
            if recall(&found, &truth) >= 0.97 {
                walk = us;
                break;
            }
        }
        let mut sorted = columns[column].1.clone();
        sorted.sort_by(f64::total_cmp);
        for share in [0.5, 0.2, 0.1, 0.01, 0.001, 0.0001] {
            let cut = sorted[n - 1 - (share * n as f64) as usize];
            let filter = Filter::from_json(&json!({ columns[column].0: { "gt": cut } }))?;
            let options = SearchOptions::default().target_recall(0.98).filter(filter);
            let (truth, scan) = b.timed(&flat, queries, &options)?;
            let (found, us) = b.timed(&graph, queries, &options)?;
            out.push(json!({
                "filter": kind, "share": share, "recall": recall(&found, &truth), "us": us,
                "unfiltered_walk_us": walk, "scan_of_matches_us": scan,
                "times_the_better": (us / walk.min(scan) * 100.0).round() / 100.0,
            }));
        }
    }
    Ok(json!({ "filters": out }))
}

fn churn(b: &Bench) -> AnyResult<Value> {
    let (dim, n) = (b.dim, b.n);
    let started = cpu()?;
    let mut index = b.build(IndexKind::Hnsw)?;
    let insert = (cpu()? - started) / n as f64;
    let spare = b.rows.len() / dim - n - QUERIES;
    let row = |i: usize| {
        let at = if i < n { i } else { i + QUERIES };
        &b.rows[at * dim..(at + 1) * dim]
    };
    // Vectors come and go in a circle; a vector's number is its id.
    let (mut first, fifth) = (0, (n / 5).min(spare));
    let mut out = Vec::new();
    for round in 0..=10 {
        let mut cost = 0.0;
        if round > 0 {
            let gone: Vec<i64> = (0..fifth).map(|i| ((first + i) % (n + spare)) as i64).collect();
            let come: Vec<i64> =
                (0..fifth).map(|i| ((first + n + i) % (n + spare)) as i64).collect();
            let rows: Vec<f32> =
                come.iter().flat_map(|&i| row(i as usize).iter().copied()).collect();
            let started = cpu()?;
            index.remove(&(&gone).into(), &b.run)?;
            index.upsert(&(&come).into(), &rows, &b.run)?;
            cost = (cpu()? - started) / fifth as f64 / insert;
            first = (first + fifth) % (n + spare);
        }
        let live: Vec<f32> = index
            .ids()
            .flat_map(|id| index.vector(id).unwrap_or_default().iter().copied())
            .collect();
        let exact = VectorIndex::build(
            &Vectors::new(live, dim)?,
            None,
            &b.params.clone().kind(IndexKind::Flat),
            &b.run,
        )?;
        let truth = exact.search_batch(b.queries(), &SearchOptions::default(), &b.run)?;
        let at = |ef| -> AnyResult<f64> {
            let options = SearchOptions::default().ef(ef);
            Ok(recall(&index.search_batch(b.queries(), &options, &b.run)?, &truth))
        };
        let report = index.self_check(100, &SearchOptions::default().ef(20), &b.run)?;
        out.push(json!({
            "round": round, "vectors": index.len(), "recall_ef_10": at(10)?, "recall_ef_40": at(40)?,
            "unreachable": report.unreachable, "times_insert_cost": (cost * 100.0).round() / 100.0,
        }));
    }
    Ok(json!({ "churn": out, "replaced_each_round": fifth, "insert_us": insert * 1e6 }))
}

fn honesty(b: &Bench) -> AnyResult<Value> {
    let (graph, flat) = (b.build(IndexKind::Hnsw)?, b.build(IndexKind::Flat)?);
    let truth = flat.search_batch(b.queries(), &SearchOptions::default(), &b.run)?;
    let mut out = Vec::new();
    let options = [0.9, 0.95, 0.98, 0.99].map(|r| SearchOptions::default().target_recall(r));
    let by_ef = [8, 20, 60].map(|ef| SearchOptions::default().ef(ef));
    for options in options.into_iter().chain(by_ef) {
        let found = graph.search_batch(b.queries(), &options, &b.run)?;
        let check = graph.self_check(1000, &options, &b.run)?;
        out.push(json!({
            "target": options.target_recall, "ef": check.ef, "recall": recall(&found, &truth),
            "self_check": check.recall, "low": check.low, "high": check.high,
            "unreachable": check.unreachable,
        }));
    }
    Ok(json!({ "honesty": out }))
}

fn exact(b: &Bench) -> AnyResult<Value> {
    let flat = b.build(IndexKind::Flat)?;
    let queries = &b.queries()[..200 * b.dim];
    let mut each = f64::INFINITY;
    for _ in 0..5 {
        let (started, mut times) = (cpu()?, 0);
        while times == 0 || cpu()? - started < 0.2 {
            for q in queries.chunks_exact(b.dim) {
                std::hint::black_box(flat.search(q, &SearchOptions::default())?);
            }
            times += 1;
        }
        each = each.min((cpu()? - started) / (200 * times) as f64 * 1e6);
    }
    let (_, batch) = b.timed(&flat, b.queries(), &SearchOptions::default())?;
    Ok(json!({ "exact": { "one_query_us": each.round(), "in_a_batch_us": batch } }))
}

/// A number in kB that the kernel keeps of this process.
fn memory(name: &str) -> AnyResult<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with(name)).unwrap_or_default();
    Ok(line.split_whitespace().nth(1).unwrap_or_default().parse::<f64>()? / 1024.0)
}

/// Build, save, open and serve: memory and times, with every core. With `opened` a file that an
/// earlier call saved is served by a process that has done nothing else.
fn large(b: &Bench, opened: Option<&str>) -> AnyResult<Value> {
    let all = Run::seed(1);
    if let Some(path) = opened {
        let before = memory("VmRSS")?;
        let started = Instant::now();
        let index = VectorIndex::open(path)?;
        let open_ms = started.elapsed().as_secs_f64() * 1e3;
        let after = memory("VmRSS")?;
        let mut served = Vec::new();
        let queries = &b.queries()[..200 * b.dim];
        let flat = b.build(IndexKind::Flat)?;
        let truth = flat.search_batch(queries, &SearchOptions::default(), &all)?;
        drop(flat);
        for ef in [10, 20, 40, 80, 160] {
            let (found, us) = b.timed(&index, queries, &SearchOptions::default().ef(ef))?;
            served.push(json!({ "ef": ef, "recall": recall(&found, &truth), "us": us }));
        }
        return Ok(json!({ "open": {
            "vectors": index.len(), "open_ms": open_ms, "resident_mb_of_opening": after - before,
            "hot_mb": index.hot_bytes() as f64 / 1e6, "served": served,
        } }));
    }
    let (started, wall) = (cpu()?, Instant::now());
    let vectors = Vectors::new(b.rows[..b.n * b.dim].to_vec(), b.dim)?;
    let index = VectorIndex::build(&vectors, None, &b.params.clone().kind(IndexKind::Hnsw), &all)?;
    let (cpu_s, wall_s) = (cpu()? - started, wall.elapsed().as_secs_f64());
    let path = std::env::temp_dir().join("index_promises-large.mercato");
    let saving = Instant::now();
    index.save(&path)?;
    Ok(json!({ "large": {
        "vectors": b.n, "dim": b.dim, "build_cpu_s": cpu_s, "build_wall_s": wall_s,
        "save_s": saving.elapsed().as_secs_f64(), "file_mb": std::fs::metadata(&path)?.len() as f64 / 1e6,
        "peak_resident_mb": memory("VmHWM")?, "hot_mb": index.hot_bytes() as f64 / 1e6,
        "saved": path.display().to_string(),
    } }))
}

fn main() -> AnyResult<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, dim, metric, n, whats @ ..] = args.as_slice() else {
        return Err("usage: index_promises FILE DIM METRIC N WHAT...".into());
    };
    let metric: Metric = serde_json::from_value(metric.as_str().into())?;
    let bytes = std::fs::read(file)?;
    let bench = Bench {
        dim: dim.parse()?,
        n: n.parse()?,
        rows: bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect(),
        params: IndexParams { metric, ..IndexParams::default() },
        run: Run::seed(1).with_threads(1),
    };
    for what in whats {
        let result = match what.as_str() {
            "filters" => filters(&bench)?,
            "churn" => churn(&bench)?,
            "honesty" => honesty(&bench)?,
            "exact" => exact(&bench)?,
            "large" => large(&bench, None)?,
            path if path.ends_with(".mercato") => large(&bench, Some(path))?,
            _ => {
                return Err(format!(
                    "{what} is not filters, churn, honesty, exact, large or a file"
                )
                .into());
            }
        };
        println!("{result}");
    }
    Ok(())
}

//! Users per CPU-second of exact top-20 over item factors, one thread, and latency of one request.
//!
//! `cargo run --release -p mercato-index --example scan_throughput -- DIR DIM`, where DIR holds raw
//! little-endian arrays: `users.f32`, `items.f32`, and the seen items as CSR (`indptr.u32`,
//! `indices.u32`). Prints one JSON line.
#![allow(clippy::print_stdout, missing_docs)]

use mercato_core::{Bitmap, Run};
use mercato_index::{Scan, ScanScratch};
use std::time::Instant;

/// A file of numbers.
fn raw<T: bytemuck::Pod>(dir: &str, name: &str) -> std::io::Result<Vec<T>> {
    let bytes = std::fs::read(format!("{dir}/{name}"))?;
    Ok(bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect())
}

/// CPU seconds of this process so far (Linux; in steps of 10 ms).
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |i: usize| after_name.split_whitespace().nth(i).and_then(|t| t.parse::<f64>().ok());
    Ok((ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(dir), Some(dim)) = (args.next(), args.next()) else {
        return Err("usage: scan_throughput DIR DIM".into());
    };
    let (dim, k): (usize, usize) = (dim.parse()?, 20);
    let (users, items): (Vec<f32>, Vec<f32>) = (raw(&dir, "users.f32")?, raw(&dir, "items.f32")?);
    let (indptr, seen): (Vec<u32>, Vec<u32>) =
        (raw(&dir, "indptr.u32")?, raw(&dir, "indices.u32")?);
    let (m, n) = (users.len() / dim, items.len() / dim);
    let of = |u: usize| &seen[indptr[u] as usize..indptr[u + 1] as usize];
    let run = Run::default().with_threads(1);

    let started = Instant::now();
    let scan = Scan::build(&items, dim, &run)?;
    let build_ms = started.elapsed().as_secs_f64() * 1e3;

    let (mut ids, mut scores) = (vec![0u32; m * k], vec![0f32; m * k]);
    let mut batch: Vec<f64> = Vec::new();
    for _ in 0..5 {
        let started = cpu_seconds()?;
        scan.top_k_batch(&items, &users, k, None, of, &run, &mut ids, &mut scores)?;
        batch.push(cpu_seconds()? - started);
    }
    batch.sort_by(f64::total_cmp);

    let (mut scratch, mut out) = (ScanScratch::default(), Vec::new());
    let quarter = Bitmap::from_fn(n, |i| (i as u32).wrapping_mul(0x9E37_79B9) >> 30 == 0);
    let mut quantiles = Vec::new();
    for allow in [None, Some(&quarter)] {
        let mut one: Vec<f64> = Vec::new();
        for u in (0..m).step_by(3) {
            let started = Instant::now();
            let user = &users[u * dim..(u + 1) * dim];
            scan.top_k(&items, user, k, allow, of(u), &mut scratch, &mut out)?;
            one.push(started.elapsed().as_secs_f64() * 1e6);
            if allow.is_none() {
                assert!(out.iter().map(|x| x.0).eq(ids[u * k..(u + 1) * k].iter().copied()));
            }
        }
        one.sort_by(f64::total_cmp);
        quantiles.push([one[one.len() / 2], one[one.len() * 99 / 100]]);
    }
    std::fs::write(format!("{dir}/ours.u32"), bytemuck::cast_slice(&ids))?;
    println!(
        "{{\"users\":{m},\"items\":{n},\"dim\":{dim},\"build_ms\":{build_ms:.1},\"scan_bytes\":{},\
         \"batch_users_per_cpu_s\":{:.0},\"one_us_p50_p99\":{:.1?},\"one_filtered_us_p50_p99\":{:.1?}}}",
        scan.bytes(),
        m as f64 / batch[batch.len() / 2],
        quantiles[0],
        quantiles[1]
    );
    Ok(())
}

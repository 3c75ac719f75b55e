//! Scratch driver.
#![allow(clippy::print_stdout)]
use mercato_core::Run;
use mercato_routing::*;

fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    s.split_whitespace().next().and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0) * 1e-9
}

fn main() -> mercato_core::Result<()> {
    let a: Vec<String> = std::env::args().collect();
    let seconds: f64 = a[2].parse().expect("seconds");
    let seed: u64 = a[3].parse().expect("seed");
    let p: Vec<f64> = a[4..].iter().map(|x| x.parse().unwrap_or(f64::NAN)).collect();
    let problem = Problem::read(&a[1], Format::Auto, None)?;
    let raw = solve::solve_raw(&problem, &Run::seed(seed), seconds, &cpu, &p)?;
    let e = &raw.evaluation;
    let first = raw.trace[0];
    println!(
        "{} cost {} routes {} violations {:?} iterations {} first {:.3}s {}",
        problem.name(),
        e.cost,
        e.routes.len(),
        e.violations.first(),
        raw.iterations,
        first.0,
        first.2 / problem.scale()
    );
    Ok(())
}

//! Solves an instance file within a budget of CPU seconds and writes the routes:
//! `vrp FILE SECONDS SEED [OUT] [key=value ...]`, the keys being the solver's hyperparameters.
#![allow(clippy::print_stdout)]

use mercato_core::{Error, Result, Run};
use mercato_routing::{Format, Problem, Solver, StopRule};
use std::time::Instant;

/// CPU seconds of this thread where the system tells, wall seconds elsewhere.
fn cpu(begun: Instant) -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|s| s.split_whitespace().next()?.parse::<f64>().ok())
        .map_or_else(|| begun.elapsed().as_secs_f64(), |ns| ns * 1e-9)
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let usage = || Error::invalid_params("usage: vrp FILE SECONDS SEED [OUT] [key=value ...]");
    let (file, seconds, seed) = match args.as_slice() {
        [_, file, seconds, seed, ..] => (
            file,
            seconds.parse::<f64>().map_err(|_| usage())?,
            seed.parse::<u64>().map_err(|_| usage())?,
        ),
        _ => return Err(usage()),
    };
    let mut params = serde_json::to_value(Solver::default()).map_err(|_| usage())?;
    for pair in args.iter().skip(4).filter_map(|a| a.split_once('=')) {
        params[pair.0] = serde_json::from_str(pair.1).map_err(|_| usage())?;
    }
    let solver: Solver =
        serde_json::from_value(params).map_err(|e| Error::invalid_params(e.to_string()))?;
    let begun = Instant::now();
    let problem = Problem::read(file, Format::Auto, None)?;
    let read = cpu(begun);
    let solution = solver.stop(StopRule::MaxRuntime(seconds)).trajectories(1).solve_by(
        &problem,
        &Run::seed(seed),
        &|| cpu(begun),
    )?;
    let first = solution.trace().first().map_or(0.0, |t| t.seconds);
    println!(
        "{} cost {} routes {} feasible {} unassigned {} iterations {} read {read:.3} first {first:.3}",
        problem.name(),
        solution.cost(),
        solution.routes().len(),
        solution.feasible(),
        solution.unassigned().len(),
        solution.iterations(),
    );
    if let Some(out) = args.get(4).filter(|a| !a.contains('=')) {
        let path = std::path::Path::new(out);
        std::fs::write(path, solution.to_vrplib()).map_err(|e| Error::io("write", path, e))?;
    }
    Ok(())
}

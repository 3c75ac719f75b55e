//! The doorway to the search.

use crate::evaluate::{Evaluation, evaluate};
use crate::plan::Plan;
use crate::problem::Problem;
use crate::search::anneal::{self, Settings, Tick};
use crate::search::neighbours::Neighbours;
use mercato_core::{Result, Run};
use std::time::Instant;

/// Experimental.
pub struct Raw {
    /// p
    pub plan: Plan,
    /// e
    pub evaluation: Evaluation,
    /// i
    pub iterations: u64,
    /// t
    pub trace: Vec<(f64, u64, f64)>,
}

/// Experimental.
pub fn solve_raw(
    problem: &Problem,
    run: &Run,
    seconds: f64,
    clock: &dyn Fn() -> f64,
    p: &[f64],
) -> Result<Raw> {
    let it = problem.instance();
    let _ = Instant::now();
    let t0 = clock();
    let get = |k: usize, d: f64| p.get(k).copied().filter(|x| !x.is_nan()).unwrap_or(d);
    let set = Settings {
        average_removed: get(0, 10.0),
        longest_string: get(1, 10.0),
        split_rate: 0.5,
        split_growth: 0.01,
        blink_rate: get(2, 0.01),
        start_temperature: get(3, 0.3),
        end_temperature: get(4, 0.01),
        near: 100,
        fit: get(5, 30.0) as usize,
    };
    let near = Neighbours::new(it, set.near, set.fit);
    let out = anneal::run(
        it,
        &near,
        &set,
        None,
        run.rng(0),
        |_, _| {
            let at = (clock() - t0) / seconds;
            if at >= 1.0 { Tick::Stop } else { Tick::Go(at) }
        },
        || clock() - t0,
    );
    let evaluation = evaluate(problem, &out.plan)?;
    Ok(Raw { plan: out.plan, evaluation, iterations: out.iterations, trace: out.trace })
}

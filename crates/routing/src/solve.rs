//! The doorway to the search: how long, from where, with which hyperparameters.

use crate::plan::Plan;
use crate::problem::Problem;
use crate::search::anneal::{self, Outcome, Settings, Tick};
use crate::search::neighbours::Neighbours;
use crate::solution::{Solution, TracePoint};
use mercato_core::{Error, Result, Run};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// When the search ends. Whatever ends it, the answer is the best plan found so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopRule {
    /// After this many seconds, > 0. How far it gets depends on the machine.
    MaxRuntime(f64),
    /// After this many iterations. With a seed, the same plan everywhere.
    MaxIterations(u64),
    /// After this many iterations in a row without a better plan.
    NoImprovement(u64),
    /// At this cost or below.
    TargetCost(f64),
}

/// Ruin and recreate under simulated annealing: hyperparameters and stop rules.
///
/// ```
/// use mercato_core::Run;
/// use mercato_routing::{Client, Place, Problem, Solver, StopRule, VehicleType};
/// let mut b = Problem::builder();
/// b.add_depot(Place::point(0.0, 0.0));
/// b.add_vehicle_type(VehicleType::new(2).capacity([2]));
/// for (x, y) in [(1.0, 0.0), (2.0, 0.0), (0.0, 3.0)] {
///     b.add_client(Client::at(Place::point(x, y)).demand([1]));
/// }
/// let problem = b.build()?;
/// let solution = Solver::default().stop(StopRule::MaxIterations(200)).solve(&problem, &Run::seed(1))?;
/// assert!(solution.feasible());
/// assert_eq!(solution.cost(), 10.0);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Solver {
    /// The first rule that holds ends the search. Default: 10 seconds. Empty: the run's deadline.
    pub stop: Vec<StopRule>,
    /// Where to start; `None` = from scratch. May be incomplete or infeasible: what breaks a rule
    /// is taken out and put elsewhere.
    pub initial: Option<Plan>,
    /// Independent searches, the best of which is the answer; they run on the run's threads. 0 =
    /// one, or one per thread when time alone ends the search. Default 0.
    pub trajectories: usize,
    /// Clients removed per iteration, on average, 1..=1000. Default 10.
    pub average_removed: f64,
    /// Longest string of clients removed from one route, 1..=1000. Default 10.
    pub longest_string: f64,
    /// Chance that a string keeps a part in its middle, 0..=1. Default 0.5.
    pub split_rate: f64,
    /// Chance that the kept part grows by one more client, 0..1. Default 0.01.
    pub split_growth: f64,
    /// Chance that insertion overlooks a place, 0..1. Default 0.01.
    pub blink_rate: f64,
    /// First temperature as a multiple of the mean cost of one leg; 0 = 0.3, or 0.1 from a given
    /// plan. Default 0.
    pub start_temperature: f64,
    /// Last temperature as a multiple of the mean cost of one leg, > 0. Default 0.01.
    pub end_temperature: f64,
    /// Neighbours beside whom insertion looks for places, 1..=10000; 0 = 30, or 80 with time
    /// windows. Default 0.
    pub neighbours: usize,
}

impl Default for Solver {
    fn default() -> Self {
        Self {
            stop: vec![StopRule::MaxRuntime(10.0)],
            initial: None,
            trajectories: 0,
            average_removed: 10.0,
            longest_string: 10.0,
            split_rate: 0.5,
            split_growth: 0.01,
            blink_rate: 0.01,
            start_temperature: 0.0,
            end_temperature: 0.01,
            neighbours: 0,
        }
    }
}

/// First temperature (multiple of the mean leg) when none is given.
const START_TEMPERATURE: f64 = 0.3;

/// From a given plan the search begins colder: it is there to be improved, not forgotten.
const WARM_TEMPERATURE: f64 = 0.1;

impl Solver {
    /// Ends the search by this rule alone.
    #[must_use]
    pub fn stop(mut self, rule: StopRule) -> Self {
        self.stop = vec![rule];
        self
    }

    /// Adds a rule; the first that holds ends the search.
    #[must_use]
    pub fn or_stop(mut self, rule: StopRule) -> Self {
        self.stop.push(rule);
        self
    }

    /// Sets [`initial`](Self::initial).
    #[must_use]
    pub fn initial(mut self, plan: Plan) -> Self {
        self.initial = Some(plan);
        self
    }

    /// Sets [`trajectories`](Self::trajectories).
    #[must_use]
    pub fn trajectories(mut self, trajectories: usize) -> Self {
        self.trajectories = trajectories;
        self
    }

    /// Validates the hyperparameters.
    ///
    /// # Errors
    /// `invalid_params` names the field, its value and its range.
    pub fn check(&self) -> Result<()> {
        let within = |name: &str, x: f64, low: f64, high: f64| {
            if (low..=high).contains(&x) {
                Ok(())
            } else {
                Err(Error::invalid_params(format!("{name} must be in {low}..={high}, got {x}"))
                    .with("parameter", name))
            }
        };
        within("average_removed", self.average_removed, 1.0, 1000.0)?;
        within("longest_string", self.longest_string, 1.0, 1000.0)?;
        within("split_rate", self.split_rate, 0.0, 1.0)?;
        within("split_growth", self.split_growth, 0.0, 0.99)?;
        within("blink_rate", self.blink_rate, 0.0, 0.99)?;
        within("start_temperature", self.start_temperature, 0.0, 1e6)?;
        within("end_temperature", self.end_temperature, 1e-9, 1e6)?;
        within("neighbours", self.neighbours as f64, 0.0, 10_000.0)?;
        within("trajectories", self.trajectories as f64, 0.0, 1_000.0)?;
        for rule in &self.stop {
            match *rule {
                StopRule::MaxRuntime(s) => within("stop.max_runtime", s, 1e-6, 1e9)?,
                StopRule::TargetCost(c) if c.is_nan() => {
                    within("stop.target_cost", c, f64::MIN, f64::MAX)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Searches until a stop rule, the deadline or the cancel token ends it.
    ///
    /// A plan is always given back: what cannot be served is listed with reasons.
    ///
    /// # Errors
    /// `invalid_params` for hyperparameters out of range or when nothing ends the search,
    /// `unknown_id` when the initial plan names something that is not in the problem.
    pub fn solve(&self, problem: &Problem, run: &Run) -> Result<Solution> {
        let begun = Instant::now();
        self.solve_by(problem, run, &|| begun.elapsed().as_secs_f64())
    }

    /// [`solve`](Self::solve) with another clock: `clock` gives seconds, counted from anywhere,
    /// of each thread that asks. For budgets in CPU time.
    ///
    /// # Errors
    /// As [`solve`](Self::solve).
    pub fn solve_by(
        &self,
        problem: &Problem,
        run: &Run,
        clock: &(dyn Fn() -> f64 + Sync),
    ) -> Result<Solution> {
        self.solve_frozen(problem, run, clock, &[])
    }

    /// `frozen[k]`: how many leading stops of route `k` of the initial plan stay as they are.
    pub(crate) fn solve_frozen(
        &self,
        problem: &Problem,
        run: &Run,
        clock: &(dyn Fn() -> f64 + Sync),
        frozen: &[usize],
    ) -> Result<Solution> {
        self.check()?;
        if self.stop.is_empty() && run.remaining().is_none() {
            return Err(Error::invalid_params("stop is empty and the run has no deadline")
                .with("parameter", "stop"));
        }
        if let Some(plan) = &self.initial {
            plan.check_ids(problem)?;
        }
        let it = problem.instance();
        let begun = clock();
        let fit = match self.neighbours {
            0 if it.has.time => 80,
            0 => 30,
            k => k,
        };
        let near = Neighbours::new(it, 100, fit);
        // Neighbours are the calling thread's work; trajectories count their own.
        let before = clock() - begun;
        let counted = self.stop.iter().any(|r| !matches!(r, StopRule::MaxRuntime(_)));
        let trajectories = match self.trajectories {
            0 if counted => 1,
            0 => run.threads(),
            k => k,
        };
        let reached = AtomicBool::new(false);
        let task = run.stage("solve", 0);
        let one = |k: usize| {
            let started = clock();
            let elapsed = || before + (clock() - started);
            let mut since = (f64::INFINITY, 0u64);
            let tick = |iterations: u64, cost: f64| {
                if iterations > 0 {
                    task.advance(16);
                }
                if run.stop().is_some() || reached.load(Ordering::Relaxed) {
                    return Tick::Stop;
                }
                if cost < since.0 {
                    since = (cost, iterations);
                }
                let mut at: f64 = 0.0;
                if let Some(left) = run.remaining() {
                    let spent = elapsed();
                    at = spent / (spent + left.as_secs_f64());
                }
                for rule in &self.stop {
                    let (spent, over) = match *rule {
                        StopRule::MaxRuntime(s) => (elapsed() / s, elapsed() >= s),
                        StopRule::MaxIterations(n) => {
                            (iterations as f64 / n.max(1) as f64, iterations >= n)
                        }
                        // Its horizon is not known: cool as though it were four times the patience.
                        StopRule::NoImprovement(n) => (
                            (iterations as f64 / (4.0 * n.max(1) as f64)).min(1.0),
                            iterations - since.1 >= n,
                        ),
                        StopRule::TargetCost(c) => {
                            let done = cost <= c * it.scale;
                            if done && !counted_iterations(&self.stop) {
                                reached.store(true, Ordering::Relaxed);
                            }
                            (0.0, done)
                        }
                    };
                    if over {
                        return Tick::Stop;
                    }
                    at = at.max(spent);
                }
                Tick::Go(at)
            };
            let initial = self.initial.as_ref().map(|plan| (plan, frozen));
            anneal::run(it, &near, &self.settings(), initial, run.rng(k as u64), tick, elapsed)
        };
        let outcomes: Vec<Outcome> = if trajectories == 1 {
            vec![one(0)]
        } else {
            run.install(|| (0..trajectories).into_par_iter().map(one).collect())?
        };
        let iterations = outcomes.iter().map(|o| o.iterations).sum();
        let best = outcomes
            .into_iter()
            .reduce(|a, b| if b.cost < a.cost { b } else { a })
            .expect("there is at least one trajectory");
        let trace = best
            .trace
            .iter()
            .map(|&(seconds, iterations, cost)| TracePoint {
                seconds,
                iterations,
                cost: cost / it.scale,
            })
            .collect();
        Solution::new(problem, best.plan, iterations, trace)
    }

    fn settings(&self) -> Settings {
        let start = match (self.start_temperature, &self.initial) {
            (t, _) if t > 0.0 => t,
            (_, Some(_)) => WARM_TEMPERATURE,
            _ => START_TEMPERATURE,
        };
        Settings {
            average_removed: self.average_removed,
            longest_string: self.longest_string,
            split_rate: self.split_rate,
            split_growth: self.split_growth,
            blink_rate: self.blink_rate,
            start_temperature: start.max(self.end_temperature),
            end_temperature: self.end_temperature,
        }
    }
}

fn counted_iterations(rules: &[StopRule]) -> bool {
    rules.iter().any(|r| matches!(r, StopRule::MaxIterations(_)))
}

//! The day goes on: orders are cancelled, added and late, vehicles break down, and the plan
//! adapts without touching what has happened.
//!
//! What has begun is frozen: visits whose service has started, and the visit that a vehicle is
//! already driving to. They keep their times, which also carry delays forward. Everything else is searched again
//! from the old plan. Goods are taken to be interchangeable between vehicles, as van stock is.

use crate::plan::{Plan, PlannedRoute, Stop};
use crate::problem::{Client, Problem, VehicleType};
use crate::solution::Solution;
use crate::solve::Solver;
use mercato_core::{Error, Result, Run};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// A vehicle is behind its schedule.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delay {
    /// Index of the route in the old solution.
    pub route: usize,
    /// By how much, in the caller's time unit, >= 0.
    pub by: f64,
}

/// What has happened since the plan was made.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// The time now; what has begun by then is frozen. `None`: nobody has left yet.
    pub now: Option<f64>,
    /// Clients that are not to be visited after all.
    pub cancel: Vec<usize>,
    /// New clients; their indices follow those of the old problem.
    pub insert: Vec<Client>,
    /// Vehicles that are late.
    pub delay: Vec<Delay>,
    /// Routes of the old solution whose vehicle can do nothing more.
    pub vehicle_down: Vec<usize>,
}

/// Plans again after `events`, from `solution`. The new solution's [`Solution::problem`] is the
/// old problem with the events worked in: client indices stay as they were, new clients follow.
/// Each route that is under way gets a vehicle type of its own.
///
/// # Errors
/// `unknown_id` for clients and routes that do not exist, `invalid_input` when a cancelled client
/// has been served already or a delay is not a number >= 0, and what [`Solver::solve`] and
/// [`crate::ProblemBuilder::build`] say.
pub fn resolve(
    solution: &Solution,
    events: &Events,
    solver: &Solver,
    run: &Run,
) -> Result<Solution> {
    let begun = Instant::now();
    let old = solution.problem();
    let routes = solution.routes().len();
    let exists = |what: &str, k: usize, of: usize| {
        if k < of {
            Ok(())
        } else {
            Err(Error::unknown_id(format!("{what} {k} is not one of 0..{of}")))
        }
    };
    for &c in &events.cancel {
        exists("cancel: client", c, old.clients().len())?;
    }
    for &r in &events.vehicle_down {
        exists("vehicle_down: route", r, routes)?;
    }
    let mut late = vec![0.0; routes];
    for d in &events.delay {
        exists("delay: route", d.route, routes)?;
        if !(d.by >= 0.0 && d.by.is_finite()) {
            return Err(Error::invalid_input(format!("delay: by must be >= 0, got {}", d.by)));
        }
        late[d.route] += d.by;
    }

    let mut b = old.to_builder();
    let mut cancelled = vec![false; old.clients().len()];
    for &c in &events.cancel {
        cancelled[c] = true;
    }
    for s in old.shipments() {
        if cancelled[s.pickup] || cancelled[s.delivery] {
            (cancelled[s.pickup], cancelled[s.delivery]) = (true, true);
        }
    }
    let mut left: Vec<usize> = old.vehicle_types().iter().map(|v| v.count).collect();
    let mut taken = vec![false; left.len()];
    let mut plan = Plan::default();
    let mut frozen = Vec::new();
    for (k, route) in solution.routes().iter().enumerate() {
        let keep = events.now.map_or(0, |now| frozen_visits(route, now));
        let down = events.vehicle_down.contains(&k);
        for visit in &route.visits[..keep] {
            if let Stop::Client(c) = visit.stop
                && cancelled[c]
            {
                return Err(Error::invalid_input(format!(
                    "cancel: client {c} has been served or is next on route {k}"
                )));
            }
        }
        let stops: Vec<Stop> = route
            .visits
            .iter()
            .enumerate()
            .filter(|(i, v)| {
                let gone = matches!(v.stop, Stop::Client(c) if cancelled[c]);
                !gone && (!down || *i < keep)
            })
            .map(|(_, v)| v.stop)
            .collect();
        let mut vehicle_type = route.vehicle_type;
        if keep > 0 || down || late[k] > 0.0 {
            let mut own = VehicleType { count: 1, ..old.vehicle_types()[vehicle_type].clone() };
            let under_way = events.now.is_some_and(|now| route.start <= now);
            let start = if under_way {
                route.start + if keep == 0 { late[k] } else { 0.0 }
            } else {
                route.start.max(events.now.unwrap_or(route.start)) + late[k]
            };
            let end = own.shift.map_or(f64::MAX, |s| s[1]);
            own.shift = Some([start, end.max(start)]);
            if down {
                own.max_stops = Some(keep);
            }
            if left[vehicle_type] == 1 {
                taken[vehicle_type] = true;
                b.vehicle_types_mut()[vehicle_type] = own;
            } else {
                left[vehicle_type] -= 1;
                b.vehicle_types_mut()[vehicle_type].count -= 1;
                vehicle_type = b.add_vehicle_type(own);
            }
        }
        for (i, visit) in route.visits[..keep].iter().enumerate() {
            if let Stop::Client(c) = visit.stop {
                let extra = if i + 1 == keep { late[k] } else { 0.0 };
                let client = &mut b.clients_mut()[c];
                client.windows = vec![[visit.start, visit.start]];
                client.service = visit.departure - visit.start + extra;
            }
        }
        if !stops.is_empty() {
            plan.routes.push(PlannedRoute { vehicle_type, stops });
            frozen.push(keep);
        }
    }
    if let Some(now) = events.now {
        // Whoever has not left yet cannot leave in the past.
        for (k, &own) in taken.iter().enumerate() {
            if !own {
                let v = &mut b.vehicle_types_mut()[k];
                let [from, to] = v.shift.unwrap_or([now, f64::MAX]);
                v.shift = Some([from.max(now), to.max(now)]);
            }
        }
    }
    for (c, client) in b.clients_mut().iter_mut().enumerate() {
        if cancelled[c] {
            client.prize = Some(0.0);
        }
    }
    for client in &events.insert {
        b.add_client(client.clone());
    }
    let problem = b.build()?;
    let solver = Solver { initial: Some(plan), ..solver.clone() };
    let clock = || begun.elapsed().as_secs_f64();
    let mut solution = solver.solve_frozen(&problem, run, &clock, &frozen)?;
    solution.forget(|c| cancelled.get(c).copied().unwrap_or(false));
    Ok(solution)
}

/// How many leading visits have begun or are being driven to.
fn frozen_visits(route: &crate::Route, now: f64) -> usize {
    if route.start > now {
        return 0;
    }
    let mut left = route.start;
    let mut count = 0;
    for visit in &route.visits {
        if left > now {
            break;
        }
        count += 1;
        left = visit.departure;
    }
    count
}

impl Problem {
    /// Shorthand for [`Solver::default`] with one stop rule.
    ///
    /// # Errors
    /// As [`Solver::solve`].
    pub fn solve(&self, stop: crate::StopRule, run: &Run) -> Result<Solution> {
        Solver::default().stop(stop).solve(self, run)
    }
}

//! When will the vehicle be there: arrival times with the uncertainty of the road.
//!
//! Each leg takes its planned time times a random factor around 1, half of whose variance is
//! shared by all legs of the day (weather, traffic) and half its own. Waiting for windows to open
//! absorbs part of it, which is why the quantiles come from driving the rest of the route 1,000
//! times rather than from a formula. Deterministic.

use crate::plan::Stop;
use crate::solution::Solution;
use mercato_core::{Error, Result, Rng};
use serde::{Deserialize, Serialize};

/// Where a vehicle is: which route, and how many of its visits it has left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Position {
    /// Index of the route in the solution.
    pub route: usize,
    /// Visits done. 0: it is leaving its depot.
    pub done: usize,
}

/// The arrival at one visit still to come, in the caller's time unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Eta {
    /// The client or depot.
    pub stop: Stop,
    /// Arrival when every leg takes its planned time.
    pub planned: f64,
    /// Nine in ten arrivals are later.
    pub p10: f64,
    /// Half of them are later.
    pub p50: f64,
    /// One in ten is later.
    pub p90: f64,
}

const DRIVES: usize = 1000;

/// The arrivals at the visits still to come of a vehicle that leaves `position` at `time`.
///
/// `spread` is the standard deviation of a leg's duration as a share of it, 0..=2; 0.2 is usual
/// for vans in town.
///
/// # Errors
/// `unknown_id` when the route or the visit does not exist, `invalid_params` for a spread out of
/// range or a time that is not a number.
pub fn eta(solution: &Solution, position: Position, time: f64, spread: f64) -> Result<Vec<Eta>> {
    let problem = solution.problem();
    let route = solution.routes().get(position.route).ok_or_else(|| {
        let of = solution.routes().len();
        Error::unknown_id(format!("route {} is not one of 0..{of}", position.route))
    })?;
    if position.done > route.visits.len() {
        let of = route.visits.len();
        return Err(Error::unknown_id(format!("done must be in 0..={of}, got {}", position.done)));
    }
    if !(0.0..=2.0).contains(&spread) || !time.is_finite() {
        return Err(Error::invalid_params(format!(
            "spread must be in 0..=2 and time a number, got {spread} and {time}"
        )));
    }
    let it = problem.instance();
    let vehicle = &it.fleet[route.vehicle_type];
    let mut nodes = vec![match position.done {
        0 => vehicle.start as u32,
        k => it.node(route.visits[k - 1].stop),
    }];
    nodes.extend(route.visits[position.done..].iter().map(|v| it.node(v.stop)));
    let legs: Vec<f64> = nodes
        .windows(2)
        .map(|w| it.duration(vehicle.profile, w[0], w[1]) as f64 / it.scale)
        .collect();
    // Service begins when the first window that has not closed opens, late or not.
    let serve = |node: u32, at: f64| {
        let windows = &it.windows[node as usize];
        let open = windows.iter().find(|w| at <= w.1 as f64 / it.scale);
        open.map_or(at, |w| at.max(w.0 as f64 / it.scale))
            + it.service[node as usize] as f64 / it.scale
    };
    let drive = |factor: &mut dyn FnMut() -> f64| {
        let mut now = time;
        let mut arrivals = Vec::with_capacity(legs.len());
        for (leg, &node) in legs.iter().zip(&nodes[1..]) {
            let at = now + leg * factor();
            arrivals.push(at);
            now = serve(node, at);
        }
        arrivals
    };
    let planned = drive(&mut || 1.0);
    let mut samples = vec![Vec::with_capacity(DRIVES); legs.len()];
    let mut rng = Rng::stream(0, position.route as u64);
    let half = spread * 0.5f64.sqrt();
    for _ in 0..DRIVES {
        let shared = half * rng.normal();
        let arrivals = drive(&mut || (1.0 + shared + half * rng.normal()).max(0.2));
        for (sample, at) in samples.iter_mut().zip(arrivals) {
            sample.push(at);
        }
    }
    Ok(samples
        .into_iter()
        .enumerate()
        .map(|(i, mut s)| {
            s.sort_by(f64::total_cmp);
            Eta {
                stop: it.stop(nodes[i + 1]),
                planned: planned[i],
                p10: s[DRIVES / 10],
                p50: s[DRIVES / 2],
                p90: s[DRIVES * 9 / 10],
            }
        })
        .collect())
}

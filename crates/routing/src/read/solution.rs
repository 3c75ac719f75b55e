//! Routes in the `Route #1: 3 7 2` form that CVRPLIB and SINTEF use.

use super::{at_line, whole};
use crate::plan::{Plan, PlannedRoute, Stop};
use crate::problem::Problem;
use mercato_core::Result;

/// Reads routes whose numbers count the depots first and then the clients, as VRPLIB does; a depot's
/// number inside a route is a reload there. Every route is given vehicle type 0.
///
/// # Errors
/// `invalid_input` naming the line; `unknown_id` when a number is not in the problem.
pub fn read_routes(problem: &Problem, text: &str) -> Result<Plan> {
    let depots = problem.depots().len();
    let mut plan = Plan::default();
    for (i, line) in text.lines().enumerate() {
        let lower = line.trim().to_lowercase();
        let Some((_, stops)) = lower.strip_prefix("route").and_then(|l| l.split_once(':')) else {
            continue;
        };
        let stop = |t: &str| {
            let k = whole(t, i + 1)? as usize;
            Ok(if k < depots { Stop::Reload(k) } else { Stop::Client(k - depots) })
        };
        let stops = stops.split_whitespace().map(stop).collect::<Result<Vec<_>>>()?;
        plan.routes.push(PlannedRoute { vehicle_type: 0, stops });
    }
    if plan.routes.is_empty() {
        return Err(at_line(1, "no line that begins with Route"));
    }
    plan.check_ids(problem)?;
    Ok(plan)
}

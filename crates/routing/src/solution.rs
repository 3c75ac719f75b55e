//! The answer: routes with their schedule, what is not served and why, and how it was found.

use crate::evaluate::{Evaluation, Route, Rule, Violation, evaluate, evaluate_route};
use crate::plan::{Plan, Stop};
use crate::problem::instance::NONE;
use crate::problem::{Place, Problem};
use mercato_core::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A moment at which the best plan became better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TracePoint {
    /// Since the search began.
    pub seconds: f64,
    /// Since the search began.
    pub iterations: u64,
    /// The search's cost: includes a large penalty per client that must be served and is not.
    pub cost: f64,
}

/// Why a client is not served, and the smallest change that would have it served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// What stands in the way.
    pub rule: Rule,
    /// By how much, in the caller's units: more capacity, more time, a higher prize ...
    pub excess: f64,
    /// The vehicle type that comes closest, where that has a meaning.
    pub vehicle_type: Option<usize>,
    /// The same in words.
    pub message: String,
}

/// A client that no route visits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unassigned {
    /// The client.
    pub client: usize,
    /// At least one; the first is the easiest to remedy.
    pub reasons: Vec<Reason>,
}

/// A plan, driven and explained.
#[derive(Debug, Clone)]
pub struct Solution {
    problem: Problem,
    plan: Plan,
    evaluation: Evaluation,
    unassigned: Vec<Unassigned>,
    iterations: u64,
    trace: Vec<TracePoint>,
}

impl Solution {
    /// Evaluates any plan: for plans made elsewhere.
    ///
    /// # Errors
    /// `unknown_id` when the plan names something that is not in the problem.
    pub fn from_plan(problem: &Problem, plan: Plan) -> Result<Self> {
        Self::new(problem, plan, 0, Vec::new())
    }

    pub(crate) fn new(
        problem: &Problem,
        mut plan: Plan,
        iterations: u64,
        trace: Vec<TracePoint>,
    ) -> Result<Self> {
        plan.routes.retain(|r| r.stops.iter().any(|s| matches!(s, Stop::Client(_))));
        let evaluation = evaluate(problem, &plan)?;
        let unassigned = explain(problem, &plan, &evaluation);
        Ok(Self { problem: problem.clone(), plan, evaluation, unassigned, iterations, trace })
    }

    /// Leaves clients out of the list of unassigned ones.
    pub(crate) fn forget(&mut self, gone: impl Fn(usize) -> bool) {
        self.unassigned.retain(|u| !gone(u.client));
    }

    /// The problem it answers.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Who visits what in which order.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Routes' costs plus prizes not collected. Says nothing about clients that must be served and
    /// are not: see [`feasible`](Self::feasible).
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.evaluation.cost
    }

    /// Length of all routes.
    #[must_use]
    pub fn distance(&self) -> f64 {
        self.evaluation.distance
    }

    /// Time that all vehicles are out.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.evaluation.duration
    }

    /// Prizes of the optional clients left out.
    #[must_use]
    pub fn uncollected(&self) -> f64 {
        self.evaluation.uncollected
    }

    /// Whether every rule holds and every client that must be served is.
    #[must_use]
    pub fn feasible(&self) -> bool {
        self.evaluation.violations.is_empty()
    }

    /// The routes, with times and loads per stop.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.evaluation.routes
    }

    /// The clients that no route visits, with reasons.
    #[must_use]
    pub fn unassigned(&self) -> &[Unassigned] {
        &self.unassigned
    }

    /// Iterations of all trajectories.
    #[must_use]
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// How the best cost came down.
    #[must_use]
    pub fn trace(&self) -> &[TracePoint] {
        &self.trace
    }

    /// Drives the plan again with the slow evaluator and lists every broken rule.
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        evaluate(&self.problem, &self.plan).map(|e| e.violations).unwrap_or_default()
    }

    /// The routes as CVRPLIB writes them: `Route #1: 3 7 2`, depots counted before clients, and the
    /// cost.
    #[must_use]
    pub fn to_vrplib(&self) -> String {
        let depots = self.problem.depots().len();
        let mut out = String::new();
        for (i, route) in self.plan.routes.iter().enumerate() {
            out.push_str(&format!("Route #{}:", i + 1));
            for stop in &route.stops {
                match *stop {
                    Stop::Client(c) => out.push_str(&format!(" {}", c + depots)),
                    Stop::Reload(d) => out.push_str(&format!(" {d}")),
                }
            }
            out.push('\n');
        }
        out.push_str(&format!("Cost {}\n", self.cost()));
        out
    }

    /// A GeoJSON feature collection: one line per route, one point per client and depot. Places
    /// given as an index have no coordinates and are left out.
    #[must_use]
    pub fn to_geojson(&self) -> String {
        let p = &self.problem;
        let point = |place: Place| match place {
            Place::Point { x, y } => Some(json!([x, y])),
            Place::Geo { lat, lon } => Some(json!([lon, lat])),
            Place::Index(_) => None,
        };
        let mut features: Vec<Value> = Vec::new();
        let mut feature = |kind: &str, coordinates: Value, properties: Value| {
            features.push(json!({
                "type": "Feature",
                "geometry": {"type": kind, "coordinates": coordinates},
                "properties": properties,
            }));
        };
        for (i, depot) in p.depots().iter().enumerate() {
            if let Some(at) = point(depot.place) {
                feature("Point", at, json!({"kind": "depot", "depot": i, "name": p.depot_name(i)}));
            }
        }
        for (k, route) in self.routes().iter().enumerate() {
            let vehicle = &p.vehicle_types()[route.vehicle_type];
            let stops = route.visits.iter().map(|v| match v.stop {
                Stop::Client(c) => p.clients()[c].place,
                Stop::Reload(d) => p.depots()[d].place,
            });
            let ends = vehicle.end.map(|d| p.depots()[d].place);
            let line: Vec<Value> = std::iter::once(p.depots()[vehicle.start].place)
                .chain(stops)
                .chain(ends)
                .filter_map(point)
                .collect();
            if line.len() >= 2 {
                let properties = json!({"kind": "route", "route": k, "vehicle_type": route.vehicle_type,
                    "distance": route.distance, "duration": route.duration, "cost": route.cost});
                feature("LineString", Value::Array(line), properties);
            }
            for (i, visit) in route.visits.iter().enumerate() {
                if let Stop::Client(c) = visit.stop
                    && let Some(at) = point(p.clients()[c].place)
                {
                    let properties = json!({"kind": "client", "client": c, "name": p.client_name(c),
                        "route": k, "stop": i, "arrival": visit.arrival, "start": visit.start});
                    feature("Point", at, properties);
                }
            }
        }
        for u in &self.unassigned {
            if let Some(at) = point(p.clients()[u.client].place) {
                let properties = json!({"kind": "unassigned", "client": u.client,
                    "name": p.client_name(u.client), "reason": u.reasons[0].message});
                feature("Point", at, properties);
            }
        }
        json!({"type": "FeatureCollection", "features": features}).to_string()
    }
}

/// Reasons are sought on every position of every route for this many clients; for the rest only
/// what a vehicle of their own would meet.
const THOROUGH: usize = 100;

fn explain(problem: &Problem, plan: &Plan, evaluation: &Evaluation) -> Vec<Unassigned> {
    let it = problem.instance();
    let mut served = vec![false; it.clients];
    for stop in plan.routes.iter().flat_map(|r| &r.stops) {
        if let Stop::Client(c) = *stop {
            served[c] = true;
        }
    }
    let absent = |c: usize| {
        let group = it.group[c];
        let stood_in =
            group != NONE && it.groups[group as usize].iter().any(|&m| served[m as usize]);
        !served[c] && !stood_in
    };
    (0..it.clients)
        .filter(|&c| absent(c))
        .enumerate()
        .map(|(k, client)| Unassigned {
            client,
            reasons: reasons(problem, plan, evaluation, client, k < THOROUGH),
        })
        .collect()
}

/// The broken rules of one attempt to serve a client, worst excess of each.
struct Attempt {
    vehicle_type: usize,
    broken: Vec<(Rule, f64)>,
    cost: f64,
}

impl Attempt {
    fn of(vehicle_type: usize, cost: f64, violations: &[Violation], already: &[Violation]) -> Self {
        let mut broken: Vec<(Rule, f64)> = Vec::new();
        for v in violations.iter().filter(|v| !already.iter().any(|a| a.rule == v.rule)) {
            match broken.iter_mut().find(|b| b.0 == v.rule) {
                Some(b) => b.1 = b.1.max(v.excess),
                None => broken.push((v.rule, v.excess)),
            }
        }
        Self { vehicle_type, broken, cost }
    }

    fn key(&self) -> (usize, f64, f64) {
        (self.broken.len(), self.broken.iter().map(|b| b.1).sum(), self.cost)
    }
}

fn reasons(
    problem: &Problem,
    plan: &Plan,
    evaluation: &Evaluation,
    client: usize,
    thorough: bool,
) -> Vec<Reason> {
    let it = problem.instance();
    let partner = it.partner[client];
    let own: Vec<Stop> = match (partner, partner != NONE && it.is_pickup_end[client]) {
        (NONE, _) => vec![Stop::Client(client)],
        (p, true) => vec![Stop::Client(client), Stop::Client(p as usize)],
        (p, false) => vec![Stop::Client(p as usize), Stop::Client(client)],
    };
    // On an empty vehicle of each type.
    let mut used = vec![0usize; it.fleet.len()];
    for route in &plan.routes {
        used[route.vehicle_type] += 1;
    }
    let mut alone: Vec<Attempt> = (0..it.fleet.len())
        .map(|k| {
            let (route, broken) = evaluate_route(problem, k, &own);
            Attempt::of(k, route.cost, &broken, &[])
        })
        .collect();
    alone.sort_by(|a, b| a.key().partial_cmp(&b.key()).unwrap_or(std::cmp::Ordering::Equal));
    let say = |rule: Rule, excess: f64, k: usize| {
        let vehicles = &problem.vehicle_types()[k].name;
        let on = if vehicles.is_empty() { format!("vehicle type {k}") } else { vehicles.clone() };
        let message = match rule {
            Rule::Capacity => format!("{on} would need {excess} more capacity"),
            Rule::TimeWindow => format!("{on} would be {excess} late for a time window"),
            Rule::Shift => {
                format!("{on} would end {excess} after its shift or its depot's closing")
            }
            Rule::MaxDistance => format!("{on} would drive {excess} further than it may"),
            Rule::MaxDuration => format!("{on} would be out {excess} longer than it may"),
            Rule::MaxStops => format!("{on} would have {excess} stops more than it may"),
            Rule::Skills => format!("{on} lacks {excess} of the needed skills"),
            Rule::Backhaul => "a collection must follow a delivery on its trip".to_owned(),
            Rule::Vehicles => format!("one more vehicle like {on} would serve it"),
            Rule::Prize => {
                format!("the cheapest way to serve it costs {excess} more than its prize")
            }
            Rule::Budget => "there is a place for it; give the search more time".to_owned(),
            other => format!("{on}: rule {} by {excess}", other.as_str()),
        };
        Reason { rule, excess, vehicle_type: Some(k), message }
    };
    let best = &alone[0];
    if !best.broken.is_empty() {
        // No vehicle could serve it even if it had nothing else to do.
        return best
            .broken
            .iter()
            .map(|&(rule, excess)| say(rule, excess, best.vehicle_type))
            .collect();
    }
    let mut ways: Vec<Attempt> = Vec::new();
    let spare = alone
        .iter()
        .position(|a| a.broken.is_empty() && used[a.vehicle_type] < it.fleet[a.vehicle_type].count);
    if let Some(k) = spare {
        ways.push(alone.swap_remove(k));
    }
    if thorough {
        for (r, route) in plan.routes.iter().enumerate() {
            let (_, already) = evaluate_route(problem, route.vehicle_type, &route.stops);
            for p in 0..=route.stops.len() {
                for d in p..=if own.len() > 1 { route.stops.len() } else { p } {
                    let mut stops = route.stops.clone();
                    if own.len() > 1 {
                        stops.insert(d, own[1]);
                    }
                    stops.insert(p, own[0]);
                    let (with, broken) = evaluate_route(problem, route.vehicle_type, &stops);
                    let before = evaluation.routes.get(r).map_or(0.0, |e| e.cost);
                    ways.push(Attempt::of(
                        route.vehicle_type,
                        with.cost - before,
                        &broken,
                        &already,
                    ));
                }
            }
        }
    }
    ways.sort_by(|a, b| a.key().partial_cmp(&b.key()).unwrap_or(std::cmp::Ordering::Equal));
    let more_vehicles = alone.first().map(|a| a.vehicle_type).unwrap_or(0);
    match ways.first() {
        Some(way) if way.broken.is_empty() => {
            let prize = it.prize[client] / it.scale
                + if partner == NONE { 0.0 } else { it.prize[partner as usize] / it.scale };
            if prize.is_finite() && way.cost >= prize {
                vec![say(Rule::Prize, way.cost - prize, way.vehicle_type)]
            } else {
                vec![say(Rule::Budget, 0.0, way.vehicle_type)]
            }
        }
        Some(way) => {
            let mut out: Vec<Reason> = way
                .broken
                .iter()
                .map(|&(rule, excess)| say(rule, excess, way.vehicle_type))
                .collect();
            if spare.is_none() {
                out.push(say(Rule::Vehicles, 1.0, more_vehicles));
            }
            out
        }
        None => vec![say(Rule::Vehicles, 1.0, more_vehicles)],
    }
}

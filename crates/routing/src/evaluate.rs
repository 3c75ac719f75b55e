//! The slow evaluator: walks every route stop by stop and says what it costs, when things happen
//! and which rules it breaks.
//!
//! It is the definition of the problem's rules, shares no code with the search, and is what every
//! reported solution goes through. Cost: linear in the stops.
//!
//! A route starts as late as it can without ending later than it would by starting as early as
//! possible, which is also the shortest way to drive it. A trip leaves its depot no earlier than
//! the release of everything it carries. Whoever comes late is served on arrival, and the lateness is a
//! violation.

use crate::plan::{Plan, Stop};
use crate::problem::instance::{FOREVER, Fleet, Instance, Load, MAX_DIMS, NONE};
use crate::problem::{BackhaulRule, Problem};
use mercato_core::Result;
use serde::{Deserialize, Serialize};

/// A rule that a plan breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// More on board than fits.
    Capacity,
    /// Service would begin after the last window has closed.
    TimeWindow,
    /// The route ends after the shift or the depot's closing time.
    Shift,
    /// The route is longer than the vehicle may drive.
    MaxDistance,
    /// The route takes longer than the vehicle may be out.
    MaxDuration,
    /// More clients than the vehicle may visit.
    MaxStops,
    /// The vehicle lacks a skill.
    Skills,
    /// A shipment is not picked up before its delivery on the same trip.
    Shipment,
    /// A delivery after a collection, or a trip of collections alone.
    Backhaul,
    /// A reload where or more often than the vehicle may.
    Reload,
    /// More routes than vehicles of the type.
    Vehicles,
    /// A client that must be served is not.
    Missing,
    /// A client is visited more than once.
    Duplicate,
    /// Several clients of one group are visited.
    Group,
    /// Not a broken rule but a reason: serving the client costs more than its prize.
    Prize,
    /// Not a broken rule but a reason: there is a place, and the search ended before it was used.
    Budget,
}

impl Rule {
    /// The stable `snake_case` name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Capacity => "capacity",
            Rule::TimeWindow => "time_window",
            Rule::Shift => "shift",
            Rule::MaxDistance => "max_distance",
            Rule::MaxDuration => "max_duration",
            Rule::MaxStops => "max_stops",
            Rule::Skills => "skills",
            Rule::Shipment => "shipment",
            Rule::Backhaul => "backhaul",
            Rule::Reload => "reload",
            Rule::Vehicles => "vehicles",
            Rule::Missing => "missing",
            Rule::Duplicate => "duplicate",
            Rule::Group => "group",
            Rule::Prize => "prize",
            Rule::Budget => "budget",
        }
    }
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// On which route, where that has a meaning.
    pub route: Option<usize>,
    /// At which client, where that has a meaning.
    pub client: Option<usize>,
    /// By how much, in the caller's units.
    pub excess: f64,
}

/// What happens at one stop. Times in the caller's units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// The client or the depot of a reload.
    pub stop: Stop,
    /// When the vehicle arrives.
    pub arrival: f64,
    /// How long it waits.
    pub wait: f64,
    /// When service begins.
    pub start: f64,
    /// When it leaves.
    pub departure: f64,
    /// On board when leaving, per load dimension.
    pub load: Vec<i64>,
    /// How much later service could begin with everything after it still on time; infinite when
    /// nothing limits it.
    pub slack: f64,
}

/// One route, driven.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Index of the vehicle type.
    pub vehicle_type: usize,
    /// The stops between start and end.
    pub visits: Vec<Visit>,
    /// When the vehicle leaves its depot.
    pub start: f64,
    /// When it is back, or done when the route is open.
    pub end: f64,
    /// Length.
    pub distance: f64,
    /// `end - start`.
    pub duration: f64,
    /// On board when leaving the first depot.
    pub load: Vec<i64>,
    /// Fixed + distance + duration cost.
    pub cost: f64,
}

/// What a plan amounts to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// Routes' costs plus prizes not collected.
    pub cost: f64,
    /// Sum over routes.
    pub distance: f64,
    /// Sum over routes.
    pub duration: f64,
    /// Prizes of optional clients left out.
    pub uncollected: f64,
    /// The routes that visit anything.
    pub routes: Vec<Route>,
    /// Every broken rule.
    pub violations: Vec<Violation>,
}

/// Drives `plan` and checks every rule.
///
/// # Errors
/// `unknown_id` when the plan names something that is not in the problem.
pub fn evaluate(problem: &Problem, plan: &Plan) -> Result<Evaluation> {
    plan.check_ids(problem)?;
    let it = problem.instance();
    let mut out = Evaluation::default();
    let mut seen = vec![0u32; it.clients];
    let mut used = vec![0usize; it.fleet.len()];
    for route in &plan.routes {
        let visits_any = route.stops.iter().any(|s| matches!(s, Stop::Client(_)));
        if !visits_any {
            continue;
        }
        used[route.vehicle_type] += 1;
        for stop in &route.stops {
            if let Stop::Client(c) = *stop {
                seen[c] += 1;
            }
        }
        let walk =
            Walk { problem, it, index: out.routes.len(), fleet: &it.fleet[route.vehicle_type] };
        let driven = walk.drive(route.vehicle_type, &route.stops, &mut out.violations);
        out.cost += driven.cost;
        out.distance += driven.distance;
        out.duration += driven.duration;
        out.routes.push(driven);
    }
    let mut broken = |rule, client, excess| {
        out.violations.push(Violation { rule, route: None, client, excess });
    };
    for (t, &k) in used.iter().enumerate() {
        if k > it.fleet[t].count {
            broken(Rule::Vehicles, None, (k - it.fleet[t].count) as f64);
        }
    }
    for (c, &k) in seen.iter().enumerate() {
        if k > 1 {
            broken(Rule::Duplicate, Some(c), f64::from(k - 1));
        }
        if k == 0 && it.group[c] == NONE {
            if it.prize[c].is_finite() {
                out.uncollected += it.prize[c] / it.scale;
            } else {
                broken(Rule::Missing, Some(c), 1.0);
            }
        }
    }
    for members in &it.groups {
        let visited = members.iter().filter(|&&m| seen[m as usize] > 0).count();
        if visited > 1 {
            broken(Rule::Group, Some(members[0] as usize), (visited - 1) as f64);
        } else if visited == 0 {
            // Leaving a group out costs its cheapest member.
            let prize = members.iter().map(|&m| it.prize[m as usize]).fold(f64::INFINITY, f64::min);
            if prize.is_finite() {
                out.uncollected += prize / it.scale;
            } else {
                broken(Rule::Missing, Some(members[0] as usize), 1.0);
            }
        }
    }
    out.cost += out.uncollected;
    Ok(out)
}

/// Drives one route; for questions such as "what would break if".
pub(crate) fn evaluate_route(
    problem: &Problem,
    vehicle_type: usize,
    stops: &[Stop],
) -> (Route, Vec<Violation>) {
    let it = problem.instance();
    let walk = Walk { problem, it, index: 0, fleet: &it.fleet[vehicle_type] };
    let mut broken = Vec::new();
    let route = walk.drive(vehicle_type, stops, &mut broken);
    (route, broken)
}

struct Walk<'a> {
    problem: &'a Problem,
    it: &'a Instance,
    index: usize,
    fleet: &'a Fleet,
}

impl Walk<'_> {
    fn drive(&self, vehicle_type: usize, stops: &[Stop], broken: &mut Vec<Violation>) -> Route {
        let (it, f) = (self.it, self.fleet);
        let mut nodes = vec![f.start as u32];
        nodes.extend(stops.iter().map(|s| match *s {
            Stop::Client(c) => c as u32,
            Stop::Reload(d) => (it.clients + d) as u32,
        }));
        nodes.push(f.end as u32);
        let mut violation = |rule, client: Option<usize>, excess: f64| {
            broken.push(Violation { rule, route: Some(self.index), client, excess });
        };

        let legs = |i: usize| it.duration(f.profile, nodes[i - 1], nodes[i]);
        let distance: i64 =
            (1..nodes.len()).map(|i| it.distance(f.profile, nodes[i - 1], nodes[i])).sum();
        if distance > f.max_distance {
            violation(Rule::MaxDistance, None, (distance - f.max_distance) as f64 / it.scale);
        }
        let visited = stops.iter().filter(|s| matches!(s, Stop::Client(_))).count();
        if visited > f.max_stops {
            violation(Rule::MaxStops, None, (visited - f.max_stops) as f64);
        }
        let reloads = stops.len() - visited;
        let wrong = nodes[1..nodes.len() - 1]
            .iter()
            .filter(|&&v| !it.is_client(v) && !f.reloads.contains(&(v as usize)))
            .count();
        if reloads > f.max_reloads || wrong > 0 {
            violation(Rule::Reload, None, reloads.saturating_sub(f.max_reloads).max(wrong) as f64);
        }
        for &c in nodes.iter().filter(|&&c| it.is_client(c)) {
            let lacking = it.skills[c as usize] & !f.skills;
            if lacking != 0 {
                violation(Rule::Skills, Some(c as usize), f64::from(lacking.count_ones()));
            }
        }

        // Release of each trip: the latest of what it carries, known when the trip starts.
        let mut leave = vec![-FOREVER; nodes.len()];
        let mut trip = 0;
        for (i, &v) in nodes.iter().enumerate().skip(1) {
            if it.is_client(v) {
                leave[trip] = leave[trip].max(it.release[v as usize]);
            } else {
                trip = i;
            }
        }

        // Forward: as early as possible.
        let mut begin = vec![0i64; nodes.len()];
        let mut arrive = vec![0i64; nodes.len()];
        let opening = it.opens(nodes[0], f.shift.0).unwrap_or(f.shift.0).max(leave[0]);
        // Without any clock in the problem, time is counted from 0.
        begin[0] = if opening <= -FOREVER { 0 } else { opening };
        if begin[0] > it.late[nodes[0] as usize].min(f.shift.1) {
            let late = begin[0] - it.late[nodes[0] as usize].min(f.shift.1);
            violation(Rule::Shift, None, late as f64 / it.scale);
        }
        let last = nodes.len() - 1;
        for i in 1..nodes.len() {
            let service = it.service[nodes[i - 1] as usize];
            arrive[i] = begin[i - 1] + service + legs(i);
            if i == last {
                begin[i] = arrive[i].max(it.early[nodes[i] as usize]);
                let closing = it.late[nodes[i] as usize].min(f.shift.1);
                if begin[i] > closing {
                    violation(Rule::Shift, None, (begin[i] - closing) as f64 / it.scale);
                }
                break;
            }
            begin[i] = match it.opens(nodes[i], arrive[i]) {
                Some(t) => t,
                None => {
                    let client = it.is_client(nodes[i]).then_some(nodes[i] as usize);
                    let late = arrive[i] - it.late[nodes[i] as usize];
                    violation(Rule::TimeWindow, client, late as f64 / it.scale);
                    arrive[i]
                }
            };
            if !it.is_client(nodes[i]) {
                begin[i] = begin[i].max(leave[i]);
            }
        }
        // Backward, once for the slack (everything after stays on time) and once for the latest
        // start that does not end the route later.
        let latest =
            self.latest(&nodes, &begin, &leave, it.late[nodes[last] as usize].min(f.shift.1));
        let tight = self.latest(&nodes, &begin, &leave, begin[last]);
        begin[0] = begin[0].max(tight[0].min(it.late[nodes[0] as usize]).min(f.shift.1));
        for i in 1..last {
            arrive[i] = begin[i - 1] + it.service[nodes[i - 1] as usize] + legs(i);
            begin[i] = begin[i].max(arrive[i]);
        }
        arrive[last] = begin[last - 1] + it.service[nodes[last - 1] as usize] + legs(last);
        begin[last] = begin[last].max(arrive[last]);
        let duration = begin[last] - begin[0];
        if duration > f.max_duration {
            violation(Rule::MaxDuration, None, (duration - f.max_duration) as f64 / it.scale);
        }

        let loads = self.loads(&nodes, &mut violation);
        self.order(&nodes, &mut violation);

        let unit = |t: i64| t as f64 / it.scale;
        let load = |l: &Load| l[..it.dims.min(MAX_DIMS)].to_vec();
        let visits = (1..last)
            .map(|i| Visit {
                stop: stops[i - 1],
                arrival: unit(arrive[i]),
                wait: unit(begin[i] - arrive[i]),
                start: unit(begin[i]),
                departure: unit(begin[i] + it.service[nodes[i] as usize]),
                load: load(&loads[i]),
                slack: if latest[i] >= FOREVER / 2 {
                    f64::INFINITY
                } else {
                    unit((latest[i] - begin[i]).max(0))
                },
            })
            .collect();
        let cost = f.fixed_cost
            + f.unit_distance_cost * distance as f64
            + f.unit_duration_cost * duration as f64;
        Route {
            vehicle_type,
            visits,
            start: unit(begin[0]),
            end: unit(begin[last]),
            distance: unit(distance),
            duration: unit(duration),
            load: load(&loads[0]),
            cost: cost / it.scale,
        }
    }

    /// Latest begin of service at each node when the route must end by `by`, each stop keeping the
    /// window that `begin` fell into.
    fn latest(&self, nodes: &[u32], begin: &[i64], leave: &[i64], by: i64) -> Vec<i64> {
        let (it, f) = (self.it, self.fleet);
        let mut latest = vec![by; nodes.len()];
        for i in (0..nodes.len() - 1).rev() {
            let leg = it.duration(f.profile, nodes[i], nodes[i + 1]);
            let t = latest[i + 1].saturating_sub(it.service[nodes[i] as usize] + leg);
            let windows = &it.windows[nodes[i] as usize];
            let closing = windows
                .iter()
                .find(|w| w.0 <= begin[i] && begin[i] <= w.1)
                .map_or(begin[i], |w| w.1);
            latest[i] = t.min(closing).max(begin[i].min(leave[i]));
        }
        latest
    }

    /// What is on board after each node, trip by trip.
    fn loads(
        &self,
        nodes: &[u32],
        violation: &mut impl FnMut(Rule, Option<usize>, f64),
    ) -> Vec<Load> {
        let (it, f) = (self.it, self.fleet);
        let mut loads = vec![[0; MAX_DIMS]; nodes.len()];
        let mut on_board = [0i64; MAX_DIMS];
        for i in 0..nodes.len() {
            let v = nodes[i];
            if it.is_client(v) {
                for k in 0..MAX_DIMS {
                    on_board[k] += it.change[v as usize][k];
                }
            } else {
                on_board = [0; MAX_DIMS];
                for &c in nodes[i + 1..].iter().take_while(|&&c| it.is_client(c)) {
                    for k in 0..MAX_DIMS {
                        on_board[k] += it.delivery[c as usize][k];
                    }
                }
            }
            for k in 0..MAX_DIMS {
                if on_board[k] > f.capacity[k] {
                    let client = it.is_client(v).then_some(v as usize);
                    violation(Rule::Capacity, client, (on_board[k] - f.capacity[k]) as f64);
                }
            }
            loads[i] = on_board;
        }
        loads
    }

    /// Shipments and backhauls.
    fn order(&self, nodes: &[u32], violation: &mut impl FnMut(Rule, Option<usize>, f64)) {
        let it = self.it;
        let linehaul_first = self.problem.inner.builder.backhaul == BackhaulRule::LinehaulFirst;
        for trip in nodes.split(|&v| !it.is_client(v)) {
            for (i, &c) in trip.iter().enumerate() {
                let partner = it.partner[c as usize];
                if partner != NONE {
                    let (before, after) = (&trip[..i], &trip[i + 1..]);
                    let side = if it.is_pickup_end[c as usize] { after } else { before };
                    if !side.contains(&partner) {
                        violation(Rule::Shipment, Some(c as usize), 1.0);
                    }
                }
                if linehaul_first {
                    let after_backhaul = i > 0 && it.backhaul[trip[i - 1] as usize];
                    let alone = i == 0 && it.backhaul[c as usize];
                    if alone || (!it.backhaul[c as usize] && after_backhaul) {
                        violation(Rule::Backhaul, Some(c as usize), 1.0);
                    }
                }
            }
        }
    }
}

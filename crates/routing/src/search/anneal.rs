//! The loop: ruin, recreate, accept by simulated annealing, remember the best.

use super::arith::{between, ln};
use super::neighbours::Neighbours;
use super::recreate::{self, Recreate};
use super::ruin::{self, Ruin};
use super::savings;
use super::state::{Route, State};
use crate::plan::Plan;
use crate::problem::instance::{Instance, NONE};
use mercato_core::Rng;

/// Hyperparameters of one trajectory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub average_removed: f64,
    pub longest_string: f64,
    pub split_rate: f64,
    pub split_growth: f64,
    pub blink_rate: f64,
    /// Start and end temperature, as multiples of the mean cost of one client.
    pub start_temperature: f64,
    pub end_temperature: f64,
}

/// Whether to go on, and how far the budget is spent (0 to 1).
pub(crate) enum Tick {
    Go(f64),
    Stop,
}

/// The best routes seen, kept up to date route by route.
struct Best {
    routes: Vec<(usize, Vec<u32>)>,
    absent: Vec<u32>,
    cost: f64,
}

impl Best {
    fn follow(&mut self, s: &mut State<'_>) {
        self.routes.resize_with(s.routes.len(), Default::default);
        for k in 0..s.changed.len() {
            let r = s.changed[k] as usize;
            let Route { seq, fleet, clients, .. } = &s.routes[r];
            let (to_fleet, to) = &mut self.routes[r];
            *to_fleet = *fleet;
            to.clear();
            if *clients > 0 {
                to.extend_from_slice(&seq[1..seq.len() - 1]);
            }
        }
        s.sync();
        self.absent.clone_from(&s.absent);
        s.cost = s.total();
        self.cost = s.cost;
    }
}

/// What one trajectory found.
pub(crate) struct Outcome {
    pub plan: Plan,
    pub cost: f64,
    pub iterations: u64,
    /// (progress stamp from the clock's own `mark`, iterations, cost).
    pub trace: Vec<(f64, u64, f64)>,
}

/// Cost of leaving each client out, and each group: its prize, or more than any detour could be.
pub(crate) fn penalties(it: &Instance) -> (Vec<f64>, Vec<f64>) {
    let far = |u: usize| {
        it.fleet
            .iter()
            .map(|f| {
                let there = it.distance(f.profile, f.start as u32, u as u32);
                let back = it.distance(f.profile, u as u32, f.end as u32);
                f.fixed_cost + f.unit_distance_cost * (there + back) as f64
            })
            .fold(0.0, f64::max)
    };
    let worst = 10.0 * (0..it.clients).map(far).fold(1.0, f64::max);
    let price = |prize: f64| if prize.is_finite() { prize } else { worst };
    let alone = |u: usize| if it.group[u] == NONE { price(it.prize[u]) } else { 0.0 };
    let least = |members: &Vec<u32>| {
        members.iter().map(|&m| it.prize[m as usize]).fold(f64::INFINITY, f64::min)
    };
    let clients = (0..it.clients).map(alone).collect();
    (clients, it.groups.iter().map(|members| price(least(members))).collect())
}

/// Loads a given plan; clients that would break a rule where they are stay absent.
fn adopt(s: &mut State<'_>, plan: &Plan, frozen: &[usize]) {
    let it = s.it;
    s.begin();
    let mut seen = vec![false; it.clients];
    let mut groups = vec![false; it.groups.len()];
    for (k, route) in plan.routes.iter().enumerate() {
        let fleet = route.vehicle_type;
        if s.used[fleet] >= it.fleet[fleet].count {
            continue;
        }
        let frozen = frozen.get(k).copied().unwrap_or(0);
        let mut kept: Vec<u32> = Vec::new();
        let fresh = |u: u32, seen: &[bool], groups: &[bool]| {
            let g = it.group[u as usize];
            !seen[u as usize] && (g == NONE || !groups[g as usize])
        };
        for stop in &route.stops {
            let node = it.node(*stop);
            if it.is_client(node) && !fresh(node, &seen, &groups) {
                continue;
            }
            // A delivery goes in where its pickup already is.
            let partner = if it.is_client(node) { it.partner[node as usize] } else { NONE };
            if partner != NONE && !it.is_pickup_end[node as usize] && !kept.contains(&partner) {
                continue;
            }
            kept.push(node);
            if s.try_route(fleet, &kept).is_none() {
                kept.pop();
                continue;
            }
            if it.is_client(node) {
                seen[node as usize] = true;
                if it.group[node as usize] != NONE {
                    groups[it.group[node as usize] as usize] = true;
                }
            }
        }
        // Pickups whose delivery did not fit, and reloads without a trip.
        let whole: Vec<u32> = kept
            .iter()
            .copied()
            .filter(|&u| {
                !it.is_client(u)
                    || it.partner[u as usize] == NONE
                    || kept.contains(&it.partner[u as usize])
            })
            .collect();
        let mut tidy: Vec<u32> = Vec::new();
        for &u in &whole {
            if it.is_client(u) || tidy.last().is_some_and(|&p| it.is_client(p)) {
                tidy.push(u);
            }
        }
        while tidy.last().is_some_and(|&u| !it.is_client(u)) {
            tidy.pop();
        }
        for &u in &kept {
            if it.is_client(u) && !tidy.contains(&u) {
                seen[u as usize] = false;
            }
        }
        if tidy.is_empty() || s.try_route(fleet, &tidy).is_none() {
            for &u in tidy.iter().filter(|&&u| it.is_client(u)) {
                seen[u as usize] = false;
            }
            continue;
        }
        let r = s.open(fleet, &tidy);
        s.routes[r].frozen = frozen.min(s.routes[r].seq.len());
    }
    s.reconcile();
}

/// Runs one trajectory until `tick` says stop. `mark` gives the time for the trace.
pub(crate) fn run(
    it: &Instance,
    near: &Neighbours,
    set: &Settings,
    initial: Option<(&Plan, &[usize])>,
    mut rng: Rng,
    mut tick: impl FnMut(u64, f64) -> Tick,
    mark: impl Fn() -> f64,
) -> Outcome {
    let (penalty, group_penalty) = penalties(it);
    let mut s = State::new(it, penalty, group_penalty);
    let ruin = Ruin {
        average_removed: set.average_removed,
        longest_string: set.longest_string,
        split_rate: set.split_rate,
        split_growth: set.split_growth,
    };
    let recreate = Recreate { blink_rate: set.blink_rate, last_resort: false, serve_all: false };
    let start = Recreate { blink_rate: 0.0, last_resort: true, serve_all: initial.is_none() };
    let mut ruined = ruin::Work::default();
    let mut work = recreate::Work::new(&s);
    if let Some((plan, frozen)) = initial {
        adopt(&mut s, plan, frozen);
    } else if it.fleet.len() == 1
        && work.is_plain()
        && !(it.has.time || it.has.shipments || it.has.groups || it.has.optional)
    {
        savings::build(&mut s, near);
    }
    s.begin();
    let all: Vec<u32> = s.absent.clone();
    start.run(&mut s, near, &mut work, &all, &mut rng);
    let mut best = Best { routes: Vec::new(), absent: Vec::new(), cost: f64::INFINITY };
    best.follow(&mut s);
    let mut trace = vec![(mark(), 0, best.cost)];

    let legs = (it.clients + s.used.iter().sum::<usize>()).max(1) as f64;
    let fixed: f64 =
        s.routes.iter().filter(|r| r.clients > 0).map(|r| it.fleet[r.fleet].fixed_cost).sum();
    let driven: f64 = s.routes.iter().map(|r| r.cost).sum::<f64>() - fixed;
    let mean = (driven / legs).max(1e-9);
    let (hot, cold) = (set.start_temperature * mean, set.end_temperature * mean);
    let mut temperature = hot;
    let mut iterations = 0u64;
    let mut who: Vec<u32> = Vec::new();
    loop {
        if iterations.is_multiple_of(16) {
            match tick(iterations, best.cost) {
                Tick::Go(at) => temperature = between(hot, cold, at.clamp(0.0, 1.0)),
                Tick::Stop => break,
            }
        }
        iterations += 1;
        let before = s.cost;
        s.begin();
        let waiting = s.absent.len();
        ruin.run(&mut s, near, &mut ruined, &mut rng);
        who.clear();
        // Those already absent get a chance too; when there are many, a few of them.
        if waiting > 24 {
            let from = rng.below(waiting as u64) as usize;
            who.extend((0..12).map(|k| s.absent[(from + k) % waiting]));
            who.extend_from_slice(&s.absent[waiting..]);
        } else {
            who.extend_from_slice(&s.absent);
        }
        if who.is_empty() {
            continue;
        }
        recreate.run(&mut s, near, &mut work, &who, &mut rng);
        let bar = before - temperature * ln(1.0 - rng.unit());
        if s.cost < bar {
            if s.cost < best.cost - 1e-7 {
                best.follow(&mut s);
                // Steps of less than a hundredth of a percent share an entry.
                let kept = trace.len() - 1;
                if kept > 0 && trace[kept - 1].2 - best.cost < 1e-4 * best.cost {
                    trace[kept] = (mark(), iterations, best.cost);
                } else {
                    trace.push((mark(), iterations, best.cost));
                }
            }
        } else {
            s.rollback();
        }
    }
    let plan = {
        let mut plan = Plan::default();
        for (fleet, seq) in best.routes.iter().filter(|r| !r.1.is_empty()) {
            plan.routes.push(crate::plan::PlannedRoute {
                vehicle_type: *fleet,
                stops: seq.iter().map(|&u| it.stop(u)).collect(),
            });
        }
        plan
    };
    Outcome { plan, cost: best.cost, iterations, trace }
}

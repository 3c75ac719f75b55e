//! What the search believes is what the slow evaluator says, for random problems with every
//! combination of rules; small problems are also solved by trying everything.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use mercato_core::{ErrorCode, Rng, Run};
use mercato_routing::{
    BackhaulRule, Client, Depot, Events, Place, Plan, PlannedRoute, Problem, Rounding, Shipment,
    Solution, Solver, Stop, StopRule, VehicleType, evaluate, resolve,
};

/// A random problem; `rules` is a bit set of what it has.
fn problem(rules: u32, clients: usize, rng: &mut Rng) -> Problem {
    let on = |k: u32| rules >> k & 1 == 1;
    let mut b = Problem::builder();
    b.set_rounding(Rounding::Nearest);
    let coordinate = |rng: &mut Rng| rng.below(100) as f64;
    let depots = if on(0) { 2 } else { 1 };
    for _ in 0..depots {
        let place = Place::point(coordinate(rng), coordinate(rng));
        let window = on(1).then_some([0.0, 900.0]);
        b.add_depot_record(Depot { place, window, ..Depot::default() });
    }
    for i in 0..clients {
        let mut c = Client::at(Place::point(coordinate(rng), coordinate(rng)));
        c.demand = vec![1 + rng.below(4) as i64];
        if on(2) {
            c.demand.push(rng.below(3) as i64);
        }
        if on(3) && rng.below(3) == 0 {
            c.pickup = vec![1 + rng.below(4) as i64];
            c.demand = vec![];
        }
        if on(1) {
            c.service = rng.below(20) as f64;
            let open = rng.below(400) as f64;
            c.windows = vec![[open, open + 60.0 + rng.below(200) as f64]];
            if on(4) && !on(6) && !on(7) {
                c.windows.push([open + 400.0, open + 450.0]);
            }
        }
        if on(5) && rng.below(2) == 0 {
            c.prize = Some(rng.below(120) as f64);
        }
        if on(6) {
            c.release = rng.below(100) as f64;
        }
        if on(8) && rng.below(3) == 0 {
            c.skills = vec!["lift".into()];
        }
        if on(9) && i < 4 {
            c.group = Some(i as u32 / 2);
        }
        b.add_client(c);
    }
    if on(10) && clients >= 8 {
        for k in 0..2 {
            let (pickup, delivery) = (clients - 1 - 2 * k, clients - 2 - 2 * k);
            b.add_shipment(Shipment { pickup, delivery, amount: vec![2] });
        }
    }
    for k in 0..if on(11) { 2 } else { 1 } {
        let mut v =
            VehicleType::new(1 + rng.below(4) as usize).depot(if k < depots { k } else { 0 });
        v.capacity = if on(2) { vec![8, 5] } else { vec![8 + 4 * k as i64] };
        v.fixed_cost = if on(11) { 10.0 * (k as f64 + 1.0) } else { 0.0 };
        v.unit_distance_cost = if on(11) { 1.0 + 0.5 * k as f64 } else { 1.0 };
        if on(1) && rng.below(2) == 0 {
            v.shift = Some([10.0, 800.0]);
        }
        if on(7) {
            v.max_duration = Some(300.0);
            v.unit_duration_cost = 0.5;
        }
        if on(8) && k == 0 {
            v.skills = vec!["lift".into()];
        }
        if on(12) {
            v.max_distance = Some(260.0);
            v.max_stops = Some(5);
        }
        if on(13) {
            v.reload_depots = vec![0];
            v.max_reloads = Some(2);
        }
        if on(14) {
            v.end = None;
        }
        b.add_vehicle_type(v);
    }
    if on(3) && on(15) {
        b.set_backhaul(BackhaulRule::LinehaulFirst);
    }
    b.build().unwrap()
}

/// The search's own cost of its answer, without the penalty of clients that must be served.
fn agrees(problem: &Problem, solution: &Solution, what: &str) {
    let missing =
        solution.check().into_iter().filter(|v| v.rule.as_str() != "missing").collect::<Vec<_>>();
    assert!(missing.is_empty(), "{what}: {missing:?}");
    if solution.feasible() {
        let believed = solution.trace().last().unwrap().cost;
        let cost = solution.cost();
        assert!((believed - cost).abs() < 1e-6 * (1.0 + cost), "{what}: {believed} against {cost}");
    }
    for u in solution.unassigned() {
        assert!(!u.reasons.is_empty(), "{what}: no reason for {}", u.client);
    }
    assert_eq!(evaluate(problem, solution.plan()).unwrap().cost, solution.cost());
}

#[test]
fn the_search_and_the_slow_evaluator_agree_on_every_combination_of_rules() {
    let mut rng = Rng::new(8);
    for case in 0..400u64 {
        let rules = if case < 16 { 1 << case } else { rng.below(1 << 16) as u32 };
        // Several windows do not go with releases or durations.
        let problem = problem(rules, 6 + rng.below(10) as usize, &mut rng);
        let solver = Solver::default().stop(StopRule::MaxIterations(300));
        let solution = solver.solve(&problem, &Run::seed(case)).unwrap();
        agrees(&problem, &solution, &format!("case {case}, rules {rules:#018b}"));
    }
}

/// The cheapest feasible plan with one vehicle type, by trying every partition and order.
fn exhaustive(problem: &Problem) -> Option<f64> {
    let n = problem.clients().len();
    let mut best: Option<f64> = None;
    let mut routes: Vec<Vec<usize>> = Vec::new();
    fn place(
        problem: &Problem,
        c: usize,
        n: usize,
        routes: &mut Vec<Vec<usize>>,
        best: &mut Option<f64>,
    ) {
        if c == n {
            let plan = Plan::of_clients(routes);
            let e = evaluate(problem, &plan).unwrap();
            if e.violations.is_empty() && best.is_none_or(|b| e.cost < b) {
                *best = Some(e.cost);
            }
            return;
        }
        if problem.clients()[c].prize.is_some() {
            place(problem, c + 1, n, routes, best);
        }
        for r in 0..routes.len() {
            for p in 0..=routes[r].len() {
                routes[r].insert(p, c);
                place(problem, c + 1, n, routes, best);
                routes[r].remove(p);
            }
        }
        routes.push(vec![c]);
        place(problem, c + 1, n, routes, best);
        routes.pop();
    }
    place(problem, 0, n, &mut routes, &mut best);
    best
}

#[test]
fn small_problems_are_solved_to_optimality() {
    let mut rng = Rng::new(3);
    let mut solved = 0;
    for case in 0..60u64 {
        // One vehicle type, no reloads, no groups: what `exhaustive` can try.
        let rules = rng.below(1 << 16) as u32 & !(1 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 13);
        let problem = problem(rules, 5, &mut rng);
        let solver = Solver::default().stop(StopRule::MaxIterations(1500));
        let solution = solver.solve(&problem, &Run::seed(case)).unwrap();
        match exhaustive(&problem) {
            Some(best) => {
                assert!(solution.feasible(), "case {case}, rules {rules:#018b}: {best}");
                let cost = solution.cost();
                assert!((cost - best).abs() < 1e-6, "case {case} {rules:#018b}: {cost} {best}");
                solved += 1;
            }
            None => assert!(!solution.feasible(), "case {case}"),
        }
    }
    assert!(solved > 20, "{solved}");
}

#[test]
fn the_same_seed_and_budget_give_the_same_plan_on_any_number_of_threads() {
    let problem = problem(0b10, 15, &mut Rng::new(1));
    let solver = Solver::default().stop(StopRule::MaxIterations(500)).trajectories(3);
    let one = solver.solve(&problem, &Run::seed(5).with_threads(1)).unwrap();
    let three = solver.solve(&problem, &Run::seed(5).with_threads(3)).unwrap();
    assert_eq!(one.plan(), three.plan());
    assert_eq!(one.cost(), three.cost());
}

#[test]
fn every_planted_cause_is_named() {
    let base = || {
        let mut b = Problem::builder();
        b.add_depot(Place::point(0.0, 0.0));
        b.add_client(Client::at(Place::point(3.0, 0.0)).demand([1]));
        b
    };
    let van = || VehicleType::new(1).capacity([5]).shift(0.0, 100.0);
    let far = Client::at(Place::point(30.0, 0.0)).demand([1]);
    let cases: Vec<(&str, Client, VehicleType)> = vec![
        ("capacity", far.clone().demand([9]), van()),
        ("time_window", far.clone().window(0.0, 10.0), van()),
        ("skills", far.clone().skill("lift"), van()),
        ("max_distance", far.clone(), van().max_distance(40.0)),
        ("max_duration", far.clone(), van().max_duration(40.0)),
        ("shift", far.clone().service(90.0), van()),
        ("prize", far.clone().prize(1.0), van()),
        ("capacity", far.clone().demand([5]), van()),
    ];
    for (rule, client, vehicle) in cases {
        let mut b = base();
        b.add_client(client);
        b.add_vehicle_type(vehicle);
        let problem = b.build().unwrap();
        let solution = problem.solve(StopRule::MaxIterations(200), &Run::seed(0)).unwrap();
        assert_eq!(solution.unassigned().len(), 1, "{rule}");
        let reason = &solution.unassigned()[0].reasons[0];
        assert_eq!(reason.rule.as_str(), rule, "{}", reason.message);
        assert!(reason.excess > 0.0, "{rule}");
    }
}

#[test]
fn an_infeasible_start_is_repaired() {
    let mut b = Problem::builder();
    b.add_depot(Place::point(0.0, 0.0));
    for i in 0..6 {
        b.add_client(Client::at(Place::point(f64::from(i), 5.0)).demand([1]));
    }
    b.add_vehicle_type(VehicleType::new(3).capacity([2]));
    let problem = b.build().unwrap();
    let start = Plan::of_clients(&[vec![0, 1, 2, 3, 4, 5, 0]]);
    let solver = Solver::default().stop(StopRule::MaxIterations(300)).initial(start);
    let solution = solver.solve(&problem, &Run::seed(0)).unwrap();
    assert!(solution.feasible(), "{:?}", solution.check());
}

#[test]
fn what_has_happened_stays_when_the_plan_changes() {
    let mut b = Problem::builder();
    b.add_depot(Place::point(0.0, 0.0));
    let mut rng = Rng::new(4);
    for _ in 0..20 {
        let place = Place::point(rng.below(50) as f64, rng.below(50) as f64);
        b.add_client(Client::at(place).demand([1]).service(2.0));
    }
    b.add_vehicle_type(VehicleType::new(4).capacity([8]).shift(0.0, 400.0));
    let problem = b.build().unwrap();
    let solver = Solver::default().stop(StopRule::MaxIterations(1000));
    let before = solver.solve(&problem, &Run::seed(0)).unwrap();
    let now = before.routes()[0].visits[1].start;
    let kept: Vec<Vec<Stop>> = before
        .routes()
        .iter()
        .map(|r| r.visits.iter().filter(|v| v.start <= now).map(|v| v.stop).collect())
        .collect();
    let Stop::Client(last) = before.routes()[0].visits.last().unwrap().stop else { panic!() };
    let events = Events {
        now: Some(now),
        cancel: vec![last],
        insert: vec![Client::at(Place::point(25.0, 25.0)).demand([1]).service(2.0)],
        delay: vec![mercato_routing::Delay { route: 0, by: 7.0 }],
        vehicle_down: vec![],
    };
    let after = resolve(&before, &events, &solver, &Run::seed(1)).unwrap();
    assert!(after.feasible() && after.unassigned().is_empty(), "{:?}", after.check());
    let stops = |r: &PlannedRoute| r.stops.clone();
    for prefix in kept.iter().filter(|p| !p.is_empty()) {
        assert!(after.plan().routes.iter().any(|r| stops(r).starts_with(prefix)), "{prefix:?}");
    }
    let all: Vec<Stop> = after.plan().routes.iter().flat_map(stops).collect();
    assert!(all.contains(&Stop::Client(20)) && !all.contains(&Stop::Client(last)));

    let gone = Events { now: Some(now), vehicle_down: vec![0], ..Events::default() };
    let rest = resolve(&before, &gone, &solver, &Run::seed(1)).unwrap();
    assert!(rest.feasible(), "{:?}", rest.unassigned());
    assert!(
        rest.plan().routes.iter().any(|r| r.stops == kept[0] || r.stops.len() == kept[0].len() + 1)
    );

    let served = Events { now: Some(1e6), cancel: vec![last], ..Events::default() };
    let error = resolve(&before, &served, &solver, &Run::seed(1)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidInput);
}

#[test]
fn bad_input_is_refused_by_name() {
    let refused = |change: &dyn Fn(&mut mercato_routing::ProblemBuilder), names: &str| {
        let mut b = Problem::builder();
        b.add_depot(Place::point(0.0, 0.0));
        b.add_vehicle_type(VehicleType::new(1));
        b.add_client(Client::at(Place::point(1.0, 1.0)));
        change(&mut b);
        let error = b.build().unwrap_err();
        assert!(error.message().contains(names), "{error}");
    };
    refused(&|b| b.clients_mut()[0].place = Place::point(f64::NAN, 0.0), "client 0");
    refused(&|b| b.clients_mut()[0].service = -1.0, "service");
    refused(&|b| b.clients_mut()[0].windows = vec![[5.0, 4.0]], "closes");
    refused(&|b| b.clients_mut()[0].demand = vec![-1], "demand");
    refused(&|b| b.clients_mut()[0].prize = Some(f64::INFINITY), "prize");
    refused(&|b| b.vehicle_types_mut().clear(), "vehicle type");
    refused(&|b| b.vehicle_types_mut()[0].start = 3, "depot 3");
    refused(
        &|b| {
            b.set_matrix(vec![0.0; 3], vec![], 0);
        },
        "square",
    );
    refused(
        &|b| {
            b.set_matrix(vec![0.0, -1.0, 1.0, 0.0], vec![], 0);
        },
        "entry",
    );
    assert!(Problem::builder().build().is_err());
}

#[test]
fn one_of_a_group_is_visited_and_it_is_the_cheapest() {
    let mut b = Problem::builder();
    b.add_depot(Place::point(0.0, 0.0));
    b.add_vehicle_type(VehicleType::new(1));
    for x in [9.0, 4.0, 7.0] {
        b.add_client(Client::at(Place::point(x, 0.0)).group(5));
    }
    let problem = b.build().unwrap();
    let solution = problem.solve(StopRule::MaxIterations(200), &Run::seed(0)).unwrap();
    assert!(solution.feasible() && solution.unassigned().is_empty());
    assert_eq!(solution.cost(), 8.0);
    assert_eq!(solution.trace().last().unwrap().cost, 8.0);
}

#[test]
fn no_clients_is_an_empty_plan() {
    let mut b = Problem::builder();
    b.add_depot(Place::point(0.0, 0.0));
    b.add_vehicle_type(VehicleType::new(1));
    let problem = b.build().unwrap();
    let solution = problem.solve(StopRule::MaxIterations(10), &Run::seed(0)).unwrap();
    assert!(solution.feasible() && solution.routes().is_empty() && solution.cost() == 0.0);
}

//! `mercato.routing`: vehicle routing.

mod problem;

use crate::error::Result;
use crate::{params, run};
use mercato::{Error, routing};
use problem::{Client, Problem, ProblemBuilder};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

macro_rules! stop_rule {
    ($name:ident($field:ident: $type:ty), $doc:literal, $getter:literal) => {
        #[doc = $doc]
        #[pyclass(module = "mercato.routing", frozen)]
        struct $name($type);

        #[pymethods]
        impl $name {
            #[new]
            fn new($field: $type) -> Self {
                Self($field)
            }

            #[doc = $getter]
            #[getter]
            fn $field(&self) -> $type {
                self.0
            }

            fn __repr__(&self) -> String {
                format!("{}({:?})", stringify!($name), self.0)
            }
        }
    };
}

stop_rule!(MaxRuntime(seconds: f64), "Ends the search after this many seconds.", "The limit.");
stop_rule!(MaxIterations(iterations: u64), "Ends the search after this many iterations; with a seed, the same plan everywhere.", "The limit.");
stop_rule!(NoImprovement(iterations: u64), "Ends the search after this many iterations in a row without a better plan.", "The limit.");
stop_rule!(TargetCost(cost: f64), "Ends the search at this cost or below.", "The cost.");

fn stop_rules(stop: &Bound<'_, PyAny>) -> Result<Vec<routing::StopRule>> {
    if let Ok(r) = stop.cast::<MaxRuntime>() {
        return Ok(vec![routing::StopRule::MaxRuntime(r.get().0)]);
    }
    if let Ok(r) = stop.cast::<MaxIterations>() {
        return Ok(vec![routing::StopRule::MaxIterations(r.get().0)]);
    }
    if let Ok(r) = stop.cast::<NoImprovement>() {
        return Ok(vec![routing::StopRule::NoImprovement(r.get().0)]);
    }
    if let Ok(r) = stop.cast::<TargetCost>() {
        return Ok(vec![routing::StopRule::TargetCost(r.get().0)]);
    }
    if stop.is_instance_of::<PyList>() || stop.is_instance_of::<PyTuple>() {
        let rules = stop.try_iter()?.map(|r| stop_rules(&r?)).collect::<Result<Vec<_>>>()?;
        return Ok(rules.concat());
    }
    let got = stop.repr()?;
    Err(Error::invalid_params(format!(
        "stop must be MaxRuntime, MaxIterations, NoImprovement, TargetCost or a list of them, got {got}"
    ))
    .into())
}

/// The solver's record with `stop`, `initial` and the hyperparameters in `params` put in.
fn solver(
    stop: Option<&Bound<'_, PyAny>>,
    initial: Option<&Bound<'_, PyAny>>,
    params: Option<&Bound<'_, PyDict>>,
    default: routing::StopRule,
) -> Result<routing::Solver> {
    let mut solver: routing::Solver = match params {
        None => routing::Solver::default(),
        Some(p) => params::parse(&PyTuple::empty(p.py()), Some(p))?,
    };
    solver.stop = stop.map(stop_rules).transpose()?.unwrap_or_else(|| vec![default]);
    solver.initial = match initial {
        None => None,
        Some(s) => match s.cast::<Solution>() {
            Ok(s) => Some(s.get().0.plan().clone()),
            Err(_) => Some(routing::Plan::of_clients(&s.extract::<Vec<Vec<usize>>>()?)),
        },
    };
    Ok(solver)
}

/// What happens at one stop.
#[pyclass(module = "mercato.routing", frozen, get_all)]
struct Visit {
    /// Index of the client; None at a reload.
    client: Option<usize>,
    /// Index of the depot of a reload; None at a client.
    depot: Option<usize>,
    /// Name of the client or the depot.
    name: String,
    /// When the vehicle arrives.
    arrival: f64,
    /// How long it waits.
    wait: f64,
    /// When service begins.
    start: f64,
    /// When it leaves.
    departure: f64,
    /// On board when leaving, per load dimension.
    load: Vec<i64>,
    /// How much later service could begin with everything after it still on time.
    slack: f64,
}

#[pymethods]
impl Visit {
    fn __repr__(&self) -> String {
        format!("Visit({:?}, arrival={}, start={})", self.name, self.arrival, self.start)
    }
}

fn stop_of(
    stop: routing::Stop,
    problem: &routing::Problem,
) -> (Option<usize>, Option<usize>, String) {
    match stop {
        routing::Stop::Client(c) => (Some(c), None, problem.client_name(c)),
        routing::Stop::Reload(d) => (None, Some(d), problem.depot_name(d)),
    }
}

/// One route, driven.
#[pyclass(module = "mercato.routing", frozen, get_all)]
struct Route {
    /// Index of the vehicle type.
    vehicle_type: usize,
    /// The stops between start and end.
    visits: Py<PyList>,
    /// When the vehicle leaves its depot.
    start: f64,
    /// When it is back, or done when the route is open.
    end: f64,
    /// Length.
    distance: f64,
    /// end - start.
    duration: f64,
    /// On board when leaving the first depot.
    load: Vec<i64>,
    /// Fixed, distance and duration cost.
    cost: f64,
}

#[pymethods]
impl Route {
    /// The indices of the clients, in order.
    #[getter]
    fn clients(&self, py: Python<'_>) -> Result<Vec<usize>> {
        let visits = self.visits.bind(py);
        let mut out = Vec::with_capacity(visits.len());
        for v in visits {
            out.extend(v.cast::<Visit>().map_err(PyErr::from)?.get().client);
        }
        Ok(out)
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.visits.bind(py).len()
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let (n, cost) = (self.__len__(py), self.cost);
        format!("Route({n} stops, vehicle_type={}, cost={cost})", self.vehicle_type)
    }
}

/// Why a client is not served, and the smallest change that would have it served.
#[pyclass(module = "mercato.routing", frozen, get_all)]
struct Reason {
    /// What stands in the way: "capacity", "time_window", "skills", "prize" ...
    rule: &'static str,
    /// By how much.
    excess: f64,
    /// The vehicle type that comes closest.
    vehicle_type: Option<usize>,
    /// The same in words.
    message: String,
}

#[pymethods]
impl Reason {
    fn __repr__(&self) -> String {
        format!("Reason({:?}, {:?})", self.rule, self.message)
    }
}

/// A client that no route visits.
#[pyclass(module = "mercato.routing", frozen, get_all)]
struct Unassigned {
    /// Index of the client.
    client: usize,
    /// Its name.
    name: String,
    /// At least one; the first is the easiest to remedy.
    reasons: Py<PyList>,
}

#[pymethods]
impl Unassigned {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Unassigned({:?}, {})", self.name, self.reasons.bind(py).repr()?))
    }
}

/// One broken rule.
#[pyclass(module = "mercato.routing", frozen, get_all)]
struct Violation {
    /// Which: "capacity", "time_window", "missing" ...
    rule: &'static str,
    /// On which route, where that has a meaning.
    route: Option<usize>,
    /// At which client, where that has a meaning.
    client: Option<usize>,
    /// By how much.
    excess: f64,
}

#[pymethods]
impl Violation {
    fn __repr__(&self) -> String {
        let Self { rule, route, client, excess } = self;
        format!("Violation({rule:?}, route={route:?}, client={client:?}, excess={excess})")
    }
}

/// The arrival at one visit still to come.
#[pyclass(module = "mercato.routing", frozen, get_all)]
struct Eta {
    /// Index of the client; None at a reload.
    client: Option<usize>,
    /// Name of the client or the depot.
    name: String,
    /// Arrival when every leg takes its planned time.
    planned: f64,
    /// Nine in ten arrivals are later.
    p10: f64,
    /// Half of them are later.
    p50: f64,
    /// One in ten is later.
    p90: f64,
}

#[pymethods]
impl Eta {
    fn __repr__(&self) -> String {
        format!("Eta({:?}, p10={}, p50={}, p90={})", self.name, self.p10, self.p50, self.p90)
    }
}

/// A plan, driven and explained.
#[pyclass(module = "mercato.routing", frozen)]
struct Solution(routing::Solution);

#[pymethods]
impl Solution {
    #[doc = docs!(routing::Solution::problem)]
    #[getter]
    fn problem(&self) -> Problem {
        Problem(self.0.problem().clone())
    }

    /// Routes' costs plus prizes not collected. Says nothing about clients that must be served and
    /// are not: see `feasible`.
    #[getter]
    fn cost(&self) -> f64 {
        self.0.cost()
    }

    #[doc = docs!(routing::Solution::distance)]
    #[getter]
    fn distance(&self) -> f64 {
        self.0.distance()
    }

    #[doc = docs!(routing::Solution::duration)]
    #[getter]
    fn duration(&self) -> f64 {
        self.0.duration()
    }

    #[doc = docs!(routing::Solution::uncollected)]
    #[getter]
    fn uncollected(&self) -> f64 {
        self.0.uncollected()
    }

    #[doc = docs!(routing::Solution::feasible)]
    #[getter]
    fn feasible(&self) -> bool {
        self.0.feasible()
    }

    #[doc = docs!(routing::Solution::iterations)]
    #[getter]
    fn iterations(&self) -> u64 {
        self.0.iterations()
    }

    /// How the best cost came down: (seconds, iterations, cost), with a large penalty per client
    /// that must be served and is not.
    #[getter]
    fn trace(&self) -> Vec<(f64, u64, f64)> {
        self.0.trace().iter().map(|t| (t.seconds, t.iterations, t.cost)).collect()
    }

    #[doc = docs!(routing::Solution::routes)]
    #[getter]
    fn routes(&self, py: Python<'_>) -> Result<Vec<Route>> {
        let visit = |v: &routing::Visit| {
            let (client, depot, name) = stop_of(v.stop, self.0.problem());
            let (arrival, wait, start) = (v.arrival, v.wait, v.start);
            let (departure, load, slack) = (v.departure, v.load.clone(), v.slack);
            Py::new(py, Visit { client, depot, name, arrival, wait, start, departure, load, slack })
        };
        let route = |r: &routing::Route| -> Result<Route> {
            let visits = r.visits.iter().map(visit).collect::<PyResult<Vec<_>>>()?;
            Ok(Route {
                vehicle_type: r.vehicle_type,
                visits: PyList::new(py, visits)?.unbind(),
                start: r.start,
                end: r.end,
                distance: r.distance,
                duration: r.duration,
                load: r.load.clone(),
                cost: r.cost,
            })
        };
        self.0.routes().iter().map(route).collect()
    }

    #[doc = docs!(routing::Solution::unassigned)]
    #[getter]
    fn unassigned(&self, py: Python<'_>) -> Result<Vec<Unassigned>> {
        let reason = |r: &routing::Reason| {
            let (rule, message) = (r.rule.as_str(), r.message.clone());
            Py::new(py, Reason { rule, excess: r.excess, vehicle_type: r.vehicle_type, message })
        };
        let one = |u: &routing::Unassigned| -> Result<Unassigned> {
            let reasons = u.reasons.iter().map(reason).collect::<PyResult<Vec<_>>>()?;
            let name = self.0.problem().client_name(u.client);
            Ok(Unassigned { client: u.client, name, reasons: PyList::new(py, reasons)?.unbind() })
        };
        self.0.unassigned().iter().map(one).collect()
    }

    #[doc = docs!(routing::Solution::check)]
    fn check(&self, py: Python<'_>) -> Result<Vec<Violation>> {
        let found = run::short(py, || Ok(self.0.check()))?;
        let one = |v: routing::Violation| Violation {
            rule: v.rule.as_str(),
            route: v.route,
            client: v.client,
            excess: v.excess,
        };
        Ok(found.into_iter().map(one).collect())
    }

    #[doc = docs!(routing::Solution::to_geojson)]
    fn to_geojson(&self) -> String {
        self.0.to_geojson()
    }

    #[doc = docs!(routing::Solution::to_vrplib)]
    fn to_vrplib(&self) -> String {
        self.0.to_vrplib()
    }

    fn __repr__(&self) -> String {
        let (cost, routes) = (self.0.cost(), self.0.routes().len());
        let left = self.0.unassigned().len();
        let feasible = if self.0.feasible() { "True" } else { "False" };
        format!("Solution(cost={cost}, {routes} routes, {left} unassigned, feasible={feasible})")
    }
}

/// Searches until a stop rule, the deadline or the cancel token ends it, and gives the best plan
/// found: what cannot be served is listed with reasons.
///
/// stop: one rule or a list of which the first that holds ends the search; None = 10 seconds.
/// initial: a solution, or routes as lists of client indices, to start from; it may be incomplete
/// or infeasible. params: hyperparameters of the search, e.g. {"trajectories": 4}.
#[pyfunction]
#[pyo3(signature = (problem, stop = None, initial = None, params = None, **run),
       text_signature = "(problem, stop=None, initial=None, params=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
fn solve(
    py: Python<'_>,
    problem: &Problem,
    stop: Option<&Bound<'_, PyAny>>,
    initial: Option<&Bound<'_, PyAny>>,
    params: Option<&Bound<'_, PyDict>>,
    run: Option<&Bound<'_, PyDict>>,
) -> Result<Solution> {
    let solver = solver(stop, initial, params, routing::StopRule::MaxRuntime(10.0))?;
    run::long(py, run, |run| solver.solve(&problem.0, run)).map(Solution)
}

/// Plans again after `events`; what has begun is frozen. The result's `problem` is the old one
/// with the events worked in: client indices stay, new clients follow.
///
/// events: a dict of "now" (time), "cancel" (client indices), "insert" (`Client`s), "delay"
/// ({route: time}) and "vehicle_down" (route indices). stop: None = 2,000 iterations.
#[pyfunction]
#[pyo3(signature = (problem, solution, events, stop = None, params = None, **run),
       text_signature = "(problem, solution, events, stop=None, params=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
fn resolve(
    py: Python<'_>,
    problem: &Problem,
    solution: &Solution,
    events: &Bound<'_, PyDict>,
    stop: Option<&Bound<'_, PyAny>>,
    params: Option<&Bound<'_, PyDict>>,
    run: Option<&Bound<'_, PyDict>>,
) -> Result<Solution> {
    let mut what = routing::Events::default();
    for (key, value) in events {
        match key.extract::<&str>()? {
            "now" => what.now = value.extract()?,
            "cancel" => what.cancel = value.extract()?,
            "insert" => {
                for client in value.try_iter()? {
                    let client = client?;
                    what.insert.push(client.cast::<Client>().map_err(PyErr::from)?.get().0.clone());
                }
            }
            "delay" => {
                for (route, by) in value.cast::<PyDict>().map_err(PyErr::from)? {
                    what.delay.push(routing::Delay { route: route.extract()?, by: by.extract()? });
                }
            }
            "vehicle_down" => what.vehicle_down = value.extract()?,
            other => {
                let known = "now, cancel, insert, delay, vehicle_down";
                return Err(Error::invalid_params(format!(
                    "unknown event {other}; known: {known}"
                ))
                .into());
            }
        }
    }
    let solver = solver(stop, None, params, routing::StopRule::MaxIterations(2000))?;
    // The plan on another statement of the same problem: a matrix or a fleet may have changed.
    let old =
        run::short(py, || routing::Solution::from_plan(&problem.0, solution.0.plan().clone()))?;
    run::long(py, run, |run| routing::resolve(&old, &what, &solver, run)).map(Solution)
}

/// The arrivals at the visits still to come of a vehicle that leaves `position` at `time`.
///
/// position: (route, visits done); 0 done = leaving the depot. spread: standard deviation of a
/// leg's duration as a share of it; 0.2 is usual for vans in town.
#[pyfunction]
#[pyo3(signature = (solution, position, time, spread = 0.2))]
fn eta(
    py: Python<'_>,
    solution: &Solution,
    position: (usize, usize),
    time: f64,
    spread: f64,
) -> Result<Vec<Eta>> {
    let at = routing::Position { route: position.0, done: position.1 };
    let etas = run::short(py, || routing::eta(&solution.0, at, time, spread))?;
    let one = |e: routing::Eta| {
        let (client, _, name) = stop_of(e.stop, solution.0.problem());
        Eta { client, name, planned: e.planned, p10: e.p10, p50: e.p50, p90: e.p90 }
    };
    Ok(etas.into_iter().map(one).collect())
}

/// Fills the module.
pub fn register(m: &Bound<'_, PyModule>) -> Result<()> {
    m.add_class::<Problem>()?;
    m.add_class::<ProblemBuilder>()?;
    m.add_class::<Client>()?;
    m.add_class::<MaxRuntime>()?;
    m.add_class::<MaxIterations>()?;
    m.add_class::<NoImprovement>()?;
    m.add_class::<TargetCost>()?;
    m.add_class::<Solution>()?;
    m.add_class::<Route>()?;
    m.add_class::<Visit>()?;
    m.add_class::<Unassigned>()?;
    m.add_class::<Reason>()?;
    m.add_class::<Violation>()?;
    m.add_class::<Eta>()?;
    m.add_function(wrap_pyfunction!(solve, m)?)?;
    m.add_function(wrap_pyfunction!(resolve, m)?)?;
    m.add_function(wrap_pyfunction!(eta, m)?)?;
    Ok(())
}

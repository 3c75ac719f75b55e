//! Problems: clients, depots, vehicles, matrices and files.

use crate::error::Result;
use crate::{params, run};
use mercato::{Error, routing};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::path::PathBuf;

/// One amount, or one per load dimension.
#[derive(FromPyObject)]
pub(super) enum Amounts {
    One(i64),
    Many(Vec<i64>),
}

/// One time window, or several.
#[derive(FromPyObject)]
pub(super) enum Windows {
    One([f64; 2]),
    Many(Vec<[f64; 2]>),
}

/// Rows of a matrix, or numpy's idea of them.
pub(super) fn matrix(value: &Bound<'_, PyAny>) -> Result<Vec<f64>> {
    let rows = if value.hasattr("tolist")? { value.call_method0("tolist")? } else { value.clone() };
    Ok(rows.extract::<Vec<Vec<f64>>>()?.concat())
}

pub(super) fn amounts(value: Option<Amounts>) -> Vec<i64> {
    match value {
        None => Vec::new(),
        Some(Amounts::One(a)) => vec![a],
        Some(Amounts::Many(a)) => a,
    }
}

pub(super) fn windows(value: Option<Windows>) -> Vec<[f64; 2]> {
    match value {
        None => Vec::new(),
        Some(Windows::One(w)) => vec![w],
        Some(Windows::Many(w)) => w,
    }
}

pub(super) fn place(
    x: Option<f64>,
    y: Option<f64>,
    lat: Option<f64>,
    lon: Option<f64>,
    index: Option<usize>,
) -> Result<routing::Place> {
    match (x, y, lat, lon, index) {
        (Some(x), Some(y), None, None, None) => Ok(routing::Place::point(x, y)),
        (None, None, Some(lat), Some(lon), None) => Ok(routing::Place::geo(lat, lon)),
        (None, None, None, None, Some(index)) => Ok(routing::Place::Index(index)),
        _ => Err(Error::invalid_params("a place is x and y, or lat and lon, or index").into()),
    }
}

/// A name of a Rust enum's variant, as its serde form says.
pub(super) fn named<T: serde::de::DeserializeOwned>(
    what: &str,
    name: &str,
    known: &str,
) -> Result<T> {
    serde_json::from_value(serde_json::Value::from(name)).map_err(|_| {
        Error::invalid_params(format!("{what} must be one of {known}, got {name:?}"))
            .with("parameter", what)
            .into()
    })
}

pub(super) const ROUNDINGS: &str = "nearest, ceil, dimacs, exact";

/// A client to be visited once.
///
/// x, y or lat, lon or index: where it is. demand and pickup: whole units, one number or one per
/// load dimension. service: time spent there. tw: one (open, close) pair or a list of them.
/// release: when its goods are at the depot. prize: None = must be served, else the cost of leaving it
/// out. skills: what the vehicle must have. group: clients of one group are alternatives.
#[pyclass(module = "mercato.routing", frozen)]
pub(super) struct Client(pub(super) routing::Client);

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (x = None, y = None, *, lat = None, lon = None, index = None, demand = None,
        pickup = None, service = 0.0, tw = None, release = 0.0, prize = None, skills = vec![],
        group = None, name = String::new()),
        text_signature = "(x=None, y=None, *, lat=None, lon=None, index=None, demand=None, pickup=None, service=0.0, tw=None, release=0.0, prize=None, skills=(), group=None, name='')")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn new(
        x: Option<f64>,
        y: Option<f64>,
        lat: Option<f64>,
        lon: Option<f64>,
        index: Option<usize>,
        demand: Option<Amounts>,
        pickup: Option<Amounts>,
        service: f64,
        tw: Option<Windows>,
        release: f64,
        prize: Option<f64>,
        skills: Vec<String>,
        group: Option<u32>,
        name: String,
    ) -> Result<Self> {
        Ok(Self(routing::Client {
            place: place(x, y, lat, lon, index)?,
            demand: amounts(demand),
            pickup: amounts(pickup),
            service,
            windows: windows(tw),
            release,
            prize,
            skills,
            group,
            name,
        }))
    }

    fn __repr__(&self, py: Python<'_>) -> Result<String> {
        params::repr(py, "Client", &self.0)
    }
}

/// Collects depots, clients, vehicles and matrices; `build()` checks them all.
#[pyclass(module = "mercato.routing")]
pub(super) struct ProblemBuilder(pub(super) routing::ProblemBuilder);

#[pymethods]
impl ProblemBuilder {
    /// Adds a depot; gives its index.
    #[pyo3(signature = (x = None, y = None, *, lat = None, lon = None, index = None, tw = None, name = String::new()),
        text_signature = "($self, x=None, y=None, *, lat=None, lon=None, index=None, tw=None, name='')")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn add_depot(
        &mut self,
        x: Option<f64>,
        y: Option<f64>,
        lat: Option<f64>,
        lon: Option<f64>,
        index: Option<usize>,
        tw: Option<[f64; 2]>,
        name: String,
    ) -> Result<usize> {
        let place = place(x, y, lat, lon, index)?;
        Ok(self.0.add_depot_record(routing::Depot { place, window: tw, name }))
    }

    /// Adds a client, given as a `Client` or by the arguments of one; gives its index, which is
    /// its id in solutions.
    #[pyo3(signature = (*args, **kwargs), text_signature = "($self, *args, **kwargs)")]
    fn add_client(
        &mut self,
        py: Python<'_>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> Result<usize> {
        let given = args.get_item(0).ok().filter(PyAnyMethods::is_instance_of::<Client>);
        let client = match given {
            Some(client) => client,
            None => py.get_type::<Client>().call(args, kwargs)?,
        };
        Ok(self.0.add_client(client.cast::<Client>().map_err(PyErr::from)?.get().0.clone()))
    }

    /// Adds vehicles that are alike; gives the type's index. end: None ends at `start`; "open"
    /// ends at the last client.
    #[pyo3(signature = (count = 1, capacity = None, start = 0, end = None, *, shift = None, fixed_cost = 0.0,
        unit_distance_cost = 1.0, unit_duration_cost = 0.0, max_distance = None, max_duration = None,
        max_stops = None, skills = vec![], reload_depots = vec![], max_reloads = None, profile = 0, name = String::new()),
        text_signature = "($self, count=1, capacity=None, start=0, end=None, *, shift=None, fixed_cost=0.0, unit_distance_cost=1.0, unit_duration_cost=0.0, max_distance=None, max_duration=None, max_stops=None, skills=(), reload_depots=(), max_reloads=None, profile=0, name='')")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn add_vehicle_type(
        &mut self,
        count: usize,
        capacity: Option<Amounts>,
        start: usize,
        end: Option<&Bound<'_, PyAny>>,
        shift: Option<[f64; 2]>,
        fixed_cost: f64,
        unit_distance_cost: f64,
        unit_duration_cost: f64,
        max_distance: Option<f64>,
        max_duration: Option<f64>,
        max_stops: Option<usize>,
        skills: Vec<String>,
        reload_depots: Vec<usize>,
        max_reloads: Option<usize>,
        profile: usize,
        name: String,
    ) -> Result<usize> {
        let end = match end {
            None => Some(start),
            Some(e) if e.extract::<&str>().is_ok_and(|e| e == "open") => None,
            Some(e) => Some(e.extract()?),
        };
        let capacity = amounts(capacity);
        Ok(self.0.add_vehicle_type(routing::VehicleType {
            count,
            capacity,
            start,
            end,
            shift,
            fixed_cost,
            unit_distance_cost,
            unit_duration_cost,
            max_distance,
            max_duration,
            max_stops,
            skills,
            reload_depots,
            max_reloads,
            profile,
            name,
        }))
    }

    /// Adds goods to be carried from the client `pickup` to the client `delivery` on one route;
    /// gives the shipment's index.
    #[pyo3(signature = (pickup, delivery, amount = None))]
    fn add_shipment(&mut self, pickup: usize, delivery: usize, amount: Option<Amounts>) -> usize {
        self.0.add_shipment(routing::Shipment { pickup, delivery, amount: amounts(amount) })
    }

    /// Sets the square matrices of a profile, one row per `index`. Without `duration` a duration
    /// is the distance.
    #[pyo3(signature = (distance, duration = None, profile = 0))]
    fn set_matrix(
        &mut self,
        distance: &Bound<'_, PyAny>,
        duration: Option<&Bound<'_, PyAny>>,
        profile: usize,
    ) -> Result<()> {
        if profile > 63 {
            return Err(
                Error::invalid_params(format!("profile must be in 0..=63, got {profile}")).into()
            );
        }
        let duration = duration.map(matrix).transpose()?.unwrap_or_default();
        self.0.set_matrix(matrix(distance)?, duration, profile);
        Ok(())
    }

    /// Checks everything and makes the problem.
    fn build(&self, py: Python<'_>) -> Result<Problem> {
        run::short(py, || self.0.clone().build()).map(Problem)
    }
}

/// A validated routing problem.
#[pyclass(module = "mercato.routing", frozen)]
pub(super) struct Problem(pub(super) routing::Problem);

#[pymethods]
impl Problem {
    /// Begins a problem. rounding: how coordinates become whole units ("exact": three decimals,
    /// "nearest", "ceil", "dimacs": one decimal, truncated). backhaul: "mixed", or
    /// "linehaul_first" for all deliveries of a trip before its first collection. speed: distance
    /// per time, where no matrix says how long a leg takes.
    #[staticmethod]
    #[pyo3(signature = (rounding = "exact", backhaul = "mixed", name = "", speed = 1.0))]
    fn builder(rounding: &str, backhaul: &str, name: &str, speed: f64) -> Result<ProblemBuilder> {
        let mut b = routing::Problem::builder();
        b.set_name(name)
            .set_speed(speed)
            .set_rounding(named("rounding", rounding, ROUNDINGS)?)
            .set_backhaul(named("backhaul", backhaul, "mixed, linehaul_first")?);
        Ok(ProblemBuilder(b))
    }

    /// Reads an instance file. format: None (told from the contents), "vrplib", "solomon",
    /// "lilim" or "json". rounding: None takes what the literature uses for the kind of instance.
    #[staticmethod]
    #[pyo3(signature = (path, format = None, rounding = None))]
    fn read(
        py: Python<'_>,
        path: PathBuf,
        format: Option<&str>,
        rounding: Option<&str>,
    ) -> Result<Self> {
        let format = match format {
            None => routing::Format::Auto,
            Some("vrplib") => routing::Format::Vrplib,
            Some("solomon") => routing::Format::Solomon,
            Some("lilim") => routing::Format::LiLim,
            Some("json") => routing::Format::Json,
            Some(other) => {
                let known = "vrplib, solomon, lilim, json";
                return Err(Error::invalid_params(format!(
                    "format must be one of {known}, got {other:?}"
                ))
                .into());
            }
        };
        let rounding = rounding.map(|r| named("rounding", r, ROUNDINGS)).transpose()?;
        run::short(py, || routing::Problem::read(path, format, rounding)).map(Self)
    }

    /// Reads what `to_json` wrote.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> Result<Self> {
        run::short(py, || routing::Problem::from_json(text)).map(Self)
    }

    /// Everything the problem was made from, as JSON.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    /// The problem's name.
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    /// How many clients there are.
    #[getter]
    fn n_clients(&self) -> usize {
        self.0.clients().len()
    }

    /// How many depots there are.
    #[getter]
    fn n_depots(&self) -> usize {
        self.0.depots().len()
    }

    /// How many vehicles there are.
    #[getter]
    fn n_vehicles(&self) -> usize {
        self.0.vehicle_types().iter().map(|v| v.count).sum()
    }

    fn __getnewargs__(&self) -> (String,) {
        (self.to_json(),)
    }

    #[new]
    fn new(json: &str) -> Result<Self> {
        Ok(Self(routing::Problem::from_json(json)?))
    }

    fn __repr__(&self) -> String {
        let (n, d, v) = (self.n_clients(), self.n_depots(), self.n_vehicles());
        format!("Problem({:?}, {n} clients, {d} depots, {v} vehicles)", self.name())
    }
}

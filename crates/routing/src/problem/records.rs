//! What a caller says about depots, clients, shipments and vehicles: plain records.

use serde::{Deserialize, Serialize};

/// Where something is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A point in the plane; distances are Euclidean.
    Point {
        /// First coordinate.
        x: f64,
        /// Second coordinate.
        y: f64,
    },
    /// A point on the Earth in degrees; distances are great circles in metres.
    Geo {
        /// Latitude, -90 to 90.
        lat: f64,
        /// Longitude, -180 to 180.
        lon: f64,
    },
    /// A row of the matrices handed to the builder.
    Index(usize),
}

impl Place {
    /// A point in the plane.
    #[must_use]
    pub fn point(x: f64, y: f64) -> Self {
        Place::Point { x, y }
    }

    /// A point on the Earth.
    #[must_use]
    pub fn geo(lat: f64, lon: f64) -> Self {
        Place::Geo { lat, lon }
    }
}

impl Default for Place {
    fn default() -> Self {
        Place::Point { x: 0.0, y: 0.0 }
    }
}

/// Where vehicles start, end and reload.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Depot {
    /// Where it is.
    pub place: Place,
    /// When it is open, in the caller's time unit; `None` = always.
    pub window: Option<[f64; 2]>,
    /// For people; empty = `depot <index>`.
    pub name: String,
}

/// Something to be visited once: a delivery, a collection, or one end of a shipment.
///
/// ```
/// use mercato_routing::{Client, Place};
/// let c = Client::at(Place::point(3.0, 4.0)).demand([2]).service(5.0).window(0.0, 60.0);
/// assert_eq!(c.windows, vec![[0.0, 60.0]]);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// Where it is.
    pub place: Place,
    /// Brought from the depot, per load dimension, whole units >= 0. Missing dimensions are 0.
    pub demand: Vec<i64>,
    /// Taken back to the depot, per load dimension, whole units >= 0.
    pub pickup: Vec<i64>,
    /// Time spent here, in the caller's time unit, >= 0.
    pub service: f64,
    /// When service may begin; several windows are alternatives; empty = any time.
    pub windows: Vec<[f64; 2]>,
    /// The goods are at the depot from this time on; a vehicle that carries them leaves no earlier.
    pub release: f64,
    /// `None`: must be served. `Some(p)`: may be left out at the cost `p`.
    pub prize: Option<f64>,
    /// Skills the vehicle must have.
    pub skills: Vec<String>,
    /// Clients of one group are alternatives: at most one of them is visited, and one must be
    /// unless all of them carry a prize.
    pub group: Option<u32>,
    /// For people and for other systems; empty = `client <index>`.
    pub name: String,
}

impl Client {
    /// A client at `place` that asks for nothing else.
    #[must_use]
    pub fn at(place: Place) -> Self {
        Self { place, ..Self::default() }
    }

    /// Sets [`demand`](Self::demand).
    #[must_use]
    pub fn demand(mut self, demand: impl Into<Vec<i64>>) -> Self {
        self.demand = demand.into();
        self
    }

    /// Sets [`pickup`](Self::pickup).
    #[must_use]
    pub fn pickup(mut self, pickup: impl Into<Vec<i64>>) -> Self {
        self.pickup = pickup.into();
        self
    }

    /// Sets [`service`](Self::service).
    #[must_use]
    pub fn service(mut self, service: f64) -> Self {
        self.service = service;
        self
    }

    /// Adds one of [`windows`](Self::windows).
    #[must_use]
    pub fn window(mut self, early: f64, late: f64) -> Self {
        self.windows.push([early, late]);
        self
    }

    /// Sets [`release`](Self::release).
    #[must_use]
    pub fn release(mut self, release: f64) -> Self {
        self.release = release;
        self
    }

    /// Sets [`prize`](Self::prize): the client becomes optional.
    #[must_use]
    pub fn prize(mut self, prize: f64) -> Self {
        self.prize = Some(prize);
        self
    }

    /// Adds a needed skill.
    #[must_use]
    pub fn skill(mut self, skill: impl Into<String>) -> Self {
        self.skills.push(skill.into());
        self
    }

    /// Sets [`group`](Self::group).
    #[must_use]
    pub fn group(mut self, group: u32) -> Self {
        self.group = Some(group);
        self
    }

    /// Sets [`name`](Self::name).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

/// Goods carried from one client to another on the same route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shipment {
    /// Client where the goods are taken on.
    pub pickup: usize,
    /// Client where they are handed over, later on the same trip.
    pub delivery: usize,
    /// How much, per load dimension.
    pub amount: Vec<i64>,
}

/// Vehicles that are alike.
///
/// ```
/// use mercato_routing::VehicleType;
/// let van = VehicleType::new(3).capacity([20]).fixed_cost(50.0).max_distance(120.0);
/// assert_eq!(van.count, 3);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VehicleType {
    /// How many there are, >= 1.
    pub count: usize,
    /// Per load dimension; empty = unlimited.
    pub capacity: Vec<i64>,
    /// Depot where routes start.
    pub start: usize,
    /// Depot where routes end; `None` = an open route that ends at its last client.
    pub end: Option<usize>,
    /// When a route may start and must have ended; `None` = any time.
    pub shift: Option<[f64; 2]>,
    /// Cost of using one vehicle at all.
    pub fixed_cost: f64,
    /// Cost of one unit of distance. Default 1.
    pub unit_distance_cost: f64,
    /// Cost of one unit of time between the start and the end of a route. Default 0.
    pub unit_duration_cost: f64,
    /// Longest route, distance; `None` = unlimited.
    pub max_distance: Option<f64>,
    /// Longest route, time from start to end with waiting and service; `None` = unlimited.
    pub max_duration: Option<f64>,
    /// Most clients on one route; `None` = unlimited.
    pub max_stops: Option<usize>,
    /// What these vehicles can do.
    pub skills: Vec<String>,
    /// Depots where the vehicle may be reloaded in mid-route; each stop there begins a new trip.
    pub reload_depots: Vec<usize>,
    /// Most reloads on one route; `None` = unlimited.
    pub max_reloads: Option<usize>,
    /// Which matrices apply. Default 0.
    pub profile: usize,
    /// For people; empty = `vehicle type <index>`.
    pub name: String,
}

impl Default for VehicleType {
    fn default() -> Self {
        Self {
            count: 1,
            capacity: Vec::new(),
            start: 0,
            end: Some(0),
            shift: None,
            fixed_cost: 0.0,
            unit_distance_cost: 1.0,
            unit_duration_cost: 0.0,
            max_distance: None,
            max_duration: None,
            max_stops: None,
            skills: Vec::new(),
            reload_depots: Vec::new(),
            max_reloads: None,
            profile: 0,
            name: String::new(),
        }
    }
}

impl VehicleType {
    /// `count` vehicles that start and end at depot 0.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { count, ..Self::default() }
    }

    /// Sets [`capacity`](Self::capacity).
    #[must_use]
    pub fn capacity(mut self, capacity: impl Into<Vec<i64>>) -> Self {
        self.capacity = capacity.into();
        self
    }

    /// Starts and ends at `depot`.
    #[must_use]
    pub fn depot(mut self, depot: usize) -> Self {
        self.start = depot;
        self.end = Some(depot);
        self
    }

    /// Sets [`shift`](Self::shift).
    #[must_use]
    pub fn shift(mut self, begin: f64, end: f64) -> Self {
        self.shift = Some([begin, end]);
        self
    }

    /// Sets [`fixed_cost`](Self::fixed_cost).
    #[must_use]
    pub fn fixed_cost(mut self, cost: f64) -> Self {
        self.fixed_cost = cost;
        self
    }

    /// Sets [`unit_distance_cost`](Self::unit_distance_cost).
    #[must_use]
    pub fn unit_distance_cost(mut self, cost: f64) -> Self {
        self.unit_distance_cost = cost;
        self
    }

    /// Sets [`unit_duration_cost`](Self::unit_duration_cost).
    #[must_use]
    pub fn unit_duration_cost(mut self, cost: f64) -> Self {
        self.unit_duration_cost = cost;
        self
    }

    /// Sets [`max_distance`](Self::max_distance).
    #[must_use]
    pub fn max_distance(mut self, distance: f64) -> Self {
        self.max_distance = Some(distance);
        self
    }

    /// Sets [`max_duration`](Self::max_duration).
    #[must_use]
    pub fn max_duration(mut self, duration: f64) -> Self {
        self.max_duration = Some(duration);
        self
    }

    /// Adds a skill.
    #[must_use]
    pub fn skill(mut self, skill: impl Into<String>) -> Self {
        self.skills.push(skill.into());
        self
    }
}

//! The one doorway into a problem: everything is validated in [`ProblemBuilder::build`].

use super::instance::{Aspects, FOREVER, Fleet, Instance, Load, MAX_DIMS, NONE};
use super::travel::{Profile, Source, Travel};
use super::{Client, Depot, Inner, Place, Problem, Rounding, Shipment, VehicleType};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How deliveries and collections share a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackhaulRule {
    /// In any order, as long as everything fits on board. The default.
    #[default]
    Mixed,
    /// All deliveries of a trip before its first collection, and no trip of collections alone:
    /// the classical VRP with backhauls.
    LinehaulFirst,
}

/// Up to this many nodes distances are kept in a table (4 bytes each); above, they are computed
/// when needed.
const TABLE_LIMIT: usize = 3_000;

/// Largest value of one distance, duration or time in internal units.
const LARGEST: f64 = 4.0e9;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Matrices {
    /// Square, row-major; one row per place index.
    pub distance: Vec<f64>,
    /// The same shape, or empty: durations are the distances.
    pub duration: Vec<f64>,
}

/// Collects depots, clients, vehicles and matrices; [`build`](Self::build) checks them all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProblemBuilder {
    pub(crate) name: String,
    pub(crate) rounding: Rounding,
    pub(crate) backhaul: BackhaulRule,
    pub(crate) speed: Option<f64>,
    pub(crate) depots: Vec<Depot>,
    pub(crate) clients: Vec<Client>,
    pub(crate) shipments: Vec<Shipment>,
    pub(crate) vehicle_types: Vec<VehicleType>,
    pub(crate) matrices: Vec<Matrices>,
}

impl ProblemBuilder {
    /// Names the problem.
    pub fn set_name(&mut self, name: impl Into<String>) -> &mut Self {
        self.name = name.into();
        self
    }

    /// How coordinates and real numbers become whole units. Default [`Rounding::Exact`].
    pub fn set_rounding(&mut self, rounding: Rounding) -> &mut Self {
        self.rounding = rounding;
        self
    }

    /// How deliveries and collections share a route. Default [`BackhaulRule::Mixed`].
    pub fn set_backhaul(&mut self, rule: BackhaulRule) -> &mut Self {
        self.backhaul = rule;
        self
    }

    /// Distance per time, > 0: durations are distances over the speed wherever there is no matrix of
    /// durations. Default 1. With great circles in metres and times in seconds, 8 is a van in town.
    pub fn set_speed(&mut self, speed: f64) -> &mut Self {
        self.speed = Some(speed);
        self
    }

    /// Adds a depot that is always open; gives its index.
    pub fn add_depot(&mut self, place: Place) -> usize {
        self.add_depot_record(Depot { place, ..Depot::default() })
    }

    /// Adds a depot; gives its index.
    pub fn add_depot_record(&mut self, depot: Depot) -> usize {
        self.depots.push(depot);
        self.depots.len() - 1
    }

    /// Adds a client; gives its index, which is its id in solutions.
    pub fn add_client(&mut self, client: Client) -> usize {
        self.clients.push(client);
        self.clients.len() - 1
    }

    /// Adds goods to be carried between two clients of the same route; gives the shipment's index.
    pub fn add_shipment(&mut self, shipment: Shipment) -> usize {
        self.shipments.push(shipment);
        self.shipments.len() - 1
    }

    /// Adds vehicles; gives the type's index.
    pub fn add_vehicle_type(&mut self, vehicles: VehicleType) -> usize {
        self.vehicle_types.push(vehicles);
        self.vehicle_types.len() - 1
    }

    /// Sets the matrices of a profile: square, row-major, one row per [`Place::Index`], entries
    /// >= 0 in the caller's units. An empty `duration` means that durations are the distances.
    pub fn set_matrix(
        &mut self,
        distance: Vec<f64>,
        duration: Vec<f64>,
        profile: usize,
    ) -> &mut Self {
        if self.matrices.len() <= profile {
            self.matrices.resize_with(profile + 1, Matrices::default);
        }
        self.matrices[profile] = Matrices { distance, duration };
        self
    }

    /// The clients added so far.
    pub fn clients_mut(&mut self) -> &mut Vec<Client> {
        &mut self.clients
    }

    /// The vehicle types added so far.
    pub fn vehicle_types_mut(&mut self) -> &mut Vec<VehicleType> {
        &mut self.vehicle_types
    }

    /// Checks everything and makes the problem.
    ///
    /// # Errors
    /// `invalid_input` names the entity and the value: no depot, no vehicles, NaN, negative or
    /// overflowing numbers, windows that close before they open, unknown indices, matrices of the
    /// wrong shape, more than 4 load dimensions, more than 64 skills. `unsupported`: several
    /// windows together with limits or costs on duration, or with release times.
    pub fn build(self) -> Result<Problem> {
        let instance = Compiler { b: &self, skills: Vec::new() }.compile()?;
        Ok(Problem { inner: Arc::new(Inner { builder: self, instance }) })
    }
}

fn bad(message: String) -> Error {
    Error::invalid_input(message)
}

struct Compiler<'a> {
    b: &'a ProblemBuilder,
    skills: Vec<String>,
}

impl Compiler<'_> {
    fn time(&self, value: f64, what: &str, who: &str) -> Result<i64> {
        let units = value * self.b.rounding.scale();
        if !units.is_finite() || units.abs() > LARGEST {
            let limit = LARGEST / self.b.rounding.scale();
            return Err(bad(format!(
                "{who}: {what} must be a number within ±{limit:e}, got {value}"
            )));
        }
        Ok(if self.b.rounding == Rounding::Dimacs { units as i64 } else { units.round() as i64 })
    }

    fn length(&self, value: f64, what: &str, who: &str) -> Result<i64> {
        if value < 0.0 {
            return Err(bad(format!("{who}: {what} must be >= 0, got {value}")));
        }
        self.time(value, what, who)
    }

    fn cost(&self, value: f64, what: &str, who: &str) -> Result<f64> {
        if !(0.0..=1e12).contains(&value) {
            return Err(bad(format!("{who}: {what} must be in 0..=1e12, got {value}")));
        }
        Ok(value)
    }

    fn load(&self, amounts: &[i64], missing: i64, what: &str, who: &str) -> Result<Load> {
        let mut load = [missing; MAX_DIMS];
        if amounts.len() > MAX_DIMS {
            let n = amounts.len();
            return Err(bad(format!("{who}: {what} has {n} dimensions, at most {MAX_DIMS}")));
        }
        for (slot, &a) in load.iter_mut().zip(amounts) {
            if !(0..=1 << 40).contains(&a) {
                return Err(bad(format!("{who}: {what} must be in 0..=2^40, got {a}")));
            }
            *slot = a;
        }
        Ok(load)
    }

    fn window(&self, w: [f64; 2], who: &str) -> Result<(i64, i64)> {
        let (a, b) = (self.time(w[0], "window", who)?, self.time(w[1].min(1e300), "window", who));
        // An end beyond what fits means "never closes".
        let b = if w[1] > LARGEST / self.b.rounding.scale() { FOREVER } else { b? };
        if a > b {
            return Err(bad(format!(
                "{who}: window closes at {} before it opens at {}",
                w[1], w[0]
            )));
        }
        Ok((a, b))
    }

    fn skill_bits(&mut self, names: &[String], who: &str) -> Result<u64> {
        let mut bits = 0u64;
        for name in names {
            let at = self.skills.iter().position(|s| s == name).unwrap_or_else(|| {
                self.skills.push(name.clone());
                self.skills.len() - 1
            });
            if at >= 64 {
                return Err(bad(format!(
                    "{who}: skill {name:?} is the 65th different one, at most 64"
                )));
            }
            bits |= 1 << at;
        }
        Ok(bits)
    }

    fn compile(mut self) -> Result<Instance> {
        let b = self.b;
        let scale = b.rounding.scale();
        if b.depots.is_empty() {
            return Err(bad("a problem needs at least one depot, got 0".into()));
        }
        if b.vehicle_types.is_empty() {
            return Err(bad("a problem needs at least one vehicle type, got 0".into()));
        }
        let (n, d) = (b.clients.len(), b.depots.len());
        if n > 1_000_000 {
            return Err(bad(format!("at most 1000000 clients, got {n}")));
        }
        let open = b.vehicle_types.iter().any(|v| v.end.is_none());
        let nowhere = if open { n + d } else { usize::MAX };
        let travel = self.travel(nowhere)?;

        let mut has = Aspects::default();
        let mut dims = 0;
        let mut it = Instance {
            clients: n,
            dims: 0,
            delivery: vec![[0; MAX_DIMS]; n],
            change: vec![[0; MAX_DIMS]; n],
            service: vec![0; n + d + 1],
            windows: Vec::with_capacity(n + d + 1),
            early: Vec::new(),
            late: Vec::new(),
            release: vec![0; n],
            prize: vec![f64::INFINITY; n],
            skills: vec![0; n],
            partner: vec![NONE; n],
            is_pickup_end: vec![false; n],
            backhaul: vec![false; n],
            group: vec![NONE; n],
            groups: Vec::new(),
            fleet: Vec::new(),
            travel,
            has,
            scale,
        };
        let mut group_ids: Vec<u32> = Vec::new();
        for (i, c) in b.clients.iter().enumerate() {
            let who = format!("client {i}");
            let delivery = self.load(&c.demand, 0, "demand", &who)?;
            let pickup = self.load(&c.pickup, 0, "pickup", &who)?;
            dims = dims.max(c.demand.len()).max(c.pickup.len());
            it.delivery[i] = delivery;
            for k in 0..MAX_DIMS {
                it.change[i][k] = pickup[k] - delivery[k];
            }
            let collects = pickup.iter().any(|&p| p > 0);
            it.backhaul[i] = collects && delivery.iter().all(|&q| q == 0);
            has.rich_load |= collects;
            it.service[i] = self.length(c.service, "service", &who)?;
            let mut windows =
                c.windows.iter().map(|&w| self.window(w, &who)).collect::<Result<Vec<_>>>()?;
            windows.sort_unstable();
            if windows.is_empty() {
                windows.push((-FOREVER, FOREVER));
            } else {
                has.time = true;
            }
            has.several_windows |= windows.len() > 1;
            it.windows.push(windows);
            it.release[i] = self.time(c.release, "release", &who)?;
            has.release |= c.release > 0.0;
            if let Some(p) = c.prize {
                it.prize[i] = self.cost(p, "prize", &who)? * scale;
                has.optional = true;
            }
            it.skills[i] = self.skill_bits(&c.skills, &who)?;
            has.skills |= it.skills[i] != 0;
            if let Some(g) = c.group {
                has.groups = true;
                let at = group_ids.iter().position(|&x| x == g).unwrap_or_else(|| {
                    group_ids.push(g);
                    it.groups.push(Vec::new());
                    it.groups.len() - 1
                });
                it.group[i] = at as u32;
                it.groups[at].push(i as u32);
            }
        }
        for (i, depot) in b.depots.iter().enumerate() {
            let who = format!("depot {i}");
            let window = match depot.window {
                None => (-FOREVER, FOREVER),
                Some(w) => {
                    has.time = true;
                    self.window(w, &who)?
                }
            };
            it.windows.push(vec![window]);
        }
        it.windows.push(vec![(-FOREVER, FOREVER)]);
        it.early = it.windows.iter().map(|w| w[0].0).collect();
        it.late = it.windows.iter().map(|w| w[w.len() - 1].1).collect();

        for (i, s) in b.shipments.iter().enumerate() {
            let who = format!("shipment {i}");
            has.shipments = true;
            has.rich_load = true;
            let amount = self.load(&s.amount, 0, "amount", &who)?;
            dims = dims.max(s.amount.len());
            for end in [s.pickup, s.delivery] {
                if end >= n {
                    return Err(bad(format!("{who}: client {end} is not one of 0..{n}")));
                }
                if it.partner[end] != NONE || s.pickup == s.delivery {
                    return Err(bad(format!("{who}: client {end} already ends a shipment")));
                }
                if it.group[end] != NONE {
                    return Err(bad(format!(
                        "{who}: client {end} is in a group, which a shipment's end cannot be"
                    )));
                }
            }
            it.partner[s.pickup] = s.delivery as u32;
            it.partner[s.delivery] = s.pickup as u32;
            it.is_pickup_end[s.pickup] = true;
            for k in 0..MAX_DIMS {
                it.change[s.pickup][k] += amount[k];
                it.change[s.delivery][k] -= amount[k];
            }
        }
        for (i, v) in b.vehicle_types.iter().enumerate() {
            let fleet = self.fleet(i, v, nowhere)?;
            has.time |= v.shift.is_some() || v.max_duration.is_some();
            has.duration |= v.max_duration.is_some() || v.unit_duration_cost > 0.0;
            has.max_distance |= v.max_distance.is_some();
            has.max_stops |= v.max_stops.is_some();
            has.capacity |= !v.capacity.is_empty();
            has.reload |= !v.reload_depots.is_empty();
            dims = dims.max(v.capacity.len());
            it.fleet.push(fleet);
        }
        has.time |= has.duration || has.release;
        has.rich_load |= dims > 1 || has.reload;
        has.rich_load &= has.capacity;
        has.backhaul = b.backhaul == BackhaulRule::LinehaulFirst && it.backhaul.contains(&true);
        if has.several_windows && (has.duration || has.release) {
            let what = if has.release { "release times" } else { "limits or costs on duration" };
            return Err(Error::unsupported(format!(
                "clients with several windows together with {what} are not supported yet"
            )));
        }
        has.symmetric = it.travel.symmetric();
        it.dims = dims;
        it.has = has;
        Ok(it)
    }

    fn fleet(&mut self, i: usize, v: &VehicleType, nowhere: usize) -> Result<Fleet> {
        let b = self.b;
        let who = format!("vehicle type {i}");
        let (n, d) = (b.clients.len(), b.depots.len());
        if v.count == 0 || v.count > 1_000_000 {
            return Err(bad(format!("{who}: count must be in 1..=1000000, got {}", v.count)));
        }
        for &depot in [v.start].iter().chain(v.end.iter()).chain(&v.reload_depots) {
            if depot >= d {
                return Err(bad(format!("{who}: depot {depot} is not one of 0..{d}")));
            }
        }
        if v.profile >= b.matrices.len().max(1) {
            let have = b.matrices.len().max(1);
            return Err(bad(format!("{who}: profile {} is not one of 0..{have}", v.profile)));
        }
        let limit = |x: Option<f64>, what: &str| match x {
            None => Ok(FOREVER),
            Some(x) => self.length(x, what, &who),
        };
        let shift = match v.shift {
            None => (-FOREVER, FOREVER),
            Some(w) => self.window(w, &who)?,
        };
        Ok(Fleet {
            count: v.count,
            capacity: self.load(&v.capacity, 1 << 50, "capacity", &who)?,
            start: n + v.start,
            end: v.end.map_or(nowhere, |e| n + e),
            shift,
            fixed_cost: self.cost(v.fixed_cost, "fixed_cost", &who)? * b.rounding.scale(),
            unit_distance_cost: self.cost(v.unit_distance_cost, "unit_distance_cost", &who)?,
            unit_duration_cost: self.cost(v.unit_duration_cost, "unit_duration_cost", &who)?,
            max_distance: limit(v.max_distance, "max_distance")?,
            max_duration: limit(v.max_duration, "max_duration")?,
            max_stops: v.max_stops.unwrap_or(usize::MAX),
            reloads: v.reload_depots.iter().map(|r| n + r).collect(),
            max_reloads: v.max_reloads.unwrap_or(usize::MAX),
            profile: v.profile,
            skills: self.skill_bits(&v.skills, &who)?,
        })
    }

    /// Places of all nodes, and the matrices expanded to one row per node.
    fn travel(&self, nowhere: usize) -> Result<Travel> {
        let b = self.b;
        let places: Vec<Place> =
            b.clients.iter().map(|c| c.place).chain(b.depots.iter().map(|d| d.place)).collect();
        let nodes = places.len() + usize::from(nowhere != usize::MAX);
        let who = |i: usize| match i.checked_sub(b.clients.len()) {
            None => format!("client {i}"),
            Some(d) => format!("depot {d}"),
        };
        let speed = b.speed.unwrap_or(1.0);
        if !(1e-6..=1e6).contains(&speed) {
            return Err(bad(format!("speed must be in 1e-6..=1e6, got {speed}")));
        }
        let mut xy = vec![(0.0, 0.0); nodes];
        let (mut plane, mut sphere, mut index) = (0usize, 0usize, 0usize);
        for (i, place) in places.iter().enumerate() {
            match *place {
                Place::Point { x, y } => {
                    if !(x.abs() <= 1e6 && y.abs() <= 1e6) {
                        let w = who(i);
                        return Err(bad(format!(
                            "{w}: coordinates must be within ±1e6, got ({x}, {y})"
                        )));
                    }
                    (xy[i], plane) = ((x, y), plane + 1);
                }
                Place::Geo { lat, lon } => {
                    if !(lat.abs() <= 90.0 && lon.abs() <= 180.0) {
                        let w = who(i);
                        return Err(bad(format!(
                            "{w}: latitude must be within ±90 and longitude within ±180, got ({lat}, {lon})"
                        )));
                    }
                    (xy[i], sphere) = ((lon, lat), sphere + 1);
                }
                Place::Index(_) => index += 1,
            }
        }
        let tables = !b.matrices.is_empty();
        if index > 0 && !tables {
            return Err(bad("places given as an index need a matrix; call set_matrix".into()));
        }
        if plane > 0 && sphere > 0 && !tables {
            return Err(bad(format!(
                "{plane} places in the plane and {sphere} on the Earth cannot be mixed"
            )));
        }
        if !tables {
            let source =
                if sphere > 0 { Source::Sphere(b.rounding) } else { Source::Planar(b.rounding) };
            let profiles = vec![Profile { distance: source, duration: None }];
            let mut travel = Travel { nodes, xy, profiles, speed, nowhere };
            travel.tabulate(TABLE_LIMIT);
            return Ok(travel);
        }
        // A place without an index stands for the row of its own node: depots first, then clients.
        let rows: Vec<usize> = places
            .iter()
            .enumerate()
            .map(|(i, place)| match place {
                Place::Index(row) => *row,
                _ => i.checked_sub(b.clients.len()).unwrap_or(i + b.depots.len()),
            })
            .collect();
        let mut profiles = Vec::with_capacity(b.matrices.len());
        for (k, m) in b.matrices.iter().enumerate() {
            let distance =
                self.expand(&m.distance, &rows, nodes, &format!("distance matrix {k}"))?;
            let duration = if m.duration.is_empty() {
                None
            } else {
                Some(self.expand(&m.duration, &rows, nodes, &format!("duration matrix {k}"))?)
            };
            profiles.push(Profile { distance, duration });
        }
        Ok(Travel { nodes, xy, profiles, speed, nowhere })
    }

    fn expand(&self, m: &[f64], rows: &[usize], nodes: usize, what: &str) -> Result<Source> {
        let side = (m.len() as f64).sqrt().round() as usize;
        if side * side != m.len() || m.is_empty() {
            return Err(bad(format!("{what} must be square, got {} entries", m.len())));
        }
        if let Some(row) = rows.iter().find(|&&r| r >= side) {
            return Err(bad(format!("{what} has {side} rows, but a place has the index {row}")));
        }
        let mut table = vec![0u32; nodes * nodes];
        for (a, &row) in rows.iter().enumerate() {
            for (b, &col) in rows.iter().enumerate() {
                let value = m[row * side + col];
                let units = self.length(value, "an entry", what);
                table[a * nodes + b] =
                    units.map_err(|e| e.with("row", row).with("column", col))? as u32;
            }
        }
        Ok(Source::Matrix(table))
    }
}

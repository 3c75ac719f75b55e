//! The problem as the search sees it: dense arrays of integers, one entry per node.
//!
//! Nodes `0..clients` are the clients, then come the depots, then (when a vehicle type is open) the
//! place called nowhere, where open routes end.

use super::travel::Travel;
use crate::plan::Stop;

/// No node, no route, no partner.
pub(crate) const NONE: u32 = u32::MAX;

/// Load dimensions at most.
pub(crate) const MAX_DIMS: usize = 4;

/// One amount per load dimension.
pub(crate) type Load = [i64; MAX_DIMS];

/// A time that never comes; far from overflow when added up.
pub(crate) const FOREVER: i64 = 1 << 52;

/// One vehicle type, compiled.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    pub count: usize,
    pub capacity: Load,
    pub start: usize,
    /// A depot node or nowhere.
    pub end: usize,
    pub shift: (i64, i64),
    pub fixed_cost: f64,
    pub unit_distance_cost: f64,
    pub unit_duration_cost: f64,
    pub max_distance: i64,
    pub max_duration: i64,
    pub max_stops: usize,
    pub skills: u64,
    pub reloads: Vec<usize>,
    pub max_reloads: usize,
    pub profile: usize,
}

/// Which aspects the problem has; the search pays for no other.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Aspects {
    /// Anything that needs a load label beyond "one dimension, deliveries only".
    pub rich_load: bool,
    pub capacity: bool,
    pub time: bool,
    pub several_windows: bool,
    pub duration: bool,
    pub release: bool,
    pub max_distance: bool,
    pub max_stops: bool,
    pub skills: bool,
    pub backhaul: bool,
    pub shipments: bool,
    pub reload: bool,
    pub groups: bool,
    pub optional: bool,
    pub symmetric: bool,
}

/// The compiled problem.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub clients: usize,
    pub dims: usize,
    /// Loaded at the depot for this client.
    pub delivery: Vec<Load>,
    /// Change of what is on board when this client is served.
    pub change: Vec<Load>,
    pub service: Vec<i64>,
    /// Alternatives in ascending order; never empty. Indexed by node (depots too).
    pub windows: Vec<Vec<(i64, i64)>>,
    /// First opening and last closing.
    pub early: Vec<i64>,
    pub late: Vec<i64>,
    pub release: Vec<i64>,
    /// Cost of leaving the client out; infinite when it must be served.
    pub prize: Vec<f64>,
    pub skills: Vec<u64>,
    /// The other end of a shipment.
    pub partner: Vec<u32>,
    pub is_pickup_end: Vec<bool>,
    /// True for clients that are collected from only.
    pub backhaul: Vec<bool>,
    pub group: Vec<u32>,
    pub groups: Vec<Vec<u32>>,
    pub fleet: Vec<Fleet>,
    pub travel: Travel,
    pub has: Aspects,
    pub scale: f64,
}

impl Instance {
    #[inline]
    pub fn distance(&self, profile: usize, a: u32, b: u32) -> i64 {
        self.travel.distance(profile, a as usize, b as usize)
    }

    #[inline]
    pub fn duration(&self, profile: usize, a: u32, b: u32) -> i64 {
        self.travel.duration(profile, a as usize, b as usize)
    }

    #[inline]
    pub fn is_client(&self, node: u32) -> bool {
        (node as usize) < self.clients
    }

    /// The stop that a client or depot node stands for.
    pub fn stop(&self, node: u32) -> Stop {
        if self.is_client(node) {
            Stop::Client(node as usize)
        } else {
            Stop::Reload(node as usize - self.clients)
        }
    }

    /// The node of a stop.
    pub fn node(&self, stop: Stop) -> u32 {
        match stop {
            Stop::Client(c) => c as u32,
            Stop::Reload(d) => (self.clients + d) as u32,
        }
    }

    /// Earliest start of service at `node` for a vehicle that is there at `at`; `None` when every
    /// window has closed.
    #[inline]
    pub fn opens(&self, node: u32, at: i64) -> Option<i64> {
        let windows = &self.windows[node as usize];
        windows.iter().find(|w| at <= w.1).map(|w| at.max(w.0))
    }

    /// Latest arrival at `node` after which service may still begin at `by` or before.
    #[inline]
    pub fn closes(&self, node: u32, by: i64) -> Option<i64> {
        let windows = &self.windows[node as usize];
        windows.iter().rev().find(|w| w.0 <= by).map(|w| by.min(w.1))
    }
}

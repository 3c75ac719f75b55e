//! Who visits what in which order, and nothing else: what goes in and out of the search.

use crate::problem::Problem;
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// One stop of a planned route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// A client, by index.
    Client(usize),
    /// A reload at a depot, by index.
    Reload(usize),
}

/// One planned route, without its start and end depots.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlannedRoute {
    /// Index of the vehicle type.
    pub vehicle_type: usize,
    /// What is visited, in order.
    pub stops: Vec<Stop>,
}

/// A set of routes: feasible or not, complete or not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The routes; empty ones are allowed.
    pub routes: Vec<PlannedRoute>,
}

impl Plan {
    /// A plan in which every route is driven by vehicle type 0.
    #[must_use]
    pub fn of_clients(routes: &[Vec<usize>]) -> Self {
        let route = |r: &Vec<usize>| PlannedRoute {
            vehicle_type: 0,
            stops: r.iter().map(|&c| Stop::Client(c)).collect(),
        };
        Self { routes: routes.iter().map(route).collect() }
    }

    /// Checks that every index names something in `problem`.
    ///
    /// # Errors
    /// `unknown_id` when a client, depot or vehicle type does not exist.
    pub fn check_ids(&self, problem: &Problem) -> Result<()> {
        let (clients, depots) = (problem.clients().len(), problem.depots().len());
        let types = problem.vehicle_types().len();
        let unknown = |what: &str, k: usize, route: usize, of: usize| {
            Error::unknown_id(format!("route {route}: {what} {k} is not one of 0..{of}"))
        };
        for (i, route) in self.routes.iter().enumerate() {
            if route.vehicle_type >= types {
                return Err(unknown("vehicle type", route.vehicle_type, i, types));
            }
            for stop in &route.stops {
                match *stop {
                    Stop::Client(c) if c >= clients => {
                        return Err(unknown("client", c, i, clients));
                    }
                    Stop::Reload(d) if d >= depots => return Err(unknown("depot", d, i, depots)),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

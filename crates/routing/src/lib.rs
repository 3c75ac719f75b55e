//! Vehicle routing: who visits whom, in which order and when.
//!
//! | step | name |
//! |---|---|
//! | say what is to be done | [`Problem::builder`], [`Problem::read`] |
//! | search | [`Solver`], with [`StopRule`]s |
//! | read the answer | [`Solution`]: routes with times and loads, what is not served and why |
//! | adapt during the day | [`resolve`], [`eta`] |
//! | check any plan | [`evaluate`]: slow, plain, and independent of the search |
//!
//! Rules that may be combined: several load dimensions, deliveries, collections, shipments from
//! one client to another, time windows (several per client), service times, releases, optional
//! clients with prizes, groups of alternatives, several depots, different vehicles (capacity,
//! costs, shift, skills, limits on distance, duration and stops, matrices of their own), open routes,
//! reloads on the way, and deliveries before collections.

#![deny(missing_docs)]

mod aspects;
mod eta;
mod evaluate;
mod plan;
mod problem;
mod read;
mod resolve;
mod search;
mod solution;
mod solve;

pub use eta::{Eta, Position, eta};
pub use evaluate::{Evaluation, Route, Rule, Violation, Visit, evaluate};
pub use plan::{Plan, PlannedRoute, Stop};
pub use problem::{
    BackhaulRule, Client, Depot, Place, Problem, ProblemBuilder, Rounding, Shipment, VehicleType,
};
pub use read::{Format, read_routes};
pub use resolve::{Delay, Events, resolve};
pub use solution::{Reason, Solution, TracePoint, Unassigned};
pub use solve::{Solver, StopRule};

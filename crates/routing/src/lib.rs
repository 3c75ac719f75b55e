//! Vehicle routing.

#![deny(missing_docs)]

mod aspects;
mod evaluate;
mod plan;
mod problem;
mod read;
mod search;
mod solution;
mod solve;

pub use evaluate::{Evaluation, Route, Rule, Violation, Visit, evaluate};
pub use plan::{Plan, PlannedRoute, Stop};
pub use problem::{
    BackhaulRule, Client, Depot, Place, Problem, ProblemBuilder, Rounding, Shipment, VehicleType,
};
pub use read::{Format, read_routes};
pub use solution::{Reason, Solution, TracePoint, Unassigned};
pub use solve::{Solver, StopRule};

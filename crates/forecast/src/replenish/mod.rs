//! Replenishment: from a forecast to purchase orders.
//!
//! * [`policy`] - the textbook policies: order quantities, reorder points, base stock, lot sizes,
//!   multi-echelon safety stock.
//! * [`Simulation`] - what a policy would cost, for networks of any shape; [`PolicySearch`] on top.
//! * [`Demand`] - demand in one span of time as a distribution, shared by all of them.

pub(crate) mod check;
mod distribution;
pub mod policy;
mod simulate;
pub(crate) mod special;

pub use distribution::Demand;
pub use simulate::{
    LeadTime, NodeReport, PolicySearch, SearchResult, Simulation, SimulationReport, StockNode,
    StockPolicy, Unmet,
};

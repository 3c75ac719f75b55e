//! Replenishment: from a forecast to purchase orders.
//!
//! * [`policy`] - the textbook policies: order quantities, reorder points, base stock, lot sizes,
//!   multi-echelon safety stock.
//! * [`Simulation`] - what a policy would cost, for networks of any shape; [`PolicySearch`] and, as a
//!   baseline, [`PolicyLearning`] on top.
//! * [`Planner`] - forecasts, stock and suppliers in; purchase orders, alerts and reasons out.
//! * [`SpanQuantiles`] - the distribution of demand over a whole protection interval, learned across items.
//! * [`AbcXyz`] - which items matter and how steadily they sell.
//! * [`Demand`] - demand in one span of time as a distribution, shared by all of them.

pub(crate) mod check;
mod classify;
mod distribution;
mod plan;
pub mod policy;
mod simulate;
mod span;
pub(crate) mod special;

pub use classify::{Abc, AbcXyz, ItemClass, PanelClass, Xyz};
pub use distribution::Demand;
pub use plan::{
    Alert, AlertKind, Day, Event, Goal, ItemFailure, ItemForecast, ItemPlan, ItemStock, LeadDays,
    LineChange, Lot, Note, Offer, OpenOrder, OrderLine, Outlook, Override, Plan, PlanDiff,
    PlanInput, PlanRecord, PlanState, Planner, PriceBreak, PurchaseOrder, Receipt, ServiceLevel,
    Supplier,
};
pub use simulate::{
    Finish, LeadTime, NodeReport, PolicyLearning, PolicySearch, SearchResult, Simulation,
    SimulationReport, StockNode, StockPolicy, Unmet,
};
pub use span::{SpanDemand, SpanQuantiles, SpanSeries};

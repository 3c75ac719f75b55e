//! The purchase plan: forecasts, stock and suppliers in; purchase orders, alerts and reasons out.
//!
//! Per item the planner asks how much stock must cover demand until the order *after* this one can
//! arrive (review period plus lead time), reads that level off the forecast's distribution, takes off
//! what is there or coming, and rounds the rest to what a supplier sells. Then items compete for
//! supplier capacity, budget and storage in the order of shortage avoided per money spent. Choose it
//! for periodic ordering of many items from a few suppliers each; a chain of own warehouses is
//! planned with the multi-echelon policies of [`super::policy`].
//!
//! Cost: about 5 us per item and core, then one sort. Sources: protection-interval base stock
//! (Snyder & Shen 4.3, 5.2) on whole distributions instead of mean + k sigma; EOQ lots (3.2);
//! all-units price breaks by break-even (3.3); FEFO for perishables.
//!
//! Promises, tested as properties: orders respect minimum, pack, capacity, calendar, budget and
//! storage; a higher service level never lowers the expected fill rate of an unconstrained item; line
//! totals are integer minor units and add up; overrides are kept by every later revision; equal input
//! gives an equal plan, for any number of threads; a bad item is reported by name and field while the
//! others are planned.

mod alerts;
mod allocate;
mod explain;
mod input;
mod item;
mod lots;
mod outlook;
mod output;
mod review;
mod tables;

pub use input::{
    Day, Goal, ItemForecast, ItemStock, LeadDays, Lot, Offer, OpenOrder, Outlook, PlanInput,
    Planner, PriceBreak, ServiceLevel, Supplier,
};
pub use output::{
    Alert, AlertKind, ItemFailure, ItemPlan, Note, OrderLine, PlanRecord, PlanState, PurchaseOrder,
};
pub use review::{Event, LineChange, Override, Plan, PlanDiff, Receipt};

#[cfg(test)]
mod tests;

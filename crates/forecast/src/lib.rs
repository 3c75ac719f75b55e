//! Demand forecasting and replenishment.
pub mod replenish;

//! The textbook policies, exact and approximate, as plain functions of plain numbers.
//!
//! | question | answer |
//! |---|---|
//! | how much per order, steady demand | [`eoq`], [`eoq_backorders`], [`eoq_all_units_discounts`], [`eoq_incremental_discounts`], [`epq`], [`joint_replenishment`] |
//! | how much per order, demand known but varying | [`wagner_whitin`] |
//! | how much, one season | [`newsvendor`], [`newsvendor_normal`], [`newsvendor_poisson`], [`newsvendor_discrete`] |
//! | up to what level, every period | [`base_stock`], [`myopic`], [`finite_horizon`] |
//! | when and up to what level | [`ss_discrete_exact`], [`ss_poisson_exact`], [`ss_power_approximation`] |
//! | when and how much | [`rq_normal`], [`rq_poisson_exact`] |
//! | the supplier fails or delivers too little | [`eoq_disruptions`], [`newsvendor_disruptions`], yield functions |
//! | how much safety stock | [`safety_stock`] |
//! | where in the chain | [`gsm_serial`], [`gsm_tree`], [`ssm_serial`] |
//!
//! Names and symbols follow Snyder & Shen, *Fundamentals of Supply Chain Theory* (2nd ed.); each
//! function names its section. Costs are per unit and period (holding, stock-out) or per order
//! (fixed); demand and costs share one time unit.

mod eoq;
mod finite_horizon;
mod gsm;
mod lot_sizing;
mod newsvendor;
mod rq;
mod safety;
mod ss;
mod ssm;
mod supply;

pub use eoq::{
    Discount, Eoq, EoqBackorders, JointReplenishment, eoq, eoq_all_units_discounts, eoq_backorders,
    eoq_backorders_cost, eoq_cost, eoq_incremental_discounts, epq, epq_cost, joint_replenishment,
};
pub use finite_horizon::{FiniteHorizon, FiniteHorizonPolicy, finite_horizon};
pub use gsm::{GsmSolution, GsmStage, gsm_serial, gsm_tree};
pub use lot_sizing::{LotSizes, wagner_whitin};
pub use newsvendor::{
    NewsvendorProfit, StockLevel, base_stock, myopic, newsvendor, newsvendor_cost,
    newsvendor_discrete, newsvendor_normal, newsvendor_normal_cost, newsvendor_normal_profit,
    newsvendor_poisson, newsvendor_poisson_profit,
};
pub use rq::{RqMethod, RqPolicy, rq_cost, rq_normal, rq_poisson_cost, rq_poisson_exact};
pub use safety::{SafetyStock, safety_stock, safety_stock_for_fill_rate};
pub use ss::{SsPolicy, ss_cost, ss_discrete_exact, ss_poisson_exact, ss_power_approximation};
pub use ssm::{CertifiedSerial, SerialGrid, SerialPolicy, SerialSystem, ssm_serial};
pub use supply::{
    eoq_additive_yield, eoq_disruptions, eoq_disruptions_approximate, eoq_disruptions_cost,
    eoq_multiplicative_yield, newsvendor_additive_yield, newsvendor_disruptions,
};

#[cfg(test)]
mod tests;

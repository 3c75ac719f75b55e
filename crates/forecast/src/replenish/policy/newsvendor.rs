//! How much to stock for one period: the newsvendor and its infinite-horizon twin, base stock.
//!
//! Choose it for seasonal goods, perishables, and every-period ordering without a fixed cost.
//! Cost: one quantile and one loss. Snyder & Shen 4.3-4.4 (Arrow, Harris & Marschak 1951).

use crate::replenish::Demand;
use crate::replenish::check::{non_negative, positive};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// A stock level and its expected cost per period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StockLevel {
    /// The level to raise the inventory position to.
    pub base_stock_level: f64,
    /// Expected holding and stock-out cost per period.
    pub cost: f64,
}

/// A stock level and its expected profit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NewsvendorProfit {
    /// The level to raise the inventory position to.
    pub base_stock_level: f64,
    /// Expected profit.
    pub profit: f64,
}

/// The optimal level for any distribution: the smallest x with P(D <= x) >= p / (p + h).
///
/// # Errors
/// `invalid_params`.
pub fn newsvendor(holding_cost: f64, stockout_cost: f64, demand: &Demand) -> Result<StockLevel> {
    positive("holding_cost", holding_cost)?;
    positive("stockout_cost", stockout_cost)?;
    demand.check()?;
    let level = demand.quantile(stockout_cost / (stockout_cost + holding_cost));
    Ok(StockLevel {
        base_stock_level: level,
        cost: expected(level, holding_cost, stockout_cost, demand),
    })
}

/// The expected cost of stocking `base_stock_level`.
///
/// # Errors
/// `invalid_params`.
pub fn newsvendor_cost(
    base_stock_level: f64,
    holding_cost: f64,
    stockout_cost: f64,
    demand: &Demand,
) -> Result<f64> {
    positive("holding_cost", holding_cost)?;
    positive("stockout_cost", stockout_cost)?;
    demand.check()?;
    Ok(expected(base_stock_level, holding_cost, stockout_cost, demand))
}

/// `h E[(x - D)+] + p E[(D - x)+]`, parameters trusted.
pub(super) fn expected(level: f64, holding_cost: f64, stockout_cost: f64, demand: &Demand) -> f64 {
    let (short, left) = demand.loss(level);
    holding_cost * left + stockout_cost * short
}

/// The newsvendor for normal demand per period and a lead time of `lead_time` whole periods
/// (stock must then last `lead_time + 1` periods).
///
/// # Errors
/// `invalid_params`.
///
/// ```
/// # use mercato_forecast::replenish::policy::newsvendor_normal;
/// let r = newsvendor_normal(0.18, 0.70, 50.0, 8.0, 0.0)?;
/// assert!((r.base_stock_level - 56.60395592743389).abs() < 1e-9);
/// # Ok::<(), mercato_core::Error>(())
/// ```
pub fn newsvendor_normal(
    holding_cost: f64,
    stockout_cost: f64,
    demand_mean: f64,
    demand_sd: f64,
    lead_time: f64,
) -> Result<StockLevel> {
    base_stock(holding_cost, stockout_cost, &normal(demand_mean, demand_sd)?, lead_time)
}

/// The expected cost of any level under normal demand.
///
/// # Errors
/// `invalid_params`.
pub fn newsvendor_normal_cost(
    base_stock_level: f64,
    holding_cost: f64,
    stockout_cost: f64,
    demand_mean: f64,
    demand_sd: f64,
    lead_time: f64,
) -> Result<f64> {
    non_negative("lead_time", lead_time)?;
    let demand = normal(demand_mean, demand_sd)?.over(lead_time + 1.0)?;
    newsvendor_cost(base_stock_level, holding_cost, stockout_cost, &demand)
}

fn normal(mean: f64, sd: f64) -> Result<Demand> {
    positive("demand_mean", mean)?;
    positive("demand_sd", sd)?;
    Ok(Demand::Normal { mean, sd })
}

/// The newsvendor for Poisson demand; the level is a whole number.
///
/// # Errors
/// `invalid_params`.
pub fn newsvendor_poisson(
    holding_cost: f64,
    stockout_cost: f64,
    demand_mean: f64,
) -> Result<StockLevel> {
    positive("demand_mean", demand_mean)?;
    newsvendor(holding_cost, stockout_cost, &Demand::Poisson { mean: demand_mean })
}

/// The newsvendor for demand given as values and their probabilities.
///
/// # Errors
/// `invalid_params`.
pub fn newsvendor_discrete(
    holding_cost: f64,
    stockout_cost: f64,
    values: &[f64],
    probabilities: &[f64],
) -> Result<StockLevel> {
    newsvendor(holding_cost, stockout_cost, &Demand::discrete(values, probabilities)?)
}

/// The base-stock level when an order may be placed every period and takes `lead_time` periods:
/// a newsvendor for demand over `lead_time + 1` periods (4.3.4).
///
/// # Errors
/// `invalid_params`; `unsupported` when the distribution cannot be added up over the lead time.
pub fn base_stock(
    holding_cost: f64,
    stockout_cost: f64,
    demand: &Demand,
    lead_time: f64,
) -> Result<StockLevel> {
    non_negative("lead_time", lead_time)?;
    demand.check()?;
    newsvendor(holding_cost, stockout_cost, &demand.over(lead_time + 1.0)?)
}

fn critical_ratio(
    revenue: f64,
    purchase_cost: f64,
    salvage_value: f64,
    holding_cost: f64,
    stockout_cost: f64,
) -> Result<f64> {
    non_negative("holding_cost", holding_cost)?;
    non_negative("stockout_cost", stockout_cost)?;
    if revenue.is_nan() || revenue <= purchase_cost {
        return Err(Error::invalid_params(format!(
            "revenue must exceed the purchase_cost {purchase_cost}, got {revenue}"
        ))
        .with("parameter", "revenue"));
    }
    if purchase_cost.is_nan() || purchase_cost <= salvage_value {
        return Err(Error::invalid_params(format!(
            "purchase_cost must exceed the salvage_value {salvage_value}, got {purchase_cost}"
        ))
        .with("parameter", "purchase_cost"));
    }
    Ok((stockout_cost + revenue - purchase_cost)
        / (stockout_cost + holding_cost + revenue - salvage_value))
}

/// The newsvendor in terms of profit: selling at `revenue` what cost `purchase_cost`, leftovers
/// bring `salvage_value`; holding and stock-out costs may be added (4.3.2).
///
/// # Errors
/// `invalid_params`.
pub fn newsvendor_normal_profit(
    revenue: f64,
    purchase_cost: f64,
    salvage_value: f64,
    demand_mean: f64,
    demand_sd: f64,
    holding_cost: f64,
    stockout_cost: f64,
) -> Result<NewsvendorProfit> {
    let ratio = critical_ratio(revenue, purchase_cost, salvage_value, holding_cost, stockout_cost)?;
    let demand = normal(demand_mean, demand_sd)?;
    Ok(profit(
        demand.quantile(ratio),
        revenue,
        purchase_cost,
        salvage_value,
        holding_cost,
        stockout_cost,
        &demand,
    ))
}

/// [`newsvendor_normal_profit`] for Poisson demand.
///
/// # Errors
/// `invalid_params`.
pub fn newsvendor_poisson_profit(
    revenue: f64,
    purchase_cost: f64,
    salvage_value: f64,
    demand_mean: f64,
    holding_cost: f64,
    stockout_cost: f64,
) -> Result<NewsvendorProfit> {
    let ratio = critical_ratio(revenue, purchase_cost, salvage_value, holding_cost, stockout_cost)?;
    positive("demand_mean", demand_mean)?;
    let demand = Demand::Poisson { mean: demand_mean };
    Ok(profit(
        demand.quantile(ratio),
        revenue,
        purchase_cost,
        salvage_value,
        holding_cost,
        stockout_cost,
        &demand,
    ))
}

fn profit(
    level: f64,
    revenue: f64,
    purchase_cost: f64,
    salvage_value: f64,
    holding_cost: f64,
    stockout_cost: f64,
    demand: &Demand,
) -> NewsvendorProfit {
    let (_, left) = demand.loss(level);
    NewsvendorProfit {
        base_stock_level: level,
        profit: (revenue - purchase_cost + stockout_cost) * level - stockout_cost * demand.mean()
            + (salvage_value - revenue - holding_cost - stockout_cost) * left,
    }
}

/// The myopic level of one period of a finite horizon (4.5.2): minimises
/// `c y + g(y) - gamma c' (y - E[D])` where `c` and `c'` are this and the next period's purchase
/// cost and `gamma` the discount factor.
///
/// # Errors
/// `invalid_params`; also when `c - gamma c'` is outside `-h..=p`, where no finite level is best.
pub fn myopic(
    holding_cost: f64,
    stockout_cost: f64,
    purchase_cost: f64,
    purchase_cost_next: f64,
    demand_mean: f64,
    demand_sd: f64,
    discount_factor: f64,
) -> Result<StockLevel> {
    positive("holding_cost", holding_cost)?;
    positive("stockout_cost", stockout_cost)?;
    let demand = normal(demand_mean, demand_sd)?;
    let net = purchase_cost - discount_factor * purchase_cost_next;
    if net.is_nan() || net < -holding_cost || net > stockout_cost {
        return Err(Error::invalid_params(format!(
            "purchase_cost - discount_factor * purchase_cost_next must be between -holding_cost \
             and stockout_cost, got {net}"
        ))
        .with("parameter", "purchase_cost"));
    }
    let level = demand.quantile((stockout_cost - net) / (stockout_cost + holding_cost));
    let cost = purchase_cost * level + expected(level, holding_cost, stockout_cost, &demand)
        - discount_factor * purchase_cost_next * (level - demand_mean);
    Ok(StockLevel { base_stock_level: level, cost })
}

//! Economic order quantities: the lot that balances a fixed cost per order against holding.
//!
//! Choose it when demand is steady and known. Cost: closed forms; discounts O(breaks).
//! Papers: Harris 1913; Snyder & Shen sections 3.2 (EOQ), 3.3 (discounts), 3.4 (joint, Silver 1976),
//! 3.5 (backorders), 3.6 (production). Difference: a fixed cost of 0 is accepted and gives a lot of 0
//! where that makes sense, instead of dividing by zero.

use crate::replenish::check::{non_negative, positive};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// An order quantity and its cost per time unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Eoq {
    /// Units per order.
    pub order_quantity: f64,
    /// Cost per time unit.
    pub cost: f64,
}

/// An order quantity with planned backorders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EoqBackorders {
    /// Units per order.
    pub order_quantity: f64,
    /// The part of demand that is backordered.
    pub stockout_fraction: f64,
    /// Cost per time unit.
    pub cost: f64,
}

/// An order quantity under quantity discounts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Discount {
    /// Units per order.
    pub order_quantity: f64,
    /// The price break in force, from 0.
    pub region: usize,
    /// Cost per time unit, purchases included.
    pub cost: f64,
}

/// Order multiples and quantities of items that share an order's fixed cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointReplenishment {
    /// Units of each item per order of that item.
    pub order_quantities: Vec<f64>,
    /// Time between joint orders.
    pub base_cycle_time: f64,
    /// Item `i` joins every `order_multiples[i]`-th order.
    pub order_multiples: Vec<u32>,
    /// Cost per time unit.
    pub cost: f64,
}

fn check(fixed_cost: f64, holding_cost: f64, demand_rate: f64) -> Result<()> {
    non_negative("fixed_cost", fixed_cost)?;
    positive("holding_cost", holding_cost)?;
    non_negative("demand_rate", demand_rate)
}

/// `amount / quantity`, where nothing to pay costs nothing even with a quantity of 0.
fn per_order(amount: f64, quantity: f64) -> f64 {
    if amount == 0.0 { 0.0 } else { amount / quantity }
}

/// The economic order quantity (Snyder & Shen 3.2).
///
/// `fixed_cost` per order (>= 0), `holding_cost` per unit and time (> 0), `demand_rate` in units per
/// time (>= 0).
///
/// # Errors
/// `invalid_params`.
///
/// ```
/// let r = mercato_forecast::replenish::policy::eoq(8.0, 0.225, 1300.0)?;
/// assert!((r.order_quantity - 304.0467800264368).abs() < 1e-9);
/// # Ok::<(), mercato_core::Error>(())
/// ```
pub fn eoq(fixed_cost: f64, holding_cost: f64, demand_rate: f64) -> Result<Eoq> {
    check(fixed_cost, holding_cost, demand_rate)?;
    let order_quantity = (2.0 * fixed_cost * demand_rate / holding_cost).sqrt();
    Ok(Eoq { order_quantity, cost: order_quantity * holding_cost })
}

/// The cost per time unit of ordering `order_quantity` (> 0) each time.
///
/// # Errors
/// `invalid_params`.
pub fn eoq_cost(
    order_quantity: f64,
    fixed_cost: f64,
    holding_cost: f64,
    demand_rate: f64,
) -> Result<f64> {
    check(fixed_cost, holding_cost, demand_rate)?;
    positive("order_quantity", order_quantity)?;
    Ok(fixed_cost * demand_rate / order_quantity + holding_cost * order_quantity / 2.0)
}

/// The order quantity when demand may wait at `stockout_cost` per unit and time (3.5).
///
/// # Errors
/// `invalid_params`.
pub fn eoq_backorders(
    fixed_cost: f64,
    holding_cost: f64,
    stockout_cost: f64,
    demand_rate: f64,
) -> Result<EoqBackorders> {
    check(fixed_cost, holding_cost, demand_rate)?;
    positive("stockout_cost", stockout_cost)?;
    let (h, p) = (holding_cost, stockout_cost);
    let order_quantity = (2.0 * fixed_cost * demand_rate * (h + p) / (h * p)).sqrt();
    Ok(EoqBackorders {
        order_quantity,
        stockout_fraction: h / (h + p),
        cost: order_quantity * (h * p) / (h + p),
    })
}

/// The cost per time unit of a given `order_quantity` (> 0) and `stockout_fraction` (0 to 1).
///
/// # Errors
/// `invalid_params`.
pub fn eoq_backorders_cost(
    order_quantity: f64,
    stockout_fraction: f64,
    fixed_cost: f64,
    holding_cost: f64,
    stockout_cost: f64,
    demand_rate: f64,
) -> Result<f64> {
    check(fixed_cost, holding_cost, demand_rate)?;
    positive("stockout_cost", stockout_cost)?;
    positive("order_quantity", order_quantity)?;
    if !(0.0..=1.0).contains(&stockout_fraction) {
        return Err(Error::invalid_params(format!(
            "stockout_fraction must be between 0 and 1, got {stockout_fraction}"
        ))
        .with("parameter", "stockout_fraction"));
    }
    Ok(holding_cost * order_quantity * (1.0 - stockout_fraction).powi(2) / 2.0
        + stockout_cost * order_quantity * stockout_fraction.powi(2) / 2.0
        + fixed_cost * demand_rate / order_quantity)
}

fn check_breaks(
    fixed_cost: f64,
    holding_cost_rate: f64,
    demand_rate: f64,
    breakpoints: &[f64],
    unit_costs: &[f64],
) -> Result<()> {
    non_negative("fixed_cost", fixed_cost)?;
    positive("holding_cost_rate", holding_cost_rate)?;
    positive("demand_rate", demand_rate)?;
    if breakpoints.first() != Some(&0.0) {
        return Err(
            Error::invalid_params("breakpoints must start with 0").with("parameter", "breakpoints")
        );
    }
    if breakpoints.iter().any(|b| !b.is_finite()) || breakpoints.windows(2).any(|w| w[0] >= w[1]) {
        return Err(Error::invalid_params(format!(
            "breakpoints must be finite and strictly increasing, got {breakpoints:?}"
        ))
        .with("parameter", "breakpoints"));
    }
    if unit_costs.len() != breakpoints.len() {
        return Err(Error::invalid_params(format!(
            "unit_costs must have one entry per breakpoint ({}), got {}",
            breakpoints.len(),
            unit_costs.len()
        ))
        .with("parameter", "unit_costs"));
    }
    unit_costs.iter().try_for_each(|&c| positive("unit_costs", c))
}

/// Whether `quantity` lies where price break `j` is in force.
fn realizable(quantity: f64, j: usize, breakpoints: &[f64]) -> bool {
    quantity >= breakpoints[j] && breakpoints.get(j + 1).is_none_or(|&next| quantity < next)
}

fn cheapest(candidates: impl Iterator<Item = Discount>) -> Result<Discount> {
    candidates
        .reduce(|best, c| if c.cost < best.cost { c } else { best })
        .ok_or_else(|| Error::infeasible("no order quantity lies inside its own price range"))
}

/// The order quantity when the price of the whole order falls at each break (3.3.1).
///
/// `breakpoints` start with 0 and increase; `unit_costs[j]` holds from `breakpoints[j]`.
/// `holding_cost_rate` is per unit of money and time.
///
/// # Errors
/// `invalid_params`.
pub fn eoq_all_units_discounts(
    fixed_cost: f64,
    holding_cost_rate: f64,
    demand_rate: f64,
    breakpoints: &[f64],
    unit_costs: &[f64],
) -> Result<Discount> {
    check_breaks(fixed_cost, holding_cost_rate, demand_rate, breakpoints, unit_costs)?;
    let candidate = |quantity: f64, j: usize| Discount {
        order_quantity: quantity,
        region: j,
        cost: unit_costs[j] * demand_rate
            + per_order(fixed_cost * demand_rate, quantity)
            + holding_cost_rate * unit_costs[j] * quantity / 2.0,
    };
    let free = (0..unit_costs.len()).filter_map(|j| {
        let q = (2.0 * fixed_cost * demand_rate / (holding_cost_rate * unit_costs[j])).sqrt();
        realizable(q, j, breakpoints).then(|| candidate(q, j))
    });
    let at_breaks = (1..breakpoints.len()).map(|j| candidate(breakpoints[j], j));
    cheapest(free.chain(at_breaks))
}

/// The order quantity when each break lowers the price of the units beyond it (3.3.2).
///
/// Parameters as in [`eoq_all_units_discounts`].
///
/// # Errors
/// `invalid_params`.
pub fn eoq_incremental_discounts(
    fixed_cost: f64,
    holding_cost_rate: f64,
    demand_rate: f64,
    breakpoints: &[f64],
    unit_costs: &[f64],
) -> Result<Discount> {
    check_breaks(fixed_cost, holding_cost_rate, demand_rate, breakpoints, unit_costs)?;
    // What an order in region j pays beyond unit_costs[j] per unit.
    let mut paid = 0.0;
    let candidates = (0..unit_costs.len()).filter_map(|j| {
        if j > 0 {
            paid += unit_costs[j - 1] * (breakpoints[j] - breakpoints[j - 1]);
        }
        let extra = paid - unit_costs[j] * breakpoints[j];
        let square = 2.0 * (fixed_cost + extra) * demand_rate / (holding_cost_rate * unit_costs[j]);
        let q = square.sqrt();
        realizable(q, j, breakpoints).then(|| Discount {
            order_quantity: q,
            region: j,
            cost: unit_costs[j] * demand_rate
                + holding_cost_rate * extra / 2.0
                + per_order((fixed_cost + extra) * demand_rate, q)
                + holding_cost_rate * unit_costs[j] * q / 2.0,
        })
    });
    cheapest(candidates)
}

/// The production lot when stock builds up at `production_rate` (> `demand_rate`) (3.6).
///
/// # Errors
/// `invalid_params`.
pub fn epq(
    fixed_cost: f64,
    holding_cost: f64,
    demand_rate: f64,
    production_rate: f64,
) -> Result<Eoq> {
    let build = build_up(fixed_cost, holding_cost, demand_rate, production_rate)?;
    let order_quantity = (2.0 * fixed_cost * demand_rate / (holding_cost * build)).sqrt();
    Ok(Eoq { order_quantity, cost: order_quantity * holding_cost * build })
}

/// The cost per time unit of production lots of `order_quantity` (> 0).
///
/// # Errors
/// `invalid_params`.
pub fn epq_cost(
    order_quantity: f64,
    fixed_cost: f64,
    holding_cost: f64,
    demand_rate: f64,
    production_rate: f64,
) -> Result<f64> {
    let build = build_up(fixed_cost, holding_cost, demand_rate, production_rate)?;
    positive("order_quantity", order_quantity)?;
    Ok(fixed_cost * demand_rate / order_quantity + holding_cost * build * order_quantity / 2.0)
}

/// The part of production that goes to stock.
fn build_up(
    fixed_cost: f64,
    holding_cost: f64,
    demand_rate: f64,
    production_rate: f64,
) -> Result<f64> {
    check(fixed_cost, holding_cost, demand_rate)?;
    positive("production_rate", production_rate)?;
    if demand_rate >= production_rate {
        return Err(Error::invalid_params(format!(
            "demand_rate must be less than the production_rate {production_rate}, got {demand_rate}"
        ))
        .with("parameter", "demand_rate"));
    }
    Ok(1.0 - demand_rate / production_rate)
}

/// Order multiples of items that share the fixed cost of an order (3.4, Silver's heuristic).
///
/// `shared_fixed_cost` per order; per item an own fixed cost (>= 0), a holding cost (> 0) and a
/// demand rate (> 0).
///
/// # Errors
/// `invalid_params`.
pub fn joint_replenishment(
    shared_fixed_cost: f64,
    individual_fixed_costs: &[f64],
    holding_costs: &[f64],
    demand_rates: &[f64],
) -> Result<JointReplenishment> {
    non_negative("shared_fixed_cost", shared_fixed_cost)?;
    individual_fixed_costs.iter().try_for_each(|&k| non_negative("individual_fixed_costs", k))?;
    holding_costs.iter().try_for_each(|&h| positive("holding_costs", h))?;
    demand_rates.iter().try_for_each(|&d| positive("demand_rates", d))?;
    let n = individual_fixed_costs.len();
    if n == 0 || holding_costs.len() != n || demand_rates.len() != n {
        return Err(Error::invalid_params(format!(
            "fixed costs, holding costs and demand rates must have the same length and at least \
             one entry, got {n}, {} and {}",
            holding_costs.len(),
            demand_rates.len()
        ))
        .with("parameter", "individual_fixed_costs"));
    }
    let ratio = |i: usize| individual_fixed_costs[i] / (holding_costs[i] * demand_rates[i]);
    let mut first = 0;
    for i in 1..n {
        if ratio(i) < ratio(first) {
            first = i;
        }
    }
    let scale = holding_costs[first] * demand_rates[first]
        / (shared_fixed_cost + individual_fixed_costs[first]);
    let order_multiples: Vec<u32> = (0..n)
        .map(|i| {
            if i == first {
                return 1;
            }
            let m = (ratio(i) * scale).sqrt();
            if m.is_finite() { (m.round_ties_even() as u32).max(1) } else { 1 }
        })
        .collect();
    let fixed = shared_fixed_cost
        + individual_fixed_costs
            .iter()
            .zip(&order_multiples)
            .map(|(k, &m)| k / f64::from(m))
            .sum::<f64>();
    let holding: f64 =
        (0..n).map(|i| holding_costs[i] * f64::from(order_multiples[i]) * demand_rates[i]).sum();
    let base_cycle_time = (2.0 * fixed / holding).sqrt();
    Ok(JointReplenishment {
        order_quantities: (0..n)
            .map(|i| base_cycle_time * f64::from(order_multiples[i]) * demand_rates[i])
            .collect(),
        base_cycle_time,
        order_multiples,
        cost: (2.0 * fixed * holding).sqrt(),
    })
}

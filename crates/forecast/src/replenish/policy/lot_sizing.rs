//! Lot sizes for demand that is known but varies from period to period.
//!
//! Wagner & Whitin's dynamic program (Management Science 1958; Snyder & Shen 3.7), exact, with running
//! sums: O(T) memory and O(T L) time, where L is the number of periods after which holding one period
//! more costs more than the best plan so far (about the longest lot). Costs may change by period. Of
//! equally cheap plans the one with the shorter first lot is given.

use crate::replenish::check::non_negative;
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// An optimal plan of lots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotSizes {
    /// Units ordered in each period.
    pub order_quantities: Vec<f64>,
    /// Total cost.
    pub cost: f64,
    /// Optimal cost from each period to the end, if an order is placed in it.
    pub cost_to_go: Vec<f64>,
    /// The period of the next order after one in each period; the horizon's length means never.
    pub next_order: Vec<usize>,
}

/// How far to step in `values` per period: 0 when one entry stands for all.
fn stride(name: &str, values: &[f64], periods: usize) -> Result<usize> {
    values.iter().try_for_each(|&v| non_negative(name, v))?;
    match values.len() {
        1 => Ok(0),
        n if n == periods => Ok(1),
        n => Err(Error::invalid_params(format!(
            "{name} must have one entry or one per period ({periods}), got {n}"
        ))
        .with("parameter", name)),
    }
}

/// The cheapest lots for `demand` (>= 0 per period).
///
/// `holding_cost` per unit and period (charged at the rate of the order's period), `fixed_cost` per
/// order and `purchase_cost` per unit have one entry for all periods or one per period.
///
/// # Errors
/// `invalid_params`.
///
/// ```
/// # use mercato_forecast::replenish::policy::wagner_whitin;
/// let plan = wagner_whitin(&[2.0], &[500.0], &[90.0, 120.0, 80.0, 70.0], &[0.0])?;
/// assert_eq!(plan.order_quantities, [210.0, 0.0, 150.0, 0.0]);
/// assert_eq!(plan.cost, 1380.0);
/// # Ok::<(), mercato_core::Error>(())
/// ```
pub fn wagner_whitin(
    holding_cost: &[f64],
    fixed_cost: &[f64],
    demand: &[f64],
    purchase_cost: &[f64],
) -> Result<LotSizes> {
    let periods = demand.len();
    if periods == 0 {
        return Err(Error::invalid_params("demand must have at least one period")
            .with("parameter", "demand"));
    }
    demand.iter().try_for_each(|&d| non_negative("demand", d))?;
    let h = stride("holding_cost", holding_cost, periods)?;
    let k = stride("fixed_cost", fixed_cost, periods)?;
    let c = stride("purchase_cost", purchase_cost, periods)?;

    // One entry more than periods while solving: nothing is left to pay after the last.
    let mut cost_to_go = vec![0.0; periods + 1];
    let mut next_order = vec![periods; periods];
    for t in (0..periods).rev() {
        let (holding, fixed) = (holding_cost[t * h], fixed_cost[t * k]);
        let purchase = purchase_cost[t * c];
        let (mut units, mut unit_periods, mut wait) = (0.0, 0.0, 0.0);
        let (mut best, mut best_next) = (f64::INFINITY, periods);
        for (i, (&d, &rest)) in demand[t..].iter().zip(&cost_to_go[t + 1..]).enumerate() {
            units += d;
            unit_periods += wait * d;
            wait += 1.0;
            let order = if units > 0.0 { fixed } else { 0.0 };
            let own = order + purchase * units + holding * unit_periods;
            let cost = own + rest;
            if cost < best {
                best = cost;
                best_next = t + 1 + i;
            }
            if own > best {
                break; // later lots only cost more in this period
            }
        }
        cost_to_go[t] = best;
        next_order[t] = best_next;
    }
    let mut order_quantities = vec![0.0; periods];
    let mut t = 0;
    while t < periods {
        order_quantities[t] = demand[t..next_order[t]].iter().sum();
        t = next_order[t];
    }
    let cost = cost_to_go[0];
    cost_to_go.truncate(periods);
    Ok(LotSizes { order_quantities, cost, cost_to_go, next_order })
}

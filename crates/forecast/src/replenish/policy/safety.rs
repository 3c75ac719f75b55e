//! Safety stock when both demand and lead time vary.
//!
//! Demand over a random lead time of independent periods has mean `mu (L + R)` and variance
//! `sigma^2 (L + R) + mu^2 sd_L^2` (Snyder & Shen 4.3.2, 5.3). Choose it for quick answers under
//! normal demand; the planner uses whole distributions instead.

use crate::replenish::check::{non_negative, positive, probability};
use crate::replenish::special::{norm_loss, norm_ppf, norm_sf};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// A safety stock and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SafetyStock {
    /// Units beyond expected demand.
    pub safety_stock: f64,
    /// Expected demand over the protection interval plus the safety stock: the reorder point under
    /// continuous review (`review_period` 0), the order-up-to level otherwise.
    pub target_level: f64,
    /// Expected demand over lead time plus review period.
    pub protection_mean: f64,
    /// Standard deviation of that demand.
    pub protection_sd: f64,
}

fn protection(
    demand_mean: f64,
    demand_sd: f64,
    lead_time: f64,
    lead_time_sd: f64,
    review_period: f64,
) -> Result<(f64, f64)> {
    non_negative("demand_mean", demand_mean)?;
    non_negative("demand_sd", demand_sd)?;
    non_negative("lead_time", lead_time)?;
    non_negative("lead_time_sd", lead_time_sd)?;
    non_negative("review_period", review_period)?;
    let span = lead_time + review_period;
    let variance = demand_sd * demand_sd * span + (demand_mean * lead_time_sd).powi(2);
    Ok((demand_mean * span, variance.sqrt()))
}

/// The safety stock that leaves no stock-out in a cycle with probability `service_level`
/// (0 < level < 1).
///
/// Demand per period, lead time (and its standard deviation) and review period share one time unit.
///
/// # Errors
/// `invalid_params`.
///
/// ```
/// # use mercato_forecast::replenish::policy::safety_stock;
/// let r = safety_stock(0.95, 50.0, 8.0, 4.0, 0.5, 0.0)?;
/// assert!((r.protection_sd - (64.0 * 4.0 + 2500.0 * 0.25f64).sqrt()).abs() < 1e-12);
/// # Ok::<(), mercato_core::Error>(())
/// ```
pub fn safety_stock(
    service_level: f64,
    demand_mean: f64,
    demand_sd: f64,
    lead_time: f64,
    lead_time_sd: f64,
    review_period: f64,
) -> Result<SafetyStock> {
    probability("service_level", service_level)?;
    let (mean, sd) = protection(demand_mean, demand_sd, lead_time, lead_time_sd, review_period)?;
    let stock = sd * norm_ppf(service_level);
    Ok(SafetyStock {
        safety_stock: stock,
        target_level: mean + stock,
        protection_mean: mean,
        protection_sd: sd,
    })
}

/// The safety stock that serves the part `fill_rate` of demand from stock when `order_quantity`
/// arrives per cycle: `E[shortage per cycle] = (1 - fill_rate) order_quantity`.
///
/// # Errors
/// `invalid_params`.
pub fn safety_stock_for_fill_rate(
    fill_rate: f64,
    order_quantity: f64,
    demand_mean: f64,
    demand_sd: f64,
    lead_time: f64,
    lead_time_sd: f64,
    review_period: f64,
) -> Result<SafetyStock> {
    probability("fill_rate", fill_rate)?;
    positive("order_quantity", order_quantity)?;
    let (mean, sd) = protection(demand_mean, demand_sd, lead_time, lead_time_sd, review_period)?;
    let target = (1.0 - fill_rate) * order_quantity;
    let stock = if sd == 0.0 {
        -target
    } else {
        // Newton on the convex, decreasing loss, from its left.
        let goal = target / sd;
        let mut z = -goal - 1.0;
        for _ in 0..200 {
            let step = (norm_loss(z) - goal) / norm_sf(z);
            z += step;
            if step.abs() <= 1e-14 * (1.0 + z.abs()) {
                break;
            }
        }
        if !z.is_finite() {
            return Err(Error::did_not_converge("no safety stock gives this fill rate"));
        }
        z * sd
    };
    Ok(SafetyStock {
        safety_stock: stock,
        target_level: mean + stock,
        protection_mean: mean,
        protection_sd: sd,
    })
}

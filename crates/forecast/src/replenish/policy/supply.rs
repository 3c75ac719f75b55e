//! When supply is uncertain: disruptions of the supplier and random yield.
//!
//! Snyder & Shen 9.2 (EOQ with disruptions, Parlar & Berkin 1991 as corrected by Berk & Arreola-Risa
//! 1994, approximation by Snyder 2014), 9.2.2 (newsvendor with disruptions), 9.3 (yield). Cost:
//! closed forms or one bisection. Difference: the EOQ with disruptions is the root of the
//! derivative rather than a golden-section search, so it is exact to rounding.

use super::eoq::Eoq;
use super::newsvendor::StockLevel;
use crate::replenish::Demand;
use crate::replenish::check::{finite, non_negative, positive, probability};
use mercato_core::{Error, Result};

struct Disruptions {
    k: f64,
    h: f64,
    p: f64,
    demand: f64,
    disruption: f64,
    recovery: f64,
}

impl Disruptions {
    fn check(&self) -> Result<()> {
        non_negative("fixed_cost", self.k)?;
        positive("holding_cost", self.h)?;
        positive("stockout_cost", self.p)?;
        positive("demand_rate", self.demand)?;
        positive("disruption_rate", self.disruption)?;
        positive("recovery_rate", self.recovery)
    }

    /// The chance that the supplier is down when a lot of `q` runs out.
    fn psi(&self, q: f64) -> f64 {
        let sum = self.disruption + self.recovery;
        self.disruption / sum * -(-sum * q / self.demand).exp_m1()
    }

    fn cost(&self, q: f64, psi: f64) -> f64 {
        let (d, mu) = (self.demand, self.recovery);
        let numerator = self.k + self.h * q * q / (2.0 * d) + self.p * d * psi / mu;
        numerator / (q / d + psi / mu)
    }

    /// A number with the sign of the cost's slope at `q`.
    fn slope(&self, q: f64) -> f64 {
        let (d, mu) = (self.demand, self.recovery);
        let psi = self.psi(q);
        let psi_slope = self.disruption / d * (-(self.disruption + mu) * q / d).exp();
        let numerator = self.k + self.h * q * q / (2.0 * d) + self.p * d * psi / mu;
        let denominator = q / d + psi / mu;
        (self.h * q / d + self.p * d * psi_slope / mu) * denominator
            - numerator * (1.0 / d + psi_slope / mu)
    }

    fn approximate(&self) -> f64 {
        let psi = self.disruption / (self.disruption + self.recovery);
        let (d, h, mu) = (self.demand, self.h, self.recovery);
        let b = psi * d * h;
        let root = (b * b + 2.0 * h * mu * (self.k * d * mu + d * d * self.p * psi)).sqrt();
        (root - b) / (h * mu)
    }
}

/// The order quantity when the supplier goes down at `disruption_rate` and comes back at
/// `recovery_rate` (both per time, exponential); unmet demand is lost at `stockout_cost` per unit.
///
/// # Errors
/// `invalid_params`.
pub fn eoq_disruptions(
    fixed_cost: f64,
    holding_cost: f64,
    stockout_cost: f64,
    demand_rate: f64,
    disruption_rate: f64,
    recovery_rate: f64,
) -> Result<Eoq> {
    let d = Disruptions {
        k: fixed_cost,
        h: holding_cost,
        p: stockout_cost,
        demand: demand_rate,
        disruption: disruption_rate,
        recovery: recovery_rate,
    };
    d.check()?;
    let guess = d.approximate();
    let (mut low, mut high) = (guess / 10.0, guess * 10.0);
    if guess == 0.0 {
        return Ok(Eoq { order_quantity: 0.0, cost: 0.0 });
    }
    while d.slope(high) < 0.0 && high < 1e300 {
        high *= 2.0;
    }
    while d.slope(low) > 0.0 && low > 1e-300 {
        low *= 0.5;
    }
    while high - low > 1e-15 * high {
        let mid = 0.5 * (low + high);
        if mid <= low || mid >= high {
            break;
        }
        if d.slope(mid) < 0.0 {
            low = mid;
        } else {
            high = mid;
        }
    }
    let q = 0.5 * (low + high);
    Ok(Eoq { order_quantity: q, cost: d.cost(q, d.psi(q)) })
}

/// The closed-form approximation of [`eoq_disruptions`] (the supplier's state forgets its past
/// within a cycle), with its own cost.
///
/// # Errors
/// `invalid_params`.
pub fn eoq_disruptions_approximate(
    fixed_cost: f64,
    holding_cost: f64,
    stockout_cost: f64,
    demand_rate: f64,
    disruption_rate: f64,
    recovery_rate: f64,
) -> Result<Eoq> {
    let d = Disruptions {
        k: fixed_cost,
        h: holding_cost,
        p: stockout_cost,
        demand: demand_rate,
        disruption: disruption_rate,
        recovery: recovery_rate,
    };
    d.check()?;
    let q = d.approximate();
    Ok(Eoq { order_quantity: q, cost: holding_cost * q })
}

/// The exact cost per time unit of any `order_quantity` (> 0) under disruptions.
///
/// # Errors
/// `invalid_params`.
pub fn eoq_disruptions_cost(
    order_quantity: f64,
    fixed_cost: f64,
    holding_cost: f64,
    stockout_cost: f64,
    demand_rate: f64,
    disruption_rate: f64,
    recovery_rate: f64,
) -> Result<f64> {
    positive("order_quantity", order_quantity)?;
    let d = Disruptions {
        k: fixed_cost,
        h: holding_cost,
        p: stockout_cost,
        demand: demand_rate,
        disruption: disruption_rate,
        recovery: recovery_rate,
    };
    d.check()?;
    Ok(d.cost(order_quantity, d.psi(order_quantity)))
}

/// The base-stock level for a constant `demand` per period when the supplier goes down with
/// `disruption_prob` and recovers with `recovery_prob` per period: a whole number of periods.
///
/// # Errors
/// `invalid_params`.
pub fn newsvendor_disruptions(
    holding_cost: f64,
    stockout_cost: f64,
    demand: f64,
    disruption_prob: f64,
    recovery_prob: f64,
) -> Result<StockLevel> {
    positive("holding_cost", holding_cost)?;
    positive("stockout_cost", stockout_cost)?;
    positive("demand", demand)?;
    probability("disruption_prob", disruption_prob)?;
    probability("recovery_prob", recovery_prob)?;
    let (a, b) = (disruption_prob, recovery_prob);
    let ratio = stockout_cost / (stockout_cost + holding_cost);
    let down = a / (a + b);
    // P(down for at most n periods) = 1 - down (1 - b)^n.
    let mut n = 0u32;
    let mut still = down;
    while 1.0 - still < ratio {
        n += 1;
        still *= 1.0 - b;
    }
    let n = f64::from(n);
    // P(down for exactly m >= 1) = down b (1 - b)^(m - 1), so the shortage beyond n is geometric.
    let mean = down / b;
    let short = still / b;
    let left = n - mean + short;
    Ok(StockLevel {
        base_stock_level: demand * (1.0 + n),
        cost: demand * (holding_cost * left + stockout_cost * short),
    })
}

/// The order quantity when an order of Q yields Q plus a random amount of `yield_mean` and
/// `yield_sd`.
///
/// # Errors
/// `invalid_params`.
pub fn eoq_additive_yield(
    fixed_cost: f64,
    holding_cost: f64,
    demand_rate: f64,
    yield_mean: f64,
    yield_sd: f64,
) -> Result<Eoq> {
    non_negative("fixed_cost", fixed_cost)?;
    positive("holding_cost", holding_cost)?;
    positive("demand_rate", demand_rate)?;
    finite("yield_mean", yield_mean)?;
    non_negative("yield_sd", yield_sd)?;
    let arrives = (2.0 * fixed_cost * demand_rate / holding_cost + yield_sd * yield_sd).sqrt();
    Ok(Eoq { order_quantity: arrives - yield_mean, cost: holding_cost * arrives })
}

/// The order quantity when an order of Q yields Q times a random factor of `yield_mean` (> 0) and
/// `yield_sd`.
///
/// # Errors
/// `invalid_params`.
pub fn eoq_multiplicative_yield(
    fixed_cost: f64,
    holding_cost: f64,
    demand_rate: f64,
    yield_mean: f64,
    yield_sd: f64,
) -> Result<Eoq> {
    non_negative("fixed_cost", fixed_cost)?;
    positive("holding_cost", holding_cost)?;
    positive("demand_rate", demand_rate)?;
    positive("yield_mean", yield_mean)?;
    non_negative("yield_sd", yield_sd)?;
    let square = yield_sd * yield_sd + yield_mean * yield_mean;
    let q = (2.0 * fixed_cost * demand_rate / (holding_cost * square)).sqrt();
    Ok(Eoq {
        order_quantity: q,
        cost: (2.0 * fixed_cost * holding_cost * demand_rate * square).sqrt() / yield_mean,
    })
}

/// The order quantity for a known `demand` when the delivery differs from it by the random amount
/// `yield_amount` (negative: less arrives).
///
/// # Errors
/// `invalid_params`.
pub fn newsvendor_additive_yield(
    holding_cost: f64,
    stockout_cost: f64,
    demand: f64,
    yield_amount: &Demand,
) -> Result<StockLevel> {
    positive("holding_cost", holding_cost)?;
    positive("stockout_cost", stockout_cost)?;
    positive("demand", demand)?;
    yield_amount.check()?;
    let short_by = yield_amount.quantile(holding_cost / (holding_cost + stockout_cost));
    if !short_by.is_finite() {
        return Err(Error::infeasible("the yield has no finite quantile at the critical ratio"));
    }
    let (over, under) = yield_amount.loss(short_by);
    Ok(StockLevel {
        base_stock_level: demand - short_by,
        cost: stockout_cost * under + holding_cost * over,
    })
}

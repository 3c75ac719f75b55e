//! (r, Q): when the inventory position falls to r, order Q. Continuous review.
//!
//! Exact for Poisson demand (Federgruen & Zheng 1992; Snyder & Shen 5.5) and for normal demand
//! (Zheng 1992: at the optimum the cost rate at r, at r + Q and on average are equal); the usual
//! approximations (5.2-5.4): expected inventory level (EIL, Whitin/Hadley), EOQ with backorders,
//! EOQ plus safety stock, and Hadley-Whitin with the loss function. Cost: microseconds. Difference:
//! the Poisson search updates the running cost in O(1) per step, and the fixed points are iterated to
//! rounding instead of a fixed tolerance.

use super::eoq::{eoq, eoq_backorders};
use crate::replenish::Demand;
use crate::replenish::check::{non_negative, positive};
use crate::replenish::special::{norm_cdf, norm_ppf};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// An (r, Q) policy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RqPolicy {
    /// r: order when the inventory position falls to it.
    pub reorder_point: f64,
    /// Q: units per order.
    pub order_quantity: f64,
    /// Cost per time unit as the method itself reckons it: exact for every method but `Eil`, whose
    /// formula ignores the stock that is short when it counts the stock on hand.
    pub cost: f64,
}

/// How to find (r, Q) under normal demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RqMethod {
    /// The true optimum.
    #[default]
    Exact,
    /// Expected-inventory-level approximation.
    Eil,
    /// Q from the EOQ with backorders, r optimal for it.
    Eoqb,
    /// Q from the EOQ, r from the newsvendor.
    Eoqss,
    /// Hadley and Whitin's fixed point on the loss function.
    LossFunction,
}

/// Normal demand during the lead time, with the two costs.
struct Rate {
    h: f64,
    p: f64,
    mu: f64,
    sigma: f64,
}

impl Rate {
    /// Cost rate g(y) of an inventory position y.
    fn g(&self, y: f64) -> f64 {
        let d = Demand::Normal { mean: self.mu, sd: self.sigma };
        super::newsvendor::expected(y, self.h, self.p, &d)
    }

    /// The integral of g from r to r + q, in closed form.
    fn integral(&self, r: f64, q: f64) -> f64 {
        let second = |y: f64| Demand::normal_second_loss(y, self.mu, self.sigma);
        // g(y) = h (y - mu) + (h + p) E[(D - y)+]; the integral of the loss is the second loss.
        let linear = self.h * q * (r + 0.5 * q - self.mu);
        linear + (self.h + self.p) * (second(r) - second(r + q))
    }

    /// The r with g(r) = g(r + q), by Newton steps inside a shrinking bracket.
    fn best_r(&self, q: f64) -> f64 {
        let level = self.mu + self.sigma * norm_ppf(self.p / (self.h + self.p));
        let (mut low, mut high) = (level - q, level); // g is convex with its minimum at `level`
        let mut r = level - q * self.h.max(self.p).recip() * self.h.min(self.p) * 0.5 - q * 0.25;
        r = r.clamp(low, high);
        for _ in 0..200 {
            let f = self.g(r + q) - self.g(r);
            if f > 0.0 {
                high = r;
            } else {
                low = r;
            }
            let z = |y: f64| norm_cdf((y - self.mu) / self.sigma);
            let slope = (self.h + self.p) * (z(r + q) - z(r));
            let mut next = r - f / slope;
            if !(next > low && next < high) {
                next = 0.5 * (low + high);
            }
            if (next - r).abs() <= 1e-15 * (r.abs() + q) || high - low <= 1e-15 * (q + r.abs()) {
                return next;
            }
            r = next;
        }
        r
    }
}

/// The cost per time unit of any (r, Q) under normal demand (the exact expression).
///
/// # Errors
/// `invalid_params`.
#[expect(clippy::too_many_arguments, reason = "the symbols of the model, in the book's order")]
pub fn rq_cost(
    reorder_point: f64,
    order_quantity: f64,
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand_mean: f64,
    demand_sd: f64,
    lead_time: f64,
) -> Result<f64> {
    positive("order_quantity", order_quantity)?;
    let rate = check(holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd, lead_time)?;
    Ok((fixed_cost * demand_mean + rate.integral(reorder_point, order_quantity)) / order_quantity)
}

fn check(
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand_mean: f64,
    demand_sd: f64,
    lead_time: f64,
) -> Result<Rate> {
    positive("holding_cost", holding_cost)?;
    positive("stockout_cost", stockout_cost)?;
    non_negative("fixed_cost", fixed_cost)?;
    positive("demand_mean", demand_mean)?;
    positive("demand_sd", demand_sd)?;
    positive("lead_time", lead_time)?;
    Ok(Rate {
        h: holding_cost,
        p: stockout_cost,
        mu: demand_mean * lead_time,
        sigma: demand_sd * lead_time.sqrt(),
    })
}

/// (r, Q) under normal demand of `demand_mean` and `demand_sd` per time unit and a constant
/// `lead_time` (> 0). `stockout_cost` is per unit and time, except for `Eil`, where it is per unit
/// backordered, as in the book.
///
/// # Errors
/// `invalid_params`; `infeasible` when `Eil` has no solution (holding an EOQ costs more than every
/// stock-out); `did_not_converge`.
pub fn rq_normal(
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand_mean: f64,
    demand_sd: f64,
    lead_time: f64,
    method: RqMethod,
) -> Result<RqPolicy> {
    let rate = check(holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd, lead_time)?;
    let (h, p, k, lambda) = (holding_cost, stockout_cost, fixed_cost, demand_mean);
    let exact_cost = |r: f64, q: f64| (k * lambda + rate.integral(r, q)) / q;
    let with_cost =
        |r: f64, q: f64| RqPolicy { reorder_point: r, order_quantity: q, cost: exact_cost(r, q) };
    if method != RqMethod::Exact {
        positive("fixed_cost", k)?;
    }
    match method {
        RqMethod::Exact => exact(&rate, k * lambda),
        RqMethod::Eoqb => {
            let q = eoq_backorders(k, h, p, lambda)?.order_quantity;
            Ok(with_cost(rate.best_r(q), q))
        }
        RqMethod::Eoqss => {
            let q = eoq(k, h, lambda)?.order_quantity;
            Ok(with_cost(rate.mu + rate.sigma * norm_ppf(p / (p + h)), q))
        }
        RqMethod::Eil => {
            let start = eoq(k, h, lambda)?.order_quantity;
            let loss = |r: f64| Demand::Normal { mean: rate.mu, sd: rate.sigma }.loss(r).0;
            let (r, q) = fixed_point(start, |q| {
                let stockout = q * h / (p * lambda);
                if stockout >= 1.0 {
                    return Err(Error::infeasible(format!(
                        "the EIL approximation has no solution: holding a lot of {q} costs more \
                         than running out of it"
                    )));
                }
                let r = rate.mu - rate.sigma * norm_ppf(stockout);
                Ok((r, (2.0 * lambda * (k + p * loss(r)) / h).sqrt()))
            })?;
            let cost = h * (r - rate.mu + q / 2.0) + k * lambda / q + p * lambda * loss(r) / q;
            Ok(RqPolicy { reorder_point: r, order_quantity: q, cost })
        }
        RqMethod::LossFunction => {
            let start = eoq(k, h, lambda)?.order_quantity;
            let (r, q) = fixed_point(start, |q| {
                let r = inverse_normal_loss(h * q / (h + p), rate.mu, rate.sigma);
                let second = Demand::normal_second_loss(r, rate.mu, rate.sigma);
                Ok((r, (2.0 * (k * lambda + (h + p) * second) / h).sqrt()))
            })?;
            Ok(with_cost(r, q))
        }
    }
}

/// Iterates `q -> (r, q)` to rounding.
fn fixed_point(start: f64, step: impl Fn(f64) -> Result<(f64, f64)>) -> Result<(f64, f64)> {
    let mut q = start;
    for _ in 0..10_000 {
        let (r, next) = step(q)?;
        if !(r.is_finite() && next.is_finite()) {
            break;
        }
        if (next - q).abs() <= 1e-12 * q {
            return Ok((r, next));
        }
        q = next;
    }
    Err(Error::did_not_converge("the order quantity kept changing after 10000 iterations"))
}

/// The x with `E[(D - x)+] = target` for normal demand.
fn inverse_normal_loss(target: f64, mean: f64, sd: f64) -> f64 {
    let d = Demand::Normal { mean, sd };
    // The loss is convex and decreasing: Newton from the left never overshoots.
    let mut x = mean - target - sd;
    for _ in 0..200 {
        let step = (d.loss(x).0 - target) / d.survival(x);
        x += step;
        if step.abs() <= 1e-15 * (sd + x.abs()) {
            break;
        }
    }
    x
}

/// Bisection on Q: g(r(Q)) grows with Q and meets the average cost at the optimum.
fn exact(rate: &Rate, setup: f64) -> Result<RqPolicy> {
    if setup == 0.0 {
        let r = rate.mu + rate.sigma * norm_ppf(rate.p / (rate.h + rate.p));
        return Ok(RqPolicy { reorder_point: r, order_quantity: 0.0, cost: rate.g(r) });
    }
    let harmonic = rate.h * rate.p / (rate.h + rate.p);
    let floor = (2.0 * setup / harmonic).sqrt(); // Zheng 1992: never below the deterministic lot
    let excess = |q: f64| {
        let r = rate.best_r(q);
        (r, rate.g(r) * q - setup - rate.integral(r, q))
    };
    let (mut low, mut high) = (floor * (1.0 - 1e-9), floor * 2.0 + rate.sigma);
    while excess(high).1 < 0.0 {
        high *= 2.0;
        if !high.is_finite() {
            return Err(Error::did_not_converge("no order quantity balances the costs"));
        }
    }
    while high - low > 1e-14 * high {
        let mid = 0.5 * (low + high);
        if mid <= low || mid >= high {
            break;
        }
        if excess(mid).1 < 0.0 {
            low = mid;
        } else {
            high = mid;
        }
    }
    let q = 0.5 * (low + high);
    let r = rate.best_r(q);
    Ok(RqPolicy { reorder_point: r, order_quantity: q, cost: (setup + rate.integral(r, q)) / q })
}

fn check_poisson(
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand_mean: f64,
    lead_time: f64,
) -> Result<Demand> {
    positive("holding_cost", holding_cost)?;
    positive("stockout_cost", stockout_cost)?;
    non_negative("fixed_cost", fixed_cost)?;
    positive("demand_mean", demand_mean)?;
    positive("lead_time", lead_time)?;
    Ok(Demand::Poisson { mean: demand_mean * lead_time })
}

/// The cost per time unit of a whole-number (r, Q) under Poisson demand.
///
/// # Errors
/// `invalid_params`.
pub fn rq_poisson_cost(
    reorder_point: i64,
    order_quantity: u32,
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand_mean: f64,
    lead_time: f64,
) -> Result<f64> {
    let d = check_poisson(holding_cost, stockout_cost, fixed_cost, demand_mean, lead_time)?;
    positive("order_quantity", f64::from(order_quantity))?;
    let sum: f64 = (1..=i64::from(order_quantity))
        .map(|i| {
            let y = (reorder_point + i) as f64;
            super::newsvendor::expected(y, holding_cost, stockout_cost, &d)
        })
        .sum();
    Ok((fixed_cost * demand_mean + sum) / f64::from(order_quantity))
}

/// The optimal whole-number (r, Q) for Poisson demand of `demand_mean` per time unit.
///
/// # Errors
/// `invalid_params`.
///
/// ```
/// # use mercato_forecast::replenish::policy::rq_poisson_exact;
/// let r = rq_poisson_exact(20.0, 150.0, 100.0, 1.5, 2.0)?;
/// assert_eq!((r.reorder_point, r.order_quantity), (3.0, 5.0));
/// # Ok::<(), mercato_core::Error>(())
/// ```
pub fn rq_poisson_exact(
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand_mean: f64,
    lead_time: f64,
) -> Result<RqPolicy> {
    let d = check_poisson(holding_cost, stockout_cost, fixed_cost, demand_mean, lead_time)?;
    let g = |y: i64| super::newsvendor::expected(y as f64, holding_cost, stockout_cost, &d);
    let level = d.quantile(stockout_cost / (stockout_cost + holding_cost)) as i64;
    // The Q cheapest positions are a run around `level`; add the cheaper neighbour while that
    // lowers the average.
    let (mut r, mut q) = (level - 1, 1i64);
    let mut sum = fixed_cost * demand_mean + g(level);
    let (mut below, mut above) = (g(r), g(r + q + 1));
    loop {
        let next = below.min(above);
        if (sum + next) / (q + 1) as f64 > sum / q as f64 {
            break;
        }
        sum += next;
        if below < above {
            r -= 1;
            below = g(r);
        } else {
            above = g(r + q + 2);
        }
        q += 1;
    }
    Ok(RqPolicy { reorder_point: r as f64, order_quantity: q as f64, cost: sum / q as f64 })
}

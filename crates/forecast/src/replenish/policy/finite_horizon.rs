//! How far to order up in each period of a finite horizon, with or without a fixed cost.
//!
//! Dynamic programming over whole-number inventory levels (Snyder & Shen 4.3.3, 4.4.3, Algorithm
//! 4.1); the result is an (s, S) pair per period. Choose it when costs or demand change over a known
//! season. Cost: O(T (X + X D)) for X levels and D demand values. Demand is rounded to whole numbers
//! and both ranges are cut where the record says. Difference: the best order-up-to level of all
//! starting levels comes from one pass of running minima instead of a search per level.

use super::eoq::eoq_backorders;
use crate::replenish::Demand;
use crate::replenish::check::{finite, non_negative, positive};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// A finite-horizon problem; vectors have one entry per period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FiniteHorizon {
    /// Per unit and period, > 0.
    pub holding_cost: Vec<f64>,
    /// Per unit and period, > 0.
    pub stockout_cost: Vec<f64>,
    /// Per unit left at the end, >= 0.
    pub terminal_holding_cost: f64,
    /// Per unit short at the end, >= 0.
    pub terminal_stockout_cost: f64,
    /// Per unit, >= 0.
    pub purchase_cost: Vec<f64>,
    /// Per order, >= 0.
    pub fixed_cost: Vec<f64>,
    /// Demand of each period.
    pub demand: Vec<Demand>,
    /// 0 < factor <= 1 per period.
    pub discount_factor: Vec<f64>,
    /// Inventory level at the start.
    pub initial_level: i64,
    /// Demand is cut at this many standard deviations around the mean; 4 by default in the books.
    pub demand_spread: f64,
    /// Levels extend this many standard deviations around the estimated (s, S); usually 5.
    pub level_spread: f64,
}

/// The optimal policy of a finite horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FiniteHorizonPolicy {
    /// s per period: order when the level is at or below it.
    pub reorder_points: Vec<i64>,
    /// S per period.
    pub order_up_to: Vec<i64>,
    /// Expected discounted cost from `initial_level`.
    pub cost: f64,
}

impl FiniteHorizon {
    fn check(&self) -> Result<()> {
        let periods = self.demand.len();
        if periods == 0 {
            return Err(Error::invalid_params("demand must have at least one period")
                .with("parameter", "demand"));
        }
        let lists: [(&str, &[f64]); 5] = [
            ("holding_cost", &self.holding_cost),
            ("stockout_cost", &self.stockout_cost),
            ("purchase_cost", &self.purchase_cost),
            ("fixed_cost", &self.fixed_cost),
            ("discount_factor", &self.discount_factor),
        ];
        for (name, list) in lists {
            if list.len() != periods {
                return Err(Error::invalid_params(format!(
                    "{name} must have one entry per period ({periods}), got {}",
                    list.len()
                ))
                .with("parameter", name));
            }
            list.iter().try_for_each(|&v| non_negative(name, v))?;
        }
        self.holding_cost.iter().try_for_each(|&v| positive("holding_cost", v))?;
        self.stockout_cost.iter().try_for_each(|&v| positive("stockout_cost", v))?;
        non_negative("terminal_holding_cost", self.terminal_holding_cost)?;
        non_negative("terminal_stockout_cost", self.terminal_stockout_cost)?;
        positive("demand_spread", self.demand_spread)?;
        positive("level_spread", self.level_spread)?;
        finite("initial_level", self.initial_level as f64)?;
        if let Some(g) = self.discount_factor.iter().find(|&&g| g <= 0.0 || g > 1.0) {
            return Err(Error::invalid_params(format!(
                "discount_factor must be greater than 0 and at most 1, got {g}"
            ))
            .with("parameter", "discount_factor"));
        }
        self.demand.iter().try_for_each(Demand::check)
    }
}

/// Levels beyond this many make a problem too fine for whole-number dynamic programming.
const MAX_LEVELS: i64 = 2_000_000;

/// Solves a finite-horizon problem.
///
/// # Errors
/// `invalid_params`; `unsupported` when the range of levels exceeds two million (use a coarser unit).
pub fn finite_horizon(problem: &FiniteHorizon) -> Result<FiniteHorizonPolicy> {
    problem.check()?;
    let p = problem;
    let periods = p.demand.len();
    let fold = |v: &[f64], f: fn(f64, f64) -> f64| v.iter().copied().fold(v[0], f);
    let means: Vec<f64> = p.demand.iter().map(Demand::mean).collect();
    let sds: Vec<f64> = p.demand.iter().map(|d| d.variance().sqrt()).collect();
    let (mean_low, mean_high) = (fold(&means, f64::min), fold(&means, f64::max));
    let sd = fold(&sds, f64::max);
    let round = f64::round_ties_even;
    let d_low = round(mean_low - p.demand_spread * sd).max(0.0);
    let d_high = round(mean_high + p.demand_spread * sd);
    let mut lot = 0.0f64;
    for t in 0..periods {
        let q = eoq_backorders(p.fixed_cost[t], p.holding_cost[t], p.stockout_cost[t], means[t])?;
        lot = lot.max(q.order_quantity);
    }
    let x_low = round(mean_low - mean_high - sd * (p.level_spread + p.demand_spread));
    let x_low = x_low.min(p.initial_level as f64);
    let mut x_high = round(mean_high + lot + sd * p.level_spread).max(p.initial_level as f64);
    loop {
        let span = x_high - x_low;
        if span.is_nan() || span >= MAX_LEVELS as f64 {
            return Err(Error::unsupported(format!(
                "the problem spans {span} inventory levels, more than {MAX_LEVELS}; use a coarser \
                 unit"
            )));
        }
        if let Some(policy) = solve(p, d_low as i64, d_high as i64, x_low as i64, x_high as i64) {
            return Ok(policy);
        }
        x_high = (2.0 * x_high).max(x_high + 64.0); // the range was too short for the best level
    }
}

fn solve(
    p: &FiniteHorizon,
    d_low: i64,
    d_high: i64,
    x_low: i64,
    x_high: i64,
) -> Option<FiniteHorizonPolicy> {
    let n = (x_high - x_low + 1) as usize;
    let periods = p.demand.len();
    let level = |i: usize| (x_low + i as i64) as f64;
    let mut next: Vec<f64> = (0..n)
        .map(|i| {
            let x = level(i);
            p.terminal_holding_cost * x.max(0.0) + p.terminal_stockout_cost * (-x).max(0.0)
        })
        .collect();
    let mut reorder_points = vec![0; periods];
    let mut order_up_to = vec![0; periods];
    let mut h = vec![0.0; n];
    let mut best_after: Vec<usize> = vec![0; n];
    for t in (0..periods).rev() {
        let demand = &p.demand[t];
        let prob: Vec<f64> = (d_low..=d_high)
            .map(|d| {
                let d = d as f64;
                if demand.is_integer() {
                    demand.pmf(d)
                } else {
                    demand.cdf(d + 0.5) - demand.cdf(d - 0.5)
                }
            })
            .collect();
        for (i, out) in h.iter_mut().enumerate() {
            let (short, left) = demand.loss(level(i));
            let mut future = 0.0;
            for (k, &q) in prob.iter().enumerate() {
                let at = i as i64 - (d_low + k as i64);
                future += q * next[at.clamp(0, n as i64 - 1) as usize];
            }
            *out = p.holding_cost[t] * left
                + p.stockout_cost[t] * short
                + p.discount_factor[t] * future;
        }
        // best_after[i]: the y >= i with the least c y + H(y), the lowest of equals.
        let price = p.purchase_cost[t];
        let reach = |y: usize| price * level(y) + h[y];
        best_after[n - 1] = n - 1;
        for i in (0..n - 1).rev() {
            let later = best_after[i + 1];
            best_after[i] = if reach(i) <= reach(later) { i } else { later };
        }
        let target = |i: usize| -> usize {
            if i + 1 == n {
                return i;
            }
            let y = best_after[i + 1];
            let order = price * (level(y) - level(i)) + p.fixed_cost[t] + h[y];
            if order < h[i] { y } else { i }
        };
        for (i, out) in next.iter_mut().enumerate() {
            let y = target(i);
            if y == n - 1 && i < n - 1 {
                return None;
            }
            *out = h[y] + if y > i { price * (level(y) - level(i)) + p.fixed_cost[t] } else { 0.0 };
        }
        let top = target(0);
        let mut s = 0;
        while s + 1 < n && target(s + 1) == top {
            s += 1;
        }
        order_up_to[t] = x_low + top as i64;
        reorder_points[t] = x_low + s as i64;
    }
    let cost = next[(p.initial_level - x_low) as usize];
    Some(FiniteHorizonPolicy { reorder_points, order_up_to, cost })
}

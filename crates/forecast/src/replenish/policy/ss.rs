//! (s, S): when the inventory position is at or below s, order up to S.
//!
//! Optimal for periodic review with a fixed cost per order. Exact for any demand on whole numbers
//! by Zheng & Federgruen's search (Operations Research 1991; Snyder & Shen 4.4.3); the power
//! approximation (Ehrhardt & Mosier 1984; 4.4.4) for the rest. Difference: renewal probabilities
//! and one-period costs are tabulated once and the average cost of a neighbouring `s` follows in
//! O(1), so the search costs O((S - s)^2) in all instead of O((S - s)^2) per policy tried; a lead
//! time is accepted (one-period costs then use demand over lead time + 1 periods).

use crate::replenish::Demand;
use crate::replenish::check::{non_negative, positive};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// An (s, S) policy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SsPolicy {
    /// s: order when the inventory position is at or below it.
    pub reorder_point: f64,
    /// S: order up to it.
    pub order_up_to: f64,
    /// Expected cost per period; absent when the method does not give one.
    pub cost: Option<f64>,
}

/// Cost tables of one problem, grown as the search needs them.
struct Tables {
    fixed_cost: f64,
    holding: f64,
    stockout: f64,
    /// Mean of demand over the protection interval, and its loss function from `loss_first` on.
    mean: f64,
    loss_first: i64,
    loss: Vec<f64>,
    /// One period's pmf from 0.
    pmf: Vec<f64>,
    /// Expected visits m_j to `S - j` in one cycle.
    visits: Vec<f64>,
}

impl Tables {
    fn new(
        holding: f64,
        stockout: f64,
        fixed_cost: f64,
        demand: &Demand,
        lead_time: u32,
    ) -> Result<Self> {
        positive("holding_cost", holding)?;
        positive("stockout_cost", stockout)?;
        non_negative("fixed_cost", fixed_cost)?;
        demand.check()?;
        let lattice = |d: &Demand| {
            d.lattice(1e-16).ok_or_else(|| {
                Error::unsupported(
                    "an exact (s, S) policy needs demand in whole numbers below 10 million; use \
                     the power approximation",
                )
            })
        };
        let (first, one) = lattice(demand)?;
        if first < 0.0 {
            return Err(Error::invalid_params(format!("demand must not be negative, got {first}"))
                .with("parameter", "demand"));
        }
        let mut pmf = vec![0.0; first as usize];
        pmf.extend(one);
        if pmf[0] >= 1.0 {
            return Err(Error::invalid_params("demand must not be 0 for certain")
                .with("parameter", "demand"));
        }
        let span = demand.over(f64::from(lead_time) + 1.0)?;
        let (loss_first, span_pmf) = lattice(&span)?;
        // L(k) = L(k + 1) + P(D > k), from the top: no cancellation.
        let mut loss = vec![0.0; span_pmf.len()];
        let (mut above, mut sum) = (0.0, 0.0);
        for k in (0..span_pmf.len()).rev() {
            sum += above;
            loss[k] = sum;
            above += span_pmf[k];
        }
        let visits = vec![1.0 / (1.0 - pmf[0])];
        let mean = span.mean();
        let loss_first = loss_first as i64;
        Ok(Self { fixed_cost, holding, stockout, mean, loss_first, loss, pmf, visits })
    }

    /// One-period expected cost G(y).
    fn one_period(&self, y: i64) -> f64 {
        let short = if y < self.loss_first {
            self.mean - y as f64
        } else {
            self.loss.get((y - self.loss_first) as usize).copied().unwrap_or(0.0)
        };
        self.holding * (y as f64 - self.mean + short) + self.stockout * short
    }

    fn visit(&mut self, j: usize) -> f64 {
        while self.visits.len() <= j {
            let k = self.visits.len();
            let reach = k.min(self.pmf.len() - 1);
            let sum: f64 = (1..=reach).map(|l| self.pmf[l] * self.visits[k - l]).sum();
            self.visits.push(self.visits[0] * sum);
        }
        self.visits[j]
    }

    /// Numerator and denominator of the average cost of (s, S).
    fn parts(&mut self, s: i64, upto: i64) -> (f64, f64) {
        let (mut cost, mut periods) = (self.fixed_cost, 0.0);
        for j in 0..(upto - s) as usize {
            let m = self.visit(j);
            cost += m * self.one_period(upto - j as i64);
            periods += m;
        }
        (cost, periods)
    }
}

/// The optimal (s, S) for demand on whole numbers, with an order arriving `lead_time` periods after
/// the review that placed it (0: in time for the same period's demand).
///
/// `holding_cost` and `stockout_cost` per unit and period, `fixed_cost` per order. Of equally cheap
/// policies the search's first is given.
///
/// # Errors
/// `invalid_params`; `unsupported` for demand that is not in whole numbers.
pub fn ss_discrete_exact(
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand: &Demand,
    lead_time: u32,
) -> Result<SsPolicy> {
    let mut t = Tables::new(holding_cost, stockout_cost, fixed_cost, demand, lead_time)?;
    let ratio = stockout_cost / (stockout_cost + holding_cost);
    let start = demand.over(f64::from(lead_time) + 1.0)?.quantile(ratio) as i64;

    let mut upto = start;
    let mut s = start;
    let (mut cost, mut periods) = (fixed_cost, 0.0);
    // Walk s down until ordering at s is no dearer than waiting in s.
    loop {
        let m = t.visit((upto - s) as usize);
        cost += m * t.one_period(s);
        periods += m;
        s -= 1;
        if cost / periods <= t.one_period(s) {
            break;
        }
    }
    let mut best = cost / periods;
    let mut candidate = upto + 1;
    while t.one_period(candidate) <= best {
        let (mut cost, mut periods) = t.parts(s, candidate);
        if cost / periods < best {
            upto = candidate;
            while s + 1 < upto && cost / periods <= t.one_period(s + 1) {
                s += 1;
                let m = t.visit((upto - s) as usize);
                cost -= m * t.one_period(s);
                periods -= m;
            }
            // Once more without the subtractions' rounding.
            (cost, periods) = t.parts(s, upto);
            best = cost / periods;
        }
        candidate += 1;
    }
    Ok(SsPolicy { reorder_point: s as f64, order_up_to: upto as f64, cost: Some(best) })
}

/// [`ss_discrete_exact`] for Poisson demand of `demand_mean` per period and no lead time.
///
/// # Errors
/// `invalid_params`.
///
/// ```
/// # use mercato_forecast::replenish::policy::ss_poisson_exact;
/// let r = ss_poisson_exact(1.0, 4.0, 5.0, 6.0)?;
/// assert_eq!((r.reorder_point, r.order_up_to), (4.0, 10.0));
/// # Ok::<(), mercato_core::Error>(())
/// ```
pub fn ss_poisson_exact(
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand_mean: f64,
) -> Result<SsPolicy> {
    positive("demand_mean", demand_mean)?;
    let demand = Demand::Poisson { mean: demand_mean };
    ss_discrete_exact(holding_cost, stockout_cost, fixed_cost, &demand, 0)
}

/// The expected cost per period of any (s, S) with s < S under demand on whole numbers.
///
/// # Errors
/// `invalid_params`, `unsupported`.
pub fn ss_cost(
    reorder_point: i64,
    order_up_to: i64,
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand: &Demand,
    lead_time: u32,
) -> Result<f64> {
    if reorder_point >= order_up_to || order_up_to.abs_diff(reorder_point) > 10_000_000 {
        return Err(Error::invalid_params(format!(
            "reorder_point must be below order_up_to {order_up_to} by at most 10 million, got \
             {reorder_point}"
        ))
        .with("parameter", "reorder_point"));
    }
    let mut t = Tables::new(holding_cost, stockout_cost, fixed_cost, demand, lead_time)?;
    let (cost, periods) = t.parts(reorder_point, order_up_to);
    Ok(cost / periods)
}

/// The power approximation of the optimal (s, S) from two moments of demand per period.
///
/// # Errors
/// `invalid_params`.
pub fn ss_power_approximation(
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand_mean: f64,
    demand_sd: f64,
) -> Result<SsPolicy> {
    positive("holding_cost", holding_cost)?;
    positive("stockout_cost", stockout_cost)?;
    positive("fixed_cost", fixed_cost)?;
    positive("demand_mean", demand_mean)?;
    positive("demand_sd", demand_sd)?;
    let q = 1.3
        * demand_mean.powf(0.494)
        * (fixed_cost / holding_cost).powf(0.506)
        * (1.0 + (demand_sd / demand_mean).powi(2)).powf(0.116);
    let z = (q / demand_sd * (holding_cost / stockout_cost)).sqrt();
    let s = 0.973 * demand_mean + demand_sd * (0.183 / z + 1.063 - 2.192 * z);
    Ok(SsPolicy { reorder_point: s, order_up_to: s + q, cost: None })
}

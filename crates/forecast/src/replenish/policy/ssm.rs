//! Stochastic service: echelon base-stock levels of a serial chain.
//!
//! Clark & Scarf's decomposition (Management Science 1960; Snyder & Shen 6.2, after Chen & Zheng
//! 1994): each stage, from the customer upwards, solves a newsvendor whose penalty is what its own
//! shortage costs the stages below. Choose it when backorders anywhere wait and each stage may order
//! in every period.
//!
//! [`ssm_serial`] discretises levels and lead-time demand on grids, as the books' software does.
//! [`SerialSystem::certify`] instead brackets the truth: lead-time demand is replaced by lattice
//! variables above and below it in convex order, so the two lattice problems, which are solved
//! exactly, bound the optimal cost from above and below, and the upper one's levels come with a
//! guaranteed gap of order (step / sd)^2. Cost: O(N X D) for X levels and D demand values.

use crate::replenish::Demand;
use crate::replenish::check::{non_negative, positive};
use crate::replenish::special::{norm_cdf, norm_ppf};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// A serial chain; vectors follow the flow of goods (supplier first, customer-facing stage last).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SerialSystem {
    /// Echelon holding cost of each stage: its own minus its supplier's, >= 0.
    pub echelon_holding_cost: Vec<f64>,
    /// Lead time from the supplier to each stage, >= 0.
    pub lead_time: Vec<f64>,
    /// Cost per unit and period of demand waiting at the last stage.
    pub stockout_cost: f64,
    /// Demand per period at the last stage.
    pub demand: Demand,
}

/// The grids of [`ssm_serial`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SerialGrid {
    /// Steps between the lowest and highest inventory level; default 1000.
    pub levels: usize,
    /// Steps between the lowest and highest lead-time demand; default 100.
    pub demands: usize,
    /// Tails are cut at this many standard deviations of a normal variable; default 4.
    pub spread: f64,
}

impl Default for SerialGrid {
    fn default() -> Self {
        Self { levels: 1000, demands: 100, spread: 4.0 }
    }
}

/// Echelon base-stock levels of a chain, supplier first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SerialPolicy {
    /// Order up to this inventory position of the stage and everything below it.
    pub echelon_base_stock: Vec<f64>,
    /// The same policy as levels of each stage's own position.
    pub local_base_stock: Vec<f64>,
    /// Expected cost per period.
    pub cost: f64,
}

/// A policy whose distance from the optimum is proven (to floating-point rounding).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CertifiedSerial {
    /// The policy; its `cost` is `upper_bound`.
    pub policy: SerialPolicy,
    /// The policy's true cost is at most this.
    pub upper_bound: f64,
    /// No policy costs less than this.
    pub lower_bound: f64,
    /// `(upper_bound - lower_bound) / lower_bound`.
    pub gap: f64,
}

impl SerialSystem {
    fn check(&self) -> Result<()> {
        let n = self.echelon_holding_cost.len();
        if n == 0 || self.lead_time.len() != n {
            return Err(Error::invalid_params(format!(
                "a chain needs as many lead times as holding costs and at least one, got {} and {n}",
                self.lead_time.len()
            ))
            .with("parameter", "lead_time"));
        }
        self.echelon_holding_cost
            .iter()
            .try_for_each(|&h| non_negative("echelon_holding_cost", h))?;
        self.lead_time.iter().try_for_each(|&l| non_negative("lead_time", l))?;
        positive("total lead time", self.lead_time.iter().sum())?;
        non_negative("stockout_cost", self.stockout_cost)?;
        self.demand.check()
    }

    /// Customer-side first, as the recursion runs.
    fn upwards(&self) -> (Vec<f64>, Vec<f64>) {
        let reversed = |v: &[f64]| v.iter().rev().copied().collect();
        (reversed(&self.echelon_holding_cost), reversed(&self.lead_time))
    }

    fn policy(mut levels: Vec<f64>, cost: f64) -> SerialPolicy {
        // Levels come customer first. A stage's effective level is never above its supplier's.
        let mut effective = levels.clone();
        for j in (0..levels.len().saturating_sub(1)).rev() {
            effective[j] = effective[j].min(effective[j + 1]);
        }
        let mut local: Vec<f64> = (0..levels.len())
            .map(|j| effective[j] - if j > 0 { effective[j - 1] } else { 0.0 })
            .collect();
        levels.reverse();
        local.reverse();
        SerialPolicy { echelon_base_stock: levels, local_base_stock: local, cost }
    }

    /// Levels within a proven relative gap of the optimum.
    ///
    /// `resolution` (10 to 2000, usually 100) is the number of lattice steps per standard deviation
    /// of demand over the whole chain; the gap falls with its square. Whole-number demand uses steps
    /// of one unit and is exact up to rounding.
    ///
    /// # Errors
    /// `invalid_params`; `unsupported` for demand that is neither normal nor in whole numbers.
    pub fn certify(&self, resolution: u32) -> Result<CertifiedSerial> {
        self.check()?;
        if !(10..=2000).contains(&resolution) {
            return Err(Error::invalid_params(format!(
                "resolution must be in 10..=2000, got {resolution}"
            ))
            .with("parameter", "resolution"));
        }
        let (h, lead) = self.upwards();
        let spans: Vec<Option<Demand>> = lead
            .iter()
            .map(|&l| if l == 0.0 { Ok(None) } else { self.demand.over(l).map(Some) })
            .collect::<Result<_>>()?;
        let bounds = |side: Side| -> Result<(Vec<f64>, f64)> {
            let total: f64 = lead.iter().sum();
            let step = match &self.demand {
                Demand::Normal { sd, .. } => sd * total.sqrt() / f64::from(resolution),
                _ => 1.0,
            };
            let lattices: Vec<(i64, Vec<f64>)> =
                spans.iter().map(|d| lattice(d.as_ref(), step, side)).collect::<Result<_>>()?;
            Ok(solve_lattice(&h, self.stockout_cost, &lattices, step))
        };
        let (levels, upper_bound) = bounds(Side::Above)?;
        let (_, lower_bound) = bounds(Side::Below)?;
        Ok(CertifiedSerial {
            policy: Self::policy(levels, upper_bound),
            upper_bound,
            lower_bound,
            gap: (upper_bound - lower_bound).max(0.0) / lower_bound,
        })
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Above,
    Below,
}

/// A lattice variable above or below `demand` in convex order: `(first multiple of step, pmf)`.
fn lattice(demand: Option<&Demand>, step: f64, side: Side) -> Result<(i64, Vec<f64>)> {
    let Some(demand) = demand else { return Ok((0, vec![1.0])) };
    let Demand::Normal { mean, sd } = *demand else {
        let (first, pmf) = demand.lattice(1e-16).ok_or_else(|| {
            Error::unsupported("a certificate needs normal demand or demand in whole numbers")
        })?;
        return Ok((first as i64, pmf));
    };
    if side == Side::Above {
        return Ok(split(mean, sd, step));
    }
    // A smaller normal variable, split onto the lattice, must stay below the true one: its loss
    // function, linear between lattice points, may nowhere exceed the true loss.
    let truth = Demand::Normal { mean, sd };
    for share in [0.252, 0.26, 0.28, 0.3, 0.35, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 4.0, 8.0] {
        let variance = sd * sd - share * step * step;
        if variance <= 0.0 {
            break;
        }
        let small = Demand::Normal { mean, sd: variance.sqrt() };
        let (low, high) =
            (((mean - 9.0 * sd) / step).floor() as i64, ((mean + 9.0 * sd) / step).ceil() as i64);
        let fits = (low..high).all(|k| {
            let (a, b) = (k as f64 * step, (k + 1) as f64 * step);
            let (ga, gb) = (small.loss(a).0, small.loss(b).0);
            let slope = (gb - ga) / step;
            let touch = (mean + sd * norm_ppf((1.0 + slope).clamp(0.0, 1.0))).clamp(a, b);
            truth.loss(touch).0 - (ga + slope * (touch - a)) >= -1e-14 * sd
        });
        if fits {
            return Ok(split(mean, variance.sqrt(), step));
        }
    }
    Err(Error::invalid_params(
        "the lattice is too coarse for the shortest lead time; raise the resolution",
    )
    .with("parameter", "resolution"))
}

/// A normal variable with its mass moved to the neighbouring lattice points, mean preserved: the
/// second differences of the loss function.
fn split(mean: f64, sd: f64, step: f64) -> (i64, Vec<f64>) {
    let d = Demand::Normal { mean, sd };
    let low = ((mean - 9.0 * sd) / step).floor() as i64;
    let high = ((mean + 9.0 * sd) / step).ceil() as i64;
    // Below the mean the surplus side has the small numbers, above it the shortage side.
    let part = |k: i64| {
        let x = |i: i64| d.loss(i as f64 * step);
        let (a, b, c) = (x(k - 1), x(k), x(k + 1));
        let second =
            if (k as f64) * step < mean { a.1 - 2.0 * b.1 + c.1 } else { a.0 - 2.0 * b.0 + c.0 };
        (second / step).max(0.0)
    };
    (low, (low..=high).map(part).collect())
}

/// Exact solution of the chain when lead-time demands live on a lattice. Levels customer first.
fn solve_lattice(h: &[f64], p: f64, lattices: &[(i64, Vec<f64>)], step: f64) -> (Vec<f64>, f64) {
    let sum_h: f64 = h.iter().sum();
    let low_sum: i64 = lattices.iter().map(|(first, _)| (*first).min(0)).sum();
    let high_sum: i64 = lattices.iter().map(|(f, pmf)| (f + pmf.len() as i64 - 1).max(0)).sum();
    let x_low = low_sum - high_sum - 2;
    let x_high = high_sum + 2;
    let n = (x_high - x_low + 1) as usize;
    let x = |i: usize| (x_low + i as i64) as f64 * step;
    // The cost handed to the next stage up, its slope below the grid, and its value above it.
    let mut induced: Vec<f64> = (0..n).map(|i| (p + sum_h) * (-x(i)).max(0.0)).collect();
    let mut slope = -(p + sum_h);
    let mut levels = Vec::new();
    let mut best_cost = 0.0;
    let mut cost = vec![0.0; n];
    for (j, (first, pmf)) in lattices.iter().enumerate() {
        let own: Vec<f64> = (0..n).map(|i| h[j] * x(i) + induced[i]).collect();
        let own_slope = h[j] + slope;
        for (i, out) in cost.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (k, &q) in pmf.iter().enumerate() {
                let at = i as i64 - first - k as i64;
                let value = if at < 0 {
                    own[0] + own_slope * step * at as f64
                } else if at >= n as i64 {
                    own[n - 1] + h[j] * step * (at - n as i64 + 1) as f64
                } else {
                    own[at as usize]
                };
                sum += q * value;
            }
            *out = sum;
        }
        let best = (0..n).fold(0, |b, i| if cost[i] < cost[b] { i } else { b });
        best_cost = cost[best];
        levels.push(x(best));
        for i in 0..n {
            induced[i] = cost[i.min(best)];
        }
        slope = own_slope;
    }
    (levels, best_cost)
}

/// Optimal echelon base-stock levels on the books' grids: levels and cost agree with published
/// solutions computed in the same way, but carry their discretisation error (about 1e-3); see
/// [`SerialSystem::certify`] for bounds.
///
/// # Errors
/// `invalid_params`; `unsupported` when demand cannot be added up over the lead times.
pub fn ssm_serial(system: &SerialSystem, grid: &SerialGrid) -> Result<SerialPolicy> {
    system.check()?;
    positive("spread", grid.spread)?;
    if grid.levels < 2 || grid.demands < 2 || grid.levels > 1_000_000 || grid.demands > 100_000 {
        return Err(Error::invalid_params(format!(
            "a grid needs 2..=1000000 levels and 2..=100000 demands, got {} and {}",
            grid.levels, grid.demands
        ))
        .with("parameter", "grid"));
    }
    let (h, lead) = system.upwards();
    let p = system.stockout_cost;
    let mu = system.demand.mean();
    let sum_h: f64 = h.iter().sum();
    let tail = 1.0 - norm_cdf(grid.spread);
    let whole = system.demand.is_integer();
    let ends = |d: &Demand| -> (f64, f64) {
        match d {
            Demand::Normal { .. } => (d.quantile(tail), d.quantile(1.0 - tail)),
            Demand::Discrete { values, .. } => (values[0] - 1.0, values[values.len() - 1]),
            Demand::Poisson { .. } | Demand::NegativeBinomial { .. } => {
                (-1.0, d.quantile(1.0 - tail))
            }
            _ => (d.quantile(0.0), d.quantile(1.0 - tail)),
        }
    };
    let (sum_low, sum_high) = ends(&system.demand.over(lead.iter().sum())?);
    let mut x_low = sum_low - sum_high;
    let (step, count) = if whole {
        x_low = x_low.round_ties_even();
        (1.0, (sum_high - x_low).round_ties_even() as usize)
    } else {
        ((sum_high - x_low) / grid.levels as f64, grid.levels)
    };
    if count > 10_000_000 {
        return Err(Error::unsupported("the chain's demand spans too many whole numbers"));
    }
    let x = |i: f64| i * step + x_low;
    let x_high = x(count as f64);
    let extension = (sum_high / step).ceil();
    let nearest = |v: f64| ((v - x_low) / step + 0.5).floor();

    let n = count + 1;
    let mut induced: Vec<f64> = (0..n).map(|i| (p + sum_h) * (-x(i as f64)).max(0.0)).collect();
    let mut levels = Vec::new();
    let mut best_cost = 0.0;
    let mut cost = vec![0.0; n];
    for j in 0..h.len() {
        let own: Vec<f64> = (0..n).map(|i| h[j] * x(i as f64) + induced[i]).collect();
        let before: f64 = lead[..j].iter().sum();
        // Far below zero every stage is short, and the cost is this line.
        let below = |v: f64| {
            let mut line = -(p + sum_h) * (v - mu * before);
            for (i, hi) in h[..=j].iter().enumerate() {
                line += hi * (v - mu * lead[i..j].iter().sum::<f64>());
            }
            line
        };
        let masses = demand_grid(&system.demand, lead[j], grid.demands, whole, &ends)?;
        for (i, out) in cost.iter_mut().enumerate() {
            let y = x(i as f64);
            let mut sum = 0.0;
            for &(d, mass) in &masses {
                let v = y - d;
                let value = if v < x_low {
                    below(x(nearest(v).max(-extension)))
                } else {
                    debug_assert!(v <= x_high);
                    own[(nearest(v).max(0.0) as usize).min(n - 1)]
                };
                sum += mass * value;
            }
            *out = sum;
        }
        let best = (0..n).fold(0, |b, i| if cost[i] < cost[b] { i } else { b });
        best_cost = cost[best];
        levels.push(x(best as f64));
        for i in 0..n {
            induced[i] = cost[i.min(best)];
        }
    }
    Ok(SerialSystem::policy(levels, best_cost))
}

/// Lead-time demand on a grid: midpoints and the mass around each.
fn demand_grid(
    demand: &Demand,
    lead: f64,
    steps: usize,
    whole: bool,
    ends: &impl Fn(&Demand) -> (f64, f64),
) -> Result<Vec<(f64, f64)>> {
    if lead == 0.0 {
        return Ok(vec![(0.0, 1.0)]);
    }
    let span = demand.over(lead)?;
    let (low, high) = ends(&span);
    let mut low = low.max(0.0);
    let high = high.max(low);
    let (step, count) = if whole {
        low = low.round_ties_even();
        (1.0, (high - low).round_ties_even() as usize)
    } else if high > low {
        ((high - low) / steps as f64, steps)
    } else {
        (1.0, 0)
    };
    let at = |i: f64| i * step + low;
    let grid: Vec<f64> = (0..=count)
        .map(|i| i as f64)
        .filter(|&i| {
            let upper = if i as usize == count { 1.0 } else { span.cdf(at(i + 0.5)) };
            upper > if i > 0.0 { span.cdf(at(i - 0.5)) } else { 0.0 }
        })
        .map(at)
        .collect();
    let last = grid.len().saturating_sub(1);
    Ok(grid
        .iter()
        .enumerate()
        .map(|(i, &d)| {
            let upper = if i == last { 1.0 } else { span.cdf(d + 0.5 * step) };
            let lower = if i == 0 { 0.0 } else { span.cdf(d - 0.5 * step) };
            (d, upper - lower)
        })
        .collect())
}

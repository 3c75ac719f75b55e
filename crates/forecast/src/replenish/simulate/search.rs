//! Policy search by simulation: good (s, S) levels without a model to solve.
//!
//! Random search over a box finds promising corners cheaply; from the best few, a pattern search on
//! whole numbers with shrinking steps follows the simulated cost. All candidates see the same random
//! demand (common random numbers), so differences are far less noisy than costs, and each stage
//! simulates more periods than the one before. Choose it when no exact method covers the case (lost
//! sales, random lead times, review periods). Cost: the periods in the budget, about 10 ns each.
//!
//! Near the optimum neighbouring policies differ by some 1e-5 of the cost, which no affordable
//! simulation resolves. Where the node is one whose cost has a formula (whole-number demand,
//! backorders, a fixed lead time, review in every period), the last comparisons therefore use the
//! formula as a perfect control variate: [`Finish::Exact`]. [`Finish::Simulated`] never does.

use super::{LeadTime, Simulation, StockNode, StockPolicy, Unmet};
use crate::replenish::policy::ss_cost;
use mercato_core::{Error, Result, Run};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How hard to search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySearch {
    /// Random policies tried first; default 200.
    pub samples: u32,
    /// How many of the best are refined; default 6.
    pub starts: u32,
    /// Periods simulated per policy in the last stage; the first stages use 1/100 and 1/10 of it.
    /// Default 1,000,000.
    pub periods: u64,
    /// Policies within this many units in s and S of the best are compared at the end, the best
    /// eight of them over ten times as many periods; default 3.
    pub polish: u32,
    /// How the last comparisons are made; default exact where a formula exists.
    pub finish: Finish,
}

/// How the closest rivals of a search are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// By exact cost where the node has one, otherwise by simulation.
    #[default]
    Exact,
    /// By simulation.
    Simulated,
}

impl Default for PolicySearch {
    fn default() -> Self {
        Self { samples: 200, starts: 6, periods: 1_000_000, polish: 3, finish: Finish::default() }
    }
}

/// Exact cost per period of (s, S) at `node`, where there is a formula.
fn exact_cost(node: &StockNode, (s, upto): (i64, i64)) -> Option<f64> {
    let (LeadTime::Fixed(lead), Some(demand)) = (&node.lead_time, &node.demand) else {
        return None;
    };
    let plain = node.unmet == Unmet::Backorder && node.review_period == 1;
    if !plain || node.in_transit_cost != 0.0 {
        return None;
    }
    let (h, p, k) = (node.holding_cost, node.stockout_cost, node.fixed_cost);
    ss_cost(s, upto, h, p, k, demand, *lead).ok()
}

/// The best (s, S) within reach by exact cost, from `start` on: a walk over neighbourhoods.
fn exact_descent(node: &StockNode, start: (i64, i64), reach: i64) -> Option<((i64, i64), f64)> {
    let mut best = (start, exact_cost(node, start)?);
    loop {
        let from = best.0;
        for a in -reach..=reach {
            for b in -reach..=reach {
                let at = (from.0 + a, from.1 + b);
                if at.0 < at.1
                    && let Some(cost) = exact_cost(node, at)
                    && cost < best.1
                {
                    best = (at, cost);
                }
            }
        }
        if best.0 == from {
            return Some(best);
        }
    }
}

/// The best policy found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchResult {
    /// s.
    pub reorder_point: i64,
    /// S.
    pub order_up_to: i64,
    /// Cost per period, simulated or exact as the last comparison was.
    pub cost: f64,
    /// Policies simulated.
    pub evaluations: u64,
}

struct Bench<'a> {
    node: &'a StockNode,
    run: &'a Run,
    seen: HashMap<(i64, i64, u64), f64>,
}

impl Bench<'_> {
    /// Costs of all these policies over `periods`, on common demand.
    fn costs(&mut self, policies: &[(i64, i64)], periods: u64) -> Result<Vec<f64>> {
        let mut new: Vec<(i64, i64)> = policies
            .iter()
            .copied()
            .filter(|p| !self.seen.contains_key(&(p.0, p.1, periods)))
            .collect();
        new.sort_unstable();
        new.dedup();
        // Replications share streams across policies; each policy is its own simulation.
        let one = |&(s, upto): &(i64, i64)| -> Result<f64> {
            let policy = StockPolicy::Ss { reorder_point: s as f64, order_up_to: upto as f64 };
            let node = StockNode { policy, initial_stock: None, ..self.node.clone() };
            let network = super::engine::Network::new(std::slice::from_ref(&node));
            let totals = network.simulate(&mut self.run.rng(0), periods, 100, self.run)?;
            Ok(totals[0].cost(&node) / periods as f64)
        };
        let costs: Vec<f64> =
            self.run.install(|| new.par_iter().map(one).collect::<Result<_>>())??;
        for (p, c) in new.iter().zip(costs) {
            self.seen.insert((p.0, p.1, periods), c);
        }
        Ok(policies.iter().map(|p| self.seen[&(p.0, p.1, periods)]).collect())
    }
}

impl PolicySearch {
    /// Validates the parameters.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        if self.samples == 0 || self.starts == 0 || self.periods < 1000 || self.polish > 1000 {
            return Err(Error::invalid_params(format!(
                "samples and starts must be at least 1, periods at least 1000 and polish at most \
                 1000, got {}, {}, {} and {}",
                self.samples, self.starts, self.periods, self.polish
            ))
            .with("parameter", "periods"));
        }
        Ok(())
    }

    /// Searches (s, S) for a single node; its own policy and initial stock are ignored.
    ///
    /// # Errors
    /// `invalid_params`; `cancelled`; `deadline_exceeded`.
    pub fn ss(&self, node: &StockNode, run: &Run) -> Result<SearchResult> {
        self.check()?;
        let Some(demand) = &node.demand else {
            return Err(Error::invalid_params("a node without demand has no policy to search")
                .with("parameter", "demand"));
        };
        let probe = StockNode { supplier: None, initial_stock: None, ..node.clone() };
        Simulation { items: vec![vec![probe.clone()]], ..Simulation::default() }.check()?;
        let lead = match &probe.lead_time {
            super::LeadTime::Fixed(l) => f64::from(*l),
            super::LeadTime::Random { probabilities } => {
                probabilities.iter().enumerate().map(|(k, p)| k as f64 * p).sum()
            }
        };
        let span = lead + f64::from(probe.review_period);
        let (mean, sd) = (demand.mean() * span, (demand.variance() * span).sqrt());
        let lot = (2.0 * probe.fixed_cost * demand.mean() / probe.holding_cost.max(1e-9)).sqrt();
        let (low, high) = (mean - 3.0 * sd - demand.mean() - 1.0, mean + 4.0 * sd + 1.0);
        let widest = 2.5 * lot + 2.0 * sd + 2.0;

        let mut bench = Bench { node: &probe, run, seen: HashMap::new() };
        let mut rng = run.rng(u64::MAX);
        let draws: Vec<(i64, i64)> = (0..self.samples)
            .map(|_| {
                let s = (low + rng.unit() * (high - low)).floor() as i64;
                (s, s + 1 + (rng.unit() * widest) as i64)
            })
            .collect();
        let costs = bench.costs(&draws, (self.periods / 100).max(1000))?;
        let mut ranked: Vec<usize> = (0..draws.len()).collect();
        ranked.sort_by(|&a, &b| costs[a].total_cmp(&costs[b]).then(draws[a].cmp(&draws[b])));

        let middle = (self.periods / 10).max(1000);
        let first_step = ((widest + high - low) / 16.0).max(1.0) as i64;
        let mut finalists = Vec::new();
        for &start in ranked.iter().take(self.starts as usize) {
            finalists.push(descend(&mut bench, draws[start], first_step, middle)?);
        }
        let costs = bench.costs(&finalists, self.periods)?;
        let best = (0..finalists.len()).fold(0, |b, i| if costs[i] < costs[b] { i } else { b });
        let mut at = descend(&mut bench, finalists[best], 2, self.periods)?;
        if self.finish == Finish::Exact
            && let Some((at, cost)) = exact_descent(&probe, at, i64::from(self.polish).max(1))
        {
            return Ok(SearchResult {
                reorder_point: at.0,
                order_up_to: at.1,
                cost,
                evaluations: bench.seen.len() as u64,
            });
        }
        // A last look around: ties between neighbours are thin.
        let reach = i64::from(self.polish);
        loop {
            let around: Vec<(i64, i64)> = (-reach..=reach)
                .flat_map(|a| (-reach..=reach).map(move |b| (at.0 + a, at.1 + b)))
                .filter(|p| p.0 < p.1)
                .collect();
            let costs = bench.costs(&around, self.periods)?;
            let best = (0..around.len()).fold(0, |b, i| if costs[i] < costs[b] { i } else { b });
            let here = bench.costs(&[at], self.periods)?[0];
            if costs[best] >= here {
                // The closest rivals once more, over ten times as many periods.
                let mut order: Vec<usize> = (0..around.len()).collect();
                order.sort_by(|&a, &b| costs[a].total_cmp(&costs[b]).then(a.cmp(&b)));
                let rivals: Vec<(i64, i64)> = order.iter().take(8).map(|&i| around[i]).collect();
                let costs = bench.costs(&rivals, self.periods * 10)?;
                let best =
                    (0..rivals.len()).fold(0, |b, i| if costs[i] < costs[b] { i } else { b });
                let (at, here) = (rivals[best], costs[best]);
                return Ok(SearchResult {
                    reorder_point: at.0,
                    order_up_to: at.1,
                    cost: here,
                    evaluations: bench.seen.len() as u64,
                });
            }
            at = around[best];
        }
    }
}

/// Pattern search: eight neighbours at a step, the step halves when none is better.
fn descend(
    bench: &mut Bench<'_>,
    start: (i64, i64),
    first_step: i64,
    periods: u64,
) -> Result<(i64, i64)> {
    let (mut at, mut step) = (start, first_step);
    while step >= 1 {
        let mut around = vec![at];
        for (a, b) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1)] {
            let p = (at.0 + a * step, at.1 + b * step);
            if p.0 < p.1 {
                around.push(p);
            }
        }
        let costs = bench.costs(&around, periods)?;
        let best = (0..around.len()).fold(0, |b, i| if costs[i] < costs[b] { i } else { b });
        if best == 0 {
            step /= 2;
        } else {
            at = around[best];
        }
    }
    Ok(at)
}

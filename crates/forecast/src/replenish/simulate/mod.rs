//! Simulation of stock-keeping networks, period by period: what a policy would have cost.
//!
//! Choose it when a question has no closed form: lost sales, random lead times, several echelons,
//! policies that are not optimal but in use. Every item is a forest of nodes, each supplied by one
//! other node or by the outside world. One period: (1) every due node orders, customers' side first,
//! by its policy on its inventory position; (2) suppliers' side first, each node receives what
//! arrives, then ships what it owes, oldest claims first between its own backorders and its customer
//! nodes in their order; (3) outside demand comes and is served, backordered or lost; (4) costs are
//! charged on what lies and what waits. A lead time of 0 arrives in time for the same period's
//! demand (the convention of Snyder & Shen 4.3 and 6.2, so the simulated costs are the book's).
//!
//! Cost: about 10-30 ns per node and period; memory O(nodes + lead times) per replication.
//! Replications and items run in parallel, each on its own random stream: the report is the same
//! for any number of threads. Normal and other continuous demand is cut at 0.

mod engine;
mod learn;
mod sample;
mod search;

pub use learn::PolicyLearning;
pub use search::{Finish, PolicySearch, SearchResult};

use super::Demand;
use super::check::{finite, non_negative};
use mercato_core::{Error, Result, Run};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// When and how much a node orders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StockPolicy {
    /// Order up to `level` whenever the inventory position is below it.
    BaseStock {
        /// The level.
        level: f64,
    },
    /// [`StockPolicy::BaseStock`] on the echelon position: the node and everything below it.
    EchelonBaseStock {
        /// The echelon level.
        level: f64,
    },
    /// At or below `reorder_point`, order up to `order_up_to`.
    Ss {
        /// s.
        reorder_point: f64,
        /// S.
        order_up_to: f64,
    },
    /// At or below `reorder_point`, order the least multiple of `order_quantity` that lifts the
    /// position above it.
    Rq {
        /// r.
        reorder_point: f64,
        /// Q, > 0.
        order_quantity: f64,
    },
}

/// The time from a shipment to its arrival, in whole periods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LeadTime {
    /// Always the same.
    Fixed(u32),
    /// `probabilities[k]` that it takes `k` periods; shipments may overtake each other.
    Random {
        /// Non-negative, summing to 1.
        probabilities: Vec<f64>,
    },
}

/// What happens to outside demand that finds no stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmet {
    /// It waits.
    #[default]
    Backorder,
    /// It is lost.
    Lost,
}

/// One stock-keeping node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StockNode {
    /// The node that supplies it, by position (lower than its own); `None` = outside, never short.
    pub supplier: Option<usize>,
    /// Time from shipment to arrival.
    pub lead_time: LeadTime,
    /// When and how much it orders.
    pub policy: StockPolicy,
    /// It orders in periods 0, n, 2n ...; default 1.
    pub review_period: u32,
    /// Outside demand per period, if any.
    pub demand: Option<Demand>,
    /// What happens to outside demand that finds no stock.
    pub unmet: Unmet,
    /// Per unit on hand at the end of a period.
    pub holding_cost: f64,
    /// Per unit on the way to this node at the end of a period.
    pub in_transit_cost: f64,
    /// Per unit of outside demand waiting at the end of a period, or lost.
    pub stockout_cost: f64,
    /// Per order.
    pub fixed_cost: f64,
    /// Stock at the start; default: what the policy would order up to.
    pub initial_stock: Option<f64>,
}

impl Default for StockNode {
    fn default() -> Self {
        Self {
            supplier: None,
            lead_time: LeadTime::Fixed(0),
            policy: StockPolicy::BaseStock { level: 0.0 },
            review_period: 1,
            demand: None,
            unmet: Unmet::Backorder,
            holding_cost: 0.0,
            in_transit_cost: 0.0,
            stockout_cost: 0.0,
            fixed_cost: 0.0,
            initial_stock: None,
        }
    }
}

/// A simulation of independent items, each a network of nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Simulation {
    /// One network per item; suppliers come before the nodes they supply.
    pub items: Vec<Vec<StockNode>>,
    /// Periods that count; default 1000.
    pub periods: u64,
    /// Periods before them that do not; default 100.
    pub warm_up: u64,
    /// Independent runs of each item; default 10.
    pub replications: u32,
}

impl Default for Simulation {
    fn default() -> Self {
        Self { items: Vec::new(), periods: 1000, warm_up: 100, replications: 10 }
    }
}

/// Averages per period of one node over all replications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeReport {
    /// Cost of all kinds.
    pub cost: f64,
    /// Stock on hand at the end of a period.
    pub on_hand: f64,
    /// Outside demand waiting at the end of a period.
    pub backorders: f64,
    /// On the way to the node at the end of a period.
    pub in_transit: f64,
    /// Outside demand.
    pub demand: f64,
    /// The part of outside demand served from stock at once; 1 without demand.
    pub fill_rate: f64,
    /// The part of periods in which all outside demand was served at once.
    pub cycle_service: f64,
    /// Orders.
    pub orders: f64,
}

/// What a simulation found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimulationReport {
    /// Per item and node.
    pub items: Vec<Vec<NodeReport>>,
    /// Cost per period of everything.
    pub cost: f64,
    /// Standard error of `cost` over replications; `None` for a single replication.
    pub cost_error: Option<f64>,
    /// Outside demand served at once over outside demand, all items.
    pub fill_rate: f64,
    /// Nodes x (periods + warm-up) x replications simulated.
    pub node_periods: u64,
}

impl Simulation {
    /// Validates items and numbers.
    ///
    /// # Errors
    /// `invalid_params`, naming the item, node and parameter.
    pub fn check(&self) -> Result<()> {
        let refuse = |name: &str, message: String| {
            Err(Error::invalid_params(message).with("parameter", name))
        };
        if self.periods == 0 || self.periods > 1 << 40 || self.warm_up > 1 << 40 {
            return refuse("periods", format!("periods must be in 1..=2^40, got {}", self.periods));
        }
        if self.replications == 0 {
            return refuse("replications", "replications must be at least 1, got 0".into());
        }
        if self.items.is_empty() {
            return refuse("items", "at least one item is needed".into());
        }
        for (i, nodes) in self.items.iter().enumerate() {
            for (j, node) in nodes.iter().enumerate() {
                check_node(node, j).map_err(|e| e.with("item", i).with("node", j))?;
            }
        }
        Ok(())
    }

    /// Runs all replications of all items.
    ///
    /// # Errors
    /// `invalid_params` from [`check`](Self::check); `cancelled`; `deadline_exceeded`.
    ///
    /// ```
    /// use mercato_core::Run;
    /// use mercato_forecast::replenish::{Demand, Simulation, StockNode, StockPolicy};
    /// let shop = StockNode {
    ///     policy: StockPolicy::Ss { reorder_point: 4.0, order_up_to: 10.0 },
    ///     demand: Some(Demand::Poisson { mean: 6.0 }),
    ///     holding_cost: 1.0,
    ///     stockout_cost: 4.0,
    ///     fixed_cost: 5.0,
    ///     ..StockNode::default()
    /// };
    /// let report = Simulation { items: vec![vec![shop]], periods: 20_000, ..Simulation::default() }
    ///     .run(&Run::seed(7))?;
    /// assert!((report.cost - 8.034).abs() < 0.1); // the exact cost, Snyder & Shen example 4.7
    /// # Ok::<(), mercato_core::Error>(())
    /// ```
    pub fn run(&self, run: &Run) -> Result<SimulationReport> {
        self.check()?;
        let compiled: Vec<engine::Network> =
            self.items.iter().map(|nodes| engine::Network::new(nodes)).collect();
        let reps = u64::from(self.replications);
        let jobs = reps * self.items.len() as u64;
        let task = run.stage("simulate", jobs);
        let totals: Vec<Vec<engine::Totals>> = run.install(|| {
            (0..jobs)
                .into_par_iter()
                .map(|job| {
                    let network = &compiled[(job / reps) as usize];
                    let totals =
                        network.simulate(&mut run.rng(job), self.periods, self.warm_up, run)?;
                    task.tick(1)?;
                    Ok(totals)
                })
                .collect::<Result<_>>()
        })??;
        Ok(self.report(&totals))
    }

    /// Sums in the order of the jobs, whatever thread ran them.
    fn report(&self, totals: &[Vec<engine::Totals>]) -> SimulationReport {
        let reps = self.replications as usize;
        let mut by_replication = vec![0.0; reps];
        let (mut served, mut asked) = (0.0, 0.0);
        let per = 1.0 / (self.periods as f64 * reps as f64);
        let items: Vec<Vec<NodeReport>> = self
            .items
            .iter()
            .zip(totals.chunks(reps))
            .map(|(nodes, chunk)| {
                nodes
                    .iter()
                    .enumerate()
                    .map(|(j, node)| {
                        let mut sum = engine::Totals::default();
                        for (r, replication) in chunk.iter().enumerate() {
                            let t = &replication[j];
                            by_replication[r] += t.cost(node);
                            sum.add(t);
                        }
                        served += sum.served;
                        asked += sum.demand;
                        NodeReport {
                            cost: sum.cost(node) * per,
                            on_hand: sum.on_hand * per,
                            backorders: sum.backorders * per,
                            in_transit: sum.in_transit * per,
                            demand: sum.demand * per,
                            fill_rate: if sum.demand > 0.0 { sum.served / sum.demand } else { 1.0 },
                            cycle_service: 1.0 - sum.short_periods as f64 * per,
                            orders: sum.orders as f64 * per,
                        }
                    })
                    .collect()
            })
            .collect();
        let per_run: Vec<f64> = by_replication.iter().map(|c| c / self.periods as f64).collect();
        let cost = per_run.iter().sum::<f64>() / reps as f64;
        let cost_error = (reps > 1).then(|| {
            let square: f64 = per_run.iter().map(|c| (c - cost).powi(2)).sum();
            (square / (reps * (reps - 1)) as f64).sqrt()
        });
        let nodes: u64 = self.items.iter().map(|n| n.len() as u64).sum();
        SimulationReport {
            items,
            cost,
            cost_error,
            fill_rate: if asked > 0.0 { served / asked } else { 1.0 },
            node_periods: nodes * (self.periods + self.warm_up) * u64::from(self.replications),
        }
    }
}

fn check_node(node: &StockNode, position: usize) -> Result<()> {
    if node.supplier.is_some_and(|s| s >= position) {
        return Err(Error::invalid_params(format!(
            "supplier must come before the node it supplies, got {:?} for node {position}",
            node.supplier
        ))
        .with("parameter", "supplier"));
    }
    for (name, cost) in [
        ("holding_cost", node.holding_cost),
        ("in_transit_cost", node.in_transit_cost),
        ("stockout_cost", node.stockout_cost),
        ("fixed_cost", node.fixed_cost),
    ] {
        finite(name, cost)?;
    }
    if node.review_period == 0 {
        return Err(Error::invalid_params("review_period must be at least 1, got 0")
            .with("parameter", "review_period"));
    }
    match &node.lead_time {
        LeadTime::Fixed(n) if *n > 100_000 => {
            return Err(Error::invalid_params(format!(
                "lead_time must be at most 100000, got {n}"
            ))
            .with("parameter", "lead_time"));
        }
        LeadTime::Fixed(_) => {}
        LeadTime::Random { probabilities } => {
            let values: Vec<f64> = (0..probabilities.len()).map(|i| i as f64).collect();
            Demand::discrete(&values, probabilities)
                .map_err(|e| e.with("parameter", "lead_time"))?;
        }
    }
    match node.policy {
        StockPolicy::BaseStock { level } | StockPolicy::EchelonBaseStock { level } => {
            finite("level", level)?;
        }
        StockPolicy::Ss { reorder_point, order_up_to } => {
            finite("reorder_point", reorder_point)?;
            finite("order_up_to", order_up_to)?;
            if reorder_point >= order_up_to {
                return Err(Error::invalid_params(format!(
                    "reorder_point must be below order_up_to {order_up_to}, got {reorder_point}"
                ))
                .with("parameter", "reorder_point"));
            }
        }
        StockPolicy::Rq { reorder_point, order_quantity } => {
            finite("reorder_point", reorder_point)?;
            super::check::positive("order_quantity", order_quantity)?;
        }
    }
    if let Some(stock) = node.initial_stock {
        non_negative("initial_stock", stock)?;
    }
    node.demand.as_ref().map_or(Ok(()), Demand::check)
}

#[cfg(test)]
mod tests;

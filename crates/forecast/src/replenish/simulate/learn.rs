//! A small reinforcement-learning baseline: what an agent learns that only acts and sees costs.
//!
//! The agent knows its inventory position and, after each period, what the period cost; neither the
//! distribution of demand nor the form of a good policy. It learns a table W(y): the cost, relative to
//! the average, of having the position y after ordering (after-state values; Sutton & Barto, 2nd ed.,
//! 6.8), by temporal differences for the average cost per period (R-learning, Schwartz, ICML 1993), and
//! acts greedily on K + W(y) with exploration that fades. The greedy policy's s and S are read off
//! the table at the end. With a lead time of L, a decision is charged the cost of the period L later,
//! the first that it can change.
//!
//! Choose [`PolicySearch`](super::PolicySearch) for good levels: it needs fewer periods and ends closer
//! to the optimum. This baseline says how much of that an agent without a model finds. Where we differ
//! from the paper: after-states instead of state-action pairs. The
//! position alone is the whole state only for backorders and a fixed lead time; elsewhere the
//! agent acts on a summary. Cost: one scan of the table per period, about a microsecond.

use super::engine::{Lone, Network};
use super::{LeadTime, SearchResult, Simulation, StockNode, StockPolicy};
use mercato_core::{Error, Result, Run};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How long and how to learn.
///
/// ```
/// use mercato_core::Run;
/// use mercato_forecast::replenish::{Demand, PolicyLearning, StockNode};
/// let node = StockNode {
///     demand: Some(Demand::Poisson { mean: 6.0 }),
///     holding_cost: 1.0,
///     stockout_cost: 4.0,
///     fixed_cost: 5.0,
///     ..StockNode::default()
/// };
/// let learned = PolicyLearning { periods: 200_000, ..PolicyLearning::default() };
/// let found = learned.ss(&node, &Run::seed(7))?;
/// assert!(found.cost < 1.05 * 8.034); // the optimum, Snyder & Shen example 4.7
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyLearning {
    /// Periods lived through; default 2,000,000.
    pub periods: u64,
    /// Chance of a random order at the start, falling to a tenth of it; in 0..=1, default 0.2.
    pub exploration: f64,
    /// A value's step after n visits is 1 / n^rate; above 0.5 and at most 1, default 0.8.
    pub rate: f64,
    /// Periods of the simulation that costs the learned policy; default 1,000,000.
    pub evaluate: u64,
}

impl Default for PolicyLearning {
    fn default() -> Self {
        Self { periods: 2_000_000, exploration: 0.2, rate: 0.8, evaluate: 1_000_000 }
    }
}

/// The learned table: position `low + i * width` after ordering.
struct Values {
    low: f64,
    width: f64,
    fixed_cost: f64,
    w: Vec<f64>,
    visits: Vec<u32>,
}

impl Values {
    fn cell(&self, position: f64) -> usize {
        let i = ((position - self.low) / self.width).round();
        (i.max(0.0) as usize).min(self.w.len() - 1)
    }

    fn position(&self, cell: usize) -> f64 {
        self.low + cell as f64 * self.width
    }

    /// The best cell to be in after ordering, coming from `cell`, and its cost with the order.
    fn best(&self, cell: usize) -> (usize, f64) {
        let mut best = (cell, self.w[cell]);
        for (y, w) in self.w.iter().enumerate().skip(cell + 1) {
            let cost = self.fixed_cost + w;
            if cost < best.1 {
                best = (y, cost);
            }
        }
        best
    }
}

impl PolicyLearning {
    /// Validates the parameters.
    ///
    /// # Errors
    /// `invalid_params`, naming the parameter.
    pub fn check(&self) -> Result<()> {
        let refuse = |name: &str, value: f64, accepted: &str| {
            Err(Error::invalid_params(format!("{name} must be {accepted}, got {value}"))
                .with("parameter", name))
        };
        if self.periods < 1000 {
            return refuse("periods", self.periods as f64, "at least 1000");
        }
        if self.evaluate == 0 {
            return refuse("evaluate", 0.0, "at least 1");
        }
        if !(0.0..=1.0).contains(&self.exploration) {
            return refuse("exploration", self.exploration, "between 0 and 1");
        }
        if !(self.rate > 0.5 && self.rate <= 1.0) {
            return refuse("rate", self.rate, "above 0.5 and at most 1");
        }
        Ok(())
    }

    /// Learns (s, S) for a single node; its own policy and initial stock are ignored. The cost is
    /// that of a simulation of the learned policy; `evaluations` is the number of periods lived.
    ///
    /// # Errors
    /// `invalid_params`; `cancelled`; `deadline_exceeded`.
    pub fn ss(&self, node: &StockNode, run: &Run) -> Result<SearchResult> {
        self.check()?;
        let Some(demand) = &node.demand else {
            return Err(Error::invalid_params("a node without demand has no policy to learn")
                .with("parameter", "demand"));
        };
        let probe = StockNode { supplier: None, initial_stock: None, ..node.clone() };
        Simulation { items: vec![vec![probe.clone()]], ..Simulation::default() }.check()?;
        let lead = match &probe.lead_time {
            LeadTime::Fixed(l) => f64::from(*l),
            LeadTime::Random { probabilities } => {
                probabilities.iter().enumerate().map(|(k, p)| k as f64 * p).sum()
            }
        };
        let span = lead + f64::from(probe.review_period);
        let (mean, sd) = (demand.mean(), demand.variance().sqrt());
        let lot = (2.0 * probe.fixed_cost * mean / probe.holding_cost.max(1e-9)).sqrt();
        let low = (mean * span - 4.0 * sd * span.sqrt() - 2.0 * mean - 2.0).floor();
        let high = (mean * span + 4.0 * sd * span.sqrt() + 2.5 * lot + 2.0).ceil();
        // At most about a thousand cells.
        let width = ((high - low) / 1000.0).ceil().max(1.0);
        let cells = ((high - low) / width) as usize + 1;
        let mut values = Values {
            low,
            width,
            fixed_cost: probe.fixed_cost,
            w: vec![0.0; cells],
            visits: vec![0; cells],
        };
        self.live(&probe, lead.round() as usize, &mut values, run)?;

        let upto = (0..cells).fold(0, |b, y| if values.w[y] < values.w[b] { y } else { b });
        let reorder = (0..upto)
            .rev()
            .find(|&x| values.fixed_cost + values.w[upto] < values.w[x])
            .map_or(low - 1.0, |x| values.position(x));
        let policy = StockPolicy::Ss { reorder_point: reorder, order_up_to: values.position(upto) };
        let report = Simulation {
            items: vec![vec![StockNode { policy, ..probe }]],
            periods: self.evaluate,
            replications: 1,
            ..Simulation::default()
        }
        .run(run)?;
        Ok(SearchResult {
            reorder_point: reorder as i64,
            order_up_to: values.position(upto) as i64,
            cost: report.cost,
            evaluations: self.periods,
        })
    }

    /// Acts, sees costs and updates `values` for all periods.
    fn live(&self, node: &StockNode, lead: usize, values: &mut Values, run: &Run) -> Result<()> {
        let network = Network::new(std::slice::from_ref(node));
        let mut shop = Lone::new(&network);
        let (mut demand, mut choice) = (run.rng(0), run.rng(1));
        let review = u64::from(node.review_period);
        let fixed = values.fixed_cost;
        let delay = lead / review as usize;
        let mut average = 0.0;
        // Decisions whose cost is still to come: position before and after ordering, and whether
        // the choice was greedy.
        let mut waiting: VecDeque<(usize, usize, bool)> = VecDeque::with_capacity(delay + 2);
        // What the last review period cost, orders apart.
        let mut cost = 0.0;
        for decision in 0..self.periods / review {
            if decision % 100_000 == 0 {
                run.check()?;
            }
            let x = values.cell(shop.position());
            let greedy = values.best(x).0;
            let faded = 1.0 - 0.9 * (decision * review) as f64 / self.periods as f64;
            let y = if choice.unit() < self.exploration * faded {
                x + choice.below((values.w.len() - x) as u64) as usize
            } else {
                greedy
            };
            waiting.push_back((x, y, y == greedy));
            if waiting.len() > delay + 1
                && let Some((x, y, greedy)) = waiting.pop_front()
                && let Some(&(next, ..)) = waiting.front()
            {
                let to_come = values.best(next).1;
                values.visits[y] = values.visits[y].saturating_add(1);
                let step = f64::from(values.visits[y]).powf(-self.rate);
                values.w[y] += step * (cost - average + to_come - values.w[y]);
                if greedy {
                    let order = if y > x { fixed } else { 0.0 };
                    let sample = cost + order + to_come - values.best(x).1;
                    average += (sample - average) / (1.0 + decision as f64).powf(self.rate);
                }
            }
            let mut order =
                if y > x { (values.position(y) - shop.position()).max(0.0) } else { 0.0 };
            cost = 0.0;
            for _ in 0..review {
                let happened = shop.step(order, &mut demand);
                // An order's own cost belongs to the decision, not to the period.
                cost += happened.cost(node) - fixed * happened.orders as f64;
                order = 0.0;
            }
        }
        Ok(())
    }
}

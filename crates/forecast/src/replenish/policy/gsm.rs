//! Guaranteed service: where in a supply chain to hold safety stock.
//!
//! Every stage promises its customers a service time and covers demand up to a bound over its net
//! lead time; the promises that minimise holding cost come from Graves & Willems' dynamic program
//! (MSOM 2000; Snyder & Shen 6.3) on any tree, and from its simpler form (Simpson 1958) on a chain.
//! Choose it for multi-stage networks with bounded demand and whole-number times. Cost: O(n M^2) for
//! n stages and a longest replenishment time of M. Of equally cheap plans the one with the smaller
//! promises is preferred. Difference: minima over neighbours' tables are running minima, O(1) each.

use crate::replenish::check::non_negative;
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// One stage. Times are whole periods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GsmStage {
    /// Holding cost per unit and period.
    pub holding_cost: f64,
    /// Processing time, including transport to the stage.
    pub processing_time: u32,
    /// Time that outside suppliers take to serve the stage.
    pub external_inbound: u32,
    /// Longest service time that outside customers accept; `None` without outside customers.
    pub external_outbound: Option<u32>,
    /// Mean of outside demand per period.
    pub demand_mean: f64,
    /// Standard deviation of outside demand per period.
    pub demand_sd: f64,
    /// Demand over t periods is bounded by its mean plus this times `sd sqrt(t)`.
    pub demand_bound_constant: f64,
}

impl Default for GsmStage {
    fn default() -> Self {
        Self {
            holding_cost: 0.0,
            processing_time: 0,
            external_inbound: 0,
            external_outbound: None,
            demand_mean: 0.0,
            demand_sd: 0.0,
            demand_bound_constant: 1.0,
        }
    }
}

/// The optimal promises; vectors follow the order of the stages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GsmSolution {
    /// Committed (outbound) service time.
    pub service_times: Vec<u32>,
    /// Inbound service time: what the stage waits for its slowest supplier.
    pub inbound_times: Vec<u32>,
    /// Inbound + processing - committed: the time that stock must cover.
    pub net_lead_times: Vec<u32>,
    /// Safety stock.
    pub safety_stock: Vec<f64>,
    /// Mean demand over the net lead time plus safety stock.
    pub base_stock: Vec<f64>,
    /// Holding cost of all safety stock per period.
    pub cost: f64,
}

/// Replenishment times beyond this make the tables too large.
const MAX_TIME: u64 = 20_000;

struct Network<'a> {
    stages: &'a [GsmStage],
    suppliers: Vec<Vec<usize>>,
    customers: Vec<Vec<usize>>,
    /// Demand seen by each stage, outside and through its customers.
    mean: Vec<f64>,
    sd: Vec<f64>,
    /// Longest replenishment time of each stage.
    max_time: Vec<usize>,
}

impl<'a> Network<'a> {
    fn new(stages: &'a [GsmStage], edges: &[(usize, usize)]) -> Result<Self> {
        let n = stages.len();
        if n == 0 {
            return Err(
                Error::invalid_params("at least one stage is needed").with("parameter", "stages")
            );
        }
        for (i, s) in stages.iter().enumerate() {
            let at = |e: Error| e.with("stage", i);
            non_negative("holding_cost", s.holding_cost).map_err(at)?;
            non_negative("demand_mean", s.demand_mean).map_err(at)?;
            non_negative("demand_sd", s.demand_sd).map_err(at)?;
            non_negative("demand_bound_constant", s.demand_bound_constant).map_err(at)?;
        }
        let mut suppliers = vec![Vec::new(); n];
        let mut customers = vec![Vec::new(); n];
        for &(from, to) in edges {
            if from >= n || to >= n || from == to {
                return Err(Error::invalid_params(format!(
                    "an edge must join two different stages in 0..{n}, got {from} -> {to}"
                ))
                .with("parameter", "edges"));
            }
            customers[from].push(to);
            suppliers[to].push(from);
        }
        let mut seen = vec![false; n];
        let mut stack = vec![0];
        seen[0] = true;
        while let Some(i) = stack.pop() {
            for &j in suppliers[i].iter().chain(&customers[i]) {
                if !seen[j] {
                    seen[j] = true;
                    stack.push(j);
                }
            }
        }
        if edges.len() != n - 1 || seen.contains(&false) {
            return Err(Error::invalid_params(format!(
                "the stages must form a tree: {n} stages need {} edges that connect them all, got \
                 {} edges",
                n - 1,
                edges.len()
            ))
            .with("parameter", "edges"));
        }
        // A tree has no directed cycle, so suppliers can be peeled off first.
        let mut waiting: Vec<usize> = suppliers.iter().map(Vec::len).collect();
        let mut order: Vec<usize> = (0..n).filter(|&i| waiting[i] == 0).collect();
        let mut at = 0;
        while at < order.len() {
            for &c in &customers[order[at]] {
                waiting[c] -= 1;
                if waiting[c] == 0 {
                    order.push(c);
                }
            }
            at += 1;
        }
        let mut max_time = vec![0u64; n];
        for &i in &order {
            let inbound = suppliers[i].iter().map(|&s| max_time[s]).max().unwrap_or(0);
            let inbound = inbound.max(u64::from(stages[i].external_inbound));
            max_time[i] = inbound + u64::from(stages[i].processing_time);
            if max_time[i] > MAX_TIME {
                return Err(Error::invalid_params(format!(
                    "the longest replenishment time must be at most {MAX_TIME} periods, got {}; \
                     use a longer period",
                    max_time[i]
                ))
                .with("stage", i));
            }
        }
        let mut mean: Vec<f64> = stages.iter().map(|s| s.demand_mean).collect();
        let mut variance: Vec<f64> = stages.iter().map(|s| s.demand_sd.powi(2)).collect();
        for &i in order.iter().rev() {
            for &s in &suppliers[i] {
                mean[s] += mean[i];
                variance[s] += variance[i];
            }
        }
        Ok(Self {
            stages,
            suppliers,
            customers,
            mean,
            sd: variance.into_iter().map(f64::sqrt).collect(),
            max_time: max_time.into_iter().map(|m| m as usize).collect(),
        })
    }

    fn stage_cost(&self, i: usize, net: usize) -> f64 {
        let s = &self.stages[i];
        s.holding_cost * s.demand_bound_constant * self.sd[i] * (net as f64).sqrt()
    }

    fn outbound_limit(&self, i: usize) -> usize {
        self.stages[i].external_outbound.map_or(usize::MAX, |s| s as usize)
    }

    fn solution(&self, service: &[usize]) -> GsmSolution {
        let n = self.stages.len();
        let inbound: Vec<usize> = (0..n)
            .map(|i| {
                let own = self.stages[i].external_inbound as usize;
                self.suppliers[i].iter().map(|&s| service[s]).fold(own, usize::max)
            })
            .collect();
        let net: Vec<usize> = (0..n)
            .map(|i| {
                (inbound[i] + self.stages[i].processing_time as usize).saturating_sub(service[i])
            })
            .collect();
        let safety: Vec<f64> = (0..n)
            .map(|i| self.stages[i].demand_bound_constant * self.sd[i] * (net[i] as f64).sqrt())
            .collect();
        let narrow = |v: &[usize]| v.iter().map(|&x| x as u32).collect();
        GsmSolution {
            service_times: narrow(service),
            inbound_times: narrow(&inbound),
            net_lead_times: narrow(&net),
            base_stock: (0..n).map(|i| self.mean[i] * net[i] as f64 + safety[i]).collect(),
            cost: (0..n).map(|i| self.stage_cost(i, net[i])).sum(),
            safety_stock: safety,
        }
    }

    /// An order in which every stage but the last has exactly one later neighbour.
    fn labels(&self) -> Vec<usize> {
        let n = self.stages.len();
        let neighbours = |i: usize| self.suppliers[i].iter().chain(&self.customers[i]);
        if (0..n - 1).all(|i| neighbours(i).filter(|&&j| j > i).count() == 1) {
            return (0..n).collect();
        }
        let mut open: Vec<usize> = (0..n).map(|i| neighbours(i).count()).collect();
        let mut ready: std::collections::BTreeSet<usize> =
            (0..n).filter(|&i| open[i] <= 1).collect();
        let mut done = vec![false; n];
        let mut order = Vec::with_capacity(n);
        while let Some(i) = ready.pop_first() {
            done[i] = true;
            order.push(i);
            for &j in neighbours(i) {
                if !done[j] {
                    open[j] -= 1;
                    if open[j] <= 1 {
                        ready.insert(j);
                    }
                }
            }
        }
        order
    }
}

/// Optimal promises of a chain, given in the order in which goods flow (supplier first). Outside
/// demand and `external_outbound` belong to the last stage, `external_inbound` to the first.
///
/// # Errors
/// `invalid_params`.
pub fn gsm_serial(stages: &[GsmStage]) -> Result<GsmSolution> {
    let n = stages.len();
    let edges: Vec<(usize, usize)> = (1..n).map(|i| (i - 1, i)).collect();
    let net = Network::new(stages, &edges)?;
    let last = n - 1;
    let time = |i: usize| stages[i].processing_time as usize;
    let inbound_max = |i: usize| {
        if i == 0 { stages[0].external_inbound as usize } else { net.max_time[i - 1] }
    };
    let promise = stages[last].external_outbound.map_or(usize::MAX, |s| s as usize);
    // theta[si]: least cost of stages i.. when stage i waits si for its supplier.
    let mut choice: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut theta: Vec<f64> = (0..=inbound_max(last))
        .map(|si| net.stage_cost(last, (si + time(last)).saturating_sub(promise)))
        .collect();
    choice[last] = (0..=inbound_max(last)).map(|si| promise.min(si + time(last))).collect();
    for i in (0..last).rev() {
        let (mut costs, mut picks) = (Vec::new(), Vec::new());
        for si in 0..=inbound_max(i) {
            let most = si + time(i);
            let (mut best, mut pick) = (f64::INFINITY, 0);
            for s in 0..=most {
                let cost = net.stage_cost(i, most - s) + theta[s];
                if cost < best {
                    best = cost;
                    pick = s;
                }
            }
            costs.push(best);
            picks.push(pick);
        }
        theta = costs;
        choice[i] = picks;
    }
    let mut service = vec![0; n];
    let mut si = stages[0].external_inbound as usize;
    for i in 0..n {
        service[i] = choice[i][si];
        si = service[i];
    }
    if let Some(s) = stages[last].external_outbound {
        service[last] = s as usize;
    }
    Ok(net.solution(&service))
}

/// A table over times with its minimiser of the other time.
struct Table {
    cost: Vec<f64>,
    pick: Vec<usize>,
}

impl Table {
    /// Entry `t`, constant beyond the end.
    fn at(&self, t: usize) -> usize {
        t.min(self.cost.len() - 1)
    }
}

/// Optimal promises of any tree of stages; `edges` are (supplier, customer) pairs of positions in
/// `stages`.
///
/// # Errors
/// `invalid_params` when the graph is not a tree or a number is out of range.
///
/// ```
/// use mercato_forecast::replenish::policy::{GsmStage, gsm_tree};
/// let plant = GsmStage { holding_cost: 1.0, processing_time: 2, ..GsmStage::default() };
/// let shop = GsmStage {
///     holding_cost: 3.0, processing_time: 1, external_outbound: Some(0), demand_sd: 1.0,
///     ..GsmStage::default()
/// };
/// let best = gsm_tree(&[plant, shop], &[(0, 1)])?;
/// assert_eq!(best.service_times, [0, 0]);
/// # Ok::<(), mercato_core::Error>(())
/// ```
pub fn gsm_tree(stages: &[GsmStage], edges: &[(usize, usize)]) -> Result<GsmSolution> {
    let net = Network::new(stages, edges)?;
    let n = stages.len();
    let order = net.labels();
    let mut rank = vec![0; n];
    for (r, &i) in order.iter().enumerate() {
        rank[i] = r;
    }
    let horizon = net.max_time.iter().copied().max().unwrap_or(0);
    // The one later neighbour, and whether it is a customer.
    let parent: Vec<Option<(usize, bool)>> = (0..n)
        .map(|i| {
            let later = |j: &&usize| rank[**j] > rank[i];
            let up = net.suppliers[i].iter().find(later).map(|&j| (j, false));
            net.customers[i].iter().find(later).map(|&j| (j, true)).or(up)
        })
        .collect();

    let mut tables: Vec<Option<Table>> = (0..n).map(|_| None).collect();
    // Per stage: least total of its finished neighbours for each inbound and outbound time.
    let neighbours = |i: usize, tables: &[Option<Table>]| -> (Vec<f64>, Vec<f64>) {
        let mut by_inbound = vec![0.0; horizon + 1];
        let mut by_outbound = vec![0.0; horizon + 1];
        for &s in &net.suppliers[i] {
            if let Some(t) = tables[s].as_ref().filter(|_| rank[s] < rank[i]) {
                let mut low = f64::INFINITY;
                for (si, sum) in by_inbound.iter_mut().enumerate() {
                    low = low.min(t.cost[t.at(si)]);
                    *sum += low;
                }
            }
        }
        for &c in &net.customers[i] {
            if let Some(t) = tables[c].as_ref().filter(|_| rank[c] < rank[i]) {
                let mut low = f64::INFINITY;
                for (s, sum) in by_outbound.iter_mut().enumerate().rev() {
                    low = low.min(t.cost[t.at(s)]);
                    *sum += low;
                }
            }
        }
        (by_inbound, by_outbound)
    };

    for &i in &order {
        let (by_inbound, by_outbound) = neighbours(i, &tables);
        let time = stages[i].processing_time as usize;
        let own_inbound = stages[i].external_inbound as usize;
        let limit = net.outbound_limit(i);
        let most = net.max_time[i] - time;
        let cost = |s: usize, si: usize| {
            net.stage_cost(i, si + time - s) + by_inbound[si] + by_outbound[s]
        };
        let mut table = Table { cost: Vec::new(), pick: Vec::new() };
        if matches!(parent[i], Some((_, true))) {
            // Cost by own outbound time, best inbound time.
            for s in 0..=net.max_time[i] {
                let (mut best, mut pick) = (f64::INFINITY, most);
                if s <= limit {
                    for si in own_inbound.max(s.saturating_sub(time))..=most {
                        let c = cost(s, si);
                        if c < best {
                            best = c;
                            pick = si;
                        }
                    }
                }
                table.cost.push(best);
                table.pick.push(pick);
            }
        } else {
            // Cost by inbound time, best own outbound time.
            for si in 0..=most {
                let si = si.max(own_inbound);
                let (mut best, mut pick) = (f64::INFINITY, 0);
                for s in 0..=(si + time).min(limit) {
                    let c = cost(s, si);
                    if c < best {
                        best = c;
                        pick = s;
                    }
                }
                table.cost.push(best);
                table.pick.push(pick);
            }
        }
        tables[i] = Some(table);
    }

    // Read the choices back from the last stage.
    let mut service = vec![0usize; n];
    let mut inbound = vec![0usize; n];
    let first_min = |range: std::ops::RangeInclusive<usize>, t: &Table| -> usize {
        let mut best = *range.start();
        for x in range {
            if t.cost[t.at(x)] < t.cost[t.at(best)] {
                best = x;
            }
        }
        best
    };
    for &i in order.iter().rev() {
        let Some(t) = &tables[i] else { continue };
        match parent[i] {
            None => {
                inbound[i] = first_min(0..=t.cost.len() - 1, t);
                service[i] = t.pick[inbound[i]];
            }
            Some((customer, true)) => {
                let s = first_min(0..=inbound[customer], t);
                service[i] = s.min(net.outbound_limit(i));
                inbound[i] = t.pick[t.at(s)];
            }
            Some((supplier, false)) => {
                let si = first_min(service[supplier]..=horizon.max(service[supplier]), t);
                inbound[i] = si.max(stages[i].external_inbound as usize);
                service[i] = t.pick[t.at(si)];
            }
        }
        // Local inbound time, as the stage's table saw it.
        inbound[i] = inbound[i].max(stages[i].external_inbound as usize);
    }
    Ok(net.solution(&service))
}

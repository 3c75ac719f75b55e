//! The inner loop: one item, one replication.

use super::sample::Sampler;
use super::{LeadTime, StockNode, StockPolicy, Unmet};
use mercato_core::{Result, Rng, Run};

/// Sums over the counted periods of one node.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub on_hand: f64,
    pub backorders: f64,
    pub lost: f64,
    pub in_transit: f64,
    pub demand: f64,
    pub served: f64,
    pub orders: u64,
    pub short_periods: u64,
}

impl Totals {
    pub(super) fn cost(&self, node: &StockNode) -> f64 {
        node.holding_cost * self.on_hand
            + node.in_transit_cost * self.in_transit
            + node.stockout_cost * (self.backorders + self.lost)
            + node.fixed_cost * self.orders as f64
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.on_hand += other.on_hand;
        self.backorders += other.backorders;
        self.lost += other.lost;
        self.in_transit += other.in_transit;
        self.demand += other.demand;
        self.served += other.served;
        self.orders += other.orders;
        self.short_periods += other.short_periods;
    }
}

struct Lead {
    sampler: Sampler,
    /// Slots of the ring of arrivals: longest lead time + 1.
    ring: usize,
    /// Where the node's ring begins in the shared buffer.
    start: usize,
}

struct Node {
    supplier: Option<usize>,
    children: Vec<usize>,
    policy: StockPolicy,
    review: u64,
    demand: Option<Sampler>,
    lost: bool,
    lead: Lead,
    initial: f64,
}

/// A checked item, ready to run.
pub(super) struct Network {
    nodes: Vec<Node>,
    ring_slots: usize,
    echelon: bool,
}

/// The state of one node between periods.
#[derive(Clone, Copy, Default)]
struct State {
    on_hand: f64,
    /// Outside demand waiting.
    backorders: f64,
    /// Ordered and not arrived: in transit or owed by the supplier.
    on_order: f64,
    /// What the supplier owes this node.
    owed: f64,
    /// Owed by this node to the nodes it supplies.
    owes: f64,
    in_transit: f64,
    /// Position in the node's ring.
    at: usize,
    /// Periods until the next review.
    wait: u64,
    /// Echelon inventory position; kept only when a policy needs it.
    echelon: f64,
}

impl Network {
    pub(super) fn new(items: &[StockNode]) -> Self {
        let mut start = 0;
        let mut nodes: Vec<Node> = items
            .iter()
            .map(|n| {
                let (sampler, longest) = match &n.lead_time {
                    LeadTime::Fixed(l) => (Sampler::Constant(f64::from(*l)), *l as usize),
                    LeadTime::Random { probabilities } => {
                        let values: Vec<f64> = (0..probabilities.len()).map(|i| i as f64).collect();
                        (Sampler::table(&values, probabilities), probabilities.len() - 1)
                    }
                };
                let lead = Lead { sampler, ring: longest + 1, start };
                start += longest + 1;
                let level = match n.policy {
                    StockPolicy::BaseStock { level } => level,
                    StockPolicy::EchelonBaseStock { level } => level,
                    StockPolicy::Ss { order_up_to, .. } => order_up_to,
                    StockPolicy::Rq { reorder_point, order_quantity } => {
                        reorder_point + order_quantity
                    }
                };
                Node {
                    supplier: n.supplier,
                    children: Vec::new(),
                    policy: n.policy,
                    review: u64::from(n.review_period),
                    demand: n.demand.as_ref().map(Sampler::new),
                    lost: n.unmet == Unmet::Lost,
                    lead,
                    initial: n.initial_stock.unwrap_or(level).max(0.0),
                }
            })
            .collect();
        for i in 0..nodes.len() {
            if let Some(s) = nodes[i].supplier {
                nodes[s].children.push(i);
            }
        }
        // An echelon level covers the nodes below; they hold their own share already.
        for i in 0..nodes.len() {
            let below: f64 = nodes[i].children.iter().map(|&c| nodes[c].initial).sum();
            let echelon = matches!(nodes[i].policy, StockPolicy::EchelonBaseStock { .. });
            if echelon && items[i].initial_stock.is_none() {
                nodes[i].initial = (nodes[i].initial - below).max(0.0);
            }
        }
        let echelon =
            nodes.iter().any(|n| matches!(n.policy, StockPolicy::EchelonBaseStock { .. }));
        Self { nodes, ring_slots: start, echelon }
    }

    pub(super) fn simulate(
        &self,
        rng: &mut Rng,
        periods: u64,
        warm_up: u64,
        run: &Run,
    ) -> Result<Vec<Totals>> {
        let mut state: Vec<State> =
            self.nodes.iter().map(|n| State { on_hand: n.initial, ..State::default() }).collect();
        let mut ring = vec![0.0; self.ring_slots];
        let mut totals = vec![Totals::default(); self.nodes.len()];
        let mut left = warm_up;
        while left > 0 {
            let chunk = left.min(100_000);
            self.advance(&mut state, &mut ring, &mut totals, rng, chunk);
            run.check()?;
            left -= chunk;
        }
        totals.fill(Totals::default());
        left = periods;
        while left > 0 {
            let chunk = left.min(100_000);
            self.advance(&mut state, &mut ring, &mut totals, rng, chunk);
            run.check()?;
            left -= chunk;
        }
        Ok(totals)
    }

    fn advance(
        &self,
        state: &mut [State],
        ring: &mut [f64],
        totals: &mut [Totals],
        rng: &mut Rng,
        periods: u64,
    ) {
        if let ([node], [s], [t]) = (&self.nodes[..], &mut *state, &mut *totals) {
            // A lone node: the same steps with everything in registers.
            for _ in 0..periods {
                let q = node.order(s, s.on_hand + s.on_order - s.backorders);
                if q > 0.0 {
                    t.orders += 1;
                    s.on_order += q;
                    node.ship(s, ring, rng, q);
                }
                node.receive(s, ring);
                s.serve_backorders();
                node.sell(s, t, rng);
            }
            return;
        }
        for _ in 0..periods {
            for i in (0..self.nodes.len()).rev() {
                let node = &self.nodes[i];
                let s = &state[i];
                let local = s.on_hand + s.on_order - s.backorders - s.owes;
                let mut position = local;
                if self.echelon {
                    let below: f64 = node.children.iter().map(|&c| state[c].echelon).sum();
                    if matches!(node.policy, StockPolicy::EchelonBaseStock { .. }) {
                        position += below;
                    }
                    state[i].echelon = local + below;
                }
                let s = &mut state[i];
                let q = node.order(s, position);
                if q > 0.0 {
                    totals[i].orders += 1;
                    s.on_order += q;
                    s.echelon += q;
                    match node.supplier {
                        None => node.ship(s, ring, rng, q),
                        Some(supplier) => {
                            s.owed += q;
                            state[supplier].owes += q;
                        }
                    }
                }
            }
            for i in 0..self.nodes.len() {
                let node = &self.nodes[i];
                node.receive(&mut state[i], ring);
                state[i].serve_backorders();
                if state[i].owes > 0.0 {
                    for &c in &node.children {
                        let q = state[c].owed.min(state[i].on_hand);
                        if q > 0.0 {
                            state[i].on_hand -= q;
                            state[i].owes -= q;
                            state[c].owed -= q;
                            self.nodes[c].ship(&mut state[c], ring, rng, q);
                        }
                    }
                }
                node.sell(&mut state[i], &mut totals[i], rng);
            }
        }
    }
}

/// A lone node whose orders come from outside: what a learning agent acts on.
pub(super) struct Lone<'a> {
    node: &'a Node,
    state: State,
    ring: Vec<f64>,
}

impl<'a> Lone<'a> {
    /// The first node of `network`, with its initial stock.
    pub(super) fn new(network: &'a Network) -> Self {
        let node = &network.nodes[0];
        let state = State { on_hand: node.initial, ..State::default() };
        Self { node, state, ring: vec![0.0; network.ring_slots] }
    }

    /// Stock on hand and on order, less what is owed to customers.
    pub(super) fn position(&self) -> f64 {
        self.state.on_hand + self.state.on_order - self.state.backorders
    }

    /// One period in which `quantity` is ordered; what happened in it.
    pub(super) fn step(&mut self, quantity: f64, rng: &mut Rng) -> Totals {
        let mut t = Totals::default();
        let s = &mut self.state;
        if quantity > 0.0 {
            t.orders = 1;
            s.on_order += quantity;
            self.node.ship(s, &mut self.ring, rng, quantity);
        }
        self.node.receive(s, &mut self.ring);
        s.serve_backorders();
        self.node.sell(s, &mut t, rng);
        t
    }
}

impl State {
    #[inline]
    fn serve_backorders(&mut self) {
        let q = self.backorders.min(self.on_hand);
        self.on_hand -= q;
        self.backorders -= q;
    }
}

impl Node {
    /// Units to order at this inventory position; 0 when no review is due.
    #[inline]
    fn order(&self, s: &mut State, position: f64) -> f64 {
        if s.wait > 0 {
            s.wait -= 1;
            return 0.0;
        }
        s.wait = self.review - 1;
        match self.policy {
            StockPolicy::BaseStock { level } | StockPolicy::EchelonBaseStock { level } => {
                level - position
            }
            StockPolicy::Ss { reorder_point, order_up_to } => {
                if position <= reorder_point {
                    order_up_to - position
                } else {
                    0.0
                }
            }
            StockPolicy::Rq { reorder_point, order_quantity } => {
                if position <= reorder_point {
                    order_quantity * (((reorder_point - position) / order_quantity).floor() + 1.0)
                } else {
                    0.0
                }
            }
        }
    }

    /// Puts a shipment on its way; it arrives at the `receive` that many periods from now.
    #[inline]
    fn ship(&self, s: &mut State, ring: &mut [f64], rng: &mut Rng, quantity: f64) {
        let lead = match &self.lead.sampler {
            Sampler::Constant(l) => *l as usize,
            other => other.draw(rng) as usize,
        };
        let mut slot = s.at + lead;
        if slot >= self.lead.ring {
            slot -= self.lead.ring;
        }
        ring[self.lead.start + slot] += quantity;
        s.in_transit += quantity;
    }

    #[inline]
    fn receive(&self, s: &mut State, ring: &mut [f64]) {
        let slot = &mut ring[self.lead.start + s.at];
        let q = *slot;
        *slot = 0.0;
        s.on_hand += q;
        s.on_order -= q;
        s.in_transit -= q;
        s.at += 1;
        if s.at == self.lead.ring {
            s.at = 0;
        }
    }

    #[inline]
    fn sell(&self, s: &mut State, t: &mut Totals, rng: &mut Rng) {
        if let Some(sampler) = &self.demand {
            let demand = sampler.draw(rng);
            let served = demand.min(s.on_hand);
            let short = demand - served;
            s.on_hand -= served;
            if self.lost {
                t.lost += short;
            } else {
                s.backorders += short;
            }
            t.demand += demand;
            t.served += served;
            t.short_periods += u64::from(short > 0.0);
            t.backorders += s.backorders;
        }
        t.on_hand += s.on_hand;
        t.in_transit += s.in_transit;
    }
}

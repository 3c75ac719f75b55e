//! Making a plan, and what people do with it: override, confirm, order, receive, compare.

use super::allocate::{Taken, allocate};
use super::input::{Day, ItemStock, OpenOrder, PlanInput, Planner};
use super::item::{Context, Wish, order_day};
use super::outlook::Levels;
use super::output::{
    Alert, ItemFailure, ItemPlan, OrderLine, PlanRecord, PlanState, PurchaseOrder,
};
use mercato_core::{Error, Result, Run};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A quantity set by a person. The latest override of an item is in force; all stay in the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The item.
    pub item: String,
    /// Units to order, all suppliers; 0 orders nothing.
    pub quantity: i64,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
}

/// One entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The revision it made.
    pub revision: u32,
    /// Who.
    pub by: String,
    /// `override`, `confirm`, `order` or `receive`.
    pub action: String,
    /// The item or supplier concerned; empty for all.
    pub subject: String,
    /// Units before and after, where quantities changed.
    pub quantities: Option<(i64, i64)>,
    /// Why.
    pub reason: String,
}

/// Units that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// From whom.
    pub supplier: String,
    /// The item.
    pub item: String,
    /// Units.
    pub quantity: i64,
}

/// One item whose order differs between two plans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineChange {
    /// The item.
    pub item: String,
    /// Units in the first plan.
    pub before: i64,
    /// Units in the second plan.
    pub after: i64,
    /// Purchases in the first plan, minor units.
    pub purchase_before: i64,
    /// Purchases in the second plan, minor units.
    pub purchase_after: i64,
}

/// How two plans differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDiff {
    /// Items whose quantity or purchases differ.
    pub lines: Vec<LineChange>,
    /// Total of the first plan, minor units.
    pub total_before: i64,
    /// Total of the second plan, minor units.
    pub total_after: i64,
}

/// A purchase plan. Immutable: every change gives a new revision.
#[derive(Debug, Clone)]
pub struct Plan {
    planner: Planner,
    input: Arc<PlanInput>,
    record: PlanRecord,
}

/// One item's fault as a record.
fn failure(item: &str, e: &Error) -> ItemFailure {
    let field =
        e.context().find(|c| c.0 == "field" || c.0 == "parameter").map_or("", |c| c.1).to_owned();
    ItemFailure {
        item: item.to_owned(),
        field,
        code: e.code().as_str().to_owned(),
        message: e.message().to_owned(),
    }
}

impl Planner {
    /// Plans every item of `input`.
    ///
    /// Items that cannot be planned are listed in [`PlanRecord::failures`] with the field at fault;
    /// they do not keep others from being planned.
    ///
    /// # Errors
    /// `invalid_params` for the planner's own fields; `invalid_input` for levels or suppliers that
    /// no item could use; `cancelled`; `deadline_exceeded`.
    pub fn plan(&self, input: PlanInput, run: &Run) -> Result<Plan> {
        self.plan_shared(Arc::new(input), Vec::new(), run)
    }

    /// [`plan`](Self::plan) around overrides.
    ///
    /// # Errors
    /// As `plan`; also `unknown_id`, `invalid_input` or `infeasible` for an override that cannot be
    /// followed exactly.
    pub fn plan_with(&self, input: PlanInput, overrides: Vec<Override>, run: &Run) -> Result<Plan> {
        self.plan_shared(Arc::new(input), overrides, run)
    }

    fn plan_shared(
        &self,
        input: Arc<PlanInput>,
        overrides: Vec<Override>,
        run: &Run,
    ) -> Result<Plan> {
        self.check()?;
        let (context, stray) = index(self, &input, &overrides)?;
        let n = input.forecasts.len();
        let task = run.stage("plan", n as u64);
        type First = Result<(Wish, ItemPlan, Vec<Alert>)>;
        let first: Vec<First> = run.install(|| {
            (0..n)
                .into_par_iter()
                .map(|i| {
                    task.tick(1)?;
                    Ok(context.first_look(i))
                })
                .collect::<Result<Vec<First>>>()
        })??;

        let mut failures = stray;
        let mut wishes = Vec::with_capacity(n);
        let mut drafts = Vec::with_capacity(n);
        for (i, result) in first.into_iter().enumerate() {
            match result {
                Ok((wish, plan, alerts)) => {
                    wishes.push(Some(wish));
                    drafts.push(Some((plan, alerts)));
                }
                Err(e) => {
                    if context.overrides[i].is_some() {
                        return Err(e.with("item", &input.forecasts[i].item));
                    }
                    failures.push(failure(&input.forecasts[i].item, &e));
                    wishes.push(None);
                    drafts.push(None);
                }
            }
        }
        let allocation = allocate(&context, self, &wishes, &overrides)?;
        // Items whose lines others cut need a second look.
        let second: Vec<Option<(ItemPlan, Vec<Alert>)>> = run.install(|| {
            (0..n)
                .into_par_iter()
                .map(|i| {
                    let (wish, (lines, notes)) = (wishes[i].as_ref()?, &allocation[i]);
                    let (plan, alerts) = drafts[i].as_ref()?;
                    let same = lines.len() == wish.lines.len()
                        && lines
                            .iter()
                            .zip(&wish.lines)
                            .all(|(a, b)| a.usable == b.usable && a.quantity == b.quantity);
                    if same && context.overrides[i].is_none() {
                        let mut plan = plan.clone();
                        let split =
                            plan.notes.pop_if(|n| matches!(n, super::output::Note::Split { .. }));
                        plan.notes.clone_from(notes);
                        plan.notes.extend(split);
                        return Some((plan, alerts.clone()));
                    }
                    let future = context.future(i).ok()?;
                    Some(context.finish(i, &future, wish, lines, notes.clone()))
                })
                .collect()
        })?;

        let orders = purchase_orders(&context, &wishes, &allocation);
        let (mut items, mut alerts) = (Vec::with_capacity(n), Vec::new());
        for (plan, found) in second.into_iter().flatten() {
            items.push(plan);
            alerts.extend(found);
        }
        let total = orders.iter().map(|o| o.total).sum();
        let record = PlanRecord {
            today: input.today,
            revision: 0,
            orders,
            items,
            alerts,
            failures,
            overrides,
            history: Vec::new(),
            total,
            received_stock: Vec::new(),
        };
        drop(context);
        Ok(Plan { planner: self.clone(), input, record })
    }
}

impl Context<'_> {
    fn first_look(&self, i: usize) -> Result<(Wish, ItemPlan, Vec<Alert>)> {
        if let Some(e) = &self.faults[i] {
            let mut fault = Error::new(e.code(), e.message());
            for (k, v) in e.context() {
                fault = fault.with(k, v);
            }
            return Err(fault);
        }
        let future = self.future(i)?;
        let wish = self.wish(i, &future)?;
        let (plan, alerts) = self.finish(i, &future, &wish, &wish.lines, Vec::new());
        Ok((wish, plan, alerts))
    }
}

/// Joins the input's tables by id. Records of items without a forecast are returned as failures.
fn index<'a>(
    planner: &'a Planner,
    input: &'a PlanInput,
    overrides: &[Override],
) -> Result<(Context<'a>, Vec<ItemFailure>)> {
    let levels = Levels::new(&input.levels)?;
    let n = input.forecasts.len();
    let mut failures = Vec::new();
    let mut faults: Vec<Option<Error>> = (0..n).map(|_| None).collect();
    let mut position: HashMap<&str, usize> = HashMap::with_capacity(n);
    for (i, f) in input.forecasts.iter().enumerate() {
        if let Some(&first) = position.get(f.item.as_str()) {
            let twice = || {
                Error::invalid_input(format!("item {} has more than one forecast", f.item))
                    .with("field", "forecast")
            };
            faults[i] = Some(twice());
            faults[first] = Some(twice());
        } else {
            position.insert(&f.item, i);
        }
    }
    let stranger = |item: &str, field: &str, what: &str| {
        let e = Error::unknown_id(format!("{what} names item {item}, which has no forecast"));
        failure(item, &e.with("field", field))
    };
    let mut stock = vec![None; n];
    for (k, s) in input.stock.iter().enumerate() {
        match position.get(s.item.as_str()) {
            None => failures.push(stranger(&s.item, "stock", "stock")),
            Some(&i) if stock[i].is_some() => {
                faults[i] = Some(
                    Error::invalid_input(format!("item {} has more than one stock record", s.item))
                        .with("field", "stock"),
                );
            }
            Some(&i) => stock[i] = Some(k),
        }
    }
    let mut supplier_at: HashMap<&str, usize> = HashMap::new();
    let mut days = Vec::with_capacity(input.suppliers.len());
    for (k, s) in input.suppliers.iter().enumerate() {
        let refuse = |field: &str, message: String| {
            Err(Error::invalid_input(message).with("supplier", &s.supplier).with("field", field))
        };
        if supplier_at.insert(&s.supplier, k).is_some() {
            return refuse("supplier", format!("supplier {} is given twice", s.supplier));
        }
        if let Some(d) = s.order_weekdays.iter().find(|d| **d > 6) {
            return refuse(
                "order_weekdays",
                format!("weekdays run from 0 (Monday) to 6 (Sunday), got {d}"),
            );
        }
        if let Some(c) = s.capacity.filter(|c| *c < 0) {
            return refuse("capacity", format!("capacity must be non-negative, got {c}"));
        }
        days.push(order_day(s, input.today).and_then(|day| {
            let after = day.saturating_add(planner.review_period as i32);
            order_day(s, after).map(|again| (day, again))
        }));
    }
    let mut offers: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut supplier_of = Vec::with_capacity(input.offers.len());
    for (k, o) in input.offers.iter().enumerate() {
        supplier_of.push(supplier_at.get(o.supplier.as_str()).copied());
        match position.get(o.item.as_str()) {
            None => failures.push(stranger(&o.item, "offers", "an offer")),
            Some(&i) => offers[i].push(k),
        }
    }
    for (i, list) in offers.iter_mut().enumerate() {
        list.sort_by_key(|&k| (input.offers[k].rank, k));
        let mut names: Vec<&str> =
            list.iter().map(|&k| input.offers[k].supplier.as_str()).collect();
        names.sort_unstable();
        if let Some(w) = names.windows(2).find(|w| w[0] == w[1]) {
            faults[i] = Some(
                Error::invalid_input(format!("supplier {} offers this item twice", w[0]))
                    .with("field", "offers"),
            );
        }
    }
    let mut by_item = vec![None; n];
    for (k, o) in overrides.iter().enumerate() {
        let Some(&i) = position.get(o.item.as_str()) else {
            return Err(Error::unknown_id(format!("item {} is not in the plan", o.item))
                .with("item", &o.item)
                .with("field", "item"));
        };
        if !(0..=super::input::MAX_UNITS).contains(&o.quantity) {
            return Err(Error::invalid_input(format!(
                "quantity must be between 0 and 10^12, got {}",
                o.quantity
            ))
            .with("item", &o.item)
            .with("field", "quantity"));
        }
        by_item[i] = Some(k); // the latest wins
    }
    let context = Context {
        planner,
        input,
        levels,
        stock,
        offers,
        supplier_of,
        days,
        overrides: by_item,
        faults,
        nothing: ItemStock::default(),
    };
    Ok((context, failures))
}

fn purchase_orders(
    c: &Context<'_>,
    wishes: &[Option<Wish>],
    allocation: &[(Vec<Taken>, Vec<super::output::Note>)],
) -> Vec<PurchaseOrder> {
    let mut orders: BTreeMap<(usize, Day), PurchaseOrder> = BTreeMap::new();
    for (i, (lines, _)) in allocation.iter().enumerate() {
        let Some(wish) = &wishes[i] else { continue };
        for taken in lines {
            let u = &wish.usable[taken.usable];
            let offer = c.offer(u);
            let unit_price = offer.unit_price(taken.quantity);
            let line = OrderLine {
                item: c.input.forecasts[i].item.clone(),
                quantity: taken.quantity,
                unit_price,
                total: taken.quantity * unit_price,
                arrives: u.arrives,
                received: 0,
            };
            let order = orders.entry((u.supplier, u.order_day)).or_insert_with(|| PurchaseOrder {
                supplier: offer.supplier.clone(),
                order_day: u.order_day,
                state: PlanState::Draft,
                lines: Vec::new(),
                total: 0,
            });
            order.total += line.total;
            order.lines.push(line);
        }
    }
    orders.into_values().collect()
}

impl Plan {
    /// A plan from its parts, for example after reading them back from storage.
    #[must_use]
    pub fn from_parts(planner: Planner, input: PlanInput, record: PlanRecord) -> Self {
        Self { planner, input: Arc::new(input), record }
    }

    /// The plan as plain data.
    #[must_use]
    pub fn record(&self) -> &PlanRecord {
        &self.record
    }

    /// What it was made from.
    #[must_use]
    pub fn input(&self) -> &PlanInput {
        &self.input
    }

    /// Who made it.
    #[must_use]
    pub fn planner(&self) -> &Planner {
        &self.planner
    }

    /// The purchase orders.
    #[must_use]
    pub fn orders(&self) -> &[PurchaseOrder] {
        &self.record.orders
    }

    /// Every order line with its order, for tables: one row per line, in the order of the orders.
    pub fn lines(&self) -> impl Iterator<Item = (&PurchaseOrder, &OrderLine)> {
        self.record.orders.iter().flat_map(|o| o.lines.iter().map(move |l| (o, l)))
    }

    /// The risks.
    #[must_use]
    pub fn alerts(&self) -> &[Alert] {
        &self.record.alerts
    }

    /// The numbers behind one item.
    ///
    /// # Errors
    /// `unknown_id` when the item is not in the plan.
    pub fn item(&self, item: &str) -> Result<&ItemPlan> {
        self.record.items.iter().find(|p| p.item == item).ok_or_else(|| {
            Error::unknown_id(format!("item {item} is not in the plan")).with("item", item)
        })
    }

    /// Why this quantity, in sentences.
    ///
    /// # Errors
    /// `unknown_id` when the item is not in the plan.
    pub fn explain(&self, item: &str) -> Result<Vec<String>> {
        Ok(super::explain::sentences(self.item(item)?, &self.record.orders))
    }

    /// The plan re-made around a quantity that a person sets; other items adapt to what is left of
    /// capacity, budget and storage. Earlier overrides stay in force.
    ///
    /// # Errors
    /// `unknown_id`; `invalid_input` for a negative quantity or an empty reason or name;
    /// `infeasible` when the quantity does not respect minimum, packs, capacity, budget or storage;
    /// `unsupported` once orders have been placed.
    pub fn with_override(
        &self,
        item: &str,
        quantity: i64,
        reason: &str,
        by: &str,
        run: &Run,
    ) -> Result<Self> {
        for (field, text) in [("reason", reason), ("by", by)] {
            if text.trim().is_empty() {
                return Err(Error::invalid_input(format!("an override needs a {field}"))
                    .with("item", item)
                    .with("field", field));
            }
        }
        if self.record.orders.iter().any(|o| o.state != PlanState::Draft) {
            return Err(Error::unsupported(
                "only a draft can be re-planned; receive the open orders and plan again",
            ));
        }
        let before = self.record.items.iter().find(|p| p.item == item).map_or(0, |p| p.quantity);
        let mut overrides = self.record.overrides.clone();
        overrides.retain(|o| o.item != item);
        overrides.push(Override {
            item: item.to_owned(),
            quantity,
            reason: reason.to_owned(),
            by: by.to_owned(),
        });
        let mut plan = self.planner.plan_shared(self.input.clone(), overrides, run)?;
        plan.record.revision = self.record.revision;
        plan.record.history.clone_from(&self.record.history);
        plan.note(by, "override", item, Some((before, quantity)), reason);
        Ok(plan)
    }

    fn note(
        &mut self,
        by: &str,
        action: &str,
        subject: &str,
        quantities: Option<(i64, i64)>,
        reason: &str,
    ) {
        self.record.revision += 1;
        self.record.history.push(Event {
            revision: self.record.revision,
            by: by.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            quantities,
            reason: reason.to_owned(),
        });
    }

    fn advance(&self, by: &str, action: &str, from: PlanState, to: PlanState) -> Result<Self> {
        if let Some(o) = self.record.orders.iter().find(|o| o.state != from) {
            return Err(Error::unsupported(format!(
                "cannot {action}: the order to {} is {:?}, not {from:?}",
                o.supplier, o.state
            ))
            .with("supplier", &o.supplier));
        }
        let mut next = self.clone();
        for o in &mut next.record.orders {
            o.state = to;
        }
        next.note(by, action, "", None, "");
        Ok(next)
    }

    /// The plan approved: every order goes from draft to confirmed.
    ///
    /// # Errors
    /// `unsupported` when an order is no draft.
    pub fn confirm(&self, by: &str) -> Result<Self> {
        self.advance(by, "confirm", PlanState::Draft, PlanState::Confirmed)
    }

    /// The plan sent: every order goes from confirmed to ordered.
    ///
    /// # Errors
    /// `unsupported` when an order is not confirmed.
    pub fn ordered(&self, by: &str) -> Result<Self> {
        self.advance(by, "order", PlanState::Confirmed, PlanState::Ordered)
    }

    /// The plan after deliveries; orders become received in part or in full.
    ///
    /// # Errors
    /// `unknown_id` for a delivery that no order line expects; `invalid_input` for more than is
    /// outstanding or less than 1; `unsupported` when the order has not been placed.
    pub fn receive(&self, receipts: &[Receipt], by: &str) -> Result<Self> {
        let mut next = self.clone();
        for r in receipts {
            let order = next
                .record
                .orders
                .iter_mut()
                .find(|o| o.supplier == r.supplier && o.lines.iter().any(|l| l.item == r.item))
                .ok_or_else(|| {
                    Error::unknown_id(format!("no order to {} holds item {}", r.supplier, r.item))
                        .with("item", &r.item)
                })?;
            if !matches!(order.state, PlanState::Ordered | PlanState::ReceivedInPart) {
                return Err(Error::unsupported(format!(
                    "the order to {} is {:?} and expects no delivery",
                    r.supplier, order.state
                )));
            }
            let Some(line) = order.lines.iter_mut().find(|l| l.item == r.item) else { continue };
            let open = line.quantity - line.received;
            if r.quantity < 1 || r.quantity > open {
                return Err(Error::invalid_input(format!(
                    "a delivery of {} must be between 1 and the {open} units outstanding, got {}",
                    r.item, r.quantity
                ))
                .with("item", &r.item)
                .with("field", "quantity"));
            }
            line.received += r.quantity;
            let done = order.lines.iter().all(|l| l.received == l.quantity);
            order.state = if done { PlanState::Received } else { PlanState::ReceivedInPart };
            next.note(by, "receive", &r.item, Some((open, open - r.quantity)), &r.supplier);
        }
        next.record.received_stock = next.stock_after();
        Ok(next)
    }

    /// Stock of the items with orders, as the next plan should see it: receipts are on hand, what is
    /// ordered and outstanding is on order.
    #[must_use]
    pub fn stock_after(&self) -> Vec<ItemStock> {
        let mut stock: BTreeMap<&str, ItemStock> = BTreeMap::new();
        for order in &self.record.orders {
            if matches!(order.state, PlanState::Draft | PlanState::Confirmed) {
                continue;
            }
            for line in &order.lines {
                let s = stock.entry(&line.item).or_insert_with(|| {
                    let known = self.input.stock.iter().find(|s| s.item == line.item);
                    known.cloned().unwrap_or_else(|| ItemStock {
                        item: line.item.clone(),
                        ..ItemStock::default()
                    })
                });
                s.on_hand += line.received;
                if line.quantity > line.received {
                    s.on_order.push(OpenOrder {
                        supplier: order.supplier.clone(),
                        quantity: line.quantity - line.received,
                        due: line.arrives,
                    });
                }
            }
        }
        stock.into_values().collect()
    }

    /// How `other` differs from this plan.
    #[must_use]
    pub fn diff(&self, other: &Self) -> PlanDiff {
        let mut both: BTreeMap<&str, LineChange> = BTreeMap::new();
        let blank = |item: &str| LineChange {
            item: item.to_owned(),
            before: 0,
            after: 0,
            purchase_before: 0,
            purchase_after: 0,
        };
        for p in &self.record.items {
            let c = both.entry(&p.item).or_insert_with(|| blank(&p.item));
            (c.before, c.purchase_before) = (p.quantity, p.purchase);
        }
        for p in &other.record.items {
            let c = both.entry(&p.item).or_insert_with(|| blank(&p.item));
            (c.after, c.purchase_after) = (p.quantity, p.purchase);
        }
        PlanDiff {
            lines: both
                .into_values()
                .filter(|c| c.before != c.after || c.purchase_before != c.purchase_after)
                .collect(),
            total_before: self.record.total,
            total_after: other.record.total,
        }
    }
}

//! What a plan says. All records are plain data that serialise.

use super::input::{Day, ItemStock};
use super::review::{Event, Override};
use serde::{Deserialize, Serialize};

/// Where a purchase order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Proposed; may still change.
    Draft,
    /// Approved by someone.
    Confirmed,
    /// Sent to the supplier.
    Ordered,
    /// Some of it has arrived.
    ReceivedInPart,
    /// All of it has arrived.
    Received,
}

/// One line of a purchase order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The item.
    pub item: String,
    /// Units.
    pub quantity: i64,
    /// Price per unit in minor units.
    pub unit_price: i64,
    /// `quantity * unit_price`.
    pub total: i64,
    /// The day on which it should arrive.
    pub arrives: Day,
    /// Units received so far.
    pub received: i64,
}

/// One purchase order: a supplier and a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PurchaseOrder {
    /// The supplier.
    pub supplier: String,
    /// The day on which to place it.
    pub order_day: Day,
    /// Where it stands.
    pub state: PlanState,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// The sum of the lines in minor units.
    pub total: i64,
}

/// Something that shaped a quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Note {
    /// A better-ranked supplier takes no orders before the next review; another took over.
    BackupUsed {
        /// Who cannot deliver.
        unavailable: String,
        /// Who takes over; `None` when nobody can.
        instead: Option<String>,
    },
    /// More than one supplier shares the quantity.
    Split {
        /// How many.
        suppliers: usize,
    },
    /// Grown to the supplier's minimum or whole packs.
    Rounded {
        /// Units needed.
        needed: i64,
    },
    /// Grown to the economic lot.
    EconomicLot {
        /// The lot.
        lot: i64,
    },
    /// Grown to a price break that pays.
    PriceBreak {
        /// From this many units.
        from: i64,
        /// At this unit price.
        unit_price: i64,
    },
    /// Cut by the capacity of suppliers.
    CapacityCut {
        /// Units left uncovered.
        missing: i64,
    },
    /// Cut by the budget.
    BudgetCut {
        /// Units left uncovered.
        missing: i64,
    },
    /// Cut by storage space.
    StorageCut {
        /// Units left uncovered.
        missing: i64,
    },
    /// Cut to what can be sold before it expires.
    ShelfLifeCut {
        /// Units that would have been ordered otherwise.
        wanted: i64,
    },
    /// Stock that is likely to expire before it is sold was not counted.
    ExpectedWaste {
        /// Units.
        units: i64,
    },
    /// Deliveries fall short on average; the order is larger by that.
    Reliability {
        /// Expected part of an order that arrives.
        part: f64,
    },
    /// The forecast ends before the protection interval; demand continues at its mean rate.
    ForecastExtended,
    /// A person set the quantity.
    Overridden {
        /// What the planner would have ordered.
        planned: i64,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}

/// One item of a plan and the numbers behind its quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemPlan {
    /// The item.
    pub item: String,
    /// Units ordered, all suppliers.
    pub quantity: i64,
    /// Units needed before lots, packs and limits.
    pub need: i64,
    /// On hand - reserved - back-ordered + coming in time - expected waste.
    pub position: i64,
    /// Stock that reaches the goal over the protection interval.
    pub target: f64,
    /// Days from today until the order after this one can arrive.
    pub protection_days: f64,
    /// Expected demand over these days.
    pub expected_demand: f64,
    /// The part of it expected to be served from stock, with this plan.
    pub expected_fill_rate: f64,
    /// The probability of running out in these days, with this plan.
    pub stockout_probability: f64,
    /// Purchases in minor units.
    pub purchase: i64,
    /// Expected cost of units short over the protection interval, minor units.
    pub shortage_cost: f64,
    /// Expected cost of holding stock over the protection interval, minor units.
    pub holding_cost: f64,
    /// What shaped the quantity.
    pub notes: Vec<Note>,
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Stock may run out.
    StockOut,
    /// Stock will probably last too long.
    OverStock,
    /// Stock will probably expire.
    Expiry,
    /// An open order is late.
    LateSupplier,
    /// A supplier takes no orders.
    SupplierUnavailable,
    /// Demand no longer follows its forecast.
    ForecastDrift,
}

/// A risk with a day and a probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// What about.
    pub kind: AlertKind,
    /// The item.
    pub item: String,
    /// Stock-out: the first day on which the risk exceeds the threshold. Over-stock: the day by which
    /// stock is expected to be gone. Expiry: the lot's last day. Late supplier: the promised day.
    pub day: Day,
    /// How probable it is.
    pub probability: f64,
    /// Units concerned: expected shortage, excess, waste, outstanding.
    pub units: f64,
    /// The supplier, where one is concerned.
    pub supplier: Option<String>,
}

/// An item that could not be planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemFailure {
    /// The item.
    pub item: String,
    /// The field at fault.
    pub field: String,
    /// The stable error code.
    pub code: String,
    /// The message.
    pub message: String,
}

/// A plan as plain data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// The day of the plan.
    pub today: Day,
    /// 0, then one more with every change by a person.
    pub revision: u32,
    /// Purchase orders, by supplier in the order of the input, then by day.
    pub orders: Vec<PurchaseOrder>,
    /// Every planned item, in the order of the forecasts, with or without an order.
    pub items: Vec<ItemPlan>,
    /// Risks, in the order of the items.
    pub alerts: Vec<Alert>,
    /// Items that could not be planned.
    pub failures: Vec<ItemFailure>,
    /// Overrides in force.
    pub overrides: Vec<Override>,
    /// Everything people did to this plan, oldest first.
    pub history: Vec<Event>,
    /// The sum of the orders in minor units.
    pub total: i64,
    /// Stock after receipts; only items that received something.
    pub received_stock: Vec<ItemStock>,
}

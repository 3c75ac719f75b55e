//! What a plan is made from. All records are plain data.

use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A calendar day: days since 1970-01-01, which was a Thursday.
pub type Day = i32;

/// How demand of the coming periods is given, one row per period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outlook {
    /// Row-major periods x levels, at [`PlanInput::levels`].
    Quantiles {
        /// The quantiles.
        values: Vec<f64>,
    },
    /// Row-major periods x paths: joint samples, which carry the dependence between periods.
    Samples {
        /// How many paths.
        paths: usize,
        /// The samples.
        values: Vec<f64>,
    },
    /// Quantiles of total demand over the next `days` days, at [`PlanInput::levels`]: what
    /// [`SpanQuantiles`](crate::replenish::SpanQuantiles) learns. Best when `days` is the time until
    /// the order after next arrives; other spans are scaled, the deviation by the root of time.
    Total {
        /// Days of the span, at least 1.
        days: u32,
        /// The quantiles.
        values: Vec<f64>,
    },
    /// Mean and standard deviation per period.
    Moments {
        /// Means.
        mean: Vec<f64>,
        /// Standard deviations.
        sd: Vec<f64>,
    },
}

/// The forecast of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemForecast {
    /// The item.
    pub item: String,
    /// Demand of the periods from [`PlanInput::today`] on.
    pub outlook: Outlook,
}

/// A part of the stock with one use-by day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// Units.
    pub quantity: i64,
    /// The last day on which they can be sold.
    pub expires: Day,
}

/// Units ordered earlier and not yet received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// Whom they come from.
    pub supplier: String,
    /// Units outstanding.
    pub quantity: i64,
    /// The promised day.
    pub due: Day,
}

/// The stock of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ItemStock {
    /// The item.
    pub item: String,
    /// Units in the store.
    pub on_hand: i64,
    /// Units of `on_hand` promised to someone already.
    pub reserved: i64,
    /// Units sold and still owed to customers.
    pub backordered: i64,
    /// Units on their way.
    pub on_order: Vec<OpenOrder>,
    /// Use-by days; empty for goods that keep. Units of `on_hand` in no lot keep, too.
    pub lots: Vec<Lot>,
    /// Days a delivery can be sold after it arrives; `None` for goods that keep.
    pub shelf_life: Option<u32>,
    /// Storage one unit takes, in the unit of [`Planner::storage`].
    pub volume: f64,
    /// Recent demand, for the drift alert.
    pub recent_actual: Vec<f64>,
    /// What had been forecast for the same periods.
    pub recent_forecast: Vec<f64>,
}

impl Default for ItemStock {
    fn default() -> Self {
        Self {
            item: String::new(),
            on_hand: 0,
            reserved: 0,
            backordered: 0,
            on_order: Vec::new(),
            lots: Vec::new(),
            shelf_life: None,
            volume: 0.0,
            recent_actual: Vec::new(),
            recent_forecast: Vec::new(),
        }
    }
}

/// A supplier.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Supplier {
    /// The supplier.
    pub supplier: String,
    /// Weekdays on which it takes orders, 0 = Monday ... 6 = Sunday; empty = every day.
    pub order_weekdays: Vec<u8>,
    /// Days on which it takes none.
    pub closed: Vec<Day>,
    /// Takes no orders before this day (strike, outage, holidays).
    pub unavailable_until: Option<Day>,
    /// Units it can supply per plan over all items; `None` = no limit.
    pub capacity: Option<i64>,
}

/// Days from order to arrival.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LeadDays {
    /// Always the same, at least 1.
    Fixed(u32),
    /// By mean (> 0) and standard deviation.
    Spread {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// `probabilities[k]` that it takes `days[k]`.
    Table {
        /// Days, each at least 1.
        days: Vec<u32>,
        /// Their probabilities, summing to 1.
        probabilities: Vec<f64>,
    },
}

impl LeadDays {
    /// Mean and variance.
    pub(super) fn moments(&self) -> (f64, f64) {
        match self {
            Self::Fixed(n) => (f64::from(*n), 0.0),
            Self::Spread { mean, sd } => (*mean, sd * sd),
            Self::Table { days, probabilities } => {
                let m: f64 = days.iter().zip(probabilities).map(|(&d, p)| f64::from(d) * p).sum();
                let square: f64 = days
                    .iter()
                    .zip(probabilities)
                    .map(|(&d, p)| (f64::from(d) - m).powi(2) * p)
                    .sum();
                (m, square)
            }
        }
    }

    fn check(&self) -> Result<()> {
        let fine = match self {
            Self::Fixed(n) => (1..=3650).contains(n),
            Self::Spread { mean, sd } => {
                *mean > 0.0 && *mean <= 3650.0 && *sd >= 0.0 && *sd <= 3650.0
            }
            Self::Table { days, probabilities } => {
                !days.is_empty()
                    && days.len() == probabilities.len()
                    && days.iter().all(|d| (1..=3650).contains(d))
                    && probabilities.iter().all(|p| *p >= 0.0)
                    && (probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-6
            }
        };
        if fine {
            Ok(())
        } else {
            Err(Error::invalid_input(format!(
                "lead_time must be 1 to 3650 days (a mean > 0, or days >= 1 with probabilities \
                 summing to 1), got {self:?}"
            ))
            .with("field", "lead_time"))
        }
    }
}

/// The price of a unit from some quantity on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBreak {
    /// Lowest quantity of the order line.
    pub from: i64,
    /// Price per unit in minor currency units (cents), for all units of the line.
    pub unit_price: i64,
}

/// One supplier's terms for one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Offer {
    /// The item.
    pub item: String,
    /// The supplier.
    pub supplier: String,
    /// 0 = first choice; higher ranks are backups, in order.
    pub rank: u32,
    /// Days from order to arrival.
    pub lead_time: LeadDays,
    /// Least units of an order line.
    pub minimum: i64,
    /// Units are sold in multiples of this.
    pub pack: i64,
    /// Most units of this item per plan; `None` = no limit.
    pub capacity: Option<i64>,
    /// The expected part of an order that arrives (0 < r <= 1); orders grow by 1 / r.
    pub reliability: f64,
    /// Prices; the first must be from 0 or 1, quantities rise, prices never rise.
    pub prices: Vec<PriceBreak>,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            item: String::new(),
            supplier: String::new(),
            rank: 0,
            lead_time: LeadDays::Fixed(7),
            minimum: 1,
            pack: 1,
            capacity: None,
            reliability: 1.0,
            prices: vec![PriceBreak { from: 1, unit_price: 0 }],
        }
    }
}

impl Offer {
    /// Unit price of a line of `quantity`.
    #[must_use]
    pub fn unit_price(&self, quantity: i64) -> i64 {
        let n = self.prices.partition_point(|b| b.from <= quantity);
        self.prices.get(n.saturating_sub(1)).map_or(0, |b| b.unit_price)
    }

    /// The least line that respects minimum and pack.
    pub(super) fn least(&self) -> i64 {
        round_up(self.minimum.max(1), self.pack)
    }

    pub(super) fn check(&self) -> Result<()> {
        let bad = |field: &str, message: String| {
            Err(Error::invalid_input(format!("{message} (supplier {})", self.supplier))
                .with("field", field))
        };
        self.lead_time.check()?;
        if !(0..=MAX_UNITS).contains(&self.minimum) {
            return bad("minimum", format!("minimum must be in 0..=10^12, got {}", self.minimum));
        }
        if !(1..=MAX_UNITS).contains(&self.pack) {
            return bad("pack", format!("pack must be in 1..=10^12, got {}", self.pack));
        }
        if let Some(c) = self.capacity {
            if c < 0 {
                return bad("capacity", format!("capacity must be non-negative, got {c}"));
            }
            if c < self.least() {
                return bad(
                    "minimum",
                    format!(
                        "the least order of {} units is above the capacity of {c}",
                        self.least()
                    ),
                );
            }
        }
        if !(self.reliability > 0.0 && self.reliability <= 1.0) {
            return bad(
                "reliability",
                format!(
                    "reliability must be greater than 0 and at most 1, got {}",
                    self.reliability
                ),
            );
        }
        let first = self.prices.first().map(|b| b.from);
        if !matches!(first, Some(0 | 1)) {
            return bad("prices", "the first price must hold from quantity 0 or 1".into());
        }
        let rising = self.prices.windows(2).all(|w| w[0].from < w[1].from);
        let falling = self.prices.windows(2).all(|w| w[0].unit_price >= w[1].unit_price);
        let sane = self.prices.iter().all(|b| (0..=MAX_PRICE).contains(&b.unit_price));
        if !(rising && falling && sane) {
            return bad(
                "prices",
                "price breaks must rise in quantity and not rise in price, between 0 and 10^12"
                    .into(),
            );
        }
        Ok(())
    }
}

/// Quantities above this are refused: totals then fit 64 bits with room to spare.
pub(super) const MAX_UNITS: i64 = 1_000_000_000_000;
/// Prices above this are refused.
pub(super) const MAX_PRICE: i64 = 1_000_000_000_000;

/// `quantity` rounded up to whole packs.
pub(super) fn round_up(quantity: i64, pack: i64) -> i64 {
    (quantity + pack - 1) / pack * pack
}

/// Everything a plan is made from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanInput {
    /// The day on which the plan is made.
    pub today: Day,
    /// Probability levels of quantile forecasts, strictly rising inside (0, 1).
    pub levels: Vec<f64>,
    /// Days per forecast period; 0 counts as 1.
    pub period_days: u32,
    /// One per item; decides which items are planned and their order.
    pub forecasts: Vec<ItemForecast>,
    /// Stock; items without a record have none.
    pub stock: Vec<ItemStock>,
    /// Suppliers.
    pub suppliers: Vec<Supplier>,
    /// Who sells what on which terms.
    pub offers: Vec<Offer>,
}

/// What stock is for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// No stock-out until the next arrival with this probability (0 < level < 1).
    ServiceLevel(f64),
    /// This part of demand served from stock (0 < rate < 1).
    FillRate(f64),
    /// The level that balances a shortage cost per unit against holding one unit for the protection
    /// interval, both in minor units.
    Cost {
        /// Cost of a unit short.
        shortage: f64,
        /// Cost of a unit left over.
        holding: f64,
    },
}

/// A service level for all items, or one for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ServiceLevel {
    /// The same for all (0 < level < 1).
    All(f64),
    /// Per item; 0.95 for items that are not named.
    Each(BTreeMap<String, f64>),
}

/// How to plan.
///
/// ```
/// use mercato_forecast::replenish::{Planner, ServiceLevel};
/// let planner = Planner { review_period: 7, ..Planner::default() };
/// assert_eq!(planner.service_level, ServiceLevel::All(0.95));
/// planner.check()?;
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Planner {
    /// No stock-out until the next arrival with this probability; default 0.95.
    pub service_level: ServiceLevel,
    /// Another goal than a service level, for all items.
    pub goal: Option<Goal>,
    /// Items with a goal of their own; it comes before the others.
    pub goals: BTreeMap<String, Goal>,
    /// Days between plans (1..=365); default 7.
    pub review_period: u32,
    /// Cost of placing an order line, in minor units; with `holding_rate` it sets the economic lot.
    /// Default 0: order what is needed.
    pub order_cost: f64,
    /// Cost of holding stock per year as a part of its price; default 0.25.
    pub holding_rate: f64,
    /// Cost of a unit short as a part of its price, for ranking and expected cost; default 0.5.
    pub shortage_rate: f64,
    /// Most days of demand that a line may cover beyond what the goal needs; default 180.
    pub max_cover_days: u32,
    /// Correlation of forecast errors between periods, 0..=1; default 0. Samples carry their own.
    pub correlation: f64,
    /// Most money per plan in minor units.
    pub budget: Option<i64>,
    /// Most storage, over stock at hand, coming and ordered.
    pub storage: Option<f64>,
    /// Report a stock-out risk above this probability; default 0.1.
    pub stockout_alert: f64,
    /// Days ahead that stock-out alerts look; default 28.
    pub alert_days: u32,
    /// Report stock that with more than even odds outlasts this many days; default 120.
    pub overstock_days: u32,
    /// Report an open order this many days late; default 1.
    pub late_days: u32,
    /// Report forecast drift when its probability exceeds this; default 0.99.
    pub drift_alert: f64,
}

impl Default for Planner {
    fn default() -> Self {
        Self {
            service_level: ServiceLevel::All(0.95),
            goal: None,
            goals: BTreeMap::new(),
            review_period: 7,
            order_cost: 0.0,
            holding_rate: 0.25,
            shortage_rate: 0.5,
            max_cover_days: 180,
            correlation: 0.0,
            budget: None,
            storage: None,
            stockout_alert: 0.1,
            alert_days: 28,
            overstock_days: 120,
            late_days: 1,
            drift_alert: 0.99,
        }
    }
}

impl Goal {
    pub(super) fn check(self) -> Result<()> {
        let fine = match self {
            Self::ServiceLevel(p) | Self::FillRate(p) => p > 0.0 && p < 1.0,
            Self::Cost { shortage, holding } => {
                shortage > 0.0 && holding > 0.0 && shortage.is_finite() && holding.is_finite()
            }
        };
        if fine {
            return Ok(());
        }
        Err(Error::invalid_params(format!(
            "a service level or fill rate must be greater than 0 and less than 1, and costs must be \
             positive, got {self:?}"
        ))
        .with("field", "service_level"))
    }
}

impl Planner {
    /// The goal of one item.
    pub(super) fn goal_of(&self, item: &str) -> Goal {
        self.goals.get(item).copied().or(self.goal).unwrap_or_else(|| {
            Goal::ServiceLevel(match &self.service_level {
                ServiceLevel::All(p) => *p,
                ServiceLevel::Each(levels) => levels.get(item).copied().unwrap_or(0.95),
            })
        })
    }

    /// Validates the parameters that concern all items; goals of single items are checked per item.
    ///
    /// # Errors
    /// `invalid_params`, naming the field.
    pub fn check(&self) -> Result<()> {
        self.goal.map_or(Ok(()), Goal::check)?;
        if let ServiceLevel::All(p) = self.service_level {
            Goal::ServiceLevel(p).check()?;
        }
        let refuse = |name: &str, value: String, accepted: &str| {
            Err(Error::invalid_params(format!("{name} must be {accepted}, got {value}"))
                .with("parameter", name))
        };
        if !(1..=365).contains(&self.review_period) {
            return refuse("review_period", self.review_period.to_string(), "in 1..=365 days");
        }
        for (name, value) in [
            ("order_cost", self.order_cost),
            ("holding_rate", self.holding_rate),
            ("shortage_rate", self.shortage_rate),
            ("storage", self.storage.unwrap_or(0.0)),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return refuse(name, value.to_string(), "non-negative");
            }
        }
        for (name, value) in [
            ("correlation", self.correlation),
            ("stockout_alert", self.stockout_alert),
            ("drift_alert", self.drift_alert),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return refuse(name, value.to_string(), "between 0 and 1");
            }
        }
        if let Some(b) = self.budget.filter(|b| *b < 0) {
            return refuse("budget", b.to_string(), "non-negative");
        }
        for (name, days) in [
            ("max_cover_days", self.max_cover_days),
            ("alert_days", self.alert_days),
            ("overstock_days", self.overstock_days),
        ] {
            if !(1..=3650).contains(&days) {
                return refuse(name, days.to_string(), "in 1..=3650 days");
            }
        }
        Ok(())
    }
}

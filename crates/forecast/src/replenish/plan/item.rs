//! One item: how much it needs, from whom, and what the plan then promises.

use super::alerts;
use super::allocate::Taken;
use super::input::{Day, Goal, ItemStock, MAX_UNITS, Offer, PlanInput, Planner, Supplier};
use super::lots::{Economics, line_quantity};
use super::outlook::{Future, Levels};
use super::output::{Alert, ItemPlan, Note};
use mercato_core::{Error, Result};

/// The input, indexed.
pub(super) struct Context<'a> {
    pub planner: &'a Planner,
    pub input: &'a PlanInput,
    pub levels: Levels,
    /// Per forecast: its stock record, its offers by rank.
    pub stock: Vec<Option<usize>>,
    pub offers: Vec<Vec<usize>>,
    /// Per offer: its supplier.
    pub supplier_of: Vec<Option<usize>>,
    /// Per supplier: the first day on which it takes orders, and the one after the next review.
    pub days: Vec<Option<(Day, Day)>>,
    /// Per forecast: an override, by position.
    pub overrides: Vec<Option<usize>>,
    /// Per forecast: a fault found while indexing.
    pub faults: Vec<Option<Error>>,
    pub nothing: ItemStock,
}

/// An offer that can be used in this plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usable {
    pub offer: usize,
    pub supplier: usize,
    pub order_day: Day,
    pub arrives: Day,
}

/// What an item asks for.
pub(super) struct Wish {
    pub need: i64,
    pub target: f64,
    pub position: i64,
    pub days: f64,
    pub day_variance: f64,
    pub economics: Economics,
    pub usable: Vec<Usable>,
    pub notes: Vec<Note>,
    /// Lines when nothing but the offers' own limits binds.
    pub lines: Vec<Taken>,
    /// Expected shortage without and with these lines, in minor units.
    pub shortage_without: f64,
    pub shortage_with: f64,
}

/// First day from `from` on which `supplier` takes orders, within a year.
pub(super) fn order_day(supplier: &Supplier, from: Day) -> Option<Day> {
    let from = supplier.unavailable_until.map_or(from, |d| d.max(from));
    (from..from.saturating_add(370)).find(|d| {
        // 1970-01-01 was a Thursday, weekday 3.
        let weekday = (i64::from(*d) + 3).rem_euclid(7) as u8;
        (supplier.order_weekdays.is_empty() || supplier.order_weekdays.contains(&weekday))
            && !supplier.closed.contains(d)
    })
}

fn check_stock(stock: &ItemStock) -> Result<()> {
    let bad = |field: &str, value: String| {
        Err(Error::invalid_input(format!("{field} must be between 0 and 10^12 units, got {value}"))
            .with("field", field))
    };
    for (field, units) in [
        ("on_hand", stock.on_hand),
        ("reserved", stock.reserved),
        ("backordered", stock.backordered),
    ] {
        if !(0..=MAX_UNITS).contains(&units) {
            return bad(field, units.to_string());
        }
    }
    if let Some(o) = stock.on_order.iter().find(|o| !(0..=MAX_UNITS).contains(&o.quantity)) {
        return bad("on_order", o.quantity.to_string());
    }
    if let Some(l) = stock.lots.iter().find(|l| !(0..=MAX_UNITS).contains(&l.quantity)) {
        return bad("lots", l.quantity.to_string());
    }
    if stock.lots.iter().map(|l| l.quantity).sum::<i64>() > stock.on_hand {
        return Err(Error::invalid_input(format!(
            "lots must not exceed the {} units on hand",
            stock.on_hand
        ))
        .with("field", "lots"));
    }
    if !(stock.volume >= 0.0 && stock.volume.is_finite()) {
        return bad("volume", stock.volume.to_string());
    }
    if stock.shelf_life == Some(0) {
        return Err(Error::invalid_input("shelf_life must be at least 1 day, got 0")
            .with("field", "shelf_life"));
    }
    Ok(())
}

impl<'a> Context<'a> {
    pub(super) fn stock_of(&self, i: usize) -> &ItemStock {
        self.stock[i].map_or(&self.nothing, |s| &self.input.stock[s])
    }

    pub(super) fn offer(&self, u: &Usable) -> &'a Offer {
        &self.input.offers[u.offer]
    }

    pub(super) fn future(&self, i: usize) -> Result<Future<'a>> {
        let outlook = &self.input.forecasts[i].outlook;
        Future::new(self.input, &self.levels, outlook, self.planner.correlation)
    }

    /// What item `i` needs and would order alone.
    pub(super) fn wish(&self, i: usize, future: &Future<'_>) -> Result<Wish> {
        let (planner, today) = (self.planner, self.input.today);
        let item = &self.input.forecasts[i].item;
        let stock = self.stock_of(i);
        check_stock(stock)?;
        let goal = planner.goal_of(item);
        goal.check()
            .map_err(|e| Error::invalid_input(e.message()).with("field", "service_level"))?;

        let mut notes = Vec::new();
        let (usable, unavailable) = self.usable(i)?;
        if !unavailable.is_empty() {
            let instead = usable.first().map(|u| self.offer(u).supplier.clone());
            for unavailable in unavailable {
                notes.push(Note::BackupUsed { unavailable, instead: instead.clone() });
            }
        }
        let Some(first) = usable.first() else {
            return Ok(self.nobody(future, stock, notes));
        };
        let offer = self.offer(first);
        let (lead, lead_variance) = offer.lead_time.moments();
        let (_, again) = self.days[first.supplier].unwrap_or((today, today));
        let next_arrival = f64::from(again - today) + lead;
        let days = next_arrival.max(1.0);
        if future.ends_before(days) {
            notes.push(Note::ForecastExtended);
        }
        let span = future.over(days, lead_variance);
        let target = match goal {
            Goal::ServiceLevel(p) => span.quantile(p),
            Goal::FillRate(rate) => span.stock_for_shortage((1.0 - rate) * span.mean),
            Goal::Cost { shortage, holding } => span.quantile(shortage / (shortage + holding)),
        };
        let waste = alerts::waste(stock, future, today, today.saturating_add(days as i32)).0;
        if waste > 0 {
            notes.push(Note::ExpectedWaste { units: waste });
        }
        let position = self.position(stock, today, days) - waste;
        let gap = target - position as f64;
        if offer.reliability < 1.0 && gap > 0.0 {
            notes.push(Note::Reliability { part: offer.reliability });
        }
        let need = (gap / offer.reliability - 1e-9).ceil().clamp(0.0, MAX_UNITS as f64) as i64;

        let rate = future.rate();
        let price = offer.unit_price(offer.least()) as f64;
        let yearly = planner.holding_rate * price;
        let lot = if planner.order_cost > 0.0 && yearly > 0.0 {
            (2.0 * planner.order_cost * rate * 365.0 / yearly).sqrt().round() as i64
        } else {
            0
        };
        let keep = stock.shelf_life.map(|life| {
            let sellable = f64::from(first.arrives - today) + f64::from(life);
            ((future.mean(sellable) - position as f64).floor() as i64).max(0)
        });
        let economics = Economics {
            lot,
            rate,
            holding: planner.holding_rate / 365.0,
            most_extra: (rate * f64::from(planner.max_cover_days)).min(MAX_UNITS as f64) as i64,
            keep,
        };
        let shortage_cost = planner.shortage_rate * price;
        let mut wish = Wish {
            need,
            target,
            position,
            days,
            day_variance: lead_variance,
            economics,
            usable,
            notes,
            lines: Vec::new(),
            shortage_without: span.shortage(position as f64) * shortage_cost,
            shortage_with: 0.0,
        };
        wish.lines = self.unbound(&wish);
        let ordered: i64 = wish.lines.iter().map(|l| l.quantity).sum();
        wish.shortage_with = span.shortage((position + ordered) as f64) * shortage_cost;
        Ok(wish)
    }

    /// Offers that take orders before the next review, by rank, and suppliers that do not.
    fn usable(&self, i: usize) -> Result<(Vec<Usable>, Vec<String>)> {
        if self.offers[i].is_empty() {
            return Err(
                Error::invalid_input("no supplier offers this item").with("field", "offers")
            );
        }
        let review = self.planner.review_period as i32;
        let (mut usable, mut unavailable) = (Vec::new(), Vec::new());
        for &o in &self.offers[i] {
            let offer = &self.input.offers[o];
            offer.check()?;
            let Some(supplier) = self.supplier_of[o] else {
                return Err(Error::unknown_id(format!("supplier {} is unknown", offer.supplier))
                    .with("field", "supplier"));
            };
            match self.days[supplier] {
                Some((day, _)) if day < self.input.today.saturating_add(review) => {
                    let lead = offer.lead_time.moments().0.ceil() as i32;
                    let arrives = day.saturating_add(lead);
                    usable.push(Usable { offer: o, supplier, order_day: day, arrives });
                }
                _ => unavailable.push(offer.supplier.clone()),
            }
        }
        // Only suppliers that would have come first are missed.
        if let Some(first) = usable.first() {
            let rank = self.input.offers[first.offer].rank;
            let better: Vec<String> = self.offers[i]
                .iter()
                .map(|&o| &self.input.offers[o])
                .filter(|o| o.rank < rank && unavailable.contains(&o.supplier))
                .map(|o| o.supplier.clone())
                .collect();
            unavailable = better;
        }
        Ok((usable, unavailable))
    }

    fn position(&self, stock: &ItemStock, today: Day, days: f64) -> i64 {
        let coming: i64 = stock
            .on_order
            .iter()
            .filter(|o| f64::from(o.due.saturating_sub(today)) < days)
            .map(|o| o.quantity)
            .sum();
        stock.on_hand - stock.reserved - stock.backordered + coming
    }

    /// The wish of an item that nobody can deliver before the next review.
    fn nobody(&self, future: &Future<'_>, stock: &ItemStock, notes: Vec<Note>) -> Wish {
        let days = f64::from(self.planner.review_period);
        let rate = future.rate();
        let position = self.position(stock, self.input.today, days);
        Wish {
            need: 0,
            target: position as f64,
            position,
            days,
            day_variance: 0.0,
            economics: Economics { lot: 0, rate, holding: 0.0, most_extra: 0, keep: None },
            usable: Vec::new(),
            notes,
            lines: Vec::new(),
            shortage_without: 0.0,
            shortage_with: 0.0,
        }
    }

    /// Lines under the offers' own limits alone.
    fn unbound(&self, wish: &Wish) -> Vec<Taken> {
        let mut left = wish.need;
        let mut lines = Vec::new();
        for (k, u) in wish.usable.iter().enumerate() {
            if left <= 0 {
                break;
            }
            let most = self.offer(u).capacity.unwrap_or(i64::MAX);
            let economics = wish.economics_after(&lines);
            let mut notes = Vec::new();
            let q = line_quantity(left, self.offer(u), most, &economics, &mut notes);
            if q > 0 {
                lines.push(Taken { usable: k, quantity: q, notes });
                left -= q;
            }
        }
        lines
    }

    /// The record and alerts of an item whose lines are settled.
    pub(super) fn finish(
        &self,
        i: usize,
        future: &Future<'_>,
        wish: &Wish,
        lines: &[Taken],
        mut notes: Vec<Note>,
    ) -> (ItemPlan, Vec<Alert>) {
        let item = &self.input.forecasts[i].item;
        let span = future.over(wish.days, wish.day_variance);
        let quantity: i64 = lines.iter().map(|l| l.quantity).sum();
        let stock = (wish.position + quantity) as f64;
        let shortage = span.shortage(stock);
        let purchase: i64 = lines
            .iter()
            .map(|l| l.quantity * self.offer(&wish.usable[l.usable]).unit_price(l.quantity))
            .sum();
        let price = wish
            .usable
            .first()
            .map_or(0.0, |u| self.offer(u).unit_price(self.offer(u).least()) as f64);
        if lines.len() > 1 {
            notes.push(Note::Split { suppliers: lines.len() });
        }
        let left = (stock - span.mean + shortage).max(0.0);
        let average = 0.5 * (stock.max(0.0) + left);
        let plan = ItemPlan {
            item: item.clone(),
            quantity,
            need: wish.need,
            position: wish.position,
            target: wish.target,
            protection_days: wish.days,
            expected_demand: span.mean,
            expected_fill_rate: if span.mean > 0.0 {
                (1.0 - shortage / span.mean).clamp(0.0, 1.0)
            } else {
                1.0
            },
            stockout_probability: span.exceeds(stock),
            purchase,
            shortage_cost: shortage * price * self.planner.shortage_rate,
            holding_cost: average * price * self.planner.holding_rate / 365.0 * wish.days,
            notes,
        };
        let alerts = alerts::find(self, i, future, wish, lines);
        (plan, alerts)
    }
}

impl Wish {
    /// Economics for the next line: economy applies to the first line only, and what is ordered
    /// already counts against the shelf life.
    pub(super) fn economics_after(&self, lines: &[Taken]) -> Economics {
        let ordered: i64 = lines.iter().map(|l| l.quantity).sum();
        let e = &self.economics;
        Economics {
            lot: if lines.is_empty() { e.lot } else { 0 },
            rate: e.rate,
            holding: e.holding,
            most_extra: if lines.is_empty() { e.most_extra } else { 0 },
            keep: e.keep.map(|k| (k - ordered).max(0)),
        }
    }
}

//! Plans from tables: one row per forecast period, per stock item, per offer and price break.

use super::input::{
    Day, ItemForecast, ItemStock, LeadDays, Offer, OpenOrder, Outlook, PlanInput, PriceBreak,
    Supplier,
};
use mercato_core::table::{Table, TableColumn, ids, no_such_column};
use mercato_core::{Error, IdColumn, Result};
use std::collections::{BTreeMap, HashMap};

const DAY_US: i64 = 86_400_000_000;

/// A column of numbers with gaps, or `None` when the table lacks it.
fn optional(table: &impl Table, name: &str) -> Result<Option<Vec<Option<f64>>>> {
    if !table.column_names().iter().any(|n| n == name) {
        return Ok(None);
    }
    Ok(Some(match table.column(name)? {
        TableColumn::Floats(v) => v,
        TableColumn::Ints(v) => v.into_iter().map(|x| x.map(|x| x as f64)).collect(),
        TableColumn::Times(v) => {
            v.into_iter().map(|t| t.map(|t| t.div_euclid(DAY_US) as f64)).collect()
        }
        TableColumn::Bools(v) => v.into_iter().map(|b| b.map(|b| f64::from(u8::from(b)))).collect(),
        _ => {
            return Err(Error::invalid_input(format!("column {name} must hold numbers or dates"))
                .with("column", name));
        }
    }))
}

/// Numbers of a column, each present.
fn required(table: &impl Table, name: &str) -> Result<Vec<f64>> {
    let column = optional(table, name)?.ok_or_else(|| no_such_column(name, table))?;
    let fault = |row: usize| {
        Error::invalid_input(format!("column {name} is null in row {row}"))
            .with("column", name)
            .with("row", row)
    };
    column.into_iter().enumerate().map(|(row, v)| v.ok_or_else(|| fault(row))).collect()
}

/// Whole numbers, with `default` for gaps and for tables without the column.
fn whole(table: &impl Table, name: &str, rows: usize, default: i64) -> Result<Vec<i64>> {
    let Some(column) = optional(table, name)? else { return Ok(vec![default; rows]) };
    let fault = |row: usize, v: f64| {
        Error::invalid_input(format!("column {name} must hold whole numbers, row {row} holds {v}"))
            .with("column", name)
            .with("row", row)
    };
    let one = |(row, v): (usize, Option<f64>)| match v {
        None => Ok(default),
        Some(v) if v.fract() == 0.0 && v.abs() < 9e15 => Ok(v as i64),
        Some(v) => Err(fault(row, v)),
    };
    column.into_iter().enumerate().map(one).collect()
}

/// Ids as texts; integers are written out.
fn names(table: &impl Table, name: &str) -> Result<Vec<String>> {
    Ok(match ids(table, name)? {
        IdColumn::Ints(v) => v.iter().map(ToString::to_string).collect(),
        IdColumn::Strs(v) => v.into_iter().map(Into::into).collect(),
    })
}

/// `unique_id`, or `item` where a table calls it so.
fn items(table: &impl Table) -> Result<Vec<String>> {
    let has_item = table.column_names().iter().any(|n| n == "item");
    names(table, if has_item { "item" } else { "unique_id" })
}

impl PlanInput {
    /// An input from tables. Items stand in the column `unique_id` or `item`.
    ///
    /// * `forecast`: `ds` (dates, or days as integers) and either `lo-80`, `hi-80`, ... columns, as
    ///   a forecast's `predict` gives them, or `mean` and `sd`. With a column `days`, each row holds
    ///   the quantiles of total demand over that many days, one row per item. The first day is the plan's day, and
    ///   the distance of an item's first two rows is the length of a period.
    /// * `stock`: `on_hand`; optionally `reserved`, `backordered`, `shelf_life`, `volume`, and one
    ///   open order per row in `on_order`, `due` and `supplier`.
    /// * `offers`: `supplier`, `lead_time` (days) and `unit_price` (minor units); optionally `rank`,
    ///   `lead_time_sd`, `minimum`, `pack`, `capacity`, `reliability`, and `from` for price breaks,
    ///   one row each. Suppliers take orders every day; change [`suppliers`](Self::suppliers) for
    ///   calendars and capacities.
    ///
    /// # Errors
    /// `invalid_input` naming the column and row: a missing column, a null, a fractional quantity.
    pub fn from_tables(
        forecast: &impl Table,
        stock: Option<&impl Table>,
        offers: &impl Table,
    ) -> Result<Self> {
        let mut input = Self::default();
        input.read_forecast(forecast)?;
        if let Some(table) = stock {
            input.read_stock(table)?;
        }
        input.read_offers(offers)?;
        Ok(input)
    }

    /// Puts in what is known about suppliers' calendars, capacities and outages; a supplier that has
    /// no record yet is added.
    pub fn set_suppliers(&mut self, suppliers: Vec<Supplier>) {
        for s in suppliers {
            match self.suppliers.iter_mut().find(|known| known.supplier == s.supplier) {
                Some(known) => *known = s,
                None => self.suppliers.push(s),
            }
        }
    }

    fn read_forecast(&mut self, table: &impl Table) -> Result<()> {
        let item = items(table)?;
        let day = required(table, "ds")?;
        // (level, column) of every interval's ends.
        let mut levels: Vec<(f64, Vec<f64>)> = Vec::new();
        for name in table.column_names() {
            let end = |p: &str| name.strip_prefix(p).and_then(|l| l.parse::<f64>().ok());
            if let Some(level) = end("lo-") {
                levels.push(((100.0 - level) / 200.0, required(table, &name)?));
            } else if let Some(level) = end("hi-") {
                levels.push(((100.0 + level) / 200.0, required(table, &name)?));
            }
        }
        levels.sort_by(|a, b| a.0.total_cmp(&b.0));
        let spans = optional(table, "days")?;
        let moments = if levels.is_empty() {
            Some((required(table, "mean")?, required(table, "sd")?))
        } else {
            None
        };
        let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut first: HashMap<&str, usize> = HashMap::new();
        for (row, name) in item.iter().enumerate() {
            let at = *first.entry(name).or_insert(row);
            rows.entry(at).or_default().push(row);
        }
        let mut start = f64::INFINITY;
        for list in rows.values_mut() {
            list.sort_by(|&a, &b| day[a].total_cmp(&day[b]));
            start = start.min(day[list[0]]);
            if self.period_days == 0 && list.len() > 1 {
                self.period_days = (day[list[1]] - day[list[0]]).clamp(1.0, 366.0) as u32;
            }
        }
        self.today = if start.is_finite() { start as Day } else { 0 };
        self.levels = levels.iter().map(|l| l.0).collect();
        self.forecasts = rows
            .into_values()
            .map(|list| ItemForecast {
                item: item[list[0]].clone(),
                outlook: match &moments {
                    _ if spans.is_some() && !levels.is_empty() => Outlook::Total {
                        days: spans
                            .as_ref()
                            .and_then(|s| s[list[0]])
                            .map_or(0, |d| d.clamp(0.0, 36_500.0) as u32),
                        values: list
                            .iter()
                            .flat_map(|&r| levels.iter().map(move |l| l.1[r].max(0.0)))
                            .collect(),
                    },
                    Some((mean, sd)) => Outlook::Moments {
                        mean: list.iter().map(|&r| mean[r].max(0.0)).collect(),
                        sd: list.iter().map(|&r| sd[r]).collect(),
                    },
                    // Forecast intervals may reach below zero; demand does not.
                    None => Outlook::Quantiles {
                        values: list
                            .iter()
                            .flat_map(|&r| levels.iter().map(move |l| l.1[r].max(0.0)))
                            .collect(),
                    },
                },
            })
            .collect();
        Ok(())
    }

    fn read_stock(&mut self, table: &impl Table) -> Result<()> {
        let item = items(table)?;
        let n = item.len();
        let on_hand = whole(table, "on_hand", n, 0)?;
        let reserved = whole(table, "reserved", n, 0)?;
        let backordered = whole(table, "backordered", n, 0)?;
        let on_order = whole(table, "on_order", n, 0)?;
        let due = whole(table, "due", n, i64::from(self.today) + 1)?;
        let shelf_life = whole(table, "shelf_life", n, 0)?;
        let volume = optional(table, "volume")?.unwrap_or_else(|| vec![None; n]);
        let has_supplier = table.column_names().iter().any(|c| c == "supplier");
        let supplier =
            if has_supplier { names(table, "supplier")? } else { vec![String::new(); n] };
        for (i, item) in item.into_iter().enumerate() {
            let open = (on_order[i] != 0).then(|| OpenOrder {
                supplier: supplier[i].clone(),
                quantity: on_order[i],
                due: due[i] as Day,
            });
            self.stock.push(ItemStock {
                item,
                on_hand: on_hand[i],
                reserved: reserved[i],
                backordered: backordered[i],
                on_order: open.into_iter().collect(),
                shelf_life: (shelf_life[i] != 0).then_some(shelf_life[i].max(0) as u32),
                volume: volume[i].unwrap_or(0.0),
                ..ItemStock::default()
            });
        }
        Ok(())
    }

    fn read_offers(&mut self, table: &impl Table) -> Result<()> {
        let item = items(table)?;
        let n = item.len();
        let supplier = names(table, "supplier")?;
        let lead = required(table, "lead_time")?;
        let lead_sd = optional(table, "lead_time_sd")?.unwrap_or_else(|| vec![None; n]);
        let unit_price = whole(table, "unit_price", n, 0)?;
        let from = whole(table, "from", n, 1)?;
        let rank = whole(table, "rank", n, 0)?;
        let minimum = whole(table, "minimum", n, 1)?;
        let pack = whole(table, "pack", n, 1)?;
        let capacity = whole(table, "capacity", n, -1)?;
        let reliability = optional(table, "reliability")?.unwrap_or_else(|| vec![None; n]);
        let mut at: HashMap<(&str, &str), usize> = HashMap::new();
        for i in 0..n {
            let price = PriceBreak { from: from[i], unit_price: unit_price[i] };
            if let Some(&known) = at.get(&(item[i].as_str(), supplier[i].as_str())) {
                self.offers[known].prices.push(price);
                continue;
            }
            at.insert((&item[i], &supplier[i]), self.offers.len());
            let certain = lead_sd[i].is_none_or(|sd| sd == 0.0) && lead[i].fract() == 0.0;
            self.offers.push(Offer {
                item: item[i].clone(),
                supplier: supplier[i].clone(),
                rank: rank[i].clamp(0, i64::from(u32::MAX)) as u32,
                lead_time: if certain && (0.0..4e9).contains(&lead[i]) {
                    LeadDays::Fixed(lead[i] as u32)
                } else {
                    LeadDays::Spread { mean: lead[i], sd: lead_sd[i].unwrap_or(0.0) }
                },
                minimum: minimum[i],
                pack: pack[i],
                capacity: (capacity[i] >= 0).then_some(capacity[i]),
                reliability: reliability[i].unwrap_or(1.0),
                prices: vec![price],
            });
        }
        for offer in &mut self.offers {
            offer.prices.sort_by_key(|p| p.from);
        }
        let known: std::collections::BTreeSet<String> = supplier.into_iter().collect();
        self.suppliers = known
            .into_iter()
            .map(|supplier| Supplier { supplier, ..Supplier::default() })
            .collect();
        Ok(())
    }
}

//! Risks of one item, each with a day and a probability.

use super::allocate::Taken;
use super::input::{Day, ItemStock};
use super::item::{Context, Wish};
use super::outlook::{Future, two_sided};
use super::output::{Alert, AlertKind, Note};

/// Units of dated lots that expected demand leaves unsold by `until`, sold first-expired first, with
/// the last day of the first lot concerned.
pub(super) fn waste(
    stock: &ItemStock,
    future: &Future<'_>,
    today: Day,
    until: Day,
) -> (i64, Option<Day>) {
    if stock.lots.is_empty() {
        return (0, None);
    }
    let mut lots = stock.lots.clone();
    lots.sort_by_key(|l| l.expires);
    let (mut units, mut worst, mut first) = (0i64, 0i64, None);
    for lot in lots.iter().filter(|l| l.expires < until) {
        units += lot.quantity;
        let days = f64::from(lot.expires.saturating_sub(today)) + 1.0;
        let unsold = units - future.mean(days.max(0.0)).floor() as i64;
        if unsold > worst {
            worst = unsold;
            first = first.or(Some(lot.expires));
        }
    }
    (worst, first)
}

/// Everything there is to say about item `i`.
pub(super) fn find(
    c: &Context<'_>,
    i: usize,
    future: &Future<'_>,
    wish: &Wish,
    lines: &[Taken],
) -> Vec<Alert> {
    let mut out = Vec::new();
    let item = &c.input.forecasts[i].item;
    let today = c.input.today;
    let stock = c.stock_of(i);
    let alert = |kind, day, probability, units, supplier: Option<&str>| Alert {
        kind,
        item: item.clone(),
        day,
        probability,
        units,
        supplier: supplier.map(str::to_owned),
    };

    for o in &stock.on_order {
        if o.quantity > 0 && o.due.saturating_add(c.planner.late_days as i32) <= today {
            let units = o.quantity as f64;
            out.push(alert(AlertKind::LateSupplier, o.due, 1.0, units, Some(&o.supplier)));
        }
    }
    for note in &wish.notes {
        if let Note::BackupUsed { unavailable, .. } = note {
            out.push(alert(AlertKind::SupplierUnavailable, today, 1.0, 0.0, Some(unavailable)));
        }
    }

    if let Some(a) = stock_out(c, future, wish, lines, stock) {
        out.push(alert(AlertKind::StockOut, a.0, a.1, a.2, None));
    }

    let all = stock.on_hand - stock.reserved - stock.backordered
        + stock.on_order.iter().map(|o| o.quantity).sum::<i64>()
        + lines.iter().map(|l| l.quantity).sum::<i64>();
    let limit = f64::from(c.planner.overstock_days);
    // Expected demand decides whether a closer look is worth it.
    if all as f64 > 0.8 * future.mean(limit) {
        let span = future.over(limit, 0.0);
        let probability = 1.0 - span.exceeds(all as f64 - 1e-9);
        if probability > 0.5 {
            let days = future.days_to_use(all as f64).min(100_000.0);
            let excess = all as f64 - span.mean;
            let day = today.saturating_add(days.ceil() as i32);
            out.push(alert(AlertKind::OverStock, day, probability, excess.max(0.0), None));
        }
    }

    if let (units, Some(day)) = waste(stock, future, today, Day::MAX)
        && units > 0
    {
        let days = f64::from(day.saturating_sub(today)) + 1.0;
        let dated: i64 = stock.lots.iter().filter(|l| l.expires <= day).map(|l| l.quantity).sum();
        let probability = 1.0 - future.over(days.max(1.0), 0.0).exceeds(dated as f64 - 0.5);
        out.push(alert(AlertKind::Expiry, day, probability, units as f64, None));
    }

    let n = stock.recent_actual.len().min(stock.recent_forecast.len());
    if n >= 4 {
        let errors: Vec<f64> =
            (0..n).map(|k| stock.recent_actual[k] - stock.recent_forecast[k]).collect();
        let sum: f64 = errors.iter().sum();
        let square: f64 = errors.iter().map(|e| e * e).sum();
        if square > 0.0 && square.is_finite() {
            // The sum of n errors without bias has about this standard deviation.
            let mean = sum / n as f64;
            let spread = (square - sum * mean) / (n as f64 - 1.0);
            let z = sum / (n as f64 * spread.max(1e-12 * square)).sqrt();
            let probability = two_sided(z);
            if probability > c.planner.drift_alert {
                out.push(alert(AlertKind::ForecastDrift, today, probability, mean, None));
            }
        }
    }
    out
}

/// The first day on which the risk of having run out exceeds the threshold: day, the risk at its
/// worst before the next chance to order arrives, and expected units short by then.
fn stock_out(
    c: &Context<'_>,
    future: &Future<'_>,
    wish: &Wish,
    lines: &[Taken],
    stock: &ItemStock,
) -> Option<(Day, f64, f64)> {
    let today = c.input.today;
    let horizon = f64::from(c.planner.alert_days).min(wish.days);
    // Arrivals by day from today; late orders are taken to come tomorrow.
    let mut arrivals: Vec<(f64, i64)> = stock
        .on_order
        .iter()
        .map(|o| (f64::from(o.due.saturating_sub(today)).max(1.0), o.quantity))
        .chain(
            lines
                .iter()
                .map(|l| (f64::from(wish.usable[l.usable].arrives - today).max(0.0), l.quantity)),
        )
        .collect();
    arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut have = stock.on_hand - stock.reserved - stock.backordered;
    if have < 0 {
        return Some((today, 1.0, -have as f64));
    }
    let (mut from, mut next) = (0.0, 0);
    let mut first: Option<f64> = None;
    let (mut worst, mut short) = (0.0f64, 0.0f64);
    while from < horizon {
        let until = arrivals.get(next).map_or(horizon, |a| a.0.min(horizon));
        if until > from {
            // Within a stretch without arrivals the risk only grows.
            let mut span = None;
            // Cheap pre-check: three times the expected demand is at hand.
            if (have as f64) < 3.0 * future.mean(until) + 4.0 {
                span = Some(future.over(until, 0.0));
            }
            if let Some(span) = span {
                let risk = span.exceeds(have as f64);
                if risk > worst {
                    worst = risk;
                    short = span.shortage(have as f64);
                }
                if risk > c.planner.stockout_alert && first.is_none() {
                    let (mut low, mut high) = (from, until);
                    while high - low > 1.0 {
                        let mid = ((low + high) * 0.5).floor().max(low + 1.0);
                        if mid >= high {
                            break;
                        }
                        if future.over(mid, 0.0).exceeds(have as f64) > c.planner.stockout_alert {
                            high = mid;
                        } else {
                            low = mid;
                        }
                    }
                    first = Some(high);
                }
            }
            from = until;
        }
        while next < arrivals.len() && arrivals[next].0 <= from {
            have += arrivals[next].1;
            next += 1;
        }
    }
    // Demand of the first day counts on that day.
    first.map(|d| (today.saturating_add((d - 1.0).max(0.0) as i32), worst, short))
}

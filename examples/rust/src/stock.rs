//! The shop's stock: what will sell, what to buy from whom, what could go wrong, and whether it pays.
#![allow(clippy::print_stdout)]

use mercato::forecast::replenish::{
    AlertKind, ItemForecast, ItemStock, LeadDays, Offer, Outlook, Plan, PlanInput, Planner,
    PriceBreak, ServiceLevel, SpanDemand, SpanQuantiles, SpanSeries, Supplier,
};
use mercato::forecast::{Auto, PredictOptions};
use mercato::{Panel, Result, Run};

/// Days until the order after next arrives: a weekly review and the first supplier's lead time.
const SPAN: usize = 14;
/// Holding a unit for a day, as a part of its price.
const HOLD: f64 = 0.25 / 365.0;

/// Daily sales of the products that turn over most.
pub struct Sales {
    /// Day after the last one, in days since 1970.
    pub today: i32,
    /// Product code.
    pub codes: Vec<String>,
    /// Product name.
    pub names: Vec<String>,
    /// Median price.
    pub prices: Vec<f64>,
    /// Units per day, all from the same first day.
    pub daily: Vec<Vec<f64>>,
}

/// Tells the story; `title` draws a heading.
pub fn story(sales: &Sales, title: impl Fn(&str), run: &Run) -> Result<()> {
    title("Forecast the next two weeks");
    let first = i64::from(sales.today) - sales.daily[0].len() as i64;
    let rows = sales.codes.iter().zip(&sales.daily);
    let panel = Panel::from_series(
        "D".parse()?,
        rows.map(|(code, daily)| (code.as_str(), first * 86_400, daily.clone())),
    )?;
    let best = Panel::from_series(
        "D".parse()?,
        (0..3).map(|i| (sales.codes[i].as_str(), first * 86_400, sales.daily[i].clone())),
    )?;
    let model = Auto::default().season_length(7).fit(&best, run)?;
    let forecast = model.predict(SPAN, &PredictOptions::default().levels([80.0]))?;
    for (i, name) in sales.names.iter().take(3).enumerate() {
        let mean: f64 = forecast.mean()[i * SPAN..(i + 1) * SPAN].iter().sum();
        println!(
            "    {name:<36} {mean:>6.0} units, by {}",
            model.chosen(&sales.codes[i])?.unwrap_or_default()
        );
    }
    println!("and, for what must be in stock, the distribution of the whole two weeks:");
    let learned = SpanQuantiles { span: SPAN, ..SpanQuantiles::default() };
    let demand = learned.fit_panel(&panel, None, run)?;
    println!("    {:<36} {:>8} {:>8} {:>8}", "", "50 %", "95 %", "99 %");
    for (i, name) in sales.names.iter().take(3).enumerate() {
        let q = |p| demand.quantile(i, p);
        println!("    {name:<36} {:>8.0} {:>8.0} {:>8.0}", q(0.5), q(0.95), q(0.99));
    }

    title("Plan the purchases from two suppliers");
    let planner = Planner {
        service_level: ServiceLevel::All(0.95),
        review_period: 7,
        order_cost: 500.0,
        ..Planner::default()
    };
    let plan = planner.plan(input(sales, &demand), run)?;
    show_plan(&plan, sales);
    review(&plan, run)?;

    title("Does it pay? Quantiles against mean + k sigma on the last eight weeks");
    compare(sales, run)
}

/// What the planner needs to know. The shop's data says nothing about stock and suppliers, so these
/// are made up: five days of sales on hand, a near supplier and a cheaper one far away.
fn input(sales: &Sales, demand: &SpanDemand) -> PlanInput {
    let supplier = |name: &str| Supplier { supplier: name.into(), ..Supplier::default() };
    let mut input = PlanInput {
        today: sales.today,
        levels: demand.levels().to_vec(),
        suppliers: vec![
            Supplier { capacity: Some(60_000), ..supplier("harbour") },
            Supplier { order_weekdays: vec![0, 3], ..supplier("mainland") },
        ],
        ..PlanInput::default()
    };
    for (i, item) in sales.codes.iter().enumerate() {
        input.forecasts.push(ItemForecast {
            item: item.clone(),
            outlook: Outlook::Total { days: SPAN as u32, values: demand.values(i).to_vec() },
        });
        let rate = sales.daily[i].iter().sum::<f64>() / sales.daily[i].len() as f64;
        let stock = ItemStock { item: item.clone(), ..ItemStock::default() };
        input.stock.push(ItemStock { on_hand: (5.0 * rate).round() as i64, ..stock });
        let cents = (60.0 * sales.prices[i]).round().max(1.0) as i64;
        let offer = Offer { item: item.clone(), pack: 12, minimum: 12, ..Offer::default() };
        input.offers.push(Offer {
            supplier: "mainland".into(),
            lead_time: LeadDays::Spread { mean: 7.0, sd: 1.0 },
            prices: vec![
                PriceBreak { from: 1, unit_price: cents },
                PriceBreak { from: 240, unit_price: (cents * 9 / 10).max(1) },
            ],
            capacity: Some(960),
            ..offer.clone()
        });
        input.offers.push(Offer {
            supplier: "harbour".into(),
            rank: 1,
            lead_time: LeadDays::Fixed(3),
            prices: vec![PriceBreak { from: 1, unit_price: cents * 11 / 10 }],
            ..offer
        });
    }
    input
}

fn pounds(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn show_plan(plan: &Plan, sales: &Sales) {
    for order in plan.orders() {
        let (lines, units) =
            (order.lines.len(), order.lines.iter().map(|l| l.quantity).sum::<i64>());
        let total = pounds(order.total);
        println!(
            "order to {:<10} {lines:>4} lines, {units:>7} units, {total:>10} pounds",
            order.supplier
        );
    }
    println!("in all {} pounds; the first product:", pounds(plan.record().total));
    if let Ok(reasons) = plan.explain(&sales.codes[0]) {
        for sentence in reasons {
            println!("    {sentence}");
        }
    }
    for (kind, text) in [
        (AlertKind::StockOut, "may run out before the first delivery"),
        (AlertKind::OverStock, "lie for more than four months"),
        (AlertKind::SupplierUnavailable, "have a supplier that takes no orders"),
    ] {
        let found: Vec<_> = plan.alerts().iter().filter(|a| a.kind == kind).collect();
        println!("alert: {} products {text}", found.len());
        if let Some(worst) = found.iter().max_by(|a, b| a.units.total_cmp(&b.units)) {
            let days = worst.day - plan.record().today;
            let percent = 100.0 * worst.probability;
            println!(
                "    {}: in {days} days, {percent:.0} % likely, {:.0} units",
                worst.item, worst.units
            );
        }
    }
}

/// A person changes a line, and the mainland falls silent.
fn review(plan: &Plan, run: &Run) -> Result<()> {
    let item = &plan.record().items[0].item;
    let changed = plan.with_override(item, 600, "fair on Saturday", "mia", run)?;
    let diff = plan.diff(&changed);
    println!("mia orders 600 of {item}: {} lines change", diff.lines.len());
    let mut silent = plan.input().clone();
    let outage = Some(silent.today + 30);
    for s in silent.suppliers.iter_mut().filter(|s| s.supplier == "mainland") {
        s.unavailable_until = outage;
    }
    let backup = plan.planner().plan(silent, run)?;
    let suppliers: Vec<&str> = backup.orders().iter().map(|o| o.supplier.as_str()).collect();
    println!("were the mainland on strike, all would be ordered from {}", suppliers.join(", "));
    Ok(())
}

/// Both rules on the last eight weeks as they were: every week each product orders up to a level that
/// must last two, from what was known then; what is not there is not sold.
fn compare(sales: &Sales, run: &Run) -> Result<()> {
    let days = sales.daily[0].len();
    let weeks: Vec<usize> = (days - 56..days).step_by(7).collect();
    let span = SPAN as f64;
    let (mut quantiles, mut moments) = (Vec::new(), Vec::new());
    for &now in &weeks {
        let past = |i: usize| SpanSeries {
            demand: &sales.daily[i][..now],
            known: &[],
            unit_value: sales.prices[i],
        };
        let items: Vec<SpanSeries<'_>> = (0..sales.codes.len()).map(past).collect();
        quantiles.push(SpanQuantiles { span: SPAN, ..SpanQuantiles::default() }.fit(&items, run)?);
        let rule: Vec<(f64, f64)> = items
            .iter()
            .map(|s| {
                let n = now as f64;
                let mean = s.demand.iter().sum::<f64>() / n;
                let square: f64 = s.demand.iter().map(|x| (x - mean).powi(2)).sum();
                let smooth = |level: f64, x: &f64| level + 0.08 * (x - level);
                (span * s.demand.iter().fold(mean, smooth), (span * square / n).sqrt())
            })
            .collect();
        moments.push(rule);
    }
    // Share of demand served and cost of stock, by value.
    let replay = |level: &dyn Fn(usize, usize) -> f64| -> (f64, f64) {
        let (mut asked, mut served, mut held) = (0.0, 0.0, 0.0);
        for (i, daily) in sales.daily.iter().enumerate() {
            let (mut stock, mut coming) = (level(0, i).round().max(0.0), 0.0);
            for (week, &monday) in weeks.iter().enumerate() {
                stock += coming;
                coming = (level(week, i).round() - stock).max(0.0);
                for x in &daily[monday..monday + 7] {
                    let sold = x.min(stock);
                    stock -= sold;
                    asked += x * sales.prices[i];
                    served += sold * sales.prices[i];
                    held += stock * sales.prices[i] * HOLD;
                }
            }
        }
        (served / asked, held)
    };
    println!("{:>11} {:>18} {:>18} {:>8}", "fill rate", "mean + k sigma", "quantiles", "saved");
    for fill in [0.90, 0.95, 0.97, 0.98] {
        let at = |rule: &dyn Fn(f64) -> (f64, f64)| -> f64 {
            let (mut low, mut high) = (-3.0, 20.0);
            for _ in 0..20 {
                let mid = 0.5 * (low + high);
                if rule(mid).0 < fill {
                    low = mid;
                } else {
                    high = mid;
                }
            }
            rule(high).1
        };
        let sigma = at(&|k| replay(&|week, i| moments[week][i].0 + k * moments[week][i].1));
        let ours = at(&|z| replay(&|week, i| quantiles[week].at_score(i, z)));
        let saved = 100.0 * (1.0 - ours / sigma);
        println!("{:>9.0} % {sigma:>11.0} pounds {ours:>11.0} pounds {saved:>6.1} %", 100.0 * fill);
    }
    println!("(the cost of holding stock in these eight weeks, at 25 % of its value a year)");
    Ok(())
}

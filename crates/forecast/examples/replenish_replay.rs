//! Replays ordering on real daily sales: forecast quantiles against mean + k sigma; prints JSON.
//!
//!     python benches/against/replenish/export_daily.py online ../shared/data/retail/online_retail/daily_sku.parquet DAILY.bin
//!     cargo run --release -p mercato-forecast --example replenish_replay -- DAILY.bin
//!
//! The wholesaler orders every 7 days, the stores every day; the lead time is 7 days. Each item orders up
//! to a level that must last until the next order arrives (14 and 8 days: the span); unmet demand is
//! lost. Mean + k sigma: an exponentially smoothed mean times the span plus k standard deviations,
//! either of daily sales (last 56 days, or all) times the root of the span, or of the item's own past
//! forecast errors over the span. Quantiles: `SpanQuantiles`, fitted anew at each order on the
//! past alone. Everything else equal. Both sides choose their settings (smoothing weight and sigma; the
//! ridge) on the validation days, by the sum of costs over the four fill rates; the test days are
//! replayed once. k and the level are set so that the fill rate, weighed by value, is the same.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

use mercato_core::Run;
use mercato_forecast::replenish::{SpanDemand, SpanQuantiles, SpanSeries};
use serde_json::{Value, json};

const LEAD: usize = 7;
const FILLS: [f64; 4] = [0.90, 0.95, 0.97, 0.98];

struct Data {
    days: usize,
    days_per_year: f64,
    review: usize,
    validation: (usize, usize),
    sales: Vec<Vec<f64>>,
    price: Vec<f64>,
    /// Per item and covariate, `days + 14` values.
    known: Vec<Vec<Vec<f64>>>,
}

impl Data {
    fn span(&self) -> usize {
        LEAD + self.review
    }
}

/// Header: items, days, covariates, days per year, review period, first and last day of validation;
/// covariates reach 14 days beyond the sales.
fn read(path: &str) -> Data {
    let bytes = std::fs::read(path).expect("a readable file");
    let mut values =
        bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("8 bytes")));
    let mut take = |n: usize| -> Vec<f64> { values.by_ref().take(n).collect() };
    let head = take(7);
    let (items, days, covariates) = (head[0] as usize, head[1] as usize, head[2] as usize);
    Data {
        days,
        days_per_year: head[3],
        review: head[4] as usize,
        validation: (head[5] as usize, head[6] as usize),
        price: take(items),
        sales: (0..items).map(|_| take(days)).collect(),
        known: (0..items).map(|_| (0..covariates).map(|_| take(days + 14)).collect()).collect(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Sigma {
    Last56,
    AllDays,
    ForecastErrors,
}

fn deviation(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let m = x.iter().sum::<f64>() / n;
    (x.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt()
}

/// Smoothed mean before each day.
fn smooth(sales: &[f64], weight: f64) -> Vec<f64> {
    let mut level = sales[..28].iter().sum::<f64>() / 28.0;
    let mut out = Vec::with_capacity(sales.len());
    for (t, x) in sales.iter().enumerate() {
        out.push(level);
        if t >= 28 {
            level += weight * (x - level);
        }
    }
    out
}

/// Mean and sigma of 14-day demand, per order and item.
fn textbook(data: &Data, span: (usize, usize), weight: f64, sigma: Sigma) -> Vec<Vec<(f64, f64)>> {
    let days = data.span();
    let each: Vec<Vec<(f64, f64)>> = data
        .sales
        .iter()
        .map(|sales| {
            let mean = smooth(sales, weight);
            let errors: Vec<f64> = (28..sales.len() - days)
                .map(|s| sales[s..s + days].iter().sum::<f64>() - days as f64 * mean[s])
                .collect();
            let root = (days as f64).sqrt();
            (span.0..span.1)
                .step_by(data.review)
                .map(|t| {
                    let sd = match sigma {
                        Sigma::Last56 => root * deviation(&sales[t.saturating_sub(56)..t]),
                        Sigma::AllDays => root * deviation(&sales[..t]),
                        Sigma::ForecastErrors => deviation(&errors[..t - days - 27]),
                    };
                    (days as f64 * mean[t], sd)
                })
                .collect()
        })
        .collect();
    let orders = each[0].len();
    (0..orders).map(|k| each.iter().map(|e| e[k]).collect()).collect()
}

/// The quantile forecasts made at each order, from the days before it.
fn learned(data: &Data, span: (usize, usize), ridge: f64) -> Vec<SpanDemand> {
    let how = SpanQuantiles { span: data.span(), ridge, ..SpanQuantiles::default() };
    (span.0..span.1)
        .step_by(data.review)
        .map(|t| {
            let known: Vec<Vec<&[f64]>> = data
                .known
                .iter()
                .map(|k| k.iter().map(|c| &c[..t + data.span()]).collect())
                .collect();
            let items: Vec<SpanSeries<'_>> = (0..data.sales.len())
                .map(|i| SpanSeries {
                    demand: &data.sales[i][..t],
                    known: &known[i],
                    unit_value: data.price[i],
                })
                .collect();
            how.fit(&items, &Run::seed(0)).expect("enough data")
        })
        .collect()
}

#[derive(Default, Clone, Copy)]
struct Outcome {
    demand: f64,
    lost: f64,
    holding: f64,
}

impl Outcome {
    fn fill(&self) -> f64 {
        1.0 - self.lost / self.demand
    }
}

/// Replays the days with `level(order, item)`.
fn replay(data: &Data, (from, to): (usize, usize), level: impl Fn(usize, usize) -> f64) -> Outcome {
    let mut sum = Outcome::default();
    for (i, sales) in data.sales.iter().enumerate() {
        let mut stock = level(0, i).round().max(0.0); // stocked to its own level
        let mut coming = [0.0; LEAD];
        let mut ordered = 0.0;
        for t in from..to {
            let arrived = std::mem::take(&mut coming[t % LEAD]);
            stock += arrived;
            ordered -= arrived;
            if (t - from).is_multiple_of(data.review) {
                let upto = level((t - from) / data.review, i).round();
                let order = (upto - stock - ordered).max(0.0);
                coming[t % LEAD] = order; // the same slot comes round after the lead time
                ordered += order;
            }
            let served = sales[t].min(stock);
            stock -= served;
            sum.demand += sales[t] * data.price[i];
            sum.lost += (sales[t] - served) * data.price[i];
            sum.holding += stock * data.price[i];
        }
    }
    sum
}

/// The parameter that gives this fill rate, and the outcome.
fn at_fill(
    target: f64,
    mut low: f64,
    mut high: f64,
    run: impl Fn(f64) -> Outcome,
) -> (f64, Outcome) {
    for _ in 0..22 {
        let mid = 0.5 * (low + high);
        if run(mid).fill() < target {
            low = mid;
        } else {
            high = mid;
        }
    }
    (high, run(high))
}

/// Holding, and shortage at the cost that makes `fill` worth aiming at (a unit short costs
/// fill / (1 - fill) times a unit held for one review period, the newsvendor's ratio), and at 40 % of the price.
fn costs(data: &Data, fill: f64, o: &Outcome) -> (f64, f64, f64) {
    let day = 0.25 / data.days_per_year;
    let implied = day * data.review as f64 * fill / (1.0 - fill);
    (o.holding * day, o.lost * implied, o.lost * 0.4)
}

fn total(data: &Data, fill: f64, o: &Outcome) -> f64 {
    let c = costs(data, fill, o);
    c.0 + c.1
}

fn main() {
    let data = read(&std::env::args().nth(1).expect("the file from export_daily.py"));
    let sigma_rule = |plans: &[Vec<(f64, f64)>], span, fill| {
        at_fill(fill, -8.0, 20.0, |k| {
            replay(&data, span, |order, i| plans[order][i].0 + k * plans[order][i].1)
        })
    };
    let quantile_rule = |plans: &[SpanDemand], span, fill| {
        // The level as a normal score.
        at_fill(fill, -3.0, 5.0, |z| replay(&data, span, |order, i| plans[order].at_score(i, z)))
    };
    let sum = |costs: [f64; 4]| costs.iter().sum::<f64>();

    let mut best = (f64::INFINITY, 0.0, Sigma::AllDays);
    let mut tried: Vec<Value> = Vec::new();
    for weight in [0.01, 0.02, 0.05, 0.08, 0.12, 0.2] {
        for sigma in [Sigma::Last56, Sigma::AllDays, Sigma::ForecastErrors] {
            let plans = textbook(&data, data.validation, weight, sigma);
            let cost =
                sum(FILLS.map(|f| total(&data, f, &sigma_rule(&plans, data.validation, f).1)));
            tried.push(json!({"weight": weight, "sigma": format!("{sigma:?}"), "cost": cost}));
            if cost < best.0 {
                best = (cost, weight, sigma);
            }
        }
    }
    let mut ridge = (f64::INFINITY, 0.0);
    for r in [1e-4, 1e-3, 1e-2, 3e-2, 1e-1] {
        let plans = learned(&data, data.validation, r);
        let cost =
            sum(FILLS.map(|f| total(&data, f, &quantile_rule(&plans, data.validation, f).1)));
        eprintln!("ridge {r}: {cost:.0} on validation; mean + k sigma {:.0}", best.0);
        tried.push(json!({"ridge": r, "cost": cost}));
        if cost < ridge.0 {
            ridge = (cost, r);
        }
    }

    let test = (data.validation.1, data.days);
    let (plain, ours) = (textbook(&data, test, best.1, best.2), learned(&data, test, ridge.1));
    let mut rows = Vec::new();
    for fill in FILLS {
        let (k, a) = sigma_rule(&plain, test, fill);
        let (z, b) = quantile_rule(&ours, test, fill);
        let show = |o: &Outcome| {
            let c = costs(&data, fill, o);
            json!({"fill_rate": o.fill(), "holding": c.0, "shortage_implied": c.1, "shortage_40_percent": c.2})
        };
        let lower = |x: f64, y: f64| 100.0 * (1.0 - y / x);
        let (ca, cb) = (costs(&data, fill, &a), costs(&data, fill, &b));
        rows.push(json!({
            "fill_rate": fill, "k": k, "score": z, "mean_k_sigma": show(&a), "quantiles": show(&b),
            "holding_lower_percent": lower(ca.0, cb.0),
            "total_lower_percent": lower(ca.0 + ca.1, cb.0 + cb.1),
            "total_at_40_percent_lower_percent": lower(ca.0 + ca.2, cb.0 + cb.2),
        }));
    }
    let out = json!({
        "items": data.sales.len(), "review": data.review, "validation": data.validation, "test": test,
        "mean_k_sigma": {"weight": best.1, "sigma": format!("{:?}", best.2)}, "ridge": ridge.1,
        "validation_costs": tried, "rows": rows,
    });
    println!("{}", serde_json::to_string_pretty(&out).expect("plain data"));
}

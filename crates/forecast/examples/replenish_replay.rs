//! Replays ordering on real daily sales: forecast quantiles against mean + k sigma; prints JSON.
//!
//!     python benches/against/replenish/export_daily.py ../shared/data/retail/online_retail/daily_sku.parquet DAILY.bin
//!     cargo run --release -p mercato-forecast --example replenish_replay -- DAILY.bin
//!
//! Every 7 trading days each SKU orders up to a level that must last until the order after next
//! arrives (lead time 7, so 14 days). Both rules forecast the mean by exponential smoothing of
//! daily sales. Mean + k sigma adds k standard deviations of the SKU's own daily sales times
//! sqrt(14). The quantile rule takes the quantile of past 14-day sales against their forecasts, pooled
//! over SKUs of similar rate, from the days before each order: either of the ratio to the forecast,
//! or of the error in the SKU's own standard deviations. Unmet demand is lost. The smoothing weights
//! and the form are chosen on days 42..84; days 84..163 are replayed once. k and the quantile
//! level are each set so that the fill rate over all SKUs is the same, and costs are compared there.

#![allow(clippy::print_stdout, reason = "a command-line tool")]

use mercato_forecast::replenish::Demand;
use serde_json::json;

const LEAD: usize = 7;
const REVIEW: usize = 7;
const SPAN: usize = LEAD + REVIEW;

struct Data {
    days: usize,
    sales: Vec<Vec<f64>>,
    price: Vec<f64>,
}

fn read(path: &str) -> Data {
    let bytes = std::fs::read(path).expect("a readable file");
    let values: Vec<f64> =
        bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("8 bytes"))).collect();
    let (items, days) = (values[0] as usize, values[1] as usize);
    let price = values[2..2 + items].to_vec();
    let sales = (0..items).map(|i| values[2 + items + i * days..][..days].to_vec()).collect();
    Data { days, sales, price }
}

/// Smoothed mean before each day.
fn smooth(sales: &[f64], weight: f64) -> Vec<f64> {
    let start = sales[..28].iter().sum::<f64>() / 28.0;
    let mut level = start;
    let mut out = Vec::with_capacity(sales.len() + 1);
    for (t, x) in sales.iter().enumerate() {
        out.push(level);
        if t >= 28 {
            level += weight * (x - level);
        }
    }
    out.push(level);
    out
}

/// SKUs of similar rate share a pool.
fn pool_of(rate: f64) -> usize {
    (((rate.max(0.01).ln() - 0.01f64.ln()) / 0.7) as usize).min(15)
}

/// What a pool holds.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    Ratio,
    Error,
}

/// Variance of a SKU's daily sales over the last 56 days.
fn variance(history: &[f64]) -> f64 {
    let past = &history[history.len().saturating_sub(56)..];
    let m = past.iter().sum::<f64>() / past.len() as f64;
    past.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (past.len() as f64 - 1.0)
}

/// Standard deviation of 14-day sales, at least that of a Poisson variable.
fn spread(history: &[f64], mean: f64) -> f64 {
    (variance(history).max(mean).max(0.01) * SPAN as f64).sqrt()
}

/// Per pool: past ratios of 14-day sales to their forecast, known before day `t`, sorted.
fn pools(data: &Data, means: &[Vec<f64>], t: usize, form: Form) -> Vec<Vec<f64>> {
    let mut pools: Vec<Vec<f64>> = vec![Vec::new(); 16];
    for (sales, mean) in data.sales.iter().zip(means) {
        let mut start = 28;
        while start + SPAN <= t {
            let sum: f64 = sales[start..start + SPAN].iter().sum();
            let expected = (mean[start] * SPAN as f64).max(0.14);
            pools[pool_of(mean[start])].push(match form {
                Form::Ratio => sum / expected,
                Form::Error => (sum - expected) / spread(&sales[..start], mean[start]),
            });
            start += 7;
        }
    }
    for p in &mut pools {
        p.sort_by(f64::total_cmp);
    }
    pools
}

#[derive(Clone, Copy)]
enum Rule {
    Sigma(f64),
    Quantile(f64, Form),
    /// The quantile of a negative binomial with the SKU's own mean and variance.
    NegativeBinomial(f64),
}

#[derive(Default, Clone, Copy)]
struct Outcome {
    demand: f64,
    served: f64,
    holding: f64,
    lost: f64,
}

fn replay(
    data: &Data,
    means: &[Vec<f64>],
    rule: Rule,
    from: usize,
    to: usize,
    cached: &[Vec<Vec<f64>>],
) -> Outcome {
    let mut sum = Outcome::default();
    for (i, sales) in data.sales.iter().enumerate() {
        let mut stock = -1.0;
        let mut coming: Vec<(usize, f64)> = Vec::new();
        for t in from..to {
            coming.retain(|&(day, q)| {
                if day == t {
                    stock += q;
                }
                day > t
            });
            if (t - from).is_multiple_of(REVIEW) {
                let mean = means[i][t];
                let variance = variance(&sales[..t]);
                let span = SPAN as f64;
                let level = match rule {
                    Rule::Sigma(k) => mean * span + k * (variance * span).sqrt(),
                    Rule::Quantile(p, form) => {
                        let pool = &cached[(t - from) / REVIEW][pool_of(mean)];
                        let expected = (mean * span).max(0.14);
                        let at = ((p * pool.len() as f64) as usize).min(pool.len().max(1) - 1);
                        match (pool.get(at), form) {
                            (None, _) => expected,
                            (Some(ratio), Form::Ratio) => ratio * expected,
                            (Some(z), Form::Error) => expected + z * spread(&sales[..t], mean),
                        }
                    }
                    Rule::NegativeBinomial(p) => {
                        Demand::count((mean * span).max(1e-3), (variance * span).max(1e-3))
                            .quantile(p)
                    }
                };
                let level = level.round().max(0.0);
                if stock < 0.0 {
                    stock = level; // the same start for both: stocked to its own level
                }
                let position = stock + coming.iter().map(|c| c.1).sum::<f64>();
                if level > position {
                    coming.push((t + LEAD, level - position));
                }
            }
            let served = sales[t].min(stock);
            stock -= served;
            let price = data.price[i];
            sum.demand += sales[t] * price;
            sum.served += served * price;
            sum.lost += (sales[t] - served) * price;
            sum.holding += stock * price;
        }
    }
    sum
}

/// The rule's parameter that gives this fill rate, and the outcome.
fn at_fill(target: f64, low: f64, high: f64, run: impl Fn(f64) -> Outcome) -> (f64, Outcome) {
    let (mut low, mut high) = (low, high);
    for _ in 0..18 {
        let mid = 0.5 * (low + high);
        let o = run(mid);
        if o.served / o.demand < target {
            low = mid;
        } else {
            high = mid;
        }
    }
    (high, run(high))
}

fn main() {
    let path = std::env::args().nth(1).expect("the file from export_daily.py");
    let data = read(&path);
    let all =
        |weight: f64| -> Vec<Vec<f64>> { data.sales.iter().map(|s| smooth(s, weight)).collect() };
    let cache = |means: &[Vec<f64>], from: usize, to: usize, form: Form| -> Vec<Vec<Vec<f64>>> {
        (from..to).step_by(REVIEW).map(|t| pools(&data, means, t, form)).collect()
    };
    // Holding at 25 % a year over about 300 trading days; a lost sale costs 40 % of its price.
    let cost = |o: &Outcome| (o.holding * 0.25 / 300.0, o.lost * 0.4);
    let total = |o: &Outcome| cost(o).0 + cost(o).1;
    let none: Vec<Vec<Vec<f64>>> = Vec::new();
    let (mut sigma, mut quantile) = ((f64::INFINITY, 0.0), (f64::INFINITY, 0.0, Form::Ratio));
    for weight in [0.02, 0.04, 0.08, 0.12] {
        let means = all(weight);
        let (_, o) =
            at_fill(0.95, -2.0, 12.0, |k| replay(&data, &means, Rule::Sigma(k), 42, 84, &none));
        if total(&o) < sigma.0 {
            sigma = (total(&o), weight);
        }
        for form in [Form::Ratio, Form::Error] {
            let cached = cache(&means, 42, 84, form);
            let (_, o) = at_fill(0.95, 0.3, 0.9999, |p| {
                replay(&data, &means, Rule::Quantile(p, form), 42, 84, &cached)
            });
            if total(&o) < quantile.0 {
                quantile = (total(&o), weight, form);
            }
        }
    }
    let mut rows = Vec::new();
    let (from, to) = (84, data.days);
    let sigma_means = all(sigma.1);
    let quantile_means = all(quantile.1);
    let form = quantile.2;
    let cached = cache(&quantile_means, from, to, form);
    for fill in [0.90, 0.95, 0.97, 0.98] {
        let (k, a) = at_fill(fill, -2.0, 12.0, |k| {
            replay(&data, &sigma_means, Rule::Sigma(k), from, to, &none)
        });
        let (p, b) = at_fill(fill, 0.2, 0.99999, |p| {
            replay(&data, &quantile_means, Rule::Quantile(p, form), from, to, &cached)
        });
        let (pn, c) = at_fill(fill, 0.2, 0.9999999, |p| {
            replay(&data, &sigma_means, Rule::NegativeBinomial(p), from, to, &none)
        });
        let show = |o: &Outcome| {
            let (h, l) = cost(o);
            json!({"fill_rate": o.served / o.demand, "holding": h, "shortage": l, "total": h + l})
        };
        rows.push(json!({
            "target_fill": fill, "k": k, "mean_k_sigma": show(&a), "level": p, "quantiles": show(&b),
            "negative_binomial_level": pn, "negative_binomial": show(&c),
            "total_lower_percent": 100.0 * (1.0 - total(&b) / total(&a)),
            "holding_lower_percent": 100.0 * (1.0 - b.holding / a.holding),
            "negative_binomial_total_lower_percent": 100.0 * (1.0 - total(&c) / total(&a)),
        }));
    }
    println!(
        "{}",
        serde_json::to_string_pretty(&json!({
            "skus": data.sales.len(), "days": data.days, "smoothing": {"sigma": sigma.1, "quantile": quantile.1}, "form": format!("{form:?}"), "rows": rows,
        }))
        .expect("plain data")
    );
}

//! A shop's invoices become personal recommendations and purchase orders.
//!
//! The data: half a year of invoices of a British gift wholesaler (UCI Online Retail, CC BY 4.0,
//! see `testdata/MANIFEST.md`). The question: which products that a customer has never bought will
//! the customer buy in the next four weeks? And the buyer's: what to order now, from whom?
//!
//!     cargo xtask demo                # or: cargo run -p mercato-examples --bin demo [customer]
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[path = "../stock.rs"]
mod stock;

use mercato::recsys::{
    Als, Evaluation, History, ItemKnn, Model, Popularity, Query, Recommender, evaluate,
    item_knn::Similarity,
};
use mercato::table::{PolarsTable, Table, TableColumn, read_parquet};
use mercato::{
    Attribute, Error, Id, IdMap, Interactions, ItemAttributes, Persist, Progress, Result, Run,
    Scored,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Four weeks, in the minutes in which this story counts time.
const WINDOW: i64 = 28 * 24 * 60;

fn main() -> Result<()> {
    let started = Instant::now();

    title("Read the invoices");
    let shop = Shop::read(&testdata("online_retail/online_retail.parquet"))?;
    let sales = &shop.sales;
    println!(
        "{} customers bought {} products on {} invoice lines",
        sales.n_users(),
        sales.n_items(),
        sales.n_events()
    );

    // The last four weeks are the test, which is looked at once, at the end. The four weeks before
    // them are for choosing.
    let (past, test) = sales.split_time(shop.last_minute() - WINDOW)?;
    let (train, validation) = past.split_time(shop.last_minute() - 2 * WINDOW)?;
    println!(
        "to learn from: {} customer-product pairs; to choose by: {}; to judge by: {}",
        train.len(),
        validation.len(),
        test.len()
    );

    title("Choose a model on the validation weeks");
    let candidates = candidates();
    let mut best: Option<(f64, usize)> = None;
    println!("{:<44} {:>10} {:>10}", "", "recall@10", "ndcg@10");
    for (i, candidate) in candidates.iter().enumerate() {
        let model = candidate.fit(&train, &bar())?;
        let judged = evaluate(model.as_ref(), &validation, &[10], &Query::default(), &run())?;
        show(&candidate.name(), &judged);
        let score = judged.metric("ndcg@10").unwrap_or(0.0);
        if best.is_none_or(|(s, _)| score > s) {
            best = Some((score, i));
        }
    }
    let chosen = &candidates[best.map_or(0, |b| b.1)];
    println!("chosen: {}", chosen.name());

    title("Judge it once on the last four weeks, against what is popular");
    println!("{:<44} {:>10} {:>10}", "", "recall@10", "ndcg@10");
    let model = chosen.fit(&past, &bar())?;
    let ours = evaluate(model.as_ref(), &test, &[10], &Query::default(), &run())?;
    let popular = Popularity::default().fit(&past, &run())?;
    let baseline = evaluate(&popular, &test, &[10], &Query::default(), &run())?;
    show(&chosen.name(), &ours);
    show("popularity", &baseline);
    let share = |e: &Evaluation| 100.0 * e.metric("coverage@10").unwrap_or(0.0);
    println!("products shown to somebody: {:.0} % against {:.0} %", share(&ours), share(&baseline));

    // From here on the shop uses everything it knows.
    match chosen {
        Candidate::Als(p) => serve(p.fit(sales, &bar())?, &shop)?,
        Candidate::ItemKnn(p) => serve(p.fit(sales, &bar())?, &shop)?,
    }
    stock::story(&shop.stock, title, &run())?;
    println!("\nthe whole story took {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// What a shop does with its model, whichever it is.
fn serve<M: Model + Persist>(model: M, shop: &Shop) -> Result<()> {
    let Shop { sales, products, .. } = shop;
    let model = model.with_attributes(&products.attributes);

    title("Recommend to a customer");
    let customer = match std::env::args().nth(1) {
        Some(text) => text.parse().map_err(|_| Error::invalid_input("a customer is a number"))?,
        None => 12915,
    };
    let bought = sales.items_of(customer)?;
    println!("customer {customer} bought {} products, among them", bought.len());
    for id in bought.iter().take(8) {
        println!("    {}", products.name(&id.to_id()));
    }
    println!("and is recommended");
    show_list(&model.recommend(customer, 6, &Query::default())?, products);
    let cheap = Query::default().where_json(&serde_json::json!({"price": {"lt": 1}}))?;
    println!("or, for less than a pound");
    show_list(&model.recommend(customer, 3, &cheap)?, products);
    println!("a visitor with two products in the basket, unknown to the shop, is recommended");
    let basket = History::of(["20725", "22382"]);
    for (id, _) in &basket.events {
        println!("  + {}", products.name(id));
    }
    let visitor = Query::default().history(basket);
    show_list(&model.recommend(0, 4, &visitor)?, products);

    title("Similar products");
    let cakestand = Id::from("22423");
    println!("like {}", products.name(&cakestand));
    show_list(&model.similar_items(&cakestand, 5, &Query::default())?, products);

    title("Save, open by memory-mapping, ask again");
    let path = std::env::temp_dir().join(format!("mercato-demo-{}.mercato", std::process::id()));
    let ((), saving) = timed(|| model.save(&path))?;
    let bytes = std::fs::metadata(&path).map_or(0, |m| m.len());
    let (opened, opening) = timed(|| M::open(&path))?;
    let (first, asking) = timed(|| opened.recommend(customer, 10, &Query::default()))?;
    let (_, batch) = timed(|| opened.recommend_batch(None, 10, &Query::default(), &run()))?;
    // The file may go: what is mapped stays.
    let _ = std::fs::remove_file(&path);
    assert_eq!(first, model.recommend(customer, 10, &Query::default())?);
    println!("saved   {:.1} MB in {saving:.1} ms", bytes as f64 / 1e6);
    println!("opened  in {opening:.3} ms");
    println!("asked   in {asking:.3} ms, and the answer is the same as before");
    println!("all {} customers in {batch:.1} ms", sales.n_users());
    Ok(())
}

// ---- models to choose from ----------------------------------------------------------------------

enum Candidate {
    Als(Als),
    ItemKnn(ItemKnn),
}

impl Candidate {
    fn name(&self) -> String {
        match self {
            Candidate::Als(p) => format!(
                "Als(factors={}, alpha={}, regularization={})",
                p.factors, p.alpha, p.regularization
            ),
            Candidate::ItemKnn(p) => {
                format!("ItemKnn({:?}, neighbors={})", p.similarity, p.neighbors)
            }
        }
    }

    fn fit(&self, data: &Interactions, run: &Run) -> Result<Box<dyn Model>> {
        Ok(match self {
            Candidate::Als(p) => Box::new(p.fit(data, run)?),
            Candidate::ItemKnn(p) => Box::new(p.fit(data, run)?),
        })
    }
}

fn candidates() -> Vec<Candidate> {
    let mut all = Vec::new();
    for factors in [32, 64] {
        for regularization in [10.0, 40.0, 100.0] {
            let als = Als::default().factors(factors).alpha(20.0);
            all.push(Candidate::Als(als.regularization(regularization)));
        }
    }
    for similarity in [Similarity::Cosine, Similarity::TfIdf, Similarity::Bm25, Similarity::Rp3Beta]
    {
        all.push(Candidate::ItemKnn(ItemKnn::default().similarity(similarity)));
    }
    all
}

// ---- the data -----------------------------------------------------------------------------------

struct Shop {
    sales: Interactions,
    products: Products,
    /// Daily sales of what turns over most, to whomever.
    stock: stock::Sales,
}

struct Products {
    ids: Arc<IdMap>,
    names: Vec<String>,
    attributes: ItemAttributes,
}

impl Products {
    fn name(&self, id: &Id) -> &str {
        self.ids.dense(id).map_or("?", |i| &self.names[i as usize])
    }
}

impl Shop {
    /// Keeps lines of known customers that sold a real product: no cancellations, no postage.
    fn read(path: &Path) -> Result<Self> {
        let table = PolarsTable::from(read_parquet(path)?);
        let columns =
            ["CustomerID", "StockCode", "Quantity", "InvoiceDate", "Description", "UnitPrice"];
        let columns = columns.map(|name| table.column(name));
        let [
            Ok(TableColumn::Ints(customers)),
            Ok(TableColumn::Texts(codes)),
            Ok(TableColumn::Ints(quantities)),
            Ok(TableColumn::Texts(dates)),
            Ok(TableColumn::Texts(descriptions)),
            Ok(TableColumn::Floats(prices)),
        ] = columns
        else {
            return Err(Error::invalid_input("the invoices are not in the expected form"));
        };
        let stock = daily(&codes, &quantities, &dates, &descriptions, &prices)?;
        let (mut users, mut items, mut times) = (Vec::new(), Vec::new(), Vec::new());
        let mut about: BTreeMap<&str, (String, f64)> = BTreeMap::new();
        for row in 0..customers.len() {
            let (Some(customer), Some(code), Some(quantity), Some(date)) =
                (customers[row], &codes[row], quantities[row], &dates[row])
            else {
                continue;
            };
            if quantity <= 0 || !code.starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            users.push(customer);
            items.push(code.as_ref());
            times.push(minutes(date)?);
            if let (Some(name), Some(price)) = (&descriptions[row], prices[row]) {
                about.insert(code.as_ref(), (name.trim().to_owned(), price));
            }
        }
        let sales = Interactions::builder(&users, items.as_slice()).times(&times).build()?;
        let ids = sales.items().clone();
        let known: Vec<_> = ids.iter().map(|id| about.get(id.to_string().as_str())).collect();
        let names = known.iter().map(|k| k.map_or(String::new(), |k| k.0.clone())).collect();
        let price = known.iter().map(|k| k.map_or(f64::NAN, |k| k.1)).collect();
        let attributes = ItemAttributes::new(ids.clone(), vec![Attribute::number("price", price)])?;
        Ok(Self { sales, products: Products { ids, names, attributes }, stock })
    }

    fn last_minute(&self) -> i64 {
        let users = 0..self.sales.n_users();
        let last = |u| self.sales.events(u).and_then(|e| e.times.last().copied());
        users.filter_map(last).max().unwrap_or(0)
    }
}

/// Products whose sales the buyer plans.
const PLANNED: usize = 200;

/// Units sold per day of the products that turn over most.
fn daily(
    codes: &[Option<Cow<'_, str>>],
    quantities: &[Option<i64>],
    dates: &[Option<Cow<'_, str>>],
    names: &[Option<Cow<'_, str>>],
    prices: &[Option<f64>],
) -> Result<stock::Sales> {
    #[derive(Default)]
    struct Product {
        name: String,
        prices: Vec<f64>,
        days: BTreeMap<i64, f64>,
        value: f64,
    }
    let mut all: BTreeMap<&str, Product> = BTreeMap::new();
    for row in 0..codes.len() {
        let (Some(code), Some(quantity), Some(date), Some(price)) =
            (&codes[row], quantities[row], &dates[row], prices[row])
        else {
            continue;
        };
        if quantity <= 0 || price <= 0.0 || !code.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let p = all.entry(code.as_ref()).or_default();
        *p.days.entry(minutes(date)? / (24 * 60)).or_default() += quantity as f64;
        p.value += quantity as f64 * price;
        p.prices.push(price);
        if let Some(name) = &names[row] {
            p.name = name.trim().to_owned();
        }
    }
    let ends = || all.values().filter_map(|p| p.days.keys().next_back());
    let first = all.values().filter_map(|p| p.days.keys().next()).min().copied().unwrap_or(0);
    let last = ends().max().copied().unwrap_or(0);
    // Products on sale from the first month on, by turnover.
    let mut best: Vec<(&str, Product)> = all
        .into_iter()
        .filter(|(_, p)| p.days.keys().next().is_some_and(|d| *d < first + 28))
        .collect();
    best.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
    best.truncate(PLANNED);
    let mut out = stock::Sales {
        today: (last + 1) as i32,
        codes: Vec::new(),
        names: Vec::new(),
        prices: Vec::new(),
        daily: Vec::new(),
    };
    for (code, mut p) in best {
        p.prices.sort_by(f64::total_cmp);
        out.codes.push(code.to_owned());
        out.names.push(p.name);
        out.prices.push(p.prices[p.prices.len() / 2]);
        out.daily.push((first..=last).map(|d| p.days.get(&d).copied().unwrap_or(0.0)).collect());
    }
    Ok(out)
}

/// Minutes since 1970 of a date such as `12/1/10 8:26` (month, day, year).
fn minutes(text: &str) -> Result<i64> {
    let parts: Vec<i64> = text.split(['/', ' ', ':']).filter_map(|p| p.parse().ok()).collect();
    let [month, day, year, hour, minute] = parts[..] else {
        return Err(Error::invalid_input(format!("{text:?} is not a date like 12/1/10 8:26")));
    };
    // Days from civil, Howard Hinnant: years begin in March, so that leap days come last.
    let y = 2000 + year - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719_468;
    Ok((days * 24 + hour) * 60 + minute)
}

fn testdata(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(file)
}

// ---- telling ------------------------------------------------------------------------------------

fn run() -> Run {
    Run::seed(7)
}

/// A run that draws a progress bar.
fn bar() -> Run {
    run().with_progress(|p: &Progress| {
        let share = p.done as f64 / p.total.max(1) as f64;
        let filled = (share * 30.0) as usize;
        let clear = if p.done >= p.total { "\r\x1b[K" } else { "" };
        eprint!("\r{:>10} [{:<30}] {:>3.0} %{clear}", p.stage, "#".repeat(filled), share * 100.0);
        let _ = std::io::stderr().flush();
    })
}

fn title(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.len()));
}

fn show_list(list: &[Scored], products: &Products) {
    for s in list {
        println!("    {:<40} {:.2}", products.name(&s.id), s.score);
    }
}

fn show(name: &str, e: &Evaluation) {
    let value = |m| e.metric(m).unwrap_or(0.0);
    println!("{name:<44} {:>10.4} {:>10.4}", value("recall@10"), value("ndcg@10"));
}

/// The answer and how many milliseconds it took.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let start = Instant::now();
    Ok((work()?, start.elapsed().as_secs_f64() * 1e3))
}

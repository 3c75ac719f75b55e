//! Learning, retrieval, entities, cold start and time against length; prints one JSON line.
//! Driven by `benches/against/nlp/desk.py`: arguments are files that it writes.

use mercato_nlp::{
    Document, EntityExtractor, IntentClassifier, IntentModel, KnowledgeBase, Persist, Run,
};
use serde_json::{Value, json};
use std::time::Instant;

type Anything = Box<dyn std::error::Error>;
type Rows = Vec<(String, String)>;

fn read(path: &str) -> Result<Rows, Anything> {
    let text = std::fs::read_to_string(path)?;
    let pair = |l: &str| l.split_once('\t').map(|(a, b)| (a.to_owned(), b.to_owned()));
    Ok(text.lines().filter_map(pair).collect())
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_unstable_by(f64::total_cmp);
    v.get(v.len() / 2).copied().unwrap_or(f64::NAN)
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn accuracy(model: &IntentModel, rows: &[&(String, String)]) -> f64 {
    let hits = rows.iter().filter(|(l, t)| model.classify(t, 1)[0].id.to_string() == *l);
    hits.count() as f64 / rows.len() as f64
}

/// Each of ten intents in turn is left out of training and learnt from five examples.
fn learning(train: &Rows, test: &Rows) -> Result<Value, Anything> {
    let run = Run::seed(0).with_threads(1);
    let mut names: Vec<&str> = train.iter().map(|r| r.0.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let (mut times, mut recalls, mut losses) = (vec![], vec![], vec![]);
    for name in names.iter().step_by(names.len().div_ceil(10)) {
        let (own, others): (Vec<_>, Vec<_>) = train.iter().partition(|r| r.0 == *name);
        let (texts, labels): (Vec<_>, Vec<_>) = others.iter().map(|r| (&r.1, &r.0)).unzip();
        let old = IntentClassifier { folds: 2, ..IntentClassifier::default() }
            .fit(&texts, &labels, &[""; 0], &run)?;
        let five: Vec<&str> = own.iter().take(5).map(|r| r.1.as_str()).collect();
        let at = Instant::now();
        let new = old.learn(&five, &vec![*name; five.len()], &run)?;
        times.push(ms(at));
        let (own, others): (Vec<_>, Vec<_>) = test.iter().partition(|r| r.0 == *name);
        recalls.push(accuracy(&new, &own));
        losses.push(accuracy(&old, &others) - accuracy(&new, &others));
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    Ok(json!({"intents": times.len(), "learn_ms_median": median(times),
              "new_recall_mean": mean(&recalls), "old_accuracy_loss_points": mean(&losses) * 100.0}))
}

/// Share of queries whose best passage is of the right document.
fn retrieval(faq: &Rows, queries: &Rows) -> Result<Value, Anything> {
    let mut kb = KnowledgeBase::default();
    let document = |(i, (title, text)): (usize, &(String, String))| {
        Document::new(i.to_string(), title.clone(), text.clone())
    };
    kb.add(faq.iter().enumerate().map(document).collect())?;
    let mut times = vec![];
    let mut hits = 0;
    for (id, text) in queries {
        let at = Instant::now();
        let found = kb.search(text, 1);
        times.push(ms(at) * 1e3);
        hits += usize::from(found.first().is_some_and(|p| p.id == *id));
    }
    Ok(json!({"documents": faq.len(), "queries": queries.len(),
              "r_at_1": hits as f64 / queries.len() as f64, "p50_us": median(times)}))
}

/// Resident memory of this process in bytes (Linux).
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1).and_then(|p| p.parse::<f64>().ok());
    pages.unwrap_or(f64::NAN) * 4096.0
}

fn cold(model: &str, kb: &str) -> Result<Value, Anything> {
    let before = resident();
    let at = Instant::now();
    let model = IntentModel::open(model)?;
    let kb = KnowledgeBase::open(kb)?;
    let found = kb.search("card payment", 1).len() + model.classify("my card is lost", 1).len();
    Ok(json!({"open_and_first_answers_ms": ms(at), "resident_bytes": resident() - before,
              "documents": kb.len(), "answers": found}))
}

#[expect(clippy::print_stdout, reason = "the result goes to the driver")]
fn main() -> Result<(), Anything> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args[0] == "cold" {
        println!("{}", cold(&args[1], &args[2])?);
        return Ok(());
    }
    let (train, test) = (read(&args[0])?, read(&args[1])?);
    let (faq, queries) = (read(&args[2])?, read(&args[3])?);
    let run = Run::seed(0).with_threads(1);
    let (texts, labels): (Vec<_>, Vec<_>) = train.iter().map(|r| (&r.1, &r.0)).unzip();
    let model = IntentClassifier::default().fit(&texts, &labels, &[""; 0], &run)?;
    model.save(&args[4])?;
    let mut kb = KnowledgeBase::default();
    let ten_thousand = train.iter().cycle().take(10_000).enumerate();
    kb.add(ten_thousand.map(|(i, r)| Document::new(i.to_string(), &r.1, &r.1)).collect())?;
    kb.save(&args[5])?;
    let extractor = EntityExtractor::default();
    let mut lengths = serde_json::Map::new();
    for bytes in [1_000, 10_000, 100_000, 1_000_000] {
        let text: String =
            train.iter().flat_map(|r| [r.1.as_str(), " "]).cycle().take(bytes / 20).collect();
        let text = &text[..text.floor_char_boundary(bytes)];
        let time = |f: &dyn Fn()| {
            median(
                (0..5)
                    .map(|_| {
                        let at = Instant::now();
                        f();
                        ms(at)
                    })
                    .collect(),
            )
        };
        lengths.insert(
            text.len().to_string(),
            json!({
                "classify_ms": time(&|| { std::hint::black_box(model.classify(text, 1)); }),
                "extract_ms": time(&|| { std::hint::black_box(extractor.extract(text, None)); }),
                "search_ms": time(&|| { std::hint::black_box(kb.search(text, 1)); }),
            }),
        );
    }
    println!(
        "{}",
        json!({
            "learning": learning(&train, &test)?,
            "retrieval": retrieval(&faq, &queries)?,
            "time_against_bytes": lengths,
        })
    );
    Ok(())
}

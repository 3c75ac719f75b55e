//! Trains an entity tagger on `train.jsonl` and scores exact spans on further files of
//! `{"text", "spans"}` lines; prints one JSON line. Driven by `benches/against/nlp/entities.py`.

use mercato_nlp::{EntityExtractor, EntityTagger, Names, Patterns, Persist, Run, Tagged};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

type Anything = Box<dyn std::error::Error>;

fn read(path: &str) -> Result<Vec<Tagged>, Anything> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[expect(clippy::print_stdout, reason = "the result goes to the driver")]
fn main() -> Result<(), Anything> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let tagger: EntityTagger = serde_json::from_str(&args[0])?;
    let train = read(&args[1])?;
    let at = Instant::now();
    let model = tagger.fit(&train, &Run::seed(0).with_threads(1))?;
    let fit_s = at.elapsed().as_secs_f64();
    let bytes = model.to_bytes()?.len();
    let extractor =
        EntityExtractor::new(Patterns::None, &Names::new())?.with_tagger(Arc::new(model));
    let mut scores = serde_json::Map::new();
    for path in &args[2..] {
        let (mut right, mut found, mut wanted) = (0, 0, 0);
        let mut times = vec![];
        for e in read(path)? {
            let truth: BTreeSet<_> = e.spans.into_iter().collect();
            let at = Instant::now();
            let entities = extractor.extract(&e.text, None);
            times.push(at.elapsed().as_secs_f64() * 1e6);
            let seen: BTreeSet<_> =
                entities.into_iter().map(|e| (e.start, e.end, e.kind)).collect();
            right += seen.intersection(&truth).count();
            found += seen.len();
            wanted += truth.len();
        }
        times.sort_unstable_by(f64::total_cmp);
        let name = std::path::Path::new(path).file_stem().and_then(|s| s.to_str()).unwrap_or("");
        scores.insert(
            name.to_owned(),
            serde_json::json!({
                "precision": f64::from(right as u32) / f64::from(found.max(1) as u32),
                "recall": f64::from(right as u32) / f64::from(wanted.max(1) as u32),
                "f1": 2.0 * right as f64 / (found + wanted).max(1) as f64,
                "p50_us": times[times.len() / 2],
            }),
        );
    }
    println!("{}", serde_json::json!({"fit_wall_s": fit_s, "bytes": bytes, "scores": scores}));
    Ok(())
}

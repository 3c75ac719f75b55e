use super::*;
use crate::kernels::Isa;
use mercato_core::{Attribute, Filter, Id, Persist, Rng, Run, Scored, TopK, Vectors};
use std::collections::BTreeMap;

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];
const KINDS: [IndexKind; 2] = [IndexKind::Flat, IndexKind::Hnsw];

fn run() -> Run {
    Run::seed(7).with_threads(1)
}

/// Vectors around a few centres, as embeddings are.
fn clustered(rng: &mut Rng, n: usize, dim: usize) -> Vec<f32> {
    let centres: Vec<f32> = (0..20 * dim).map(|_| rng.normal() as f32).collect();
    (0..n)
        .flat_map(|_| {
            let c = rng.below(20) as usize * dim;
            (0..dim).map(|d| centres[c + d] + 0.6 * rng.normal() as f32).collect::<Vec<_>>()
        })
        .collect()
}

fn params(metric: Metric, kind: IndexKind) -> IndexParams {
    IndexParams { metric, kind, ..IndexParams::default() }
}

fn exact(index: &VectorIndex, query: &[f32], k: usize) -> Vec<(Id, f32)> {
    let state = &*index.state;
    let mut room = Vec::new();
    let query = state.prepared(query, &mut room).unwrap();
    let mut top = TopK::new(k);
    for slot in state.live.iter() {
        top.push(slot, state.space().score(Isa::PORTABLE, query, state.row(slot)));
    }
    top.sorted().iter().map(|&(s, score)| (state.ids.id(s).to_id(), score)).collect()
}

fn pairs(found: &[Scored]) -> Vec<(Id, f32)> {
    found.iter().map(|s| (s.id.clone(), s.score)).collect()
}

fn recall(index: &VectorIndex, queries: &[f32], options: &SearchOptions) -> f64 {
    let (mut hits, mut all) = (0, 0);
    for query in queries.chunks_exact(index.dim()) {
        let want = exact(index, query, options.k);
        let worst = want.last().map_or(0.0, |w| w.1);
        let found = index.search(query, options).unwrap();
        hits += found.iter().filter(|f| f.score >= worst).count();
        all += want.len();
    }
    hits as f64 / all as f64
}

#[test]
fn a_flat_index_is_exact_under_every_metric() {
    let mut rng = Rng::new(1);
    for metric in METRICS {
        for dim in [1, 5, 64, 70] {
            let vectors = Vectors::new(clustered(&mut rng, 500, dim), dim).unwrap();
            let index =
                VectorIndex::build(&vectors, None, &params(metric, IndexKind::Flat), &run())
                    .unwrap();
            for query in clustered(&mut rng, 5, dim).chunks_exact(dim) {
                let found = index.search(query, &SearchOptions::default()).unwrap();
                assert_eq!(pairs(&found), exact(&index, query, 10));
            }
        }
    }
}

#[test]
fn a_graph_finds_nearly_all_under_every_metric() {
    let mut rng = Rng::new(2);
    for metric in METRICS {
        let all = clustered(&mut rng, 3100, 24);
        let (base, queries) = all.split_at(3000 * 24);
        let vectors = Vectors::new(base.to_vec(), 24).unwrap();
        let index =
            VectorIndex::build(&vectors, None, &params(metric, IndexKind::Hnsw), &run()).unwrap();
        let r = recall(&index, queries, &SearchOptions::default().ef(100));
        assert!(r > 0.97, "{metric:?} {r}");
        let report = index.self_check(200, &SearchOptions::default().ef(100), &run()).unwrap();
        assert_eq!(report.unreachable, 0);
        assert!((report.recall - r).abs() < 0.03, "{metric:?} {report:?} {r}");
    }
}

#[test]
fn batches_equal_single_searches() {
    let mut rng = Rng::new(3);
    let (n, dim) = (700, 12);
    let vectors = Vectors::new(clustered(&mut rng, n, dim), dim).unwrap();
    let queries = clustered(&mut rng, 70, dim);
    for metric in METRICS {
        for kind in KINDS {
            let mut index =
                VectorIndex::build(&vectors, None, &params(metric, kind), &run()).unwrap();
            for changed in [false, true] {
                if changed {
                    index.remove(&[3, 5].into(), &run()).unwrap();
                    index.upsert(&[9000].into(), &queries[..dim], &run()).unwrap();
                }
                let options = SearchOptions::default().k(7);
                let two = Run::seed(0).with_threads(2);
                let batch = index.search_batch(&queries, &options, &two).unwrap();
                for (q, query) in queries.chunks_exact(dim).enumerate() {
                    let one = pairs(&index.search(query, &options).unwrap());
                    let places = q * 7..(q + 1) * 7;
                    let many: Vec<(Id, f32)> = batch.dense()[places.clone()]
                        .iter()
                        .zip(&batch.scores()[places])
                        .map(|(&d, &s)| (index.id_map().id(d).to_id(), s))
                        .collect();
                    assert_eq!(one, many);
                }
            }
        }
    }
}

#[test]
fn any_number_of_threads_builds_the_same_bytes() {
    let mut rng = Rng::new(4);
    let vectors = Vectors::new(clustered(&mut rng, 2500, 20), 20).unwrap();
    for kind in KINDS {
        let bytes = |threads| {
            let run = Run::seed(3).with_threads(threads);
            VectorIndex::build(&vectors, None, &params(Metric::Cosine, kind), &run)
                .unwrap()
                .to_bytes()
                .unwrap()
        };
        assert!(bytes(1) == bytes(4));
    }
}

/// Random upserts, removals, searches, and trips through bytes, against a plain map.
#[test]
fn updates_agree_with_a_plain_map() {
    for kind in KINDS {
        for metric in METRICS {
            let mut rng = Rng::new(5);
            let dim = 8;
            let empty = Vectors::new(Vec::new(), dim).unwrap();
            let mut index =
                VectorIndex::build(&empty, None, &params(metric, kind), &run()).unwrap();
            let mut map: BTreeMap<i64, Vec<f32>> = BTreeMap::new();
            for step in 0..60 {
                match rng.below(4) {
                    0 | 1 => {
                        let mut ids: Vec<i64> =
                            (0..1 + rng.below(60)).map(|_| rng.below(400) as i64).collect();
                        ids.sort_unstable();
                        ids.dedup();
                        let rows = clustered(&mut rng, ids.len(), dim);
                        index.upsert(&(&ids).into(), &rows, &run()).unwrap();
                        map.extend(
                            ids.iter().copied().zip(rows.chunks_exact(dim).map(<[f32]>::to_vec)),
                        );
                    }
                    2 => {
                        let ids: Vec<i64> =
                            (0..rng.below(40)).map(|_| rng.below(400) as i64).collect();
                        let there = ids.iter().collect::<std::collections::BTreeSet<_>>();
                        let there = there.into_iter().filter(|id| map.remove(id).is_some()).count();
                        assert_eq!(index.remove(&(&ids).into(), &run()).unwrap(), there);
                    }
                    _ => index = VectorIndex::from_bytes(&index.to_bytes().unwrap()).unwrap(),
                }
                assert_eq!(index.len(), map.len());
                let ids: std::collections::BTreeSet<i64> =
                    index.ids().map(|id| if let IdRef::Int(i) = id { i } else { -1 }).collect();
                assert!(ids.iter().eq(map.keys()), "{kind:?} {metric:?} {step}");
                if let Structure::Graph { graph, .. } = &index.state.search {
                    assert_eq!(graph.unreachable(&index.state.live), [0u32; 0]);
                }
                let query = clustered(&mut rng, 1, dim);
                let options = SearchOptions::default().ef(400);
                let found = pairs(&index.search(&query, &options).unwrap());
                assert_eq!(found, exact(&index, &query, 10), "{kind:?} {metric:?} {step}");
                for id in found.iter().map(|f| f.0.as_ref()) {
                    let IdRef::Int(i) = id else { panic!("an integer id") };
                    let stored = index.vector(id).unwrap();
                    let given = &map[&i];
                    let scale = given.iter().zip(stored).find(|(g, _)| **g != 0.0).unwrap();
                    let scale = scale.1 / scale.0;
                    assert!(given.iter().zip(stored).all(|(g, s)| (g * scale - s).abs() < 1e-4));
                }
            }
        }
    }
}

#[test]
fn a_snapshot_does_not_see_later_updates() {
    let mut rng = Rng::new(6);
    let rows = clustered(&mut rng, 300, 6);
    let vectors = Vectors::new(rows.clone(), 6).unwrap();
    for kind in KINDS {
        let mut index =
            VectorIndex::build(&vectors, None, &params(Metric::L2, kind), &run()).unwrap();
        let before = index.clone();
        index.remove(&[17].into(), &run()).unwrap();
        let query = &rows[17 * 6..18 * 6];
        assert_eq!(before.search(query, &SearchOptions::default()).unwrap()[0].id, Id::Int(17));
        assert_ne!(index.search(query, &SearchOptions::default()).unwrap()[0].id, Id::Int(17));
        assert_eq!((before.len(), index.len()), (300, 299));
    }
}

#[test]
fn filters_of_any_share_are_respected_and_find_nearly_all() {
    let mut rng = Rng::new(7);
    let (n, dim) = (4000, 16);
    let rows = clustered(&mut rng, n, dim);
    let vectors = Vectors::new(rows.clone(), dim).unwrap();
    let queries = clustered(&mut rng, 30, dim);
    let ids: Vec<i64> = (0..n as i64).collect();
    let items = Arc::new(IdMap::from_ids(&(&ids).into()).unwrap());
    let random: Vec<f64> = (0..n).map(|_| rng.unit()).collect();
    // Correlated with the first coordinate: what matches lies together.
    let first: Vec<f64> = rows.chunks_exact(dim).map(|r| f64::from(r[0])).collect();
    let attributes = ItemAttributes::new(
        items,
        vec![
            Attribute::number("random", random.clone()),
            Attribute::number("first", first.clone()),
        ],
    )
    .unwrap();
    let mut sorted = first.clone();
    sorted.sort_by(f64::total_cmp);
    for kind in KINDS {
        let index = VectorIndex::build(&vectors, None, &params(Metric::Cosine, kind), &run())
            .unwrap()
            .with_attributes(&attributes);
        for share in [0.0, 0.001, 0.02, 0.2, 0.6] {
            let cut = sorted[((1.0 - share) * (n - 1) as f64) as usize];
            for (name, values, cut) in [("random", &random, 1.0 - share), ("first", &first, cut)] {
                let filter =
                    Filter::from_json(&serde_json::json!({ name: { "gt": cut } })).unwrap();
                let options = SearchOptions::default().ef(100).filter(filter);
                let (mut hits, mut all) = (0, 0);
                for query in queries.chunks_exact(dim) {
                    let found = index.search(query, &options).unwrap();
                    let want: Vec<(Id, f32)> = exact(&index, query, n)
                        .into_iter()
                        .filter(|(id, _)| matches!(id, Id::Int(i) if values[*i as usize] > cut))
                        .take(10)
                        .collect();
                    for s in &found {
                        assert!(matches!(s.id, Id::Int(i) if values[i as usize] > cut));
                    }
                    assert_eq!(found.len(), want.len());
                    hits += pairs(&found).iter().filter(|f| want.contains(f)).count();
                    all += want.len();
                }
                assert!(
                    hits as f64 >= 0.96 * all as f64,
                    "{kind:?} {name} {share}: {hits} of {all}"
                );
            }
        }
    }
}

#[test]
fn every_flipped_or_missing_byte_is_an_error_or_harmless() {
    let mut rng = Rng::new(8);
    let vectors = Vectors::new(clustered(&mut rng, 90, 5), 5).unwrap();
    let query = clustered(&mut rng, 1, 5);
    for kind in KINDS {
        let index = VectorIndex::build(&vectors, None, &params(Metric::L2, kind), &run()).unwrap();
        let bytes = index.to_bytes().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("damaged.mercato");
        for at in (0..bytes.len()).step_by(41) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            assert!(VectorIndex::from_bytes(&damaged).is_err(), "byte {at}");
            // An opened file is not walked: damage may go unnoticed, but never panics.
            std::fs::write(&path, &damaged).unwrap();
            if let Ok(mut opened) = VectorIndex::open(&path) {
                let _ = opened.search(&query, &SearchOptions::default());
                let _ = opened.remove(&[3].into(), &run());
                let _ = opened.upsert(&[3, 400].into(), &[1.0; 10], &run());
                let _ = opened.search(&query, &SearchOptions::default());
            }
            assert!(VectorIndex::from_bytes(&bytes[..at]).is_err());
        }
    }
}

#[test]
fn unusable_input_is_a_typed_error() {
    let vectors = Vectors::new(vec![1.0, 0.0, 0.0, 1.0], 2).unwrap();
    let p = IndexParams::default();
    let code = |r: Result<VectorIndex>| r.unwrap_err().code().as_str();
    assert_eq!(
        code(VectorIndex::build(&vectors, Some(&[1, 1].into()), &p, &run())),
        "invalid_input"
    );
    assert_eq!(code(VectorIndex::build(&vectors, Some(&[1].into()), &p, &run())), "invalid_input");
    assert_eq!(code(VectorIndex::build(&vectors, None, &p.clone().m(1), &run())), "invalid_params");
    let zero = Vectors::new(vec![0.0, 0.0], 2).unwrap();
    assert_eq!(code(VectorIndex::build(&zero, None, &p, &run())), "invalid_input");
    let mut index = VectorIndex::build(&vectors, None, &p, &run()).unwrap();
    for query in [&[1.0f32][..], &[0.0, 0.0], &[f32::NAN, 1.0], &[f32::INFINITY, 1.0]] {
        let e = index.search(query, &SearchOptions::default()).unwrap_err();
        assert_eq!(e.code().as_str(), "invalid_input");
    }
    assert!(index.search(&[1.0, 1.0], &SearchOptions::default().k(0)).unwrap().is_empty());
    assert_eq!(index.search(&[1.0, 1.0], &SearchOptions::default().k(99)).unwrap().len(), 2);
    let filter = Filter::from_json(&serde_json::json!({"a": 1})).unwrap();
    assert!(index.search(&[1.0, 1.0], &SearchOptions::default().filter(filter)).is_err());
    for recall in [-0.1, 1.1, f64::NAN] {
        let e = index.search(&[1.0, 1.0], &SearchOptions::default().target_recall(recall));
        assert_eq!(e.unwrap_err().code().as_str(), "invalid_params");
    }
    assert!(index.upsert(&["a"].into(), &[1.0, 1.0], &run()).is_err());
    assert!(index.upsert(&[1, 1].into(), &[1.0; 4], &run()).is_err());
    assert!(index.upsert(&[1].into(), &[1.0; 4], &run()).is_err());
    assert!(index.upsert(&[1].into(), &[f32::NAN; 2], &run()).is_err());
    assert_eq!(index.len(), 2);
    assert_eq!(index.remove(&[1, 1, 77].into(), &run()).unwrap(), 1);
    assert_eq!(index.remove(&[1].into(), &run()).unwrap(), 0);
    assert_eq!(index.remove(&[0].into(), &run()).unwrap(), 1);
    assert!(index.search(&[1.0, 1.0], &SearchOptions::default()).unwrap().is_empty());
    assert!(index.is_empty());
    index.upsert(&["a"].into(), &[1.0, 1.0], &run()).unwrap();
    assert!(index.contains("a") && !index.contains(1));
}

#[test]
fn upserted_attributes_replace_old_ones_and_leave_the_rest() {
    let table = |ids: &[&str], kinds: &[Option<&str>], prices: &[f64], new: &[Option<bool>]| {
        let items = Arc::new(IdMap::from_ids(&ids.into()).unwrap());
        let columns = vec![
            Attribute::text("kind", kinds).unwrap(),
            Attribute::number("price", prices.to_vec()),
            Attribute::bool("new", new),
        ];
        ItemAttributes::new(items, columns).unwrap()
    };
    let vectors = Vectors::new(vec![1.0, 0.0, 0.0, 1.0], 2).unwrap();
    let ids = ["cup", "tea"].into();
    let mut index = VectorIndex::build(&vectors, Some(&ids), &IndexParams::default(), &run())
        .unwrap()
        .with_attributes(&table(
            &["cup", "tea"],
            &[Some("ware"), Some("food")],
            &[4.0, 9.0],
            &[Some(true), Some(false)],
        ));
    let more = table(&["mug", "tea"], &[Some("ware"), None], &[5.0, 8.0], &[None, Some(true)]);
    index.upsert_with(&["tea", "mug"].into(), &[0.5, 0.5, 0.9, 0.1], Some(&more), &run()).unwrap();
    let matching = |json: serde_json::Value| -> Vec<String> {
        let options = SearchOptions::default().filter(Filter::from_json(&json).unwrap());
        let found = index.search(&[1.0, 0.0], &options).unwrap();
        let mut ids: Vec<String> = found.iter().map(|s| s.id.as_ref().to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(matching(serde_json::json!({"kind": "ware"})), ["cup", "mug"]);
    assert_eq!(matching(serde_json::json!({"kind": "food"})), [""; 0]);
    assert_eq!(matching(serde_json::json!({"price": {"ge": 5}})), ["mug", "tea"]);
    assert_eq!(matching(serde_json::json!({"new": true})), ["cup", "tea"]);
    let items = Arc::new(IdMap::from_ids(&["cup"].into()).unwrap());
    let odd = ItemAttributes::new(items, vec![Attribute::number("kind", vec![1.0])]).unwrap();
    let e = index.upsert_with(&["cup"].into(), &[1.0, 1.0], Some(&odd), &run()).unwrap_err();
    assert_eq!(e.code().as_str(), "invalid_input");
}

/// Vectors of generation g all lie in direction g: a result that mixes two generations is torn.
#[test]
fn searches_during_updates_see_one_state() {
    for kind in KINDS {
        let (n, dim) = (64, 8);
        let rows = |g: usize| -> Vec<f32> {
            let value = |i: usize| match i % dim {
                // What no query asks for tells the vectors of a generation apart.
                7 => (i / dim) as f32 * 0.01,
                d => f32::from(u8::from(d == g % 7)),
            };
            (0..n * dim).map(value).collect()
        };
        let ids: Vec<i64> = (0..n as i64).collect();
        let vectors = Vectors::new(rows(0), dim).unwrap();
        let index = VectorIndex::build(&vectors, None, &params(Metric::Dot, kind), &run()).unwrap();
        let shared = SharedIndex::new(index);
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        let query: Vec<f32> = (0..dim).map(|d| ((d + 1) % 8) as f32).collect();
                        let found = shared
                            .snapshot()
                            .search(&query, &SearchOptions::default().k(n).ef(4 * n))
                            .unwrap();
                        assert!(found.windows(2).all(|w| w[0].score == w[1].score), "{found:?}");
                        assert!(found.len() == n || found.len() == n - 3, "{}", found.len());
                    }
                });
            }
            for g in 1..40 {
                shared.upsert(&(&ids).into(), &rows(g), None, &run()).unwrap();
                shared.remove(&[1, 2, 3].into(), &run()).unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}

use super::*;
use mercato_core::{Rng, best_first};
use proptest::prelude::*;

fn random(rng: &mut Rng, len: usize) -> Vec<f32> {
    (0..len).map(|_| rng.normal() as f32).collect()
}

/// Ranks every row, with the scalar kernel.
fn naive(
    rows: &[f32],
    query: &[f32],
    k: usize,
    allow: Option<&Bitmap>,
    exclude: &[u32],
) -> Vec<(u32, f32)> {
    let allowed = |r: u32| allow.is_none_or(|set| set.contains(r));
    let mut all: Vec<(u32, f32)> = (0..)
        .zip(rows.chunks_exact(query.len()))
        .filter(|&(r, _)| allowed(r) && !exclude.contains(&r))
        .map(|(r, row)| (r, dot(Isa::PORTABLE, query, row) + 0.0))
        .collect();
    all.sort_by(best_first);
    all.truncate(k);
    all
}

fn found(
    rows: &[f32],
    query: &[f32],
    k: usize,
    allow: Option<&Bitmap>,
    exclude: &[u32],
) -> Vec<(u32, f32)> {
    let run = Run::default().with_threads(1);
    let scan = Scan::build(rows, query.len(), &run).unwrap();
    let mut out = vec![(9, 9.0)];
    scan.top_k(rows, query, k, allow, exclude, &mut ScanScratch::default(), &mut out).unwrap();
    out
}

fn bits(all: &[(u32, f32)]) -> Vec<(u32, u32)> {
    all.iter().map(|&(id, score)| (id, score.to_bits())).collect()
}

#[test]
fn every_dimension_ranks_as_exact_scores_do() {
    let mut rng = Rng::new(1);
    for dim in 1..=200 {
        let n = 1 + rng.below(300) as usize;
        let rows = random(&mut rng, n * dim);
        let query = random(&mut rng, dim);
        assert_eq!(
            bits(&found(&rows, &query, 7, None, &[])),
            bits(&naive(&rows, &query, 7, None, &[])),
            "{n} x {dim}"
        );
    }
}

#[test]
fn many_rows_with_few_of_value_are_ranked_exactly() {
    let mut rng = Rng::new(2);
    let (n, dim) = (10_000, 24);
    let mut rows = random(&mut rng, n * dim);
    for (r, row) in rows.chunks_exact_mut(dim).enumerate() {
        // Norms over twelve orders of magnitude.
        let size = 10f32.powi((r % 13) as i32 - 6);
        row.iter_mut().for_each(|x| *x *= size);
    }
    for _ in 0..20 {
        let query = random(&mut rng, dim);
        assert_eq!(
            bits(&found(&rows, &query, 50, None, &[])),
            bits(&naive(&rows, &query, 50, None, &[]))
        );
    }
}

#[test]
fn values_near_the_ends_of_f32_are_ranked_exactly() {
    let mut rng = Rng::new(3);
    let dim = 9;
    for size in [1e-45f32, 1e-40, 1e-30, 1e-22, 1e-19, 1e10, 3e16] {
        let rows: Vec<f32> = random(&mut rng, 500 * dim).iter().map(|x| x * size).collect();
        for other in [size, 1.0] {
            let query: Vec<f32> = random(&mut rng, dim).iter().map(|x| x * other).collect();
            assert_eq!(
                bits(&found(&rows, &query, 10, None, &[])),
                bits(&naive(&rows, &query, 10, None, &[])),
                "{size} {other}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn filters_exclusions_ties_and_any_k(
        seed in 0u64..u64::MAX, n in 0usize..700, dim in 1usize..40, k in 0usize..60,
        levels in 1i32..6, density in 0u64..5, filtered: bool
    ) {
        let mut rng = Rng::new(seed);
        // Few distinct values: most scores are tied.
        let mut level = |len: usize| -> Vec<f32> {
            (0..len).map(|_| (rng.below(levels as u64 * 2) as i32 - levels) as f32).collect()
        };
        let (rows, query) = (level(n * dim), level(dim));
        let set = Bitmap::from_fn(n, |_| rng.below(4) < density || rng.below(40) == 0);
        let exclude: Vec<u32> = (0..n as u32).filter(|_| rng.below(5) == 0).collect();
        let allow = filtered.then_some(&set);
        prop_assert_eq!(
            bits(&found(&rows, &query, k, allow, &exclude)),
            bits(&naive(&rows, &query, k, allow, &exclude))
        );
    }
}

#[test]
fn a_batch_equals_its_queries_one_by_one_for_any_threads() {
    let mut rng = Rng::new(5);
    let (n, dim, m, k) = (3000, 20, 150, 11);
    let rows = random(&mut rng, n * dim);
    let mut queries = random(&mut rng, m * dim);
    queries[3 * dim..4 * dim].fill(0.0);
    let excludes: Vec<Vec<u32>> =
        (0..m).map(|_| (0..n as u32).filter(|_| rng.below(9) == 0).collect()).collect();
    let set = Bitmap::from_fn(n, |_| rng.below(2) == 0);
    let one = Run::default().with_threads(1);
    let scan = Scan::build(&rows, dim, &one).unwrap();
    for allow in [None, Some(&set)] {
        for threads in [1, 3] {
            let (mut ids, mut scores) = (vec![0; m * k], vec![0.0; m * k]);
            scan.top_k_batch(
                &rows,
                &queries,
                k,
                allow,
                |q| &excludes[q],
                &Run::default().with_threads(threads),
                &mut ids,
                &mut scores,
            )
            .unwrap();
            for q in 0..m {
                let want = naive(&rows, &queries[q * dim..(q + 1) * dim], k, allow, &excludes[q]);
                let got: Vec<(u32, f32)> = ids[q * k..(q + 1) * k]
                    .iter()
                    .copied()
                    .zip(scores[q * k..(q + 1) * k].iter().copied())
                    .collect();
                assert_eq!(bits(&got), bits(&want));
            }
        }
    }
}

#[test]
fn places_without_a_row_are_marked() {
    let rows = [1.0f32, 2.0, 3.0];
    let run = Run::default().with_threads(1);
    let scan = Scan::build(&rows, 1, &run).unwrap();
    let (mut ids, mut scores) = ([0; 5], [0.0; 5]);
    scan.top_k_batch(&rows, &[1.0], 5, None, |_| &[1], &run, &mut ids, &mut scores).unwrap();
    assert_eq!(ids, [2, 0, u32::MAX, u32::MAX, u32::MAX]);
    assert_eq!(scores[..2], [3.0, 1.0]);
    assert_eq!(scores[2], f32::NEG_INFINITY);
}

#[test]
fn every_instruction_set_reports_the_same_hits_and_bounds() {
    let mut rng = Rng::new(6);
    for dim in [1, 3, 4, 31, 64, 100, 384] {
        let rows = random(&mut rng, 150 * dim);
        let scan = Scan::build(&rows, dim, &Run::default().with_threads(1)).unwrap();
        let mut words = vec![0; 4 * groups(dim)];
        let prepared: Vec<Prepared> = words
            .chunks_exact_mut(groups(dim))
            .map(|words| Prepared::new(Space::Dot, 0.0, &random(&mut rng, dim), words))
            .collect();
        let mut seen: Option<Vec<(u32, u32)>> = None;
        for isa in Isa::all() {
            let tile = Blocks { bytes: scan.blocks.as_slice(), groups: groups(dim), first_row: 0 };
            let queries = Queries::<4> {
                words: std::array::from_fn(|q| &words[q * groups(dim)..(q + 1) * groups(dim)]),
                start: std::array::from_fn(|q| prepared[q].start),
                scale: std::array::from_fn(|q| prepared[q].scale),
                per_loss: std::array::from_fn(|q| prepared[q].per_loss),
                per_norm: std::array::from_fn(|q| prepared[q].per_norm),
                threshold: [f32::NEG_INFINITY, 0.0, 1.0, -1.0],
            };
            let mut hits = <[Vec<Hit>; 4]>::default();
            block::scan(isa, tile, &queries, &mut hits);
            let hits = bits(&hits.concat());
            assert!(!hits.is_empty());
            assert_eq!(*seen.get_or_insert_with(|| hits.clone()), hits, "{isa:?} {dim}");
        }
    }
}

#[test]
fn distances_are_ranked_exactly_at_any_scale_and_offset() {
    let mut rng = Rng::new(7);
    let run = Run::default().with_threads(1);
    for dim in [1, 2, 7, 33, 64, 130] {
        for (size, shift) in [(1.0, 0.0), (1.0, 100.0), (1e-3, 5.0), (1e-25, 0.0), (1e15, 0.0)] {
            let n = 2000;
            let mut point = |len: usize| -> Vec<f32> {
                random(&mut rng, len).iter().map(|x| x * size + shift).collect()
            };
            let (rows, query) = (point(n * dim), point(dim));
            let scan = Scan::build_in(Space::L2, &rows, dim, &run).unwrap();
            let mut out = Vec::new();
            scan.top_k(&rows, &query, 9, None, &[5], &mut ScanScratch::default(), &mut out)
                .unwrap();
            let mut all: Vec<(u32, f32)> = (0..)
                .zip(rows.chunks_exact(dim))
                .filter(|&(r, _)| r != 5)
                .map(|(r, row)| (r, -squared_distance(Isa::PORTABLE, &query, row)))
                .collect();
            all.sort_by(best_first);
            assert_eq!(bits(&out), bits(&all[..9]), "{dim} {size} {shift}");
        }
    }
}

#[test]
fn unusable_vectors_are_typed_errors() {
    let run = Run::default().with_threads(1);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e19, f32::MAX] {
        let e = Scan::build(&[0.0, 1.0, 2.0, bad], 2, &run).unwrap_err();
        assert_eq!(e.code().as_str(), "invalid_input");
        assert_eq!(e.context().next(), Some(("row", "1")));
    }
    assert!(Scan::build(&[0.0; 3], 2, &run).is_err());
    assert!(Scan::build(&[0.0; 3], 0, &run).is_err());
    let rows = [0.0f32; 4];
    let scan = Scan::build(&rows, 2, &run).unwrap();
    let (mut scratch, mut out) = (ScanScratch::default(), Vec::new());
    let mut ask = |rows: &[f32], query: &[f32], allow: Option<&Bitmap>| {
        scan.top_k(rows, query, 1, allow, &[], &mut scratch, &mut out)
            .map_err(|e| e.code().as_str())
    };
    assert_eq!(ask(&rows, &[f32::NAN, 0.0], None), Err("invalid_input"));
    assert_eq!(ask(&rows, &[0.0], None), Err("invalid_input"));
    assert_eq!(ask(&rows[1..], &[0.0; 2], None), Err("invalid_input"));
    assert_eq!(ask(&rows, &[0.0; 2], Some(&Bitmap::full(3))), Err("invalid_input"));
    assert_eq!(ask(&rows, &[0.0; 2], None), Ok(()));
}

#[test]
fn a_saved_scan_opens_without_copying_and_finds_the_same() {
    let mut rng = Rng::new(8);
    let (n, dim) = (333, 10);
    let rows = random(&mut rng, n * dim);
    let run = Run::default().with_threads(2);
    let scan = Scan::build(&rows, dim, &run).unwrap();
    let mut w = ArtifactWriter::new("example", 1);
    scan.write(&mut w, "scan").unwrap();
    let a = Artifact::from_bytes(&w.to_bytes().unwrap()).unwrap();
    let opened = Scan::read(&a, "scan", n, dim).unwrap();
    assert!(matches!(opened.blocks, Aligned::Shared(_)));
    assert!(Scan::read(&a, "scan", n + 16, dim).is_err());
    assert!(Scan::read(&a, "scan", usize::MAX, dim).is_err());
    assert!(Scan::read(&a, "scan", n, 0).is_err());
    let query = random(&mut rng, dim);
    let mut out = Vec::new();
    opened.top_k(&rows, &query, 5, None, &[], &mut ScanScratch::default(), &mut out).unwrap();
    assert_eq!(bits(&out), bits(&naive(&rows, &query, 5, None, &[])));
}

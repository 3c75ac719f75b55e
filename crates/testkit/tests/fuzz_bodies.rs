//! The fuzz targets' bodies over many mutations of golden files: the same ones each time.

use mercato::Rng;
use mercato_testkit::{damage, fuzz, kinds};

const ROUNDS: usize = 500;

#[test]
fn mutated_containers_never_panic() {
    let mut rng = Rng::new(1);
    for kind in kinds::all() {
        let good = (kind.golden)().unwrap();
        for _ in 0..ROUNDS {
            fuzz::artifact(&damage::mutated(&good, &mut rng));
        }
    }
}

#[test]
fn mutated_models_with_good_checksums_never_panic() {
    let mut rng = Rng::new(2);
    for kind in kinds::all() {
        let good = (kind.golden)().unwrap();
        for _ in 0..ROUNDS {
            fuzz::model(&damage::mutated(&good, &mut rng));
        }
    }
}

#[test]
fn mutated_filters_never_panic() {
    let mut rng = Rng::new(3);
    let deep = r#"{"not":"#.repeat(200) + "{}" + &"}".repeat(200);
    let seeds = [
        r#"{"category": "toys", "price": {"ge": 1e9, "lt": -2}}"#,
        r#"{"any": [{"tags": ["a", "b"]}, {"not": {"new": true}}, {"price": null}]}"#,
        r#"{"category": ["toys", "tea", 1, null, {}]}"#,
        &deep,
    ];
    for seed in seeds {
        fuzz::filter(seed.as_bytes());
        for _ in 0..10 * ROUNDS {
            fuzz::filter(&damage::mutated(seed.as_bytes(), &mut rng));
        }
    }
}

#[test]
fn an_index_under_random_updates_agrees_with_a_plain_map() {
    let mut rng = Rng::new(4);
    for round in 0..ROUNDS {
        let len = rng.below(600) as usize;
        let mut bytes: Vec<u8> = (0..len).map(|_| rng.below(256) as u8).collect();
        if let Some(shape) = bytes.first_mut() {
            // Every metric, both kinds, every small dimension.
            *shape = (round % 24) as u8;
        }
        fuzz::index(&bytes);
    }
}

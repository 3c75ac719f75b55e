use super::*;
use crate::{History, Query, Recommender};
use mercato_core::{IdColumn, Rng};

fn data(users: i64, items: u64, each: usize) -> Interactions {
    let mut rng = Rng::new(4);
    let (mut u, mut i) = (vec![], vec![]);
    for user in 0..users {
        for _ in 0..each {
            u.push(user);
            i.push((rng.below(items) + rng.below(items)) as i64 / 2);
        }
    }
    Interactions::builder(&u, IdColumn::from(&i)).build().unwrap()
}

#[test]
fn folding_in_a_user_of_the_training_data_gives_the_trained_vector() {
    let data = data(50, 40, 10);
    for factors in [5, 16, 40] {
        let als = Als::default().factors(factors).regularization(1.0);
        let als = als.solver(Solver::Cholesky).iterations(100);
        let model = als.fit(&data, &Run::seed(1)).unwrap();
        let (items, weights) = data.matrix().row(7);
        let history = History::weighted(
            items.iter().zip(weights).map(|(&i, &w)| (data.items().id(i).to_id(), w)),
        );
        let folded = model.fold_in(&history).unwrap();
        let trained = model.user_factors().row(7);
        let norm: f32 = trained.iter().map(|v| v * v).sum();
        let off: f32 = folded.values.iter().zip(trained).map(|(a, b)| (a - b).powi(2)).sum();
        // The last half of the last iteration moved the items a little.
        assert!(off < 1e-3 * norm, "{off} of {norm} with {factors} factors");
        let by_vector = model.recommend_vector(&folded, 5, &Query::default()).unwrap();
        let query = Query::default().history(history);
        assert_eq!(by_vector, model.recommend(-1, 5, &query).unwrap());
    }
}

#[test]
fn repeated_items_of_a_history_add_up() {
    let model = Als::default().factors(8).fit(&data(30, 20, 6), &Run::seed(1)).unwrap();
    let twice = model.fold_in(&History::of([3i64, 4, 3])).unwrap();
    let weighted = model.fold_in(&History::weighted([(3i64, 2.0), (4, 1.0)])).unwrap();
    assert_eq!((&twice.values, twice.seen()), (&weighted.values, weighted.seen()));
}

#[test]
fn both_solvers_find_models_of_the_same_quality() {
    let data = data(80, 60, 12);
    let fit = |solver, iterations| {
        let als = Als::default().factors(8).regularization(1.0);
        als.solver(solver).iterations(iterations).fit(&data, &Run::seed(2)).unwrap()
    };
    let loss = |m: &AlsModel| -> f64 {
        let mut total = 0.0;
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        for u in 0..data.n_users() {
            let (items, _) = data.matrix().row(u);
            for i in 0..data.n_items() {
                let s = f64::from(dot(m.user_factors().row(u), m.item_factors().row(i)));
                let seen = items.binary_search(&(i as u32)).is_ok();
                let w = f64::from(data.matrix().row(u).1.first().copied().unwrap_or(1.0)) * 10.0;
                total += if seen { w * (1.0 - s).powi(2) } else { s * s };
            }
        }
        total
    };
    let (cg, exact) = (loss(&fit(Solver::Cg, 30)), loss(&fit(Solver::Cholesky, 30)));
    assert!((cg / exact - 1.0).abs() < 0.05, "{cg} {exact}");
}

#[test]
fn numbers_beyond_f32_are_reported() {
    let wild =
        Interactions::builder([1, 1, 2], [1, 2, 1]).weights(&[1e30, 1.0, 1e30]).build().unwrap();
    for solver in [Solver::Cg, Solver::Cholesky] {
        let als = Als::default().alpha(1e6).solver(solver);
        if let Err(e) = als.fit(&wild, &Run::seed(0)) {
            assert_eq!(e.code().as_str(), "did_not_converge", "{e:?}");
        }
    }
}

#[test]
fn a_cancelled_fit_stops_within_a_tenth_of_a_second() {
    let data = data(20_000, 3_000, 20);
    let token = mercato_core::CancelToken::new();
    let run = Run::seed(0).with_cancel(&token);
    let switch = token.clone();
    let waiter = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        switch.cancel();
        std::time::Instant::now()
    });
    let als = Als::default().factors(128).iterations(1000);
    assert_eq!(als.fit(&data, &run).unwrap_err().code().as_str(), "cancelled");
    let end = std::time::Instant::now();
    let cancelled = waiter.join().unwrap();
    // Generous: tests run unoptimised and beside each other.
    assert!(end - cancelled < std::time::Duration::from_millis(500), "{:?}", end - cancelled);
}

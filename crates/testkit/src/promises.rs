//! What every recommender promises, as one call. A new model gets a line in `tests/recommenders.rs`.
//!
//! The recommenders' own crate tests what they answer; here stands what needs generated data, many
//! runs or hostile surroundings.

use crate::{damage, generate};
use mercato::recsys::{History, Model, Query, Recommender};
use mercato::{CancelToken, ErrorCode, Interactions, Persist, Result, Run};

/// Checks every promise of a model that `fit` makes.
///
/// # Panics
/// When a promise is broken; the message begins with `name`.
pub fn recommender<M>(name: &str, fit: impl Fn(&Interactions, &Run) -> Result<M>)
where
    M: Model + Persist + 'static,
{
    let data = generate::shop(80, 50, 900, 3).unwrap();
    same_bytes_for_any_threads_and_row_order(name, &data, &fit);
    one_request_equals_a_batch_from_many_threads(name, &data, &fit);
    cancelled_at_every_point(name, &data, &fit);
    edges_fit_or_say_why(name, &fit);
    let model = fit(&generate::shop(6, 5, 20, 3).unwrap(), &Run::seed(1)).unwrap();
    let bytes = model.to_bytes().unwrap();
    damage::every_flip_is_an_error(&bytes, M::from_bytes);
    damage::every_cut_is_an_error(&bytes, M::from_bytes);
}

type Fit<'a, M> = &'a dyn Fn(&Interactions, &Run) -> Result<M>;

fn same_bytes_for_any_threads_and_row_order<M: Persist>(
    name: &str,
    data: &Interactions,
    fit: Fit<'_, M>,
) {
    let bytes = |data: &Interactions, threads| {
        fit(data, &Run::seed(5).with_threads(threads)).unwrap().to_bytes().unwrap()
    };
    let one = bytes(data, 1);
    for threads in [2, 3, 8] {
        assert!(one == bytes(data, threads), "{name}: {threads} threads give other bytes than 1");
    }
    let (matrix, items) = (data.matrix(), data.items());
    let (mut users, mut things, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for user in (0..data.n_users()).rev() {
        let (columns, values) = matrix.row(user);
        for (column, value) in columns.iter().zip(values).rev() {
            users.push(data.users().id(user as u32).to_string());
            things.push(items.id(*column).to_string());
            weights.push(*value);
        }
    }
    let merged = |users: &[String], items: &[String], weights: &[f32]| {
        Interactions::builder(users, items).weights(weights).build().unwrap()
    };
    let backwards = bytes(&merged(&users, &things, &weights), 2);
    users.reverse();
    things.reverse();
    weights.reverse();
    let forwards = bytes(&merged(&users, &things, &weights), 2);
    assert!(forwards == backwards, "{name}: the order of rows changes the model");
}

/// Models are shared between threads without locks: the answers are those of one thread.
fn one_request_equals_a_batch_from_many_threads<M: Model>(
    name: &str,
    data: &Interactions,
    fit: Fit<'_, M>,
) {
    let model = &fit(data, &Run::seed(5)).unwrap();
    let query = &Query::default();
    let batch = &model.recommend_batch(None, 9, query, &Run::default().with_threads(2)).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            scope.spawn(move || {
                for row in (worker..batch.len()).chain(0..worker) {
                    let one = model.recommend(batch.user(row), 9, query).unwrap();
                    assert_eq!(one, batch.row(row), "{name}: row {row} in thread {worker}");
                }
            });
        }
    });
}

/// Stops `fit` at each of the first hundred points at which it can be stopped, and at ever rarer
/// ones after them, until it comes through.
fn cancelled_at_every_point<M: Persist>(name: &str, data: &Interactions, fit: Fit<'_, M>) {
    let finished = fit(data, &Run::seed(5).with_threads(2)).unwrap().to_bytes().unwrap();
    let mut point = 0;
    loop {
        let run = Run::seed(5).with_threads(2).with_cancel(&CancelToken::after(point));
        match fit(data, &run) {
            Err(e) => assert_eq!(e.code(), ErrorCode::Cancelled, "{name} at {point}: {e}"),
            Ok(model) => {
                assert!(point > 0, "{name} never asks whether to stop");
                assert!(model.to_bytes().unwrap() == finished, "{name} at {point}: other bytes");
                return;
            }
        }
        assert!(point < 1 << 30, "{name} never ends");
        point += 1 + point / 100 * 20;
    }
}

/// Valid data at the edges: a model that answers sensibly, or a typed error.
fn edges_fit_or_say_why<M: Model + Persist>(name: &str, fit: Fit<'_, M>) {
    for (edge, data) in generate::edges().unwrap() {
        let model = match fit(&data, &Run::seed(1)) {
            Ok(model) => model,
            Err(e) => {
                let typed = [ErrorCode::NotEnoughData, ErrorCode::DidNotConverge];
                assert!(typed.contains(&e.code()), "{name}, {edge}: {e:?}");
                continue;
            }
        };
        let model = M::from_bytes(&model.to_bytes().unwrap()).unwrap();
        for query in [Query::default(), Query::default().include_seen()] {
            for user in data.users().iter() {
                let top = model.recommend(user, usize::MAX, &query).unwrap();
                assert!(top.len() <= data.n_items(), "{name}, {edge}");
                let finite = top.iter().all(|s| s.score.is_finite());
                assert!(finite, "{name}, {edge}: a score that is no number for {user}");
            }
        }
        let everything = History::of(data.items().iter().map(mercato::IdRef::to_id));
        let stranger = data.users().id(0);
        let query = Query::default().history(everything);
        let rest = model.recommend(stranger, 5, &query).unwrap();
        assert!(rest.is_empty(), "{name}, {edge}: recommends what is in the history");
    }
}

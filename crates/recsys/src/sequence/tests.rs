use super::SequenceLinear;
use crate::{History, Query, Recommender};
use mercato_core::{Id, Interactions, Rng, Run};

/// Everybody walks round a circle of items in the same direction, from a place of their own.
fn walks() -> Interactions {
    let mut rng = Rng::new(3);
    let (mut users, mut items, mut times) = (vec![], vec![], vec![]);
    for user in 0..200i64 {
        let start = rng.below(12) as i64;
        for step in 0..4i64 {
            users.push(user);
            items.push((start + step) % 12);
            times.push(step);
        }
    }
    Interactions::builder(&users, &items).times(&times).build().unwrap()
}

fn first(model: &super::SequenceLinearModel, history: &[i64]) -> Id {
    let query = Query::default().history(History::of(history.iter().copied()));
    model.recommend(-1, 1, &query).unwrap()[0].id.clone()
}

#[test]
fn the_next_item_follows_the_direction_of_the_walk() {
    let model = SequenceLinear::default().fit(&walks(), &Run::default()).unwrap();
    for at in 0..12i64 {
        assert_eq!(first(&model, &[at, (at + 1) % 12]), ((at + 2) % 12).into(), "from {at}");
    }
    // The last item counts most: the same items the other way round lead elsewhere.
    assert_ne!(first(&model, &[3, 9]), first(&model, &[9, 3]));
}

#[test]
fn a_user_of_the_data_is_their_own_history() {
    let data = walks();
    let model = SequenceLinear::default().fit(&data, &Run::default()).unwrap();
    for user in [0i64, 17] {
        let events = data.events(user as usize).unwrap().items;
        let ids = events.iter().map(|&i| data.items().id(i).to_id());
        let query = Query::default().history(History::of(ids));
        let (a, b) =
            (model.recommend(user, 5, &Query::default()), model.recommend(user, 5, &query));
        for (a, b) in a.unwrap().iter().zip(&b.unwrap()) {
            assert!(a.id == b.id && (a.score - b.score).abs() < 1e-5);
        }
    }
}

#[test]
fn without_times_there_is_no_direction() {
    let timed = walks();
    let (mut users, mut items) = (vec![], vec![]);
    for user in 0..timed.n_users() {
        for &item in timed.matrix().row(user).0 {
            users.push(user as i64);
            items.push(i64::from(item));
        }
    }
    let data = Interactions::builder(&users, &items).build().unwrap();
    let model = SequenceLinear::default().fit(&data, &Run::default()).unwrap();
    let ease = crate::Ease::default().form(crate::ease::Form::Sparse);
    let ease = ease.fit(&data, &Run::default()).unwrap();
    assert_eq!(model.weights(), ease.weights());
}

use crate::*;
use proptest::prelude::*;

fn shop() -> Interactions {
    Interactions::builder(
        ["b", "a", "a", "a", "b", "a"],
        ["tea", "cup", "tea", "cup", "cup", "mug"],
    )
    .weights(&[1.0, 2.0, 1.0, 3.0, 1.0, 0.0])
    .times(&[10, 20, 30, 40, 50, 60])
    .build()
    .unwrap()
}

#[test]
fn repeated_pairs_add_up_and_every_event_is_kept() {
    let inter = shop();
    assert_eq!((inter.n_users(), inter.n_items(), inter.len(), inter.n_events()), (2, 3, 4, 5));
    assert_eq!(inter.matrix().row(0), (&[0, 2][..], &[5.0, 1.0][..]));
    let events = inter.events(0).unwrap();
    assert_eq!(events.items, [0, 2, 0]);
    assert_eq!(events.times, [20, 30, 40]);
    assert_eq!(inter.items_of("a").unwrap(), ["cup".into(), IdRef::from("tea")]);
}

#[test]
fn splits_share_ids_and_lose_nothing() {
    let inter = shop();
    for (train, test) in [
        inter.split_time(40).unwrap(),
        inter.split_last(1).unwrap(),
        inter.split_random(0.5, 3).unwrap(),
    ] {
        assert_eq!(train.users(), inter.users());
        assert_eq!(train.n_events() + test.n_events(), inter.n_events());
    }
    let (train, test) = inter.split_time(40).unwrap();
    assert_eq!(train.matrix().row(0), (&[0, 2][..], &[2.0, 1.0][..]));
    assert_eq!(test.matrix().row(0), (&[0][..], &[3.0][..]));
    let (train, test) = inter.split_last(2).unwrap();
    assert_eq!((train.n_events(), test.n_events()), (3, 2), "b has 2 events and keeps them");
}

#[test]
fn bad_rows_are_named() {
    let build = |w: &[f32]| Interactions::builder([1, 2], [1, 2]).weights(w).build();
    for bad in [f32::NAN, f32::INFINITY, -1.0] {
        let e = build(&[1.0, bad]).unwrap_err();
        assert_eq!(e.code(), ErrorCode::InvalidInput);
        assert_eq!(e.context().next(), Some(("row", "1")));
    }
    assert!(build(&[1.0]).is_err());
    assert!(build(&[1.0, 1.0]).is_ok());
    assert!(Interactions::builder([1, 1], [1, 1]).weights(&[f32::MAX; 2]).build().is_err());
    assert!(shop().split_random(1.0, 0).is_err());
    assert!(shop().split_last(0).is_err());
    let untimed = Interactions::builder([1], [1]).build().unwrap();
    assert!(untimed.split_time(0).is_err());
    let empty = Interactions::builder([0i64; 0], [0i64; 0]).build().unwrap();
    assert!(empty.is_empty());
    let ids = std::sync::Arc::new(IdMap::range(1).unwrap());
    assert!(Interactions::from_dense(ids.clone(), ids, &[0], &[1], None, None).is_err());
}

proptest! {
    #[test]
    fn the_order_of_rows_never_matters(
        rows in prop::collection::vec((0i64..5, 0i64..5, 0u8..4, 0i64..6), 0..60),
        seed: u64,
    ) {
        let build = |rows: &[(i64, i64, u8, i64)]| {
            let users: Vec<i64> = rows.iter().map(|r| r.0).collect();
            let items: Vec<i64> = rows.iter().map(|r| r.1).collect();
            let weights: Vec<f32> = rows.iter().map(|r| f32::from(r.2) * 0.1).collect();
            let times: Vec<i64> = rows.iter().map(|r| r.3).collect();
            Interactions::builder(&users, &items).weights(&weights).times(&times).build().unwrap()
        };
        let mut shuffled = rows.clone();
        crate::Rng::new(seed).shuffle(&mut shuffled);
        let (a, b) = (build(&rows), build(&shuffled));
        prop_assert_eq!(a.fingerprint(), b.fingerprint());
        prop_assert_eq!(a, b);
    }

    #[test]
    fn transposing_twice_gives_the_matrix(
        pairs in prop::collection::vec((0i64..8, 0i64..8), 0..60),
    ) {
        let users: Vec<i64> = pairs.iter().map(|r| r.0).collect();
        let items: Vec<i64> = pairs.iter().map(|r| r.1).collect();
        let inter = Interactions::builder(&users, &items).build().unwrap();
        prop_assert_eq!(&inter.matrix().transpose().transpose(), inter.matrix());
    }
}

#[test]
fn a_csr_matrix_gives_what_its_rows_would() {
    let ids = |n| std::sync::Arc::new(IdMap::range(n).unwrap());
    let from = |indptr: &[i64], indices: &[i64]| {
        Interactions::from_csr(ids(2), ids(3), indptr, indices, &[1.0, 2.0, 3.0])
    };
    let inter = from(&[0, 1, 3], &[2, 2, 0]).unwrap();
    assert_eq!(inter.matrix().row(1), (&[0, 2][..], &[3.0, 2.0][..]));
    for (indptr, indices) in
        [(&[0, 3][..], &[2, 2, 0][..]), (&[0, 2, 1], &[2, 2, 0]), (&[0, 1, 3], &[2, -1, 0])]
    {
        assert_eq!(from(indptr, indices).unwrap_err().code(), ErrorCode::InvalidInput);
    }
}

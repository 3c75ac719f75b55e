//! The generators give what they promise.

use mercato::ErrorCode;
use mercato_testkit::generate;

#[test]
fn a_shop_has_every_user_and_the_same_content_for_a_seed() {
    let a = generate::shop(60, 40, 900, 5).unwrap();
    assert_eq!((a.n_users(), a.n_events()), (60, 900));
    assert!(a.n_items() > 30);
    assert_eq!(a.fingerprint(), generate::shop(60, 40, 900, 5).unwrap().fingerprint());
    assert_ne!(a.fingerprint(), generate::shop(60, 40, 900, 6).unwrap().fingerprint());
}

#[test]
fn edges_are_valid_and_hostile_interactions_are_refused_at_the_door() {
    assert!(generate::edges().unwrap().len() >= 10);
    for (name, built) in generate::refused() {
        assert_eq!(built.err().map(|e| e.code()), Some(ErrorCode::InvalidInput), "{name}");
    }
}

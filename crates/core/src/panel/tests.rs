use super::*;
use crate::{ErrorCode, Persist};
use proptest::prelude::*;

fn day(year: i64, month: u8, day: u8) -> i64 {
    Date { year, month, day }.to_days() * DAY
}

fn frequency(text: &str) -> Frequency {
    text.parse().unwrap()
}

fn example() -> Panel {
    PanelBuilder::new(frequency("D"))
        .rows(
            &["b", "a", "b", "a"],
            &[day(2024, 2, 27), day(2024, 3, 2), day(2024, 3, 1), day(2024, 3, 1)],
            &[1.0, 2.0, 3.0, 4.0],
        )
        .known("promo", &[0.0, 1.0, 1.0, 0.0])
        .static_number("size", &[9.0, f64::NAN, 9.0, f64::NAN])
        .static_category("town", &[Some("Ulm"), None, None, Some("Bonn")])
        .build()
        .unwrap()
}

#[test]
fn days_and_dates_agree_over_four_centuries_and_leap_days() {
    let mut previous = Date::from_days(-150_001);
    for days in -150_000..150_000 {
        let d = Date::from_days(days);
        assert_eq!(d.to_days(), days);
        assert!(d > previous);
        previous = d;
    }
    assert_eq!(Date::from_days(0), Date { year: 1970, month: 1, day: 1 });
    assert_eq!(day(2000, 2, 29) + DAY, day(2000, 3, 1));
    assert_eq!(day(1900, 2, 28) + DAY, day(1900, 3, 1));
}

#[test]
fn iso_weeks_at_year_ends_follow_the_standard() {
    let week = |y, m, d| Date { year: y, month: m, day: d }.iso_week();
    assert_eq!(week(2020, 12, 31), 53);
    assert_eq!(week(2021, 1, 3), 53);
    assert_eq!(week(2021, 1, 4), 1);
    assert_eq!(week(2018, 12, 31), 1);
    assert_eq!(Date { year: 2024, month: 2, day: 29 }.weekday(), 3);
}

#[test]
fn every_frequency_numbers_its_points_consecutively_and_back() {
    let start = day(2024, 1, 31);
    for text in ["1", "3", "s", "15min", "h", "D", "2D", "B", "W-MON", "2W", "M", "Q", "Y", "2M"] {
        let c = Calendar::infer(frequency(text), &[start]);
        let p = c.period(start).unwrap();
        assert_eq!(c.timestamp(p), start, "{text}");
        let mut last = start;
        for k in 1..200 {
            let t = c.timestamp(p + k);
            assert!(t > last, "{text}");
            assert_eq!(c.period(t), Some(p + k), "{text} {}", c.label(p + k));
            last = t;
        }
        assert_eq!(frequency(&c.frequency().to_string()), c.frequency());
    }
}

#[test]
fn month_ends_month_starts_and_mid_months_are_told_apart() {
    let ends = Calendar::infer(frequency("M"), &[day(2023, 2, 28), day(2023, 3, 31)]);
    assert_eq!(ends.label(ends.period(day(2024, 2, 29)).unwrap()), "2024-02-29");
    assert_eq!(ends.period(day(2024, 2, 28)), None);
    let starts = Calendar::infer(frequency("MS"), &[day(2023, 2, 1)]);
    assert_eq!(starts.timestamp(starts.period(day(2023, 12, 1)).unwrap() + 1), day(2024, 1, 1));
    let thirtieth =
        Calendar::infer(frequency("M"), &[day(2023, 2, 28), day(2023, 4, 30), day(2023, 5, 30)]);
    let april = thirtieth.period(day(2023, 4, 30)).unwrap();
    assert_eq!(thirtieth.label(april - 2), "2023-02-28");
    assert_eq!(thirtieth.label(april + 1), "2023-05-30");
}

#[test]
fn business_days_skip_the_weekend_and_refuse_it() {
    let friday = day(2024, 3, 1);
    let c = Calendar::infer(frequency("B"), &[friday]);
    assert_eq!(c.timestamp(c.period(friday).unwrap() + 1), day(2024, 3, 4));
    assert_eq!(c.period(day(2024, 3, 2)), None);
}

#[test]
fn unsorted_rows_are_sorted_and_gaps_become_missing() {
    let p = example();
    assert_eq!(p.ids(), ["b", "a"]);
    let b = p.series(0);
    assert_eq!(p.calendar().label(b.start), "2024-02-27");
    assert_eq!(b.values.len(), 4, "27, 28 and 29 February, 1 March");
    assert_eq!((b.values[0], b.values[3]), (1.0, 3.0));
    assert!(b.values[1].is_nan() && b.values[2].is_nan());
    assert_eq!(p.series(1).values, [4.0, 2.0]);
    assert_eq!(p.known(0, 1), [0.0, 1.0]);
}

#[test]
fn gaps_can_mean_zero_and_duplicates_can_add_up() {
    let p = PanelBuilder::new(frequency("1"))
        .rows(&["x"; 3], &[1, 4, 4], &[1.0, 2.0, 5.0])
        .duplicates(Duplicates::Sum)
        .gaps(Gaps::Zero)
        .build()
        .unwrap();
    assert_eq!(p.series(0).values, [1.0, 0.0, 0.0, 7.0]);
}

fn refused(b: PanelBuilder<'_>) -> (String, Option<String>, Option<String>) {
    let e = b.build().unwrap_err();
    assert_eq!(e.code(), ErrorCode::InvalidInput, "{e}");
    let find = |key| e.context().find(|(k, _)| *k == key).map(|(_, v)| v.to_owned());
    (e.to_string(), find("id"), find("row"))
}

#[test]
fn bad_rows_are_named_by_id_and_row() {
    let named = (Some("a".to_owned()), Some("2".to_owned()));
    let daily = || PanelBuilder::new(frequency("D"));
    let ids = ["b", "a", "a"];
    let t = [0, 0, 0];
    let (message, id, row) = refused(daily().rows(&ids, &t, &[1.0; 3]));
    assert_eq!((id, row), named);
    assert!(message.contains("1970-01-01 was given already in row 1"), "{message}");
    let (message, id, row) = refused(daily().rows(&ids, &[0, 0, 3600], &[1.0; 3]));
    assert_eq!((id, row), named);
    assert!(message.contains("off the grid"), "{message}");
    let (_, id, row) = refused(daily().rows(&ids, &[0, 0, DAY], &[1.0, 1.0, f64::INFINITY]));
    assert_eq!((id, row), named);
    let town = [Some("Ulm"), Some("Ulm"), Some("Bonn")];
    let rows = daily().rows(&ids, &[0, 0, DAY], &[1.0; 3]).static_category("town", &town);
    let (message, id, row) = refused(rows);
    assert_eq!((id, row), named);
    assert!(message.contains("was Ulm before"), "{message}");
    refused(daily().rows(&ids, &t[..2], &[1.0; 3]));
    refused(daily().rows(&ids, &[0, 0, DAY], &[1.0; 3]).known("promo", &[1.0]));
    let seconds = PanelBuilder::new(frequency("s"));
    refused(seconds.rows(&["a", "a"], &[0, day(2024, 1, 1)], &[1.0; 2]));
    refused(PanelBuilder::new(frequency("1")).rows(&["a"], &[i64::MIN], &[1.0]));
}

#[test]
fn an_hour_repeated_by_a_clock_change_is_a_duplicate() {
    let rows = [0, 3600, 3600, 7200];
    let b = PanelBuilder::new(frequency("h")).rows(&["x"; 4], &rows, &[1.0, 2.0, 3.0, 4.0]);
    refused(b.clone());
    assert_eq!(b.duplicates(Duplicates::Sum).build().unwrap().series(0).values, [1.0, 5.0, 4.0]);
}

#[test]
fn integer_ids_stay_integers() {
    let ids = crate::IdColumn::from([7i64, 7, -3].as_slice());
    let b = PanelBuilder::new(frequency("1")).rows_of(&ids, &[1, 2, 1], &[1.0; 3]);
    let p = b.build().unwrap();
    assert!(p.has_integer_ids());
    assert_eq!(p.ids(), ["7", "-3"]);
    assert_eq!(Panel::from_bytes(&p.to_bytes().unwrap()).unwrap(), p);
}

#[test]
fn whole_series_may_be_empty_and_ids_must_differ() {
    let p =
        Panel::from_series(frequency("1"), [("a", 5, vec![]), ("b", 1, vec![f64::NAN])]).unwrap();
    assert_eq!((p.len(), p.n_values(), p.series(0).values.len()), (2, 1, 0));
    assert!(Panel::from_series(frequency("1"), [("a", 5, vec![]), ("a", 1, vec![])]).is_err());
    let empty = PanelBuilder::new(frequency("D")).rows::<&str>(&[], &[], &[]).build().unwrap();
    assert!(empty.is_empty());
}

#[test]
fn the_last_observations_can_be_held_out() {
    let p = example().without_last(2);
    assert_eq!(p.series(0).values.len(), 2);
    assert_eq!(p.series(1).values.len(), 0);
    assert_eq!(p.known(0, 0).len(), 2);
    assert_eq!(p.attributes().len(), 2);
}

#[test]
fn a_saved_panel_opens_equal() {
    for p in [
        example(),
        Panel::from_series(frequency("15min"), [("ü", 900, vec![1.5, f64::NAN])]).unwrap(),
    ] {
        let back = Panel::from_bytes(&p.to_bytes().unwrap()).unwrap();
        assert_eq!(back, p);
        assert_eq!(back.fingerprint(), p.fingerprint());
    }
}

#[test]
fn a_damaged_section_opens_as_an_error_or_a_usable_panel() {
    // `open` does not verify section checksums, so `read` must withstand any byte.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.mercato");
    let good = example().to_bytes().unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0xff;
        std::fs::write(&path, &bad).unwrap();
        if let Ok(p) = Panel::open(&path) {
            for s in p.iter() {
                let _ = (p.calendar().label(s.start), s.values.len());
            }
        }
    }
}

#[test]
fn frequencies_that_mean_nothing_are_refused() {
    for text in ["", "fortnight", "0D", "2B", "99999999999D", "-1", "D7"] {
        let e = text.parse::<Frequency>().unwrap_err();
        assert_eq!(e.code(), ErrorCode::InvalidParams, "{text}");
    }
}

proptest! {
    #[test]
    fn arbitrary_rows_build_or_fail_without_panicking(
        rows in prop::collection::vec((0u8..3, any::<i64>(), any::<f64>()), 0..20),
        unit in 0usize..10,
    ) {
        let text = ["1", "s", "min", "h", "D", "B", "W", "M", "Q", "Y"][unit];
        let ids: Vec<String> = rows.iter().map(|r| r.0.to_string()).collect();
        let times: Vec<i64> = rows.iter().map(|r| r.1).collect();
        let values: Vec<f64> = rows.iter().map(|r| r.2).collect();
        let _ = PanelBuilder::new(frequency(text)).rows(&ids, &times, &values).build();
    }

    #[test]
    fn shuffling_rows_changes_nothing_but_the_order_of_series(seed: u64) {
        let n = 40usize;
        let ids: Vec<&str> = (0..n).map(|i| if i % 2 == 0 { "a" } else { "b" }).collect();
        let times: Vec<i64> = (0..n as i64).map(|i| i / 2 * DAY).collect();
        let values: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let plain = PanelBuilder::new(frequency("D")).rows(&ids, &times, &values).build().unwrap();
        let mut order: Vec<usize> = (0..n).collect();
        crate::Rng::new(seed).shuffle(&mut order);
        let ids2: Vec<&str> = order.iter().map(|&i| ids[i]).collect();
        let times2: Vec<i64> = order.iter().map(|&i| times[i]).collect();
        let values2: Vec<f64> = order.iter().map(|&i| values[i]).collect();
        let mixed = PanelBuilder::new(frequency("D")).rows(&ids2, &times2, &values2).build().unwrap();
        for s in plain.iter() {
            let other = mixed.series(mixed.position(s.id).unwrap());
            prop_assert_eq!((s.start, s.values), (other.start, other.values));
        }
    }
}

//! Data made from a seed.

use mercato::panel::{Frequency, Unit};
use mercato::{Attribute, Error, IdMap, Interactions, ItemAttributes, Panel, Result, Rng};
use std::sync::Arc;

/// A shop with taste: items belong to departments, users favour one department, and within a
/// department few items are bought often. String ids, weights 1 to 4, times one minute apart.
///
/// Gives an error only when `users`, `items` or `events` is 0.
///
/// # Errors
/// `not_enough_data`.
pub fn shop(users: usize, items: usize, events: usize, seed: u64) -> Result<Interactions> {
    if users == 0 || items == 0 || events == 0 {
        return Err(Error::not_enough_data("a shop needs users, items and events"));
    }
    let mut rng = Rng::new(seed);
    let departments = items.div_ceil(25).min(8) as u64;
    let (mut user_ids, mut item_ids) = (Vec::new(), Vec::new());
    let (mut weights, mut times) = (Vec::new(), Vec::new());
    for event in 0..events {
        // Every user comes once before anybody comes twice.
        let user = if event < users { event } else { rng.below(users as u64) as usize };
        let home = user as u64 % departments;
        let department = if rng.unit() < 0.8 { home } else { rng.below(departments) };
        let size = (items as u64 - department).div_ceil(departments);
        // The cube of a uniform number: half of the purchases fall on an eighth of the items.
        let rank = (rng.unit().powi(3) * size as f64) as u64;
        user_ids.push(format!("user-{user:04}"));
        item_ids.push(format!("item-{:04}", rank.min(size - 1) * departments + department));
        weights.push(1.0 + rng.below(4) as f32);
        times.push(1_600_000_000 + 60 * event as i64);
    }
    Interactions::builder(&user_ids[..], &item_ids[..]).weights(&weights).times(&times).build()
}

/// Attributes of every type, with missing values: `category` (text), `price` (number), `new` (yes or
/// no) and `tags`. Item number `i` costs `i`, and is in department `i % 4`, the last of which is none.
///
/// # Errors
/// None in practice.
pub fn attributes(items: &Arc<IdMap>) -> Result<ItemAttributes> {
    let n = items.len();
    let category = [Some("toys"), Some("tea"), Some("garden"), None];
    let tags = [vec!["red", "sale"], vec![], vec!["red"]];
    let category: Vec<_> = (0..n).map(|i| category[i % 4]).collect();
    let price = (0..n).map(|i| if i % 5 == 4 { f64::NAN } else { i as f64 }).collect();
    let new: Vec<_> = (0..n).map(|i| [Some(true), Some(false), None][i % 3]).collect();
    let tags: Vec<_> = (0..n).map(|i| tags[i % 3].clone()).collect();
    ItemAttributes::new(
        items.clone(),
        vec![
            Attribute::text("category", &category)?,
            Attribute::number("price", price),
            Attribute::bool("new", &new),
            Attribute::tags("tags", &tags)?,
        ],
    )
}

/// Interactions at the edges of what is valid, by name. Every model fits them or says why not with
/// a typed error, and never panics or hangs.
///
/// # Errors
/// None in practice: the data is valid.
pub fn edges() -> Result<Vec<(&'static str, Interactions)>> {
    let all: Vec<i64> = (0..100).collect();
    let zeros = vec![0i64; 100];
    let pairs = |users: &[i64], items: &[i64]| Interactions::builder(users, items).build();
    let weighted = |w: &[f32]| {
        let n = w.len();
        Interactions::builder(&all[..n], &all[..n]).weights(w).build()
    };
    Ok(vec![
        ("one event", pairs(&[0], &[0])?),
        ("one user", pairs(&zeros, &all)?),
        ("one item", pairs(&all, &zeros)?),
        ("nobody shares an item", pairs(&all, &all)?),
        ("all zero weights", weighted(&[0.0; 20])?),
        ("tiny and huge weights", weighted(&[1e-30, 1e30, 1.0, f32::MIN_POSITIVE, f32::MAX])?),
        ("extreme integer ids", pairs(&[i64::MIN, -1, i64::MAX], &[i64::MAX, 0, i64::MIN])?),
        (
            "strange string ids",
            Interactions::builder(
                ["", " ", "\u{0}", "\u{1F95D}"],
                ["\n", "a\"b", "'", "\u{202E}x"],
            )
            .build()?,
        ),
        ("the same event many times", Interactions::builder(&zeros, &zeros).times(&zeros).build()?),
        ("everybody has everything", {
            let users: Vec<i64> = (0..400).map(|i| i / 20).collect();
            let items: Vec<i64> = (0..400).map(|i| i % 20).collect();
            pairs(&users, &items)?
        }),
    ])
}

/// Interactions that must be refused at the door with `invalid_input`, by name.
#[must_use]
pub fn refused() -> Vec<(&'static str, Result<Interactions>)> {
    let with = |w: f32| Interactions::builder([1i64, 2], [1i64, 2]).weights(&[1.0, w]).build();
    vec![
        ("a NaN weight", with(f32::NAN)),
        ("an infinite weight", with(f32::INFINITY)),
        ("a negative infinite weight", with(f32::NEG_INFINITY)),
        ("a negative weight", with(-1.0)),
        ("more users than items", Interactions::builder([1i64, 2], [1i64]).build()),
        (
            "more weights than events",
            Interactions::builder([1i64], [1i64]).weights(&[1.0, 2.0]).build(),
        ),
        (
            "fewer times than events",
            Interactions::builder([1i64, 2], [1i64, 2]).times(&[1]).build(),
        ),
    ]
}

/// A model of some 100 kB whose every number tells its `state`, for tests of saving.
///
/// # Panics
/// Never: the series are sound.
#[must_use]
pub fn state(state: u32) -> Panel {
    let series = (0..8)
        .map(|i| (format!("series-{i}"), 0, vec![f64::from(state); 1000 + 500 * state as usize]));
    Panel::from_series(Frequency::new(Unit::Day, 1).unwrap(), series).unwrap()
}

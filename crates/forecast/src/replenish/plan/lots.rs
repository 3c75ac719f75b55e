//! From a need to a quantity that a supplier sells.

use super::input::{Offer, round_up};
use super::output::Note;

/// What makes a larger lot worth while.
pub(super) struct Economics {
    /// The economic lot, 0 for none.
    pub lot: i64,
    /// Demand per day.
    pub rate: f64,
    /// Holding cost per day as a part of the price.
    pub holding: f64,
    /// Most units beyond the need that economy may add.
    pub most_extra: i64,
    /// Most units that can be sold before they expire.
    pub keep: Option<i64>,
}

/// Units of one line for `need` (> 0) of which the supplier can deliver at most `most`; 0 when no
/// line is possible. Never falls when `need` grows.
pub(super) fn line_quantity(
    need: i64,
    offer: &Offer,
    most: i64,
    economics: &Economics,
    notes: &mut Vec<Note>,
) -> i64 {
    let mut q = need;
    let lot = economics.lot.min(need.saturating_add(economics.most_extra));
    if lot > q {
        notes.push(Note::EconomicLot { lot });
        q = lot;
    }
    for price in offer.prices.iter().skip(1).rev() {
        if price.from > q
            && price.from - need <= economics.most_extra
            && pays(q, price.from, offer, economics)
        {
            notes.push(Note::PriceBreak { from: price.from, unit_price: price.unit_price });
            q = price.from;
            break;
        }
    }
    let sold = round_up(q.max(offer.minimum), offer.pack);
    if sold > q {
        notes.push(Note::Rounded { needed: q });
    }
    q = sold;
    if let Some(keep) = economics.keep.filter(|k| *k < q) {
        notes.push(Note::ShelfLifeCut { wanted: q });
        q = down(keep, offer);
    }
    if most < q {
        q = down(most, offer);
    }
    q
}

/// The largest quantity up to `most` that the offer allows, or 0.
pub(super) fn down(most: i64, offer: &Offer) -> i64 {
    let q = most.max(0) / offer.pack * offer.pack;
    if q >= offer.least() { q } else { 0 }
}

/// Whether buying up to the break costs less than what it saves. Asked of every quantity up to `q`
/// at which the price changes, so that a larger need never gives up a break.
fn pays(q: i64, from: i64, offer: &Offer, economics: &Economics) -> bool {
    let cheap = offer.unit_price(from) as f64;
    let at = |q: i64| {
        let (q, b) = (q as f64, from as f64);
        let saved = q * (offer.unit_price(q as i64) as f64 - cheap);
        // The extra units wait until the needed ones are gone, then for their own turn.
        let wait = q / economics.rate + (b - q) / (2.0 * economics.rate);
        saved >= (b - q) * economics.holding * cheap * wait
    };
    at(q) || offer.prices.iter().skip(1).any(|p| p.from <= q && at(p.from - 1))
}

/// The largest quantity up to `q` whose line costs at most `money`.
pub(super) fn affordable(q: i64, money: i64, offer: &Offer) -> i64 {
    let total = |q: i64| q.checked_mul(offer.unit_price(q));
    if total(q).is_some_and(|t| t <= money) {
        return q;
    }
    // Inside one price range the total grows with the quantity; try the ranges from the top.
    let mut top = q;
    for price in offer.prices.iter().rev() {
        if price.from > top {
            continue;
        }
        let by_money = if price.unit_price == 0 { top } else { money / price.unit_price };
        let fits = down(by_money.min(top), offer);
        if fits >= price.from.max(1) {
            return fits;
        }
        top = price.from - 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::super::input::PriceBreak;
    use super::*;
    use proptest::prelude::*;

    fn offer() -> impl Strategy<Value = Offer> {
        (1i64..40, 1i64..15, prop::collection::vec((1i64..200, 0i64..30), 0..4), 50i64..300)
            .prop_map(|(minimum, pack, steps, first)| {
                let mut prices = vec![PriceBreak { from: 1, unit_price: first }];
                for (more, less) in steps {
                    let last = prices[prices.len() - 1];
                    prices.push(PriceBreak {
                        from: last.from + more,
                        unit_price: (last.unit_price - less).max(1),
                    });
                }
                Offer { minimum, pack, prices, ..Offer::default() }
            })
    }

    proptest! {
        #[test]
        fn a_line_respects_its_offer_and_never_falls_with_need(
            offer in offer(), lot in 0i64..200, rate in 0.1f64..20.0, holding in 0.0f64..0.01,
            most in 0i64..600, keep in proptest::option::of(0i64..400),
        ) {
            let economics = Economics { lot, rate, holding, most_extra: 500, keep };
            let mut last = 0;
            for need in 1..300 {
                let q = line_quantity(need, &offer, most, &economics, &mut Vec::new());
                prop_assert!(q == 0 || q >= offer.minimum);
                prop_assert_eq!(q % offer.pack, 0);
                prop_assert!(q <= most);
                prop_assert!(keep.is_none_or(|k| q <= k));
                prop_assert!(q >= last, "{} {} {}", need, q, last);
                last = q;
            }
        }

        #[test]
        fn an_affordable_line_is_affordable_and_respects_its_offer(
            offer in offer(), q in 0i64..500, money in 0i64..40_000,
        ) {
            let q = down(q, &offer);
            let a = affordable(q, money, &offer);
            prop_assert!(a <= q && a * offer.unit_price(a) <= money);
            prop_assert!(a == 0 || (a >= offer.minimum && a % offer.pack == 0));
        }
    }
}

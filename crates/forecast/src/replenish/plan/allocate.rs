//! Items compete for what is limited: suppliers' capacity, the budget, storage.
//!
//! Overrides are served first, then items by expected shortage avoided per money spent. Each item
//! walks its suppliers by rank and takes what is still there; nothing is ordered twice, because the
//! need shrinks with every line.

use super::input::{Offer, Planner};
use super::item::{Context, Wish};
use super::lots::{affordable, down, line_quantity};
use super::output::Note;
use super::review::Override;
use mercato_core::{Error, Result};

/// A quantity taken from one usable offer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taken {
    /// Position in the item's usable offers.
    pub usable: usize,
    pub quantity: i64,
    pub notes: Vec<Note>,
}

/// What is left to share.
struct Left {
    supplier: Vec<Option<i64>>,
    budget: Option<i64>,
    storage: Option<f64>,
}

/// Why a line is smaller than wished.
#[derive(Clone, Copy, PartialEq)]
enum Bound {
    None,
    Capacity,
    Budget,
    Storage,
}

impl Left {
    /// The most units of a line, and what binds.
    fn most(&self, q: i64, offer: &Offer, supplier: usize, volume: f64) -> (i64, Bound) {
        let (mut most, mut bound) = (q, Bound::None);
        let mut lower = |limit: i64, why: Bound| {
            if limit < most {
                most = limit;
                bound = why;
            }
        };
        lower(offer.capacity.unwrap_or(i64::MAX), Bound::Capacity);
        lower(self.supplier[supplier].unwrap_or(i64::MAX), Bound::Capacity);
        if volume > 0.0
            && let Some(s) = self.storage
        {
            lower((s.max(0.0) / volume + 1e-9).min(9e15).floor() as i64, Bound::Storage);
        }
        if bound != Bound::None {
            most = down(most, offer);
        }
        if let Some(b) = self.budget {
            let can = affordable(most, b, offer);
            if can < most {
                return (can, Bound::Budget);
            }
        }
        (most, bound)
    }

    fn take(&mut self, q: i64, offer: &Offer, supplier: usize, volume: f64) {
        if let Some(c) = &mut self.supplier[supplier] {
            *c -= q;
        }
        if let Some(b) = &mut self.budget {
            *b -= q * offer.unit_price(q);
        }
        if let Some(s) = &mut self.storage {
            *s -= q as f64 * volume;
        }
    }
}

/// Lines and notes of every item with a wish.
pub(super) type Allocation = Vec<(Vec<Taken>, Vec<Note>)>;

/// Settles every item's lines.
///
/// # Errors
/// `invalid_input` or `infeasible` for an override that its supplier, the budget or storage forbids.
pub(super) fn allocate(
    c: &Context<'_>,
    planner: &Planner,
    wishes: &[Option<Wish>],
    overrides: &[Override],
) -> Result<Allocation> {
    let mut left = Left {
        supplier: c.input.suppliers.iter().map(|s| s.capacity).collect(),
        budget: planner.budget,
        storage: planner.storage.map(|s| {
            let used: f64 = c
                .input
                .stock
                .iter()
                .map(|s| {
                    let coming: i64 = s.on_order.iter().map(|o| o.quantity).sum();
                    (s.on_hand + coming).max(0) as f64 * s.volume
                })
                .sum();
            s - used
        }),
    };
    let mut out: Allocation = wishes
        .iter()
        .map(|w| (Vec::new(), w.as_ref().map_or(Vec::new(), |w| w.notes.clone())))
        .collect();

    for (i, wish) in wishes.iter().enumerate() {
        if let (Some(o), Some(wish)) = (c.overrides[i], wish) {
            let o = &overrides[o];
            out[i].0 = overridden(c, i, wish, o, &mut left)?;
            let planned: i64 = wish.lines.iter().map(|l| l.quantity).sum();
            out[i].1.push(Note::Overridden { planned, by: o.by.clone(), reason: o.reason.clone() });
        }
    }

    let limited = left.budget.is_some()
        || left.storage.is_some()
        || left.supplier.iter().any(Option::is_some);
    let mut order: Vec<usize> = (0..wishes.len())
        .filter(|&i| {
            c.overrides[i].is_none() && wishes[i].as_ref().is_some_and(|w| !w.lines.is_empty())
        })
        .collect();
    if limited {
        let value = |i: usize| -> f64 {
            let Some(w) = &wishes[i] else { return 0.0 };
            let money: i64 = w
                .lines
                .iter()
                .map(|l| l.quantity * c.offer(&w.usable[l.usable]).unit_price(l.quantity))
                .sum();
            (w.shortage_without - w.shortage_with) / (money.max(1)) as f64
        };
        let values: Vec<f64> = (0..wishes.len()).map(value).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    }
    for i in order {
        let Some(wish) = &wishes[i] else { continue };
        if !limited {
            out[i].0.clone_from(&wish.lines);
            for l in &wish.lines {
                out[i].1.extend(l.notes.iter().cloned());
            }
            missing(wish, &out[i].0.clone(), Bound::Capacity, &mut out[i].1);
            continue;
        }
        let volume = c.stock_of(i).volume;
        let (mut lines, mut need, mut binding) = (Vec::new(), wish.need, Bound::Capacity);
        for (k, u) in wish.usable.iter().enumerate() {
            if need <= 0 {
                break;
            }
            let offer = c.offer(u);
            let economics = wish.economics_after(&lines);
            let mut notes = Vec::new();
            let wanted = line_quantity(need, offer, i64::MAX, &economics, &mut notes);
            let (q, bound) = left.most(wanted, offer, u.supplier, volume);
            if bound != Bound::None {
                binding = bound;
            }
            if q > 0 {
                left.take(q, offer, u.supplier, volume);
                lines.push(Taken { usable: k, quantity: q, notes });
                need -= q;
            }
        }
        for l in &lines {
            out[i].1.extend(l.notes.iter().cloned());
        }
        missing(wish, &lines, binding, &mut out[i].1);
        out[i].0 = lines;
    }
    Ok(out)
}

/// Says what was left uncovered, and why.
fn missing(wish: &Wish, lines: &[Taken], bound: Bound, notes: &mut Vec<Note>) {
    let missing = wish.need - lines.iter().map(|l| l.quantity).sum::<i64>();
    let cut_by_life = wish.economics.keep.is_some_and(|k| k < wish.need);
    if missing <= 0 || (cut_by_life && bound == Bound::Capacity) {
        return;
    }
    notes.push(match bound {
        Bound::None | Bound::Capacity => Note::CapacityCut { missing },
        Bound::Budget => Note::BudgetCut { missing },
        Bound::Storage => Note::StorageCut { missing },
    });
}

/// The lines of an override: all of it from the first supplier that can, else spread by rank; exact.
fn overridden(
    c: &Context<'_>,
    i: usize,
    wish: &Wish,
    o: &Override,
    left: &mut Left,
) -> Result<Vec<Taken>> {
    if o.quantity == 0 {
        return Ok(Vec::new());
    }
    let volume = c.stock_of(i).volume;
    let exact = |u: &super::item::Usable, q: i64, left: &Left| {
        let offer = c.offer(u);
        q >= offer.least()
            && q % offer.pack == 0
            && left.most(q, offer, u.supplier, volume) == (q, Bound::None)
    };
    if let Some(k) = wish.usable.iter().position(|u| exact(u, o.quantity, left)) {
        let u = &wish.usable[k];
        left.take(o.quantity, c.offer(u), u.supplier, volume);
        return Ok(vec![Taken { usable: k, quantity: o.quantity, notes: Vec::new() }]);
    }
    let (mut lines, mut need) = (Vec::new(), o.quantity);
    for (k, u) in wish.usable.iter().enumerate() {
        let offer = c.offer(u);
        let (q, _) = left.most(down(need, offer), offer, u.supplier, volume);
        if q > 0 {
            left.take(q, offer, u.supplier, volume);
            lines.push(Taken { usable: k, quantity: q, notes: Vec::new() });
            need -= q;
        }
    }
    if need == 0 {
        return Ok(lines);
    }
    Err(Error::infeasible(format!(
        "{} units of {} cannot be ordered: minimum, packs, capacity, budget or storage leave {need} \
         of them out",
        o.quantity, o.item
    ))
    .with("item", &o.item)
    .with("field", "quantity"))
}

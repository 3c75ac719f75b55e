//! Rules at work on one request.

use super::{Action, Change, Rules, Tracer};
use crate::Catalog;
use crate::model::Candidates;
use crate::rules::trace::RuleStatus;
use mercato_core::{Attribute, Bitmap, Error, Filter, Result, best_first};
use std::cmp::Ordering;
use std::sync::Arc;

/// What rules need to know of what they steer.
pub(crate) struct Target<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) likeness: &'a dyn Fn(u32, u32) -> Option<f32>,
    /// Pass over rules that cannot be applied here, as long as nothing excluded can be shown.
    pub(crate) lenient: bool,
}

/// Ranks candidates: the model, or what stands in for it.
pub(crate) type Rank<'a> =
    dyn FnMut(usize, Candidates<'_>, &mut Vec<(u32, f32)>) -> Result<()> + 'a;

/// Working memory of rules.
#[derive(Debug, Default)]
pub(crate) struct RuleSpace {
    /// Candidates after exclusions; only read when `limited`.
    allow: Bitmap,
    limited: bool,
    part: Bitmap,
    shifts: Vec<Shift>,
    caps: Vec<Cap>,
    pins: Vec<Pin>,
    mmr: Option<Mmr>,
    /// Columns of the attributes that `diversify` compares.
    by: Vec<usize>,
    ranked: Vec<(u32, f32)>,
    pool: Vec<Entry>,
    picked: Vec<Entry>,
}

#[derive(Debug)]
struct Shift {
    rule: usize,
    set: Arc<Bitmap>,
    change: Change,
}

#[derive(Debug, Clone, Copy)]
struct Cap {
    rule: usize,
    column: usize,
    at_most: usize,
}

#[derive(Debug, Clone, Copy)]
struct Pin {
    rule: usize,
    item: u32,
    position: usize,
    score: f32,
}

#[derive(Debug, Clone, Copy)]
struct Mmr {
    rule: usize,
    lambda: f32,
    depth: usize,
}

/// A candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) item: u32,
    /// The model's score, which rules then change.
    pub(super) score: f32,
    /// Likeness to the nearest item chosen so far.
    nearest: f32,
    done: bool,
}

impl Entry {
    fn order(a: &Self, b: &Self) -> Ordering {
        best_first(&(a.item, a.score), &(b.item, b.score))
    }
}

/// Puts into `out` the `n` best under the rules that hold at `now`.
#[allow(clippy::too_many_arguments, reason = "parts of one working memory, lent one by one")]
pub(crate) fn apply(
    rules: &Rules,
    now: i64,
    target: &Target<'_>,
    rank: &mut Rank<'_>,
    n: usize,
    among: Candidates<'_>,
    space: &mut RuleSpace,
    out: &mut Vec<(u32, f32)>,
    mut tracer: Option<&mut Tracer>,
) -> Result<()> {
    out.clear();
    let items = target.catalog.items().len();
    if let Some(t) = tracer.as_deref_mut() {
        rank(n, among, &mut space.ranked)?;
        t.begin(&space.ranked);
    }
    space.read(rules, now, n, target, among, tracer.as_deref_mut())?;
    if n == 0 {
        return Ok(());
    }
    let room = n - space.pins.len();
    let mut depth = space.mmr.map_or(room, |m| m.depth.max(room)).min(items);
    loop {
        let more = room > 0 && space.gather(depth, items, rank, among)?;
        if let Some(t) = tracer.as_deref_mut() {
            t.model(&space.pool);
        }
        for at in 0..space.shifts.len() {
            space.shift(at, tracer.as_deref_mut());
        }
        space.pool.sort_unstable_by(Entry::order);
        space.choose(room, target, tracer.as_deref_mut());
        if space.picked.len() >= room || !more || depth >= items || space.caps.is_empty() {
            break;
        }
        depth = depth.saturating_mul(4).min(items);
    }
    space.place(n, items, rank, out, tracer)?;
    // Bitmaps that the catalog forgets meanwhile are not kept alive by an idle thread.
    space.shifts.clear();
    Ok(())
}

impl RuleSpace {
    /// Resolves the rules that hold into ids, bitmaps and columns.
    fn read(
        &mut self,
        rules: &Rules,
        now: i64,
        n: usize,
        target: &Target<'_>,
        among: Candidates<'_>,
        mut tracer: Option<&mut Tracer>,
    ) -> Result<()> {
        let catalog = target.catalog;
        self.shifts.clear();
        self.caps.clear();
        self.pins.clear();
        self.by.clear();
        self.mmr = None;
        self.limited = false;
        for (at, rule) in rules.list().iter().enumerate().filter(|(_, r)| r.holds(now)) {
            let Action::Exclude { filter, items } = &rule.action else { continue };
            self.limit(catalog, among);
            if let Some(filter) = filter {
                self.allow.subtract(&*catalog.matching(filter)?);
            }
            let known = items.iter().filter_map(|id| catalog.items().dense(id));
            known.for_each(|item| self.allow.remove(item));
            if let Some(t) = tracer.as_deref_mut() {
                t.excluded(at, &self.allow);
            }
        }
        for (at, rule) in rules.list().iter().enumerate() {
            let status = if rule.holds(now) {
                match self.read_one(at, &rule.action, n, target, among) {
                    Ok(status) => status,
                    Err(_) if target.lenient => RuleStatus::Unusable,
                    Err(e) => return Err(e.with("rule", at)),
                }
            } else {
                RuleStatus::NotNow
            };
            if let Some(t) = tracer.as_deref_mut() {
                t.rule(at, rule, status);
            }
        }
        self.pins.sort_unstable_by_key(|p| p.position);
        // Pinned items have their place: nothing else may give them another.
        if !self.pins.is_empty() {
            self.limit(catalog, among);
            self.pins.iter().for_each(|p| self.allow.remove(p.item));
        }
        Ok(())
    }

    fn read_one(
        &mut self,
        rule: usize,
        action: &Action,
        n: usize,
        target: &Target<'_>,
        among: Candidates<'_>,
    ) -> Result<RuleStatus> {
        let catalog = target.catalog;
        let shift = |filter: &Filter, change| {
            catalog.matching(filter).map(|set| Shift { rule, set, change })
        };
        match action {
            Action::Exclude { .. } => {}
            Action::Boost(filter, change) => self.shifts.push(shift(filter, *change)?),
            Action::Bury(filter, Change::Factor(f)) => {
                self.shifts.push(shift(filter, Change::Factor(*f))?);
            }
            Action::Bury(filter, Change::Offset(o)) => {
                self.shifts.push(shift(filter, Change::Offset(-o))?);
            }
            Action::Cap { attribute, at_most } => {
                let column = texts(catalog, attribute)?;
                self.caps.push(Cap { rule, column, at_most: *at_most });
            }
            Action::Diversify { lambda, by, depth } => {
                for name in by {
                    self.by.push(texts(catalog, name)?);
                }
                if by.is_empty() && (target.likeness)(0, 0).is_none() {
                    return Err(Error::unsupported(
                        "the model knows no likeness of items; name attributes to diversify by",
                    ));
                }
                let depth = depth.unwrap_or_else(|| n.saturating_mul(10).max(100));
                self.mmr = Some(Mmr { rule, lambda: *lambda, depth });
            }
            Action::Pin { item, position, anyway } => {
                let Some(item) = catalog.items().dense(item) else {
                    return Ok(RuleStatus::UnknownItem);
                };
                let allowed = if self.limited {
                    self.allow.contains(item)
                } else {
                    among.allow.is_none_or(|set| set.contains(item))
                };
                if !allowed && !anyway {
                    return Ok(RuleStatus::FilteredOut);
                }
                if *position > n {
                    return Ok(RuleStatus::BeyondTheList);
                }
                self.pins.push(Pin { rule, item, position: *position, score: 0.0 });
            }
        }
        Ok(RuleStatus::Applied)
    }

    /// Begins a set of candidates of our own.
    fn limit(&mut self, catalog: &Catalog, among: Candidates<'_>) {
        if std::mem::replace(&mut self.limited, true) {
            return;
        }
        match among.allow {
            Some(set) => self.allow.copy_from(set),
            None => {
                self.allow.reset(catalog.items().len());
                self.allow.complement();
            }
        }
    }

    /// Ranks the candidates: those that no score rule matches, and those of each apart. Returns
    /// whether there may be more.
    fn gather(
        &mut self,
        depth: usize,
        items: usize,
        rank: &mut Rank<'_>,
        among: Candidates<'_>,
    ) -> Result<bool> {
        let Self { allow, limited, part, shifts, ranked, pool, .. } = self;
        pool.clear();
        let mut more = false;
        let base = if *limited { Some(&*allow) } else { among.allow };
        let mut add = |set: Option<&Bitmap>, pool: &mut Vec<Entry>| -> Result<()> {
            rank(depth, Candidates { allow: set, exclude: among.exclude }, ranked)?;
            more |= ranked.len() >= depth;
            pool.extend(ranked.iter().map(|&(item, score)| Entry {
                item,
                score,
                nearest: 0.0,
                done: false,
            }));
            Ok(())
        };
        if shifts.is_empty() {
            add(base, pool)?;
            return Ok(more);
        }
        match base {
            Some(set) => part.copy_from(set),
            None => {
                part.reset(items);
                part.complement();
            }
        }
        shifts.iter().for_each(|s| part.subtract(&s.set));
        add(Some(part), pool)?;
        for shift in shifts.iter() {
            part.copy_from(&shift.set);
            if let Some(set) = base {
                part.intersect(set);
            }
            add(Some(part), pool)?;
        }
        pool.sort_unstable_by_key(|e| e.item);
        pool.dedup_by_key(|e| e.item);
        Ok(more)
    }

    /// Changes the scores that one rule matches.
    fn shift(&mut self, at: usize, tracer: Option<&mut Tracer>) {
        let Shift { rule, set, change } = &self.shifts[at];
        let before = tracer.as_ref().map(|_| self.pool.clone());
        for e in self.pool.iter_mut().filter(|e| set.contains(e.item)) {
            e.score = match change {
                Change::Factor(f) if e.score >= 0.0 => e.score * f,
                Change::Factor(f) => e.score / f,
                Change::Offset(o) => e.score + o,
            };
        }
        if let (Some(t), Some(before)) = (tracer, before) {
            t.shifted(*rule, &before, &self.pool);
        }
    }

    /// Chooses the list from the top down.
    fn choose(&mut self, room: usize, target: &Target<'_>, mut tracer: Option<&mut Tracer>) {
        let columns = target.catalog.attributes().map_or(&[][..], |a| a.columns());
        let Self { pool, picked, caps, pins, mmr, by, .. } = self;
        picked.clear();
        let high = pool.first().map_or(0.0, |e| e.score);
        let span = high - pool.last().map_or(0.0, |e| e.score);
        let relevance = |e: &Entry| if span > 0.0 { 1.0 - (high - e.score) / span } else { 1.0 };
        let mut first = 0;
        while picked.len() < room {
            let mut best: Option<(usize, f32)> = None;
            for (at, e) in pool.iter_mut().enumerate().skip(first) {
                if e.done {
                    continue;
                }
                let full = |cap: &&Cap| {
                    columns.get(cap.column).is_some_and(|c| used_up(c, e.item, cap, picked, pins))
                };
                if let Some(cap) = caps.iter().find(full) {
                    e.done = true;
                    if let Some(t) = tracer.as_deref_mut() {
                        t.capped(cap.rule, e.item, at, e.score);
                    }
                    continue;
                }
                let Some(m) = mmr else {
                    best = Some((at, 0.0));
                    break;
                };
                let value = m.lambda * relevance(e) - (1.0 - m.lambda) * e.nearest;
                if best.is_none_or(|(_, b)| value > b) {
                    best = Some((at, value));
                }
            }
            let Some((at, _)) = best else { break };
            let chosen = pool[at];
            pool[at].done = true;
            if let (Some(t), Some(m)) = (tracer.as_deref_mut(), mmr.as_ref()) {
                t.diversified(m.rule, chosen.item, at, picked.len(), chosen.score);
            }
            picked.push(chosen);
            while pool.get(first).is_some_and(|e| e.done) {
                first += 1;
            }
            if mmr.is_some_and(|m| m.lambda < 1.0) && picked.len() < room {
                for e in pool.iter_mut().filter(|e| !e.done) {
                    let like = if by.is_empty() {
                        (target.likeness)(e.item, chosen.item).unwrap_or(0.0)
                    } else {
                        alike(columns, by, e.item, chosen.item)
                    };
                    e.nearest = e.nearest.max(like);
                }
            }
        }
    }

    /// Puts the pinned items among the chosen ones.
    fn place(
        &mut self,
        n: usize,
        items: usize,
        rank: &mut Rank<'_>,
        out: &mut Vec<(u32, f32)>,
        mut tracer: Option<&mut Tracer>,
    ) -> Result<()> {
        let Self { part, pins, picked, ranked, .. } = self;
        if !pins.is_empty() {
            part.reset(items);
            pins.iter().for_each(|p| part.insert(p.item));
            rank(pins.len(), Candidates { allow: Some(part), exclude: &[] }, ranked)?;
            for pin in pins.iter_mut() {
                let own = ranked.iter().find(|r| r.0 == pin.item);
                pin.score = own.map_or(0.0, |r| r.1);
            }
        }
        out.clear();
        out.extend(picked.iter().map(|e| (e.item, e.score)));
        for pin in pins.iter() {
            let at = (pin.position - 1).min(out.len());
            out.insert(at, (pin.item, pin.score));
            if let Some(t) = tracer.as_deref_mut() {
                t.pinned(pin.rule, pin.item, at, pin.score);
            }
        }
        out.truncate(n);
        Ok(())
    }
}

/// The column of an attribute of texts or tags.
pub(crate) fn texts(catalog: &Catalog, name: &str) -> Result<usize> {
    let columns = catalog.attributes().map_or(&[][..], |a| a.columns());
    let known = |c: &Attribute| c.name() == name;
    let column = columns.iter().position(known).ok_or_else(|| {
        let known: Vec<&str> = columns.iter().map(Attribute::name).collect();
        Error::invalid_params(format!("unknown attribute {name:?}, known are {known:?}"))
            .with("attribute", name)
    })?;
    match columns[column].kind() {
        "text" | "tags" => Ok(column),
        kind => Err(Error::invalid_params(format!(
            "a rule by value needs an attribute of texts or tags, {name} holds {kind}"
        ))
        .with("attribute", name)),
    }
}

/// Whether a value of the item stands in the list as often as the cap lets it.
fn used_up(column: &Attribute, item: u32, cap: &Cap, picked: &[Entry], pins: &[Pin]) -> bool {
    column.codes(item).iter().any(|code| {
        let has = |item: u32| column.codes(item).contains(code);
        let shown = picked.iter().filter(|e| has(e.item)).count()
            + pins.iter().filter(|p| has(p.item)).count();
        shown >= cap.at_most
    })
}

/// The mean over the attributes of the share of texts that two items have in common.
fn alike(columns: &[Attribute], by: &[usize], a: u32, b: u32) -> f32 {
    let of = |&column: &usize| {
        let Some(column) = columns.get(column) else { return 0.0 };
        let (x, y) = (column.codes(a), column.codes(b));
        let both = x.iter().filter(|code| y.contains(code)).count();
        let either = x.len() + y.len() - both;
        if either > 0 { both as f32 / either as f32 } else { 0.0 }
    };
    by.iter().map(of).sum::<f32>() / by.len().max(1) as f32
}

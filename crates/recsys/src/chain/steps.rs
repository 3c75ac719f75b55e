//! One step: how it ranks.

use super::{Reason, Request};
use crate::model::{Candidates, Model, popular_order};
use crate::request::{self, Ranking, Space, Steering};
use crate::{Catalog, Rules};
use mercato_core::{Attribute, Error, ErrorCode, IdRef};
use std::sync::Arc;

/// Items of a history whose neighbours are looked for.
const RECENT: usize = 5;

/// A step of a chain.
#[derive(Debug)]
pub(super) struct Step {
    ranks: Result<Ranks, Error>,
    ready_made: bool,
}

/// What a step ranks by.
enum Ranks {
    Model(Arc<dyn Model>),
    Similar(Arc<dyn Model>),
    /// By number of users, among those with a value of this attribute if there is one.
    Popular(Arc<dyn Model>, ReadyMade, Option<usize>),
    List(Box<Catalog>, ReadyMade),
}

impl std::fmt::Debug for Ranks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Ranks::Model(_) => "Model",
            Ranks::Similar(_) => "Similar",
            Ranks::Popular(.., None) => "Popular",
            Ranks::Popular(.., Some(_)) => "PopularIn",
            Ranks::List(..) => "List",
        })
    }
}

/// A ranking that is the same for everybody: items and scores, best first.
type ReadyMade = Vec<(u32, f32)>;

/// What a step is made of.
pub(super) enum Kind {
    Model,
    Similar,
    Popular,
    PopularIn(String),
}

impl Step {
    /// A step over a model that was opened, or was not.
    pub(super) fn new(kind: Kind, source: Result<Arc<dyn Model>, Error>) -> Self {
        let ready_made = matches!(kind, Kind::Popular | Kind::PopularIn(_));
        let ranks = source.and_then(|model| {
            Ok(match kind {
                Kind::Model => Ranks::Model(model),
                Kind::Similar => Ranks::Similar(model),
                Kind::Popular => {
                    let order = popular_order(model.catalog());
                    Ranks::Popular(model, order, None)
                }
                Kind::PopularIn(attribute) => {
                    let order = popular_order(model.catalog());
                    let column = crate::rules::texts(model.catalog(), &attribute)?;
                    Ranks::Popular(model, order, Some(column))
                }
            })
        });
        Self { ranks, ready_made }
    }

    /// A step over a list in the dense order of its catalog.
    pub(super) fn list(catalog: Catalog) -> Self {
        let n = catalog.items().len();
        let order = (0..n).map(|i| (i as u32, (n - i) as f32 / n as f32)).collect();
        Self { ranks: Ok(Ranks::List(Box::new(catalog), order)), ready_made: true }
    }

    pub(super) fn problem(&self) -> Option<&Error> {
        self.ranks.as_ref().err()
    }

    /// Whether it answers in microseconds, whatever the deadline.
    pub(super) fn is_ready_made(&self) -> bool {
        self.ready_made
    }

    /// Fills `out`, or says why not.
    pub(super) fn answer(
        &self,
        user: IdRef<'_>,
        n: usize,
        request: &Request,
        rules: Option<&Rules>,
        space: &mut Space,
        out: &mut Ranking,
    ) -> Result<(), Reason> {
        let ranks = self.ranks.as_ref().map_err(|_| Reason::Unavailable)?;
        let catalog = match ranks {
            Ranks::Model(m) | Ranks::Similar(m) | Ranks::Popular(m, ..) => m.catalog(),
            Ranks::List(catalog, _) => catalog,
        };
        let steering = Steering { rules, lenient: true };
        let query = &request.query;
        let out = out.of(catalog.items());
        let known = catalog.users().dense(user);
        let failed = |e: Error| match e.code() {
            ErrorCode::DeadlineExceeded => Reason::Late,
            code => Reason::Failed(code),
        };
        request::resolve(query, catalog.items(), space).map_err(failed)?;
        let seen = known.map_or(&[][..], |u| catalog.seen().row(u as usize).0);
        match ranks {
            Ranks::Model(model) => {
                if query.history.is_some() {
                    if space.history.is_empty() {
                        return Err(Reason::NoHistory);
                    }
                } else if known.is_none() {
                    return Err(Reason::UnknownUser);
                } else if seen.is_empty() {
                    return Err(Reason::NoHistory);
                }
                request::answer(&**model, known, n, query, steering, space, out, None)
                    .map_err(failed)
            }
            Ranks::Similar(model) => {
                let recent = recent(catalog, request, known, space);
                if recent.iter().all(Option::is_none) {
                    return Err(Reason::NoContext);
                }
                let items = recent.into_iter().flatten();
                request::similar_to(&**model, items, known, n, query, steering, space, out)
                    .map_err(failed)
            }
            Ranks::Popular(model, order, column) => {
                let column = column.and_then(|c| catalog.attributes()?.columns().get(c));
                let segment = match column {
                    None => None,
                    Some(c) => {
                        let code = segment(c, catalog, request, seen, space);
                        Some((c, code.ok_or(Reason::NoContext)?))
                    }
                };
                let rank = |n: usize, among: Candidates<'_>, out: &mut Vec<(u32, f32)>| {
                    let inside =
                        |item| segment.is_none_or(|(c, code)| c.codes(item).contains(&code));
                    first(order, n, among, inside, out);
                    Ok(())
                };
                request::ready_made(&**model, known, rank, n, query, steering, space, out)
                    .map_err(failed)
            }
            Ranks::List(catalog, order) => {
                let rank = |n: usize, among: Candidates<'_>, out: &mut Vec<(u32, f32)>| {
                    first(order, n, among, |_| true, out);
                    Ok(())
                };
                request::listed(catalog, rank, n, query, steering, space, out).map_err(failed)
            }
        }
    }
}

/// The first `n` of a ready-made ranking that are candidates.
fn first(
    order: &[(u32, f32)],
    n: usize,
    among: Candidates<'_>,
    inside: impl Fn(u32) -> bool,
    out: &mut Vec<(u32, f32)>,
) {
    let candidate = |&&(item, _): &&(u32, f32)| {
        among.allow.is_none_or(|set| set.contains(item))
            && among.exclude.binary_search(&item).is_err()
            && inside(item)
    };
    out.clear();
    out.extend(order.iter().filter(candidate).take(n));
}

/// The items whose neighbours to show: the request's, else the last of the history, else those of
/// the user with the largest weights.
fn recent(
    catalog: &Catalog,
    request: &Request,
    known: Option<u32>,
    space: &Space,
) -> [Option<u32>; RECENT] {
    let mut items = [None; RECENT];
    if let Some(item) = request.item.as_ref().and_then(|id| catalog.items().dense(id)) {
        items[0] = Some(item);
        return items;
    }
    if request.query.history.is_some() {
        let mut last = space.history.iter().rev().map(|e| e.0);
        items.fill_with(|| last.next());
        return items;
    }
    let (row, weights) = known.map_or((&[][..], &[][..]), |u| catalog.seen().row(u as usize));
    let events = || row.iter().zip(weights).filter(|e| (*e.0 as usize) < catalog.items().len());
    for slot in 0..RECENT {
        let rest = events().filter(|e| !items[..slot].contains(&Some(*e.0)));
        let best = rest.reduce(|a, b| if b.1 > a.1 { b } else { a });
        items[slot] = best.map(|e| *e.0);
    }
    items
}

/// The code of the request's segment: as given, else of its item, else the most frequent one of
/// the history.
fn segment(
    column: &Attribute,
    catalog: &Catalog,
    request: &Request,
    seen: &[u32],
    space: &mut Space,
) -> Option<u32> {
    if let Some(text) = &request.segment {
        return column.code_of(text);
    }
    let item = request.item.as_ref().and_then(|id| catalog.items().dense(id));
    if let Some(&code) = item.and_then(|i| column.codes(i).first()) {
        return Some(code);
    }
    let Space { history, codes, .. } = space;
    codes.clear();
    if request.query.history.is_some() {
        codes.extend(history.iter().flat_map(|e| column.codes(e.0)));
    } else {
        codes.extend(seen.iter().flat_map(|&i| column.codes(i)));
    }
    codes.sort_unstable();
    let runs = codes.chunk_by(|a, b| a == b);
    runs.reduce(|a, b| if b.len() > a.len() { b } else { a }).map(|run| run[0])
}

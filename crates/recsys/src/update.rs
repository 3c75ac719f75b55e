//! New events for a fitted model, without fitting it again.
//!
//! A model is never changed: an update gives a new one. Users and items that the model knows keep
//! their dense numbers, and new ones are numbered after them in ascending order of their ids, so
//! that vectors, seen items and [`UserVector`](crate::UserVector)s of the old model fit the new one.
//!
//! What every model needs is done once, in [`Growth`]; what it makes of it is its own
//! [`Model::updated`](crate::Model::updated).

use crate::Catalog;
use mercato_core::{IdMap, Interactions, Result};
use std::sync::Arc;

/// What an update may change of what was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// Whatever has new events: known users and items, and new ones.
    Touched,
    /// Nothing: only users and items that the model did not know get a place of their own.
    New,
}

/// New events beside the catalog that they lead to: what [`Model::updated`](crate::Model::updated)
/// works from.
#[derive(Debug, Clone)]
pub struct Growth {
    catalog: Catalog,
    added: Interactions,
    users: Vec<u32>,
    items: Vec<u32>,
    known_users: usize,
    known_items: usize,
    refresh: Refresh,
}

impl Growth {
    /// The growth of a catalog by the events of `more`. Weights of pairs that are known already
    /// are added up.
    ///
    /// # Errors
    /// `invalid_input` when integer ids meet strings, or when weights add up beyond `f32`.
    pub fn new(catalog: &Catalog, more: &Interactions, refresh: Refresh) -> Result<Self> {
        let (users, user_numbers) = union(catalog.users(), more.users())?;
        let (items, item_numbers) = union(catalog.items(), more.items())?;
        let (mut rows, mut columns, mut weights, mut times) = (vec![], vec![], vec![], vec![]);
        for (user, &number) in user_numbers.iter().enumerate() {
            let (of_user, of_weights) = if let Some(events) = more.events(user) {
                times.extend_from_slice(events.times);
                (events.items, events.weights)
            } else {
                more.matrix().row(user)
            };
            rows.extend(std::iter::repeat_n(number, of_user.len()));
            columns.extend(of_user.iter().map(|&i| item_numbers[i as usize]));
            weights.extend_from_slice(of_weights);
        }
        let times = more.has_times().then_some(&times[..]);
        let added = Interactions::from_dense(users, items, &rows, &columns, Some(&weights), times)?;
        rows.dedup();
        rows.sort_unstable();
        columns.sort_unstable();
        columns.dedup();
        Ok(Self {
            catalog: catalog.grown(&added)?,
            added,
            users: rows,
            items: columns,
            known_users: catalog.users().len(),
            known_items: catalog.items().len(),
            refresh,
        })
    }

    /// Whether there is neither a new event nor a new id.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.known_users == self.catalog.users().len()
            && self.known_items == self.catalog.items().len()
    }

    /// The catalog after the events.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The new events alone, over the ids of [`catalog`](Self::catalog), with their times if they
    /// have any.
    #[must_use]
    pub fn added(&self) -> &Interactions {
        &self.added
    }

    /// The users with new events, ascending.
    #[must_use]
    pub fn users(&self) -> &[u32] {
        &self.users
    }

    /// The items with new events, ascending.
    #[must_use]
    pub fn items(&self) -> &[u32] {
        &self.items
    }

    /// How many users the model knew: new ones are numbered from here.
    #[must_use]
    pub fn known_users(&self) -> usize {
        self.known_users
    }

    /// How many items the model knew: new ones are numbered from here.
    #[must_use]
    pub fn known_items(&self) -> usize {
        self.known_items
    }

    /// What may be changed of what was learned.
    #[must_use]
    pub fn refresh(&self) -> Refresh {
        self.refresh
    }

    /// The users that are to be learned (again): those with new events or, with [`Refresh::New`],
    /// the new ones among them.
    #[must_use]
    pub fn users_to_learn(&self) -> &[u32] {
        self.to_learn(&self.users, self.known_users)
    }

    /// The items that are to be learned (again), as [`users_to_learn`](Self::users_to_learn).
    #[must_use]
    pub fn items_to_learn(&self) -> &[u32] {
        self.to_learn(&self.items, self.known_items)
    }

    fn to_learn<'a>(&self, touched: &'a [u32], known: usize) -> &'a [u32] {
        match self.refresh {
            Refresh::Touched => touched,
            Refresh::New => &touched[touched.partition_point(|&t| (t as usize) < known)..],
        }
    }

    /// The items that the model did not know, ascending.
    pub(crate) fn new_items(&self) -> Vec<u32> {
        (self.known_items as u32..self.catalog.items().len() as u32).collect()
    }

    /// The fingerprint of the data of a model that had `before` and learned these events.
    #[must_use]
    pub fn fingerprint(&self, before: &str) -> String {
        // Fowler, Noll & Vo, 32 bits.
        let text = format!("{before}+{}", self.added.fingerprint());
        let hash =
            text.bytes().fold(0x811c_9dc5u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
        format!("{hash:08x}")
    }
}

/// As [`IdMap::union`], keeping the old map itself when nothing is new.
fn union(known: &Arc<IdMap>, more: &IdMap) -> Result<(Arc<IdMap>, Vec<u32>)> {
    let (all, numbers) = known.union(more)?;
    let all = if all.len() == known.len() { known.clone() } else { Arc::new(all) };
    Ok((all, numbers))
}

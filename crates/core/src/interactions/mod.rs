//! Who did what with which item: the input of every recommender.

mod build;
mod split;

pub use build::InteractionsBuilder;

use crate::{Csr, IdMap, IdRef};
use std::sync::Arc;

/// Validated interactions of users with items.
///
/// The [`matrix`](Self::matrix) holds each (user, item) pair once, its weights added up. Where
/// times were given, every single event is kept beside it in time order, for splits by time, for
/// sequences and for baskets.
///
/// Dense numbers follow the ascending order of the ids, so the order of input rows never matters.
///
/// ```
/// use mercato_core::Interactions;
/// let inter = Interactions::builder(["ann", "bob", "ann"], ["tea", "tea", "cup"])
///     .weights(&[1.0, 2.0, 1.0])
///     .build()?;
/// assert_eq!((inter.n_users(), inter.n_items(), inter.len()), (2, 2, 3));
/// assert_eq!(inter.matrix().row(0), (&[0, 1][..], &[1.0, 1.0][..]));
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Interactions {
    users: Arc<IdMap>,
    items: Arc<IdMap>,
    matrix: Csr,
    events: Option<Events>,
}

/// Every event with its time, grouped by user, oldest first; ties keep the lower item first.
#[derive(Debug, Clone, PartialEq, Default)]
struct Events {
    indptr: Vec<u64>,
    items: Vec<u32>,
    weights: Vec<f32>,
    times: Vec<i64>,
}

/// The events of one user, oldest first, as parallel slices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UserEvents<'a> {
    /// Dense items.
    pub items: &'a [u32],
    /// Weights as given.
    pub weights: &'a [f32],
    /// Times as given.
    pub times: &'a [i64],
}

impl Interactions {
    /// Begins with one user and one item per row; see [`InteractionsBuilder`].
    pub fn builder<'a>(
        users: impl Into<crate::IdColumn<'a>>,
        items: impl Into<crate::IdColumn<'a>>,
    ) -> InteractionsBuilder<'a> {
        InteractionsBuilder::new(users.into(), items.into())
    }

    /// How many users the id map knows, with or without interactions.
    #[must_use]
    pub fn n_users(&self) -> usize {
        self.users.len()
    }

    /// How many items the id map knows, with or without interactions.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.items.len()
    }

    /// How many distinct (user, item) pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.matrix.nnz()
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The user ids.
    #[must_use]
    pub fn users(&self) -> &Arc<IdMap> {
        &self.users
    }

    /// The item ids.
    #[must_use]
    pub fn items(&self) -> &Arc<IdMap> {
        &self.items
    }

    /// Users x items, each pair once with its summed weight.
    #[must_use]
    pub fn matrix(&self) -> &Csr {
        &self.matrix
    }

    /// Whether events carry times.
    #[must_use]
    pub fn has_times(&self) -> bool {
        self.events.is_some()
    }

    /// How many events; equal to [`len`](Self::len) when no times were given.
    #[must_use]
    pub fn n_events(&self) -> usize {
        self.events.as_ref().map_or(self.len(), |e| e.items.len())
    }

    /// The events of a user, oldest first; `None` without times or beyond the last user.
    #[must_use]
    pub fn events(&self, user: usize) -> Option<UserEvents<'_>> {
        self.events.as_ref()?.of(user)
    }

    /// The items of a user by id, ascending in dense order.
    ///
    /// # Errors
    /// `unknown_id`.
    pub fn items_of<'a>(&self, user: impl Into<IdRef<'a>>) -> crate::Result<Vec<IdRef<'_>>> {
        let user = self.users.require("user", user)?;
        Ok(self.matrix.row(user as usize).0.iter().map(|&i| self.items.id(i)).collect())
    }

    /// A short checksum of the data, noted in the artifacts of models fitted to it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut h = crc32fast::Hasher::new();
        for ids in [&self.users, &self.items] {
            h.update(&(ids.len() as u64).to_le_bytes());
        }
        h.update(bytemuck::cast_slice(self.matrix.indptr()));
        h.update(bytemuck::cast_slice(self.matrix.indices()));
        h.update(bytemuck::cast_slice(self.matrix.values()));
        if let Some(e) = &self.events {
            h.update(bytemuck::cast_slice(&e.times));
        }
        format!("{:08x}", h.finalize())
    }
}

impl Events {
    fn of(&self, user: usize) -> Option<UserEvents<'_>> {
        let range = *self.indptr.get(user)? as usize..*self.indptr.get(user + 1)? as usize;
        Some(UserEvents {
            items: &self.items[range.clone()],
            weights: &self.weights[range.clone()],
            times: &self.times[range],
        })
    }
}

#[cfg(test)]
mod tests;

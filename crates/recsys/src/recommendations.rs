//! The answers to many users at once.

use mercato_core::{IdMap, IdRef, Scored};
use std::sync::Arc;

/// No item: the place of a recommendation that could not be made.
pub const NO_ITEM: u32 = u32::MAX;

/// Recommendations for many users: a row of `n` places for each, best first.
///
/// Where fewer than `n` items could be recommended, the last places of a row hold [`NO_ITEM`] with
/// the score minus infinity.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendations {
    pub(crate) users: Vec<u32>,
    pub(crate) items: Vec<u32>,
    pub(crate) scores: Vec<f32>,
    pub(crate) n: usize,
    pub(crate) user_ids: Arc<IdMap>,
    pub(crate) item_ids: Arc<IdMap>,
}

impl Recommendations {
    /// How many users.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there are no users.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Places per user.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// The dense number of every row's user.
    #[must_use]
    pub fn users(&self) -> &[u32] {
        &self.users
    }

    /// The dense items of all rows, [`n`](Self::n) each.
    #[must_use]
    pub fn items(&self) -> &[u32] {
        &self.items
    }

    /// The scores of all rows, [`n`](Self::n) each.
    #[must_use]
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }

    /// The ids of the users that the dense numbers stand for.
    #[must_use]
    pub fn user_ids(&self) -> &Arc<IdMap> {
        &self.user_ids
    }

    /// The ids of the items that the dense numbers stand for.
    #[must_use]
    pub fn item_ids(&self) -> &Arc<IdMap> {
        &self.item_ids
    }

    /// The id of the user of a row. Panics when `row >= len`.
    #[must_use]
    pub fn user(&self, row: usize) -> IdRef<'_> {
        self.user_ids.id(self.users[row])
    }

    /// The recommendations of a row, without the empty places. Panics when `row >= len`.
    #[must_use]
    pub fn row(&self, row: usize) -> Vec<Scored> {
        let range = row * self.n..(row + 1) * self.n;
        let pairs = self.items[range.clone()].iter().zip(&self.scores[range]);
        pairs
            .filter(|(item, _)| **item != NO_ITEM)
            .map(|(&item, &score)| Scored { id: self.item_ids.id(item).to_id(), score })
            .collect()
    }
}

//! Somebody with a history, made ready for many requests.

use mercato_core::Result;

/// Somebody with a history, as a model sees them: [`Recommender::fold_in`](crate::Recommender::fold_in)
/// makes one, and [`recommend_vector`](crate::Recommender::recommend_vector) answers it.
///
/// Factor models solve for a vector. Models that rank from the history itself (neighbours, graph
/// filters, popularity) have none: `values` is empty, and the events are what counts.
#[derive(Debug, Clone, PartialEq)]
pub struct UserVector {
    /// The vector; its length is the model's `factors`, or 0 for a model without user vectors.
    pub values: Vec<f32>,
    /// The (dense item, weight) events that the model knows, oldest first.
    events: Vec<(u32, f32)>,
    /// The dense items of the history, ascending.
    seen: Vec<u32>,
}

impl UserVector {
    pub(crate) fn new(
        events: Vec<(u32, f32)>,
        fold: impl FnOnce(&[(u32, f32)]) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let values = if events.is_empty() { Vec::new() } else { fold(&events)? };
        let mut seen: Vec<u32> = events.iter().map(|e| e.0).collect();
        seen.sort_unstable();
        seen.dedup();
        Ok(Self { values, events, seen })
    }

    /// The events of the history whose items the model knows: dense item and weight, oldest first.
    #[must_use]
    pub fn events(&self) -> &[(u32, f32)] {
        &self.events
    }

    /// The dense items of the history, ascending.
    #[must_use]
    pub fn seen(&self) -> &[u32] {
        &self.seen
    }
}

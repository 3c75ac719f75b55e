//! Ids, filters and histories in; ids and scores out.

use mercato::recsys::History;
use mercato::{Error, Filter};

/// An id: a string or an integer, as the data has it.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum Id {
    /// A string.
    Str {
        /// The string.
        value: String,
    },
    /// An integer.
    Int {
        /// The number.
        value: i64,
    },
}

impl From<Id> for mercato::Id {
    fn from(id: Id) -> Self {
        match id {
            Id::Str { value } => Self::Str(value),
            Id::Int { value } => Self::Int(value),
        }
    }
}

impl From<mercato::Id> for Id {
    fn from(id: mercato::Id) -> Self {
        match id {
            mercato::Id::Str(value) => Self::Str { value },
            mercato::Id::Int(value) => Self::Int { value },
        }
    }
}

/// An id and its score: best first.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Scored {
    /// The id in the data's own type.
    pub id: Id,
    /// Higher is better.
    pub score: f32,
}

/// The ranking of a library call.
pub fn scored(list: Vec<mercato::Scored>) -> Vec<Scored> {
    list.into_iter().map(|s| Scored { id: s.id.into(), score: s.score }).collect()
}

/// One event of a history.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Event {
    /// What.
    pub item: Id,
    /// How much: finite, not negative.
    #[uniffi(default = 1.0)]
    pub weight: f32,
}

/// The library's history, oldest event first.
pub fn history(events: Vec<Event>) -> History {
    History::weighted(events.into_iter().map(|e| (e.item, e.weight)))
}

/// A filter from JSON text such as `{"category": "toys"}`.
pub fn filter(json: Option<&str>) -> mercato::Result<Option<Filter>> {
    let read = |text: &str| {
        let value = serde_json::from_str(text)
            .map_err(|e| Error::invalid_params(format!("the filter is not JSON: {e}")))?;
        Filter::from_json(&value)
    };
    json.map(read).transpose()
}

//! A rule as it is written: one key for the action.

use super::{Action, Change, Rule};
use mercato_core::{Error, Filter, Id, Result};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RuleData {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<Pin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boost: Option<Shift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bury: Option<Shift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude: Option<Exclude>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<Cap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diversify: Option<Diversify>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pin {
    item: Id,
    position: usize,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    anyway: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shift {
    #[serde(rename = "where")]
    filter: Filter,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    factor: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<f32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exclude {
    #[serde(rename = "where", default, skip_serializing_if = "Option::is_none")]
    filter: Option<Filter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Vec<Id>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cap {
    attribute: String,
    at_most: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Diversify {
    #[serde(default = "default_lambda")]
    lambda: f32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    by: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    depth: Option<usize>,
}

fn default_lambda() -> f32 {
    0.7
}

impl Shift {
    fn of(filter: Filter, change: Change) -> Self {
        match change {
            Change::Factor(f) => Self { filter, factor: Some(f), offset: None },
            Change::Offset(o) => Self { filter, factor: None, offset: Some(o) },
        }
    }

    fn parts(self, verb: &str) -> Result<(Filter, Change)> {
        match (self.factor, self.offset) {
            (Some(f), None) => Ok((self.filter, Change::Factor(f))),
            (None, Some(o)) => Ok((self.filter, Change::Offset(o))),
            _ => Err(Error::invalid_params(format!("{verb} takes either a factor or an offset"))),
        }
    }
}

impl TryFrom<RuleData> for Rule {
    type Error = Error;

    fn try_from(data: RuleData) -> Result<Self> {
        let RuleData { name, from, until, pin, boost, bury, exclude, cap, diversify } = data;
        let mut actions: Vec<Action> = Vec::new();
        actions.extend(pin.map(|p| Action::Pin {
            item: p.item,
            position: p.position,
            anyway: p.anyway,
        }));
        if let Some(shift) = boost {
            let (filter, change) = shift.parts("boost")?;
            actions.push(Action::Boost(filter, change));
        }
        if let Some(shift) = bury {
            let (filter, change) = shift.parts("bury")?;
            actions.push(Action::Bury(filter, change));
        }
        actions.extend(exclude.map(|e| Action::Exclude { filter: e.filter, items: e.items }));
        actions.extend(cap.map(|c| Action::Cap { attribute: c.attribute, at_most: c.at_most }));
        actions.extend(diversify.map(|d| Action::Diversify {
            lambda: d.lambda,
            by: d.by,
            depth: d.depth,
        }));
        if actions.len() != 1 {
            return Err(Error::invalid_params(format!(
                "a rule has one of pin, boost, bury, exclude, cap, diversify, got {}",
                actions.len()
            )));
        }
        Ok(Rule { name, from, until, action: actions.remove(0) })
    }
}

impl From<Rule> for RuleData {
    fn from(rule: Rule) -> Self {
        let Rule { name, from, until, action } = rule;
        let mut data = RuleData { name, from, until, ..RuleData::default() };
        match action {
            Action::Pin { item, position, anyway } => {
                data.pin = Some(Pin { item, position, anyway });
            }
            Action::Boost(filter, change) => data.boost = Some(Shift::of(filter, change)),
            Action::Bury(filter, change) => data.bury = Some(Shift::of(filter, change)),
            Action::Exclude { filter, items } => data.exclude = Some(Exclude { filter, items }),
            Action::Cap { attribute, at_most } => data.cap = Some(Cap { attribute, at_most }),
            Action::Diversify { lambda, by, depth } => {
                data.diversify = Some(Diversify { lambda, by, depth });
            }
        }
        data
    }
}

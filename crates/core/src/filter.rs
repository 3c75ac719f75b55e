//! `where`: a predicate over item attributes, as data, compiled to a bitmap.

use crate::attributes::{Values, tag_range};
use crate::{Attribute, Bitmap, Error, ItemAttributes, Result};
use serde_json::Value;

/// A predicate over item attributes.
///
/// In every language it is written as the same JSON-like data:
///
/// | data | meaning |
/// |---|---|
/// | `{"category": "toys"}` | equal; for tags: has this tag |
/// | `{"brand": ["a", "b"]}` | one of |
/// | `{"price": {"ge": 5, "lt": 20}}` | range: `gt`, `ge`, `lt`, `le` |
/// | `{"brand": null}` | missing |
/// | `{"category": "toys", "price": {"lt": 20}}` | several keys: and |
/// | `{"any": [{...}, {...}]}` | or |
/// | `{"not": {...}}` | not |
/// | `{}` | everything |
///
/// A missing value matches no equality, set or range. Unknown attributes, unknown operators and
/// values of the wrong type are errors.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every one holds.
    All(Vec<Filter>),
    /// At least one holds.
    Any(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The attribute is one of these values.
    In(String, Vec<Scalar>),
    /// The attribute is a number within these bounds.
    Range(String, Bounds),
    /// The attribute has no value.
    Missing(String),
}

/// A value in a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Bool(bool),
}

/// A range of numbers; an absent bound is open.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Greater than.
    pub gt: Option<f64>,
    /// Greater than or equal.
    pub ge: Option<f64>,
    /// Less than.
    pub lt: Option<f64>,
    /// Less than or equal.
    pub le: Option<f64>,
}

impl Bounds {
    /// The least and the greatest number inside, so that a test is two comparisons.
    fn inclusive(&self) -> (f64, f64) {
        let above = self.gt.map_or(f64::NEG_INFINITY, f64::next_up);
        let below = self.lt.map_or(f64::INFINITY, f64::next_down);
        // Nothing is above infinity, and `next_up` stays there.
        if self.gt == Some(f64::INFINITY) || self.lt == Some(f64::NEG_INFINITY) {
            return (f64::INFINITY, f64::NEG_INFINITY);
        }
        (self.ge.map_or(above, |b| b.max(above)), self.le.map_or(below, |b| b.min(below)))
    }
}

/// Filters nest no deeper than this, so that hostile input cannot exhaust the stack.
const MAX_DEPTH: usize = 32;

impl Filter {
    /// Reads a filter from JSON-like data.
    ///
    /// # Errors
    /// `invalid_params` for anything outside the grammar.
    pub fn from_json(value: &Value) -> Result<Self> {
        Self::parse(value, 0)
    }

    fn parse(value: &Value, depth: usize) -> Result<Self> {
        let Value::Object(fields) = value else {
            return Err(Error::invalid_params(format!(
                "a filter must be an object such as {{\"category\": \"toys\"}}, got {value}"
            )));
        };
        if depth > MAX_DEPTH {
            return Err(Error::invalid_params(format!("filters nest at most {MAX_DEPTH} deep")));
        }
        let mut parts = Vec::with_capacity(fields.len());
        for (key, v) in fields {
            parts.push(match (key.as_str(), v) {
                ("any", Value::Array(options)) => {
                    let options = options.iter().map(|o| Self::parse(o, depth + 1));
                    Filter::Any(options.collect::<Result<_>>()?)
                }
                ("any", _) => {
                    return Err(Error::invalid_params("\"any\" takes a list of filters"));
                }
                ("not", inner) => Filter::Not(Box::new(Self::parse(inner, depth + 1)?)),
                (name, Value::Null) => Filter::Missing(name.to_owned()),
                (name, Value::Object(ops)) => {
                    Filter::Range(name.to_owned(), Bounds::parse(name, ops)?)
                }
                (name, Value::Array(options)) => {
                    let options = options.iter().map(|o| Scalar::parse(name, o));
                    Filter::In(name.to_owned(), options.collect::<Result<_>>()?)
                }
                (name, v) => Filter::In(name.to_owned(), vec![Scalar::parse(name, v)?]),
            });
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ => Filter::All(parts),
        })
    }

    /// The items that pass, as a bitmap over the dense ids of `attributes`.
    ///
    /// # Errors
    /// `invalid_params` for an unknown attribute or a value of the wrong type.
    pub fn compile(&self, attributes: &ItemAttributes) -> Result<Bitmap> {
        let n = attributes.items().len();
        Ok(match self {
            Filter::All(parts) => {
                let mut set = Bitmap::full(n);
                for p in parts {
                    set.intersect(&p.compile(attributes)?);
                }
                set
            }
            Filter::Any(parts) => {
                let mut set = Bitmap::empty(n);
                for p in parts {
                    set.unite(&p.compile(attributes)?);
                }
                set
            }
            Filter::Not(inner) => {
                let mut set = inner.compile(attributes)?;
                set.complement();
                set
            }
            Filter::In(name, options) => one_of(find(attributes, name)?, options, n)?,
            Filter::Range(name, bounds) => match find(attributes, name)?.values() {
                Values::Number(v) => {
                    let (low, high) = bounds.inclusive();
                    Bitmap::matching(v, |x| (x >= low) & (x <= high))
                }
                _ => return Err(wrong_type(find(attributes, name)?, "a range of numbers")),
            },
            Filter::Missing(name) => match find(attributes, name)?.values() {
                Values::Text { labels, codes } => {
                    let labels = labels.len() as u32;
                    Bitmap::matching(codes, |c| c >= labels)
                }
                Values::Number(v) => Bitmap::matching(v, f64::is_nan),
                Values::Bool(v) => Bitmap::matching(v, |b| b > 1),
                Values::Tags { offsets, codes, .. } => {
                    Bitmap::from_fn(n, |i| tag_range(offsets, i, codes).is_none_or(<[_]>::is_empty))
                }
            },
        })
    }
}

fn find<'a>(attributes: &'a ItemAttributes, name: &str) -> Result<&'a Attribute> {
    attributes.column(name).ok_or_else(|| {
        let known: Vec<&str> = attributes.columns().iter().map(Attribute::name).collect();
        Error::invalid_params(format!("unknown attribute {name:?}, known are {known:?}"))
            .with("attribute", name)
    })
}

fn wrong_type(a: &Attribute, got: &str) -> Error {
    Error::invalid_params(format!("attribute {} holds {}, got {got}", a.name(), a.kind()))
        .with("attribute", a.name())
}

fn one_of(attribute: &Attribute, options: &[Scalar], n: usize) -> Result<Bitmap> {
    let mismatch = |s: &Scalar| wrong_type(attribute, s.kind());
    let texts = |labels: &crate::IdMap| -> Result<Bitmap> {
        let mut wanted = Bitmap::empty(labels.len());
        for option in options {
            let Scalar::Text(t) = option else { return Err(mismatch(option)) };
            if let Some(code) = labels.dense(t) {
                wanted.insert(code);
            }
        }
        Ok(wanted)
    };
    Ok(match attribute.values() {
        Values::Text { labels, codes } => {
            let wanted = texts(labels)?;
            if wanted.count() < MANY_TEXTS {
                any_of(codes, &wanted.iter().collect::<Vec<_>>())
            } else {
                Bitmap::matching(codes, |c| wanted.contains(c))
            }
        }
        Values::Tags { labels, offsets, codes } => {
            let (wanted, offsets, codes) = (texts(labels)?, offsets.as_slice(), codes.as_slice());
            Bitmap::from_fn(n, |i| {
                tag_range(offsets, i, codes)
                    .is_some_and(|tags| tags.iter().any(|&t| wanted.contains(t)))
            })
        }
        Values::Number(v) => {
            let wanted = options
                .iter()
                .map(|o| if let Scalar::Number(x) = o { Ok(*x) } else { Err(mismatch(o)) })
                .collect::<Result<Vec<_>>>()?;
            any_of(v, &wanted)
        }
        Values::Bool(v) => {
            let wanted = options
                .iter()
                .map(|o| if let Scalar::Bool(b) = o { Ok(u8::from(*b)) } else { Err(mismatch(o)) })
                .collect::<Result<Vec<_>>>()?;
            any_of(v, &wanted)
        }
    })
}

/// The positions of the values that are among `wanted`: one vectorised pass for each.
fn any_of<T: Copy + PartialEq>(values: &[T], wanted: &[T]) -> Bitmap {
    let mut set = Bitmap::empty(values.len());
    for &w in wanted {
        set.unite(&Bitmap::matching(values, |v| v == w));
    }
    set
}

/// From this many texts on, looking each code up is faster than a pass for each.
const MANY_TEXTS: usize = 8;

impl Scalar {
    fn parse(attribute: &str, value: &Value) -> Result<Self> {
        match value {
            Value::String(s) => Ok(Scalar::Text(s.clone())),
            Value::Bool(b) => Ok(Scalar::Bool(*b)),
            Value::Number(x) => x.as_f64().map(Scalar::Number).ok_or_else(|| {
                Error::invalid_params(format!("{x} is not a number that {attribute} can hold"))
            }),
            other => Err(Error::invalid_params(format!(
                "attribute {attribute} is compared with a text, number or bool, got {other}"
            ))
            .with("attribute", attribute)),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Scalar::Text(_) => "a text",
            Scalar::Number(_) => "a number",
            Scalar::Bool(_) => "a bool",
        }
    }
}

impl Bounds {
    fn parse(attribute: &str, ops: &serde_json::Map<String, Value>) -> Result<Self> {
        let mut bounds = Bounds::default();
        for (op, value) in ops {
            let slot = match op.as_str() {
                "gt" => &mut bounds.gt,
                "ge" => &mut bounds.ge,
                "lt" => &mut bounds.lt,
                "le" => &mut bounds.le,
                _ => {
                    return Err(Error::invalid_params(format!(
                        "unknown operator {op:?} on {attribute}, known are gt, ge, lt, le"
                    ))
                    .with("attribute", attribute));
                }
            };
            let number = value.as_f64().filter(|x| !x.is_nan()).ok_or_else(|| {
                Error::invalid_params(format!("{attribute} {op} takes a number, got {value}"))
                    .with("attribute", attribute)
            })?;
            *slot = Some(number);
        }
        if ops.is_empty() {
            return Err(Error::invalid_params(format!(
                "the range on {attribute} is empty, give gt, ge, lt or le"
            )));
        }
        Ok(bounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IdMap;
    use serde_json::json;
    use std::sync::Arc;

    fn shop() -> ItemAttributes {
        let items = Arc::new(IdMap::range(4).unwrap());
        ItemAttributes::new(
            items,
            vec![
                Attribute::text("category", &[Some("toys"), Some("food"), None, Some("toys")])
                    .unwrap(),
                Attribute::number("price", vec![5.0, 20.0, f64::NAN, 7.5]),
                Attribute::bool("sale", &[Some(true), Some(false), None, Some(true)]),
                Attribute::tags("tags", &[vec!["a", "b"], vec![], vec!["b"], vec!["c"]]).unwrap(),
            ],
        )
        .unwrap()
    }

    fn matches(filter: &Value) -> Vec<u32> {
        Filter::from_json(filter).unwrap().compile(&shop()).unwrap().iter().collect()
    }

    #[test]
    fn each_form_of_the_grammar_selects_what_it_says() {
        assert_eq!(matches(&json!({})), [0, 1, 2, 3]);
        assert_eq!(matches(&json!({"category": "toys"})), [0, 3]);
        assert_eq!(matches(&json!({"category": ["food", "unheard of"]})), [1]);
        let many: Vec<String> = (0..30).map(|i| format!("t{i}")).collect();
        let attribute = Attribute::text("t", &many.iter().map(Some).collect::<Vec<_>>()).unwrap();
        let shelf =
            ItemAttributes::new(Arc::new(IdMap::range(30).unwrap()), vec![attribute]).unwrap();
        let most = Filter::from_json(&json!({"t": many[5..]})).unwrap().compile(&shelf).unwrap();
        assert_eq!(most.iter().collect::<Vec<_>>(), (5..30).collect::<Vec<_>>());
        assert_eq!(matches(&json!({"category": null})), [2]);
        assert_eq!(matches(&json!({"price": {"ge": 5, "lt": 20}})), [0, 3]);
        assert_eq!(matches(&json!({"price": {"gt": 5}})), [1, 3]);
        assert_eq!(matches(&json!({"price": {"gt": 5, "ge": 2, "lt": 20, "le": 30}})), [3]);
        assert_eq!(matches(&json!({"sale": true})), [0, 3]);
        assert_eq!(matches(&json!({"sale": null})), [2]);
        assert_eq!(matches(&json!({"tags": "b"})), [0, 2]);
        assert_eq!(matches(&json!({"tags": null})), [1]);
        assert_eq!(matches(&json!({"category": "toys", "price": {"le": 5}})), [0]);
        assert_eq!(matches(&json!({"any": [{"price": 20}, {"tags": "c"}]})), [1, 3]);
        assert_eq!(matches(&json!({"not": {"category": "toys"}})), [1, 2]);
        assert_eq!(matches(&json!({"any": []})), [0u32; 0]);
    }

    #[test]
    fn mistakes_are_errors_that_name_the_attribute() {
        let shop = shop();
        for bad in [
            json!({"colour": "red"}),
            json!({"price": "cheap"}),
            json!({"category": 5}),
            json!({"category": {"ge": 1}}),
        ] {
            let e = Filter::from_json(&bad).unwrap().compile(&shop).unwrap_err();
            assert_eq!(e.code().as_str(), "invalid_params", "{bad}");
            assert_eq!(e.context().next().unwrap().0, "attribute", "{bad}");
        }
        for bad in [
            json!([]),
            json!({"price": {"above": 5}}),
            json!({"price": {}}),
            json!({"any": {}}),
            json!({"price": {"ge": "x"}}),
            json!({"tags": [["a"]]}),
        ] {
            assert!(Filter::from_json(&bad).is_err(), "{bad}");
        }
        let deep = (0..100).fold(json!({}), |f, _| json!({"not": f}));
        assert!(Filter::from_json(&deep).is_err());
    }

    #[test]
    fn attributes_follow_another_item_order_and_survive_a_file() {
        let other = Arc::new(IdMap::from_ids(&[3, 99, 0].into()).unwrap());
        let aligned = shop().aligned_to(&other);
        let filter = Filter::from_json(&json!({"category": "toys", "tags": ["a", "c"]})).unwrap();
        assert_eq!(filter.compile(&aligned).unwrap().iter().collect::<Vec<_>>(), [0, 2]);

        let bytes = |attributes: &ItemAttributes| {
            let mut w = crate::ArtifactWriter::new("test", 1);
            attributes.write(&mut w, "attributes").unwrap();
            w.to_bytes().unwrap()
        };
        let file = crate::Artifact::from_bytes(&bytes(&aligned)).unwrap();
        let back = ItemAttributes::read(&file, "attributes", other).unwrap();
        assert_eq!(bytes(&back), bytes(&aligned));
        assert_eq!(filter.compile(&back).unwrap(), filter.compile(&aligned).unwrap());
    }
}

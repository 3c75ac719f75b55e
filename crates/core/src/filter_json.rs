//! Filters back to the data that they were read from, for records that hold filters.

use crate::{Bounds, Filter, Scalar};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

impl Filter {
    /// The filter as JSON-like data; [`from_json`](Self::from_json) reads it back.
    ///
    /// ```
    /// use mercato_core::Filter;
    /// let data = serde_json::json!({"category": "toys", "price": {"lt": 20.0}});
    /// assert_eq!(Filter::from_json(&data)?.to_json(), data);
    /// # Ok::<(), mercato_core::Error>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        let one =
            |key: &str, value: Value| Value::Object(Map::from_iter([(key.to_owned(), value)]));
        let not = |filter: &Filter| one("not", filter.to_json());
        match self {
            Filter::All(parts) => {
                let mut fields = Map::new();
                for part in parts {
                    if let Value::Object(part) = part.to_json() {
                        for (key, value) in part {
                            if fields.insert(key, value).is_some() {
                                // The grammar has no "all": a name twice is said by De Morgan.
                                let none = parts.iter().map(not).collect();
                                return one("not", one("any", Value::Array(none)));
                            }
                        }
                    }
                }
                Value::Object(fields)
            }
            Filter::Any(options) => {
                one("any", Value::Array(options.iter().map(Filter::to_json).collect()))
            }
            Filter::Not(inner) => not(inner),
            Filter::In(name, options) => match &options[..] {
                [single] => one(name, single.to_json()),
                _ => one(name, Value::Array(options.iter().map(Scalar::to_json).collect())),
            },
            Filter::Range(name, bounds) => one(name, bounds.to_json()),
            Filter::Missing(name) => one(name, Value::Null),
        }
    }
}

impl Scalar {
    fn to_json(&self) -> Value {
        match self {
            Scalar::Text(t) => Value::from(t.as_str()),
            Scalar::Number(x) => Value::from(*x),
            Scalar::Bool(b) => Value::from(*b),
        }
    }
}

impl Bounds {
    fn to_json(self) -> Value {
        let ops = [("gt", self.gt), ("ge", self.ge), ("lt", self.lt), ("le", self.le)];
        let given = ops.into_iter().filter_map(|(op, x)| Some((op.to_owned(), Value::from(x?))));
        Value::Object(given.collect())
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_of_the_grammar_survives_the_way_there_and_back() {
        for data in [
            json!({}),
            json!({"a": "x"}),
            json!({"a": ["x", 2.0, true]}),
            json!({"a": {"ge": 1.0, "lt": 2.5}, "b": null}),
            json!({"any": [{"a": "x"}, {"not": {"b": []}}]}),
        ] {
            let filter = Filter::from_json(&data).unwrap();
            assert_eq!(filter.to_json(), data);
            let text = serde_json::to_string(&filter).unwrap();
            assert_eq!(serde_json::from_str::<Filter>(&text).unwrap(), filter);
        }
        let tag = |t: &str| Filter::In("tags".into(), vec![Scalar::Text(t.into())]);
        let both = Filter::All(vec![tag("a"), tag("b")]).to_json();
        assert_eq!(both, json!({"not": {"any": [{"not": {"tags": "a"}}, {"not": {"tags": "b"}}]}}));
    }
}

//! What there is to try: families, where they begin, and how they may move.

use super::AutoRecommender;
use crate::item_knn::Similarity;
use crate::{Als, Ease, ItemKnn, Method, Popularity, RepeatBasket, SequenceLinear, Spectral};
use mercato_core::{Error, Interactions, Result};
use serde_json::Value;

/// One family of models.
pub(super) struct Family {
    /// Where its tuning begins.
    pub(super) start: Method,
    axes: Vec<(&'static str, Vec<Value>)>,
}

/// The families that suit the data, the cheap ones first.
pub(super) fn families(p: &AutoRecommender, data: &Interactions) -> Vec<Family> {
    let starts = if p.candidates.is_empty() {
        let rp3beta = ItemKnn::default().similarity(Similarity::Rp3Beta).neighbors(200);
        let mut starts: Vec<Method> = vec![
            Popularity::default().into(),
            rp3beta.into(),
            ItemKnn::default().neighbors(200).into(),
            Als::default().into(),
        ];
        if data.has_times() {
            starts.push(SequenceLinear::default().into());
        }
        if data.has_times() && !p.exclude_seen {
            starts.push(RepeatBasket::default().into());
        }
        starts.extend([Spectral::default().rank(64).into(), Ease::default().into()]);
        starts
    } else {
        p.candidates.clone()
    };
    starts.into_iter().map(|start| Family { axes: axes(&start), start }).collect()
}

/// The hyperparameters worth moving and their steps: what matters most first, but what makes a
/// model dear last, so that the rest is tuned while models are cheap.
fn axes(method: &Method) -> Vec<(&'static str, Vec<Value>)> {
    fn steps<T: Into<Value> + Copy>(values: &[T]) -> Vec<Value> {
        values.iter().map(|&v| v.into()).collect()
    }
    match method {
        Method::ItemKnn(m) => {
            let neighbors = ("neighbors", steps(&[20, 50, 100, 200, 400, 800]));
            match m.similarity {
                Similarity::Rp3Beta => vec![
                    ("beta", steps(&[0.0, 0.2, 0.4, 0.6, 0.8])),
                    ("alpha", steps(&[0.5, 0.7, 0.85, 1.0, 1.3])),
                    neighbors,
                ],
                Similarity::Bm25 => {
                    vec![
                        neighbors,
                        ("b", steps(&[0.25, 0.5, 0.75, 1.0])),
                        ("k1", steps(&[0.6, 1.2, 2.4])),
                    ]
                }
                _ => vec![("shrink", steps(&[0.0, 2.0, 10.0, 50.0])), neighbors],
            }
        }
        Method::Als(_) => vec![
            ("alpha", steps(&[1.0, 3.0, 10.0, 30.0, 100.0])),
            ("factors", steps(&[16, 32, 64, 128, 256])),
            ("regularization", steps(&[0.01, 0.1, 1.0, 10.0, 30.0])),
        ],
        Method::Spectral(_) => vec![
            ("item_exponent", steps(&[0.3, 0.35, 0.4, 0.45, 0.5, 0.6])),
            ("alpha", steps(&[0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8])),
            ("user_exponent", steps(&[0.1, 0.2, 0.3, 0.4, 0.5])),
            ("rank", steps(&[32, 64, 128, 256, 512])),
        ],
        Method::Ease(_) => vec![
            ("regularization", steps(&[3.0, 10.0, 30.0, 100.0, 300.0, 1000.0])),
            ("user_exponent", steps(&[0.0, 0.25, 0.5, 0.75, 1.0])),
            ("item_exponent", steps(&[0.0, 0.15, 0.3, 0.45, 0.6])),
            ("neighbors", steps(&[50, 100, 200, 400])),
        ],
        Method::SequenceLinear(_) => vec![
            ("decay", steps(&[0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])),
            ("transitions", steps(&[0.1, 0.3, 0.6, 1.0, 2.0, 4.0])),
            ("regularization", steps(&[3.0, 10.0, 30.0, 100.0, 300.0])),
            ("transition_regularization", steps(&[3.0, 10.0, 30.0, 100.0])),
            ("past_decay", steps(&[0.0, 0.2, 0.4, 0.6, 0.8])),
            ("future_decay", steps(&[0.0, 0.25, 0.5, 0.75])),
            ("neighbors", steps(&[50, 100, 200])),
        ],
        Method::RepeatBasket(_) => vec![
            ("decay", steps(&[0.6, 0.7, 0.8, 0.9, 0.95, 1.0])),
            ("personal", steps(&[0.03, 0.1, 0.3, 1.0, 3.0])),
            ("popularity", steps(&[0.1, 0.3, 1.0, 3.0])),
            ("transitions", steps(&[0.0, 0.3, 1.0, 3.0])),
            ("regularization", steps(&[30.0, 100.0, 300.0])),
        ],
        _ => Vec::new(),
    }
}

/// A step along one axis, up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    axis: usize,
    up: bool,
}

/// Sizes that are worth all the time that is left.
const GROWING: [&str; 2] = ["rank", "factors"];
/// The cost of a model grows with this power of its size.
const COST_POWER: f64 = 1.5;
/// Hyperparameters that make a fit dearer, and more than in proportion.
const SIZES: [&str; 3] = ["rank", "factors", "neighbors"];

impl Family {
    /// The methods one step away from `from`: first along `last`, the step that led there, then
    /// axis by axis.
    pub(super) fn neighbours(
        &self,
        from: &Method,
        last: Option<Step>,
    ) -> Result<Vec<(Step, Method)>> {
        let all = (0..self.axes.len()).flat_map(|axis| [true, false].map(|up| Step { axis, up }));
        let steps = last.into_iter().chain(all.filter(|s| Some(*s) != last));
        let moved = steps.map(|s| Ok(self.step(from, s)?.map(|m| (s, m))));
        moved.filter_map(Result::transpose).collect()
    }

    /// The largest model of the same settings that takes at most `times` as long, where size is
    /// what makes a model better.
    pub(super) fn grown(&self, from: &Method, times: f64) -> Result<Option<Method>> {
        let Some((name, values)) = self.axes.iter().find(|(name, _)| GROWING.contains(name)) else {
            return Ok(None);
        };
        let now = self.value(from, name)?;
        let fits = |v: &&Value| {
            let ratio = v.as_f64().unwrap_or(f64::NAN) / now;
            ratio > 1.0 && ratio.powf(COST_POWER) <= times
        };
        match values.iter().rev().find(fits) {
            Some(value) => self.with(from, name, value.clone()).map(Some),
            None => Ok(None),
        }
    }

    /// How many times as long as the model it starts from a step may take.
    pub(super) fn cost(&self, Step { axis, up }: Step) -> f64 {
        if up && SIZES.contains(&self.axes[axis].0) { 3.0 } else { 1.2 }
    }

    fn step(&self, from: &Method, Step { axis, up }: Step) -> Result<Option<Method>> {
        let (name, values) = &self.axes[axis];
        let now = self.value(from, name)?;
        let number = |v: &Value| v.as_f64().unwrap_or(f64::NAN);
        // The step that is next to the present value, which need not be one of the steps itself.
        let near = |v: f64| (v - now).abs() < 1e-6 * (1.0 + now.abs());
        let mut beyond = values.iter().filter(|v| !near(number(v)) && (number(v) > now) == up);
        match if up { beyond.next() } else { beyond.next_back() } {
            Some(next) => self.with(from, name, next.clone()).map(Some),
            None => Ok(None),
        }
    }

    /// The value of a hyperparameter.
    fn value(&self, of: &Method, name: &str) -> Result<f64> {
        let json = serde_json::to_value(of).map_err(broken)?;
        let params = json.as_object().and_then(|o| o.values().next());
        Ok(params.and_then(|p| p[name].as_f64()).unwrap_or(f64::NAN))
    }

    /// The method with another value of a hyperparameter.
    fn with(&self, of: &Method, name: &str, value: Value) -> Result<Method> {
        let mut json = serde_json::to_value(of).map_err(broken)?;
        if let Some(params) = json.as_object_mut().and_then(|o| o.values_mut().next()) {
            params[name] = value;
        }
        serde_json::from_value(json).map_err(broken)
    }
}

fn broken(e: serde_json::Error) -> Error {
    Error::internal("a method does not survive JSON").caused_by(e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_step_away_and_the_last_step_comes_first() {
        let start: Method = Als::default().factors(50).into();
        let family = Family { axes: axes(&start), start: start.clone() };
        let around = family.neighbours(&start, None).unwrap();
        let factors: Vec<usize> = around
            .iter()
            .filter_map(|(_, m)| match m {
                Method::Als(a) if a.factors != 50 => Some(a.factors),
                _ => None,
            })
            .collect();
        assert_eq!(factors, [64, 32]);
        let last = Step { axis: 1, up: false };
        let (step, first) = &family.neighbours(&start, Some(last)).unwrap()[0];
        assert_eq!((*step, first), (last, &Als::default().factors(32).into()));
    }

    #[test]
    fn every_axis_names_a_hyperparameter_and_every_step_is_in_its_range() {
        let data = Interactions::builder([1], [1]).times(&[1]).build().unwrap();
        for family in families(&AutoRecommender::default().exclude_seen(false), &data) {
            let json = serde_json::to_value(&family.start).unwrap();
            for (axis, values) in &family.axes {
                for value in values {
                    let mut json = json.clone();
                    let params = json.as_object_mut().unwrap().values_mut().next().unwrap();
                    assert!(params.get(*axis).is_some(), "{axis} of {}", family.start.name());
                    params[*axis] = value.clone();
                    serde_json::from_value::<Method>(json).unwrap().check().unwrap();
                }
            }
        }
    }
}

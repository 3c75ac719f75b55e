//! How a chain is declared: by a builder, or as data.

use super::Chain;
use super::steps::{Kind, Step};
use crate::{AnyModel, Catalog, Model, Rules};
use mercato_core::{Artifact, Error, Id, ItemAttributes, Result};
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where a step gets its model: a file, or a model in memory.
#[derive(Clone)]
pub enum Source {
    /// A file, opened when the chain is built. One that is missing, damaged or of another kind is no
    /// error: the step is unavailable.
    File(PathBuf),
    /// A model.
    Model(Arc<dyn Model>),
}

impl From<&str> for Source {
    fn from(path: &str) -> Self {
        Source::File(path.into())
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Source::File(path.into())
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Source::File(path)
    }
}

impl From<Arc<dyn Model>> for Source {
    fn from(model: Arc<dyn Model>) -> Self {
        Source::Model(model)
    }
}

impl<M: Model + 'static> From<Arc<M>> for Source {
    fn from(model: Arc<M>) -> Self {
        Source::Model(model)
    }
}

enum Declared {
    Of(Kind, Source),
    List(Vec<Id>),
}

/// Declares a [`Chain`].
#[derive(Default)]
pub struct ChainBuilder {
    steps: Vec<(String, Declared)>,
    deadline: Option<Duration>,
    at_least: Option<usize>,
    rules: Option<Arc<Rules>>,
    attributes: Option<ItemAttributes>,
}

impl ChainBuilder {
    fn step(mut self, name: impl Into<String>, step: Declared) -> Self {
        self.steps.push((name.into(), step));
        self
    }

    /// Ranks by a model, for users and histories that it knows.
    #[must_use]
    pub fn model(self, name: impl Into<String>, source: impl Into<Source>) -> Self {
        self.step(name, Declared::Of(Kind::Model, source.into()))
    }

    /// Items similar to the request's item, else to the last five of the history, else to the five
    /// of the user with the largest weights.
    #[must_use]
    pub fn similar(self, name: impl Into<String>, source: impl Into<Source>) -> Self {
        self.step(name, Declared::Of(Kind::Similar, source.into()))
    }

    /// What most users have among the items with the segment's value of an attribute (texts or tags).
    #[must_use]
    pub fn popular_in(
        self,
        name: impl Into<String>,
        source: impl Into<Source>,
        attribute: impl Into<String>,
    ) -> Self {
        self.step(name, Declared::Of(Kind::PopularIn(attribute.into()), source.into()))
    }

    /// What most users have.
    #[must_use]
    pub fn popular(self, name: impl Into<String>, source: impl Into<Source>) -> Self {
        self.step(name, Declared::Of(Kind::Popular, source.into()))
    }

    /// These items in this order; needs no file.
    #[must_use]
    pub fn list<I: Into<Id>>(
        self,
        name: impl Into<String>,
        items: impl IntoIterator<Item = I>,
    ) -> Self {
        self.step(name, Declared::List(items.into_iter().map(Into::into).collect()))
    }

    /// Time for an answer (default: none); see the [module](super).
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Items that a step must give to answer (default 1, at most the number asked for). When no
    /// step gives as many, the longest list answers.
    #[must_use]
    pub fn at_least(mut self, items: usize) -> Self {
        self.at_least = Some(items);
        self
    }

    /// Rules of every step. Where the source of a step lacks an attribute that a rule reads, that
    /// rule is passed over, except `exclude`: then the step is.
    #[must_use]
    pub fn rules(mut self, rules: impl Into<Arc<Rules>>) -> Self {
        self.rules = Some(rules.into());
        self
    }

    /// Attributes of listed items, for filters and rules (default: none; a list then does not answer
    /// requests with filters). Models have their own.
    #[must_use]
    pub fn attributes(mut self, attributes: ItemAttributes) -> Self {
        self.attributes = Some(attributes);
        self
    }

    /// Opens the files and verifies their checksums, each file once.
    ///
    /// # Errors
    /// `invalid_params` for no steps, a repeated name, an empty list or `at_least` of 0;
    /// `invalid_input` for a list that mixes integer and string ids. Not for files.
    pub fn build(self) -> Result<Chain> {
        if self.steps.is_empty() {
            return Err(Error::invalid_params("a chain needs at least 1 step, got none"));
        }
        if self.at_least == Some(0) {
            return Err(Error::invalid_params("at_least must be at least 1, got 0"));
        }
        let mut opened: Vec<(PathBuf, Arc<dyn Model>)> = Vec::new();
        let (mut steps, mut names) = (Vec::new(), Vec::<String>::new());
        for (name, declared) in self.steps {
            if names.contains(&name) {
                return Err(Error::invalid_params(format!("two steps are called {name:?}"))
                    .with("step", name));
            }
            steps.push(match declared {
                Declared::Of(kind, Source::Model(model)) => Step::new(kind, Ok(model)),
                Declared::Of(kind, Source::File(path)) => {
                    let known = opened.iter().find(|(p, _)| *p == path);
                    let model = match known {
                        Some((_, model)) => Ok(model.clone()),
                        None => open(&path),
                    };
                    if let Ok(model) = &model {
                        opened.push((path, model.clone()));
                    }
                    Step::new(kind, model)
                }
                Declared::List(items) => {
                    let mut catalog = Catalog::of_items(&items)?;
                    if let Some(attributes) = &self.attributes {
                        catalog.set_attributes(attributes);
                    }
                    Step::list(catalog)
                }
            });
            names.push(name);
        }
        let at_least = self.at_least.unwrap_or(1);
        let (deadline, rules) = (self.deadline, self.rules);
        Ok(Chain { steps, names: names.into(), deadline, at_least, rules })
    }
}

/// A model whose every byte was checked.
fn open(path: &Path) -> Result<Arc<dyn Model>> {
    let artifact = Artifact::open(path)?;
    artifact.verify()?;
    AnyModel::from_artifact(&artifact).map(AnyModel::into_shared)
}

/// A chain as data.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainData {
    steps: Vec<StepData>,
    #[serde(default)]
    deadline: Option<f64>,
    #[serde(default)]
    at_least: Option<usize>,
    #[serde(default)]
    rules: Option<Rules>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct StepData {
    name: Option<String>,
    model: Option<PathBuf>,
    similar: Option<PathBuf>,
    popular: Option<PathBuf>,
    popular_in: Option<PathBuf>,
    attribute: Option<String>,
    list: Option<Vec<Id>>,
}

impl ChainBuilder {
    /// Reads a chain from JSON-like data; relative paths begin at `folder`.
    ///
    /// ```
    /// use mercato_recsys::{ChainBuilder, Request};
    /// let data = serde_json::json!({
    ///     "steps": [
    ///         {"model": "als.mercato"},
    ///         {"similar": "neighbours.mercato"},
    ///         {"popular_in": "als.mercato", "attribute": "category"},
    ///         {"popular": "als.mercato"},
    ///         {"list": ["tea", "cup"], "name": "editors"},
    ///     ],
    ///     "deadline": 0.02, // seconds
    ///     "rules": [{"exclude": {"items": ["tea"]}}],
    /// });
    /// let chain = ChainBuilder::from_json(&data, "models")?.build()?;
    /// let answer = chain.recommend("ann", 5, &Request::default());
    /// assert_eq!((answer.step(), answer.passed().len()), (Some("editors"), 4));
    /// # Ok::<(), mercato_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_params` for anything outside the grammar.
    pub fn from_json(value: &Value, folder: impl AsRef<Path>) -> Result<Self> {
        let data =
            ChainData::deserialize(value).map_err(|e| Error::invalid_params(e.to_string()))?;
        let mut builder = Self { at_least: data.at_least, ..Self::default() };
        builder.rules = data.rules.map(Arc::new);
        builder.deadline = data.deadline.map(seconds).transpose()?;
        for (at, step) in data.steps.into_iter().enumerate() {
            let StepData { name, model, similar, popular, popular_in, attribute, list } = step;
            let file = |path: PathBuf| Source::File(folder.as_ref().join(path));
            let refuse =
                |why: &str| Error::invalid_params(format!("step {at}: {why}")).with("step", at);
            let mut given: Vec<(&str, Declared)> = Vec::new();
            given.extend(model.map(|p| ("model", Declared::Of(Kind::Model, file(p)))));
            given.extend(similar.map(|p| ("similar", Declared::Of(Kind::Similar, file(p)))));
            given.extend(popular.map(|p| ("popular", Declared::Of(Kind::Popular, file(p)))));
            match (popular_in, attribute) {
                (Some(p), Some(attribute)) => {
                    let kind = Kind::PopularIn(attribute);
                    given.push(("popular_in", Declared::Of(kind, file(p))));
                }
                (None, None) => {}
                _ => return Err(refuse("popular_in goes with an attribute")),
            }
            given.extend(list.map(|items| ("list", Declared::List(items))));
            if given.len() != 1 {
                return Err(refuse("it has one of model, similar, popular_in, popular, list"));
            }
            let (kind, declared) = given.remove(0);
            builder.steps.push((name.unwrap_or_else(|| kind.to_owned()), declared));
        }
        Ok(builder)
    }
}

/// A duration of seconds.
fn seconds(seconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        Error::invalid_params(format!(
            "a deadline is a number of seconds, not negative, got {seconds}"
        ))
    })
}

//! Every estimator and every model under one type, so that lists of them are data.

use crate::model::{Model, Recommender};
use crate::update::Growth;
use crate::{
    Als, AlsModel, Blend, BlendModel, Ease, EaseModel, ItemKnn, ItemKnnModel, Popularity,
    PopularityModel, QuantizedModel, RepeatBasket, RepeatBasketModel, SequenceLinear,
    SequenceLinearModel, Spectral, SpectralModel,
};
use mercato_core::{Artifact, ArtifactWriter, Error, Interactions, Persist, Result, Run};
use serde::{Deserialize, Serialize};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

macro_rules! methods {
    (
        $($name:ident => $model:ident),+ $(,)?;
        $($served:ident => $serving:ident),+ $(,)?
    ) => {
        /// Any recommendation method with its hyperparameters; in JSON, `{"als": {"factors": 32}}`.
        ///
        /// ```
        /// use mercato_recsys::{Als, ItemKnn, Method};
        /// let methods: Vec<Method> = vec![Als::default().into(), ItemKnn::default().into()];
        /// assert_eq!(methods[1].name(), "ItemKnn");
        /// ```
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Method {
            $(
                #[doc = concat!("See [`", stringify!($name), "`].")]
                $name($name)
            ),+
        }

        impl Method {
            /// The estimator's name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Method::$name(_) => stringify!($name)),+ }
            }

            /// Checks the hyperparameters.
            ///
            /// # Errors
            /// `invalid_params`.
            pub fn check(&self) -> Result<()> {
                match self { $(Method::$name(m) => m.check()),+ }
            }

            /// Fits the model; see the `fit` of each estimator.
            ///
            /// # Errors
            /// Those of the estimator.
            pub fn fit(&self, data: &Interactions, run: &Run) -> Result<AnyModel> {
                match self { $(Method::$name(m) => m.fit(data, run).map(AnyModel::$name)),+ }
            }
        }

        /// A model of any method. It derefs to [`Model`], so it answers whatever a model does.
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub enum AnyModel {
            $(
                #[doc = concat!("See [`", stringify!($model), "`].")]
                $name($model),
            )+
            $(
                #[doc = concat!("See [`", stringify!($serving), "`].")]
                $served($serving),
            )+
        }

        impl AnyModel {
            /// The model after the events of `growth`; see [`Model::updated`].
            ///
            /// # Errors
            /// Those of the model; `unsupported` for models that must be fitted again.
            pub fn updated(&self, growth: &Growth, run: &Run) -> Result<Self> {
                match self {
                    $(AnyModel::$name(m) => m.updated(growth, run).map(AnyModel::$name),)+
                    $(AnyModel::$served(m) => m.updated(growth, run).map(AnyModel::$served),)+
                }
            }

            /// The model after more events; see
            /// [`Recommender::update`](crate::Recommender::update).
            ///
            /// # Errors
            /// As there.
            pub fn update(&self, more: &Interactions, run: &Run) -> Result<Self> {
                match self {
                    $(AnyModel::$name(m) => m.update(more, run).map(AnyModel::$name),)+
                    $(AnyModel::$served(m) => m.update(more, run).map(AnyModel::$served),)+
                }
            }

            /// The model without its kind, to be shared.
            #[must_use]
            pub fn into_shared(self) -> Arc<dyn Model> {
                match self {
                    $(AnyModel::$name(m) => Arc::new(m),)+
                    $(AnyModel::$served(m) => Arc::new(m),)+
                }
            }

            /// The model in an opened artifact of any recommendation kind.
            ///
            /// # Errors
            /// `corrupt_artifact`, `unsupported_version`; `wrong_kind` for other kinds.
            pub fn from_artifact(a: &Artifact) -> Result<Self> {
                match a.kind() {
                    $($model::KIND => $model::from_artifact(a).map(AnyModel::$name),)+
                    $($serving::KIND => $serving::from_artifact(a).map(AnyModel::$served),)+
                    kind => Err(Error::wrong_kind(format!(
                        "the artifact holds {kind}, which is no recommendation model"
                    ))
                    .with("kind", kind)),
                }
            }

            /// The artifact, ready to be written: that of the model inside.
            ///
            /// # Errors
            /// `internal` for an invalid section name.
            pub fn to_artifact(&self) -> Result<ArtifactWriter<'_>> {
                match self {
                    $(AnyModel::$name(m) => m.to_artifact(),)+
                    $(AnyModel::$served(m) => m.to_artifact(),)+
                }
            }
        }

        impl Deref for AnyModel {
            type Target = dyn Model;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(AnyModel::$name(m) => m,)+
                    $(AnyModel::$served(m) => m,)+
                }
            }
        }

        impl DerefMut for AnyModel {
            fn deref_mut(&mut self) -> &mut Self::Target {
                match self {
                    $(AnyModel::$name(m) => m,)+
                    $(AnyModel::$served(m) => m,)+
                }
            }
        }

        $(
            impl From<$name> for Method {
                fn from(m: $name) -> Self { Method::$name(m) }
            }

            impl From<$model> for AnyModel {
                fn from(m: $model) -> Self { AnyModel::$name(m) }
            }
        )+

        $(
            impl From<$serving> for AnyModel {
                fn from(m: $serving) -> Self { AnyModel::$served(m) }
            }
        )+
    };
}

methods! {
    Als => AlsModel,
    Blend => BlendModel,
    Ease => EaseModel,
    ItemKnn => ItemKnnModel,
    Popularity => PopularityModel,
    RepeatBasket => RepeatBasketModel,
    SequenceLinear => SequenceLinearModel,
    Spectral => SpectralModel;
    // Made from other models, not fitted.
    Quantized => QuantizedModel,
}

impl AnyModel {
    /// Opens by memory-mapping, in constant time; see [`Artifact::open`].
    ///
    /// # Errors
    /// `io`, and as [`from_artifact`](Self::from_artifact).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_artifact(&Artifact::open(path)?)
    }

    /// Reads into memory and verifies every checksum.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_artifact(&Artifact::load(path)?)
    }

    /// Saves atomically: a crash leaves the old file or the new one.
    ///
    /// # Errors
    /// `io`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.to_artifact()?.save(path)
    }
}

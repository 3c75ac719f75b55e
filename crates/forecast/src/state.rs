//! What is kept of a series after a fit: enough to forecast, to give a spread, and to absorb one
//! more observation in constant time.

use crate::ces::CesState;
use crate::combine::Combination;
use crate::conformal::ConformalState;
use crate::ets::EtsState;
use crate::intermittent::IntermittentState;
use crate::mstl::MstlState;
use crate::simple::{DriftState, LevelState, SeasonalState};
use crate::theta::ThetaState;

/// The behaviour that every kind of state has.
pub(crate) trait State: Sized {
    /// Writes the forecasts of the next `out.len()` steps.
    fn mean(&self, out: &mut [f64]);
    /// Standard deviations of the forecast errors at the same steps, given those means.
    fn deviations(&self, mean: &[f64]) -> Vec<f64>;
    /// Limits of one step (counted from 0) that hold with `level` percent.
    fn limits(&self, _step: usize, mean: f64, deviation: f64, level: f64) -> (f64, f64) {
        crate::ets::normal_limits(mean, deviation, level)
    }
    /// Absorbs the next observation; NaN = missing. Constant time.
    fn update(&mut self, y: f64);
    /// Appends the numbers that [`read`](Self::read) needs.
    fn write(&self, out: &mut Vec<f64>);
    /// Reads what [`write`](Self::write) wrote; `None` when the numbers make no state.
    fn read(r: &mut Reader<'_>) -> Option<Self>;
    /// The model's usual name, for example `ETS(M,Ad,N)`.
    fn label(&self) -> String;
}

/// Takes numbers off an untrusted record.
pub(crate) struct Reader<'a> {
    rest: &'a [f64],
    /// How many compositions the record has been entered through.
    depth: usize,
}

impl<'a> Reader<'a> {
    pub fn new(record: &'a [f64]) -> Self {
        Self { rest: record, depth: 0 }
    }
    pub fn number(&mut self) -> Option<f64> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }
    /// A whole number below `limit`.
    pub fn count(&mut self, limit: usize) -> Option<usize> {
        let v = self.number()?;
        (v >= 0.0 && v.fract() == 0.0 && v < limit as f64).then_some(v as usize)
    }
    pub fn slice(&mut self, len: usize) -> Option<&'a [f64]> {
        let (head, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(head)
    }
    /// A length and that many numbers.
    pub fn vector(&mut self) -> Option<Vec<f64>> {
        let len = self.count(self.rest.len() + 1)?;
        Some(self.slice(len)?.to_vec())
    }
    /// Reads a part of a composition. Compositions nest three deep at most, which bounds the
    /// recursion that a damaged record can cause.
    pub fn inner<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= 4 {
            return None;
        }
        self.depth += 1;
        let part = read(self);
        self.depth -= 1;
        part
    }
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Appends a length and that many numbers.
pub(crate) fn write_vector(v: &[f64], out: &mut Vec<f64>) {
    out.push(v.len() as f64);
    out.extend_from_slice(v);
}

macro_rules! kinds {
    ($($variant:ident($state:ty) = $code:literal),+ $(,)?) => {
        /// The state of one series.
        #[derive(Debug, Clone)]
        pub(crate) enum Fitted { $($variant($state)),+ }

        $(impl From<$state> for Fitted {
            fn from(s: $state) -> Self { Fitted::$variant(s) }
        })+

        impl State for Fitted {
            fn mean(&self, out: &mut [f64]) {
                match self { $(Fitted::$variant(s) => s.mean(out)),+ }
            }
            fn deviations(&self, mean: &[f64]) -> Vec<f64> {
                match self { $(Fitted::$variant(s) => s.deviations(mean)),+ }
            }
            fn limits(&self, step: usize, mean: f64, deviation: f64, level: f64) -> (f64, f64) {
                match self { $(Fitted::$variant(s) => s.limits(step, mean, deviation, level)),+ }
            }
            fn update(&mut self, y: f64) {
                match self { $(Fitted::$variant(s) => s.update(y)),+ }
            }
            fn write(&self, out: &mut Vec<f64>) {
                match self { $(Fitted::$variant(s) => { out.push(f64::from($code)); s.write(out) }),+ }
            }
            fn read(r: &mut Reader<'_>) -> Option<Self> {
                // The codes are part of the file format.
                match r.count(256)? {
                    $($code => <$state>::read(r).map(Fitted::$variant),)+
                    _ => None,
                }
            }
            fn label(&self) -> String {
                match self { $(Fitted::$variant(s) => s.label()),+ }
            }
        }
    };
}

kinds! {
    Level(LevelState) = 1,
    Seasonal(SeasonalState) = 2,
    Drift(DriftState) = 3,
    Ets(EtsState) = 4,
    Theta(ThetaState) = 5,
    Ces(CesState) = 6,
    Intermittent(IntermittentState) = 7,
    Combined(Combination) = 8,
    Conformal(ConformalState) = 9,
    Mstl(MstlState) = 10,
}

/// Why a method could not be fitted to a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The series has no observation at all.
    NoObservations,
    /// Fewer observations than the method needs.
    TooShort,
    /// The method needs positive values.
    NotPositive,
    /// The estimation found no finite optimum.
    NoOptimum,
    /// The deadline passed before the series' turn.
    Deadline,
}

impl Reason {
    /// The stable name, equal to its serialised form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NoObservations => "no_observations",
            Reason::TooShort => "too_short",
            Reason::NotPositive => "not_positive",
            Reason::NoOptimum => "no_optimum",
            Reason::Deadline => "deadline",
        }
    }
}

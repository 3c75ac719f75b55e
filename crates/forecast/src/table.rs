//! Forecasts as columns.

/// Limits that hold with a given probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// Percent, for example 80.
    pub level: f64,
    /// Lower limits, aligned with [`Forecast::mean`].
    pub lo: Vec<f64>,
    /// Upper limits.
    pub hi: Vec<f64>,
}

/// Forecasts of a panel: for every series that has one, `horizon` consecutive rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    pub(crate) horizon: usize,
    pub(crate) ids: Vec<String>,
    pub(crate) integer_ids: bool,
    pub(crate) timestamps: Vec<i64>,
    pub(crate) mean: Vec<f64>,
    pub(crate) intervals: Vec<Interval>,
}

impl Forecast {
    /// Steps per series.
    #[must_use]
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// One id per series; series number `i` has the rows `i * horizon ..`.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Whether the caller's ids are integers, which [`ids`](Self::ids) spells in decimal.
    #[must_use]
    pub fn has_integer_ids(&self) -> bool {
        self.integer_ids
    }

    /// One timestamp per row, as the panel's calendar understands it.
    #[must_use]
    pub fn timestamps(&self) -> &[i64] {
        &self.timestamps
    }

    /// One point forecast per row.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The limits, one entry per level asked for.
    #[must_use]
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// The point forecasts of one series.
    #[must_use]
    pub fn of(&self, id: &str) -> Option<&[f64]> {
        let at = self.ids.iter().position(|i| i == id)?;
        self.mean.get(at * self.horizon..(at + 1) * self.horizon)
    }
}

/// What to predict besides the mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PredictOptions {
    /// Interval levels in percent, each in 0..100 exclusive (default none).
    pub levels: Vec<f64>,
}

impl PredictOptions {
    /// Sets the interval levels.
    #[must_use]
    pub fn levels(mut self, levels: impl Into<Vec<f64>>) -> Self {
        self.levels = levels.into();
        self
    }
}

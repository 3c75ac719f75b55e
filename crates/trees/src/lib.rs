//! Histogram gradient boosting, one engine for forecasting panels with covariates now, and for
//! ranking and marketing later.
//!
//! The place is kept and nothing stands here yet: the engine comes with the first model that needs
//! it. It will bin features once, grow trees leaf-wise on gradient histograms, and give the same
//! bytes for any number of threads.

#![deny(missing_docs)]

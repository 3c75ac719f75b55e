//! Inner loops that are compiled once per instruction set.

pub(crate) mod descent;

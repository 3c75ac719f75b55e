//! The search: ruin and recreate under simulated annealing.
//!
//! What it is: slack-induced string removal (Christiaens & Vanden Berghe, "Slack Induction by String
//! Removals for Vehicle Routing Problems", 2020) from a savings or greedy start. When to choose it: always; it is the only search
//! here, and every rule of the problem reaches it through `aspects`. Cost: a few microseconds per
//! iteration, independent of the number of clients; memory linear in clients, plus one distance
//! table of 4 bytes per pair for up to 3,000 nodes.
//!
//! Where we differ: insertion looks at positions beside a client's nearest neighbours rather than
//! at every position, and falls back to every position only when none of those fits; an iteration
//! copies the routes it touches and nothing else; temperatures are multiples of the mean cost of a
//! leg, so that they fit instances of any scale.

pub(crate) mod anneal;
mod arith;
pub(crate) mod neighbours;
mod recreate;
mod ruin;
mod savings;
pub(crate) mod state;

//! Train and test parts that share the id maps.

use super::Interactions;
use crate::{Error, Result, Rng};

/// Row-wise columns of one part of a split.
#[derive(Default)]
struct Part {
    rows: Vec<u32>,
    columns: Vec<u32>,
    weights: Vec<f32>,
    times: Vec<i64>,
}

impl Part {
    fn push(&mut self, user: usize, item: u32, weight: f32, time: Option<i64>) {
        self.rows.push(user as u32);
        self.columns.push(item);
        self.weights.push(weight);
        self.times.extend(time);
    }

    fn build(&self, like: &Interactions) -> Result<Interactions> {
        let times = like.has_times().then_some(self.times.as_slice());
        Interactions::from_dense(
            like.users.clone(),
            like.items.clone(),
            &self.rows,
            &self.columns,
            Some(&self.weights),
            times,
        )
    }
}

impl Interactions {
    /// Holds out each (user, item) pair with probability `test`. Which pairs, depends on `seed`
    /// alone. All events of a pair go to the same side.
    ///
    /// # Errors
    /// `invalid_params` unless `0 < test < 1`.
    pub fn split_random(&self, test: f64, seed: u64) -> Result<(Self, Self)> {
        if !(test > 0.0 && test < 1.0) {
            return Err(Error::invalid_params(format!(
                "the test share must be between 0 and 1, got {test}"
            )));
        }
        self.split_by(|user| {
            let items = self.matrix.row(user).0;
            let mut rng = Rng::stream(seed, user as u64);
            let held: Vec<bool> = items.iter().map(|_| rng.unit() < test).collect();
            move |_, item| items.binary_search(&item).is_ok_and(|at| held[at])
        })
    }

    /// Events at or after `at` are the test part: what a model would have met after being trained
    /// at that moment.
    ///
    /// # Errors
    /// `invalid_input` when there are no times.
    pub fn split_time(&self, at: i64) -> Result<(Self, Self)> {
        self.need_times("split_time")?;
        self.split_by(|user| {
            let times = self.events(user).map_or(&[][..], |e| e.times);
            move |event, _| times[event] >= at
        })
    }

    /// The last `n` events of every user are the test part; users with `n` events or fewer keep
    /// all of them in the train part.
    ///
    /// # Errors
    /// `invalid_input` when there are no times, `invalid_params` when `n` is 0.
    pub fn split_last(&self, n: usize) -> Result<(Self, Self)> {
        self.need_times("split_last")?;
        if n == 0 {
            return Err(Error::invalid_params("n must be at least 1, got 0"));
        }
        self.split_by(|user| {
            let len = self.events(user).map_or(0, |e| e.times.len());
            move |event, _| len > n && event >= len - n
        })
    }

    fn need_times(&self, what: &str) -> Result<()> {
        if self.has_times() {
            return Ok(());
        }
        Err(Error::invalid_input(format!("{what} needs interactions with times")))
    }

    /// Splits by any rule: `side(user)` gives a predicate over (position, item) that says what goes
    /// to the second part. Positions count the user's events from the oldest, or its pairs in dense
    /// order when there are no times. Both parts know all ids.
    ///
    /// # Errors
    /// None today; a `Result` as the other splits.
    pub fn split_by<F: Fn(usize, u32) -> bool>(
        &self,
        side: impl Fn(usize) -> F,
    ) -> Result<(Self, Self)> {
        let mut parts = [Part::default(), Part::default()];
        for user in 0..self.n_users() {
            let is_test = side(user);
            if let Some(e) = self.events(user) {
                for i in 0..e.items.len() {
                    let part = &mut parts[usize::from(is_test(i, e.items[i]))];
                    part.push(user, e.items[i], e.weights[i], Some(e.times[i]));
                }
            } else {
                let (items, weights) = self.matrix.row(user);
                for (i, (&item, &weight)) in items.iter().zip(weights).enumerate() {
                    parts[usize::from(is_test(i, item))].push(user, item, weight, None);
                }
            }
        }
        Ok((parts[0].build(self)?, parts[1].build(self)?))
    }
}

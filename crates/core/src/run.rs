//! How to run: seed, threads, progress, cancellation and deadline, in one value.

use crate::{Error, Result, Rng};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// What a progress callback is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The stage of the work, for example `"als"`.
    pub stage: &'static str,
    /// Steps finished so far.
    pub done: u64,
    /// Steps in all; 0 when unknown.
    pub total: u64,
    /// Time since the stage began.
    pub elapsed: Duration,
}

/// A switch that stops a run from another thread. Clones share the switch.
///
/// ```
/// use mercato_core::{CancelToken, ErrorCode, Run};
/// let token = CancelToken::new();
/// let run = Run::seed(7).with_cancel(&token);
/// token.cancel();
/// assert_eq!(run.check().unwrap_err().code(), ErrorCode::Cancelled);
/// ```
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<Switch>);

#[derive(Debug, Default)]
struct Switch {
    on: AtomicBool,
    parent: Option<CancelToken>,
    /// How often the token may still be asked before it cancels itself.
    fuse: Option<AtomicU64>,
}

impl CancelToken {
    /// A token that has not been cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that is cancelled with this one, and also by itself: bindings stop one call with it
    /// without touching the caller's token.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(Arc::new(Switch { parent: Some(self.clone()), ..Switch::default() }))
    }

    /// A token that answers "go on" to this many questions and then is cancelled. Tests use it to
    /// stop work at every point at which work can be stopped.
    #[doc(hidden)]
    #[must_use]
    pub fn after(questions: u64) -> Self {
        Self(Arc::new(Switch { fuse: Some(AtomicU64::new(questions)), ..Switch::default() }))
    }

    /// Asks every run that holds this token to stop at its next step.
    pub fn cancel(&self) {
        self.0.on.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called, here or on a token this one is a child of.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        let Switch { on, parent, fuse } = &*self.0;
        let burnt = |f: &AtomicU64| {
            f.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err()
        };
        on.load(Ordering::Relaxed)
            || fuse.as_ref().is_some_and(burnt)
            || parent.as_ref().is_some_and(Self::is_cancelled)
    }
}

/// Why work should end early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The caller cancelled.
    Cancelled,
    /// The deadline passed.
    Deadline,
}

type ProgressFn = Arc<dyn Fn(&Progress) + Send + Sync>;

/// How to run long work. What to compute is in the estimator; `Run` changes only how.
///
/// The same seed gives the same result for any number of threads.
///
/// ```
/// use mercato_core::Run;
/// use std::time::Duration;
/// let run = Run::seed(7).with_threads(2).with_deadline(Duration::from_secs(60));
/// let sum: u64 = run.install(|| (0..10u64).sum())?;
/// assert_eq!(sum, 45);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Run {
    seed: u64,
    threads: Option<usize>,
    progress: Option<ProgressFn>,
    cancel: CancelToken,
    deadline: Option<Instant>,
    pool: Arc<OnceLock<rayon::ThreadPool>>,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("seed", &self.seed)
            .field("threads", &self.threads())
            .field("progress", &self.progress.is_some())
            .field("cancelled", &self.cancel.is_cancelled())
            .field("deadline", &self.deadline)
            .finish()
    }
}

impl Run {
    /// A run with this seed, all cores, no progress and no deadline.
    #[must_use]
    pub fn seed(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Uses `threads` threads; 0 means all cores, which is also the default.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = (threads > 0).then_some(threads);
        self.pool = Arc::default();
        self
    }

    /// Calls `report` as work advances, at most about 20 times a second, from worker threads.
    #[must_use]
    pub fn with_progress(mut self, report: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(report));
        self
    }

    /// Stops when `token` is cancelled.
    #[must_use]
    pub fn with_cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = token.clone();
        self
    }

    /// Stops `after` this long from now. Methods that can give a best answer so far do so;
    /// the others fail with `deadline_exceeded`.
    #[must_use]
    pub fn with_deadline(mut self, after: Duration) -> Self {
        self.deadline = Instant::now().checked_add(after);
        self
    }

    /// A run inside this one that must end within `budget`, and never after this run's own
    /// deadline. Shares the cancel token and the threads; reports no progress of its own.
    #[must_use]
    pub fn within(&self, budget: Duration) -> Self {
        let inner = Instant::now().checked_add(budget);
        let deadline = match (self.deadline, inner) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { deadline, progress: None, ..self.clone() }
    }

    /// The seed.
    #[must_use]
    pub fn seed_value(&self) -> u64 {
        self.seed
    }

    /// How many threads work uses.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// The random generator of one task of this run. Numbers depend on the seed and `stream`
    /// alone, never on which thread asks or when.
    #[must_use]
    pub fn rng(&self, stream: u64) -> Rng {
        Rng::stream(self.seed, stream)
    }

    /// Time left until the deadline; `None` when there is none.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|d| d.saturating_duration_since(Instant::now()))
    }

    /// Whether to stop now, and why. Cheap enough for every outer iteration.
    #[must_use]
    pub fn stop(&self) -> Option<Stop> {
        if self.cancel.is_cancelled() {
            Some(Stop::Cancelled)
        } else if self.deadline.is_some_and(|d| Instant::now() >= d) {
            Some(Stop::Deadline)
        } else {
            None
        }
    }

    /// Fails when the run should stop.
    ///
    /// # Errors
    /// `cancelled`, `deadline_exceeded`.
    pub fn check(&self) -> Result<()> {
        match self.stop() {
            None => Ok(()),
            Some(Stop::Cancelled) => Err(Error::cancelled("the run was cancelled")),
            Some(Stop::Deadline) => {
                Err(Error::deadline_exceeded("the deadline passed before the work was done"))
            }
        }
    }

    /// Runs `work` inside this run's own thread pool, so that `rayon` iterators in it use
    /// [`threads`](Self::threads) threads and never the process-wide pool.
    ///
    /// # Errors
    /// `internal` when the operating system gives no threads.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> Result<R> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool.install(work));
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads())
            .thread_name(|i| format!("mercato-{i}"))
            .build()
            .map_err(|e| Error::internal(format!("cannot start threads: {e}")).caused_by(e))?;
        Ok(self.pool.get_or_init(|| pool).install(work))
    }

    /// Begins a stage of `total` steps (0 when unknown) whose [`Task::tick`] reports progress and
    /// notices cancellation.
    #[must_use]
    pub fn stage(&self, stage: &'static str, total: u64) -> Task<'_> {
        Task {
            run: self,
            stage,
            total,
            done: AtomicU64::new(0),
            started: Instant::now(),
            reported_ms: AtomicU64::new(0),
        }
    }
}

/// One stage of a run, shared by its worker threads.
pub struct Task<'a> {
    run: &'a Run,
    stage: &'static str,
    total: u64,
    done: AtomicU64,
    started: Instant,
    /// Milliseconds since `started` of the last report, plus one.
    reported_ms: AtomicU64,
}

/// Progress goes out at most this often (milliseconds).
const REPORT_EVERY_MS: u64 = 50;

impl Task<'_> {
    /// Counts `steps` as done, reports, and fails when the run should stop. Call it at least every
    /// 50 ms of work.
    ///
    /// # Errors
    /// `cancelled`, `deadline_exceeded`.
    pub fn tick(&self, steps: u64) -> Result<()> {
        self.advance(steps);
        self.run.check()
    }

    /// Counts `steps` as done and reports, without looking at the stop signals: for work that
    /// answers [`Run::stop`] itself with its best result so far.
    pub fn advance(&self, steps: u64) {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        let Some(report) = &self.run.progress else { return };
        let elapsed = self.started.elapsed();
        let now = elapsed.as_millis() as u64 + 1;
        let last = self.reported_ms.load(Ordering::Relaxed);
        let due = last == 0 || now >= last + REPORT_EVERY_MS || done == self.total;
        let won = due
            && self
                .reported_ms
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if won || done == self.total {
            report(&Progress { stage: self.stage, done, total: self.total, elapsed });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use rayon::prelude::*;

    #[test]
    fn install_uses_its_own_pool_of_the_asked_size() {
        let run = Run::seed(0).with_threads(3);
        let names = run
            .install(|| {
                (rayon::current_num_threads(), std::thread::current().name().map(str::to_owned))
            })
            .unwrap();
        assert_eq!(names.0, 3);
        assert!(names.1.unwrap().starts_with("mercato-"));
    }

    #[test]
    fn the_last_step_is_always_reported() {
        let seen = Arc::new(AtomicU64::new(0));
        let sink = seen.clone();
        let run = Run::seed(0).with_threads(2).with_progress(move |p| {
            sink.fetch_max(p.done, Ordering::Relaxed);
        });
        let task = run.stage("test", 1000);
        run.install(|| (0..1000).into_par_iter().try_for_each(|_| task.tick(1))).unwrap().unwrap();
        assert_eq!(seen.load(Ordering::Relaxed), 1000);
    }

    #[test]
    fn a_child_token_stops_with_its_parent_and_not_the_other_way_round() {
        let parent = CancelToken::new();
        let (a, b) = (parent.child(), parent.child());
        a.cancel();
        assert!(a.is_cancelled() && !b.is_cancelled() && !parent.is_cancelled());
        parent.cancel();
        assert!(b.is_cancelled());
    }

    #[test]
    fn a_fuse_burns_after_so_many_questions() {
        let run = Run::seed(0).with_cancel(&CancelToken::after(2));
        let answers: Vec<bool> = (0..4).map(|_| run.check().is_ok()).collect();
        assert_eq!(answers, [true, true, false, false]);
    }

    #[test]
    fn a_passed_deadline_is_a_typed_error() {
        let run = Run::seed(0).with_deadline(Duration::ZERO);
        assert_eq!(run.check().unwrap_err().code(), ErrorCode::DeadlineExceeded);
        assert_eq!(Run::seed(0).within(Duration::ZERO).stop(), Some(Stop::Deadline));
    }
}

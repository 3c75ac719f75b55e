//! How long work is run from Python: the keyword arguments of [`Run`], the interpreter released,
//! Ctrl-C noticed, progress delivered, and a panic turned into an error.

use crate::error::{Fail, Result};
use mercato::{CancelToken, Error, Progress, Run};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How often the waiting thread looks for Ctrl-C.
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// Runs short work directly on this thread with the interpreter released.
pub fn short<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> mercato::Result<T> + Send,
) -> Result<T> {
    py.detach(|| guarded(work)).map_err(Fail::Core)
}

/// Runs long work on a thread of its own, as `options` (the keyword arguments) say, while this one
/// waits with the interpreter released, hands progress to Python and looks for Ctrl-C. Whatever a
/// callback or a signal handler raises cancels the work and is raised here.
pub fn long<T: Send>(
    py: Python<'_>,
    options: Option<&Bound<'_, PyDict>>,
    work: impl FnOnce(&Run) -> mercato::Result<T> + Send,
) -> Result<T> {
    let Options { mut run, report, cancel } = Options::parse(py, options)?;
    // `None` says that the work is over.
    let (events, inbox) = channel::<Option<Progress>>();
    if report.is_some() {
        let events = events.clone();
        run = run.with_progress(move |p| {
            // The receiver outlives the work; a send can only fail once nobody cares any more.
            let _ = events.send(Some(p.clone()));
        });
    }
    let mut raised = None;
    let outcome = py.detach(|| {
        let inbox = inbox; // moved in: a receiver may not be shared
        std::thread::scope(|scope| {
            let working = scope.spawn(|| {
                let outcome = guarded(|| work(&run));
                let _ = events.send(None);
                outcome
            });
            loop {
                let progress = match inbox.recv_timeout(LOOK_EVERY) {
                    Err(RecvTimeoutError::Timeout) => None,
                    Ok(Some(progress)) => Some(progress),
                    Ok(None) | Err(RecvTimeoutError::Disconnected) => break,
                };
                if raised.is_none() {
                    raised = Python::attach(|py| look(py, report.as_ref(), progress)).err();
                    if raised.is_some() {
                        cancel.cancel();
                    }
                }
            }
            working.join().unwrap_or_else(|_| Err(Error::internal("the working thread is gone")))
        })
    });
    if let Some(report) = report.filter(|r| r.bind(py).hasattr("close").unwrap_or(false)) {
        report.call_method0(py, "close")?;
    }
    raised.map_or_else(|| outcome.map_err(Fail::Core), |e| Err(Fail::Py(e)))
}

/// Runs pending signal handlers, then the caller's progress callback.
fn look(py: Python<'_>, report: Option<&Py<PyAny>>, progress: Option<Progress>) -> PyResult<()> {
    py.check_signals()?;
    if let (Some(report), Some(progress)) = (report, progress) {
        report.call1(py, (PyProgress(progress),))?;
    }
    Ok(())
}

/// A panic is a defect of ours: it becomes `internal`, and the process lives.
fn guarded<T>(work: impl FnOnce() -> mercato::Result<T>) -> mercato::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(Error::internal(format!("a defect in mercato, please report it: {text}")))
    })
}

/// The keyword arguments `seed, threads, progress, deadline, cancel`.
struct Options {
    run: Run,
    report: Option<Py<PyAny>>,
    cancel: CancelToken,
}

impl Options {
    fn parse(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let mut seed = 0;
        let mut threads = 0;
        let mut deadline = None;
        let mut report = None;
        let mut cancel = CancelToken::new();
        for (key, value) in options.into_iter().flatten() {
            let key: String = key.extract()?;
            let refuse = |range: &str| {
                let got = value.repr().map(|r| r.to_string()).unwrap_or_default();
                Error::invalid_params(format!("{key} must be {range}, got {got}"))
                    .with("parameter", &key)
            };
            match key.as_str() {
                "seed" => {
                    seed = value.extract::<u64>().map_err(|_| refuse("an integer in 0..2**64"))?;
                }
                _ if key != "progress" && value.is_none() => {}
                "threads" => {
                    threads = value.extract::<u16>().map_err(|_| refuse("in 1..=65535 or None"))?;
                }
                "deadline" => {
                    let seconds = value.extract::<f64>().ok();
                    let duration = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
                    deadline = Some(duration.ok_or_else(|| refuse("seconds, 0 or more, or None"))?);
                }
                "cancel" => {
                    let token = value.cast::<PyCancelToken>();
                    cancel = token.map_err(|_| refuse("a CancelToken or None"))?.get().0.child();
                }
                "progress" => {
                    report = match value.cast::<PyBool>() {
                        Ok(flag) if flag.is_true() => {
                            Some(py.import("mercato._progress")?.getattr("Bar")?.call0()?.unbind())
                        }
                        Ok(_) => None,
                        Err(_) if value.is_callable() => Some(value.unbind()),
                        Err(_) => return Err(refuse("True, False or a callable").into()),
                    };
                }
                _ => {
                    return Err(Error::invalid_params(format!(
                        "unknown run option {key}: seed, threads, progress, deadline and cancel are known"
                    ))
                    .with("parameter", &key)
                    .into());
                }
            }
        }
        let mut run = Run::seed(seed).with_threads(threads.into()).with_cancel(&cancel);
        if let Some(deadline) = deadline {
            run = run.with_deadline(deadline);
        }
        Ok(Self { run, report, cancel })
    }
}

/// What a progress callback is told.
#[pyclass(name = "Progress", module = "mercato", frozen)]
struct PyProgress(Progress);

#[pymethods]
impl PyProgress {
    /// The stage of the work, for example "als".
    #[getter]
    fn stage(&self) -> &'static str {
        self.0.stage
    }

    /// Steps finished so far.
    #[getter]
    fn done(&self) -> u64 {
        self.0.done
    }

    /// Steps in all; 0 when unknown.
    #[getter]
    fn total(&self) -> u64 {
        self.0.total
    }

    /// Seconds since the stage began.
    #[getter]
    fn elapsed(&self) -> f64 {
        self.0.elapsed.as_secs_f64()
    }

    fn __repr__(&self) -> String {
        let Progress { stage, done, total, elapsed } = &self.0;
        format!("Progress(stage='{stage}', done={done}, total={total}, elapsed={elapsed:.3?})")
    }
}

/// A switch that stops running work from another thread.
///
/// Pass it as `cancel=` to any number of calls; after `cancel()` each raises `CancelledError`.
#[pyclass(name = "CancelToken", module = "mercato", frozen)]
pub struct PyCancelToken(CancelToken);

#[pymethods]
impl PyCancelToken {
    #[new]
    fn new() -> Self {
        Self(CancelToken::new())
    }

    /// Asks every call that holds this token to stop at its next step.
    fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether `cancel()` was called.
    #[getter]
    fn cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn __repr__(&self) -> String {
        format!("CancelToken(cancelled={})", if self.cancelled() { "True" } else { "False" })
    }
}

/// Adds `Progress` and `CancelToken`, and the hidden hooks of the tests.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyProgress>()?;
    m.add_class::<PyCancelToken>()?;
    m.setattr("_test_panic", wrap_pyfunction!(_test_panic, m)?)?;
    m.setattr("_test_work", wrap_pyfunction!(_test_work, m)?)
}

/// A test hook: busy work of `steps` milliseconds that ticks.
#[pyfunction]
#[pyo3(signature = (steps, **run))]
fn _test_work(py: Python<'_>, steps: u64, run: Option<&Bound<'_, PyDict>>) -> Result<u64> {
    long(py, run, |run| {
        let task = run.stage("test", steps);
        for _ in 0..steps {
            let until = std::time::Instant::now() + Duration::from_millis(1);
            while std::time::Instant::now() < until {}
            task.tick(1)?;
        }
        Ok(steps)
    })
}

/// A test hook: a panic inside a long or a short call.
#[pyfunction]
fn _test_panic(py: Python<'_>, long: bool) -> Result<()> {
    let fall = || -> mercato::Result<()> { panic!("asked to panic") };
    if long { self::long(py, None, |_| fall()) } else { short(py, fall) }
}

//! How long work is run from Node: off the event loop, with progress, `AbortSignal` and a deadline.

use crate::convert::known_keys;
use crate::error::{guarded, raise};
use mercato::{CancelToken, Error, Run};
use napi::bindgen_prelude::*;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a progress callback is told.
#[napi(object)]
pub struct Progress {
    /// The stage of the work, for example "als".
    pub stage: String,
    /// Steps finished so far.
    pub done: f64,
    /// Steps in all; 0 when unknown.
    pub total: f64,
    /// Seconds since the stage began.
    pub elapsed: f64,
}

/// The first thing that a progress callback threw.
type Thrown = Arc<Mutex<Option<napi::Error>>>;
type Job<T> = Box<dyn FnOnce(&Run) -> mercato::Result<T> + Send>;

/// Long work on a thread of Node's pool.
pub struct Work<T> {
    run: Run,
    job: Option<Job<T>>,
    thrown: Thrown,
}

/// A promise of what `job` gives, run as `options` say.
pub fn long<T: ToNapiValue + TypeName + Send + 'static>(
    env: &Env,
    options: Option<&Object<'_>>,
    job: impl FnOnce(&Run) -> mercato::Result<T> + Send + 'static,
) -> Result<AsyncTask<Work<T>>> {
    let thrown = Thrown::default();
    let run = parse(env, options, &thrown)?;
    Ok(AsyncTask::new(Work { run, job: Some(Box::new(job)), thrown }))
}

impl<T: ToNapiValue + TypeName + Send + 'static> Task for Work<T> {
    type Output = mercato::Result<T>;
    type JsValue = T;

    fn compute(&mut self) -> Result<Self::Output> {
        let job = self.job.take();
        Ok(guarded(|| {
            // Aborted before it began.
            self.run.check()?;
            job.map_or_else(|| Err(Error::internal("work runs once")), |job| job(&self.run))
        }))
    }

    fn resolve(&mut self, env: Env, output: Self::Output) -> Result<T> {
        match self.thrown.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(thrown) => Err(thrown),
            None => output.map_err(|e| raise(&env, &e)),
        }
    }
}

fn parse(env: &Env, options: Option<&Object<'_>>, thrown: &Thrown) -> Result<Run> {
    let Some(options) = options else { return Ok(Run::default()) };
    known_keys(env, options, &["seed", "threads", "deadline", "onProgress", "signal"])?;
    let number = |key: &str, range: &str, fits: fn(f64) -> bool| -> Result<Option<f64>> {
        match options.get::<Either3<f64, Null, Unknown<'_>>>(key)? {
            None | Some(Either3::B(_)) => return Ok(None),
            Some(Either3::A(value)) if fits(value) => return Ok(Some(value)),
            _ => {}
        }
        let message = format!("{key} must be {range}");
        Err(raise(env, &Error::invalid_params(message).with("parameter", key)))
    };
    let whole = |x: f64| x >= 0.0 && x.fract() == 0.0 && x <= 9_007_199_254_740_991.0;
    let seed = number("seed", "an integer in 0..2**53", whole)?;
    let threads = number("threads", "an integer in 1..=65535", |x| {
        (1.0..=65535.0).contains(&x) && x.fract() == 0.0
    })?;
    let deadline = number("deadline", "seconds, 0 or more", |x| (0.0..1e12).contains(&x))?;

    let cancel = CancelToken::new();
    let mut run = Run::seed(seed.map_or(0, |s| s as u64)).with_cancel(&cancel);
    run = run.with_threads(threads.map_or(0, |t| t as usize));
    if let Some(deadline) = deadline {
        run = run.with_deadline(Duration::from_secs_f64(deadline));
    }
    if let Some(signal) = options.get::<Object<'_>>("signal")? {
        listen(env, signal, &cancel)?;
    }
    if let Some(report) = options.get::<Function<'_, Progress, ()>>("onProgress")? {
        let call = report.build_threadsafe_function().weak::<true>().build()?;
        let thrown = thrown.clone();
        run = run.with_progress(move |p| {
            let (thrown, cancel) = (thrown.clone(), cancel.clone());
            let progress = Progress {
                stage: p.stage.to_owned(),
                done: p.done as f64,
                total: p.total as f64,
                elapsed: p.elapsed.as_secs_f64(),
            };
            let mode = ThreadsafeFunctionCallMode::NonBlocking;
            call.call_with_return_value(progress, mode, move |returned, _| {
                if let Err(error) = returned {
                    cancel.cancel();
                    thrown.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
                Ok(())
            });
        });
    }
    Ok(run)
}

/// Cancels when the signal aborts, or now when it has.
fn listen(env: &Env, signal: Object<'_>, cancel: &CancelToken) -> Result<()> {
    if signal.get::<bool>("aborted")?.unwrap_or(false) {
        cancel.cancel();
        return Ok(());
    }
    let cancel = cancel.clone();
    let stop = env.create_function_from_closure::<(), (), _>("abort", move |_| {
        cancel.cancel();
        Ok(())
    })?;
    let mut once = Object::new(env)?;
    once.set("once", true)?;
    type Listener<'a> = FnArgs<(&'static str, Function<'a, (), ()>, Object<'a>)>;
    let add: Function<'_, Listener<'_>, ()> = signal.get_named_property("addEventListener")?;
    add.apply(signal, ("abort", stop, once).into())
}

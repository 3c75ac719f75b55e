//! The library's errors as JavaScript errors with `code` and `context`.

use mercato::{Error, ErrorCode};
use napi::bindgen_prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The JavaScript error of a library error. A cancelled call has the name that `AbortSignal` users
/// look for.
pub fn raise(env: &Env, e: &Error) -> napi::Error {
    let build = || -> Result<napi::Error> {
        let plain = napi::Error::new(Status::GenericFailure, e.message().to_owned());
        let mut error = env.create_error(plain)?;
        let mut context = Object::new(env)?;
        for (key, value) in e.context() {
            context.set(key, value)?;
        }
        let name = if e.code() == ErrorCode::Cancelled { "AbortError" } else { "MercatoError" };
        error.set("name", name)?;
        error.set("code", e.code().as_str())?;
        error.set("context", context)?;
        Ok(napi::Error::from(error.to_unknown()))
    };
    build().unwrap_or_else(|failed| failed)
}

/// A panic is a defect of ours: it becomes `internal`, and the process lives.
pub fn guarded<T>(work: impl FnOnce() -> mercato::Result<T>) -> mercato::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Error::internal(format!("a defect in mercato, please report it: {text}")))
    })
}

/// Runs short work on the event loop.
pub fn short<T>(env: &Env, work: impl FnOnce() -> mercato::Result<T>) -> Result<T> {
    guarded(work).map_err(|e| raise(env, &e))
}

//! The library's errors as an enumeration, made from its one table of codes.

use mercato::{Error, ErrorCode};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

macro_rules! define {
    ($($code:ident),+) => {
        /// What went wrong. `reason` is for people, `context` for logs.
        #[derive(Debug, thiserror::Error, uniffi::Error)]
        pub enum MercatoError {
            $(
                #[doc = "See the table of error codes."]
                #[error("{reason}")]
                $code { reason: String, context: HashMap<String, String> }
            ),+
        }

        impl From<Error> for MercatoError {
            fn from(e: Error) -> Self {
                let reason = e.message().to_owned();
                let context = e.context().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                match e.code() {
                    $(ErrorCode::$code => Self::$code { reason, context },)+
                    _ => Self::Internal { reason, context },
                }
            }
        }
    };
}

mercato::error_codes!(define);

/// The result of every call.
pub type Result<T> = std::result::Result<T, MercatoError>;

/// Runs the library. A panic is a defect of ours: it becomes `Internal`, and the process lives.
pub fn guarded<T>(work: impl FnOnce() -> mercato::Result<T>) -> Result<T> {
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Error::internal(format!("a defect in mercato, please report it: {text}")))
    });
    Ok(done?)
}

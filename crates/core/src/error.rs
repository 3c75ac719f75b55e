//! The one public error, and the one table of its codes.

use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($d:tt $($(#[doc = $doc:literal])+ $variant:ident = $code:literal),+ $(,)?) => {
        /// Calls the macro named with the variants of [`ErrorCode`], for bindings whose errors are
        /// an enumeration too.
        #[doc(hidden)]
        #[macro_export]
        macro_rules! error_codes {
            ($d define:ident) => { $d define! { $($variant),+ } };
        }


        /// What went wrong, as a stable name that programs may match on in every language.
        ///
        /// This enum is made from the only table of codes; `docs/errors.md` is generated from it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[doc = $doc])+ $variant),+ }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant),+];

            /// The stable `snake_case` name, the same in every language.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $code),+ }
            }

            /// When this code is given, in a sentence or two.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(ErrorCode::$variant => concat!($($doc),+)),+ }
            }
        }
    };
}

codes! { $
    /// A hyperparameter or option is outside its accepted range, or its name is unknown.
    InvalidParams = "invalid_params",
    /// The data handed in cannot be used: NaN where a number is needed, mismatched lengths, a missing column.
    InvalidInput = "invalid_input",
    /// An id (user, item, series, document, node) that the model or data set has never seen.
    UnknownId = "unknown_id",
    /// The data is valid but too little to fit this model.
    NotEnoughData = "not_enough_data",
    /// An iterative method stopped without reaching its tolerance.
    DidNotConverge = "did_not_converge",
    /// No answer satisfies the constraints.
    Infeasible = "infeasible",
    /// A file or byte string is damaged, cut short, or was never an artifact.
    CorruptArtifact = "corrupt_artifact",
    /// The artifact was written by a later version of the format than this library reads.
    UnsupportedVersion = "unsupported_version",
    /// The artifact is sound but holds another kind of model than the one asked for.
    WrongKind = "wrong_kind",
    /// The caller cancelled the run.
    Cancelled = "cancelled",
    /// The run's deadline passed before there was any answer to give.
    DeadlineExceeded = "deadline_exceeded",
    /// The operating system refused to read or write: missing file, permission, disk full.
    Io = "io",
    /// The request is meaningful, but this model, build or platform cannot serve it.
    Unsupported = "unsupported",
    /// A defect in the library itself; please report it.
    Internal = "internal",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error of every fallible call.
///
/// [`code`](Error::code) is for programs, the message (its `Display`) for people,
/// [`context`](Error::context) for logs, and `source()` leads to the cause.
///
/// ```
/// use mercato_core::{Error, ErrorCode};
/// let e = Error::invalid_params("factors must be in 1..=4096, got 0").with("parameter", "factors");
/// assert_eq!(e.code(), ErrorCode::InvalidParams);
/// assert_eq!(e.code().as_str(), "invalid_params");
/// assert_eq!(e.context().next(), Some(("parameter", "factors")));
/// ```
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error {
    // Boxed: a `Result<T, Error>` is hardly larger than its `T`.
    inner: Box<Inner>,
}

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Inner {
    code: ErrorCode,
    message: String,
    context: Vec<(String, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

macro_rules! constructors {
    ($($name:ident => $variant:ident),+ $(,)?) => {
        $(
            #[doc = concat!("An error with the code `", stringify!($name), "`.")]
            #[must_use]
            pub fn $name(message: impl Into<String>) -> Self {
                Self::new(ErrorCode::$variant, message)
            }
        )+
    };
}

impl Error {
    /// An error with this code and one-line message: lower case, no full stop, the offending value
    /// and the accepted range.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                code,
                message: message.into(),
                context: Vec::new(),
                source: None,
            }),
        }
    }

    constructors! {
        invalid_params => InvalidParams,
        invalid_input => InvalidInput,
        unknown_id => UnknownId,
        not_enough_data => NotEnoughData,
        did_not_converge => DidNotConverge,
        infeasible => Infeasible,
        corrupt => CorruptArtifact,
        unsupported_version => UnsupportedVersion,
        wrong_kind => WrongKind,
        cancelled => Cancelled,
        deadline_exceeded => DeadlineExceeded,
        unsupported => Unsupported,
        internal => Internal,
    }

    /// An [`ErrorCode::Io`] error about `path`.
    #[must_use]
    pub fn io(doing: &str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self::new(ErrorCode::Io, format!("cannot {doing} {}: {source}", path.display()))
            .with("path", path.display())
            .caused_by(source)
    }

    /// Adds a key and a value for logs; a pair that is there already is not repeated.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl fmt::Display) -> Self {
        let pair = (key.to_owned(), value.to_string());
        if !self.inner.context.contains(&pair) {
            self.inner.context.push(pair);
        }
        self
    }

    /// Names the error that led to this one.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.inner.code
    }

    /// The one-line message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// Key/value pairs, in the order in which they were added.
    pub fn context(&self) -> impl Iterator<Item = (&str, &str)> {
        self.inner.context.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.inner.code, self.inner.message)?;
        for (k, v) in self.context() {
            write!(f, " [{k}={v}]")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_snake_case_names() {
        let names: std::collections::BTreeSet<_> =
            ErrorCode::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        assert!(names.iter().all(|n| n.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    }

    #[test]
    fn an_error_is_one_word_and_crosses_threads() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}

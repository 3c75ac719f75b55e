//! The runner of the language-neutral vectors; see `conformance/README.md` for their format.

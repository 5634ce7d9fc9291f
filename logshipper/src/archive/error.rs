//! Errors of the archive, as one line for people and one word for metrics. No line holds a secret: of a
//! response only the status and code are shown.

use std::error::Error;
use std::io;

/// Errors of the archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The store can't be reached.
    #[error("can't be reached: {0}")]
    Unreachable(String),
    /// An answer took too long.
    #[error("no answer in time")]
    Timeout,
    /// There are none, they are wrong, or they don't allow it.
    #[error("{0}")]
    Credentials(String),
    /// The bucket isn't there.
    #[error("not there: {0}")]
    Missing(String),
    /// The object is there already.
    #[error("there already: {0}")]
    Exists(String),
    /// The store can't do that.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// Another answer that is no success.
    #[error("answers {0}")]
    Refused(String),
    /// A listing would go on for long.
    #[error("holds more than 100,000 segments to go through; --since, --until or a stream makes them fewer")]
    TooMany,
    /// The segment's own file can't be read.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The program's end, or another directory in the place of the pod's.
    #[error("stopped")]
    Stopped,
}

impl ArchiveError {
    /// One word, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Timeout => "timeout",
            Self::Credentials(_) => "credentials",
            Self::Missing(_) => "missing",
            Self::Exists(_) => "exists",
            Self::Unsupported(_) => "unsupported",
            Self::Refused(_) => "refused",
            Self::TooMany => "too_many",
            Self::File(_) => "file",
            Self::Stopped => "stopped",
        }
    }
}

/// The reason behind an error's reasons.
pub(super) fn innermost(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

//! Why a worker could not be started.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::connection::Exit;
use crate::control::InvalidInit;

/// A module has no worker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// Neither the schema nor the builder says what to start.
    #[error(
        "module `{module}`: nothing to start: give the schema a [spawn] section or call `.command(…)` on the builder"
    )]
    NoCommand {
        /// The module.
        module: &'static str,
    },
    /// A setting cannot work.
    #[error("module `{module}`: {setting} {problem}")]
    Setting {
        /// The module.
        module: &'static str,
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is no tokio runtime here.
    #[error(
        "module `{module}`: no tokio runtime: spawn it from within one, with I/O and time enabled"
    )]
    NoRuntime {
        /// The module.
        module: &'static str,
    },
    /// Every attempt failed.
    #[error("module `{module}`: no worker after {attempts} attempt(s) of `{command}`: {last}")]
    Failed {
        /// The module.
        module: &'static str,
        /// What was started.
        command: String,
        /// How often.
        attempts: u32,
        /// Why the last one failed.
        #[source]
        last: Arc<StartError>,
    },
    /// It was shut down before it was ready.
    #[error("module `{module}`: shut down while it was starting")]
    ShutDown {
        /// The module.
        module: &'static str,
    },
}

/// Why one attempt to start a worker failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The process could not be started at all.
    #[error("cannot start `{program}`: {source}{hint}")]
    Launch {
        /// The program.
        program: String,
        /// The system's words.
        source: io::Error,
        /// What may be wrong.
        hint: &'static str,
    },
    /// The process ended before it said what it serves.
    #[error("the worker {exit} before it was ready{}", stderr(stderr_tail))]
    Exited {
        /// How it ended.
        exit: Exit,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// The process closed its stdout before it said what it serves.
    #[error(
        "the worker closed its stdout before it was ready{}",
        stderr(stderr_tail)
    )]
    Mute {
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// The process said nothing in time.
    #[error(
        "the worker was not ready within {after:?}: does it call `serve`?{}",
        stderr(stderr_tail)
    )]
    NotReady {
        /// The time it was given.
        after: Duration,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// The worker said that it cannot start.
    #[error("the worker reports: {message}{}", stderr(stderr_tail))]
    Reported {
        /// Its words.
        message: String,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// The worker does not serve what the schema promises.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The data channel could not be opened.
    #[error(
        "cannot connect to the worker at {path:?}: {reason}{}",
        stderr(stderr_tail)
    )]
    Connect {
        /// Where it said it listens.
        path: String,
        /// Why.
        reason: String,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
}

/// What a worker announced does not fit the schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The announcement is malformed.
    #[error(transparent)]
    Invalid(#[from] InvalidInit),
    /// A method is missing.
    #[error("the worker does not serve the method `{method}`; it serves {known}")]
    MissingMethod {
        /// The method.
        method: &'static str,
        /// What it serves.
        known: String,
    },
    /// An event is missing.
    #[error("the worker does not announce the event `{event}`; it announces {known}")]
    MissingEvent {
        /// The event.
        event: &'static str,
        /// What it announces.
        known: String,
    },
    /// A method answers in another way.
    #[error(
        "the worker answers the method `{method}` as `{announced}`, the schema says `{expected}`"
    )]
    KindMismatch {
        /// The method.
        method: &'static str,
        /// What the schema says.
        expected: &'static str,
        /// What the worker says.
        announced: String,
    },
    /// An id that the wire reserves.
    #[error("the worker gives `{name}` the id {id}, which no frame can carry")]
    UnusableId {
        /// The method or event.
        name: &'static str,
        /// The id.
        id: u64,
    },
}

impl StartError {
    /// Whether another attempt could end in another way. A program that is not there, or does not fit its schema, or has ended by
    /// itself with an error, will do the same again.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Launch { source, .. } => !matches!(
                source.kind(),
                io::ErrorKind::WouldBlock
                    | io::ErrorKind::OutOfMemory
                    | io::ErrorKind::Interrupted
                    | io::ErrorKind::Other
            ),
            Self::Exited { exit, .. } => matches!(exit, Exit::Code(_)),
            Self::Handshake(_) | Self::Reported { .. } => true,
            Self::Mute { .. } | Self::NotReady { .. } | Self::Connect { .. } => false,
        }
    }
}

fn stderr(tail: &str) -> String {
    if tail.is_empty() {
        String::new()
    } else {
        format!("; its stderr ended with:\n{tail}")
    }
}

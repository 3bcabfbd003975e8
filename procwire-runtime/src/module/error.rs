//! Why a call failed, in the caller's words.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::codec::{Never, Type, Violations};
use crate::connection::{Exit, Outcome, Violation};

/// Why a call failed.
///
/// `E` is the union of errors that the schema declares for the method. Everything else is said by the machinery.
/// [`outcome`](Self::outcome) tells whether the call may have been executed.
#[derive(Clone, Debug)]
pub enum CallError<E = Never> {
    /// The handler raised an error that the schema declares.
    App(E),
    /// The handler failed in a way that the schema does not declare.
    Remote(Box<RemoteError>),
    /// The arguments break a constraint. Found before sending, or by the worker before the handler was entered.
    Invalid {
        /// Every broken constraint.
        violations: Violations,
        /// Not sent, or not started.
        outcome: Outcome,
        /// Which call.
        call: CallSite,
    },
    /// The call took longer than allowed; for a stream, the worker was silent for too long.
    Timeout {
        /// The time it was given.
        after: Duration,
        /// Not sent when it never got its turn.
        outcome: Outcome,
        /// Which call.
        call: CallSite,
    },
    /// The worker gave the call up.
    Cancelled {
        /// Its words.
        message: Arc<str>,
        /// How far the call had come.
        outcome: Outcome,
        /// Which call.
        call: CallSite,
    },
    /// The worker died or was replaced while the call was under way.
    Crashed {
        /// How the process ended.
        exit: Exit,
        /// What was noticed, for example that a heartbeat was missed.
        reason: Arc<str>,
        /// The end of what the worker wrote to stderr.
        stderr_tail: Arc<str>,
        /// How far the call had come.
        outcome: Outcome,
        /// Which call.
        call: CallSite,
    },
    /// There is no worker and there will be none: shut down, or restarted too often.
    NotRunning {
        /// Why.
        reason: Arc<str>,
        /// The end of what the last worker wrote to stderr.
        stderr_tail: Arc<str>,
        /// Which call.
        call: CallSite,
    },
    /// The worker does not serve this method.
    Unsupported {
        /// The version the worker announced.
        worker_version: Arc<str>,
        /// Its words.
        reason: Arc<str>,
        /// Which call.
        call: CallSite,
    },
    /// The answer came and does not fit the type.
    Decode {
        /// Where and what.
        violations: Violations,
        /// A hint when the worker was built from another schema.
        hint: Arc<str>,
        /// Which call.
        call: CallSite,
    },
    /// The worker answered this call against the rules of the protocol.
    Protocol {
        /// Which rule it broke.
        violation: Violation,
        /// How far the call had come.
        outcome: Outcome,
        /// Which call.
        call: CallSite,
    },
    /// The arguments cannot be written, or are larger than the limit.
    Encode {
        /// What is wrong with them.
        message: Arc<str>,
        /// Which call.
        call: CallSite,
    },
    /// Too much is under way: the worker refused, or a stream was read so slowly that its buffer filled up.
    Overloaded {
        /// Which bound was reached.
        message: Arc<str>,
        /// How far the call had come.
        outcome: Outcome,
        /// Which call.
        call: CallSite,
    },
}

/// What a handler raised that its schema does not declare.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteError {
    /// The class of the exception, where the language has one.
    pub type_name: Option<String>,
    /// Its message.
    pub message: String,
    /// Where it was raised.
    pub traceback: Option<String>,
    /// The whole payload, from a peer that is not one of our workers.
    pub data: Option<Value>,
    /// Which call.
    pub call: CallSite,
}

/// Which call, of which worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSite {
    /// The module.
    pub module: &'static str,
    /// The method.
    pub method: &'static str,
    /// The process id of the worker, once the call was bound to one.
    pub pid: Option<u32>,
    /// Which process of this module it was: 1 for the first, one more after each restart.
    pub incarnation: u64,
}

impl<E> CallError<E> {
    /// How far the call had come.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::App(_) | Self::Remote(_) | Self::Decode { .. } => Outcome::Executed,
            Self::NotRunning { .. } | Self::Encode { .. } => Outcome::NotSent,
            Self::Unsupported { .. } => Outcome::NotStarted,
            Self::Invalid { outcome, .. }
            | Self::Timeout { outcome, .. }
            | Self::Cancelled { outcome, .. }
            | Self::Crashed { outcome, .. }
            | Self::Protocol { outcome, .. }
            | Self::Overloaded { outcome, .. } => *outcome,
        }
    }

    /// Whether the same call can be sent again without being executed twice.
    #[must_use]
    pub fn is_safe_to_retry(&self) -> bool {
        self.outcome().is_safe_to_retry()
    }

    /// The declared error, if it is one; otherwise this error again.
    ///
    /// # Errors
    /// This error, when it is not [`App`](Self::App).
    pub fn into_app(self) -> Result<E, Self> {
        match self {
            Self::App(error) => Ok(error),
            other => Err(other),
        }
    }
}

impl fmt::Display for CallSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.method)
    }
}

impl CallSite {
    /// `worker 123`, or `the worker` while there is none.
    fn worker(&self) -> Worker {
        Worker(self.pid)
    }
}

struct Worker(Option<u32>);

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "worker {pid}"),
            None => f.write_str("the worker"),
        }
    }
}

struct Tail<'a>(&'a str);

impl fmt::Display for Tail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.0.trim_end();
        if tail.is_empty() {
            Ok(())
        } else {
            write!(f, "; its stderr ended with:\n{tail}")
        }
    }
}

/// A declared error is shown in its own words where its type has any (`Display`), else by its variant and fields.
impl<E: Type> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(error) => f.write_str(&error.sentence()),
            Self::Remote(error) => fmt::Display::fmt(error, f),
            Self::Invalid {
                violations, call, ..
            } => write!(f, "{call}: invalid arguments: {violations}"),
            Self::Timeout {
                after,
                outcome,
                call,
            } => {
                write!(
                    f,
                    "{call}: {} gave no answer within {after:?} ({outcome})",
                    call.worker()
                )
            }
            Self::Cancelled {
                message,
                outcome,
                call,
            } => write!(
                f,
                "{call}: {} gave up: {message} ({outcome})",
                call.worker()
            ),
            Self::Crashed {
                exit,
                reason,
                stderr_tail,
                outcome,
                call,
            } => {
                write!(f, "{call}: {} {exit}", call.worker())?;
                if !reason.is_empty() {
                    write!(f, " ({reason})")?;
                }
                write!(
                    f,
                    " before answering; the call: {outcome}{}",
                    Tail(stderr_tail)
                )
            }
            Self::NotRunning {
                reason,
                stderr_tail,
                call,
            } => {
                write!(f, "{call}: not running: {reason}{}", Tail(stderr_tail))
            }
            Self::Unsupported {
                worker_version,
                reason,
                call,
            } => {
                write!(
                    f,
                    "{call}: {} (version {worker_version}) does not serve this method: {reason}",
                    call.worker()
                )
            }
            Self::Decode {
                violations,
                hint,
                call,
            } => {
                write!(
                    f,
                    "{call}: the answer of {} does not fit: {violations}{hint}",
                    call.worker()
                )
            }
            Self::Protocol {
                violation,
                outcome,
                call,
            } => write!(
                f,
                "{call}: {} broke the protocol: {violation} ({outcome})",
                call.worker()
            ),
            Self::Encode { message, call } => {
                write!(f, "{call}: the arguments cannot be sent: {message}")
            }
            Self::Overloaded {
                message,
                outcome,
                call,
            } => write!(f, "{call}: {message} ({outcome})"),
        }
    }
}

impl<E: Type + fmt::Debug> std::error::Error for CallError<E> {}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} raised ", self.call, self.call.worker())?;
        match &self.type_name {
            Some(name) => write!(f, "{name}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for RemoteError {}

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
        call: Box<CallSite>,
    },
    /// The call took longer than allowed; for a stream, the worker was silent for too long.
    Timeout {
        /// The time it was given.
        after: Duration,
        /// What it was waiting for.
        phase: TimeoutPhase,
        /// Not sent when it never got its turn.
        outcome: Outcome,
        /// Which call.
        call: Box<CallSite>,
    },
    /// The call was given up: by its caller, by the worker, or because the module was shut down.
    Cancelled {
        /// By whom, or the worker's words.
        message: Arc<str>,
        /// How far the call had come.
        outcome: Outcome,
        /// Which call.
        call: Box<CallSite>,
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
        call: Box<CallSite>,
    },
    /// Workers died that may have been executing the call, so that it probably kills them. It is not sent again.
    Poisoned {
        /// How many.
        deaths: u32,
        /// How the last one ended.
        exit: Exit,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
        /// Which call.
        call: Box<CallSite>,
    },
    /// The call was refused before it was sent.
    Rejected {
        /// Why.
        reason: Rejection,
        /// Why, in words.
        message: Arc<str>,
        /// How far the call had come: not sent.
        outcome: Outcome,
        /// Which call.
        call: Box<CallSite>,
    },
    /// There is no worker and there will be none: shut down, or restarted too often.
    NotRunning {
        /// Why.
        reason: Arc<str>,
        /// Why, in one word.
        rejection: Rejection,
        /// How far the call had come.
        outcome: Outcome,
        /// The end of what the last worker wrote to stderr.
        stderr_tail: Arc<str>,
        /// Which call.
        call: Box<CallSite>,
    },
    /// The worker does not serve this method.
    Unsupported {
        /// The version the worker announced.
        worker_version: Arc<str>,
        /// Its words.
        reason: Arc<str>,
        /// Which call.
        call: Box<CallSite>,
    },
    /// The answer came and does not fit the type.
    Decode {
        /// Where and what.
        violations: Violations,
        /// A hint when the worker was built from another schema.
        hint: Arc<str>,
        /// Which call.
        call: Box<CallSite>,
    },
    /// The worker answered this call against the rules of the protocol.
    Protocol {
        /// Which rule it broke.
        violation: Violation,
        /// How far the call had come.
        outcome: Outcome,
        /// Which call.
        call: Box<CallSite>,
    },
    /// The arguments cannot be written, or are larger than the limit.
    Encode {
        /// What is wrong with them.
        message: Arc<str>,
        /// Which call.
        call: Box<CallSite>,
    },
    /// Too much is under way: the worker refused, or a stream was read so slowly that its buffer filled up.
    Overloaded {
        /// Which bound was reached.
        message: Arc<str>,
        /// How far the call had come.
        outcome: Outcome,
        /// Which call.
        call: Box<CallSite>,
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

/// What a call waited for when its time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeoutPhase {
    /// A worker, or room on it.
    Queue,
    /// The system to take the request.
    Transmit,
    /// The answer.
    Execute,
    /// The next item of a stream.
    StreamIdle,
}

/// Why a call was refused before it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// As many calls as allowed wait for a worker.
    Backpressure,
    /// There is no worker right now, and calls are not to wait.
    NotReady,
    /// The module is, or was, shut down.
    ShuttingDown,
    /// The worker was restarted too often, or cannot be restarted.
    CircuitOpen,
    /// The arguments are larger than the limit.
    PayloadTooLarge,
    /// The arguments cannot be written.
    Encode,
    /// The worker does not serve this method.
    UnknownMethod,
    /// The method does not answer in this way.
    WrongKind,
}

/// Which call, of which worker, and what it has been through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSite {
    /// The module.
    pub module: &'static str,
    /// The method.
    pub method: &'static str,
    /// Which of the module's workers, from 0.
    pub slot: u32,
    /// The process id of the worker, once the call was bound to one.
    pub pid: Option<u32>,
    /// Which process of this module it was: 1 for the first, one more after each restart. 0 when it was bound to none.
    pub incarnation: u64,
    /// Every time it was sent, or handed over to be sent, in order.
    pub attempts: Vec<Attempt>,
    /// The end of what the last worker that was lost over this call wrote to stderr.
    pub stderr_tail: Arc<str>,
}

/// One time that a call was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which process of this module it was sent to.
    pub incarnation: u64,
    /// The process id of that worker; none in memory.
    pub pid: Option<u32>,
    /// How far the call came there.
    pub outcome: Outcome,
    /// How that worker ended, when that is why the attempt failed.
    pub exit: Option<Exit>,
}

impl<E> CallError<E> {
    /// How far the call had come.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::App(_) | Self::Remote(_) | Self::Decode { .. } => Outcome::Executed,
            Self::Encode { .. } => Outcome::NotSent,
            Self::Unsupported { .. } => Outcome::NotStarted,
            Self::Poisoned { .. } => Outcome::MaybeExecuted,
            Self::Invalid { outcome, .. }
            | Self::Protocol { outcome, .. }
            | Self::Rejected { outcome, .. }
            | Self::NotRunning { outcome, .. }
            | Self::Timeout { outcome, .. }
            | Self::Cancelled { outcome, .. }
            | Self::Crashed { outcome, .. }
            | Self::Overloaded { outcome, .. } => *outcome,
        }
    }

    /// Whether the same call can be sent again without being executed twice.
    #[must_use]
    pub fn is_safe_to_retry(&self) -> bool {
        self.outcome().is_safe_to_retry()
    }

    /// Which call it was; none for a [declared error](Self::App), which is the caller's own value.
    #[must_use]
    pub fn call(&self) -> Option<&CallSite> {
        match self {
            Self::App(_) => None,
            Self::Remote(error) => Some(&error.call),
            Self::Invalid { call, .. }
            | Self::Timeout { call, .. }
            | Self::Cancelled { call, .. }
            | Self::Crashed { call, .. }
            | Self::Poisoned { call, .. }
            | Self::Protocol { call, .. }
            | Self::Rejected { call, .. }
            | Self::NotRunning { call, .. }
            | Self::Unsupported { call, .. }
            | Self::Decode { call, .. }
            | Self::Encode { call, .. }
            | Self::Overloaded { call, .. } => Some(call),
        }
    }

    /// Every time the call was sent, with how far it came and how that worker ended.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        self.call().map_or(&[], |call| &call.attempts)
    }

    /// How the last worker ended that was lost over this call.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        match self {
            Self::Crashed { exit, .. } | Self::Poisoned { exit, .. } => Some(*exit),
            other => other.attempts().iter().rev().find_map(|one| one.exit),
        }
    }

    /// The end of what the worker that was lost wrote to stderr; empty when none was.
    #[must_use]
    pub fn stderr_tail(&self) -> &str {
        match self {
            Self::Crashed { stderr_tail, .. }
            | Self::Poisoned { stderr_tail, .. }
            | Self::NotRunning { stderr_tail, .. } => stderr_tail,
            other => other.call().map_or("", |call| &call.stderr_tail),
        }
    }

    /// Why the call was refused, if it was.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        match self {
            Self::Rejected { reason, .. } => Some(*reason),
            Self::NotRunning { rejection, .. } => Some(*rejection),
            Self::Encode { .. } => Some(Rejection::Encode),
            Self::Unsupported { .. } => Some(Rejection::UnknownMethod),
            _ => None,
        }
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
                phase,
                outcome,
                call,
            } => {
                let worker = call.worker();
                write!(f, "{call}: ")?;
                match phase {
                    TimeoutPhase::Queue => write!(f, "no worker took it within {after:?}"),
                    TimeoutPhase::Transmit => {
                        write!(f, "{worker} did not read it within {after:?}")
                    }
                    TimeoutPhase::Execute => write!(f, "{worker} gave no answer within {after:?}"),
                    TimeoutPhase::StreamIdle => write!(f, "{worker} was silent for {after:?}"),
                }?;
                write!(f, " ({outcome})")
            }
            Self::Poisoned {
                deaths,
                exit,
                stderr_tail,
                call,
            } => write!(
                f,
                "{call}: {deaths} workers died while they may have been executing it, so it is not sent again; {} {exit}{}",
                call.worker(),
                Tail(stderr_tail)
            ),
            Self::Protocol {
                violation,
                outcome,
                call,
            } => write!(
                f,
                "{call}: {} broke the protocol: {violation} ({outcome})",
                call.worker()
            ),
            Self::Rejected {
                message,
                outcome,
                call,
                ..
            } => write!(f, "{call}: refused: {message} ({outcome})"),
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
                ..
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

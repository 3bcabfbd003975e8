//! What the end of a request means to its caller.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::error::{CallError, CallSite, Rejection, RemoteError, TimeoutPhase};
use super::parcel::Way;
use super::request::{BIG, Problem, Request};
use super::retry::worse;
use crate::codec::error::{ErrorKind, ErrorPayload};
use crate::codec::{self, At, Type, Violations};
use crate::connection::{Connection, Down, Exit, Expects, Outcome, Reply};
use crate::contract::Codec;

impl Request {
    /// The time the call was given, for the message.
    fn given(&self, connection: Option<&Connection>) -> Duration {
        let parcel = &self.parcel;
        match (connection, parcel.started.zip(parcel.deadline)) {
            (_, Some((started, deadline))) => deadline.saturating_duration_since(started),
            (Some(connection), None) => {
                let limit = parcel.limits.on(connection, parcel.method);
                limit.unwrap_or_default()
            }
            (None, None) => Duration::ZERO,
        }
    }

    /// The worst of what is known of all attempts: that the last one was not sent says nothing of those before.
    fn overall(&self, last: Outcome) -> Outcome {
        self.past
            .iter()
            .fold(last, |worst, one| worse(worst, one.outcome))
    }

    /// What a problem means to the caller.
    pub(super) fn problem<E>(&self, problem: Problem) -> CallError<E> {
        let (call, outcome) = (self.site(None), self.overall(Outcome::NotSent));
        let rejected = |reason, message: Arc<str>, call| CallError::Rejected {
            reason,
            message,
            outcome,
            call,
        };
        match problem {
            Problem::Invalid(violations) => CallError::Invalid {
                violations,
                outcome,
                call,
            },
            Problem::Encode(message) => CallError::Encode { message, call },
            Problem::TooLarge(message) => rejected(Rejection::PayloadTooLarge, message, call),
            Problem::TimedOut => CallError::Timeout {
                after: self.given(None),
                phase: TimeoutPhase::Queue,
                outcome,
                call,
            },
            Problem::Crowded { calls, bytes } => rejected(
                Rejection::Backpressure,
                format!("there is no worker right now, and {calls} calls or {bytes} bytes are the most that wait for one").into(),
                call,
            ),
            // It was sent before: how its worker ended says more than that there is no other.
            Problem::Unavailable | Problem::NotRunning(_) if self.last_loss.is_some() => {
                let down = self.last_loss.clone();
                self.crashed(&down.unwrap_or_else(|| Arc::new(Down::new(""))), outcome, call)
            }
            Problem::Unavailable => rejected(
                Rejection::NotReady,
                "there is no worker right now".into(),
                call,
            ),
            Problem::NotRunning(down) => CallError::NotRunning {
                reason: down.to_string().into(),
                rejection: if self.module.has_given_up() {
                    Rejection::CircuitOpen
                } else {
                    Rejection::ShuttingDown
                },
                outcome,
                stderr_tail: down.stderr_tail.clone(),
                call,
            },
        }
    }

    fn crashed<E>(&self, down: &Down, outcome: Outcome, call: Box<CallSite>) -> CallError<E> {
        CallError::Crashed {
            exit: down.exit.unwrap_or(Exit::Unknown),
            reason: down.reason.clone(),
            stderr_tail: down.stderr_tail.clone(),
            outcome,
            call,
        }
    }

    /// The caller gave the call up; `last`: how far it came on the worker it is bound to.
    pub(super) fn given_up<E>(&self, last: Option<Outcome>) -> CallError<E> {
        CallError::Cancelled {
            message: "given up by its caller".into(),
            outcome: self.overall(last.unwrap_or(Outcome::NotSent)),
            call: self.site(last.map(|outcome| (outcome, None))),
        }
    }

    /// The worker was lost, and the call is not sent again because of the deaths it may have caused.
    pub(super) fn poisoned<E>(&self, down: &Down, outcome: Outcome) -> CallError<E> {
        CallError::Poisoned {
            deaths: self.suspected(),
            exit: down.exit.unwrap_or(Exit::Unknown),
            stderr_tail: down.stderr_tail.clone(),
            call: self.site(Some((outcome, down.exit))),
        }
    }

    /// What an unwelcome reply means to the caller. `unstarted`: the worker has proved that it never began.
    pub(super) fn failure<E: Type>(
        &self,
        reply: Reply,
        connection: &Connection,
        unstarted: bool,
    ) -> CallError<E> {
        let site = |last| self.site(Some((last, None)));
        match reply {
            Reply::Answer(_) => unfit(
                site(Outcome::Executed),
                Violations::one("$", "an answer where none was expected"),
                None,
            ),
            Reply::Error(payload) => self.declared_or_remote(&payload, connection, unstarted),
            Reply::TimedOut(last) => CallError::Timeout {
                after: self.given(Some(connection)),
                phase: match (last, self.parcel.way) {
                    (Outcome::NotSent, _) => TimeoutPhase::Transmit,
                    (_, Way::Answered(Expects::Stream)) => TimeoutPhase::StreamIdle,
                    _ => TimeoutPhase::Execute,
                },
                outcome: self.overall(last),
                call: site(last),
            },
            Reply::Lost(down, last) if down.wanted => CallError::Cancelled {
                message: down.reason.clone(),
                outcome: self.overall(last),
                call: self.site(Some((last, down.exit))),
            },
            Reply::Lost(down, last) => {
                let call = self.site(Some((last, down.exit)));
                self.crashed(&down, self.overall(last), call)
            }
            Reply::Violated(violation, last) => CallError::Protocol {
                violation,
                outcome: self.overall(last),
                call: site(last),
            },
            Reply::Overflow { waiting } => {
                let message =
                    format!("the stream was read too slowly: {waiting} bytes were waiting");
                CallError::Overloaded {
                    message: message.into(),
                    outcome: Outcome::Executed,
                    call: site(Outcome::Executed),
                }
            }
        }
    }

    fn declared_or_remote<E: Type>(
        &self,
        payload: &[u8],
        connection: &Connection,
        unstarted: bool,
    ) -> CallError<E> {
        let site = |last| self.site(Some((last, None)));
        let read = ErrorPayload::read(payload);
        match read.kind {
            ErrorKind::App => match ErrorPayload::read_declared::<E>(payload) {
                Ok(error) => return CallError::App(error),
                Err(error) => {
                    tracing::debug!(method = self.described().name, %error, "the worker raised an error that this schema does not declare");
                }
            },
            ErrorKind::Invalid => {
                let path = read.field.unwrap_or_else(|| "$".to_owned());
                let violations = Violations::one(path, read.message);
                return CallError::Invalid {
                    violations,
                    outcome: self.overall(Outcome::NotStarted),
                    call: site(Outcome::NotStarted),
                };
            }
            ErrorKind::Cancelled => {
                let last = if unstarted {
                    Outcome::NotStarted
                } else {
                    Outcome::MaybeExecuted
                };
                return CallError::Cancelled {
                    message: read.message.into(),
                    outcome: self.overall(last),
                    call: site(last),
                };
            }
            ErrorKind::Unsupported => {
                let worker_version = connection.link().worker_version.clone();
                return CallError::Unsupported {
                    worker_version,
                    reason: read.message.into(),
                    call: site(Outcome::NotStarted),
                };
            }
            ErrorKind::Overloaded => {
                return CallError::Overloaded {
                    message: read.message.into(),
                    outcome: self.overall(Outcome::NotStarted),
                    call: site(Outcome::NotStarted),
                };
            }
            ErrorKind::Exception | ErrorKind::Encode | ErrorKind::Unknown => {}
        }
        CallError::Remote(Box::new(RemoteError {
            type_name: read.type_name,
            message: read.message,
            traceback: read.traceback,
            data: read.data.map(|data| *data),
            call: *site(Outcome::Executed),
        }))
    }

    /// Reads an answer or an item and holds it against its type.
    pub(super) fn decode<T: Type, E>(
        &self,
        payload: Bytes,
        connection: &Connection,
    ) -> Result<T, CallError<E>> {
        let decoded = match self.described().answer_codec {
            Codec::Msgpack => codec::msgpack::decode(&payload),
            // A small answer must not keep the buffer alive that it came in.
            Codec::Raw if payload.len() < BIG => {
                codec::raw::decode(Bytes::copy_from_slice(&payload))
            }
            Codec::Raw => codec::raw::decode(payload),
        };
        let mismatch = || {
            connection
                .link()
                .methods
                .get(self.parcel.method)
                .and_then(|binding| binding.mismatch.clone())
        };
        let value: T = decoded.map_err(|error| {
            unfit(
                self.site(Some((Outcome::Executed, None))),
                Violations::one(error.path, error.message),
                mismatch(),
            )
        })?;
        let mut violations = Violations::new();
        value.check(&At::root(), &mut violations);
        if violations.is_empty() {
            Ok(value)
        } else {
            let call = self.site(Some((Outcome::Executed, None)));
            Err(unfit(call, violations, mismatch()))
        }
    }
}

fn unfit<E>(
    call: Box<CallSite>,
    violations: Violations,
    mismatch: Option<Arc<str>>,
) -> CallError<E> {
    CallError::Decode {
        violations,
        hint: mismatch.unwrap_or_else(|| Arc::from("")),
        call,
    }
}

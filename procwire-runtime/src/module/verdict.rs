//! What the end of a request means to its caller.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::error::{CallError, CallSite, RemoteError};
use super::request::{BIG, Problem, Request};
use crate::codec::error::{ErrorKind, ErrorPayload};
use crate::codec::{self, At, Type, Violations};
use crate::connection::{Connection, Exit, Outcome, Reply};
use crate::contract::Codec;

impl Request {
    /// The time the call was given, for the message.
    fn given(&self, connection: Option<&Connection>) -> Duration {
        match (connection, self.started.zip(self.deadline)) {
            (_, Some((started, deadline))) => deadline.saturating_duration_since(started),
            (Some(connection), None) => self.limit_on(connection).unwrap_or_default(),
            (None, None) => Duration::ZERO,
        }
    }

    /// What a problem means to the caller.
    pub(super) fn problem<E>(&self, problem: Problem) -> CallError<E> {
        let call = self.site;
        match problem {
            Problem::Invalid(violations) => CallError::Invalid {
                violations,
                outcome: Outcome::NotSent,
                call,
            },
            Problem::Encode(message) => CallError::Encode { message, call },
            Problem::TimedOut => CallError::Timeout {
                after: self.given(None),
                outcome: Outcome::NotSent,
                call,
            },
            Problem::NotRunning(down) => CallError::NotRunning {
                reason: down.to_string().into(),
                stderr_tail: down.stderr_tail.clone(),
                call,
            },
        }
    }

    /// What an unwelcome reply means to the caller.
    pub(super) fn failure<E: Type>(&self, reply: Reply, connection: &Connection) -> CallError<E> {
        let call = self.site;
        match reply {
            Reply::Answer(_) => unfit(
                call,
                Violations::one("$", "an answer where none was expected"),
                None,
            ),
            Reply::Error(payload) => self.declared_or_remote(&payload, connection),
            Reply::TimedOut(outcome) => CallError::Timeout {
                after: self.given(Some(connection)),
                outcome,
                call,
            },
            Reply::Lost(down, outcome) if down.wanted => CallError::Cancelled {
                message: down.reason.clone(),
                outcome,
                call,
            },
            Reply::Lost(down, outcome) => CallError::Crashed {
                exit: down.exit.unwrap_or(Exit::Unknown),
                reason: down.reason.clone(),
                stderr_tail: down.stderr_tail.clone(),
                outcome,
                call,
            },
            Reply::Violated(violation, outcome) => CallError::Protocol {
                violation,
                outcome,
                call,
            },
            Reply::Overflow { waiting } => {
                let message =
                    format!("the stream was read too slowly: {waiting} bytes were waiting");
                CallError::Overloaded {
                    message: message.into(),
                    outcome: Outcome::Executed,
                    call,
                }
            }
        }
    }

    fn declared_or_remote<E: Type>(&self, payload: &[u8], connection: &Connection) -> CallError<E> {
        let call = self.site;
        let read = ErrorPayload::read(payload);
        match read.kind {
            ErrorKind::App => match ErrorPayload::read_declared::<E>(payload) {
                Ok(error) => return CallError::App(error),
                Err(error) => {
                    tracing::debug!(method = call.method, %error, "the worker raised an error that this schema does not declare");
                }
            },
            ErrorKind::Invalid => {
                let path = read.field.unwrap_or_else(|| "$".to_owned());
                let violations = Violations::one(path, read.message);
                return CallError::Invalid {
                    violations,
                    outcome: Outcome::NotStarted,
                    call,
                };
            }
            ErrorKind::Cancelled => {
                return CallError::Cancelled {
                    message: read.message.into(),
                    outcome: Outcome::MaybeExecuted,
                    call,
                };
            }
            ErrorKind::Unsupported => {
                let worker_version = connection.link().worker_version.clone();
                return CallError::Unsupported {
                    worker_version,
                    reason: read.message.into(),
                    call,
                };
            }
            ErrorKind::Overloaded => {
                return CallError::Overloaded {
                    message: read.message.into(),
                    outcome: Outcome::NotStarted,
                    call,
                };
            }
            ErrorKind::Exception | ErrorKind::Encode | ErrorKind::Unknown => {}
        }
        CallError::Remote(Box::new(RemoteError {
            type_name: read.type_name,
            message: read.message,
            traceback: read.traceback,
            data: read.data.map(|data| *data),
            call,
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
                .get(self.method)
                .and_then(|binding| binding.mismatch.clone())
        };
        let value: T = decoded.map_err(|error| {
            unfit(
                self.site,
                Violations::one(error.path, error.message),
                mismatch(),
            )
        })?;
        let mut violations = Violations::new();
        value.check(&At::root(), &mut violations);
        if violations.is_empty() {
            Ok(value)
        } else {
            Err(unfit(self.site, violations, mismatch()))
        }
    }
}

fn unfit<E>(call: CallSite, violations: Violations, mismatch: Option<Arc<str>>) -> CallError<E> {
    CallError::Decode {
        violations,
        hint: mismatch.unwrap_or_else(|| Arc::from("")),
        call,
    }
}

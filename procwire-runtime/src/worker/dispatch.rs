//! From a request to its handler, by way of generated code.
//! Siblings: `workers/python/src/procwire/worker/dispatch.py`, `workers/typescript/src/worker/dispatch.ts`.
//!
//! Generated code picks the method and says of which kind its handler is; what comes of it is laid on the desk, where the
//! one who asked for the dispatch finds it. Does not run handlers.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::answers::{Ack, Answers, Oneway};
use super::call::Call;
use super::job::{BoxedJob, Many, Single};
use super::writer::Writer;
use crate::codec::error::{ErrorKind, ErrorPayload};
use crate::codec::{Never, Type};
use crate::ids::UNCORRELATED;

/// What generated code implements: hands a request to the user's handler.
pub trait Dispatch: Send + Sync + 'static {
    /// Calls exactly one of the request's methods, before it returns. `method` is the index in the contract.
    fn dispatch(&self, method: usize, request: Request);
}

/// One request. Each of its methods but [`unsupported`](Self::unsupported) reads the arguments and gives them to a
/// handler; arguments that do not fit are answered with an error, and no handler is called.
pub struct Request {
    call: Call,
    payload: Bytes,
    desk: Arc<Desk>,
    ticket: u64,
}

impl Request {
    pub(super) fn new(call: Call, payload: Bytes, desk: &Arc<Desk>, ticket: u64) -> Self {
        Self {
            call,
            payload,
            desk: Arc::clone(desk),
            ticket,
        }
    }

    /// One value.
    pub fn result<A, T, E, F>(self, handler: impl FnOnce(A) -> F)
    where
        A: Type,
        T: Type,
        E: Type,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.start(handler, |future| {
            Box::pin(Single::new(future, |outcome| outcome))
        });
    }

    /// "Taken", with or without a receipt.
    pub fn ack<A, T, E, F>(self, handler: impl FnOnce(A) -> F)
    where
        A: Type,
        T: Type,
        E: Type,
        F: Future<Output = Result<Ack<T>, E>> + Send + 'static,
    {
        self.start(handler, |future| {
            Box::pin(Single::new(future, |outcome: Result<Ack<T>, E>| {
                outcome.map(|ack| ack.0)
            }))
        });
    }

    /// Any number of values.
    pub fn stream<A, T, E>(self, handler: impl FnOnce(A) -> Answers<T, E>)
    where
        A: Type,
        T: Type,
        E: Type,
    {
        self.start(handler, |answers| Box::pin(Many::new(answers)));
    }

    /// No answer. A parent that numbers such a request is answered all the same, with nil.
    pub fn oneway<A, F>(self, handler: impl FnOnce(A) -> F)
    where
        A: Type,
        F: Future<Output = Oneway> + Send + 'static,
    {
        self.start(handler, |future| {
            Box::pin(Single::new(future, |Oneway| Ok::<(), Never>(())))
        });
    }

    /// Says that this worker does not serve this, and why.
    pub fn unsupported(self, reason: &str) {
        let message = format!(
            "{}: not supported by this worker: {reason}",
            self.call.method.name
        );
        self.desk.lay(
            self.ticket,
            Prepared::Refused(Box::new(ErrorPayload::new(ErrorKind::Unsupported, message))),
        );
    }

    fn start<A: Type, H>(self, handler: impl FnOnce(A) -> H, job: impl FnOnce(H) -> BoxedJob) {
        let prepared = match self.call.read(self.payload) {
            Ok(args) if self.desk.starts(&self.call) => Prepared::Job(job(handler(args))),
            Ok(_) => Prepared::Refused(Box::new(ErrorPayload::new(
                ErrorKind::Cancelled,
                "the parent is gone",
            ))),
            Err(error) => Prepared::Refused(error),
        };
        self.desk.lay(self.ticket, prepared);
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.call.method.name)
            .field("request", &self.call.request)
            .field("payload", &self.payload.len())
            .finish()
    }
}

/// What a dispatch came to.
pub(super) enum Prepared {
    Job(BoxedJob),
    Refused(Box<ErrorPayload>),
}

/// Where a dispatch leaves its result. One connection has one, since it dispatches one request at a time.
pub(super) struct Desk {
    laid: Mutex<Option<(u64, Prepared)>>,
    /// Through which the parent is told that a handler starts, where it wants to know.
    herald: Option<Arc<Writer>>,
}

impl Desk {
    pub(super) fn new(herald: Option<Arc<Writer>>) -> Self {
        Self {
            laid: Mutex::default(),
            herald,
        }
    }

    /// Whether the parent wants to know when a handler of this call starts: what may run twice it sends again anyway.
    pub(super) fn heralds(&self, call: &Call) -> bool {
        self.herald.is_some() && call.method.tells_start() && call.request != UNCORRELATED
    }

    /// Called right before user code can run. Returns whether the parent is certain to hear of it: a handler of which it
    /// believes that it never started must never start.
    fn starts(&self, call: &Call) -> bool {
        match self.herald.as_ref().filter(|_| self.heralds(call)) {
            Some(writer) => writer.herald(call.request),
            None => true,
        }
    }

    fn lay(&self, ticket: u64, prepared: Prepared) {
        let before = self
            .laid
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace((ticket, prepared));
        drop(before);
    }

    /// What was laid for this ticket. Nothing, or something for an older one, when the dispatcher broke its word.
    pub(super) fn take(&self, ticket: u64) -> Option<Prepared> {
        let laid = self
            .laid
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        laid.filter(|(laid_for, _)| *laid_for == ticket)
            .map(|(_, prepared)| prepared)
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desk")
    }
}

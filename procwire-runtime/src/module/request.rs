//! A request on its way to a worker: encoded once, sent on whichever connection is current, perhaps more than once.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::error::CallSite;
use super::handle::Module;
use super::slot::SlotState;
use crate::codec::{self, At, Type, Violations};
use crate::connection::{Connection, Down, Expects, Outcome, Outgoing, SendRefused, Span, Ticket};
use crate::contract::{Codec, Kind, Method, Timeout};
use crate::ids::HEADER_SIZE;

/// One request and everything needed to send it again.
pub(super) struct Request {
    module: Module,
    pub(super) method: usize,
    /// The header, left open, and what of the payload is not in `big`.
    frame: Vec<u8>,
    big: Option<Bytes>,
    limit: Limit,
    pub(super) started: Option<Instant>,
    pub(super) deadline: Option<Instant>,
    attempts: u32,
    pub(super) site: CallSite,
    waiting: Option<Pin<Box<dyn Future<Output = Waited> + Send>>>,
    problem: Option<Problem>,
}

/// The time a call is given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// As schema, worker and module say.
    Default,
    /// As the caller says.
    Given(Option<Duration>),
}

/// What made a request fail before it was sent.
#[derive(Debug)]
pub(super) enum Problem {
    Invalid(Violations),
    Encode(Arc<str>),
    TimedOut,
    NotRunning(Arc<Down>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    Look,
    TimedOut,
}

impl Request {
    pub(super) fn new<A: Type>(module: &Module, method: usize, args: &A, limit: Limit) -> Self {
        let contract = module.contract();
        let described = &contract.methods[method];
        let mut request = Self {
            module: module.clone(),
            method,
            frame: take_buffer(),
            big: None,
            limit,
            started: None,
            deadline: None,
            attempts: 0,
            site: CallSite {
                module: contract.name,
                method: described.name,
                pid: None,
                incarnation: 0,
            },
            waiting: None,
            problem: None,
        };
        request.problem = request.encode(args, described).err();
        request
    }

    fn encode<A: Type>(&mut self, args: &A, method: &Method) -> Result<(), Problem> {
        let mut violations = Violations::new();
        args.check(&At::root(), &mut violations);
        if !violations.is_empty() {
            return Err(Problem::Invalid(violations));
        }
        self.frame.extend_from_slice(&[0; HEADER_SIZE]);
        match method.args_codec {
            Codec::Msgpack => {
                codec::msgpack::encode(args, &mut self.frame)
                    .map_err(|error| Problem::Encode(error.to_string().into()))?;
                if self.frame.len() > BIG {
                    // It is handed to the writer as it is instead of being copied into the queue.
                    let payload = Bytes::from(std::mem::take(&mut self.frame)).slice(HEADER_SIZE..);
                    self.frame.extend_from_slice(&[0; HEADER_SIZE]);
                    self.big = Some(payload);
                }
            }
            Codec::Raw => {
                let payload = codec::raw::encode(args)
                    .ok_or_else(|| Problem::Encode("this type cannot travel raw".into()))?;
                if payload.len() > BIG {
                    self.big = Some(payload);
                } else {
                    self.frame.extend_from_slice(&payload);
                }
            }
        }
        let (length, limit) = (
            self.frame.len() - HEADER_SIZE + self.big.as_ref().map_or(0, Bytes::len),
            self.module.options().max_payload,
        );
        if length > limit as usize {
            let message = format!(
                "{length} bytes of payload, the limit is {limit}: raise `max_payload` if that is right"
            );
            return Err(Problem::Encode(message.into()));
        }
        Ok(())
    }

    pub(super) fn described(&self) -> &'static Method {
        &self.module.contract().methods[self.method]
    }

    pub(super) fn site(&self) -> CallSite {
        self.site
    }

    /// Sends the request on the current connection, or waits for one, or for room on it, no longer than the deadline.
    pub(super) fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<Ticket, Problem>> {
        let method = self.described();
        let expects = match method.kind {
            Kind::Stream => Expects::Stream,
            Kind::Ack => Expects::Ack,
            Kind::Result | Kind::None => Expects::Result,
        };
        let cancellable = method.cancellable;
        self.poll_on_connection(context, |request, connection| {
            let limit = request.limit_on(connection);
            let (deadline, silence) = match expects {
                Expects::Stream => (
                    request
                        .start()
                        .and_then(|start| limit.and_then(|limit| start.checked_add(limit))),
                    limit,
                ),
                _ => (request.deadline, None),
            };
            let outgoing = Outgoing {
                frame: &mut request.frame,
                big: request.big.as_ref(),
                method: request.method,
            };
            connection.send(outgoing, expects, cancellable, deadline, silence)
        })
    }

    /// Sends the request as one that wants no answer.
    pub(super) fn poll_send_oneway(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(Arc<Connection>, Span), Problem>> {
        self.poll_on_connection(context, |request, connection| {
            let outgoing = Outgoing {
                frame: &mut request.frame,
                big: request.big.as_ref(),
                method: request.method,
            };
            connection
                .send_oneway(outgoing)
                .map(|span| (connection.clone(), span))
        })
    }

    fn poll_on_connection<R>(
        &mut self,
        context: &mut Context<'_>,
        mut send: impl FnMut(&mut Self, &Arc<Connection>) -> Result<R, SendRefused>,
    ) -> Poll<Result<R, Problem>> {
        if let Some(problem) = self.problem.take() {
            return Poll::Ready(Err(problem));
        }
        self.begin();
        let mut registered = false;
        loop {
            if let Some(waiting) = &mut self.waiting {
                match waiting.as_mut().poll(context) {
                    Poll::Ready(Waited::TimedOut) => return Poll::Ready(Err(Problem::TimedOut)),
                    Poll::Ready(Waited::Look) => self.waiting = None,
                    // One more look after the waker is in place: what is waited for may have happened just before.
                    Poll::Pending if registered => return Poll::Pending,
                    Poll::Pending => registered = true,
                }
            }
            let current = self.module.slot().current();
            let connection = match &current {
                SlotState::Closed(down) => {
                    return Poll::Ready(Err(Problem::NotRunning(down.clone())));
                }
                SlotState::Waiting => None,
                SlotState::Up(connection) => {
                    self.adopt(connection);
                    match send(self, connection) {
                        Ok(sent) => {
                            self.waiting = None;
                            self.attempts += 1;
                            return Poll::Ready(Ok(sent));
                        }
                        Err(SendRefused::Full) => Some(connection.clone()),
                        Err(SendRefused::Down(_)) => None, // the slot is about to change
                    }
                }
            };
            if self.waiting.is_none() {
                self.waiting = Some(self.wait(connection));
                registered = false;
            }
        }
    }

    /// A future that resolves when it is worth looking again.
    fn wait(
        &self,
        connection: Option<Arc<Connection>>,
    ) -> Pin<Box<dyn Future<Output = Waited> + Send>> {
        let (mut slot, clock, deadline) = (
            self.module.slot().watch(),
            self.module.clock().clone(),
            self.deadline,
        );
        Box::pin(async move {
            let room = async {
                match &connection {
                    Some(connection) => connection.changed().await,
                    None => std::future::pending().await,
                }
            };
            let time = async {
                match deadline {
                    Some(deadline) => clock.sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = slot.changed() => Waited::Look,
                () = room => Waited::Look,
                () = time => Waited::TimedOut,
            }
        })
    }

    /// The clock of the call starts when it is first polled.
    fn begin(&mut self) {
        if self.started.is_some() {
            return;
        }
        let limit = match (self.limit, self.described().timeout) {
            (Limit::Given(limit), _) => limit,
            (_, Timeout::After(limit)) => Some(limit),
            (_, Timeout::Never) => None,
            (_, Timeout::Default) => self.default_limit(),
        };
        if limit.is_some() || matches!(self.limit, Limit::Default) {
            let now = self.module.clock().now();
            self.started = Some(now);
            self.deadline = limit.and_then(|limit| now.checked_add(limit));
        }
    }

    fn default_limit(&self) -> Option<Duration> {
        match self.described().kind {
            Kind::Stream | Kind::None => None,
            Kind::Result | Kind::Ack => self.module.options().timeout,
        }
    }

    fn start(&self) -> Option<Instant> {
        // A stream's first item is waited for from now, not from when the call was made.
        self.started.map(|_| self.module.clock().now())
    }

    /// The time limit on this connection: the worker may have announced one, which counts less than the schema's.
    pub(super) fn limit_on(&self, connection: &Connection) -> Option<Duration> {
        match (self.limit, self.described().timeout) {
            (Limit::Given(limit), _) => limit,
            (_, Timeout::After(limit)) => Some(limit),
            (_, Timeout::Never) => None,
            (_, Timeout::Default) => {
                let announced = connection
                    .link()
                    .methods
                    .get(self.method)
                    .and_then(|binding| binding.timeout);
                announced.unwrap_or_else(|| self.default_limit())
            }
        }
    }

    /// The call is bound to a connection from here on.
    fn adopt(&mut self, connection: &Connection) {
        let link = connection.link();
        self.site.pid = link.pid;
        self.site.incarnation = link.incarnation;
        if matches!(self.limit, Limit::Default)
            && matches!(self.described().timeout, Timeout::Default)
        {
            let limit = self.limit_on(connection);
            self.deadline = self
                .started
                .zip(limit)
                .and_then(|(started, limit)| started.checked_add(limit));
        }
    }

    /// Whether to send again after the connection was lost.
    pub(super) fn may_resend(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::NotSent => true,
            Outcome::MaybeExecuted => self.described().idempotent && self.attempts < MAX_ATTEMPTS,
            Outcome::NotStarted | Outcome::Executed => false,
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        give_buffer(std::mem::take(&mut self.frame));
    }
}

thread_local! {
    /// Emptied buffers of this thread's requests, so that a call needs no allocation of its own.
    static BUFFERS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

fn take_buffer() -> Vec<u8> {
    BUFFERS
        .try_with(|buffers| buffers.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn give_buffer(mut buffer: Vec<u8>) {
    if buffer.capacity() == 0 || buffer.capacity() > BIG {
        return;
    }
    buffer.clear();
    // While the thread ends there is no such place any more; the buffer is dropped then.
    let _ = BUFFERS.try_with(|buffers| {
        let mut buffers = buffers.borrow_mut();
        if buffers.len() < MAX_BUFFERS {
            buffers.push(buffer);
        }
    });
}

/// Payloads above this are not copied into the queue.
pub(super) const BIG: usize = 16 << 10;
const MAX_BUFFERS: usize = 128;
/// How often an idempotent call is sent before its worker's deaths are blamed on it.
const MAX_ATTEMPTS: u32 = 3;

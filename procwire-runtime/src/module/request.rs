//! A request on its way to a worker: encoded once, sent on whichever connection is current, perhaps more than once.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;

use super::error::{Attempt, CallSite};
use super::handle::Module;
use super::lobby::Place;
use super::observe::Observed;
use super::options::{TraceHook, WhenUnavailable};
use super::parcel::{Handed, Limit, Parcel, TimeLimits, Way};
use super::retry::{Retry, Verdict, jitter};
use super::slot::{NoWait, SlotState};
use crate::chance::dice;
use crate::codec::{self, At, Type, Violations};
use crate::connection::{Connection, Down, Exit, Expects, Outcome, SendRefused};
use crate::contract::{Codec, Kind, Method};
use crate::ids::HEADER_SIZE;
use crate::metrics::Ending;

/// One request, everything needed to send it again, and what it has been through.
pub(super) struct Request {
    pub(super) module: Module,
    /// What is sent; hollow while it stands in the lobby.
    pub(super) parcel: Parcel,
    /// Its number among the calls of the module, once it was polled.
    number: Option<u64>,
    retry: Retry,
    pub(super) past: Vec<Attempt>,
    pub(super) last_loss: Option<Arc<Down>>,
    /// Where it waits for a worker.
    place: Option<Place>,
    waiting: Option<Pin<Box<dyn Future<Output = Waited> + Send>>>,
    /// It lets a moment pass before it looks for a worker again.
    aside: bool,
    problem: Option<Problem>,
    pub(super) observed: Observed,
}

/// What made a request fail before it was sent.
#[derive(Debug)]
pub(super) enum Problem {
    Invalid(Violations),
    Encode(Arc<str>),
    TooLarge(Arc<str>),
    TimedOut,
    Crowded { calls: usize, bytes: usize },
    Unavailable,
    NotRunning(Arc<Down>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    Look,
    TimedOut,
}

impl Request {
    pub(super) fn new<A: Type>(module: &Module, method: usize, args: &A, limit: Limit) -> Self {
        let described = &module.contract().methods[method];
        let (way, module_limit) = match described.kind {
            Kind::Result => (Way::Answered(Expects::Result), module.options().timeout),
            Kind::Ack => (Way::Answered(Expects::Ack), module.options().timeout),
            Kind::Stream => (Way::Answered(Expects::Stream), None),
            Kind::None => (Way::Oneway, None),
        };
        let parcel = Parcel {
            frame: take_buffer(),
            method,
            way,
            cancellable: described.cancellable,
            limits: TimeLimits {
                call: limit,
                method: module.method_timeout(method),
                module: module_limit,
            },
            ..Parcel::default()
        };
        let mut request = Self {
            module: module.clone(),
            parcel,
            number: None,
            retry: Retry::default(),
            past: Vec::new(),
            last_loss: None,
            place: None,
            waiting: None,
            aside: false,
            problem: None,
            observed: Observed::default(),
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
        let (frame, big) = (&mut self.parcel.frame, &mut self.parcel.big);
        frame.extend_from_slice(&[0; HEADER_SIZE]);
        match method.args_codec {
            Codec::Msgpack => {
                codec::msgpack::encode(args, frame)
                    .map_err(|error| Problem::Encode(error.to_string().into()))?;
                if frame.len() > BIG {
                    // It is handed to the writer as it is instead of being copied into the queue.
                    let payload = Bytes::from(std::mem::take(frame)).slice(HEADER_SIZE..);
                    frame.extend_from_slice(&[0; HEADER_SIZE]);
                    *big = Some(payload);
                }
            }
            Codec::Raw => {
                let payload = codec::raw::encode(args)
                    .ok_or_else(|| Problem::Encode("this type cannot travel raw".into()))?;
                if payload.len() > BIG {
                    *big = Some(payload);
                } else {
                    frame.extend_from_slice(&payload);
                }
            }
        }
        let (length, limit) = (
            self.parcel.size() - HEADER_SIZE,
            self.module.options().max_payload,
        );
        if length > limit as usize {
            let message = format!(
                "{length} bytes of payload, the limit is {limit}: raise `max_payload` if that is right"
            );
            return Err(Problem::TooLarge(message.into()));
        }
        Ok(())
    }

    pub(super) fn described(&self) -> &'static Method {
        &self.module.contract().methods[self.parcel.method]
    }

    /// `module.method`
    pub(super) fn shown(&self) -> String {
        format!("{}.{}", self.module.contract().name, self.described().name)
    }

    /// Which call this is and what it has been through; `now`: how far it came on the worker it is bound to.
    pub(super) fn site(&self, now: Option<(Outcome, Option<Exit>)>) -> Box<CallSite> {
        let last = now.map(|(outcome, exit)| self.attempt(outcome, exit));
        let tail = self.last_loss.as_ref();
        Box::new(CallSite {
            module: self.module.contract().name,
            method: self.described().name,
            slot: 0,
            pid: self.parcel.pid,
            incarnation: self.parcel.incarnation,
            attempts: self.past.iter().copied().chain(last).collect(),
            stderr_tail: tail.map_or_else(|| Arc::from(""), |down| down.stderr_tail.clone()),
        })
    }

    fn attempt(&self, outcome: Outcome, exit: Option<Exit>) -> Attempt {
        Attempt {
            incarnation: self.parcel.incarnation,
            pid: self.parcel.pid,
            outcome,
            exit,
        }
    }

    /// Sends the request on the current connection, or waits for one, or for room on it, no longer than the deadline.
    pub(super) fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<Handed, Problem>> {
        self.observed.begin(&self.module, self.parcel.method);
        if let Some(problem) = self.problem.take() {
            return Poll::Ready(Err(problem));
        }
        let number = self.begin();
        // Time may be over before anything was tried: a limit of zero, or a worker that died late.
        if self.place.is_none() && self.waiting.is_none() && self.parcel.deadline.is_some() {
            let zero = self.parcel.deadline == self.parcel.started;
            if zero || !self.past.is_empty() && self.parcel.is_due(self.module.clock().now()) {
                return Poll::Ready(Err(Problem::TimedOut));
            }
        }
        let mut registered = false;
        loop {
            if let Some(place) = self.place
                && !self.module.slot().waits(place, context)
            {
                if let Some(handed) = self.come_back() {
                    return Poll::Ready(Ok(handed));
                }
                self.waiting = None;
            }
            if let Some(waiting) = &mut self.waiting {
                match waiting.as_mut().poll(context) {
                    Poll::Ready(Waited::TimedOut) => {
                        self.waiting = None;
                        // It may have been sent in this very moment; then its answer is what counts.
                        return Poll::Ready(self.come_back().ok_or(Problem::TimedOut));
                    }
                    Poll::Ready(Waited::Look) => {
                        self.waiting = None;
                        self.aside = false;
                    }
                    Poll::Pending if self.place.is_some() || self.aside => return Poll::Pending,
                    // One more look after the waker is in place: what is waited for may have happened just before.
                    Poll::Pending if registered => return Poll::Pending,
                    Poll::Pending => registered = true,
                }
            }
            let refused = match self.module.slot().current() {
                SlotState::Closed(down) => return Poll::Ready(Err(Problem::NotRunning(down))),
                SlotState::Waiting => None,
                SlotState::Up(connection) => match self.parcel.send(&connection) {
                    Ok(handed) => {
                        self.waiting = None;
                        return Poll::Ready(Ok(handed));
                    }
                    Err(SendRefused::Full) => {
                        if self.waiting.is_none() {
                            self.waiting = Some(self.wait_for_room(connection));
                            registered = false;
                        }
                        continue;
                    }
                    Err(SendRefused::Down(_)) => Some(connection),
                },
            };
            if let Err(problem) = self.enter(number, refused.as_ref()) {
                return Poll::Ready(Err(problem));
            }
        }
    }

    /// Waits in the lobby, if there is still no worker.
    fn enter(&mut self, number: u64, refused: Option<&Arc<Connection>>) -> Result<(), Problem> {
        let WhenUnavailable::Queue { calls, bytes } = self.module.options().when_unavailable else {
            return Err(Problem::Unavailable);
        };
        let place = Place {
            fresh: self.past.is_empty(),
            number,
        };
        let deadline = self.parcel.deadline;
        let slot = self.module.slot();
        match slot.enter(place, &mut self.parcel, (calls, bytes), refused) {
            Ok(()) => {
                self.place = Some(place);
                self.waiting = Some(self.wait_for_time(deadline));
                Ok(())
            }
            Err(NoWait::Look) => {
                self.waiting = None;
                Ok(())
            }
            Err(NoWait::Crowded) => Err(Problem::Crowded { calls, bytes }),
        }
    }

    /// Leaves the lobby, with what the call was sent as, if it was.
    fn come_back(&mut self) -> Option<Handed> {
        let (parcel, handed) = self.module.slot().leave(self.place.take()?)?;
        self.parcel = parcel;
        handed
    }

    fn wait_for_time(
        &self,
        deadline: Option<Instant>,
    ) -> Pin<Box<dyn Future<Output = Waited> + Send>> {
        let clock = self.module.clock().clone();
        Box::pin(async move {
            match deadline {
                Some(deadline) => clock.sleep_until(deadline).await,
                None => std::future::pending().await,
            }
            Waited::TimedOut
        })
    }

    /// Resolves when it is worth looking again.
    fn wait_for_room(
        &self,
        connection: Arc<Connection>,
    ) -> Pin<Box<dyn Future<Output = Waited> + Send>> {
        let mut slot = self.module.slot().watch();
        let time = self.wait_for_time(self.parcel.deadline);
        Box::pin(async move {
            tokio::select! {
                biased;
                _ = slot.changed() => Waited::Look,
                () = connection.changed() => Waited::Look,
                time = time => time,
            }
        })
    }

    /// The clock of the call starts when it is first polled, and nothing stops it until the answer is there.
    fn begin(&mut self) -> u64 {
        if let Some(number) = self.number {
            return number;
        }
        let number = self.module.slot().number();
        self.number = Some(number);
        let trace = self.module.options().trace.as_ref();
        self.parcel.context = trace.and_then(TraceHook::context);
        let limit = self.parcel.limits.alone();
        if limit.is_some() || matches!(self.parcel.limits.call, Limit::Default) {
            let now = self.module.clock().now();
            self.parcel.started = Some(now);
            self.parcel.deadline = limit.and_then(|limit| now.checked_add(limit));
        }
        number
    }

    /// The connection was lost. Whether to send again; if so, it is as if the request had not been sent.
    pub(super) fn on_loss(
        &mut self,
        down: &Arc<Down>,
        outcome: Outcome,
        committed: bool,
    ) -> Verdict {
        let verdict = if down.wanted {
            Verdict::Fail
        } else {
            let (slot, clock) = (self.module.slot().clone(), self.module.clock().clone());
            let budget = || slot.may_resend(clock.now());
            let idempotent = self.described().idempotent;
            self.retry.on_loss(outcome, idempotent, committed, budget)
        };
        if verdict == Verdict::Resend {
            self.past.push(self.attempt(outcome, down.exit));
            self.last_loss = Some(down.clone());
            self.step_aside();
        }
        verdict
    }

    /// How many workers died that may have been executing it.
    pub(super) const fn suspected(&self) -> u32 {
        self.retry.suspected()
    }

    /// Another incarnation is wanted. Where there is none yet, and the old one still stands there, not all may come at once.
    fn step_aside(&mut self) {
        let SlotState::Up(connection) = self.module.slot().current() else {
            return;
        };
        if connection.link().incarnation != self.parcel.incarnation {
            return;
        }
        let dice = dice();
        let clock = self.module.clock().clone();
        let mut slot = self.module.slot().watch();
        self.aside = true;
        self.waiting = Some(Box::pin(async move {
            tokio::select! {
                biased;
                _ = slot.changed() => {}
                () = clock.sleep(jitter(dice)) => {}
            }
            Waited::Look
        }));
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // What was sent for it meanwhile is given up, like every call that is dropped.
        drop(self.come_back());
        self.seen(Ending::Dropped);
        give_buffer(std::mem::take(&mut self.parcel.frame));
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

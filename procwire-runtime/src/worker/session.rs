//! One parent being served: its frames in, the answers out, until it is gone or the worker stops.
//!
//! Every frame of one read is handled in turn. A handler is polled once where its request is met, and its answer is
//! encoded into the batch that leaves after the last of them; only a handler that has to wait becomes a task.
//! Knows nothing of processes, paths and stdio.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::active::{Active, Entry};
use super::call::{Call, method_index, unknown_method};
use super::context::{Current, read_trace};
use super::dispatch::{Desk, Dispatch, Prepared, Request};
use super::events::EventSink;
use super::job::{BoxedJob, Step, Turn, drop_quietly, panicked, take_turn};
use super::outgoing::Outgoing;
use super::pace::Pace;
use super::writer::Writer;
use crate::codec::error::{ErrorKind, ErrorPayload};
use crate::connection::{End, Reader};
use crate::contract::Contract;
use crate::control::Features;
use crate::ids::{ABORT, AUTH, CONTEXT, CREDIT, DEFAULT_MAX_PAYLOAD};
use crate::transport::{ReadHalf, WriteHalf};
use crate::wire::{Frame, WireError};

/// What is asked of a worker beside its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Serve.
    Serving,
    /// Finish what has been sent, then go.
    Draining,
    /// Go: nobody is there any more.
    Gone,
}

/// How large and how long, and what was agreed on with the parent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most bytes of one payload, both ways.
    pub(crate) max_payload: u32,
    /// How long requests may go on once the worker is to finish. The parent gives five seconds.
    pub(crate) drain: Duration,
    /// How long cancelled handlers may take to end.
    pub(crate) cleanup: Duration,
    /// How many handlers may go on although the parent has given their requests up, before no more are begun.
    pub(crate) lingering: usize,
    /// What goes beyond the plain protocol.
    pub(crate) features: Features,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_payload: DEFAULT_MAX_PAYLOAD,
            drain: Duration::from_secs(4),
            cleanup: Duration::from_millis(500),
            lingering: 1024,
            features: Features::default(),
        }
    }
}

/// What the reader and the tasks share.
#[derive(Debug)]
struct Session {
    writer: Arc<Writer>,
    active: Arc<Active>,
    window: Option<u32>,
}

/// Serves a connected parent to its end.
///
/// # Errors
/// The parent broke a rule of framing.
pub(super) async fn serve<D: Dispatch>(
    (read, write): (ReadHalf, WriteHalf),
    contract: &'static Contract,
    dispatch: D,
    events: EventSink,
    mut phase: watch::Receiver<Phase>,
    limits: Limits,
) -> Result<(), WireError> {
    let writer = Arc::new(Writer::new(write));
    let session = Arc::new(Session {
        writer: Arc::clone(&writer),
        active: Arc::default(),
        window: limits.features.credit,
    });
    let writing = tokio::spawn(Arc::clone(&writer).run());
    events.connect(&writer, limits.max_payload);
    let mut server = Server::new(contract, dispatch, Arc::clone(&session), &limits);
    let mut reader = Reader::new(read, limits.max_payload);
    let end = server.serve(&mut reader, &mut phase, limits.drain).await;

    session.active.cancel_all();
    let settled = async {
        session.active.idle().await;
        events.disconnect();
        if !matches!(end, Some(End::Lost(_) | End::Closed | End::Cut)) {
            writer.emptied().await;
        }
    };
    if tokio::time::timeout(limits.cleanup, settled).await.is_err() {
        let methods = session.active.methods().join(", ");
        tracing::warn!(
            methods,
            "the worker ends although handlers are still running"
        );
    }
    events.disconnect();
    writer.close();
    let _ = writing.await; // it ends with the connection, and does not panic
    match end {
        Some(End::Violation(violation)) => Err(violation),
        _ => Ok(()),
    }
}

/// The reader's side of a session.
struct Server<D> {
    contract: &'static Contract,
    dispatch: D,
    session: Arc<Session>,
    limit: u32,
    lingering: usize,
    features: Features,
    /// What came in front of a request, and for which.
    context: Option<(u32, Option<Box<str>>)>,
    desk: Arc<Desk>,
    ticket: u64,
    pace: Pace,
    /// What the current batch has been answered so far.
    out: Outgoing,
}

impl<D: Dispatch> Server<D> {
    fn new(
        contract: &'static Contract,
        dispatch: D,
        session: Arc<Session>,
        limits: &Limits,
    ) -> Self {
        let herald = limits.features.started.then(|| Arc::clone(&session.writer));
        let (desk, pace) = (Arc::new(Desk::new(herald)), Pace::new(contract));
        Self {
            contract,
            dispatch,
            session,
            limit: limits.max_payload,
            lingering: limits.lingering,
            features: limits.features,
            context: None,
            desk,
            ticket: 0,
            pace,
            out: Outgoing::default(),
        }
    }

    /// Reads and serves. None when the worker is to stop and has finished, or is not to wait for that.
    async fn serve(
        &mut self,
        reader: &mut Reader,
        phase: &mut watch::Receiver<Phase>,
        drain: Duration,
    ) -> Option<End> {
        let mut frames = Vec::new();
        while *phase.borrow_and_update() == Phase::Serving {
            let read = tokio::select! {
                biased;
                read = reader.fill(&mut frames) => read,
                changed = phase.changed() => {
                    if changed.is_err() {
                        // Nobody is left who could ask for the end; the connection's own is as good.
                        return self.serve_to_end(reader, &mut frames, phase).await;
                    }
                    continue;
                }
            };
            self.batch(&mut frames, phase).await;
            if let Err(end) = read {
                return Some(end);
            }
        }
        if *phase.borrow() == Phase::Gone {
            return None;
        }
        // Requests that were sent before the parent asked for the end may still be in the socket.
        let Session { active, writer, .. } = &*Arc::clone(&self.session);
        let drained = async {
            loop {
                tokio::select! {
                    biased;
                    read = reader.fill(&mut frames) => {
                        self.batch(&mut frames, &mut phase.clone()).await;
                        if let Err(end) = read {
                            return Some(end);
                        }
                    }
                    () = active.idle() => {
                        if !writer.has_input() {
                            return None;
                        }
                        tokio::task::yield_now().await; // until the runtime has noticed it too
                    }
                    () = reached(phase, Phase::Gone) => return None,
                }
            }
        };
        tokio::time::timeout(drain, drained).await.unwrap_or(None)
    }

    async fn serve_to_end(
        &mut self,
        reader: &mut Reader,
        frames: &mut Vec<Frame>,
        phase: &mut watch::Receiver<Phase>,
    ) -> Option<End> {
        loop {
            let read = reader.fill(frames).await;
            self.batch(frames, &mut phase.clone()).await;
            if let Err(end) = read {
                return Some(end);
            }
        }
    }

    /// Handles every frame of one read, then sends what they were answered with.
    async fn batch(&mut self, frames: &mut Vec<Frame>, phase: &mut watch::Receiver<Phase>) {
        let mut began = Instant::now();
        for frame in frames.drain(..) {
            // No handler starts that the parent could not be told of. A socket that is full is better waited for here
            // than where the handler would start.
            if self.features.started {
                let writer = &self.session.writer;
                if self.out.len() >= LARGE {
                    writer.send(&mut self.out);
                }
                if writer.is_full() {
                    tokio::select! {
                        biased;
                        () = writer.emptied() => {}
                        () = reached(&mut *phase, Phase::Gone) => {}
                    }
                }
            }
            began = self.frame(frame, began);
        }
        self.session.writer.send(&mut self.out);
    }

    /// Handles one frame; flags do not matter. Takes and returns the time.
    fn frame(&mut self, Frame { header, payload }: Frame, began: Instant) -> Instant {
        match header.method {
            ABORT => {
                self.session.active.cancel(header.request);
                return began;
            }
            AUTH => return began,
            CREDIT if self.features.credit.is_some() => {
                if let Some(bytes) = payload.first_chunk::<4>() {
                    let bytes = u32::from_be_bytes(*bytes);
                    self.session.active.grant(header.request, bytes);
                }
                return began;
            }
            CONTEXT if self.features.context => {
                self.context = Some((header.request, read_trace(&payload)));
                return began;
            }
            _ => {}
        }
        let context = self.context.take();
        let index = method_index(header.method);
        let Some(method) = self.contract.methods.get(index) else {
            unknown_method(header.method, header.request, &mut self.out);
            return began;
        };
        let call = Call {
            id: header.method,
            request: header.request,
            method,
            limit: self.limit,
        };
        let lingering = self.session.active.lingering();
        if lingering >= self.lingering {
            let message = format!(
                "{}: not begun: {lingering} requests were given up, and their handlers have not ended",
                method.name
            );
            call.fail(
                &ErrorPayload::new(ErrorKind::Overloaded, message),
                &mut self.out,
            );
            return began;
        }
        let trace =
            context.and_then(|(request, trace)| trace.filter(|_| request == header.request));
        let mut current = Current::new(header.request, method.name, trace);
        if self.desk.heralds(&call) {
            // The answers so far leave together with the word that this one starts.
            self.session.writer.put(&mut self.out);
        }
        self.ticket += 1;
        let request = Request::new(call, payload, &self.desk, self.ticket);
        // User code may run here: the part of a handler before its future, and the `read` of a hand-written type.
        let dispatched = current
            .during(|| catch_unwind(AssertUnwindSafe(|| self.dispatch.dispatch(index, request))));
        match (dispatched, self.desk.take(self.ticket)) {
            (Err(panic), _) => call.fail(&panicked(panic), &mut self.out),
            (Ok(()), Some(Prepared::Job(job))) => self.start(call, job, current, index),
            (Ok(()), Some(Prepared::Refused(error))) => call.fail(&error, &mut self.out),
            (Ok(()), None) => {
                let message = format!("{}: nobody has taken the request", method.name);
                call.fail(
                    &ErrorPayload::new(ErrorKind::Exception, message),
                    &mut self.out,
                );
            }
        }
        let ended = Instant::now();
        let time = ended - began;
        self.pace.took(index, time);
        if time >= PATIENCE {
            self.session.writer.send(&mut self.out); // the answers so far do not wait for more such handlers
        }
        ended
    }

    fn start(&mut self, call: Call, mut job: BoxedJob, mut current: Current, index: usize) {
        let is_congested = self.session.writer.is_congested();
        if !is_congested && self.pace.is_quick(index) {
            let mut turn = Turn {
                call: &call,
                token: None,
                out: &mut self.out,
                window: self.features.credit,
                has_room: true,
            };
            // Not woken by anyone: should it have to wait, its task polls it again at once.
            let mut cx = Context::from_waker(Waker::noop());
            if take_turn(&mut job, &mut current, &mut turn, &mut cx) == Step::Done {
                return drop_quietly(job);
            }
            // What it has sent so far goes before what its task will send.
            self.session.writer.put(&mut self.out);
        }
        let entry = self
            .session
            .active
            .enter(call.request, call.method, current.token());
        tokio::spawn(run(Arc::clone(&self.session), call, job, current, entry));
    }
}

/// Resolves when a phase has come, or when nobody is left to bring it.
pub(super) async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) {
    while *phase.borrow_and_update() < wanted {
        if phase.changed().await.is_err() {
            return;
        }
    }
}

/// The task of a handler that has to wait.
async fn run(
    session: Arc<Session>,
    call: Call,
    mut job: BoxedJob,
    mut current: Current,
    mut entry: Entry,
) {
    let writer = &*session.writer;
    let mut out = Outgoing::default();
    loop {
        let step = {
            let mut room = pin!(writer.room());
            let mut is_let_in = false;
            poll_fn(|cx| {
                if entry.token.is_abandoned(cx.waker()) {
                    call.cancelled(&mut out);
                    return Poll::Ready(Step::Done);
                }
                if !is_let_in {
                    ready!(room.as_mut().poll(cx));
                    is_let_in = true;
                }
                let has_room = !writer.is_congested();
                let mut turn = Turn {
                    call: &call,
                    token: Some(&entry.token),
                    out: &mut out,
                    window: session.window,
                    has_room,
                };
                match take_turn(&mut job, &mut current, &mut turn, cx) {
                    Step::Waiting => {
                        session.send(&mut out);
                        Poll::Pending
                    }
                    step => Poll::Ready(step),
                }
            })
            .await
        };
        if step == Step::Done {
            break;
        }
        session.send(&mut out);
        writer.pass_on();
        // A stream that always has more must not keep others from their turn.
        tokio::task::yield_now().await;
    }
    // The parent may use the id again as soon as it sees the answer.
    entry.free_id();
    session.send(&mut out);
    writer.pass_on();
    drop_quietly(job);
}

impl Session {
    /// Sends at once what nothing else is likely to follow; otherwise leaves it to leave with the rest.
    fn send(&self, out: &mut Outgoing) {
        if self.active.count() > 1 {
            self.writer.leave(out);
        } else {
            self.writer.send(out);
        }
    }
}

/// Answers that may not fit into the socket at once.
const LARGE: usize = 16 << 10;
/// After so long the answers gathered so far are sent.
const PATIENCE: Duration = Duration::from_micros(100);

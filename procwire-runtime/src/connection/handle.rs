//! The parent's end of a connection: sends requests, hands answers to who waits, gives up what nobody wants any more.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

use super::down::Down;
use super::entry::{Bounds, Expects, Refusal, Registration, Space, UNSENT};
use super::outcome::Outcome;
use super::pending::Pending;
use super::reader::{End, Reader};
use super::reading::Reading;
use super::ticket::Ticket;
use super::writer::{Span, Writer};
use crate::clock::Clock;
use crate::control::Features;
use crate::ids::{ABORT, AUTH, CONTEXT, CREDIT, HEADER_SIZE, UNCORRELATED};
use crate::transport::Duplex;
use crate::wire::{Flags, Header, bare};

/// One connection to one worker.
pub struct Connection {
    link: Link,
    writer: Arc<Writer>,
    pending: Mutex<Pending>,
    /// A call ended or bytes left: who waits to send looks again.
    room: Notify,
    /// The next deadline is earlier than the sweeper knows.
    alarm: Notify,
    limits: Limits,
    clock: Clock,
}

/// Who is at the other end, and what the handshake agreed on.
#[derive(Debug)]
pub struct Link {
    /// The process id of the worker; none in memory.
    pub pid: Option<u32>,
    /// Which process of this module it is, from 1.
    pub incarnation: u64,
    /// The version of the module that the worker announced; empty when it said none.
    pub worker_version: Arc<str>,
    /// The methods, in the order of the contract.
    pub methods: Box<[MethodBinding]>,
    /// Ids of events, to their place in the contract.
    pub events: HashMap<u16, usize>,
    /// What the worker speaks beyond the plain protocol. One that speaks any of it is one of ours, and is held to every rule.
    pub features: Features,
}

/// A method as this worker knows it.
#[derive(Clone, Debug)]
pub struct MethodBinding {
    /// Its id on the wire.
    pub id: u16,
    /// The worker promised to say when a handler of it starts, so that its silence means something.
    pub starts: bool,
    /// A time limit that the worker announced.
    pub timeout: Option<Option<Duration>>,
    /// Said when an answer does not fit: the worker was built from another schema.
    pub mismatch: Option<Arc<str>>,
}

/// Bounds of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of one payload, either way.
    pub max_payload: u32,
    /// Most bytes that wait to be written before new requests wait too.
    pub backlog: u64,
    /// What is kept for slow readers.
    pub bounds: Bounds,
}

/// Where events go.
pub trait EventTarget: fmt::Debug + Send + Sync {
    /// An event of the contract arrived.
    fn on_event(&self, index: usize, payload: Bytes);
}

/// A request whose header has been left open.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// The header and what of the payload is not in `big`.
    pub frame: &'a mut [u8],
    /// The rest of the payload.
    pub big: Option<&'a Bytes>,
    /// The method, by its place in the contract.
    pub method: usize,
    /// What the worker is told about the request beforehand, if it wants to hear it.
    pub context: Option<&'a [u8]>,
}

/// Why a request could not be sent right now.
#[derive(Debug)]
pub enum SendRefused {
    /// Too much is under way or waits to be written.
    Full,
    /// The connection has ended.
    Down(Arc<Down>),
}

impl Connection {
    /// Takes a stream over. The writer and the sweeper become tasks; reading is the owner's.
    #[must_use]
    pub fn open(
        duplex: Duplex,
        link: Link,
        limits: Limits,
        clock: Clock,
        events: Arc<dyn EventTarget>,
    ) -> (Arc<Self>, Reading) {
        let (read, write) = duplex.split();
        let pending = Pending::new(limits.bounds, &link.features, Space::WHOLE);
        let connection = Arc::new(Self {
            link,
            writer: Arc::new(Writer::new(write)),
            pending: Mutex::new(pending),
            room: Notify::new(),
            alarm: Notify::new(),
            limits,
            clock,
        });
        tokio::spawn(connection.writer.clone().run());
        tokio::spawn(connection.clone().sweep());
        let reader = Reader::new(read, limits.max_payload);
        let reading = Reading {
            reader,
            connection: connection.clone(),
            events,
        };
        (connection, reading)
    }

    /// Who is at the other end.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The bounds it was opened with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Proves the parent's identity: must be the first frame.
    pub fn authenticate(&self, token: &str) {
        let length = u32::try_from(token.len()).unwrap_or(0);
        let header = Header {
            method: AUTH,
            flags: Flags::REQUEST,
            request: UNCORRELATED,
            length,
        };
        let frame = [&header.to_bytes()[..], token.as_bytes()].concat();
        // Should it be closed already, the reader says so.
        let _ = self.writer.put(&frame, None);
        self.writer.flush();
    }

    /// Sends a request that wants an answer.
    ///
    /// # Errors
    /// There is no room right now, or the connection has ended. Nothing was sent.
    pub fn send(
        self: &Arc<Self>,
        request: Outgoing<'_>,
        expects: Expects,
        cancellable: bool,
        deadline: Option<Instant>,
        silence: Option<Duration>,
    ) -> Result<Ticket, SendRefused> {
        if self.writer.backlog() > self.limits.backlog {
            return Err(SendRefused::Full);
        }
        let binding = self.link.methods.get(request.method);
        let (id, earlier) = {
            // One lock over both, so that whoever ends the connection sees the request either not at all or with its span.
            let pending = &mut *self.pending();
            let (id, earlier) = pending
                .register(Registration {
                    method: binding.map_or(0, |binding| binding.id),
                    expects,
                    deadline,
                    silence,
                    announced: binding.is_some_and(|binding| binding.starts),
                    cancellable,
                })
                .map_err(|refusal| match refusal {
                    Refusal::Full => SendRefused::Full,
                    Refusal::Down(down) => SendRefused::Down(down),
                })?;
            self.announce(request.context, id);
            self.seal(request.frame, request.big, request.method, id);
            match self.writer.put(request.frame, request.big.cloned()) {
                Ok(span) => pending.sent(id, span),
                // Its span stays beyond everything: not sent. The end of the connection will tell the caller why.
                Err(_) => pending.sent(id, UNSENT),
            }
            (id, earlier)
        };
        self.writer.flush();
        if earlier {
            self.alarm.notify_one();
        }
        Ok(Ticket {
            connection: self.clone(),
            id,
            cancellable,
            settled: false,
            unstarted: false,
        })
    }

    /// Sends a request that wants no answer. Returns where it stands among the bytes of the connection.
    ///
    /// # Errors
    /// There is no room right now, or the connection has ended. Nothing was sent.
    pub fn send_oneway(&self, request: Outgoing<'_>) -> Result<Span, SendRefused> {
        if self.writer.backlog() > self.limits.backlog {
            return Err(SendRefused::Full);
        }
        self.announce(request.context, UNCORRELATED);
        self.seal(request.frame, request.big, request.method, UNCORRELATED);
        let span = self
            .writer
            .put(request.frame, request.big.cloned())
            .map_err(|_| self.refused())?;
        self.writer.flush();
        Ok(span)
    }

    /// Whether the system has taken a oneway request, or the reason why it never will.
    ///
    /// # Errors
    /// The connection ended first.
    pub fn poll_sent(&self, span: Span) -> Poll<Result<(), Arc<Down>>> {
        if self.writer.has_sent(span) {
            return Poll::Ready(Ok(()));
        }
        match &self.pending().down() {
            Some(down) => Poll::Ready(Err(down.clone())),
            None => Poll::Pending,
        }
    }

    /// Takes a oneway request back; whether none of it was sent.
    pub fn take_back(&self, span: Span) -> bool {
        self.writer.take_back(span)
    }

    /// Resolves when there may be room again, or bytes left, or the connection ended.
    pub async fn changed(&self) {
        tokio::select! {
            biased;
            () = self.room.notified() => {}
            () = self.writer.progress() => {}
        }
    }

    /// Calls and streams that someone waits for.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.pending().live()
    }

    /// Bytes that wait to be written.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        self.writer.backlog()
    }

    /// Whether nothing is under way and no id waits for its last frame.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.pending().is_empty()
    }

    /// Requests that were given up more than five seconds before `now`, of which the worker was told, and which it has not
    /// ended. Always none for peers that do not answer what was given up.
    #[must_use]
    pub fn stuck(&self, now: Instant) -> usize {
        self.stuck_for(ABORT_GRACE, now)
    }

    /// As [`stuck`](Self::stuck), with another grace than five seconds.
    #[must_use]
    pub fn stuck_for(&self, grace: Duration, now: Instant) -> usize {
        let at = now.checked_sub(grace);
        at.map_or(0, |at| self.pending().stuck(at))
    }

    /// Requests that were given up and whose last frame has not come.
    #[must_use]
    pub fn given_up(&self) -> usize {
        self.pending().given_up()
    }

    /// Resolves when the system takes no more bytes.
    pub async fn write_failed(&self) {
        self.writer.closed().await;
    }

    /// Stops writing. What is under way stays until [`fail`](Self::fail)ed, so that answers which arrived can be read.
    pub fn stop_writing(&self) {
        self.writer.settle();
    }

    /// Stops writing and tells the worker that nothing more will come. What it still sends is read.
    pub fn hang_up(&self) {
        self.writer.hang_up();
    }

    /// Tells the worker to give up everything that is under way, and how much that is. Its last words are still waited for.
    pub fn abort_all(&self) -> usize {
        let ids = self.pending().live_ids();
        for id in &ids {
            self.abort(*id);
        }
        ids.len()
    }

    /// Ends everything that is under way, each exactly once, with what is known about it.
    pub fn fail(&self, mut down: Down) {
        self.writer.settle();
        let mut wake = Vec::new();
        {
            let pending = &mut *self.pending();
            (down.drained, down.violation) = pending.ending();
            let sent = |span| self.writer.has_sent(span);
            pending.fail_all(&Arc::new(down), sent, &mut wake);
        }
        wake.into_iter().for_each(Waker::wake);
        self.room.notify_waiters();
        self.alarm.notify_one();
    }

    /// Puts the context of a request in front of it, where the worker understands that.
    fn announce(&self, context: Option<&[u8]>, request: u32) {
        let Some(context) = context.filter(|_| self.link.features.context) else {
            return;
        };
        let header = Header {
            method: CONTEXT,
            flags: Flags::REQUEST,
            request,
            length: u32::try_from(context.len()).unwrap_or(0),
        };
        // On a closed connection the request meets the same fate.
        let _ = self
            .writer
            .put(&[&header.to_bytes()[..], context].concat(), None);
    }

    /// Fills in the header. Its length cannot be wrong: whoever encoded the payload has compared it with the limit.
    fn seal(&self, frame: &mut [u8], big: Option<&Bytes>, method: usize, request: u32) {
        let length = frame.len().saturating_sub(HEADER_SIZE) + big.map_or(0, Bytes::len);
        let method = self
            .link
            .methods
            .get(method)
            .map_or(0, |binding| binding.id);
        let header = Header {
            method,
            flags: Flags::REQUEST,
            request,
            length: u32::try_from(length).unwrap_or(u32::MAX),
        };
        if let Some(room) = frame.first_chunk_mut() {
            *room = header.to_bytes();
        }
    }

    fn refused(&self) -> SendRefused {
        match self.pending().down() {
            Some(down) => SendRefused::Down(down),
            None => SendRefused::Down(Arc::new(Down::new("the data channel takes no more bytes"))),
        }
    }

    /// A call ended: whoever waits for its place looks again.
    pub(super) fn make_room(&self) {
        self.room.notify_waiters();
    }

    /// So many requests are likely to follow at once.
    pub(super) fn expect(&self, requests: usize) {
        self.writer.expect(requests);
    }

    /// Reading has come to this end.
    pub(super) fn ended(&self, end: &End) {
        let (drained, violation) = match end {
            End::Closed | End::Cut | End::Lost(_) => (true, None),
            // What follows in the stream is not read, so it may hold anything.
            End::Violation(error) => (false, Some((*error).into())),
            End::Breach(violation) => (false, Some(*violation)),
        };
        self.pending().end(drained, violation);
    }

    /// The time, by the clock its deadlines are kept with.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(super) async fn sleep_until(&self, at: Instant) {
        self.clock.sleep_until(at).await;
    }

    /// Lets the worker send more of a stream.
    pub(super) fn grant(&self, id: u32, bytes: u32) {
        let header = Header {
            method: CREDIT,
            flags: Flags::REQUEST,
            request: id,
            length: 4,
        };
        let mut frame = [0; HEADER_SIZE + 4];
        frame[..HEADER_SIZE].copy_from_slice(&header.to_bytes());
        frame[HEADER_SIZE..].copy_from_slice(&bytes.to_be_bytes());
        // A connection that is closed has ended the stream anyway.
        let _ = self.writer.put(&frame, None);
        self.writer.flush();
    }

    pub(super) fn abort(&self, id: u32) {
        // A connection that is closed has ended the request anyway.
        let _ = self.writer.put(&bare(ABORT, Flags::REQUEST, id), None);
        self.writer.flush();
    }

    /// Takes a request back, if none of it was sent.
    pub(super) fn withdraw(&self, id: u32) -> bool {
        let Some(span) = self.pending().span(id) else {
            return false;
        };
        let withdrawn = self.writer.take_back(span);
        if withdrawn {
            let mut pending = self.pending();
            pending.abandon(id, || self.clock.now());
            pending.retire(id);
        }
        withdrawn
    }

    pub(super) fn give_up(&self, id: u32, cancellable: bool) {
        let span = self.pending().abandon(id, || self.clock.now());
        if let Some(span) = span {
            if self.writer.take_back(span) {
                self.pending().retire(id);
            } else if cancellable {
                self.abort(id);
            }
        }
        self.room.notify_waiters();
    }

    /// The task that watches deadlines. It sleeps until the earliest one, for ever when there is none.
    async fn sweep(self: Arc<Self>) {
        loop {
            let (due, next) = {
                let now = self.clock.now();
                let mut pending = self.pending();
                if pending.down().is_some() {
                    return;
                }
                pending.due(now)
            };
            let mut wake = Vec::new();
            for id in due {
                let Some(span) = self.pending().span(id) else {
                    continue;
                };
                let taken_back = self.writer.take_back(span);
                let outcome = if taken_back {
                    Outcome::NotSent
                } else {
                    Outcome::MaybeExecuted
                };
                let mut pending = self.pending();
                pending.expire(id, outcome, &mut wake);
                if taken_back {
                    pending.retire(id);
                }
            }
            wake.into_iter().for_each(Waker::wake);
            tokio::select! {
                biased;
                () = self.alarm.notified() => {}
                () = sleep_until(&self.clock, next) => {}
            }
        }
    }

    pub(super) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a worker may take to end what it was told to give up.
const ABORT_GRACE: Duration = Duration::from_secs(5);

async fn sleep_until(clock: &Clock, at: Option<Instant>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("pid", &self.link.pid)
            .field("incarnation", &self.link.incarnation)
            .finish_non_exhaustive()
    }
}

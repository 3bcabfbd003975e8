//! One thing that is under way on a connection, and the id it goes by. Data only: what becomes of it is the table's.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::down::Down;
use super::outcome::Outcome;
use super::violation::Violation;
use super::window::Window;
use super::writer::Span;

/// How much a connection keeps for slow readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most calls and streams at once.
    pub in_flight: usize,
    /// Most bytes of one stream that wait for its reader.
    pub stream_bytes: usize,
    /// Most bytes of all streams that wait for their readers.
    pub total_bytes: usize,
}

/// What kind of answer an entry waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// One value; an ack is passed over.
    Result,
    /// An ack, or a value in its place.
    Ack,
    /// Items.
    Stream,
}

impl fmt::Display for Expects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Result => "a value",
            Self::Ack => "an ack",
            Self::Stream => "a stream",
        })
    }
}

/// The one answer of a call.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A value, or an ack.
    Answer(Bytes),
    /// An error frame.
    Error(Bytes),
    /// Time is up.
    TimedOut(Outcome),
    /// The connection ended first.
    Lost(Arc<Down>, Outcome),
    /// The worker answered against the rules.
    Violated(Violation, Outcome),
    /// A stream was read too slowly.
    Overflow {
        /// Bytes that waited.
        waiting: usize,
    },
}

/// What a stream has for its reader.
#[derive(Debug)]
pub enum Progress {
    /// Items are in the reader's queue.
    Items,
    /// The worker ended the stream.
    End,
    /// It failed.
    Failed(Reply),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) generation: u32,
    /// Every generation was used, and they began anew.
    pub(super) wrapped: bool,
    pub(super) method: u16,
    /// The worker says when its handler is about to run …
    pub(super) announced: bool,
    /// … and has said so.
    pub(super) started: bool,
    /// Giving up tells the worker.
    pub(super) cancellable: bool,
    pub(super) span: Span,
    pub(super) deadline: Option<Instant>,
    /// Streams: the longest silence, from which the deadline is made anew.
    pub(super) silence: Option<Duration>,
    pub(super) waker: Option<Waker>,
    pub(super) state: State,
}

#[derive(Debug)]
pub(super) enum State {
    Free,
    Call {
        ack: bool,
    },
    /// The caller can fetch its answer. `retired`: the terminal frame has come.
    Done {
        reply: Reply,
        retired: bool,
    },
    Stream(Box<Stream>),
    /// Nobody waits; the terminal frame has not come.
    Abandoned {
        since: Instant,
    },
}

#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) items: VecDeque<Bytes>,
    /// Bytes in `items`.
    pub(super) bytes: usize,
    /// Bytes that the reader has fetched and not finished.
    pub(super) lent: usize,
    pub(super) end: Option<Result<(), Reply>>,
    pub(super) retired: bool,
    pub(super) window: Option<Window>,
}

/// A request to be registered.
#[derive(Clone, Copy, Debug)]
pub struct Registration {
    /// Its method's id.
    pub method: u16,
    /// What it waits for.
    pub expects: Expects,
    /// When it expires.
    pub deadline: Option<Instant>,
    /// Streams: the longest silence.
    pub silence: Option<Duration>,
    /// The worker says when its handler is about to run.
    pub announced: bool,
    /// Giving up tells the worker.
    pub cancellable: bool,
}

/// Why a request cannot be registered.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// As many as allowed are under way.
    Full,
    /// The connection has ended.
    Down(Arc<Down>),
}

/// What a frame asks of the connection beside the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing.
    Nothing,
    /// Tell the worker to give this request up.
    Abort(u32),
    /// An id became free that nobody's leaving has announced: who waits to send looks again.
    Room,
}

impl Entry {
    /// A place that nothing has yet.
    pub(super) const fn free() -> Self {
        Self {
            generation: 0,
            wrapped: false,
            method: 0,
            announced: false,
            started: false,
            cancellable: false,
            span: UNSENT,
            deadline: None,
            silence: None,
            waker: None,
            state: State::Free,
        }
    }

    /// Whether `id` means what has this place now.
    pub(super) const fn is_meant_by(&self, id: u32) -> bool {
        id & PLACE_MASK != 0 && self.generation == id >> PLACE_BITS
    }

    pub(super) const fn is_free(&self) -> bool {
        matches!(self.state, State::Free)
    }

    /// Whether the terminal frame has come, and only the caller has not looked yet.
    pub(super) fn is_retired(&self) -> bool {
        match &self.state {
            State::Done { retired, .. } => *retired,
            State::Stream(stream) => stream.retired,
            _ => false,
        }
    }

    /// What is still waited for, by somebody.
    pub(super) fn expects(&self) -> Option<Expects> {
        match &self.state {
            State::Call { ack: true } => Some(Expects::Ack),
            State::Call { ack: false } => Some(Expects::Result),
            State::Stream(_) => Some(Expects::Stream),
            _ => None,
        }
    }

    /// Who is woken when there is something to fetch.
    pub(super) fn set_waker(&mut self, context: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => self.waker = Some(context.waker().clone()),
        }
    }
}

/// Beyond everything that was ever sent.
pub(super) const UNSENT: Span = Span {
    start: u64::MAX,
    end: u64::MAX,
};

// A request id is `generation << 20 | place + 1`: found without a search, never 0, and one that comes back late is told
// apart from the request that has its place now.
const PLACE_BITS: u32 = 20;
const PLACE_MASK: u32 = (1 << PLACE_BITS) - 1;

/// How many ids there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    pub(super) places: usize,
    /// How often a place has another id.
    pub(super) generations: u32,
}

impl Space {
    /// All that fit into an id.
    pub(super) const WHOLE: Self = Self {
        places: PLACE_MASK as usize,
        generations: 1 << (32 - PLACE_BITS),
    };
}

pub(super) const fn id_of(place: u32, generation: u32) -> u32 {
    generation << PLACE_BITS | (place + 1)
}

pub(super) const fn generation_of(id: u32) -> u32 {
    id >> PLACE_BITS
}

pub(super) const fn place_of(id: u32) -> usize {
    (id & PLACE_MASK).wrapping_sub(1) as usize
}

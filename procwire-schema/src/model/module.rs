//! A module: its methods, its events, and how its worker is started.

use std::time::Duration;

use super::decls::{DeclIndex, Decls};
use super::field::Field;
use super::name::Name;
use super::ty::TypeExpr;
use crate::span::Span;

/// What a front end reads: a module (none in a types-only file) and every type it can see. Not checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// The module.
    pub module: Option<Module>,
    /// Its types, imported ones included.
    pub decls: Decls,
}

/// A module.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Its name, snake_case.
    pub name: Name,
    /// Its version, semver.
    pub version: (String, Span),
    /// `##` comments.
    pub docs: Vec<String>,
    /// How its worker is started; not part of the contract.
    pub spawn: Option<Spawn>,
    /// The methods, in order.
    pub methods: Vec<Method>,
    /// The events, in order.
    pub events: Vec<Event>,
}

/// A method. Defaults of the module (`throws`, `timeout`) are already filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// Its name, snake_case, the name on the wire.
    pub name: Name,
    /// `##` comments.
    pub docs: Vec<String>,
    /// What it takes.
    pub args: Args,
    /// How it answers. None only between front end and checker, which then says so.
    pub answer: Option<Answer>,
    /// The union of errors it may raise.
    pub throws: Option<Throws>,
    /// How long a call may take; for a stream, the longest silence between items.
    pub timeout: Option<Timeout>,
    /// Whether giving up on a call tells the worker. True unless said otherwise.
    pub cancellable: bool,
    /// Whether it is safe to send again after the worker died in the middle.
    pub idempotent: bool,
    /// `codec = "…"`, if written.
    pub codec: Option<(Codec, Span)>,
    /// Why it should no longer be called.
    pub deprecated: Option<String>,
}

/// What a method takes, or an event carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Args {
    /// Named arguments: a map on the wire. None at all: nil on the wire.
    Fields(Vec<Field>),
    /// One value that is the whole payload: `bytes`, a struct, a table, …
    Payload(TypeExpr),
}

/// How a method answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// One value.
    Returns(TypeExpr),
    /// Any number of values, then an end.
    Streams(TypeExpr),
    /// "Taken", with an optional receipt.
    Acks(Option<TypeExpr>),
    /// Nothing.
    Oneway,
}

/// The error union of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throws {
    /// The union.
    pub decl: DeclIndex,
    /// Where it was named.
    pub span: Span,
}

/// A limit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// `"none"`
    Never,
    /// `"30s"`
    After(Duration),
}

/// How a payload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// MessagePack.
    Msgpack,
    /// The bytes themselves.
    Raw,
    /// One Arrow IPC stream.
    Arrow,
}

/// An event: from the worker to the parent, at any time.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name, snake_case.
    pub name: Name,
    /// `##` comments.
    pub docs: Vec<String>,
    /// What it carries.
    pub payload: Args,
    /// What a slow reader sees.
    pub keep: Keep,
    /// Why it should no longer be used.
    pub deprecated: Option<String>,
}

/// What a slow reader of events sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Every one, up to the queue's bound.
    All,
    /// Only the newest.
    Latest,
}

/// `[spawn]`: how the parent runs the worker.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spawn {
    /// Program and arguments.
    pub command: Vec<String>,
    /// How long it may take to get ready.
    pub ready: Option<Duration>,
    /// When it is started again.
    pub restart: Option<Restart>,
    /// Whether and how often it is asked for a sign of life.
    pub heartbeat: Option<Heartbeat>,
    /// Bounds.
    pub limits: Limits,
    /// Where it was written.
    pub span: Option<Span>,
}

/// `restart = { max = 5, within = "1m", backoff = "200ms..10s" }`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// At most this many restarts …
    pub max: u32,
    /// … in any window this long.
    pub within: Duration,
    /// First and greatest delay before a restart.
    pub backoff: (Duration, Duration),
}

impl Restart {
    /// What holds for every part that is not written.
    pub const USUAL: Self = Self {
        max: 5,
        within: Duration::from_secs(60),
        backoff: (Duration::from_millis(200), Duration::from_secs(10)),
    };
}

/// `heartbeat = { every = "5s", miss = "15s" }`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Time between questions.
    pub every: Duration,
    /// Silence after which the worker is replaced.
    pub miss: Duration,
}

impl Heartbeat {
    /// Every 5 s unless said otherwise, and three questions may stay without an answer.
    #[must_use]
    pub fn of(every: Option<Duration>, miss: Option<Duration>) -> Self {
        let every = every.unwrap_or(Duration::from_secs(5));
        Self {
            every,
            miss: miss.unwrap_or_else(|| every.saturating_mul(3)),
        }
    }
}

/// `limits = { in_flight = 64, payload = "256 MiB" }`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Calls in flight at once.
    pub in_flight: Option<u32>,
    /// Bytes of one payload.
    pub payload: Option<u64>,
}

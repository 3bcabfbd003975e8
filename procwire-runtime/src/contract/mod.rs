//! What a module promises, as static data that generated code fills in, and its fingerprints.
//!
//! Owns the descriptors of methods and events. It knows nothing of values, bytes, processes or schemas.
//! Siblings: `workers/python/src/procwire/contract.py`, `workers/typescript/src/contract.ts`.

mod fingerprint;
mod policy;
mod shape;

use std::time::Duration;

pub use fingerprint::Fingerprint;
pub use policy::{Heartbeat, Restart, Retry, SpawnDefaults, Stuck};
pub use shape::{Expansion, Shape};

/// The generation of the agreement between generated code and this runtime.
pub const GENERATION: u32 = 1;

/// Fails the build when the code was generated for another generation of the runtime.
///
/// # Panics
/// At compile time, where generated code calls it.
pub const fn generation<const WANTED: u32>() {
    assert!(
        WANTED == GENERATION,
        "generated for another version of the procwire runtime: run procwire-gen again"
    );
}

/// A module: its name, version, methods and events.
#[derive(Debug)]
pub struct Contract {
    /// Its name, snake_case.
    pub name: &'static str,
    /// Its version, semver.
    pub version: &'static str,
    /// The methods, in the order of the schema. Generated code refers to them by index.
    pub methods: &'static [Method],
    /// The events, likewise.
    pub events: &'static [Event],
}

/// A method.
#[derive(Debug)]
pub struct Method {
    /// Its name on the wire, snake_case.
    pub name: &'static str,
    /// How it answers.
    pub kind: Kind,
    /// How its arguments are written.
    pub args_codec: Codec,
    /// How its answers are written.
    pub answer_codec: Codec,
    /// Whether giving up on a call tells the worker.
    pub cancellable: bool,
    /// Whether it may be sent again after the worker died in the middle.
    pub idempotent: bool,
    /// How long a call may take; for a stream, the longest silence between items.
    pub timeout: Timeout,
    /// The shape of its arguments; that of `()` when it has none.
    pub args: fn() -> &'static Shape,
    /// The shape of an answer or item; that of `()` when there is none.
    pub answer: fn() -> &'static Shape,
    /// The shape of the errors it declares.
    pub error: Option<fn() -> &'static Shape>,
}

impl Method {
    /// Whether a worker of this contract tells a parent that wants to know that a handler starts: of what may be executed
    /// twice nobody needs to know.
    pub(crate) const fn tells_start(&self) -> bool {
        !self.idempotent
    }
}

/// An event: from the worker to the parent, at any time.
#[derive(Debug)]
pub struct Event {
    /// Its name on the wire, snake_case.
    pub name: &'static str,
    /// How its payload is written.
    pub codec: Codec,
    /// What a slow reader sees.
    pub keep: Keep,
    /// The shape of its payload; that of `()` when it has none.
    pub payload: fn() -> &'static Shape,
}

/// How a method answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One value.
    Result,
    /// Any number of values, then an end.
    Stream,
    /// "Taken", with an optional receipt.
    Ack,
    /// Nothing.
    None,
}

impl Kind {
    /// The word on the wire: `result`, `stream`, `ack`, `none`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Stream => "stream",
            Self::Ack => "ack",
            Self::None => "none",
        }
    }
}

/// How a payload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// MessagePack.
    Msgpack,
    /// The bytes themselves.
    Raw,
}

impl Codec {
    /// The word in fingerprints: `msgpack`, `raw`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Msgpack => "msgpack",
            Self::Raw => "raw",
        }
    }
}

/// A limit of time, as the schema states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// The schema says nothing: the module's default holds (30 s, none for streams).
    Default,
    /// `"none"`
    Never,
    /// `"30s"`
    After(Duration),
}

/// What a slow reader of events sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Every one, up to the queue's bound; what does not fit is counted.
    All,
    /// Only the newest.
    Latest,
}

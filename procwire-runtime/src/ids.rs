//! The numbers of the wire that mean something: reserved method ids, and the rule for request ids.
//!
//! Siblings: `workers/python/src/procwire/ids.py`, `workers/typescript/src/ids.ts`.

/// Bytes of a frame's header.
pub const HEADER_SIZE: usize = 11;

/// The method id of a frame that gives a request up.
pub const ABORT: u16 = 0xFFFF;

/// The method id of the frame that proves the parent's identity.
pub const AUTH: u16 = 0xFFFE;

/// The method id of the frame that says that a handler is about to run, where that was agreed on.
pub const STARTED: u16 = 0xFFFD;

/// The method id of the frame that widens the window of a stream, where windows were agreed on.
pub const CREDIT: u16 = 0xFFFC;

/// The method id of the frame that carries the context of the request behind it, where that was agreed on.
pub const CONTEXT: u16 = 0xFFFB;

/// The request id of what wants no answer: oneway requests and events.
pub const UNCORRELATED: u32 = 0;

/// Most bytes of one payload, unless configured: 1 GiB.
pub const DEFAULT_MAX_PAYLOAD: u32 = 1 << 30;

/// Most bytes of one payload that can be configured: 2 GiB − 1.
pub const ABSOLUTE_MAX_PAYLOAD: u32 = i32::MAX as u32;

/// Whether a worker may announce this id for a method or an event.
#[must_use]
pub const fn is_usable(id: u16) -> bool {
    id != 0 && id != ABORT && id != AUTH
}

//! What a worker must not send. Most of it ends the connection; what concerns one call only fails that call.

use super::entry::Expects;
use crate::wire::{Flags, WireError};

/// A breach of the protocol by the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The bytes are no frames.
    #[error(transparent)]
    Framing(#[from] WireError),
    /// The flags are of no frame that a worker sends.
    #[error("a frame with flags {flags:?} for request {request}, which no worker sends")]
    Flags {
        /// The flags.
        flags: Flags,
        /// The request it names.
        request: u32,
    },
    /// The flags say that the frame goes to the worker.
    #[error("a frame with flags {flags:?}, which go from parent to worker")]
    Direction {
        /// The flags.
        flags: Flags,
    },
    /// An answer to nothing: request id 0 is that of requests without an answer.
    #[error("an answer (flags {flags:?}) with request id 0")]
    Uncorrelated {
        /// The flags.
        flags: Flags,
    },
    /// A reserved method id, in a frame that is not the one it is reserved for.
    #[error("a frame (flags {flags:?}) with the reserved method id {method:#06x}")]
    Reserved {
        /// The method id.
        method: u16,
        /// The flags.
        flags: Flags,
    },
    /// A frame that has no payload came with one.
    #[error("{length} bytes of payload in a frame that has none (flags {flags:?})")]
    Payload {
        /// The flags.
        flags: Flags,
        /// Bytes of payload.
        length: u32,
    },
    /// An answer to a request that was never made.
    #[error("an answer to request {request}, which was never made")]
    UnknownId {
        /// The request it names.
        request: u32,
    },
    /// Again and again answers to requests that were answered already.
    #[error("{count} answers within a minute to requests that were answered already")]
    Duplicates {
        /// How many.
        count: usize,
    },
    /// More of a stream than was granted.
    #[error("stream {request} has sent more than its window of {window} bytes")]
    Overrun {
        /// The request.
        request: u32,
        /// Bytes of the window.
        window: u32,
    },
    /// A frame was begun and does not come to its end while calls wait.
    #[error("a frame was begun and does not go on")]
    FrameStall,
    /// The answer names another method than the request. Fails that call only.
    #[error("the answer to request {request} names method {got}, the request named {expected}")]
    WrongMethod {
        /// The request.
        request: u32,
        /// The method of the request.
        expected: u16,
        /// The method of the answer.
        got: u16,
    },
    /// An answer of another kind than the method has. Fails that call only.
    #[error("an answer of the wrong kind (flags {flags:?}) to a request that waits for {expects}")]
    WrongKind {
        /// What the request waits for.
        expects: Expects,
        /// The flags of the answer.
        flags: Flags,
    },
}

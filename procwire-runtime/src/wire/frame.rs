//! A whole frame, as received.
//! Siblings: `workers/python/src/procwire/wire/frame.py`, `workers/typescript/src/wire/frame.ts`.

use bytes::Bytes;

use super::header::Header;

/// A header and its payload. The payload shares the buffer it was received in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The header.
    pub header: Header,
    /// The payload, `header.length` bytes.
    pub payload: Bytes,
}

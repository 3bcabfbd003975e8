//! Frames out: a header is left open, the payload written behind it, then the header is filled in.
//! Siblings: `workers/python/src/procwire/wire/encode.py`, `workers/typescript/src/wire/encode.ts`.

use super::flags::Flags;
use super::header::Header;
use crate::ids::HEADER_SIZE;

/// A payload beyond the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{length} bytes of payload, the limit is {limit}: raise `max_payload` on both ends if that is right"
)]
pub struct TooLarge {
    /// Bytes of payload.
    pub length: usize,
    /// Most bytes allowed.
    pub limit: u32,
}

/// Leaves room for a header at the end of `out` and returns where it begins.
pub fn begin(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_SIZE]);
    start
}

/// Fills in the header that [`begin`] left open at `start`. Everything behind it is payload; `beyond` more bytes of
/// payload follow from elsewhere.
///
/// # Errors
/// The payload is larger than `limit`.
pub fn finish(
    out: &mut [u8],
    start: usize,
    (method, flags, request): (u16, Flags, u32),
    beyond: usize,
    limit: u32,
) -> Result<(), TooLarge> {
    let length = out.len() - start - HEADER_SIZE + beyond;
    let Some(length) = u32::try_from(length).ok().filter(|length| *length <= limit) else {
        return Err(TooLarge { length, limit });
    };
    let header = Header {
        method,
        flags,
        request,
        length,
    }
    .to_bytes();
    out[start..start + HEADER_SIZE].copy_from_slice(&header);
    Ok(())
}

/// A frame without payload.
#[must_use]
pub const fn bare(method: u16, flags: Flags, request: u32) -> [u8; HEADER_SIZE] {
    Header {
        method,
        flags,
        request,
        length: 0,
    }
    .to_bytes()
}

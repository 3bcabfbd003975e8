//! Frames in: bytes arrive in any pieces, frames come out whole.
//! Siblings: `workers/python/src/procwire/wire/decode.py`, `workers/typescript/src/wire/decode.ts`.
//!
//! Small frames are cut out of a shared buffer without a copy. A large one gets a buffer of exactly its size, which the
//! reader fills directly and which becomes the payload as it is.

use bytes::buf::Limit;
use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::error::WireError;
use super::frame::Frame;
use super::header::Header;
use crate::ids::{ABSOLUTE_MAX_PAYLOAD, HEADER_SIZE};

/// Turns pieces of bytes into frames.
#[derive(Debug)]
pub struct Decoder {
    shared: BytesMut,
    large: Option<(Header, Vec<u8>)>,
    max_payload: u32,
}

/// Where the next bytes are to be written: no more than fit.
#[derive(Debug)]
pub enum Space<'a> {
    /// Many frames.
    Shared(Limit<&'a mut BytesMut>),
    /// The rest of one large payload.
    Large(Limit<&'a mut Vec<u8>>),
}

impl Decoder {
    /// A decoder that accepts payloads of up to `max_payload` bytes, and never more than 2 GiB − 1.
    #[must_use]
    pub fn new(max_payload: u32) -> Self {
        Self {
            shared: BytesMut::new(),
            large: None,
            max_payload: max_payload.min(ABSOLUTE_MAX_PAYLOAD),
        }
    }

    /// Room for the next read. Call [`next`](Self::next) until it has nothing more before asking again.
    pub fn space(&mut self) -> Space<'_> {
        if let Some((header, payload)) = &mut self.large {
            let missing = header.length as usize - payload.len();
            return Space::Large(payload.limit(missing));
        }
        if self.shared.capacity() - self.shared.len() < MIN_ROOM {
            self.shared.reserve(CHUNK);
        }
        let room = self.shared.capacity() - self.shared.len();
        Space::Shared((&mut self.shared).limit(room))
    }

    /// Takes bytes from a slice; for tests and for what was read elsewhere.
    ///
    /// # Errors
    /// As [`next`](Self::next), whose frames are handed to `each`.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Frame)) -> Result<(), WireError> {
        while !bytes.is_empty() {
            match self.space() {
                Space::Shared(mut room) => copy(&mut room, &mut bytes),
                Space::Large(mut room) => copy(&mut room, &mut bytes),
            }
            while let Some(frame) = self.next()? {
                each(frame);
            }
        }
        Ok(())
    }

    /// The next whole frame, or none until more bytes arrive.
    ///
    /// # Errors
    /// A violation of the framing; the connection is of no more use.
    #[expect(
        clippy::should_implement_trait,
        reason = "not an iterator: none means not yet"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, WireError> {
        if let Some((header, payload)) = self
            .large
            .take_if(|(header, payload)| payload.len() == header.length as usize)
        {
            return Ok(Some(Frame {
                header,
                payload: Bytes::from(payload),
            }));
        }
        if self.large.is_some() {
            return Ok(None);
        }
        let Some(bytes) = self.shared.first_chunk::<HEADER_SIZE>() else {
            return Ok(None);
        };
        let header = Header::parse(*bytes, self.max_payload)?;
        let (length, present) = (header.length as usize, self.shared.len() - HEADER_SIZE);
        if present >= length {
            self.shared.advance(HEADER_SIZE);
            let payload = if length == 0 {
                Bytes::new()
            } else {
                self.shared.split_to(length).freeze()
            };
            return Ok(Some(Frame { header, payload }));
        }
        if length > LARGE {
            let mut payload = Vec::new();
            payload
                .try_reserve_exact(length)
                .map_err(|_| WireError::NoMemory {
                    length: header.length,
                })?;
            self.shared.advance(HEADER_SIZE);
            payload.extend_from_slice(&self.shared);
            self.shared.clear();
            self.large = Some((header, payload));
        } else {
            self.shared.reserve(length - present);
        }
        Ok(None)
    }

    /// Whether the bytes so far end in the middle of a frame.
    #[must_use]
    pub fn is_mid_frame(&self) -> bool {
        self.large.is_some() || !self.shared.is_empty()
    }
}

fn copy(room: &mut impl BufMut, bytes: &mut &[u8]) {
    let fits = bytes.len().min(room.remaining_mut());
    room.put_slice(&bytes[..fits]);
    bytes.advance(fits);
}

/// What one read may bring.
const CHUNK: usize = 64 << 10;
/// Below this much room a new chunk is begun.
const MIN_ROOM: usize = 4 << 10;
/// Payloads above this get a buffer of their own.
const LARGE: usize = 48 << 10;

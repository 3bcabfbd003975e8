//! The reading half of a connection: one read, every frame in it.

use std::io;

use tokio::io::AsyncReadExt;

use super::violation::Violation;
use crate::transport::ReadHalf;
use crate::wire::{Decoder, Frame, Space, WireError};

/// Reads frames.
#[derive(Debug)]
pub struct Reader {
    half: ReadHalf,
    decoder: Decoder,
    /// Bytes of the latest read.
    latest: usize,
}

/// How reading ended.
#[derive(Debug, thiserror::Error)]
pub enum End {
    /// The other end has closed, between two frames.
    #[error("the data channel was closed")]
    Closed,
    /// The other end closed, or died, in the middle of a frame.
    #[error("the data channel was closed in the middle of a frame")]
    Cut,
    /// The other end is gone.
    #[error("the data channel was lost: {0}")]
    Lost(io::Error),
    /// The bytes are no frames.
    #[error("protocol violation: {0}")]
    Violation(#[from] WireError),
    /// They are, and break a rule.
    #[error("protocol violation: {0}")]
    Breach(Violation),
}

impl Reader {
    /// A reader that accepts payloads of up to `max_payload` bytes.
    #[must_use]
    pub fn new(half: ReadHalf, max_payload: u32) -> Self {
        Self {
            half,
            decoder: Decoder::new(max_payload),
            latest: 0,
        }
    }

    /// Reads once, waiting if there is nothing, and appends every frame that is whole by then. A large payload is read
    /// straight into a buffer of its size.
    ///
    /// # Errors
    /// Nothing more can be read. Frames found before the end are in `frames` all the same.
    pub async fn fill(&mut self, frames: &mut Vec<Frame>) -> Result<(), End> {
        let read = match self.decoder.space() {
            Space::Shared(mut room) => self.half.read_buf(&mut room).await,
            Space::Large(mut room) => self.half.read_buf(&mut room).await,
        };
        match read {
            Ok(0) if self.decoder.is_mid_frame() => return Err(End::Cut),
            Ok(0) => return Err(End::Closed),
            Ok(read) => self.latest = read,
            Err(error) => return Err(End::Lost(error)),
        }
        while let Some(frame) = self.decoder.next()? {
            frames.push(frame);
        }
        Ok(())
    }

    /// Bytes of the latest read, when it left a frame half received.
    pub(super) fn half(&self) -> Option<usize> {
        self.decoder.is_mid_frame().then_some(self.latest)
    }
}

//! What waits to be written, byte by byte accounted for. Pure: whoever owns it does the writing.

use std::collections::VecDeque;

use bytes::Bytes;

use super::writer::Span;
use crate::ids::{ABORT, HEADER_SIZE};
use crate::wire::{Flags, Header};

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// What waits, in order. Small frames share a segment.
    pub(super) segments: VecDeque<Segment>,
    /// The offset after the last byte put in.
    pub(super) queued: u64,
    /// The offset after the last byte that the system took.
    pub(super) accepted: u64,
    pub(super) state: State,
    /// Nothing more is to be taken; closed as soon as nobody is writing.
    pub(super) closing: bool,
    /// Frames that are likely to follow at once, so that writing now would be too early.
    pub(super) expected: u32,
    /// A buffer to fill next, emptied before.
    pub(super) spare: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Segment {
    pub(super) start: u64,
    pub(super) data: Data,
}

#[derive(Debug)]
pub(super) enum Data {
    Small(Vec<u8>),
    Big(Bytes),
    /// A payload given up before its turn: so many bytes count as taken and are not written.
    Gone(usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Idle,
    /// Someone has taken what waits and is writing it.
    Writing,
    /// The socket is full; the writer task waits for it.
    Full,
    Closed,
}

impl Queue {
    /// Puts a frame behind everything that waits.
    pub(super) fn put(&mut self, frame: &[u8], big: Option<Bytes>) -> Span {
        let start = self.queued;
        match self.segments.back_mut() {
            Some(Segment {
                data: Data::Small(bytes),
                ..
            }) => bytes.extend_from_slice(frame),
            _ => {
                let mut bytes = std::mem::take(&mut self.spare);
                bytes.extend_from_slice(frame);
                self.segments.push_back(Segment {
                    start,
                    data: Data::Small(bytes),
                });
            }
        }
        self.queued += frame.len() as u64;
        if let Some(big) = big.filter(|big| !big.is_empty()) {
            let start = self.queued;
            self.queued += big.len() as u64;
            self.segments.push_back(Segment {
                start,
                data: Data::Big(big),
            });
        }
        Span {
            start,
            end: self.queued,
        }
    }

    /// Takes a frame back, if none of it was taken: it becomes the abort of a request that the worker never had. Returns
    /// whether that succeeded.
    pub(super) fn take_back(&mut self, span: Span) -> bool {
        if self.state == State::Writing || span.start < self.accepted {
            return false;
        }
        if self.state == State::Closed {
            return true; // it stays where it is for ever
        }
        let Some(index) = self
            .segments
            .iter()
            .position(|one| one.start <= span.start && span.start < one.end())
        else {
            return false;
        };
        // A large payload has a segment of its own and is dropped; a small one stays, as the payload of the abort, which
        // every worker ignores.
        let big = self
            .segments
            .get(index + 1)
            .filter(|next| matches!(next.data, Data::Big(_)) && next.end() == span.end);
        let dropped = big.map_or(0, |big| big.data.len());
        let at = (span.start - self.segments[index].start) as usize;
        let Data::Small(bytes) = &mut self.segments[index].data else {
            return false;
        };
        let Some(header) = bytes
            .get_mut(at..at + HEADER_SIZE)
            .and_then(|bytes| bytes.first_chunk_mut())
        else {
            return false;
        };
        let Ok(old) = Header::parse(*header, u32::MAX) else {
            return false;
        };
        let length = old.length - u32::try_from(dropped).unwrap_or(0);
        *header = Header {
            method: ABORT,
            flags: Flags::REQUEST,
            length,
            ..old
        }
        .to_bytes();
        if dropped > 0 {
            self.segments[index + 1].data = Data::Gone(dropped);
        }
        true
    }
}

/// Drops the first `offset` bytes of the first segment.
pub(super) fn cut_front(batch: &mut VecDeque<Segment>, offset: usize) {
    if let Some(front) = batch.front_mut().filter(|_| offset > 0) {
        front.start += offset as u64;
        match &mut front.data {
            Data::Small(bytes) => drop(bytes.drain(..offset)),
            Data::Big(bytes) => drop(bytes.split_to(offset)),
            Data::Gone(_) => {}
        }
    }
}

impl Segment {
    pub(super) fn end(&self) -> u64 {
        self.start + self.data.len() as u64
    }
}

impl Data {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Gone(len) => *len,
            other => other.bytes().len(),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Small(bytes) => bytes,
            Self::Big(bytes) => bytes,
            Self::Gone(_) => &[],
        }
    }
}

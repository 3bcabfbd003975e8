//! Frames that wait to leave, in order, as a few pieces: small frames share a buffer, a large payload is a piece of its own.
//!
//! A frame is opened, its payload encoded right behind the space for the header, and then finished; one that cannot be
//! finished leaves nothing behind. Knows no socket.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

use crate::wire::{self, Flags, TooLarge};

/// Whole frames in the order in which they leave, and at most one that is being written.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pieces: VecDeque<Piece>,
    /// Where in the last piece the open frame begins.
    open: Option<usize>,
    /// Bytes of the first piece that have left.
    gone: usize,
    /// Bytes that wait, those of the open frame not among them.
    len: usize,
    /// A buffer to fill next, emptied before.
    spare: Vec<u8>,
}

#[derive(Debug)]
enum Piece {
    Small(Vec<u8>),
    Large(Bytes),
}

impl Outgoing {
    /// Opens a frame and returns the buffer, to whose end the payload is to be appended.
    pub(super) fn open(&mut self) -> &mut Vec<u8> {
        self.discard();
        if !matches!(self.pieces.back(), Some(Piece::Small(_))) {
            let spare = std::mem::take(&mut self.spare);
            self.pieces.push_back(Piece::Small(spare));
        }
        let buffer = self.last();
        let start = wire::begin(buffer);
        self.open = Some(start);
        self.last()
    }

    /// Finishes the open frame; `large` is the rest of its payload.
    ///
    /// # Errors
    /// The payload is larger than `limit`. The frame is discarded.
    pub(super) fn finish(
        &mut self,
        (method, flags, request): (u16, Flags, u32),
        large: Option<Bytes>,
        limit: u32,
    ) -> Result<(), TooLarge> {
        let Some(start) = self.open else {
            return Ok(());
        };
        let beyond = large.as_ref().map_or(0, Bytes::len);
        let buffer = self.last();
        if let Err(error) = wire::finish(buffer, start, (method, flags, request), beyond, limit) {
            self.discard();
            return Err(error);
        }
        self.len += buffer.len() - start + beyond;
        self.open = None;
        match large {
            // Copying a small one is cheaper than a piece of its own.
            Some(large) if beyond <= SMALL => self.last().extend_from_slice(&large),
            Some(large) => self.pieces.push_back(Piece::Large(large)),
            None => {}
        }
        Ok(())
    }

    /// Takes the open frame back, if there is one.
    pub(super) fn discard(&mut self) {
        if let Some(start) = self.open.take() {
            let buffer = self.last();
            buffer.truncate(start);
            if start == 0 {
                self.drop_last();
            }
        }
    }

    /// Bytes that wait.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Moves everything from `other` behind what is here.
    pub(super) fn append(&mut self, other: &mut Self) {
        other.discard();
        if self.is_empty() && self.pieces.is_empty() {
            std::mem::swap(self, other);
            return;
        }
        self.len += std::mem::take(&mut other.len);
        if let (Some(Piece::Small(into)), [Piece::Small(from)]) =
            (self.pieces.back_mut(), other.pieces.make_contiguous())
            && from.len() - other.gone <= SMALL
        {
            into.extend_from_slice(&from[other.gone..]);
            other.gone = 0;
            other.drop_last();
            return;
        }
        other.trim();
        self.pieces.append(&mut other.pieces);
    }

    /// Shows what waits, as far as the slices reach. Returns how many were filled.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (slot, piece) in slices.iter_mut().zip(&self.pieces) {
            let skip = if count == 0 { self.gone } else { 0 };
            *slot = IoSlice::new(&piece.bytes()[skip..]);
            count += 1;
        }
        count
    }

    /// Drops the first `bytes` bytes: they have left.
    pub(super) fn consume(&mut self, bytes: usize) {
        self.len -= bytes;
        self.gone += bytes;
        while let Some(first) = self.pieces.front()
            && self.gone >= first.bytes().len()
        {
            self.gone -= first.bytes().len();
            match self.pieces.pop_front() {
                Some(Piece::Small(buffer)) => self.keep(buffer),
                _ => continue,
            }
        }
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Really drops what has left of the first piece, which is about to be no longer the first.
    fn trim(&mut self) {
        match self.pieces.front_mut() {
            Some(Piece::Small(buffer)) => drop(buffer.drain(..self.gone)),
            Some(Piece::Large(bytes)) => drop(bytes.split_to(self.gone)),
            None => {}
        }
        self.gone = 0;
    }

    /// The last piece, which is a small one wherever this is called.
    fn last(&mut self) -> &mut Vec<u8> {
        match self.pieces.back_mut() {
            Some(Piece::Small(buffer)) => buffer,
            _ => &mut self.spare,
        }
    }

    fn drop_last(&mut self) {
        if let Some(Piece::Small(buffer)) = self.pieces.pop_back() {
            self.keep(buffer);
        }
    }

    fn keep(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= SPARE && buffer.capacity() > self.spare.capacity() {
            buffer.clear();
            self.spare = buffer;
        }
    }
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Small(buffer) => buffer,
            Self::Large(bytes) => bytes,
        }
    }
}

/// Up to here a payload is copied rather than sent as a piece of its own.
const SMALL: usize = 16 << 10;
/// An emptied buffer larger than this is not kept.
const SPARE: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn put(out: &mut Outgoing, request: u32, payload: &[u8], large: Option<Bytes>) {
        out.open().extend_from_slice(payload);
        out.finish((1, Flags::RESPONSE, request), large, u32::MAX)
            .unwrap();
    }

    fn drain(out: &mut Outgoing, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while !out.is_empty() {
            let mut slices = [IoSlice::new(&[]); 3];
            let count = out.slices(&mut slices);
            let bytes: Vec<u8> = slices[..count]
                .iter()
                .flat_map(|slice| slice.to_vec())
                .take(step)
                .collect();
            all.extend_from_slice(&bytes);
            out.consume(bytes.len());
        }
        assert_eq!((out.gone, out.pieces.len()), (0, 0));
        all
    }

    #[test]
    fn a_frame_that_is_not_finished_leaves_nothing() {
        let mut out = Outgoing::default();
        put(&mut out, 1, b"a", None);
        out.open().extend_from_slice(b"half");
        out.discard();
        out.open().extend_from_slice(b"too long");
        assert_eq!(
            out.finish((1, Flags::RESPONSE, 2), None, 3),
            Err(TooLarge {
                length: 8,
                limit: 3
            })
        );
        put(&mut out, 3, b"b", None);
        assert_eq!(out.len(), 24);
        let bytes = drain(&mut out, usize::MAX);
        assert_eq!(
            (bytes.len(), &bytes[11..12], &bytes[23..]),
            (24, &b"a"[..], &b"b"[..])
        );
    }

    proptest! {
        /// However frames are gathered, handed on and cut by the socket: the same bytes leave.
        #[test]
        fn the_same_bytes_leave(
            frames in proptest::collection::vec((0_usize..40_000, any::<bool>(), any::<bool>()), 0..12),
            step in 1_usize..50_000,
            early in 0_usize..30_000,
        ) {
            let (mut whole, mut queue, mut batch) = (Vec::new(), Outgoing::default(), Outgoing::default());
            let mut left = Vec::new();
            for (number, (size, is_large, hand_on)) in frames.into_iter().enumerate() {
                let payload = vec![u8::try_from(number).unwrap(); size];
                let mut alone = Outgoing::default();
                put(&mut alone, 7, &payload, None);
                whole.extend(drain(&mut alone, usize::MAX));
                match is_large {
                    true => put(&mut batch, 7, b"", Some(payload.into())),
                    false => put(&mut batch, 7, &payload, None),
                }
                if hand_on {
                    queue.append(&mut batch);
                    prop_assert!(batch.is_empty());
                    let mut slices = [IoSlice::new(&[]); 2];
                    let count = queue.slices(&mut slices);
                    let bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).take(early).collect();
                    left.extend_from_slice(&bytes);
                    queue.consume(bytes.len());
                }
            }
            queue.append(&mut batch);
            left.extend(drain(&mut queue, step));
            prop_assert_eq!(left, whole);
        }
    }
}

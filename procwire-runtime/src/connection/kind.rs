//! What a frame is, by its header alone.
//!
//! A worker that agreed on features is one of ours and is held to the letter. Any other peer is taken as published parents take
//! it: direction and method of an answer do not count, and what fits nothing is passed over.

use super::violation::Violation;
use crate::control::Features;
use crate::ids::{ABORT, AUTH, CONTEXT, CREDIT, STARTED, UNCORRELATED};
use crate::wire::{Flags, Header};

/// What a frame from a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing that concerns anybody.
    Nothing,
    Event,
    /// The handler of a request is about to run.
    Started,
    Value,
    Ack,
    Error,
    Item,
    End,
    StreamError,
}

/// Which rules a peer is held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    /// To the letter.
    pub(super) strict: bool,
    /// The worker says when a handler is about to run.
    pub(super) started: bool,
    /// Bytes of the window of a stream.
    pub(super) credit: Option<u32>,
    context: bool,
}

impl Rules {
    pub(super) fn new(features: &Features) -> Self {
        Self {
            strict: *features != Features::default(),
            started: features.started,
            credit: features.credit,
            context: features.context,
        }
    }

    /// What the frame is.
    pub(super) const fn kind(&self, header: &Header) -> Result<Kind, Violation> {
        if self.strict {
            self.judge(header)
        } else {
            Ok(tolerate(header))
        }
    }

    const fn judge(&self, header: &Header) -> Result<Kind, Violation> {
        let Header {
            method,
            flags,
            request,
            length,
        } = *header;
        if !flags.has(Flags::TO_PARENT) {
            return Err(Violation::Direction { flags });
        }
        let started = self.started && method == STARTED && flags.byte() == Flags::TO_PARENT.byte();
        if self.is_reserved(method) && !started {
            return Err(Violation::Reserved { method, flags });
        }
        let kind = match flags.byte() {
            EVENT if started => Kind::Started,
            EVENT => Kind::Event,
            RESPONSE => Kind::Value,
            ACK => Kind::Ack,
            ERROR => Kind::Error,
            CHUNK => Kind::Item,
            END => Kind::End,
            STREAM_ERROR | LAST_ERROR => Kind::StreamError,
            _ => return Err(Violation::Flags { flags, request }),
        };
        if length > 0 && matches!(kind, Kind::Started | Kind::End) {
            return Err(Violation::Payload { flags, length });
        }
        match (kind, request) {
            (Kind::Event, UNCORRELATED) => {}
            (Kind::Event, _) => return Err(Violation::Flags { flags, request }),
            (_, UNCORRELATED) => return Err(Violation::Uncorrelated { flags }),
            _ => {}
        }
        Ok(kind)
    }

    const fn is_reserved(&self, method: u16) -> bool {
        match method {
            ABORT | AUTH => true,
            STARTED => self.started,
            CREDIT => self.credit.is_some(),
            CONTEXT => self.context,
            _ => false,
        }
    }
}

impl Kind {
    /// Whether the worker is done with the request after this frame.
    pub(super) const fn is_last(self) -> bool {
        !matches!(self, Self::Item | Self::Started)
    }
}

/// The rules of published parents.
const fn tolerate(header: &Header) -> Kind {
    let flags = header.flags;
    if header.request == UNCORRELATED {
        return if flags.has(Flags::TO_PARENT) && !flags.has(Flags::IS_RESPONSE) {
            Kind::Event
        } else {
            Kind::Nothing
        };
    }
    let is_error = flags.has(Flags::IS_ERROR);
    if flags.has(Flags::IS_STREAM) {
        return match (is_error, flags.has(Flags::STREAM_END)) {
            (true, _) => Kind::StreamError,
            (false, true) => Kind::End,
            (false, false) => Kind::Item,
        };
    }
    if !flags.has(Flags::IS_RESPONSE) {
        Kind::Nothing
    } else if flags.has(Flags::IS_ACK) {
        Kind::Ack // even with the error bit
    } else if is_error {
        Kind::Error
    } else {
        Kind::Value
    }
}

const EVENT: u8 = Flags::EVENT.byte();
const RESPONSE: u8 = Flags::RESPONSE.byte();
const ACK: u8 = Flags::ACK.byte();
const ERROR: u8 = Flags::ERROR.byte();
const CHUNK: u8 = Flags::CHUNK.byte();
const END: u8 = Flags::END.byte();
const STREAM_ERROR: u8 = Flags::STREAM_ERROR.byte();
/// An error that says twice that nothing follows.
const LAST_ERROR: u8 = STREAM_ERROR | Flags::STREAM_END.byte();

#[cfg(test)]
#[path = "kind_tests.rs"]
mod tests;

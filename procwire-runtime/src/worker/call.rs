//! The frames that answer one request: items, and exactly one that ends it.
//!
//! Owns which flags go with which kind, and what is said when a value cannot be sent. Knows no socket.

use bytes::Bytes;

use super::outgoing::Outgoing;
use crate::codec::error::{ErrorKind, ErrorPayload};
use crate::codec::{At, Type, Violations, msgpack, raw};
use crate::contract::{Codec, Kind, Method};
use crate::ids::{UNCORRELATED, is_usable};
use crate::wire::Flags;

/// A request, as far as its answer is concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// The method's id on the wire.
    pub(super) id: u16,
    /// The parent's number for the request; 0 when no answer is wanted.
    pub(super) request: u32,
    /// The method.
    pub(super) method: &'static Method,
    /// Most bytes of one payload.
    pub(super) limit: u32,
}

impl Call {
    /// Reads and checks the arguments.
    pub(super) fn read<A: Type>(&self, payload: Bytes) -> Result<A, Box<ErrorPayload>> {
        let read = match self.method.args_codec {
            Codec::Msgpack => msgpack::decode::<A>(&payload),
            Codec::Raw => raw::decode::<A>(payload),
        };
        let args = read.map_err(|error| self.invalid(&error.path, &error.to_string()))?;
        let mut found = Violations::new();
        args.check(&At::root(), &mut found);
        match found.iter().next() {
            None => Ok(args),
            Some(first) => Err(self.invalid(&first.path, &found.to_string())),
        }
    }

    fn invalid(&self, field: &str, message: &str) -> Box<ErrorPayload> {
        let message = format!("{}: invalid arguments: {message}", self.method.name);
        Box::new(ErrorPayload {
            field: Some(field.to_owned()),
            ..ErrorPayload::new(ErrorKind::Invalid, message)
        })
    }

    /// The answer of a request that has one; this ends the request.
    pub(super) fn answer<T: Type>(&self, value: &T, out: &mut Outgoing) {
        let flags = match self.method.kind {
            Kind::Ack => Flags::ACK,
            _ => Flags::RESPONSE,
        };
        if self.request == UNCORRELATED {
            return;
        }
        if let Err(error) = self.put(flags, value, out) {
            self.fail(&error, out);
        }
    }

    /// One item of a stream. Whether the stream goes on: an item that cannot be sent ends the request, and so does one
    /// that nobody can tell to which stream it belongs.
    pub(super) fn item<T: Type>(&self, value: &T, out: &mut Outgoing) -> bool {
        if self.request == UNCORRELATED {
            return false;
        }
        match self.put(Flags::CHUNK, value, out) {
            Ok(()) => true,
            Err(error) => {
                self.fail(&error, out);
                false
            }
        }
    }

    /// The end of a stream; this ends the request.
    pub(super) fn end(&self, out: &mut Outgoing) {
        if self.request != UNCORRELATED {
            out.open();
            let _ = out.finish((self.id, Flags::END, self.request), None, self.limit); // no payload is not too large
        }
    }

    /// The error that the schema declares; this ends the request.
    pub(super) fn raise<E: Type>(&self, error: &E, out: &mut Outgoing) {
        let said = ErrorPayload::new(ErrorKind::App, error.sentence());
        let mut found = Violations::new();
        error.check(&At::root(), &mut found);
        if !found.is_empty() {
            return self.fail(
                &self.unsendable("the declared error", &found.to_string()),
                out,
            );
        }
        if self.request == UNCORRELATED {
            return self.log(&said);
        }
        if let Err(error) = said.write(Some(error), out.open()) {
            return self.fail(
                &self.unsendable("the declared error", &error.to_string()),
                out,
            );
        }
        self.finish_error(out);
    }

    /// Any other failure; this ends the request.
    pub(super) fn fail(&self, error: &ErrorPayload, out: &mut Outgoing) {
        if self.request == UNCORRELATED {
            return self.log(error);
        }
        error.write_plain(out.open());
        self.finish_error(out);
    }

    /// The parent gave the request up, or the worker stops; this ends the request.
    pub(super) fn cancelled(&self, out: &mut Outgoing) {
        if self.request != UNCORRELATED {
            let message = format!("{}: cancelled", self.method.name);
            self.fail(&ErrorPayload::new(ErrorKind::Cancelled, message), out);
        }
    }

    fn finish_error(&self, out: &mut Outgoing) {
        let flags = match self.method.kind {
            Kind::Stream => Flags::STREAM_ERROR,
            _ => Flags::ERROR,
        };
        let frame = (self.id, flags, self.request);
        if let Err(error) = out.finish(frame, None, self.limit) {
            // The texts were too long; what remains is short.
            let message = format!(
                "{}: failed, and the error cannot be sent: {error}",
                self.method.name
            );
            ErrorPayload::new(ErrorKind::Encode, message).write_plain(out.open());
            let _ = out.finish(frame, None, u32::MAX);
        }
    }

    fn put<T: Type>(
        &self,
        flags: Flags,
        value: &T,
        out: &mut Outgoing,
    ) -> Result<(), Box<ErrorPayload>> {
        let mut found = Violations::new();
        value.check(&At::root(), &mut found);
        if !found.is_empty() {
            return Err(self.unsendable("the answer", &found.to_string()));
        }
        let buffer = out.open();
        let large = match self.method.answer_codec {
            Codec::Raw => match raw::encode(value) {
                Some(bytes) => Some(bytes),
                None => {
                    return Err(
                        self.unsendable("the answer", "this type cannot travel as raw bytes")
                    );
                }
            },
            Codec::Msgpack => match msgpack::encode(value, buffer) {
                Ok(()) => None,
                Err(error) => return Err(self.unsendable("the answer", &error.to_string())),
            },
        };
        let frame = (self.id, flags, self.request);
        out.finish(frame, large, self.limit)
            .map_err(|error| self.unsendable("the answer", &error.to_string()))
    }

    fn unsendable(&self, what: &str, why: &str) -> Box<ErrorPayload> {
        let message = format!("{}: {what} cannot be sent: {why}", self.method.name);
        Box::new(ErrorPayload::new(ErrorKind::Encode, message))
    }

    /// What nobody is told over the wire.
    fn log(&self, error: &ErrorPayload) {
        tracing::warn!(method = self.method.name, error = %error.message, "a request without an answer failed");
    }
}

/// The index of a method in the contract. Ids are 1, 2, 3, … in its order, as `$init` announces them.
pub(super) fn method_index(id: u16) -> usize {
    usize::from(id).wrapping_sub(1)
}

/// The id of an event, likewise.
pub(super) fn event_id(index: usize) -> Option<u16> {
    u16::try_from(index + 1).ok().filter(|id| is_usable(*id))
}

/// The answer to a method id that was not announced, whatever the request id is.
pub(super) fn unknown_method(id: u16, request: u32, out: &mut Outgoing) {
    let error = ErrorPayload::new(ErrorKind::Unsupported, format!("Unknown method ID: {id}"));
    error.write_plain(out.open());
    let _ = out.finish((id, Flags::ERROR, request), None, u32::MAX); // a short text is not too large
}

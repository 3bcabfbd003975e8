//! Events: from the worker to its parent, at any time while they are connected.
//! Siblings: `workers/python/src/procwire/worker/events.py`, `workers/typescript/src/worker/events.ts`.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use super::call::event_id;
use super::outgoing::Outgoing;
use super::writer::Writer;
use crate::codec::{At, Type, Violations, msgpack, raw};
use crate::contract::{Codec, Contract};
use crate::ids::UNCORRELATED;
use crate::wire::Flags;

/// Sends the events of a module. Clones send to the same parent.
#[derive(Clone)]
pub struct EventSink {
    outlet: Arc<Outlet>,
}

struct Outlet {
    contract: &'static Contract,
    /// The connection, while there is one, and most bytes of one payload.
    line: Mutex<Option<(Arc<Writer>, u32)>>,
}

impl EventSink {
    /// A sink that is not connected yet.
    pub(crate) fn new(contract: &'static Contract) -> Self {
        Self {
            outlet: Arc::new(Outlet {
                contract,
                line: Mutex::new(None),
            }),
        }
    }

    /// Sends one event. The payload is read before this returns; the future waits while the parent does not keep up,
    /// and resolves when the event is on its way.
    ///
    /// # Errors
    /// The payload breaks a constraint or cannot be written, or there is no parent to send it to.
    pub fn emit<T: Type>(
        &self,
        event: usize,
        payload: &T,
    ) -> impl Future<Output = Result<(), EmitError>> + Send + use<T> {
        let written = self.write(event, payload);
        async move {
            let (mut out, writer) = written?;
            writer.room().await;
            let is_closed = writer.is_closed();
            writer.send(&mut out);
            writer.pass_on();
            if is_closed {
                Err(EmitError::NotConnected)
            } else {
                Ok(())
            }
        }
    }

    fn write<T: Type>(
        &self,
        event: usize,
        payload: &T,
    ) -> Result<(Outgoing, Arc<Writer>), EmitError> {
        let line = self
            .outlet
            .line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (writer, limit) = line.ok_or(EmitError::NotConnected)?;
        let unknown = EmitError::Unknown { event };
        let (Some(described), Some(id)) = (self.outlet.contract.events.get(event), event_id(event))
        else {
            return Err(unknown);
        };
        let name = described.name;
        let mut found = Violations::new();
        payload.check(&At::root(), &mut found);
        if !found.is_empty() {
            return Err(EmitError::Invalid {
                event: name,
                violations: found,
            });
        }
        let unsendable = |why: String| EmitError::Unsendable { event: name, why };
        let mut out = Outgoing::default();
        let buffer = out.open();
        let large =
            match described.codec {
                Codec::Msgpack => msgpack::encode(payload, buffer)
                    .map(|()| None)
                    .map_err(|error| unsendable(error.to_string()))?,
                Codec::Raw => {
                    let bytes = raw::encode(payload);
                    Some(bytes.ok_or_else(|| {
                        unsendable("this type cannot travel as raw bytes".to_owned())
                    })?)
                }
            };
        let finished = out.finish((id, Flags::EVENT, UNCORRELATED), large, limit);
        finished.map_err(|error| unsendable(error.to_string()))?;
        Ok((out, writer))
    }

    /// Lets events out.
    pub(super) fn connect(&self, writer: &Arc<Writer>, limit: u32) {
        self.set(Some((Arc::clone(writer), limit)));
    }

    /// Lets no more events out.
    pub(super) fn disconnect(&self) {
        self.set(None);
    }

    fn set(&self, line: Option<(Arc<Writer>, u32)>) {
        *self
            .outlet
            .line
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = line;
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSink")
            .field("module", &self.outlet.contract.name)
            .finish()
    }
}

/// An event was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The parent has not connected yet, or is gone.
    #[error("the event was not sent: no parent is connected")]
    NotConnected,
    /// The payload breaks a constraint of the schema.
    #[error("the event `{event}` was not sent: {violations}")]
    Invalid {
        /// The event's name.
        event: &'static str,
        /// What is broken where.
        violations: Violations,
    },
    /// The payload cannot be written, or is too large.
    #[error("the event `{event}` was not sent: {why}")]
    Unsendable {
        /// The event's name.
        event: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The contract has no event of this index: generated code and contract are not of one piece.
    #[error("there is no event number {event}: run procwire-gen again")]
    Unknown {
        /// The index.
        event: usize,
    },
}

//! The parent's read loop: hands every frame of one read to whom it is for, then wakes them together.

use std::sync::Arc;
use std::task::Waker;

use super::entry::Action;
use super::handle::{Connection, EventTarget};
use super::reader::{End, Reader};
use crate::ids::UNCORRELATED;
use crate::wire::{Flags, Frame, Header};

/// What must be polled for the connection to live: resolves with the reason of its end.
#[derive(Debug)]
pub struct Reading {
    pub(super) reader: Reader,
    pub(super) connection: Arc<Connection>,
    pub(super) events: Arc<dyn EventTarget>,
}

impl Reading {
    /// Reads until the connection ends. Callers are woken once per read, not once per frame.
    pub async fn run(&mut self) -> End {
        let (mut frames, mut wake) = (Vec::new(), Vec::new());
        loop {
            let filled = self.reader.fill(&mut frames).await;
            self.hand_out(&mut frames, &mut wake);
            // Everyone just woken is likely to send the next request: one write for all of them.
            self.connection.expect(wake.len());
            wake.drain(..).for_each(Waker::wake);
            if let Err(end) = filled {
                return end;
            }
        }
    }

    fn hand_out(&self, frames: &mut Vec<Frame>, wake: &mut Vec<Waker>) {
        let mut aborts = Vec::new();
        {
            let mut pending = None;
            for frame in frames.drain(..) {
                let Header {
                    method,
                    flags,
                    request,
                    ..
                } = frame.header;
                if request != UNCORRELATED {
                    let pending = pending.get_or_insert_with(|| self.connection.pending());
                    if let Action::Abort(id) =
                        pending.on_frame(frame, || self.connection.now(), wake)
                    {
                        aborts.push(id);
                    }
                } else if flags.has(Flags::TO_PARENT) && !flags.has(Flags::IS_RESPONSE) {
                    pending = None; // who takes events must be free to call
                    if let Some(index) = self.connection.link().events.get(&method) {
                        self.events.on_event(*index, frame.payload);
                    }
                }
            }
        }
        for id in aborts {
            self.connection.abort(id);
        }
    }
}

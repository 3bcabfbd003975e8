//! The parent's read loop: hands every frame of one read to whom it is for, then wakes them together.

use std::sync::Arc;
use std::task::Waker;

use super::entry::Action;
use super::handle::{Connection, EventTarget};
use super::kind::{Kind, Rules};
use super::reader::{End, Reader};
use super::stall::Stall;
use super::violation::Violation;
use crate::wire::Frame;

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
        let end = self.read().await;
        self.connection.ended(&end);
        end
    }

    async fn read(&mut self) -> End {
        let rules = Rules::new(&self.connection.link().features);
        let (mut frames, mut wake, mut stall) = (Vec::new(), Vec::new(), Stall::default());
        loop {
            let filled = match stall.due() {
                None => self.reader.fill(&mut frames).await,
                Some(due) => tokio::select! {
                    biased;
                    filled = self.reader.fill(&mut frames) => filled,
                    () = self.connection.sleep_until(due) => {
                        if self.connection.in_flight() > 0 {
                            return End::Breach(Violation::FrameStall);
                        }
                        stall.forgive(self.connection.now());
                        continue;
                    }
                },
            };
            match self.reader.half() {
                None => stall.whole(),
                Some(bytes) => stall.half(!frames.is_empty(), bytes, self.connection.now()),
            }
            let handed = self.hand_out(rules, &mut frames, &mut wake);
            // Everyone just woken is likely to send the next request: one write for all of them.
            self.connection.expect(wake.len());
            wake.drain(..).for_each(Waker::wake);
            if let Err(violation) = handed {
                return End::Breach(violation);
            }
            if let Err(end) = filled {
                return end;
            }
        }
    }

    /// Hands frames to whom they are for, up to the first that breaks a rule.
    fn hand_out(
        &self,
        rules: Rules,
        frames: &mut Vec<Frame>,
        wake: &mut Vec<Waker>,
    ) -> Result<(), Violation> {
        let (mut aborts, mut room, mut handed) = (Vec::new(), false, Ok(()));
        {
            let mut pending = None;
            for frame in frames.drain(..) {
                let taken = match rules.kind(&frame.header) {
                    Err(violation) => Err(violation),
                    Ok(Kind::Nothing) => Ok(Action::Nothing),
                    Ok(Kind::Event) => {
                        pending = None; // who takes events must be free to call
                        self.on_event(frame);
                        Ok(Action::Nothing)
                    }
                    Ok(kind) => pending
                        .get_or_insert_with(|| self.connection.pending())
                        .on_frame(kind, frame, || self.connection.now(), wake),
                };
                match taken {
                    Ok(Action::Nothing) => {}
                    Ok(Action::Abort(id)) => aborts.push(id),
                    Ok(Action::Room) => room = true,
                    Err(violation) => {
                        handed = Err(violation);
                        break;
                    }
                }
            }
        }
        for id in aborts {
            self.connection.abort(id);
        }
        if room {
            self.connection.make_room();
        }
        handed
    }

    fn on_event(&self, frame: Frame) {
        let events = &self.connection.link().events;
        if let Some(index) = events.get(&frame.header.method) {
            self.events.on_event(*index, frame.payload);
        }
    }
}

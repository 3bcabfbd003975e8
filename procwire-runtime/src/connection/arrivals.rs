//! What a frame of the worker does to the table: the counterpart of what the callers do in `pending`. Pure.
//!
//! The stages of a frame: its header says what it [is](super::kind::Rules::kind); then whose it is, whether it may come now, and
//! what it brings.

use std::collections::VecDeque;
use std::time::Instant;

use std::task::Waker;

use bytes::Bytes;

use super::entry::{Action, Expects, Reply, State, Stream, generation_of, place_of};
use super::kind::Kind;
use super::outcome::Outcome;
use super::pending::Pending;
use super::violation::Violation;
use super::window::ITEM_COST;
use crate::wire::{Flags, Frame};

impl Pending {
    /// Takes a frame that concerns a request. Wakers of who must look go to `wake`.
    ///
    /// # Errors
    /// The worker broke a rule that its connection does not survive.
    pub(super) fn on_frame(
        &mut self,
        kind: Kind,
        frame: Frame,
        now: impl Fn() -> Instant,
        wake: &mut Vec<Waker>,
    ) -> Result<Action, Violation> {
        let id = frame.header.request;
        let (rules, bounds, buffered) = (self.rules, self.bounds, self.buffered);
        let Some(entry) = self.entry(id).filter(|entry| !entry.is_free()) else {
            return self.on_stranger(id, now);
        };
        if kind == Kind::Started {
            let again = std::mem::replace(&mut entry.started, true);
            return match again || entry.is_retired() {
                true => self.on_stray(now),
                false => Ok(Action::Nothing),
            };
        }
        if rules.strict {
            if entry.is_retired() {
                return self.on_stray(now);
            }
            // Only a refusal may come without the word that the handler starts.
            let silent =
                entry.announced && !entry.started && !frame.header.flags.has(Flags::IS_ERROR);
            let (expected, got) = (entry.method, frame.header.method);
            self.distrusted |= silent;
            if got != expected {
                let violation = Violation::WrongMethod {
                    request: id,
                    expected,
                    got,
                };
                return Ok(self.reject(id, kind, (violation, Outcome::MaybeExecuted), wake));
            }
        }
        let Some(entry) = self.entry(id) else {
            return Ok(Action::Nothing);
        };
        if let Some(expects) = entry.expects().filter(|expects| !expects.take(kind)) {
            if !rules.strict {
                return Ok(Action::Nothing); // it keeps waiting, as in other parents
            }
            let flags = frame.header.flags;
            let violation = Violation::WrongKind { expects, flags };
            return Ok(self.reject(id, kind, (violation, Outcome::Executed), wake));
        }
        let is_error = frame.header.flags.has(Flags::IS_ERROR);
        match &mut entry.state {
            State::Free => {}
            State::Abandoned { .. } if kind.is_last() => {
                self.bury(id);
                return Ok(Action::Room);
            }
            State::Abandoned { .. } => {}
            State::Done { retired, .. } => *retired |= kind.is_last(),
            State::Call { .. } => {
                let reply = match is_error {
                    true => Reply::Error(frame.payload),
                    false => Reply::Answer(frame.payload),
                };
                entry.state = State::Done {
                    reply,
                    retired: true,
                };
                wake.extend(entry.waker.take());
            }
            State::Stream(stream) if kind.is_last() => {
                stream.retired = true;
                let end = match is_error {
                    true => Err(Reply::Error(frame.payload)),
                    false => Ok(()),
                };
                stream.end.get_or_insert(end);
                entry.deadline = None;
                wake.extend(entry.waker.take());
            }
            State::Stream(stream) if stream.end.is_some() => {}
            State::Stream(stream) => {
                if let Some(silence) = entry.silence {
                    entry.deadline = now().checked_add(silence);
                }
                let size = frame.payload.len() + ITEM_COST;
                match &mut stream.window {
                    Some(window) => {
                        if !window.spend(size) {
                            let window = window.size();
                            return Err(Violation::Overrun {
                                request: id,
                                window,
                            });
                        }
                    }
                    None => {
                        let waiting = stream.bytes + stream.lent + size;
                        if waiting > bounds.stream_bytes || buffered + size > bounds.total_bytes {
                            stream.end = Some(Err(Reply::Overflow { waiting }));
                            entry.deadline = None;
                            wake.extend(entry.waker.take());
                            return Ok(Action::Abort(id));
                        }
                    }
                }
                stream.push(frame.payload);
                wake.extend(entry.waker.take());
                self.buffered += size;
            }
        }
        Ok(Action::Nothing)
    }

    /// An answer that fails its call and nothing else.
    fn reject(
        &mut self,
        id: u32,
        kind: Kind,
        (violation, outcome): (Violation, Outcome),
        wake: &mut Vec<Waker>,
    ) -> Action {
        self.fail(id, Reply::Violated(violation, outcome), wake);
        if kind.is_last() {
            self.retire(id);
            return Action::Room;
        }
        Action::Abort(id)
    }

    /// A frame for an id that nothing has.
    fn on_stranger(&mut self, id: u32, now: impl Fn() -> Instant) -> Result<Action, Violation> {
        let known = self.entries.get(place_of(id)).is_some_and(|entry| {
            id != 0 && (entry.wrapped || generation_of(id) < entry.generation)
        });
        match (self.rules.strict, known) {
            (false, _) => Ok(Action::Nothing),
            (true, true) => self.on_stray(now),
            (true, false) => Err(Violation::UnknownId { request: id }),
        }
    }

    /// A frame for a request that has ended. A worker that answers twice is not ended for it at once.
    fn on_stray(&mut self, now: impl Fn() -> Instant) -> Result<Action, Violation> {
        if self.rules.strict {
            self.strays.note(now())?;
        }
        Ok(Action::Nothing)
    }
}

impl Expects {
    /// Whether such a frame is for a request of this kind.
    const fn take(self, kind: Kind) -> bool {
        match self {
            Self::Result => matches!(kind, Kind::Value | Kind::Error),
            Self::Ack => matches!(kind, Kind::Value | Kind::Ack | Kind::Error),
            // A worker that does not know the method does not know that it is one of streams.
            Self::Stream => matches!(
                kind,
                Kind::Item | Kind::End | Kind::StreamError | Kind::Error
            ),
        }
    }
}

impl Stream {
    fn push(&mut self, payload: Bytes) {
        // It shares its buffer with its neighbours. A reader that lags must not keep those alive too.
        let payload = if self.items.len() >= LAGGING && payload.len() < SMALL {
            Bytes::copy_from_slice(&payload)
        } else {
            payload
        };
        self.bytes += payload.len() + ITEM_COST;
        self.items.push_back(payload);
    }

    /// Moves items into the reader's empty queue: all of them, or, where the worker is granted what the reader is done with, so
    /// many that it can go on meanwhile.
    pub(super) fn lend(&mut self, queue: &mut VecDeque<Bytes>) {
        match &self.window {
            Some(window) if self.bytes > window.half() => {
                let half = window.half();
                while self.lent <= half
                    && let Some(item) = self.items.pop_front()
                {
                    self.lent += item.len() + ITEM_COST;
                    self.bytes -= item.len() + ITEM_COST;
                    queue.push_back(item);
                }
            }
            _ => {
                std::mem::swap(&mut self.items, queue);
                self.lent = std::mem::take(&mut self.bytes);
            }
        }
    }

    /// The reader came back: it is done with what it was lent.
    pub(super) fn give_back(&mut self) -> usize {
        if let Some(window) = &mut self.window {
            window.take(self.lent);
        }
        std::mem::take(&mut self.lent)
    }
}

/// Items that wait before small ones are copied out of the shared buffer.
const LAGGING: usize = 256;
const SMALL: usize = 16 << 10;

#[cfg(test)]
#[path = "arrivals_tests.rs"]
mod tests;

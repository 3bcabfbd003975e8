//! What is under way on one connection: calls and streams that wait for the worker. Pure: no I/O, `now` is an argument.
//!
//! An entry lives from the request until its one terminal frame, even when the caller has long given up: until then its
//! id cannot be used again, so a late answer meets nobody.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::down::Down;
use super::entry::{
    Action, Bounds, Entry, Expects, GENERATION_MASK, PLACES, Progress, Refusal, Registration,
    Reply, State, UNSENT, id_of, place_of,
};
use super::outcome::Outcome;
use super::writer::Span;
use crate::wire::{Flags, Frame};

/// The table of a connection.
#[derive(Debug)]
pub(super) struct Pending {
    entries: Vec<Entry>,
    /// Free places, oldest first, so that an id comes back as late as possible.
    free: VecDeque<u32>,
    /// Places that wait only for a terminal frame, oldest first. May name places that were retired since.
    quarantine: VecDeque<u32>,
    live: usize,
    buffered: usize,
    bounds: Bounds,
    down: Option<Arc<Down>>,
    /// The earliest time at which something may expire, as far as the sweeper was told.
    alarm: Option<Instant>,
}

impl Pending {
    /// An empty table.
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            entries: Vec::new(),
            free: VecDeque::new(),
            quarantine: VecDeque::new(),
            live: 0,
            buffered: 0,
            bounds,
            down: None,
            alarm: None,
        }
    }

    /// Takes a request in and gives it an id that no frame on its way can mean. The second value says that the alarm must be
    /// set earlier.
    ///
    /// # Errors
    /// Too much is under way, or the connection has ended.
    pub(super) fn register(&mut self, registration: Registration) -> Result<(u32, bool), Refusal> {
        if let Some(down) = &self.down {
            return Err(Refusal::Down(down.clone()));
        }
        if self.live >= self.bounds.in_flight {
            return Err(Refusal::Full);
        }
        if self.quarantine.len() >= MAX_QUARANTINE {
            self.retire_oldest();
        }
        let place = match self.free.pop_front() {
            Some(place) => place,
            None if self.entries.len() < PLACES => {
                self.entries.push(Entry::free());
                (self.entries.len() - 1) as u32
            }
            None => return Err(Refusal::Full),
        };
        let entry = &mut self.entries[place as usize];
        entry.deadline = registration.deadline;
        entry.silence = registration.silence;
        entry.span = UNSENT;
        entry.state = match registration.expects {
            Expects::Stream => State::Stream(Box::default()),
            expects => State::Call {
                ack: expects == Expects::Ack,
            },
        };
        self.live += 1;
        let id = id_of(place, entry.generation);
        let earlier = registration
            .deadline
            .is_some_and(|deadline| self.alarm.is_none_or(|alarm| deadline < alarm));
        if earlier {
            self.alarm = registration.deadline;
        }
        Ok((id, earlier))
    }

    /// Notes where the request stands among the bytes of the connection.
    pub(super) fn sent(&mut self, id: u32, span: Span) {
        if let Some(entry) = self.entry(id) {
            entry.span = span;
        }
    }

    /// Where a request stands among the bytes of the connection.
    pub(super) fn span(&mut self, id: u32) -> Option<Span> {
        self.entry(id).map(|entry| entry.span)
    }

    /// Fetches the answer of a call, or leaves a waker.
    pub(super) fn poll_reply(&mut self, id: u32, context: &mut Context<'_>) -> Poll<Option<Reply>> {
        let Some(entry) = self.entry(id) else {
            return Poll::Ready(None);
        };
        match &entry.state {
            State::Done { .. } => {
                let State::Done { reply, retired } =
                    std::mem::replace(&mut entry.state, State::Abandoned)
                else {
                    return Poll::Ready(None);
                };
                self.leave(id, retired);
                Poll::Ready(Some(reply))
            }
            State::Call { .. } => {
                entry.set_waker(context);
                Poll::Pending
            }
            _ => Poll::Ready(None),
        }
    }

    /// Moves the items of a stream into the reader's empty queue, or says how the stream ended, or leaves a waker.
    pub(super) fn poll_items(
        &mut self,
        id: u32,
        queue: &mut VecDeque<Bytes>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Progress>> {
        let Some(entry) = self.entry(id) else {
            return Poll::Ready(None);
        };
        let State::Stream(stream) = &mut entry.state else {
            return Poll::Ready(None);
        };
        let finished = std::mem::take(&mut stream.lent);
        let progress = if !stream.items.is_empty() {
            std::mem::swap(&mut stream.items, queue);
            stream.lent = std::mem::take(&mut stream.bytes);
            Some(Progress::Items)
        } else {
            match stream.end.take() {
                Some(Ok(())) => Some(Progress::End),
                Some(Err(reply)) => Some(Progress::Failed(reply)),
                None => None,
            }
        };
        let retired = stream.retired;
        if progress.is_none() {
            entry.set_waker(context);
        }
        self.buffered -= finished;
        match progress {
            None => Poll::Pending,
            Some(Progress::Items) => Poll::Ready(Some(Progress::Items)),
            Some(end) => {
                self.leave(id, retired);
                Poll::Ready(Some(end))
            }
        }
    }

    /// The caller has gone. Returns where the request stands when the worker may still be at it.
    pub(super) fn abandon(&mut self, id: u32) -> Option<Span> {
        let entry = self.entry(id)?;
        let span = entry.span;
        let retired = match &entry.state {
            State::Free | State::Abandoned => return None,
            State::Call { .. } => false,
            State::Done { retired, .. } => *retired,
            State::Stream(stream) => stream.retired,
        };
        self.leave(id, retired);
        (!retired).then_some(span)
    }

    /// The request was taken back before any of it was sent: no frame will ever answer it.
    pub(super) fn retire(&mut self, id: u32) {
        if let Some(entry) = self.entry(id) {
            match &mut entry.state {
                State::Abandoned => self.release(id),
                State::Done { retired, .. } => *retired = true,
                State::Stream(stream) => stream.retired = true,
                State::Free | State::Call { .. } => {}
            }
        }
    }

    /// Takes a frame that answers a request. Wakers of who must look go to `wake`.
    pub(super) fn on_frame(
        &mut self,
        frame: Frame,
        now: impl FnOnce() -> Instant,
        wake: &mut Vec<Waker>,
    ) -> Action {
        let (id, flags) = (frame.header.request, frame.header.flags);
        let (bounds, buffered) = (self.bounds, self.buffered);
        let Some(entry) = self.entry(id) else {
            return Action::Nothing;
        };
        let of_stream = flags.has(Flags::IS_STREAM);
        if !of_stream && !flags.has(Flags::IS_RESPONSE) {
            return Action::Nothing;
        }
        let is_error = flags.has(Flags::IS_ERROR);
        let is_last = !of_stream || is_error || flags.has(Flags::STREAM_END);
        match &mut entry.state {
            State::Free => {}
            State::Abandoned if is_last => self.release(id),
            State::Abandoned => {}
            State::Done { retired, .. } => *retired |= is_last,
            State::Call { ack } => {
                if of_stream || (flags.has(Flags::IS_ACK) && !*ack) {
                    return Action::Nothing; // not for a call; it keeps waiting, as other parents do
                }
                let reply = if is_error {
                    Reply::Error(frame.payload)
                } else {
                    Reply::Answer(frame.payload)
                };
                entry.state = State::Done {
                    reply,
                    retired: true,
                };
                wake.extend(entry.waker.take());
            }
            State::Stream(stream) => {
                if !of_stream && !is_error {
                    return Action::Nothing;
                }
                if is_last {
                    stream.retired = true;
                    let end = if is_error {
                        Err(Reply::Error(frame.payload))
                    } else {
                        Ok(())
                    };
                    stream.end.get_or_insert(end);
                    entry.deadline = None;
                    wake.extend(entry.waker.take());
                    return Action::Nothing;
                }
                if stream.end.is_some() {
                    return Action::Nothing;
                }
                if let Some(silence) = entry.silence {
                    entry.deadline = now().checked_add(silence);
                }
                // The payload shares its buffer with its neighbours. A reader that lags must not keep those alive too.
                let payload = if stream.items.len() >= LAGGING && frame.payload.len() < SMALL {
                    Bytes::copy_from_slice(&frame.payload)
                } else {
                    frame.payload
                };
                let size = payload.len() + ITEM_COST;
                let waiting = stream.bytes + stream.lent + size;
                if waiting > bounds.stream_bytes || buffered + size > bounds.total_bytes {
                    stream.end = Some(Err(Reply::Overflow { waiting }));
                    entry.deadline = None;
                    wake.extend(entry.waker.take());
                    return Action::Abort(id);
                }
                stream.items.push_back(payload);
                stream.bytes += size;
                wake.extend(entry.waker.take());
                self.buffered += size;
            }
        }
        Action::Nothing
    }

    /// Ids whose time is up, and when to look again.
    pub(super) fn due(&mut self, now: Instant) -> (Vec<u32>, Option<Instant>) {
        let (mut due, mut next) = (Vec::new(), None::<Instant>);
        for (place, entry) in self.entries.iter().enumerate() {
            let waiting = match &entry.state {
                State::Call { .. } => true,
                State::Stream(stream) => stream.end.is_none(),
                _ => false,
            };
            match entry.deadline.filter(|_| waiting) {
                Some(deadline) if deadline <= now => {
                    due.push(id_of(place as u32, entry.generation))
                }
                Some(deadline) => next = Some(next.map_or(deadline, |next| next.min(deadline))),
                None => {}
            }
        }
        // Looking at most once in a millisecond bounds the work when many calls expire one after another.
        self.alarm = next.map(|next| next.max(now + SWEEP));
        (due, self.alarm)
    }

    /// Ends a call or stream whose time is up; `outcome` says how far it had come.
    pub(super) fn expire(&mut self, id: u32, outcome: Outcome, wake: &mut Vec<Waker>) {
        self.fail(id, Reply::TimedOut(outcome), wake);
    }

    /// Ends everything: the connection is down, `accepted` tells what was sent. Nothing is taken in any more.
    pub(super) fn fail_all(
        &mut self,
        down: &Arc<Down>,
        sent: impl Fn(Span) -> bool,
        wake: &mut Vec<Waker>,
    ) {
        self.down = Some(down.clone());
        for place in 0..self.entries.len() {
            let entry = &self.entries[place];
            let id = id_of(place as u32, entry.generation);
            let outcome = if sent(entry.span) {
                Outcome::MaybeExecuted
            } else {
                Outcome::NotSent
            };
            self.fail(id, Reply::Lost(down.clone(), outcome), wake);
            self.retire(id);
        }
    }

    /// Calls and streams that someone waits for.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Why the connection ended, once it has.
    pub(super) fn down(&self) -> Option<Arc<Down>> {
        self.down.clone()
    }

    /// Whether nothing is known here: no entry waits for anything.
    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.entries.len()
    }

    fn fail(&mut self, id: u32, reply: Reply, wake: &mut Vec<Waker>) {
        let Some(entry) = self.entry(id) else { return };
        match &mut entry.state {
            State::Call { .. } => {
                entry.state = State::Done {
                    reply,
                    retired: false,
                }
            }
            State::Stream(stream) => {
                stream.end.get_or_insert(Err(reply));
            }
            _ => return,
        }
        entry.deadline = None;
        wake.extend(entry.waker.take());
    }

    /// The caller is done with an entry: its place is free once the terminal frame has come.
    fn leave(&mut self, id: u32, retired: bool) {
        let place = place_of(id);
        let entry = &mut self.entries[place];
        entry.waker = None;
        entry.deadline = None;
        if let State::Stream(stream) = std::mem::replace(&mut entry.state, State::Abandoned) {
            self.buffered -= stream.bytes + stream.lent;
        }
        self.live -= 1;
        if retired {
            self.release(id);
        } else {
            self.quarantine.push_back(id);
        }
    }

    fn release(&mut self, id: u32) {
        let entry = &mut self.entries[place_of(id)];
        entry.state = State::Free;
        entry.waker = None;
        entry.generation = (entry.generation + 1) & GENERATION_MASK;
        self.free.push_back(place_of(id) as u32);
    }

    /// Some workers never answer what was given up. Their oldest ids are used again; the generation in the id keeps a late
    /// frame apart.
    fn retire_oldest(&mut self) {
        if let Some(id) = self.quarantine.pop_front()
            && self
                .entry(id)
                .is_some_and(|entry| matches!(entry.state, State::Abandoned))
        {
            self.release(id);
        }
    }

    fn entry(&mut self, id: u32) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(place_of(id))?;
        entry.is_meant_by(id).then_some(entry)
    }
}

/// Ids that wait for a terminal frame before the oldest is used again.
const MAX_QUARANTINE: usize = 65_536;
/// Items that wait before small ones are copied out of the shared buffer.
const LAGGING: usize = 256;
const SMALL: usize = 16 << 10;
/// What an item costs beside its bytes.
const ITEM_COST: usize = 64;
const SWEEP: Duration = Duration::from_millis(1);

#[cfg(test)]
#[path = "pending_tests.rs"]
mod tests;

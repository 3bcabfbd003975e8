//! What is under way on one connection: calls and streams that wait for the worker. Pure: no I/O, `now` is an argument.
//!
//! An entry lives from the request until its one terminal frame, even when the caller has long given up: until then its
//! id cannot be used again, so a late answer meets nobody. What the worker sends is the business of `arrivals`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::down::Down;
use super::entry::{
    Bounds, Entry, Expects, Progress, Refusal, Registration, Reply, Space, State, Stream, UNSENT,
    id_of, place_of,
};
use super::kind::Rules;
use super::outcome::Outcome;
use super::strays::Strays;
use super::violation::Violation;
use super::window::Window;
use super::writer::Span;
use crate::control::Features;

/// The table of a connection.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) rules: Rules,
    pub(super) entries: Vec<Entry>,
    /// Free places, oldest first, so that an id comes back as late as possible.
    free: VecDeque<u32>,
    /// Peers that may never send it: ids that wait only for a terminal frame, oldest first. May name what was retired since.
    quarantine: VecDeque<u32>,
    /// Entries that wait only for a terminal frame.
    abandoned: usize,
    live: usize,
    pub(super) buffered: usize,
    pub(super) bounds: Bounds,
    space: Space,
    pub(super) strays: Strays,
    /// The worker has answered without having said that it would start: its silence proves nothing.
    pub(super) distrusted: bool,
    /// Everything the worker sent was read, to the end of the stream.
    drained: bool,
    violation: Option<Violation>,
    down: Option<Arc<Down>>,
    /// The earliest time at which something may expire, as far as the sweeper was told.
    alarm: Option<Instant>,
}

impl Pending {
    /// An empty table.
    pub(super) fn new(bounds: Bounds, features: &Features, space: Space) -> Self {
        Self {
            rules: Rules::new(features),
            entries: Vec::new(),
            free: VecDeque::new(),
            quarantine: VecDeque::new(),
            abandoned: 0,
            live: 0,
            buffered: 0,
            bounds,
            space,
            strays: Strays::default(),
            distrusted: false,
            drained: false,
            violation: None,
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
        let place = self.free_place().ok_or(Refusal::Full)?;
        let rules = self.rules;
        let entry = &mut self.entries[place as usize];
        entry.method = registration.method;
        entry.announced = registration.announced && rules.started;
        entry.started = false;
        entry.cancellable = registration.cancellable;
        entry.deadline = registration.deadline;
        entry.silence = registration.silence;
        entry.span = UNSENT;
        entry.state = match registration.expects {
            Expects::Stream => State::Stream(Box::new(Stream {
                window: rules.credit.map(Window::new),
                ..Stream::default()
            })),
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

    /// Whether the worker has not said that the handler is about to run, though it says so before it is.
    pub(super) fn is_unstarted(&mut self, id: u32) -> bool {
        self.entry(id)
            .is_some_and(|entry| entry.announced && !entry.started)
    }

    /// Fetches the answer of a call, or leaves a waker.
    pub(super) fn poll_reply(
        &mut self,
        id: u32,
        now: impl FnOnce() -> Instant,
        context: &mut Context<'_>,
    ) -> Poll<Option<Reply>> {
        let Some(entry) = self.entry(id) else {
            return Poll::Ready(None);
        };
        match &entry.state {
            State::Done { .. } => {
                let State::Done { reply, retired } =
                    std::mem::replace(&mut entry.state, State::Free)
                else {
                    return Poll::Ready(None);
                };
                self.leave(id, retired, now);
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
        now: impl FnOnce() -> Instant,
        context: &mut Context<'_>,
    ) -> Poll<Option<Progress>> {
        let Some(entry) = self.entry(id) else {
            return Poll::Ready(None);
        };
        let State::Stream(stream) = &mut entry.state else {
            return Poll::Ready(None);
        };
        let finished = stream.give_back();
        let progress = if !stream.items.is_empty() {
            stream.lend(queue);
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
                self.leave(id, retired, now);
                Poll::Ready(Some(end))
            }
        }
    }

    /// What the worker may send of a stream in addition, when that is worth a frame.
    pub(super) fn grant(&mut self, id: u32) -> Option<u32> {
        self.rules.credit?;
        match &mut self.entry(id)?.state {
            State::Stream(stream) if !stream.retired => stream.window.as_mut()?.grant(),
            _ => None,
        }
    }

    /// The caller has gone. Returns where the request stands when the worker may still be at it.
    pub(super) fn abandon(&mut self, id: u32, now: impl FnOnce() -> Instant) -> Option<Span> {
        let entry = self.entry(id)?;
        let span = entry.span;
        let retired = match &entry.state {
            State::Free | State::Abandoned { .. } => return None,
            State::Call { .. } => false,
            State::Done { retired, .. } => *retired,
            State::Stream(stream) => stream.retired,
        };
        self.leave(id, retired, now);
        (!retired).then_some(span)
    }

    /// The request was taken back before any of it was sent: no frame will ever answer it.
    pub(super) fn retire(&mut self, id: u32) {
        if let Some(entry) = self.entry(id) {
            match &mut entry.state {
                State::Abandoned { .. } => self.bury(id),
                State::Done { retired, .. } => *retired = true,
                State::Stream(stream) => stream.retired = true,
                State::Free | State::Call { .. } => {}
            }
        }
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

    /// Ends everything: the connection is down, `sent` tells what left whole. Nothing is taken in any more.
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
            let silent = entry.announced && !entry.started;
            let outcome = if !sent(entry.span) {
                Outcome::NotSent
            } else if silent && down.drained && !self.distrusted {
                Outcome::NotStarted
            } else {
                Outcome::MaybeExecuted
            };
            self.fail(id, Reply::Lost(down.clone(), outcome), wake);
            self.retire(id);
        }
    }

    /// How the worker's last word was: whether everything was read, and which rule it broke.
    pub(super) fn end(&mut self, drained: bool, violation: Option<Violation>) {
        self.drained = drained;
        self.violation = violation;
    }

    /// What is known of how the worker's last word was.
    pub(super) fn ending(&self) -> (bool, Option<Violation>) {
        (self.drained, self.violation)
    }

    /// Requests that were given up before `at`, of which the worker was told, and which it has not ended. Those of peers that do
    /// not answer what was given up are not among them.
    pub(super) fn stuck(&self, at: Instant) -> usize {
        if self.abandoned == 0 || !self.rules.strict {
            return 0;
        }
        let is_stuck = |entry: &&Entry| matches!(entry.state, State::Abandoned { since } if entry.cancellable && since <= at);
        self.entries.iter().filter(is_stuck).count()
    }

    /// Requests that were given up and have not ended.
    pub(super) fn given_up(&self) -> usize {
        self.abandoned
    }

    /// The ids of what someone waits for and the worker has not answered.
    pub(super) fn live_ids(&self) -> Vec<u32> {
        let entries = (0..).zip(&self.entries);
        entries
            .filter(|(_, entry)| matches!(entry.state, State::Call { .. } | State::Stream(_)))
            .map(|(place, entry)| id_of(place, entry.generation))
            .collect()
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

    pub(super) fn fail(&mut self, id: u32, reply: Reply, wake: &mut Vec<Waker>) {
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
    fn leave(&mut self, id: u32, retired: bool, now: impl FnOnce() -> Instant) {
        let place = place_of(id);
        let entry = &mut self.entries[place];
        entry.waker = None;
        entry.deadline = None;
        if let State::Stream(stream) = std::mem::replace(&mut entry.state, State::Free) {
            self.buffered -= stream.bytes + stream.lent;
        }
        self.live -= 1;
        if retired {
            self.release(id);
            return;
        }
        entry.state = State::Abandoned { since: now() };
        self.abandoned += 1;
        if !self.rules.strict {
            self.quarantine.push_back(id);
        }
    }

    /// The terminal frame of what nobody waits for has come, or will never.
    pub(super) fn bury(&mut self, id: u32) {
        self.abandoned -= 1;
        self.release(id);
    }

    fn release(&mut self, id: u32) {
        let entry = &mut self.entries[place_of(id)];
        entry.state = State::Free;
        entry.waker = None;
        entry.generation += 1;
        if entry.generation == self.space.generations {
            entry.generation = 0;
            entry.wrapped = true;
        }
        self.free.push_back(place_of(id) as u32);
    }

    /// A place for a new request.
    ///
    /// Our workers end every request with one frame, so an id that waits for it is not used again, and when too many wait, so
    /// do new requests. Published peers never answer what was given up: their oldest ids are used again, and the generation
    /// in the id keeps a late frame apart.
    fn free_place(&mut self) -> Option<u32> {
        let most = MAX_QUARANTINE.min(self.space.places);
        if self.rules.strict {
            if self.abandoned >= most {
                return None;
            }
        } else if self.quarantine.len() >= most {
            self.retire_oldest();
        }
        if self.free.is_empty() && self.entries.len() < self.space.places {
            self.entries.push(Entry::free());
            return u32::try_from(self.entries.len() - 1).ok();
        }
        while self.free.is_empty() && self.retire_oldest() {}
        self.free.pop_front()
    }

    /// Uses the id that has waited longest for its terminal frame again; false when none waits.
    fn retire_oldest(&mut self) -> bool {
        let Some(id) = self.quarantine.pop_front() else {
            return false;
        };
        if self
            .entry(id)
            .is_some_and(|entry| matches!(entry.state, State::Abandoned { .. }))
        {
            self.bury(id);
        }
        true
    }

    pub(super) fn entry(&mut self, id: u32) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(place_of(id))?;
        entry.is_meant_by(id).then_some(entry)
    }
}

/// Ids that wait for a terminal frame before the oldest is used again.
const MAX_QUARANTINE: usize = 65_536;
const SWEEP: Duration = Duration::from_millis(1);

#[cfg(test)]
#[path = "pending_tests.rs"]
mod tests;

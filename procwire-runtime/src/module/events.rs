//! Events from the worker, for as many readers as like, over every life of the worker.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

pub use super::mailbox::Overflow;
use super::mailbox::{Found, Mailbox, Slit, mailbox};
use crate::codec::{self, At, Type, Violations};
use crate::connection::EventTarget;
use crate::contract::{Codec, Contract, Event};

/// Who reads which event of a module.
#[derive(Debug)]
pub struct Hub {
    contract: &'static Contract,
    readers: Vec<Mutex<Vec<Slit<Bytes>>>>,
}

impl Hub {
    /// A hub without readers.
    #[must_use]
    pub fn new(contract: &'static Contract) -> Self {
        Self {
            contract,
            readers: contract.events.iter().map(|_| Mutex::default()).collect(),
        }
    }

    /// A new reader of an event, by its place in the contract. It sees what arrives from now on.
    pub(super) fn subscribe<T: Type>(&self, index: usize) -> EventStream<T> {
        let event = &self.contract.events[index];
        let (slit, mailbox) = mailbox(event.keep, CAPACITY);
        lock(&self.readers[index]).push(slit);
        EventStream {
            mailbox,
            event,
            module: self.contract.name,
            undecodable: 0,
            marker: PhantomData,
        }
    }

    /// Tells every reader that nothing more will come.
    pub fn close(&self) {
        for readers in &self.readers {
            lock(readers).drain(..).for_each(|slit| slit.close());
        }
    }
}

impl EventTarget for Hub {
    fn on_event(&self, index: usize, payload: Bytes) {
        let Some(readers) = self.readers.get(index) else {
            return;
        };
        let mut readers = lock(readers);
        if readers.is_empty() {
            return;
        }
        // It may wait for long, and must not keep the buffer it shares with others alive.
        let payload = if payload.len() < SMALL {
            Bytes::copy_from_slice(&payload)
        } else {
            payload
        };
        readers.retain(|slit| slit.put(payload.clone()));
    }
}

/// The events of one kind, as a stream. It goes on when the worker is restarted and ends when the module is closed.
///
/// With `keep = "latest"` a slow reader sees only the newest; otherwise up to 1 024 wait, and what does not fit is
/// [counted](Self::dropped): `received + waiting + dropped == emitted`, at any time. A slow reader, or one whose task
/// panics, holds nobody up: neither calls nor other readers.
pub struct EventStream<T> {
    mailbox: Mailbox<Bytes>,
    event: &'static Event,
    module: &'static str,
    undecodable: u64,
    marker: PhantomData<fn() -> T>,
}

/// So many events are missing here, because the reader was slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{dropped} events were dropped because their reader was slow")]
pub struct Lagged {
    /// How many.
    pub dropped: u64,
}

impl<T: Type> EventStream<T> {
    /// What becomes of events that do not fit; by default the newest are dropped.
    #[must_use]
    pub fn overflow(self, overflow: Overflow) -> Self {
        self.mailbox.bound(Some(overflow), None);
        self
    }

    /// How many events may wait, at least one; 1 024 by default.
    #[must_use]
    pub fn capacity(self, events: usize) -> Self {
        self.mailbox.bound(None, Some(events));
        self
    }

    /// The next event, or how many are missing before it; none once the module is closed.
    pub async fn next_or_lagged(&mut self) -> Option<Result<T, Lagged>> {
        std::future::poll_fn(|context| {
            loop {
                match ready!(self.mailbox.poll_found(context)) {
                    Some(Found::Gap(dropped)) => {
                        return Poll::Ready(Some(Err(Lagged { dropped })));
                    }
                    Some(Found::Item(_, payload)) => {
                        if let Some(event) = self.decode(payload) {
                            return Poll::Ready(Some(Ok(event)));
                        }
                    }
                    None => return Poll::Ready(None),
                }
            }
        })
        .await
    }

    /// How many events came since this reader began.
    #[must_use]
    pub fn emitted(&self) -> u64 {
        self.mailbox.emitted()
    }

    /// How many of them this reader has taken, [undecodable](Self::undecodable) ones included.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.mailbox.received()
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.mailbox.close();
    }

    /// How many events this reader never saw because it was slow.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.mailbox.dropped()
    }

    /// How many events did not fit their type and were passed over.
    #[must_use]
    pub const fn undecodable(&self) -> u64 {
        self.undecodable
    }

    /// The next event; none once the module is closed.
    pub async fn next(&mut self) -> Option<T> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn decode(&mut self, payload: Bytes) -> Option<T> {
        let decoded = match self.event.codec {
            Codec::Msgpack => codec::msgpack::decode(&payload),
            Codec::Raw => codec::raw::decode(payload),
        };
        let problem = match decoded {
            Ok(value) => {
                let mut violations = Violations::new();
                T::check(&value, &At::root(), &mut violations);
                if violations.is_empty() {
                    return Some(value);
                }
                violations.to_string()
            }
            Err(error) => error.to_string(),
        };
        self.undecodable += 1;
        tracing::warn!(module = self.module, event = self.event.name, %problem, "an event does not fit its type");
        None
    }
}

impl<T: Type> Stream for EventStream<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        loop {
            match this.mailbox.poll_next(context) {
                Poll::Ready(Some(payload)) => {
                    if let Some(event) = this.decode(payload) {
                        return Poll::Ready(Some(event));
                    }
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("module", &self.module)
            .field("event", &self.event.name)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Events that wait for one reader.
const CAPACITY: usize = 1024;
/// Payloads below this are copied out of the buffer they came in.
const SMALL: usize = 16 << 10;

//! A bounded queue from one who never waits to one who may be slow: what does not fit is dropped and counted.
//!
//! Everything put in has a number, so that a reader knows where something is missing, and how much:
//! received + waiting + dropped is what was put in, at any time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use crate::contract::Keep;

/// The reader's end.
#[derive(Debug)]
pub(super) struct Mailbox<T> {
    shared: Arc<Mutex<Shared<T>>>,
}

/// The end that is handed to who fills it. Once the reader is gone nothing is kept.
#[derive(Debug)]
pub(super) struct Slit<T> {
    shared: Weak<Mutex<Shared<T>>>,
}

/// What becomes of an item that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// It is dropped: the reader sees what came first, without a gap.
    #[default]
    DropNewest,
    /// The oldest one that waits is dropped for it: the reader sees what came last.
    DropOldest,
}

/// What a reader finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<T> {
    /// The next item, and its number, from 0.
    Item(u64, T),
    /// So many are missing here.
    Gap(u64),
}

#[derive(Debug)]
struct Shared<T> {
    items: VecDeque<(u64, T)>,
    keep: Keep,
    overflow: Overflow,
    capacity: usize,
    /// How many were put in, and thus the number of the next one.
    emitted: u64,
    /// The number of the next one that the reader has not heard of.
    seen: u64,
    received: u64,
    dropped: u64,
    closed: bool,
    waker: Option<Waker>,
}

/// A mailbox that keeps up to `capacity` items, or only the newest.
pub(super) fn mailbox<T>(keep: Keep, capacity: usize) -> (Slit<T>, Mailbox<T>) {
    let shared = Shared {
        items: VecDeque::new(),
        keep,
        overflow: Overflow::default(),
        capacity,
        emitted: 0,
        seen: 0,
        received: 0,
        dropped: 0,
        closed: false,
        waker: None,
    };
    let shared = Arc::new(Mutex::new(shared));
    (
        Slit {
            shared: Arc::downgrade(&shared),
        },
        Mailbox { shared },
    )
}

impl<T> Shared<T> {
    fn put(&mut self, item: T) {
        let number = self.emitted;
        self.emitted += 1;
        match (self.keep, self.overflow) {
            (Keep::Latest, _) => {
                self.dropped += self.items.len() as u64;
                self.items.clear();
            }
            (Keep::All, Overflow::DropOldest) => {
                while self.items.len() >= self.capacity {
                    self.items.pop_front();
                    self.dropped += 1;
                }
            }
            (Keep::All, Overflow::DropNewest) => {
                if self.items.len() >= self.capacity {
                    self.dropped += 1;
                    return;
                }
            }
        }
        self.items.push_back((number, item));
    }

    /// The next thing to tell: a gap before what follows it; none when the reader knows everything.
    fn take(&mut self) -> Option<Found<T>> {
        let next = self
            .items
            .front()
            .map_or(self.emitted, |(number, _)| *number);
        let missing = next - self.seen;
        if missing > 0 {
            self.seen = next;
            return Some(Found::Gap(missing));
        }
        let (number, item) = self.items.pop_front()?;
        self.seen = number + 1;
        self.received += 1;
        Some(Found::Item(number, item))
    }
}

impl<T> Slit<T> {
    /// Puts an item in; false when the reader is gone.
    pub(super) fn put(&self, item: T) -> bool {
        let Some(shared) = self.shared.upgrade() else {
            return false;
        };
        let waker = {
            let mut shared = lock(&shared);
            shared.put(item);
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Says that nothing more will come.
    pub(super) fn close(&self) {
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        let waker = {
            let mut shared = lock(&shared);
            shared.closed = true;
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Mailbox<T> {
    /// What happens to items that do not fit from now on, and how many fit.
    pub(super) fn bound(&self, overflow: Option<Overflow>, capacity: Option<usize>) {
        let mut shared = lock(&self.shared);
        shared.overflow = overflow.unwrap_or(shared.overflow);
        shared.capacity = capacity.map_or(shared.capacity, |capacity| capacity.max(1));
    }

    /// The next item or gap; none once nothing more will come.
    pub(super) fn poll_found(&self, context: &Context<'_>) -> Poll<Option<Found<T>>> {
        let mut shared = lock(&self.shared);
        if let Some(found) = shared.take() {
            return Poll::Ready(Some(found));
        }
        if shared.closed {
            return Poll::Ready(None);
        }
        shared.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// The next item, whatever is missing before it; none once nothing more will come.
    pub(super) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<T>> {
        loop {
            match self.poll_found(context) {
                Poll::Ready(Some(Found::Item(_, item))) => return Poll::Ready(Some(item)),
                Poll::Ready(Some(Found::Gap(_))) => {}
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        lock(&self.shared).closed = true;
    }

    /// How many items the reader never saw and will not.
    pub(super) fn dropped(&self) -> u64 {
        lock(&self.shared).dropped
    }

    /// How many the reader took out.
    pub(super) fn received(&self) -> u64 {
        lock(&self.shared).received
    }

    /// How many were put in.
    pub(super) fn emitted(&self) -> u64 {
        lock(&self.shared).emitted
    }
}

fn lock<T>(shared: &Mutex<Shared<T>>) -> MutexGuard<'_, Shared<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain<T>(mailbox: &Mailbox<T>) -> Vec<T> {
        let context = &Context::from_waker(Waker::noop());
        std::iter::from_fn(|| match mailbox.poll_next(context) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        })
        .collect()
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let (slit, mailbox) = mailbox(Keep::All, 2);
        (0..5).for_each(|i| assert!(slit.put(i)));
        assert_eq!((drain(&mailbox), mailbox.dropped()), (vec![0, 1], 3));
        assert!(slit.put(9));
        assert_eq!((drain(&mailbox), mailbox.dropped()), (vec![9], 3));
    }

    #[test]
    fn latest_is_the_newest_only() {
        let (slit, mailbox) = mailbox(Keep::Latest, 100);
        (0..5).for_each(|i| assert!(slit.put(i)));
        assert_eq!((drain(&mailbox), mailbox.dropped()), (vec![4], 4));
    }

    fn found<T>(mailbox: &Mailbox<T>) -> Vec<Found<T>> {
        let context = &Context::from_waker(Waker::noop());
        std::iter::from_fn(|| match mailbox.poll_found(context) {
            Poll::Ready(found) => found,
            Poll::Pending => None,
        })
        .collect()
    }

    #[test]
    fn a_gap_is_told_where_it_is() {
        let (slit, newest) = mailbox(Keep::All, 2);
        (0..5).for_each(|i| assert!(slit.put(i)));
        assert_eq!(
            found(&newest),
            [Found::Item(0, 0), Found::Item(1, 1), Found::Gap(3)]
        );
        let (slit, oldest) = mailbox(Keep::All, 2);
        oldest.bound(Some(Overflow::DropOldest), None);
        (0..5).for_each(|i| assert!(slit.put(i)));
        assert_eq!(
            found(&oldest),
            [Found::Gap(3), Found::Item(3, 3), Found::Item(4, 4)]
        );
        assert_eq!(
            (oldest.dropped(), oldest.received(), oldest.emitted()),
            (3, 2, 5)
        );
    }

    proptest::proptest! {
        #[test]
        fn what_was_put_in_is_received_or_waits_or_is_counted(
            steps in proptest::collection::vec(proptest::option::of(0_usize..4), 0..300),
            capacity in 1_usize..6,
            oldest: bool,
            latest: bool,
        ) {
            let keep = if latest { Keep::Latest } else { Keep::All };
            let (slit, mailbox) = mailbox(keep, capacity);
            mailbox.bound(oldest.then_some(Overflow::DropOldest), None);
            let (mut put, mut next, mut told) = (0_u64, 0_u64, 0_u64);
            for step in steps.into_iter().chain([Some(1000)]) {
                let Some(reads) = step else {
                    slit.put(put);
                    put += 1;
                    continue;
                };
                for _ in 0..reads {
                    match mailbox.poll_found(&Context::from_waker(Waker::noop())) {
                        Poll::Ready(Some(Found::Item(number, item))) => {
                            proptest::prop_assert_eq!((number, item), (next, next), "in order, no hidden gap");
                            next += 1;
                        }
                        Poll::Ready(Some(Found::Gap(missing))) => {
                            next += missing;
                            told += missing;
                        }
                        _ => break,
                    }
                }
                let waiting = lock(&mailbox.shared).items.len() as u64;
                proptest::prop_assert!(waiting <= capacity as u64);
                proptest::prop_assert_eq!(mailbox.received() + waiting + mailbox.dropped(), put);
            }
            proptest::prop_assert_eq!((told, next), (mailbox.dropped(), put));
        }
    }

    #[test]
    fn nothing_is_kept_for_a_reader_that_left() {
        let (slit, mailbox) = mailbox(Keep::All, 2);
        drop(mailbox);
        assert!(!slit.put(1));
    }
}

//! A bounded queue from one who never waits to one who may be slow: what does not fit is dropped and counted.

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

#[derive(Debug)]
struct Shared<T> {
    items: VecDeque<T>,
    keep: Keep,
    capacity: usize,
    dropped: u64,
    closed: bool,
    waker: Option<Waker>,
}

/// A mailbox that keeps up to `capacity` items, or only the newest.
pub(super) fn mailbox<T>(keep: Keep, capacity: usize) -> (Slit<T>, Mailbox<T>) {
    let shared = Shared {
        items: VecDeque::new(),
        keep,
        capacity,
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

impl<T> Slit<T> {
    /// Puts an item in; false when the reader is gone.
    pub(super) fn put(&self, item: T) -> bool {
        let Some(shared) = self.shared.upgrade() else {
            return false;
        };
        let waker = {
            let shared = &mut *lock(&shared);
            match shared.keep {
                Keep::Latest => {
                    shared.dropped += shared.items.len() as u64;
                    shared.items.clear();
                    shared.items.push_back(item);
                }
                Keep::All if shared.items.len() < shared.capacity => shared.items.push_back(item),
                Keep::All => shared.dropped += 1,
            }
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
    /// The next item; none once nothing more will come.
    pub(super) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<T>> {
        let shared = &mut *lock(&self.shared);
        if let Some(item) = shared.items.pop_front() {
            return Poll::Ready(Some(item));
        }
        if shared.closed {
            return Poll::Ready(None);
        }
        shared.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// How many items the reader never saw.
    pub(super) fn dropped(&self) -> u64 {
        lock(&self.shared).dropped
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

    #[test]
    fn nothing_is_kept_for_a_reader_that_left() {
        let (slit, mailbox) = mailbox(Keep::All, 2);
        drop(mailbox);
        assert!(!slit.put(1));
    }
}

//! The only source of time on the parent's side: the system's, or one that a test moves by hand.
//!
//! Monotonic. It knows nothing of what the time is used for.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// A source of monotonic time. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    manual: Option<Arc<Mutex<Manual>>>,
}

#[derive(Debug)]
struct Manual {
    now: Instant,
    waiting: BTreeMap<(Instant, u64), Waker>,
    next: u64,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self { manual: None }
    }

    /// A clock that stands still until [`advance`](Self::advance)d.
    #[must_use]
    pub fn manual() -> Self {
        let manual = Manual {
            now: Instant::now(),
            waiting: BTreeMap::new(),
            next: 0,
        };
        Self {
            manual: Some(Arc::new(Mutex::new(manual))),
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Instant {
        match &self.manual {
            // As the timers of the runtime see it, which a simulation holds still.
            None => tokio::time::Instant::now().into_std(),
            Some(manual) => lock(manual).now,
        }
    }

    /// Moves a manual clock and wakes who waited for that. The system's clock moves by itself, so there it does nothing.
    pub fn advance(&self, by: Duration) {
        let Some(manual) = &self.manual else { return };
        let due = {
            let manual = &mut *lock(manual);
            manual.now += by;
            let later = manual
                .waiting
                .split_off(&(manual.now + Duration::from_nanos(1), 0));
            std::mem::replace(&mut manual.waiting, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Waits until `at`.
    pub async fn sleep_until(&self, at: Instant) {
        let Some(manual) = &self.manual else {
            return tokio::time::sleep_until(at.into()).await;
        };
        let ticket = {
            let mut manual = lock(manual);
            manual.next += 1;
            manual.next
        };
        poll_fn(|context| {
            let mut manual = lock(manual);
            if manual.now >= at {
                manual.waiting.remove(&(at, ticket));
                return Poll::Ready(());
            }
            manual.waiting.insert((at, ticket), context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Waits for `duration`.
    pub async fn sleep(&self, duration: Duration) {
        match self.now().checked_add(duration) {
            Some(at) => self.sleep_until(at).await,
            None => std::future::pending().await, // beyond what the clock can tell: never
        }
    }
}

fn lock(manual: &Mutex<Manual>) -> std::sync::MutexGuard<'_, Manual> {
    manual.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What happens to any module of a manager, as one stream.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender};

use crate::connection::Exit;
use crate::module::{Farewell, Lifecycle, Watcher};

/// Something happened to a module of the manager.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ManagerEvent {
    /// A worker serves.
    Ready {
        /// The module.
        name: Arc<str>,
        /// The process id of the worker.
        pid: u32,
        /// Which process of this module it is, from 1.
        incarnation: u64,
    },
    /// Something went wrong after the worker had been ready.
    Error {
        /// The module.
        name: Arc<str>,
        /// What.
        fault: Fault,
    },
    /// An attempt to start a worker failed.
    SpawnFailed {
        /// The module.
        name: Arc<str>,
        /// Which attempt, from 1.
        attempt: u32,
        /// Why.
        error: Arc<str>,
        /// Whether another attempt follows.
        will_retry: bool,
    },
    /// A further attempt to start a worker follows.
    Retrying {
        /// The module.
        name: Arc<str>,
        /// Which further attempt it will be, from 1.
        retry: u32,
        /// After this time.
        delay: Duration,
        /// Why the last one failed.
        error: Arc<str>,
    },
    /// A worker that died will be replaced.
    Restarting {
        /// The module.
        name: Arc<str>,
        /// After this time.
        delay: Duration,
        /// How many restarts the window holds with this one.
        restarts: u32,
    },
    /// A worker was ended because that was asked for.
    Closed {
        /// The module.
        name: Arc<str>,
        /// How that went.
        farewell: Farewell,
    },
    /// The manager knows the module no longer.
    Unregistered {
        /// The module.
        name: Arc<str>,
    },
}

/// What went wrong with a worker that had been ready.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Its data channel is gone. What became of the process follows.
    #[error("the data channel of worker {pid} is lost: {reason}")]
    Disconnected {
        /// Its process id.
        pid: u32,
        /// What was noticed.
        reason: Arc<str>,
    },
    /// The process is gone.
    #[error("worker {pid} {exit}")]
    Crashed {
        /// Its process id.
        pid: u32,
        /// How it ended.
        exit: Exit,
        /// What was noticed; empty when it ended by itself.
        reason: Arc<str>,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// The process is gone, and something that it started is not: it left the group, and holds the data channel.
    #[error("something that worker {pid} started has left its group and outlives it")]
    Escaped {
        /// Its process id.
        pid: u32,
    },
    /// No new worker could be started, and it would go the same way again.
    #[error("it could not be restarted: {error}")]
    RestartFailed {
        /// Why.
        error: Arc<str>,
    },
    /// It died too often; no new worker is started.
    #[error("it was restarted {restarts} times within {within:?} and died again")]
    TooManyRestarts {
        /// How often …
        restarts: u32,
        /// … in this time.
        within: Duration,
    },
}

impl ManagerEvent {
    /// Which module it is about.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        match self {
            Self::Ready { name, .. }
            | Self::Error { name, .. }
            | Self::SpawnFailed { name, .. }
            | Self::Retrying { name, .. }
            | Self::Restarting { name, .. }
            | Self::Closed { name, .. }
            | Self::Unregistered { name } => name,
        }
    }

    fn of(name: Arc<str>, what: &Lifecycle) -> Option<Self> {
        Some(match what.clone() {
            Lifecycle::State(_) => return None,
            Lifecycle::Ready { pid, incarnation } => Self::Ready {
                name,
                pid,
                incarnation,
            },
            Lifecycle::StartFailed {
                attempt,
                error,
                will_retry,
            } => Self::SpawnFailed {
                name,
                attempt,
                error,
                will_retry,
            },
            Lifecycle::Retrying {
                retry,
                delay,
                error,
            } => Self::Retrying {
                name,
                retry,
                delay,
                error,
            },
            // Without a reason it is the process that ended, and how follows.
            Lifecycle::Disconnected { reason, .. } if reason.is_empty() => return None,
            Lifecycle::Disconnected { pid, reason, .. } => Self::Error {
                name,
                fault: Fault::Disconnected { pid, reason },
            },
            Lifecycle::Crashed {
                pid,
                exit,
                reason,
                stderr_tail,
                ..
            } => Self::Error {
                name,
                fault: Fault::Crashed {
                    pid,
                    exit,
                    reason,
                    stderr_tail,
                },
            },
            Lifecycle::Escaped { pid, .. } => Self::Error {
                name,
                fault: Fault::Escaped { pid },
            },
            Lifecycle::Restarting { delay, restarts } => Self::Restarting {
                name,
                delay,
                restarts,
            },
            Lifecycle::RestartFailed { error } => Self::Error {
                name,
                fault: Fault::RestartFailed { error },
            },
            // A module that is not to be restarted has crashed, and that is all.
            Lifecycle::GaveUp { restarts: 0, .. } => return None,
            Lifecycle::GaveUp { restarts, within } => Self::Error {
                name,
                fault: Fault::TooManyRestarts { restarts, within },
            },
            Lifecycle::Ended(farewell) => Self::Closed { name, farewell },
        })
    }
}

/// Hands what happens to one module on to the readers of its manager.
#[derive(Debug)]
pub(super) struct Forward {
    pub(super) name: Arc<str>,
    pub(super) events: Sender<ManagerEvent>,
}

impl Watcher for Forward {
    fn on_lifecycle(&self, what: &Lifecycle) {
        if let Some(event) = ManagerEvent::of(self.name.clone(), what) {
            let _ = self.events.send(event); // nobody may be reading
        }
    }
}

/// What happens to the modules of a manager, as a stream. It ends when the manager and its modules are gone.
///
/// The newest 1 024 events wait for a slow reader; what it misses is [counted](Self::dropped). It holds nobody up.
pub struct ManagerEvents {
    next: Pin<Box<dyn Future<Output = Received> + Send>>,
    dropped: u64,
}

type Received = (Result<ManagerEvent, RecvError>, Receiver<ManagerEvent>);

impl ManagerEvents {
    pub(super) fn new(receiver: Receiver<ManagerEvent>) -> Self {
        Self {
            next: Box::pin(receive(receiver)),
            dropped: 0,
        }
    }

    /// The next event; none once nothing more will come.
    pub async fn next(&mut self) -> Option<ManagerEvent> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// How many events this reader never saw because it was slow. Exact: those it got and these are all there were.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

async fn receive(mut receiver: Receiver<ManagerEvent>) -> Received {
    (receiver.recv().await, receiver)
}

impl Stream for ManagerEvents {
    type Item = ManagerEvent;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<ManagerEvent>> {
        loop {
            let (event, receiver) = ready!(self.next.as_mut().poll(context));
            self.next = Box::pin(receive(receiver));
            match event {
                Ok(event) => return Poll::Ready(Some(event)),
                Err(RecvError::Lagged(missed)) => self.dropped += missed,
                Err(RecvError::Closed) => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for ManagerEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManagerEvents")
    }
}

/// Events that wait for a reader.
pub(super) const CAPACITY: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// N2: what was received and what was dropped is what was sent; what is left is the newest, in order.
    #[tokio::test]
    async fn a_slow_reader_loses_the_oldest_and_knows_how_many() {
        let sender = Sender::new(CAPACITY);
        let (mut slow, mut keen) = (
            ManagerEvents::new(sender.subscribe()),
            ManagerEvents::new(sender.subscribe()),
        );
        let sent = 3 * CAPACITY as u64;
        for incarnation in 0..sent {
            let _ = sender.send(ManagerEvent::Ready {
                name: "pdf".into(),
                pid: 1,
                incarnation,
            });
            let read = keen.next().await;
            assert!(
                matches!(read, Some(ManagerEvent::Ready { incarnation: n, .. }) if n == incarnation)
            );
        }
        drop(sender);
        let (mut received, mut last) = (0, None);
        while let Some(ManagerEvent::Ready { incarnation, .. }) = slow.next().await {
            assert!(last.is_none_or(|last| last + 1 == incarnation));
            (received, last) = (received + 1, Some(incarnation));
        }
        assert_eq!((received + slow.dropped(), last), (sent, Some(sent - 1)));
        assert_eq!(keen.dropped(), 0);
    }
}

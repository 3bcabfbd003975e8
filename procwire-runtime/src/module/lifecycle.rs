//! What becomes of the worker: states, and everything worth telling, as a stream.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::farewell::Farewell;
use super::mailbox::{Mailbox, Slit, mailbox};
use crate::connection::Exit;
use crate::contract::Keep;

/// Where a module stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModuleState {
    /// No worker was started yet.
    Created,
    /// A process was started and has not said what it serves.
    Initializing,
    /// It has; the data channel is being opened.
    Connecting,
    /// Calls are served.
    Ready,
    /// The worker is gone; a new one may come.
    Disconnected,
    /// No worker, and none will come.
    Closed,
}

/// One thing that happened to a module.
#[derive(Clone, Debug)]
pub enum Lifecycle {
    /// The module is in this state now.
    State(ModuleState),
    /// A worker serves.
    Ready {
        /// Its process id.
        pid: u32,
        /// Which process of this module it is, from 1.
        incarnation: u64,
    },
    /// An attempt to start a worker failed.
    StartFailed {
        /// Which attempt, from 1.
        attempt: u32,
        /// Why.
        error: Arc<str>,
        /// Whether another attempt follows.
        will_retry: bool,
    },
    /// A further attempt follows.
    Retrying {
        /// Which further attempt it will be, from 1.
        retry: u32,
        /// After this time.
        delay: Duration,
        /// Why the last one failed.
        error: Arc<str>,
    },
    /// The data channel to a worker that served is gone, and that was not asked for. What becomes of the process follows.
    Disconnected {
        /// Its process id.
        pid: u32,
        /// Which process of this module it was.
        incarnation: u64,
        /// What was noticed; empty when it is the process that ended.
        reason: Arc<str>,
    },
    /// A worker that served is gone, and that was not asked for.
    Crashed {
        /// Its process id.
        pid: u32,
        /// Which process of this module it was.
        incarnation: u64,
        /// How it ended.
        exit: Exit,
        /// What was noticed.
        reason: Arc<str>,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// A worker is gone, and something that it started is not: it left the group of its worker, where no signal of ours finds it, and
    /// holds the data channel. What was sent may still be executed there, so that no call is told that it was not started.
    Escaped {
        /// The process id of the worker.
        pid: u32,
        /// Which process of this module it was.
        incarnation: u64,
    },
    /// A new worker will be started.
    Restarting {
        /// After this time.
        delay: Duration,
        /// How many restarts the window holds with this one.
        restarts: u32,
    },
    /// No new worker could be started, and it would go the same way again.
    RestartFailed {
        /// Why.
        error: Arc<str>,
    },
    /// The worker was ended because that was asked for.
    Ended(Farewell),
    /// Too many restarts: no more are tried.
    GaveUp {
        /// How many restarts there were …
        restarts: u32,
        /// … in this time.
        within: Duration,
    },
}

/// Who is told what happens to a module.
#[derive(Debug)]
pub struct Journal {
    inner: Mutex<Inner>,
    watcher: OnceLock<Box<dyn Watcher>>,
}

/// Sees everything at once and in order, unlike a reader. It must not wait, and not call back.
pub trait Watcher: fmt::Debug + Send + Sync {
    /// Something happened.
    fn on_lifecycle(&self, what: &Lifecycle);
}

#[derive(Debug)]
struct Inner {
    state: ModuleState,
    gave_up: bool,
    readers: Vec<Slit<Lifecycle>>,
}

impl Journal {
    /// A journal that begins with [`ModuleState::Created`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                state: ModuleState::Created,
                gave_up: false,
                readers: Vec::new(),
            }),
            watcher: OnceLock::new(),
        }
    }

    /// Who sees everything from now on. There is one at most; a later one is not taken.
    pub fn watch(&self, watcher: Box<dyn Watcher>) {
        let _ = self.watcher.set(watcher);
    }

    /// The state now.
    #[must_use]
    pub fn state(&self) -> ModuleState {
        self.lock().state
    }

    /// Whether restarting was given up since a worker last served.
    pub(super) fn has_given_up(&self) -> bool {
        self.lock().gave_up
    }

    /// Notes something and tells every reader. None of them can hold this up.
    pub fn note(&self, what: Lifecycle) {
        let mut inner = self.lock();
        match what {
            Lifecycle::State(state) => inner.state = state,
            Lifecycle::GaveUp { .. } => inner.gave_up = true,
            Lifecycle::Ready { .. } => inner.gave_up = false,
            _ => {}
        }
        // Under the lock, so that all see the same order.
        if let Some(watcher) = self.watcher.get() {
            watcher.on_lifecycle(&what);
        }
        inner.readers.retain(|slit| slit.put(what.clone()));
    }

    /// Tells every reader that nothing more will come.
    pub fn close(&self) {
        self.lock().readers.drain(..).for_each(|slit| slit.close());
    }

    /// A new reader; sees what happens from now on.
    pub(super) fn subscribe(&self) -> LifecycleStream {
        let (slit, mailbox) = mailbox(Keep::All, CAPACITY);
        self.lock().readers.push(slit);
        LifecycleStream { mailbox }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self::new()
    }
}

/// What happens to a module, as a stream. Up to 1 024 events wait for a slow reader; it holds nobody up.
pub struct LifecycleStream {
    mailbox: Mailbox<Lifecycle>,
}

impl LifecycleStream {
    /// The next event; none once the module is closed for good.
    pub async fn next(&mut self) -> Option<Lifecycle> {
        std::future::poll_fn(|context| self.mailbox.poll_next(context)).await
    }

    /// How many events this reader never saw because it was slow.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.mailbox.dropped()
    }
}

impl Stream for LifecycleStream {
    type Item = Lifecycle;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Lifecycle>> {
        self.mailbox.poll_next(context)
    }
}

impl fmt::Debug for LifecycleStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LifecycleStream")
    }
}

/// Events that wait for one reader.
const CAPACITY: usize = 1024;

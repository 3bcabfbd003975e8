//! What a handler can know about its request, and how it hears that nobody wants the answer any more.
//! Siblings: `workers/python/src/procwire/worker/context.py`, `workers/typescript/src/worker/context.ts`.
//!
//! The context is found through the thread that polls the handler. It is only made when it is asked for, or when the
//! handler has to wait. Knows no socket and no frame.

use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use tokio::sync::Notify;

use super::log;
use crate::codec::{RawValue, msgpack};
use crate::control::{LogLevel, LogLine};
use crate::ids::UNCORRELATED;

/// The request that the calling handler serves.
///
/// Ask before handing work to another task or thread, and give it the answer: there, and outside of a handler, this
/// returns a context without a request, which is never cancelled.
///
/// ```
/// async fn thumbnail(path: String) -> Option<Vec<u8>> {
///     let ctx = procwire_runtime::worker::ctx();
///     for part in 0..100 {
///         if ctx.is_cancelled() {
///             return None;
///         }
///         // … a piece of work …
///         tokio::task::yield_now().await;
///     }
///     Some(Vec::new())
/// }
/// ```
#[must_use]
pub fn ctx() -> RequestContext {
    CURRENT.with_borrow_mut(|current| match current {
        Some(current) => RequestContext {
            token: current.token(),
        },
        None => RequestContext {
            token: Arc::new(Token::new(UNCORRELATED, "", None)),
        },
    })
}

/// One request in progress. Clones speak of the same one.
///
/// When the parent gives a request up, its handler is dropped at the point where it waits, as any future may be. A
/// handler that has asked here whether it is cancelled is trusted to end by itself, and is not dropped.
#[derive(Clone)]
pub struct RequestContext {
    token: Arc<Token>,
}

impl RequestContext {
    /// The parent's number for this request; 0 for a oneway one, and outside of a handler.
    #[must_use]
    pub fn request_id(&self) -> u32 {
        self.token.request
    }

    /// The method's name on the wire; empty outside of a handler.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.token.method
    }

    /// Where the request belongs in a trace, as W3C's `traceparent` says it, when the parent has told.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.token.trace.as_deref()
    }

    /// Logs a record that tells the request it belongs to, in the parent's log where the parent takes it and else on
    /// standard error. Of a long message the first 16 KiB are kept.
    pub fn log(&self, level: LogLevel, message: impl Into<String>) {
        let request = Some(self.request_id()).filter(|id| *id != UNCORRELATED);
        log::log(&LogLine {
            level,
            message: message.into(),
            request,
            target: self.method().to_owned(),
        });
    }

    /// Whether the parent gave this request up, or the worker is stopping.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.token.state.fetch_or(ASKED, Ordering::AcqRel) & CANCELLED != 0
    }

    /// Resolves when the parent gives this request up, or the worker stops.
    pub async fn cancelled(&self) {
        loop {
            let notified = self.token.cancelled.notified();
            if self.is_cancelled() {
                return;
            }
            notified.await;
        }
    }
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("method", &self.method())
            .field("request_id", &self.request_id())
            .field("is_cancelled", &self.token.is_cancelled())
            .finish()
    }
}

/// What a request's handler, its task and the reader share.
#[derive(Debug)]
pub(super) struct Token {
    request: u32,
    method: &'static str,
    trace: Option<Box<str>>,
    /// Bytes by which the parent has widened the window of this stream.
    granted: AtomicU64,
    state: AtomicU8,
    cancelled: Notify,
    /// The task that runs the handler.
    task: Mutex<Option<Waker>>,
}

impl Token {
    fn new(request: u32, method: &'static str, trace: Option<Box<str>>) -> Self {
        Self {
            request,
            method,
            trace,
            granted: AtomicU64::new(0),
            state: AtomicU8::new(0),
            cancelled: Notify::new(),
            task: Mutex::new(None),
        }
    }

    /// Tells the handler, or has its task drop it. Whether it is left to end by itself, for all that is known now.
    pub(super) fn cancel(&self) -> bool {
        let before = self.state.fetch_or(CANCELLED, Ordering::AcqRel);
        self.cancelled.notify_waiters();
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.wake();
        }
        before & ASKED != 0
    }

    /// The parent takes so many bytes more of this stream.
    pub(super) fn grant(&self, bytes: u32) {
        self.granted.fetch_add(bytes.into(), Ordering::AcqRel); // 2^32 times before it wraps
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Bytes granted so far, beyond the first window.
    pub(super) fn granted(&self) -> u64 {
        self.granted.load(Ordering::Acquire)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.state.load(Ordering::Acquire) & CANCELLED != 0
    }

    /// Whether the handler is to be dropped: cancelled, and it never asked. Otherwise `task` is woken should it come
    /// to that.
    pub(super) fn is_abandoned(&self, task: &Waker) -> bool {
        let mut slot = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *slot {
            Some(before) => before.clone_from(task),
            None => *slot = Some(task.clone()),
        }
        drop(slot);
        // After the waker is in place: either this sees the cancellation, or the cancellation sees the waker.
        self.state.load(Ordering::Acquire) & (CANCELLED | ASKED) == CANCELLED
    }
}

/// What a frame in front of a request says of where that belongs. What it cannot say is left out: a trace is no reason to
/// refuse a request.
pub(super) fn read_trace(payload: &[u8]) -> Option<Box<str>> {
    let said = msgpack::decode::<RawValue>(payload).ok()?;
    let trace = said.get("traceparent")?.as_str()?;
    (trace.len() <= MAX_TRACE).then(|| trace.into())
}

/// The request whose handler this thread is polling.
#[derive(Debug)]
pub(super) struct Current {
    request: u32,
    method: &'static str,
    trace: Option<Box<str>>,
    token: Option<Arc<Token>>,
}

impl Current {
    pub(super) const fn new(request: u32, method: &'static str, trace: Option<Box<str>>) -> Self {
        Self {
            request,
            method,
            trace,
            token: None,
        }
    }

    /// The request's token, made now if nobody has asked for it.
    pub(super) fn token(&mut self) -> Arc<Token> {
        let token = self.token.get_or_insert_with(|| {
            Arc::new(Token::new(self.request, self.method, self.trace.take()))
        });
        Arc::clone(token)
    }

    /// Runs `poll` with this as the current request of the thread.
    pub(super) fn during<R>(&mut self, poll: impl FnOnce() -> R) -> R {
        let mine = Self {
            trace: self.trace.take(),
            token: self.token.take(),
            ..*self
        };
        let before = CURRENT.replace(Some(mine));
        let mut entered = Entered {
            current: self,
            before,
        };
        let result = poll();
        entered.leave();
        result
    }
}

/// Puts back what was, also when `poll` panics.
struct Entered<'a> {
    current: &'a mut Current,
    before: Option<Current>,
}

impl Entered<'_> {
    fn leave(&mut self) {
        if let Some(mine) = CURRENT.replace(self.before.take()) {
            *self.current = mine;
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.leave();
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// `traceparent` has 55 characters, and a later version may have more.
const MAX_TRACE: usize = 256;
const CANCELLED: u8 = 1;
/// The handler has asked whether it is cancelled, so it will end by itself.
const ASKED: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll};

    #[test]
    fn there_is_a_context_only_while_a_handler_is_polled() {
        let mut outer = Current::new(7, "outer", None);
        let mut inner = Current::new(8, "inner", None);
        outer.during(|| {
            assert_eq!(ctx().request_id(), 7);
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                inner.during(|| panic!("inside"))
            }));
            assert!(caught.is_err());
            assert_eq!((ctx().request_id(), ctx().method()), (7, "outer"));
        });
        assert_eq!((ctx().request_id(), ctx().method()), (0, ""));
        assert!(outer.token.is_some(), "it was asked for");
    }

    #[test]
    fn who_asks_is_not_abandoned_and_who_waits_is_woken() {
        let mut current = Current::new(1, "m", None);
        let token = current.token();
        assert!(!token.is_abandoned(Waker::noop()));
        let context = current.during(ctx);
        let mut waits = pin!(context.cancelled());
        let mut task = Context::from_waker(Waker::noop());
        assert_eq!(waits.as_mut().poll(&mut task), Poll::Pending);
        token.cancel();
        assert_eq!(waits.as_mut().poll(&mut task), Poll::Ready(()));
        assert!(!token.is_abandoned(Waker::noop()));
    }

    #[test]
    fn who_never_asked_is_abandoned() {
        let token = Current::new(1, "m", None).token();
        token.cancel();
        assert!(token.is_abandoned(Waker::noop()) && token.is_cancelled());
    }
}

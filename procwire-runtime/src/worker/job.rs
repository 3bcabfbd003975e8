//! A handler at work: polled until its request has been answered.
//!
//! Owns how the outcome of each kind of handler becomes frames, and that a panic is an outcome too. A job is polled once
//! where its request was read; only one that has to wait becomes a task. Knows no socket.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::answers::Answers;
use super::call::Call;
use super::context::{Current, Token};
use super::outgoing::Outgoing;
use crate::codec::Type;
use crate::codec::error::{ErrorKind, ErrorPayload};
use crate::ids::HEADER_SIZE;

/// A handler with its arguments.
pub(super) type BoxedJob = Pin<Box<dyn Job>>;

/// What is polled until it is done.
pub(super) trait Job: Send {
    /// Does what can be done now.
    fn poll(self: Pin<&mut Self>, turn: &mut Turn<'_>, cx: &mut Context<'_>) -> Step;
}

/// What a job has to work with when it is polled.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub(super) call: &'a Call,
    /// None while nobody can have cancelled the request.
    pub(super) token: Option<&'a Token>,
    pub(super) out: &'a mut Outgoing,
    /// Bytes of a stream that the parent takes without being asked, where it counts them.
    pub(super) window: Option<u32>,
    /// Whether frames may be added; those that end a request for want of anything better always may.
    pub(super) has_room: bool,
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It waits for something and will be woken.
    Waiting,
    /// It has more to send and lets that go first.
    Full,
    /// The request is answered.
    Done,
}

impl Turn<'_> {
    fn is_cancelled(&self) -> bool {
        self.token.is_some_and(Token::is_cancelled)
    }
}

/// Polls a job. A panic ends the request with an error of kind `exception`.
pub(super) fn take_turn(
    job: &mut BoxedJob,
    current: &mut Current,
    turn: &mut Turn<'_>,
    cx: &mut Context<'_>,
) -> Step {
    let polled = current.during(|| catch_unwind(AssertUnwindSafe(|| job.as_mut().poll(turn, cx))));
    polled.unwrap_or_else(|panic| {
        turn.out.discard();
        turn.call.fail(&panicked(panic), turn.out);
        Step::Done
    })
}

/// Drops a handler. User code may panic even then.
pub(super) fn drop_quietly(job: BoxedJob) {
    if catch_unwind(AssertUnwindSafe(|| drop(job))).is_err() {
        tracing::warn!("a handler panicked while it was dropped");
    }
}

/// The error of a handler that panicked: its own words, as those of an exception are in the other languages.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> ErrorPayload {
    let message = panic_text(&*panic).to_owned();
    // Whatever was thrown may panic once more when it is dropped.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(panic)));
    ErrorPayload {
        type_name: Some("panic".to_owned()),
        ..ErrorPayload::new(ErrorKind::Exception, message)
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("something that is no text")
}

pin_project_lite::pin_project! {
    /// A handler with one answer.
    pub(super) struct Single<F: Future, T, E> {
        #[pin]
        future: F,
        open: fn(F::Output) -> Result<T, E>,
        outcome: Option<Result<T, E>>,
    }
}

impl<F: Future, T, E> Single<F, T, E> {
    /// `open` gets at the answer inside of what the handler hands back.
    pub(super) fn new(future: F, open: fn(F::Output) -> Result<T, E>) -> Self {
        Self {
            future,
            open,
            outcome: None,
        }
    }
}

impl<F, T, E> Job for Single<F, T, E>
where
    F: Future + Send,
    T: Type,
    E: Type,
{
    fn poll(self: Pin<&mut Self>, turn: &mut Turn<'_>, cx: &mut Context<'_>) -> Step {
        let this = self.project();
        if this.outcome.is_none() {
            match this.future.poll(cx) {
                Poll::Ready(outcome) => *this.outcome = Some((this.open)(outcome)),
                Poll::Pending => return Step::Waiting,
            }
        }
        if turn.is_cancelled() {
            turn.call.cancelled(turn.out);
            return Step::Done;
        }
        if !turn.has_room {
            return Step::Full; // the value waits here, not its bytes
        }
        match this.outcome.take() {
            Some(Ok(value)) => turn.call.answer(&value, turn.out),
            Some(Err(error)) => turn.call.raise(&error, turn.out),
            None => {}
        }
        Step::Done
    }
}

/// A handler with a stream of answers.
pub(super) struct Many<T, E> {
    answers: Answers<T, E>,
    /// An item that waits for the parent to widen the window.
    held: Option<T>,
    /// Bytes of the window that are used up.
    spent: u64,
}

// Nothing in it is pinned but what is boxed.
impl<T, E> Unpin for Many<T, E> {}

impl<T: Type, E: Type> Many<T, E> {
    pub(super) fn new(answers: Answers<T, E>) -> Self {
        Self {
            answers,
            held: None,
            spent: 0,
        }
    }

    /// Whether the parent takes one item more. It may overdraw the window, so that large items get through.
    fn has_credit(&self, turn: &Turn<'_>) -> bool {
        let granted = turn.token.map_or(0, Token::granted);
        turn.window
            .is_none_or(|window| self.spent < u64::from(window) + granted)
    }
}

impl<T: Type, E: Type> Job for Many<T, E> {
    fn poll(mut self: Pin<&mut Self>, turn: &mut Turn<'_>, cx: &mut Context<'_>) -> Step {
        let (began, before) = (Instant::now(), turn.out.len());
        loop {
            if !turn.has_room || turn.out.len() - before >= GATHER {
                return Step::Full;
            }
            let item = match self.held.take() {
                Some(held) => Some(Ok(held)),
                None => match self.answers.poll_next(cx) {
                    Poll::Pending => return Step::Waiting,
                    Poll::Ready(item) => item,
                },
            };
            match item {
                // Nobody wants it any more; the handler is one that ends by itself.
                Some(Ok(_)) if turn.is_cancelled() => {}
                Some(Ok(value)) if !self.has_credit(turn) => {
                    self.held = Some(value);
                    return Step::Waiting; // the token knows whom to wake
                }
                Some(Ok(value)) => {
                    let before = turn.out.len();
                    if !turn.call.item(&value, turn.out) {
                        return Step::Done;
                    }
                    let frame = (turn.out.len() - before) as u64;
                    self.spent += frame - HEADER_SIZE as u64 + CHUNK_COST;
                }
                _ if turn.is_cancelled() => {
                    turn.call.cancelled(turn.out);
                    return Step::Done;
                }
                Some(Err(error)) => {
                    turn.call.raise(&error, turn.out);
                    return Step::Done;
                }
                None => {
                    turn.call.end(turn.out);
                    return Step::Done;
                }
            }
            // Items that come slowly are not kept waiting for those behind them.
            if began.elapsed() >= PATIENCE {
                return Step::Full;
            }
        }
    }
}

/// What a chunk costs beside its payload, so that a window of empty ones has an end too.
const CHUNK_COST: u64 = 64;
/// Bytes of one stream that are gathered at most.
const GATHER: usize = 64 << 10;
/// How long items are gathered at most.
const PATIENCE: Duration = Duration::from_micros(100);

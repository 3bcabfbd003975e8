//! Calls that answer with one value: what is put together, and the future that resolves with the answer.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::cancel::Cancel;
use super::error::CallError;
use super::handle::Module;
use super::oneway::OnewayFuture;
use super::parcel::{Handed, Limit};
use super::request::Request;
use super::retry::Verdict;
use super::stream::StreamFuture;
use crate::codec::Type;
use crate::connection::{Outcome, Reply, Ticket};

/// A call that is being put together. Generated calls set optional arguments on `args`.
pub struct Call<A, T, E> {
    /// The arguments so far.
    pub args: A,
    module: Module,
    method: usize,
    limit: Limit,
    cancel: Option<Cancel>,
    marker: PhantomData<fn() -> (T, E)>,
}

impl<A: Type, T: Type, E: Type> Call<A, T, E> {
    /// A call of a method, by its place in the contract.
    #[must_use]
    pub fn new(module: &Module, method: usize, args: A) -> Self {
        Self {
            args,
            module: module.clone(),
            method,
            limit: Limit::Default,
            cancel: None,
            marker: PhantomData,
        }
    }

    /// How long the call may take, from when it is first polled to its answer, waiting for a worker included; for a stream, the
    /// longest silence between two items. Counts instead of what schema, module and worker say. Zero is no time at all.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limit = Limit::Given(Some(timeout));
        self
    }

    /// Lets the call take as long as it likes.
    #[must_use]
    pub fn no_timeout(mut self) -> Self {
        self.limit = Limit::Given(None);
        self
    }

    /// Gives the call up when `cancel` says so; its caller is told how far it came. Holds for calls that answer with a value or
    /// an ack; a stream is given up by dropping it.
    #[must_use]
    pub fn cancel_with(mut self, cancel: &Cancel) -> Self {
        self.cancel = Some(cancel.clone());
        self
    }

    /// The future of a method that answers with a value or an ack.
    pub fn result(self) -> ResultFuture<T, E> {
        let request = Request::new(&self.module, self.method, &self.args, self.limit);
        ResultFuture {
            request,
            ticket: None,
            cancel: self.cancel.as_ref().map(Cancel::wait),
            stage: Stage::Wanted,
            marker: PhantomData,
        }
    }

    /// The future of a method that answers with a stream.
    pub fn stream(self) -> StreamFuture<T, E> {
        StreamFuture::new(Request::new(
            &self.module,
            self.method,
            &self.args,
            self.limit,
        ))
    }

    /// The future of a method that answers nothing.
    pub fn oneway(self) -> OnewayFuture {
        OnewayFuture::new(Request::new(
            &self.module,
            self.method,
            &self.args,
            self.limit,
        ))
    }
}

/// Resolves with the answer. Nothing is sent before it is first polled; dropping it gives the call up.
#[must_use = "a call does nothing unless it is awaited"]
pub struct ResultFuture<T, E> {
    request: Request,
    ticket: Option<Ticket>,
    cancel: Option<Waiting>,
    stage: Stage,
    marker: PhantomData<fn() -> (T, E)>,
}

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

enum Stage {
    Wanted,
    /// To be given up when it is next polled.
    Unwanted,
    /// The worker was told; its last word is waited for, and not longer than this.
    GivenUp(Waiting),
}

impl<T: Type, E: Type> ResultFuture<T, E> {
    /// Gives the call up and resolves with what became of it: the answer, should it be there already, or else an error with how
    /// far the call had come. Waits up to five seconds for the worker's last word. To give a call up without waiting,
    /// drop it.
    ///
    /// # Errors
    /// The call was given up, or had failed before.
    pub async fn cancel(mut self) -> Result<T, CallError<E>> {
        self.stage = Stage::Unwanted;
        self.await
    }

    /// Gives the call up. An error: there is nothing to wait for.
    fn give_up(&mut self) -> Result<(), CallError<E>> {
        let Some(ticket) = &mut self.ticket else {
            return Err(self.request.given_up(None));
        };
        let last = ticket.cancel();
        if last == Some(Outcome::NotSent) || !self.request.parcel.cancellable {
            self.ticket = None;
            let last = last.unwrap_or(Outcome::MaybeExecuted);
            return Err(self.request.given_up(Some(last)));
        }
        let clock = self.request.module.clock().clone();
        self.stage = Stage::GivenUp(Box::pin(async move { clock.sleep(LAST_WORD).await }));
        Ok(())
    }

    /// Whether the call is given up, from outside or because the worker's last word does not come.
    fn poll_cancel(&mut self, context: &mut Context<'_>) -> Result<(), CallError<E>> {
        if let Some(cancel) = &mut self.cancel
            && cancel.as_mut().poll(context).is_ready()
        {
            self.cancel = None;
            self.stage = Stage::Unwanted;
        }
        if matches!(self.stage, Stage::Unwanted) {
            self.give_up()?;
        }
        if let Stage::GivenUp(time) = &mut self.stage
            && time.as_mut().poll(context).is_ready()
        {
            self.ticket = None;
            return Err(self.request.given_up(Some(Outcome::MaybeExecuted)));
        }
        Ok(())
    }
}

impl<T: Type, E: Type> Future for ResultFuture<T, E> {
    type Output = Result<T, CallError<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let result = ready!(this.poll_answer(context));
        Poll::Ready(this.request.resolved(result))
    }
}

impl<T: Type, E: Type> ResultFuture<T, E> {
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Result<T, CallError<E>>> {
        let this = self;
        // An answer that is there already is not given up.
        if !matches!((&this.cancel, &this.stage), (None, Stage::Wanted)) && this.ticket.is_none() {
            this.poll_cancel(context)?;
        }
        loop {
            let Some(ticket) = &mut this.ticket else {
                match ready!(this.request.poll_send(context)) {
                    Ok(Handed::Ticket(ticket)) => this.ticket = Some(ticket),
                    Ok(Handed::Oneway(connection, _)) => {
                        let reply = Reply::Answer(bytes::Bytes::new());
                        return Poll::Ready(Err(this.request.failure(reply, &connection, false)));
                    }
                    Err(problem) => return Poll::Ready(Err(this.request.problem(problem))),
                }
                continue;
            };
            let Poll::Ready(reply) = ticket.poll_reply(context) else {
                if matches!((&this.cancel, &this.stage), (None, Stage::Wanted)) {
                    return Poll::Pending;
                }
                this.poll_cancel(context)?;
                return Poll::Pending;
            };
            let connection = ticket.connection().clone();
            let unstarted = ticket.is_unstarted();
            this.ticket = None;
            match reply {
                Reply::Answer(payload) => {
                    return Poll::Ready(this.request.decode(payload, &connection));
                }
                Reply::Lost(down, outcome) if matches!(this.stage, Stage::Wanted) => {
                    match this.request.on_loss(&down, outcome, false) {
                        Verdict::Resend => {}
                        Verdict::Poisoned => {
                            return Poll::Ready(Err(this.request.poisoned(&down, outcome)));
                        }
                        Verdict::Fail => {
                            let reply = Reply::Lost(down, outcome);
                            return Poll::Ready(Err(this.request.failure(
                                reply,
                                &connection,
                                unstarted,
                            )));
                        }
                    }
                }
                other => {
                    return Poll::Ready(Err(this.request.failure(other, &connection, unstarted)));
                }
            }
        }
    }
}

impl<A: fmt::Debug, T, E> fmt::Debug for Call<A, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

impl<T, E> fmt::Debug for ResultFuture<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResultFuture({})", self.request.shown())
    }
}

/// How long the last word of a worker is waited for on a call that was given up.
const LAST_WORD: Duration = Duration::from_secs(5);

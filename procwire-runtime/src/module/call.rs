//! Calls that answer with one value: what is put together, and the future that resolves with the answer.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::error::CallError;
use super::handle::Module;
use super::oneway::OnewayFuture;
use super::request::{Limit, Request};
use super::stream::StreamFuture;
use crate::codec::Type;
use crate::connection::{Reply, Ticket};

/// A call that is being put together. Generated calls set optional arguments on `args`.
pub struct Call<A, T, E> {
    /// The arguments so far.
    pub args: A,
    module: Module,
    method: usize,
    limit: Limit,
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
            marker: PhantomData,
        }
    }

    /// How long the call may take, from when it is first polled to its answer; for a stream, the longest silence between two
    /// items. Counts instead of what the schema says.
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

    /// The future of a method that answers with a value or an ack.
    pub fn result(self) -> ResultFuture<T, E> {
        let request = Request::new(&self.module, self.method, &self.args, self.limit);
        ResultFuture {
            request,
            ticket: None,
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
    marker: PhantomData<fn() -> (T, E)>,
}

impl<T: Type, E: Type> Future for ResultFuture<T, E> {
    type Output = Result<T, CallError<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            let Some(ticket) = &mut this.ticket else {
                match ready!(this.request.poll_send(context)) {
                    Ok(ticket) => this.ticket = Some(ticket),
                    Err(problem) => return Poll::Ready(Err(this.request.problem(problem))),
                }
                continue;
            };
            let reply = ready!(ticket.poll_reply(context));
            let connection = ticket.connection().clone();
            this.ticket = None;
            match reply {
                Reply::Answer(payload) => {
                    return Poll::Ready(this.request.decode(payload, &connection));
                }
                Reply::Lost(down, outcome) if !down.wanted && this.request.may_resend(outcome) => {}
                other => return Poll::Ready(Err(this.request.failure(other, &connection))),
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
        write!(f, "ResultFuture({})", self.request.site())
    }
}

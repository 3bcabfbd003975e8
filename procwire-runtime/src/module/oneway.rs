//! Calls that answer nothing: done when the system has taken the request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::error::CallError;
use super::parcel::Handed;
use super::request::Request;
use super::retry::Verdict;
use crate::codec::Never;
use crate::connection::{Connection, Outcome, Reply, Span};

/// Resolves when the request is written. Whether the worker gets to read it is not known.
#[must_use = "a call does nothing unless it is awaited"]
pub struct OnewayFuture {
    request: Request,
    sent: Option<Sent>,
}

struct Sent {
    connection: Arc<Connection>,
    span: Span,
    changed: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    done: bool,
}

impl OnewayFuture {
    pub(super) fn new(request: Request) -> Self {
        Self {
            request,
            sent: None,
        }
    }
}

impl Future for OnewayFuture {
    type Output = Result<(), CallError<Never>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let result = ready!(this.poll_written(context));
        Poll::Ready(this.request.resolved(result))
    }
}

impl OnewayFuture {
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<Result<(), CallError<Never>>> {
        let this = self;
        loop {
            let Some(sent) = &mut this.sent else {
                match ready!(this.request.poll_send(context)) {
                    Ok(Handed::Ticket(ticket)) => {
                        let reply = Reply::Answer(bytes::Bytes::new());
                        let error = this.request.failure(reply, ticket.connection(), false);
                        return Poll::Ready(Err(error));
                    }
                    Ok(Handed::Oneway(connection, span)) => {
                        this.sent = Some(Sent {
                            connection,
                            span,
                            changed: None,
                            done: false,
                        })
                    }
                    Err(problem) => return Poll::Ready(Err(this.request.problem(problem))),
                }
                continue;
            };
            match ready!(sent.poll(context)) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(down) => {
                    let connection = sent.connection.clone();
                    this.sent = None;
                    if this.request.on_loss(&down, Outcome::NotSent, false) != Verdict::Resend {
                        let reply = Reply::Lost(down, Outcome::NotSent);
                        return Poll::Ready(Err(this.request.failure(reply, &connection, false)));
                    }
                }
            }
        }
    }
}

impl Sent {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Arc<crate::connection::Down>>> {
        let mut registered = false;
        loop {
            if let Poll::Ready(result) = self.connection.poll_sent(self.span) {
                self.done = true;
                return Poll::Ready(result);
            }
            if registered {
                return Poll::Pending;
            }
            let changed = self.changed.get_or_insert_with(|| {
                let connection = self.connection.clone();
                Box::pin(async move { connection.changed().await })
            });
            match changed.as_mut().poll(context) {
                Poll::Ready(()) => self.changed = None,
                Poll::Pending => registered = true,
            }
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if !self.done {
            self.connection.take_back(self.span);
        }
    }
}

impl fmt::Debug for OnewayFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OnewayFuture({})", self.request.shown())
    }
}

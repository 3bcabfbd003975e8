//! Calls that answer with a stream.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::error::CallError;
use super::parcel::Handed;
use super::request::Request;
use super::retry::Verdict;
use crate::codec::Type;
use crate::connection::{Connection, Progress, Reply, Ticket};

/// Resolves with the stream once the request is on its way; dropping it gives the call up.
#[must_use = "a call does nothing unless it is awaited"]
pub struct StreamFuture<T, E> {
    request: Option<Request>,
    marker: PhantomData<fn() -> (T, E)>,
}

/// The items of one call, in order, then the end or one error. Dropping it tells the worker to stop.
///
/// Other calls of the same worker go on however slowly this is read; items wait up to a bound of bytes, and beyond it the
/// stream fails as overloaded.
pub struct ItemStream<T, E> {
    request: Request,
    stage: Stage,
    /// Items that came together and wait for this reader.
    items: VecDeque<Bytes>,
    /// An item was handed out: the stream cannot be begun again.
    committed: bool,
    marker: PhantomData<fn() -> (T, E)>,
}

#[derive(Debug)]
enum Stage {
    /// The worker is at it.
    Flying(Ticket),
    /// The worker died before the first item; the request is sent again.
    Resending,
    /// Nothing follows.
    Over,
}

impl<T, E> StreamFuture<T, E> {
    pub(super) fn new(request: Request) -> Self {
        Self {
            request: Some(request),
            marker: PhantomData,
        }
    }
}

impl<T: Type, E: Type> Future for StreamFuture<T, E> {
    type Output = Result<ItemStream<T, E>, CallError<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let Some(request) = &mut this.request else {
            return Poll::Pending;
        };
        let sent = ready!(request.poll_send(context));
        let Some(mut request) = this.request.take() else {
            return Poll::Pending;
        };
        Poll::Ready(match sent {
            Ok(Handed::Oneway(connection, _)) => {
                let error = Err(unstreamed(&request, &connection));
                request.resolved(error)
            }
            Ok(Handed::Ticket(ticket)) => {
                let (stage, items) = (Stage::Flying(ticket), VecDeque::new());
                Ok(ItemStream {
                    request,
                    stage,
                    items,
                    committed: false,
                    marker: PhantomData,
                })
            }
            Err(problem) => {
                let error = Err(request.problem(problem));
                request.resolved(error)
            }
        })
    }
}

impl<T: Type, E: Type> ItemStream<T, E> {
    /// The next item; none at the end.
    ///
    /// # Errors
    /// The stream failed; nothing follows.
    pub async fn try_next(&mut self) -> Result<Option<T>, CallError<E>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context))
            .await
            .transpose()
    }

    /// Every item to the end.
    ///
    /// # Errors
    /// The stream failed before its end.
    pub async fn collect(mut self) -> Result<Vec<T>, CallError<E>> {
        let mut items = Vec::new();
        while let Some(item) = self.try_next().await? {
            items.push(item);
        }
        Ok(items)
    }

    fn over(&mut self) {
        self.stage = Stage::Over;
        self.items.clear();
    }
}

impl<T: Type, E: Type> Stream for ItemStream<T, E> {
    type Item = Result<T, CallError<E>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        match ready!(this.poll_item(context)) {
            Some(Err(error)) => Poll::Ready(Some(this.request.resolved(Err(error)))),
            None => {
                this.request.ended();
                Poll::Ready(None)
            }
            item => Poll::Ready(item),
        }
    }
}

impl<T: Type, E: Type> ItemStream<T, E> {
    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, CallError<E>>>> {
        let this = self;
        loop {
            let ticket = match &mut this.stage {
                Stage::Over => return Poll::Ready(None),
                Stage::Resending => match ready!(this.request.poll_send(context)) {
                    Ok(Handed::Ticket(ticket)) => {
                        this.stage = Stage::Flying(ticket);
                        continue;
                    }
                    Ok(Handed::Oneway(connection, _)) => {
                        this.over();
                        return Poll::Ready(Some(Err(unstreamed(&this.request, &connection))));
                    }
                    Err(problem) => {
                        this.over();
                        return Poll::Ready(Some(Err(this.request.problem(problem))));
                    }
                },
                Stage::Flying(ticket) => ticket,
            };
            if let Some(payload) = this.items.pop_front() {
                let item = this.request.decode(payload, ticket.connection());
                this.committed = true;
                if item.is_err() {
                    this.over();
                }
                return Poll::Ready(Some(item));
            }
            match ready!(ticket.poll_items(&mut this.items, context)) {
                Progress::Items => {}
                Progress::End => {
                    this.over();
                    return Poll::Ready(None);
                }
                Progress::Failed(reply) => {
                    let connection = ticket.connection().clone();
                    let unstarted = ticket.is_unstarted();
                    this.over();
                    if let Reply::Lost(down, outcome) = &reply {
                        match this.request.on_loss(down, *outcome, this.committed) {
                            Verdict::Resend => {
                                this.stage = Stage::Resending;
                                continue;
                            }
                            Verdict::Poisoned => {
                                let error = this.request.poisoned(down, *outcome);
                                return Poll::Ready(Some(Err(error)));
                            }
                            Verdict::Fail => {}
                        }
                    }
                    let error = this.request.failure(reply, &connection, unstarted);
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

/// A stream was asked of a method that answers nothing.
fn unstreamed<E: Type>(request: &Request, connection: &Connection) -> CallError<E> {
    request.failure(Reply::Answer(Bytes::new()), connection, false)
}

impl<T, E> fmt::Debug for StreamFuture<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamFuture").finish_non_exhaustive()
    }
}

impl<T, E> fmt::Debug for ItemStream<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemStream({})", self.request.shown())
    }
}

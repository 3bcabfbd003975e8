//! What handlers hand back: streams of answers, receipts, nothing.
//!
//! Knows nothing of how an answer is written or sent.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use crate::codec::Never;

/// "Taken", with an optional receipt.
///
/// ```
/// use procwire_runtime::worker::Ack;
///
/// let without: Ack = Ack::default();
/// let with = Ack("job 7".to_owned());
/// # assert_eq!((without, with.0.as_str()), (Ack(()), "job 7"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ack<T = ()>(pub T);

/// What a oneway handler returns: nobody waits for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oneway;

/// A stream of answers, made by a handler and read by the parent.
///
/// Items are asked for as fast as the parent takes them. When the parent gives the stream up it is dropped.
///
/// ```
/// use procwire_runtime::worker::Answers;
///
/// let squares: Answers<u32> = Answers::from_iter((0..1000).map(|n| n * n));
/// let counted: Answers<u32> = Answers::produce(async |mut items| {
///     for n in 0..1000 {
///         items.send(n).await; // waits while the parent does not keep up
///     }
///     Ok(())
/// });
/// ```
pub struct Answers<T, E = Never> {
    source: Pin<Box<dyn Stream<Item = Result<T, E>> + Send>>,
}

impl<T: Send + 'static, E: Send + 'static> Answers<T, E> {
    /// The items of a stream, up to its end or its first error.
    pub fn new(stream: impl Stream<Item = Result<T, E>> + Send + 'static) -> Self {
        Self {
            source: Box::pin(stream),
        }
    }

    /// The items of a stream that does not fail.
    pub fn from_items(stream: impl Stream<Item = T> + Send + 'static) -> Self {
        Self::new(Unfailing {
            stream,
            error: PhantomData,
        })
    }

    /// The items of an iterator, each made when there is room to send it.
    ///
    /// What takes its time to compute an item belongs on another thread: this one serves other requests too.
    #[expect(
        clippy::should_implement_trait,
        reason = "lazy, which the trait cannot be"
    )]
    pub fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self
    where
        I::IntoIter: Send + 'static,
    {
        Self::new(Iter(items.into_iter().map(Ok)))
    }

    /// No items, but an error.
    pub fn failed(error: E) -> Self {
        Self::new(Iter(std::iter::once(Err(error))))
    }

    /// The items that a future sends as it goes, up to its end or its error.
    pub fn produce<F: Future<Output = Result<(), E>> + Send + 'static>(
        make: impl FnOnce(Items<T>) -> F,
    ) -> Self {
        let hatch = Arc::new(Hatch {
            state: Mutex::default(),
        });
        let future = make(Items {
            hatch: Arc::clone(&hatch),
        });
        Self::new(Produced {
            hatch,
            future: Some(Box::pin(future)),
            failure: None,
        })
    }

    /// The next item. After an error or the end it must not be asked again.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, E>>> {
        self.source.as_mut().poll_next(cx)
    }
}

impl<T, E> fmt::Debug for Answers<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers")
    }
}

/// Where a producing handler puts its items, one at a time.
pub struct Items<T> {
    hatch: Arc<Hatch<T>>,
}

impl<T> Items<T> {
    /// Sends one item. Resolves when it has been taken from here, so that a slow parent slows the handler down; when
    /// the parent has given the stream up, never: by then whatever made the items is to be dropped.
    pub async fn send(&mut self, item: T) {
        let mut item = Some(item);
        let mut is_put = false;
        poll_fn(|cx| {
            let mut state = self.hatch.lock();
            if state.item.is_none() {
                match item.take() {
                    Some(item) if !state.is_closed => {
                        state.item = Some(item);
                        is_put = true;
                        let taker = state.taker.take();
                        state.giver = Some(cx.waker().clone());
                        drop(state);
                        wake_other(taker, cx);
                        return Poll::Pending;
                    }
                    None if is_put && !state.is_closed => return Poll::Ready(()),
                    _ => {}
                }
            }
            state.giver = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items")
    }
}

/// One item on its way from a producing future, which may run on another task, to the stream.
struct Hatch<T> {
    state: Mutex<HatchState<T>>,
}

struct HatchState<T> {
    item: Option<T>,
    giver: Option<Waker>,
    taker: Option<Waker>,
    is_closed: bool,
}

impl<T> Default for HatchState<T> {
    fn default() -> Self {
        Self {
            item: None,
            giver: None,
            taker: None,
            is_closed: false,
        }
    }
}

impl<T> Hatch<T> {
    fn lock(&self) -> MutexGuard<'_, HatchState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the item, if there is one; whoever put it goes on when next polled.
    fn take(&self, cx: &Context<'_>) -> Option<T> {
        let mut state = self.lock();
        let item = state.item.take()?;
        let giver = state.giver.take();
        drop(state);
        wake_other(giver, cx);
        Some(item)
    }
}

/// Wakes unless it is the calling task, which looks again without being told.
fn wake_other(waker: Option<Waker>, cx: &Context<'_>) {
    if let Some(waker) = waker.filter(|waker| !waker.will_wake(cx.waker())) {
        waker.wake();
    }
}

struct Produced<T, E, F> {
    hatch: Arc<Hatch<T>>,
    future: Option<Pin<Box<F>>>,
    failure: Option<E>,
}

// Nothing in it is pinned but what is boxed.
impl<T, E, F> Unpin for Produced<T, E, F> {}

impl<T, E, F: Future<Output = Result<(), E>>> Stream for Produced<T, E, F> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(future) = &mut this.future {
            if let Some(item) = this.hatch.take(cx) {
                return Poll::Ready(Some(Ok(item)));
            }
            this.hatch.lock().taker = Some(cx.waker().clone());
            match future.as_mut().poll(cx) {
                Poll::Ready(result) => {
                    this.failure = result.err();
                    this.future = None;
                }
                Poll::Pending => {
                    return match this.hatch.take(cx) {
                        Some(item) => Poll::Ready(Some(Ok(item))),
                        None => Poll::Pending,
                    };
                }
            }
        }
        // What was left on the way comes before the error.
        let last = this
            .hatch
            .take(cx)
            .map(Ok)
            .or_else(|| this.failure.take().map(Err));
        Poll::Ready(last)
    }
}

impl<T, E, F> Drop for Produced<T, E, F> {
    fn drop(&mut self) {
        let mut state = self.hatch.lock();
        state.is_closed = true;
        let item = state.item.take();
        drop(state);
        drop(item);
    }
}

struct Iter<I>(I);

impl<I> Unpin for Iter<I> {}

impl<I: Iterator> Stream for Iter<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}

pin_project_lite::pin_project! {
    struct Unfailing<S, E> {
        #[pin]
        stream: S,
        error: PhantomData<fn() -> E>,
    }
}

impl<S: Stream, E> Stream for Unfailing<S, E> {
    type Item = Result<S::Item, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().stream.poll_next(cx).map(|item| item.map(Ok))
    }
}

//! The one way out of a connection.
//!
//! Owns the queue of bytes that the system has not taken yet, and the count of those it has. Whoever puts a frame in
//! writes it at once when nobody else is writing; frames put in meanwhile leave together in the next write. A writer task
//! steps in only when the socket is full or when a burst of frames is expected.
//!
//! Every byte has an absolute offset, so a frame was sent exactly when the count has passed its end.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::queue::{Data, Queue, Segment, State, cut_front};
use crate::transport::{WriteHalf, hang_up};

/// The writing half of a connection, shared by everyone who sends.
#[derive(Debug)]
pub struct Writer {
    half: WriteHalf,
    queue: Mutex<Queue>,
    /// Work for the writer task.
    work: Notify,
    /// Bytes left, or will never leave: who waits for room or for its own frame looks again.
    progress: Notify,
    /// Nothing will leave any more.
    closed: Notify,
}

/// Where a frame stands in everything this connection ever sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The offset of its first byte.
    pub start: u64,
    /// The offset after its last byte.
    pub end: u64,
}

/// The connection takes nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closed")]
pub struct Closed;

impl Writer {
    /// A writer. [`run`](Self::run) must be polled by a task of its own.
    #[must_use]
    pub fn new(half: WriteHalf) -> Self {
        Self {
            half,
            queue: Mutex::default(),
            work: Notify::new(),
            progress: Notify::new(),
            closed: Notify::new(),
        }
    }

    /// Puts a frame in: `frame` holds the header and what of the payload is not in `big`. It leaves with the next
    /// [`flush`](Self::flush).
    ///
    /// # Errors
    /// The connection is closed; the frame was not and will not be sent.
    pub fn put(&self, frame: &[u8], big: Option<Bytes>) -> Result<Span, Closed> {
        let queue = &mut *self.lock();
        if queue.closing || queue.state == State::Closed {
            return Err(Closed);
        }
        Ok(queue.put(frame, big))
    }

    /// Says that `frames` more frames will probably be put in at once, so that all but the last need not be written alone.
    pub fn expect(&self, frames: usize) {
        if frames > 1 {
            self.lock().expected = u32::try_from(frames).unwrap_or(u32::MAX);
        }
    }

    /// Writes what waits, unless someone else is about to.
    pub fn flush(&self) {
        {
            let queue = &mut *self.lock();
            if queue.expected > 1 {
                // The last one of the burst writes for all. Should it not come, the writer task does.
                queue.expected -= 1;
                self.work.notify_one();
                return;
            }
            queue.expected = 0;
        }
        self.write();
    }

    /// Writes until nothing waits or the socket is full.
    fn write(&self) {
        loop {
            let mut batch = {
                let queue = &mut *self.lock();
                if queue.state != State::Idle || queue.segments.is_empty() {
                    return;
                }
                queue.state = State::Writing;
                std::mem::take(&mut queue.segments)
            };
            let (taken, result) = self.write_batch(&mut batch);
            let queue = &mut *self.lock();
            queue.accepted += taken;
            queue.state = match result {
                Ok(spare) => {
                    if spare.capacity() <= SPARE {
                        queue.spare = spare;
                    }
                    State::Idle
                }
                Err(error) => {
                    // What is left goes back in front of what came meanwhile.
                    batch.append(&mut queue.segments);
                    queue.segments = batch;
                    if error.kind() == io::ErrorKind::WouldBlock {
                        State::Full
                    } else {
                        State::Closed
                    }
                }
            };
            if queue.closing {
                queue.state = State::Closed;
            }
            self.progress.notify_waiters();
            match queue.state {
                State::Idle => {}
                State::Closed => {
                    self.work.notify_one();
                    self.closed.notify_waiters();
                    return;
                }
                _ => {
                    self.work.notify_one();
                    return;
                }
            }
        }
    }

    /// Writes from the front of `batch`. Returns how many bytes the system took, and an emptied buffer when all are gone.
    fn write_batch(&self, batch: &mut VecDeque<Segment>) -> (u64, io::Result<Vec<u8>>) {
        let (mut taken, mut offset, mut spare) = (0, 0, Vec::new());
        while let Some(front) = batch.front_mut() {
            if let Data::Gone(len) = front.data {
                taken += len as u64;
                batch.pop_front();
                continue;
            }
            let result = self.write_some(batch, offset);
            let mut wrote = match result {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                other => other,
            };
            if let Ok(wrote) = &mut wrote {
                taken += *wrote as u64;
                offset += std::mem::take(wrote);
                while let Some(front) = batch
                    .front_mut()
                    .filter(|front| offset > 0 && offset >= front.data.len())
                {
                    offset -= front.data.len();
                    if let Data::Small(bytes) = &mut front.data {
                        spare = std::mem::take(bytes);
                        spare.clear();
                    }
                    batch.pop_front();
                }
            }
            if let Err(error) = wrote {
                cut_front(batch, offset);
                return (taken, Err(error));
            }
        }
        (taken, Ok(spare))
    }

    fn write_some(&self, batch: &VecDeque<Segment>, offset: usize) -> io::Result<usize> {
        let first = batch
            .front()
            .map_or(&[][..], |front| &front.data.bytes()[offset..]);
        if batch.len() == 1 {
            return self.half.try_write(first);
        }
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for segment in batch {
            if count == MAX_SLICES || matches!(segment.data, Data::Gone(_)) {
                break;
            }
            slices[count] = IoSlice::new(if count == 0 {
                first
            } else {
                segment.data.bytes()
            });
            count += 1;
        }
        self.half.try_write_vectored(&slices[..count])
    }

    /// Takes a frame back, if the system has not taken any of it: the worker will see at most an abort of a request it
    /// never had. Returns whether that succeeded.
    pub fn take_back(&self, span: Span) -> bool {
        self.lock().take_back(span)
    }

    /// Whether the system has taken the whole frame.
    #[must_use]
    pub fn has_sent(&self, span: Span) -> bool {
        self.lock().accepted >= span.end
    }

    /// Bytes that wait.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        let queue = self.lock();
        queue.queued - queue.accepted
    }

    /// Whether nothing is taken any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().state == State::Closed
    }

    /// Resolves after bytes left or the connection was closed.
    pub fn progress(&self) -> tokio::sync::futures::Notified<'_> {
        self.progress.notified()
    }

    /// Takes nothing more and writes nothing more.
    pub fn close(&self) {
        let mut queue = self.lock();
        queue.closing = true;
        if queue.state != State::Writing {
            queue.state = State::Closed;
        }
        drop(queue);
        self.work.notify_one();
        self.progress.notify_waiters();
        self.closed.notify_waiters();
    }

    /// Resolves once nothing will leave any more: closed, or the other end is gone.
    pub async fn closed(&self) {
        let mut closed = std::pin::pin!(self.closed.notified());
        closed.as_mut().enable();
        if !self.is_closed() {
            closed.await;
        }
    }

    /// Closes, and waits until nobody is in the middle of a write, so that the count of sent bytes is final. Writes never
    /// block, so that this is a matter of microseconds.
    pub fn settle(&self) {
        self.close();
        while !self.is_closed() {
            std::thread::yield_now();
        }
    }

    /// Closes, and tells the other end that nothing more will come.
    pub fn hang_up(&self) {
        self.settle();
        hang_up(&self.half);
    }

    /// The writer task: writes when the socket has room again, and what a burst has left behind. Ends when closed.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.work.notified().await;
            // Let everyone who is ready put frames in first.
            tokio::task::yield_now().await;
            loop {
                let state = {
                    let queue = &mut *self.lock();
                    queue.expected = 0;
                    queue.state
                };
                match state {
                    State::Closed => return,
                    State::Full => {
                        if self.half.writable().await.is_err() {
                            self.close();
                            return;
                        }
                        let queue = &mut *self.lock();
                        if queue.state == State::Full {
                            queue.state = State::Idle;
                        }
                    }
                    State::Writing => break,
                    State::Idle => {
                        self.write();
                        if self.lock().state == State::Idle {
                            break;
                        }
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Segments in one system call.
const MAX_SLICES: usize = 16;
/// An emptied buffer larger than this is not kept.
const SPARE: usize = 256 << 10;

//! The way out of a worker: whoever has frames writes them at once if nobody else is writing.
//!
//! Replies of one batch of requests leave in one write, straight from the buffer they were encoded into. What the socket
//! does not take is left to the writer task. Beyond a bound of bytes, whoever can wait is asked to.
//! Knows nothing of requests.

use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use tokio::sync::Notify;

use super::outgoing::Outgoing;
use crate::ids::STARTED;
use crate::transport::WriteHalf;
use crate::wire::Flags;

/// The writing half of a worker's connection.
#[derive(Debug)]
pub(super) struct Writer {
    half: WriteHalf,
    queue: Mutex<Queue>,
    /// Bytes that have ever left.
    left: AtomicU64,
    /// More than the bound waits.
    is_congested: AtomicBool,
    /// Work for the writer task.
    work: Notify,
    /// There is room again, for one who waits.
    room: Notify,
    /// Everything has left, or nothing will any more.
    empty: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Outgoing,
    state: State,
    /// Bytes that were ever put in line.
    entered: u64,
    /// A buffer for the frames that say that a handler starts.
    word: Outgoing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    /// Someone is writing, and looks again before he leaves.
    Writing,
    /// The socket is full; the writer task waits for it.
    Full,
    Closed,
}

impl Writer {
    /// A writer. [`run`](Self::run) must be polled by a task of its own.
    pub(super) fn new(half: WriteHalf) -> Self {
        Self {
            half,
            queue: Mutex::default(),
            left: AtomicU64::new(0),
            is_congested: AtomicBool::new(false),
            work: Notify::new(),
            room: Notify::new(),
            empty: Notify::new(),
        }
    }

    /// Sends `out` and what waits before it, as far as the socket takes it now. `out` is empty afterwards.
    pub(super) fn send(&self, out: &mut Outgoing) {
        {
            let queue = &mut *self.lock();
            if queue.state != State::Closed {
                queue.entered += out.len() as u64;
            }
            match queue.state {
                State::Closed => return out.clear(),
                State::Idle if out.is_empty() && queue.waiting.is_empty() => return,
                State::Idle if queue.waiting.is_empty() => queue.state = State::Writing,
                State::Idle => {
                    // What waits goes first.
                    queue.waiting.append(out);
                    std::mem::swap(&mut queue.waiting, out);
                    queue.state = State::Writing;
                }
                State::Writing | State::Full => return self.push(queue, out),
            }
        }
        self.write(out);
    }

    /// Leaves `out` to be sent by the writer task, together with what others leave until it gets its turn.
    pub(super) fn leave(&self, out: &mut Outgoing) {
        if !out.is_empty() {
            self.put(out);
            self.work.notify_one();
        }
    }

    /// Puts `out` in line. Someone must [`send`](Self::send) after this.
    pub(super) fn put(&self, out: &mut Outgoing) {
        let queue = &mut *self.lock();
        match queue.state {
            State::Closed => out.clear(),
            _ => {
                queue.entered += out.len() as u64;
                self.push(queue, out);
            }
        }
    }

    /// Tells the parent that the handler of a request starts, behind everything that was put in line before. Returns whether
    /// that has left this process; if not, it never will, and the handler must not run.
    ///
    /// It blocks while the socket is full; who asks [`is_full`](Self::is_full) before finds that it hardly ever is.
    pub(super) fn herald(&self, request: u32) -> bool {
        let mut word = std::mem::take(&mut self.lock().word);
        word.open();
        let _ = word.finish((STARTED, Flags::TO_PARENT, request), None, 0); // it has no payload
        self.send(&mut word);
        let end = {
            let queue = &mut *self.lock();
            queue.word = word;
            if queue.state == State::Closed {
                return false; // what was put in line since was not counted
            }
            queue.entered
        };
        while self.left.load(Ordering::Acquire) < end {
            let state = self.lock().state;
            match state {
                State::Closed => return false,
                State::Writing => std::thread::yield_now(), // another thread is at it, and does not wait
                State::Idle => self.send(&mut Outgoing::default()),
                State::Full => self.push_on(),
            }
        }
        true
    }

    /// Waits for the socket to take bytes, here and now: this may be the thread that would tell the runtime of it.
    fn push_on(&self) {
        let mut watched = [PollFd::new(self.half.as_ref(), PollFlags::OUT)];
        if rustix::event::poll(&mut watched, Some(&MOMENT)).is_ok_and(|ready| ready == 0) {
            return;
        }
        let queue = &mut *self.lock();
        if queue.state != State::Full {
            return;
        }
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let count = queue.waiting.slices(&mut slices);
        match rustix::io::writev(self.half.as_ref().as_fd(), &slices[..count]) {
            Ok(wrote) => {
                queue.waiting.consume(wrote);
                self.left.fetch_add(wrote as u64, Ordering::AcqRel);
                if queue.waiting.is_empty() {
                    queue.state = State::Idle;
                    self.empty.notify_waiters();
                }
                self.measure(queue);
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => {
                tracing::debug!(%error, "the parent takes no more bytes");
                self.end(queue);
            }
        }
    }

    /// Whether the socket takes nothing now.
    pub(super) fn is_full(&self) -> bool {
        self.lock().state == State::Full
    }

    fn push(&self, queue: &mut Queue, out: &mut Outgoing) {
        queue.waiting.append(out);
        self.measure(queue);
    }

    /// Writes until nothing waits or the socket is full. The state is `Writing`, which makes this the only one.
    fn write(&self, out: &mut Outgoing) {
        loop {
            let result = self.write_out(out);
            let queue = &mut *self.lock();
            match result {
                Ok(()) if queue.state == State::Closed => return out.clear(),
                Ok(()) if queue.waiting.is_empty() => {
                    queue.state = State::Idle;
                    self.measure(queue);
                    return self.empty.notify_waiters();
                }
                Ok(()) => {
                    // Swapped, so that the emptied buffer is filled next.
                    std::mem::swap(&mut queue.waiting, out);
                    self.measure(queue);
                }
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock
                        && queue.state != State::Closed =>
                {
                    out.append(&mut queue.waiting);
                    std::mem::swap(&mut queue.waiting, out);
                    queue.state = State::Full;
                    self.measure(queue);
                    return self.work.notify_one();
                }
                Err(error) => {
                    tracing::debug!(%error, "the parent takes no more bytes");
                    out.clear();
                    return self.end(queue);
                }
            }
        }
    }

    fn write_out(&self, out: &mut Outgoing) -> io::Result<()> {
        while !out.is_empty() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let result = match out.slices(&mut slices) {
                1 => self.half.try_write(&slices[0]),
                count => self.half.try_write_vectored(&slices[..count]),
            };
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(wrote) => {
                    out.consume(wrote);
                    self.left.fetch_add(wrote as u64, Ordering::AcqRel);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether so much waits that it is better to wait than to add.
    pub(super) fn is_congested(&self) -> bool {
        self.is_congested.load(Ordering::Acquire)
    }

    /// Resolves when there is room. Whoever has waited tells the next one with [`pass_on`](Self::pass_on).
    pub(super) async fn room(&self) {
        while self.is_congested() {
            let notified = self.room.notified();
            if self.is_congested() {
                notified.await;
            }
        }
    }

    /// Lets the next one who waits look whether there is room.
    pub(super) fn pass_on(&self) {
        if !self.is_congested() {
            self.room.notify_one();
        }
    }

    /// Resolves when everything has left, or nothing will any more.
    pub(super) async fn emptied(&self) {
        loop {
            let notified = self.empty.notified();
            {
                let queue = self.lock();
                let is_done = queue.state == State::Idle && queue.waiting.is_empty();
                if is_done || queue.state == State::Closed {
                    return;
                }
            }
            self.work.notify_one();
            notified.await;
        }
    }

    /// Whether nothing leaves any more.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().state == State::Closed
    }

    /// Whether the parent has sent something that was not read yet, or has hung up.
    pub(super) fn has_input(&self) -> bool {
        let mut watched = [PollFd::new(self.half.as_ref(), PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        rustix::event::poll(&mut watched, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    /// Takes nothing more, and ends the connection both ways.
    pub(super) fn close(&self) {
        self.end(&mut self.lock());
        // It may be gone already.
        let _ = rustix::net::shutdown(self.half.as_ref().as_fd(), rustix::net::Shutdown::Both);
    }

    fn end(&self, queue: &mut Queue) {
        queue.state = State::Closed;
        queue.waiting.clear();
        self.measure(queue);
        self.room.notify_waiters();
        self.empty.notify_waiters();
        self.work.notify_one();
    }

    /// The writer task. Ends when the connection does.
    pub(super) async fn run(self: Arc<Self>) {
        let mut out = Outgoing::default();
        loop {
            self.work.notified().await;
            // Let everyone who is ready put frames in first.
            tokio::task::yield_now().await;
            loop {
                let state = self.lock().state;
                match state {
                    State::Closed => return,
                    State::Writing => break,
                    State::Idle => self.send(&mut out),
                    State::Full => {
                        if self.half.writable().await.is_err() {
                            return self.end(&mut self.lock());
                        }
                        let queue = &mut *self.lock();
                        if queue.state == State::Full {
                            queue.state = State::Idle;
                        }
                        continue;
                    }
                }
                if self.lock().state != State::Full {
                    break;
                }
            }
        }
    }

    fn measure(&self, queue: &Queue) {
        let before = self.is_congested.load(Ordering::Relaxed);
        let bound = if before { LOW } else { HIGH };
        let now = queue.waiting.len() > bound && queue.state != State::Closed;
        if before != now {
            self.is_congested.store(now, Ordering::Release);
            if !now {
                self.room.notify_one();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Slices in one system call.
const MAX_SLICES: usize = 16;
/// How long a thread that waits for the socket does not look at anything else.
const MOMENT: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};
/// With more bytes than this in line, whoever can wait does …
const HIGH: usize = 1 << 20;
/// … until no more than these are left.
const LOW: usize = HIGH / 2;

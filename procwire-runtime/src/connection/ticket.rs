//! A request under way, as the caller holds it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::down::Down;
use super::entry::{Progress, Reply};
use super::handle::Connection;
use super::outcome::Outcome;

/// A request under way. Dropping it gives the request up.
#[derive(Debug)]
pub struct Ticket {
    pub(super) connection: Arc<Connection>,
    pub(super) id: u32,
    /// Whether giving up tells the worker.
    pub(super) cancellable: bool,
    pub(super) settled: bool,
    /// When it ended, the worker had not said that it began, though it says so before it does.
    pub(super) unstarted: bool,
}

impl Ticket {
    /// The connection it runs on.
    #[must_use]
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The answer of a call.
    pub fn poll_reply(&mut self, context: &mut Context<'_>) -> Poll<Reply> {
        let now = || self.connection.now();
        let (polled, unstarted) = {
            let mut pending = self.connection.pending();
            let unstarted = pending.is_unstarted(self.id);
            (pending.poll_reply(self.id, now, context), unstarted)
        };
        let Poll::Ready(reply) = polled else {
            return Poll::Pending;
        };
        self.unstarted = unstarted;
        let reply = reply.unwrap_or_else(|| {
            Reply::Lost(
                Arc::new(Down::new("the request is unknown")),
                Outcome::MaybeExecuted,
            )
        });
        self.ended(matches!(reply, Reply::TimedOut(Outcome::MaybeExecuted)));
        Poll::Ready(reply)
    }

    /// The next items of a stream, or its end.
    pub fn poll_items(
        &mut self,
        queue: &mut VecDeque<Bytes>,
        context: &mut Context<'_>,
    ) -> Poll<Progress> {
        let now = || self.connection.now();
        let (polled, grant) = {
            let mut pending = self.connection.pending();
            let polled = pending.poll_items(self.id, queue, now, context);
            (polled, pending.grant(self.id))
        };
        if let Some(bytes) = grant {
            self.connection.grant(self.id, bytes);
        }
        let Poll::Ready(progress) = polled else {
            return Poll::Pending;
        };
        let progress = progress.unwrap_or(Progress::End);
        match &progress {
            Progress::Items => {}
            Progress::End => self.ended(false),
            Progress::Failed(reply) => {
                self.ended(matches!(reply, Reply::TimedOut(Outcome::MaybeExecuted)))
            }
        }
        Poll::Ready(progress)
    }

    /// Gives the request up while its end is still waited for: the worker is told, if the method allows that. `NotSent` when the
    /// request could be taken back; then there is nothing to wait for.
    pub fn cancel(&mut self) -> Option<Outcome> {
        if self.connection.withdraw(self.id) {
            self.settled = true;
            self.connection.make_room();
            return Some(Outcome::NotSent);
        }
        if self.cancellable {
            self.connection.abort(self.id);
        }
        None
    }

    /// Whether the worker, by ending the request without having said that it began, has proved that it never did.
    #[must_use]
    pub const fn is_unstarted(&self) -> bool {
        self.unstarted
    }

    /// The caller has its answer; `running` says that the worker may still be at it.
    fn ended(&mut self, running: bool) {
        self.settled = true;
        if running && self.cancellable {
            self.connection.abort(self.id);
        }
        self.connection.make_room();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.settled {
            self.connection.give_up(self.id, self.cancellable);
        }
    }
}

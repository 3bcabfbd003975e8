//! What of a call goes over the wire, and until when. It can be handed to whoever sends it, and knows no futures.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::connection::{Connection, Expects, Outgoing, SendRefused, Span, Ticket};
use crate::contract::Timeout;

/// An encoded request. It may be sent more than once.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    /// The header, left open, and what of the payload is not in `big`.
    pub(super) frame: Vec<u8>,
    pub(super) big: Option<Bytes>,
    /// What the worker is told beforehand.
    pub(super) context: Option<Box<[u8]>>,
    pub(super) method: usize,
    pub(super) way: Way,
    pub(super) cancellable: bool,
    pub(super) limits: TimeLimits,
    pub(super) started: Option<Instant>,
    pub(super) deadline: Option<Instant>,
    /// The worker it was last bound to.
    pub(super) pid: Option<u32>,
    pub(super) incarnation: u64,
}

/// How a request is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
    #[default]
    Oneway,
    Answered(Expects),
}

/// The time a call is given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// As schema, worker and module say.
    Default,
    /// As the caller says.
    Given(Option<Duration>),
}

/// Everyone who has a say in how long a call may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeLimits {
    /// The call itself.
    pub(super) call: Limit,
    /// The method, as the parent or else the schema says.
    pub(super) method: Timeout,
    /// The module.
    pub(super) module: Option<Duration>,
}

/// A request that was sent.
#[derive(Debug)]
pub(super) enum Handed {
    Ticket(Ticket),
    Oneway(Arc<Connection>, Span),
}

impl TimeLimits {
    /// The limit as long as no worker is known.
    pub(super) const fn alone(&self) -> Option<Duration> {
        match (self.call, self.method) {
            (Limit::Given(limit), _) => limit,
            (_, Timeout::After(limit)) => Some(limit),
            (_, Timeout::Never) => None,
            (_, Timeout::Default) => self.module,
        }
    }

    /// Whether a worker's own limit can count.
    const fn asks_the_worker(&self) -> bool {
        matches!((self.call, self.method), (Limit::Default, Timeout::Default))
    }

    /// The limit on this connection: the worker may have announced one, which counts less than the parent's and the schema's.
    pub(super) fn on(&self, connection: &Connection, method: usize) -> Option<Duration> {
        let announced = connection
            .link()
            .methods
            .get(method)
            .and_then(|binding| binding.timeout);
        match announced {
            Some(limit) if self.asks_the_worker() => limit,
            _ => self.alone(),
        }
    }
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            call: Limit::Given(None),
            method: Timeout::Never,
            module: None,
        }
    }
}

impl Parcel {
    /// Bytes it keeps.
    pub(super) fn size(&self) -> usize {
        self.frame.len() + self.big.as_ref().map_or(0, Bytes::len)
    }

    /// Whether its time is over. Huge limits have no deadline at all.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Sends it. It is bound to this worker from here on, also when there is no room.
    pub(super) fn send(&mut self, connection: &Arc<Connection>) -> Result<Handed, SendRefused> {
        let link = connection.link();
        (self.pid, self.incarnation) = (link.pid, link.incarnation);
        let limit = self.limits.on(connection, self.method);
        if self.limits.asks_the_worker() {
            self.deadline = self
                .started
                .zip(limit)
                .and_then(|(started, limit)| started.checked_add(limit));
        }
        let outgoing = Outgoing {
            frame: &mut self.frame,
            big: self.big.as_ref(),
            method: self.method,
            context: self.context.as_deref(),
        };
        match self.way {
            Way::Oneway => connection
                .send_oneway(outgoing)
                .map(|span| Handed::Oneway(connection.clone(), span)),
            Way::Answered(expects) => {
                let silence = limit.filter(|_| expects == Expects::Stream);
                connection
                    .send(outgoing, expects, self.cancellable, self.deadline, silence)
                    .map(Handed::Ticket)
            }
        }
    }
}

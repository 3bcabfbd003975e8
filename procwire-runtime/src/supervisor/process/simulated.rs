//! What a simulation puts in the place of a process: nothing above `start` can tell the difference.

use std::fmt;
use std::io;

use tokio::io::DuplexStream;

use super::child::Child;
use super::stdout::Offer;
use crate::connection::Exit;
use crate::transport::Duplex;

/// A process as its parent can touch it. Dropping it kills and reaps it.
pub(crate) trait Body: fmt::Debug + Send + Sync {
    /// SIGKILL to the group.
    fn kill(&self);

    /// SIGTERM to the group.
    fn terminate(&self);

    /// How it ended, when it has.
    fn reap(&self) -> Option<Exit>;
}

/// Where simulated processes come from.
pub(crate) trait Nursery: fmt::Debug + Send + Sync {
    /// Starts one.
    fn start(&self, offer: &Offer) -> io::Result<Started>;
}

/// A simulated process, with the parent's ends of everything that it was born with.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) child: Child,
    pub(crate) stdin: DuplexStream,
    pub(crate) stdout: DuplexStream,
    pub(crate) stderr: DuplexStream,
    pub(crate) channel: Duplex,
}

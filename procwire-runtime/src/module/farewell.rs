//! How a worker ended that was asked to.

use std::fmt;
use std::sync::Arc;

use crate::connection::Exit;

/// What a shutdown came to. Everyone who asked for the same one is told the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The process id of the worker; none when there was no process.
    pub pid: Option<u32>,
    /// How the process ended; none when there was none, or it has not.
    pub exit: Option<Exit>,
    /// What it took.
    pub means: Means,
    /// Calls and streams that were under way when their time was over, and were given up.
    pub given_up: usize,
    /// The end of what the worker wrote to stderr.
    pub stderr_tail: Arc<str>,
}

/// What it took to end a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Means {
    /// Nothing: there was none.
    Nothing,
    /// It was asked, and ended by itself.
    Asked,
    /// SIGTERM.
    Terminated,
    /// SIGKILL.
    Killed,
    /// It is still there: even SIGKILL did not end it in time. Its end is waited for in the background.
    StillAlive,
}

/// A process that not even SIGKILL has ended in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker {pid} does not die: it is probably stuck in the kernel")]
pub struct StillAlive {
    /// Its process id.
    pub pid: u32,
}

impl Farewell {
    /// Of a module without a worker.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            pid: None,
            exit: None,
            means: Means::Nothing,
            given_up: 0,
            stderr_tail: Arc::from(""),
        }
    }

    /// Whether the worker is gone and was content to go: it ended by itself with code 0, or there was none.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        match self.means {
            Means::Nothing => true,
            Means::Asked => matches!(self.exit, None | Some(Exit::Code(0))),
            _ => false,
        }
    }

    /// Itself, unless the process is still there.
    ///
    /// # Errors
    /// The process outlived SIGKILL.
    pub fn check(self) -> Result<Self, StillAlive> {
        match (self.means, self.pid) {
            (Means::StillAlive, Some(pid)) => Err(StillAlive { pid }),
            _ => Ok(self),
        }
    }
}

impl fmt::Display for Farewell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.pid, self.exit) {
            (Some(pid), Some(exit)) => write!(f, "worker {pid} {exit}"),
            (Some(pid), None) => write!(f, "worker {pid} is still there"),
            _ => f.write_str("there was no process"),
        }
    }
}

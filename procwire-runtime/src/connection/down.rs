//! Why a connection ended, as whoever owns the worker found out and everyone below must hear.

use std::fmt;
use std::sync::Arc;

use super::outcome::Exit;
use super::violation::Violation;

/// The end of a connection.
#[derive(Clone, Debug)]
pub struct Down {
    /// What was noticed: the socket closed, a heartbeat was missed, a frame was malformed, …
    pub reason: Arc<str>,
    /// How the process ended; none where there is no process.
    pub exit: Option<Exit>,
    /// The end of what the worker wrote to stderr.
    pub stderr_tail: Arc<str>,
    /// Asked for, by shutting the module down.
    pub wanted: bool,
    /// Everything the worker ever sent was read, and nobody is left who could send more. Filled in by the connection.
    pub drained: bool,
    /// The breach that ended the connection. Filled in by the connection.
    pub violation: Option<Violation>,
}

impl Down {
    /// An end without a process.
    #[must_use]
    pub fn new(reason: impl Into<Arc<str>>) -> Self {
        Self {
            reason: reason.into(),
            exit: None,
            stderr_tail: Arc::from(""),
            wanted: false,
            drained: false,
            violation: None,
        }
    }
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if let Some(exit) = self.exit {
            write!(f, "; the worker {exit}")?;
        }
        Ok(())
    }
}

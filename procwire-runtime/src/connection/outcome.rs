//! What a caller knows about a call that failed, and how its worker ended. Values only.

use std::fmt;

/// How far a call that failed had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The last byte of the request never left this process: it was not executed.
    NotSent,
    /// The worker had it and did not enter the handler: it was not executed.
    NotStarted,
    /// The request left and no answer came: it may or may not have been executed.
    MaybeExecuted,
    /// The handler ran.
    Executed,
}

impl Outcome {
    /// Whether sending the same call again cannot execute it twice.
    #[must_use]
    pub const fn is_safe_to_retry(self) -> bool {
        matches!(self, Self::NotSent | Self::NotStarted)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSent => "not sent",
            Self::NotStarted => "not started",
            Self::MaybeExecuted => "it may have been executed",
            Self::Executed => "executed",
        })
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It ended, or was not waited for; nobody knows how.
    Unknown,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What a launcher (`npx`, `uv run`, a shell) says when the program it started was killed.
            Self::Code(code) => match signal_name(code - 128) {
                Some(name) => write!(
                    f,
                    "exited with code {code} (its own child was killed by {name})"
                ),
                None => write!(f, "exited with code {code}"),
            },
            Self::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "was killed by {name}"),
                None => write!(f, "was killed by signal {signal}"),
            },
            Self::Unknown => f.write_str("ended in an unknown way"),
        }
    }
}

/// The usual names, which have the same numbers on every Unix.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return None,
    })
}

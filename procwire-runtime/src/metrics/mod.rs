//! What is counted and measured, through the facade crate `metrics`, when this crate is built with its feature `metrics`.
//!
//! Without the feature all of this is empty and gone from the machine code. With it, every meter is looked up once, when its
//! module is made: install a recorder before. Without a recorder they count into nothing, for some instructions per call.

#[cfg(not(feature = "metrics"))]
mod off;
#[cfg(feature = "metrics")]
mod on;

#[cfg(not(feature = "metrics"))]
pub(crate) use off::{CallMeters, Stopwatch, WorkerMeters};
#[cfg(feature = "metrics")]
pub(crate) use on::{CallMeters, Stopwatch, WorkerMeters};

/// How a call ended, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a value; for a stream, the worker took it.
    Ok,
    /// With an error that the handler raised, or an answer that does not fit.
    Executed,
    /// With an error; not sent.
    NotSent,
    /// With an error; not started.
    NotStarted,
    /// With an error; nobody knows.
    MaybeExecuted,
    /// Dropped by the caller.
    Dropped,
}

impl Ending {
    /// The label, and the field `outcome` of a call's span.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Executed => "executed",
            Self::NotSent => "not_sent",
            Self::NotStarted => "not_started",
            Self::MaybeExecuted => "maybe_executed",
            Self::Dropped => "dropped",
        }
    }
}

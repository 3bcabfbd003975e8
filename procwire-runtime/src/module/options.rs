//! What holds for every call of a module. Values only; the parent's program sets them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ids::DEFAULT_MAX_PAYLOAD;

/// What holds for every call of a module.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a call may take when neither it nor its schema says. None for no limit.
    pub timeout: Option<Duration>,
    /// How long calls of single methods may take, by name: counts more than what schema and worker say.
    pub method_timeouts: Vec<(String, Option<Duration>)>,
    /// Most bytes of one payload.
    pub max_payload: u32,
    /// What becomes of a call while there is no worker.
    pub when_unavailable: WhenUnavailable,
    /// Where calls get their trace context from.
    pub trace: Option<TraceHook>,
}

/// What becomes of a call that is made while no worker serves, because it is being restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenUnavailable {
    /// It waits for the next worker, no longer than its deadline, as one of at most so many.
    Queue {
        /// Most calls that wait.
        calls: usize,
        /// Most bytes of their arguments.
        bytes: usize,
    },
    /// It is refused at once, and nothing is sent again when a worker dies.
    FailFast,
}

/// Says what trace a call belongs to, as a W3C `traceparent`. Asked once for each call, when it is first polled.
#[derive(Clone)]
pub struct TraceHook(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl TraceHook {
    /// A hook that calls `ask`.
    pub fn new(ask: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// The `traceparent` of a call that is made now. A hook that panics has none: that is no reason for a call to fail.
    pub(super) fn ask(&self) -> Option<String> {
        let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.0)()));
        asked.unwrap_or_else(|_| {
            tracing::warn!("the trace hook panicked; the call goes without a trace context");
            None
        })
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Some(Duration::from_secs(30)),
            method_timeouts: Vec::new(),
            max_payload: DEFAULT_MAX_PAYLOAD,
            when_unavailable: WhenUnavailable::default(),
            trace: None,
        }
    }
}

impl Default for WhenUnavailable {
    /// 1 024 calls wait, and 16 MiB of their arguments.
    fn default() -> Self {
        Self::Queue {
            calls: 1024,
            bytes: 16 << 20,
        }
    }
}

impl fmt::Debug for TraceHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TraceHook")
    }
}

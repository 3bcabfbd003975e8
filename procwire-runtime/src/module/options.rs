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

    /// What the worker is told about a call that is made now. A hook that panics says nothing: that is no reason for a call to
    /// fail.
    pub(super) fn context(&self) -> Option<Box<[u8]>> {
        let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.0)()));
        let parent = asked.unwrap_or_else(|_| {
            tracing::warn!("the trace hook panicked; the call goes without a trace context");
            None
        })?;
        let mut context = Vec::with_capacity(parent.len() + 16);
        let written = rmp::encode::write_map_len(&mut context, 1)
            .and_then(|_| rmp::encode::write_str(&mut context, "traceparent"))
            .and_then(|()| rmp::encode::write_str(&mut context, &parent));
        written.ok().map(|()| context.into_boxed_slice())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_a_map_with_the_traceparent_and_a_panic_is_none() {
        let hook = TraceHook::new(|| Some("00-ab-cd-01".to_owned()));
        assert_eq!(
            hook.context().as_deref(),
            Some(&b"\x81\xabtraceparent\xab00-ab-cd-01"[..])
        );
        assert_eq!(TraceHook::new(|| None).context(), None);
        assert_eq!(TraceHook::new(|| panic!("on purpose")).context(), None);
    }
}

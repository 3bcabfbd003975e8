//! What a builder says about calls: how long they may take, what becomes of them without a worker, whose trace they belong to.

use std::time::Duration;

use super::builder::Builder;
use crate::module::{Client, TraceHook, WhenUnavailable};

impl<C: Client> Builder<C> {
    /// How long calls of one method may take, by its name in the schema; none for no limit. Counts more than what the schema, the
    /// module and the worker say, and less than what a single call says.
    #[must_use]
    pub fn method_timeout(
        mut self,
        method: impl Into<String>,
        limit: impl Into<Option<Duration>>,
    ) -> Self {
        let entry = (method.into(), limit.into());
        self.calls.method_timeouts.push(entry);
        self
    }

    /// What becomes of calls while no worker serves, because it is being restarted. By default up to 1 024 calls with 16 MiB of
    /// arguments wait for the next one, no longer than their deadline.
    #[must_use]
    pub fn when_unavailable(mut self, policy: WhenUnavailable) -> Self {
        self.calls.when_unavailable = policy;
        self
    }

    /// Where calls get their trace context from, as a W3C `traceparent`: asked once for each call, when it is first polled. The
    /// worker's handlers see it.
    #[must_use]
    pub fn trace(mut self, ask: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        self.calls.trace = Some(TraceHook::new(ask));
        self
    }
}

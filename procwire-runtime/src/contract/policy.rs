//! How a worker is to be run: numbers that a schema may suggest and the parent may override.
//!
//! Owns the values only. What acts on them is the supervisor's; none of it is part of the contract on the wire.

use std::time::Duration;

/// When a worker that died is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// At most this many restarts …
    pub max: u32,
    /// … in any window this long.
    pub within: Duration,
    /// The first and the greatest delay before a restart. The delay doubles in between and varies by a fifth.
    pub backoff: (Duration, Duration),
    /// Whether a worker that was well for a while is first restarted at once.
    pub eager: bool,
}

impl Restart {
    /// Never: the first death of the worker is final.
    #[must_use]
    pub const fn never() -> Self {
        Self {
            max: 0,
            ..Self::new(0, Duration::from_secs(60))
        }
    }

    /// At most `max` restarts in any window of `within`; the first at once, then after 50 ms doubling up to 10 s.
    #[must_use]
    pub const fn new(max: u32, within: Duration) -> Self {
        Self {
            max,
            within,
            backoff: (Duration::from_millis(50), Duration::from_secs(10)),
            eager: true,
        }
    }

    /// Waits `first` before the first restart, then twice as long each time up to `greatest`.
    #[must_use]
    pub const fn backoff(self, first: Duration, greatest: Duration) -> Self {
        Self {
            backoff: (first, greatest),
            eager: false,
            ..self
        }
    }
}

impl Default for Restart {
    /// Five in a minute.
    fn default() -> Self {
        Self::new(5, Duration::from_secs(60))
    }
}

/// Whether and how often a worker is asked for a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Time between two questions.
    pub every: Duration,
    /// Silence after a question that ends the worker.
    pub miss: Duration,
}

impl Heartbeat {
    /// Asks every `every` and replaces the worker when a question stays unanswered for `miss`.
    #[must_use]
    pub const fn new(every: Duration, miss: Duration) -> Self {
        Self { every, miss }
    }
}

/// What a schema's `[spawn]` section says. Everything can be overridden on the builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpawnDefaults {
    /// Program and arguments.
    pub command: &'static [&'static str],
    /// How long the worker may take to get ready.
    pub ready: Option<Duration>,
    /// When it is started again.
    pub restart: Option<Restart>,
    /// Whether and how often it is asked for a sign of life.
    pub heartbeat: Option<Heartbeat>,
    /// Most calls in flight at once.
    pub in_flight: Option<u32>,
    /// Most bytes of one payload.
    pub payload: Option<u64>,
}

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

/// How often a start that failed in a way that may pass is tried again, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// At most this many further attempts.
    pub times: u32,
    /// The delay before the first of them …
    pub first: Duration,
    /// … which doubles each time up to this one.
    pub greatest: Duration,
}

impl Retry {
    /// Never: the first failure is final.
    #[must_use]
    pub const fn never() -> Self {
        Self::fixed(0, Duration::ZERO)
    }

    /// The same delay before every attempt.
    #[must_use]
    pub const fn fixed(times: u32, delay: Duration) -> Self {
        Self::exponential(times, delay, delay)
    }

    /// `first` before the first further attempt, then twice as long each time up to `greatest`.
    #[must_use]
    pub const fn exponential(times: u32, first: Duration, greatest: Duration) -> Self {
        Self {
            times,
            first,
            greatest,
        }
    }

    /// The delay before further attempt `n`, from 1.
    #[must_use]
    pub fn delay(&self, n: u32) -> Duration {
        let doublings = n.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.greatest)
    }
}

impl Default for Retry {
    /// Three times, after 100, 200 and 400 ms. What passes by itself (no descriptors, no memory, a worker killed while it
    /// started) passes in such times or not soon; who waits for the module should hear it within a second, not eight.
    fn default() -> Self {
        Self::exponential(3, Duration::from_millis(100), Duration::from_secs(2))
    }
}

/// When a worker that leaves calls without an answer is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// So many calls …
    pub max: usize,
    /// … that were given up this long ago, and for which the worker still owes its last word.
    pub grace: Duration,
}

impl Stuck {
    /// Replaces the worker once it has owed `max` calls their last word for `grace`. A `max` of 0 counts as 1.
    #[must_use]
    pub const fn new(max: usize, grace: Duration) -> Self {
        Self {
            max: if max == 0 { 1 } else { max },
            grace,
        }
    }

    /// Never replaces a worker for that.
    #[must_use]
    pub const fn never() -> Self {
        Self::new(usize::MAX, Duration::MAX)
    }
}

impl Default for Stuck {
    /// Four calls, five seconds. One runaway handler must not cost its neighbours their worker; and four is still less than
    /// the threads of the smallest pool that workers run blocking handlers on, so that a pool full of runaways is noticed. A
    /// worker that does one thing at a time gets there by itself, since every call behind the runaway is given up as well.
    fn default() -> Self {
        Self::new(4, Duration::from_secs(5))
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

    /// Asks every `every` and replaces the worker when it misses `times` in a row.
    #[must_use]
    pub const fn misses(every: Duration, times: u32) -> Self {
        Self::new(every, every.saturating_mul(times))
    }
}

impl Default for Heartbeat {
    /// Every 2 s, three misses.
    fn default() -> Self {
        Self::misses(Duration::from_secs(2), 3)
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

//! The meters, by name.

use std::fmt;
use std::time::{Duration, Instant};

use ::metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::Ending;
use crate::contract::Contract;

/// Of the calls of one module.
pub(crate) struct CallMeters {
    methods: Box<[MethodMeters]>,
    in_flight: Gauge,
}

struct MethodMeters {
    ended: [Counter; ENDINGS.len()],
    resent: Counter,
    seconds: Histogram,
}

impl CallMeters {
    pub(crate) fn new(contract: &'static Contract) -> Self {
        let module = contract.name;
        let methods = contract.methods.iter().map(|method| {
            let method = method.name;
            MethodMeters {
                ended: ENDINGS.map(|ending| {
                    counter!("procwire_calls_total", "module" => module, "method" => method, "outcome" => ending.as_str())
                }),
                resent: counter!("procwire_call_retries_total", "module" => module, "method" => method),
                seconds: histogram!("procwire_call_seconds", "module" => module, "method" => method),
            }
        });
        Self {
            methods: methods.collect(),
            in_flight: gauge!("procwire_calls_in_flight", "module" => module),
        }
    }

    pub(crate) fn begun(&self) -> Stopwatch {
        self.in_flight.increment(1.0);
        Stopwatch(Instant::now())
    }

    pub(crate) fn ended(&self, method: usize, ending: Ending, resent: usize, since: Stopwatch) {
        self.in_flight.decrement(1.0);
        if let Some(meters) = self.methods.get(method) {
            meters.ended[ending as usize].increment(1);
            meters.resent.increment(resent as u64);
            meters.seconds.record(since.0.elapsed());
        }
    }
}

impl fmt::Debug for CallMeters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallMeters")
    }
}

/// Since when a call is under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

/// Of the workers of one module.
pub(crate) struct WorkerMeters {
    seconds: Histogram,
    deaths: Counter,
    restarts: Counter,
    violations: Counter,
    noise: Counter,
    queue: Gauge,
}

impl WorkerMeters {
    pub(crate) fn new(module: &'static str) -> Self {
        Self {
            seconds: histogram!("procwire_spawn_seconds", "module" => module),
            deaths: counter!("procwire_worker_deaths_total", "module" => module),
            restarts: counter!("procwire_worker_restarts_total", "module" => module),
            violations: counter!("procwire_protocol_violations_total", "module" => module),
            noise: counter!("procwire_noise_lines_total", "module" => module),
            queue: gauge!("procwire_queue_bytes", "module" => module),
        }
    }

    /// A worker serves, so long after its start was begun.
    pub(crate) fn spawned(&self, after: Duration) {
        self.seconds.record(after);
    }

    /// A worker that served is gone, and that was not asked for.
    pub(crate) fn died(&self) {
        self.deaths.increment(1);
    }

    /// A new one is going to be started.
    pub(crate) fn restarted(&self) {
        self.restarts.increment(1);
    }

    /// A worker broke the protocol.
    pub(crate) fn violated(&self) {
        self.violations.increment(1);
    }

    /// So many lines of a worker that has ended were no messages.
    pub(crate) fn noise(&self, lines: u64) {
        self.noise.increment(lines);
    }

    /// So many bytes wait to be written.
    pub(crate) fn queued(&self, bytes: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        self.queue.set(bytes as f64);
    }
}

impl fmt::Debug for WorkerMeters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkerMeters")
    }
}

/// In the order of their declaration, by which they are found.
const ENDINGS: [Ending; 6] = [
    Ending::Ok,
    Ending::Executed,
    Ending::NotSent,
    Ending::NotStarted,
    Ending::MaybeExecuted,
    Ending::Dropped,
];

//! Putting a module together: what to start and how to treat it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::error::SpawnError;
use super::keeper::{Handle, Keeper, Parts};
use super::process::{Environment, Launch};
use super::start::Plan;
use crate::clock::Clock;
use crate::connection::{Bounds, Limits};
use crate::contract::{Heartbeat, Restart, Retry, Stuck};
use crate::ids::{ABSOLUTE_MAX_PAYLOAD, DEFAULT_MAX_PAYLOAD};
use crate::metrics::WorkerMeters;
use crate::module::{Client, Hub, Journal, Module, Options, Slot};

/// Starts a worker and gives the client for it. What is not set here is as the schema's `[spawn]` section says, and what is not
/// said there has the default named at each method.
pub struct Builder<C> {
    launch: Launch,
    ready: Duration,
    drain: Duration,
    grace: Duration,
    retry: Retry,
    stuck: Stuck,
    socket_buffer: Option<usize>,
    restart: Restart,
    heartbeat: Option<Heartbeat>,
    auth: bool,
    timeout: Option<Duration>,
    /// What else holds for calls; set beside this file.
    pub(super) calls: Options,
    limits: Limits,
    clock: Clock,
    marker: PhantomData<fn() -> C>,
}

impl<C: Client> Builder<C> {
    /// A builder with what the schema says.
    #[must_use]
    pub fn new() -> Self {
        let schema = C::SPAWN.copied();
        let command = schema.map_or(&[][..], |spawn| spawn.command);
        let mut words = command.iter().map(OsString::from);
        let mut limits = limits();
        if let Some(payload) = schema.and_then(|spawn| spawn.payload) {
            limits.max_payload = u32::try_from(payload)
                .unwrap_or(u32::MAX)
                .min(ABSOLUTE_MAX_PAYLOAD);
        }
        if let Some(in_flight) = schema.and_then(|spawn| spawn.in_flight) {
            limits.bounds.in_flight = (in_flight as usize).max(1);
        }
        Self {
            launch: Launch {
                program: words.next().unwrap_or_default(),
                args: words.collect(),
                ..Launch::default()
            },
            ready: schema.and_then(|spawn| spawn.ready).unwrap_or(READY),
            drain: DRAIN,
            grace: GRACE,
            retry: Retry::default(),
            stuck: Stuck::default(),
            socket_buffer: None,
            restart: schema.and_then(|spawn| spawn.restart).unwrap_or_default(),
            heartbeat: schema.and_then(|spawn| spawn.heartbeat),
            auth: false,
            timeout: Some(TIMEOUT),
            calls: Options::default(),
            limits,
            clock: Clock::system(),
            marker: PhantomData,
        }
    }

    /// The program, found on the `PATH` unless it is a path. Arguments of the schema's command are dropped.
    #[must_use]
    pub fn command(mut self, program: impl AsRef<OsStr>) -> Self {
        self.launch.program = program.as_ref().to_owned();
        self.launch.args.clear();
        self
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.launch.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<I, S>(mut self, args: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.launch
            .args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// What the worker inherits of this process's environment; everything by default.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.launch.environment = environment;
        self
    }

    /// A variable of the worker's environment, beside those it inherits.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.launch
            .env
            .push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The worker's working directory; this process's own by default.
    #[must_use]
    pub fn cwd(mut self, dir: impl AsRef<Path>) -> Self {
        self.launch.cwd = Some(dir.as_ref().to_owned());
        self
    }

    /// When a worker that died is started again; by default five times a minute at most.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Asks the worker for signs of life; by default it is not asked. A worker that was silent for too long is killed, and restarted
    /// as its policy says.
    #[must_use]
    pub fn heartbeat(mut self, heartbeat: Heartbeat) -> Self {
        self.heartbeat = Some(heartbeat);
        self
    }

    /// Whether the worker must see a token, fresh for every start, before it takes the connection; off by default.
    #[must_use]
    pub fn auth(mut self, on: bool) -> Self {
        self.auth = on;
        self
    }

    /// Most bytes of one payload, either way; 1 GiB by default, 2 GiB − 1 at most.
    #[must_use]
    pub fn max_payload(mut self, bytes: u32) -> Self {
        self.limits.max_payload = bytes.min(ABSOLUTE_MAX_PAYLOAD);
        self
    }

    /// Most calls and streams under way at once; further ones wait. A million by default.
    #[must_use]
    pub fn in_flight(mut self, calls: usize) -> Self {
        self.limits.bounds.in_flight = calls.max(1);
        self
    }

    /// Most bytes that wait for the reader of one stream, and of all streams together; 64 and 256 MiB by default. A stream that
    /// exceeds them fails as overloaded; other calls go on.
    #[must_use]
    pub fn stream_buffer(mut self, one: usize, all: usize) -> Self {
        self.limits.bounds.stream_bytes = one;
        self.limits.bounds.total_bytes = all;
        self
    }

    /// How long the worker may take from its start until it says what it serves; 30 s by default.
    #[must_use]
    pub fn ready(mut self, within: Duration) -> Self {
        self.ready = within;
        self
    }

    /// How long calls that are under way may take to end when the worker is shut down, or replaced because it is stuck; 3 s by
    /// default. What is left is given up.
    #[must_use]
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = time;
        self
    }

    /// How long the worker may take to end once nothing is under way any more, before it is killed; 5 s by default. It is asked
    /// first; after two fifths of the time its data channel and its stdin are closed, after four it gets SIGTERM.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How often the first start is tried again when it failed in a way that may pass, and when: by default 3 times, after 100,
    /// 200 and 400 ms. A program that is missing, does not fit its schema or ends by itself with an error is not tried again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// How often the first start is tried again, with the delays of [`retry`](Self::retry).
    #[must_use]
    pub fn retries(mut self, times: u32) -> Self {
        self.retry.times = times;
        self
    }

    /// When a worker is replaced that does not end calls which were given up; by default when it owes four calls their last word
    /// for 5 s. Other calls may finish before, for as long as [`drain`](Self::drain) says; the replacement counts as a restart.
    #[must_use]
    pub fn stuck(mut self, stuck: Stuck) -> Self {
        self.stuck = stuck;
        self
    }

    /// The size of the kernel's buffers of the data channel, each way; the system's own by default.
    #[must_use]
    pub fn socket_buffer(mut self, bytes: usize) -> Self {
        self.socket_buffer = Some(bytes);
        self
    }

    /// How long a call may take when neither it nor its schema says; 30 s by default. Streams are not meant.
    #[must_use]
    pub fn timeout(mut self, default: Duration) -> Self {
        self.timeout = Some(default);
        self
    }

    /// Lets calls take as long as they like unless they or their schema say otherwise.
    #[must_use]
    pub fn no_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// Another source of time, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts the worker; resolves when it serves.
    ///
    /// # Errors
    /// Nothing to start, or every attempt failed; the error holds the exit status and the end of stderr.
    pub async fn spawn(self) -> Result<C, SpawnError> {
        // Should the caller give up while it waits, the handle is dropped and the worker with it.
        let (module, keeper) = self.prepare(false)?;
        keeper.spawn().await?;
        Ok(C::from_module(module))
    }

    /// A module without a worker, and what starts one. `lasting`: it can be started again once it is closed.
    ///
    /// # Errors
    /// Nothing to start, or a setting that cannot work.
    #[doc(hidden)]
    pub fn prepare(self, lasting: bool) -> Result<(Module, Arc<Keeper>), SpawnError> {
        let contract = C::CONTRACT;
        let module = contract.name;
        if self.launch.program.is_empty() {
            return Err(SpawnError::NoCommand { module });
        }
        if self
            .heartbeat
            .is_some_and(|heartbeat| heartbeat.every.is_zero() || heartbeat.miss.is_zero())
        {
            return Err(SpawnError::Setting {
                module,
                setting: "heartbeat",
                problem: "has a time of zero",
            });
        }
        let (slot, hub, journal) = (
            Arc::new(Slot::new()),
            Arc::new(Hub::new(contract)),
            Arc::new(Journal::new()),
        );
        let options = Options {
            timeout: self.timeout,
            max_payload: self.limits.max_payload,
            ..self.calls.clone()
        };
        let clock = self.clock.clone();
        let keeper = Arc::new(Keeper::new(Parts {
            contract,
            clock: clock.clone(),
            plan: self.into_plan(),
            slot: slot.clone(),
            hub: hub.clone(),
            journal: journal.clone(),
            meters: WorkerMeters::new(module),
            incarnations: AtomicU64::new(0),
            lasting,
        }));
        let owner = Box::new(Handle(keeper.clone()));
        let module = Module::new(contract, (slot, hub, journal), options, clock, owner);
        Ok((module, keeper))
    }

    /// Takes processes from a simulation.
    #[cfg(test)]
    pub(super) fn nursery(mut self, nursery: Arc<dyn super::process::simulated::Nursery>) -> Self {
        self.launch.nursery = Some(nursery);
        self.command("simulated")
    }

    fn into_plan(self) -> Plan {
        Plan {
            launch: self.launch,
            ready: self.ready,
            drain: self.drain,
            grace: self.grace,
            retry: self.retry,
            stuck: self.stuck,
            socket_buffer: self.socket_buffer,
            restart: self.restart,
            heartbeat: self.heartbeat,
            auth: self.auth,
            limits: self.limits,
        }
    }
}

impl<C: Client> Default for Builder<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> fmt::Debug for Builder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("command", &self.launch.shown())
            .finish_non_exhaustive()
    }
}

/// The bounds of a connection unless set.
pub(super) const fn limits() -> Limits {
    Limits {
        max_payload: DEFAULT_MAX_PAYLOAD,
        backlog: 1 << 20,
        bounds: Bounds {
            in_flight: 1_000_000,
            stream_bytes: 64 << 20,
            total_bytes: 256 << 20,
        },
    }
}

/// How long a call may take unless anyone says.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
const READY: Duration = Duration::from_secs(30);
/// Together with the time a killed process is waited for these are ten seconds, the longest a shutdown takes by default.
const DRAIN: Duration = Duration::from_secs(3);
const GRACE: Duration = Duration::from_secs(5);

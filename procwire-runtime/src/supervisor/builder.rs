//! Putting a module together: what to start and how to treat it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::error::SpawnError;
use super::process::{Environment, Launch};
use super::run::{Handle, Supervisor};
use super::start::Plan;
use crate::clock::Clock;
use crate::connection::{Bounds, Limits};
use crate::contract::{Heartbeat, Restart};
use crate::ids::{ABSOLUTE_MAX_PAYLOAD, DEFAULT_MAX_PAYLOAD};
use crate::module::{Client, Hub, Journal, Module, Options, Slot};

/// Starts a worker and gives the client for it. What is not set here is as the schema's `[spawn]` section says, and what is not
/// said there has the default named at each method.
pub struct Builder<C> {
    launch: Launch,
    ready: Duration,
    grace: Duration,
    retries: u32,
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
            grace: GRACE,
            retries: RETRIES,
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

    /// Asks the worker for signs of life; by default it is not asked.
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

    /// How long the worker may take to end when it is shut down, before it is killed; 5 s by default.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How often the first start is tried again when it failed in a way that may pass; 3 times by default, after 1 s, 2 s, 4 s. A
    /// program that is missing, does not fit its schema or ends by itself with an error is not tried again.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
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
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return Err(SpawnError::NoRuntime { module });
        };
        let (slot, hub, journal) = (
            Arc::new(Slot::new()),
            Arc::new(Hub::new(contract)),
            Arc::new(Journal::new()),
        );
        let (tell, commands) = mpsc::unbounded_channel();
        let (ready, first) = oneshot::channel();
        let options = Options {
            timeout: self.timeout,
            max_payload: self.limits.max_payload,
            ..self.calls.clone()
        };
        let parts = (slot.clone(), hub.clone(), journal.clone());
        // Should the caller give up while it waits, the handle is dropped and the supervisor with it.
        let handle = Module::new(
            contract,
            parts,
            options,
            self.clock.clone(),
            Box::new(Handle { commands: tell }),
        );
        let supervisor = Supervisor {
            contract,
            clock: self.clock.clone(),
            plan: self.into_plan(),
            slot,
            hub,
            journal,
            commands,
            incarnation: 0,
            current: None,
        };
        runtime.spawn(supervisor.run(ready));
        match first.await {
            Ok(Ok(())) => Ok(C::from_module(handle)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(SpawnError::NoRuntime { module }), // it ended in the middle
        }
    }

    fn into_plan(self) -> Plan {
        Plan {
            launch: self.launch,
            ready: self.ready,
            grace: self.grace,
            retries: self.retries,
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
const GRACE: Duration = Duration::from_secs(5);
const RETRIES: u32 = 3;

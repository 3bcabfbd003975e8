//! The handle that every generated client wraps.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::events::{EventStream, Hub};
use super::farewell::Farewell;
use super::lifecycle::{Journal, LifecycleStream, ModuleState};
use super::options::Options;
use super::slot::{Slot, SlotState};
use crate::clock::Clock;
use crate::codec::Type;
use crate::contract::{Contract, SpawnDefaults, Timeout};
use crate::metrics::CallMeters;

/// A running module: one worker at a time, replaced when it dies. Clones are handles to the same module; when the last one
/// is dropped, the worker is shut down.
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
}

struct Inner {
    contract: &'static Contract,
    slot: Arc<Slot>,
    hub: Arc<Hub>,
    journal: Arc<Journal>,
    options: Options,
    /// Of each method, as the parent or else the schema says.
    timeouts: Box<[Timeout]>,
    clock: Clock,
    meters: CallMeters,
    owner: Box<dyn Owner>,
}

/// Who keeps the worker alive. Implemented above this layer.
pub trait Owner: Send + Sync {
    /// Ends the worker in an orderly way; resolves when it is gone.
    fn shutdown(&self) -> Pin<Box<dyn Future<Output = Farewell> + Send + '_>>;

    /// The last handle is gone.
    fn abandoned(&self);
}

/// A generated client: a typed shell around a [`Module`].
pub trait Client: Sized {
    /// What the module promises.
    const CONTRACT: &'static Contract;

    /// How its schema wants the worker to be run.
    const SPAWN: Option<&'static SpawnDefaults>;

    /// The client of a module.
    fn from_module(module: Module) -> Self;
}

impl Module {
    /// A handle made of its parts, which its owner keeps up to date.
    #[must_use]
    pub fn new(
        contract: &'static Contract,
        (slot, hub, journal): (Arc<Slot>, Arc<Hub>, Arc<Journal>),
        options: Options,
        clock: Clock,
        owner: Box<dyn Owner>,
    ) -> Self {
        let timeouts = contract.methods.iter().map(|method| {
            let mut given = options.method_timeouts.iter().rev();
            match given.find(|(name, _)| name == method.name) {
                Some((_, Some(limit))) => Timeout::After(*limit),
                Some((_, None)) => Timeout::Never,
                None => method.timeout,
            }
        });
        Self {
            inner: Arc::new(Inner {
                timeouts: timeouts.collect(),
                contract,
                slot,
                hub,
                journal,
                options,
                clock,
                meters: CallMeters::new(contract),
                owner,
            }),
        }
    }

    /// What the module promises.
    #[must_use]
    pub fn contract(&self) -> &'static Contract {
        self.inner.contract
    }

    /// Where the module stands.
    #[must_use]
    pub fn state(&self) -> ModuleState {
        self.inner.journal.state()
    }

    /// The process id of the worker that serves now; none between two workers, and in memory.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match self.inner.slot.current() {
            SlotState::Up(connection) => connection.link().pid,
            _ => None,
        }
    }

    /// Which process of this module serves now, from 1; 0 when none does.
    #[must_use]
    pub fn incarnation(&self) -> u64 {
        match self.inner.slot.current() {
            SlotState::Up(connection) => connection.link().incarnation,
            _ => 0,
        }
    }

    /// Calls and streams under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        match self.inner.slot.current() {
            SlotState::Up(connection) => connection.in_flight(),
            _ => 0,
        }
    }

    /// What happens to the worker from now on: states, crashes, restarts.
    #[must_use]
    pub fn lifecycle(&self) -> LifecycleStream {
        self.inner.journal.subscribe()
    }

    /// The events of one kind, by its place in the contract. Generated clients have a method for each.
    #[must_use]
    pub fn events<T: Type>(&self, event: usize) -> EventStream<T> {
        let stream = self.inner.hub.subscribe(event);
        if matches!(self.inner.slot.current(), SlotState::Closed(_)) {
            stream.close(); // it would wait for what does not come
        }
        stream
    }

    /// Ends the worker in an orderly way, and tells how that went. Calls made from now on are refused.
    ///
    /// What is under way may finish, for three seconds unless [set](crate::supervisor::Builder::drain); what is left is given up.
    /// Then the worker is asked to end, its data channel and its stdin are closed, and it is terminated and killed with everything
    /// it started, within five seconds unless [set](crate::supervisor::Builder::grace). Resolves when it is gone, or two
    /// seconds after it was killed. Asked for again, it is the same shutdown with the same result; it goes on when nobody
    /// waits for it.
    pub async fn shutdown(&self) -> Farewell {
        self.inner.owner.shutdown().await
    }

    pub(super) fn slot(&self) -> &Arc<Slot> {
        &self.inner.slot
    }

    pub(super) fn options(&self) -> &Options {
        &self.inner.options
    }

    /// How long calls of a method may take, as the parent or else the schema says.
    pub(super) fn method_timeout(&self, method: usize) -> Timeout {
        let known = self.inner.timeouts.get(method);
        known.copied().unwrap_or(Timeout::Default)
    }

    /// Whether no worker comes any more because starting them was given up.
    pub(super) fn has_given_up(&self) -> bool {
        self.inner.journal.has_given_up()
    }

    pub(super) fn meters(&self) -> &CallMeters {
        &self.inner.meters
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.inner.clock
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.owner.abandoned();
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.inner.contract.name)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

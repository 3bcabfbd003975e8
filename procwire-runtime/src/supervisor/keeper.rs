//! A module's worker from the outside: asked for, ended, asked for again. Every life is a task of its own (`run`); there is
//! never more than one.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};

use super::error::SpawnError;
use super::run::Supervisor;
use super::start::Plan;
use crate::clock::Clock;
use crate::connection::Down;
use crate::contract::Contract;
use crate::metrics::WorkerMeters;
use crate::module::{
    Farewell, Hub, Journal, Lifecycle, ModuleState, Owner, Slot, SlotState, Watcher,
};

/// How a start that someone asked for went.
pub(super) type Ready = oneshot::Sender<Result<(), SpawnError>>;

/// What a life is told.
#[derive(Debug)]
pub(super) enum Command {
    /// Be ready. At once, if it waits for a restart.
    Spawn(Ready),
    /// End the worker.
    Shutdown,
    /// End the worker; nobody holds the module any more.
    Abandon,
}

/// What stays of a module over all the lives of its worker.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) contract: &'static Contract,
    pub(super) plan: Plan,
    pub(super) clock: Clock,
    pub(super) slot: Arc<Slot>,
    pub(super) hub: Arc<Hub>,
    pub(super) journal: Arc<Journal>,
    pub(super) meters: WorkerMeters,
    /// How many processes there were.
    pub(super) incarnations: AtomicU64,
    /// Whether the module can be started again once it is closed, so that its streams must not end then.
    pub(super) lasting: bool,
}

/// Whoever starts and ends the worker of a module.
#[derive(Debug)]
pub struct Keeper {
    parts: Arc<Parts>,
    lives: Mutex<Lives>,
}

#[derive(Debug, Default)]
struct Lives {
    /// The one that is, or the last that was.
    life: Option<Life>,
    /// There will be none any more.
    retired: bool,
}

impl Lives {
    fn running(&self) -> Option<&Life> {
        self.life.as_ref().filter(|life| !life.is_over())
    }
}

/// A task that keeps a worker.
#[derive(Debug)]
struct Life {
    commands: mpsc::UnboundedSender<Command>,
    /// How it ended, once it has. Closed without: the runtime was dropped.
    farewell: watch::Receiver<Option<Farewell>>,
}

impl Life {
    fn is_over(&self) -> bool {
        self.farewell.borrow().is_some() || self.commands.is_closed()
    }
}

impl Keeper {
    pub(super) fn new(parts: Parts) -> Self {
        parts.slot.set(SlotState::Closed(Arc::new(wanted(
            "it was not started yet",
        ))));
        Self {
            parts: Arc::new(parts),
            lives: Mutex::default(),
        }
    }

    /// Starts a worker; resolves when it serves. Goes on when nobody waits for it.
    ///
    /// # Errors
    /// The module is not at rest, every attempt failed, or it was shut down meanwhile.
    pub async fn spawn(&self) -> Result<(), SpawnError> {
        let module = self.parts.contract.name;
        let runtime =
            tokio::runtime::Handle::try_current().map_err(|_| SpawnError::NoRuntime { module })?;
        let (ready, first) = oneshot::channel();
        let ended = {
            let mut lives = self.lock();
            if lives.retired {
                return Err(SpawnError::Unregistered { module });
            }
            match lives.running() {
                // Should the life end before it hears this, `first` is closed.
                Some(life) => {
                    let _ = life.commands.send(Command::Spawn(ready));
                    Some(life.farewell.clone())
                }
                None => {
                    lives.life = Some(self.begin(&runtime, ready));
                    None
                }
            }
        };
        match (first.await, ended) {
            (Ok(started), _) => started,
            (Err(_), None) => Err(SpawnError::NoRuntime { module }), // it ended in the middle
            (Err(_), Some(mut ended)) => {
                // It was being shut down when it was asked: that comes first, then this.
                let _ = ended.wait_for(Option::is_some).await;
                Box::pin(self.spawn()).await
            }
        }
    }

    fn begin(&self, runtime: &tokio::runtime::Handle, ready: Ready) -> Life {
        let (tell, commands) = mpsc::unbounded_channel();
        let (farewell, ended) = watch::channel(None);
        self.parts.slot.reopen();
        runtime.spawn(Supervisor::new(self.parts.clone(), commands, farewell).run(ready));
        Life {
            commands: tell,
            farewell: ended,
        }
    }

    /// Ends the worker in an orderly way. Whoever asks, however often, hears of the same end.
    pub async fn shutdown(&self) -> Farewell {
        self.begin_shutdown().await
    }

    /// Orders the end at once; the future tells how it went, and need not be polled for that.
    pub fn begin_shutdown(&self) -> impl Future<Output = Farewell> + Send + use<> {
        let ended = {
            let lives = self.lock();
            match (lives.running(), &lives.life) {
                (Some(life), _) => {
                    let _ = life.commands.send(Command::Shutdown);
                    Some(life.farewell.clone())
                }
                (None, Some(life)) => Some(life.farewell.clone()),
                (None, None) => {
                    self.parts.close("it was shut down before it was started");
                    None
                }
            }
        };
        async move {
            let Some(mut ended) = ended else {
                return Farewell::nothing();
            };
            let farewell = ended.wait_for(Option::is_some).await;
            // Closed without a word: the runtime has ended, and killed the worker.
            let farewell = farewell.ok().and_then(|farewell| farewell.clone());
            farewell.unwrap_or_else(Farewell::nothing)
        }
    }

    /// Takes the module back for good, if it is at rest: its streams end. Whether it was.
    pub fn retire(&self, reason: &str) -> bool {
        let mut lives = self.lock();
        if lives.running().is_some() {
            return false;
        }
        lives.retired = true;
        drop(lives);
        self.parts.end(reason);
        true
    }

    /// Ends the worker and takes the module back for good; nobody can start it in between.
    pub async fn retire_by_force(&self, reason: &str) -> Farewell {
        self.lock().retired = true;
        let farewell = self.shutdown().await;
        self.parts.end(reason);
        farewell
    }

    /// Who sees everything that happens to the module from now on.
    pub fn watch(&self, watcher: Box<dyn Watcher>) {
        self.parts.journal.watch(watcher);
    }

    fn lock(&self) -> MutexGuard<'_, Lives> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parts {
    /// No worker, and none will come unless it is asked for.
    pub(super) fn close(&self, reason: &str) {
        self.slot.set(SlotState::Closed(Arc::new(wanted(reason))));
        self.journal.note(Lifecycle::State(ModuleState::Closed));
    }

    /// Nobody will ask for a worker any more.
    fn end(&self, reason: &str) {
        self.slot.set(SlotState::Closed(Arc::new(wanted(reason))));
        self.journal.close();
        self.hub.close();
    }
}

/// What the module holds of its keeper.
#[derive(Debug)]
pub(super) struct Handle(pub(super) Arc<Keeper>);

impl Owner for Handle {
    fn shutdown(&self) -> Pin<Box<dyn Future<Output = Farewell> + Send + '_>> {
        Box::pin(self.0.shutdown())
    }

    fn abandoned(&self) {
        let reason = "nobody holds it any more";
        if self.0.retire(reason) {
            return;
        }
        if let Some(life) = &self.0.lock().life {
            let _ = life.commands.send(Command::Abandon);
        }
        // Should it have ended in between, it has not heard that.
        self.0.retire(reason);
    }
}

pub(super) fn wanted(reason: &str) -> Down {
    Down {
        wanted: true,
        ..Down::new(reason)
    }
}

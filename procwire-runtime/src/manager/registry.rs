//! The modules of a manager.

use std::any::TypeId;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;
use tokio::task::JoinSet;

use super::events::{CAPACITY, Forward, ManagerEvent, ManagerEvents};
use super::refusal::ManagerError;
use crate::module::{Client, Farewell, Module, ModuleState};
use crate::supervisor::{Builder, Keeper, SpawnError};

/// Keeps many modules: registered by name, started and ended one by one or all together, watched in one place.
///
/// What [`register`](Self::register) returns is the module's typed client, good for as long as it is kept: before the first
/// start and after a shutdown its calls are refused, and after each [`spawn`](Self::spawn) they are served again.
/// [`get`](Self::get) returns the same client elsewhere. Clones are handles to the same manager; its workers end when it and
/// their clients are dropped.
#[derive(Clone)]
pub struct ModuleManager {
    inner: Arc<Inner>,
}

struct Inner {
    /// In the order in which they were registered.
    entries: Mutex<Vec<Entry>>,
    events: broadcast::Sender<ManagerEvent>,
}

#[derive(Clone)]
struct Entry {
    name: Arc<str>,
    client: TypeId,
    module: Module,
    keeper: Arc<Keeper>,
}

impl Entry {
    fn is_at_rest(&self) -> bool {
        matches!(
            self.module.state(),
            ModuleState::Created | ModuleState::Closed
        )
    }

    fn running(&self) -> ManagerError {
        ManagerError::Running {
            name: self.name.clone(),
            state: self.module.state(),
        }
    }
}

impl ModuleManager {
    /// A manager without modules.
    #[must_use]
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                entries: Mutex::default(),
                events: broadcast::Sender::new(CAPACITY),
            }),
        }
    }

    /// Takes a module in under the name that its schema gives it, without starting it.
    ///
    /// # Errors
    /// The name is taken, there is nothing to start, or a setting cannot work.
    pub fn register<C: Client + 'static>(&self, builder: Builder<C>) -> Result<C, ManagerError> {
        self.register_as(C::CONTRACT.name, builder)
    }

    /// Takes a module in under a name of its own: for several workers of one schema.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    pub fn register_as<C: Client + 'static>(
        &self,
        name: &str,
        builder: Builder<C>,
    ) -> Result<C, ManagerError> {
        self.put(name, builder, false)
    }

    /// Takes a module in under the name that its schema gives it, in the place of one that is there. Clients of that one stay
    /// with it: their calls are refused from now on.
    ///
    /// # Errors
    /// What is there is running, there is nothing to start, or a setting cannot work.
    pub fn replace<C: Client + 'static>(&self, builder: Builder<C>) -> Result<C, ManagerError> {
        self.replace_as(C::CONTRACT.name, builder)
    }

    /// As [`replace`](Self::replace), under a name of its own.
    ///
    /// # Errors
    /// As [`replace`](Self::replace).
    pub fn replace_as<C: Client + 'static>(
        &self,
        name: &str,
        builder: Builder<C>,
    ) -> Result<C, ManagerError> {
        self.put(name, builder, true)
    }

    fn put<C: Client + 'static>(
        &self,
        name: &str,
        builder: Builder<C>,
        replace: bool,
    ) -> Result<C, ManagerError> {
        let name: Arc<str> = name.into();
        let (module, keeper) = builder.prepare(true)?;
        keeper.watch(Box::new(Forward {
            name: name.clone(),
            events: self.inner.events.clone(),
        }));
        let entry = Entry {
            name: name.clone(),
            client: TypeId::of::<C>(),
            module: module.clone(),
            keeper,
        };
        let old = {
            let mut entries = self.lock();
            match entries.iter_mut().find(|entry| entry.name == name) {
                None => {
                    entries.push(entry);
                    None
                }
                Some(_) if !replace => return Err(ManagerError::AlreadyRegistered { name }),
                Some(old)
                    if !old
                        .keeper
                        .retire("another module was registered in its place") =>
                {
                    return Err(old.running());
                }
                Some(old) => Some(std::mem::replace(old, entry)),
            }
        };
        drop(old); // not under the lock: it tells its keeper
        Ok(C::from_module(module))
    }

    /// Forgets a module that is not running; whether there was one. Its clients' calls are refused and its streams end.
    ///
    /// # Errors
    /// It is running.
    pub fn unregister(&self, name: &str) -> Result<bool, ManagerError> {
        let mut entries = self.lock();
        let Some(at) = entries.iter().position(|entry| &*entry.name == name) else {
            return Ok(false);
        };
        if !entries[at].keeper.retire("it was unregistered") {
            return Err(entries[at].running());
        }
        let entry = entries.remove(at);
        drop(entries);
        self.tell_unregistered(entry.name);
        Ok(true)
    }

    /// Shuts a module down if it is running, and forgets it; how that went, if there was one. It cannot be found from now on.
    pub async fn unregister_by_force(&self, name: &str) -> Option<Farewell> {
        let entry = {
            let mut entries = self.lock();
            let at = entries.iter().position(|entry| &*entry.name == name)?;
            entries.remove(at)
        };
        // Nobody can start it between its end and this: from here on its keeper refuses.
        let farewell = entry.keeper.retire_by_force("it was unregistered").await;
        self.tell_unregistered(entry.name);
        Some(farewell)
    }

    fn tell_unregistered(&self, name: Arc<str>) {
        let _ = self.inner.events.send(ManagerEvent::Unregistered { name }); // nobody may be reading
    }

    /// The client of a module, by its type; none when it is not registered under the name that its schema gives it.
    #[must_use]
    pub fn get<C: Client + 'static>(&self) -> Option<C> {
        self.get_as(C::CONTRACT.name)
    }

    /// The client of a module that was registered under a name of its own; none when that is not registered, or as another type.
    #[must_use]
    pub fn get_as<C: Client + 'static>(&self, name: &str) -> Option<C> {
        let entry = self.find(name).ok()?;
        (entry.client == TypeId::of::<C>()).then(|| C::from_module(entry.module))
    }

    /// The untyped module of a name: its state, its process, what happens to it.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<Module> {
        self.find(name).ok().map(|entry| entry.module)
    }

    /// Whether there is a module of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// The names of all modules, in the order in which they were registered.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        let entries = self.lock();
        entries.iter().map(|entry| entry.name.clone()).collect()
    }

    /// What happens to any module from now on.
    #[must_use]
    pub fn events(&self) -> ManagerEvents {
        ManagerEvents::new(self.inner.events.subscribe())
    }

    /// Starts the worker of a module; resolves when it serves. One that waits for a restart is started at once. The start goes on
    /// when nobody waits for it: [`shutdown`](Self::shutdown) ends it.
    ///
    /// # Errors
    /// There is no such module, it is being started or serves, every attempt failed, or it was shut down meanwhile.
    pub async fn spawn(&self, name: &str) -> Result<(), ManagerError> {
        let entry = self.find(name)?;
        Ok(entry.keeper.spawn().await?)
    }

    /// Starts the workers of all modules that have none, side by side; resolves when all serve.
    ///
    /// # Errors
    /// One could not be started. Said as soon as that is known, with what has become of the others, which go on.
    pub async fn spawn_all(&self) -> Result<(), ManagerError> {
        let entries = self.entries();
        let mut starts = JoinSet::new();
        if tokio::runtime::Handle::try_current().is_err() {
            return match entries.first() {
                Some(entry) => Err(SpawnError::NoRuntime {
                    module: entry.module.contract().name,
                }
                .into()),
                None => Ok(()),
            };
        }
        for (at, entry) in entries.iter().enumerate() {
            let startable = entry.is_at_rest() || entry.module.state() == ModuleState::Disconnected;
            if startable {
                let keeper = entry.keeper.clone();
                starts.spawn(async move { (at, keeper.spawn().await) });
            }
        }
        while let Some(started) = starts.join_next().await {
            let Ok((at, Err(error))) = started else {
                continue;
            };
            // What waits for the others is dropped with the set; their lives are tasks of their own.
            let others = entries.iter().enumerate().filter(|(other, _)| *other != at);
            return Err(ManagerError::SpawnAll {
                name: entries[at].name.clone(),
                error: Box::new(error),
                others: others
                    .map(|(_, entry)| (entry.name.clone(), entry.module.state()))
                    .collect(),
            });
        }
        Ok(())
    }

    /// Ends the worker of a module in an orderly way, see [`Module::shutdown`]; whatever it is at, a start included.
    ///
    /// # Errors
    /// There is no such module.
    pub async fn shutdown(&self, name: &str) -> Result<Farewell, ManagerError> {
        let entry = self.find(name)?;
        Ok(entry.keeper.shutdown().await)
    }

    /// Ends all workers in an orderly way, side by side, and tells how each of them went.
    pub async fn shutdown_all(&self) -> Vec<(Arc<str>, Farewell)> {
        let entries = self.entries();
        // Everyone is told before the first is waited for.
        let ends: Vec<_> = entries
            .iter()
            .map(|entry| (entry.name.clone(), entry.keeper.begin_shutdown()))
            .collect();
        let mut told = Vec::with_capacity(ends.len());
        for (name, end) in ends {
            told.push((name, end.await));
        }
        told
    }

    fn find(&self, name: &str) -> Result<Entry, ManagerError> {
        let entries = self.lock();
        let found = entries.iter().find(|entry| &*entry.name == name);
        found
            .cloned()
            .ok_or_else(|| ManagerError::NotRegistered { name: name.into() })
    }

    fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.inner
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ModuleManager {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ModuleManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modules = self.entries().into_iter();
        f.debug_map()
            .entries(modules.map(|entry| (entry.name, entry.module.state())))
            .finish()
    }
}

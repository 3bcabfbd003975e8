//! A worker in this process: the same frames, codecs and dispatch over a socket pair, without a process.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{oneshot, watch};

use super::builder::{TIMEOUT, limits};
use crate::clock::Clock;
use crate::connection::{Connection, Down, Link, MethodBinding, Reading};
use crate::contract::Contract;
use crate::control::Features;
use crate::module::{
    Client, Farewell, Hub, Journal, Lifecycle, Module, ModuleState, Options, Owner, Slot, SlotState,
};
use crate::transport::Duplex;
use crate::worker::{self, Dispatch, EventSink, Phase};

/// A client whose worker is made by `make` and runs in this process, on the current tokio runtime. For tests, and for modules that
/// need no isolation.
///
/// Without a tokio runtime every call fails as not running.
pub fn in_memory<C: Client, D: Dispatch>(make: impl FnOnce(EventSink) -> D) -> C {
    let contract = C::CONTRACT;
    let (slot, hub, journal) = (
        Arc::new(Slot::new()),
        Arc::new(Hub::new(contract)),
        Arc::new(Journal::new()),
    );
    let options = Options {
        timeout: Some(TIMEOUT),
        max_payload: limits().max_payload,
        ..Options::default()
    };
    let inside = Inside {
        slot: slot.clone(),
        hub: hub.clone(),
        journal: journal.clone(),
        stop: Mutex::default(),
        gone: Mutex::default(),
    };
    match begin(contract, make, &inside) {
        Ok(()) => journal.note(Lifecycle::State(ModuleState::Ready)),
        Err(reason) => inside.close(Down {
            wanted: true,
            ..Down::new(reason)
        }),
    }
    C::from_module(Module::new(
        contract,
        (slot, hub, journal),
        options,
        Clock::system(),
        Box::new(inside),
    ))
}

/// The owner of a worker in this process.
struct Inside {
    slot: Arc<Slot>,
    hub: Arc<Hub>,
    journal: Arc<Journal>,
    stop: Mutex<Option<watch::Sender<Phase>>>,
    gone: Mutex<Option<oneshot::Receiver<()>>>,
}

fn begin<D: Dispatch>(
    contract: &'static Contract,
    make: impl FnOnce(EventSink) -> D,
    inside: &Inside,
) -> Result<(), String> {
    let runtime = tokio::runtime::Handle::try_current()
        .map_err(|_| "there is no tokio runtime here".to_owned())?;
    let (near, far) = Duplex::pair().map_err(|error| format!("no socket pair: {error}"))?;
    let number = |index: usize| u16::try_from(index + 1).unwrap_or(0);
    let method = |index| MethodBinding {
        id: number(index),
        starts: contract.methods[index].tells_start(),
        timeout: None,
        mismatch: None,
    };
    let link = Link {
        pid: None,
        incarnation: 1,
        worker_version: contract.version.into(),
        methods: (0..contract.methods.len()).map(method).collect(),
        events: (0..contract.events.len())
            .map(|index| (number(index), index))
            .collect::<HashMap<_, _>>(),
        features: Features::default(),
    };
    let (connection, reading) =
        Connection::open(near, link, limits(), Clock::system(), inside.hub.clone());
    let (stop, phase) = watch::channel(Phase::Serving);
    let (tell, gone) = oneshot::channel();
    *lock(&inside.stop) = Some(stop);
    *lock(&inside.gone) = Some(gone);
    inside.slot.set(SlotState::Up(connection.clone()));
    let events = EventSink::new(contract);
    let dispatch = make(events.clone());
    runtime.spawn(async move {
        // An error here is the parent's own bytes being no frames, which cannot be.
        let _ = worker::serve_stream(
            far,
            contract,
            dispatch,
            events,
            phase,
            worker::Limits::default(),
        )
        .await;
    });
    let (slot, hub, journal) = (
        inside.slot.clone(),
        inside.hub.clone(),
        inside.journal.clone(),
    );
    runtime.spawn(follow(connection, reading, (slot, hub, journal), tell));
    Ok(())
}

async fn follow(
    connection: Arc<Connection>,
    mut reading: Reading,
    parts: (Arc<Slot>, Arc<Hub>, Arc<Journal>),
    tell: oneshot::Sender<()>,
) {
    let end = reading.run().await;
    let down = Down::new(format!("the worker in this process has ended: {end}"));
    let (slot, hub, journal) = parts;
    slot.set(SlotState::Closed(Arc::new(down.clone())));
    connection.fail(Down {
        wanted: true,
        ..down
    });
    journal.note(Lifecycle::State(ModuleState::Closed));
    journal.close();
    hub.close();
    let _ = tell.send(());
}

impl Inside {
    fn close(&self, down: Down) {
        self.slot.set(SlotState::Closed(Arc::new(down)));
        self.journal.note(Lifecycle::State(ModuleState::Closed));
        self.journal.close();
        self.hub.close();
    }
}

impl Owner for Inside {
    fn shutdown(&self) -> Pin<Box<dyn Future<Output = Farewell> + Send + '_>> {
        self.slot.set(SlotState::Closed(Arc::new(Down {
            wanted: true,
            ..Down::new("the module was shut down")
        })));
        self.abandoned();
        let gone = lock(&self.gone).take();
        Box::pin(async move {
            if let Some(gone) = gone {
                let _ = gone.await;
            }
            Farewell::nothing()
        })
    }

    fn abandoned(&self) {
        if let Some(stop) = lock(&self.stop).take() {
            let _ = stop.send(Phase::Draining); // it may have ended already
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

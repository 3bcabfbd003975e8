//! A worker's life: announce, be adopted, serve, finish.
//! Siblings: `workers/python/src/procwire/worker/worker.py`, `workers/typescript/src/worker/worker.ts`.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::adopt::{Adopted, adopt};
use super::birth::Birth;
use super::dispatch::Dispatch;
use super::events::EventSink;
use super::job::panic_text;
use super::lifeline;
use super::log::Line;
use super::session::{self, Limits, Phase, reached};
use super::stdio;
use crate::contract::Contract;
use crate::control::{announce, failure};
use crate::transport::{Address, AddressError, Duplex, Listener, ReadHalf, WriteHalf};
use crate::wire::WireError;

/// Serves the parent that started this process. Resolves when the parent has asked for the end and every request is
/// answered, or when the parent is gone; the process is to end then.
///
/// `make` is given what sends events, and makes the worker. Standard output belongs to the protocol: from here on what is
/// printed goes to standard error. Needs a Tokio runtime with I/O and time. A `main` that calls [`prepare`](super::prepare)
/// first keeps the variables of the protocol from what the worker starts.
///
/// # Errors
/// This process was not started by a parent, it cannot listen, or the parent does not keep to the protocol. A parent that
/// can be told is told before this returns.
pub async fn serve<D: Dispatch>(
    contract: &'static Contract,
    make: impl FnOnce(EventSink) -> D,
) -> Result<(), ServeError> {
    let birth = Birth::take_once();
    if !birth.has_parent && io::stdin().is_terminal() {
        return Err(ServeError::NoParent);
    }
    if IS_SERVING.swap(true, Ordering::AcqRel) {
        return Err(ServeError::Twice);
    }
    let features = birth.features();
    let control = stdio::set_aside().map_err(ServeError::Control)?;
    let line = Line::new(
        control.writes,
        birth.nonce.clone().filter(|_| features.tagged),
    );
    if features.log {
        line.carry_records();
    }
    let events = EventSink::new(contract);
    let dispatch = match catch_unwind(AssertUnwindSafe(|| make(events.clone()))) {
        Ok(dispatch) => dispatch,
        Err(panic) => {
            tell(
                &line,
                &format!(
                    "{}: the worker panicked at its start: {}",
                    contract.name,
                    panic_text(&*panic)
                ),
            );
            resume_unwind(panic)
        }
    };
    let limits = Limits {
        features,
        ..Limits::default()
    };
    let (halves, phase) = match meet(contract, birth, control.reads, &line, &limits).await {
        Ok(Some(met)) => met,
        // Nobody will come any more.
        Ok(None) => return Ok(()),
        Err(error) => {
            tell(&line, &error.to_string());
            return Err(error);
        }
    };
    session::serve(halves, contract, dispatch, events, phase, limits)
        .await
        .map_err(ServeError::Protocol)
}

/// Announces the worker, and comes back with the parent; without one when the end comes first.
async fn meet(
    contract: &'static Contract,
    birth: Birth,
    reads: File,
    line: &Line,
    limits: &Limits,
) -> Result<Option<(Halves, watch::Receiver<Phase>)>, ServeError> {
    let (pid, features, drain) = (std::process::id(), &limits.features, limits.drain);
    if let Some(channel) = birth.channel {
        let channel = Duplex::from_std(channel).map_err(ServeError::Accept)?;
        line.say_first(&announce(contract, INHERITED, pid, features))
            .map_err(ServeError::Control)?;
        let phase =
            lifeline::hold(reads, line.clone(), None, drain).map_err(ServeError::Control)?;
        return Ok(Some((channel.split(), phase)));
    }
    let folder = |key: &str| match &birth.folder {
        Some(folder) if key == FIRST_BASE => Some(folder.clone()),
        _ => env::var_os(key),
    };
    let address = Address::fresh(folder, pid)?;
    // It listens before it says so: the parent tries to connect once, right away.
    let listener = Listener::bind(&address).map_err(|cause| ServeError::Listen {
        path: address.path().to_owned(),
        cause,
    })?;
    // Before the parent can know of it, so that no signal finds the socket and nobody who removes it.
    let mut phase = lifeline::hold(reads, line.clone(), Some(address.path().to_owned()), drain)
        .map_err(ServeError::Control)?;
    line.say_first(&announce(contract, address.as_str(), pid, features))
        .map_err(ServeError::Control)?;
    let token = birth.token.as_ref().map(|token| token.as_bytes());
    tokio::select! {
        biased;
        adopted = adopt(&listener, token) => match adopted.map_err(ServeError::Accept)? {
            Adopted::Parent(halves) => Ok(Some((halves, phase))),
            Adopted::Attacked => Err(ServeError::Attacked),
        },
        () = reached(&mut phase, Phase::Draining) => Ok(None),
    }
}

/// A connection, to read and to write.
type Halves = (ReadHalf, WriteHalf);

/// Serves a parent in this process. `events` is what the dispatcher's events go to; it was made by [`EventSink::new`].
/// Resolves when the parent's end is closed.
///
/// # Errors
/// The parent does not keep to the protocol.
pub(crate) async fn serve_stream<D: Dispatch>(
    stream: Duplex,
    contract: &'static Contract,
    dispatch: D,
    events: EventSink,
    phase: watch::Receiver<Phase>,
    limits: Limits,
) -> Result<(), ServeError> {
    session::serve(stream.split(), contract, dispatch, events, phase, limits)
        .await
        .map_err(ServeError::Protocol)
}

/// Tells the parent why there will be no worker. It may be gone, then nobody is left to be told.
fn tell(line: &Line, why: &str) {
    let _ = line.say_first(&failure(why));
}

/// A worker could not serve, or not to the end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Standard input is a terminal.
    #[error(
        "this is a Procwire worker: it is started by a parent program and speaks with that, not with a terminal"
    )]
    NoParent,
    /// A process is a worker once.
    #[error("this process already serves, or has served, a worker")]
    Twice,
    /// The control plane cannot be used.
    #[error("the parent cannot be spoken to over standard input and output: {0}")]
    Control(io::Error),
    /// There is no path to listen at.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The socket cannot be bound.
    #[error(
        "cannot listen at {path:?}: {cause}: set XDG_RUNTIME_DIR or TMPDIR to a directory that can be written to"
    )]
    Listen {
        /// Where.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// The system accepts no connections.
    #[error("cannot accept the parent's connection: {0}")]
    Accept(io::Error),
    /// Someone who is not the parent keeps trying to be taken for it.
    #[error("the parent did not connect, and others tried too often with tokens that are not ours")]
    Attacked,
    /// The parent broke a rule of framing, so that nothing it sends can be trusted.
    #[error("the parent sent what is no frame: {0}")]
    Protocol(WireError),
}

/// A process has one standard input.
static IS_SERVING: AtomicBool = AtomicBool::new(false);

/// What an address is first looked for in.
const FIRST_BASE: &str = "XDG_RUNTIME_DIR";
/// What stands for a path when there is none.
const INHERITED: &str = "inherited";

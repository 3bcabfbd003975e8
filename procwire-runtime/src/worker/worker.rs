//! A worker's life: announce, be adopted, serve, finish.
//! Siblings: `workers/python/src/procwire/worker/worker.py`, `workers/typescript/src/worker/worker.ts`.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::adopt::adopt;
use super::dispatch::Dispatch;
use super::events::EventSink;
use super::job::panic_text;
use super::lifeline;
use super::session::{self, Limits, Phase, reached};
use super::stdio::{self, Control};
use crate::contract::Contract;
use crate::control::{Features, announce, failure};
use crate::transport::{Address, AddressError, Duplex, Listener};
use crate::wire::WireError;

/// Serves the parent that started this process. Resolves when the parent has asked for the end and every request is
/// answered, or when the parent is gone; the process is to end then.
///
/// `make` is given what sends events, and makes the worker. Standard output belongs to the protocol: from here on what is
/// printed goes to standard error. Needs a Tokio runtime with I/O and time.
///
/// # Errors
/// This process was not started by a parent, it cannot listen, or the parent does not keep to the protocol. A parent that
/// can be told is told before this returns.
pub async fn serve<D: Dispatch>(
    contract: &'static Contract,
    make: impl FnOnce(EventSink) -> D,
) -> Result<(), ServeError> {
    if env::var_os(MODULE_NAME).is_none() && io::stdin().is_terminal() {
        return Err(ServeError::NoParent);
    }
    if IS_SERVING.swap(true, Ordering::AcqRel) {
        return Err(ServeError::Twice);
    }
    let mut control = stdio::set_aside().map_err(ServeError::Control)?;
    let events = EventSink::new(contract);
    let dispatch = match catch_unwind(AssertUnwindSafe(|| make(events.clone()))) {
        Ok(dispatch) => dispatch,
        Err(panic) => {
            tell(
                &mut control,
                &format!(
                    "{}: the worker panicked at its start: {}",
                    contract.name,
                    panic_text(&*panic)
                ),
            );
            resume_unwind(panic)
        }
    };
    let (address, listener) = match listen(contract, &mut control) {
        Ok(listening) => listening,
        Err(error) => {
            tell(&mut control, &error.to_string());
            return Err(error);
        }
    };
    let mut phase =
        lifeline::hold(control, address.path().to_owned()).map_err(ServeError::Control)?;
    let token = env::var_os(TOKEN);
    let connected = tokio::select! {
        biased;
        connected = adopt(&listener, token.as_ref().map(|token| token.as_bytes())) => connected,
        // Nobody will come any more.
        () = reached(&mut phase, Phase::Draining) => return Ok(()),
    };
    drop((listener, address));
    let halves = connected.map_err(ServeError::Accept)?;
    session::serve(halves, contract, dispatch, events, phase, Limits::default())
        .await
        .map_err(ServeError::Protocol)
}

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

/// Listens, then says so: the parent tries to connect once, right away.
fn listen(
    contract: &'static Contract,
    control: &mut Control,
) -> Result<(Address, Listener), ServeError> {
    let pid = std::process::id();
    let address = Address::fresh(|key| env::var_os(key), pid)?;
    let bound = Listener::bind(&address);
    let listener = bound.map_err(|cause| ServeError::Listen {
        path: address.path().to_owned(),
        cause,
    })?;
    write_line(
        control,
        &announce(contract, address.as_str(), pid, &Features::default()),
    )
    .map_err(ServeError::Control)?;
    Ok((address, listener))
}

/// Tells the parent why there will be no worker. It may be gone, then nobody is left to be told.
fn tell(control: &mut Control, why: &str) {
    let _ = write_line(control, &failure(why));
}

/// Writes a message to a stdout that was everybody's until now: whatever line was left unfinished there would hide it.
fn write_line(control: &mut Control, line: &str) -> io::Result<()> {
    control.writes.write_all(format!("\n{line}").as_bytes())
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
    /// The parent broke a rule of framing, so that nothing it sends can be trusted.
    #[error("the parent sent what is no frame: {0}")]
    Protocol(WireError),
}

/// A process has one standard input.
static IS_SERVING: AtomicBool = AtomicBool::new(false);

const MODULE_NAME: &str = "PROCWIRE_MODULE_NAME";
const TOKEN: &str = "PROCWIRE_TOKEN";

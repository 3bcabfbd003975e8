//! One attempt to start a worker: process, greeting, handshake, data channel.

use std::fmt::{self, Write as _};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::error::{StartError, StartPhase};
use super::handshake::{Agreed, agree};
use super::process::{Birth, Child, Folders, Launch, Offer, Stderr, Stdin, Stdout, Word};
use crate::clock::Clock;
use crate::connection::{Connection, End, EventTarget, Exit, Limits, Link};
use crate::contract::{Contract, Heartbeat, Restart, Retry, Stuck};
use crate::control::{Features, Init, Nonce};
use crate::module::{Journal, Lifecycle, ModuleState};
use crate::transport::{Duplex, Folder, FolderError, Inherited, Refused, inspect};

/// How the worker of a module is run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) launch: Launch,
    pub(super) ready: Duration,
    pub(super) drain: Duration,
    pub(super) grace: Duration,
    pub(super) retry: Retry,
    pub(super) stuck: Stuck,
    pub(super) socket_buffer: Option<usize>,
    pub(super) restart: Restart,
    pub(super) heartbeat: Option<Heartbeat>,
    pub(super) auth: bool,
    pub(super) limits: Limits,
}

/// A worker that serves.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) child: Child,
    pub(super) stdin: Stdin,
    pub(super) stdout: Stdout,
    pub(super) stderr: Stderr,
    pub(super) connection: Arc<Connection>,
    pub(super) reading: JoinHandle<End>,
}

/// A process of which nothing has been heard yet. Fields are dropped in this order: the folder goes when nobody is left who could
/// put a socket into it.
struct Newborn {
    child: Child,
    stdin: Stdin,
    stdout: Stdout,
    stderr: Stderr,
    /// This end of the channel that it was born with.
    channel: Option<Duplex>,
    token: Option<Token>,
    offer: Offer,
    folder: Option<Folder>,
    /// Why there is no folder.
    homeless: Option<FolderError>,
}

/// Starts a worker and brings it to the point where it serves. Whatever fails, nothing of it is left.
pub(super) async fn start(
    contract: &'static Contract,
    plan: &Plan,
    incarnation: u64,
    (clock, journal, events): (&Clock, &Journal, Arc<dyn EventTarget>),
) -> Result<Live, StartError> {
    let (module, begun) = (contract.name, clock.now());
    let elapsed = || tracing::field::debug(clock.now().saturating_duration_since(begun));
    journal.note(Lifecycle::State(ModuleState::Initializing));
    let span = tracing::debug_span!(
        "spawn",
        module,
        incarnation,
        pid = tracing::field::Empty,
        elapsed = tracing::field::Empty
    );
    let mut newborn = spawn(module, plan).instrument(span.clone()).await?;
    let pid = newborn.child.pid();
    span.record("pid", pid).record("elapsed", elapsed());
    tracing::debug!(parent: &span, "worker started");

    let span = tracing::debug_span!(
        "handshake",
        module,
        incarnation,
        pid,
        elapsed = tracing::field::Empty
    );
    let handshake = async {
        let init = greeting(&mut newborn, plan, clock).await?;
        let features = init.accepted(&newborn.offer.features);
        let agreed = agree(contract, &init, &features)?;
        journal.note(Lifecycle::State(ModuleState::Connecting));
        let duplex = connect(&mut newborn, &init, &features, clock).await?;
        Ok((features, agreed, duplex))
    };
    let (features, agreed, (duplex, token)) = handshake.instrument(span.clone()).await?;
    span.record("elapsed", elapsed());
    tracing::debug!(parent: &span, features = features.offer(), "worker is ready");

    if let Some(bytes) = plan.socket_buffer
        && let Err(error) = duplex.set_buffers(bytes)
    {
        tracing::warn!(parent: &span, bytes, %error, "the buffers of the data channel keep their size");
    }
    let Agreed {
        methods,
        events: ids,
        worker_version,
    } = agreed;
    let link = Link {
        pid: Some(pid),
        incarnation,
        worker_version,
        methods,
        events: ids,
        features,
    };
    let (connection, mut reading) =
        Connection::open(duplex, link, plan.limits, clock.clone(), events);
    if let Some(Token(token)) = token {
        connection.authenticate(&token);
    }
    let nonce = features.tagged.then(|| newborn.offer.nonce.clone());
    newborn.stdin.tag(nonce);
    Ok(Live {
        child: newborn.child,
        stdin: newborn.stdin,
        stdout: newborn.stdout,
        stderr: newborn.stderr,
        connection,
        reading: tokio::spawn(async move { reading.run().await }),
    })
}

/// Starts the process, with everything that it is born with.
async fn spawn(module: &'static str, plan: &Plan) -> Result<Newborn, StartError> {
    let launch = &plan.launch;
    let refused = |cause| launch.refusal(cause);
    let random = |error: getrandom::Error| refused(io::Error::other(error.to_string()));
    let nonce = Nonce::new(bytes().map_err(random)?);
    let token = match plan.auth {
        true => Some(Token::fresh().map_err(random)?),
        false => None,
    };
    let offer = Offer {
        features: OFFERED,
        nonce,
    };
    #[cfg(test)]
    if let Some(nursery) = &launch.nursery {
        let started = nursery.start(&offer).map_err(refused)?;
        return Ok(Newborn::simulated(started, offer, module));
    }
    // Without a folder there is still the channel that it is born with.
    let (base, temporary) = (
        launch.variable("XDG_RUNTIME_DIR"),
        launch.variable("TMPDIR"),
    );
    let made = tokio::task::spawn_blocking(move || {
        let env = |key: &str| match key {
            "XDG_RUNTIME_DIR" => base.clone(),
            _ => temporary.clone(),
        };
        Folder::make(env, &Folders)
    });
    let made = made.await;
    let (folder, homeless) = match made.map_err(|error| refused(io::Error::other(error)))? {
        Ok(folder) => (Some(folder), None),
        Err(error) => (None, Some(error)),
    };
    let (near, far) = Inherited::pair().map_err(refused)?;
    let birth = Birth {
        module,
        features: offer.features,
        nonce: &offer.nonce,
        token: token.as_ref().map(|Token(token)| &**token),
        folder: folder.as_ref().map(Folder::path),
        channel: Some(far.shown()),
    };
    let started = Child::start(launch, &birth, Some(far)).await;
    let (child, pipes) = started.map_err(refused)?;
    let pid = child.pid();
    Ok(Newborn {
        child,
        stdin: Stdin::write(pipes.stdin),
        stdout: Stdout::read(pipes.stdout, offer.clone(), module, pid),
        stderr: Stderr::read(pipes.stderr, module, pid),
        channel: Some(near),
        token,
        offer,
        folder,
        homeless,
    })
}

#[cfg(test)]
impl Newborn {
    fn simulated(
        started: super::process::simulated::Started,
        offer: Offer,
        module: &'static str,
    ) -> Self {
        let pid = started.child.pid();
        Self {
            child: started.child,
            stdin: Stdin::write(started.stdin),
            stdout: Stdout::read(started.stdout, offer.clone(), module, pid),
            stderr: Stderr::read(started.stderr, module, pid),
            channel: Some(started.channel),
            token: None,
            offer,
            folder: None,
            homeless: None,
        }
    }
}

/// Waits for what the worker says of itself.
async fn greeting(
    newborn: &mut Newborn,
    plan: &Plan,
    clock: &Clock,
) -> Result<Box<Init>, StartError> {
    let Newborn {
        child,
        stdout,
        stderr,
        ..
    } = newborn;
    // Its last words count even when it is gone before they are read.
    let word = tokio::select! {
        biased;
        word = &mut stdout.first => word.ok(),
        () = child.exited() => tokio::time::timeout(LAST_WORDS, &mut stdout.first).await.ok().and_then(Result::ok),
        () = clock.sleep(plan.ready) => {
            child.kill();
            return Err(StartError::InitTimeout {
                phase: StartPhase::Init,
                after: plan.ready,
                stderr_tail: stderr.tail().await,
                stdout_tail: stdout.before(),
            });
        }
    };
    match word {
        Some(Word::Init(Ok(init))) => Ok(init),
        Some(Word::Init(Err(malformed))) => Err(StartError::InitMalformed {
            problem: malformed.problem,
            line: malformed.line,
        }),
        Some(Word::Error(message)) => {
            // It is about to end, and may have more to say on stderr.
            let _ = tokio::time::timeout(LAST_WORDS, child.exited()).await;
            child.kill();
            Err(StartError::Reported {
                message,
                stderr_tail: stderr.tail().await,
            })
        }
        None => {
            let ended = tokio::time::timeout(LAST_WORDS, child.exited()).await;
            child.kill();
            let (stderr_tail, stdout_tail) = (stderr.tail().await, stdout.before());
            if ended.is_err() {
                return Err(StartError::Mute {
                    stdout_tail,
                    stderr_tail,
                });
            }
            let exit = child.reap().unwrap_or(Exit::Unknown);
            Err(plan.launch.is_no_program(exit, &stderr_tail).unwrap_or(
                StartError::ExitedBeforeInit {
                    exit,
                    stdout_tail,
                    stderr_tail,
                },
            ))
        }
    }
}

/// The data channel, and the token that must be shown on it first.
async fn connect(
    newborn: &mut Newborn,
    init: &Init,
    features: &Features,
    clock: &Clock,
) -> Result<(Duplex, Option<Token>), StartError> {
    if features.inherited
        && let Some(channel) = newborn.channel.take()
    {
        newborn.folder = None;
        return Ok((channel, None));
    }
    let path = Path::new(&init.pipe);
    let refused = |reason: String| StartError::SocketRefused {
        path: init.pipe.clone(),
        reason,
    };
    let is_ours = *features != Features::default();
    if is_ours && let Some(error) = newborn.homeless.take() {
        return Err(homeless(&init.pipe, error));
    }
    let reached = match inspect(path, newborn.folder.as_ref(), is_ours) {
        Err(Refused::Insecure(error)) => return Err(homeless(&init.pipe, error)),
        Err(Refused::Untrusted(why)) => return Err(refused(why.to_owned())),
        Err(Refused::Missing(cause)) => Err(cause.to_string()),
        Ok(()) => tokio::select! {
            connected = Duplex::connect(path) => connected.map_err(|error| error.to_string()),
            () = newborn.child.exited() => Err("the worker has ended".to_owned()),
            () = clock.sleep(CONNECT) => {
                newborn.child.kill();
                return Err(StartError::InitTimeout {
                    phase: StartPhase::Connect,
                    after: CONNECT,
                    stderr_tail: newborn.stderr.tail().await,
                    stdout_tail: newborn.stdout.before(),
                });
            }
        },
    };
    match reached {
        Ok(duplex) => {
            let own = rustix::process::geteuid().as_raw();
            if !duplex.peer_uid().is_ok_and(|uid| uid == own) {
                return Err(refused("another user listens there".to_owned()));
            }
            // What is connected needs its path no more.
            newborn.folder = None;
            newborn.channel = None;
            Ok((duplex, newborn.token.take()))
        }
        Err(reason) => {
            // A process that has ended is why nobody listens.
            let ended = tokio::time::timeout(LAST_WORDS, newborn.child.exited()).await;
            newborn.child.kill();
            Err(StartError::ConnectFailed {
                path: init.pipe.clone(),
                reason,
                stderr_tail: newborn.stderr.tail().await,
                exit: ended.ok().and_then(|()| newborn.child.reap()),
            })
        }
    }
}

/// No safe place for a socket, in terms of a start.
fn homeless(pipe: &str, error: FolderError) -> StartError {
    match error {
        FolderError::TooLong { .. } => StartError::SocketPathTooLong(error),
        FolderError::Insecure { .. } => StartError::SocketDirInsecure(error),
        other => StartError::ConnectFailed {
            path: pipe.to_owned(),
            reason: other.to_string(),
            exit: None,
            stderr_tail: Arc::from(""),
        },
    }
}

/// 64 hex digits that nobody can guess, fresh for every start.
struct Token(String);

impl Token {
    fn fresh() -> Result<Self, getrandom::Error> {
        let mut token = String::with_capacity(64);
        for byte in bytes::<32>()? {
            let _ = write!(token, "{byte:02x}"); // writing to a string cannot fail
        }
        Ok(Self(token))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

fn bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// What this side of a connection understands.
const OFFERED: Features = Features::all();
/// Fixed, as in other parents.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a process that has ended, or is about to, may still be heard.
const LAST_WORDS: Duration = Duration::from_millis(100);

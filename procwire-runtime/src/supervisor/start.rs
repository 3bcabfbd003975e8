//! One attempt to start a worker: process, greeting, handshake, data channel.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::ChildStdin;
use tokio::task::JoinHandle;

use super::error::StartError;
use super::handshake::agree;
use super::process::{Child, Launch, Stderr, Stdout, Word};
use crate::clock::Clock;
use crate::connection::{Connection, End, EventTarget, Exit, Limits, Link};
use crate::contract::{Contract, Heartbeat, Restart};
use crate::module::{Journal, Lifecycle, ModuleState};
use crate::transport::Duplex;

/// How the worker of a module is run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) launch: Launch,
    pub(super) ready: Duration,
    pub(super) grace: Duration,
    pub(super) retries: u32,
    pub(super) restart: Restart,
    pub(super) heartbeat: Option<Heartbeat>,
    pub(super) auth: bool,
    pub(super) limits: Limits,
}

/// A worker that serves.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) child: Child,
    pub(super) stdin: ChildStdin,
    pub(super) stdout: Stdout,
    pub(super) stderr: Stderr,
    pub(super) connection: Arc<Connection>,
    pub(super) reading: JoinHandle<End>,
}

/// Starts a worker and brings it to the point where it serves. Whatever fails, nothing of it is left.
pub(super) async fn start(
    contract: &'static Contract,
    plan: &Plan,
    incarnation: u64,
    (clock, journal, events): (&Clock, &Journal, Arc<dyn EventTarget>),
) -> Result<Live, StartError> {
    journal.note(Lifecycle::State(ModuleState::Initializing));
    let token = if plan.auth {
        Some(
            token()
                .map_err(|error| launch_error(plan, std::io::Error::other(error.to_string())))?,
        )
    } else {
        None
    };
    let (mut child, pipes) = Child::start(&plan.launch, contract.name, token.as_deref())
        .await
        .map_err(|source| launch_error(plan, source))?;
    let pid = child.pid();
    let mut stdout = Stdout::read(pipes.stdout, contract.name, pid);
    let mut stderr = Stderr::read(pipes.stderr, contract.name, pid);
    tracing::debug!(module = contract.name, pid, incarnation, "worker started");

    // Its last words count even when it is gone before they are read.
    let word = tokio::select! {
        biased;
        word = &mut stdout.first => word.ok(),
        () = child.exited() => tokio::time::timeout(LAST_WORDS, &mut stdout.first).await.ok().and_then(Result::ok),
        () = clock.sleep(plan.ready) => {
            child.kill();
            let stderr_tail = stderr.tail().await;
            return Err(StartError::NotReady { after: plan.ready, stderr_tail });
        }
    };
    let init = match word {
        Some(Word::Init(init)) => *init,
        Some(Word::Error(message)) => {
            // It is about to end, and may have more to say on stderr.
            let _ = tokio::time::timeout(LAST_WORDS, child.exited()).await;
            child.kill();
            return Err(StartError::Reported {
                message,
                stderr_tail: stderr.tail().await,
            });
        }
        None => {
            let exit = tokio::time::timeout(LAST_WORDS, child.exited())
                .await
                .is_ok();
            child.kill();
            let stderr_tail = stderr.tail().await;
            return Err(match exit {
                true => StartError::Exited {
                    exit: child.reap().unwrap_or(Exit::Unknown),
                    stderr_tail,
                },
                false => StartError::Mute { stderr_tail },
            });
        }
    };
    let init = init.map_err(|error| StartError::Handshake(error.into()))?;
    let agreed = agree(contract, &init)?;

    journal.note(Lifecycle::State(ModuleState::Connecting));
    let connected = tokio::select! {
        connected = Duplex::connect(Path::new(&init.pipe)) => connected.map_err(|error| error.to_string()),
        () = child.exited() => Err("the worker has ended".to_owned()),
        () = clock.sleep(CONNECT) => Err(format!("no answer within {CONNECT:?}")),
    };
    let duplex = match connected {
        Ok(duplex) => duplex,
        Err(reason) => {
            child.kill();
            let stderr_tail = stderr.tail().await;
            return Err(StartError::Connect {
                path: init.pipe,
                reason,
                stderr_tail,
            });
        }
    };
    let link = Link {
        pid: Some(pid),
        incarnation,
        worker_version: agreed.worker_version,
        methods: agreed.methods,
        events: agreed.events,
    };
    let (connection, mut reading) =
        Connection::open(duplex, link, plan.limits, clock.clone(), events);
    if let Some(token) = token {
        connection.authenticate(&token);
    }
    let reading = tokio::spawn(async move { reading.run().await });
    Ok(Live {
        child,
        stdin: pipes.stdin,
        stdout,
        stderr,
        connection,
        reading,
    })
}

fn launch_error(plan: &Plan, source: std::io::Error) -> StartError {
    let hint = plan.launch.hint(&source);
    StartError::Launch {
        program: plan.launch.program.to_string_lossy().into_owned(),
        source,
        hint,
    }
}

/// 64 hex digits that nobody can guess.
fn token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    let mut token = String::with_capacity(64);
    for byte in bytes {
        let _ = write!(token, "{byte:02x}");
    }
    Ok(token)
}

/// Fixed, as in other parents.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a process that has ended, or is about to, may still be heard.
const LAST_WORDS: Duration = Duration::from_millis(100);

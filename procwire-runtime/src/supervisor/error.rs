//! Why a worker could not be started.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::connection::Exit;
use crate::control::InvalidInit;
use crate::module::ModuleState;
use crate::transport::FolderError;

/// A module has no worker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// Neither the schema nor the builder says what to start.
    #[error(
        "module `{module}`: nothing to start: give the schema a [spawn] section or call `.command(…)` on the builder"
    )]
    NoCommand {
        /// The module.
        module: &'static str,
    },
    /// A setting cannot work.
    #[error("module `{module}`: {setting} {problem}")]
    Setting {
        /// The module.
        module: &'static str,
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is no tokio runtime here.
    #[error(
        "module `{module}`: no tokio runtime: spawn it from within one, with I/O and time enabled"
    )]
    NoRuntime {
        /// The module.
        module: &'static str,
    },
    /// Every attempt failed.
    #[error("module `{module}`: no worker after {attempts} attempt(s) of `{command}`: {last}")]
    Failed {
        /// The module.
        module: &'static str,
        /// What was started.
        command: String,
        /// How often.
        attempts: u32,
        /// Why the last one failed; its words are in this one's.
        last: Arc<StartError>,
    },
    /// It is being started, or serves.
    #[error("module `{module}`: it is {state:?}: only one that is at rest can be started")]
    NotAtRest {
        /// The module.
        module: &'static str,
        /// Where it stands.
        state: ModuleState,
    },
    /// Its manager does not know it any more.
    #[error("module `{module}`: it is not registered any more")]
    Unregistered {
        /// The module.
        module: &'static str,
    },
    /// It was shut down before it was ready.
    #[error("module `{module}`: shut down while it was starting")]
    ShutDown {
        /// The module.
        module: &'static str,
    },
}

/// Why one attempt to start a worker failed.
///
/// The system's words are part of the text, so that nothing is said twice by who prints a chain of sources.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no such program.
    #[error("cannot start `{program}`: {}", not_found(*exists, searched.as_deref()))]
    NotFound {
        /// The program.
        program: String,
        /// The `PATH` that was searched; none when the program is a path itself.
        searched: Option<String>,
        /// The file is there. What it names in its first line, or needs to be loaded, is not.
        exists: bool,
    },
    /// The program may not be executed.
    #[error("cannot start `{program}`: permission denied; {}", if *is_dir { "it is a directory" } else { "is it executable?" })]
    PermissionDenied {
        /// The program.
        program: String,
        /// It is a directory.
        is_dir: bool,
    },
    /// The file is no program of this system.
    #[error(
        "cannot start `{program}`: it is no program for this system; a script begins with `#!` and its interpreter{}{}",
        shell(*exit),
        stderr(stderr_tail)
    )]
    ExecFormat {
        /// The program.
        program: String,
        /// How the shell ended that was given the file in its place; none when nothing was started.
        exit: Option<Exit>,
        /// The end of what that shell, or the script, wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// The working directory does not exist.
    #[error("cannot start `{program}`: the working directory does not exist: {cwd:?}")]
    CwdMissing {
        /// The program.
        program: String,
        /// The directory.
        cwd: PathBuf,
    },
    /// This process or the system has no descriptors left.
    #[error(
        "cannot start `{program}`: no descriptors are left ({cause}); a worker takes five: raise `ulimit -n`"
    )]
    FdExhausted {
        /// The program.
        program: String,
        /// The system's words.
        cause: io::Error,
    },
    /// The system starts no more processes.
    #[error("cannot start `{program}`: the system starts no more processes ({cause})")]
    ProcessLimit {
        /// The program.
        program: String,
        /// The system's words.
        cause: io::Error,
    },
    /// There is no space for what a start needs.
    #[error("cannot start `{program}`: {cause}")]
    NoSpace {
        /// The program.
        program: String,
        /// The system's words.
        cause: io::Error,
    },
    /// The process could not be started for another reason.
    #[error("cannot start `{program}`: {cause}")]
    Launch {
        /// The program.
        program: String,
        /// The system's words.
        cause: io::Error,
    },
    /// The process ended before it said what it serves.
    #[error(
        "the worker {exit} before it was ready{}",
        written(stdout_tail, stderr_tail)
    )]
    ExitedBeforeInit {
        /// How it ended.
        exit: Exit,
        /// The end of what it wrote to stdout.
        stdout_tail: Arc<str>,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// The process closed its stdout before it said what it serves.
    #[error(
        "the worker closed its stdout before it was ready{}",
        written(stdout_tail, stderr_tail)
    )]
    Mute {
        /// The end of what it wrote to stdout.
        stdout_tail: Arc<str>,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// The worker was not ready in time.
    #[error(
        "the worker was not ready within {after:?}: {}{}",
        missing(*phase, stdout_tail),
        written(stdout_tail, stderr_tail)
    )]
    InitTimeout {
        /// What it did not do.
        phase: StartPhase,
        /// The time it was given.
        after: Duration,
        /// The end of what it wrote to stdout.
        stdout_tail: Arc<str>,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// The worker said that it cannot start.
    #[error("the worker reports: {message}{}", stderr(stderr_tail))]
    Reported {
        /// Its words.
        message: String,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
    /// What the worker announced cannot be used.
    #[error("{problem}, in: {line}")]
    InitMalformed {
        /// What is wrong with it.
        problem: InvalidInit,
        /// The begin of the line.
        line: String,
    },
    /// The worker does not serve what the schema promises.
    #[error("{}", listed(diff))]
    SchemaMismatch {
        /// Everything that does not fit.
        diff: Vec<Difference>,
    },
    /// The worker was built for another generation of the protocol.
    #[error(
        "the worker speaks generation {announced} of the protocol, this program speaks {expected}: \
         give both the same version of procwire"
    )]
    VersionMismatch {
        /// The worker's.
        announced: u64,
        /// This program's.
        expected: u32,
    },
    /// The worker listens at a place that is not connected to.
    #[error("the worker names {path:?} as its socket, which is not connected to: {reason}")]
    SocketRefused {
        /// Where it said it listens.
        path: String,
        /// Why not.
        reason: String,
    },
    /// There is no directory in which the path of a socket is short enough.
    #[error("{0}")]
    SocketPathTooLong(FolderError),
    /// There is no directory for a socket that is safe from others.
    #[error("{0}")]
    SocketDirInsecure(FolderError),
    /// The data channel could not be opened.
    #[error(
        "cannot connect to the worker at {path:?}: {reason}{}",
        stderr(stderr_tail)
    )]
    ConnectFailed {
        /// Where it said it listens.
        path: String,
        /// Why.
        reason: String,
        /// How the process ended, if it has.
        exit: Option<Exit>,
        /// The end of what it wrote to stderr.
        stderr_tail: Arc<str>,
    },
}

/// What a worker did not do in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartPhase {
    /// Say what it serves.
    Init,
    /// Take the connection.
    Connect,
}

/// One thing in which a worker differs from its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// A method is missing.
    MissingMethod {
        /// The method.
        method: &'static str,
        /// What it serves.
        known: String,
    },
    /// An event is missing.
    MissingEvent {
        /// The event.
        event: &'static str,
        /// What it announces.
        known: String,
    },
    /// A method answers in another way.
    OtherKind {
        /// The method.
        method: &'static str,
        /// What the schema says.
        expected: &'static str,
        /// What the worker says.
        announced: String,
    },
    /// An id that means something to the wire itself.
    UnusableId {
        /// The method or event.
        name: &'static str,
        /// The id.
        id: u64,
    },
}

impl StartError {
    /// Whether another attempt could only end in the same way. A program that is not there, or does not fit its schema, or has
    /// ended by itself with an error, will do the same again.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::ExitedBeforeInit { exit, .. } => matches!(exit, Exit::Code(_)),
            Self::Reported { .. } => true,
            _ => self.is_hopeless(),
        }
    }

    /// Whether not even a worker that served once will come back: it is the program or the schema that is wrong, not what the
    /// program met.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        match self {
            Self::Launch { cause, .. } => !matches!(
                cause.kind(),
                io::ErrorKind::Interrupted
                    | io::ErrorKind::ExecutableFileBusy
                    | io::ErrorKind::Other
            ),
            Self::NotFound { .. }
            | Self::PermissionDenied { .. }
            | Self::ExecFormat { .. }
            | Self::CwdMissing { .. }
            | Self::InitMalformed { .. }
            | Self::SchemaMismatch { .. }
            | Self::VersionMismatch { .. }
            | Self::SocketRefused { .. }
            | Self::SocketPathTooLong(_)
            | Self::SocketDirInsecure(_) => true,
            Self::FdExhausted { .. }
            | Self::ProcessLimit { .. }
            | Self::NoSpace { .. }
            | Self::ExitedBeforeInit { .. }
            | Self::Mute { .. }
            | Self::InitTimeout { .. }
            | Self::Reported { .. }
            | Self::ConnectFailed { .. } => false,
        }
    }

    /// How the process ended, where that is known.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        match self {
            Self::ExitedBeforeInit { exit, .. } => Some(*exit),
            Self::ConnectFailed { exit, .. } | Self::ExecFormat { exit, .. } => *exit,
            _ => None,
        }
    }

    /// The end of what the process wrote to stderr; empty when there was no process.
    #[must_use]
    pub fn stderr_tail(&self) -> Arc<str> {
        match self {
            Self::ExitedBeforeInit { stderr_tail, .. }
            | Self::ExecFormat { stderr_tail, .. }
            | Self::Mute { stderr_tail, .. }
            | Self::InitTimeout { stderr_tail, .. }
            | Self::Reported { stderr_tail, .. }
            | Self::ConnectFailed { stderr_tail, .. } => stderr_tail.clone(),
            _ => Arc::from(""),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingMethod { method, known } => write!(
                f,
                "the worker does not serve the method `{method}`; it serves {known}"
            ),
            Self::MissingEvent { event, known } => write!(
                f,
                "the worker does not announce the event `{event}`; it announces {known}"
            ),
            Self::OtherKind {
                method,
                expected,
                announced,
            } => write!(
                f,
                "the worker answers the method `{method}` as `{announced}`, the schema says `{expected}`"
            ),
            Self::UnusableId { name, id } => write!(
                f,
                "the worker gives `{name}` the id {id}, which no frame can carry"
            ),
        }
    }
}

fn listed(diff: &[Difference]) -> String {
    let lines: Vec<String> = diff.iter().map(Difference::to_string).collect();
    lines.join("\n")
}

fn not_found(exists: bool, searched: Option<&str>) -> String {
    match searched {
        _ if exists => {
            "the file is there, but not the interpreter that its first line names".to_owned()
        }
        Some(path) => format!("not found; is it installed, and on the PATH: {path}?"),
        None => "not found; is it installed there?".to_owned(),
    }
}

fn missing(phase: StartPhase, stdout: &str) -> &'static str {
    match phase {
        StartPhase::Connect => "it does not take the connection",
        StartPhase::Init if stdout.is_empty() => {
            "it wrote nothing to stdout; does it call `serve`, and is its output unbuffered?"
        }
        StartPhase::Init => "does it call `serve`?",
    }
}

fn written(stdout: &str, errors: &str) -> String {
    let stdout = match stdout {
        "" => String::new(),
        text => format!("; its stdout ended with:\n{text}\n"),
    };
    stdout + &stderr(errors)
}

fn shell(exit: Option<Exit>) -> String {
    exit.map_or_else(String::new, |exit| {
        format!("; a shell was given it instead and {exit}")
    })
}

fn stderr(tail: &str) -> String {
    if tail.is_empty() {
        String::new()
    } else {
        format!("; its stderr ended with:\n{tail}")
    }
}

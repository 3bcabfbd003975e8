//! A child process: when it ended, how, and that nothing of it is left.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::LazyLock;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use tokio::io::unix::AsyncFd;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::watch;

use super::command::{Birth, Launch};
use super::{spawner, warden};
use crate::connection::Exit;
use crate::transport::Inherited;

/// A process that was started and is not reaped before its whole group is dead. Dropping it kills and reaps it.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
    pid: u32,
    watch: Watch,
    #[cfg(test)]
    simulated: Option<Box<dyn super::simulated::Body>>,
}

/// A process of which nothing else is known yet. Dropping it kills and reaps it.
#[derive(Debug)]
pub(super) struct Process(Option<std::process::Child>);

/// Its three pipes.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// How its end is noticed, without reaping it.
#[derive(Debug)]
enum Watch {
    /// A descriptor that becomes readable.
    Pidfd(AsyncFd<OwnedFd>),
    /// A thread that waits, where there are no such descriptors.
    Thread(watch::Receiver<bool>),
}

impl Child {
    /// Starts a process; tries again for a moment when the system is short of something. With a channel, the process is born
    /// with it.
    pub(crate) async fn start(
        launch: &Launch,
        birth: &Birth<'_>,
        channel: Option<Inherited>,
    ) -> io::Result<(Self, Pipes)> {
        let mut command = launch.command(birth);
        spawner::prepare(&mut command, channel)?;
        let mut tries = 1;
        let process = loop {
            let (same, started) = spawner::spawn(command).await?;
            match started {
                Ok(process) => break process,
                Err(error) if tries < TRIES && is_transient(&error) => {
                    tokio::time::sleep(PAUSE).await;
                    (command, tries) = (same, tries + 1);
                }
                Err(error) => return Err(error),
            }
        };
        let pid = process.0.as_ref().map_or(0, std::process::Child::id);
        // Whatever returns early drops the process, which kills it.
        let mut child = Self {
            process,
            pid,
            watch: Watch::Thread(watch::channel(true).1),
            #[cfg(test)]
            simulated: None,
        };
        child.watch = Watch::new(pid)?;
        let missing = || io::Error::other("a pipe is missing");
        let process = child.process.0.as_mut().ok_or_else(missing)?;
        let pipes = Pipes {
            stdin: ChildStdin::from_std(process.stdin.take().ok_or_else(missing)?)?,
            stdout: ChildStdout::from_std(process.stdout.take().ok_or_else(missing)?)?,
            stderr: ChildStderr::from_std(process.stderr.take().ok_or_else(missing)?)?,
        };
        Ok((child, pipes))
    }

    /// A process that is none. Its `end` is told by the sender.
    #[cfg(test)]
    pub(crate) fn simulated(
        pid: u32,
        end: watch::Receiver<bool>,
        body: Box<dyn super::simulated::Body>,
    ) -> Self {
        Self {
            process: Process(None),
            pid,
            watch: Watch::Thread(end),
            simulated: Some(body),
        }
    }

    /// Its process id, which stays its own until it is reaped.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Resolves when the process itself has ended, whatever it has left behind.
    pub(crate) async fn exited(&self) {
        match &self.watch {
            Watch::Pidfd(fd) => drop(fd.readable().await),
            Watch::Thread(ended) => drop(ended.clone().wait_for(|ended| *ended).await),
        }
    }

    /// Kills the process and everything it started that did not leave its group.
    pub(crate) fn kill(&self) {
        #[cfg(test)]
        if let Some(body) = &self.simulated {
            return body.kill();
        }
        // An error means that nobody is left.
        let _ = kill_group(self.pid);
    }

    /// Asks the process and everything it started that did not leave its group to end.
    pub(crate) fn terminate(&self) {
        #[cfg(test)]
        if let Some(body) = &self.simulated {
            return body.terminate();
        }
        // An error means that nobody is left.
        let _ = signal_group(self.pid, Signal::TERM);
    }

    /// How it ended, when it has. After this its id may belong to another process.
    pub(crate) fn reap(&mut self) -> Option<Exit> {
        #[cfg(test)]
        if let Some(body) = &self.simulated {
            return body.reap();
        }
        let process = self.process.0.as_mut()?;
        let exit = match process.try_wait() {
            Ok(None) => return None,
            Ok(Some(status)) => exit_of(status),
            Err(_) => Exit::Unknown, // someone else in this process waited for it
        };
        self.process.0 = None;
        warden::forget(self.pid);
        Some(exit)
    }
}

impl Process {
    pub(super) fn new(process: std::process::Child) -> Self {
        Self(Some(process))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut process) = self.0.take() else {
            return;
        };
        let pid = process.id();
        let _ = kill_group(pid); // an error means that nobody is left
        if matches!(process.try_wait(), Ok(None)) {
            // It is dying; its end must not be waited for here.
            let unsettled = Unsettled::new();
            let reaper = std::thread::Builder::new().name("procwire-reaper".to_owned());
            let _ = reaper.spawn(move || {
                let _ = process.wait();
                warden::forget(pid);
                drop(unsettled);
            });
        } else {
            warden::forget(pid);
        }
    }
}

/// Held while there may be a process that nobody knows yet, or that was dropped and has not been reaped.
pub(super) struct Unsettled(());

static UNSETTLED: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

impl Unsettled {
    pub(super) fn new() -> Self {
        UNSETTLED.send_modify(|count| *count += 1);
        Self(())
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        UNSETTLED.send_modify(|count| *count -= 1);
    }
}

/// Resolves when no process of this program is being started, and every one that was dropped has been reaped.
pub(crate) async fn settled() {
    // The sender is never dropped.
    let _ = UNSETTLED.subscribe().wait_for(|count| *count == 0).await;
}

impl Watch {
    fn new(pid: u32) -> io::Result<Self> {
        let target = raw(pid)?;
        if let Ok(fd) = rustix::process::pidfd_open(target, PidfdFlags::NONBLOCK) {
            #[expect(
                deprecated,
                reason = "unsound for types that may close their descriptor early, which an `OwnedFd` cannot; the other way is unsafe"
            )]
            return AsyncFd::with_interest(fd, tokio::io::Interest::READABLE).map(Self::Pidfd);
        }
        let (tell, ended) = watch::channel(false);
        std::thread::Builder::new()
            .name("procwire-wait".to_owned())
            .spawn(move || {
                while let Err(rustix::io::Errno::INTR) = rustix::process::waitid(
                    WaitId::Pid(target),
                    WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
                ) {}
                tell.send_replace(true);
            })?;
        Ok(Self::Thread(ended))
    }
}

/// Whether the system may give in a moment what it refuses now: descriptors, processes, memory, or a program that is still open
/// for writing in a process that is about to become another one.
pub(crate) fn is_transient(error: &io::Error) -> bool {
    use rustix::io::Errno;

    let passing = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::AGAIN,
        Errno::NOMEM,
        Errno::TXTBSY,
    ];
    Errno::from_io_error(error).is_some_and(|errno| passing.contains(&errno))
}

/// Kills a process group.
pub(super) fn kill_group(pid: u32) -> io::Result<()> {
    signal_group(pid, Signal::KILL)
}

fn signal_group(pid: u32, signal: Signal) -> io::Result<()> {
    Ok(rustix::process::kill_process_group(raw(pid)?, signal)?)
}

fn raw(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unknown,
    }
}

/// How often and how fast a start is tried again that failed for want of something.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(5);

//! The one thread that starts processes. It never ends.
//!
//! The kernel can end a child when its parent dies, but "parent" there means the thread that started it. A thread of a pool
//! that retires would take the workers with it, so one thread of this process starts them all and lives as long as it does.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{OnceLock, mpsc};

use tokio::sync::oneshot;

struct Job {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// Starts a process in a group of its own, which dies with this process.
pub(super) async fn spawn(command: Command) -> io::Result<Child> {
    let (reply, started) = oneshot::channel();
    let gone = || io::Error::other("the thread that starts processes is gone");
    jobs()?.send(Job { command, reply }).map_err(|_| gone())?;
    started.await.map_err(|_| gone())?
}

fn jobs() -> io::Result<&'static mpsc::Sender<Job>> {
    static JOBS: OnceLock<Option<mpsc::Sender<Job>>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let (send, receive) = mpsc::channel();
        std::thread::Builder::new()
            .name("procwire-spawner".to_owned())
            .spawn(move || serve(&receive))
            .ok()?;
        Some(send)
    });
    jobs.as_ref()
        .ok_or_else(|| io::Error::other("no thread could be started that starts processes"))
}

fn serve(jobs: &mpsc::Receiver<Job>) {
    for Job { mut command, reply } in jobs {
        command.process_group(0);
        die_with_parent(&mut command);
        if let Err(Ok(mut child)) = reply.send(command.spawn()) {
            // Whoever wanted it has gone meanwhile.
            let _ = super::child::kill_group(child.id());
            let _ = child.wait();
        }
    }
}

#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "the only way to run code between fork and exec, and the only place that does"
)]
fn die_with_parent(command: &mut Command) {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    let parent = Some(rustix::process::getpid());
    // SAFETY: between fork and exec of a process with threads only async-signal-safe calls are allowed. These are two bare
    // system calls; nothing allocates, locks or panics.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // It may have died before the signal was asked for.
            if getppid() == parent {
                Ok(())
            } else {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        });
    }
}

/// Elsewhere the end of stdin is the only sign, which every worker runtime watches.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command) {}

//! The one thread that starts processes. It never ends.
//!
//! The kernel can end a child when its parent dies, but "parent" there means the thread that started it. A thread of a pool
//! that retires would take the workers with it, so one thread of this process starts them all and lives as long as it does.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{OnceLock, mpsc};

use tokio::sync::oneshot;

use super::child::{Process, Unsettled};
use super::warden;
use crate::transport::Inherited;

struct Start {
    command: Command,
    reply: oneshot::Sender<(Command, io::Result<Process>)>,
    /// Until it is done there may be a process that nobody knows yet.
    unsettled: Unsettled,
}

/// Makes a command one whose process is in a group of its own, dies with this process, and has the descriptors 0, 1, 2 and,
/// if a channel is given, 3, and no others.
pub(super) fn prepare(command: &mut Command, channel: Option<Inherited>) -> io::Result<()> {
    command.process_group(0);
    before_exec(command, channel)
}

/// Starts a process. Gives the command back, since it may be worth another try.
pub(super) async fn spawn(command: Command) -> io::Result<(Command, io::Result<Process>)> {
    let (reply, started) = oneshot::channel();
    let gone = || io::Error::other("the thread that starts processes is gone");
    let job = Start {
        command,
        reply,
        unsettled: Unsettled::new(),
    };
    jobs()?.send(job).map_err(|_| gone())?;
    started.await.map_err(|_| gone())
}

fn jobs() -> io::Result<&'static mpsc::Sender<Start>> {
    static JOBS: OnceLock<Option<mpsc::Sender<Start>>> = OnceLock::new();
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

fn serve(jobs: &mpsc::Receiver<Start>) {
    for job in jobs {
        let Start {
            mut command,
            reply,
            unsettled,
        } = job;
        let started = command.spawn();
        if let Ok(process) = &started {
            warden::watch(process.id());
        }
        // Should whoever wanted it have gone meanwhile, it is dropped, here or with what nobody will take out: that kills it.
        let _ = reply.send((command, started.map(Process::new)));
        drop(unsettled);
    }
}

#[expect(
    unsafe_code,
    reason = "the only way to run code between fork and exec, and the only place that does"
)]
fn before_exec(command: &mut Command, channel: Option<Inherited>) -> io::Result<()> {
    use std::os::fd::{AsFd, AsRawFd};

    // The standard library reports a failed exec through a pipe. Were that descriptor 3, the channel would take its place; so
    // 3 is taken, by whoever has it or by this, for as long as the command lives.
    let placeholder = channel
        .as_ref()
        .map(|channel| rustix::io::fcntl_dupfd_cloexec(channel.socket().as_fd(), Inherited::NUMBER))
        .transpose()?;
    let first_closed = Inherited::NUMBER + i32::from(channel.is_some());
    let parent = rustix::process::getpid();
    // SAFETY: between fork and exec of a process with threads only async-signal-safe calls are allowed. These are bare system
    // calls; nothing allocates, locks or panics. `dup2` replaces descriptor 3 of the child alone, in which nothing runs that
    // could own it: the standard library's own descriptor is not 3, see above, and everything else of the parent's is about to
    // be closed by exec. The channel's socket is open: the closure owns it, and it is above 3 by construction.
    unsafe {
        command.pre_exec(move || {
            let _ = &placeholder;
            die_with(parent)?;
            if let Some(channel) = &channel
                && libc::dup2(channel.socket().as_raw_fd(), Inherited::NUMBER) < 0
            {
                return Err(io::Error::last_os_error());
            }
            close_at_exec(first_closed);
            Ok(())
        });
    }
    Ok(())
}

/// Asks the kernel to end this process when its parent's thread ends.
#[cfg(target_os = "linux")]
fn die_with(parent: rustix::process::Pid) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before the signal was asked for.
    if getppid() == Some(parent) {
        Ok(())
    } else {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

/// Elsewhere the end of stdin is the only sign, which every worker runtime watches.
#[cfg(not(target_os = "linux"))]
fn die_with(_: rustix::process::Pid) -> io::Result<()> {
    Ok(())
}

/// Keeps from the program what some library of this process has opened without a thought for children. Rust's own
/// descriptors are closed by exec anyway. Kernels before 5.11 do not know this, then those of such libraries stay open.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "a system call without a safe wrapper")]
fn close_at_exec(first: i32) {
    // SAFETY: a bare system call on numbers. With this flag it closes nothing yet, so that whoever owns a descriptor still does.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            libc::c_long::from(first),
            libc::c_long::from(i32::MAX),
            libc::c_long::from(libc::CLOSE_RANGE_CLOEXEC),
        );
    }
}

#[cfg(not(target_os = "linux"))]
fn close_at_exec(_: i32) {}

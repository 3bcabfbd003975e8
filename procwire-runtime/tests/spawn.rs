//! How workers are born: what they are given, how they are reached, what is left when they are not, and what a caller hears.

#[path = "spawn/channel.rs"]
mod channel;
#[path = "spawn/control.rs"]
mod control;
#[path = "spawn/parents.rs"]
mod parents;
#[path = "support/pdf.rs"]
mod pdf;
#[path = "spawn/puppet.rs"]
mod puppet;
#[path = "spawn/refusals.rs"]
mod refusals;

use std::time::{Duration, Instant};

use pdf::PdfClient;
use procwire_runtime::__private::{Builder, SpawnError, StartError};

/// A puppet that greets in this way and accepts these features.
fn puppet(mode: &str, accepts: &str) -> Builder<PdfClient> {
    PdfClient::builder()
        .command(puppet::own_program())
        .args(puppet::ARGS)
        .env(puppet::MODE, mode)
        .env(puppet::ACCEPTS, accepts)
}

/// A worker that is a line of shell.
fn shell(script: &str) -> Builder<PdfClient> {
    PdfClient::builder().command("sh").args(["-c", script])
}

/// Why the only attempt of a start failed.
async fn refused(builder: Builder<PdfClient>) -> StartError {
    let error = builder.spawn().await.unwrap_err();
    let SpawnError::Failed { attempts, last, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(attempts, 1, "{last}");
    std::sync::Arc::into_inner(last).unwrap()
}

/// Whether a process is alive: a zombie is not, and one that was reaped has no entry at all.
fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < give_up, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn kill(pid: u32) {
    let process = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
}

//! The parent's line to the worker: pings, the request to finish, and the end of the parent itself.
//!
//! Read by a thread of its own, so that handlers that block do not make the worker look dead, and so that the process ends
//! with its parent whatever they do. Signals have a thread too, for the same reason.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::log::Line;
use super::session::Phase;
use crate::control::{Lines, PONG, ParentMessage};

/// Listens to the parent from now on, and answers on `line`. `socket` is removed should the process have to be ended from
/// here; `drain` is how long requests may take to finish.
///
/// # Errors
/// The system has no threads left.
pub(super) fn hold(
    reads: File,
    line: Line,
    socket: Option<PathBuf>,
    drain: Duration,
) -> io::Result<watch::Receiver<Phase>> {
    let (tell, told) = watch::channel(Phase::Serving);
    hear_signals(&tell, socket.clone(), drain)?;
    thread::Builder::new()
        .name("procwire control".to_owned())
        .spawn(move || {
            listen(reads, &line, &tell);
            tell.send_replace(Phase::Gone);
            // Time enough for `serve` to return and for `main` to end, if nothing blocks them.
            thread::sleep(LAST);
            socket.map(std::fs::remove_file);
            std::process::exit(0);
        })?;
    Ok(told)
}

/// Returns when the parent has closed its end.
fn listen(mut reads: File, answers: &Line, tell: &watch::Sender<Phase>) {
    let mut lines = Lines::new(MAX_LINE);
    let mut buffer = [0; 4 << 10];
    loop {
        let got = match reads.read(&mut buffer) {
            Ok(0) => return,
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        lines.feed(&buffer[..got], |_, line| {
            let message = match answers.nonce() {
                Some(nonce) => ParentMessage::parse_tagged(&line.bytes, nonce),
                None => ParentMessage::parse(&line.bytes),
            };
            match message {
                // A parent that is gone closes this end too.
                ParentMessage::Ping => drop(answers.say(PONG)),
                ParentMessage::Shutdown => drain(tell),
                ParentMessage::Noise => {}
            }
        });
    }
}

/// SIGTERM and SIGINT end the worker as the parent's word does: what was sent is finished, and no socket file stays. They are
/// heard by a thread with a runtime of its own: one whose handlers block hears nothing, and would outlive every request to end.
fn hear_signals(
    tell: &watch::Sender<Phase>,
    socket: Option<PathBuf>,
    drain_time: Duration,
) -> io::Result<()> {
    let (ready, caught) = mpsc::channel();
    let tell = tell.clone();
    thread::Builder::new()
        .name("procwire signals".to_owned())
        .spawn(move || {
            // Made, and dropped should it fail, where blocking is allowed.
            let made = Builder::new_current_thread().enable_io().build();
            let made = made.and_then(|ears| listening(&ears).map(|signals| (ears, signals)));
            let (ears, (mut terminate, mut interrupt)) = match made {
                Ok(made) => made,
                Err(error) => return drop(ready.send(Err(error))),
            };
            let _ = ready.send(Ok(())); // whoever waits for it waits
            ears.block_on(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            });
            drain(&tell);
            thread::sleep(drain_time + LAST);
            // A `serve` that has returned leaves the end to `main`.
            if !tell.is_closed() {
                socket.map(std::fs::remove_file);
                std::process::exit(0);
            }
        })?;
    caught.recv().unwrap_or(Ok(()))
}

/// The signals are caught when this returns.
fn listening(ears: &Runtime) -> io::Result<(Signal, Signal)> {
    let _inside = ears.enter();
    Ok((
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    ))
}

fn drain(tell: &watch::Sender<Phase>) {
    tell.send_if_modified(|phase| {
        let is_new = *phase == Phase::Serving;
        *phase = (*phase).max(Phase::Draining);
        is_new
    });
}

/// Most bytes of a line that are kept.
const MAX_LINE: usize = 64 << 10;
/// How long a process may outlive its parent: less than a second.
const LAST: Duration = Duration::from_millis(900);

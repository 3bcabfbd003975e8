//! The parent's line to the worker: pings, the request to finish, and the end of the parent itself.
//!
//! Read by a thread of its own, so that handlers that block do not make the worker look dead, and so that the process ends
//! with its parent whatever they do.

use std::fs::File;
use std::io::{self, Read};
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::log::Line;
use super::session::Phase;
use crate::control::{Lines, PONG, ParentMessage};

/// Listens to the parent from now on, and answers on `line`. `socket` is removed should the process have to be ended from
/// here.
///
/// # Errors
/// The system has no threads left.
pub(super) fn hold(
    reads: File,
    line: Line,
    socket: Option<PathBuf>,
) -> io::Result<watch::Receiver<Phase>> {
    let (tell, told) = watch::channel(Phase::Serving);
    hear_signals(&tell);
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

/// SIGTERM and SIGINT end the worker as the parent's word does: what was sent is finished, and no socket file stays.
fn hear_signals(tell: &watch::Sender<Phase>) {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        // Without a runtime that hears signals they do what they always did.
        let heard = catch_unwind(|| signal(kind));
        let Ok(Ok(mut signals)) = heard else { continue };
        let tell = tell.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                drain(&tell);
            }
        });
    }
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

//! The parent's line to the worker: pings, the request to finish, and the end of the parent itself.
//!
//! Read by a thread of its own, so that handlers that block do not make the worker look dead, and so that the process ends
//! with its parent whatever they do.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use super::session::Phase;
use super::stdio::Control;
use crate::control::{Lines, PONG, ParentMessage};

/// Listens to the parent from now on. `socket` is removed should the process have to be ended from here.
///
/// # Errors
/// The system has no threads left.
pub(super) fn hold(control: Control, socket: PathBuf) -> io::Result<watch::Receiver<Phase>> {
    let (tell, told) = watch::channel(Phase::Serving);
    thread::Builder::new()
        .name("procwire control".to_owned())
        .spawn(move || {
            listen(control.reads, control.writes, &tell);
            tell.send_replace(Phase::Gone);
            // Time enough for `serve` to return and for `main` to end, if nothing blocks them.
            thread::sleep(LAST);
            let _ = std::fs::remove_file(socket);
            std::process::exit(0);
        })?;
    Ok(told)
}

/// Returns when the parent has closed its end.
fn listen(mut reads: File, mut writes: File, tell: &watch::Sender<Phase>) {
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
            match ParentMessage::parse(&line.bytes) {
                // A parent that is gone closes this end too.
                ParentMessage::Ping => drop(writes.write_all(PONG.as_bytes())),
                ParentMessage::Shutdown => drop(tell.send_replace(Phase::Draining)),
                ParentMessage::Noise => {}
            }
        });
    }
}

/// Most bytes of a line that are kept.
const MAX_LINE: usize = 64 << 10;
/// How long a process may outlive its parent: less than a second.
const LAST: Duration = Duration::from_millis(900);

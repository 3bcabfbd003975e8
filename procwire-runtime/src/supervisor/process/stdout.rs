//! What a worker writes to stdout: messages of the control plane, and noise, which becomes log records.

use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStdout;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use crate::control::{Init, InvalidInit, Line, Lines, Message};

/// The stdout of one process.
#[derive(Debug)]
pub(crate) struct Stdout {
    /// The first `$init` or `$error`; closed when stdout ended without one.
    pub(crate) first: oneshot::Receiver<Word>,
    pong: Arc<Notify>,
    task: JoinHandle<()>,
}

/// The first thing a worker says.
#[derive(Debug)]
pub(crate) enum Word {
    /// What it serves.
    Init(Box<Result<Init, InvalidInit>>),
    /// Why it cannot.
    Error(String),
}

impl Stdout {
    /// Reads to the end, in a task of its own: a worker whose stdout is not read would block one day.
    pub(crate) fn read(stdout: ChildStdout, module: &'static str, pid: u32) -> Self {
        let (tell, first) = oneshot::channel();
        let pong = Arc::new(Notify::new());
        let task = tokio::spawn(drain(stdout, tell, pong.clone(), module, pid));
        Self { first, pong, task }
    }

    /// Resolves when a `$pong` has arrived since the last call.
    pub(crate) async fn pong(&self) {
        self.pong.notified().await;
    }
}

impl Drop for Stdout {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn drain(
    mut stdout: ChildStdout,
    tell: oneshot::Sender<Word>,
    pong: Arc<Notify>,
    module: &'static str,
    pid: u32,
) {
    let (mut lines, mut buffer, mut tell) = (Lines::new(MAX_INIT), vec![0; 8 << 10], Some(tell));
    while let Ok(read @ 1..) = stdout.read(&mut buffer).await {
        lines.feed(&buffer[..read], |lines, line| {
            let message = if line.cut > 0 {
                Message::Noise
            } else {
                Message::parse(&line.bytes)
            };
            let word = match message {
                Message::Pong => return pong.notify_one(),
                Message::Noise | Message::Unknown | Message::Log(_) => {
                    return noise(&line, module, pid);
                }
                Message::Init(init) => Word::Init(init),
                Message::Error(text) => Word::Error(text),
            };
            // Only the first one counts.
            if let Some(tell) = tell.take() {
                let _ = tell.send(word); // nobody may be waiting any more
                lines.set_cap(MAX_LINE);
            }
        });
    }
}

fn noise(line: &Line, module: &'static str, pid: u32) {
    let text = String::from_utf8_lossy(&line.bytes);
    tracing::info!(target: "procwire::worker", module, pid, stream = "stdout", cut = line.cut, "{text}");
}

/// An `$init` may be long.
const MAX_INIT: usize = 1 << 20;
const MAX_LINE: usize = 64 << 10;

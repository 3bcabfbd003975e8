//! What a worker is told on its stdin. A worker that does not read it holds nobody up.

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::control::{Nonce, PING, SHUTDOWN, tagged};

/// The stdin of one process, closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Stdin {
    lines: Option<mpsc::Sender<String>>,
    nonce: Option<Nonce>,
    task: JoinHandle<()>,
}

impl Stdin {
    /// Writes in a task of its own.
    pub(crate) fn write(mut stdin: impl AsyncWrite + Send + Unpin + 'static) -> Self {
        let (lines, mut queue) = mpsc::channel::<String>(QUEUE);
        let task = tokio::spawn(async move {
            while let Some(line) = queue.recv().await {
                // A worker that has closed its end is not told, and will be missed in other ways.
                if stdin.write_all(line.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
        Self {
            lines: Some(lines),
            nonce: None,
            task,
        }
    }

    /// Every line carries this from now on, if it is something.
    pub(crate) fn tag(&mut self, nonce: Option<Nonce>) {
        self.nonce = nonce;
    }

    /// Asks for a sign of life. Lost when too many wait to be written, as they are for a worker that does not read.
    pub(crate) fn ping(&self) {
        self.say(PING);
    }

    /// Asks it to finish and go.
    pub(crate) fn shut_down(&self) {
        self.say(SHUTDOWN);
    }

    /// Closes it after what waits to be written.
    pub(crate) fn close(&mut self) {
        self.lines = None;
    }

    fn say(&self, line: &str) {
        if let Some(lines) = &self.lines {
            let _ = lines.try_send(tagged(line, self.nonce.as_ref()));
        }
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Lines that wait.
const QUEUE: usize = 16;

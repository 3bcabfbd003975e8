//! What a worker writes to stderr: every line a log record, the last of them kept for the error that may follow.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinHandle;

use super::tail::Tail;
use crate::control::Lines;

/// The stderr of one process.
#[derive(Debug)]
pub(crate) struct Stderr {
    written: Tail,
    task: JoinHandle<()>,
}

impl Stderr {
    /// Reads to the end, in a task of its own.
    pub(crate) fn read(
        stderr: impl AsyncRead + Send + Unpin + 'static,
        module: &'static str,
        pid: u32,
    ) -> Self {
        let written = Tail::default();
        let task = tokio::spawn(drain(stderr, written.clone(), module, pid));
        Self { written, task }
    }

    /// The end of what was written. Waits a moment for what is still on its way; not longer, since something that the worker
    /// started may hold the other end open.
    pub(crate) async fn tail(&mut self) -> Arc<str> {
        let _ = tokio::time::timeout(PATIENCE, &mut self.task).await;
        self.tail_now()
    }

    /// The end of what was written so far.
    pub(crate) fn tail_now(&self) -> Arc<str> {
        self.written.text()
    }
}

impl Drop for Stderr {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn drain(mut stderr: impl AsyncRead + Unpin, written: Tail, module: &'static str, pid: u32) {
    let (mut lines, mut buffer) = (Lines::new(MAX_LINE), vec![0; 8 << 10]);
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        written.push(&buffer[..read]);
        lines.feed(&buffer[..read], |_, line| {
            let text = String::from_utf8_lossy(&line.bytes);
            tracing::info!(target: "procwire::worker", module, pid, stream = "stderr", cut = line.cut, "{text}");
        });
    }
}

const MAX_LINE: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_millis(100);

//! What a worker writes to stderr: every line a log record, the last of them kept for the error that may follow.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::task::JoinHandle;

use crate::control::Lines;

/// The stderr of one process.
#[derive(Debug)]
pub(crate) struct Stderr {
    ring: Arc<Mutex<VecDeque<u8>>>,
    task: JoinHandle<()>,
}

impl Stderr {
    /// Reads to the end, in a task of its own.
    pub(crate) fn read(stderr: ChildStderr, module: &'static str, pid: u32) -> Self {
        let ring = Arc::new(Mutex::new(VecDeque::new()));
        let task = tokio::spawn(drain(stderr, ring.clone(), module, pid));
        Self { ring, task }
    }

    /// The end of what was written. Waits a moment for what is still on its way; not longer, since something that the worker
    /// started may hold the other end open.
    pub(crate) async fn tail(&mut self) -> Arc<str> {
        let _ = tokio::time::timeout(PATIENCE, &mut self.task).await;
        self.tail_now()
    }

    /// The end of what was written so far.
    pub(crate) fn tail_now(&self) -> Arc<str> {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = ring.make_contiguous();
        let start = bytes.len().saturating_sub(TAIL);
        let tail = &bytes[start..];
        // Cut at the begin of a line where the middle of one was hit.
        let line = if start == 0 {
            0
        } else {
            tail.iter()
                .position(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1)
        };
        String::from_utf8_lossy(&tail[line..]).trim_end().into()
    }
}

impl Drop for Stderr {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn drain(
    mut stderr: ChildStderr,
    ring: Arc<Mutex<VecDeque<u8>>>,
    module: &'static str,
    pid: u32,
) {
    let (mut lines, mut buffer) = (Lines::new(MAX_LINE), vec![0; 8 << 10]);
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        {
            let mut ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
            let excess = (ring.len() + read).saturating_sub(RING).min(ring.len());
            ring.drain(..excess);
            ring.extend(&buffer[..read]);
        }
        lines.feed(&buffer[..read], |_, line| {
            let text = String::from_utf8_lossy(&line.bytes);
            tracing::info!(target: "procwire::worker", module, pid, stream = "stderr", cut = line.cut, "{text}");
        });
    }
}

/// Bytes kept.
const RING: usize = 64 << 10;
/// Bytes shown in an error.
const TAIL: usize = 4 << 10;
const MAX_LINE: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_millis(100);

//! What handlers log: records on the control plane where the parent reads them there, lines on standard error elsewhere.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::control::{LogLine, Nonce, log_line, tagged};

/// The worker's end of the control plane: whole lines, from any thread.
#[derive(Clone, Debug)]
pub(super) struct Line {
    writes: Arc<Mutex<File>>,
    nonce: Option<Nonce>,
}

impl Line {
    /// Lines carry the nonce, if there is one.
    pub(super) fn new(writes: File, nonce: Option<Nonce>) -> Self {
        Self {
            writes: Arc::new(Mutex::new(writes)),
            nonce,
        }
    }

    /// What marks the lines of both sides.
    pub(super) const fn nonce(&self) -> Option<&Nonce> {
        self.nonce.as_ref()
    }

    /// Writes one message.
    pub(super) fn say(&self, message: &str) -> io::Result<()> {
        self.write(&tagged(message, self.nonce()))
    }

    /// Writes a first message, to a stdout that was everybody's until now: whatever line was left unfinished there would
    /// hide it.
    pub(super) fn say_first(&self, message: &str) -> io::Result<()> {
        self.write(&format!("\n{}", tagged(message, self.nonce())))
    }

    /// Records go here from now on.
    pub(super) fn carry_records(&self) {
        let _ = RECORDS.set(self.clone()); // a process is a worker once
    }

    fn write(&self, line: &str) -> io::Result<()> {
        self.writes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(line.as_bytes())
    }
}

/// Logs one record. Who cannot be told is not told.
pub(super) fn log(record: &LogLine) {
    let _ = match RECORDS.get() {
        Some(line) => line.say(&log_line(record)),
        None => {
            let LogLine { level, message, .. } = record;
            writeln!(io::stderr(), "{}: {message}", level.as_str())
        }
    };
}

/// Where records go, in a worker whose parent reads them.
static RECORDS: OnceLock<Line> = OnceLock::new();

//! What a worker writes to stdout: messages of the control plane, and noise, which becomes log records.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use super::tail::Tail;
use crate::control::{
    Features, Flood, Init, InvalidInit, Line, Lines, LogLevel, LogLine, Message, Nonce,
};

/// The stdout of one process.
#[derive(Debug)]
pub(crate) struct Stdout {
    /// The first `$init` or `$error`; closed when stdout ended without one.
    pub(crate) first: oneshot::Receiver<Word>,
    heard: Arc<Heard>,
    violation: watch::Receiver<Option<Arc<str>>>,
    task: JoinHandle<()>,
}

/// The first thing a worker says.
#[derive(Debug)]
pub(crate) enum Word {
    /// What it serves.
    Init(Result<Box<Init>, Malformed>),
    /// Why it cannot.
    Error(String),
}

/// An `$init` that cannot be used, with the begin of its line.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) problem: InvalidInit,
    pub(crate) line: String,
}

/// What was offered to the worker, and what it must show if it accepts tagged lines.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) features: Features,
    pub(crate) nonce: Nonce,
}

/// What the task tells.
#[derive(Debug, Default)]
struct Heard {
    pong: Notify,
    /// Lines that were no messages.
    noise: AtomicU64,
    /// What was written before the first word.
    before: Tail,
}

impl Stdout {
    /// Reads to the end, in a task of its own: a worker whose stdout is not read would block one day.
    pub(crate) fn read(
        stdout: impl AsyncRead + Send + Unpin + 'static,
        offer: Offer,
        module: &'static str,
        pid: u32,
    ) -> Self {
        let (tell, first) = oneshot::channel();
        let (accuse, violation) = watch::channel(None);
        let heard = Arc::<Heard>::default();
        let listener = Listener {
            heard: heard.clone(),
            tell: Some(tell),
            accuse,
            offer,
            nonce: None,
            init: None,
            control: Flood::new(MAX_MESSAGES),
            logs: Flood::new(MAX_LOGS),
            module,
            pid,
        };
        let task = tokio::spawn(listener.drain(stdout));
        Self {
            first,
            heard,
            violation,
            task,
        }
    }

    /// Resolves when a `$pong` has arrived since the last call.
    pub(crate) async fn pong(&self) {
        self.heard.pong.notified().await;
    }

    /// Resolves when the worker has broken the rules of the control plane; how.
    pub(crate) async fn violation(&self) -> Arc<str> {
        let mut violation = self.violation.clone();
        let found = violation.wait_for(Option::is_some).await;
        let how = found.ok().and_then(|how| how.clone());
        match how {
            Some(how) => how,
            None => std::future::pending().await, // it has ended without one
        }
    }

    /// Lines so far that were no messages.
    pub(crate) fn noise(&self) -> u64 {
        self.heard.noise.load(Ordering::Relaxed)
    }

    /// The end of what came before the first word.
    pub(crate) fn before(&self) -> Arc<str> {
        self.heard.before.text()
    }
}

impl Drop for Stdout {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The task's own.
struct Listener {
    heard: Arc<Heard>,
    tell: Option<oneshot::Sender<Word>>,
    accuse: watch::Sender<Option<Arc<str>>>,
    offer: Offer,
    /// What every line must carry, once that was agreed on.
    nonce: Option<Nonce>,
    /// The first `$init`.
    init: Option<Box<Init>>,
    control: Flood,
    logs: Flood,
    module: &'static str,
    pid: u32,
}

impl Listener {
    async fn drain(mut self, mut stdout: impl AsyncRead + Unpin) {
        let (mut lines, mut buffer) = (Lines::new(MAX_INIT), vec![0; 8 << 10]);
        while let Ok(read @ 1..) = stdout.read(&mut buffer).await {
            if self.tell.is_some() {
                self.heard.before.push(&buffer[..read]);
            }
            lines.feed(&buffer[..read], |lines, line| self.line(lines, &line));
        }
        // A line without an end is no message.
        if let Some(line) = lines.finish() {
            self.noise(&line);
        }
    }

    fn line(&mut self, lines: &mut Lines, line: &Line) {
        let word = match self.parse(line) {
            Message::Noise => return self.noise(line),
            Message::Log(log) => return self.log(&log),
            Message::Pong => {
                self.count();
                return self.heard.pong.notify_one();
            }
            Message::Unknown => {
                self.count();
                return self.noise(line);
            }
            Message::Init(init) => match self.init(*init, line) {
                Some(word) => word,
                None => return,
            },
            Message::Error(text) => {
                self.count();
                Word::Error(text)
            }
        };
        // Only the first one counts.
        if let Some(tell) = self.tell.take() {
            let _ = tell.send(word); // nobody may be waiting any more
            lines.set_cap(MAX_LINE);
        }
    }

    fn parse(&self, line: &Line) -> Message {
        match &self.nonce {
            _ if line.cut > 0 => {
                let is_init = self.tell.is_some()
                    && line.bytes.first() == Some(&b'{')
                    && line.bytes.windows(INIT.len()).any(|bytes| bytes == INIT);
                if !is_init {
                    return Message::Noise;
                }
                Message::Init(Box::new(Err(InvalidInit {
                    field: "$init".to_owned(),
                    expected: "a line of at most 1 MiB".into(),
                })))
            }
            Some(nonce) => Message::parse_tagged(&line.bytes, nonce),
            None => Message::parse(&line.bytes),
        }
    }

    /// The first one is the worker's word. A second one may repeat it; it cannot take it back.
    fn init(&mut self, init: Result<Init, InvalidInit>, line: &Line) -> Option<Word> {
        let init = init.and_then(|init| self.check_nonce(init));
        if self.tell.is_none() {
            self.count();
            match (&init, &self.init) {
                (Ok(second), Some(first)) if *second == **first => {
                    tracing::debug!(target: TARGET, module = self.module, pid = self.pid, "the worker repeats its $init");
                }
                _ => self.accuse("it announced itself a second time, in another way"),
            }
            return None;
        }
        Some(Word::Init(match init {
            Ok(init) => {
                if init.accepted(&self.offer.features).tagged {
                    self.nonce = Some(self.offer.nonce.clone());
                }
                let init = Box::new(init);
                self.init = Some(init.clone());
                Ok(init)
            }
            Err(problem) => {
                let shown = &line.bytes[..line.bytes.len().min(SHOWN)];
                let line = String::from_utf8_lossy(shown).into_owned();
                Err(Malformed { problem, line })
            }
        }))
    }

    fn check_nonce(&self, init: Init) -> Result<Init, InvalidInit> {
        let is_tagged = init.accepted(&self.offer.features).tagged;
        if is_tagged && init.nonce.as_deref() != Some(self.offer.nonce.as_str()) {
            return Err(InvalidInit {
                field: "nonce".to_owned(),
                expected: "the one that this process was given".into(),
            });
        }
        Ok(init)
    }

    fn noise(&self, line: &Line) {
        self.heard.noise.fetch_add(1, Ordering::Relaxed);
        let (module, pid) = (self.module, self.pid);
        let text = String::from_utf8_lossy(&line.bytes);
        tracing::info!(target: TARGET, module, pid, stream = "stdout", cut = line.cut, "{text}");
    }

    fn log(&mut self, log: &LogLine) {
        if self.logs.count(Instant::now()) {
            // It is told by the count that something is missing.
            self.heard.noise.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (module, pid, request, part, text) = (
            self.module,
            self.pid,
            log.request,
            &*log.target,
            &log.message,
        );
        match log.level {
            LogLevel::Debug => {
                tracing::debug!(target: TARGET, module, pid, request, part, "{text}")
            }
            LogLevel::Info => tracing::info!(target: TARGET, module, pid, request, part, "{text}"),
            LogLevel::Warn => tracing::warn!(target: TARGET, module, pid, request, part, "{text}"),
            LogLevel::Error => {
                tracing::error!(target: TARGET, module, pid, request, part, "{text}")
            }
        }
    }

    fn count(&mut self) {
        if self.control.count(Instant::now()) {
            self.accuse("it floods the control plane with messages");
        }
    }

    fn accuse(&self, how: &str) {
        self.accuse.send_if_modified(|violation| {
            let is_first = violation.is_none();
            violation.get_or_insert_with(|| how.into());
            is_first
        });
    }
}

const TARGET: &str = "procwire::worker";
const INIT: &[u8] = b"\"$init\"";
/// An `$init` may be long.
const MAX_INIT: usize = 1 << 20;
const MAX_LINE: usize = 64 << 10;
/// Bytes of a malformed `$init` that are shown.
const SHOWN: usize = 256;
/// Messages within a second. A worker answers a ping now and then; one that sends more than this has lost its way.
const MAX_MESSAGES: u32 = 10_000;
/// Records of a log within a second that are passed on.
const MAX_LOGS: u32 = 10_000;

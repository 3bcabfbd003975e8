//! One evil worker, as the test holds it: each method is a step that is taken when the method returns.

use std::collections::HashMap;
use std::fmt::Write as _;

use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process};
use serde_json::{Value, json};
use tokio::net::UnixStream;

use crate::stage::{Stage, alive, until};

pub(crate) struct Puppet {
    channel: UnixStream,
    received: Vec<u8>,
    pub(crate) pid: u32,
    environment: HashMap<String, String>,
}

/// A frame that the parent sent.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) method: u16,
    pub(crate) flags: u8,
    pub(crate) id: u32,
    pub(crate) payload: Vec<u8>,
}

impl Puppet {
    pub(crate) async fn new(channel: UnixStream) -> Self {
        let mut puppet = Self {
            channel,
            received: Vec::new(),
            pid: 0,
            environment: HashMap::new(),
        };
        let hello = puppet.line().await.expect("the worker greets");
        puppet.pid = hello["pid"].as_u64().unwrap() as u32;
        puppet.environment = serde_json::from_value::<Vec<(String, String)>>(hello["env"].clone())
            .unwrap()
            .into_iter()
            .collect();
        puppet
    }

    /// A variable that the parent gave it.
    pub(crate) fn env(&self, key: &str) -> Option<&str> {
        self.environment.get(key).map(String::as_str)
    }

    pub(crate) fn environment(&self) -> &HashMap<String, String> {
        &self.environment
    }

    // ── steps ────────────────────────────────────────────────────────────────

    /// Takes one step and gives what the worker says to it.
    pub(crate) async fn step(&mut self, step: Value) -> Value {
        self.begin(&step);
        self.done(&step).await
    }

    /// Orders a step that may take long.
    pub(crate) fn begin(&mut self, step: &Value) {
        let line = format!("{step}\n");
        let mut rest = line.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(&self.channel, rest) {
                Ok(written) => rest = &rest[written..],
                Err(rustix::io::Errno::AGAIN) => wait_for(&self.channel, PollFlags::OUT),
                Err(_) => return, // it is gone, which whoever waits for the answer sees
            }
        }
    }

    pub(crate) async fn done(&mut self, step: &Value) -> Value {
        let answer = self.line().await;
        verdict(step, answer)
    }

    /// A step during which the parent, which shares this thread, stands still.
    pub(crate) fn at_once(&mut self, step: Value) -> Value {
        self.begin(&step);
        let answer = loop {
            if let Some(line) = self.take_line() {
                break Some(line);
            }
            let mut buffer = vec![0; 1 << 16];
            match rustix::io::read(&self.channel, &mut buffer) {
                Ok(0) => break None,
                Ok(read) => self.received.extend_from_slice(&buffer[..read]),
                Err(rustix::io::Errno::AGAIN) => wait_for(&self.channel, PollFlags::IN),
                Err(_) => break None,
            }
        };
        verdict(&step, answer)
    }

    /// Serves as [`serve_mute`](Self::serve_mute), answers pings, and ends with its stdin or when told to.
    pub(crate) async fn serve(&mut self, stage: &Stage) {
        self.serve_mute(stage).await;
        self.step(json!(["manners"])).await;
    }

    /// Listens, announces the module as any published worker would, and takes the connection.
    pub(crate) async fn serve_mute(&mut self, stage: &Stage) {
        self.announce(stage, &init(&self.socket(stage), &[])).await;
        self.step(json!(["accept"])).await;
    }

    /// Listens and announces, and does not take the connection yet.
    pub(crate) async fn announce(&mut self, stage: &Stage, init: &Value) {
        let path = self.socket(stage);
        self.step(json!(["listen", path])).await;
        self.say(&format!("{init}\n")).await;
    }

    /// Where it listens.
    pub(crate) fn socket(&self, stage: &Stage) -> String {
        let folder = self
            .env("PROCWIRE_DIR")
            .map_or_else(|| stage.folder.path().to_owned(), Into::into);
        let name = format!("evil-{}.sock", self.pid);
        folder.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) async fn say(&mut self, text: impl AsRef<[u8]>) {
        self.write("stdout", text.as_ref()).await;
    }

    pub(crate) async fn complain(&mut self, text: impl AsRef<[u8]>) {
        self.write("stderr", text.as_ref()).await;
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.write("data", bytes.as_ref()).await;
    }

    /// These bytes may be the last ones that the parent takes from it.
    async fn write(&mut self, channel: &str, bytes: &[u8]) {
        self.begin(&json!([channel, hex(bytes)]));
        self.line().await;
    }

    pub(crate) async fn read(&mut self, count: u32) -> Vec<Got> {
        frames(&self.step(json!(["read", count])).await)
    }

    pub(crate) async fn next(&mut self) -> Got {
        self.read(1).await.remove(0)
    }

    /// Reads up to the first frame of this method; it, and how many others came before it.
    pub(crate) async fn seek(&mut self, method: u16) -> (u64, Got) {
        let found = self.step(json!(["seek", method])).await;
        (found[0].as_u64().unwrap(), frames(&found[1]).remove(0))
    }

    /// Answers a request with text.
    pub(crate) async fn reply(&mut self, to: &Got, text: &str) {
        self.send(frame(to.method, RESPONSE, to.id, &packed(text)))
            .await;
    }

    // ── its end ──────────────────────────────────────────────────────────────

    /// A step that it does not survive.
    pub(crate) async fn last(&mut self, step: Value) {
        self.begin(&step);
        self.gone().await;
    }

    /// From outside, as the kernel or an operator would.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid as i32).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Killed, and known to be dead.
    pub(crate) async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.gone().await;
    }

    /// Killed, and known to be dead, before the parent can do anything about it.
    pub(crate) fn kill_at_once(&self) {
        let pid = Pid::from_raw(self.pid as i32).unwrap();
        let process = rustix::process::pidfd_open(pid, PidfdFlags::empty()).unwrap();
        self.signal(Signal::KILL);
        // Readable when its last thread is gone, and with it every descriptor it had.
        wait_for(&process, PollFlags::IN);
    }

    /// Stopped, and known to stand.
    pub(crate) async fn freeze(&mut self) {
        self.signal(Signal::STOP);
        let stat = format!("/proc/{}/stat", self.pid);
        until("the worker stands", || {
            std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "))
        })
        .await;
    }

    /// It is dead, and nothing of it is left in the table of processes.
    pub(crate) async fn gone(&mut self) {
        while self.line().await.is_some() {}
        let pid = self.pid;
        until("the worker is gone", || !alive(pid)).await;
    }

    // ── the channel ──────────────────────────────────────────────────────────

    async fn line(&mut self) -> Option<Value> {
        loop {
            if let Some(line) = self.take_line() {
                return Some(line);
            }
            self.channel.readable().await.unwrap();
            let mut buffer = vec![0; 1 << 16];
            match self.channel.try_read(&mut buffer) {
                Ok(0) => return None,
                Ok(read) => self.received.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
    }

    fn take_line(&mut self) -> Option<Value> {
        let end = self.received.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.received.drain(..=end).collect();
        Some(serde_json::from_slice(&line).unwrap())
    }
}

impl Got {
    /// The one text of its arguments.
    pub(crate) fn text(&self) -> String {
        let value = rmpv::decode::read_value(&mut &self.payload[..]).unwrap();
        value.as_map().unwrap()[0].1.as_str().unwrap().to_owned()
    }
}

fn verdict(step: &Value, answer: Option<Value>) -> Value {
    let answer = answer.unwrap_or_else(|| panic!("{step}: the worker is gone"));
    assert!(answer["no"].is_null(), "{step}: {answer}");
    answer["ok"].clone()
}

fn wait_for(fd: &impl std::os::fd::AsFd, what: PollFlags) {
    let mut fds = [PollFd::new(fd, what)];
    rustix::io::retry_on_intr(|| rustix::event::poll(&mut fds, None)).unwrap();
}

pub(crate) fn frames(read: &Value) -> Vec<Got> {
    let read = read.as_array().unwrap().iter();
    read.map(|frame| Got {
        method: frame[0].as_u64().unwrap() as u16,
        flags: frame[1].as_u64().unwrap() as u8,
        id: frame[2].as_u64().unwrap() as u32,
        payload: unhex(frame[3].as_str().unwrap()),
    })
    .collect()
}

// ── bytes ────────────────────────────────────────────────────────────────────

/// The announcement of the module of `support/pdf.rs`.
pub(crate) fn init(pipe: &str, features: &[&str]) -> Value {
    let method = |id: u32, response: &str| json!({ "id": id, "response": response });
    let mut params = json!({
        "pipe": pipe,
        "schema": {
            "methods": {
                "open": method(OPEN.into(), "result"),
                "blocks": method(BLOCKS.into(), "stream"),
                "index": method(INDEX.into(), "ack"),
                "log": method(LOG.into(), "none"),
                "concat": method(CONCAT.into(), "result"),
                "sleep": method(SLEEP.into(), "result"),
                "act": method(ACT.into(), "result"),
                "stubborn": method(STUBBORN.into(), "result"),
                "risky": method(RISKY.into(), "result"),
            },
            "events": { "progress": { "id": 1 }, "latest": { "id": 2 } },
        },
        "version": "1.0.0",
    });
    if !features.is_empty() {
        let starts = match features.contains(&"started") {
            true => &STARTS[..],
            false => &[],
        };
        params["procwire"] = json!({ "language": "evil", "features": features, "starts": starts });
    }
    json!({ "jsonrpc": "2.0", "method": "$init", "params": params })
}

pub(crate) fn frame(method: u16, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = method.to_be_bytes().to_vec();
    frame.push(flags);
    frame.extend_from_slice(&id.to_be_bytes());
    frame.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Text as msgpack.
pub(crate) fn packed(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmp::encode::write_str(&mut bytes, text).unwrap();
    bytes
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The methods of which a worker of the same schema says when a handler starts: all but `act`.
const STARTS: [&str; 8] = [
    "open", "blocks", "index", "log", "concat", "sleep", "stubborn", "risky",
];

pub(crate) const OPEN: u16 = 1;
pub(crate) const BLOCKS: u16 = 2;
pub(crate) const INDEX: u16 = 3;
pub(crate) const LOG: u16 = 4;
pub(crate) const CONCAT: u16 = 5;
pub(crate) const SLEEP: u16 = 6;
pub(crate) const ACT: u16 = 7;
pub(crate) const STUBBORN: u16 = 8;
pub(crate) const RISKY: u16 = 9;

pub(crate) const ABORT: u16 = 0xFFFF;
pub(crate) const AUTH: u16 = 0xFFFE;
pub(crate) const STARTED: u16 = 0xFFFD;

pub(crate) const EVENT: u8 = 0x01;
pub(crate) const RESPONSE: u8 = 0x03;
pub(crate) const ERROR: u8 = 0x07;
pub(crate) const CHUNK: u8 = 0x0B;
pub(crate) const STREAM_ERROR: u8 = 0x0F;
pub(crate) const END: u8 = 0x1B;
pub(crate) const ACK: u8 = 0x23;

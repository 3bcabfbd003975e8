//! A worker that does nothing by itself: it obeys a puppet channel step by step and acknowledges each step.
//!
//! It shares no code with the runtime, so that a mistake there is not repeated here. One line of JSON is one step,
//! `["name", argument, …]`; one line is its answer, `{"ok": …}` or `{"no": "why"}`.

use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::PollFlags;
use rustix::io::FdFlags;
use rustix::process::{Signal, getpid, kill_process};
use serde_json::{Value, json};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("hold") => hold(false),
        Some("hold-apart") => hold(true),
        _ => {
            let Some(at) = std::env::var_os(PUPPET) else {
                return;
            };
            let Ok(channel) = UnixStream::connect(at) else {
                return;
            };
            let _ = Evil::new(channel).and_then(Evil::obey);
        }
    }
}

struct Evil {
    steps: BufReader<UnixStream>,
    answers: UnixStream,
    listener: Option<(UnixListener, PathBuf)>,
    data: Option<UnixStream>,
    /// Items that were sent, and the method of the last frame that came.
    produced: Arc<(AtomicU64, AtomicU64)>,
}

impl Evil {
    fn new(channel: UnixStream) -> io::Result<Self> {
        Ok(Self {
            answers: channel.try_clone()?,
            steps: BufReader::new(channel),
            listener: None,
            data: None,
            produced: Arc::default(),
        })
    }

    /// Until the test hangs up.
    fn obey(mut self) -> io::Result<()> {
        let env: Vec<(String, String)> = std::env::vars_os()
            .map(|(key, value)| {
                (
                    key.to_string_lossy().into_owned(),
                    value.to_string_lossy().into_owned(),
                )
            })
            .collect();
        self.answer(&json!({ "pid": std::process::id(), "env": env }))?;
        let mut line = String::new();
        while self.steps.read_line(&mut line)? > 0 {
            let step: Value = serde_json::from_str(&line)?;
            let answer = match self.step(&step) {
                Ok(value) => json!({ "ok": value }),
                Err(error) => json!({ "no": error.to_string() }),
            };
            self.answer(&answer)?;
            line.clear();
        }
        Ok(())
    }

    fn answer(&mut self, value: &Value) -> io::Result<()> {
        self.answers.write_all(format!("{value}\n").as_bytes())
    }

    fn step(&mut self, step: &Value) -> io::Result<Value> {
        let word = |at: usize| step[at].as_str().unwrap_or_default();
        let number = |at: usize| step[at].as_u64().unwrap_or_default();
        match word(0) {
            "listen" => {
                let path = PathBuf::from(word(1));
                self.listener = Some((UnixListener::bind(&path)?, path));
            }
            // Whether the socket file goes is the step's business: the parent must cope with either.
            "accept" => {
                let (listener, path) = self.listener.take().ok_or(io::ErrorKind::NotConnected)?;
                self.data = Some(listener.accept()?.0);
                if word(1) != "keep" {
                    let _ = std::fs::remove_file(path);
                }
            }
            "inherit" => self.data = Some(inherited()?),
            "read" => return self.read(number(1)),
            // The first frame of this method, and how many of others came before it.
            "seek" => {
                for before in 0_u64.. {
                    let frames = self.read(1)?;
                    if frames[0][0].as_u64() == Some(number(1)) {
                        return Ok(json!([before, frames]));
                    }
                }
            }
            // Not frames, just so many bytes.
            "take" => {
                let mut taken = vec![0; number(1) as usize];
                self.data()?.read_exact(&mut taken)?;
            }
            "data" => self.data()?.write_all(&bytes(word(1)))?,
            "stdout" => write_to(rustix::stdio::stdout(), &bytes(word(1)))?,
            "stderr" => write_to(rustix::stdio::stderr(), &bytes(word(1)))?,
            "flood" => {
                let piece = bytes(word(2)).repeat(number(3) as usize);
                for _ in 0..number(4) {
                    match word(1) {
                        "stdout" => write_to(rustix::stdio::stdout(), &piece)?,
                        "stderr" => write_to(rustix::stdio::stderr(), &piece)?,
                        _ => self.data()?.write_all(&piece)?,
                    }
                }
            }
            // Byte by byte, each a write of its own.
            "drip" => {
                for byte in bytes(word(2)) {
                    match word(1) {
                        "stdout" => write_to(rustix::stdio::stdout(), &[byte])?,
                        _ => self.data()?.write_all(&[byte])?,
                    }
                }
            }
            "line" => {
                let mut line = String::new();
                io::stdin().lock().read_line(&mut line)?;
                return Ok(line.into());
            }
            "manners" => drop(std::thread::spawn(manners)),
            "fork_hold" => return self.fork_hold(word(1)),
            "close" => match word(1) {
                // The first frame of this method, and how many of others came before it.
                "seek" => {
                    for before in 0_u64.. {
                        let frames = self.read(1)?;
                        if frames[0][0].as_u64() == Some(number(1)) {
                            return Ok(json!([before, frames]));
                        }
                    }
                }
                // Not frames, just so many bytes.
                "take" => {
                    let mut taken = vec![0; number(1) as usize];
                    self.data()?.read_exact(&mut taken)?;
                }
                "data" => self.data = None,
                "listener" => self.listener = None,
                other => nothing_at(other)?,
            },
            // From here on a thread serves: calls at once, a stream as far as its window goes.
            "produce" => {
                let (data, told) = (self.data()?.try_clone()?, self.produced.clone());
                std::thread::spawn(move || produce(data, &told));
            }
            "produced" => {
                let (count, last) = (&self.produced.0, &self.produced.1);
                return Ok(json!([
                    count.load(Ordering::SeqCst),
                    last.load(Ordering::SeqCst)
                ]));
            }
            // Half of the connection only.
            "shut" => self.data()?.shutdown(std::net::Shutdown::Write)?,
            "descriptors" => return descriptors(),
            "status" => return Ok(std::fs::read_to_string("/proc/self/status")?.into()),
            "memory" => drop(std::hint::black_box(vec![1_u8; number(1) as usize])),
            "kill_self" => {
                let signal = Signal::from_named_raw(number(1) as i32);
                let signal = signal.ok_or(io::ErrorKind::InvalidInput)?;
                // The first SIGSEGV only takes the handler out that the standard library has for it.
                loop {
                    kill_process(getpid(), signal)?;
                }
            }
            "abort" => std::process::abort(),
            "exit" => std::process::exit(number(1) as i32),
            other => return Err(io::Error::other(format!("no such step: {other}"))),
        }
        Ok(Value::Null)
    }

    fn data(&mut self) -> io::Result<&mut UnixStream> {
        self.data
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// The next frames as `[method, flags, request, payload]`.
    fn read(&mut self, count: u64) -> io::Result<Value> {
        let mut frames = Vec::new();
        for _ in 0..count {
            let mut header = [0; 11];
            self.data()?.read_exact(&mut header)?;
            let [m0, m1, flags, r0, r1, r2, r3, l0, l1, l2, l3] = header;
            let mut payload = vec![0; u32::from_be_bytes([l0, l1, l2, l3]) as usize];
            self.data()?.read_exact(&mut payload)?;
            frames.push(json!([
                u16::from_be_bytes([m0, m1]),
                flags,
                u32::from_be_bytes([r0, r1, r2, r3]),
                hex(&payload)
            ]));
        }
        Ok(frames.into())
    }

    /// A grandchild that holds data channel, stdout and stderr, until it is killed.
    fn fork_hold(&mut self, how: &str) -> io::Result<Value> {
        if let Some(data) = &self.data {
            rustix::io::fcntl_setfd(data, FdFlags::empty())?;
        }
        let (mut ready, tell): (PipeReader, PipeWriter) = io::pipe()?;
        let mode = if how == "apart" { "hold-apart" } else { "hold" };
        let child = Command::new(std::env::current_exe()?)
            .arg(mode)
            .stdin(Stdio::from(tell))
            .spawn()?;
        if let Some(data) = &self.data {
            rustix::io::fcntl_setfd(data, FdFlags::CLOEXEC)?;
        }
        ready.read_exact(&mut [0])?;
        Ok(child.id().into())
    }
}

/// Serves until its connection ends: says that it starts what it answers, and counts what its window lets it send.
fn produce(mut data: UnixStream, told: &(AtomicU64, AtomicU64)) -> io::Result<()> {
    const ITEM: usize = 1_000;
    let mut chunk = vec![0xDA];
    chunk.extend((ITEM as u16).to_be_bytes());
    chunk.extend([b'x'; ITEM]);
    let cost = chunk.len() as i64 + 64;
    let (mut stream, mut left) = (None, 0_i64);
    loop {
        let may_send = stream.is_some() && left > 0;
        if may_send {
            let mut fds = [rustix::event::PollFd::new(&data, PollFlags::IN)];
            let at_once = rustix::event::Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            if rustix::event::poll(&mut fds, Some(&at_once))? == 0 {
                data.write_all(&framed(2, 0x0B, stream.unwrap_or_default(), &chunk))?;
                left -= cost;
                told.0.fetch_add(1, Ordering::SeqCst);
                continue;
            }
        }
        let mut header = [0; 11];
        data.read_exact(&mut header)?;
        let [m0, m1, _, r0, r1, r2, r3, l0, l1, l2, l3] = header;
        let (method, id) = (
            u16::from_be_bytes([m0, m1]),
            u32::from_be_bytes([r0, r1, r2, r3]),
        );
        let mut payload = vec![0; u32::from_be_bytes([l0, l1, l2, l3]) as usize];
        data.read_exact(&mut payload)?;
        told.1.store(method.into(), Ordering::SeqCst);
        match (method, &payload[..]) {
            (0xFFFF, _) if stream == Some(id) => {
                stream = None;
                data.write_all(&framed(2, 0x0F, id, b"\xa9cancelled"))?;
            }
            (0xFFFC, [a, b, c, d]) if stream == Some(id) => {
                left += i64::from(u32::from_be_bytes([*a, *b, *c, *d]));
            }
            (2, _) => {
                data.write_all(&framed(0xFFFD, 0x01, id, b""))?;
                (stream, left) = (Some(id), 256 << 10);
            }
            (0xFFFB.., _) => {}
            _ => {
                let mut bytes = framed(0xFFFD, 0x01, id, b"");
                bytes.extend(framed(method, 0x03, id, b"\xa2ok"));
                data.write_all(&bytes)?;
            }
        }
    }
}

fn framed(method: u16, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = method.to_be_bytes().to_vec();
    frame.push(flags);
    frame.extend(id.to_be_bytes());
    frame.extend((payload.len() as u32).to_be_bytes());
    frame.extend(payload);
    frame
}

/// Answers pings and ends when it is told to, as a worker should.
fn manners() {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        if line.contains("$ping") {
            let _ = write_to(
                rustix::stdio::stdout(),
                b"{\"jsonrpc\":\"2.0\",\"method\":\"$pong\"}\n",
            );
        } else if line.contains("$shutdown") {
            break;
        }
    }
    std::process::exit(0)
}

/// Holds what it inherited. It has left the group when it says that it is ready.
fn hold(apart: bool) {
    if apart {
        let _ = rustix::process::setsid();
    }
    let _ = write_to(rustix::stdio::stdin(), b"!");
    loop {
        std::thread::park();
    }
}

/// The descriptor that the parent left open for the data channel.
#[expect(unsafe_code, reason = "a descriptor that is known by its number only")]
fn inherited() -> io::Result<UnixStream> {
    use std::os::fd::{FromRawFd, OwnedFd};
    let named = std::env::var("PROCWIRE_FD").unwrap_or_default();
    let number = named
        .split(':')
        .next()
        .and_then(|number| number.parse().ok());
    let number: i32 = number.ok_or(io::ErrorKind::NotFound)?;
    // SAFETY: nothing else in this process knows the descriptor, and this step is taken once.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    rustix::io::fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    Ok(fd.into())
}

/// Closes one of the three by putting the void in its place.
fn nothing_at(which: &str) -> io::Result<()> {
    let void = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    match which {
        "stdin" => rustix::stdio::dup2_stdin(&void)?,
        "stdout" => rustix::stdio::dup2_stdout(&void)?,
        _ => rustix::stdio::dup2_stderr(&void)?,
    }
    Ok(())
}

fn descriptors() -> io::Result<Value> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        // The listing itself is gone when it is looked at.
        if let Ok(target) = std::fs::read_link(entry.path()) {
            open.push((
                entry.file_name().to_string_lossy().into_owned(),
                target.to_string_lossy().into_owned(),
            ));
        }
    }
    Ok(json!(open))
}

fn write_to(fd: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = rustix::io::retry_on_intr(|| rustix::io::write(&fd, bytes))?;
        bytes = &bytes[written..];
    }
    Ok(())
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).unwrap_or_default() as u8;
    hex.as_bytes()
        .chunks_exact(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the channel is.
const PUPPET: &str = "EVIL_PUPPET";

//! A worker that does as it is told: by variables how to greet, and by calls of `act` what to do then. Written with nothing
//! but the standard library and the codecs, so that it can do everything wrong.

use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use procwire_runtime::control::{Nonce, PONG, tagged};

/// How it greets.
pub(crate) const MODE: &str = "PUPPET";
/// The features that it accepts.
pub(crate) const ACCEPTS: &str = "PUPPET_ACCEPTS";
/// The socket that it names instead of its own.
pub(crate) const PIPE: &str = "PUPPET_PIPE";

/// The arguments with which this test binary is the puppet.
pub(crate) const ARGS: [&str; 4] = [
    "--exact",
    "puppet::act_instead",
    "--nocapture",
    "--test-threads=1",
];

/// Answers to pings.
static PONGS: AtomicUsize = AtomicUsize::new(0);

const METHODS: &str = r#""open":{"id":1,"response":"result"},"blocks":{"id":2,"response":"stream"},"index":{"id":3,"response":"ack"},"log":{"id":4,"response":"none"},"concat":{"id":5,"response":"result"},"sleep":{"id":6,"response":"result"},"act":{"id":7,"response":"result"},"stubborn":{"id":8,"response":"result"},"risky":{"id":9,"response":"result"}"#;
const EVENTS: &str = r#""progress":{"id":1},"latest":{"id":2}"#;

#[test]
fn act_instead() {
    let Ok(mode) = std::env::var(MODE) else {
        return; // an ordinary run of the tests
    };
    Puppet::born(mode).live();
    std::process::exit(0);
}

struct Puppet {
    mode: String,
    accepts: Vec<String>,
    nonce: Nonce,
}

impl Puppet {
    fn born(mode: String) -> Self {
        let offered = variable("PROCWIRE_FEATURES");
        let accepts = variable(ACCEPTS);
        let accepts = accepts.split(',').filter(|name| {
            let is_offered = offered.split(',').any(|offer| offer == *name);
            is_offered && (*name != "inherited" || inherited().is_some())
        });
        Self {
            mode,
            accepts: accepts.map(str::to_owned).collect(),
            nonce: Nonce::parse(&variable("PROCWIRE_NONCE")).unwrap(),
        }
    }

    fn live(&self) {
        if self.accepts("inherited") {
            self.say(&self.init("inherited"));
            return self.serve(UnixStream::from(inherited().unwrap()));
        }
        let path = self.path();
        let listener = UnixListener::bind(&path).unwrap();
        let pipe = std::env::var(PIPE).unwrap_or_else(|_| path.to_str().unwrap().to_owned());
        if self.mode == "dies" {
            drop(listener); // the file stays
            self.say(&self.init(&pipe));
            std::process::abort();
        }
        self.say(&self.init(&pipe));
        let (stream, _) = listener.accept().unwrap();
        let _ = fs::remove_file(path);
        self.serve(stream);
    }

    fn path(&self) -> PathBuf {
        let base = std::env::var_os("PROCWIRE_DIR").map(PathBuf::from);
        let base = base.filter(|_| !self.accepts.is_empty());
        let name = format!("puppet-{}.sock", std::process::id());
        base.unwrap_or_else(std::env::temp_dir).join(name)
    }

    fn accepts(&self, feature: &str) -> bool {
        self.accepts.iter().any(|name| name == feature)
    }

    fn nonce(&self) -> Option<&Nonce> {
        self.accepts("tagged").then_some(&self.nonce)
    }

    fn init(&self, pipe: &str) -> String {
        let features: Vec<String> = self
            .accepts
            .iter()
            .map(|name| format!("{name:?}"))
            .collect();
        let ours = match self.mode.as_str() {
            "generation" => r#","procwire":{"generation":9}"#.to_owned(),
            _ => format!(r#","procwire":{{"features":[{}]}}"#, features.join(",")),
        };
        format!(
            r#"{{"jsonrpc":"2.0","method":"$init","params":{{"pipe":{pipe:?},"schema":{{"methods":{{{METHODS}}},"events":{{{EVENTS}}}}},"version":"1.0.0"{ours}}}}}"#
        )
    }

    /// One control line, tagged if that was agreed on.
    fn say(&self, line: &str) {
        self.print(&tagged(&format!("{line}\n"), self.nonce()));
    }

    /// Bytes for stdout, as they are. The harness may have left a line unfinished.
    fn print(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        write!(stdout, "\n{text}").unwrap();
        stdout.flush().unwrap();
    }

    fn serve(&self, mut stream: UnixStream) {
        let (mode, nonce) = (self.mode.clone(), self.nonce().cloned());
        if mode != "deaf" {
            std::thread::spawn(move || {
                for line in io::stdin().lock().lines().map_while(Result::ok) {
                    if line.contains("$shutdown") {
                        break;
                    }
                    // The parent's own lines are tagged as well.
                    assert!(
                        nonce
                            .as_ref()
                            .is_none_or(|nonce| line.contains(nonce.as_str()))
                    );
                    let nonce = nonce.as_ref().filter(|_| mode != "untagged");
                    let pong = format!("\n{}", tagged(PONG, nonce));
                    let _ = io::stdout().write_all(pong.as_bytes());
                    let _ = io::stdout().flush();
                    PONGS.fetch_add(1, Ordering::Relaxed);
                }
                std::process::exit(0);
            });
        }
        let mut header = [0; 11];
        while stream.read_exact(&mut header).is_ok() {
            let length = u32::from_be_bytes([header[7], header[8], header[9], header[10]]);
            let mut payload = vec![0; length as usize];
            stream.read_exact(&mut payload).unwrap();
            if header[..2] == [0xFF, 0xFE] {
                continue; // the token
            }
            let answer = self.act(&what(&payload));
            let mut payload = Vec::new();
            procwire_runtime::codec::msgpack::encode(&answer, &mut payload).unwrap();
            header[2] = 0x03;
            header[7..].copy_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes());
            stream.write_all(&[&header[..], &payload].concat()).unwrap();
        }
    }

    fn act(&self, what: &str) -> String {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        match verb {
            "env" => std::env::var(rest).unwrap_or_else(|_| "unset".to_owned()),
            "keys" => {
                let keys = std::env::vars().map(|(key, _)| key);
                keys.collect::<Vec<_>>().join(" ")
            }
            "say" => {
                self.say(rest);
                "said".to_owned()
            }
            "print" => {
                self.print(&format!("{rest}\n"));
                "printed".to_owned()
            }
            "init" => {
                self.say(&self.init(rest));
                "said".to_owned()
            }
            "pongs" => PONGS.load(Ordering::Relaxed).to_string(),
            "flood" => {
                self.print(&tagged(PONG, self.nonce()).repeat(50_000));
                "flooded".to_owned()
            }
            "mute" => {
                let null = fs::File::create("/dev/null").unwrap();
                rustix::stdio::dup2_stdout(null).unwrap();
                "mute".to_owned()
            }
            "deaf" => {
                rustix::stdio::dup2_stdin(fs::File::open("/dev/null").unwrap()).unwrap();
                "deaf".to_owned()
            }
            "escape" => {
                // It leaves the group, and holds the data channel that it inherited.
                let pid = leave(&["setsid", "sleep", "1000"]);
                let process = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap());
                while rustix::process::getsid(process).unwrap() != process.unwrap() {
                    std::thread::yield_now();
                }
                pid.to_string()
            }
            "grandchild" => leave(&["sleep", "1000"]).to_string(),
            "die" => std::process::abort(),
            _ => what.to_owned(),
        }
    }
}

/// The channel that this process was born with.
fn inherited() -> Option<OwnedFd> {
    let told = variable("PROCWIRE_FD");
    let (number, inode) = told.split_once(':')?;
    let own = rustix::process::pidfd_open(
        rustix::process::getpid(),
        rustix::process::PidfdFlags::empty(),
    )
    .ok()?;
    let fd = rustix::process::pidfd_getfd(
        own.as_fd(),
        number.parse().ok()?,
        rustix::process::PidfdGetfdFlags::empty(),
    )
    .ok()?;
    let is_it = rustix::fs::fstat(&fd).ok()?.st_ino.to_string() == inode;
    is_it.then_some(fd)
}

/// Starts a program that nobody waits for.
fn leave(words: &[&str]) -> u32 {
    let child = std::process::Command::new(words[0])
        .args(&words[1..])
        .spawn();
    child.unwrap().id()
}

fn what(payload: &[u8]) -> String {
    let value = rmpv::decode::read_value(&mut &*payload).unwrap();
    let what = value
        .as_map()
        .and_then(|map| map.first()?.1.as_str().map(str::to_owned));
    what.unwrap()
}

fn variable(key: &str) -> String {
    std::env::var(key).unwrap_or_default()
}

/// The puppet as a worker of a module.
pub(crate) fn own_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

/// Entries of a folder.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

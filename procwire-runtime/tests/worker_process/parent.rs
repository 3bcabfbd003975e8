//! The parent: it starts the worker, and writes and reads bytes.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use procwire_runtime::codec::msgpack;
use procwire_runtime::control::{Init, Message};
use procwire_runtime::ids::HEADER_SIZE;
use procwire_runtime::wire::{Flags, Header};

use super::noisy::HOW;

pub(crate) struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

/// What may be in the environment of whoever runs the tests.
const VARIABLES: &[&str] = &[
    "PROCWIRE_TOKEN",
    "PROCWIRE_FEATURES",
    "PROCWIRE_NONCE",
    "PROCWIRE_DIR",
    "PROCWIRE_FD",
];

/// What a worker is born with beside what it always is.
#[derive(Default)]
pub(crate) struct Gifts<'a> {
    /// Another program than the one that runs the tests.
    pub(crate) program: Option<&'a str>,
    /// What the worker is to do.
    pub(crate) how: &'a str,
    /// More variables.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// Where it finds a place for its socket; a folder of its own, unless this says otherwise.
    pub(crate) sockets: Option<&'a Path>,
    /// Descriptor 3.
    pub(crate) descriptor: Option<&'a UnixStream>,
}

impl Worker {
    /// A worker that puts its socket into a folder of its own.
    pub(crate) fn spawn(how: &str, token: Option<&str>) -> Self {
        let token = token.map(|token| ("PROCWIRE_TOKEN", token));
        Self::born_with(&Gifts {
            how,
            variables: token.as_slice(),
            ..Gifts::default()
        })
    }

    /// A worker that is to put its socket there.
    pub(crate) fn spawn_with(how: &str, sockets: &Path) -> Self {
        Self::born_with(&Gifts {
            how,
            sockets: Some(sockets),
            ..Gifts::default()
        })
    }

    pub(crate) fn born_with(gifts: &Gifts<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sockets = gifts.sockets.unwrap_or_else(|| folder.path()).to_owned();
        let own = match gifts.program {
            None => std::env::current_exe().unwrap(),
            Some(program) => program.into(),
        };
        let arguments = [
            "--exact",
            "noisy::serve_instead",
            "--nocapture",
            "--test-threads=1",
        ];
        let mut command = match gifts.descriptor {
            None => Command::new(own),
            // A shell puts it where it belongs: from here that would take `unsafe`.
            Some(_) => {
                let mut shell = Command::new("sh");
                shell
                    .args(["-c", "exec \"$0\" \"$@\" 3>&2 2>\"$ERRORS\""])
                    .arg(own);
                shell.env("ERRORS", folder.path().join("stderr"));
                shell
            }
        };
        command.args(arguments);
        for name in VARIABLES {
            command.env_remove(name);
        }
        command
            .env(HOW, gifts.how)
            .env("PROCWIRE_MODULE_NAME", "noisy")
            .env("XDG_RUNTIME_DIR", sockets)
            .envs(gifts.variables.iter().copied());
        let errors = match gifts.descriptor {
            None => Stdio::from(fs::File::create(folder.path().join("stderr")).unwrap()),
            Some(socket) => OwnedFd::from(socket.try_clone().unwrap()).into(),
        };
        let piped = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors);
        let mut child = piped.spawn().unwrap();
        let (stdin, stdout) = (
            child.stdin.take(),
            BufReader::new(child.stdout.take().unwrap()),
        );
        Self {
            child,
            stdin,
            stdout,
            folder,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next control message. Lines that are none are skipped, such as those of the test harness at the start.
    pub(crate) fn message(&mut self) -> Message {
        loop {
            let mut line = String::new();
            let read = self.stdout.read_line(&mut line).unwrap();
            assert!(read > 0, "stdout has ended; stderr: {}", self.errors());
            match Message::parse(line.as_bytes()) {
                Message::Noise => {}
                message => return message,
            }
        }
    }

    /// The next line that is a JSON object, as it is.
    pub(crate) fn line(&mut self) -> serde_json::Value {
        loop {
            let mut line = String::new();
            let read = self.stdout.read_line(&mut line).unwrap();
            assert!(read > 0, "stdout has ended; stderr: {}", self.errors());
            if let Ok(object @ serde_json::Value::Object(_)) = serde_json::from_str(&line) {
                return object;
            }
        }
    }

    pub(crate) fn init(&mut self) -> Init {
        match self.message() {
            Message::Init(init) => init.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Why the worker does not start.
    pub(crate) fn error(&mut self) -> String {
        match self.message() {
            Message::Error(why) => why,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn connect(&mut self) -> Channel {
        Channel::to(&self.init().pipe)
    }

    pub(crate) fn tell(&mut self, line: &str) {
        self.stdin
            .as_mut()
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
    }

    /// Closes the worker's stdin, as the end of the parent would.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// What it wrote to stderr.
    pub(crate) fn errors(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap()
    }

    /// Sockets in its folder.
    pub(crate) fn sockets(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|ending| ending == "sock"))
            .collect()
    }

    /// Waits for the process to end by itself: no message and no socket is left. Its exit code.
    pub(crate) fn exit(&mut self) -> Option<i32> {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert!(!rest.contains('{'), "{rest}");
        let status = self.child.wait().unwrap();
        assert_eq!(self.sockets(), Vec::<PathBuf>::new());
        status.code()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // For tests that failed; otherwise it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The data channel.
pub(crate) struct Channel(UnixStream);

impl Channel {
    pub(crate) fn to(path: &str) -> Self {
        Self::over(UnixStream::connect(path).unwrap())
    }

    pub(crate) fn over(stream: UnixStream) -> Self {
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self(stream)
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    pub(crate) fn send(&mut self, method: u16, request: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap();
        let header = Header {
            method,
            flags: Flags::REQUEST,
            request,
            length,
        };
        self.raw(&[&header.to_bytes(), payload].concat());
    }

    /// Sends a request with a number for its argument.
    pub(crate) fn call(&mut self, method: u16, request: u32, n: u32) {
        let mut payload = Vec::new();
        msgpack::encode(&n, &mut payload).unwrap();
        self.send(method, request, &payload);
    }

    /// The next frame is this one, with a number for its payload.
    pub(crate) fn expect(&mut self, flags: Flags, request: u32, n: u32) {
        let mut header = [0; HEADER_SIZE];
        self.0.read_exact(&mut header).unwrap();
        let header = Header::parse(header, 1 << 20).unwrap();
        let mut payload = vec![0; header.length as usize];
        self.0.read_exact(&mut payload).unwrap();
        assert_eq!(
            (header.flags, header.request, msgpack::decode(&payload)),
            (flags, request, Ok(n))
        );
    }

    /// The next frame is this one, without a payload.
    pub(crate) fn expect_frame(&mut self, method: u16, flags: Flags, request: u32) {
        let mut header = [0; HEADER_SIZE];
        self.0.read_exact(&mut header).unwrap();
        let expected = Header {
            method,
            flags,
            request,
            length: 0,
        };
        assert_eq!(Header::parse(header, 1 << 20), Ok(expected));
    }

    /// Nothing comes any more.
    pub(crate) fn expect_end(&mut self) {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => {}
            // So ends a connection that was dropped with something unread.
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
        assert_eq!(rest, [0; 0]);
    }
}

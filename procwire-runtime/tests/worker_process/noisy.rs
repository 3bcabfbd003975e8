//! The worker: it prints where it should not, and sleeps.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use procwire_runtime::codec::{Never, shape};
use procwire_runtime::contract::{Codec, Contract, Event, Keep, Kind, Method, Timeout};
use procwire_runtime::worker::{
    Ack, Dispatch, EventSink, LogLevel, Request, ServeError, ctx, serve,
};

pub(crate) const ECHO: u16 = 1;
pub(crate) const PRINT: u16 = 2;
pub(crate) const SLEEP: u16 = 3;
pub(crate) const SEEN: u16 = 4;
pub(crate) const LOG: u16 = 5;

pub(crate) static CONTRACT: Contract = Contract {
    name: "noisy",
    version: "2.3.4",
    methods: &[
        method("echo", Kind::Result),
        method("print", Kind::Ack),
        method("sleep", Kind::Result),
        method("seen", Kind::Result),
        method("log", Kind::Result),
    ],
    events: &[Event {
        name: "printed",
        codec: Codec::Msgpack,
        keep: Keep::All,
        payload: shape::<u32>,
    }],
};

const fn method(name: &'static str, kind: Kind) -> Method {
    Method {
        name,
        kind,
        args_codec: Codec::Msgpack,
        answer_codec: Codec::Msgpack,
        cancellable: true,
        idempotent: false,
        timeout: Timeout::Default,
        args: shape::<u32>,
        answer: shape::<u32>,
        error: None,
    }
}

pub(crate) struct Noisy(pub(crate) EventSink);

impl Dispatch for Noisy {
    fn dispatch(&self, method: usize, request: Request) {
        let events = self.0.clone();
        match method {
            0 => request.result(async |n: u32| Ok::<_, Never>(n)),
            1 => request.ack(async move |n: u32| {
                // What looks like a message must not become one: through Rust, and through a child's descriptor 1.
                print_line(r#"{"jsonrpc":"2.0","method":"$pong"}"#);
                let echoed = Command::new("echo")
                    .arg(r#"{"jsonrpc":"2.0","method":"$error"}"#)
                    .status();
                assert!(echoed.is_ok_and(|status| status.success()));
                assert_eq!(events.emit(0, &n).await, Ok(()));
                Ok::<_, Never>(Ack(n))
            }),
            // What a child has of ours: 0 asks for sockets, anything else for variables.
            3 => request.result(async |what: u32| {
                let (script, ours) = match what {
                    0 => ("ls -l /proc/self/fd", "socket:"),
                    _ => ("env", "PROCWIRE_"),
                };
                let said = Command::new("sh").args(["-c", script]).output().unwrap();
                let said = String::from_utf8(said.stdout).unwrap();
                assert!(!said.is_empty());
                let found = said.lines().filter(|line| line.contains(ours)).count();
                Ok::<_, Never>(u32::try_from(found).unwrap())
            }),
            4 => request.result(async |n: u32| {
                ctx().log(LogLevel::Warn, format!("told {n}"));
                Ok::<_, Never>(n)
            }),
            _ => request.result(async move |ms: u32| {
                match ms {
                    // For ever, and not to be talked to meanwhile.
                    0 => {
                        assert_eq!(events.emit(0, &ms).await, Ok(()));
                        loop {
                            std::thread::park();
                        }
                    }
                    ms => tokio::time::sleep(Duration::from_millis(ms.into())).await,
                }
                Ok::<_, Never>(ms)
            }),
        }
    }
}

/// Past the capture of the test harness, as a handler's `println!` would go.
fn print_line(text: &str) {
    let mut out = std::io::stdout();
    assert!(writeln!(out, "{text}").and_then(|()| out.flush()).is_ok());
}

/// Serves when it is told to, and is no test otherwise.
#[test]
fn serve_instead() {
    let Ok(how) = std::env::var(HOW) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let served: Result<(), ServeError> = runtime.block_on(serve(&CONTRACT, |events| {
        assert_ne!(how, "panic", "no model found");
        Noisy(events)
    }));
    if how == "twice" {
        let again = runtime.block_on(serve(&CONTRACT, Noisy));
        assert!(matches!(again, Err(ServeError::Twice)));
    }
    match served {
        Ok(()) => std::process::exit(SERVED),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "worker: {error}");
            std::process::exit(FAILED)
        }
    }
}

/// The variable that makes a worker of this program, and says what it is to do.
pub(crate) const HOW: &str = "NOISY_WORKER";
/// How it ends when `serve` returns.
pub(crate) const SERVED: i32 = 7;
/// How it ends when `serve` returns an error.
pub(crate) const FAILED: i32 = 9;

//! Workers that misbehave, one fault each, written with nothing but the standard library.

use std::io::{BufRead, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

const METHODS: &str = r#""open":{"id":1,"response":"result"},"blocks":{"id":2,"response":"stream"},"index":{"id":3,"response":"ack"},"log":{"id":4,"response":"none"},"concat":{"id":5,"response":"result"},"sleep":{"id":6,"response":"result"},"act":{"id":7,"response":"result"},"stubborn":{"id":8,"response":"result"},"risky":{"id":9,"response":"result"}"#;
const EVENTS: &str = r#""progress":{"id":1},"latest":{"id":2}"#;

pub(crate) fn run(fault: &str) {
    match fault {
        "silent-exit" => {}
        "reports" => say(r#"{"jsonrpc":"2.0","method":"$error","params":{"message":"no GPU"}}"#),
        "no-schema" => say(r#"{"method":"$init","params":{"pipe":"/nowhere"}}"#),
        "missing-method" => say(&init("/nowhere", r#""open":{"id":1,"response":"result"}"#)),
        "other-kind" => say(&init(
            "/nowhere",
            &METHODS.replace(
                r#""blocks":{"id":2,"response":"stream"}"#,
                r#""blocks":{"id":2,"response":"result"}"#,
            ),
        )),
        "reserved-id" => say(&init(
            "/nowhere",
            &METHODS.replace(r#""id":9"#, r#""id":65535"#),
        )),
        "nobody-listens" => {
            say(&init("/nowhere/procwire.sock", METHODS));
            wait();
        }
        "noise" => {
            // Before, around and after what counts.
            println!("Loading model...");
            println!("{{ not json");
            println!("{}", "x".repeat(3 << 20));
            let (listener, path) = bind();
            say(&init(path.to_str().unwrap_or_default(), METHODS));
            std::thread::spawn(|| {
                (0..100_000).for_each(|i| println!("tick {i} {}", "y".repeat(100)));
            });
            serve(&listener, |_, stream, header, _| {
                answer(stream, header, 0x03, b"\xa2ok")
            });
        }
        "garbage" => talk(|stream, _| stream.write_all(&[0xFF; 64])),
        "method-zero" => talk(|stream, header| {
            header[0] = 0;
            header[1] = 0;
            answer(stream, header, 0x03, b"\xa2ok")
        }),
        "half-a-frame" => talk(|stream, header| {
            header[2] = 0x03;
            header[7..].copy_from_slice(&100_u32.to_be_bytes());
            stream.write_all(header)?;
            stream.write_all(b"only this")?;
            std::process::abort()
        }),
        // A whole answer, then death: it must reach its caller.
        "answer-and-die" => talk(|stream, header| {
            answer(stream, header, 0x03, b"\xa2ok")?;
            std::process::abort()
        }),
        "never-pongs" => {
            let (listener, path) = bind();
            say(&init(path.to_str().unwrap_or_default(), METHODS));
            let _accepted = listener.accept();
            wait();
        }
        "stays" => {
            // Ignores `$shutdown` and the end of stdin.
            let (listener, path) = bind();
            say(&init(path.to_str().unwrap_or_default(), METHODS));
            let _accepted = listener.accept();
            loop {
                std::thread::park();
            }
        }
        // Answers `act` and leaves everything else open for ever.
        "mute-but-acts" => talk_all(|stream, header, payload| {
            // `act` is answered, everything else is left open.
            if header[..2] == [0, 7] {
                answer(stream, header, 0x03, text(payload))
            } else {
                Ok(())
            }
        }),
        // Ends with a code of its own when it is asked to.
        "sour" => {
            let (listener, path) = bind();
            say(&init(path.to_str().unwrap_or_default(), METHODS));
            let _accepted = listener.accept();
            wait();
            eprintln!("no hard feelings");
            std::process::exit(7);
        }
        // Never stops printing, most of all when it is to end.
        "floods" => {
            let (listener, path) = bind();
            say(&init(path.to_str().unwrap_or_default(), METHODS));
            let _accepted = listener.accept();
            wait();
            for i in 0..200_000 {
                println!("still here {i} {}", "z".repeat(100));
            }
        }
        // Ends only when its data channel does.
        "waits-for-the-channel" => {
            let (listener, path) = bind();
            say(&init(path.to_str().unwrap_or_default(), METHODS));
            if let Ok((mut stream, _)) = listener.accept() {
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            }
        }
        // Serves once, then ends by itself without a fault.
        "leaves" => talk(|stream, header| {
            answer(stream, header, 0x03, b"\xa2ok")?;
            std::process::exit(0)
        }),
        other => eprintln!("no such fault: {other}"),
    }
}

fn say(line: &str) {
    println!("{line}");
}

fn init(pipe: &str, methods: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"$init","params":{{"pipe":"{pipe}","schema":{{"methods":{{{methods}}},"events":{{{EVENTS}}}}},"version":"1.0.0"}}}}"#
    )
}

fn bind() -> (UnixListener, PathBuf) {
    let path = std::env::temp_dir().join(format!("evil-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    (listener, path)
}

fn wait() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        if line.contains("$shutdown") {
            return;
        }
    }
}

/// Announces, takes the connection, and does `fault` to the first request.
fn talk(fault: impl Fn(&mut UnixStream, &mut [u8; 11]) -> std::io::Result<()>) {
    let (listener, path) = bind();
    say(&init(path.to_str().unwrap_or_default(), METHODS));
    serve(&listener, |_, stream, header, _| fault(stream, header));
}

/// Announces, takes the connection, and lets `each` see every request.
fn talk_all(each: impl Fn(&mut UnixStream, &mut [u8; 11], &[u8]) -> std::io::Result<()>) {
    let (listener, path) = bind();
    say(&init(path.to_str().unwrap_or_default(), METHODS));
    serve(&listener, |_, stream, header, payload| {
        if header[..2] == [0xFF, 0xFF] {
            return Ok(()); // an ABORT
        }
        each(stream, header, payload)
    });
}

/// The text of `{"what": …}`, as it stands in the payload.
fn text(payload: &[u8]) -> &[u8] {
    &payload[1 + 5..]
}

fn serve(
    listener: &UnixListener,
    mut each: impl FnMut(usize, &mut UnixStream, &mut [u8; 11], &[u8]) -> std::io::Result<()>,
) {
    let Ok((mut stream, _)) = listener.accept() else {
        return;
    };
    let _ = listener
        .local_addr()
        .ok()
        .and_then(|address| address.as_pathname().map(std::fs::remove_file));
    let mut header = [0; 11];
    for count in 0.. {
        if stream.read_exact(&mut header).is_err() {
            return;
        }
        let mut payload =
            vec![0; u32::from_be_bytes([header[7], header[8], header[9], header[10]]) as usize];
        if stream.read_exact(&mut payload).is_err()
            || each(count, &mut stream, &mut header, &payload).is_err()
        {
            return;
        }
    }
}

fn answer(
    stream: &mut UnixStream,
    header: &mut [u8; 11],
    flags: u8,
    payload: &[u8],
) -> std::io::Result<()> {
    header[2] = flags;
    header[7..].copy_from_slice(&(payload.len() as u32).to_be_bytes());
    stream.write_all(&[&header[..], payload].concat())
}

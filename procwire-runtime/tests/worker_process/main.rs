//! A real worker process, driven by raw control lines and frames.
//!
//! The worker is this very program, started again for the one test that serves instead of testing.

mod agreed;
mod noisy;
mod parent;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use noisy::{CONTRACT, ECHO, FAILED, PRINT, SERVED, SLEEP};
use parent::{Channel, Worker};
use procwire_runtime::control::{Message, PING, SHUTDOWN};
use procwire_runtime::ids::AUTH;
use procwire_runtime::wire::{Flags, Header};

#[test]
fn a_worker_listens_before_it_says_so_and_hides_once_adopted() {
    let mut worker = Worker::spawn("", None);
    let init = worker.init();
    let (echo, print) = (&init.methods["echo"], &init.methods["print"]);
    assert_eq!((echo.id, echo.response.as_str()), (1, "result"));
    assert_eq!((print.id, print.response.as_str()), (2, "ack"));
    assert_eq!(init.events["printed"], 1);
    let ours = init.ours.unwrap();
    assert_eq!(
        (ours.language.as_str(), ours.version.as_str()),
        ("rust", "2.3.4")
    );
    assert_eq!(ours.fingerprint, CONTRACT.fingerprint().to_string());
    let name = Path::new(&init.pipe).file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with(&format!("procwire-{}-", worker.pid())),
        "{name}"
    );
    let mode = fs::metadata(&init.pipe).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");

    let mut channel = Channel::to(&init.pipe);
    channel.call(ECHO, 1, 77);
    channel.expect(Flags::RESPONSE, 1, 77);
    assert_eq!(worker.sockets(), Vec::<PathBuf>::new());
    assert!(
        UnixStream::connect(&init.pipe).is_err(),
        "a second one can connect"
    );
    worker.tell(SHUTDOWN);
    channel.expect_end();
    assert_eq!(worker.exit(), Some(SERVED));
}

#[test]
fn what_is_printed_is_no_message() {
    let mut worker = Worker::spawn("twice", None);
    let mut channel = worker.connect();
    channel.call(PRINT, 1, 5);
    channel.expect(Flags::EVENT, 0, 5);
    channel.expect(Flags::ACK, 1, 5);
    worker.tell("  {\"method\":\"$unheard\"}\r\nnoise\n");
    // One answer for each ping and not one more: what was printed looks like an answer.
    for _ in 0..3 {
        worker.tell(PING);
        assert_eq!(worker.message(), Message::Pong);
    }
    worker.tell(SHUTDOWN);
    assert_eq!(worker.exit(), Some(SERVED));
    let errors = worker.errors();
    assert!(
        errors.contains("$pong") && errors.contains("$error"),
        "{errors}"
    );
}

#[test]
fn a_ping_is_answered_while_a_handler_blocks_and_the_process_ends_with_its_parent() {
    let mut worker = Worker::spawn("", None);
    let mut channel = worker.connect();
    channel.call(ECHO, 1, 1);
    channel.expect(Flags::RESPONSE, 1, 1);
    channel.call(SLEEP, 2, 0); // blocks the only thread of its runtime, for ever
    channel.expect(Flags::EVENT, 0, 0);
    worker.tell(PING);
    assert_eq!(worker.message(), Message::Pong);
    let began = Instant::now();
    worker.hang_up();
    assert_eq!(worker.exit(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_signal_ends_a_worker_whose_runtime_is_blocked() {
    let mut worker = Worker::spawn("", None);
    let mut channel = worker.connect();
    channel.call(SLEEP, 1, 0); // blocks the only thread of its runtime, for ever
    channel.expect(Flags::EVENT, 0, 0);
    let pid = worker.pid().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(worker.exit(), Some(0));
}

#[test]
fn a_shutdown_lets_requests_finish() {
    let mut worker = Worker::spawn("", None);
    let mut channel = worker.connect();
    channel.call(SLEEP, 1, 100);
    channel.call(ECHO, 2, 2);
    channel.expect(Flags::RESPONSE, 2, 2);
    worker.tell(SHUTDOWN);
    channel.expect(Flags::RESPONSE, 1, 100);
    channel.expect_end();
    assert_eq!(worker.exit(), Some(SERVED));
}

#[test]
fn the_end_of_the_channel_ends_the_worker() {
    let mut worker = Worker::spawn("", None);
    let mut channel = worker.connect();
    channel.call(SLEEP, 1, 60_000);
    channel.call(ECHO, 2, 2);
    channel.expect(Flags::RESPONSE, 2, 2);
    drop(channel);
    assert_eq!(worker.exit(), Some(SERVED));
}

#[test]
fn the_end_of_stdin_ends_the_worker_also_before_it_is_adopted() {
    let mut worker = Worker::spawn("", None);
    let mut channel = worker.connect();
    channel.call(SLEEP, 1, 60_000);
    worker.hang_up();
    assert_eq!(worker.exit(), Some(SERVED));

    let mut worker = Worker::spawn("", None);
    let pipe = worker.init().pipe;
    assert!(Path::new(&pipe).exists());
    worker.hang_up();
    assert_eq!(worker.exit(), Some(SERVED));

    // Told to go before anyone came.
    let mut worker = Worker::spawn("", None);
    worker.init();
    worker.tell(SHUTDOWN);
    assert_eq!(worker.exit(), Some(SERVED));
}

#[test]
fn only_who_shows_the_token_is_served() {
    let mut worker = Worker::spawn("", Some("0123456789abcdef"));
    let pipe = worker.init().pipe;
    let mut silent = Channel::to(&pipe);
    let mut slow = Channel::to(&pipe);
    slow.raw(&[0xff, 0xfe, 0]);
    let mut wrong = Channel::to(&pipe);
    wrong.send(AUTH, 0, b"0123456789abcdeX");
    wrong.expect_end();
    let mut long = Channel::to(&pipe);
    long.send(AUTH, 0, &[b'0'; 10_000]);
    long.expect_end();
    let mut hasty = Channel::to(&pipe);
    hasty.call(ECHO, 1, 1);
    hasty.expect_end();

    // The token and a request in one packet, with flags and a request id that do not matter.
    let auth = Header {
        method: AUTH,
        flags: Flags::ACK,
        request: 9,
        length: 16,
    };
    let echo = Header {
        method: ECHO,
        flags: Flags::REQUEST,
        request: 1,
        length: 1,
    };
    let packet = [
        &auth.to_bytes()[..],
        b"0123456789abcdef",
        &echo.to_bytes(),
        b"\x05",
    ]
    .concat();
    let mut parent = Channel::to(&pipe);
    parent.raw(&packet);
    parent.expect(Flags::RESPONSE, 1, 5);
    silent.expect_end();
    slow.expect_end();
    worker.tell(SHUTDOWN);
    assert_eq!(worker.exit(), Some(SERVED));
}

#[test]
fn an_empty_token_is_a_token() {
    let mut worker = Worker::spawn("", Some(""));
    let pipe = worker.init().pipe;
    let mut stranger = Channel::to(&pipe);
    stranger.call(ECHO, 1, 1);
    stranger.expect_end();
    let mut parent = Channel::to(&pipe);
    parent.send(AUTH, 0, b"");
    parent.call(ECHO, 1, 1);
    parent.expect(Flags::RESPONSE, 1, 1);
    worker.hang_up();
    assert_eq!(worker.exit(), Some(SERVED));
}

#[test]
fn a_worker_that_cannot_start_says_why() {
    let mut worker = Worker::spawn("panic", None);
    let why = worker.error();
    assert!(
        why.starts_with("noisy: the worker panicked at its start: "),
        "{why}"
    );
    assert!(why.contains("no model found"), "{why}");
    assert_eq!(worker.exit(), Some(101));

    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("x".repeat(100));
    fs::create_dir(&long).unwrap();
    for (sockets, what) in [
        (long, "the system allows 107"),
        (folder.path().join("missing"), "cannot listen"),
    ] {
        let mut worker = Worker::spawn_with("", &sockets);
        let why = worker.error();
        assert!(
            why.contains(what) && why.contains("XDG_RUNTIME_DIR"),
            "{why}"
        );
        assert_eq!(worker.exit(), Some(FAILED));
        assert!(worker.errors().contains(&why), "{}", worker.errors());
    }
}

#[test]
fn a_violation_ends_the_worker() {
    let mut worker = Worker::spawn("", None);
    let mut channel = worker.connect();
    channel.call(ECHO, 1, 1);
    channel.send(0, 2, b"");
    channel.expect(Flags::RESPONSE, 1, 1);
    channel.expect_end();
    assert_eq!(worker.exit(), Some(FAILED));
    assert!(
        worker.errors().contains("method id 0"),
        "{}",
        worker.errors()
    );
}

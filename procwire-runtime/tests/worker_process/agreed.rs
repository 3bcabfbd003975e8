//! What a parent that knows more than the plain protocol gives to its worker at birth, and what the worker makes of it.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use procwire_runtime::control::{Message, PING, SHUTDOWN};
use procwire_runtime::ids::{AUTH, STARTED};
use procwire_runtime::wire::Flags;
use serde_json::json;

use super::noisy::{ECHO, FAILED, LOG, SEEN, SERVED};
use super::parent::{Channel, Gifts, Worker};

const NONCE: &str = "00112233445566778899aabbccddeeff";

fn inode(socket: &UnixStream) -> u64 {
    let there = fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd()));
    there.unwrap().ino()
}

#[test]
fn a_channel_that_was_given_is_used_and_no_other() {
    let (near, far) = UnixStream::pair().unwrap();
    let named = format!("3:{}", inode(&far));
    let mut worker = Worker::born_with(&Gifts {
        variables: &[
            ("PROCWIRE_FEATURES", "inherited,teleport=9"),
            ("PROCWIRE_FD", &named),
            ("PROCWIRE_TOKEN", "not to be shown"),
        ],
        descriptor: Some(&far),
        ..Gifts::default()
    });
    drop(far);
    let init = worker.init();
    assert_eq!(init.pipe, "inherited");
    assert_eq!(init.ours.unwrap().features, ["inherited"]);
    assert_eq!(worker.sockets().len(), 0);
    let mut channel = Channel::over(near);
    channel.call(ECHO, 1, 7);
    channel.expect(Flags::RESPONSE, 1, 7);
    channel.call(SEEN, 2, 0);
    channel.expect(Flags::RESPONSE, 2, 0); // no socket in what the worker starts
    worker.tell(SHUTDOWN);
    channel.expect_end();
    assert_eq!(worker.exit(), Some(SERVED));
}

#[test]
fn a_channel_that_did_not_arrive_is_not_claimed() {
    let (_near, far) = UnixStream::pair().unwrap();
    let (right, wrong) = (
        format!("3:{}", inode(&far)),
        format!("3:{}", inode(&far) + 1),
    );
    let odd = ["", "3", "3:", "x:y", "-1:1", "99999999999:1", "0:1", "3:x"];
    let offered = "inherited";
    let cases = odd.iter().map(|named| (offered, *named, Some(&far)));
    let cases = cases.chain([
        (offered, &*wrong, Some(&far)),
        (offered, &*right, None), // a launcher has closed it
        ("", &*right, Some(&far)),
    ]);
    for (offer, named, descriptor) in cases {
        let mut worker = Worker::born_with(&Gifts {
            variables: &[("PROCWIRE_FEATURES", offer), ("PROCWIRE_FD", named)],
            descriptor,
            ..Gifts::default()
        });
        let init = worker.init();
        assert_eq!(init.ours.unwrap().features, [""; 0], "{named:?}");
        let mut channel = Channel::to(&init.pipe);
        channel.call(ECHO, 1, 7);
        channel.expect(Flags::RESPONSE, 1, 7);
        worker.tell(SHUTDOWN);
        assert_eq!(worker.exit(), Some(SERVED));
    }
}

#[test]
fn the_socket_goes_where_the_parent_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut worker = Worker::born_with(&Gifts {
        variables: &[("PROCWIRE_DIR", folder.path().to_str().unwrap())],
        ..Gifts::default()
    });
    let pipe = worker.init().pipe;
    assert_eq!(Path::new(&pipe).parent(), Some(folder.path()));
    let mut channel = Channel::to(&pipe);
    channel.call(ECHO, 1, 7);
    channel.expect(Flags::RESPONSE, 1, 7);
    drop(channel);
    assert_eq!(worker.exit(), Some(SERVED));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn nothing_of_ours_is_in_the_environment_of_what_a_worker_starts() {
    let mut worker = Worker::born_with(&Gifts {
        variables: &[
            ("PROCWIRE_FEATURES", "started,log"),
            ("PROCWIRE_NONCE", NONCE),
            ("PROCWIRE_TOKEN", "a token"),
            ("PROCWIRE_LATER", "of a later version"),
        ],
        program: Some(env!("CARGO_BIN_EXE_runtime-lone-worker")),
        ..Gifts::default()
    });
    let mut channel = Channel::to(&worker.init().pipe);
    channel.send(AUTH, 0, b"a token");
    channel.call(SEEN, 1, 1);
    channel.expect_frame(STARTED, Flags::TO_PARENT, 1);
    channel.expect(Flags::RESPONSE, 1, 0);
    worker.hang_up();
    assert_eq!(worker.exit(), Some(0));
}

#[test]
fn tagged_lines_count_and_others_are_noise() {
    let mut worker = Worker::born_with(&Gifts {
        variables: &[
            ("PROCWIRE_FEATURES", "tagged,log"),
            ("PROCWIRE_NONCE", NONCE),
        ],
        ..Gifts::default()
    });
    let init = worker.line();
    assert_eq!(
        (&init["method"], &init["nonce"]),
        (&json!("$init"), &json!(NONCE))
    );
    assert_eq!(
        init["params"]["procwire"]["features"],
        json!(["tagged", "log"])
    );
    let mut channel = Channel::to(init["params"]["pipe"].as_str().unwrap());
    // Without the nonce, or with another one, nothing is asked for.
    worker.tell(PING);
    worker.tell(SHUTDOWN);
    worker.tell(&PING.replace('}', ",\"nonce\":\"00112233445566778899aabbccddeef0\"}"));
    channel.call(LOG, 9, 3);
    channel.expect(Flags::RESPONSE, 9, 3);
    let log = worker.line();
    assert_eq!(
        log,
        json!({
            "jsonrpc": "2.0",
            "method": "$log",
            "params": { "level": "warn", "message": "told 3", "request": 9, "target": "log" },
            "nonce": NONCE,
        })
    );
    let tagged = |line: &str| {
        line.trim_end().trim_end_matches('}').to_owned() + ",\"nonce\":\"" + NONCE + "\"}\n"
    };
    worker.tell(&tagged(PING));
    let pong = worker.line();
    assert_eq!(
        (&pong["method"], &pong["nonce"]),
        (&json!("$pong"), &json!(NONCE))
    );
    worker.tell("{\"jsonrpc\":\"2.0\",\"nonce\":\"00112233445566778899aabbccddeeff\",\"method\":\"$shutdown\"}\n");
    channel.expect_end();
    assert_eq!(worker.exit(), Some(SERVED));
}

#[test]
fn without_a_usable_nonce_lines_are_plain_and_without_log_records_go_to_stderr() {
    let mut worker = Worker::born_with(&Gifts {
        variables: &[("PROCWIRE_FEATURES", "tagged"), ("PROCWIRE_NONCE", "short")],
        ..Gifts::default()
    });
    let init = worker.init();
    assert_eq!(
        (init.ours.unwrap().features, init.nonce),
        (Vec::new(), None)
    );
    let mut channel = Channel::to(&init.pipe);
    channel.call(LOG, 1, 3);
    channel.expect(Flags::RESPONSE, 1, 3);
    assert!(
        worker.errors().contains("warn: told 3"),
        "{}",
        worker.errors()
    );
    worker.tell(PING);
    assert_eq!(worker.message(), Message::Pong);
    worker.tell(SHUTDOWN);
    assert_eq!(worker.exit(), Some(SERVED));
}

#[test]
fn a_signal_ends_a_worker_as_the_parents_word_does_and_no_socket_stays() {
    for (signal, connects) in [("-TERM", false), ("-INT", false), ("-TERM", true)] {
        let mut worker = Worker::spawn("", None);
        let pipe = worker.init().pipe;
        let channel = connects.then(|| {
            let mut channel = Channel::to(&pipe);
            channel.call(ECHO, 1, 7);
            channel.expect(Flags::RESPONSE, 1, 7);
            channel
        });
        let pid = worker.pid().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(worker.exit(), Some(SERVED));
        assert!(!Path::new(&pipe).exists());
        drop(channel);
    }
}

#[test]
fn strangers_that_keep_guessing_end_a_worker() {
    let mut worker = Worker::spawn("", Some("0123456789abcdef"));
    let pipe = worker.init().pipe;
    // Whoever says nothing, or something else, is only dropped.
    for _ in 0..8 {
        let mut other = Channel::to(&pipe);
        other.call(ECHO, 1, 1);
        other.expect_end();
    }
    for _ in 0..5 {
        let mut guesser = Channel::to(&pipe);
        guesser.send(AUTH, 0, b"fedcba9876543210");
        guesser.expect_end();
    }
    assert!(worker.error().contains("others tried too often"));
    assert_eq!(worker.exit(), Some(FAILED));
}

#[test]
fn a_length_of_four_gigabytes_before_the_token_is_not_waited_for() {
    let mut worker = Worker::spawn("", Some("0123456789abcdef"));
    let pipe = worker.init().pipe;
    let mut huge = Channel::to(&pipe);
    huge.raw(&[0xff, 0xfe, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    huge.expect_end();
    let mut parent = Channel::to(&pipe);
    parent.send(AUTH, 0, b"0123456789abcdef");
    parent.call(ECHO, 1, 1);
    parent.expect(Flags::RESPONSE, 1, 1);
    worker.hang_up();
    assert_eq!(worker.exit(), Some(SERVED));
}

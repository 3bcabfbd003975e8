//! Group C: the handshake and the control channel, where anything may be printed.

use std::time::Duration;

use procwire_runtime::__private::Heartbeat;
use procwire_runtime::clock::Clock;
use serde_json::{Value, json};

use crate::puppet::{hex, init};
use crate::stage::{exchange, play, settle, spawning};

#[test]
fn c01_a_worker_that_never_greets_is_ended_in_time_with_what_it_said() {
    play(async |stage| {
        let clock = Clock::manual();
        let builder = stage.builder().clock(clock.clone());
        let error = stage
            .refused_by(builder.ready(Duration::from_secs(8)), async |worker| {
                worker.complain("still loading\n").await;
                clock.advance(Duration::from_secs(8));
            })
            .await
            .to_string();
        assert!(
            error.contains("8s") && error.contains("still loading"),
            "{error}"
        );
    });
}

#[test]
fn c02_an_announcement_that_makes_no_sense_is_refused_with_the_reason() {
    play(async |stage| {
        let cases: &[(&str, Value, &str)] = &[
            ("/params", json!(null), "params"),
            ("/params", json!([]), "params"),
            ("/params", json!("x"), "params"),
            ("/params/pipe", json!(null), "params.pipe"),
            ("/params/pipe", json!(7), "params.pipe"),
            ("/params/schema", json!(null), "params.schema"),
            ("/params/schema", json!([1]), "params.schema"),
            (
                "/params/schema/methods",
                json!(null),
                "params.schema.methods",
            ),
            ("/params/schema/methods", json!([]), "params.schema.methods"),
            ("/params/schema/methods", json!({}), "open"),
            ("/params/schema/events", json!(null), "params.schema.events"),
            ("/params/schema/events", json!("no"), "params.schema.events"),
            ("/params/schema/events", json!({}), "progress"),
            ("/params/schema/events/latest", json!(null), "latest.id"),
            ("/params/schema/events/latest/id", json!(0), "latest.id"),
            ("/params/schema/events/latest/id", json!(65_534), ".id"),
            ("/params/schema/events/latest/id", json!(65_535), ".id"),
            ("/params/schema/events/latest/id", json!("1"), "latest.id"),
            ("/params/schema/methods/risky", json!(null), "risky"),
            ("/params/schema/methods/risky", json!(9), "risky"),
            ("/params/schema/methods/risky/id", json!(null), "risky.id"),
            ("/params/schema/methods/risky/id", json!("9"), "risky.id"),
            ("/params/schema/methods/risky/id", json!(9.5), "risky.id"),
            ("/params/schema/methods/risky/id", json!(-1), "risky.id"),
            ("/params/schema/methods/risky/id", json!(0), "risky.id"),
            ("/params/schema/methods/risky/id", json!(65_534), ".id"),
            ("/params/schema/methods/risky/id", json!(65_535), ".id"),
            ("/params/schema/methods/risky/id", json!(65_536), "risky.id"),
            ("/params/schema/methods/risky/id", json!(1e300), "risky.id"),
            (
                "/params/schema/methods/risky/response",
                json!(null),
                "risky",
            ),
            ("/params/schema/methods/risky/response", json!(3), "risky"),
            (
                "/params/schema/methods/risky/response",
                json!("stream"),
                "risky",
            ),
            (
                "/params/schema/methods/risky/response",
                json!("RESULT"),
                "risky",
            ),
            (
                "/params/schema/methods/blocks/response",
                json!("result"),
                "blocks",
            ),
            (
                "/params/schema/methods/index/response",
                json!("none"),
                "index",
            ),
            ("/params/schema/methods/log/response", json!("ack"), "log"),
        ];
        for (at, put, words) in cases {
            let error = stage
                .refused(async |worker| {
                    let mut init = init(&worker.socket(stage), &[]);
                    *init.pointer_mut(at).unwrap() = put.clone();
                    worker.announce(stage, &init).await;
                    let _ = std::fs::remove_file(worker.socket(stage));
                })
                .await
                .to_string();
            assert!(error.contains(words), "{at} = {put}: {error}");
        }
    });
}

#[test]
fn c03_the_same_announcement_twice_changes_nothing() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let again = init(&worker.socket(stage), &[]);
        worker.say(format!("{again}\n")).await;
        exchange(&pdf, &mut worker).await;
        assert_eq!(pdf.module().incarnation(), 1);
    });
}

#[test]
fn c04_a_worker_that_does_not_listen_is_refused_with_its_path() {
    play(async |stage| {
        let error = stage
            .refused(async |worker| {
                let path = worker.socket(stage);
                worker.say(format!("{}\n", init(&path, &[]))).await;
            })
            .await
            .to_string();
        assert!(
            error.contains("evil-") && error.contains("connect"),
            "{error}"
        );
    });
}

#[test]
fn c06_a_worker_of_another_schema_is_refused_once_and_for_all() {
    play(async |stage| {
        let error = stage
            .refused_by(stage.builder().retries(5), async |worker| {
                let mut init = init(&worker.socket(stage), &[]);
                init["params"]["schema"]["methods"]
                    .as_object_mut()
                    .unwrap()
                    .remove("risky");
                worker.say(format!("{init}\n")).await;
            })
            .await
            .to_string();
        assert!(
            error.contains("after 1 attempt") && error.contains("`risky`"),
            "{error}"
        );
    });
}

#[test]
fn c08_a_banner_before_the_announcement_is_noise() {
    play(async |stage| {
        let spawning = spawning(stage.builder());
        let mut worker = stage.puppet().await;
        worker
            .say("\x1b[1mLoading model\x1b[0m\r\n{ not json\n[]\n{}\nwarning: \"x\"\n\n")
            .await;
        let noise = hex(b"a line of a progress bar, again and again\n");
        worker
            .step(json!(["flood", "stdout", noise, 100, 200]))
            .await;
        worker.serve(stage).await;
        exchange(&spawning.await.unwrap().unwrap(), &mut worker).await;
    });
}

#[test]
fn c09_whatever_is_printed_later_is_noise_too() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        for noise in [
            "printed by a handler\n",
            "{\"jsonrpc\":\"2.0\",\"method\":\"$unheard\",\"params\":{}}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":3}\n",
            "{\"method\":7}\n",
            "null\n",
        ] {
            worker.say(noise).await;
            exchange(&pdf, &mut worker).await;
        }
    });
}

#[test]
fn c10_a_line_without_end_costs_no_memory_and_the_pipe_keeps_draining() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        // What a first line sets up for good is not its price.
        worker.say("a line\n").await;
        exchange(&pdf, &mut worker).await;
        let before = resident();
        // 200 MiB without a line feed; each step returns only when the parent has taken it.
        let piece = hex(&[b'x'; 1024]);
        worker
            .step(json!(["flood", "stdout", piece, 64, 3200]))
            .await;
        let grown = resident().saturating_sub(before);
        eprintln!("200 MiB in one line: {} KiB more", grown >> 10);
        assert!(grown <= 2 << 20, "{grown} bytes");
        worker.say("\n").await;
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn c11_bytes_that_are_no_text_end_nothing() {
    play(async |stage| {
        let spawning = spawning(stage.builder());
        let mut worker = stage.puppet().await;
        worker
            .say(b"\xff\xfe\x00\x80{\xc3\x28}\n\x00\n{\xff}\n")
            .await;
        worker.serve(stage).await;
        let pdf = spawning.await.unwrap().unwrap();
        worker
            .say(b"\xf0\x28\x8c\x28\n{\"method\":\"\xff\"}\n")
            .await;
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn c13_a_line_that_comes_byte_by_byte_and_with_a_carriage_return_is_read() {
    play(async |stage| {
        let spawning = spawning(stage.builder());
        let mut worker = stage.puppet().await;
        let path = worker.socket(stage);
        worker.step(json!(["listen", path])).await;
        let mut init = init(&path, &[]);
        init["params"]["name"] = "naïve ✓".into();
        let line = hex(format!("{init}\r\n").as_bytes());
        worker.step(json!(["drip", "stdout", line])).await;
        worker.step(json!(["accept"])).await;
        worker.step(json!(["manners"])).await;
        exchange(&spawning.await.unwrap().unwrap(), &mut worker).await;
    });
}

#[test]
fn c14_a_flood_on_stderr_is_drained_and_calls_go_on() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let before = resident();
        let piece = hex(b"E: the same trouble as before, at length\n");
        let flood = json!(["flood", "stderr", piece, 100, 2000]);
        for _ in 0..8 {
            worker.step(flood.clone()).await;
            exchange(&pdf, &mut worker).await;
        }
        let grown = resident().saturating_sub(before);
        assert!(grown < 8 << 20, "{grown} bytes");
    });
}

#[test]
fn c15_a_ping_that_cannot_be_written_harms_no_call() {
    play(async |stage| {
        let clock = Clock::manual();
        let heartbeat = Heartbeat::new(Duration::from_secs(1), Duration::from_secs(60));
        let builder = stage.builder().heartbeat(heartbeat).clock(clock.clone());
        let spawning = spawning(builder);
        let mut worker = stage.puppet().await;
        worker.serve_mute(stage).await;
        let pdf = spawning.await.unwrap().unwrap();
        worker.step(json!(["close", "stdin"])).await;
        for _ in 0..5 {
            clock.advance(Duration::from_secs(1));
            settle().await;
            exchange(&pdf, &mut worker).await;
        }
        worker.kill().await;
    });
}

#[test]
fn c16_a_worker_that_never_reads_its_stdin_blocks_nobody() {
    play(async |stage| {
        let clock = Clock::manual();
        let heartbeat = Heartbeat::new(Duration::from_secs(1), Duration::from_secs(9_999));
        let builder = stage.builder().heartbeat(heartbeat).clock(clock.clone());
        let spawning = spawning(builder.no_timeout());
        let mut worker = stage.puppet().await;
        worker.serve_mute(stage).await;
        let pdf = spawning.await.unwrap().unwrap();
        // It says that it is well without having been asked, so it is asked until the pipe is full, and beyond.
        for round in 0..10_000 {
            worker
                .say("{\"jsonrpc\":\"2.0\",\"method\":\"$pong\"}\n")
                .await;
            clock.advance(Duration::from_secs(1));
            if round % 500 == 0 {
                exchange(&pdf, &mut worker).await;
            }
        }
        exchange(&pdf, &mut worker).await;
        worker.kill().await;
    });
}

#[test]
fn c17_an_announcement_that_stuck_in_a_buffer_is_an_early_exit() {
    play(async |stage| {
        let error = stage
            .refused(async |worker| {
                worker.say("{\"jsonrpc\":\"2.0\",\"method\":\"$in").await;
                worker.last(json!(["exit", 0])).await;
            })
            .await
            .to_string();
        assert!(error.contains("code 0"), "{error}");
    });
}

#[test]
fn c18_messages_that_nobody_asked_for_are_passed_over() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let lines = hex(
            b"{\"jsonrpc\":\"2.0\",\"method\":\"$pong\"}\n{\"jsonrpc\":\"2.0\",\"method\":\"$what\"}\n{\"id\":5}\n",
        );
        worker.step(json!(["flood", "stdout", lines, 10, 20])).await;
        exchange(&pdf, &mut worker).await;
    });
}

/// Bytes of memory that this process has in use.
pub(crate) fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes.unwrap().parse::<usize>().unwrap() << 10
}

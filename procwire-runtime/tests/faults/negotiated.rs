//! Workers of ours: what both sides agreed on beyond the plain protocol, and what it is worth when something breaks.

use std::time::{Duration, Instant};

use procwire_runtime::__private::{CallError, Heartbeat, Lifecycle, Outcome, Restart};
use procwire_runtime::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::pdf::PdfClient;
use crate::puppet::{ABORT, CONTEXT, Puppet, RISKY, STARTED, frame, init, packed};
use crate::stage::{Stage, alive, exchange, play, settle, spawning};
use crate::told::{died, failed};

const SOON: Restart =
    Restart::new(100, Duration::from_secs(60)).backoff(Duration::ZERO, Duration::ZERO);
/// What a worker of ours answers.
const ALL: &[&str] = &["started", "credit", "inherited", "tagged", "context", "log"];

/// A control line as a worker of ours marks it.
fn tagged(worker: &Puppet, mut line: serde_json::Value) -> String {
    line["nonce"] = worker.env("PROCWIRE_NONCE").unwrap().into();
    format!("{line}\n")
}

/// The next worker, which takes the channel that it was born with and everything that is offered.
async fn agreeing(stage: &Stage) -> Puppet {
    let mut worker = stage.puppet().await;
    worker.step(json!(["inherit"])).await;
    let greeting = tagged(&worker, init("inherited", ALL));
    worker.say(greeting).await;
    worker
}

async fn pair(
    stage: &Stage,
    builder: procwire_runtime::__private::Builder<PdfClient>,
) -> (PdfClient, Puppet) {
    let spawning = spawning(builder);
    let worker = agreeing(stage).await;
    (spawning.await.unwrap().unwrap(), worker)
}

#[test]
fn a02_each_call_is_told_exactly_how_far_it_came() {
    play(async |stage| {
        let (pdf, mut worker) = pair(stage, stage.builder()).await;
        let calls: Vec<_> = (0..3)
            .map(|i| tokio::spawn(pdf.risky(i.to_string()).result()))
            .collect();
        for got in worker.read(3).await {
            if got.text() == "0" {
                worker.send(frame(STARTED, 0x01, got.id, b"")).await;
            }
        }
        // More than any socket holds.
        let held = tokio::spawn(pdf.concat(vec![1; 64 << 20]).result());
        settle().await;
        worker.kill().await;
        let expected = [
            Outcome::MaybeExecuted,
            Outcome::NotStarted,
            Outcome::NotStarted,
        ];
        for (call, outcome) in calls.into_iter().zip(expected) {
            died(call.await.unwrap(), outcome);
        }
        died(held.await.unwrap(), Outcome::NotSent);
    });
}

#[test]
fn a02_what_did_not_start_goes_to_the_next_worker_and_what_did_does_not() {
    play(async |stage| {
        let (pdf, mut worker) = pair(stage, stage.builder().restart(SOON)).await;
        let started = tokio::spawn(pdf.risky("started").result());
        let got = worker.next().await;
        worker.send(frame(STARTED, 0x01, got.id, b"")).await;
        let waiting = tokio::spawn(pdf.risky("waiting").result());
        worker.next().await;
        worker.kill().await;
        let mut next = agreeing(stage).await;
        let got = next.next().await;
        assert_eq!(got.text(), "waiting");
        next.send(frame(STARTED, 0x01, got.id, b"")).await;
        next.reply(&got, "once").await;
        assert_eq!(waiting.await.unwrap().unwrap(), "once");
        died(started.await.unwrap(), Outcome::MaybeExecuted);
        next.kill().await;
        agreeing(stage).await;
    });
}

#[test]
fn a15_a_grandchild_that_holds_the_channel_makes_nothing_certain() {
    play(async |stage| {
        for shut_down in [false, true] {
            let builder = stage.builder().grace(Duration::from_millis(100));
            let (pdf, mut worker) = pair(stage, builder.drain(Duration::ZERO)).await;
            let mut lifecycle = pdf.module().lifecycle();
            let grandchild = worker.step(json!(["fork_hold", "apart"])).await;
            let grandchild = grandchild.as_u64().unwrap() as u32;
            let call = tokio::spawn(pdf.risky("x").result());
            worker.next().await;
            if shut_down {
                // Far beyond its budget, and far from for ever, which is how long the grandchild holds the channel.
                let ended = tokio::time::timeout(Duration::from_secs(10), pdf.module().shutdown());
                ended.await.expect("the shutdown ends");
            } else {
                worker.signal(Signal::KILL);
            }
            let error = call.await.unwrap().unwrap_err();
            assert_eq!(error.outcome(), Outcome::MaybeExecuted, "{error}");
            let told = loop {
                match lifecycle.next().await {
                    Some(Lifecycle::Escaped { pid, .. }) => break pid,
                    Some(_) => {}
                    None => panic!("nothing is said of what escaped"),
                }
            };
            assert_eq!(told, worker.pid);
            assert!(alive(grandchild), "no signal of ours finds it");
            let pid = Pid::from_raw(grandchild as i32).unwrap();
            kill_process(pid, Signal::KILL).unwrap();
        }
    });
}

#[test]
fn c12_control_lines_without_the_nonce_are_not_obeyed() {
    play(async |stage| {
        let clock = Clock::manual();
        let heartbeat = Heartbeat::new(Duration::from_secs(1), Duration::from_secs(3));
        let builder = stage.builder().heartbeat(heartbeat).clock(clock.clone());
        let (pdf, mut worker) = pair(stage, builder.no_timeout()).await;
        let pong = json!({ "jsonrpc": "2.0", "method": "$pong" });
        // With the nonce it is well for as long as it says so …
        for _ in 0..10 {
            let line = tagged(&worker, pong.clone());
            worker.say(line).await;
            exchange(&pdf, &mut worker).await;
            settle().await;
            clock.advance(Duration::from_secs(1));
        }
        // … and what a handler prints does not speak for it, neither well nor ill.
        let call = tokio::spawn(pdf.risky("x").result());
        worker.next().await;
        let failure = json!({ "method": "$error", "params": { "message": "forged" } });
        let other = init("/elsewhere", ALL);
        let wrong = json!({ "method": "$pong", "nonce": "0".repeat(32) });
        while !call.is_finished() {
            for line in [&pong, &failure, &other, &wrong] {
                worker.begin(&json!([
                    "stdout",
                    crate::puppet::hex(format!("{line}\n").as_bytes())
                ]));
            }
            clock.advance(Duration::from_millis(500));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let error = call.await.unwrap().unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("heartbeat") && !text.contains("forged"),
            "{text}"
        );
        died::<(), _>(Err(error), Outcome::MaybeExecuted);
        worker.gone().await;
    });
}

#[test]
fn a_request_is_preceded_by_its_context_and_a_hook_that_panics_costs_nothing() {
    play(async |stage| {
        let asked = std::sync::atomic::AtomicU32::new(0);
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let builder = stage.builder().trace(move || {
            let first = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            assert!(first, "a hook that panics");
            Some(trace.to_owned())
        });
        let (pdf, mut worker) = pair(stage, builder).await;
        let call = tokio::spawn(pdf.risky("x").result());
        let (context, got) = (worker.next().await, worker.next().await);
        assert_eq!((context.method, context.id), (CONTEXT, got.id));
        let text = String::from_utf8_lossy(&context.payload).into_owned();
        assert!(
            text.contains("traceparent") && text.contains(trace),
            "{text}"
        );
        worker.reply(&got, "ok").await;
        assert_eq!(call.await.unwrap().unwrap(), "ok");
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn i03_a_request_that_kills_its_worker_is_poisoned_and_its_neighbours_are_served() {
    play(async |stage| {
        let (pdf, mut worker) = pair(stage, stage.builder().restart(SOON)).await;
        // Idempotent, so that it may be sent again at all; the others may be only since they were not started.
        let poison = tokio::spawn(pdf.act("poison").result());
        let neighbours: Vec<_> = (0..63)
            .map(|i| tokio::spawn(pdf.risky(i.to_string()).result()))
            .collect();
        for _ in 0..2 {
            worker.read(64).await;
            worker.kill().await;
            worker = agreeing(stage).await;
        }
        for got in worker.read(63).await {
            assert_eq!(got.method, RISKY, "the poison is not sent again");
            worker.send(frame(STARTED, 0x01, got.id, b"")).await;
            worker.reply(&got, &got.text()).await;
        }
        for (i, call) in neighbours.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), i.to_string());
        }
        let error = poison.await.unwrap().unwrap_err();
        assert!(
            matches!(error, CallError::Poisoned { deaths: 2, .. }),
            "{error}"
        );
        assert_eq!(error.outcome(), Outcome::MaybeExecuted);
        assert_eq!(pdf.module().incarnation(), 3);
    });
}

#[test]
fn g01_g02_a_million_items_for_a_frozen_reader_are_one_window_and_calls_go_on() {
    play(async |stage| {
        const PAYLOAD: usize = 1_000;
        let (pdf, mut worker) = pair(stage, stage.builder()).await;
        worker.step(json!(["produce"])).await;
        let alone = median(&pdf).await;

        let mut blocks = pdf.blocks(1_000_000, 1).stream().await.unwrap();
        let item = packed(&"x".repeat(PAYLOAD));
        let (window, cost) = (256 << 10, item.len() as u64 + 64);
        let full = u64::div_ceil(window, cost);
        until_produced(&mut worker, full).await;
        let beside = median(&pdf).await;
        assert_eq!(produced(&mut worker).await, full, "one window and no more");
        eprintln!("unary median: {alone:?} alone, {beside:?} beside a frozen stream");
        assert!(
            beside < alone * 20 + Duration::from_millis(50),
            "{alone:?} alone, {beside:?} beside"
        );

        // What the reader takes, and nothing else, lets it go on.
        for _ in 0..full {
            assert_eq!(blocks.try_next().await.unwrap().unwrap().len(), PAYLOAD);
        }
        let more = loop {
            let now = produced(&mut worker).await;
            if now > full {
                break now;
            }
            settle().await;
        };
        assert!(more <= 2 * full + 1, "{more}");
        drop(blocks);
        while worker.step(json!(["produced"])).await[1] != json!(ABORT) {
            settle().await;
        }
        assert!(median(&pdf).await < Duration::from_secs(5));
    });
}

async fn produced(worker: &mut Puppet) -> u64 {
    worker.step(json!(["produced"])).await[0].as_u64().unwrap()
}

async fn until_produced(worker: &mut Puppet, count: u64) {
    while produced(worker).await < count {
        settle().await;
    }
}

/// Of the time that calls take which are answered at once.
async fn median(pdf: &PdfClient) -> Duration {
    let mut times = Vec::new();
    for _ in 0..300 {
        let begun = Instant::now();
        assert_eq!(pdf.risky("x").result().await.unwrap(), "ok");
        times.push(begun.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

#[test]
fn a10_a_kill_that_is_not_ours_says_so() {
    play(async |stage| {
        let (pdf, mut worker) = pair(stage, stage.builder()).await;
        let call = tokio::spawn(pdf.risky("x").result());
        let got = worker.next().await;
        worker.send(frame(STARTED, 0x01, got.id, b"")).await;
        worker.kill_at_once();
        failed(
            call.await.unwrap(),
            Outcome::MaybeExecuted,
            "want of memory",
        );
    });
}

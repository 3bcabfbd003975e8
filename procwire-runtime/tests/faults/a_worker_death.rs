//! Group A: the worker dies, freezes or loses a channel.

use std::time::Duration;

use procwire_runtime::__private::{Exit, Heartbeat, Lifecycle, Outcome, Restart};
use procwire_runtime::clock::Clock;
use rustix::process::{Pid, Signal, WaitOptions, kill_process};
use serde_json::json;

use crate::pdf::PdfClient;
use crate::puppet::{ACT, CHUNK, CONCAT, RESPONSE, RISKY, STARTED, frame, hex, init, packed};
use crate::stage::{alive, evil, play, settle, spawning, until};
use crate::told::{died, failed};

/// Restarts at once, as often as needed.
const SOON: Restart =
    Restart::new(100, Duration::from_secs(60)).backoff(Duration::ZERO, Duration::ZERO);

#[test]
fn a01_a_killed_idle_worker_is_told_and_replaced() {
    play(async |stage| {
        let (pdf, mut first) = stage.pair_of(stage.builder().restart(SOON)).await;
        let mut lifecycle = pdf.module().lifecycle();
        first.kill().await;
        let exit = loop {
            if let Some(Lifecycle::Crashed { exit, .. }) = lifecycle.next().await {
                break exit;
            }
        };
        assert_eq!(exit, Exit::Signal(9));
        let mut second = stage.serving().await;
        let call = tokio::spawn(pdf.risky("x").result());
        let got = second.next().await;
        second.reply(&got, "served").await;
        assert_eq!(call.await.unwrap().unwrap(), "served");
        assert_eq!(pdf.module().incarnation(), 2);
    });
}

#[test]
fn a02_a_kill_tells_what_was_read_from_what_never_left() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let read: Vec<_> = (0..3)
            .map(|_| tokio::spawn(pdf.risky("x").result()))
            .collect();
        worker.read(3).await;
        // More than any socket holds, and nobody reads on: what is behind it stays here.
        let large = tokio::spawn(pdf.concat(vec![1; 64 << 20]).result());
        settle().await;
        let behind = tokio::spawn(pdf.risky("y").result());
        settle().await;
        worker.kill().await;
        for call in read {
            let exit = died(call.await.unwrap(), Outcome::MaybeExecuted);
            assert_eq!(exit, Exit::Signal(9));
        }
        failed(large.await.unwrap(), Outcome::NotSent, "SIGKILL");
        failed(behind.await.unwrap(), Outcome::NotSent, "SIGKILL");
    });
}

#[test]
fn a02_a_worker_that_says_what_it_starts_leaves_only_that_in_doubt() {
    play(async |stage| {
        let spawning = spawning(stage.builder());
        let mut worker = stage.puppet().await;
        let greeting = init(&worker.socket(stage), &["started"]);
        worker.announce(stage, &greeting).await;
        worker.step(json!(["accept"])).await;
        let pdf = spawning.await.unwrap().unwrap();
        let calls: Vec<_> = (0..3)
            .map(|i| tokio::spawn(pdf.risky(i.to_string()).result()))
            .collect();
        for got in worker.read(3).await {
            if got.text() == "0" {
                worker.send(frame(STARTED, 0x01, got.id, b"")).await;
            }
        }
        worker.kill().await;
        for (i, call) in calls.into_iter().enumerate() {
            let outcome = match i {
                0 => Outcome::MaybeExecuted,
                _ => Outcome::NotStarted,
            };
            failed(call.await.unwrap(), outcome, "SIGKILL");
        }
    });
}

#[test]
fn a02_a_worker_of_another_schema_proves_nothing_by_its_silence() {
    // For each list of `starts`, whether the silence of such a worker about a call of `risky` is a proof.
    for (starts, proves) in [
        (json!(["risky", "act"]), true),
        (json!(["act"]), false), // `risky` is idempotent in its schema
        (json!([]), false),      // so is everything
        (json!("risky"), false), // this is no list
        (json!(null), false),    // a worker that says nothing of it
    ] {
        play(async |stage| {
            let spawning = spawning(stage.builder().restart(SOON));
            let mut worker = stage.puppet().await;
            let mut greeting = init(&worker.socket(stage), &["started"]);
            greeting["params"]["procwire"]["starts"] = starts.clone();
            worker.announce(stage, &greeting).await;
            worker.step(json!(["accept"])).await;
            let pdf = spawning.await.unwrap().unwrap();
            let mut call = tokio::spawn(pdf.risky("once").result());
            assert_eq!(worker.next().await.text(), "once");
            worker.kill().await;
            let mut next = stage.serving().await;
            if proves {
                let again = next.next().await;
                assert_eq!(again.text(), "once");
                next.reply(&again, "done").await;
                assert_eq!(call.await.unwrap().unwrap(), "done", "{starts}");
            } else {
                died((&mut call).await.unwrap(), Outcome::MaybeExecuted);
                // What the next worker gets is the next call, and not the same once more.
                let other = tokio::spawn(pdf.risky("other").result());
                let got = next.next().await;
                assert_eq!(got.text(), "other", "{starts}");
                next.reply(&got, "done").await;
                assert_eq!(other.await.unwrap().unwrap(), "done");
            }
        });
    }
}

#[test]
fn a03_a_reply_in_our_kernel_wins_over_death() {
    play(async |stage| {
        for writes_before in [false, true] {
            let (pdf, mut worker) = stage.pair().await;
            let call = tokio::spawn(pdf.risky("x").result());
            let lost = tokio::spawn(pdf.risky("y").result());
            let read = worker.read(2).await;
            let reply = frame(RISKY, RESPONSE, read[0].id, &packed("in time"));
            worker.at_once(json!(["data", hex(&reply)]));
            worker.kill_at_once();
            // The parent has seen neither the reply nor the death.
            if writes_before {
                // Polled here and now: the first thing it notices is that it cannot write.
                failed(pdf.risky("z").result().await, Outcome::NotSent, "SIGKILL");
            }
            assert_eq!(call.await.unwrap().unwrap(), "in time");
            died(lost.await.unwrap(), Outcome::MaybeExecuted);
        }
    });
}

#[test]
fn a04_a_frame_cut_at_any_byte_is_no_answer_and_the_one_before_it_is() {
    play(async |stage| {
        let whole = frame(RISKY, RESPONSE, 0, &packed("cut"));
        for cut in 0..whole.len() {
            let (pdf, mut worker) = stage.pair().await;
            let (one, two) = (
                tokio::spawn(pdf.risky("1").result()),
                tokio::spawn(pdf.risky("2").result()),
            );
            let read = worker.read(2).await;
            let mut bytes = frame(RISKY, RESPONSE, read[0].id, &packed("whole"));
            bytes.extend(&frame(RISKY, RESPONSE, read[1].id, &packed("cut"))[..cut]);
            worker.at_once(json!(["data", hex(&bytes)]));
            worker.kill_at_once();
            assert_eq!(one.await.unwrap().unwrap(), "whole", "{cut}");
            died(two.await.unwrap(), Outcome::MaybeExecuted);
        }
    });
}

#[test]
fn a05_a_stream_yields_what_came_and_then_the_death_and_no_clean_end() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let mut blocks = pdf.blocks(9, 1).stream().await.unwrap();
        let request = worker.next().await;
        for item in ["a", "b", "c"] {
            worker
                .send(frame(request.method, CHUNK, request.id, &packed(item)))
                .await;
        }
        worker.kill().await;
        for item in ["a", "b", "c"] {
            assert_eq!(blocks.try_next().await.unwrap().as_deref(), Some(item));
        }
        died(blocks.try_next().await, Outcome::MaybeExecuted);
        assert_eq!(blocks.try_next().await.unwrap(), None);
    });
}

#[test]
fn a06_an_exit_before_the_greeting_is_told_at_once_with_stderr() {
    play(async |stage| {
        let error = stage
            .refused(async |worker| {
                worker.complain("ImportError: no torch\n").await;
                worker.last(json!(["exit", 3])).await;
            })
            .await
            .to_string();
        assert!(
            error.contains("code 3") && error.contains("ImportError: no torch"),
            "{error}"
        );
    });
}

#[test]
fn a08_a_call_waits_through_workers_that_die_at_their_start() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        worker.kill().await;
        let call = tokio::spawn(pdf.risky("x").result());
        for _ in 0..3 {
            stage.puppet().await.last(json!(["exit", 1])).await;
        }
        let mut last = stage.serving().await;
        let got = last.next().await;
        assert_eq!(got.text(), "x");
        last.reply(&got, "at last").await;
        assert_eq!(call.await.unwrap().unwrap(), "at last");
        assert_eq!(pdf.module().incarnation(), 5);
    });
}

#[test]
fn a09_an_exit_with_code_0_is_a_death_for_what_is_under_way() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        let call = tokio::spawn(pdf.risky("x").result());
        worker.next().await;
        worker.last(json!(["exit", 0])).await;
        let exit = died(call.await.unwrap(), Outcome::MaybeExecuted);
        assert_eq!(exit, Exit::Code(0));
        stage.serving().await.kill().await;
        stage.serving().await;
    });
}

#[test]
fn a10_the_signal_that_ended_it_is_told() {
    play(async |stage| {
        for signal in [11, 6, 15, 9] {
            let (pdf, mut worker) = stage.pair().await;
            let call = tokio::spawn(pdf.risky("x").result());
            worker.next().await;
            worker.last(json!(["kill_self", signal])).await;
            let exit = died(call.await.unwrap(), Outcome::MaybeExecuted);
            assert_eq!(exit, Exit::Signal(signal));
        }
    });
}

#[test]
fn a11_a_frozen_worker_is_killed_by_its_heartbeat() {
    play(async |stage| {
        let clock = Clock::manual();
        let heartbeat = Heartbeat::new(Duration::from_secs(1), Duration::from_secs(3));
        let builder = stage.builder().heartbeat(heartbeat).clock(clock.clone());
        let (pdf, mut worker) = stage.pair_of(builder.no_timeout()).await;
        worker.freeze().await;
        let call = tokio::spawn(pdf.risky("x").result());
        while !call.is_finished() {
            clock.advance(Duration::from_millis(500));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let error = call.await.unwrap().unwrap_err();
        assert!(error.to_string().contains("heartbeat"), "{error}");
        died::<(), _>(Err(error), Outcome::MaybeExecuted);
        worker.gone().await;
    });
}

#[test]
fn a12_a_closed_data_channel_is_a_death_though_the_process_lives() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        let call = tokio::spawn(pdf.risky("x").result());
        worker.next().await;
        worker.step(json!(["close", "data"])).await;
        died(call.await.unwrap(), Outcome::MaybeExecuted);
        worker.gone().await;
        let mut next = stage.serving().await;
        let call = tokio::spawn(pdf.risky("y").result());
        let got = next.next().await;
        next.reply(&got, "ok").await;
        assert_eq!(call.await.unwrap().unwrap(), "ok");
    });
}

#[test]
fn a13_calls_go_on_without_control_channel_until_the_heartbeat_misses_it() {
    play(async |stage| {
        for lost in ["stdout", "stdin"] {
            let clock = Clock::manual();
            let heartbeat = Heartbeat::new(Duration::from_secs(1), Duration::from_secs(3));
            let builder = stage.builder().heartbeat(heartbeat).clock(clock.clone());
            let spawning = spawning(builder.no_timeout());
            let mut worker = stage.puppet().await;
            worker.serve_mute(stage).await;
            let pdf = spawning.await.unwrap().unwrap();
            worker.step(json!(["close", lost])).await;
            let call = tokio::spawn(pdf.risky("x").result());
            let got = worker.next().await;
            worker.reply(&got, "still here").await;
            assert_eq!(call.await.unwrap().unwrap(), "still here");
            let call = tokio::spawn(pdf.risky("y").result());
            worker.next().await;
            while !call.is_finished() {
                clock.advance(Duration::from_millis(500));
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            died(call.await.unwrap(), Outcome::MaybeExecuted);
            worker.gone().await;
        }
    });
}

#[test]
fn a14_a_grandchild_that_holds_every_descriptor_dies_with_its_worker() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let grandchild = worker.step(json!(["fork_hold", "group"])).await;
        let call = tokio::spawn(pdf.risky("x").result());
        worker.next().await;
        worker.signal(Signal::KILL);
        let exit = died(call.await.unwrap(), Outcome::MaybeExecuted);
        assert_eq!(exit, Exit::Signal(9));
        let grandchild = grandchild.as_u64().unwrap() as u32;
        until("the grandchild is gone", || !alive(grandchild)).await;
    });
}

#[test]
fn a15_a_grandchild_that_left_the_group_holds_nobody_up() {
    play(async |stage| {
        for shut_down in [false, true] {
            let (pdf, mut worker) = stage.pair().await;
            let grandchild = worker.step(json!(["fork_hold", "apart"])).await;
            let grandchild = grandchild.as_u64().unwrap() as u32;
            let call = tokio::spawn(pdf.risky("x").result());
            worker.next().await;
            if shut_down {
                pdf.module().shutdown().await;
                assert_eq!(
                    call.await.unwrap().unwrap_err().outcome(),
                    Outcome::MaybeExecuted
                );
            } else {
                worker.signal(Signal::KILL);
                died(call.await.unwrap(), Outcome::MaybeExecuted);
            }
            assert!(alive(grandchild), "nothing here can know of it");
            let pid = Pid::from_raw(grandchild as i32).unwrap();
            kill_process(pid, Signal::KILL).unwrap();
        }
    });
}

#[test]
fn a16_a_worker_behind_a_launcher_is_killed_with_it() {
    play(async |stage| {
        let shell = PdfClient::builder()
            .command("sh")
            .args(["-c", "\"$0\"; exit $?"])
            .arg(evil());
        let (pdf, mut worker) = stage.pair_of(stage.dressed(shell)).await;
        let launcher = pdf.module().pid().unwrap();
        assert_ne!(launcher, worker.pid);
        let call = tokio::spawn(pdf.risky("x").result());
        worker.next().await;
        let pid = Pid::from_raw(launcher as i32).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        died(call.await.unwrap(), Outcome::MaybeExecuted);
        worker.gone().await;
    });
}

#[test]
fn a17_a_worker_that_someone_else_reaped_is_a_death_like_any_other() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let call = tokio::spawn(pdf.risky("x").result());
        worker.next().await;
        worker.kill_at_once();
        let pid = Pid::from_raw(worker.pid as i32);
        assert!(
            rustix::process::waitpid(pid, WaitOptions::empty())
                .unwrap()
                .is_some()
        );
        let exit = died(call.await.unwrap(), Outcome::MaybeExecuted);
        assert_eq!(exit, Exit::Unknown);
    });
}

#[test]
fn a18_workers_that_die_together_are_all_replaced_and_no_call_is_lost() {
    play(async |stage| {
        let mut modules = Vec::new();
        for _ in 0..6 {
            modules.push(stage.pair_of(stage.builder().restart(SOON)).await);
        }
        let mut calls = Vec::new();
        for (pdf, worker) in &mut modules {
            calls.extend((0..100).map(|i| tokio::spawn(pdf.act(i.to_string()).result())));
            worker.read(100).await;
        }
        for (_, worker) in &modules {
            worker.kill_at_once();
        }
        let mut next = Vec::new();
        for _ in 0..6 {
            next.push(stage.serving().await);
        }
        for worker in &mut next {
            for got in worker.read(100).await {
                assert_eq!(got.method, ACT);
                worker.reply(&got, &got.text()).await;
            }
        }
        for (i, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), (i % 100).to_string());
        }
    });
}

#[test]
fn a19_a_large_request_that_is_cut_by_the_death_was_not_sent() {
    play(async |stage| {
        let (pdf, worker) = stage.pair().await;
        let call = tokio::spawn(pdf.concat(vec![7; 64 << 20]).result());
        until("the request is on its way", || {
            pdf.module().in_flight() == 1
        })
        .await;
        settle().await;
        worker.signal(Signal::KILL);
        failed(call.await.unwrap(), Outcome::NotSent, "SIGKILL");
    });
}

#[test]
fn a19_what_was_not_sent_goes_to_the_next_worker() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        let large = tokio::spawn(pdf.concat(vec![7; 1 << 20]).result());
        settle().await;
        let behind = tokio::spawn(pdf.risky("y").result());
        settle().await;
        worker.kill().await;
        let mut next = stage.serving().await;
        for got in next.read(2).await {
            match got.method {
                CONCAT if got.payload.len() == 1 << 20 => {
                    next.send(frame(CONCAT, RESPONSE, got.id, b"raw")).await;
                }
                _ => next.reply(&got, &got.text()).await,
            }
        }
        assert_eq!(large.await.unwrap().unwrap(), "raw");
        assert_eq!(behind.await.unwrap().unwrap(), "y");
    });
}

//! What other systems of this kind get wrong, and we do not.

use std::time::Duration;

use procwire_runtime::__private::{Outcome, Restart};
use procwire_runtime::clock::Clock;
use serde_json::json;

use crate::puppet::{CONCAT, RESPONSE, RISKY, frame, hex, packed};
use crate::stage::{exchange, play, settle};
use crate::told::{died, failed};

const SOON: Restart =
    Restart::new(100, Duration::from_secs(60)).backoff(Duration::ZERO, Duration::ZERO);

#[test]
fn tb02_a_dead_worker_is_revived_by_its_own_module() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        for _ in 0..5 {
            worker.kill().await;
            // Nobody has called anything: it comes back by itself.
            worker = stage.serving().await;
            exchange(&pdf, &mut worker).await;
        }
    });
}

#[test]
fn tb05_text_cut_inside_a_character_is_whole() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let text = "naïve ✓ 漢字 🦀";
        let call = tokio::spawn(pdf.risky("x").result());
        let got = worker.next().await;
        let answer = hex(&frame(RISKY, RESPONSE, got.id, &packed(text)));
        worker.step(json!(["drip", "data", answer])).await;
        assert_eq!(call.await.unwrap().unwrap(), text);
    });
}

#[test]
fn tb06_every_death_is_known_by_the_process_and_no_words_are() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        // Words that look like an end, from a worker that is well.
        worker
            .complain("fatal: worker exited with code 1\nBrokenPipeError: EPIPE\n")
            .await;
        let call = tokio::spawn(pdf.risky("x").result());
        let got = worker.next().await;
        let words = packed("worker process died");
        worker.send(frame(RISKY, 0x07, got.id, &words)).await;
        failed(
            call.await.unwrap(),
            Outcome::Executed,
            "worker process died",
        );
        exchange(&pdf, &mut worker).await;
        for signal in [15, 9, 1] {
            let call = tokio::spawn(pdf.risky("x").result());
            worker.next().await;
            worker.last(json!(["kill_self", signal])).await;
            died(call.await.unwrap(), Outcome::MaybeExecuted);
            worker = stage.serving().await;
            exchange(&pdf, &mut worker).await;
        }
    });
}

#[test]
fn tb08_a_limit_is_what_the_caller_says() {
    play(async |stage| {
        let clock = Clock::manual();
        let builder = stage.builder().clock(clock.clone());
        let (pdf, mut worker) = stage.pair_of(builder).await;
        let limit = Duration::from_secs(35);
        let call = tokio::spawn(pdf.risky("x").timeout(limit).result());
        let got = worker.next().await;
        clock.advance(Duration::from_secs(34));
        settle().await;
        assert!(!call.is_finished());
        worker.reply(&got, "in time").await;
        assert_eq!(call.await.unwrap().unwrap(), "in time");
    });
}

#[test]
fn tb09_what_timed_out_in_the_queue_never_runs() {
    play(async |stage| {
        let clock = Clock::manual();
        let builder = stage.builder().in_flight(1).clock(clock.clone());
        let (pdf, mut worker) = stage.pair_of(builder.no_timeout()).await;
        let first = tokio::spawn(pdf.concat(vec![1]).result());
        let got = worker.next().await;
        let limit = Duration::from_secs(5);
        let queued = tokio::spawn(pdf.risky("a ghost").timeout(limit).result());
        settle().await;
        clock.advance(limit);
        failed(queued.await.unwrap(), Outcome::NotSent, "5s");
        worker.send(frame(CONCAT, RESPONSE, got.id, b"")).await;
        first.await.unwrap().unwrap();
        // The next thing that the worker sees is the next call.
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn tb10_a_print_and_a_bad_answer_fail_nobody_else() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let calls: Vec<_> = (0..10)
            .map(|i| tokio::spawn(pdf.risky(i.to_string()).result()))
            .collect();
        let read = worker.read(10).await;
        worker
            .say("debugging\n{\"id\":-1,\"error\":\"no\"}\n")
            .await;
        for got in read {
            if got.text() == "3" {
                worker.send(frame(RISKY, RESPONSE, got.id, b"\xC1")).await;
            } else {
                worker.reply(&got, &got.text()).await;
            }
        }
        for (i, call) in calls.into_iter().enumerate() {
            match i {
                3 => failed(call.await.unwrap(), Outcome::Executed, "pdf.risky"),
                _ => assert_eq!(call.await.unwrap().unwrap(), i.to_string()),
            }
        }
    });
}

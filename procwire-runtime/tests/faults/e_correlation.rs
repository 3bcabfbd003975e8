//! Group E: which answer belongs to which call.

use std::time::Duration;

use procwire_runtime::__private::Outcome;
use procwire_runtime::clock::Clock;
use serde_json::json;

use crate::puppet::{ABORT, CONCAT, RESPONSE, RISKY, frame, packed};
use crate::stage::{exchange, play, settle};
use crate::told::failed;

#[test]
fn e01_a_call_that_is_never_answered_times_out_and_the_worker_is_told() {
    play(async |stage| {
        let clock = Clock::manual();
        let (pdf, mut worker) = stage.pair_of(stage.builder().clock(clock.clone())).await;
        let call = tokio::spawn(pdf.risky("x").timeout(Duration::from_secs(10)).result());
        let got = worker.next().await;
        clock.advance(Duration::from_secs(10));
        failed(call.await.unwrap(), Outcome::MaybeExecuted, "10s");
        let abort = worker.next().await;
        assert_eq!((abort.method, abort.id), (ABORT, got.id));
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn e02_the_first_of_two_answers_wins_and_the_second_meets_nobody() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        for _ in 0..3 {
            let call = tokio::spawn(pdf.risky("x").result());
            let got = worker.next().await;
            worker.reply(&got, "first").await;
            worker.reply(&got, "second").await;
            assert_eq!(call.await.unwrap().unwrap(), "first");
        }
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn e07_a_late_answer_never_meets_a_later_call() {
    play(async |stage| {
        let clock = Clock::manual();
        let (pdf, mut worker) = stage.pair_of(stage.builder().clock(clock.clone())).await;
        let mut late = Vec::new();
        for _ in 0..50 {
            let limit = Duration::from_secs(1);
            let call = tokio::spawn(pdf.risky("late").timeout(limit).result());
            late.push(worker.next().await);
            clock.advance(limit);
            failed(call.await.unwrap(), Outcome::MaybeExecuted, "1s");
            assert_eq!(worker.next().await.method, ABORT);
        }
        for late in late {
            let call = tokio::spawn(pdf.risky("new").result());
            let got = worker.next().await;
            worker.reply(&late, "late").await;
            worker.reply(&got, "new").await;
            assert_eq!(call.await.unwrap().unwrap(), "new");
        }
        assert_eq!(pdf.module().in_flight(), 0);
    });
}

#[test]
fn e09_answers_in_any_order_reach_their_own_calls() {
    play(async |stage| {
        const CALLS: u32 = 2_000;
        let (pdf, mut worker) = stage.pair().await;
        let calls: Vec<_> = (0..CALLS)
            .map(|i| tokio::spawn(pdf.risky(i.to_string()).result()))
            .collect();
        let mut read = worker.read(CALLS).await;
        // Far apart, each once: 1 001 has no divisor in common with 2 000.
        for at in 0..read.len() {
            read.swap(at, (at * 1_001 + 7) % CALLS as usize);
        }
        let answers: Vec<u8> = read
            .iter()
            .flat_map(|got| frame(RISKY, RESPONSE, got.id, &packed(&got.text())))
            .collect();
        worker.send(answers).await;
        for (i, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), i.to_string());
        }
    });
}

#[test]
fn e10_an_answer_may_come_before_the_request_has_left() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let call = tokio::spawn(pdf.concat(vec![1; 16 << 20]).result());
        worker.step(json!(["take", 11])).await;
        worker.send(frame(CONCAT, RESPONSE, 1, b"enough")).await;
        assert_eq!(call.await.unwrap().unwrap(), "enough");
        // The rest of it still comes, to the last byte, and then the next frame.
        let next = tokio::spawn(pdf.risky("next").result());
        worker.step(json!(["take", 16 << 20])).await;
        let got = worker.next().await;
        assert_eq!(got.text(), "next");
        worker.reply(&got, "ok").await;
        assert_eq!(next.await.unwrap().unwrap(), "ok");
    });
}

#[test]
fn e11_more_calls_than_allowed_wait_and_all_are_served() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().in_flight(16)).await;
        let calls: Vec<_> = (0..1_000)
            .map(|i| tokio::spawn(pdf.risky(i.to_string()).result()))
            .collect();
        for _ in 0..1_000 {
            assert!(pdf.module().in_flight() <= 16);
            let got = worker.next().await;
            worker.reply(&got, &got.text()).await;
        }
        for (i, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), i.to_string());
        }
    });
}

#[test]
fn e12_an_abort_that_crosses_the_answer_is_nobodys_loss() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let call = tokio::spawn(pdf.risky("x").result());
        let got = worker.next().await;
        call.abort();
        settle().await;
        worker.reply(&got, "crossed").await;
        let abort = worker.next().await;
        assert_eq!((abort.method, abort.id), (ABORT, got.id));
        exchange(&pdf, &mut worker).await;
        assert_eq!(pdf.module().in_flight(), 0);
    });
}

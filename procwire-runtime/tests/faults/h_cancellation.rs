//! Group H: calls that are given up, and limits of time.

use std::future::Future as _;
use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use procwire_runtime::__private::{Outcome, Restart};
use procwire_runtime::clock::Clock;
use serde_json::json;

use crate::c_control::resident;
use crate::puppet::{ABORT, CONCAT, ERROR, RESPONSE, RISKY, STUBBORN, frame, packed};
use crate::stage::{exchange, play, settle, until};
use crate::told::failed;

#[test]
fn h01_a_call_that_is_given_up_before_it_left_is_never_seen() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let large = tokio::spawn(pdf.concat(vec![0; 4 << 20]).result());
        settle().await;
        let dropped = tokio::spawn(pdf.risky("never").result());
        settle().await;
        dropped.abort();
        assert!(dropped.await.unwrap_err().is_cancelled());
        worker.step(json!(["take", 11 + (4 << 20)])).await;
        worker.send(frame(CONCAT, RESPONSE, 1, b"")).await;
        assert_eq!(large.await.unwrap().unwrap(), "");
        let next = tokio::spawn(pdf.risky("next").result());
        let (_, got) = worker.seek(RISKY).await;
        assert_eq!(got.text(), "next");
        worker.reply(&got, "ok").await;
        assert_eq!(next.await.unwrap().unwrap(), "ok");
    });
}

#[test]
fn h02_a_call_that_is_given_up_later_is_aborted_once_and_its_last_frame_ends_it() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        for _ in 0..20 {
            let call = tokio::spawn(pdf.risky("x").result());
            let got = worker.next().await;
            call.abort();
            let abort = worker.next().await;
            assert_eq!((abort.method, abort.id), (ABORT, got.id));
            worker
                .send(frame(RISKY, ERROR, got.id, &packed("cancelled")))
                .await;
            exchange(&pdf, &mut worker).await;
            assert_eq!(pdf.module().in_flight(), 0);
        }
    });
}

#[test]
fn h03_a_storm_of_calls_that_are_given_up_costs_no_memory_and_no_id() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let before = resident();
        for round in 0..100 {
            for _ in 0..1_000 {
                let mut call = pin!(pdf.risky("storm").result());
                let mut context = Context::from_waker(std::task::Waker::noop());
                assert!(call.as_mut().poll(&mut context).is_pending());
            }
            let marker = tokio::spawn(pdf.stubborn(round).result());
            let (_, got) = worker.seek(STUBBORN).await;
            worker
                .send(frame(STUBBORN, RESPONSE, got.id, b"\x01"))
                .await;
            marker.await.unwrap().unwrap();
        }
        let grown = resident().saturating_sub(before);
        eprintln!("100 000 calls given up: {} KiB more", grown >> 10);
        assert!(grown < 32 << 20, "{grown} bytes");
        assert_eq!(pdf.module().in_flight(), 0);
    });
}

#[test]
fn h05_a_deadline_passes_while_there_is_no_worker() {
    play(async |stage| {
        let clock = Clock::manual();
        let slow = Restart::new(5, Duration::from_secs(60))
            .backoff(Duration::from_secs(100), Duration::from_secs(100));
        let builder = stage.builder().restart(slow).clock(clock.clone());
        let (pdf, mut worker) = stage.pair_of(builder).await;
        worker.kill().await;
        until("the death is known", || pdf.module().pid().is_none()).await;
        let call = tokio::spawn(pdf.risky("x").timeout(Duration::from_secs(3)).result());
        settle().await;
        clock.advance(Duration::from_secs(3));
        failed(call.await.unwrap(), Outcome::NotSent, "3s");
    });
}

#[test]
fn h06_limits_of_any_size_are_limits() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        for limit in [Duration::ZERO, Duration::from_nanos(1)] {
            let error = pdf.stubborn(1).timeout(limit).result().await.unwrap_err();
            assert!(
                matches!(error.outcome(), Outcome::NotSent | Outcome::MaybeExecuted),
                "{error}"
            );
        }
        for limit in [Duration::MAX, Duration::from_secs(u64::MAX)] {
            let call = tokio::spawn(pdf.risky("x").timeout(limit).result());
            let (_, got) = worker.seek(RISKY).await;
            worker.reply(&got, "ok").await;
            assert_eq!(call.await.unwrap().unwrap(), "ok");
        }
    });
}

#[test]
fn h07_a_call_may_be_dropped_at_any_point() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().in_flight(4)).await;
        for turns in 0..200_usize {
            {
                let mut call = pin!(pdf.risky("dropped").result());
                for _ in 0..turns % 8 {
                    let mut context = Context::from_waker(std::task::Waker::noop());
                    let _ = call.as_mut().poll(&mut context);
                    tokio::task::yield_now().await;
                }
            }
            let call = tokio::spawn(pdf.stubborn(1).result());
            let (_, got) = worker.seek(STUBBORN).await;
            worker
                .send(frame(STUBBORN, RESPONSE, got.id, b"\x01"))
                .await;
            assert_eq!(call.await.unwrap().unwrap(), 1, "{turns}");
        }
        assert_eq!(pdf.module().in_flight(), 0);
        let call = tokio::spawn(pdf.risky("x").result());
        let got = loop {
            let got = worker.next().await;
            if got.method == RISKY && got.text() == "x" {
                break got;
            }
        };
        worker.reply(&got, "ok").await;
        assert_eq!(call.await.unwrap().unwrap(), "ok");
        exchange(&pdf, &mut worker).await;
    });
}

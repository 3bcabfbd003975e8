//! Defects of the reference implementation that ours must not have, where no row of another group shows it.

use std::time::Duration;

use procwire_runtime::clock::Clock;
use serde_json::json;

use crate::puppet::{ACK, INDEX, RESPONSE, frame};
use crate::stage::{exchange, play, settle, spawning};

#[test]
fn p21_a_start_that_is_given_up_is_not_tried_again() {
    play(async |stage| {
        let clock = Clock::manual();
        let builder = stage.builder().retries(5).clock(clock.clone());
        let starting = spawning(builder);
        let mut worker = stage.puppet().await;
        // What it dies of may pass, so another attempt is due.
        worker.last(json!(["kill_self", 9])).await;
        settle().await;
        starting.abort();
        let _ = starting.await;
        for _ in 0..20 {
            clock.advance(Duration::from_secs(60));
            settle().await;
        }
        let another = tokio::time::timeout(Duration::from_millis(50), stage.listener.accept());
        assert!(another.await.is_err(), "a worker that nobody asked for");
    });
}

#[test]
fn p21_a_call_that_was_given_up_before_it_began_is_never_sent() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        drop(pdf.risky("never").result());
        let aborted = tokio::spawn(pdf.risky("never").result());
        aborted.abort();
        let _ = aborted.await;
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn p21_an_empty_acknowledgement_is_one() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        for (flags, payload) in [(ACK, &b""[..]), (ACK, b"\xC0"), (RESPONSE, b"\xC0")] {
            let call = tokio::spawn(pdf.index("x").result());
            let got = worker.next().await;
            worker.send(frame(INDEX, flags, got.id, payload)).await;
            call.await.unwrap().unwrap();
        }
        exchange(&pdf, &mut worker).await;
    });
}

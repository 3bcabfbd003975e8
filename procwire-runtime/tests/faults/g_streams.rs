//! Group G: streams, events, and who waits for whom.

use std::time::Duration;

use procwire_runtime::__private::Outcome;
use procwire_runtime::clock::Clock;
use serde_json::json;

use crate::puppet::{
    ABORT, BLOCKS, CHUNK, CONCAT, END, EVENT, RESPONSE, RISKY, STREAM_ERROR, frame, hex, packed,
};
use crate::stage::{exchange, play, settle};
use crate::told::failed;

#[test]
fn g01_a_stream_that_nobody_reads_is_bounded_and_fails_alone() {
    play(async |stage| {
        let builder = stage.builder().stream_buffer(1 << 20, 4 << 20);
        let (pdf, mut worker) = stage.pair_of(builder).await;
        let before = crate::c_control::resident();
        let mut blocks = pdf.blocks(0, 0).stream().await.unwrap();
        let request = worker.next().await;
        // 32 MiB for a reader that does not read.
        let chunk = hex(&frame(
            BLOCKS,
            CHUNK,
            request.id,
            &packed(&"x".repeat(1000)),
        ));
        worker.step(json!(["flood", "data", chunk, 64, 512])).await;
        let abort = worker.next().await;
        assert_eq!((abort.method, abort.id), (ABORT, request.id));
        exchange(&pdf, &mut worker).await;
        let grown = crate::c_control::resident().saturating_sub(before);
        assert!(grown < 24 << 20, "{grown} bytes");
        let error = loop {
            match blocks.try_next().await {
                Ok(item) => assert!(item.is_some(), "no clean end"),
                Err(error) => break error,
            }
        };
        failed::<(), _>(Err(error), Outcome::Executed, "too slowly");
        worker.send(frame(BLOCKS, END, request.id, b"")).await;
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn g02_a_stream_that_nobody_reads_keeps_no_call_waiting() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let mut blocks = pdf.blocks(0, 0).stream().await.unwrap();
        let request = worker.next().await;
        for i in 0..200 {
            let item = packed(&format!("{i}:{}", "x".repeat(4_000)));
            worker.send(frame(BLOCKS, CHUNK, request.id, &item)).await;
            exchange(&pdf, &mut worker).await;
        }
        worker.send(frame(BLOCKS, END, request.id, b"")).await;
        for i in 0..200 {
            let item = blocks.try_next().await.unwrap().unwrap();
            assert!(item.starts_with(&format!("{i}:")), "{i}");
        }
        assert_eq!(blocks.try_next().await.unwrap(), None);
    });
}

#[test]
fn g03_a_stream_that_is_dropped_is_given_up_at_once() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let mut blocks = pdf.blocks(0, 0).stream().await.unwrap();
        let request = worker.next().await;
        let chunk = frame(BLOCKS, CHUNK, request.id, &packed("a"));
        for _ in 0..3 {
            worker.send(&chunk).await;
            assert!(blocks.try_next().await.unwrap().is_some());
        }
        drop(blocks);
        let abort = worker.next().await;
        assert_eq!((abort.method, abort.id), (ABORT, request.id));
        // What was on its way meets nobody.
        for _ in 0..50 {
            worker.send(&chunk).await;
        }
        worker
            .send(frame(
                BLOCKS,
                STREAM_ERROR,
                request.id,
                &packed("cancelled"),
            ))
            .await;
        exchange(&pdf, &mut worker).await;
        assert_eq!(pdf.module().in_flight(), 0);
    });
}

#[test]
fn g04_an_error_after_items_comes_after_them() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let mut blocks = pdf.blocks(0, 0).stream().await.unwrap();
        let request = worker.next().await;
        let mut bytes = frame(BLOCKS, CHUNK, request.id, &packed("a")).repeat(5);
        bytes.extend(frame(BLOCKS, STREAM_ERROR, request.id, &packed("it broke")));
        worker.send(bytes).await;
        for _ in 0..5 {
            assert_eq!(blocks.try_next().await.unwrap().as_deref(), Some("a"));
        }
        failed(blocks.try_next().await, Outcome::Executed, "it broke");
        assert_eq!(blocks.try_next().await.unwrap(), None);
    });
}

#[test]
fn g06_a_stream_that_falls_silent_times_out_and_is_given_up() {
    play(async |stage| {
        let clock = Clock::manual();
        let (pdf, mut worker) = stage.pair_of(stage.builder().clock(clock.clone())).await;
        let call = pdf.blocks(0, 0).timeout(Duration::from_secs(60));
        let mut blocks = call.stream().await.unwrap();
        let request = worker.next().await;
        for _ in 0..3 {
            clock.advance(Duration::from_secs(59));
            worker
                .send(frame(BLOCKS, CHUNK, request.id, &packed("a")))
                .await;
            assert!(blocks.try_next().await.unwrap().is_some());
        }
        clock.advance(Duration::from_secs(61));
        failed(blocks.try_next().await, Outcome::MaybeExecuted, "60s");
        let abort = worker.next().await;
        assert_eq!((abort.method, abort.id), (ABORT, request.id));
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn g07_of_a_flood_of_events_every_one_is_received_or_counted() {
    play(async |stage| {
        const EVENTS: u64 = 200_000;
        let (pdf, mut worker) = stage.pair().await;
        let (mut slow, mut latest) = (pdf.progress(), pdf.latest());
        // {done: 1, total: 2}
        let payload = b"\x82\xa4done\x01\xa5total\x02";
        let event = hex(&frame(1, EVENT, 0, payload));
        let flood = json!(["flood", "data", event, 1_000, EVENTS / 1_000]);
        worker.step(flood).await;
        worker.send(frame(2, EVENT, 0, b"\x07")).await;
        // Behind them all.
        assert_eq!(latest.next().await, Some(7));
        exchange(&pdf, &mut worker).await;
        worker.kill().await;
        drop(pdf);
        let mut received = 0;
        while slow.next().await.is_some() {
            received += 1;
        }
        assert_eq!(received + slow.dropped(), EVENTS);
    });
}

#[test]
fn g08_a_reader_of_events_that_panics_harms_only_itself() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let mut doomed = pdf.latest();
        let mut other = pdf.latest();
        let reading = tokio::spawn(async move {
            doomed.next().await;
            panic!("in the middle of an event");
        });
        worker.send(frame(2, EVENT, 0, b"\x01")).await;
        assert!(reading.await.unwrap_err().is_panic());
        worker.send(frame(2, EVENT, 0, b"\x02")).await;
        exchange(&pdf, &mut worker).await;
        assert_eq!(other.next().await, Some(2));
    });
}

#[test]
fn g09_calls_behind_a_worker_that_does_not_read_time_out_as_not_sent() {
    play(async |stage| {
        let clock = Clock::manual();
        let (pdf, mut worker) = stage.pair_of(stage.builder().clock(clock.clone())).await;
        let large = tokio::spawn(
            pdf.concat(vec![0; 8 << 20])
                .timeout(Duration::from_secs(3600))
                .result(),
        );
        settle().await;
        let behind: Vec<_> = (0..100)
            .map(|_| {
                let call = pdf.risky("too late").timeout(Duration::from_secs(5));
                tokio::spawn(call.result())
            })
            .collect();
        settle().await;
        clock.advance(Duration::from_secs(5));
        for call in behind {
            failed(call.await.unwrap(), Outcome::NotSent, "5s");
        }
        // What was given up before it left is never seen.
        worker.step(json!(["take", 11 + (8 << 20)])).await;
        worker.send(frame(CONCAT, RESPONSE, 1, b"")).await;
        assert_eq!(large.await.unwrap().unwrap(), "");
        let call = tokio::spawn(pdf.stubborn(1).result());
        let (_, got) = worker.seek(8).await;
        worker.send(frame(8, RESPONSE, got.id, b"\x01")).await;
        assert_eq!(call.await.unwrap().unwrap(), 1);
    });
}

#[test]
fn g10_both_may_be_busy_writing_at_once() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let small = tokio::spawn(pdf.concat(vec![1]).result());
        let got = worker.next().await;
        let large = tokio::spawn(pdf.concat(vec![2; 16 << 20]).result());
        settle().await;
        // Neither reads before it has written all.
        let mut start = frame(CONCAT, RESPONSE, got.id, b"");
        start[7..].copy_from_slice(&(16_u32 << 20).to_be_bytes());
        worker.send(start).await;
        let zeros = hex(&[0; 1024]);
        worker.step(json!(["flood", "data", zeros, 64, 256])).await;
        assert_eq!(small.await.unwrap().unwrap().len(), 16 << 20);
        worker.step(json!(["take", 11 + (16 << 20)])).await;
        worker.send(frame(CONCAT, RESPONSE, got.id + 1, b"")).await;
        assert_eq!(large.await.unwrap().unwrap(), "");
    });
}

#[test]
fn g11_a_payload_beyond_the_limit_is_refused_before_it_is_sent() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().max_payload(1000)).await;
        failed(
            pdf.concat(vec![0; 1001]).result().await,
            Outcome::NotSent,
            "1001",
        );
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn g12_events_for_nobody_are_nobodys_trouble() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        worker.send(frame(2, EVENT, 0, b"\x01").repeat(2000)).await;
        worker.send(frame(77, EVENT, 0, b"\x01")).await;
        exchange(&pdf, &mut worker).await;
        let mut latest = pdf.latest();
        worker.send(frame(2, EVENT, 0, b"\x05")).await;
        assert_eq!(latest.next().await, Some(5));
        let call = tokio::spawn(pdf.risky("x").result());
        let got = worker.next().await;
        worker
            .send(frame(RISKY, RESPONSE, got.id, &packed("ok")))
            .await;
        assert_eq!(call.await.unwrap().unwrap(), "ok");
    });
}

//! Group D: bytes on the data channel that are no frames, half frames, or frames in odd pieces.

use std::time::Duration;

use procwire_runtime::__private::{Outcome, Restart};
use serde_json::json;

use crate::c_control::resident;
use crate::puppet::{ABORT, CONCAT, RESPONSE, RISKY, frame, hex, packed};
use crate::stage::{exchange, play, settle};
use crate::told::failed;

/// A call is under way when `bytes` come: it fails with these words, and the next worker serves.
fn ends_the_worker(cases: Vec<(Vec<u8>, &str)>) {
    play(async |stage| {
        let restart =
            Restart::new(1000, Duration::from_secs(60)).backoff(Duration::ZERO, Duration::ZERO);
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(restart)).await;
        for (bytes, words) in cases {
            let call = tokio::spawn(pdf.risky("x").result());
            worker.next().await;
            worker.send(bytes).await;
            failed(call.await.unwrap(), Outcome::MaybeExecuted, words);
            worker.gone().await;
            worker = stage.serving().await;
            exchange(&pdf, &mut worker).await;
        }
    });
}

#[test]
fn d01_garbage_ends_the_worker_with_the_reason() {
    ends_the_worker(vec![
        (vec![0xFF; 64], "protocol violation"),
        (
            b"HTTP/1.1 400 Bad Request\r\n".to_vec(),
            "protocol violation",
        ),
        (vec![0; 11], "protocol violation"),
    ]);
}

#[test]
fn d02_reserved_flags_are_a_violation() {
    let with = |flags| frame(RISKY, flags, 1, &packed("x"));
    ends_the_worker(vec![
        (with(0x43), "reserved flags: 0x43"),
        (with(0x83), "reserved flags: 0x83"),
        (with(0xC3), "reserved flags: 0xc3"),
    ]);
}

#[test]
fn d03_method_0_is_a_violation() {
    ends_the_worker(vec![(frame(0, RESPONSE, 1, &packed("x")), "method id 0")]);
}

#[test]
fn d04_a_length_beyond_the_limit_is_refused_at_the_header() {
    let before = resident();
    let announce = |length: u32| {
        let mut header = frame(RISKY, RESPONSE, 1, b"");
        header[7..].copy_from_slice(&length.to_be_bytes());
        header
    };
    ends_the_worker(vec![
        (announce(u32::MAX), "4294967295 bytes of payload"),
        (announce((1 << 30) + 1), "1073741825 bytes of payload"),
    ]);
    let grown = resident().saturating_sub(before);
    assert!(grown < 61 << 20, "{grown} bytes");
}

#[test]
fn d05_no_bytes_where_a_value_is_due_fail_that_call_only() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let call = tokio::spawn(pdf.risky("x").result());
        let got = worker.next().await;
        worker.send(frame(RISKY, RESPONSE, got.id, b"")).await;
        failed(call.await.unwrap(), Outcome::Executed, "pdf.risky");
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn d08_an_answer_in_single_bytes_is_the_same_answer() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let calls: Vec<_> = (0..5)
            .map(|i| tokio::spawn(pdf.risky(i.to_string()).result()))
            .collect();
        let read = worker.read(5).await;
        let answers: Vec<u8> = read
            .iter()
            .flat_map(|got| frame(RISKY, RESPONSE, got.id, &packed(&got.text())))
            .collect();
        worker.step(json!(["drip", "data", hex(&answers)])).await;
        for (i, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), i.to_string());
        }
    });
}

#[test]
fn d09_the_frames_before_a_bad_one_are_delivered() {
    play(async |stage| {
        for good in [0, 1, 2, 3, 8, 21, 64] {
            let (pdf, mut worker) = stage.pair().await;
            let calls: Vec<_> = (0..=good)
                .map(|i| tokio::spawn(pdf.risky(i.to_string()).result()))
                .collect();
            let read = worker.read(good + 1).await;
            let mut bytes: Vec<u8> = read
                .iter()
                .filter(|got| got.text() != good.to_string())
                .flat_map(|got| frame(RISKY, RESPONSE, got.id, &packed(&got.text())))
                .collect();
            bytes.extend([0xFF; 11]);
            // In one read, whatever it holds.
            worker.at_once(json!(["data", hex(&bytes)]));
            for (i, call) in calls.into_iter().enumerate() {
                let told = call.await.unwrap();
                if i == good as usize {
                    failed(told, Outcome::MaybeExecuted, "protocol violation");
                } else {
                    assert_eq!(told.unwrap(), i.to_string(), "of {good}");
                }
            }
        }
    });
}

#[test]
fn d11_the_end_of_the_channel_inside_a_frame_is_no_answer() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let call = tokio::spawn(pdf.risky("x").result());
        let got = worker.next().await;
        let answer = frame(RISKY, RESPONSE, got.id, &packed("cut short"));
        worker.send(&answer[..answer.len() - 1]).await;
        worker.step(json!(["close", "data"])).await;
        failed(call.await.unwrap(), Outcome::MaybeExecuted, "pdf.risky");
    });
}

#[test]
fn d12_what_a_full_socket_takes_piece_by_piece_arrives_unchanged() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let data: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
        let call = tokio::spawn(pdf.concat(data.clone()).result());
        let behind = tokio::spawn(pdf.risky("behind").result());
        settle().await;
        let read = worker.read(2).await;
        assert!(read[0].payload == data, "other bytes");
        worker
            .send(frame(CONCAT, RESPONSE, read[0].id, b"done"))
            .await;
        worker.reply(&read[1], "ok").await;
        assert_eq!(call.await.unwrap().unwrap(), "done");
        assert_eq!(behind.await.unwrap().unwrap(), "ok");
    });
}

#[test]
fn d13_a_caller_that_goes_in_the_middle_of_its_frame_leaves_a_whole_frame() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let call = tokio::spawn(pdf.concat(vec![5; 1 << 20]).result());
        settle().await;
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        let next = tokio::spawn(pdf.risky("next").result());
        settle().await;
        let read = worker.read(3).await;
        let large = read.iter().find(|got| got.method == CONCAT).unwrap();
        assert_eq!(large.payload.len(), 1 << 20);
        let abort = read.iter().find(|got| got.method == ABORT).unwrap();
        assert_eq!(abort.id, large.id);
        let risky = read.iter().find(|got| got.method == RISKY).unwrap();
        worker.reply(risky, "ok").await;
        assert_eq!(next.await.unwrap().unwrap(), "ok");
        assert_eq!(pdf.module().in_flight(), 0);
    });
}

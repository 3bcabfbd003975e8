//! Group F: payloads that do not decode. Each fails its own call as executed, and nothing else.

use procwire_runtime::__private::Outcome;
use serde_json::json;

use crate::c_control::resident;
use crate::puppet::{ERROR, OPEN, RESPONSE, RISKY, frame, hex, packed};
use crate::stage::{exchange, play};
use crate::told::failed;

/// Each payload is the answer to a call, which must fail with these words.
fn refuses(method: u16, cases: &[(Vec<u8>, &str)]) {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        for (payload, words) in cases {
            let document = async {
                let opened = pdf.open("x").await;
                opened.map(|document| document.id)
            };
            let told = if method == OPEN {
                let answering = async {
                    let got = worker.next().await;
                    worker.send(frame(OPEN, RESPONSE, got.id, payload)).await;
                };
                tokio::join!(document, answering)
                    .0
                    .map_err(|error| (error.outcome(), error.to_string()))
            } else {
                let call = tokio::spawn(pdf.risky("x").result());
                let got = worker.next().await;
                worker.send(frame(RISKY, RESPONSE, got.id, payload)).await;
                call.await
                    .unwrap()
                    .map_err(|error| (error.outcome(), error.to_string()))
            };
            let (outcome, text) = told.expect_err(words);
            assert_eq!(outcome, Outcome::Executed, "{text}");
            assert!(text.contains(words), "{words}: {text}");
            exchange(&pdf, &mut worker).await;
        }
        assert_eq!(pdf.module().incarnation(), 1);
    });
}

#[test]
fn f01_a_corrupt_answer_fails_its_call_only() {
    refuses(
        RISKY,
        &[
            (vec![0xC1], "pdf.risky"),
            (vec![0xA5, b'a', b'b'], "pdf.risky"),
            (vec![0xDB, 0, 0], "pdf.risky"),
            (vec![], "empty"),
        ],
    );
}

#[test]
fn f03_a_wrong_type_is_told_with_its_place() {
    let document = |labels: &[u8]| {
        let mut bytes = vec![0x83];
        bytes.extend(packed("id"));
        bytes.extend(packed("a"));
        bytes.extend(packed("pages"));
        bytes.push(3);
        bytes.extend(packed("labels"));
        bytes.extend(labels);
        bytes
    };
    refuses(
        OPEN,
        &[
            (document(&[0x81, 0xA1, b'k', 0x07]), "$.labels"),
            (document(&[0x01]), "$.labels"),
            (vec![0x80], "id"),
            (vec![0x93, 1, 2, 3], "$"),
        ],
    );
}

#[test]
fn f04_nesting_beyond_64_is_refused_without_stack() {
    let nested = |depth: usize| {
        let mut bytes = vec![0x91; depth];
        bytes.push(0xC0);
        bytes
    };
    let cases = [65, 1_025, 1_000_000].map(|depth| (nested(depth), "pdf."));
    refuses(RISKY, &cases);
    refuses(OPEN, &cases);
}

#[test]
fn f05_a_length_that_is_a_lie_allocates_nothing() {
    let before = resident();
    let bomb = |kind: u8| (vec![kind, 0xFF, 0xFF, 0xFF, 0xFF, 0xA1], "pdf.");
    let cases = [0xDD, 0xDF, 0xC6, 0xDB, 0xC9].map(bomb);
    refuses(RISKY, &cases);
    refuses(OPEN, &cases);
    let grown = resident().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes");
}

#[test]
fn f06_more_elements_than_a_million_are_refused() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let call = tokio::spawn(pdf.risky("x").result());
        let got = worker.next().await;
        // 16 MiB of nils in one array.
        let mut start = frame(RISKY, RESPONSE, got.id, b"");
        let count: u32 = 16 << 20;
        start[7..].copy_from_slice(&(count + 5).to_be_bytes());
        start.push(0xDD);
        start.extend(count.to_be_bytes());
        worker.send(start).await;
        let nils = hex(&[0xC0; 1024]);
        worker.step(json!(["flood", "data", nils, 64, 256])).await;
        failed(call.await.unwrap(), Outcome::Executed, "pdf.risky");
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn f07_bytes_after_the_value_are_refused() {
    let mut trailing = packed("x");
    trailing.push(0xC0);
    refuses(RISKY, &[(trailing, "bytes follow the value")]);
}

#[test]
fn f08_text_that_is_no_text_is_refused() {
    refuses(
        RISKY,
        &[
            (vec![0xA2, 0xFF, 0xFE], "pdf.risky"),
            (vec![0xD4, 0x55, 0x00], "pdf.risky"),
            (vec![0xCB, 0x7F, 0xF8, 0, 0, 0, 0, 0, 0], "pdf.risky"),
        ],
    );
}

#[test]
fn f09_an_error_that_cannot_be_read_is_still_the_error_of_its_call() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        for payload in [
            vec![0xC1],
            vec![],
            vec![0xDB, 0xFF, 0xFF, 0xFF, 0xFF],
            vec![0x91; 70],
        ] {
            let call = tokio::spawn(pdf.risky("x").result());
            let got = worker.next().await;
            worker.send(frame(RISKY, ERROR, got.id, &payload)).await;
            failed(call.await.unwrap(), Outcome::Executed, "pdf.risky");
        }
        exchange(&pdf, &mut worker).await;
    });
}

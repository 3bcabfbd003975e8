//! Workers with one fault each: a clear error, nothing left, and the next one served.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::pdf::PdfClient;
use procwire_runtime::__private as P;
use procwire_runtime::__private::{CallError, Exit, Heartbeat, Outcome, Restart};

fn worker() -> &'static str {
    env!("CARGO_BIN_EXE_runtime-test-worker")
}

fn evil(fault: &str) -> P::Builder<PdfClient> {
    PdfClient::builder()
        .command(worker())
        .args(["evil", fault])
        .restart(Restart::never())
        .retries(0)
}

async fn refused(fault: &str) -> String {
    let begun = Instant::now();
    let error = evil(fault).spawn().await.expect_err(fault).to_string();
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{fault}: {:?}",
        begun.elapsed()
    );
    error
}

#[tokio::test]
async fn every_unusable_greeting_says_what_is_wrong() {
    for (fault, words) in [
        ("silent-exit", "exited with code 0 before it was ready"),
        ("reports", "the worker reports: no GPU"),
        ("no-schema", "$init without a usable `params.schema`"),
        (
            "missing-method",
            "the worker does not serve the method `blocks`; it serves `open`",
        ),
        (
            "other-kind",
            "the worker answers the method `blocks` as `result`, the schema says `stream`",
        ),
        (
            "reserved-id",
            "methods.risky.id`: expected a whole number from 1 to 65533",
        ),
        (
            "nobody-listens",
            "cannot connect to the worker at \"/nowhere/procwire.sock\"",
        ),
    ] {
        let error = refused(fault).await;
        assert!(error.contains(words), "{fault}: {error}");
    }
}

#[tokio::test]
async fn noise_on_stdout_is_no_message() {
    let pdf = evil("noise").spawn().await.unwrap();
    for _ in 0..20 {
        assert_eq!(pdf.act("x").result().await.unwrap(), "ok");
    }
}

#[tokio::test]
async fn bytes_that_are_no_frames_end_the_worker_with_the_reason() {
    for (fault, words) in [
        ("garbage", "reserved flags"),
        ("method-zero", "method id 0"),
    ] {
        let pdf = evil(fault).spawn().await.unwrap();
        let error = pdf.risky("x").result().await.unwrap_err();
        let CallError::Crashed {
            reason, outcome, ..
        } = &error
        else {
            panic!("{error}")
        };
        assert!(
            reason.contains("protocol violation") && reason.contains(words),
            "{fault}: {error}"
        );
        assert_eq!(*outcome, Outcome::MaybeExecuted);
    }
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let pdf = evil("half-a-frame").spawn().await.unwrap();
    let error = pdf.risky("x").result().await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Crashed {
                exit: Exit::Signal(6),
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_that_arrived_before_the_death_is_delivered() {
    for _ in 0..20 {
        let pdf = evil("answer-and-die").spawn().await.unwrap();
        assert_eq!(pdf.risky("x").result().await.unwrap(), "ok");
    }
}

#[tokio::test]
async fn a_worker_that_does_not_answer_pings_is_replaced() {
    let pdf = evil("never-pongs")
        .heartbeat(Heartbeat::new(
            Duration::from_millis(20),
            Duration::from_millis(100),
        ))
        .spawn()
        .await
        .unwrap();
    let error = pdf.risky("x").result().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("did not answer a heartbeat within 100ms"),
        "{error}"
    );
}

#[tokio::test]
async fn a_worker_that_ignores_the_end_is_killed() {
    let pdf = evil("stays")
        .grace(Duration::from_millis(100))
        .spawn()
        .await
        .unwrap();
    let pid = pdf.module().pid().unwrap();
    pdf.module().shutdown().await;
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test]
async fn a_start_that_may_succeed_later_is_tried_again_and_one_that_cannot_is_not() {
    let clock = procwire_runtime::clock::Clock::manual();
    let spawning = tokio::spawn(
        evil("nobody-listens")
            .retries(2)
            .clock(clock.clone())
            .spawn(),
    );
    // Real processes, but the waits between the attempts are the clock's.
    while !spawning.is_finished() {
        clock.advance(Duration::from_millis(500));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let error = spawning.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("after 3 attempt(s)"), "{error}");
    let error = evil("missing-method")
        .retries(2)
        .spawn()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("after 1 attempt(s)"), "{error}");
}

#[test]
fn a_parent_that_is_killed_takes_its_workers_with_it() {
    for _ in 0..5 {
        let mut parent = Command::new(worker())
            .arg("parent")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(parent.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let pid: u32 = line.trim().parse().unwrap();
        let running = || {
            std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| !stat.contains(") Z "))
        };
        assert!(running());
        parent.kill().unwrap();
        parent.wait().unwrap();
        let begun = Instant::now();
        while running() {
            assert!(
                begun.elapsed() < Duration::from_secs(1),
                "the worker outlived its parent"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

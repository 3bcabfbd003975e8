//! Real processes: start, crash, restart, shutdown, and what the caller hears of it.

#[path = "support/pdf.rs"]
mod pdf;

use std::time::{Duration, Instant};

use pdf::{PdfClient, PdfError};
use procwire_runtime::__private as P;
use procwire_runtime::__private::{
    CallError, Exit, Heartbeat, Lifecycle, ModuleState, Outcome, Restart,
};

/// The worker binary, which cargo builds as a test without a harness.
fn worker() -> &'static str {
    env!("CARGO_BIN_EXE_runtime-test-worker")
}

fn builder() -> P::Builder<PdfClient> {
    PdfClient::builder().command(worker())
}

fn alive(pid: u32) -> bool {
    // A zombie is not alive; one that was reaped has no entry at all.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < give_up, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn spawn_call_shut_down() {
    let pdf = builder().auth(true).spawn().await.unwrap();
    let pid = pdf.module().pid().unwrap();
    assert_eq!(pdf.open("a").await.unwrap().pages, 3);
    assert!(matches!(
        pdf.open("missing").await,
        Err(CallError::App(PdfError::NotFound { .. }))
    ));
    assert_eq!(
        pdf.blocks(3000, 10)
            .stream()
            .await
            .unwrap()
            .collect()
            .await
            .unwrap()
            .len(),
        3000
    );
    assert_eq!(
        pdf.act("env PROCWIRE_MODULE_NAME").result().await.unwrap(),
        "pdf"
    );
    let begun = Instant::now();
    pdf.module().shutdown().await;
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        !std::path::Path::new(&format!("/proc/{pid}")).exists(),
        "reaped"
    );
    assert_eq!(pdf.module().state(), ModuleState::Closed);
}

#[tokio::test]
async fn a_print_in_a_handler_is_harmless() {
    let pdf = builder()
        .heartbeat(Heartbeat::new(
            Duration::from_millis(20),
            Duration::from_secs(5),
        ))
        .spawn()
        .await
        .unwrap();
    for _ in 0..50 {
        assert_eq!(pdf.act("print hello").result().await.unwrap(), "printed");
    }
    assert_eq!(pdf.module().incarnation(), 1);
}

#[tokio::test]
async fn a_blocked_handler_keeps_neither_heartbeat_nor_others_waiting() {
    let pdf = builder()
        .heartbeat(Heartbeat::new(
            Duration::from_millis(20),
            Duration::from_millis(150),
        ))
        .spawn()
        .await
        .unwrap();
    assert_eq!(pdf.act("warm").result().await.unwrap(), "warm");
    assert_eq!(pdf.act("block 600").result().await.unwrap(), "blocked");
    assert_eq!(pdf.module().incarnation(), 1);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_said_at_once() {
    let begun = Instant::now();
    let error = PdfClient::builder()
        .command("procwire-no-such-program")
        .spawn()
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("cannot start `procwire-no-such-program`")
            && text.contains("is it installed"),
        "{text}"
    );
    assert!(text.contains("after 1 attempt"), "{text}");
    assert!(begun.elapsed() < Duration::from_millis(500));
    let error = builder()
        .cwd("/no/such/dir")
        .spawn()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the working directory does not exist"),
        "{error}"
    );
}

#[tokio::test]
async fn an_early_exit_tells_code_and_stderr() {
    let begun = Instant::now();
    let error = builder().arg("exit").spawn().await.unwrap_err().to_string();
    assert!(
        error.contains("exited with code 3 before it was ready"),
        "{error}"
    );
    assert!(
        error.contains("ModuleNotFoundError: no module named 'torch'"),
        "{error}"
    );
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_worker_that_never_gets_ready_is_ended() {
    let error = builder()
        .arg("mute")
        .ready(Duration::from_millis(300))
        .retries(0)
        .spawn()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("not ready within 300ms") && error.contains("still loading"),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_to_start_and_zero_heartbeats_are_refused() {
    assert!(matches!(
        PdfClient::builder().spawn().await,
        Err(P::SpawnError::NoCommand { .. })
    ));
    let zero = Heartbeat::new(Duration::ZERO, Duration::from_secs(1));
    assert!(matches!(
        builder().heartbeat(zero).spawn().await,
        Err(P::SpawnError::Setting { .. })
    ));
}

#[tokio::test]
async fn a_crash_tells_signal_stderr_and_outcome_and_the_next_call_is_served() {
    let pdf = builder().spawn().await.unwrap();
    let mut lifecycle = pdf.module().lifecycle();
    let first = pdf.module().pid().unwrap();
    let error = pdf.risky("abort").result().await.unwrap_err();
    let CallError::Crashed {
        exit,
        stderr_tail,
        outcome,
        call,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (*exit, *outcome, call.pid),
        (Exit::Signal(6), Outcome::MaybeExecuted, Some(first))
    );
    assert!(stderr_tail.contains("about to abort"), "{stderr_tail}");
    assert_eq!(
        error.to_string(),
        format!(
            "pdf.risky: worker {first} was killed by SIGABRT before answering; the call: it may have been executed; its stderr ended with:\nabout to abort"
        )
    );
    // Waits for the next worker.
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    assert_ne!(pdf.module().pid().unwrap(), first);
    assert_eq!(pdf.module().incarnation(), 2);
    let mut seen = Vec::new();
    while !matches!(seen.last(), Some(Lifecycle::Ready { .. })) {
        seen.push(lifecycle.next().await.unwrap());
    }
    let states: Vec<_> = seen
        .iter()
        .filter_map(|event| {
            if let Lifecycle::State(state) = event {
                Some(*state)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(
        states,
        [
            ModuleState::Disconnected,
            ModuleState::Initializing,
            ModuleState::Connecting,
            ModuleState::Ready
        ]
    );
    assert!(seen.iter().any(|event| matches!(
        event,
        Lifecycle::Crashed {
            incarnation: 1,
            exit: Exit::Signal(6),
            ..
        }
    )));
    assert!(
        seen.iter()
            .any(|event| matches!(event, Lifecycle::Restarting { restarts: 1, .. }))
    );
}

#[tokio::test]
async fn an_exit_code_is_not_hidden_by_our_own_signal() {
    let pdf = builder().spawn().await.unwrap();
    let error = pdf.risky("exit 0").result().await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Crashed {
                exit: Exit::Code(0),
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn an_idempotent_call_is_sent_again_to_the_next_worker() {
    let dir = tempfile::tempdir().unwrap();
    let marker = dir.path().join("died");
    let pdf = builder().spawn().await.unwrap();
    let answer = pdf
        .act(format!("once {}", marker.display()))
        .result()
        .await
        .unwrap();
    assert_eq!(answer, format!("second {}", pdf.module().pid().unwrap()));
    let _ = std::fs::remove_file(&marker);
    let error = pdf
        .risky(format!("once {}", marker.display()))
        .result()
        .await
        .unwrap_err();
    assert_eq!(
        error.outcome(),
        Outcome::MaybeExecuted,
        "not idempotent: {error}"
    );
}

#[tokio::test]
async fn an_idempotent_call_that_kills_every_worker_stops() {
    let pdf = builder()
        .restart(Restart::new(50, Duration::from_secs(60)))
        .spawn()
        .await
        .unwrap();
    let error = pdf.act("abort").result().await.unwrap_err();
    assert!(
        matches!(error, CallError::Poisoned { deaths: 2, .. }),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::MaybeExecuted);
    assert_eq!(pdf.act("fine").result().await.unwrap(), "fine");
    assert_eq!(
        pdf.module().incarnation(),
        3,
        "two deaths, then one that serves"
    );
}

#[tokio::test]
async fn without_restarts_the_first_death_is_final() {
    let pdf = builder().restart(Restart::never()).spawn().await.unwrap();
    assert!(pdf.risky("abort").result().await.is_err());
    let error = pdf.act("hello").result().await.unwrap_err();
    let CallError::NotRunning {
        reason,
        stderr_tail,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert!(
        reason.contains("killed by SIGABRT") && stderr_tail.contains("about to abort"),
        "{error}"
    );
    assert_eq!(pdf.module().state(), ModuleState::Closed);
}

#[tokio::test]
async fn too_many_restarts_are_given_up() {
    let pdf = builder()
        .restart(
            Restart::new(2, Duration::from_secs(60))
                .backoff(Duration::from_millis(1), Duration::from_millis(2)),
        )
        .spawn()
        .await
        .unwrap();
    let mut lifecycle = pdf.module().lifecycle();
    for _ in 0..3 {
        assert!(pdf.risky("abort").result().await.is_err());
    }
    let mut last = None;
    while let Some(event) = lifecycle.next().await {
        if matches!(event, Lifecycle::GaveUp { .. }) {
            last = Some(event);
        }
    }
    assert!(matches!(last, Some(Lifecycle::GaveUp { restarts: 2, .. })));
    assert!(matches!(
        pdf.act("x").result().await,
        Err(CallError::NotRunning { .. })
    ));
}

#[tokio::test]
async fn a_killed_worker_fails_its_calls_at_once_and_takes_its_children_with_it() {
    let pdf = builder().spawn().await.unwrap();
    let grandchild: u32 = pdf
        .act("grandchild")
        .result()
        .await
        .unwrap()
        .parse()
        .unwrap();
    assert!(alive(grandchild));
    let call = tokio::spawn(pdf.sleep(60_000).result());
    until("the call is under way", || pdf.module().in_flight() == 1).await;
    pdf.act("barrier").result().await.unwrap();
    let begun = Instant::now();
    let pid = pdf.module().pid().unwrap();
    kill(pid);
    let error = call.await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Crashed {
                exit: Exit::Signal(9),
                ..
            }
        ),
        "{error}"
    );
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    until("the grandchild is gone", || !alive(grandchild)).await;
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
}

#[tokio::test]
async fn calls_made_while_there_is_no_worker_wait_no_longer_than_their_deadline() {
    let slow = Restart::new(5, Duration::from_secs(60))
        .backoff(Duration::from_secs(30), Duration::from_secs(30));
    let pdf = builder().restart(slow).spawn().await.unwrap();
    assert!(pdf.risky("abort").result().await.is_err());
    let begun = Instant::now();
    let error = pdf
        .act("hello")
        .timeout(Duration::from_millis(100))
        .result()
        .await
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    // A shutdown does not wait for the backoff either.
    tokio::time::timeout(Duration::from_secs(5), pdf.module().shutdown())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_call_that_is_under_way_may_finish_during_shutdown() {
    let pdf = builder().spawn().await.unwrap();
    let call = tokio::spawn(pdf.sleep(300).result());
    until("the call is under way", || pdf.module().in_flight() == 1).await;
    pdf.act("barrier").result().await.unwrap();
    pdf.module().shutdown().await;
    assert_eq!(call.await.unwrap().unwrap(), 300);
}

#[tokio::test]
async fn a_worker_that_does_not_end_is_killed_after_the_grace() {
    let pdf = builder()
        .grace(Duration::from_millis(200))
        .spawn()
        .await
        .unwrap();
    let pid = pdf.module().pid().unwrap();
    let call = tokio::spawn(pdf.sleep(60_000).result());
    until("the call is under way", || pdf.module().in_flight() == 1).await;
    pdf.act("barrier").result().await.unwrap();
    pdf.module().shutdown().await;
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.outcome(), Outcome::MaybeExecuted);
    assert!(matches!(error, CallError::Cancelled { .. }), "{error}");
    assert!(!alive(pid));
}

#[tokio::test]
async fn dropping_the_last_handle_ends_the_worker() {
    let pdf = builder().spawn().await.unwrap();
    let pid = pdf.module().pid().unwrap();
    drop(pdf);
    until("the worker is gone", || {
        !std::path::Path::new(&format!("/proc/{pid}")).exists()
    })
    .await;
}

#[test]
fn a_runtime_that_ends_takes_the_worker_with_it_and_leaves_nobody_waiting() {
    let first = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let pdf = first.block_on(async { builder().spawn().await.unwrap() });
    let pid = pdf.module().pid().unwrap();
    drop(first);
    let second = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let error = second
        .block_on(async { pdf.act("x").result().await })
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the runtime that kept the worker has ended"),
        "{error}"
    );
    second.block_on(until("the worker is gone", || !alive(pid)));
}

#[tokio::test]
async fn a_frozen_worker_is_replaced_by_its_heartbeat() {
    let pdf = builder()
        .heartbeat(Heartbeat::new(
            Duration::from_millis(30),
            Duration::from_millis(200),
        ))
        .spawn()
        .await
        .unwrap();
    let pid = pdf.module().pid().unwrap();
    let process = rustix::process::Pid::from_raw(pid as i32).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::STOP).unwrap();
    let mut life = pdf.module().lifecycle();
    // It was frozen before it could begin, and says so by saying nothing: the next worker gets the call.
    assert_eq!(pdf.risky("hello").result().await.unwrap(), "hello");
    let reason = loop {
        if let Lifecycle::Crashed { reason, .. } = life.next().await.unwrap() {
            break reason;
        }
    };
    assert!(
        reason.contains("did not answer a heartbeat within 200ms"),
        "{reason}"
    );
    assert!(!alive(pid));
}

#[tokio::test]
async fn a_payload_beyond_the_limit_is_refused_before_it_is_sent() {
    let pdf = builder().max_payload(1000).spawn().await.unwrap();
    let error = pdf.concat(vec![0; 1001]).result().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(
        error
            .to_string()
            .contains("1001 bytes of payload, the limit is 1000"),
        "{error}"
    );
    assert_eq!(
        pdf.concat(vec![7; 1000]).result().await.unwrap().len(),
        1000
    );
}

#[tokio::test]
async fn an_answer_beyond_the_limit_ends_the_worker_with_a_clear_reason() {
    let pdf = builder().max_payload(1000).spawn().await.unwrap();
    let mut blocks = pdf.blocks(1, 5000).stream().await.unwrap();
    let error = blocks.try_next().await.unwrap_err();
    let CallError::Crashed { reason, .. } = &error else {
        panic!("{error}")
    };
    assert!(reason.contains("the limit is 1000"), "{error}");
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
}

#[tokio::test]
async fn sixty_four_mebibytes_there_and_back() {
    let pdf = builder().spawn().await.unwrap();
    let data: Vec<u8> = (0..64 << 20).map(|i: usize| (i % 251) as u8).collect();
    let back = pdf.concat(data.clone()).result().await.unwrap();
    assert!(back == data);
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let dir = tempfile::tempdir().unwrap();
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let once = async |i: u32| {
        let pdf = builder()
            .env("XDG_RUNTIME_DIR", dir.path())
            .spawn()
            .await
            .unwrap();
        assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
        match i % 3 {
            0 => drop(pdf.module().shutdown().await),
            1 => {
                kill(pdf.module().pid().unwrap());
                assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
                pdf.module().shutdown().await;
            }
            _ => {
                let error = builder().arg("exit").spawn().await.unwrap_err();
                assert!(matches!(error, P::SpawnError::Failed { .. }));
                pdf.module().shutdown().await;
            }
        }
    };
    for i in 0..3 {
        once(i).await;
    }
    // Other tests of this process come and go; a leak of ours would grow with the rounds.
    let before = descriptors();
    for i in 0..15 {
        once(i).await;
    }
    until("descriptors are given back", || descriptors() < before + 15).await;
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        0,
        "no socket files"
    );
}

fn kill(pid: u32) {
    let process = rustix::process::Pid::from_raw(pid as i32).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
}

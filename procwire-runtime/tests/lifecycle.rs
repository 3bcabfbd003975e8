//! Restarts: when, how often, and what is left when there are no more.

#[path = "support/pdf.rs"]
mod pdf;

use std::path::Path;
use std::time::{Duration, Instant};

use pdf::PdfClient;
use procwire_runtime::__private as P;
use procwire_runtime::__private::{
    CallError, Exit, Heartbeat, Lifecycle, LifecycleStream, ModuleState, Outcome, Restart, Stuck,
};
use procwire_runtime::clock::Clock;

fn worker() -> &'static str {
    env!("CARGO_BIN_EXE_runtime-test-worker")
}

fn builder() -> P::Builder<PdfClient> {
    PdfClient::builder().command(worker())
}

async fn next(lifecycle: &mut LifecycleStream) -> Lifecycle {
    tokio::time::timeout(Duration::from_secs(30), lifecycle.next())
        .await
        .expect("it comes")
        .expect("the module is not closed yet")
}

/// A worker that serves in its first life and ends with code 3 in every later one; each is noted in `file`.
fn doomed(file: &Path) -> P::Builder<PdfClient> {
    let file = file.display();
    let script =
        format!("echo x >> '{file}'; [ \"$(wc -l < '{file}')\" -gt 1 ] && exit 3; exec \"$0\"");
    builder().command("sh").args(["-c", &script, worker()])
}

fn starts(file: &Path) -> usize {
    std::fs::read_to_string(file)
        .unwrap_or_default()
        .lines()
        .count()
}

/// I1: the delays, to the nanosecond, the number of starts, and the end: a state, an event and an error.
#[tokio::test]
async fn i01_a_worker_that_never_comes_up_again_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let (file, clock) = (dir.path().join("starts"), Clock::manual());
    let policy = Restart::new(4, Duration::from_secs(60));
    let pdf = doomed(&file)
        .restart(policy)
        .clock(clock.clone())
        .spawn()
        .await
        .unwrap();
    let mut lifecycle = pdf.module().lifecycle();
    assert!(pdf.risky("abort").result().await.is_err());
    let (mut delays, mut failures) = (Vec::new(), 0);
    let gave_up = loop {
        match next(&mut lifecycle).await {
            Lifecycle::Restarting { delay, restarts } => {
                assert_eq!(restarts as usize, delays.len() + 1);
                assert_eq!(starts(&file), restarts as usize);
                if !delay.is_zero() {
                    // Not a moment early.
                    clock.advance(delay - Duration::from_nanos(1));
                    for _ in 0..20 {
                        tokio::task::yield_now().await;
                    }
                    let early = tokio::time::timeout(Duration::ZERO, lifecycle.next()).await;
                    assert!(early.is_err(), "{early:?}");
                    clock.advance(Duration::from_nanos(1));
                }
                assert!(matches!(
                    next(&mut lifecycle).await,
                    Lifecycle::State(ModuleState::Initializing)
                ));
                delays.push(delay);
            }
            Lifecycle::StartFailed { attempt, error, .. } => {
                failures += 1;
                assert_eq!(attempt, failures);
                assert!(error.contains("code 3"), "{error}");
            }
            Lifecycle::GaveUp { restarts, .. } => break restarts,
            _ => {}
        }
    };
    assert_eq!((gave_up, failures, starts(&file)), (4, 4, 5));
    assert!(matches!(
        next(&mut lifecycle).await,
        Lifecycle::State(ModuleState::Closed)
    ));
    for (delay, ms) in delays.into_iter().zip([0, 50, 100, 200]) {
        let nominal = Duration::from_millis(ms);
        assert!(
            delay >= nominal * 4 / 5 && delay <= nominal * 6 / 5,
            "{delay:?} for {nominal:?}"
        );
    }
    let error = pdf.act("x").result().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(
        error.to_string().contains("after 4 restarts within 60s"),
        "{error}"
    );
}

/// I2: to get ready is no recovery, to serve for half a minute is.
#[tokio::test]
async fn i02_only_a_life_of_thirty_seconds_counts_as_recovery() {
    let clock = Clock::manual();
    let policy = Restart::new(100, Duration::from_secs(3600));
    let pdf = builder()
        .restart(policy)
        .clock(clock.clone())
        .spawn()
        .await
        .unwrap();
    let mut lifecycle = pdf.module().lifecycle();
    let mut seen = Vec::new();
    for lived in [1, 1, 1, 29, 30, 1] {
        clock.advance(Duration::from_secs(lived));
        assert!(pdf.risky("abort").result().await.is_err());
        let delay = loop {
            if let Lifecycle::Restarting { delay, .. } = next(&mut lifecycle).await {
                break delay;
            }
        };
        clock.advance(delay);
        while !matches!(next(&mut lifecycle).await, Lifecycle::Ready { .. }) {}
        seen.push(delay);
    }
    for (delay, ms) in seen.into_iter().zip([0, 50, 100, 200, 50, 50]) {
        let nominal = Duration::from_millis(ms);
        assert!(
            delay >= nominal * 4 / 5 && delay <= nominal * 6 / 5,
            "{delay:?} for {nominal:?}"
        );
    }
}

/// A9: an end with code 0 that nobody asked for is a death.
#[tokio::test]
async fn a09_a_worker_that_leaves_by_itself_is_replaced() {
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
    assert_eq!(error.outcome(), Outcome::MaybeExecuted);
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    assert_eq!(pdf.module().incarnation(), 2);
}

/// A12: the data channel is gone, the process is not.
#[tokio::test]
async fn a_lost_channel_is_told_before_the_death_of_its_process() {
    let pdf = builder()
        .args(["evil", "garbage"])
        .restart(Restart::never())
        .spawn()
        .await
        .unwrap();
    let mut lifecycle = pdf.module().lifecycle();
    assert!(pdf.risky("x").result().await.is_err());
    assert!(matches!(
        next(&mut lifecycle).await,
        Lifecycle::State(ModuleState::Disconnected)
    ));
    let Lifecycle::Disconnected {
        pid,
        incarnation: 1,
        reason,
    } = next(&mut lifecycle).await
    else {
        panic!()
    };
    assert!(reason.contains("protocol violation"), "{reason}");
    assert!(
        matches!(next(&mut lifecycle).await, Lifecycle::Crashed { pid: dead, exit: Exit::Signal(9), .. } if dead == pid)
    );
}

/// A11: N misses, then SIGKILL; a busy parent reads the answers that have arrived first.
#[tokio::test]
async fn a11_a_frozen_worker_is_killed_after_its_misses() {
    let pdf = builder()
        .heartbeat(Heartbeat::misses(Duration::from_millis(20), 3))
        .spawn()
        .await
        .unwrap();
    let mut lifecycle = pdf.module().lifecycle();
    let pid = pdf.module().pid().unwrap();
    let frozen = Instant::now();
    let raw = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(raw, rustix::process::Signal::STOP).unwrap();
    loop {
        if let Lifecycle::Crashed {
            pid: dead,
            exit,
            reason,
            ..
        } = next(&mut lifecycle).await
        {
            assert_eq!((dead, exit), (pid, Exit::Signal(9)));
            assert!(
                reason.contains("did not answer a heartbeat within 60ms"),
                "{reason}"
            );
            break;
        }
    }
    assert!(frozen.elapsed() >= Duration::from_millis(40));
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
}

/// M4: with one thread that was busy for many intervals, the answers are read before anyone is blamed.
#[tokio::test]
async fn m04_a_parent_that_was_busy_blames_nobody() {
    let pdf = builder()
        .heartbeat(Heartbeat::misses(Duration::from_millis(20), 3))
        .spawn()
        .await
        .unwrap();
    for _ in 0..5 {
        assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    assert_eq!(pdf.module().incarnation(), 1);
}

/// Section 16: the size of the kernel's buffers is what was asked for, or more.
#[tokio::test]
async fn a_worker_serves_with_buffers_of_any_size() {
    for bytes in [1, 4 << 10, 4 << 20] {
        let pdf = builder().socket_buffer(bytes).spawn().await.unwrap();
        let data = P::Bytes::from(vec![7; 1 << 20]);
        assert_eq!(pdf.concat(data.clone()).result().await.unwrap(), data);
        pdf.module().shutdown().await;
    }
}

/// H4: handlers that hold their thread neither hear of the end of their calls nor end. The worker is replaced, once others had
/// their time.
#[tokio::test]
async fn h04_a_worker_whose_calls_do_not_end_is_replaced() {
    let pdf = builder()
        .stuck(Stuck::new(2, Duration::from_millis(20)))
        .drain(Duration::from_secs(30))
        .spawn()
        .await
        .unwrap();
    let mut lifecycle = pdf.module().lifecycle();
    let short = Duration::from_millis(1);
    let stuck = || pdf.risky("block 600000").timeout(short).result();
    let (one, two) = tokio::join!(stuck(), stuck());
    for error in [one.unwrap_err(), two.unwrap_err()] {
        assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    }
    loop {
        if let Lifecycle::Crashed { exit, reason, .. } = next(&mut lifecycle).await {
            assert_eq!(exit, Exit::Signal(9));
            assert!(
                reason.contains("calls were given up and not ended by it"),
                "{reason}"
            );
            break;
        }
    }
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    assert_eq!(pdf.module().incarnation(), 2);
}

//! Our parent and every kind of worker: the published packages unmodified, and ours in three languages, one module.

mod support;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use procwire::{CallError, Heartbeat, Outcome, Restart};
use serde_json::json;
use support::{PATIENCE, built, gone, kill, npm, python, root, soon};

procwire::include_schema!("schemas/interop.toml");

type Builder = procwire::Builder<InteropClient>;

/// `@procwire/client` from npm.
fn npm_worker() -> Builder {
    InteropClient::builder()
        .command("node")
        .arg("worker.mjs")
        .cwd(npm("tests/interop/npm-worker"))
}

/// Our Python package.
fn python_worker() -> Builder {
    InteropClient::builder()
        .command(python())
        .arg("worker.py")
        .cwd(root().join("tests/interop/python-worker"))
}

/// Our npm package, on Node.
fn node_worker() -> Builder {
    InteropClient::builder()
        .command("node")
        .args([
            "bin/procwire-worker.js",
            "run",
            "tests/workers/interop/worker.ts",
        ])
        .cwd(npm("workers/typescript"))
}

/// Our crate.
fn rust_worker() -> Builder {
    InteropClient::builder().command(built("interop-rust-worker"))
}

macro_rules! every_worker {
    ($($test:ident),* $(,)?) => {
        mod npm_worker { $(#[tokio::test] async fn $test() { super::$test(super::npm_worker()).await; })* }
        mod python_worker { $(#[tokio::test] async fn $test() { super::$test(super::python_worker()).await; })* }
        mod node_worker { $(#[tokio::test] async fn $test() { super::$test(super::node_worker()).await; })* }
        mod rust_worker { $(#[tokio::test] async fn $test() { super::$test(super::rust_worker()).await; })* }
    };
}

every_worker!(
    echoes_values_and_bytes,
    streams_three_thousand_items_to_a_lagging_reader,
    a_stream_fails_after_its_items,
    acks_then_sends_the_event,
    a_oneway_call_reaches_the_worker,
    an_undeclared_error_keeps_its_message,
    a_dropped_call_is_cancelled_over_there,
    a_deadline_ends_the_call_and_cancels_it_over_there,
    a_killed_worker_fails_its_calls_and_is_replaced,
    a_frozen_worker_misses_its_heartbeat_and_is_replaced,
    a_token_is_asked_for_and_given,
    shuts_down_cleanly_within_three_seconds,
    carries_large_payloads,
    two_hundred_calls_at_once,
);

async fn start(builder: Builder) -> InteropClient {
    soon("the worker starts", builder.spawn())
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

async fn echoes_values_and_bytes(worker: Builder) {
    let worker = start(worker).await;
    for value in [
        json!("hello"),
        json!({"a": 1, "b": [true, null]}),
        json!(-7),
        json!(1.5),
        json!("naïve ☃"),
        json!([]),
    ] {
        assert_eq!(worker.echo(&value).await.unwrap(), value);
    }
    assert_eq!(
        worker.raw(&b"\x00\xff\x10"[..]).await.unwrap(),
        &b"\x00\xff\x10"[..]
    );
    assert_eq!(worker.raw(&b""[..]).await.unwrap(), &b""[..]);
    worker.shutdown().await;
}

async fn streams_three_thousand_items_to_a_lagging_reader(worker: Builder) {
    let worker = start(worker).await;
    let mut items = worker.count(3_000).await.unwrap();
    for expected in 0..3_000 {
        assert_eq!(
            soon("the next item", items.try_next()).await.unwrap(),
            Some(expected)
        );
        if expected % 500 == 0 {
            // the reader of a stream that waits for another call of the same worker must not starve it
            assert_eq!(
                soon("a call meanwhile", worker.echo(json!("meanwhile")))
                    .await
                    .unwrap(),
                json!("meanwhile")
            );
        }
    }
    assert_eq!(soon("the end", items.try_next()).await.unwrap(), None);
    worker.shutdown().await;
}

async fn a_stream_fails_after_its_items(worker: Builder) {
    let worker = start(worker).await;
    let mut items = worker.count_then_fail(5).await.unwrap();
    for expected in 0..5 {
        assert_eq!(
            soon("the next item", items.try_next()).await.unwrap(),
            Some(expected)
        );
    }
    match soon("the error", items.try_next()).await {
        Err(CallError::Remote(error)) => {
            assert!(error.message.contains("after the items"), "{error}")
        }
        other => panic!("{other:?}"),
    }
    assert!(soon("nothing more", items.next()).await.is_none());
    worker.shutdown().await;
}

async fn acks_then_sends_the_event(worker: Builder) {
    let worker = start(worker).await;
    let mut noted = worker.events().noted();
    worker.note("remember").await.unwrap();
    assert_eq!(
        soon("the event", noted.next()).await.unwrap().text,
        "remember"
    );
    worker.shutdown().await;
}

async fn a_oneway_call_reaches_the_worker(worker: Builder) {
    let worker = start(worker).await;
    let mut fired = worker.events().fired();
    worker.fire("t").await.unwrap();
    assert_eq!(soon("the event", fired.next()).await.unwrap().tag, "t");
    worker.shutdown().await;
}

async fn an_undeclared_error_keeps_its_message(worker: Builder) {
    let worker = start(worker).await;
    match soon("the error", worker.fail("no such luck")).await {
        Err(error @ CallError::Remote(_)) => {
            assert_eq!(error.outcome(), Outcome::Executed);
            assert!(error.to_string().contains("no such luck"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        worker.echo(json!(1)).await.unwrap(),
        json!(1),
        "the worker lives on"
    );
    worker.shutdown().await;
}

async fn until_cancelled(worker: &InteropClient, times: u32) {
    soon("the worker hears of it", async {
        while worker.cancelled().await.unwrap() < times {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn a_dropped_call_is_cancelled_over_there(worker: Builder) {
    let worker = start(worker).await;
    {
        let call = worker.slow(600_000).into_future();
        tokio::pin!(call);
        // polled once, so that the request is on its way
        assert!(futures_util::poll!(&mut call).is_pending());
        assert_eq!(
            worker.echo(json!("behind it")).await.unwrap(),
            json!("behind it")
        );
    }
    until_cancelled(&worker, 1).await;
    worker.shutdown().await;
}

async fn a_deadline_ends_the_call_and_cancels_it_over_there(worker: Builder) {
    let worker = start(worker).await;
    match soon(
        "the deadline",
        worker.slow(600_000).timeout(Duration::from_millis(50)),
    )
    .await
    {
        Err(error @ CallError::Timeout { .. }) => {
            assert_eq!(error.outcome(), Outcome::MaybeExecuted)
        }
        other => panic!("{other:?}"),
    }
    until_cancelled(&worker, 1).await;
    worker.shutdown().await;
}

async fn a_killed_worker_fails_its_calls_and_is_replaced(worker: Builder) {
    let worker = start(worker.restart(Restart::new(3, Duration::from_secs(60)))).await;
    let pid = worker.pid().await.unwrap();
    let call = tokio::spawn(worker.slow(600_000).into_future());
    while worker.module().in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    // What is answered was begun after it.
    assert_eq!(
        worker.echo(json!("behind it")).await.unwrap(),
        json!("behind it")
    );
    kill("KILL", pid);
    match soon("the call ends", call).await.unwrap() {
        Err(error @ CallError::Crashed { .. }) => {
            assert!(!error.is_safe_to_retry(), "{error}");
            assert!(error.to_string().contains("SIGKILL"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let next = soon("the replacement answers", worker.pid()).await.unwrap();
    assert_ne!(next, pid);
    gone(pid).await;
    worker.shutdown().await;
    gone(next).await;
}

async fn a_frozen_worker_misses_its_heartbeat_and_is_replaced(worker: Builder) {
    let heartbeat = Heartbeat::new(Duration::from_millis(200), Duration::from_millis(1_500));
    let worker = start(
        worker
            .heartbeat(heartbeat)
            .restart(Restart::new(3, Duration::from_secs(60))),
    )
    .await;
    let pid = worker.pid().await.unwrap();
    kill("STOP", pid);
    // What is sent to a frozen worker fails with it once the heartbeat is missed, and says so.
    let next = soon("the replacement answers", async {
        loop {
            match worker.pid().await {
                Err(CallError::Crashed { .. }) => continue,
                answer => break answer.unwrap(),
            }
        }
    })
    .await;
    assert_ne!(next, pid);
    gone(pid).await;
    worker.shutdown().await;
}

async fn a_token_is_asked_for_and_given(worker: Builder) {
    let worker = start(worker.auth(true)).await;
    assert_eq!(worker.echo(json!("let in")).await.unwrap(), json!("let in"));
    worker.shutdown().await;
}

async fn shuts_down_cleanly_within_three_seconds(worker: Builder) {
    let worker = start(worker).await;
    let pid = worker.pid().await.unwrap();
    let begun = Instant::now();
    tokio::time::timeout(PATIENCE, worker.shutdown())
        .await
        .expect("shutdown ends");
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "took {:?}",
        begun.elapsed()
    );
    gone(pid).await;
    match soon("a call afterwards", worker.echo(json!(1))).await {
        Err(error @ CallError::NotRunning { .. }) => assert_eq!(error.outcome(), Outcome::NotSent),
        other => panic!("{other:?}"),
    }
}

async fn carries_large_payloads(worker: Builder) {
    let worker = start(worker).await;
    let big: Vec<u8> = (0..64 << 20)
        .map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let back = soon("64 MiB both ways", worker.raw(big.clone()))
        .await
        .unwrap();
    assert!(back == big, "64 MiB came back changed");
    worker.shutdown().await;
}

async fn two_hundred_calls_at_once(worker: Builder) {
    let worker = start(worker).await;
    let calls = (0..200).map(|i| worker.echo(json!(i)).into_future());
    for (i, answer) in soon("all answers", futures_util::future::join_all(calls))
        .await
        .into_iter()
        .enumerate()
    {
        assert_eq!(answer.unwrap(), json!(i));
    }
    worker.shutdown().await;
}

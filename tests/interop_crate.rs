//! Our parent and a worker on the published crate `procwire-client`, unmodified.

mod support;

use std::time::Duration;

use futures_util::StreamExt;
use procwire::{CallError, Heartbeat, Restart};
use serde_json::json;
use support::{built, gone, kill, soon};

procwire::include_schema!("schemas/interop_crate.toml");

async fn start(builder: procwire::Builder<InteropCrateClient>) -> InteropCrateClient {
    soon("the worker starts", builder.spawn())
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

fn worker() -> procwire::Builder<InteropCrateClient> {
    InteropCrateClient::builder().command(built("interop-crate-worker"))
}

#[tokio::test]
async fn echoes_streams_and_acks() {
    let worker = start(worker()).await;
    let value = json!({"a": [1, 2.5, "three", null, true]});
    assert_eq!(worker.echo(&value).await.unwrap(), value);
    let items: Vec<u32> = worker
        .count(500)
        .await
        .unwrap()
        .map(Result::unwrap)
        .collect()
        .await;
    assert_eq!(items, (0..500).collect::<Vec<_>>());
    worker.note("an empty ack is no error").await.unwrap();
    worker.shutdown().await;
}

#[tokio::test]
async fn errors_keep_their_message() {
    let worker = start(worker()).await;
    match worker.fail("no such luck").await {
        Err(CallError::Remote(error)) => assert!(error.message.contains("no such luck"), "{error}"),
        other => panic!("{other:?}"),
    }
    let mut items = worker.count_then_fail(2).await.unwrap();
    assert_eq!(items.try_next().await.unwrap(), Some(0));
    assert_eq!(items.try_next().await.unwrap(), Some(1));
    match soon("the error", items.try_next()).await {
        Err(CallError::Remote(error)) => {
            assert!(error.message.contains("after the items"), "{error}")
        }
        other => panic!("{other:?}"),
    }
    worker.shutdown().await;
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_over_there() {
    let worker = start(worker()).await;
    {
        let call = worker.slow(600_000).into_future();
        tokio::pin!(call);
        assert!(futures_util::poll!(&mut call).is_pending());
        assert_eq!(
            worker.echo(json!("behind it")).await.unwrap(),
            json!("behind it")
        );
    }
    soon("the worker hears of it", async {
        while worker.cancelled().await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    worker.shutdown().await;
}

#[tokio::test]
async fn is_killed_and_replaced_with_heartbeat_and_token() {
    let heartbeat = Heartbeat::new(Duration::from_millis(200), Duration::from_secs(5));
    let worker = start(
        worker()
            .auth(true)
            .heartbeat(heartbeat)
            .restart(Restart::new(3, Duration::from_secs(60))),
    )
    .await;
    let pid = worker.pid().await.unwrap();
    kill("KILL", pid);
    // A call that left before the death was noticed fails with it, and says so.
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

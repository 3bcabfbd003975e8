//! `schemas/interop_crate.toml` on the published crate `procwire-client`: a peer that knows nothing of ours.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use procwire_client::{Client, RequestContext};
use serde::Deserialize;
use serde_json::Value;

static CANCELLED: AtomicU32 = AtomicU32::new(0);

#[derive(Deserialize)]
struct Count {
    n: u32,
}

#[derive(Deserialize)]
struct Fail {
    message: String,
}

#[derive(Deserialize)]
struct Slow {
    ms: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder()
        .handle("echo", |value: Value, ctx: RequestContext| async move { ctx.respond(&value).await })
        .handle_stream("count", |Count { n }: Count, ctx: RequestContext| async move {
            for i in 0..n {
                ctx.chunk(&i).await?;
            }
            ctx.end().await
        })
        .handle_stream("count_then_fail", |Count { n }: Count, ctx: RequestContext| async move {
            for i in 0..n {
                ctx.chunk(&i).await?;
            }
            ctx.error("after the items").await
        })
        .handle_ack("note", |_: Value, ctx: RequestContext| async move { ctx.ack().await })
        .handle("fail", |Fail { message }: Fail, ctx: RequestContext| async move { ctx.error(&message).await })
        .handle("slow", |Slow { ms }: Slow, ctx: RequestContext| async move {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(ms)) => ctx.respond(&"done").await,
                () = ctx.cancelled() => {
                    CANCELLED.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                }
            }
        })
        .handle("cancelled", |_: Value, ctx: RequestContext| async move {
            ctx.respond(&CANCELLED.load(Ordering::SeqCst)).await
        })
        .handle("pid", |_: Value, ctx: RequestContext| async move { ctx.respond(&std::process::id()).await })
        .start()
        .await?;
    client.wait_for_shutdown().await?;
    Ok(())
}

//! Figures: what a death, a storm of cancellations, a flood and a late start cost. Nothing here passes or fails.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chaos::{ChaosClient, Task};
use procwire::{Bytes, Restart};

use super::leaks::resident;
use super::load::{histogram, record};
use super::report::{percentiles, say};
use super::workers::Language;

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// How often what is timed is done
    #[arg(long, default_value_t = 50)]
    rounds: u32,
}

/// Measures.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        fast_exit(options.rounds).await?;
        flood().await?;
        cancellations().await
    })?;
    Ok(true)
}

/// A program that ends at once, with a word on stderr.
async fn fast_exit(rounds: u32) -> anyhow::Result<()> {
    let times = std::sync::Mutex::new(histogram());
    for _ in 0..rounds {
        let began = Instant::now();
        let failed = ChaosClient::builder()
            .command("sh")
            .args(["-c", "echo no licence >&2; exit 3"])
            .retries(0)
            .spawn()
            .await;
        record(&times, began.elapsed());
        let error = failed.err().context("it cannot have started")?;
        anyhow::ensure!(error.to_string().contains("no licence"), "{error}");
    }
    let times = times
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    say(&format!(
        "a worker that exits at once, until the typed error: {}",
        percentiles(&times)
    ));
    Ok(())
}

/// A line of 200 MB on stdout, before anything else.
async fn flood() -> anyhow::Result<()> {
    let before = resident();
    let began = Instant::now();
    let failed = ChaosClient::builder()
        .command("sh")
        .args([
            "-c",
            "head -c 200000000 /dev/zero | tr '\\0' x; echo; exit 4",
        ])
        .retries(0)
        .spawn()
        .await;
    let peak = resident();
    anyhow::ensure!(failed.is_err(), "it cannot have started");
    say(&format!(
        "a line of 200 MB on stdout: {:.2} s, memory {:+.2} MiB",
        began.elapsed().as_secs_f64(),
        (peak as f64 - before as f64) / f64::from(1 << 20)
    ));
    Ok(())
}

/// A hundred thousand calls, each given up at once.
async fn cancellations() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let worker = Language::Rust
        .builder()?
        .env("CHAOS_JOURNAL", folder.path())
        .restart(Restart::never())
        .spawn()
        .await?;
    let task = |call| Task {
        call,
        data: Bytes::from_static(b"unwanted"),
        ms: 1000,
    };
    let (before, began) = (resident(), Instant::now());
    let mut peak = before;
    for call in 0..100_000_u64 {
        let mut future = Box::pin(worker.once(task(call)).into_future());
        let _ = futures_util::poll!(&mut future);
        drop(future);
        if call % 64 == 0 {
            tokio::task::yield_now().await;
            peak = peak.max(resident());
        }
    }
    let took = began.elapsed();
    while worker.module().in_flight() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    worker
        .again(task(0))
        .timeout(Duration::from_secs(20))
        .await?;
    say(&format!(
        "100 000 calls given up at once: {:.2} s, memory {:+.2} MiB, {} under way in the end",
        took.as_secs_f64(),
        (peak as f64 - before as f64) / f64::from(1 << 20),
        worker.module().in_flight()
    ));
    worker.shutdown().await;
    Ok(())
}

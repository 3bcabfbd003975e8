//! The storm: epochs of load and deaths, and between them a moment of silence in which everything must add up.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chaos::{ChaosClient, Task};
use fastrand::Rng;
use hdrhistogram::Histogram;
use procwire::{Bytes, Heartbeat, Restart};

use super::injector::Deaths;
use super::leaks::{self, Census, MARK};
use super::ledger::UNCOUNTED;
use super::load::{Load, histogram, lock, record};
use super::report::{self, Report};
use super::workers::{Language, myself};

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// How long, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// In which language the worker is written
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    worker: Language,
    /// Milliseconds between two deaths, on average [default: 50 for rust, 1000 otherwise]
    #[arg(long)]
    every: Option<u64>,
    /// Callers at the same time
    #[arg(long, default_value_t = 64)]
    callers: u64,
    /// Seconds between two looks at the journals
    #[arg(long, default_value_t = 10)]
    epoch: u64,
    /// Only tasks that take no time, so that a worker is at one of them at most
    #[arg(long)]
    serial: bool,
    /// Makes the same decisions again; a new one is printed otherwise
    #[arg(long)]
    seed: Option<u64>,
    /// Also write the report to this file, as Markdown
    #[arg(long)]
    report: Option<std::path::PathBuf>,
}

/// Runs a storm; whether every oracle held.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    if std::env::var_os(MARK).is_none() {
        return run_marked();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(storm(options))?;
    report.print();
    if let Some(path) = &options.report {
        std::fs::write(path, report.markdown()).with_context(|| path.display().to_string())?;
    }
    Ok(report.holds())
}

/// Runs this program again with a variable that marks whatever descends from it, and a folder of its own for sockets.
fn run_marked() -> anyhow::Result<bool> {
    let sockets = tempfile::Builder::new()
        .prefix("chaos")
        .tempdir_in("/tmp")?;
    let mark = format!("{:016x}", Rng::new().u64(..));
    let status = Command::new(myself()?)
        .args(std::env::args_os().skip(1))
        .env(MARK, &mark)
        .env("XDG_RUNTIME_DIR", sockets.path())
        .status()?;
    let orphans = leaks::marked(&mark);
    if !orphans.is_empty() {
        report::say(&format!("outlived the storm: {orphans:?}"));
    }
    Ok(status.success() && orphans.is_empty())
}

async fn storm(options: &Options) -> anyhow::Result<Report> {
    let seed = options.seed.unwrap_or_else(|| Rng::new().u64(..));
    let every = Duration::from_millis(options.every.unwrap_or(match options.worker {
        Language::Rust => 50,
        _ => 1000,
    }));
    report::say(&format!(
        "storm: {:?} worker, seed {seed}, a death every {every:?}",
        options.worker
    ));
    let sockets = std::env::var("XDG_RUNTIME_DIR").context("the folder for sockets")?;
    let (sockets, journals) = (Path::new(&sockets), tempfile::tempdir()?);
    let mut rng = Rng::with_seed(seed);
    let mut report = Report::new(options.worker, seed, every);
    let bar = report::bar(options.seconds);

    let bystander = start(options.worker, journals.path()).await?;
    report.quiet = bystand(&bystander, Duration::from_secs(3)).await;
    bystander.shutdown().await;
    Load::new(options.serial).ledger.compare(journals.path())?;

    let before = Census::take(sockets);
    let began = Instant::now();
    let mut load = Arc::new(Load::new(options.serial));
    let deaths = Arc::new(Deaths::new());
    while began.elapsed() < Duration::from_secs(options.seconds) {
        epoch(
            options,
            &mut rng,
            &mut report,
            (&load, &deaths),
            journals.path(),
            every,
        )
        .await?;
        let verdict = load.ledger.compare(journals.path())?;
        report.add(&verdict, &load, &deaths);
        if let Some(left) = Census::settle(&before, sockets).await {
            report.lie(format!("left over: {left}"));
        }
        report
            .memory
            .push((began.elapsed().as_secs_f64(), leaks::resident()));
        load = Arc::new(Load::new(options.serial));
        bar.set_position(began.elapsed().as_secs().min(options.seconds));
        bar.set_message(report.line());
        if report.lies.len() > 20 {
            break; // more of the same helps nobody
        }
    }
    bar.finish_and_clear();
    report.took = began.elapsed();
    Ok(report)
}

/// Load and deaths on one module, which is shut down in the end.
async fn epoch(
    options: &Options,
    rng: &mut Rng,
    report: &mut Report,
    (load, deaths): (&Arc<Load>, &Arc<Deaths>),
    journals: &Path,
    every: Duration,
) -> anyhow::Result<()> {
    let worker = start(options.worker, journals).await?;
    *lock(&deaths.ready) += 1; // it was ready before anyone listened
    let bystander = start(options.worker, journals).await?;
    let mut ticks = worker.events().ticked();
    let counting = tokio::spawn(async move {
        let (mut last, mut gaps) = (None::<(u32, u64)>, Vec::new());
        while let Some(tick) = ticks.next().await {
            if let Some((pid, number)) = last
                && pid == tick.pid
                && tick.number != number + 1
            {
                gaps.push((pid, number, tick.number));
            }
            last = Some((tick.pid, tick.number));
        }
        (gaps, ticks.dropped())
    });
    let watching = {
        let (deaths, life) = (deaths.clone(), worker.module().lifecycle());
        tokio::spawn(async move { deaths.watch(life).await })
    };
    let callers: Vec<_> = (0..options.callers)
        .map(|_| {
            let (load, worker, rng) = (load.clone(), worker.clone(), rng.fork());
            tokio::spawn(async move { load.caller(worker, rng).await })
        })
        .collect();
    let killing = {
        let (load, deaths, worker, rng) =
            (load.clone(), deaths.clone(), worker.clone(), rng.fork());
        tokio::spawn(async move { deaths.inject(&load, &worker, rng, every).await })
    };

    let meanwhile = bystand(&bystander, Duration::from_secs(options.epoch)).await;
    report.meanwhile.add(&meanwhile)?;
    load.is_over.store(true, Ordering::Relaxed);
    killing.await?;
    for caller in callers {
        let settled = tokio::time::timeout(PATIENCE, caller).await;
        ensure!(
            settled.is_ok(),
            "a call was not settled within {PATIENCE:?}"
        );
        settled??;
    }
    let under_way = worker.module().in_flight();
    if under_way > 0 {
        report.lie(format!(
            "{under_way} calls are under way that nobody waits for"
        ));
    }
    bystander.shutdown().await;
    worker.shutdown().await;
    watching.await?;
    let (gaps, dropped) = counting.await?;
    if !gaps.is_empty() && dropped == 0 {
        report.lie(format!(
            "events are missing that were not counted as dropped: {gaps:?}"
        ));
    }
    Ok(())
}

async fn start(language: Language, journals: &Path) -> anyhow::Result<ChaosClient> {
    let builder = language
        .builder()?
        .env("CHAOS_JOURNAL", journals)
        .heartbeat(Heartbeat::new(
            Duration::from_millis(500),
            Duration::from_millis(1500),
        ))
        .restart(
            Restart::new(u32::MAX, Duration::from_secs(1)).backoff(Duration::ZERO, Duration::ZERO),
        );
    builder.spawn().await.context("the worker does not start")
}

/// A hundred calls a second to a worker that nobody harms; how long each took, in microseconds.
async fn bystand(worker: &ChaosClient, time: Duration) -> Histogram<u64> {
    let times = std::sync::Mutex::new(histogram());
    let began = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    while began.elapsed() < time {
        pace.tick().await;
        let call = Instant::now();
        let task = Task {
            call: UNCOUNTED,
            data: Bytes::new(),
            ms: 0,
        };
        if worker.again(task).await.is_ok() {
            record(&times, call.elapsed());
        }
    }
    times
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

const PATIENCE: Duration = Duration::from_secs(60);

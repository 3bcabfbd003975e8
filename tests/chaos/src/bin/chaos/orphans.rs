//! Parents that are killed at any moment: nothing that they started may outlive them, and no file may stay.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use fastrand::Rng;
use procwire::Restart;

use super::leaks::{MARK, marked};
use super::load::histogram;
use super::report::{self, percentiles, say};
use super::workers::{Language, myself};

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// Parents to kill
    #[arg(long, default_value_t = 20)]
    rounds: u64,
    /// In which language the workers are written
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    worker: Language,
    /// Workers of each parent
    #[arg(long, default_value_t = 4)]
    workers: usize,
    /// Milliseconds after which nothing may be alive any more; a busy machine needs more
    #[arg(long, default_value_t = 1_000)]
    within: u64,
    /// Makes the same decisions again
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct VictimOptions {
    #[arg(long, value_enum)]
    worker: Language,
    #[arg(long)]
    workers: usize,
}

/// Runs the campaign; whether nothing outlived anyone.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let seed = options.seed.unwrap_or_else(|| Rng::new().u64(..));
    let mut rng = Rng::with_seed(seed);
    let bar = report::bar(options.rounds);
    let within = Duration::from_millis(options.within);
    let (mut late, mut times) = (0_u64, histogram());
    let mut files = 0;
    for round in 0..options.rounds {
        let sockets = tempfile::Builder::new()
            .prefix("chaos")
            .tempdir_in("/tmp")?;
        let mark = format!("{:016x}", rng.u64(..));
        let mut victim = Command::new(myself()?)
            .args(["victim", "--worker"])
            .arg(format!("{:?}", options.worker).to_lowercase())
            .args(["--workers", &options.workers.to_string()])
            .env(MARK, &mark)
            .env("XDG_RUNTIME_DIR", sockets.path())
            .env("CHAOS_JOURNAL", sockets.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        if round % 2 == 0 {
            // While its workers serve; otherwise while they start.
            let mut said = [0];
            victim
                .stdout
                .as_mut()
                .context("its stdout")?
                .read_exact(&mut said)
                .context("the parent to be killed did not start its workers")?;
        }
        std::thread::sleep(Duration::from_micros(rng.u64(0..20_000)));
        victim.kill()?;
        victim.wait()?;
        let killed = Instant::now();
        while !marked(&mark).is_empty() {
            if killed.elapsed() > within.max(HOPELESS) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let gone = killed.elapsed();
        // Who takes the files away is not marked, but has no longer than the rest.
        while sockets_in(sockets.path()) > 0 && killed.elapsed() < within {
            std::thread::sleep(Duration::from_millis(1));
        }
        times.saturating_record(u64::try_from(gone.as_micros())?.max(1));
        late += u64::from(gone > within);
        files += sockets_in(sockets.path());
        bar.inc(1);
    }
    bar.finish_and_clear();
    say(&format!(
        "{} parents killed, {} workers each, seed {seed}\n\
         alive after {within:?}: {late} rounds\nfiles left: {files}\nuntil the last was gone: {}",
        options.rounds,
        options.workers,
        percentiles(&times)
    ));
    Ok(late == 0 && files == 0)
}

/// Starts workers, a grandchild in each, says so, and waits to be killed.
pub(crate) fn be_a_victim(options: &VictimOptions) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut workers = Vec::new();
        for _ in 0..options.workers {
            let worker = options
                .worker
                .builder()?
                .restart(Restart::never())
                .spawn()
                .await?;
            worker.breed().await?;
            workers.push(worker);
        }
        use std::io::Write as _;
        let mut stdout = std::io::stdout();
        stdout.write_all(b"!")?;
        stdout.flush()?;
        std::future::pending::<anyhow::Result<bool>>().await
    })
}

/// Files that are sockets, and folders for them.
fn sockets_in(folder: &std::path::Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().contains("procwire"))
        .count() as u64
}

/// Who is alive then will not go by itself.
const HOPELESS: Duration = Duration::from_secs(20);

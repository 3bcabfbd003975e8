//! What came of it, on the screen and as Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};

use super::injector::Deaths;
use super::ledger::Verdict;
use super::load::{Load, histogram, lock};
use super::workers::Language;

/// Everything counted so far.
#[derive(Debug)]
pub(crate) struct Report {
    language: Language,
    seed: u64,
    every: Duration,
    pub(crate) took: Duration,
    calls: u64,
    executions: u64,
    doubtful: BTreeMap<String, u64>,
    ends: BTreeMap<String, u64>,
    told: BTreeMap<&'static str, u64>,
    injected: BTreeMap<&'static str, u64>,
    exposed: u64,
    crashed: u64,
    ready: u64,
    unborn: u64,
    settled: Histogram<u64>,
    recovery: Histogram<u64>,
    lateness: Histogram<u64>,
    pub(crate) quiet: Histogram<u64>,
    pub(crate) meanwhile: Histogram<u64>,
    /// Seconds, and bytes in use then.
    pub(crate) memory: Vec<(f64, u64)>,
    /// Broken oracles, a sentence each.
    pub(crate) lies: Vec<String>,
}

impl Report {
    pub(crate) fn new(language: Language, seed: u64, every: Duration) -> Self {
        Self {
            language,
            seed,
            every,
            took: Duration::ZERO,
            calls: 0,
            executions: 0,
            doubtful: BTreeMap::new(),
            ends: BTreeMap::new(),
            told: BTreeMap::new(),
            injected: BTreeMap::new(),
            exposed: 0,
            crashed: 0,
            ready: 0,
            unborn: 0,
            settled: histogram(),
            recovery: histogram(),
            lateness: histogram(),
            quiet: histogram(),
            meanwhile: histogram(),
            memory: Vec::new(),
            lies: Vec::new(),
        }
    }

    /// Takes an epoch in.
    pub(crate) fn add(&mut self, verdict: &Verdict, load: &Load, deaths: &Deaths) {
        self.calls += verdict.calls;
        self.executions += verdict.executions;
        self.lies.extend(verdict.lies.iter().cloned());
        self.lies.append(&mut lock(&load.lies));
        self.lies.append(&mut lock(&deaths.lies));
        for (end, count) in lock(&load.doubtful).drain() {
            *self.doubtful.entry(end).or_default() += count;
        }
        for (name, count) in lock(&load.told).drain() {
            *self.told.entry(name).or_default() += count;
        }
        // These two count from the begin.
        self.injected.clone_from(&lock(&deaths.injected));
        self.ends.clone_from(&lock(&deaths.ends));
        self.exposed = *lock(&deaths.exposed);
        (self.crashed, self.ready, self.unborn) = (
            *lock(&deaths.crashed),
            *lock(&deaths.ready),
            *lock(&deaths.unborn),
        );
        self.settled.clone_from(&lock(&deaths.settled));
        let _ = self.recovery.add(&*lock(&load.recovery));
        let _ = self.lateness.add(&*lock(&load.lateness));
    }

    pub(crate) fn lie(&mut self, sentence: String) {
        self.lies.push(sentence);
    }

    /// Whether every oracle held.
    pub(crate) fn holds(&self) -> bool {
        self.lies.is_empty() && self.calls > 0 && self.crashed > 0
    }

    /// Where it stands.
    pub(crate) fn line(&self) -> String {
        format!(
            "{} calls, {} deaths, {} lies",
            self.calls,
            self.crashed,
            self.lies.len()
        )
    }

    pub(crate) fn print(&self) {
        say(&self.markdown());
    }

    /// The whole of it.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        let seconds = self.took.as_secs_f64();
        let _ = writeln!(
            text,
            "## {:?} worker: {:.0} s, seed {}, a death every {:?}\n",
            self.language, seconds, self.seed, self.every
        );
        let _ = writeln!(text, "| | |\n|---|---|");
        let doubtful: u64 = self.doubtful.values().sum();
        let mut row = |name: &str, value: String| {
            let _ = writeln!(text, "| {name} | {value} |");
        };
        row(
            "calls",
            format!(
                "{} ({:.0} a second)",
                self.calls,
                self.calls as f64 / seconds
            ),
        );
        row("handlers entered", self.executions.to_string());
        row(
            "workers that served and were lost",
            self.crashed.to_string(),
        );
        row("workers that got ready", self.ready.to_string());
        row("starts that failed", self.unborn.to_string());
        row("broken oracles", self.lies.len().to_string());
        row(
            "in doubt, of the calls in flight at a death",
            format!(
                "{} of {} ({:.2} %)",
                doubtful,
                self.exposed,
                100.0 * doubtful as f64 / self.exposed.max(1) as f64
            ),
        );
        row(
            "SIGKILL until its calls are settled",
            percentiles(&self.settled),
        );
        row(
            "SIGKILL until the next call is answered",
            percentiles(&self.recovery),
        );
        row("settled after the deadline by", percentiles(&self.lateness));
        row("a bystander's call, before", percentiles(&self.quiet));
        row(
            "a bystander's call, meanwhile",
            percentiles(&self.meanwhile),
        );
        row("memory in use, MiB", self.memory_line());
        let _ = writeln!(text, "\n| what callers were told | calls |\n|---|---|");
        for (name, count) in &self.told {
            let _ = writeln!(text, "| {name} | {count} |");
        }
        let _ = writeln!(
            text,
            "\n| how workers ended | times | calls in doubt |\n|---|---|---|"
        );
        for (end, count) in &self.ends {
            let doubt = self.doubtful.get(end).unwrap_or(&0);
            let _ = writeln!(text, "| {end} | {count} | {doubt} |");
        }
        let _ = writeln!(text, "\n| way to die | times |\n|---|---|");
        for (name, count) in &self.injected {
            let _ = writeln!(text, "| {name} | {count} |");
        }
        for lie in self.lies.iter().take(20) {
            let _ = writeln!(text, "\n**Broken**: {lie}");
        }
        text
    }

    fn memory_line(&self) -> String {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let (Some(first), Some(last)) = (self.memory.first(), self.memory.last()) else {
            return String::new();
        };
        let peak = self
            .memory
            .iter()
            .map(|(_, bytes)| *bytes)
            .max()
            .unwrap_or(0);
        format!(
            "{:.1} at first, {:.1} at last, {:.1} at most; {:+.2} an hour after the first quarter",
            mib(first.1),
            mib(last.1),
            mib(peak),
            self.slope() * 3600.0 / f64::from(1 << 20)
        )
    }

    /// Bytes a second, by a straight line through what came after the first quarter.
    fn slope(&self) -> f64 {
        let points = &self.memory[self.memory.len() / 4..];
        let count = points.len() as f64;
        let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), (time, bytes)| {
            (x + time / count, y + *bytes as f64 / count)
        });
        let (mut over, mut under) = (0.0, 0.0);
        for (time, bytes) in points {
            over += (time - mean_x) * (*bytes as f64 - mean_y);
            under += (time - mean_x).powi(2);
        }
        if under == 0.0 { 0.0 } else { over / under }
    }
}

/// Milliseconds.
pub(crate) fn percentiles(times: &Histogram<u64>) -> String {
    if times.is_empty() {
        return "-".to_owned();
    }
    let at = |quantile| times.value_at_quantile(quantile) as f64 / 1000.0;
    format!(
        "p50 {:.2}, p99 {:.2}, p99.9 {:.2}, most {:.2} ms (n = {})",
        at(0.5),
        at(0.99),
        at(0.999),
        times.max() as f64 / 1000.0,
        times.len()
    )
}

pub(crate) fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} s  {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// One line on the screen.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

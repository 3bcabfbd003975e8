//! Deaths: which, when, and how long until they were noticed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chaos::ChaosClient;
use fastrand::Rng;
use hdrhistogram::Histogram;
use procwire::{Lifecycle, LifecycleStream};
use rustix::process::{Pid, Signal, kill_process};

use super::leaks::children;
use super::load::{Load, death, histogram, lock, record};

/// What happened to workers.
#[derive(Debug)]
pub(crate) struct Deaths {
    /// How often each way to die was chosen.
    pub(crate) injected: Mutex<BTreeMap<&'static str, u64>>,
    /// `once` calls that were under way at a death, all deaths together.
    pub(crate) exposed: Mutex<u64>,
    /// From SIGKILL to the moment at which all its calls are settled, in microseconds.
    pub(crate) settled: Mutex<Histogram<u64>>,
    /// Kills whose end was not seen yet.
    killed: Mutex<HashMap<u32, Instant>>,
    /// Workers that served and were lost.
    pub(crate) crashed: Mutex<u64>,
    /// The same, by how they ended.
    pub(crate) ends: Mutex<BTreeMap<String, u64>>,
    /// Workers that got ready.
    pub(crate) ready: Mutex<u64>,
    /// Starts that failed.
    pub(crate) unborn: Mutex<u64>,
    /// Deaths that nobody gave a reason for, and give-ups: sentences.
    pub(crate) lies: Mutex<Vec<String>>,
}

impl Deaths {
    pub(crate) fn new() -> Self {
        Self {
            injected: Mutex::default(),
            exposed: Mutex::new(0),
            settled: Mutex::new(histogram()),
            killed: Mutex::default(),
            crashed: Mutex::new(0),
            ends: Mutex::default(),
            ready: Mutex::new(0),
            unborn: Mutex::new(0),
            lies: Mutex::default(),
        }
    }

    /// Listens to the module until it is closed.
    pub(crate) async fn watch(&self, mut life: LifecycleStream) {
        while let Some(event) = life.next().await {
            match event {
                Lifecycle::Ready { .. } => *lock(&self.ready) += 1,
                Lifecycle::StartFailed { .. } => *lock(&self.unborn) += 1,
                Lifecycle::Crashed {
                    pid, exit, reason, ..
                } => {
                    *lock(&self.crashed) += 1;
                    *lock(&self.ends).entry(death(&exit, &reason)).or_default() += 1;
                    if let Some(since) = lock(&self.killed).remove(&pid) {
                        record(&self.settled, since.elapsed());
                    }
                    if reason.is_empty() && matches!(exit, procwire::Exit::Unknown) {
                        lock(&self.lies).push(format!("worker {pid} died and nobody says why"));
                    }
                }
                Lifecycle::GaveUp { .. } => {
                    lock(&self.lies).push("the supervisor gave up".to_owned());
                }
                _ => {}
            }
        }
        let missed = life.dropped();
        if missed > 0 {
            lock(&self.lies).push(format!("{missed} events of the module's life were missed"));
        }
    }

    /// Kills, until the storm is over.
    pub(crate) async fn inject(
        &self,
        load: &Load,
        worker: &ChaosClient,
        mut rng: Rng,
        every: Duration,
    ) {
        while !load.is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(every.mul_f64(rng.f64() * 2.0)).await;
            let exposed = load.in_flight.load(Ordering::Relaxed) as u64;
            match rng.u32(0..100) {
                0..72 => {
                    let Some(pid) = worker.module().pid() else {
                        continue;
                    };
                    self.note("SIGKILL", exposed);
                    let now = Instant::now();
                    lock(&self.killed).insert(pid, now);
                    lock(&load.gone).get_or_insert((pid, now));
                    send(pid, Signal::KILL);
                }
                72..80 => {
                    // Whatever is there, also a worker that has said nothing yet.
                    for pid in children() {
                        self.note("SIGKILL while starting, or later", exposed);
                        send(pid, Signal::KILL);
                    }
                }
                80..82 => {
                    let Some(pid) = worker.module().pid() else {
                        continue;
                    };
                    self.note("SIGSTOP", exposed);
                    send(pid, Signal::STOP);
                }
                82..84 => {
                    let Some(pid) = worker.module().pid() else {
                        continue;
                    };
                    self.note("SIGTERM", exposed);
                    send(pid, Signal::TERM);
                }
                other => {
                    let how = WAYS[other as usize % WAYS.len()];
                    self.note(how, exposed);
                    // It is answered by nobody, or by an error if it never arrived.
                    let _ = worker.die(how).timeout(Duration::from_millis(500)).await;
                }
            }
        }
    }

    fn note(&self, how: &'static str, exposed: u64) {
        *lock(&self.exposed) += exposed;
        *lock(&self.injected).entry(how).or_default() += 1;
    }
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal); // it may have gone by itself
    }
}

const WAYS: [&str; 7] = ["exit", "fail", "abort", "segv", "half", "garbage", "socket"];

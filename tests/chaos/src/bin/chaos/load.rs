//! The callers: what they do, what they hear, and what they write down about it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chaos::{ChaosClient, Task};
use fastrand::Rng;
use hdrhistogram::Histogram;
use procwire::{Bytes, CallError, Outcome};

use super::ledger::{Ledger, STEP, Told};

/// What all callers share.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) ledger: Ledger,
    pub(crate) is_over: AtomicBool,
    /// `once` calls under way.
    pub(crate) in_flight: AtomicUsize,
    pub(crate) calls: AtomicU64,
    /// `once` calls that deaths left in doubt, by what the callers were told of the death.
    pub(crate) doubtful: Mutex<HashMap<String, u64>>,
    pub(crate) told: Mutex<HashMap<&'static str, u64>>,
    /// When a worker was killed that has no successor yet: its process id and the moment.
    pub(crate) gone: Mutex<Option<(u32, Instant)>>,
    /// From a kill to the first answer of the next worker, in microseconds.
    pub(crate) recovery: Mutex<Histogram<u64>>,
    /// How much later than its deadline a call was settled, in microseconds.
    pub(crate) lateness: Mutex<Histogram<u64>>,
    /// Whether a task takes no time, so that a worker is at one at most.
    is_serial: bool,
    /// Wrong values, sentences.
    pub(crate) lies: Mutex<Vec<String>>,
}

impl Load {
    pub(crate) fn new(is_serial: bool) -> Self {
        Self {
            is_serial,
            ledger: Ledger::default(),
            is_over: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            calls: AtomicU64::new(0),
            doubtful: Mutex::default(),
            told: Mutex::default(),
            gone: Mutex::new(None),
            recovery: Mutex::new(histogram()),
            lateness: Mutex::new(histogram()),
            lies: Mutex::default(),
        }
    }

    /// One caller, until the storm is over.
    pub(crate) async fn caller(&self, worker: ChaosClient, mut rng: Rng) {
        while !self.is_over.load(Ordering::Relaxed) {
            self.calls.fetch_add(1, Ordering::Relaxed);
            match rng.u32(0..100) {
                0..60 => self.value(&worker, &mut rng, false).await,
                60..80 => self.value(&worker, &mut rng, true).await,
                80..86 => self.stream(&worker, &mut rng).await,
                86..90 => self.drop_one(&worker, &mut rng).await,
                90..93 => self.hurry(&worker, &mut rng).await,
                93..95 => {
                    let _ = worker.tick(3).await;
                }
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    async fn value(&self, worker: &ChaosClient, rng: &mut Rng, idempotent: bool) {
        let call = self.ledger.open(idempotent);
        let mut task = task(call, rng);
        if self.is_serial {
            task.ms = 0;
        }
        let data = task.data.clone();
        let answer = if idempotent {
            worker.again(task).await
        } else {
            let _flying = Flying::new(&self.in_flight);
            worker.once(task).await
        };
        if let Ok(done) = &answer {
            self.served(done.pid);
            if done.call != call || done.data != data {
                self.lie(format!("call {call} got the answer of {}", done.call));
            }
        }
        if let Err(CallError::Crashed {
            outcome: Outcome::MaybeExecuted,
            exit,
            reason,
            ..
        }) = &answer
            && !idempotent
        {
            *lock(&self.doubtful).entry(death(exit, reason)).or_default() += 1;
        }
        self.close(call, answer.err());
    }

    async fn stream(&self, worker: &ChaosClient, rng: &mut Rng) {
        let call = self.ledger.open(false);
        let wanted = rng.u64(0..STEP / 2);
        let taken = if rng.u32(0..4) == 0 {
            wanted / 2
        } else {
            wanted
        };
        let mut items = match worker.items(call, wanted as u32).await {
            Ok(items) => items,
            Err(error) => return self.close(call, Some(error)),
        };
        let mut next = call;
        loop {
            if next == call + taken && taken < wanted {
                drop(items);
                return self.ledger.close(call, Told::Dropped);
            }
            match items.try_next().await {
                Ok(Some(item)) if item == next => next += 1,
                Ok(Some(item)) => {
                    self.lie(format!("stream {call}: {item} instead of {next}"));
                    return self.ledger.close(call, Told::Dropped);
                }
                Ok(None) => {
                    if next != call + wanted {
                        self.lie(format!(
                            "stream {call} ended cleanly after {} of {wanted}",
                            next - call
                        ));
                    }
                    // A stream without items may end before its generator was asked for anything.
                    let told = if wanted == 0 {
                        Told::Dropped
                    } else {
                        Told::Done
                    };
                    return self.ledger.close(call, told);
                }
                Err(error) => return self.close(call, Some(error)),
            }
        }
    }

    /// Gives a call up at some moment.
    async fn drop_one(&self, worker: &ChaosClient, rng: &mut Rng) {
        let call = self.ledger.open(false);
        let patience = Duration::from_micros(rng.u64(0..3_000));
        let mut task = task(call, rng);
        task.ms = rng.u32(0..5);
        match tokio::time::timeout(patience, worker.once(task).into_future()).await {
            Ok(answer) => self.close(call, answer.err()),
            Err(_) => self.ledger.close(call, Told::Dropped),
        }
    }

    /// Makes a call that has little time.
    async fn hurry(&self, worker: &ChaosClient, rng: &mut Rng) {
        let call = self.ledger.open(false);
        let mut task = task(call, rng);
        task.ms = rng.u32(0..10);
        let patience = Duration::from_millis(rng.u64(1..10));
        let began = Instant::now();
        let answer = worker.once(task).timeout(patience).await;
        if let Err(CallError::Timeout { .. }) = &answer {
            let late = began.elapsed().saturating_sub(patience);
            record(&self.lateness, late);
        }
        self.close(call, answer.err());
    }

    fn close(&self, call: u64, error: Option<CallError>) {
        let told = error
            .as_ref()
            .map_or(Told::Done, |error| Told::Failed(error.outcome()));
        let name = match &error {
            None => "answered",
            Some(error) => name(error),
        };
        *lock(&self.told).entry(name).or_default() += 1;
        self.ledger.close(call, told);
    }

    /// An answer came from this process.
    fn served(&self, pid: u32) {
        let mut gone = lock(&self.gone);
        if let Some((dead, since)) = *gone
            && dead != pid
        {
            *gone = None;
            record(&self.recovery, since.elapsed());
        }
    }

    fn lie(&self, sentence: String) {
        lock(&self.lies).push(sentence);
    }
}

fn task(call: u64, rng: &mut Rng) -> Task {
    let size = match rng.u32(0..1000) {
        0 => 1 << 20,
        1..10 => 100_000,
        _ => rng.usize(0..200),
    };
    let mut data = vec![0; size];
    let head = size.min(64);
    rng.fill(&mut data[..head]);
    Task {
        call,
        data: Bytes::from(data),
        ms: if rng.u32(0..50) == 0 {
            rng.u32(0..4)
        } else {
            0
        },
    }
}

/// What a call's end is counted under.
fn name(error: &CallError) -> &'static str {
    match (error, error.outcome()) {
        (CallError::Crashed { .. }, Outcome::NotSent) => "died, not sent",
        (CallError::Crashed { .. }, Outcome::NotStarted) => "died, not started",
        (CallError::Crashed { .. }, _) => "died, may have been executed",
        (CallError::Timeout { .. }, Outcome::NotSent) => "timed out, not sent",
        (CallError::Timeout { .. }, Outcome::NotStarted) => "timed out, not started",
        (CallError::Timeout { .. }, _) => "timed out, may have been executed",
        (CallError::Cancelled { .. }, _) => "cancelled",
        (CallError::Overloaded { .. }, _) => "overloaded",
        (CallError::NotRunning { .. }, _) => "no worker",
        (CallError::Poisoned { .. }, _) => "poisoned",
        (CallError::Protocol { .. }, _) => "protocol broken",
        (CallError::Rejected { .. }, _) => "rejected",
        (CallError::Decode { .. }, _) => "unreadable answer",
        (CallError::Remote(_), _) => "raised over there",
        _ => "other",
    }
}

/// How a worker ended, in a few words.
pub(crate) fn death(exit: &procwire::Exit, reason: &str) -> String {
    match reason {
        "" => exit.to_string(),
        reason => format!("{exit}: {reason}"),
    }
}

/// Counts a call as long as it lives.
struct Flying<'a>(&'a AtomicUsize);

impl<'a> Flying<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) fn histogram() -> Histogram<u64> {
    // A microsecond to ten minutes, three digits.
    Histogram::new_with_bounds(1, 600_000_000, 3).expect("these bounds are allowed")
}

pub(crate) fn record(histogram: &Mutex<Histogram<u64>>, time: Duration) {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    lock(histogram).saturating_record(micros);
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What must hold however the dice fall. What callers and watchers were told is held against the book of the world.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::caller::{Settled, Told};
use super::contract::{TELL, is_idempotent};
use super::world::{Book, World};
use crate::connection::{Exit, Outcome};
use crate::module::{CallError, Lifecycle, Watcher};

/// Everything that was told of the module, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(pub(super) Arc<Mutex<Vec<Lifecycle>>>);

impl Watcher for Log {
    fn on_lifecycle(&self, what: &Lifecycle) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(what.clone());
    }
}

/// What a reader of events saw.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// Process and number, in order.
    pub(super) seen: Vec<(u64, u64)>,
    pub(super) dropped: u64,
    pub(super) emitted: u64,
}

/// Everything that is wrong.
pub(super) fn judge(world: &World, calls: &[Settled], log: &Log, events: &Events) -> Vec<String> {
    let book = world.book();
    let mut wrong = Vec::new();
    for call in calls {
        settled(call, &mut wrong);
        answers(&book, call, &mut wrong);
        claims(&book, call, &mut wrong);
    }
    if events.seen.len() as u64 + events.dropped != events.emitted {
        wrong.push(format!("O4: {events:?}"));
    }
    sequence(&book, events, &mut wrong);
    let log = log.0.lock().unwrap_or_else(PoisonError::into_inner);
    deaths(&book, &log, &mut wrong);
    wrong
}

/// O1: settled in time. That it is settled once is the type's promise.
fn settled(call: &Settled, wrong: &mut Vec<String>) {
    // A oneway request that waits for room in the socket is not held to its time.
    if call.late > SLACK && call.method != TELL {
        wrong.push(format!("O1: {:?} too late: {call:?}", call.late));
    }
}

/// O2: the answer of this call, from the latest process that had it; and an answer that had arrived is not lost.
fn answers(book: &Book, call: &Settled, wrong: &mut Vec<String>) {
    let had = book.seen.iter().filter(|(one, _)| *one == call.call);
    let latest = had.map(|(_, pid)| *pid).max();
    match &call.told {
        Told::Wrong(what) => wrong.push(format!("O2: call {} got {what}", call.call)),
        Told::Answered(Some(pid)) if Some(*pid) != latest => wrong.push(format!(
            "O2: call {} was answered by {pid}, and {latest:?} had it last",
            call.call
        )),
        Told::Failed(error) => {
            let CallError::Crashed { call: site, .. } = &**error else {
                return;
            };
            for attempt in &site.attempts {
                let pid = attempt.pid.unwrap_or(0);
                let lawful = book.processes.get(&pid).is_some_and(|one| !one.lawless);
                if lawful && book.answered.contains(&(call.call, pid)) {
                    wrong.push(format!("O2: call {} was answered by {pid} before it died, and its caller was told {error:?}", call.call));
                }
            }
        }
        _ => {}
    }
}

/// O3: what is claimed of executions is so, of each attempt too; and nothing is executed twice that must not be.
fn claims(book: &Book, call: &Settled, wrong: &mut Vec<String>) {
    let of = |pid: Option<u32>| {
        let executions = book.executions.iter();
        executions
            .filter(|(one, by)| *one == call.call && pid.is_none_or(|pid| pid == *by))
            .count()
    };
    let times = of(None);
    let fits = match call.told.outcome() {
        Some(Outcome::NotSent | Outcome::NotStarted) => times == 0,
        Some(Outcome::Executed) => times >= 1,
        Some(Outcome::MaybeExecuted) | None => true,
    };
    if !fits || times > 1 && !is_idempotent(call.method) {
        wrong.push(format!("O3: executed {times} times: {call:?}"));
    }
    let Told::Failed(error) = &call.told else {
        return;
    };
    for attempt in error.attempts() {
        if attempt.outcome.is_safe_to_retry() && attempt.pid.is_some() && of(attempt.pid) > 0 {
            wrong.push(format!("O3: {attempt:?} was executed: {call:?}"));
        }
    }
}

/// O4: the events of a process come in order and without a gap, to the last one it sent.
fn sequence(book: &Book, events: &Events, wrong: &mut Vec<String>) {
    let mut next = BTreeMap::<u64, u64>::new();
    for (pid, number) in &events.seen {
        let expected = next.entry(*pid).or_default();
        if expected != number {
            wrong.push(format!(
                "O4: event {number} of {pid} where {expected} was next"
            ));
        }
        *expected = number + 1;
    }
    for (pid, process) in &book.processes {
        let seen = next.get(&u64::from(*pid)).copied().unwrap_or(0);
        if !process.lawless && seen < process.emitted {
            wrong.push(format!("O4: {seen} events of {pid} came: {process:?}"));
        }
    }
}

/// O8: every worker that served ends once, as it really did, and is followed by a restart or a reason why not. Nothing is left of any.
fn deaths(book: &Book, log: &[Lifecycle], wrong: &mut Vec<String>) {
    let mut serving = None;
    let mut owed = false;
    let ended = |pid: u32, exit: Option<Exit>, wrong: &mut Vec<String>| {
        let really = book.processes.get(&pid).and_then(|one| one.exit);
        if exit != really {
            wrong.push(format!("O8: {pid} ended as {really:?}, told was {exit:?}"));
        }
    };
    for what in log {
        match what {
            Lifecycle::Ready { pid, .. } => {
                if let Some(before) = serving.replace(*pid) {
                    wrong.push(format!("O8: {pid} serves before {before} has ended"));
                }
                owed = false;
            }
            Lifecycle::Crashed { pid, exit, .. } => {
                if serving.take() != Some(*pid) || owed {
                    wrong.push(format!("O8: {pid} crashed and did not serve"));
                }
                owed = true;
                ended(*pid, Some(*exit), wrong);
            }
            Lifecycle::Ended(farewell) => {
                if serving.take() != farewell.pid {
                    wrong.push(format!("O8: {farewell:?} and did not serve"));
                }
                ended(farewell.pid.unwrap_or(0), farewell.exit, wrong);
            }
            Lifecycle::Restarting { .. } | Lifecycle::GaveUp { .. } => owed = false,
            _ => {}
        }
    }
    if owed || serving.is_some() {
        wrong.push(format!("O8: no end, or none followed by anything: {log:?}"));
    }
    for (pid, process) in &book.processes {
        if process.exit.is_none() || !process.reaped {
            wrong.push(format!("O8: {pid} is left: {process:?}"));
        }
    }
}

/// What a call may be late.
const SLACK: Duration = Duration::from_millis(50);

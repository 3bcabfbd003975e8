//! What callers were told about each call, beside what the workers' journals say: the oracles.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use procwire::Outcome;

/// Calls are numbered in steps of this, so that a stream has numbers for its items.
pub(crate) const STEP: u64 = 1000;

/// The number of calls that nobody compares.
pub(crate) const UNCOUNTED: u64 = u64::MAX;

/// What a caller knows in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    /// Nothing yet.
    Open,
    /// Its value came.
    Done,
    /// It gave the call up itself and was told nothing.
    Dropped,
    /// An error with this outcome.
    Failed(Outcome),
}

#[derive(Clone, Copy, Debug)]
struct Call {
    idempotent: bool,
    told: Told,
}

/// The calls since the last look at the journals.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    first: u64,
    calls: Vec<Call>,
}

/// What the comparison found.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Calls compared.
    pub(crate) calls: u64,
    /// How often a handler was entered.
    pub(crate) executions: u64,
    /// One sentence each; there should be none.
    pub(crate) lies: Vec<String>,
}

impl Ledger {
    /// A new call's number.
    pub(crate) fn open(&self, idempotent: bool) -> u64 {
        let mut inner = self.lock();
        let number = inner.first + inner.calls.len() as u64;
        inner.calls.push(Call {
            idempotent,
            told: Told::Open,
        });
        number * STEP
    }

    /// The call has come to its end, which happens once.
    pub(crate) fn close(&self, call: u64, told: Told) {
        let mut inner = self.lock();
        let at = (call / STEP - inner.first) as usize;
        let call = &mut inner.calls[at];
        assert_eq!(call.told, Told::Open, "a call was settled twice");
        call.told = told;
    }

    /// Compares with the journals of every worker that lived since, and begins anew. Nothing may be under way.
    pub(crate) fn compare(&self, journals: &Path) -> anyhow::Result<Verdict> {
        let mut inner = self.lock();
        let mut entered = vec![0_u32; inner.calls.len()];
        let mut verdict = Verdict::default();
        for file in fs::read_dir(journals)? {
            let path = file?.path();
            for record in fs::read(&path)?.chunks_exact(8) {
                let call = u64::from_le_bytes(record.try_into()?);
                if call == UNCOUNTED {
                    continue;
                }
                verdict.executions += 1;
                let at = (call / STEP).checked_sub(inner.first);
                match at.and_then(|at| entered.get_mut(at as usize)) {
                    Some(times) => *times += 1,
                    None => verdict
                        .lies
                        .push(format!("call {call} was executed and never made")),
                }
            }
            fs::remove_file(path)?;
        }
        for (call, times) in inner.calls.iter().zip(entered) {
            let number = inner.first + verdict.calls;
            if let Some(lie) = call.lie(times) {
                verdict.lies.push(format!("call {number}: {lie}"));
            }
            verdict.calls += 1;
        }
        inner.calls.clear();
        inner.first += verdict.calls;
        Ok(verdict)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    /// What is wrong with what its caller was told, its handler having been entered so many times.
    fn lie(self, times: u32) -> Option<String> {
        if times > 1 && !self.idempotent {
            return Some(format!("executed {times} times"));
        }
        match self.told {
            Told::Open => Some("never settled".to_owned()),
            Told::Done if times == 0 => Some("answered and not executed".to_owned()),
            Told::Failed(Outcome::Executed) if times == 0 => {
                Some("said to be executed, and was not".to_owned())
            }
            Told::Failed(outcome) if outcome.is_safe_to_retry() && times > 0 => Some(format!(
                "said to be {outcome}, and was executed {times} times"
            )),
            _ => None,
        }
    }
}

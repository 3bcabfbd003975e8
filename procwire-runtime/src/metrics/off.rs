//! Nothing is counted.

use std::time::Duration;

use super::Ending;
use crate::contract::Contract;

/// Of the calls of one module.
#[derive(Debug)]
pub(crate) struct CallMeters;

impl CallMeters {
    pub(crate) const fn new(_: &'static Contract) -> Self {
        Self
    }

    pub(crate) const fn begun(&self) -> Stopwatch {
        Stopwatch
    }

    pub(crate) const fn ended(&self, _: usize, _: Ending, _: usize, _: Stopwatch) {}
}

/// Since when a call is under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch;

/// Of the workers of one module.
#[derive(Debug)]
pub(crate) struct WorkerMeters;

impl WorkerMeters {
    pub(crate) const fn new(_: &'static str) -> Self {
        Self
    }

    pub(crate) const fn spawned(&self, _: Duration) {}

    pub(crate) const fn died(&self) {}

    pub(crate) const fn restarted(&self) {}

    pub(crate) const fn violated(&self) {}

    pub(crate) const fn noise(&self, _: u64) {}

    pub(crate) const fn queued(&self, _: u64) {}
}

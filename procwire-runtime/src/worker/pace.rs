//! Which methods run long without waiting: those get a task at once, so that other cores can help and nobody waits behind them.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::contract::Contract;

/// How the methods of a contract have been doing.
#[derive(Debug)]
pub(super) struct Pace {
    /// For each method, how many more requests get a task without a try.
    left: Box<[AtomicU8]>,
}

impl Pace {
    pub(super) fn new(contract: &Contract) -> Self {
        Self {
            left: contract.methods.iter().map(|_| AtomicU8::new(0)).collect(),
        }
    }

    /// Whether to try the method's next handler in place.
    pub(super) fn is_quick(&self, method: usize) -> bool {
        let Some(left) = self.left.get(method) else {
            return false;
        };
        let now = left.load(Ordering::Relaxed);
        if now > 0 {
            left.store(now - 1, Ordering::Relaxed); // only the reader does this
        }
        now == 0
    }

    /// A handler was polled in place, and that took so long.
    pub(super) fn took(&self, method: usize, time: Duration) {
        if time >= SLOW
            && let Some(left) = self.left.get(method)
        {
            left.store(REPRIEVE, Ordering::Relaxed);
        }
    }
}

/// From here on the requests behind it are better served by someone else.
const SLOW: Duration = Duration::from_millis(1);
/// Requests after which a slow method is tried in place again.
const REPRIEVE: u8 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    static CONTRACT: Contract = Contract {
        name: "m",
        version: "1.0.0",
        methods: &[],
        events: &[],
    };

    #[test]
    fn a_slow_method_is_tried_again_after_a_while() {
        assert!(!Pace::new(&CONTRACT).is_quick(0), "there is no such method");
        let pace = Pace {
            left: Box::new([AtomicU8::new(0), AtomicU8::new(0)]),
        };
        pace.took(0, SLOW);
        pace.took(1, SLOW / 2);
        assert!(pace.is_quick(1));
        assert!((0..REPRIEVE).all(|_| !pace.is_quick(0)));
        assert!(pace.is_quick(0));
    }
}

//! The requests in progress that outlive the batch in which they came.
//!
//! Knows no frame and no handler; only who is to be told when the parent gives a request up, and when nobody is left.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::context::Token;
use crate::contract::Method;
use crate::ids::UNCORRELATED;

/// Every request that has a task.
#[derive(Debug, Default)]
pub(super) struct Active {
    table: Mutex<Table>,
    idle: Notify,
    /// How many were given up and go on all the same.
    lingering: AtomicUsize,
}

#[derive(Debug, Default)]
struct Table {
    /// By request id; those that have none get a number beyond all ids.
    tokens: HashMap<u64, (Arc<Token>, &'static Method)>,
    /// Those that were given up and left to end by themselves.
    given_up: HashSet<u64>,
    /// Tasks, among them those whose id a confused parent has used again.
    count: usize,
    unnumbered: u64,
}

/// One request in progress, for as long as this lives.
#[derive(Debug)]
pub(super) struct Entry {
    active: Arc<Active>,
    key: u64,
    pub(super) token: Arc<Token>,
}

impl Active {
    /// Enters a request.
    pub(super) fn enter(
        self: &Arc<Self>,
        request: u32,
        method: &'static Method,
        token: Arc<Token>,
    ) -> Entry {
        let table = &mut *self.lock();
        table.count += 1;
        let key = if request == UNCORRELATED {
            table.unnumbered += 1;
            u64::from(u32::MAX) + table.unnumbered
        } else {
            u64::from(request)
        };
        table.tokens.insert(key, (Arc::clone(&token), method));
        Entry {
            active: Arc::clone(self),
            key,
            token,
        }
    }

    /// The parent gave this request up. One that is not in progress is over, and answered; one whose method is not
    /// cancellable goes on.
    pub(super) fn cancel(&self, request: u32) {
        let key = u64::from(request);
        let entry = self
            .lock()
            .tokens
            .get(&key)
            .map(|(token, method)| (Arc::clone(token), *method));
        if let Some((token, method)) = entry
            && method.cancellable
            && token.cancel()
        {
            let table = &mut *self.lock();
            // It may be over by now.
            if table.has(key, &token) {
                table.given_up.insert(key);
                self.count_lingering(table);
            }
        }
    }

    /// The parent takes so many bytes more of this stream, if it is still going.
    pub(super) fn grant(&self, request: u32, bytes: u32) {
        let token = self
            .lock()
            .tokens
            .get(&u64::from(request))
            .map(|(token, _)| Arc::clone(token));
        if let Some(token) = token {
            token.grant(bytes);
        }
    }

    /// The worker stops.
    pub(super) fn cancel_all(&self) {
        let tokens: Vec<_> = self
            .lock()
            .tokens
            .values()
            .map(|(token, _)| Arc::clone(token))
            .collect();
        for token in tokens {
            token.cancel();
        }
    }

    /// How many were given up by the parent, have said that they end by themselves, and have not.
    pub(super) fn lingering(&self) -> usize {
        self.lingering.load(Ordering::Relaxed)
    }

    fn count_lingering(&self, table: &Table) {
        self.lingering
            .store(table.given_up.len(), Ordering::Relaxed); // written under the lock alone
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().count
    }

    /// The methods of those there are.
    pub(super) fn methods(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self
            .lock()
            .tokens
            .values()
            .map(|(_, method)| method.name)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Resolves when there is none.
    pub(super) async fn idle(&self) {
        loop {
            let notified = self.idle.notified();
            if self.count() == 0 {
                return;
            }
            notified.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// The id may be used for another request from now on.
    pub(super) fn free_id(&mut self) {
        let table = &mut *self.active.lock();
        table.remove(self.key, &self.token);
        self.active.count_lingering(table);
    }
}

impl Table {
    fn remove(&mut self, key: u64, token: &Arc<Token>) {
        if self.has(key, token) {
            self.tokens.remove(&key);
            self.given_up.remove(&key);
        }
    }

    fn has(&self, key: u64, token: &Arc<Token>) -> bool {
        self.tokens
            .get(&key)
            .is_some_and(|(entered, _)| Arc::ptr_eq(entered, token))
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let table = &mut *self.active.lock();
        table.remove(self.key, &self.token);
        self.active.count_lingering(table);
        table.count -= 1;
        if table.count == 0 {
            self.active.idle.notify_waiters();
        }
    }
}

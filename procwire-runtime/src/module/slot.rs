//! Which connection is current, and who waits for the next one. The supervisor writes it; calls read it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Instant;

use tokio::sync::watch;

use super::lobby::{Lobby, Place};
use super::parcel::{Handed, Parcel};
use super::retry::Budget;
use crate::connection::{Connection, Down};

/// The place of the current connection.
#[derive(Debug)]
pub struct Slot {
    state: watch::Sender<SlotState>,
    /// Taken before the state changes and while it is looked at by who may have to wait, so that nobody is overlooked.
    lobby: Mutex<Lobby>,
    calls: AtomicU64,
    budget: Mutex<Budget>,
}

/// What stands in a slot.
#[derive(Clone, Debug)]
pub enum SlotState {
    /// No worker right now; one is coming.
    Waiting,
    /// A worker that serves.
    Up(Arc<Connection>),
    /// No worker, and none will come.
    Closed(Arc<Down>),
}

/// Why a call cannot wait.
#[derive(Clone, Copy, Debug)]
pub(super) enum NoWait {
    /// There is no need: something changed.
    Look,
    /// Too many wait.
    Crowded,
}

impl Slot {
    /// A slot that waits for its first connection.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: watch::Sender::new(SlotState::Waiting),
            lobby: Mutex::default(),
            calls: AtomicU64::new(0),
            budget: Mutex::new(Budget::new()),
        }
    }

    /// What stands there now.
    #[must_use]
    pub fn current(&self) -> SlotState {
        self.state.borrow().clone()
    }

    /// Replaces what stands there and wakes who waited for that. Calls that waited for a worker are sent to it before any
    /// other. A slot that was closed stays so.
    pub fn set(&self, state: SlotState) {
        let mut wake = Vec::new();
        {
            let mut lobby = self.lobby();
            if matches!(&*self.state.borrow(), SlotState::Closed(_)) {
                return;
            }
            match &state {
                SlotState::Waiting => {}
                SlotState::Up(connection) => lobby.serve(connection, connection.now(), &mut wake),
                SlotState::Closed(_) => lobby.dismiss(&mut wake),
            }
            self.state.send_replace(state);
        }
        wake.into_iter().for_each(Waker::wake);
    }

    /// Opens a closed slot again: the module is started anew.
    pub fn reopen(&self) {
        let _lobby = self.lobby();
        self.state.send_replace(SlotState::Waiting);
    }

    /// Tells every change from now on.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<SlotState> {
        self.state.subscribe()
    }

    /// The number of a new call.
    pub(super) fn number(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether one more call may be sent again.
    pub(super) fn may_resend(&self, now: Instant) -> bool {
        let calls = self.calls.load(Ordering::Relaxed);
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        budget.draw(now, calls)
    }

    /// Lets a call wait for a worker other than `refused`. Unless it may, it stays where it is.
    pub(super) fn enter(
        &self,
        place: Place,
        parcel: &mut Parcel,
        bounds: (usize, usize),
        refused: Option<&Arc<Connection>>,
    ) -> Result<(), NoWait> {
        let mut lobby = self.lobby();
        let changed = match &*self.state.borrow() {
            SlotState::Waiting => false,
            SlotState::Up(connection) => !refused.is_some_and(|one| Arc::ptr_eq(one, connection)),
            SlotState::Closed(_) => true,
        };
        if changed {
            return Err(NoWait::Look);
        }
        if lobby.enter(place, parcel, bounds) {
            Ok(())
        } else {
            Err(NoWait::Crowded)
        }
    }

    /// Whether a call still waits; its task is woken once it does not.
    pub(super) fn waits(&self, place: Place, context: &Context<'_>) -> bool {
        self.lobby().waits(place, context)
    }

    /// Takes a call out, with what it was sent as, if it was.
    pub(super) fn leave(&self, place: Place) -> Option<(Parcel, Option<Handed>)> {
        self.lobby().leave(place)
    }

    fn lobby(&self) -> MutexGuard<'_, Lobby> {
        self.lobby.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

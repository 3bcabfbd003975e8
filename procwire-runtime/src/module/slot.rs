//! Which connection is current. The supervisor writes it; calls read it and wait for the next one.

use std::sync::Arc;

use tokio::sync::watch;

use crate::connection::{Connection, Down};

/// The place of the current connection.
#[derive(Debug)]
pub struct Slot {
    state: watch::Sender<SlotState>,
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

impl Slot {
    /// A slot that waits for its first connection.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: watch::Sender::new(SlotState::Waiting),
        }
    }

    /// What stands there now.
    #[must_use]
    pub fn current(&self) -> SlotState {
        self.state.borrow().clone()
    }

    /// Replaces what stands there and wakes who waited for that. A slot that was closed stays so.
    pub fn set(&self, state: SlotState) {
        self.state.send_if_modified(|current| {
            let open = !matches!(current, SlotState::Closed(_));
            if open {
                *current = state;
            }
            open
        });
    }

    /// Opens a closed slot again: the module is started anew.
    pub fn reopen(&self) {
        self.state.send_replace(SlotState::Waiting);
    }

    /// Tells every change from now on.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<SlotState> {
        self.state.subscribe()
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

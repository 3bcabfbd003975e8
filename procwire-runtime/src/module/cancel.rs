//! Giving calls up from elsewhere: a token that any number of calls can be bound to.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

/// Gives up every call that was made [with it](super::call::Call::cancel_with). Clones share it.
///
/// Unlike a call that is dropped, one that is given up in this way waits for what its worker has to say, so that its caller
/// is told how far it came.
///
/// ```
/// let cancel = procwire_runtime::module::Cancel::new();
/// assert!(!cancel.is_cancelled());
/// cancel.cancel();
/// assert!(cancel.clone().is_cancelled());
/// ```
#[derive(Clone, Debug)]
pub struct Cancel {
    state: Arc<watch::Sender<bool>>,
}

impl Cancel {
    /// One that gives nothing up yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Gives up every call that was or will be made with it.
    pub fn cancel(&self) {
        self.state.send_replace(true);
    }

    /// Whether that has happened.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.state.borrow()
    }

    /// Resolves once that has happened.
    pub(super) fn wait(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let state = self.state.clone();
        Box::pin(async move {
            let mut reader = state.subscribe();
            // The sender lives as long as this future.
            let _ = reader.wait_for(|cancelled| *cancelled).await;
        })
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

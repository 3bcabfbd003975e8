//! Why the manager did not do what it was asked.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::module::ModuleState;
use crate::supervisor::SpawnError;

/// Why the manager did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagerError {
    /// There is a module of this name.
    #[error("module `{name}` is already registered: give it another name, or replace it")]
    AlreadyRegistered {
        /// The name.
        name: Arc<str>,
    },
    /// There is no module of this name.
    #[error("module `{name}` is not registered")]
    NotRegistered {
        /// The name.
        name: Arc<str>,
    },
    /// It is not at rest.
    #[error("module `{name}` is {state:?}: shut it down first, or unregister it by force")]
    Running {
        /// The name.
        name: Arc<str>,
        /// Where it stands.
        state: ModuleState,
    },
    /// It cannot be registered as it is described, or was not started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// Of the modules that were started together one could not be.
    #[error(
        "module `{name}` could not be started, others go on{}: {error}",
        told(others)
    )]
    SpawnAll {
        /// Which was the first that failed.
        name: Arc<str>,
        /// Why.
        error: Box<SpawnError>,
        /// The others, and where each of them stood then. Those that were still being started go on.
        others: Vec<(Arc<str>, ModuleState)>,
    },
}

fn told(others: &[(Arc<str>, ModuleState)]) -> String {
    let mut text = String::new();
    for (at, (name, state)) in others.iter().enumerate() {
        let between = if at == 0 { " (" } else { ", " };
        let _ = write!(text, "{between}`{name}` is {state:?}");
    }
    if !text.is_empty() {
        text.push(')');
    }
    text
}

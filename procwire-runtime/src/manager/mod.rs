//! Many modules under one roof: registered by name, started and ended together, watched in one place.
//!
//! It adds no life of its own to a module: what starts, watches and ends a worker is `supervisor`'s.

mod events;
mod refusal;
mod registry;

pub use events::{Fault, ManagerEvent, ManagerEvents};
pub use refusal::ManagerError;
pub use registry::ModuleManager;

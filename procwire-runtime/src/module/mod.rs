//! The parent's typed handle to a worker: calls, streams, events, and what becomes of them over the worker's lives.
//!
//! It does not know the supervisor: which connection is current stands in a slot that the supervisor writes.

mod call;
mod error;
mod events;
mod handle;
mod lifecycle;
mod mailbox;
mod oneway;
mod request;
mod slot;
mod stream;
mod verdict;

pub use call::{Call, ResultFuture};
pub use error::{CallError, CallSite, RemoteError};
pub use events::{EventStream, Hub};
pub use handle::{Client, Module, Options, Owner};
pub use lifecycle::{Journal, Lifecycle, LifecycleStream, ModuleState};
pub use oneway::OnewayFuture;
pub use slot::{Slot, SlotState};
pub use stream::{ItemStream, StreamFuture};

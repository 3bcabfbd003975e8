//! The parent's typed handle to a worker: calls, streams, events, and what becomes of them over the worker's lives.
//!
//! It does not know the supervisor: which connection is current stands in a slot that the supervisor writes.

mod call;
mod cancel;
mod error;
mod events;
mod farewell;
mod handle;
mod lifecycle;
mod lobby;
mod mailbox;
mod observe;
mod oneway;
mod options;
mod parcel;
mod request;
mod retry;
mod slot;
mod stream;
mod verdict;

pub use call::{Call, ResultFuture};
pub use cancel::Cancel;
pub use error::{Attempt, CallError, CallSite, Rejection, RemoteError, TimeoutPhase};
pub use events::{EventStream, Hub, Lagged, Overflow};
pub use farewell::{Farewell, Means, StillAlive};
pub use handle::{Client, Module, Owner};
pub use lifecycle::{Journal, Lifecycle, LifecycleStream, ModuleState, Watcher};
pub use oneway::OnewayFuture;
pub use options::{Options, TraceHook, WhenUnavailable};
pub use slot::{Slot, SlotState};
pub use stream::{ItemStream, StreamFuture};

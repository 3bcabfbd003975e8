//! One live data channel: what is under way on it, who writes, who reads, and how it ends.
//!
//! The writer and the reader serve both sides; the table of pending calls is the parent's. It knows nothing of processes:
//! why a worker died is handed down to it.

mod arrivals;
mod down;
mod entry;
mod handle;
mod kind;
mod outcome;
mod pending;
mod queue;
mod reader;
mod reading;
mod stall;
mod strays;
mod ticket;
mod violation;
mod window;
mod writer;

#[cfg(test)]
mod model;

pub use down::Down;
pub use entry::{Bounds, Expects, Progress, Refusal, Registration, Reply};
pub use handle::{Connection, EventTarget, Limits, Link, MethodBinding, Outgoing, SendRefused};
pub use outcome::{Exit, Outcome};
pub use reader::{End, Reader};
pub use reading::Reading;
pub use ticket::Ticket;
pub use violation::Violation;
pub use writer::{Closed, Span, Writer};

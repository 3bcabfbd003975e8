//! The worker's side: what generated code calls to serve a parent.
//!
//! ```text
//! parent's frames ── session ── dispatch (generated) ── job: the handler ── call: its frames ── writer ── parent
//! ```
//!
//! | module | owns |
//! |---|---|
//! | `worker` | a worker's life: announce, be adopted, serve, finish |
//! | `birth` | what the parent gave the process |
//! | `stdio` `lifeline` `log` | the control plane: descriptors, pings, records, the end |
//! | `adopt` | which connection is the parent's |
//! | `session` `active` `pace` | the requests of one connection |
//! | `dispatch` `job` `call` | from a request to its one last frame |
//! | `context` `answers` `events` | what handlers use |
//! | `outgoing` `writer` | the way out |
//!
//! It knows nothing of how parents are built. Siblings: `workers/python/src/procwire/worker`,
//! `workers/typescript/src/worker`.

mod active;
mod adopt;
mod answers;
mod birth;
mod call;
mod context;
mod dispatch;
mod events;
mod job;
mod lifeline;
mod log;
mod outgoing;
mod pace;
mod session;
mod stdio;
#[cfg(test)]
mod tests;
#[expect(
    clippy::module_inception,
    reason = "the same stem in all three runtimes"
)]
mod worker;
mod writer;

pub use crate::control::LogLevel;
pub use answers::{Ack, Answers, Items, Oneway};
pub use birth::prepare;
pub use context::{RequestContext, ctx};
pub use dispatch::{Dispatch, Request};
pub use events::{EmitError, EventSink};
pub(crate) use session::{Limits, Phase};
pub(crate) use worker::serve_stream;
pub use worker::{ServeError, serve};

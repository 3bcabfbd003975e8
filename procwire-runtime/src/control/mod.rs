//! The control plane: one JSON object per line over the worker's stdin and stdout.
//!
//! Pure: no I/O, no clock. It knows nothing of frames; where the two channels meet is the supervisor's and the worker's.
//! Siblings: `workers/python/src/procwire/control`, `workers/typescript/src/control`.

mod lines;
mod message;

pub use lines::{Line, Lines};
pub use message::{
    Announcement, Init, InvalidInit, Message, PING, PONG, ParentMessage, SHUTDOWN, announce,
    failure,
};

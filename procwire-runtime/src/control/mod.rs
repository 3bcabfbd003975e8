//! The control plane: one JSON object per line over the worker's stdin and stdout.
//!
//! Pure: no I/O, no clock. It knows nothing of frames; where the two channels meet is the supervisor's and the worker's.
//! Siblings: `workers/python/src/procwire/control`, `workers/typescript/src/control`.

mod features;
mod flood;
mod init;
mod lines;
mod log;
mod message;
mod tag;

pub use features::Features;
pub use flood::Flood;
pub use init::{Announcement, Init, InitMethod, InvalidInit, announce};
pub use lines::{Line, Lines};
pub use log::{LogLevel, LogLine, log_line};
pub use message::{Message, PING, PONG, ParentMessage, SHUTDOWN, failure};
pub use tag::{Nonce, tagged};

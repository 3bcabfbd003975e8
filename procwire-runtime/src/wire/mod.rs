//! Frames: eleven bytes of header and a payload, in any number of pieces.
//!
//! ```text
//! 0        2       3                7                11
//! ┌────────┬───────┬────────────────┬────────────────┬─────────┐
//! │ method │ flags │ request id     │ payload length │ payload │   big-endian
//! └────────┴───────┴────────────────┴────────────────┴─────────┘
//! ```
//!
//! Pure: no I/O, no clock. It knows nothing of what a payload says or whose turn it is.
//! Siblings: `workers/python/src/procwire/wire`, `workers/typescript/src/wire`.

mod decode;
mod encode;
mod error;
mod flags;
mod frame;
mod header;

pub use decode::{Decoder, Space};
pub use encode::{TooLarge, bare, begin, finish};
pub use error::WireError;
pub use flags::Flags;
pub use frame::Frame;
pub use header::Header;

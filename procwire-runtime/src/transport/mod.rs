//! Duplex byte streams between parent and worker, and where they are found.
//!
//! Owns sockets, paths and who may connect. It knows nothing of frames.
//! Siblings: `workers/python/src/procwire/transport.py`, `workers/typescript/src/transport.ts`.

mod address;
mod unix;

pub use address::{Address, AddressError};
pub use unix::{Duplex, Listener, ReadHalf, WriteHalf};

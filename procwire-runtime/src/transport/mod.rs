//! Duplex byte streams between parent and worker, and where they are found.
//!
//! Owns sockets, paths and who may connect. It knows nothing of frames.
//! Siblings: `workers/python/src/procwire/transport.py`, `workers/typescript/src/transport.ts`.

mod address;
mod door;
mod folder;
mod inherited;
mod unix;

pub use address::{Address, AddressError};
pub use door::{Refused, inspect};
pub use folder::{Caretaker, Folder, FolderError};
pub use inherited::Inherited;
pub use unix::{Duplex, Listener, ReadHalf, WriteHalf, hang_up};

#[cfg(test)]
pub(crate) mod memory;

//! One worker process for life: started, greeted, watched, restarted, ended.
//!
//! Everything that decides is a pure state machine that takes the time as an argument (`restart`, `heartbeat`,
//! `handshake`); `run` is the one loop that acts. It writes the slot that the module reads.

mod builder;
mod burial;
mod calling;
mod error;
mod handshake;
mod heartbeat;
mod in_memory;
mod keeper;
mod process;
mod restart;
mod run;
mod start;

pub use builder::Builder;
pub use error::{Difference, SpawnError, StartError, StartPhase};
pub use in_memory::in_memory;
pub use keeper::Keeper;
pub use process::Environment;

#[cfg(test)]
mod simulation;

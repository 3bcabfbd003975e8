//! Processes: how they are started, heard, and ended with everything they started.

mod child;
mod command;
mod environment;
mod refusal;
mod spawner;
mod stderr;
mod stdin;
mod stdout;
mod tail;
mod warden;

#[cfg(test)]
pub(super) mod simulated;

pub(super) use child::{Child, settled};
pub(super) use command::{Birth, Launch};
pub use environment::Environment;
pub(super) use stderr::Stderr;
pub(super) use stdin::Stdin;
pub(super) use stdout::{Offer, Stdout, Word};
pub(super) use warden::Folders;

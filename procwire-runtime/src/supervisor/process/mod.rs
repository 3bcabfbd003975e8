//! Processes: how they are started, heard, and ended with everything they started.

mod child;
mod command;
mod spawner;
mod stderr;
mod stdout;

pub(super) use child::Child;
pub(super) use command::Launch;
pub(super) use stderr::Stderr;
pub(super) use stdout::{Stdout, Word};

//! What is wrong with a schema, where, and what to do about it.
//!
//! Stages push [`Diagnostic`]s into one [`Diagnostics`] and go on; the pipeline gates on it between stages. A
//! diagnostic carries its [`Code`], never a formatted block of text: drawing it is left to the outputs
//! (`render`, [`json`], [`github`]).

pub mod codes;
pub mod github;
pub mod json;
#[cfg(feature = "render")]
pub mod render;
pub mod report;
pub mod source;
pub mod suggest;

pub use codes::Code;
pub use report::{Diagnostic, Diagnostics, Label, Severity};
pub use source::{Position, Source, Sources};

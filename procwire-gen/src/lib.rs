//! From a Procwire schema to code: a typed Rust parent, and Python, TypeScript and Rust workers.
//!
//! Layers, lowest first: [`files`] and [`names`]; the emitters `rust`, `python`, `typescript`, which do not see each
//! other; the command line. An emitter is `emit(&Schema) -> Result<Files, Vec<Diagnostic>>`: it holds every decision
//! about its language and does no I/O.

#[cfg(feature = "cli")]
pub mod cli;
pub mod files;
pub mod names;
#[cfg(feature = "python")]
pub mod python;
#[cfg(feature = "rust")]
pub mod rust;
#[cfg(feature = "cli")]
pub mod target;
#[cfg(feature = "typescript")]
pub mod typescript;

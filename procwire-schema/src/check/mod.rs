//! The one checker: judges a [`Draft`], whatever it was read from, and alone can make a [`Schema`] of it.
//!
//! Every rule pushes and goes on, so that all errors are seen at once. It knows neither TOML nor Rust: spans are
//! opaque here.

use crate::diagnostic::Diagnostics;
use crate::model::Draft;

mod fit;
mod generated;
mod methods;
mod names;
mod recursion;
mod resolve;
mod schema;
mod types;
mod unused;
mod values;
mod walk;

pub mod keywords;

pub use schema::{Origin, Schema};

/// Whether the draft holds every type it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// A whole file and what it reaches: an undeclared name is an error.
    Closed,
    /// One item of a Rust program: an undeclared name is for rustc to judge.
    Open,
}

/// Checks a draft. No schema when anything, here or before, was an error.
pub fn check(
    mut draft: Draft,
    world: World,
    origin: Origin,
    found: &mut Diagnostics,
) -> Option<Schema> {
    if world == World::Closed {
        resolve::check(&draft, found);
    }
    names::check(&draft, found);
    generated::check(&draft, found);
    types::check(&draft, found);
    methods::check(&draft, found);
    values::check(&mut draft, found);
    recursion::check(&draft.decls, found);
    if found.has_errors() {
        return None;
    }
    unused::check(&draft, found);
    Some(Schema::new(draft, origin))
}

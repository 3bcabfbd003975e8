//! The languages there are, and the one place that calls their emitters.
//!
//! Knows each emitter by its entry; knows no file system and no command line.

use procwire_schema::{Diagnostic, Schema};

use crate::files::{Files, Origin};
use crate::{python, rust, typescript};

/// A language to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// The parent's stub and the trait of a Rust worker.
    Rust,
    /// A worker on the PyPI package `procwire`.
    Python,
    /// A worker on the npm package `procwire-worker`.
    TypeScript,
}

impl Language {
    /// Every language.
    pub const ALL: &'static [Self] = &[Self::Rust, Self::Python, Self::TypeScript];

    /// Its name on the command line and in `procwire.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::TypeScript => "typescript",
        }
    }

    /// The language of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }

    /// The ending of its files, without the dot.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Rust => "rs",
            Self::Python => "py",
            Self::TypeScript => "ts",
        }
    }
}

/// Everything a language needs of a schema, our files signed with where they came from.
///
/// `source` is the schema's path as the `@generated` line shall show it: relative, with `/`, the same on every
/// machine.
///
/// # Errors
/// What the language cannot carry yet, as diagnostics on the schema.
pub fn generate(
    schema: &Schema,
    language: Language,
    source: &str,
) -> Result<Files, Vec<Diagnostic>> {
    let files = match language {
        Language::Rust => rust::emit(schema)?,
        Language::Python => python::emit(schema)?,
        Language::TypeScript => typescript::emit(schema)?,
    };
    Ok(files.sign(&origin(schema, source)))
}

/// The handlers that a user's worker lacks, ready to paste; none if it has them all.
#[must_use]
pub fn missing_handlers(schema: &Schema, language: Language, worker: &str) -> Option<String> {
    match language {
        // rustc says so itself: the worker implements a trait
        Language::Rust => None,
        Language::Python => python::missing_handlers(schema, worker),
        Language::TypeScript => typescript::missing_handlers(schema, worker),
    }
}

fn origin(schema: &Schema, source: &str) -> Origin {
    let module = schema.module();
    Origin {
        source: source.to_owned(),
        module: module.map(|module| module.name.text.clone()),
        version: module.map(|module| module.version.0.clone()),
        fingerprint: schema.fingerprint().to_owned(),
    }
}

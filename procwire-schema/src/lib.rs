//! The Procwire schema language: one model, two front ends, one checker.
//!
//! A schema says which methods and events a worker process has and what their data looks like. It is written as a
//! TOML file or as a Rust trait; both become the same [`model`], are judged by the same [`check`](mod@check), and
//! only what passes is a [`Schema`].
//!
//! ```
//! use procwire_schema::read_text;
//!
//! let reading = read_text("echo.toml", "procwire = 1\n[module]\nname = \"echo\"\n");
//! assert!(reading.schema.is_none());
//! let first = reading.diagnostics.iter().next().expect("the version is missing");
//! assert_eq!(first.to_string(), "error[P0009]: [module] has no `version`");
//! ```

use std::path::{Path, PathBuf};

pub mod check;
pub mod diagnostic;
pub mod model;
#[cfg(feature = "rust")]
pub mod rust;
pub mod span;
#[cfg(feature = "text")]
pub mod text;

pub use check::Schema;
pub use diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources};
pub use span::Span;

use check::{Origin, World};
use model::Draft;

/// What reading a schema gives: the schema unless there were errors, everything there is to say about it, and the
/// texts to show with it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The schema; none when there are errors.
    pub schema: Option<Schema>,
    /// Errors and warnings, in the order of their places.
    pub diagnostics: Diagnostics,
    /// What was read.
    pub sources: Sources,
}

/// Reads a schema from a `.toml` or `.rs` file, with all files it leads to.
///
/// Whatever is wrong, the file being absent included, is in [`Reading::diagnostics`].
#[must_use]
pub fn read(path: &Path) -> Reading {
    read_with(path, &|path: &Path| std::fs::read(path))
}

/// Reads a schema from a text that is called `name`, whose ending says what it is. Other files are not looked at.
#[must_use]
pub fn read_text(name: &str, text: &str) -> Reading {
    read_with(Path::new(name), &|path: &Path| {
        if path == Path::new(name) {
            Ok(text.as_bytes().to_vec())
        } else {
            Err(std::io::Error::new(
                std::io::ErrorKind::NotFound,
                "only the text itself is read here",
            ))
        }
    })
}

/// What a macro's item says: a trait's module, or one type.
#[cfg(feature = "rust")]
#[derive(Debug)]
pub struct ItemReading {
    /// The schema: of a trait, its module and the names of its types; of a type, that one declaration, the first of
    /// [`Schema::declared`]. None when there are errors.
    pub schema: Option<Schema>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
    /// From the diagnostics' places back to the user's tokens.
    pub spans: rust::Spans,
    paths: Vec<(model::DeclIndex, syn::Path)>,
}

#[cfg(feature = "rust")]
impl ItemReading {
    /// The path, with the user's own tokens, that first named a type. [`model::TypeName::alias`] is here the text in
    /// front of the last segment (`geo`, `crate::model`), so each spelling is an entry of its own.
    #[must_use]
    pub fn path(&self, index: model::DeclIndex) -> Option<&syn::Path> {
        self.paths
            .iter()
            .find(|(known, _)| *known == index)
            .map(|(_, path)| path)
    }

    /// Every error as a `compile_error!` on the user's own tokens.
    #[must_use]
    pub fn compile_errors(&self) -> proc_macro2::TokenStream {
        self.spans.compile_errors(&self.diagnostics)
    }
}

/// Reads the trait under `#[procwire::module(…)]`; `attr` is what stands in the parentheses. Types are names only.
///
/// ```
/// let attr = "version = \"1.0.0\"".parse().expect("tokens");
/// let item = syn::parse_str("trait Echo { async fn say(&self, text: String) -> String; }").expect("a trait");
/// let reading = procwire_schema::read_trait(&attr, &item);
/// let schema = reading.schema.expect("nothing is wrong with it");
/// assert_eq!(schema.module().expect("a trait is a module").name.text, "echo");
/// ```
#[cfg(feature = "rust")]
#[must_use]
pub fn read_trait(attr: &proc_macro2::TokenStream, item: &syn::ItemTrait) -> ItemReading {
    check_item(rust::draft_trait(attr, item))
}

/// Reads a type under `#[derive(procwire::Type)]`. Other types are names only.
#[cfg(feature = "rust")]
#[must_use]
pub fn read_type(item: &syn::DeriveInput) -> ItemReading {
    check_item(rust::draft_type(item))
}

#[cfg(feature = "rust")]
fn check_item(item: rust::ItemDraft) -> ItemReading {
    let mut diagnostics = item.diagnostics;
    let schema = check::check(item.draft, World::Open, Origin::default(), &mut diagnostics);
    ItemReading {
        schema,
        diagnostics,
        spans: item.spans,
        paths: item.paths,
    }
}

/// The pipeline: front end → draft → check → schema. `fetch` gets the bytes of a file.
#[must_use]
pub fn read_with(path: &Path, fetch: &dyn Fn(&Path) -> std::io::Result<Vec<u8>>) -> Reading {
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::new();
    let (draft, world) = front_end(path, fetch, &mut sources, &mut diagnostics);
    let origin = Origin {
        name: path.to_string_lossy().replace('\\', "/"),
        files: sources
            .iter()
            .filter_map(|source| source.path.clone())
            .collect::<Vec<PathBuf>>(),
    };
    let schema = check::check(draft, world, origin, &mut diagnostics);
    diagnostics.sort();
    Reading {
        schema,
        diagnostics,
        sources,
    }
}

#[cfg_attr(
    not(any(feature = "text", feature = "rust")),
    expect(unused_variables, reason = "without a front end nothing is read")
)]
fn front_end(
    path: &Path,
    fetch: &dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> (Draft, World) {
    match path.extension().and_then(|ending| ending.to_str()) {
        #[cfg(feature = "text")]
        Some("toml") => (text::read(path, fetch, sources, found), World::Closed),
        #[cfg(feature = "rust")]
        // It has said where it looked for each type that it did not find.
        Some("rs") => (rust::read(path, fetch, sources, found), World::Open),
        _ => {
            let name = path.display();
            found.push(
                Diagnostic::new(Code::UnknownFormat, format!("{name} is neither a .toml nor a .rs file"))
                    .help("a schema is a TOML file, or a Rust file with a trait under #[procwire::module]"),
            );
            (Draft::default(), World::Open)
        }
    }
}

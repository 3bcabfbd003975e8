//! The TypeScript emitter: `<module>.ts`, which is ours, and `worker.ts`, which is the user's.
//!
//! ```text
//! reach   which types a worker reads, which it sends
//! naming  what everything is called
//! spell   types as TypeScript says them          literal  default values
//! steps   values through the codec, as expressions
//! view    all of it, ready to be printed         templates/typescript/module.ts prints it
//! skeleton  the user's file, and handlers that it lacks
//! ```
//!
//! A file holds types, codecs and the contract; everything that is the same for all modules is in the package
//! `procwire-worker`, of which generated code knows the entry `procwire-worker/generated` alone.

mod literal;
mod naming;
mod prose;
mod reach;
mod skeleton;
mod spell;
mod steps;
mod view;

use askama::Template as _;
use procwire_schema::model::DeclKind;
use procwire_schema::{Code, Diagnostic, Schema};

use crate::files::Files;
use naming::Naming;
use reach::Reach;
use view::FileView;

/// The files of a schema: `pdf.ts` and `worker.ts` for the module `pdf`; one file, called like the schema, for types
/// alone.
///
/// # Errors
/// What the schema says and TypeScript cannot be made of yet.
pub fn emit(schema: &Schema) -> Result<Files, Vec<Diagnostic>> {
    let tables: Vec<Diagnostic> = schema
        .declared()
        .filter(|(_, _, decl)| matches!(decl.kind, DeclKind::Table(_)))
        .map(|(_, _, decl)| {
            Diagnostic::new(
                Code::TableNotEmitted,
                format!("table `{}` cannot be emitted yet", decl.name.text),
            )
            .at(decl.name.span, "tables need Arrow, which is not there yet")
        })
        .collect();
    if !tables.is_empty() {
        return Err(tables);
    }
    let naming = Naming::of(schema);
    let reach = Reach::of(schema);
    let mut files = Files::new();
    let body = FileView::of(schema, &naming, &reach)
        .render()
        .map_err(|error| {
            // The template has no way to fail; should one come, it is a defect of this program and not of the schema.
            vec![Diagnostic::new(
                Code::TableNotEmitted,
                format!("the TypeScript template failed: {error}"),
            )]
        })?;
    files.generated(format!("{}.ts", stem(schema)), body);
    if let Some(module) = schema.module() {
        files.yours("worker.ts", skeleton::worker(module, &naming));
    }
    Ok(files)
}

/// The handlers that a user's worker file lacks, ready to be pasted; none if it has them all.
#[must_use]
pub fn missing_handlers(schema: &Schema, user_source: &str) -> Option<String> {
    let module = schema.module()?;
    skeleton::missing(module, &Naming::of(schema), user_source)
}

/// The name of our file without its ending.
fn stem(schema: &Schema) -> String {
    schema.module().map_or_else(
        || {
            let name = schema.source().rsplit('/').next().unwrap_or_default();
            name.split('.').next().unwrap_or("types").to_owned()
        },
        |module| module.name.text.clone(),
    )
}

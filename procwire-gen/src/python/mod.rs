//! The Python emitter: `<module>.py`, which is ours, and `worker.py`, which is the user's.
//!
//! ```text
//! reach     which types a worker reads, which it sends, which it only throws
//! naming    what everything is called
//! imports   the modules a file needs, each under an alias no schema can have
//! spell     types and constraints as annotations     literal  default values
//! prose     docstrings, string literals, patterns
//! types     declared types, ready to be printed      raised    exceptions      contract  the worker's classes
//! view      the whole file                           templates/python/module.py prints it
//! skeleton  the user's file, and handlers that it lacks
//! ```
//!
//! A file holds types, contract and wiring; everything that is the same for all modules is in the package `procwire`.

mod contract;
mod imports;
mod literal;
mod naming;
mod prose;
mod raised;
mod reach;
mod skeleton;
mod spell;
mod types;
mod view;

use askama::Template as _;
use procwire_schema::model::DeclKind;
use procwire_schema::{Code, Diagnostic, Schema};

use crate::files::Files;
use naming::Naming;
use view::FileView;

/// The files of a schema: `pdf.py` and `worker.py` for the module `pdf`; one file, called like the schema, for types
/// alone.
///
/// # Errors
/// What the schema says and Python code cannot be made of yet.
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
    let body = FileView::of(schema, &naming).render().map_err(|error| {
        // The template has no way to fail; should one come, it is a defect of this program and not of the schema.
        vec![Diagnostic::new(
            Code::TableNotEmitted,
            format!("the Python template failed: {error}"),
        )]
    })?;
    let mut files = Files::new();
    files.generated(format!("{}.py", naming.file()), body);
    if let Some(module) = schema.module() {
        files.yours("worker.py", skeleton::worker(schema, module, &naming));
    }
    Ok(files)
}

/// The handlers that a user's worker lacks, ready to be pasted; none if it has them all.
#[must_use]
pub fn missing_handlers(schema: &Schema, worker: &str) -> Option<String> {
    let module = schema.module()?;
    skeleton::missing(schema, module, &Naming::of(schema), worker)
}

//! The Rust emitter: one, for `include_schema!`, the trait macro, the derive and the command line.
//!
//! ```text
//! definitions ──┐                       types::definition   what a user would write by hand
//! type impls  ──┼─ include_schema!,     types::codec        what #[derive(Type)] adds
//! trait       ──┤  --lang rust          worker              what #[module] finds written
//! module part ──┘                       contract, parent, worker: what #[module] adds
//! ```
//!
//! The module part names the types it uses and never looks into them, for the macro sees a trait and not its types.
//! Generated code names `::procwire::__private`, `::core` and `::std`, all absolute, and nothing else.

mod contract;
mod lints;
mod literal;
mod parent;
mod prose;
mod spell;
mod types;
mod view;
mod worker;

use proc_macro2::TokenStream;
use procwire_schema::model::{Decl, DeclKind, Decls, Module};
use procwire_schema::{Code, Diagnostic, Schema};
use quote::quote;

pub use spell::Spelling;
pub use view::{Surface, Variants, Written};

use view::ModuleView;

/// The file of a schema: `pdf.rs` for the module `pdf`; the schema's own name for a file of types.
///
/// # Errors
/// What the schema says and Rust code cannot be made of yet.
#[cfg(feature = "cli")]
pub fn emit(schema: &Schema) -> Result<crate::files::Files, Vec<Diagnostic>> {
    let text = print(tokens(schema)?);
    let stem = schema.module().map_or_else(
        || {
            let name = schema.source().rsplit('/').next().unwrap_or_default();
            name.split('.').next().unwrap_or("types").to_owned()
        },
        |module| module.name.text.clone(),
    );
    let mut files = crate::files::Files::new();
    files.generated(format!("{stem}.rs"), text);
    Ok(files)
}

/// Everything a schema says, as items.
///
/// # Errors
/// What the schema says and Rust code cannot be made of yet.
pub fn tokens(schema: &Schema) -> Result<TokenStream, Vec<Diagnostic>> {
    let tables: Vec<Diagnostic> = schema
        .declared()
        .filter_map(|(_, _, decl)| refused(decl))
        .collect();
    if !tables.is_empty() {
        return Err(tables);
    }
    let types = types::types(schema);
    let Some(module) = schema.module() else {
        let guard = guard();
        return Ok(quote!(#guard #types));
    };
    let surface = Surface::of(module);
    let view = ModuleView::new(module, schema.decls(), &surface);
    let (worker_trait, part) = (worker::worker_trait(&view), part(&view));
    Ok(quote!(#types #worker_trait #part))
}

/// What `#[procwire::module]` adds to a trait.
#[must_use]
pub fn module_part(module: &Module, decls: &Decls, surface: &Surface) -> TokenStream {
    part(&ModuleView::new(module, decls, surface))
}

/// What `#[derive(Type)]` adds to a type.
#[must_use]
pub fn type_part(
    decls: &Decls,
    decl: &Decl,
    spelling: &Spelling,
    variants: &Variants,
) -> TokenStream {
    types::derived(decls, decl, spelling, variants)
}

fn part(view: &ModuleView<'_>) -> TokenStream {
    let guard = guard();
    let records = contract::records(view);
    let contract = contract::contract(view);
    let parent = parent::parent(view);
    let worker = worker::worker(view);
    let events = worker::events(view);
    quote!(#guard #contract #records #parent #worker #events)
}

/// Fails the build when this generator and the runtime are of different generations.
fn guard() -> TokenStream {
    let p = spell::p();
    quote!(const _: () = #p::generation::<1>();)
}

/// Tables are declared and checked, and travel later.
fn refused(decl: &Decl) -> Option<Diagnostic> {
    let DeclKind::Table(_) = &decl.kind else {
        return None;
    };
    Some(
        Diagnostic::new(
            Code::TableNotEmitted,
            format!("table `{}` cannot be emitted yet", decl.name.text),
        )
        .at(decl.name.span, "tables need Arrow, which is not there yet"),
    )
}

/// Tokens as a file that people can read.
#[cfg(feature = "cli")]
fn print(tokens: TokenStream) -> String {
    match syn::parse2(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        // Not reachable while the emitter makes whole items; what it made is then at least there to be looked at.
        Err(_) => tokens.to_string(),
    }
}

//! Front end 2: Rust source, through `syn`.
//!
//! Two ways in. [`read`] takes a whole file and the modules it leads to: a closed world, as with TOML. [`draft_trait`]
//! and [`draft_type`] take the one item that a macro sees: an open world, where the names of other types stay
//! undeclared and rustc is the judge of them.

use proc_macro2::TokenStream;
use syn::{DeriveInput, ItemTrait};

use crate::diagnostic::Diagnostics;
use crate::model::{DeclIndex, Decls, Draft, TypeName};

mod answer;
mod attribute;
mod crawl;
mod declared;
mod file;
mod items;
mod module;
mod settings;
mod spans;
mod types;

pub use attribute::HELPERS;
pub use file::read;
pub use module::is_event;
pub use spans::Spans;

use types::Scope;

/// What one item says, not checked.
#[derive(Debug)]
pub struct ItemDraft {
    /// Of a trait, its module and the names of its types; of a type, that one declaration.
    pub draft: Draft,
    /// What is wrong with the writing.
    pub diagnostics: Diagnostics,
    /// From places back to the user's tokens.
    pub spans: Spans,
    /// The path, with the user's own tokens, that first named each type.
    pub paths: Vec<(DeclIndex, syn::Path)>,
}

/// Reads the trait under `#[procwire::module(…)]`; `attr` is what stands in the parentheses.
#[must_use]
pub fn draft_trait(attr: &TokenStream, item: &ItemTrait) -> ItemDraft {
    open_world(|scope, draft| draft.module = Some(module::read(attr, item, scope)))
}

/// Reads a type under `#[derive(procwire::Type)]`.
#[must_use]
pub fn draft_type(item: &DeriveInput) -> ItemDraft {
    open_world(|scope, _| {
        let name = TypeName {
            alias: None,
            ident: types::plain(&item.ident),
        };
        scope.decls.intern(&name);
        if let Some(decl) = declared::read(item, scope) {
            // One item is read once, so nothing stands in its way.
            let _ = scope.decls.declare(&name, decl);
        }
    })
}

fn open_world(read: impl FnOnce(&mut Scope<'_>, &mut Draft)) -> ItemDraft {
    let spans = Spans::of_tokens();
    let mut diagnostics = Diagnostics::new();
    let mut draft = Draft::default();
    let mut decls = Decls::default();
    let mut scope = Scope {
        decls: &mut decls,
        spans: &spans,
        found: &mut diagnostics,
        resolve: &written,
        paths: Vec::new(),
    };
    read(&mut scope, &mut draft);
    let paths = scope.paths;
    draft.decls = decls;
    ItemDraft {
        draft,
        diagnostics,
        spans,
        paths,
    }
}

/// The name of a type as written, whatever it means.
fn written(path: &syn::Path) -> TypeName {
    let mut words: Vec<String> = path
        .segments
        .iter()
        .map(|segment| types::plain(&segment.ident))
        .collect();
    let ident = words.pop().unwrap_or_default();
    let alias = words.join("::");
    let alias = match (path.leading_colon.is_some(), alias.is_empty()) {
        (false, true) => None,
        (false, false) => Some(alias),
        (true, _) => Some(format!("::{alias}")),
    };
    TypeName { alias, ident }
}

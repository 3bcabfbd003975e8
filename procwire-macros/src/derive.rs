//! `#[derive(procwire::Type)]`: what makes a user's own type travel.

use proc_macro2::{Ident, TokenStream};
use procwire_gen::rust::{Variants, type_part};
use procwire_schema::check::{Origin, World, check};
use procwire_schema::rust::{ItemDraft, draft_type};
use syn::{Data, DeriveInput};

use crate::fallback;
use crate::spelling;

/// The implementations for a type, and what is wrong with it.
pub(crate) fn expand(item: TokenStream) -> (TokenStream, TokenStream) {
    let item: DeriveInput = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => return (TokenStream::new(), error.to_compile_error()),
    };
    let ItemDraft {
        draft,
        mut diagnostics,
        spans,
        paths,
    } = draft_type(&item);
    let spelling = spelling::of(&item, &paths);
    let schema = check(draft, World::Open, Origin::default(), &mut diagnostics);
    let declared = schema.as_ref().and_then(|schema| schema.declared().next());
    let part = match (&schema, declared) {
        (Some(schema), Some((_, _, decl))) => {
            type_part(schema.decls(), decl, &spelling, &variants(&item))
        }
        _ => fallback::type_part(&item),
    };
    (part, spans.compile_errors(&diagnostics))
}

/// The variants in the user's own words, which need not be what the names on the wire give.
fn variants(item: &DeriveInput) -> Variants {
    let Data::Enum(data) = &item.data else {
        return Variants::default();
    };
    let is_unknown = |variant: &&syn::Variant| {
        variant
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("unknown"))
    };
    let known: Vec<Ident> = data
        .variants
        .iter()
        .filter(|variant| !is_unknown(variant))
        .map(|variant| variant.ident.clone())
        .collect();
    let unknown = data.variants.iter().find(is_unknown);
    Variants::new(known, unknown.map(|variant| variant.ident.clone()))
}

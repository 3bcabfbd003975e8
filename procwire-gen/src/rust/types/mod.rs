//! The declared types: their items, and what makes them travel.

pub(crate) mod check;
mod choice;
pub(crate) mod codec;
pub(crate) mod definition;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use procwire_schema::Schema;
use procwire_schema::model::{Decl, DeclIndex, Decls};
use quote::quote;

use super::lints::allow;
use super::spell::{Speller, Spelling, module_of};
use super::view::Variants;

/// Every declared type of a schema; those of an import stand in a module named after its alias.
pub(crate) fn types(schema: &Schema) -> TokenStream {
    let decls = schema.decls();
    let spelling = Spelling::default();
    let thrown: BTreeSet<DeclIndex> = schema
        .module()
        .into_iter()
        .flat_map(|module| &module.methods)
        .filter_map(|method| method.throws.map(|throws| throws.decl))
        .collect();
    let mut own = TokenStream::new();
    let mut imported: BTreeMap<&str, TokenStream> = BTreeMap::new();
    for (index, entry) in decls.iter() {
        let Some(decl) = &entry.decl else { continue };
        let at = Speller {
            decls,
            spelling: &spelling,
            inside: entry.name.alias.as_deref(),
            owner: Some((schema, index)),
            stands_in: false,
        };
        let item = definition::definition(at, decl, thrown.contains(&index));
        let codec = codec::implementation(at, decl, &Variants::of(&decl.kind));
        match &entry.name.alias {
            None => own.extend(quote!(#item #codec)),
            Some(alias) => imported
                .entry(alias)
                .or_default()
                .extend(quote!(#item #codec)),
        }
    }
    let imported = imported.iter().map(|(alias, items)| {
        let module = module_of(alias);
        let text = format!(" The types imported as `{alias}`.");
        let allow = allow();
        quote! {
            #[doc = #text]
            #allow
            pub mod #module {
                #items
            }
        }
    });
    quote!(#own #(#imported)*)
}

/// What `#[derive(Type)]` makes of one declaration.
pub(crate) fn derived(
    decls: &Decls,
    decl: &Decl,
    spelling: &Spelling,
    variants: &Variants,
) -> TokenStream {
    let at = Speller {
        decls,
        spelling,
        inside: None,
        owner: None,
        stands_in: false,
    };
    codec::implementation(at, decl, variants)
}

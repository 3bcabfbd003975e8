//! `#[procwire::module]`: the trait as written, without our attributes, and what the generator adds to it.
//!
//! Whatever is wrong, all of it is reported at once and the trait is still there, with a stub that has every method it
//! can have, so that code which implements or uses it is not buried in errors of its own.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use procwire_gen::rust::{Surface, Written, module_part};
use procwire_schema::check::{Origin, World, check};
use procwire_schema::model::Module;
use procwire_schema::rust::{HELPERS, ItemDraft, draft_trait, is_event};
use quote::{ToTokens, quote};
use syn::{Attribute, FnArg, ItemTrait, Pat, ReturnType, TraitItem, TraitItemFn};

use crate::answer::{Answer, answer_of};
use crate::spelling;

/// The trait with what belongs to it, and what is wrong with it.
pub(crate) fn expand(attr: TokenStream, item: TokenStream) -> (TokenStream, TokenStream) {
    let item: ItemTrait = match syn::parse2(item.clone()) {
        Ok(item) => item,
        // Half-typed code goes through as it is, so that an editor still completes in it.
        Err(error) => return (item, error.to_compile_error()),
    };
    let ItemDraft {
        draft,
        mut diagnostics,
        spans,
        paths,
    } = draft_trait(&attr, &item);
    let stub = draft.module.clone().map(whole_methods);
    let decls = draft.decls.clone();
    let mut surface = surface(&item, spelling::of(&item, &paths));
    let schema = check(draft, World::Open, Origin::default(), &mut diagnostics);
    let part = match (
        schema
            .as_ref()
            .and_then(|schema| Some((schema, schema.module()?))),
        stub,
    ) {
        (Some((schema, module)), _) => module_part(module, schema.decls(), &surface),
        (None, Some(stub)) => {
            surface.stands_in = true;
            module_part(&stub, &decls, &surface)
        }
        (None, None) => TokenStream::new(),
    };
    let errors = spans.compile_errors(&diagnostics);
    let restated = restated(item);
    (quote!(#restated #part), errors)
}

/// The module without the methods of which too little is known.
fn whole_methods(mut module: Module) -> Module {
    module.methods.retain(|method| method.answer.is_some());
    module
}

/// The trait for rustc: no attributes of ours, no events, and futures that can be sent.
fn restated(mut item: ItemTrait) -> TokenStream {
    strip(&mut item.attrs, false);
    item.items
        .retain(|item| !matches!(item, TraitItem::Fn(function) if is_event(function)));
    for item in &mut item.items {
        if let TraitItem::Fn(function) = item {
            restate(function);
        }
    }
    item.colon_token.get_or_insert_default();
    for bound in [
        syn::parse_quote!(::core::marker::Send),
        syn::parse_quote!(::core::marker::Sync),
        syn::parse_quote!('static),
    ] {
        item.supertraits.push(bound);
    }
    item.into_token_stream()
}

fn restate(function: &mut TraitItemFn) {
    strip(&mut function.attrs, false);
    for input in &mut function.sig.inputs {
        if let FnArg::Typed(parameter) = input {
            // rustc takes no docs on parameters.
            strip(&mut parameter.attrs, true);
        }
    }
    if function.sig.asyncness.take().is_some() {
        let output = match &function.sig.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) => ty.to_token_stream(),
        };
        function.sig.output = syn::parse_quote! {
            -> impl ::core::future::Future<Output = #output> + ::core::marker::Send
        };
    }
}

fn strip(attributes: &mut Vec<Attribute>, docs: bool) {
    attributes.retain(|attribute| {
        let path = attribute.path();
        let ours = HELPERS.iter().any(|helper| path.is_ident(helper));
        // On a parameter rustc takes neither docs nor a deprecation.
        let misplaced = docs && (path.is_ident("doc") || path.is_ident("deprecated"));
        !ours && !misplaced
    });
}

/// What is the user's: names, visibility, and types in their own words.
fn surface(item: &ItemTrait, spelling: procwire_gen::rust::Spelling) -> Surface {
    let written: BTreeMap<String, Written> = item
        .items
        .iter()
        .filter_map(|item| match item {
            TraitItem::Fn(function) => {
                Some((spelling::plain(&function.sig.ident), written(function)))
            }
            _ => None,
        })
        .collect();
    Surface {
        vis: item.vis.to_token_stream(),
        name: item.ident.clone(),
        stands_in: false,
        spelling,
        written,
    }
}

fn written(function: &TraitItemFn) -> Written {
    let args: Vec<(Ident, TokenStream)> = function
        .sig
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(parameter) => match &*parameter.pat {
                Pat::Ident(name) => Some((name.ident.clone(), parameter.ty.to_token_stream())),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
        .collect();
    let Answer { value, error } = answer_of(&function.sig.output);
    Written {
        name: Some(function.sig.ident.clone()),
        args,
        answer: value.map(ToTokens::into_token_stream),
        error: error.map(ToTokens::into_token_stream),
    }
}

//! The events of a worker as the parent sees them: a stream each.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::rust::lints::allow;
use crate::rust::prose::{docs, docs_or};
use crate::rust::spell::p;
use crate::rust::view::ModuleView;

/// `PdfEventStreams`
pub(super) fn events(view: &ModuleView<'_>) -> TokenStream {
    if view.events.is_empty() {
        return TokenStream::new();
    }
    let p = p();
    let (vis, name) = (&view.vis, &view.names.event_streams);
    let text = docs(&[format!(
        "The events of the module `{}`.",
        view.module.name.text
    )]);
    let streams = view.events.iter().map(|event| {
        let text = docs_or(&event.event.docs, &format!("`{}`", event.event.name.text));
        let deprecated = event
            .event
            .deprecated
            .as_ref()
            .map(|note| quote!(#[deprecated(note = #note)]));
        let (ident, payload) = (&event.ident, event.payload.ty());
        let index = Literal::usize_unsuffixed(event.index);
        quote! {
            #text
            #deprecated
            #[must_use]
            #vis fn #ident(&self) -> #p::EventStream<#payload> {
                self.module.events(#index)
            }
        }
    });
    let allow = allow();
    quote! {
        #text
        #allow
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #vis struct #name {
            module: #p::Module,
        }

        #allow
        impl #name {
            #(#streams)*
        }
    }
}

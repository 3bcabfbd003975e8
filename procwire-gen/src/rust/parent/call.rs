//! Calls: values that hold their arguments until they are awaited, so that a new optional argument breaks nobody.

use proc_macro2::TokenStream;
use quote::quote;

use crate::rust::lints::allow;
use crate::rust::prose::docs;
use crate::rust::spell::{located, p};
use crate::rust::view::{FieldView, Kind, MethodView, ModuleView};

/// `PdfOpenCall` and its like.
pub(super) fn calls(view: &ModuleView<'_>) -> TokenStream {
    let calls = view.methods.iter().map(|method| call(&view.vis, method));
    quote!(#(#calls)*)
}

fn call(vis: &TokenStream, method: &MethodView<'_>) -> TokenStream {
    let p = p();
    let name = &method.call;
    let (args, answer, error) = (method.args.ty(), &method.answer, method.error_or_never());
    let text = docs(&[format!(
        "A call of `{}`, not sent before it is awaited.",
        method.method.name.text
    )]);
    let setters = method
        .args
        .record()
        .into_iter()
        .flat_map(|record| &record.fields)
        .filter(|field| !field.is_required())
        .map(|field| setter(vis, field));
    let silence = if method.kind == Kind::Stream {
        " The longest silence between two items, instead of the schema's."
    } else {
        " The longest this call may take, from the await to its answer, instead of the schema's."
    };
    let (output, future, start) = match method.kind {
        Kind::Result => (
            quote!(#answer),
            quote!(#p::ResultFuture<#answer, #error>),
            quote!(result),
        ),
        Kind::Stream => (
            quote!(#p::ItemStream<#answer, #error>),
            quote!(#p::StreamFuture<#answer, #error>),
            quote!(stream),
        ),
        Kind::Ack => (
            quote!(#answer),
            quote!(#p::ResultFuture<#answer, #error>),
            quote!(result),
        ),
        Kind::None => (quote!(()), quote!(#p::OnewayFuture), quote!(oneway)),
    };
    let title = name.to_string();
    let allow = allow();
    let tokens = quote! {
        #text
        #allow
        #[must_use = "a call is sent when it is awaited"]
        #vis struct #name {
            call: #p::Call<#args, #answer, #error>,
        }

        #allow
        impl #name {
            #(#setters)*

            #[doc = #silence]
            #vis fn timeout(mut self, limit: ::core::time::Duration) -> Self {
                self.call = self.call.timeout(limit);
                self
            }
        }

        #allow
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                use #p::ShowNothing as _;
                f.debug_tuple(#title).field(#p::Show(&self.call.args).show()).finish()
            }
        }

        #allow
        impl ::core::future::IntoFuture for #name {
            type Output = ::core::result::Result<#output, #p::CallError<#error>>;
            type IntoFuture = #future;

            fn into_future(self) -> Self::IntoFuture {
                self.call.#start()
            }
        }
    };
    located(tokens, method.ident.span())
}

fn setter(vis: &TokenStream, field: &FieldView<'_>) -> TokenStream {
    let p = p();
    let (setter, ident, ty) = (&field.setter, &field.ident, &field.ty);
    let text = docs(&field.field.docs);
    let deprecated = field
        .field
        .deprecated
        .as_ref()
        .map(|note| quote!(#[deprecated(note = #note)]));
    let (given, value) = if field.is_scalar() {
        (quote!(#ty), quote!(value))
    } else {
        (
            quote!(impl #p::IntoArg<#ty>),
            quote!(#p::IntoArg::into_arg(value)),
        )
    };
    quote! {
        #text
        #deprecated
        #vis fn #setter(mut self, value: #given) -> Self {
            self.call.args.#ident = #value;
            self
        }
    }
}

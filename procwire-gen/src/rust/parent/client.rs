//! The parent's stub: one concrete type per module, with a method per method.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::rust::lints::allow;
use crate::rust::prose::{docs, docs_after, docs_or};
use crate::rust::spell::{located, p};
use crate::rust::view::{FieldView, Kind, MethodView, ModuleView, Need, PayloadView};

/// `PdfClient`
pub(super) fn client(view: &ModuleView<'_>) -> TokenStream {
    let p = p();
    let (vis, client) = (&view.vis, &view.names.client);
    let script = &view.names.script;
    let (worker_trait, dispatch) = (&view.names.worker_trait, &view.names.dispatch);
    let (events, streams) = (&view.names.events, &view.names.event_streams);
    let wire = &view.module.name.text;
    let text = docs_after(
        &format!("The parent's hold on a worker of the module `{wire}`. Clones share one worker."),
        &view.module.docs,
    );
    let spawn = view.spawn().map(|_| {
        quote! {
            #[doc = " Starts a worker as the schema says under `[spawn]`, and waits until it is ready."]
            #[doc = ""]
            #[doc = " # Errors"]
            #[doc = " When it does not start; with its exit status and the end of its stderr."]
            #vis async fn spawn() -> ::core::result::Result<Self, #p::SpawnError> {
                Self::builder().spawn().await
            }
        }
    });
    let event_streams = (!view.events.is_empty()).then(|| {
        quote! {
            #[doc = " The events of the worker, each as a stream."]
            #[must_use]
            #vis fn events(&self) -> #streams {
                #streams { module: ::core::clone::Clone::clone(&self.module) }
            }
        }
    });
    let methods = view.methods.iter().map(|method| self::method(vis, method));
    let allow = allow();
    quote! {
        #text
        #allow
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #vis struct #client {
            module: #p::Module,
        }

        #allow
        impl #client {
            #spawn

            #[doc = " How to start a worker: command, environment, restarts, limits."]
            #[must_use]
            #vis fn builder() -> #p::Builder<Self> {
                #p::Builder::new()
            }

            #[doc = " A worker inside this process, behind the same framing and codec: for tests and small programs."]
            #[must_use]
            #vis fn in_memory<W: #worker_trait>(worker: W) -> Self {
                Self::in_memory_with(|_| worker)
            }

            #[doc = " Like `in_memory`, for a worker that sends events: `make` is given what sends them."]
            #[must_use]
            #vis fn in_memory_with<W: #worker_trait>(
                make: impl ::core::ops::FnOnce(#events) -> W,
            ) -> Self {
                #p::in_memory(|out| #dispatch(::std::sync::Arc::new(make(#events { out }))))
            }

            #[doc = " A worker that answers from closures, for tests; a method without one answers `Unsupported`."]
            #[must_use]
            #vis fn scripted() -> #script {
                #script::default()
            }

            #event_streams

            #[doc = " The worker behind this stub: its state, its process, what happens to it."]
            #[must_use]
            #vis fn module(&self) -> &#p::Module {
                &self.module
            }

            #[doc = " Asks the worker to finish, and ends it if it does not. Calls in flight get their answers first."]
            #vis async fn shutdown(&self) -> #p::Farewell {
                self.module.shutdown().await
            }

            #(#methods)*
        }
    }
}

/// One method: what is required comes by position, the rest is set on the call.
fn method(vis: &TokenStream, method: &MethodView<'_>) -> TokenStream {
    let p = p();
    let (stub, call) = (&method.stub, &method.call);
    let text = docs_or(
        &method.method.docs,
        &format!("`{}`", method.method.name.text),
    );
    let resolves = docs(&[match method.kind {
        Kind::Result => "Await the call for its answer.",
        Kind::Stream => "Await the call for the stream of its items; dropping that cancels it.",
        Kind::Ack => "Await the call until the worker has taken it.",
        Kind::None => "Await the call until it is written; there is no answer.",
    }
    .to_owned()]);
    let deprecated = method
        .method
        .deprecated
        .as_ref()
        .map(|note| quote!(#[deprecated(note = #note)]));
    let (parameters, args) = match &method.args {
        PayloadView::Nothing => (Vec::new(), quote!(())),
        PayloadView::Fields(record) => {
            let required = record.fields.iter().filter(|field| field.is_required());
            let name = &record.name;
            let values = record.fields.iter().map(initial);
            (
                required.map(parameter).collect(),
                quote!(#name { #(#values,)* }),
            )
        }
        PayloadView::Whole { name, ty, model } => {
            if crate::rust::spell::is_scalar(model) {
                (vec![quote!(#name: #ty)], quote!(#name))
            } else {
                (
                    vec![quote!(#name: impl #p::IntoArg<#ty>)],
                    quote!(#p::IntoArg::into_arg(#name)),
                )
            }
        }
    };
    let index = Literal::usize_unsuffixed(method.index);
    let tokens = quote! {
        #text
        #[doc = ""]
        #resolves
        #deprecated
        #vis fn #stub(&self, #(#parameters),*) -> #call {
            #call { call: #p::Call::new(&self.module, #index, #args) }
        }
    };
    located(tokens, method.ident.span())
}

fn parameter(field: &FieldView<'_>) -> TokenStream {
    let p = p();
    let (ident, ty) = (&field.ident, &field.ty);
    if field.is_scalar() {
        quote!(#ident: #ty)
    } else {
        quote!(#ident: impl #p::IntoArg<#ty>)
    }
}

/// What a field of the arguments starts with.
fn initial(field: &FieldView<'_>) -> TokenStream {
    let p = p();
    let ident = &field.ident;
    match &field.need {
        Need::Required if field.is_scalar() => quote!(#ident),
        Need::Required => quote!(#ident: #p::IntoArg::into_arg(#ident)),
        Need::Optional => quote!(#ident: ::core::option::Option::None),
        Need::Default(default) => quote!(#ident: #default),
    }
}

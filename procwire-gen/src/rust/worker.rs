//! The worker's side of a module: the trait that is implemented, its dispatch, and the events it sends.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::lints::allow;
use super::prose::{docs, docs_after, docs_or};
use super::spell::{located, p};
use super::view::{EventView, Kind, MethodView, ModuleView, PayloadView};

/// The trait, as a user would have written it but for `async`.
pub(crate) fn worker_trait(view: &ModuleView<'_>) -> TokenStream {
    let (vis, name) = (&view.vis, &view.names.worker_trait);
    let text = docs_or(
        &view.module.docs,
        &format!(
            "What a worker of the module `{}` does.",
            view.module.name.text
        ),
    );
    let methods = view.methods.iter().map(|method| {
        let text = docs(&method.method.docs);
        let signature = signature(method);
        quote!(#text #signature;)
    });
    let allow = allow();
    quote! {
        #text
        #allow
        #vis trait #name: ::core::marker::Send + ::core::marker::Sync + 'static {
            #(#methods)*
        }
    }
}

/// `fn open(&self, path: String) -> impl Future<Output = …> + Send`
fn signature(method: &MethodView<'_>) -> TokenStream {
    let ident = &method.ident;
    let parameters = method
        .args
        .parameters()
        .into_iter()
        .map(|(name, ty)| quote!(#name: #ty));
    let handed_back = method.handed_back();
    let output = match method.kind {
        Kind::Stream => handed_back,
        _ => quote!(impl ::core::future::Future<Output = #handed_back> + ::core::marker::Send),
    };
    quote!(fn #ident(&self, #(#parameters),*) -> #output)
}

/// What runs a worker, and what hands its requests to the trait.
pub(crate) fn worker(view: &ModuleView<'_>) -> TokenStream {
    let p = p();
    let vis = &view.vis;
    let (worker, dispatch) = (&view.names.worker, &view.names.dispatch);
    let (worker_trait, events, client) = (
        &view.names.worker_trait,
        &view.names.events,
        &view.names.client,
    );
    let wire = &view.module.name.text;
    let text = docs(&[format!("Runs a worker of the module `{wire}`.")]);
    // What stands in is never run, and the trait may be what is wrong.
    let served = view.methods.iter().filter(|_| !view.at.stands_in);
    let arms = served.map(|method| {
        let index = Literal::usize_unsuffixed(method.index);
        let call = dispatch_call(method, &view.names.worker_trait, &quote!(worker));
        located(quote!(#index => { #call }), method.ident.span())
    });
    let allow = allow();
    quote! {
        #text
        #allow
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #vis struct #worker;

        #allow
        impl #worker {
            #[doc = " Serves the parent that started this process, until it is told to stop or the parent is gone."]
            #[doc = ""]
            #[doc = " `make` is given what sends events, and makes the worker."]
            #[doc = ""]
            #[doc = " # Errors"]
            #[doc = " When this process was not started by a Procwire parent, or the connection to it fails."]
            #vis async fn serve<W: #worker_trait>(
                make: impl ::core::ops::FnOnce(#events) -> W,
            ) -> ::core::result::Result<(), #p::ServeError> {
                #p::serve(<#client as #p::Client>::CONTRACT, |out| {
                    #dispatch(::std::sync::Arc::new(make(#events { out })))
                })
                .await
            }
        }

        #allow
        struct #dispatch<W>(::std::sync::Arc<W>);

        #allow
        impl<W: #worker_trait> #p::Dispatch for #dispatch<W> {
            fn dispatch(&self, method: usize, request: #p::Request) {
                let worker = ::std::sync::Arc::clone(&self.0);
                match method {
                    #(#arms)*
                    _ => request.unsupported("there is no such method"),
                }
            }
        }
    }
}

/// Hands one request to a handler.
fn dispatch_call(
    method: &MethodView<'_>,
    worker_trait: &Ident,
    worker: &TokenStream,
) -> TokenStream {
    let ident = &method.ident;
    let args = method.args.ty();
    let given: Vec<TokenStream> = match &method.args {
        PayloadView::Nothing => Vec::new(),
        PayloadView::Fields(record) => record
            .fields
            .iter()
            .map(|field| {
                let ident = &field.ident;
                quote!(args.#ident)
            })
            .collect(),
        PayloadView::Whole { .. } => vec![quote!(args)],
    };
    // By the trait's name: a method may be called `clone` or `drop`.
    let called = quote!(<W as #worker_trait>::#ident(&#worker, #(#given),*));
    answered(method, &args, &called, &quote!(.await))
}

/// Answers a request with a handler's expression, by kind; `wait` is what turns it into the answer itself.
pub(crate) fn answered(
    method: &MethodView<'_>,
    args: &TokenStream,
    called: &TokenStream,
    wait: &TokenStream,
) -> TokenStream {
    let p = p();
    let answer = match &method.error {
        Some(_) => quote!(#called #wait),
        // A handler without declared errors gives its answer bare.
        None => quote!(::core::result::Result::Ok::<_, #p::Never>(#called #wait)),
    };
    match method.kind {
        Kind::Result => quote!(request.result(move |args: #args| async move { #answer })),
        Kind::Ack => quote!(request.ack(move |args: #args| async move { #answer })),
        Kind::Stream => quote!(request.stream(move |args: #args| #called)),
        Kind::None => quote!(request.oneway(move |args: #args| async move { #called #wait })),
    }
}

/// What sends events.
pub(crate) fn events(view: &ModuleView<'_>) -> TokenStream {
    let p = p();
    let (vis, name) = (&view.vis, &view.names.events);
    let text = docs(&[format!(
        "Sends the events of the module `{}` to the parent.",
        view.module.name.text
    )]);
    let senders = view.events.iter().map(|event| sender(vis, event));
    let allow = allow();
    quote! {
        #text
        #allow
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #vis struct #name {
            out: #p::EventSink,
        }

        #allow
        impl #name {
            #(#senders)*
        }
    }
}

fn sender(vis: &TokenStream, event: &EventView<'_>) -> TokenStream {
    let p = p();
    let ident = &event.ident;
    let index = Literal::usize_unsuffixed(event.index);
    let text = docs_after(
        &format!("Sends `{}`.", event.event.name.text),
        &event.event.docs,
    );
    let deprecated = event
        .event
        .deprecated
        .as_ref()
        .map(|note| quote!(#[deprecated(note = #note)]));
    let parameters = event
        .payload
        .parameters()
        .into_iter()
        .map(|(name, ty)| quote!(#name: #ty));
    let payload = match &event.payload {
        PayloadView::Nothing => quote!(()),
        PayloadView::Fields(record) => {
            let (name, members) = (&record.name, record.fields.iter().map(|field| &field.ident));
            quote!(#name { #(#members),* })
        }
        PayloadView::Whole { name, .. } => quote!(#name),
    };
    quote! {
        #text
        #[doc = ""]
        #[doc = " # Errors"]
        #[doc = " When a constraint is broken, or the connection is gone."]
        #deprecated
        #vis async fn #ident(
            &self,
            #(#parameters),*
        ) -> ::core::result::Result<(), #p::EmitError> {
            self.out.emit(#index, &#payload).await
        }
    }
}

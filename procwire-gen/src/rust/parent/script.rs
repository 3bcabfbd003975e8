//! The scripted worker: closures in place of a worker, through the real framing and codec.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::rust::lints::allow;
use crate::rust::prose::docs;
use crate::rust::spell::{located, p};
use crate::rust::view::{MethodView, ModuleView};
use crate::rust::worker::answered;

/// `PdfScript`
pub(super) fn script(view: &ModuleView<'_>) -> TokenStream {
    let p = p();
    let (vis, name, client) = (&view.vis, &view.names.script, &view.names.client);
    let text = docs(&[format!(
        "A worker of the module `{}` that answers from closures. A method without one answers `Unsupported`.",
        view.module.name.text
    )]);
    let slots = view.methods.iter().map(|method| {
        let (on, closure) = (&method.on, closure(method));
        quote!(#on: ::core::option::Option<::std::sync::Arc<dyn #closure>>)
    });
    let setters = view.methods.iter().map(|method| {
        let (on, closure) = (&method.on, closure(method));
        let text = docs(&[format!("Answers `{}`.", method.method.name.text)]);
        let setter = quote! {
            #text
            #[must_use]
            #vis fn #on(mut self, answer: impl #closure) -> Self {
                self.#on = ::core::option::Option::Some(::std::sync::Arc::new(answer));
                self
            }
        };
        located(setter, method.ident.span())
    });
    let set = view.methods.iter().map(|method| {
        let (on, wire) = (&method.on, &method.method.name.text);
        quote! {
            if self.#on.is_some() {
                set.entry(&#wire);
            }
        }
    });
    let arms = view.methods.iter().map(|method| {
        let on = &method.on;
        let index = Literal::usize_unsuffixed(method.index);
        let request = answered(method, &method.args.ty(), &quote!(answer(args)), &TokenStream::new());
        let arm = quote! {
            #index => match ::core::clone::Clone::clone(&self.#on) {
                ::core::option::Option::Some(answer) => #request,
                ::core::option::Option::None => request.unsupported("the script has no answer for it"),
            }
        };
        located(arm, method.ident.span())
    });
    let title = name.to_string();
    let allow = allow();
    quote! {
        #text
        #allow
        #[derive(::core::clone::Clone, ::core::default::Default)]
        #vis struct #name {
            #(#slots,)*
        }

        #allow
        impl #name {
            #(#setters)*

            #[doc = " Starts it, inside this process."]
            #[must_use]
            #vis fn start(self) -> #client {
                #p::in_memory(|_| self)
            }
        }

        #allow
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(#title)?;
                let mut set = f.debug_set();
                #(#set)*
                set.finish()
            }
        }

        #allow
        impl #p::Dispatch for #name {
            fn dispatch(&self, method: usize, request: #p::Request) {
                match method {
                    #(#arms,)*
                    _ => request.unsupported("there is no such method"),
                }
            }
        }
    }
}

fn closure(method: &MethodView<'_>) -> TokenStream {
    let (args, answer) = (method.args.ty(), method.handed_back());
    quote!(::core::ops::Fn(#args) -> #answer + ::core::marker::Send + ::core::marker::Sync + 'static)
}

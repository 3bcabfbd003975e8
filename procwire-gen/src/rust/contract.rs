//! The contract as static data, and the items of the module part that hold fields: arguments and payloads.

use proc_macro2::TokenStream;
use procwire_schema::model::shape::{self, Local};
use procwire_schema::model::{Codec, Keep, Spawn, Timeout, Type};
use quote::quote;

use super::lints::allow;
use super::literal::duration;
use super::prose::docs;
use super::spell::{Speller, p};
use super::types::check::has_int;
use super::types::codec;
use super::types::definition::member;
use super::view::{EventView, Kind, MethodView, ModuleView, PayloadView, RecordView};

/// `impl Client for PdfClient`: the static descriptors.
pub(crate) fn contract(view: &ModuleView<'_>) -> TokenStream {
    let p = p();
    let client = &view.names.client;
    let (wire, version) = (&view.module.name.text, &view.module.version.0);
    let methods = view
        .methods
        .iter()
        .map(|method| method_entry(view.at, method));
    let events = view.events.iter().map(|event| event_entry(view.at, event));
    let spawn = match view.spawn() {
        Some(spawn) => {
            let spawn = spawn_defaults(spawn);
            quote!(::core::option::Option::Some(&#spawn))
        }
        None => quote!(::core::option::Option::None),
    };
    let allow = allow();
    quote! {
        #allow
        impl #p::Client for #client {
            const CONTRACT: &'static #p::Contract = &#p::Contract {
                name: #wire,
                version: #version,
                methods: &[#(#methods),*],
                events: &[#(#events),*],
            };
            const SPAWN: ::core::option::Option<&'static #p::SpawnDefaults> = #spawn;

            fn from_module(module: #p::Module) -> Self {
                Self { module }
            }
        }
    }
}

fn method_entry(at: Speller<'_>, view: &MethodView<'_>) -> TokenStream {
    let p = p();
    let method = view.method;
    let name = &method.name.text;
    let kind = match view.kind {
        Kind::Result => quote!(Result),
        Kind::Stream => quote!(Stream),
        Kind::Ack => quote!(Ack),
        Kind::None => quote!(None),
    };
    let args_codec = codec_of(view.args_codec());
    let answer_codec = codec_of(view.answer_codec());
    let (cancellable, idempotent) = (method.cancellable, method.idempotent);
    let timeout = match method.timeout {
        None => quote!(Default),
        Some(Timeout::Never) => quote!(Never),
        Some(Timeout::After(limit)) => {
            let limit = duration(limit);
            quote!(After(#limit))
        }
    };
    let args = payload_shape(at, &view.args);
    let answer = match view.answer_type {
        Some(ty) => type_shape(at, ty, &view.answer),
        None => quote!(#p::shape::<()>),
    };
    let error = match &view.error {
        Some(error) => quote!(::core::option::Option::Some(#p::shape::<#error>)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #p::Method {
            name: #name,
            kind: #p::Kind::#kind,
            args_codec: #p::Codec::#args_codec,
            answer_codec: #p::Codec::#answer_codec,
            cancellable: #cancellable,
            idempotent: #idempotent,
            timeout: #p::Timeout::#timeout,
            args: #args,
            answer: #answer,
            error: #error,
        }
    }
}

fn event_entry(at: Speller<'_>, view: &EventView<'_>) -> TokenStream {
    let p = p();
    let name = &view.event.name.text;
    let codec = codec_of(view.codec());
    let keep = match view.event.keep {
        Keep::All => quote!(All),
        Keep::Latest => quote!(Latest),
    };
    let payload = payload_shape(at, &view.payload);
    quote! {
        #p::Event {
            name: #name,
            codec: #p::Codec::#codec,
            keep: #p::Keep::#keep,
            payload: #payload,
        }
    }
}

fn payload_shape(at: Speller<'_>, payload: &PayloadView<'_>) -> TokenStream {
    let p = p();
    match payload {
        PayloadView::Nothing => quote!(#p::shape::<()>),
        PayloadView::Fields(RecordView { name, .. }) => quote!(#p::shape::<#name>),
        PayloadView::Whole { model, ty, .. } => type_shape(at, model, ty),
    }
}

/// A function that gives the shape of a type. `int` is an `i64` in Rust, which cannot tell the two apart.
fn type_shape(at: Speller<'_>, model: &Type, ty: &TokenStream) -> TokenStream {
    let p = p();
    if has_int(model) {
        let shape = shape_of(at, &shape::local_type(at.decls, model), "");
        quote!(|| #shape)
    } else {
        quote!(#p::shape::<#ty>)
    }
}

/// A reference to a static shape; `identity` is the last part of the path of a declared type.
pub(crate) fn shape_of(at: Speller<'_>, local: &Local, identity: &str) -> TokenStream {
    let p = p();
    let text = &local.text;
    let refs = local.refs.iter().map(|decl| {
        let path = at.path(*decl);
        quote!(#p::shape::<#path>)
    });
    let identity = if identity.is_empty() {
        quote!("")
    } else {
        let tail = format!("::{identity}");
        quote!(::core::concat!(::core::module_path!(), #tail))
    };
    quote!(&#p::Shape { identity: #identity, text: #text, refs: &[#(#refs),*] })
}

fn codec_of(codec: Codec) -> TokenStream {
    match codec {
        Codec::Raw => quote!(Raw),
        Codec::Msgpack | Codec::Arrow => quote!(Msgpack),
    }
}

fn spawn_defaults(spawn: &Spawn) -> TokenStream {
    let p = p();
    let some = |tokens: Option<TokenStream>| match tokens {
        Some(tokens) => quote!(::core::option::Option::Some(#tokens)),
        None => quote!(::core::option::Option::None),
    };
    let command = &spawn.command;
    let ready = some(spawn.ready.map(duration));
    let restart = some(spawn.restart.map(|restart| {
        let max = restart.max;
        let within = duration(restart.within);
        let (first, greatest) = (duration(restart.backoff.0), duration(restart.backoff.1));
        quote!(#p::Restart::new(#max, #within).backoff(#first, #greatest))
    }));
    let heartbeat = some(spawn.heartbeat.map(|heartbeat| {
        let (every, miss) = (duration(heartbeat.every), duration(heartbeat.miss));
        quote!(#p::Heartbeat::new(#every, #miss))
    }));
    let in_flight = some(spawn.limits.in_flight.map(|limit| quote!(#limit)));
    let payload = some(spawn.limits.payload.map(|limit| quote!(#limit)));
    quote! {
        #p::SpawnDefaults {
            command: &[#(#command),*],
            ready: #ready,
            restart: #restart,
            heartbeat: #heartbeat,
            in_flight: #in_flight,
            payload: #payload,
        }
    }
}

/// The structs that hold a method's arguments or an event's payload, with their codec.
pub(crate) fn records(view: &ModuleView<'_>) -> TokenStream {
    let args = view.methods.iter().filter_map(|method| {
        let record = method.args.record()?;
        let about = format!("The arguments of `{}`.", method.method.name.text);
        Some(record_item(view, record, &about))
    });
    let payloads = view.events.iter().filter_map(|event| {
        let record = event.payload.record()?;
        let about = format!("What the event `{}` carries.", event.event.name.text);
        Some(record_item(view, record, &about))
    });
    let all = args.chain(payloads);
    quote!(#(#all)*)
}

fn record_item(view: &ModuleView<'_>, record: &RecordView<'_>, about: &str) -> TokenStream {
    let p = p();
    let (vis, name) = (&view.vis, &record.name);
    let members = record.fields.iter().map(|field| member(field, vis));
    let shape = shape_of(
        view.at,
        &codec::shape_of_fields(view.at, &record.fields),
        "",
    );
    let codec = codec::record(view.at, name, &record.fields, &shape);
    let text = docs(&[about.to_owned()]);
    let allow = allow();
    let shown = record.fields.iter().map(|field| {
        let (ident, wire) = (&field.ident, &field.field.name.text);
        quote!(.field(#wire, #p::Show(&self.#ident).show()))
    });
    let title = name.to_string();
    // Not derived: the types of the fields may be the user's, who need not have made them `Debug`.
    quote! {
        #text
        #allow
        #vis struct #name {
            #(#members,)*
        }

        #allow
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #[allow(unused_imports, reason = "used where a field is not `Debug`")]
                use #p::ShowNothing as _;
                f.debug_struct(#title)#(#shown)*.finish()
            }
        }

        #codec
    }
}

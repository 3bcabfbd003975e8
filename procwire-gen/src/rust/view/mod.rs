//! What is decided before a token of a module is written: names, types, which argument is given how.
//!
//! Built from the model and a [`Surface`], which holds what the user wrote in their own way (the macro has it, a
//! TOML file has not). Knows names and types; writes no item.

mod fields;
mod surface;

use proc_macro2::{Ident, TokenStream};
use procwire_schema::model::{
    Answer, Codec, Decls, Event, Method, Module, Name, Spawn, Type, codec,
};
use quote::quote;

pub(crate) use fields::{FieldView, Need, PayloadView, RecordView};
pub use surface::{Surface, Variants, Written};

use super::spell::{Speller, ident, join, p, plain};
use crate::names::Scope;

/// A module, decided.
#[derive(Debug)]
pub(crate) struct ModuleView<'a> {
    pub(crate) module: &'a Module,
    pub(crate) at: Speller<'a>,
    pub(crate) vis: TokenStream,
    pub(crate) names: Names,
    pub(crate) methods: Vec<MethodView<'a>>,
    pub(crate) events: Vec<EventView<'a>>,
}

/// The names of what is generated for a module.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) worker_trait: Ident,
    pub(crate) client: Ident,
    pub(crate) script: Ident,
    pub(crate) worker: Ident,
    pub(crate) dispatch: Ident,
    pub(crate) events: Ident,
    pub(crate) event_streams: Ident,
}

/// A method, decided.
#[derive(Debug)]
pub(crate) struct MethodView<'a> {
    decls: &'a Decls,
    pub(crate) method: &'a Method,
    pub(crate) index: usize,
    /// Its name in the trait.
    pub(crate) ident: Ident,
    /// Its name in the parent's stub, which has methods of its own.
    pub(crate) stub: Ident,
    /// `on_open` of the script.
    pub(crate) on: Ident,
    /// `PdfOpenCall`
    pub(crate) call: Ident,
    pub(crate) args: PayloadView<'a>,
    pub(crate) kind: Kind,
    /// What one answer, item or receipt is; `()` if there is none.
    pub(crate) answer: TokenStream,
    pub(crate) answer_type: Option<&'a Type>,
    /// The declared error; none for a method without `throws`.
    pub(crate) error: Option<TokenStream>,
}

/// How a method answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Result,
    Stream,
    Ack,
    None,
}

/// An event, decided.
#[derive(Debug)]
pub(crate) struct EventView<'a> {
    decls: &'a Decls,
    pub(crate) event: &'a Event,
    pub(crate) index: usize,
    pub(crate) ident: Ident,
    pub(crate) payload: PayloadView<'a>,
}

impl<'a> ModuleView<'a> {
    pub(crate) fn new(module: &'a Module, decls: &'a Decls, surface: &'a Surface) -> Self {
        let at = Speller {
            decls,
            spelling: &surface.spelling,
            inside: None,
            owner: None,
            stands_in: surface.stands_in,
        };
        let base = plain(&surface.name);
        let mut stubs = Scope::new(&[]).with(CLIENT_METHODS);
        let methods = module
            .methods
            .iter()
            .enumerate()
            .map(|(index, method)| {
                let written = surface.written.get(&method.name.text);
                MethodView::new(index, method, at, &base, written, &mut stubs)
            })
            .collect();
        let events = module
            .events
            .iter()
            .enumerate()
            .map(|(index, event)| {
                let written = surface.written.get(&event.name.text);
                EventView::new(index, event, at, &base, written)
            })
            .collect();
        Self {
            module,
            at,
            vis: surface.vis.clone(),
            names: Names {
                worker_trait: surface.name.clone(),
                client: join(&[&base, "Client"]),
                script: join(&[&base, "Script"]),
                worker: join(&[&base, "Worker"]),
                dispatch: join(&[&base, "Dispatch"]),
                events: join(&[&base, "Events"]),
                event_streams: join(&[&base, "EventStreams"]),
            },
            methods,
            events,
        }
    }
}

impl ModuleView<'_> {
    /// How the worker is started, if the schema says with what.
    pub(crate) fn spawn(&self) -> Option<&Spawn> {
        self.module
            .spawn
            .as_ref()
            .filter(|spawn| !spawn.command.is_empty())
    }
}

impl<'a> MethodView<'a> {
    fn new(
        index: usize,
        method: &'a Method,
        at: Speller<'a>,
        base: &str,
        written: Option<&Written>,
        stubs: &mut Scope,
    ) -> Self {
        let pascal = method.name.pascal();
        let record = join(&[base, &pascal, "Args"]);
        let (kind, answer_type) = match &method.answer {
            Some(Answer::Returns(ty)) => (Kind::Result, Some(&ty.ty)),
            Some(Answer::Streams(ty)) => (Kind::Stream, Some(&ty.ty)),
            Some(Answer::Acks(ty)) => (Kind::Ack, ty.as_ref().map(|ty| &ty.ty)),
            Some(Answer::Oneway) | None => (Kind::None, None),
        };
        let answer = written
            .and_then(|written| written.answer.clone())
            .unwrap_or_else(|| answer_type.map_or_else(|| quote!(()), |ty| at.ty(ty)));
        let error = method.throws.map(|throws| {
            written
                .and_then(|written| written.error.clone())
                .unwrap_or_else(|| at.path(throws.decl))
        });
        Self {
            decls: at.decls,
            method,
            index,
            ident: name_of(&method.name, written),
            stub: ident(&stubs.take(&method.name.text)),
            on: join(&["on_", &method.name.text]),
            call: join(&[base, &pascal, "Call"]),
            args: PayloadView::new(&method.args, record, at, written),
            kind,
            answer,
            answer_type,
            error,
        }
    }

    /// The declared error, or the type that has no value.
    pub(crate) fn error_or_never(&self) -> TokenStream {
        let p = p();
        self.error.clone().unwrap_or_else(|| quote!(#p::Never))
    }

    /// What a handler in the worker gives back, once awaited.
    pub(crate) fn handed_back(&self) -> TokenStream {
        let p = p();
        let answer = &self.answer;
        let value = match self.kind {
            Kind::Result => quote!(#answer),
            Kind::Ack if self.answer_type.is_none() => quote!(#p::Ack),
            Kind::Ack => quote!(#p::Ack<#answer>),
            Kind::None => return quote!(#p::Oneway),
            Kind::Stream => {
                let error = self.error_or_never();
                return quote!(#p::Answers<#answer, #error>);
            }
        };
        match &self.error {
            Some(error) => quote!(::core::result::Result<#value, #error>),
            None => value,
        }
    }

    pub(crate) fn args_codec(&self) -> Codec {
        codec::of_method_args(self.decls, self.method)
    }

    pub(crate) fn answer_codec(&self) -> Codec {
        codec::of_method_answer(self.decls, self.method)
    }
}

impl<'a> EventView<'a> {
    fn new(
        index: usize,
        event: &'a Event,
        at: Speller<'a>,
        base: &str,
        written: Option<&Written>,
    ) -> Self {
        let record = join(&[base, &event.name.pascal(), "Event"]);
        Self {
            decls: at.decls,
            event,
            index,
            ident: name_of(&event.name, written),
            payload: PayloadView::new(&event.payload, record, at, written),
        }
    }

    pub(crate) fn codec(&self) -> Codec {
        codec::of_event(self.decls, self.event)
    }
}

fn name_of(name: &Name, written: Option<&Written>) -> Ident {
    written
        .and_then(|written| written.name.clone())
        .unwrap_or_else(|| ident(&name.text))
}

/// What the parent's stub has of its own.
const CLIENT_METHODS: [&str; 9] = [
    "builder",
    "clone",
    "events",
    "in_memory",
    "in_memory_with",
    "module",
    "scripted",
    "shutdown",
    "spawn",
];

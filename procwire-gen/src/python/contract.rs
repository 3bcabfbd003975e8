//! The worker's classes: one method per event to send, one abstract method per handler to write.

use procwire_schema::Schema;
use procwire_schema::model::{Answer, Args, Codec, Event, Field, Method, Module};

use super::imports::Imports;
use super::literal::literal;
use super::naming::{Naming, field as field_name, handler};
use super::prose::{docstring, quoted};
use super::spell::Speller;

/// The part of a file that only a module has.
#[derive(Debug)]
pub(super) struct ModuleView {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) fingerprint: String,
    pub(super) worker: String,
    pub(super) worker_docs: String,
    pub(super) events_class: String,
    pub(super) methods: Vec<MethodView>,
    pub(super) events: Vec<EventView>,
    pub(super) class_var: String,
    pub(super) abstractmethod: String,
}

/// A method: its row in the contract, and its handler.
#[derive(Debug)]
pub(super) struct MethodView {
    pub(super) row: String,
    pub(super) handler: String,
    pub(super) parameters: String,
    pub(super) answer: String,
    pub(super) docs: String,
}

/// An event: its row in the contract, and the method that sends it.
#[derive(Debug)]
pub(super) struct EventView {
    pub(super) row: String,
    pub(super) sender: String,
    pub(super) parameters: String,
    pub(super) payload: String,
    pub(super) name: String,
    pub(super) docs: String,
}

impl ModuleView {
    pub(super) fn of(schema: &Schema, module: &Module, naming: &Naming, imports: &Imports) -> Self {
        let outside = Speller::new(schema.decls(), naming, imports);
        let handlers = module.methods.iter().map(|one| handler(&one.name.text));
        let in_worker = outside.inside(handlers);
        let senders = module.events.iter().map(|one| field_name(&one.name.text));
        let in_events = outside.inside(senders);
        let mut docs = module.docs.clone();
        if !docs.is_empty() {
            docs.push(String::new());
        }
        docs.push("Write each handler as ``async def`` or as a plain ``def``. Plain ones may block: the worker stays".to_owned());
        docs.push("responsive, and other calls go on, on other threads.".to_owned());
        Self {
            name: quoted(&module.name.text),
            version: quoted(&module.version.0),
            fingerprint: quoted(schema.fingerprint()),
            worker: naming.worker().to_owned(),
            worker_docs: docstring(&docs, None, "    "),
            events_class: naming.events().to_owned(),
            methods: module
                .methods
                .iter()
                .enumerate()
                .map(|(at, method)| method_view(schema, at, method, &outside, &in_worker))
                .collect(),
            events: module
                .events
                .iter()
                .enumerate()
                .map(|(at, event)| event_view(schema, at, event, &outside, &in_events))
                .collect(),
            class_var: imports.from("_t", "ClassVar"),
            abstractmethod: if module.methods.is_empty() {
                String::new()
            } else {
                imports.from("_abc", "abstractmethod")
            },
        }
    }
}

fn method_view(
    schema: &Schema,
    at: usize,
    method: &Method,
    outside: &Speller<'_>,
    inside: &Speller<'_>,
) -> MethodView {
    let name = handler(&method.name.text);
    let mut row = format!(
        "name={}, kind=\"{}\"",
        quoted(&method.name.text),
        kind(method)
    );
    let mut add = |key: &str, value: &str| row.push_str(&format!(", {key}={value}"));
    if name != method.name.text {
        add("handler", &quoted(&name));
    }
    let read = match &method.args {
        Args::Payload(ty) => Some(outside.checked(&ty.ty, &Default::default())),
        Args::Fields(_) => outside.naming.args(at).map(str::to_owned),
    };
    if let Some(read) = &read {
        add("args", read);
    }
    if let Some(Answer::Returns(ty) | Answer::Streams(ty) | Answer::Acks(Some(ty))) = &method.answer
    {
        add("answer", &outside.checked(&ty.ty, &Default::default()));
    }
    if let Some(throws) = method.throws {
        add("throws", outside.naming.error(throws.decl));
    }
    if schema.args_codec(method) == Codec::Raw {
        add("args_codec", "\"raw\"");
    }
    if schema.answer_codec(method) == Codec::Raw {
        add("answer_codec", "\"raw\"");
    }
    if !method.cancellable {
        add("cancellable", "False");
    }
    if method.idempotent {
        add("idempotent", "True");
    }
    add("fingerprint", &quoted(&schema.method_fingerprint(method)));
    MethodView {
        row,
        handler: name,
        parameters: parameters(inside, at, method, "_pw.Context"),
        answer: base_answer(inside, method),
        docs: docstring(&method.docs, method.deprecated.as_deref(), "        "),
    }
}

/// `self, req: OpenArgs, ctx: Context`
pub(super) fn parameters(
    speller: &Speller<'_>,
    at: usize,
    method: &Method,
    context: &str,
) -> String {
    let args = match &method.args {
        Args::Payload(ty) => Some(speller.plain(&ty.ty)),
        Args::Fields(_) => speller.naming.args(at).map(str::to_owned),
    };
    match args {
        Some(args) => format!("self, req: {args}, ctx: {context}"),
        None => format!("self, ctx: {context}"),
    }
}

/// The type of one answer or item, as a handler gives it.
pub(super) fn value(speller: &Speller<'_>, method: &Method) -> String {
    match &method.answer {
        Some(Answer::Returns(ty) | Answer::Streams(ty) | Answer::Acks(Some(ty))) => {
            speller.plain(&ty.ty)
        }
        _ => "None".to_owned(),
    }
}

/// What either form of a handler may give: a plain one the value, an async one something to be awaited.
fn base_answer(speller: &Speller<'_>, method: &Method) -> String {
    let value = value(speller, method);
    let imports = speller.imports;
    if matches!(method.answer, Some(Answer::Streams(_))) {
        format!(
            "{}[{value}] | {}[{value}]",
            imports.from("_c", "AsyncIterable"),
            imports.from("_c", "Iterable")
        )
    } else {
        format!("{}[{value}] | {value}", imports.from("_c", "Awaitable"))
    }
}

fn kind(method: &Method) -> &'static str {
    match method.answer {
        Some(Answer::Returns(_)) => "result",
        Some(Answer::Streams(_)) => "stream",
        Some(Answer::Acks(_)) => "ack",
        Some(Answer::Oneway) | None => "none",
    }
}

fn event_view(
    schema: &Schema,
    at: usize,
    event: &Event,
    outside: &Speller<'_>,
    inside: &Speller<'_>,
) -> EventView {
    let mut row = format!("name={}", quoted(&event.name.text));
    let (parameters, payload) = match (&event.payload, outside.naming.payload(at)) {
        (Args::Payload(ty), _) => {
            let checked = outside.checked(&ty.ty, &Default::default());
            row.push_str(&format!(", payload={checked}"));
            (
                format!("self, payload: {}", inside.plain(&ty.ty)),
                "payload".to_owned(),
            )
        }
        (Args::Fields(fields), Some(class)) => {
            row.push_str(&format!(", payload={class}"));
            let names: Vec<String> = fields
                .iter()
                .map(|field| field_name(&field.name.text))
                .map(|name| format!("{name}={name}"))
                .collect();
            (
                format!("self, *, {}", fields_as_parameters(inside, fields)),
                format!("{class}({})", names.join(", ")),
            )
        }
        (Args::Fields(_), None) => ("self".to_owned(), "None".to_owned()),
    };
    if schema.event_codec(event) == Codec::Raw {
        row.push_str(", codec=\"raw\"");
    }
    EventView {
        row,
        sender: field_name(&event.name.text),
        parameters,
        payload,
        name: quoted(&event.name.text),
        docs: docstring(&event.docs, event.deprecated.as_deref(), "        "),
    }
}

fn fields_as_parameters(speller: &Speller<'_>, fields: &[Field]) -> String {
    let parameters: Vec<String> = fields
        .iter()
        .map(|field| {
            let name = field_name(&field.name.text);
            let ty = speller.plain(&field.ty.ty);
            match &field.default {
                Some(default) => {
                    let text = literal(speller, &default.value, &field.ty.ty).text;
                    format!("{name}: {ty} = {text}")
                }
                None if field.may_be_absent() => format!("{name}: {ty} = None"),
                None => format!("{name}: {ty}"),
            }
        })
        .collect();
    parameters.join(", ")
}

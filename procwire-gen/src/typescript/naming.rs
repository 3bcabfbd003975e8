//! What everything is called in a generated file.
//!
//! The schema's own types come first and keep their names; what the generator adds makes way for them.

use std::collections::BTreeMap;

use procwire_schema::Schema;
use procwire_schema::model::name::{camel, pascal};
use procwire_schema::model::{DeclIndex, DeclKind, Entry, Event, Method, Module};

use super::reach::Way;
use crate::names::{Scope, TYPESCRIPT};

/// Names that generated code relies on to mean what they always do.
const GLOBALS: &[&str] = &[
    "Date",
    "Infinity",
    "Promise",
    "ReadonlySet",
    "RegExp",
    "Set",
    "Uint8Array",
    "pw",
];

/// Names that every object has: a handler must not be found where there is none, nor be taken for something else.
const INHERITED: &[&str] = &[
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "then",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// The names of one file.
#[derive(Debug)]
pub(super) struct Naming {
    types: BTreeMap<DeclIndex, String>,
    sent: BTreeMap<DeclIndex, String>,
    args: BTreeMap<String, String>,
    payloads: BTreeMap<String, String>,
    errors: BTreeMap<(DeclIndex, String), String>,
    /// `PdfHandlers`
    pub(super) handlers: String,
    /// `PdfEvents`
    pub(super) events: String,
    /// `servePdf`
    pub(super) serve: String,
}

impl Naming {
    pub(super) fn of(schema: &Schema) -> Self {
        let mut scope = Scope::new(TYPESCRIPT).with(GLOBALS.iter().copied());
        let declared: Vec<(DeclIndex, &Entry)> = schema
            .declared()
            .map(|(index, entry, _)| (index, entry))
            .collect();
        let types: BTreeMap<DeclIndex, String> = declared
            .iter()
            .map(|(index, entry)| (*index, scope.take(&flat(entry))))
            .collect();
        let title = schema
            .module()
            .map_or_else(String::new, |module| module.name.pascal());
        let handlers = scope.take(&format!("{title}Handlers"));
        let events = scope.take(&format!("{title}Events"));
        let serve = scope.take(&format!("serve{title}"));
        let methods = schema.module().map_or(&[][..], |module| &module.methods);
        let args = methods
            .iter()
            .map(|method| {
                (
                    method.name.text.clone(),
                    scope.take(&format!("{}Args", method.name.pascal())),
                )
            })
            .collect();
        let emitted = schema.module().map_or(&[][..], |module| &module.events);
        let payloads = emitted
            .iter()
            .map(|event| {
                (
                    event.name.text.clone(),
                    scope.take(&format!("{}Event", event.name.pascal())),
                )
            })
            .collect();
        let sent = types
            .iter()
            .map(|(index, name)| (*index, scope.take(&format!("{name}Init"))))
            .collect();
        let mut errors = BTreeMap::new();
        for index in thrown(schema.module()) {
            let Some(DeclKind::Union(union)) = schema.decls().get(index).map(|decl| &decl.kind)
            else {
                continue;
            };
            let owner = types.get(&index).cloned().unwrap_or_default();
            for variant in &union.variants {
                let short = pascal(&variant.name.text);
                let name = if scope.is_free(&short) {
                    short
                } else {
                    format!("{owner}{short}")
                };
                errors.insert((index, variant.name.text.clone()), scope.take(&name));
            }
        }
        Self {
            types,
            sent,
            args,
            payloads,
            errors,
            handlers,
            events,
            serve,
        }
    }

    /// The name of a declared type.
    pub(super) fn of_type(&self, index: DeclIndex) -> &str {
        self.types.get(&index).map_or("unknown", String::as_str)
    }

    /// The name of the form of a type that is sent, where it has one of its own.
    pub(super) fn of_sent(&self, index: DeclIndex) -> &str {
        self.sent.get(&index).map_or("unknown", String::as_str)
    }

    /// The name of a method's arguments.
    pub(super) fn of_args(&self, method: &Method) -> &str {
        self.args
            .get(&method.name.text)
            .map_or("unknown", String::as_str)
    }

    /// The name of an event's payload.
    pub(super) fn of_payload(&self, event: &Event) -> &str {
        self.payloads
            .get(&event.name.text)
            .map_or("unknown", String::as_str)
    }

    /// The name of an error's class.
    pub(super) fn of_error(&self, union: DeclIndex, variant: &str) -> &str {
        self.errors
            .get(&(union, variant.to_owned()))
            .map_or("unknown", String::as_str)
    }

    /// `readDocument`, `writeDocument`
    pub(super) fn of_codec(&self, index: DeclIndex, way: Way) -> String {
        format!("{}{}", verb(way), self.of_type(index))
    }
}

/// What a codec function's name starts with.
pub(super) const fn verb(way: Way) -> &'static str {
    match way {
        Way::Read => "read",
        Way::Sent => "write",
    }
}

/// The name of a method's handler.
pub(super) fn handler(method: &Method) -> String {
    member(&method.name.text)
}

/// The name of an event's function.
pub(super) fn emitter(event: &Event) -> String {
    member(&event.name.text)
}

fn member(name: &str) -> String {
    // `new(…)` in an interface is not a method but a constructor
    crate::names::avoid(&crate::names::avoid(&camel(name), INHERITED), &["new"])
}

/// Whether every object has a member of this name, so that its absence cannot be seen by reading it.
pub(super) fn is_inherited(name: &str) -> bool {
    INHERITED.contains(&name)
}

/// The unions that methods throw, each once, in the order of their first mention.
pub(super) fn thrown(module: Option<&Module>) -> Vec<DeclIndex> {
    let mut found: Vec<DeclIndex> = Vec::new();
    for throws in module
        .iter()
        .flat_map(|module| &module.methods)
        .filter_map(|method| method.throws)
    {
        if !found.contains(&throws.decl) {
            found.push(throws.decl);
        }
    }
    found
}

/// `geo.Rect` as `GeoRect`.
fn flat(entry: &Entry) -> String {
    let alias = entry.name.alias.as_deref().map(pascal).unwrap_or_default();
    format!("{alias}{}", pascal(&entry.name.ident))
}

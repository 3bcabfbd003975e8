//! What everything is called in a generated file. First come, first served: declared types have the names of the
//! schema, what the generator adds goes around them.

use std::collections::{BTreeMap, BTreeSet};

use procwire_schema::Schema;
use procwire_schema::check::keywords::PYTHON_MODULES;
use procwire_schema::model::name::pascal;
use procwire_schema::model::{Args, DeclIndex, DeclKind, Entry, Module};

use super::reach::Reach;
use crate::names::{PYTHON, Scope, avoid};

/// The names of one schema.
#[derive(Debug)]
pub(super) struct Naming {
    file: String,
    types: BTreeMap<DeclIndex, String>,
    errors: BTreeMap<DeclIndex, String>,
    values: BTreeMap<(DeclIndex, usize), String>,
    raised: BTreeMap<(DeclIndex, usize), String>,
    args: BTreeMap<usize, String>,
    payloads: BTreeMap<usize, String>,
    worker: String,
    events: String,
    implementation: String,
}

/// What an exception has already.
const OF_EXCEPTIONS: &[&str] = &["add_note", "args", "with_traceback"];

impl Naming {
    pub(super) fn of(schema: &Schema) -> Self {
        let reach = Reach::of(schema);
        let mut scope = Scope::new(PYTHON);
        let types: BTreeMap<DeclIndex, String> = schema
            .declared()
            .map(|(index, entry, _)| (index, scope.take(&flat(entry))))
            .collect();
        let mut naming = Self {
            file: file(schema),
            types,
            errors: BTreeMap::new(),
            values: BTreeMap::new(),
            raised: BTreeMap::new(),
            args: BTreeMap::new(),
            payloads: BTreeMap::new(),
            worker: String::new(),
            events: String::new(),
            implementation: String::new(),
        };
        if let Some(module) = schema.module() {
            naming.name_module(module, &mut scope);
        }
        naming.name_variants(schema, &reach, &mut scope);
        naming
    }

    fn name_module(&mut self, module: &Module, scope: &mut Scope) {
        let base = module.name.pascal();
        self.worker = scope.take(&format!("{base}Worker"));
        self.events = scope.take(&format!("{base}Events"));
        for (at, method) in module.methods.iter().enumerate() {
            if matches!(&method.args, Args::Fields(fields) if !fields.is_empty()) {
                let name = scope.take(&format!("{}Args", method.name.pascal()));
                self.args.insert(at, name);
            }
        }
        for (at, event) in module.events.iter().enumerate() {
            if matches!(&event.payload, Args::Fields(fields) if !fields.is_empty()) {
                let name = scope.take(&format!("{}Event", event.name.pascal()));
                self.payloads.insert(at, name);
            }
        }
        self.implementation = if scope.is_free(&base) {
            base
        } else {
            format!("{base}Handlers")
        };
    }

    /// Variants have their bare names (`Text`, `NotFound`) unless another type or variant has it too: then each of
    /// them carries its union's name (`BlockText`).
    fn name_variants(&mut self, schema: &Schema, reach: &Reach, scope: &mut Scope) {
        let mut seen = BTreeSet::new();
        let mut twice = BTreeSet::new();
        let unions: Vec<_> = schema
            .declared()
            .filter_map(|(index, _, decl)| match &decl.kind {
                DeclKind::Union(union) => Some((index, union)),
                _ => None,
            })
            .collect();
        for (_, union) in &unions {
            for variant in &union.variants {
                if !seen.insert(variant.name.pascal()) {
                    twice.insert(variant.name.pascal());
                }
            }
        }
        for (index, union) in unions {
            let own = self.types[&index].clone();
            let is_thrown = reach.is_thrown(index);
            if is_thrown {
                self.errors.insert(index, own.clone());
                if reach.is_data(index) {
                    // Exceptions have the plain names; the same shape as a value is the rarer thing.
                    self.types.insert(index, scope.take(&format!("{own}Data")));
                }
            }
            for (at, variant) in union.variants.iter().enumerate() {
                let bare = variant.name.pascal();
                let name = if twice.contains(&bare) || !scope.is_free(&bare) {
                    scope.take(&format!("{own}{bare}"))
                } else {
                    scope.take(&bare)
                };
                if is_thrown {
                    if reach.is_data(index) {
                        let value = scope.take(&format!("{name}Data"));
                        self.values.insert((index, at), value);
                    }
                    self.raised.insert((index, at), name);
                } else {
                    self.values.insert((index, at), name);
                }
            }
        }
    }

    /// Whether anything in the generated file, or the user's class, is called that.
    pub(super) fn has(&self, name: &str) -> bool {
        let lists = [&self.types, &self.errors];
        lists
            .iter()
            .any(|list| list.values().any(|one| one == name))
            || [&self.values, &self.raised]
                .iter()
                .any(|list| list.values().any(|one| one == name))
            || self.args.values().any(|one| one == name)
            || self.payloads.values().any(|one| one == name)
            || [&self.worker, &self.events, &self.implementation].contains(&&name.to_owned())
    }

    /// The generated file's name without its ending.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// A declared type. The private twin, with the constraints, has `_` before it.
    pub(super) fn ty(&self, index: DeclIndex) -> &str {
        self.types.get(&index).map_or("object", String::as_str)
    }

    /// The base class of a union's exceptions.
    pub(super) fn error(&self, index: DeclIndex) -> &str {
        self.errors.get(&index).map_or("object", String::as_str)
    }

    /// A variant's class as a value.
    pub(super) fn value(&self, union: DeclIndex, at: usize) -> &str {
        self.values
            .get(&(union, at))
            .map_or("object", String::as_str)
    }

    /// A variant's class as an exception.
    pub(super) fn raised(&self, union: DeclIndex, at: usize) -> &str {
        self.raised
            .get(&(union, at))
            .map_or("object", String::as_str)
    }

    /// The class of a method's arguments, if it has named ones.
    pub(super) fn args(&self, method: usize) -> Option<&str> {
        self.args.get(&method).map(String::as_str)
    }

    /// The class of an event's payload, if it has named fields.
    pub(super) fn payload(&self, event: usize) -> Option<&str> {
        self.payloads.get(&event).map(String::as_str)
    }

    /// `PdfWorker`
    pub(super) fn worker(&self) -> &str {
        &self.worker
    }

    /// `PdfEvents`
    pub(super) fn events(&self) -> &str {
        &self.events
    }

    /// `Pdf`, the user's class.
    pub(super) fn implementation(&self) -> &str {
        &self.implementation
    }
}

/// A field of a class, or a parameter.
pub(super) fn field(name: &str) -> String {
    if name == "self" {
        return "self_".to_owned();
    }
    avoid(name, PYTHON)
}

/// A field of an exception.
pub(super) fn error_field(name: &str) -> String {
    if OF_EXCEPTIONS.contains(&name) {
        return format!("{name}_");
    }
    field(name)
}

/// A handler.
pub(super) fn handler(name: &str) -> String {
    if name == "events" {
        return "events_".to_owned();
    }
    avoid(name, PYTHON)
}

/// `geo.Rect` as `GeoRect`.
fn flat(entry: &Entry) -> String {
    let alias = entry.name.alias.as_deref().map(pascal).unwrap_or_default();
    format!("{alias}{}", entry.name.ident)
}

fn file(schema: &Schema) -> String {
    let stem = schema.module().map_or_else(
        || {
            let name = schema.source().rsplit('/').next().unwrap_or_default();
            name.split('.').next().unwrap_or("schema").to_owned()
        },
        |module| module.name.text.clone(),
    );
    // The checker refuses such names for modules; a file of types alone is called after its schema.
    avoid(&avoid(&stem, PYTHON), PYTHON_MODULES)
}

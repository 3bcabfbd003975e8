//! Everything a generated file says, decided; the template only prints it.

mod declared;
mod module;

use askama::Template;
use procwire_schema::Schema;

use super::naming::Naming;
use super::reach::Reach;
use super::spell::Speller;
use super::steps::{Helper, Steps};

/// A generated file.
#[derive(Debug, Template)]
#[template(path = "typescript/module.ts", escape = "none")]
pub(super) struct FileView {
    types: Vec<TypeView>,
    codecs: Vec<CodecView>,
    helpers: Vec<Helper>,
    module: Option<ModuleView>,
}

/// A type and what belongs to it.
#[derive(Debug)]
enum TypeView {
    Alias {
        docs: String,
        name: String,
        of: String,
    },
    /// A newtype, and the function of the same name that makes its values.
    Brand {
        docs: String,
        name: String,
        base: String,
        of: String,
    },
    Interface {
        docs: String,
        name: String,
        fields: Vec<FieldView>,
    },
    Union {
        docs: String,
        name: String,
        variants: Vec<VariantView>,
        open: bool,
    },
    Error {
        docs: String,
        name: String,
        family: String,
        tag: String,
        fields: Vec<FieldView>,
    },
}

#[derive(Debug)]
struct FieldView {
    docs: String,
    name: String,
    optional: bool,
    ty: String,
}

#[derive(Debug)]
struct VariantView {
    docs: String,
    tag: String,
    fields: Vec<FieldView>,
}

/// A function that reads or writes a declared type.
#[derive(Debug)]
enum CodecView {
    /// One expression.
    Value {
        name: String,
        ty: String,
        body: String,
    },
    /// One of a set of strings.
    Choice {
        name: String,
        ty: String,
        set: String,
    },
    ReadStruct {
        name: String,
        ty: String,
        members: Vec<(String, String)>,
    },
    WriteStruct {
        name: String,
        body: Written,
    },
    ReadUnion {
        name: String,
        ty: String,
        arms: Vec<Arm<Vec<(String, String)>>>,
        known: String,
        open: bool,
    },
    WriteUnion {
        name: String,
        arms: Vec<Arm<Written>>,
        known: String,
        open: bool,
    },
}

#[derive(Debug)]
struct Arm<Body> {
    tag: String,
    body: Body,
}

/// The members of a struct on their way out.
#[derive(Debug)]
struct Written {
    always: Vec<(String, String)>,
    /// On what condition, the key on the wire, and the value.
    sometimes: Vec<(String, String, String)>,
}

impl Written {
    fn is_empty(&self) -> bool {
        self.always.is_empty() && self.sometimes.is_empty()
    }
}

#[derive(Debug)]
struct ModuleView {
    docs: String,
    name: String,
    version: String,
    fingerprint: String,
    handlers: String,
    events_type: String,
    serve: String,
    methods: Vec<MethodView>,
    events: Vec<EventView>,
}

#[derive(Debug)]
struct MethodView {
    docs: String,
    name: String,
    /// The handler as the interface names it.
    signature: String,
    handler: String,
    kind: &'static str,
    fingerprint: String,
    parameter: &'static str,
    args_type: String,
    answer_type: String,
    read: String,
    write: String,
    idempotent: bool,
    /// The union and the function that writes it.
    throws: Option<(String, String)>,
}

#[derive(Debug)]
struct EventView {
    docs: String,
    name: String,
    signature: String,
    function: String,
    index: usize,
    /// The payload's type; none where there is no payload.
    payload: Option<String>,
    write: String,
}

impl FileView {
    pub(super) fn of(schema: &Schema, naming: &Naming, reach: &Reach) -> Self {
        let speller = Speller {
            schema,
            naming,
            reach,
        };
        let maker = Maker {
            speller,
            steps: Steps::new(speller),
        };
        let mut types = Vec::new();
        let mut codecs = Vec::new();
        for (index, _, decl) in schema.declared() {
            maker.declared(index, decl, &mut types, &mut codecs);
        }
        let module = schema
            .module()
            .map(|module| maker.module(module, &mut types, &mut codecs));
        Self {
            types,
            codecs,
            helpers: maker.steps.helpers(),
            module,
        }
    }
}

/// Makes the parts of a file, and keeps the functions that they need.
#[derive(Debug)]
struct Maker<'a> {
    speller: Speller<'a>,
    steps: Steps<'a>,
}

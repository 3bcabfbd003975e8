//! Shape texts: what of a type can be seen on the wire, as one line.
//!
//! Names of types are not on the wire and not in the text; names of fields, values and variants are. Docs, default
//! values, constraints and deprecation are left out; that a field may be absent is in. The grammar:
//!
//! ```text
//! built-in      its schema name                 T?  [T]  [T;N]  {K:V}  (A,B)      no blanks anywhere
//! newtype       the text of what it wraps
//! enum          enum(a|b|c)                     sorted; open: `|...` last
//! struct        struct(name:T,name?:T)          sorted; `?` behind the name: may be absent
//! union         union(tag(fields)|tag())        sorted; open: `|...` last
//! table         table(name:T)                   sorted
//! ```
//!
//! A declared enum, struct, union or table gets a number when it is first entered, from 0, in preorder; every later
//! mention is `#n`. A variant that names a struct holds that struct's fields and does not enter it. A method's
//! arguments written in place are a `struct(…)` that nobody declared: it takes no number.
//!
//! The *local* text of one declaration keeps `$k` for the k-th declared type it mentions. `tag$k`, right behind a
//! variant's name, stands for the fields of that struct. It is what a derive can know, and expands to the same.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::decls::{Decl, DeclIndex, DeclKind, Decls};
use super::field::Field;
use super::module::Args;
use super::ty::{Type, VariantBody};

/// The shape of one declaration as far as it alone tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// The text, with `$0`, `$1`, … for mentioned declarations.
    pub text: String,
    /// The declarations mentioned, in the order of first mention.
    pub refs: Vec<DeclIndex>,
}

/// The local text of a declaration.
#[must_use]
pub fn local(decls: &Decls, decl: &Decl) -> Local {
    write_local(decls, Task::Body(decl))
}

/// The local text of fields that nobody declared: a method's arguments, an event's payload.
#[must_use]
pub fn local_fields(decls: &Decls, fields: &[Field]) -> Local {
    write_local(decls, Task::Record("struct", fields))
}

/// The local text of a type.
#[must_use]
pub fn local_type(decls: &Decls, ty: &Type) -> Local {
    write_local(decls, Task::Type(ty))
}

fn write_local<'a>(decls: &'a Decls, task: Task<'a>) -> Local {
    let mut mentions = Mentions::Local(Vec::new());
    let text = write(decls, &mut mentions, task);
    let refs = match mentions {
        Mentions::Local(refs) => refs,
        Mentions::Expanded(_) => Vec::new(),
    };
    Local { text, refs }
}

/// Writes expanded texts that share one numbering: those of one method or one event.
#[derive(Debug)]
pub struct Expansion<'a> {
    decls: &'a Decls,
    mentions: Mentions,
}

impl<'a> Expansion<'a> {
    /// A fresh numbering.
    #[must_use]
    pub fn new(decls: &'a Decls) -> Self {
        Self {
            decls,
            mentions: Mentions::Expanded(HashMap::new()),
        }
    }

    /// The text of a type.
    pub fn ty(&mut self, ty: &Type) -> String {
        write(self.decls, &mut self.mentions, Task::Type(ty))
    }

    /// The text of arguments or a payload: `nil` where there are no fields.
    pub fn args(&mut self, args: &Args) -> String {
        match args {
            Args::Fields(fields) if fields.is_empty() => "nil".to_owned(),
            Args::Fields(fields) => write(
                self.decls,
                &mut self.mentions,
                Task::Record("struct", fields),
            ),
            Args::Payload(ty) => self.ty(&ty.ty),
        }
    }
}

/// What becomes of a declared type that is mentioned.
#[derive(Debug)]
enum Mentions {
    /// `$k`: the types mentioned so far.
    Local(Vec<DeclIndex>),
    /// Written out at first, `#n` from then on: the number of each type entered.
    Expanded(HashMap<DeclIndex, usize>),
}

/// A piece of text that is still to be written.
enum Task<'a> {
    Text(&'a str),
    Number(&'static str, usize),
    Type(&'a Type),
    Body(&'a Decl),
    /// A head, and fields in parentheses.
    Record(&'a str, &'a [Field]),
    /// A variant that names a struct.
    NamedVariant(&'a str, DeclIndex),
}

/// Declarations may lead to each other as deep as the schema is long, so what is still to do is kept in a list and
/// not on the stack.
fn write<'a>(decls: &'a Decls, mentions: &mut Mentions, task: Task<'a>) -> String {
    let mut out = String::new();
    let mut open = vec![task];
    let mut parts = Vec::new();
    while let Some(task) = open.pop() {
        match task {
            Task::Text(text) => out.push_str(text),
            Task::Number(sign, number) => {
                let _ = write!(out, "{sign}{number}");
            }
            Task::Type(ty) => write_type(decls, mentions, ty, &mut parts),
            Task::Body(decl) => write_body(decl, &mut parts),
            Task::Record(head, fields) => write_record(head, fields, &mut parts),
            Task::NamedVariant(tag, index) => match mentions {
                Mentions::Local(refs) => {
                    parts.extend([Task::Text(tag), Task::Number("$", place(refs, index))]);
                }
                Mentions::Expanded(_) => {
                    if let Some(DeclKind::Struct(record)) = decls.get(index).map(|decl| &decl.kind)
                    {
                        parts.push(Task::Record(tag, &record.fields));
                    }
                }
            },
        }
        open.extend(parts.drain(..).rev());
    }
    out
}

fn write_type<'a>(
    decls: &'a Decls,
    mentions: &mut Mentions,
    ty: &'a Type,
    parts: &mut Vec<Task<'a>>,
) {
    match ty {
        Type::Optional(inner) => parts.extend([Task::Type(inner), Task::Text("?")]),
        Type::List(inner) => parts.extend([Task::Text("["), Task::Type(inner), Task::Text("]")]),
        Type::Array(inner, len) => parts.extend([
            Task::Text("["),
            Task::Type(inner),
            Task::Number(";", *len as usize),
            Task::Text("]"),
        ]),
        Type::Map(key, value) => parts.extend([
            Task::Text("{"),
            Task::Type(key),
            Task::Text(":"),
            Task::Type(value),
            Task::Text("}"),
        ]),
        Type::Tuple(items) => {
            for (at, item) in items.iter().enumerate() {
                parts.extend([
                    Task::Text(if at == 0 { "(" } else { "," }),
                    Task::Type(item),
                ]);
            }
            parts.push(Task::Text(")"));
        }
        Type::Ref(index) => match mentions {
            Mentions::Local(refs) => parts.push(Task::Number("$", place(refs, *index))),
            Mentions::Expanded(entered) => {
                // An undeclared name has no shape; only an open world has such names, and expands nothing.
                let Some(decl) = decls.get(*index) else {
                    return;
                };
                if let Some(n) = entered.get(index) {
                    parts.push(Task::Number("#", *n));
                    return;
                }
                if !matches!(decl.kind, DeclKind::Newtype(_)) {
                    entered.insert(*index, entered.len());
                }
                parts.push(Task::Body(decl));
            }
        },
        built_in => parts.push(Task::Text(built_in.name().unwrap_or_default())),
    }
}

fn write_body<'a>(decl: &'a Decl, parts: &mut Vec<Task<'a>>) {
    match &decl.kind {
        DeclKind::Newtype(newtype) => parts.push(Task::Type(&newtype.ty.ty)),
        DeclKind::Struct(record) => parts.push(Task::Record("struct", &record.fields)),
        DeclKind::Table(record) => parts.push(Task::Record("table", &record.fields)),
        DeclKind::Enum(choice) => {
            let mut values: Vec<&str> = choice
                .values
                .iter()
                .map(|value| value.name.text.as_str())
                .collect();
            values.sort_unstable();
            values.extend(choice.open.then_some("..."));
            for (at, value) in values.into_iter().enumerate() {
                parts.extend([
                    Task::Text(if at == 0 { "enum(" } else { "|" }),
                    Task::Text(value),
                ]);
            }
            parts.push(Task::Text(")"));
        }
        DeclKind::Union(union) => {
            let mut variants: Vec<_> = union.variants.iter().collect();
            variants.sort_by(|a, b| a.name.text.cmp(&b.name.text));
            parts.push(Task::Text("union("));
            for (at, variant) in variants.into_iter().enumerate() {
                parts.push(Task::Text(if at == 0 { "" } else { "|" }));
                let tag = variant.name.text.as_str();
                match &variant.body {
                    VariantBody::Fields(fields) => parts.push(Task::Record(tag, fields)),
                    VariantBody::Struct(ty) => {
                        if let Type::Ref(index) = ty.ty {
                            parts.push(Task::NamedVariant(tag, index));
                        }
                    }
                }
            }
            parts.push(Task::Text(if union.open { "|...)" } else { ")" }));
        }
    }
}

fn write_record<'a>(head: &'a str, fields: &'a [Field], parts: &mut Vec<Task<'a>>) {
    let mut sorted: Vec<&Field> = fields.iter().collect();
    sorted.sort_by(|a, b| a.name.text.cmp(&b.name.text));
    parts.extend([Task::Text(head), Task::Text("(")]);
    for (at, field) in sorted.into_iter().enumerate() {
        parts.extend([
            Task::Text(if at == 0 { "" } else { "," }),
            Task::Text(&field.name.text),
            Task::Text(if field.may_be_absent() { "?:" } else { ":" }),
            Task::Type(&field.ty.ty),
        ]);
    }
    parts.push(Task::Text(")"));
}

fn place(refs: &mut Vec<DeclIndex>, index: DeclIndex) -> usize {
    refs.iter()
        .position(|known| *known == index)
        .unwrap_or_else(|| {
            refs.push(index);
            refs.len() - 1
        })
}

//! Going through a draft: every field, every type, with what it belongs to. No rule of its own.

use crate::model::{
    Answer, Args, Decl, DeclIndex, DeclKind, Decls, Draft, Field, Module, Type, TypeExpr,
    VariantBody,
};

/// A list of fields and what it belongs to.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// In messages: "struct `Document`".
    pub(super) owner: String,
    pub(super) fields: &'a [Field],
    pub(super) of: Of,
}

/// What a list of fields is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Struct,
    Variant,
    Table,
    Args,
    Event,
}

/// The kind of a declaration, as in messages.
pub(super) fn kind(decl: &Decl) -> &'static str {
    match decl.kind {
        DeclKind::Newtype(_) => "newtype",
        DeclKind::Enum(_) => "enum",
        DeclKind::Struct(_) => "struct",
        DeclKind::Union(_) => "union",
        DeclKind::Table(_) => "table",
    }
}

/// Every declared type.
pub(super) fn decls(draft: &Draft) -> impl Iterator<Item = (DeclIndex, &Decl)> {
    draft
        .decls
        .iter()
        .filter_map(|(index, entry)| Some((index, entry.decl.as_ref()?)))
}

/// Every list of fields.
pub(super) fn fields(draft: &Draft) -> Vec<Fields<'_>> {
    let mut out: Vec<Fields<'_>> = decls(draft).flat_map(|(_, decl)| fields_of(decl)).collect();
    if let Some(module) = &draft.module {
        out.extend(fields_of_module(module));
    }
    out
}

/// The lists of fields in a declaration.
pub(super) fn fields_of(decl: &Decl) -> Vec<Fields<'_>> {
    let name = &decl.name.text;
    match &decl.kind {
        DeclKind::Struct(record) => vec![Fields {
            owner: format!("struct `{name}`"),
            fields: &record.fields,
            of: Of::Struct,
        }],
        DeclKind::Table(record) => vec![Fields {
            owner: format!("table `{name}`"),
            fields: &record.fields,
            of: Of::Table,
        }],
        DeclKind::Union(union) => union
            .variants
            .iter()
            .filter_map(|variant| match &variant.body {
                VariantBody::Fields(fields) => Some(Fields {
                    owner: format!("variant `{}` of union `{name}`", variant.name.text),
                    fields,
                    of: Of::Variant,
                }),
                VariantBody::Struct(_) => None,
            })
            .collect(),
        DeclKind::Newtype(_) | DeclKind::Enum(_) => Vec::new(),
    }
}

fn fields_of_module(module: &Module) -> impl Iterator<Item = Fields<'_>> {
    let args = module
        .methods
        .iter()
        .filter_map(|method| match &method.args {
            Args::Fields(fields) => Some(Fields {
                owner: format!("method `{}`", method.name.text),
                fields,
                of: Of::Args,
            }),
            Args::Payload(_) => None,
        });
    let events = module
        .events
        .iter()
        .filter_map(|event| match &event.payload {
            Args::Fields(fields) => Some(Fields {
                owner: format!("event `{}`", event.name.text),
                fields,
                of: Of::Event,
            }),
            Args::Payload(_) => None,
        });
    args.chain(events)
}

/// The types that are a whole payload: of arguments, answers and events.
pub(super) fn payloads(module: &Module) -> Vec<(String, &TypeExpr)> {
    let mut out = Vec::new();
    for method in &module.methods {
        let name = &method.name.text;
        if let Args::Payload(ty) = &method.args {
            out.push((format!("the arguments of method `{name}`"), ty));
        }
        match &method.answer {
            Some(Answer::Returns(ty)) => out.push((format!("the answer of method `{name}`"), ty)),
            Some(Answer::Streams(ty)) => out.push((format!("the items of method `{name}`"), ty)),
            Some(Answer::Acks(Some(ty))) => {
                out.push((format!("the receipt of method `{name}`"), ty))
            }
            Some(Answer::Acks(None) | Answer::Oneway) | None => {}
        }
    }
    for event in &module.events {
        if let Args::Payload(ty) = &event.payload {
            out.push((format!("the payload of event `{}`", event.name.text), ty));
        }
    }
    out
}

/// A type without the newtypes around it.
pub(super) fn bare<'t>(decls: &'t Decls, ty: &'t Type) -> &'t Type {
    let mut ty = ty;
    // As many steps as there are names: newtypes in a circle are reported elsewhere and must not hang this.
    for _ in 0..=decls.iter().count() {
        match ty {
            Type::Ref(index) => match decls.get(*index).map(|decl| &decl.kind) {
                Some(DeclKind::Newtype(newtype)) => ty = &newtype.ty.ty,
                _ => return ty,
            },
            _ => return ty,
        }
    }
    ty
}

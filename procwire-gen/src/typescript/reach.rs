//! Which declared types a worker reads and which it sends, through everything that holds them.
//!
//! Arguments are read; answers, errors and events are sent. A type that goes both ways has two forms when they
//! differ: what was read is complete, and of what is sent the optional parts may be left out.

use std::collections::BTreeSet;

use procwire_schema::Schema;
use procwire_schema::model::{Answer, Args, DeclIndex, DeclKind, Decls, Field, Type, VariantBody};

/// Which way a value goes, seen from the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// From the parent.
    Read,
    /// To the parent.
    Sent,
}

/// The types each way reaches.
#[derive(Debug)]
pub(super) struct Reach {
    read: BTreeSet<DeclIndex>,
    sent: BTreeSet<DeclIndex>,
    /// Unions that are sent as data, and not only thrown.
    data: BTreeSet<DeclIndex>,
    loose: BTreeSet<DeclIndex>,
}

impl Reach {
    pub(super) fn of(schema: &Schema) -> Self {
        let decls = schema.decls();
        let mut found = Self {
            read: BTreeSet::new(),
            sent: BTreeSet::new(),
            data: BTreeSet::new(),
            loose: loose(decls),
        };
        let Some(module) = schema.module() else {
            return found;
        };
        for method in &module.methods {
            args(decls, &method.args, &mut found.read);
            match &method.answer {
                Some(Answer::Returns(ty) | Answer::Streams(ty) | Answer::Acks(Some(ty))) => {
                    walk(decls, &ty.ty, &mut found.sent);
                }
                Some(Answer::Acks(None) | Answer::Oneway) | None => {}
            }
        }
        for event in &module.events {
            args(decls, &event.payload, &mut found.sent);
        }
        found.data.extend(found.read.union(&found.sent));
        for throws in module.methods.iter().filter_map(|method| method.throws) {
            enter(decls, throws.decl, &mut found.sent);
        }
        found
    }

    /// Whether values of a type go this way.
    pub(super) fn goes(&self, index: DeclIndex, way: Way) -> bool {
        match way {
            Way::Read => self.read.contains(&index),
            Way::Sent => self.sent.contains(&index),
        }
    }

    /// Whether a type is part of a value, rather than only thrown.
    pub(super) fn is_data(&self, index: DeclIndex) -> bool {
        self.data.contains(&index)
    }

    /// Whether a type needs a second form for what is sent.
    pub(super) fn is_split(&self, index: DeclIndex) -> bool {
        self.read.contains(&index) && self.sent.contains(&index) && self.loose.contains(&index)
    }
}

fn args(decls: &Decls, args: &Args, into: &mut BTreeSet<DeclIndex>) {
    match args {
        Args::Fields(list) => fields(decls, list, into),
        Args::Payload(ty) => walk(decls, &ty.ty, into),
    }
}

fn fields(decls: &Decls, fields: &[Field], into: &mut BTreeSet<DeclIndex>) {
    for field in fields {
        walk(decls, &field.ty.ty, into);
    }
}

fn walk(decls: &Decls, ty: &Type, into: &mut BTreeSet<DeclIndex>) {
    for_each_ref(ty, &mut |index| enter(decls, index, into));
}

fn enter(decls: &Decls, index: DeclIndex, into: &mut BTreeSet<DeclIndex>) {
    if into.insert(index) {
        for held in held_by(decls, index) {
            enter(decls, held, into);
        }
    }
}

/// The declared types that a declared type names directly. Those of a struct that a variant carries are the variant's.
fn held_by(decls: &Decls, index: DeclIndex) -> Vec<DeclIndex> {
    let mut held = Vec::new();
    let mut add = |ty: &Type| for_each_ref(ty, &mut |index| held.push(index));
    match decls.get(index).map(|decl| &decl.kind) {
        Some(DeclKind::Newtype(newtype)) => add(&newtype.ty.ty),
        Some(DeclKind::Struct(record)) => record.fields.iter().for_each(|field| add(&field.ty.ty)),
        Some(DeclKind::Union(union)) => {
            for variant in &union.variants {
                for field in variant_fields(decls, &variant.body) {
                    add(&field.ty.ty);
                }
            }
        }
        Some(DeclKind::Enum(_) | DeclKind::Table(_)) | None => {}
    }
    held
}

/// The fields of a variant, whether written in place or in a struct of their own.
pub(super) fn variant_fields<'a>(decls: &'a Decls, body: &'a VariantBody) -> &'a [Field] {
    match body {
        VariantBody::Fields(fields) => fields,
        VariantBody::Struct(ty) => match &ty.ty {
            Type::Ref(index) => match decls.get(*index).map(|decl| &decl.kind) {
                Some(DeclKind::Struct(record)) => &record.fields,
                _ => &[],
            },
            _ => &[],
        },
    }
}

fn for_each_ref(ty: &Type, visit: &mut impl FnMut(DeclIndex)) {
    match ty {
        Type::Ref(index) => visit(*index),
        Type::Optional(inner) | Type::List(inner) | Type::Array(inner, _) => {
            for_each_ref(inner, visit);
        }
        Type::Map(key, value) => {
            for_each_ref(key, visit);
            for_each_ref(value, visit);
        }
        Type::Tuple(parts) => parts.iter().for_each(|part| for_each_ref(part, visit)),
        _ => {}
    }
}

/// The types with something that may be left out when they are sent, in themselves or in what they hold.
fn loose(decls: &Decls) -> BTreeSet<DeclIndex> {
    let all: Vec<DeclIndex> = decls.iter().map(|(index, _)| index).collect();
    let mut loose: BTreeSet<DeclIndex> = all
        .iter()
        .copied()
        .filter(|index| match decls.get(*index).map(|decl| &decl.kind) {
            Some(DeclKind::Struct(record)) => record.fields.iter().any(Field::may_be_absent),
            Some(DeclKind::Union(union)) => union.variants.iter().any(|variant| {
                variant_fields(decls, &variant.body)
                    .iter()
                    .any(Field::may_be_absent)
            }),
            _ => false,
        })
        .collect();
    loop {
        let more: Vec<DeclIndex> = all
            .iter()
            .copied()
            .filter(|index| !loose.contains(index))
            .filter(|index| {
                held_by(decls, *index)
                    .iter()
                    .any(|held| loose.contains(held))
            })
            .collect();
        if more.is_empty() {
            return loose;
        }
        loose.extend(more);
    }
}

//! Which declared types a worker reads, which it sends as data, and which it throws.
//!
//! Arguments are read; answers and events are sent. Only what is read needs to tolerate values it does not know.

use std::collections::BTreeSet;

use procwire_schema::Schema;
use procwire_schema::model::{Answer, Args, DeclIndex, DeclKind, Decls, Field, Type, VariantBody};

/// The types each way reaches.
#[derive(Debug, Default)]
pub(super) struct Reach {
    read: BTreeSet<DeclIndex>,
    sent: BTreeSet<DeclIndex>,
    thrown: BTreeSet<DeclIndex>,
    knows_use: bool,
}

impl Reach {
    pub(super) fn of(schema: &Schema) -> Self {
        let mut reach = Self::default();
        let Some(module) = schema.module() else {
            return reach;
        };
        reach.knows_use = true;
        let decls = schema.decls();
        for method in &module.methods {
            args(decls, &method.args, &mut reach.read);
            if let Some(Answer::Returns(ty) | Answer::Streams(ty) | Answer::Acks(Some(ty))) =
                &method.answer
            {
                ty.ty
                    .each_ref(&mut |index| enter(decls, index, &mut reach.sent));
            }
            if let Some(throws) = method.throws {
                reach.thrown.insert(throws.decl);
                // What an error carries is sent; the union itself is an exception.
                for held in held_by(decls, throws.decl) {
                    enter(decls, held, &mut reach.sent);
                }
            }
        }
        for event in &module.events {
            args(decls, &event.payload, &mut reach.sent);
        }
        reach
    }

    /// Whether a worker decodes such values. In a file of types alone, anything may be.
    pub(super) fn is_read(&self, index: DeclIndex) -> bool {
        !self.knows_use || self.read.contains(&index)
    }

    /// Whether a worker encodes such values.
    pub(super) fn is_sent(&self, index: DeclIndex) -> bool {
        !self.knows_use || self.sent.contains(&index)
    }

    /// Whether a union is raised.
    pub(super) fn is_thrown(&self, index: DeclIndex) -> bool {
        self.thrown.contains(&index)
    }

    /// Whether a union is a value too, or nothing at all as far as anyone knows.
    pub(super) fn is_data(&self, index: DeclIndex) -> bool {
        !self.is_thrown(index) || self.read.contains(&index) || self.sent.contains(&index)
    }
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

fn args(decls: &Decls, args: &Args, into: &mut BTreeSet<DeclIndex>) {
    match args {
        Args::Fields(fields) => fields.iter().for_each(|field| {
            field.ty.ty.each_ref(&mut |index| enter(decls, index, into));
        }),
        Args::Payload(ty) => ty.ty.each_ref(&mut |index| enter(decls, index, into)),
    }
}

fn enter(decls: &Decls, index: DeclIndex, into: &mut BTreeSet<DeclIndex>) {
    if into.insert(index) {
        for held in held_by(decls, index) {
            enter(decls, held, into);
        }
    }
}

/// The declared types that a declared type holds directly.
fn held_by(decls: &Decls, index: DeclIndex) -> Vec<DeclIndex> {
    let mut held = Vec::new();
    let mut add = |ty: &Type| ty.each_ref(&mut |index| held.push(index));
    match decls.get(index).map(|decl| &decl.kind) {
        Some(DeclKind::Newtype(newtype)) => add(&newtype.ty.ty),
        Some(DeclKind::Struct(record)) => record.fields.iter().for_each(|field| add(&field.ty.ty)),
        Some(DeclKind::Union(union)) => {
            for variant in &union.variants {
                match &variant.body {
                    VariantBody::Fields(fields) => {
                        fields.iter().for_each(|field| add(&field.ty.ty));
                    }
                    VariantBody::Struct(ty) => add(&ty.ty),
                }
            }
        }
        Some(DeclKind::Enum(_) | DeclKind::Table(_)) | None => {}
    }
    held
}
